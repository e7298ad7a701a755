# SPDX-License-Identifier: MIT
"""The names that a C file declares at file scope, and renaming them. Enough C for this project's style, not more: what
it misses, a compiler says."""

import re

import house

WORD = r'[A-Za-z_]\w*'
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'' # what is no code
                   rf'|(?:\.|->)\s*{WORD}'                                          # a member
                   rf'|\b(?:struct|union|enum)\s+{WORD}'                            # a tag
                   rf'|{WORD}', re.S)
DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.M)
KEYWORDS = set('''auto break case char const continue default do double else enum extern float for goto if inline int
    long register return short signed sizeof static struct switch typedef union unsigned void volatile while _Alignas
    _Alignof _Atomic _Bool _Generic _Noreturn _Static_assert bool __attribute__ __asm__'''.split())


class Names:
    """What one text declares: `tags` of structs, unions and enums; `private` (static) and `public` names of functions,
    variables, types and enumeration constants; `functions`, those of them that are functions."""

    def __init__(self):
        self.tags, self.private, self.public, self.functions, self.macros = set(), set(), set(), set(), set()


def code(text):
    """The text without comments, the insides of strings and preprocessor lines; nothing moves."""
    text = house.without_comments(text, strings=True)
    return DIRECTIVE.sub(lambda found: re.sub(r'[^\n]', ' ', found.group(0)), text)


def declarations(text):
    """(start, end, head, body) of each declaration at file scope; head ends at the first brace, body is '' without
    one. `extern "C" {` does not occur: the headers have macros for it."""
    start = depth = 0
    opened = None
    for at, letter in enumerate(text):
        if letter == '{':
            opened = at if opened is None else opened
            depth += 1
        elif letter == '}':
            depth -= 1
        # A function ends with its brace; a struct, an enum or an initialiser with the semicolon behind it.
        if depth == 0 and (letter == ';' or letter == '}' and text[start:opened].rstrip().endswith(')')):
            head = text[start:at if opened is None else opened]
            yield start, at + 1, head, '' if opened is None else text[opened:at + 1]
            start, opened = at + 1, None


def first_block(body):
    """The length of the outermost braces that the text starts with."""
    depth = 0
    for at, letter in enumerate(body):
        depth += {'{': 1, '}': -1}.get(letter, 0)
        if depth == 0:
            return at + 1
    return len(body)


def declared(head):
    """The name that the head of a declaration declares, and whether it is a function's."""
    head = re.sub(r'\b_Alignas\s*\([^)]*\)|\b__attribute__\s*\(\(.*?\)\)', ' ', head).split('=')[0]
    pointer = re.search(rf'\(\s*\*\s*({WORD})', head)
    function = re.search(rf'({WORD})\s*\(', head)
    if pointer and (not function or function.start() >= pointer.start() or function.group(1) in KEYWORDS):
        return pointer.group(1), False
    if function:
        return function.group(1), True
    words = re.findall(WORD, re.sub(r'\[[^\]]*\]', ' ', head))
    return (words[-1] if words else None), False


def names(text):
    found = Names()
    found.macros = set(re.findall(rf'^[ \t]*#[ \t]*define[ \t]+({WORD})', house.without_comments(text), re.M))
    plain = code(text)
    for _, end, head, body in declarations(plain):
        kind = re.search(rf'\b(struct|union|enum)(?:\s+({WORD}))?\s*$', head)
        if body and kind:
            found.tags.update(filter(None, [kind.group(2)]))
            inside = first_block(body)
            if kind.group(1) == 'enum':
                found.public.update(re.findall(rf'[{{,]\s*({WORD})', body[:inside]))
            name, function = declared(body[inside:].rstrip(';')) # of a variable behind its type
        else:
            name, function = declared(head)
        if not name or name in KEYWORDS or head.strip().startswith('_Static_assert'):
            continue
        if re.fullmatch(rf'\s*(struct|union|enum)\s+{WORD}\s*', head):
            continue # a forward declaration
        (found.private if re.search(r'\bstatic\b', head) else found.public).add(name)
        if function:
            found.functions.add(name)
    return found


def rename(text, words, tags):
    """The text with the words and the tags replaced by what the two dictionaries say; members stay."""
    plain = code(text)
    bodies = [range(end - len(body), end - len(body) + first_block(body)) for _, end, head, body in declarations(plain)
              if body and re.search(rf'\b(struct|union)(\s+{WORD})?\s*$', head)]

    def replaced(match):
        token = match.group(0)
        tag = re.fullmatch(rf'(struct|union|enum)(\s+)({WORD})', token)
        if tag:
            return tag.group(1) + tag.group(2) + tags.get(tag.group(3), tag.group(3))
        if token in words and any(match.start() in body for body in bodies):
            if re.match(r'\s*[;,[:)]', plain[match.end():]):
                return token # a member, where it is declared
        return words.get(token, token)
    return TOKEN.sub(replaced, text)
