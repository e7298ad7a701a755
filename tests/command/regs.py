#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""regs.py COMMAND: `iommukit regs` as a user runs it: files of every kind, single values, JSON, what it refuses.

Prints TAP. regs.py COMMAND NAME... runs only the tests named."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import tap

COMMAND = sys.argv[1]
SHARED = os.environ.get('IOMMUKIT_SHARED')
FINE, USAGE = 0, 2
CAP, ECAP = '0xd2008c222f0606', '0x480080f00f4a'
DEBUGFS = '''IOMMU: dmar0 Register Base Address: fed90000
Name\t\t\tOffset\t\tContents
CAP             \t0x08\t\t0x00d2008c222f0606
GSTS            \t0x1c\t\t0x00000000c7000000

IOMMU: dmar1 Register Base Address: fed91000
Name\t\t\tOffset\t\tContents
CAP             \t0x08\t\t0x00d2008c222f0686
'''


def run(*options, stdin=None):
    environment = dict(os.environ, NO_COLOR='1', COLUMNS='200')
    return subprocess.run([COMMAND, 'regs', *map(str, options)], text=True, input=stdin, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)


def shown(result):
    return f'{" ".join(map(str, result.args))}: exit {result.returncode}\n{result.stdout[:3000]}\n{result.stderr[:3000]}'


def check(condition, result):
    assert condition, shown(result)


def units(*options, stdin=None):
    """The units of the JSON, after checking every member that the man page names."""
    result = run('--json', *options, stdin=stdin)
    check(result.returncode == FINE and result.stderr == '', result)
    said = json.loads(result.stdout)
    check(list(said) == ['units'], result)
    for unit in said['units']:
        check(list(unit) == ['address', 'segment', 'registers', 'faults'], result)
        for register in unit['registers']:
            check(list(register) == ['name', 'value', 'meaning', 'fields'], result)
        for fault in unit['faults']:
            check(list(fault) == ['index', 'low', 'high', 'fields'], result)
        for holder in unit['registers'] + unit['faults']:
            whole = int(holder.get('value', '0'), 16) or int(holder.get('high', '0'), 16) << 64 | int(
                holder.get('low', '0'), 16)
            for field in holder['fields']:
                check(list(field) == ['name', 'high', 'low', 'value', 'says', 'meaning'], result)
                width = field['high'] - field['low'] + 1
                check(int(field['value'], 16) == whole >> field['low'] & (1 << width) - 1, result)
    return said['units']


def says(holder, name):
    return next(field['says'] for field in holder['fields'] if field['name'] == name)


def register(unit, name):
    return next(one for one in unit['registers'] if one['name'] == name)


def refused(words, *options, stdin=None):
    result = run(*options, stdin=stdin)
    check(result.returncode == USAGE and result.stdout == '' and words in result.stderr, result)
    check('\n' not in result.stderr.replace('\nTry ', ' ').strip(), result)


def saved(text):
    handle, name = tempfile.mkstemp(prefix='iommukit-regs-')
    with os.fdopen(handle, 'w') as file:
        file.write(text)
    return Path(name)


def test_regs_single_values():
    unit, = units('--cap', CAP, '--ecap', ECAP, '--fsts', '0x302')
    assert unit['address'] is None and unit['segment'] == 0, unit
    assert [one['name'] for one in unit['registers']] == ['CAP', 'ECAP', 'FSTS'], unit
    assert register(unit, 'CAP')['value'] == CAP, unit
    assert says(register(unit, 'CAP'), 'MGAW') == '48 bits', unit
    assert says(register(unit, 'ECAP'), 'SMTS') == 'yes', unit
    assert says(register(unit, 'FSTS'), 'FRI') == 'record 3', unit
    assert unit['faults'] == [], unit


def test_regs_every_register_is_an_option():
    names = ['ver', 'cap', 'ecap', 'gsts', 'rtaddr', 'ccmd', 'fsts', 'fectl', 'fedata', 'feaddr', 'feuaddr', 'pmen',
             'plmbase', 'plmlimit', 'phmbase', 'phmlimit', 'iqh', 'iqt', 'iqa', 'ics', 'iectl', 'iedata', 'ieaddr',
             'ieuaddr', 'iqercd', 'irta', 'pqh', 'pqt', 'pqa', 'prs', 'pectl', 'pedata', 'peaddr', 'peuaddr']
    unit, = units(*(part for name in names for part in (f'--{name}', '0xffffffff')))
    assert [one['name'].lower() for one in unit['registers']] == names, unit
    help_text = run('--help').stdout
    assert all(f'--{name}=' in help_text for name in names + ['frcd', 'memory', 'dmar']), help_text


def test_regs_fault_records():
    unit, = units('--frcd', '0x80000002000001000000000012345000', '--frcd', '0x0')
    assert [fault['index'] for fault in unit['faults']] == [0, 1], unit
    fault = unit['faults'][0]
    assert (fault['low'], fault['high']) == ('0x12345000', '0x8000000200000100'), fault
    assert says(fault, 'FR') == '02h: context entry not present' and says(fault, 'SID') == '01:00.0', fault
    unit, = units('--reg', 'FRCD3_LO=0x5000')
    assert len(unit['faults']) == 4 and unit['faults'][3]['low'] == '0x5000', unit


def test_regs_files():
    path = saved(DEBUGFS)
    try:
        for arguments, stdin in (([path], None), (['-'], DEBUGFS), (['--regs', path], None)):
            first, second = units(*arguments, stdin=stdin)
            assert (first['address'], second['address']) == ('0xfed90000', '0xfed91000'), first
            assert says(register(first, 'CAP'), 'CM') == 'no' and says(register(second, 'CAP'), 'CM') == 'yes', second
        result = run(path)
        check(result.returncode == FINE and 'Unit 1, registers at 0xfed91000, segment 0' in result.stdout, result)
        first, _ = units(path, '--ecap', ECAP) # one more for the first unit
        assert register(first, 'ECAP')['value'] == ECAP, first
    finally:
        path.unlink()


def test_regs_table():
    result = run('--cap', CAP, '--frcd', '0', '--frcd', '0x80000002000001000000000012345000')
    check(result.returncode == FINE and result.stderr == '' and '\x1b' not in result.stdout, result)
    lines = [' '.join(line.split()) for line in result.stdout.splitlines()]
    check(lines[0] == 'REGISTER BITS VALUE SAYS MEANING', result)
    check(f'CAP {CAP} capabilities' in lines, result)
    check('MGAW 21:16 0x2f 48 bits input address width - 1' in lines, result)
    check('CM 7 0x0 no caching mode: not-present entries may be cached' in lines, result)
    check('FRCD0 0x0 fault record, empty' in lines, result)
    check('FR 103:96 0x2 02h: context entry not present reason' in lines, result)


def test_regs_reserved_bits_are_told():
    unit, = units('--cap', '0x6000', '--ecap', ECAP)
    reserved = [field for field in register(unit, 'CAP')['fields'] if field['name'] == 'reserved']
    assert [(field['high'], field['low'], field['value']) for field in reserved] == [(15, 13, '0x3')], unit
    assert all(field['name'] != 'reserved' for field in register(unit, 'ECAP')['fields']), unit


def test_regs_refused():
    refused('nothing to decode')
    refused('not a number', '--cap', 'zz')
    refused('begin with 0x', '--cap', 'd2008c222f0606')
    refused('32 bits', '--gsts', '0x100000000')
    refused('no register \'NOPE\'', '--reg', 'NOPE=1')
    refused('No such file', '/nonexistent/registers')
    refused('one file', '/dev/null', '/dev/null')
    refused('no register', '-', stdin='hello\n')
    refused('line 2', '-', stdin='CAP 0x1\nGSTS maybe\n')
    refused('duplicate', '-', stdin='{"CAP": 1, "CAP": 2}')
    path = saved('CAP 0x1\n')
    try:
        refused('', path, '--memory', '/nonexistent/dump')
    finally:
        path.unlink()


def test_regs_real_files():
    if not SHARED:
        raise tap.Skip('IOMMUKIT_SHARED is not set')
    for folder in ('sm-72', 'legacy-72', 'fl-10'):
        path = Path(SHARED, 'dumps', folder, 'regs.json')
        given = json.loads(path.read_text())
        unit, = units(path)
        for one in unit['registers']:
            assert int(one['value'], 16) == int(given[one['name']], 16), one
        assert len(unit['registers']) == len([name for name in given if name.isupper() and 'FRCD' not in name]), unit
        assert says(register(unit, 'RTADDR'), 'TTM') == ('legacy' if folder == 'legacy-72' else 'scalable'), unit


tap.main(globals())
