# SPDX-License-Identifier: MIT
"""Runs the functions named test_* of a script, or those named on its command line, and prints TAP."""

import sys


class Skip(Exception):
    pass


def main(tests, arguments=1, missing=None):
    """`tests`: the script's globals(). `arguments`: how many words of the command line are no names of tests. `missing`:
    what is not there and every test needs, in words."""
    tests = {name: test for name, test in tests.items() if name.startswith('test_')}
    chosen = sys.argv[1 + arguments:] or list(tests)
    print(f'1..{len(chosen)}')
    failed = 0
    for number, name in enumerate(chosen, 1):
        try:
            if missing:
                raise Skip(missing)
            tests[name]()
            print(f'ok {number} - {name}', flush=True)
        except Skip as why:
            print(f'ok {number} - {name} # SKIP {why}', flush=True)
        except Exception as problem: # a test that stops is a test that fails, whatever stopped it
            failed += 1
            print(f'not ok {number} - {name}')
            print('\n'.join('# ' + line for line in f'{type(problem).__name__}: {problem}'.splitlines()[:60]))
            print(f'# replay: {" ".join(sys.argv[:1 + arguments])} {name}', flush=True)
    sys.exit(failed > 0)
