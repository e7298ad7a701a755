# SPDX-License-Identifier: MIT
"""Builds a copy of the tree with all mutants asleep in it, and runs the tests with one of them awake."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import house
import mutant_find

# Linked into every program of the copy. MUTANT: the number that is awake. MUTANT_SEEN: a file of one byte a number,
# 1 once control came by. A mutant that eats all memory or never ends is to go before anybody else does.
HEADER = '''extern int mutant_awake;
extern unsigned char *mutant_seen;
static inline __attribute__((unused)) int MUTANT(int n)
{
    mutant_seen[n] = 1;
    return n == mutant_awake;
}
'''
RUNTIME = '''#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
static unsigned char nowhere[1 << 20];
unsigned char *mutant_seen = nowhere;
int mutant_awake = -1;
static __attribute__((constructor)) void begin(void)
{
    const char *number = getenv("MUTANT"), *seen = getenv("MUTANT_SEEN"), *seconds = getenv("MUTANT_SECONDS");
    FILE *oom = fopen("/proc/self/oom_score_adj", "w");
    int fd = seen ? open(seen, O_RDWR) : -1;

    if (number)
        mutant_awake = atoi(number);
    if (seconds)
        setrlimit(RLIMIT_CPU, &(struct rlimit){(rlim_t)atoi(seconds), (rlim_t)atoi(seconds)});
    if (oom) {
        fputs("1000", oom);
        fclose(oom);
    }
    if (fd >= 0)
        mutant_seen = mmap(NULL, sizeof nowhere, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
}
'''
NUMBERS = 1 << 20
# checks of the text; a machine that forgives; slow, and of another room; builds of its own, which lack the mutants' switch
LEFT_OUT = ('house', 'qemu', 'command', 'porting')
CONFORM = (('--lie=none', '--seeds=1'), ('--lie=all', '--seeds=2'))
SLOWEST = 30                 # seconds; a test that takes longer is left out
FIXED = {'IOMMUKIT_SEED': '1', 'IOMMUKIT_SEEDS': '3'} # random tests do the same each time, and not for long
SKIPPED = re.compile(r'\.git$|build|dist$') # at the top of the tree
CODE = ('core', 'drivers', 'models')


class Broken(Exception):
    pass


def say(command, **more):
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)
    return done.returncode, done.stdout


def put(path, text):
    """Write it if it is not there yet: what did not change is not compiled again."""
    if not path.is_file() or path.read_text(encoding='utf-8', errors='surrogateescape') != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8', errors='surrogateescape')


class Copy:
    """The tree once more, mutated and built below `place`."""

    def __init__(self, place, mutants, optimize='-O1'):
        self.place, self.tree, self.build = place, place / 'tree', place / 'build'
        self.mutants, self.optimize = list(mutants), optimize
        self.uncompiled = []
        self.texts = {} # of everything, as it was when it was copied

    def write(self):
        self.place.mkdir(parents=True, exist_ok=True)
        kept = {path.relative_to(house.ROOT) for top in house.ROOT.iterdir() if not SKIPPED.match(top.name)
                for path in [top, *top.rglob('*')] if path.is_file() and path.suffix != '.pyc'}
        for path in sorted(kept):
            if path.suffix in ('.c', '.h', '.build'):
                self.texts[str(path)] = (house.ROOT / path).read_text(encoding='utf-8', errors='surrogateescape')
            (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
            if str(path.parts[0]) in CODE and path.suffix in ('.c', '.h'):
                self.instrument(str(path))
            elif not same(house.ROOT / path, self.tree / path):
                shutil.copy(house.ROOT / path, self.tree / path)
        for path in [path for path in self.tree.rglob('*') if path.is_file()]:
            if path.relative_to(self.tree) not in kept:
                path.unlink()
        put(self.place / 'mutants.h', HEADER)
        put(self.place / 'mutants.c', RUNTIME)

    def instrument(self, path):
        mine = [mutant for mutant in self.mutants if mutant.file == path]
        put(self.tree / path, mutant_find.instrument(self.texts[path], mine))

    def make(self, *targets):
        place = self.place.resolve()
        self.write()
        said = say(['cc', '-c', '-fPIC', place / 'mutants.c', '-o', place / 'mutants.o'])
        if not said[0] and not (self.build / 'build.ninja').is_file():
            said = say(['meson', 'setup', '--wipe' if self.build.is_dir() else '-Dtests=enabled', '-Dtests=enabled',
                        '-Dbuildtype=plain', '-Dwerror=false', '-Dkernel=false', f'-Dc_link_args={place}/mutants.o',
                        f'-Dc_args=-w {self.optimize} -include {place}/mutants.h', self.build, self.tree])
        if said[0]:
            raise Broken(said[1])
        for _ in range(8):
            status, text = say(['ninja', '-k', '0', '-C', self.build, '-j', os.environ.get('JOBS', '2'), *targets])
            if status == 0:
                return
            if not self.give_up_on(text):
                raise Broken(text)
        raise Broken(text)

    def give_up_on(self, text):
        """Mutants on lines that do not compile are none. False: no line says so."""
        spots = {(path, int(line)) for path, line in
                 re.findall(r'((?:core|drivers|models)/[\w/.]+):(\d+):\d+: error', text)}
        bad = [m for m in self.mutants if any(m.file == path and abs(m.line - line) <= 3 for path, line in spots)]
        self.uncompiled += bad
        self.mutants = [mutant for mutant in self.mutants if mutant not in bad]
        for path in {mutant.file for mutant in bad}:
            self.instrument(path)
        return bool(bad)

    def digest(self):
        words = json.dumps([self.texts, self.optimize, RUNTIME, FIXED], sort_keys=True)
        return hashlib.sha1(words.encode(errors='surrogateescape')).hexdigest()


def same(one, other):
    return other.is_file() and one.read_bytes() == other.read_bytes()


class Test:
    def __init__(self, name, command, environment, where):
        self.name, self.command, self.environment, self.where = name, command, environment, where
        self.seconds, self.reaches, self.kills = 0.0, frozenset(), {}

    def run(self, number=-1, limit=600, keep=None, seen=None):
        """(passed, what the failing line or the end was). Ends with the first 'not ok'."""
        environment = dict(os.environ, **FIXED, **self.environment, MUTANT=str(number), MUTANT_SECONDS=str(int(limit)))
        if seen:
            environment['MUTANT_SEEN'] = str(seen)
        started = time.monotonic()
        process = subprocess.Popen(self.command, env=environment, cwd=self.where, start_new_session=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        late = []
        timer = threading.Timer(5 * limit + 10, lambda: (late.append(1), kill(process)))
        timer.start()
        failed = ''
        for line in process.stdout:
            line = line.decode(errors='replace')
            if keep is not None:
                keep.append(line)
            elif line.startswith('not ok') and '# SKIP' not in line:
                failed = line.split(' - ')[-1].strip()
                kill(process)
                break
        process.stdout.close()
        status = process.wait()
        timer.cancel()
        if seen:
            self.seconds = time.monotonic() - started
        if failed or status == 0 and not late:
            return not failed, failed
        return False, 'hang' if late or status == -signal.SIGXCPU or status == -signal.SIGKILL else f'status {status}'


def kill(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def tests_of(copy):
    """What meson would run, without what cannot tell, and the conformance suite."""
    found = []
    for one in json.loads(say(['meson', 'introspect', '--tests', copy.build])[1]):
        if not {suite.split(':')[-1] for suite in one['suite']} & set(LEFT_OUT):
            found.append(Test(one['name'], one['cmd'], one['env'], one['workdir'] or copy.build))
    command = copy.build / 'iommukit'
    if command.is_file() and say([command, 'conform', '--list'])[0] == 0:
        for words in CONFORM:
            found.append(Test('conform ' + ' '.join(words), [str(command), 'conform', *words], {}, copy.build))
    return found


def look_around(copy, tests):
    """Run each once with no mutant awake: how long it takes, and which mutants it comes by. The names of those
    that fail even so, and of those too slow."""
    failing, slow = [], []
    seen = copy.place.resolve() / 'seen'
    for test in tests:
        seen.write_bytes(bytes(NUMBERS))
        passed, why = test.run(seen=seen, limit=20 * SLOWEST)
        test.reaches = frozenset(mutant.number for mutant in copy.mutants if seen.read_bytes()[mutant.number])
        if not passed:
            failing.append(f'{test.name} ({why})')
        elif test.seconds > SLOWEST:
            slow.append(test.name)
            passed = False
        if not passed:
            test.reaches = frozenset()
    return failing, slow


class Hunt:
    """Tests against mutants, several at a time."""

    def __init__(self, copy, tests, hints):
        self.copy, self.tests, self.hints = copy, tests, hints
        self.lock = threading.Lock()

    def order(self, mutant):
        """The one that killed it last time, then those that kill in this file, then the quick ones."""
        mine = [test for test in self.tests if mutant.number in test.reaches]
        return sorted(mine, key=lambda test: (test.name != self.hints.get(mutant.id),
                                              test.seconds / (1 + 8 * test.kills.get(mutant.file, 0))))

    def verdict(self, mutant):
        """The name of the test that killed it, with how; None: it survived; '' for one that no test comes by."""
        mine = self.order(mutant)
        for test in mine:
            passed, how = test.run(mutant.number, limit=4 * test.seconds + 4)
            if not passed:
                with self.lock:
                    test.kills[mutant.file] = test.kills.get(mutant.file, 0) + 1
                    self.hints[mutant.id] = test.name
                return f'{test.name}: {how}'
        return None if mine else ''
