#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py COMMAND: `iommukit bench` as a user runs it. Every row runs for a few short slices; of what comes out, the shape
and the counts are held, never a time.

Prints TAP. bench.py COMMAND NAME... runs only the tests named."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import tap

COMMAND = sys.argv[1]
FINE, SHORT, USAGE = 0, 1, 2
ROWS = 20
KEYS = {'id', 'name', 'ratio', 'count', 'goal', 'must', 'verdict'}

# Counts that are the same on every machine: by row, the most that each may be.
HELD = {
    10: {'register writes': 1, 'status words': 1, 'register reads': 0},
    12: {'descriptors, attach': 0, 'register writes, detach': 1},
    14: {'bytes a mapping': 8.03, 'tables kept by the domain after sparse unmap': 0, "pages in the instance's stock": 16},
}


def run(*options):
    environment = dict(os.environ, NO_COLOR='1', COLUMNS='200')
    return subprocess.run([COMMAND, 'bench', *map(str, options)], text=True, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=900)


def measured(*options):
    result = run('--smoke', '--json', *options)
    assert result.returncode == FINE, result.stderr[-3000:]
    return json.loads(result.stdout)


def refused(words, *options):
    result = run(*options)
    assert result.returncode == USAGE and words in result.stderr and not result.stdout, (options, result)


def test_bench_every_row_runs():
    found = measured()
    assert set(found) == {'rows', 'compiler', 'cpu', 'peers'}, set(found)
    assert found['compiler'].startswith(('gcc', 'clang')) and isinstance(found['cpu'], str), found['compiler']
    assert [row['id'] for row in found['rows']] == list(range(1, ROWS + 1)), found['rows']
    for row in found['rows']:
        assert set(row) == KEYS, row
        assert row['verdict'] in ('goal', 'must', 'short', None), row
        assert row['ratio'] is None or row['ratio'] >= 0, row
        assert row['name'] and row['goal'] and row['must'], row
        assert row['count'] is None or row['count'] and all(value >= 0 for value in row['count'].values()), row
        assert row['verdict'] is None or row['ratio'] is not None, row


def test_bench_counts():
    rows = {row['id']: row for row in measured('--rows', ','.join(map(str, HELD)))['rows']}
    assert set(rows) == set(HELD), rows
    for number, most in HELD.items():
        for name, value in most.items():
            assert rows[number]['count'][name] <= value, rows[number]


def test_bench_without_peers_no_verdict_is_invented():
    with tempfile.TemporaryDirectory() as nobody:
        row, = measured('--rows', '1', '--peers', nobody)['rows']
        assert row['verdict'] is None and row['ratio'] is None, row
        result = run('--smoke', '--rows', '1', '--peers', nobody)
        assert 'needs PEERS=linux' in result.stdout, result.stdout


def test_bench_a_peer_that_is_none():
    with tempfile.TemporaryDirectory() as place:
        Path(place, 'bench-nothing.so').write_text('no object')
        result = run('--smoke', '--rows', '1', '--peers', place)
        assert result.returncode == FINE and 'is not loaded' in result.stderr, result


def test_bench_saves_every_format():
    with tempfile.TemporaryDirectory() as place:
        result = run('--smoke', '--rows', '10', '--save', Path(place, 'r'))
        assert result.returncode == FINE, result
        assert sorted(path.name for path in Path(place).iterdir()) == ['r.json', 'r.md', 'r.tsv', 'r.txt']
        assert [row['id'] for row in json.loads(Path(place, 'r.json').read_text())['rows']] == [10]
        assert Path(place, 'r.txt').read_text() == result.stdout
        assert '| 10 | **' in Path(place, 'r.md').read_text()
        lines = Path(place, 'r.tsv').read_text().splitlines()
        assert len({line.count('\t') for line in lines}) == 1 and len(lines) > 4, lines
    result = run('--smoke', '--rows', '10', '--save', '/nonexistent/r')
    assert result.returncode == USAGE and 'cannot write' in result.stderr, result


def test_bench_rows_are_chosen():
    assert [row['id'] for row in measured('--rows', '7,1-2')['rows']] == [1, 2, 7]
    listed = run('--list')
    assert listed.returncode == FINE and listed.stdout.count('goal:') == ROWS, listed


def test_bench_refused():
    refused('no row', '--rows', '21')
    refused('no row', '--rows', '0')
    refused('no row', '--rows', '3-2')
    refused('no row', '--rows', 'x')
    refused('no time', '--seconds', '0')
    refused('no time', '--seconds', 'nan')
    refused('no time', '--seconds', '1e9')
    refused('unexpected', 'word')


tap.main(globals())
