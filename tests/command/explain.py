#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""explain.py COMMAND: `iommukit explain` as a user runs it: text, JSON, pipes, growing files, records, what it refuses.

Prints TAP. explain.py COMMAND NAME... runs only the tests named."""

import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import tap

COMMAND = sys.argv[1]
FINE, USAGE = 0, 2
MEMBERS = ['line', 'vendor', 'kind', 'device', 'access', 'address', 'pasid', 'code', 'meaning', 'advice']
FAULT = 'DMAR: [DMA Write NO_PASID] Request device [03:00.0] fault addr 0xfee1000 [fault reason 0x05] PTE Write access is not set'
HEAD, TAIL = 'DMAR:[DMA Read] Request device [00:02.0] fault addr 1000', 'DMAR:[fault reason 06] PTE Read access is not set'


def run(*options, log=b'', timeout=60):
    if isinstance(log, str):
        log = log.encode()
    return subprocess.run([COMMAND, 'explain', *map(str, options)], input=log, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout)


def shown(result):
    return f'{" ".join(map(str, result.args))}: exit {result.returncode}\n{result.stdout[:2000]}\n{result.stderr[:2000]}'


def check(condition, result):
    assert condition, shown(result)


def objects(*options, log=b''):
    result = run('--json', *options, log=log)
    check(result.returncode == FINE and result.stderr == b'', result)
    return [json.loads(line) for line in result.stdout.decode().splitlines()]


def refused(words, *options):
    result = run(*options)
    check(result.returncode == USAGE and result.stdout == b'', result)
    check(words in result.stderr.decode(), result)


class Running:
    """The command with its output coming in as it is printed."""

    def __init__(self, *options):
        self.process = subprocess.Popen([COMMAND, 'explain', *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.decode())

    def say(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def wait_for(self, words, seconds=20):
        end = time.monotonic() + seconds
        while not any(words in line for line in self.lines):
            assert time.monotonic() < end, f'no {words!r} in {self.lines}'
            time.sleep(0.02)

    def stop(self):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(20)


def test_text_marks_every_line():
    result = run(log=f'hello\n{FAULT}\nbye\n')
    lines = result.stdout.decode().splitlines()
    check(result.returncode == FINE and lines[0] == '? hello' and lines[-1] == '? bye', result)
    check(lines[1] == '! ' + FAULT and lines[2].startswith('    intel-vtd, dma-fault, device 03:00.0, write'), result)
    check('write blocked' in lines[3] and lines[4].startswith('    Advice: '), result)


def test_json_members():
    said = objects(log=f'{FAULT}\nhello\n')
    assert [list(row) for row in said] == [MEMBERS, MEMBERS], said
    assert said[0] | {'meaning': '', 'advice': ''} == {
        'line': FAULT, 'vendor': 'intel-vtd', 'kind': 'dma-fault', 'device': '03:00.0', 'access': 'write',
        'address': '0xfee1000', 'pasid': None, 'code': '0x05', 'meaning': '', 'advice': ''}, said
    assert said[1] == dict.fromkeys(MEMBERS) | {'line': 'hello', 'kind': 'unknown', 'access': 'unknown'}, said


def test_json_joined_lines():
    said = objects(log=f'{HEAD}\n{TAIL}\n')
    assert len(said) == 1 and said[0]['line'] == HEAD and said[0]['following'] == [TAIL], said
    assert said[0]['code'] == '0x06' and said[0]['device'] == '00:02.0', said


def test_faults_only():
    assert len(objects('--faults-only', log=f'a\n{FAULT}\nb\n')) == 1
    assert len(objects('-q', log='a\nb\n')) == 0


def test_file_and_dash():
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / 'log'
        path.write_text(FAULT)
        assert len(objects(path)) == 1
    assert len(objects('-', log=FAULT)) == 1
    assert objects(log='') == []


def test_any_bytes():
    said = objects(log=bytes(range(256)) * 20 + b'\n' + FAULT.encode() + b'\0\xff\n' + b'\xff' * 3000000)
    assert any(row['code'] == '0x05' for row in said), said[-3:]
    assert said[-1]['line'].endswith('[cut: the line is longer]') and len(said[-1]['line']) < 3000, said[-1]


def test_terminal_is_safe():
    result = run(log=b'\033]0;title\007\033[2Jtext\n' + FAULT.encode() + b'\033[2J\n')
    check(b'\033' not in result.stdout and b'\007' not in result.stdout, result)


def test_pipe_is_prompt():
    running = Running()
    try:
        running.say(FAULT + '\n')
        running.wait_for('device 03:00.0')
        running.say(HEAD + '\n')  # waits for its second line, but not for long
        running.wait_for('device 00:02.0')
        running.say('half a li')
        time.sleep(0.5)
        running.say('ne\n')
        running.wait_for('? half a line')
    finally:
        running.stop()


def test_follow_growing_and_replaced_file():
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / 'log'
        path.write_text('first\n')
        running = Running('--follow', str(path))
        try:
            running.wait_for('? first')
            with path.open('a') as log:
                log.write(f'{HEAD}\n')
                log.flush()
                log.write(f'{TAIL}\n')
            running.wait_for('code 0x06')
            os.replace(path, str(path) + '.1')
            path.write_text(FAULT + '\n')
            running.wait_for('device 03:00.0')
            path.write_text('cut\n')
            running.wait_for('? cut')
        finally:
            running.stop()


def test_records():
    said = objects('--record', '0x123456789000:c12345718000021c')
    assert said[0] | {'meaning': '', 'advice': ''} == {
        'line': '0x123456789000:c12345718000021c', 'vendor': 'intel-vtd', 'kind': 'dma-fault', 'device': '02:03.4',
        'access': 'read', 'address': '0x123456789000', 'pasid': 0x12345, 'code': '0x71', 'meaning': '',
        'advice': ''}, said
    said = objects('--vendor', 'amd', '--record', '2020000500000a08:1234567000')
    assert said[0]['vendor'] == 'amd-vi' and said[0]['code'] == 'IO_PAGE_FAULT' and said[0]['device'] == '0a:01.0', said
    said = objects('--vendor=smmuv3', '--record=0x20800000010:0:abc000:0')
    assert said[0]['vendor'] == 'arm-smmuv3' and said[0]['device'] == 'sid:0x208' and said[0]['access'] == 'write', said
    result = run('--record', '1000:8000000500000010')
    check(result.returncode == FINE and b'device 00:02.0' in result.stdout, result)


def dmar_table():
    """One unit at FED9_0000h, and 7C80_0000h-7EFF_FFFFh reserved for 00:02.0."""
    unit = struct.pack('<HHBBHQ', 0, 16, 1, 0, 0, 0xfed90000)
    region = struct.pack('<HHHHQQ', 1, 32, 0, 0, 0x7c800000, 0x7effffff) + bytes([1, 8, 0, 0, 0, 0, 2, 0])
    body = struct.pack('<BB10x', 45, 0) + unit + region
    table = struct.pack('<4sIBB6s8sI4sI', b'DMAR', 36 + len(body), 1, 0, b'TEST  ', b'TESTTEST', 1, b'TEST', 1) + body
    return table[:9] + bytes([-sum(table) & 0xff]) + table[10:]


def test_reserved_regions():
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / 'dmar'
        path.write_bytes(dmar_table())
        line = 'DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x{:x} [fault reason 0x06] x'
        inside, behind = objects('--dmar', path, log='\n'.join((line.format(0x7effffff), line.format(0x7f000000))))
        assert '0x7c800000-0x7effffff' in inside['advice'] and 'RMRR): BIOS' not in behind['advice'], (inside, behind)


def shared_dump(name='sm-72'):
    folder = Path(os.environ.get('IOMMUKIT_SHARED', '/nowhere')) / 'dumps' / name
    if not folder.is_dir():
        raise tap.Skip('IOMMUKIT_SHARED has no dumps/' + name)
    return '--memory', folder / 'tables.elf.zst', '--regs', folder / 'regs.json'


def test_why_in_a_dump():
    line = 'DMAR: [DMA Write NO_PASID] Request device [7f:03.0] fault addr 0x1000 [fault reason 0x39] SM: x'
    said = objects(*shared_dump(), log=f'{line}\nhello\n')
    assert said[0]['walk']['result'] == 'fault' and said[0]['walk']['fault']['code'] == '0x39', said
    assert 'walk' not in said[1], said
    result = run(*shared_dump(), log=line)
    check(b'fault: 0x39' in result.stdout, result)
    said = objects(*shared_dump(), '--record', '1000:8000003900007f18')
    assert said[0]['walk']['fault']['code'] == '0x39', said
    said = objects(*shared_dump(), log='DMAR: [INTR-REMAP] Request device [00:1e.0] fault index 0x8 [fault reason 0x22] x')
    assert 'walk' not in said[0], said


def test_refusals():
    refused('cannot be opened', '/does/not/exist')
    refused('cannot be read', '/')
    refused('one FILE at a time', 'a', 'b')
    refused('is not LOW:HIGH', '--record', 'xyz')
    refused('is not LOW:HIGH', '--record', '1:')
    refused('is not LOW:HIGH', '--record', '1:2:3:4:5')
    refused('is not LOW:HIGH', '--record', '11112222333344445:1')
    refused('are no record of', '--record', '1')
    refused('are no record of', '--vendor', 'smmuv3', '--record', '1:2')
    refused('there are vtd, amd, smmuv3', '--vendor', 'cyrix')
    refused('stands for itself', '--record', '1:2', 'file')
    refused('registers', '--memory', '/dev/null')
    refused('--help', '--no-such-option')


def test_help():
    result = run('--help')
    check(result.returncode == FINE and b'--record' in result.stdout and b'--follow' in result.stdout, result)


def test_a_million_lines():
    with tempfile.NamedTemporaryFile() as log:
        for _ in range(100):
            log.write((('x' * 60 + '\n') * 9 + FAULT + '\n').encode() * 1000)
        log.flush()
        start = time.monotonic()
        quarantine = os.environ.get('ASAN_OPTIONS', '') + ':quarantine_size_mb=8'  # or it counts what was freed
        process = subprocess.Popen([COMMAND, 'explain', '--json', '-q', log.name], stdout=subprocess.DEVNULL,
                                   env={**os.environ, 'ASAN_OPTIONS': quarantine})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        assert status == 0 and time.monotonic() - start < 60, (status, time.monotonic() - start)
        assert usage.ru_maxrss < 100 * 1024, usage  # KiB; the same however long the log


tap.main(globals())
