#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""share.py COMMAND: `iommukit share` as a user runs it: exit codes, JSON, what it refuses and in which words.

platform: model, qemu

Prints TAP. share.py COMMAND NAME... runs only the tests named. Runs with a random choice in them print the seed;
the same line with --seed repeats them."""

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tap

COMMAND = sys.argv[1]
ISOLATED, LEAK, USAGE = 0, 1, 2


def run(*options, timeout=120):
    return subprocess.run([COMMAND, 'share', *map(str, options)], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout)


def shown(result):
    return f'{" ".join(result.args)}: exit {result.returncode}\n{result.stdout}{result.stderr}'


def check(condition, result):
    assert condition, shown(result)


def isolated(*options, tenants=None, **others):
    """The object it printed, after checking that everything was blocked and nothing lost."""
    result = run('--json', *options, **others)
    check(result.returncode == ISOLATED, result)
    said = json.loads(result.stdout)
    check(said['verdict'] == 'isolated' and said['leaks'] == 0, result)
    check(tenants is None or len(said['tenants']) == tenants, result)
    check(len(said['tenants']) >= 2 and isinstance(said['seed'], int), result)
    for tenant in said['tenants']:
        check(set(tenant) >= {'name', 'pasid', 'bytes_copied', 'attacks', 'blocked', 'faults'}, result)
        check(tenant['attacks'] > 0 and tenant['attacks'] == tenant['blocked'], result)
        check(tenant['faults'] >= tenant['blocked'] and tenant['bytes_copied'] > 0, result)
    return said


def refused(words, *options):
    result = run(*options)
    check(result.returncode == USAGE, result)
    check(result.stdout == '', result)
    check(any(word in result.stderr for word in words), result)
    return result


def distinct(said):
    pasids = [tenant['pasid'] for tenant in said['tenants']]
    assert len(set(pasids)) == len(pasids) and all(0 < pasid < 1 << 20 for pasid in pasids), pasids


# ---- the model

def test_B11_B12_64_tenants_second_stage():
    said = isolated('--tenants', 64, tenants=64)
    distinct(said)
    assert (said['platform'], said['mode'], said['stage']) == ('model', 'scalable', 'second'), said


def test_B11_B12_64_tenants_first_stage():
    said = isolated('--tenants', 64, '--stage', 'first', tenants=64)
    distinct(said)
    assert said['stage'] == 'first', said


def test_B11_4096_tenants_within_a_minute():
    distinct(isolated('--tenants', 4096, '--bytes', '4K', '--ops', 2, tenants=4096, timeout=60))


def test_share_two_tenants():
    distinct(isolated('--tenants', 2, tenants=2))


def test_share_same_seed_same_run():
    first, second = (run('--tenants', 5, '--seed', 1234, '--json').stdout for _ in range(2))
    assert first == second and json.loads(first)['seed'] == 1234, first


def test_share_random_sizes():
    for seed in range(6):
        isolated('--tenants', 3 + seed, '--bytes', 4096 * (1 + 7 * seed), '--ops', 5 * seed, '--seed', seed,
                 '--stage', ('first', 'second')[seed % 2], tenants=3 + seed)


def test_share_large_buffers():
    isolated('--tenants', 2, '--bytes', '5M', '--ops', 3, tenants=2)


def test_share_prints_a_table_and_a_verdict():
    result = run('--tenants', 3, '--seed', 7)
    check(result.returncode == ISOLATED, result)
    for word in ('TENANT', 'PASID', 'dedicated', 'tenant-3', 'Verdict: isolated', 'seed 7'):
        check(word in result.stdout, result)
    check(result.stderr == '', result)


def test_B2_legacy_mode_is_refused_in_words():
    result = refused(['legacy mode'], '--mode', 'legacy')
    check('auxiliary domains' in result.stderr and 'not supported' in result.stderr, result)


def test_share_bad_usage():
    for options in (['--tenants', 1], ['--tenants', 'many'], ['--tenants', -3], ['--tenants', 65536],
                    ['--tenants', '8x'], ['--bytes', 100], ['--bytes', '65M'], ['--bytes', '4KK'], ['--bytes', ''],
                    ['--ops', '1e9'], ['--platform', 'xen'], ['--mode', 'fast'], ['--stage', 'third'],
                    ['--seed', 'x'], ['--seed', -1], ['--nonsense'], ['stray'], ['--dmar'],
                    ['--platform', 'qemu', '--dmar', 'x']):
        result = run(*options)
        check(result.returncode == USAGE and result.stdout == '' and result.stderr != '', result)


def test_share_help_and_version():
    result = run('--help')
    check(result.returncode == 0 and '--tenants' in result.stdout, result)
    result = subprocess.run([COMMAND, '--version'], text=True, stdout=subprocess.PIPE)
    assert result.returncode == 0 and result.stdout.startswith('iommukit '), result
    assert subprocess.run([COMMAND, 'nonsense'], stderr=subprocess.DEVNULL).returncode == USAGE


# ---- firmware tables

def table(*records, haw=39):
    body = b''.join(records)
    data = bytearray(b'DMAR' + struct.pack('<IBB', 48 + len(body), 1, 0) + b'IOMKIT' + b'TESTTABL' + bytes(12) +
                     bytes([haw - 1, 1]) + bytes(10) + body)
    data[9] = -sum(data) & 0xff
    return bytes(data)


def scope(kind, bus, *path):
    return bytes([kind, 6 + 2 * len(path), 0, 0, 0, bus]) + b''.join(bytes(pair) for pair in path)


def unit(base, include_all=0, scopes=b''):
    return struct.pack('<HHBBHQ', 0, 16 + len(scopes), include_all, 0, 0, base) + scopes


def region(base, limit, scopes):
    return struct.pack('<HHHHQQ', 1, 24 + len(scopes), 0, 0, base, limit) + scopes


OWN_TABLES = {
    'one unit': table(unit(0xfed90000, 1)),
    'graphics and the rest': table(unit(0xfed90000, 0, scope(1, 0, (2, 0))), unit(0xfed91000, 1)),
    'reserved regions': table(unit(0xfed90000, 1), region(0x7a000000, 0x7a00ffff, scope(1, 0, (0x14, 0))),
                              region(0x7b800000, 0x7fffffff, scope(1, 0, (2, 0)))),
    'behind a bridge': table(unit(0xfed90000, 0, scope(2, 0, (0x1c, 0))), unit(0xfed91000, 1)),
    'two bridges deep': table(unit(0xfed90000, 0, scope(1, 0, (0x1c, 0), (0, 0), (3, 0))), unit(0xfed91000, 1)),
    'region of the shared device': table(unit(0xfed90000, 0, scope(1, 0, (2, 0))), unit(0xfed91000, 1),
                                         region(0x7b800000, 0x7bffffff, scope(1, 0, (2, 0)))),
    'four units, other root buses': table(*(unit(0xfbffc000 + i * 0x10000000, int(i == 3),
                                                 scope(2, 0x20 * i, (1, 0)) if i < 3 else b'') for i in range(4)),
                                          haw=46),
    'unit without a base': table(unit(0, 1)),
}


def write(folder, name, data):
    path = Path(folder) / (name.replace(' ', '_') + '.bin')
    path.write_bytes(data)
    return path


def test_B16_share_behind_each_unit_of_own_tables():
    with tempfile.TemporaryDirectory() as folder:
        for name, data in OWN_TABLES.items():
            for stage in ('first', 'second'):
                distinct(isolated('--tenants', 12, '--stage', stage, '--dmar', write(folder, name, data), tenants=12))


def test_share_all_real_tables():
    shared = os.environ.get('IOMMUKIT_SHARED', '')
    files = sorted(Path(shared).glob('dmar/*.bin')) if shared else []
    if not files:
        raise tap.Skip('no tables at $IOMMUKIT_SHARED/dmar')
    with ThreadPoolExecutor(2) as pool:
        for said in pool.map(lambda path: isolated('--tenants', 64, '--bytes', '4K', '--ops', 1, '--dmar', path,
                                                   tenants=64), files):
            distinct(said)
    print(f'# {len(files)} tables')


def test_share_bad_tables():
    good = OWN_TABLES['one unit']
    with tempfile.TemporaryDirectory() as folder:
        for name, data in {'empty': b'', 'short': good[:40], 'cut': good[:-1], 'text': b'not a table\n' * 20,
                           'checksum': good[:-1] + bytes([good[-1] ^ 1]), 'no unit': table()}.items():
            refused(['not a sound ACPI DMAR table', 'no remapping unit'], '--dmar', write(folder, name, data))
        refused(['cannot open'], '--dmar', Path(folder) / 'missing')
        refused(['cannot read', 'cannot open'], '--dmar', folder)
        bare = table(unit(0xfed90000, 0, scope(3, 0xf0, (0x1f, 0))))
        refused(['nothing to share'], '--dmar', write(folder, 'interrupts only', bare))


# ---- QEMU

def need_qemu():
    if shutil.which(os.environ.get('IOMMUKIT_QEMU', 'qemu-system-x86_64')) is None:
        raise tap.Skip('QEMU is not installed')


def test_B13_B14_qemu_agrees_in_scalable_mode():
    need_qemu()
    said = isolated('--platform', 'qemu', tenants=4)
    distinct(said)
    assert (said['platform'], said['mode']) == ('qemu', 'scalable'), said
    assert any('override' in note for note in said['notes']), said


def test_B17_qemu_agrees_in_legacy_mode():
    need_qemu()
    said = isolated('--platform', 'qemu', '--mode', 'legacy', '--tenants', 3, tenants=3)
    assert all(tenant['pasid'] is None for tenant in said['tenants']), said


def test_B11_qemu_with_many_tenants():
    need_qemu()
    distinct(isolated('--platform', 'qemu', '--tenants', 150, '--bytes', '4K', '--ops', 1, tenants=150))


def test_share_qemu_missing():
    environment = dict(os.environ, IOMMUKIT_QEMU='/nonexistent/qemu')
    result = subprocess.run([COMMAND, 'share', '--platform', 'qemu'], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=environment, timeout=60)
    check(result.returncode == USAGE and 'cannot start QEMU' in result.stderr, result)


tap.main(globals())
