#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""uefi.py COMMAND [IOMMUKIT.EFI]: examples/uefi under OVMF in QEMU, from a stick as a real machine would start it.

What it says of a unit must be what `COMMAND regs` says of the same values, and these must be QEMU's own, which its
monitor tells. Prints TAP."""

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'command'))
import tap

COMMAND = sys.argv[1]
EFI = sys.argv[2] if len(sys.argv) > 2 else None
QEMU = os.environ.get('IOMMUKIT_QEMU', 'qemu-system-x86_64')
SECONDS = 120 # OVMF takes about ten
FIRMWARE = [(Path('/usr/share/OVMF') / f'OVMF_CODE{suffix}.fd', Path('/usr/share/OVMF') / f'OVMF_VARS{suffix}.fd')
            for suffix in ('', '_4M')]
END = 'That is all; nothing was changed. Press a key.'
REGISTERS = 'fed90008' # where QEMU puts them: CAP, ECAP


def firmware():
    return next(((code, variables) for code, variables in FIRMWARE if code.is_file() and variables.is_file()), None)


def monitor(path, words):
    """The last line that QEMU answers."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(str(path))
        said = b''
        while said.count(b'(qemu)') < 1:
            said += connection.recv(4096)
        connection.sendall(words.encode() + b'\n')
        while said.count(b'(qemu)') < 2:
            said += connection.recv(4096)
    return said.decode().replace('\r', '').splitlines()[-2]


def read_report(process):
    """The console without its escape sequences, up to the report's last line."""
    said, start = '', time.monotonic()
    os.set_blocking(process.stdout.fileno(), False)
    while END not in said:
        over = time.monotonic() - start > SECONDS or process.poll() is not None
        part = process.stdout.read()
        said += re.sub(r'\x1b\[[0-9;=?]*[A-Za-z]', '', part.decode(errors='replace').replace('\r', '')) if part else ''
        assert not over, f'no report:\n{said}'
        time.sleep(0.1)
    return said[said.index('iommukit '):]


def boot(*options, asks=None):
    """(the report, what the monitor answers)"""
    code, variables = firmware()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stick = folder / 'stick/EFI/BOOT'
        stick.mkdir(parents=True)
        shutil.copy(EFI, stick / 'BOOTX64.EFI')
        shutil.copy(variables, folder / 'variables.fd')
        command = [QEMU, '-machine', 'q35', '-accel', 'tcg', '-m', '128M', '-nodefaults', '-no-user-config', '-display', 'none',
                   '-drive', f'if=pflash,format=raw,unit=0,readonly=on,file={code}',
                   '-drive', f'if=pflash,format=raw,unit=1,file={folder}/variables.fd',
                   '-drive', f'if=none,id=stick,format=raw,readonly=on,file=fat:{folder}/stick', '-serial', 'stdio',
                   '-monitor', f'unix:{folder}/monitor,server=on,wait=off', *options,
                   '-device', 'virtio-blk-pci,drive=stick']
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            report = read_report(process)
            return report, monitor(folder / 'monitor', asks) if asks else None
        finally:
            process.kill()
            process.wait()


def check(condition, report, what):
    assert condition, f'{what}\n{report}'


def joined(report):
    """Lines that were too wide for the console are whole again."""
    return re.sub(r'\n {6,}(?=\S)', ' ', re.sub(r'\n( *)(?=\S)', lambda m: m.group(0) if len(m.group(1)) <= 4 else ' ', report))


def value_of(report, register):
    found = re.search(rf'^  {register} (0x[0-9a-f]+): ', report, re.M)
    check(found, report, f'no {register}')
    return found.group(1)


def check_unit(report, memory):
    """Field by field as `iommukit regs` has it, in its order; and CAP and ECAP as QEMU's monitor reads them."""
    values = {name: value_of(report, name) for name in ('VER', 'CAP', 'ECAP', 'GSTS')}
    qemus = [int(word, 16) for word in re.findall(r'0x[0-9a-f]{16}', memory)]
    check(qemus == [int(values['CAP'], 16), int(values['ECAP'], 16)], report, f'the monitor says {memory}')
    options = [f'--{name.lower()}={value}' for name, value in values.items()]
    decoded = json.loads(subprocess.run([COMMAND, 'regs', '--json', *options], check=True, text=True,
                                        stdout=subprocess.PIPE).stdout)
    expected = []
    for register in decoded['units'][0]['registers']:
        expected.append(f'  {register["name"]} {register["value"]}: {register["meaning"]}')
        expected += [f'    {field["name"]} {field["high"]}:{field["low"]} = {field["value"]}: {field["says"]}; {field["meaning"]}'
                     for field in register['fields']]
    check(len(expected) > 80, report, f'iommukit regs says little: {expected}')
    lines = [line for line in joined(report).splitlines() if re.match(r'  [A-Z]+ 0x|    [A-Za-z0-9]+ \d+:\d+ = ', line)]
    for ours, theirs in zip(lines, expected):
        check(ours == theirs, report, f'the unit says: {ours}\niommukit regs:  {theirs}')
    check(len(lines) == len(expected), report, f'{len(lines)} lines, {len(expected)} expected')


def check_devices(report, link):
    devices = re.findall(r'^Device (\S+): (\S+), class (\w+), (.*)\n(?:  (.*))?', joined(report), re.M)
    check(len(devices) >= 6, report, 'functions are missing')
    said = {name: verdict for name, ids, kind, unit, verdict in devices if kind[:2] != '06'}
    check(said and all(words.startswith(f'one domain: {link}: ') for words in said.values()), report, f'not because of: {link}')
    check(all(unit == 'unit 0' for _, _, _, unit, _ in devices), report, 'a device without its unit')


def test_uefi_scalable_unit():
    report, memory = boot('-device', 'intel-iommu,aw-bits=48,x-scalable-mode=on', '-device', 'edu',
                          '-device', 'pcie-root-port,id=above,slot=1', '-device', 'pcie-pci-bridge,bus=above,id=pci',
                          '-device', 'edu,bus=pci,addr=1',
                          asks=f'xp /2gx 0x{REGISTERS}')
    check('Unit 0: registers at 0xfed90000, segment 0' in report, report, 'the unit')
    check('Reserved regions: none' in report, report, 'regions')
    check_unit(report, memory)
    check_devices(report, 'PASIDs in the unit')
    check(re.search(r'^Device 02:01.0: 1234:11e8', report, re.M), report, 'the device below two bridges')
    check('refused' not in report, report, 'it tried to write')


def test_uefi_legacy_unit():
    report, memory = boot('-device', 'intel-iommu,aw-bits=39', '-device', 'edu', '-device', 'edu', '-device', 'edu',
                          asks=f'xp /2gx 0x{REGISTERS}')
    check_unit(report, memory)
    check_devices(report, 'scalable mode')
    check('39 bits' in report and 'refused' not in report, report, 'the width')


def test_uefi_without_a_unit():
    report, _ = boot('-device', 'edu')
    check('There is no ACPI DMAR table: no unit' in joined(report), report, 'no table')
    check('no domain: no unit translates for it' in report and 'one domain' not in report, report, 'devices')


def made_table():
    """A unit where nothing answers, and a reserved region of 00:01.0."""
    scope = bytes([1, 8, 0, 0, 0, 0, 1, 0])
    unit = struct.pack('<HHBBHQ', 0, 16, 1, 0, 0, 0xfed90000)
    region = struct.pack('<HHHHQQ', 1, 24 + len(scope), 0, 0, 0x7f000000, 0x7f0fffff) + scope
    return bytes([38, 1] + [0] * 10) + unit + region # 39-bit addresses, interrupt remapping


def test_uefi_dead_unit_and_reserved_region():
    with tempfile.NamedTemporaryFile() as file:
        file.write(made_table())
        file.flush()
        report, _ = boot('-acpitable', f'sig=DMAR,rev=1,oem_id=IOMMUK,oem_table_id=IOMMUKIT,data={file.name}', '-device', 'edu')
    text = joined(report)
    check('DMAR table: 39-bit addresses, interrupt remapping supported' in text, report, 'the table')
    check('Unit 0: registers at 0xfed90000, segment 0, every device that no other unit has' in text, report, 'the unit')
    check('  nothing answers there\n' in text and 'A driver would not take these units: ' in text, report, 'it is dead')
    check('Reserved region 0x7f000000 to 0x7f0fffff, segment 0, of\n  the device, bus 0, device 1, function 0' in text,
          report, 'the region')
    check('one domain' not in text and 'no domain: no unit' in text, report, 'devices')


def missing():
    if EFI is None:
        return 'gnu-efi is not installed'
    if firmware() is None:
        return 'OVMF is not installed'
    return None if shutil.which(QEMU) else f'{QEMU} is not installed'


tap.main(globals(), arguments=len(sys.argv) - 1, missing=missing())
