# SPDX-License-Identifier: MIT
"""Freestanding compilations for the five targets that somebody may embed the library on."""

from pathlib import Path

import house

FLAGS = ('-std=c11', '-ffreestanding', '-nostdlib', '-Wall', '-Wextra', '-Werror', '-fno-pie',
         '-fno-stack-protector', '-U_FORTIFY_SOURCE', '-nostdinc', '-I.', '-Iinclude')
TARGETS = (
    # name, compilers to try, further flags
    ('x86-64-gcc', ('x86_64-linux-gnu-gcc', 'gcc -m64'), ()),
    ('x86-64-clang', ('clang',), ('--target=x86_64-linux-gnu',)),
    ('i386', ('i686-linux-gnu-gcc', 'gcc -m32'), ()),
    ('aarch64', ('aarch64-linux-gnu-gcc',), ('-mno-outline-atomics',)),
    ('riscv64', ('riscv64-linux-gnu-gcc',), ()),
)
ARCHIVES = {'iommukit': house.sources('core', 'drivers', ends=('.c',)),
            'iommukit-model': house.sources('models', ends=('.c',))}


def usable(command):
    return house.shutil.which(command[0]) and \
        house.run((*command, '-ffreestanding', '-x', 'c', '-fsyntax-only', '-'), 'int x;\n')[0] == 0


def builtin_headers(command):
    """The compiler's own headers: what a freestanding implementation promises."""
    if command[0] == 'clang':
        return Path(house.run((*command, '-print-resource-dir'))[1].strip()) / 'include'
    return house.run((*command, '-print-file-name=include'))[1].strip()


def available():
    """(target, command) for each target that a compiler is here for; the command is None for the others."""
    for target, choices, extra in TARGETS:
        yield target, next((c for c in (tuple(choice.split()) + extra for choice in choices) if usable(c)), None)


def full(command):
    """The command with everything that compiles one of our files."""
    return (*command, *FLAGS, '-isystem', builtin_headers(command))
