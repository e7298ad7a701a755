/* SPDX-License-Identifier: MIT */
/*
 * text.c - words on the firmware's console, and as much of a C library as the inspect sources want that are linked in:
 * of printf the conversions s, u, d, x, c, with width, precision, 0, -, l, ll.
 */
#include <efi.h>
#include <efilib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "uefi.h"

#define COLUMNS 78u /* a console has 80 */
#define INDENT  6u  /* of what does not fit */

/* ---- formatting ------------------------------------------------------------------------------------------- */

struct output {
    char *text;
    size_t room, length; /* length may exceed the room: as snprintf counts */
};

struct conversion {
    bool zero, left;
    unsigned width, precision, longs;
};

static void put(struct output *output, char letter)
{
    if (output->length + 1 < output->room)
        output->text[output->length] = letter;
    output->length++;
}

static void put_padded(struct output *output, const struct conversion *c, const char *text, size_t length)
{
    size_t pad = c->width > length ? c->width - length : 0;

    for (size_t i = 0; i < pad && !c->left; i++)
        put(output, c->zero ? '0' : ' ');
    for (size_t i = 0; i < length; i++)
        put(output, text[i]);
    for (size_t i = 0; i < pad && c->left; i++)
        put(output, ' ');
}

static void put_number(struct output *output, const struct conversion *c, uint64_t value, unsigned base, bool minus)
{
    char digits[24], *first = digits + sizeof digits;

    do
        *--first = "0123456789abcdef"[value % base];
    while (value /= base);
    if (minus)
        *--first = '-';
    put_padded(output, c, first, (size_t)(digits + sizeof digits - first));
}

static const char *take_flags(const char *format, struct conversion *c)
{
    for (; *format == '0' || *format == '-'; format++)
        *(*format == '0' ? &c->zero : &c->left) = true;
    while (*format >= '0' && *format <= '9')
        c->width = c->width * 10 + (unsigned)(*format++ - '0');
    return format;
}

/* A list of arguments that functions can share. */
struct arguments {
    va_list list;
};

static const char *take_sizes(const char *format, struct conversion *c, struct arguments *arguments)
{
    c->precision = UINT32_MAX;
    if (*format == '.' && *++format == '*' && ++format)
        c->precision = (unsigned)va_arg(arguments->list, int);
    else if (format[-1] == '.')
        for (c->precision = 0; *format >= '0' && *format <= '9'; format++)
            c->precision = c->precision * 10 + (unsigned)(*format - '0');
    for (; *format == 'l'; format++)
        c->longs++;
    return format;
}

static void convert(struct output *output, const struct conversion *c, char what, struct arguments *arguments)
{
    char letter;

    if (what == 's') {
        const char *text = va_arg(arguments->list, const char *);

        put_padded(output, c, text, strnlen(text, c->precision));
    } else if (what == 'u' || what == 'x') {
        uint64_t value = c->longs ? va_arg(arguments->list, uint64_t) : va_arg(arguments->list, unsigned);

        put_number(output, c, value, what == 'u' ? 10 : 16, false);
    } else if (what == 'd') {
        int64_t value = c->longs ? va_arg(arguments->list, int64_t) : va_arg(arguments->list, int);

        put_number(output, c, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0);
    } else {
        letter = what;
        if (what == 'c')
            letter = (char)va_arg(arguments->list, int);
        put_padded(output, c, &letter, 1);
    }
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): in <stdio.h> and <string.h> they have underscores */
int vsnprintf(char *text, size_t bytes, const char *format, va_list list)
{
    struct output output = {text, bytes, 0};
    struct arguments arguments;

    va_copy(arguments.list, list);
    for (; *format; format++) {
        struct conversion c = {0};

        if (*format != '%') {
            put(&output, *format);
            continue;
        }
        format = take_sizes(take_flags(format + 1, &c), &c, &arguments);
        convert(&output, &c, *format, &arguments);
    }
    va_end(arguments.list);
    if (bytes)
        text[output.length < bytes ? output.length : bytes - 1] = '\0';
    return (int)output.length;
}

int snprintf(char *text, size_t bytes, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, bytes, format, arguments);
    va_end(arguments);
    return length;
}

/* ---- strings ---------------------------------------------------------------------------------------------- */

size_t strnlen(const char *text, size_t most)
{
    size_t length = 0;

    while (length < most && text[length])
        length++;
    return length;
}

size_t strlen(const char *text)
{
    return strnlen(text, SIZE_MAX);
}

int strcmp(const char *left, const char *right)
{
    while (*left && *left == *right)
        left++, right++;
    return (unsigned char)*left - (unsigned char)*right;
}

int memcmp(const void *left, const void *right, size_t bytes)
{
    const unsigned char *a = left, *b = right;

    for (; bytes; bytes--, a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}

/* String instructions, or the compiler would turn the loop into a call of the function that it stands in. */
void *memset(void *to, int value, size_t bytes)
{
    void *next = to;

    __asm__ volatile("rep stosb" : "+D"(next), "+c"(bytes) : "a"(value) : "memory");
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    void *next = to;

    __asm__ volatile("rep movsb" : "+D"(next), "+S"(from), "+c"(bytes) : : "memory");
    return to;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* ---- the console ------------------------------------------------------------------------------------------ */

static void show(const char *text, size_t length)
{
    CHAR16 line[COLUMNS + 3];
    size_t i;

    for (i = 0; i < length && i < COLUMNS; i++)
        line[i] = (CHAR16)(unsigned char)text[i];
    line[i] = '\r';
    line[i + 1] = '\n';
    line[i + 2] = 0;
    ST->ConOut->OutputString(ST->ConOut, line);
}

/* Where to cut so that the first part fits: at the last space, if there is one. */
static size_t cut(const char *text, size_t room)
{
    size_t length = strlen(text), at = room;

    if (length <= room)
        return length;
    while (at > 0 && text[at] != ' ')
        at--;
    return at ? at : room;
}

void say(const char *format, ...)
{
    char text[1024] = "", line[COLUMNS + 1];
    va_list arguments;
    size_t margin = 0, indent;
    const char *rest = text;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    while (text[margin] == ' ')
        margin++;
    for (indent = 0;; indent = margin + INDENT) {
        size_t length = cut(rest, COLUMNS - indent);

        memset(line, ' ', indent);
        memcpy(line + indent, rest, length);
        show(line, indent + length);
        rest += length;
        while (*rest == ' ')
            rest++;
        if (!*rest)
            return;
    }
}
