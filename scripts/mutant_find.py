# SPDX-License-Identifier: MIT
"""Finds what `scripts/mutants` breaks: a small parser of C statements, and the rules that pick some of them.

A mutant is a few insertions into the text of one function that do nothing until the program is told the mutant's
number, so that all of them are compiled at once:

    host_barrier(p);              { if (!MUTANT(7)) host_barrier(p); }
    if (last < first) return -E;  if (!MUTANT(8) && (last < first)) return -E;
    result = vtd_wait(u);         result = (MUTANT(9) ? 0 : vtd_wait(u));
"""

import hashlib
import re
from dataclasses import dataclass, field

import house

# What a call is for, by its name: the calls that are taken away, and that are swapped with a neighbour of the kind.
ORDERS = re.compile(r'''\w*( flush | barrier | fence | write_back | publish | block | clear | hide | show | appeared
    | vanished | changed | settle | emit | invalidate | wait | sync | unmap | free | withhold | release | give_back
    | unlink | link | undo | strike | tell_tail | nudge | recover | drain | disable | enable | command | set_live
    | store | write32 | write64 | stop | close | queue_p | keep_dead | count_ )\w*''', re.X)
# In the models: what records a fault, refuses, empties a cache or fills it.
JUDGES = re.compile(r'''\w*( drop | cache_ | refuse | fault | misuse | queue_error | time_out | remember | _put\b
    | invalidate | check | rights | limit )\w*''', re.X)
ROOMS = ('core', 'drivers', 'models/vtd', 'models/devtlb')
NOT_CALLS = re.compile(r'(if|while|for|switch|return|sizeof|defined|[A-Z0-9_]+|\w*log\w*|host_alloc|\w*_init)$')
# Branches of a model that refuse something.
REFUSES = re.compile(r'\b(return|continue|break|goto)\b|refuse|fault|misuse|error|reserved|mask|unreadable')
MASKS = re.compile(r'\w*(mask|reserved|rsvd)\w*\s*\|=')
SPINS = re.compile(r'drained|EAGAIN|again|deadline')
SUCCESS = {'int': '0', 'uint8_t': '0', 'enum vtd_iqei': '0'}


@dataclass
class Mutant:
    file: str
    function: str
    line: int
    said: str     # what is different, in one line; docs/MUTANTS.md quotes it
    inserts: list # (start, end, text before, text after)
    id: str = ''

    @property
    def number(self):
        return int(self.id, 16)


@dataclass
class Statement:
    kind: str # simple, if, loop, other
    start: int
    end: int
    cond: tuple = None # span of the condition
    parts: list = field(default_factory=list) # blocks: lists of statements


# ---- reading C -------------------------------------------------------------------------------------------


def plain(text):
    """Comments, strings and preprocessor lines blanked; every offset stays."""
    text = house.without_comments(text, strings=True)
    return re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', lambda m: re.sub(r'[^\n]', ' ', m.group(0)), text, flags=re.M)


def close_of(text, at):
    """Where the bracket at `at` is closed."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] in '([{') - (text[i] in ')]}')
        if depth == 0:
            return i
    raise ValueError('brackets do not balance')


def functions(text):
    """(name, what stands before it, start and end of the body)"""
    for match in re.finditer(r'^([A-Za-z_][\w \t*]*?)\b(\w+)\s*\(', text, re.M):
        after = close_of(text, match.end() - 1) + 1
        brace = re.match(r'\s*\{', text[after:after + 200])
        if brace:
            start = after + brace.end() - 1
            yield match.group(2), match.group(1), start, close_of(text, start)


def skip(text, at, end):
    while at < end and text[at].isspace():
        at += 1
    return at


def block(text, at, end):
    """The statements between two offsets."""
    found = []
    at = skip(text, at, end)
    while at < end:
        found.append(statement(text, at, end))
        at = skip(text, found[-1].end, end)
    return found


def statement(text, at, end):
    word = re.match(r'\w*', text[at:]).group(0)
    if text[at] == '{':
        last = close_of(text, at)
        return Statement('other', at, last + 1, parts=[block(text, at + 1, last)])
    if word in ('case', 'default') or re.match(r'\w+\s*:(?!:)', text[at:]):
        return Statement('other', at, text.index(':', at) + 1)
    if word in ('if', 'while', 'for', 'switch'):
        opened = text.index('(', at)
        closed = close_of(text, opened)
        first = statement(text, skip(text, closed + 1, end), end)
        parts, last = [[first]], first.end
        otherwise = skip(text, last, end)
        if word == 'if' and re.match(r'else\b', text[otherwise:]):
            parts.append([statement(text, skip(text, otherwise + 4, end), end)])
            last = parts[1][0].end
        kind = {'if': 'if', 'while': 'loop'}.get(word, 'other')
        return Statement(kind, at, last, (opened + 1, closed), parts)
    if word == 'do':
        body = statement(text, skip(text, at + 2, end), end)
        opened = text.index('(', body.end)
        closed = close_of(text, opened)
        return Statement('loop', at, text.index(';', closed) + 1, (opened + 1, closed), [[body]])
    i = at
    while i < end and text[i] != ';':
        i = close_of(text, i) + 1 if text[i] in '([{' else i + 1
    return Statement('simple', at, i + 1)


def every(statements):
    """All of them, inner ones too, with the list each stands in."""
    for one in statements:
        yield one, statements
        for part in one.parts:
            yield from every(part)


def split(text, start, end, operator):
    """Spans between the operators that stand in no bracket."""
    spans, at, i = [], start, start
    while i < end:
        if text[i] in '([{':
            i = close_of(text, i)
        elif text.startswith(operator, i) and text[i + len(operator)] not in '|&=' and text[i - 1] not in '|&':
            spans.append((at, i))
            at = i + len(operator)
        i += 1
    return [trim(text, *span) for span in spans + [(at, end)]]


def trim(text, start, end):
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def terms(text, start, end):
    """(operator, span) of every operand of || and &&, through brackets."""
    start, end = split(text, start, end, '?')[0]
    for operator in ('||', '&&'):
        spans = split(text, start, end, operator)
        if len(spans) > 1:
            for span in spans:
                yield operator, span
                yield from terms(text, *span)
            return
    if start < end and text[start] == '(' and close_of(text, start) == end - 1:
        yield from terms(text, start + 1, end - 1)


def bit_terms(text, start, end):
    """Operands of | that are masks, in a bracket of their own."""
    for match in re.finditer(r'\(', text[start:end]):
        opened = start + match.end()
        spans = split(text, opened, close_of(text, opened - 1), '|')
        if len(spans) > 1 and all(re.match(r'\(?[A-Z]', text[slice(*span)]) for span in spans):
            yield from spans


# ---- rules -----------------------------------------------------------------------------------------------


class Finder:
    """The mutants of one function."""

    def __init__(self, path, text, spoken, name, before, returns):
        self.path, self.name, self.before, self.returns = path, name, before, returns
        self.text, self.spoken = text, spoken # the second has its strings
        self.model = path.startswith('models/')
        self.calls = JUDGES if self.model else ORDERS
        self.found = []

    def words(self, start, end):
        return ' '.join(self.spoken[start:end].split())

    def add(self, said, start, *inserts):
        self.found.append(Mutant(self.path, self.name, self.text.count('\n', 0, start) + 1, said, list(inserts)))

    def is_ours(self, name):
        return self.calls.fullmatch(name) and not NOT_CALLS.match(name)

    def whole_call(self, one):
        """The name, if the statement is one call that matters and nothing else."""
        match = re.match(r'(?:\(void\)\s*)?(\w+)\s*\(', self.text[one.start:one.end])
        if one.kind != 'simple' or not match:
            return None
        closed = close_of(self.text, one.start + match.end() - 1)
        ours = self.is_ours(match.group(1)) and self.words(closed + 1, one.end) == ';'
        return match.group(1) if ours else None

    def remove(self, one):
        self.add('remove ' + self.words(one.start, one.end), one.start,
                 (one.start, one.end, '{ if (!MUTANT(#)) ', ' }'))

    def skip_calls(self, start, end):
        """Calls whose result is used: success instead."""
        for match in re.finditer(r'\b(\w+)\s*\(', self.text[start:end]):
            name, at = match.group(1), start + match.start()
            success = SUCCESS.get(self.returns.get(name))
            if success and self.is_ours(name):
                last = close_of(self.text, start + match.end() - 1) + 1
                self.add(f'skip {self.words(at, last)}', at, (at, last, f'(MUTANT(#) ? {success} : ', ')'))

    def never(self, one):
        start, end = one.cond
        self.add(f'never if ({self.words(start, end)})', one.start, (start, end, '!MUTANT(#) && (', ')'))

    def drop_terms(self, start, end):
        """One condition of several, one mask of several."""
        whole = self.words(start, end)
        for operator, (a, b) in terms(self.text, start, end):
            before = '(MUTANT(#) || (' if operator == '&&' else '(!MUTANT(#) && ('
            self.add(f'without {self.words(a, b)} in {whole}', a, (a, b, before, '))'))
        for a, b in bit_terms(self.text, start, end):
            self.add(f'without {self.words(a, b)} in {whole}', a, (a, b, '(MUTANT(#) ? 0 : ', ')'))

    def swaps(self, statements):
        """Neighbours in a run of calls change places."""
        run = []
        for one in statements + [None]:
            if one and self.whole_call(one):
                run.append(one)
                continue
            self.swap_run(run)
            run = []

    def swap_run(self, run):
        texts = [self.words(one.start, one.end) for one in run]
        for i in range(len(run) - 1):
            swapped = texts[:i] + [texts[i + 1], texts[i]] + texts[i + 2:]
            frees = all('free' in self.whole_call(one) for one in run[i:i + 2]) # one's own memory: in any order
            if texts[i] != texts[i + 1] and not frees:
                self.add(f'swap {texts[i]} {texts[i + 1]}', run[i].start,
                         (run[0].start, run[-1].end, f'if (MUTANT(#)) {{ {" ".join(swapped)} }} else {{ ', ' }'))

    def look(self, one):
        text = self.text[one.start:one.end]
        if one.kind == 'simple' and not text.startswith('static'):
            if self.whole_call(one) or self.model and MASKS.match(text):
                self.remove(one)
            else:
                self.skip_calls(one.start, one.end)
                if self.model and text.startswith('return'):
                    self.drop_terms(one.start + 6, one.end - 1)
        elif one.kind == 'if':
            inner = one.parts[0][0]
            body = self.text[inner.start:inner.end]
            leaves = re.match(r'\{?\s*(return|continue|break|goto)\b', body)
            if leaves or self.model and REFUSES.search(body):
                self.never(one)
                if self.model:
                    self.drop_terms(*one.cond)
            self.skip_calls(*one.cond)
        elif one.kind == 'loop' and not self.model and SPINS.search(self.text[slice(*one.cond)]):
            start, end = one.cond
            self.add(f'never while ({self.words(start, end)})', one.start, (start, end, '!MUTANT(#) && (', ')'))

    def run(self, start, end):
        statements = block(self.text, start + 1, end)
        blocks = [statements]
        for one, _ in every(statements):
            self.look(one)
            blocks += one.parts
        if not self.model:
            for inner in blocks:
                self.swaps(inner)
        return self.found


def return_types(texts):
    found = {}
    for text in texts:
        for match in re.finditer(r'^((?:static |inline )*)((?:enum )?\w+) (\w+)\(', text, re.M):
            found[match.group(3)] = match.group(2)
    return found


def named(mutants):
    """Give each its id, which lasts as long as the function and its words do."""
    taken = set()
    for mutant in mutants:
        salt = 0
        while not mutant.id or mutant.id in taken:
            words = f'{mutant.file} {mutant.function} {mutant.said} {salt}'
            mutant.id = hashlib.sha1(words.encode()).hexdigest()[:5]
            salt += 1
        if salt > 1:
            mutant.said += f' ({salt})' # the same words once more in the same function
        taken.add(mutant.id)
    return mutants


def find(read=house.read):
    """All mutants of the rooms."""
    texts = {str(path): read(path) for path in house.sources(*ROOMS)}
    bare = {path: plain(text) for path, text in texts.items()}
    returns = return_types(bare.values())
    found = []
    for path, text in bare.items():
        spoken = house.without_comments(texts[path])
        for name, before, start, end in functions(text):
            found += Finder(path, text, spoken, name, before, returns).run(start, end)
    return named(found)


def instrument(text, mutants):
    """The file's text with all these mutants in it, asleep."""
    pieces = []
    for mutant in mutants:
        for start, end, before, after in mutant.inserts:
            before = before.replace('#', str(mutant.number))
            pieces.append((start, 1, -end, before))
            pieces.append((end, 0, -start, after))
    done, at = [], 0
    for position, _, _, words in sorted(pieces, key=lambda piece: piece[:3]):
        done += [text[at:position], words]
        at = position
    return ''.join(done) + text[at:]
