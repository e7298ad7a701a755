#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tables.py COMMAND: `iommukit maps` and `iommukit walk` as a user runs them: JSON, tables, drawings, what they refuse;
real dumps against what an independent walker found; tables that mean harm; a million mappings.

Prints TAP. tables.py COMMAND NAME... runs only the tests named."""

import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from pathlib import Path

import tap
from tables_dump import CAP, ECAP, FIRST_RW, PS, R, RW, W, Dump, dmar

COMMAND = sys.argv[1]
SHARED = os.environ.get('IOMMUKIT_SHARED')
FINE, USAGE = 0, 2
MAPPING = ['device', 'pasid', 'domain', 'stage', 'iova', 'pa', 'bytes', 'read', 'write']
WALK = ['result', 'iova', 'pa', 'bytes', 'read', 'write', 'fault', 'absent', 'steps']
MILLION = 1 << 20


def run(*options, text=True, **others):
    return subprocess.run([COMMAND, *map(str, options)], text=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=120, **others)


def shown(result):
    return f'{" ".join(map(str, result.args))}: exit {result.returncode}\n{result.stdout[:3000]}\n{result.stderr[:3000]}'


def check(condition, result):
    assert condition, shown(result)


def source(dump):
    return '--memory', dump.memory, '--regs', dump.registers


def maps(dump, *options):
    result = run('maps', *source(dump), '--json', *options)
    check(result.returncode == FINE and result.stderr == '', result)
    said = json.loads(result.stdout)
    check(list(said) == ['mappings', 'troubles'], result)
    check(all(list(mapping) == MAPPING for mapping in said['mappings']), result)
    return said


def rows(said):
    return [tuple(mapping.values()) for mapping in said['mappings']]


def walk(dump, bdf, iova, *options, status=FINE):
    result = run('walk', *source(dump), '--json', '--device', bdf, '--iova', hex(iova), *options)
    check(result.returncode == status and result.stderr == '', result)
    said = json.loads(result.stdout)
    check(list(said) == WALK, result)
    check(all(list(step) == ['table', 'address', 'index', 'entry', 'meaning'] for step in said['steps']), result)
    return said


def refused(words, *options):
    result = run(*options)
    check(result.returncode == USAGE and result.stdout == '' and words in result.stderr, result)


def folder(test):
    def with_folder():
        with tempfile.TemporaryDirectory() as path:
            test(Path(path))
    return with_folder


# ---- maps --json

@folder
def test_every_kind_of_mapping(path):
    dump = Dump(path)
    dump.second('00:01.0', None, 3, {0x1000: 0xa0000 | RW, 0x2000: 0xa1000 | RW, 0x3000: 0xb0000 | R,
                                     0x4000: 0xc0000 | W, (0x40000000, 2): 0x7e00000 | RW})
    dump.first('00:01.0', 5, 4, {0x1000: 0xd0000 | FIRST_RW, 0x2000: 0xe0000 | 0x25})
    dump.passes('7f:1f.7', 70, 9)
    said = maps(dump.save())
    assert said['troubles'] == []
    assert rows(said) == [
        ('00:01.0', None, 3, 'second', '0x1000', '0xa0000', 0x2000, True, True),
        ('00:01.0', None, 3, 'second', '0x3000', '0xb0000', 0x1000, True, False),
        ('00:01.0', None, 3, 'second', '0x4000', '0xc0000', 0x1000, False, True),
        ('00:01.0', None, 3, 'second', '0x40000000', '0x7e00000', 0x200000, True, True),
        ('00:01.0', 5, 4, 'first', '0x1000', '0xd0000', 0x1000, True, True),
        ('00:01.0', 5, 4, 'first', '0x2000', '0xe0000', 0x1000, True, False),
        ('7f:1f.7', 70, 9, 'pass-through', '0x0', '0x0', 1 << 52, True, True),
    ], rows(said)


@folder
def test_nested(path):
    dump = Dump(path)
    first = dump.table({0x1000: 0x80000000 | FIRST_RW, 0x2000: 0x80001000 | FIRST_RW}, upper=0x27)
    second = dump.table({pa: pa | RW for pa in dump.page})
    dump.table({0x80000000: 0xa0000 | R, 0x80001000: 0xb0000 | RW}, top=second)
    dump.pasid_entry('00:01.0', 1, second | 2 << 2 | 3 << 6 | 1, 7, first)
    assert rows(maps(dump.save())) == [('00:01.0', 1, 7, 'nested', '0x1000', '0xa0000', 0x1000, True, False),
                                       ('00:01.0', 1, 7, 'nested', '0x2000', '0xb0000', 0x1000, True, True)]
    said = walk(dump, '00:01.0', 0x2345, '--pasid', '1', '--write')
    assert said['result'] == 'mapped' and said['pa'] == '0xb0345', said


@folder
def test_legacy_and_shared_tables(path):
    dump = Dump(path, legacy=True)
    top = dump.second('00:01.0', None, 3, {0x1000: 0xa0000 | RW})
    dump.second('00:02.0', None, 3, top=top)
    dump.passes('00:03.0', None, 4)
    assert rows(maps(dump.save())) == [('00:01.0', None, 3, 'second', '0x1000', '0xa0000', 0x1000, True, True),
                                       ('00:02.0', None, 3, 'second', '0x1000', '0xa0000', 0x1000, True, True),
                                       ('00:03.0', None, 4, 'pass-through', '0x0', '0x0', 1 << 52, True, True)]


@folder
def test_pages_for_supervisors_only(path):
    dump = Dump(path)
    top = dump.first('00:01.0', 5, 4, {0x1000: 0xd0000 | FIRST_RW & ~4})
    assert [row[7:] for row in rows(maps(dump.save()))] == [(False, False)]
    dump.pasid_entry('00:01.0', 5, 1 << 6 | 1, 4, top | 1)
    assert [row[7:] for row in rows(maps(dump.save()))] == [(True, True)]


@folder
def test_filters(path):
    dump = Dump(path)
    for pasid in None, 5:
        for bdf in '00:01.0', '00:11.0':
            dump.second(bdf, pasid, 3, {0x1000: 0xa0000 | RW})
    dump.save()
    assert len(rows(maps(dump))) == 4
    assert [row[:2] for row in rows(maps(dump, '--device', '00:11.0'))] == [('00:11.0', None), ('00:11.0', 5)]
    assert [row[:2] for row in rows(maps(dump, '--pasid', '5'))] == [('00:01.0', 5), ('00:11.0', 5)]
    assert rows(maps(dump, '--device', '00:11.0', '--pasid', '0x5'))[0][:2] == ('00:11.0', 5)
    assert rows(maps(dump, '--device', '0001:00:11.0')) == []
    assert rows(maps(dump, '--device', '00:02.0')) == []


@folder
def test_limit(path):
    dump = Dump(path)
    dump.second('00:01.0', None, 3, {page << 13: 0xa0000 | RW for page in range(10)})
    dump.save()
    said = maps(dump, '--limit', '7')
    assert len(rows(said)) == 7 and said['troubles'][0]['kind'] == 'limit', said
    assert maps(dump, '--limit', '10')['troubles'] == []
    result = run('maps', *source(dump), '--limit', '3')
    check(result.returncode == FINE and 'stopped after 3 mappings' in result.stderr, result)


@folder
def test_segments_and_registers_out_of_the_dump(path):
    dump = Dump(path)
    dump.second('00:01.0', None, 3, {0x1000: 0xa0000 | RW})
    dump.page[0xfed90000] = bytearray(4096)
    for offset, value in (8, CAP), (16, ECAP), (0x20, dump.values['RTADDR']):
        dump.put(0xfed90000 + offset, value)
    dump.put(0xfed90018, 0xc0000000 << 32)
    dump.page[0xfed90000][0] = 0x40
    dump.save()
    (path / 'dmar').write_bytes(dmar([(3, 0xfed90000)], bits=40))
    result = run('maps', '--memory', dump.memory, '--dmar', path / 'dmar', '--json')
    check(result.returncode == FINE, result)
    check(rows(json.loads(result.stdout))[0][:6] == ('0003:00:01.0', None, 3, 'second', '0x1000', '0xa0000'), result)
    said = maps(dump, '--dmar', path / 'dmar') # one unit in both
    assert rows(said)[0][0] == '0003:00:01.0', said
    dump.passes('00:02.0', None, 4)
    dump.save()
    assert rows(maps(dump, '--dmar', path / 'dmar'))[1][6] == 1 << 40 # the host's width
    units = [{'base': hex(base), 'RTADDR': hex(dump.values['RTADDR'])} for base in (0xfed90000, 0xfed91000)]
    dump.registers.write_text(json.dumps({'units': units}))
    (path / 'dmar').write_bytes(dmar([(1, 0xfed91000), (2, 0xfed90000)]))
    assert [row[0] for row in rows(maps(dump, '--dmar', path / 'dmar'))] == [
        '0002:00:01.0', '0001:00:01.0', '0002:00:02.0', '0001:00:02.0']


@folder
def test_single_registers_and_raw_memory(path):
    dump = Dump(path)
    dump.second('00:01.0', None, 3, {0x1000: 0xa0000 | RW})
    base = dump.raw(path / 'raw')
    raw = '--memory', path / 'raw', '--format', 'raw', '--raw-base', hex(base), '--reg'
    result = run('maps', *raw, f'RTADDR={dump.values["RTADDR"]:#x}', '--json')
    check(result.returncode == FINE and len(rows(json.loads(result.stdout))) == 1, result)
    dump.save()
    said = maps(dump, '--reg', f'RTADDR={dump.root:#x}') # legacy: nothing that makes sense
    assert rows(said) == [], said
    refused('is not NAME=VALUE', 'maps', *raw, 'RTADDR')
    refused('register', 'maps', *raw, 'NONSENSE=1')
    refused('RTADDR', 'maps', *raw, 'CAP=1')


@folder
def test_troubles(path):
    dump = Dump(path)
    dump.second('00:01.0', 5, 3, {0x1000: 0xa0000 | RW, 0x200000: 0xb0000 | RW | 1 << 62})
    dump.second('00:02.0', None, 4, top=0x70000000)
    dump.pasid_entry('00:03.0', 7, 7 << 6 | 1, 3)
    said = maps(dump.save())
    kinds = sorted(trouble['kind'] for trouble in said['troubles'])
    assert kinds == ['absent', 'bad-type', 'reserved'], said
    bad = next(trouble for trouble in said['troubles'] if trouble['kind'] == 'bad-type')
    assert (bad['device'], bad['pasid'], bad['entry']) == ('00:03.0', 7, '0x1c1'), bad
    result = run('maps', *source(dump))
    check(result.returncode == FINE and 'page table at 0x70000000 is not in the dump' in result.stderr, result)
    check('00:03.0: ' in result.stderr and 'tables of 00:01.0 PASID 5' in result.stderr, result)


# ---- maps for people

@folder
def test_tables_for_people(path):
    dump = Dump(path)
    top = dump.second('00:01.0', None, 3, {0x1000: 0xa0000 | RW, (0x40000000, 2): 0x7e00000 | R})
    dump.second('00:02.0', 9, 3, top=top)
    dump.passes('00:03.0', None, 4)
    result = run('maps', *source(dump.save()))
    check(result.returncode == FINE and result.stderr == '', result)
    check(f'00:01.0, 00:02.0 PASID 9: domain 3, second, 4 levels at {top:#x}\n' in result.stdout, result)
    check('0x0000000000001000 0x00000000000a0000        4 KiB  rw           4K\n' in result.stdout, result)
    check('0x0000000040000000 0x0000000007e00000        2 MiB  r-           2M\n' in result.stdout, result)
    check(result.stdout.count('IOVA') == 2, result)
    check('pass-through' in result.stdout and '4 PiB' in result.stdout and '\x1b' not in result.stdout, result)


@folder
def test_nothing_there(path):
    dump = Dump(path)
    result = run('maps', *source(dump.save()))
    check(result.returncode == FINE and 'No device has an entry' in result.stdout, result)
    dump.second('00:01.0', None, 3)
    result = run('maps', *source(dump.save()))
    check(result.returncode == FINE and 'Nothing is mapped' in result.stdout, result)
    assert rows(maps(dump)) == []


@folder
def test_many_routes(path):
    dump = Dump(path)
    top = dump.table({0x1000: 0xa0000 | RW})
    for pasid in range(1, 2500):
        dump.second('00:01.0', pasid, 3, top=top)
    dump.save()
    assert len(rows(maps(dump))) == 2499
    result = run('maps', *source(dump))
    check(result.stdout.count('DEVICE') == 1 and result.stdout.count('IOVA') == 1, result)
    check('and 2493 more: domain 3' in result.stdout, result)
    widths = {line.index('second,') for line in result.stdout.splitlines() if line.startswith('00:01.0   ')}
    check(len(widths) == 1, result)


# ---- refusals

@folder
def test_refusals(path):
    dump = Dump(path).save()
    refused('--memory DUMP', 'maps')
    refused('--memory DUMP', 'maps', '--regs', dump.registers)
    refused('registers are needed', 'maps', '--memory', dump.memory)
    refused('absent', 'maps', '--memory', path / 'absent', '--regs', dump.registers)
    refused('absent', 'maps', '--memory', dump.memory, '--regs', path / 'absent')
    refused('absent', 'maps', *source(dump), '--dmar', path / 'absent')
    refused('DMAR', 'maps', *source(dump), '--dmar', dump.registers)
    refused('raw', 'maps', '--memory', dump.registers, '--regs', dump.registers)
    refused("no 'tar'", 'maps', *source(dump), '--format', 'tar')
    refused('not an address', 'maps', *source(dump), '--raw-base', '12x')
    refused('is not [SSSS:]BB:DD.F', 'maps', *source(dump), '--device', '00:20.0')
    refused('is not a PASID', 'maps', *source(dump), '--pasid', '0x100000')
    refused('is not a number', 'maps', *source(dump), '--limit', '0')
    refused('unexpected argument', 'maps', *source(dump), 'more')
    refused('--device', 'walk', *source(dump), '--iova', '0')
    refused('--iova', 'walk', *source(dump), '--device', '00:01.0')
    refused('only requests with PASID', 'walk', *source(dump), '--device', '00:01.0', '--iova', '0', '--execute')
    refused('not an address', 'walk', *source(dump), '--device', '00:01.0', '--iova', 'abc')
    refused('segment 0001', 'walk', *source(dump), '--device', '0001:00:01.0', '--iova', '0')
    result = run('walk', *source(dump), '--device', '00:01.0', '--iova', '-', input='0x1000\nnonsense\n')
    check(result.returncode == USAGE and "'nonsense' is not an address" in result.stderr, result)
    for command in 'maps', 'walk':
        check(run(command, '--help').returncode == FINE, run(command, '--help'))


@folder
def test_output_that_cannot_be_written(path):
    dump = Dump(path)
    dump.second('00:01.0', None, 3, {0x1000: 0xa0000 | RW})
    dump.save()
    for options in ('maps',), ('maps', '--json'), ('walk', '--device', '00:01.0', '--iova', '0x1000'):
        with open('/dev/full', 'w', encoding='ascii') as full:
            status = subprocess.run([COMMAND, *options, *map(str, source(dump))], stdout=full, stderr=subprocess.PIPE,
                                    check=False)
        assert status.returncode == USAGE and b'written' in status.stderr, status
    result = run('maps', *source(dump), '--graph', path / 'no' / 'such' / 'folder.svg')
    check(result.returncode == USAGE and 'folder.svg could not be written' in result.stderr, result)


# ---- walk

@folder
def test_walk_results(path):
    dump = Dump(path)
    dump.second('00:01.0', None, 3, {0x1000: 0xa0000 | R, (0x40000000, 2): 0x7e00000 | RW})
    dump.second('00:02.0', None, 4, top=0x70000000)
    dump.save()
    said = walk(dump, '00:01.0', 0x40012345, '--write')
    assert [said[name] for name in WALK[:8]] == ['mapped', '0x40012345', '0x7e12345', 0x200000, True, True, None,
                                                 None], said
    assert [step['table'] for step in said['steps']] == [
        'scalable root entry', 'scalable context entry', 'PASID directory entry', 'PASID table entry',
        'second-stage level 4', 'second-stage level 3', 'second-stage level 2'], said
    assert said['steps'][6]['entry'] == hex(0x7e00000 | RW | PS) and said['steps'][5]['index'] == 1, said
    said = walk(dump, '00:01.0', 0x1000, '--write')
    assert said['result'] == 'fault' and said['fault'] == {'code': '0x85', 'name': 'write without write right'}, said
    assert said['pa'] is None and said['read'] is None, said
    said = walk(dump, '00:02.0', 0x1000, status=USAGE)
    assert said['result'] == 'absent' and said['absent'] == '0x70000000' and said['fault'] is None, said
    assert said['steps'][-1]['meaning'] == 'not in the dump' and said['steps'][-1]['entry'] is None, said
    assert walk(dump, '00:01.0', 0xfee00000, '--write')['result'] == 'interrupt'
    assert walk(dump, '00:03.0', 0x1000)['fault']['code'] == '0x41'
    assert walk(dump, '00:01.0', 0x1000, '--pasid', '1', '--execute')['fault']['code'] == '0x59'


@folder
def test_walk_for_people(path):
    dump = Dump(path)
    dump.first('00:01.0', 5, 3, {0x1000: 0xa0000 | FIRST_RW})
    dump.second('00:02.0', None, 4, top=0x70000000)
    dump.save()
    result = run('walk', *source(dump), '--device', '00:01.0', '--pasid', '5', '--iova', '0x1008', '--write')
    check(result.returncode == FINE and result.stdout.startswith('00:01.0 PASID 5 writes 0x1008\n'), result)
    check(result.stdout.endswith('mapped: 0xa0008, in a page of 4 KiB, rw\n'), result)
    result = run('walk', *source(dump), '--device', '00:01.0', '--pasid', '5', '--iova', '0x2000')
    check('fault: 0x71, first-stage entry not present\n' in result.stdout, result)
    result = run('walk', *source(dump), '--device', '00:02.0', '--iova', '0x2000')
    check(result.returncode == USAGE and 'what is at 0x70000000 is not in the dump' in result.stdout, result)


@folder
def test_walk_of_many(path):
    dump = Dump(path)
    dump.second('00:01.0', None, 3, {page << 12: 0xa0000 + (page << 13) | RW for page in range(256)})
    dump.save()
    asked = ''.join(f'{page << 12:#x}\n\n' for page in range(256))
    result = run('walk', *source(dump), '--device', '00:01.0', '--iova', '-', '--json', input=asked)
    check(result.returncode == FINE, result)
    said = [json.loads(line) for line in result.stdout.splitlines()]
    check([int(one['pa'], 16) for one in said] == [0xa0000 + (page << 13) for page in range(256)], result)
    check([int(one['iova'], 16) for one in said] == [page << 12 for page in range(256)], result)


# ---- real machines

def expand(mappings):
    """{(device, pasid, iova page): (domain, stage, pa, read, write)}"""
    pages = {}
    for mapping in mappings:
        for offset in range(0, mapping['bytes'], 4096):
            key = mapping['device'], mapping['pasid'], int(mapping['iova'], 16) + offset
            assert key not in pages, key
            pages[key] = (mapping['domain'], mapping['stage'], int(mapping['pa'], 16) + offset, mapping['read'],
                          mapping['write'])
    return pages


def expected(found):
    pages = {}
    for device in found['devices']:
        rid = int(device['sid'], 16)
        bdf = f'{rid >> 8:02x}:{rid >> 3 & 31:02x}.{rid & 7}'
        pasid = None if device['pasid'] is None or device['pasid'] == device.get('rid_pasid') else device['pasid']
        for iova, pa, lg2, entry in found['domains'][device['top']]:
            entry = int(entry, 16)
            rights = (bool(entry & 1), bool(entry & 3 == 3)) if device['fs'] else (bool(entry & 1), bool(entry & 2))
            for offset in range(0, 1 << lg2, 4096):
                pages[bdf, pasid, int(iova, 16) + offset] = (device['did'], 'first' if device['fs'] else 'second',
                                                             int(pa, 16) + offset, *rights)
    return pages


def merged(mappings):
    """No two neighbours that could be one."""
    ends = {(m['device'], m['pasid'], int(m['iova'], 16) + m['bytes'], int(m['pa'], 16) + m['bytes'], m['read'],
             m['write']) for m in mappings}
    return not any((m['device'], m['pasid'], int(m['iova'], 16), int(m['pa'], 16), m['read'], m['write']) in ends
                   for m in mappings)


def test_dumps_of_real_machines():
    dumps = sorted(Path(SHARED, 'dumps').glob('*/maps.json')) if SHARED else []
    if not dumps:
        raise tap.Skip('no dumps at $IOMMUKIT_SHARED/dumps')
    for found in dumps:
        result = run('maps', '--memory', found.parent / 'tables.elf.zst', '--regs', found.parent / 'regs.json', '--json')
        check(result.returncode == FINE and result.stderr == '', result)
        said = json.loads(result.stdout)
        check(said['troubles'] == [] and merged(said['mappings']), result)
        assert expand(said['mappings']) == expected(json.loads(found.read_text())), found


# ---- hostile ones, and large ones

def measured(*options):
    """Seconds and KiB."""
    start = time.monotonic()
    process = subprocess.Popen([COMMAND, *map(str, options)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == FINE, (options, process.returncode)
    return time.monotonic() - start, usage.ru_maxrss


@folder
def test_tables_that_point_at_themselves(path):
    dump = Dump(path)
    top = dump.fresh()
    for index in range(512):
        dump.put(top + index * 8, top | RW)
    for pasid in range(64):
        dump.second('00:01.0', pasid, 3, top=top)
    said = maps(dump.save())
    assert any(trouble['kind'] == 'loop' for trouble in said['troubles']), said['troubles']
    assert len(rows(said)) == 512 * 64
    seconds, size = measured('maps', *source(dump))
    print(f'# a page of pointers to itself, 64 ways in: {seconds:.2f} s, {size} KiB')
    assert size < 100 * 1024


@folder
def test_as_many_ways_in_as_there_can_be(path):
    """One context table for every bus, one directory for every device, one PASID table for every PASID: 2^36 ways."""
    dump = Dump(path)
    context, table, top, directory = dump.fresh(), dump.fresh(), dump.fresh(), dump.fresh()
    for _ in range(31):
        dump.fresh()
    for offset in range(0, 4096, 8):
        dump.put(dump.root + offset, context | 1)
        dump.put(top + offset, top | RW)
    for offset in range(0, 4096, 32):
        dump.put(context + offset, directory | 7 << 9 | 8 | 1)
    for page in range(directory, directory + (32 << 12), 4096):
        dump.put(page, *[table | 1] * 512)
    for offset in range(0, 4096, 64):
        dump.put(table + offset, top | 2 << 2 | 2 << 6 | 1, 3)
    dump.save()
    assert any(trouble['kind'] == 'limit' for trouble in maps(dump, '--limit', '1000')['troubles'])
    for options in ('--limit', '1000'), ('--limit', '1000', '--json'), ('--graph', path / 'graph.svg', '--json'):
        seconds, size = measured('maps', *source(dump), *options)
        print(f'# 2^36 ways in, maps {" ".join(map(str, options))}: {seconds:.2f} s, {size} KiB')
        assert size < 400 * 1024 and seconds < 100, (seconds, size)


def million(path):
    dump = Dump(path)
    tables = MILLION // 512
    top = dump.fresh()
    for table in range(tables):
        at = dump.below(top + (table >> 18 & 511) * 8, RW)
        at = dump.below(at + (table >> 9 & 511) * 8, RW)
        page = dump.fresh()
        dump.put(at + (table & 511) * 8, page | RW)
        dump.put(page, *((0x100000000 + (table * 512 + index << 13)) | (RW if index & 1 else R)
                         for index in range(512)))
    dump.second('00:01.0', 7, 3, top=top)
    return dump.save()


@folder
def test_a_million_mappings(path):
    dump = million(path)
    for options in ('--json',), (), ('--graph', path / 'graph.svg'):
        seconds, size = measured('maps', *source(dump), *options)
        print(f'# a million mappings, maps {" ".join(map(str, options[:1]))}: {seconds:.2f} s, {size} KiB')
        assert size < (200 if not options or options[0] == '--json' else 400) * 1024, size
        assert seconds < 20, seconds # 2 on a machine that does nothing else
    assert len(rows(maps(dump))) == MILLION
    assert (path / 'graph.svg').stat().st_size < 100000


# ---- drawings

def drawing(dump, *options):
    target = dump.folder / 'graph.svg'
    result = run('maps', *source(dump), '--graph', target, *options)
    check(result.returncode == FINE, result)
    root = xml.etree.ElementTree.parse(target).getroot()
    name = '{http://www.w3.org/2000/svg}'
    texts = [text.text for text in root.iter(name + 'text')]
    classes = [item.get('class') for item in list(root.iter(name + 'rect')) + list(root.iter(name + 'path'))]
    return texts, classes, target


@folder
def test_graph_shows_what_is_shared(path):
    dump = Dump(path)
    dump.second('00:01.0', None, 3, {0x1000: 0xa0000 | RW, 0x9000: 0x700000 | RW})
    dump.second('00:02.0', None, 4, {0x1000: 0xc0000 | RW, 0x5000: 0x701000 | R})
    dump.passes('00:04.0', None, 6)
    texts, classes, _ = drawing(dump.save())
    assert 'red' not in ' '.join(filter(None, classes)) and 'shared' not in classes
    for text in '00:01.0', 'domain 3, second stage', 'domain 6, pass-through', 'reaches all memory', '8 KiB mapped':
        assert text in texts, (text, texts)
    assert any(text.startswith('0xa0000 - ') for text in texts), texts
    assert 'own reads' in classes or 'own' in classes
    dump.second('00:03.0', 5, 5, {0x1000: 0x700000 | RW})
    dump.second('00:03.0', 6, 7, {0x1000: 0xd0000 | RW})
    texts, classes, _ = drawing(dump.save())
    assert classes.count('red') == 2 and classes.count('shared') == 3, classes # two domains, one block
    assert '8 KiB mapped, 4 KiB shared' in texts and '4 KiB mapped, 4 KiB shared' in texts, texts
    assert '4 KiB reached, 4 KiB by several' in texts, texts


@folder
def test_graph_of_one_devices_domains_is_not_red(path):
    dump = Dump(path)
    dump.second('00:01.0', 1, 3, {0x1000: 0xa0000 | RW})
    dump.second('00:01.0', 2, 4, {0x1000: 0xa0000 | RW})
    dump.second('00:03.0', None, 5, {0x1000: 0xb0000 | RW, 0x2000: 0xb0000 | RW}) # twice, and neighbours
    dump.second('00:04.0', None, 6, {0x1000: 0xb1000 | RW})
    _, classes, _ = drawing(dump.save())
    assert 'red' not in classes and 'shared' not in classes, classes
    dump.second('00:02.0', 2, 4, {0x1000: 0xa0000 | R})
    _, classes, _ = drawing(dump.save())
    assert classes.count('red') == 2 and classes.count('red reads') == 1, classes


@folder
def test_graph_counts_what_is_shared(path):
    dump = Dump(path)
    dump.second('00:01.0', None, 3, {0x1000: 0x700000 | RW, 0x2000: 0x701000 | RW})
    dump.second('00:02.0', None, 4, {0x1000: 0x700000 | RW})
    dump.second('00:03.0', None, 5, {0x1000: 0x701000 | RW, 0x2000: 0x702000 | RW})
    texts, _, _ = drawing(dump.save())
    for text in '8 KiB mapped, 8 KiB shared', '4 KiB mapped, 4 KiB shared', '8 KiB mapped, 4 KiB shared':
        assert text in texts, (text, texts)


@folder
def test_graph_stays_small(path):
    dump = Dump(path)
    for pasid in range(1, 600):
        dump.second('00:01.0', pasid, pasid, {0x1000: (0x1000000 + pasid * 0x10000) | RW})
    for devfn in range(2, 32):
        dump.second(f'00:{devfn:02x}.0', None, 3000, {0x1000: (0x1000000 + devfn * 0x30000) | RW})
    texts, classes, target = drawing(dump.save())
    assert target.stat().st_size < 100000 and len(texts) < 200, (target.stat().st_size, len(texts))
    assert any('more domains' in text for text in texts) and any(text.startswith('red') for text in texts), texts
    assert 'red' in classes


@folder
def test_graph_escapes_names(path):
    (path / '<&"\x01>').mkdir()
    dump = Dump(path / '<&"\x01>')
    dump.second('00:01.0', None, 3, {0x1000: 0xa0000 | RW})
    texts, _, _ = drawing(dump.save())
    assert any('<&"?>' in text for text in texts), texts


tap.main(globals())
