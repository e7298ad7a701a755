# SPDX-License-Identifier: MIT
"""The public headers as a reader sees them: every declaration with the comment that speaks about it.

A declaration's comment stands above it or behind it on its last line. One comment above several declarations that
follow each other without a blank line or another comment speaks about all of them. A line `/* ---- name ---- */`
opens a section and is no comment; of a section "inside: ..." nothing is for users. Members of structs and constants of
enums are read by the same rules."""

import re
from dataclasses import dataclass, field

import c_names
import house

HEADERS = 'include'
COMMENT = re.compile(r'/\*.*?\*/', re.S)
SECTION = re.compile(r'/\* ---- (.*?) -+ \*/')
WORD = c_names.WORD
NO_API = 'disabled.h' # dma_disabled.h and so on: stand-ins, whose names are not for users


@dataclass
class Item:
    kind: str            # function, inline, struct, enum, opaque, typedef, variable, macro; or member, constant
    name: str
    path: object         # of the header, relative to the root
    line: int
    text: str            # the declaration as it stands there, without its comment
    comment: str = ''    # words of all comments that speak about it: the one above, then the one behind it
    above: str = ''
    own: bool = False    # its comment speaks about nothing else
    section: str = ''
    members: list = field(default_factory=list)


@dataclass
class Header:
    path: object
    about: str           # the comment at the head
    items: list


def words(comment):
    """What a comment says, without its frame; paragraphs and indented lines stay."""
    lines = comment[2:-2].split('\n')
    lines = [re.sub(r'^\s*\* ?', '', line) if number else line for number, line in enumerate(lines)]
    if all(not line or line.startswith(' ') for line in lines[1:]): # "/* x\n      y */", without a column of stars
        lines = [line.strip() for line in lines]
    return '\n'.join(line.rstrip() for line in lines).strip()


def pieces(text, spans, begin=0):
    """(start, end, comment, the one above, own) for each span of a declaration from `begin` on; rules: see above."""
    comments = [found.span() for found in COMMENT.finditer(text)]
    above, last, result = '', begin, []
    for start, end in spans:
        start += len(text[start:end]) - len(text[start:end].lstrip())
        gap = [span for span in comments if last <= span[0] < start]
        for span in gap:
            above = '' if SECTION.match(text[slice(*span)]) else words(text[slice(*span)])
        after = gap[-1][1] if gap else last
        if re.search(r'\n[ \t]*\n', text[after:start]):
            above = ''
        line_end = text.find('\n', end)
        behind = [span for span in comments if end <= span[0] < (len(text) if line_end < 0 else line_end)
                  and not text[end:span[0]].strip(' \t,;')]
        said = '\n'.join([above] * bool(above) + [words(text[slice(*span)]) for span in behind])
        result.append((start, end, said, above, bool(gap and above) or bool(behind)))
        last = behind[-1][1] if behind else end
    return result


def members(text, body_at, body, kind, item):
    """Members of a struct or constants of an enum; `body` is text[body_at:...] without comments."""
    spans, start, depth = [], 1, 0
    for at, letter in enumerate(body[:-1]):
        depth += (letter in '([') - (letter in ')]')
        if depth == 0 and letter == (',' if kind == 'enum' else ';'):
            spans.append((body_at + start, body_at + at + 1))
            start = at + 1
    if body[start:-1].strip():
        spans.append((body_at + start, body_at + start + len(body[start:-1].rstrip())))
    plain = ' ' * body_at + body
    spans = [(a + len(plain[a:b]) - len(plain[a:b].lstrip()), b) for a, b in spans]
    for start, end, said, above, own in pieces(text, spans, body_at + 1):
        one = plain[start:end].strip().rstrip(',;').strip()
        line = text.count('\n', 0, start) + 1
        if kind == 'enum':
            found = [re.match(WORD, one).group(0)]
        elif '(' in one:
            found = [re.search(rf'\(\s*\*\s*({WORD})', one).group(1)]
        else:
            found = [re.findall(WORD, re.sub(r'\[[^\]]*\]|:.*', '', part))[-1] for part in one.split(',')]
        for name in found:
            what = 'constant' if kind == 'enum' else 'member'
            item.members.append(Item(what, name, item.path, line, one, said, above, own))


def kind_of(head, body):
    """(kind, name) of a declaration, None for what is no symbol."""
    head = re.sub(r'\bIOMMU_(BEGIN|END)_DECLS\b', ' ', head).strip()
    tagged = re.fullmatch(rf'(struct|union|enum)\s+({WORD})', head)
    if tagged:
        return (tagged.group(1), tagged.group(2)) if body else ('opaque', tagged.group(2))
    name, function = c_names.declared(head)
    if not name or head.startswith('_Static_assert'):
        return None
    if head.startswith('typedef'):
        return 'typedef', name
    if function:
        return 'inline' if body else 'function', name
    return 'variable', name


def macros(text):
    """Spans of #define lines that are not include guards."""
    for found in re.finditer(rf'^#[ \t]*define[ \t]+({WORD})(?:[^\n]*\\\n)*[^\n]*$', text, re.M):
        if not found.group(1).endswith('_H'):
            line = found.group(0)
            comment = line.find('/*')
            yield found.start(), found.start() + len(line[:comment].rstrip() if comment >= 0 else line), found.group(1)


def read(path):
    text = house.read(path)
    plain = c_names.code(text)
    about = [words(found.group(0)) for found in COMMENT.finditer(text)]
    found = [(start, end, 'macro', name) for start, end, name in macros(text)]
    for start, end, head, body in c_names.declarations(plain):
        begun = re.match(r'(\s|\bIOMMU_(BEGIN|END)_DECLS\b)*', plain[start:end]).end()
        named = kind_of(head, body)
        if named:
            found.append((start + begun, end, *named))
    found.sort()
    sections = [(match.end(), match.group(1)) for match in SECTION.finditer(text)]
    items = []
    for (_, _, kind, name), (start, end, said, above, own) in zip(found, pieces(text, [row[:2] for row in found])):
        section = next((title for at, title in reversed(sections) if at <= start), '')
        item = Item(kind, name, path, text.count('\n', 0, start) + 1, text[start:end], said, above, own, section)
        if kind in ('struct', 'enum'):
            body = plain[plain.index('{', start):plain.rindex('}', start, end) + 1]
            members(text, plain.index('{', start), body, kind, item)
        items.append(item)
    return Header(path, about[1] if len(about) > 1 and about[0].startswith('SPDX') else '', items)


def headers():
    """Every public header that declares something of its own; an opaque struct counts where no header defines it."""
    found = [read(path) for path in house.sources(HEADERS, ends=('.h',)) if not path.name.endswith(NO_API)]
    defined = {item.name for header in found for item in header.items if item.kind == 'struct'}
    seen = set()
    for header in found:
        kept = []
        for item in header.items:
            inside = item.section.startswith('inside')
            if inside or item.kind == 'opaque' and (item.name in defined or item.name in seen):
                continue
            seen.add(item.name)
            kept.append(item)
        header.items = kept
    return found
