#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dmar_iasl.py COMMAND DMAR_DUMP: does `iommukit dmar --json` say of each table what `iasl -d` says?

Every field that iasl prints is looked up in the object, by the offset that iasl prints with it; a field of a name
that is not known here fails. What iasl does not know (SATC before 2021), and where it stops, is read from the bytes.
DMAR_DUMP writes small tables of our own; $IOMMUKIT_SHARED/dmar/*.bin are real ones, where there are any. To look
at some tables only: dmar_iasl.py COMMAND DMAR_DUMP FILE... Prints TAP."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FIELD = re.compile(r'^\[[0-9A-F]+h (\d+) +(\d+)(?:h| *)\] +(.*?) : (.*)$')
MEMBERS = ('units', 'reserved', 'ats', 'affinity', 'namespace', 'atc', 'property', 'unknown')
SATC, SIDP = 5, 6
SCOPES = {'Device Scope Type', 'Entry Length', 'Enumeration ID', 'PCI Bus Number', 'PCI Path'}


def disassemble(table, directory):
    here = Path(directory) / table.name
    shutil.copyfile(table, here)
    done = subprocess.run(['iasl', '-d', here.name], cwd=directory, text=True, errors='replace',
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    listing = here.with_suffix('.dsl')
    if done.returncode or not listing.is_file():
        raise ValueError(f'iasl refuses {table.name}: {done.stdout}')
    return listing.read_text(encoding='latin-1')


def fields(text):
    """(offset, name, value) of each field, and last where iasl stopped, or None."""
    found = []
    for line in text.splitlines():
        if line.startswith('Raw Table Data'):
            break
        if '**** Unknown' in line:
            return found[:-2], found[-2][0] # type and length of that record
        match = FIELD.match(line)
        if match:
            offset, _, name, value = match.groups()
            found.append((int(offset), name.strip(), value.strip()))
    return found, None


def number(value):
    return int(re.sub(r'\[.*', '', value).strip(), 16)


def text(value):
    return value.rstrip('\0 ')


class Said:
    """The command's object, by offsets."""

    def __init__(self, table):
        self.top = table
        self.records = {r['offset']: (member, r) for member in MEMBERS for r in table[member]}
        self.scopes = {s['offset']: s for _, r in self.records.values() for s in r.get('scopes', [])}

    def record_at(self, offset):
        start = max(at for at in self.records if at <= offset)
        return self.records[start]

    def scope_at(self, offset):
        return self.scopes[max(at for at in self.scopes if at <= offset)]


def header_value(said, offset, name):
    header = said.top['header']
    return {'Signature': 'DMAR', 'Table Length': header['length'], 'Revision': header['revision'],
            'Checksum': header['checksum'], 'Oem ID': header['oem_id'], 'Oem Table ID': header['oem_table_id'],
            'Oem Revision': header['oem_revision'], 'Asl Compiler ID': header['creator_id'],
            'Asl Compiler Revision': header['creator_revision'],
            'Host Address Width': said.top['address_bits'] - 1, 'Flags': said.top['flags']}[name]


TYPES = {0: 'units', 1: 'reserved', 2: 'ats', 3: 'affinity', 4: 'namespace', SATC: 'atc', SIDP: 'property'}


def record_value(said, offset, name):
    member, record = said.record_at(offset)
    at = offset - record['offset']
    base = {'units': 'address', 'affinity': 'address', 'reserved': 'base'}
    if name == 'Subtable Type':
        return next(kind for kind, where in TYPES.items() if where == member)
    if name == 'Reserved':
        return ((int(record['size'], 16) // 4096).bit_length() - 1) if member == 'units' and at == 5 else None
    if name in ('Register Base Address', 'Base Address'):
        return int(record[base[member]], 16)
    if name == 'End Address (limit)':
        return int(record['limit'], 16)
    return record[{'Length': 'length', 'Flags': 'flags', 'PCI Segment Number': 'segment',
                   'Proximity Domain': 'proximity', 'Device Number': 'device_number', 'Device Name': 'name'}[name]]


def scope_value(said, offset, name):
    scope = said.scope_at(offset)
    if name == 'PCI Path':
        pair = (offset - scope['offset'] - 6) // 2
        device, function = scope['path'][pair].split('.')
        return int(device, 16), int(function, 16)
    return scope[{'Device Scope Type': 'type_number', 'Entry Length': 'length', 'Enumeration ID': 'enumeration_id',
                  'PCI Bus Number': 'start_bus'}[name]]


def wanted(name, value):
    if name == 'PCI Path':
        return tuple(int(part, 16) for part in re.findall('[0-9A-F]{2}', value))
    if '"' in value:
        return text(re.match('"(.*?)"', value).group(1))
    return number(value)


def rest(said, data, at):
    """Lines about records that iasl did not read."""
    while at < len(data):
        kind, length = struct.unpack_from('<HH', data, at)
        member, record = said.records[at]
        if kind not in (SATC, SIDP) or (member, record['length']) != (TYPES[kind], length):
            yield f'at {at}: record of type {kind}, {length} bytes: {member}, {record["length"]}'
            return
        flags, _, segment = struct.unpack_from('<BBH', data, at + 4)
        if record['segment'] != segment or kind == SATC and record['flags'] != flags:
            yield f'at {at}: flags {flags}, segment {segment}: {record}'
        scope = at + 8
        for one in record['scopes']:
            raw = data[scope:scope + data[scope + 1]]
            path = [f'{raw[i]:02x}.{raw[i + 1]:x}' for i in range(6, len(raw), 2)]
            want = (scope, raw[0], raw[1], raw[2], raw[4], raw[5], path)
            got = tuple(one[key] for key in ('offset', 'type_number', 'length', 'flags', 'enumeration_id', 'start_bus',
                                             'path'))
            if want != got:
                yield f'at {scope}: {want}: {got}'
            scope += len(raw)
        if scope != at + length:
            yield f'at {at}: scopes up to {scope}, record up to {at + length}'
        at += length


def compare(command, table, directory):
    """(problems, fields compared, records, scopes)"""
    listing, stopped = fields(disassemble(table, directory))
    done = subprocess.run([command, 'dmar', '--json', str(table)], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode != 0:
        return [f'exit {done.returncode}: {done.stderr}'], 0, 0, 0
    said = Said(json.loads(done.stdout))
    problems, records, scopes = [], 0, 0
    for offset, name, value in listing:
        records += name == 'Subtable Type'
        scopes += name == 'Device Scope Type'
        where = header_value if offset < 48 else scope_value if name in SCOPES else record_value
        if name == 'Reserved' and (offset < 48 or where(said, offset, name) is None):
            continue
        got = where(said, offset, name)
        got = text(got.replace('?', ' ')) if isinstance(got, str) else got # bytes that no terminal can show
        if got != wanted(name, value):
            problems.append(f'at {offset}: {name}: iasl {value}, here {got}')
    if stopped is not None:
        problems += list(rest(said, table.read_bytes(), stopped))
    elif records != len(said.records) or scopes != len(said.scopes):
        problems.append(f'iasl {records} records, {scopes} scopes; here {len(said.records)}, {len(said.scopes)}')
    return problems, len(listing), len(said.records), len(said.scopes)


def report(index, title, command, tables):
    totals, problems = [0, 0, 0], []
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(2) as pool:
        def one(table):
            try:
                return compare(command, table, directory)
            except (ValueError, KeyError, IndexError, StopIteration) as error:
                return [repr(error)], 0, 0, 0
        for table, result in zip(tables, pool.map(one, tables)):
            problems += [f'{table.name}: {line}' for line in result[0]]
            totals = [total + more for total, more in zip(totals, result[1:])]
    print(f'{"not ok" if problems else "ok"} {index} - {title}: {len(tables)} tables, {totals[0]} fields, '
          f'{totals[1]} records, {totals[2]} scopes')
    for line in problems[:50]:
        print(f'# {line}')
    return not problems


def main():
    command, dump = map(os.path.abspath, sys.argv[1:3])
    some = [Path(name).resolve() for name in sys.argv[3:]]
    if not shutil.which('iasl'):
        print('1..1\nok 1 - test_dmar_json_iasl # SKIP no iasl (Debian: acpica-tools)')
        return True
    if some:
        print('1..1')
        return report(1, 'test_dmar_json_iasl_some', command, some)
    print('1..2')
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([dump, '--own', directory], check=True)
        good = report(1, 'test_dmar_json_iasl_own_tables', command, sorted(Path(directory).glob('*.bin')))
    shared = os.environ.get('IOMMUKIT_SHARED', '')
    real = sorted((Path(shared) / 'dmar').glob('*.bin')) if shared else []
    if not real:
        print('ok 2 - test_dmar_json_iasl_real_tables # SKIP no tables in $IOMMUKIT_SHARED/dmar')
        return good
    return report(2, 'test_dmar_json_iasl_real_tables', command, [table.resolve() for table in real]) and good


sys.exit(0 if main() else 1)
