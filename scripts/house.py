# SPDX-License-Identifier: MIT
"""What the checks share: where the sources are, how to read C, how to run and report."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ('include', 'core', 'spec', 'drivers', 'models', 'platform', 'inspect', 'tools', 'conformance', 'examples',
         'tests', 'bench', 'fuzz')


def sources(*rooms, ends=('.c', '.h')):
    """Paths below the rooms, relative to the root, sorted."""
    found = (path for room in rooms or ROOMS for path in (ROOT / room).rglob('*'))
    return sorted(path.relative_to(ROOT) for path in found if path.is_file() and path.suffix in ends)


def read(path):
    return (ROOT / path).read_text(encoding='utf-8')


def without_comments(text, strings=False):
    """The C text with comments (and the insides of strings) blanked, line numbers kept."""
    def blank(match):
        word = match.group(0)
        if word[0] in '"\'' and not strings:
            return word
        return re.sub(r'[^\n]', ' ', word)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def run(command, text=None):
    """(exit status, what it said)"""
    done = subprocess.run([str(word) for word in command], input=text, cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def parallel(function, items):
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def finish(problems, fine):
    """Print every problem and leave with 1, or say what is fine and leave with 0."""
    for problem in problems:
        print(problem)
    print(f'{len(problems)} problem(s)' if problems else fine)
    sys.exit(1 if problems else 0)
