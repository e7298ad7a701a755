#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""conform.py COMMAND SAMPLE: `iommukit conform` as a user runs it, and that it catches what it is there for.

platform: model

Prints TAP. conform.py COMMAND SAMPLE NAME... runs only the tests named."""

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

COMMAND, SAMPLE = sys.argv[1], sys.argv[2]
DOCUMENT = Path(__file__).resolve().parent.parent.parent / 'docs' / 'COST.md'
CONFORMS, FAILS, USAGE = 0, 1, 2
MEMBERS = {'driver', 'runs', 'failures', 'excess', 'findings', 'verdict'}
FAILURE = {'finding', 'behaviour', 'section', 'rule', 'scenario', 'unit', 'lie', 'seed', 'count', 'observed', 'replay'}

# What the field keeps writing again, by row: a bug of the sample driver, the findings that may name it, and where.
ROWS = {
    'no_invalidation_with_caching_mode': [
        ('no-map-invalidation', 'cached-absent-page', 'map-after-miss', 'none'),
        ('no-attach-invalidation', 'cached-absent-entry', 'attach-after-miss', 'none')],
    'tables_not_flushed': [
        ('no-table-flush', 'entry-not-flushed', 'map-attach', 'none'),
        ('no-new-table-flush', 'entry-not-flushed', 'map-many', 'none'),
        ('no-new-table-flush', 'half-built-entry entry-not-flushed', 'torn-map', 'none'),
        ('no-write-buffer-flush', 'write-buffer-not-flushed', 'write-buffer', 'none')],
    'first_unit_assumed_for_all': [
        ('first-unit-capabilities', 'wrong-width', 'each-device', 'none'),
        ('one-unit', 'unit-left-off', 'every-unit', 'none')],
    'wrong_number_of_levels': [
        ('four-levels', 'wrong-width', 'map-attach', 'none')],
    'reserved_regions': [
        ('reserved-ignored', 'reserved-region-dead', 'reserved', 'none'),
        ('reserved-short', 'reserved-region-dead', 'reserved', 'none'),
        ('interrupt-window', 'interrupt-window-mapped', 'interrupt-window', 'none')],
    'wrong_page_selective_invalidation': [
        ('mask-short', 'stale-page', 'unmap-range', 'none'),
        ('wrong-domain-id', 'stale-page', 'unmap-one', 'none'),
        ('leaf-hint', 'stale-table-pointer freed-table-in-reach', 'unmap-table', 'none')],
    'freed_before_invalidated': [
        ('early-free', 'freed-table-in-reach', 'free-order', 'none')],
    'pasid_reused_before_clean': [
        ('no-pasid-cache', 'stale-entry', 'pasid-detached', 'none'),
        ('lazy-detach', 'stale-entry', 'pasid-detached', 'none'),
        ('lazy-detach', 'id-reused-early', 'pasid-again', 'none')],
    'device_tlb_forgotten': [
        ('no-device-tlb', 'stale-device-tlb', 'devtlb-unmap', 'none'),
        ('no-device-tlb', 'stale-device-tlb', 'devtlb-unmap', 'device-tlb'),
        ('untagged-device-tlb', 'stale-device-tlb', 'devtlb-pasid', 'none')],
    'torn_entries': [
        ('present-first', 'half-built-entry', 'torn-attach', 'none'),
        ('in-place', 'entry-changed-in-place', 'torn-replace', 'none')],
    'command_drops_a_bit': [
        ('drops-enable', 'command-drops-enable', 'every-unit', 'none'),
        ('two-changes', 'command-two-changes', 'every-unit', 'none')],
    'waits_without_limit_and_lost_descriptors': [
        ('endless-wait', 'endless-wait', 'stalled-unmap', 'none'),
        ('ignores-time-out', 'false-success', 'stalled-unmap', 'none'),
        ('no-queue-recovery', 'no-recovery', 'recovers', 'iqe')],
    'virtual_address_or_reserved_bit': [
        ('virtual-address', 'bad-table-pointer reserved-bit-set', 'map-attach', 'none'),
        ('snoop-bit', 'reserved-bit-set', 'map-attach', 'none')],
    'detach_leaves_it_live': [
        ('detach-live', 'entry-left-live', 'detach-used', 'none'),
        ('shared-domain-id', 'wrong-page', 'isolation', 'none'),
        ('warm-start', 'stale-takeover', 'takeover', 'none')],
}


def run(*options, timeout=600):
    return subprocess.run([COMMAND, 'conform', *map(str, options)], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout)


def check(condition, result):
    assert condition, f'{" ".join(result.args)}: exit {result.returncode}\n{result.stdout}{result.stderr}'


def said(*options, status):
    result = run(*options, '--json')
    check(result.returncode == status, result)
    return json.loads(result.stdout), result


def listed(title):
    block = next(block for block in run('--list').stdout.split('\n\n') if block.startswith(title))
    return [line.split()[0] for line in block.splitlines()[1:]]


# ---- our driver

def test_conform_our_driver_under_every_lie():
    suite, result = said('--driver', 'iommukit', '--seeds', 1, status=CONFORMS)
    check(suite['failures'] == [] and suite['verdict'] == 'conforms' and suite['driver'] == 'iommukit', result)
    check(suite['runs'] > 10000 and suite['skipped'] > 0, result)


def test_conform_our_driver_more_seeds_without_lies():
    suite, result = said('--seeds', 15, '--lie', 'none', status=CONFORMS)
    check(suite['runs'] > 1500, result)


def test_conform_our_driver_more_seeds_under_all_lies():
    said('--seeds', 15, '--lie', 'all', status=CONFORMS)


def costs():
    return said('--cost', status=CONFORMS)[0]['costs']


def test_conform_attach_without_caching_mode_costs_nothing():
    quiet = [row for row in costs() if row['operation'].startswith('attach') and row['needed'] == 0 and
             row['what'] in ('invalidations', 'waits', 'mmio_writes')]
    assert len({row['unit'] for row in quiet}) > 10, quiet
    assert all(row['spent'] == 0 for row in quiet), quiet


def test_conform_unmap_costs_one_write_of_the_tail():
    unmaps = [row for row in costs() if row['operation'].startswith('unmap') and row['what'] == 'mmio_writes' and
              row['unit'] != 'legacy-no-queue']
    assert len(unmaps) >= 2 * 19 and all(row['spent'] == 1 for row in unmaps), unmaps


def test_conform_excess_is_what_is_known():
    suite, result = said('--cost', status=CONFORMS)
    for row in suite['excess']:
        known = (row['what'] == 'invalidations' and row['unit'] in ('caching-mode', 'tiny') or
                 row['what'] == 'mmio_reads' and row['unit'] == 'legacy-no-queue' or
                 row['what'] == 'flushed_lines' and row['unit'] == 'two-units')
        check(known and row['spent'] > row['needed'], result)


def test_conform_cost_document_is_current():
    result = run('--cost', '--markdown')
    check(result.returncode == CONFORMS, result)
    assert DOCUMENT.read_text(encoding='utf-8') == result.stdout, \
        'docs/COST.md is out of date: iommukit conform --cost --markdown > docs/COST.md'


# ---- the driver that fails

def test_conform_sample_fails_with_distinct_findings():
    suite, result = said('--driver', 'sample', '--seeds', 1, '--lie', 'none', status=FAILS)
    check(suite['findings'] >= 20 and suite['verdict'] == 'fails', result)
    check(MEMBERS <= set(suite), result)
    for failure in suite['failures']:
        check(FAILURE <= set(failure), result)
        check(failure['behaviour'][0] == 'B' and len(failure['observed']) > 20 and failure['count'] >= 1, result)
    check(len({failure['finding'] for failure in suite['failures']}) == suite['findings'], result)


def test_conform_sample_without_bugs_conforms():
    for lies in ('none', 'all'):
        said('--driver', 'sample:none', '--seeds', 2, '--lie', lies, status=CONFORMS)


def caught(bug, findings, scenario, lie):
    suite, result = said('--driver', f'sample:{bug}', '--seeds', 12, '--scenario', scenario, '--lie', lie, status=FAILS)
    names = {failure['finding'] for failure in suite['failures']}
    check(names & set(findings.split()), result)


def test_conform_every_bug_has_a_row():
    bugs = listed('Bugs of the sample driver')
    assert set(bugs) == {row[0] for rows in ROWS.values() for row in rows}, bugs


def test_conform_replay_lines_repeat_the_failure():
    suite, result = said('--driver', 'sample', '--seeds', 2, '--lie', 'none', status=FAILS)
    first = {}
    for failure in suite['failures']:
        first.setdefault(failure['finding'], failure)
    for failure in first.values():
        words = shlex.split(failure['replay'])
        check(words[:2] == ['iommukit', 'conform'], result)
        again, result = said(*words[2:], status=FAILS)
        same = [one for one in again['failures'] if one['finding'] == failure['finding']]
        check(again['runs'] == 1 and len(same) == 1 and same[0]['observed'] == failure['observed'], result)


def test_conform_same_seeds_same_words():
    first, second = (run('--driver', 'sample', '--seeds', 1, '--lie', 'random-evict', '--json').stdout for _ in range(2))
    assert first == second


# ---- the command

def test_conform_prints_a_table_and_a_verdict():
    result = run('--seeds', 1, '--lie', 'none')
    check(result.returncode == CONFORMS and 'Verdict: conforms' in result.stdout and result.stderr == '', result)
    result = run('--driver', 'sample', '--seeds', 1, '--lie', 'none')
    for word in ('FINDING', 'BEHAVIOUR', 'stale-page', '--seed 1', 'Verdict: fails'):
        check(word in result.stdout, result)
    check(result.returncode == FAILS, result)


def test_conform_lists_what_there_is():
    assert len(listed('Scenarios')) > 40 and len(listed('Units')) > 15 and len(listed('Lies')) == 16
    assert len(listed('Findings')) > 30


def test_conform_bad_usage():
    for options in (['--driver', 'nobody'], ['--driver', 'sample:nothing'], ['--seeds', 0], ['--seeds', 'many'],
                    ['--lie', 'white'], ['--scenario', 'none'], ['--unit', 'none'], ['--seed', -1], ['--what'],
                    ['more'], ['--markdown'], ['--cost', '--markdown', '--json']):
        result = run(*options)
        check(result.returncode == USAGE and result.stdout == '' and result.stderr != '', result)


def test_conform_what_does_not_go_together():
    result = run('--scenario', 'write-buffer', '--unit', 'plain')
    check(result.returncode == USAGE and 'go together' in result.stderr, result)
    result = run('--unit', 'plain', '--lie', 'not-present')
    check(result.returncode == USAGE and 'go together' in result.stderr, result)


def test_conform_a_program_of_its_own():
    for driver, status in (('sample', 1), ('sample:none', 0)):
        result = subprocess.run([SAMPLE, driver, 'none'], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        check(result.returncode == status and 'findings' in result.stdout, result)


def row_tests():
    for row, bugs in ROWS.items():
        yield f'test_conform_catches_{row}', lambda bugs=bugs: [caught(*bug) for bug in bugs]


tests = {name: function for name, function in sorted(globals().items()) if name.startswith('test_')}
tests.update(row_tests())
chosen = sys.argv[3:] or list(tests)
print(f'1..{len(chosen)}')
failed = 0
for number, name in enumerate(chosen, 1):
    try:
        started = time.monotonic()
        tests[name]()
        print(f'ok {number} - {name} # {time.monotonic() - started:.1f} s', flush=True)
    except Exception as problem: # pylint: disable=broad-except
        failed += 1
        print('\n'.join(f'# {line}' for line in str(problem).splitlines()[:60]))
        print(f'not ok {number} - {name}', flush=True)
sys.exit(1 if failed else 0)
