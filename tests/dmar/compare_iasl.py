#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compare_iasl.py DUMP: does the parser see in each DMAR table what `iasl -d` sees?

DUMP is the program built from dump.c. Tables: those that it brings along, and $IOMMUKIT_SHARED/dmar/*.bin where
there are any. Prints TAP, one line for each of the two sets. To look at some tables only:
compare_iasl.py DUMP FILE...

Where the two must differ by design, the rule is written here again: a unit whose base is 0 or unaligned is not
delivered; a table without any unit left, or with an address width below 12 bits, is refused. What iasl does not
know (before 2021: SATC; any: SIDP's flags), and where it stops, is read from the bytes here instead."""

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ENODEV = 19
UNIT, RESERVED, ATS, AFFINITY, NAMESPACE, ATC, PROPERTY = range(7)
FIELD = re.compile(r'^\[[0-9A-F]+h (\d+) +(\d+)(?:h| *)\] +(.*?) : (.*)$')
HAVE_SCOPES = (UNIT, RESERVED, ATS, ATC, PROPERTY)


def empty_record(offset, kind, length):
    return dict(offset=offset, type=kind, length=length, flags=0, segment=0, base=0, limit=0, proximity=0,
                device=0, name='', scopes=[])


def fields(text):
    """(offset, name, value as written) for every field that iasl prints, up to the first record it does not
    know."""
    for line in text.splitlines():
        if line.startswith('Raw Table Data') or '**** Unknown' in line:
            return
        found = FIELD.match(line)
        if found:
            offset, _, name, value = found.groups()
            yield int(offset), name.strip(), value.strip()


def number(value):
    return int(re.sub(r'\[.*', '', value).strip(), 16)


def path(value):
    """'1E,07' as pairs; longer paths are several fields, or several pairs in one."""
    numbers = [int(part, 16) for part in re.findall(r'[0-9A-F]{2}', value)]
    return list(zip(numbers[::2], numbers[1::2]))


def read_iasl(text, data):
    """(address bits, flags, records) as iasl says."""
    top, records, scope = {}, [], None
    for offset, name, value in fields(text):
        if name == 'Subtable Type':
            records.append(empty_record(offset, number(value), 0))
            scope = None
        elif not records:
            top[name] = value
        elif name == 'Device Scope Type':
            scope = dict(offset=offset, type=number(value), length=0, id=0, bus=0, path=[])
            records[-1]['scopes'].append(scope)
        elif scope is not None:
            read_scope_field(scope, name, value)
        else:
            read_record_field(records[-1], offset, name, value)
    records = [record for record in records if record['type'] not in (ATC, PROPERTY)]
    for record in records:
        for scope in record['scopes']:
            scope['flags'] = 0
    end = records[-1]['offset'] + records[-1]['length'] if records else 48
    return number(top['Host Address Width']) + 1, number(top['Flags']), records + read_bytes(data, end)


def read_scope_field(scope, name, value):
    if name == 'Entry Length':
        scope['length'] = number(value)
    elif name == 'Enumeration ID':
        scope['id'] = number(value)
    elif name == 'PCI Bus Number':
        scope['bus'] = number(value)
    elif name == 'PCI Path':
        scope['path'] += path(value)


def read_record_field(record, offset, name, value):
    simple = {'Length': 'length', 'Flags': 'flags', 'PCI Segment Number': 'segment', 'Base Address': 'base',
              'Register Base Address': 'base', 'End Address (limit)': 'limit',
              'Proximity Domain': 'proximity', 'Device Number': 'device'}
    if name in simple:
        record[simple[name]] = number(value)
    elif name == 'Device Name':
        record['name'] = value.strip('"')
    elif record['type'] == UNIT and offset == record['offset'] + 5: # "Reserved", later "Size"
        record['size_lg2'] = number(value) & 15


def read_bytes(data, at):
    """SATC and SIDP records, which stand at the end of a table."""
    records = []
    while at < len(data):
        kind, length, flags, _, segment = struct.unpack_from('<HHBBH', data, at)
        if kind not in (ATC, PROPERTY):
            raise ValueError(f'record of type {kind} at {at}, which iasl did not list')
        records.append(empty_record(at, kind, length))
        records[-1].update(flags=flags if kind == ATC else 0, segment=segment)
        scope = at + 8
        while scope < at + length:
            type_, size, scope_flags, _, id_, bus = data[scope:scope + 6]
            pairs = data[scope + 6:scope + size]
            records[-1]['scopes'].append(
                dict(offset=scope, type=type_, length=size, flags=scope_flags if kind == PROPERTY else 0, id=id_,
                     bus=bus, path=list(zip(pairs[::2], pairs[1::2]))))
            scope += size
        at += length
    return records


def as_delivered(bits, flags, records):
    """What the parser is to make of it: the same, or a number by which it refuses."""
    records = [r for r in records if r['type'] != UNIT or (r['base'] and r['base'] % 4096 == 0)]
    if bits < 12 or not any(r['type'] == UNIT for r in records):
        return -ENODEV
    return bits, flags, records


def read_dump(lines):
    """{file: what the parser delivered}"""
    files, name, records = {}, None, []
    for line in lines:
        kind, _, rest = line.partition(' ')
        if kind == 'file':
            name = rest
            continue
        if kind == 'warning':
            continue
        values = dict(word.split('=', 1) for word in rest.split(' '))
        if kind == 'refused':
            files[name] = int(values['result'])
        elif kind == 'table':
            records = []
            files[name] = int(values['bits']), int(values['flags']), records
        elif kind == 'record':
            record = {key: int(value) for key, value in values.items() if key != 'name'}
            record['name'] = bytes.fromhex(values['name']).decode('latin-1')
            if bool(record.pop('scopes')) != (record['type'] in HAVE_SCOPES):
                raise ValueError(f'{name}: record at {record["offset"]}: scopes where there are none, or none')
            if record['type'] != UNIT and record.pop('size_lg2') != 0:
                raise ValueError(f'{name}: record at {record["offset"]}: a size')
            records.append(record | {'scopes': []})
        elif kind == 'scope':
            pairs = values.pop('path').split(',')
            scope = {key: int(value) for key, value in values.items()}
            scope['path'] = [tuple(map(int, pair.split('.'))) for pair in pairs]
            records[-1]['scopes'].append(scope)
    return files


def disassemble(job):
    table, directory = job
    here = Path(directory) / table.name
    shutil.copyfile(table, here)
    done = subprocess.run(['iasl', '-d', here.name], cwd=directory, text=True, errors='replace',
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    listing = here.with_suffix('.dsl')
    if done.returncode or not listing.is_file():
        raise ValueError(f'iasl refuses {table.name}: {done.stdout}')
    return listing.read_text(encoding='latin-1')


def differences(want, got):
    """Lines about what is not equal."""
    if want == got:
        return
    if isinstance(want, int) or isinstance(got, int) or want[:2] != got[:2] or len(want[2]) != len(got[2]):
        yield f'iasl {want}'
        yield f'here {got}'
        return
    for ours, theirs in zip(got[2], want[2]):
        for key in sorted(set(ours) | set(theirs)):
            if ours.get(key) != theirs.get(key):
                yield f'record at {ours["offset"]}: {key}: iasl {theirs.get(key)}, here {ours.get(key)}'


def compare(dump, tables, directory):
    """(problems, counts)"""
    said = subprocess.run([dump, *map(str, tables)], check=True, text=True, stdout=subprocess.PIPE).stdout
    delivered = read_dump(said.splitlines())
    with ThreadPoolExecutor(2) as pool:
        listings = list(pool.map(disassemble, [(table, directory) for table in tables]))
    problems, count = [], dict(tables=len(tables), refused=0, records=0, scopes=0)
    for table, listing in zip(tables, listings):
        want = as_delivered(*read_iasl(listing, table.read_bytes()))
        problems += [f'{table.name}: {line}' for line in differences(want, delivered.get(str(table)))]
        if isinstance(want, int):
            count['refused'] += 1
        else:
            count['records'] += len(want[2])
            count['scopes'] += sum(len(record['scopes']) for record in want[2])
    return problems, count


def report(index, title, dump, tables):
    """One TAP line; True when fine."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            problems, count = compare(dump, tables, directory)
        except (ValueError, KeyError, subprocess.CalledProcessError) as error:
            problems, count = [repr(error)], {}
    words = ', '.join(f'{number} {name}' for name, number in count.items())
    print(f'{"not ok" if problems else "ok"} {index} - {title}: {words}')
    for line in problems[:50]:
        print(f'# {line}')
    return not problems


def main():
    dump, some = os.path.abspath(sys.argv[1]), [Path(name).resolve() for name in sys.argv[2:]]
    if not shutil.which('iasl'):
        print('1..1\nok 1 - dmar: tables as iasl reads them # SKIP no iasl (Debian: acpica-tools)')
        return True
    if some:
        print('1..1')
        return report(1, 'test_dmar_iasl_some', dump, some)
    print('1..2')
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([dump, '--own', directory], check=True)
        own = sorted(Path(directory).glob('*.bin'))
        good = report(1, 'test_dmar_iasl_own_tables', dump, own)
    shared = os.environ.get('IOMMUKIT_SHARED', '')
    real = sorted((Path(shared) / 'dmar').glob('*.bin')) if shared else []
    if not real:
        print('ok 2 - test_dmar_iasl_real_tables # SKIP no tables in $IOMMUKIT_SHARED/dmar')
        return good
    return report(2, 'test_dmar_iasl_real_tables', dump, [table.resolve() for table in real]) and good


sys.exit(0 if main() else 1)
