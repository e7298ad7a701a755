#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""porting.py ROOT MINIMAL.C ARCHIVE...: follow docs/PORTING.md as a new user would, in an empty folder outside the
repository. Its first shell block is run as it stands, what it prints must be the block that follows.

Prints TAP."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'command'))
import tap

ROOT, MINIMAL = (Path(path).resolve() for path in sys.argv[1:3])
ARCHIVES = [Path(path).resolve() for path in sys.argv[3:]]


def in_folder(test):
    """In an empty folder of its own."""
    def alone():
        with tempfile.TemporaryDirectory() as folder:
            test(Path(folder))
    return alone


def run(command, folder):
    environment = dict(os.environ, IOMMUKIT=str(ROOT))
    done = subprocess.run(command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=240)
    assert done.returncode == 0, f'{command}: exit {done.returncode}\n{done.stdout}'
    return done.stdout


def guide():
    """(the shell block, what it prints)"""
    text = (ROOT / 'docs/PORTING.md').read_text(encoding='utf-8')
    found = re.search(r'```sh\n(.*?)```\s+```\n(.*?)```', text, re.S)
    assert found, 'docs/PORTING.md has no shell block with its output'
    return found.groups()


def two_files(folder):
    commands, _ = guide()
    run(['sh', '-eu', '-c', commands], folder)


def compile_strictly(folder, *sources):
    run(['cc', '-std=c11', '-O2', '-Wall', '-Wextra', '-Werror', '-o', 'again', *sources], folder)


@in_folder
def test_porting_guide_names_every_hook(folder):
    header = (ROOT / 'include/iommukit/platform.h').read_text(encoding='utf-8')
    struct = header[header.index('struct iommu_platform {'):]
    hooks = re.findall(r'\(\*(\w+)\)\(void \*ctx', struct)
    text = (ROOT / 'docs/PORTING.md').read_text(encoding='utf-8')
    rows = ''.join(line.split('|')[1] for line in text.splitlines() if line.startswith('| `'))
    assert len(hooks) > 20, hooks
    assert not (lack := [hook for hook in hooks if f'`{hook}`' not in rows]), f'docs/PORTING.md lacks {lack}'


@in_folder
def test_porting_guide_on_an_empty_folder(folder):
    commands, expected = guide()
    said = run(['sh', '-eu', '-c', commands], folder)
    assert said == expected, f'printed:\n{said}'
    mentioned = {path.name for path in folder.iterdir()}
    assert {'iommukit.c', 'iommukit.h', 'template.c', 'template.h', 'try.c', 'try'} <= mentioned, mentioned
    text = ''.join(path.read_text(encoding='utf-8') for path in folder.glob('t*.[ch]'))
    assert '"iommukit/' not in text, 'the copied files still include what is not in the folder'
    compile_strictly(folder, 'try.c', 'template.c', 'iommukit.c', 'iommukit-model.c')


@in_folder
def test_porting_guide_with_another_prefix(folder):
    two_files(folder)
    files = sorted(path.name for path in folder.glob('*.[ch]'))
    run([ROOT / 'scripts/rename-prefix', 'my_', *files], folder)
    compile_strictly(folder, 'try.c', 'template.c', 'iommukit.c', 'iommukit-model.c')
    assert run(['./again'], folder) == guide()[1]
    shown = run(['nm', '-P', 'again'], folder)
    assert re.search(r'^my_map T', shown, re.M) and 'iommu_' not in shown, shown


@in_folder
def test_porting_guide_with_the_library(folder):
    """What pkg-config would say, of a build that is not installed."""
    for path in (ROOT / 'platform/template').glob('*.[ch]'):
        shutil.copy(path, folder)
    run(['cc', '-std=c11', '-I', ROOT / 'include', 'try.c', 'template.c', *ARCHIVES, '-pthread', '-o', 'try'], folder)
    assert run(['./try'], folder) == guide()[1]


@in_folder
def test_porting_minimal_links_with_four_hooks(folder):
    two_files(folder)
    shutil.copy(MINIMAL, folder)
    for name in ('minimal.c', 'iommukit.c'):
        run(['cc', '-std=c11', '-O2', '-ffreestanding', '-fno-stack-protector', '-U_FORTIFY_SOURCE', '-fno-pie', '-Wall',
             '-Wextra', '-Werror', '-c', name], folder)
    run(['cc', '-nostdlib', '-static', '-no-pie', '-Wl,-e,start', '-o', 'minimal', 'minimal.o', 'iommukit.o'], folder)
    assert not run(['nm', '-u', 'minimal'], folder)
    source = (folder / 'minimal.c').read_text(encoding='utf-8')
    hooks = re.search(r'platform = \{(.*?)\}', source, re.S).group(1)
    assert re.findall(r'\.(\w+) =', hooks) == ['alloc', 'free', 'page_alloc', 'page_free'], hooks


tap.main(globals(), arguments=len(sys.argv) - 1)
