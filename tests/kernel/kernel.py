#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kernel.py RUN KERNEL MINIMAL BROKEN...: the example kernel in QEMU as a user boots it, one that gives the library the
fewest hooks, and broken ones, which must say so.

Prints TAP."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'command'))
import tap

RUN, KERNEL, MINIMAL = sys.argv[1:4]
BROKEN = {os.path.basename(path).removeprefix('kernel_break_'): path for path in sys.argv[4:]}
QEMU = os.environ.get('IOMMUKIT_QEMU', 'qemu-system-x86_64')
SECONDS = 10 # that the story may take

# What must be said, in this order; other lines may come between.
STORY = (
    r'VT-d at 0xfed90000, (\w+) mode',
    r'reserved region at 0x\w+: DMA arrives while translation is switched on',
    r'reserved region at 0x\w+: DMA arrives afterwards',
    r'victim: 0x40000000 is page 0x(\w+)',
    r'attacker: 0x40000000 is page 0x(?!\1\b)\w+',
    r'reserved region at 0x\w+: DMA arrives beside the domain\'s own pages',
    r'both copied 0x40000000 to 0x40001000: each its own bytes',
    r'the attacker writes to an address that only the victim has',
    r'  fault: device 0:2.0 may not write 0x50000000: [a-z][a-z -]+ \(reason \d+\)',
    r'the attacker reads the victim\'s page at its physical address',
    r'  fault: device 0:2.0 may not read 0x2[0-9a-f]+: [a-z][a-z -]+ \(reason \d+\)',
    r'the victim writes to the page that was unmapped',
    r'  fault: device 0:1.0 may not write 0x50000000: [a-z][a-z -]+ \(reason \d+\)',
    r'isolated',
)


def boot(kernel, *options):
    return subprocess.run([RUN, kernel, *options], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=6 * SECONDS)


def check(condition, result, what):
    assert condition, f'{what}\n{" ".join(result.args)}: exit {result.returncode}\n{result.stdout}{result.stderr}'


def check_story(result, mode):
    lines, previous = iter(result.stdout.splitlines()), None
    for pattern in STORY:
        pattern = pattern.replace(r'\1', previous.group(1) if previous and previous.groups() else '')
        previous = next((found for line in lines if (found := re.fullmatch(pattern, line))), None)
        check(previous, result, f'not said: {pattern}')
    check(f'{mode} mode' in result.stdout, result, f'not in {mode} mode')
    check(result.stdout.endswith('\nisolated\n') and result.returncode == 0, result, 'not isolated')


def check_broken(name, words):
    result = boot(BROKEN[name])
    check(result.returncode == 1, result, 'the exit status of a failure')
    last = result.stdout.splitlines()[-1] if result.stdout else ''
    check(last.startswith('FAILED: ') and words in last, result, f'the last line does not say: {words}')
    check('isolated' not in result.stdout, result, 'called isolated')


def test_kernel_isolates_within_ten_seconds():
    start = time.monotonic()
    result = boot(KERNEL)
    seconds = time.monotonic() - start
    check_story(result, 'legacy')
    check(seconds < SECONDS, result, f'took {seconds:.1f} s')


def test_kernel_isolates_in_scalable_mode():
    result = boot(KERNEL, 'x-scalable-mode=on')
    if 'x-scalable-mode' in result.stderr: # QEMU 11 dropped the x-
        result = boot(KERNEL, 'scalable-mode=on')
    check_story(result, 'scalable')


def test_kernel_isolates_with_four_hooks():
    check_story(boot(MINIMAL), 'legacy')


def test_kernel_notices_broken_reserved_regions():
    check_broken('rmrr', 'RMRR')


def test_kernel_notices_a_missing_invalidation():
    check_broken('invalidation', 'invalidation on unmap')


def test_kernel_notices_a_missing_interrupt():
    check_broken('interrupt', 'the interrupt')


def test_kernel_notices_a_leak():
    check_broken('isolation', 'the attacker wrote the victim\'s page')


def test_kernel_fails_without_what_it_needs():
    result = subprocess.run([RUN, '/nonexistent/kernel'], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            timeout=6 * SECONDS)
    check(result.returncode == 1 and result.stdout == '', result, 'no kernel, no failure')


tap.main(globals(), arguments=len(sys.argv) - 1,
         missing=None if shutil.which(QEMU) else f'{QEMU} is not installed')
