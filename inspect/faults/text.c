/* SPDX-License-Identifier: MIT */
/* text.c - see text.h. */
#include "inspect/faults/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "inspect/faults/faults.h"

const char *fault_after(const char *text, const char *marker)
{
    const char *found = strstr(text, marker);
    return found == NULL ? NULL : found + strlen(marker);
}

bool fault_has(const char *text, const char *marker)
{
    return strstr(text, marker) != NULL;
}

void fault_blanks(const char **at)
{
    *at += strspn(*at, " \t");
}

static int digit(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    letter = (char)tolower((unsigned char)letter);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* Messages without a newline are followed by the next one's first word, and some of these begin with digits. */
static bool glued(const char *at)
{
    return strncmp(at, "DMAR:", 5) == 0 || strncmp(at, "arm-smmu", 8) == 0;
}

bool fault_hex_digits(const char **at, unsigned digits, uint64_t *value)
{
    const char *text = *at;
    uint64_t number = 0;
    unsigned count = 0;

    fault_blanks(&text);
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    for (; count < digits && digit(*text) >= 0 && !glued(text); count++, text++)
        number = number << 4 | (unsigned)digit(*text);
    if (count == 0)
        return false;
    *at = text;
    *value = number;
    return true;
}

bool fault_hex(const char **at, uint64_t *value)
{
    const char *text = *at;
    if (!fault_hex_digits(&text, 16, value) || (isalnum((unsigned char)*text) && !glued(text)))
        return false;
    *at = text;
    return true;
}

bool fault_number(const char **at, uint64_t *value)
{
    const char *text = *at;
    uint64_t number = 0;

    fault_blanks(&text);
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return fault_hex(at, value);
    if (!isdigit((unsigned char)*text))
        return false;
    for (; isdigit((unsigned char)*text); text++) {
        if (number > (UINT64_MAX - 9) / 10)
            return false;
        number = number * 10 + (unsigned)(*text - '0');
    }
    *at = text;
    *value = number;
    return true;
}

static bool word_letter(char letter)
{
    return isalnum((unsigned char)letter) || letter == '_';
}

/* The next place where `name` stands as a word: what follows it, or NULL. *from moves behind it. */
static const char *next_value(const char **from, const char *name, const char *text)
{
    size_t length = strlen(name);

    for (const char *found = strstr(*from, name); found != NULL; found = strstr(found + 1, name)) {
        const char *at = found + length;
        if ((found > text && word_letter(found[-1])) || word_letter(*at))
            continue;
        *from = at;
        fault_blanks(&at);
        if (*at == '=' || *at == ':')
            at++;
        fault_blanks(&at);
        return at;
    }
    return NULL;
}

const char *fault_value(const char *text, const char *name)
{
    const char *from = text;
    return next_value(&from, name, text);
}

/* The word may stand in prose as well ("unassigned sid"): the first one with a number counts. */
bool fault_field(const char *text, const char *name, uint64_t *value)
{
    const char *from = text, *at;

    while ((at = next_value(&from, name, text)) != NULL)
        if (fault_hex(&at, value))
            return true;
    return false;
}

/* One part of a PCI address: a few hexadecimal digits and what separates it from the next. */
static bool part(const char **at, unsigned digits, char separator, uint64_t *value)
{
    const char *text = *at;
    if (*text == ' ' || *text == '\t' || !fault_hex_digits(&text, digits, value) || *text != separator)
        return false;
    *at = text + 1;
    return true;
}

bool fault_bdf(const char **at, char to[FAULT_BDF])
{
    const char *text = *at, *behind;
    uint64_t segment = 0, bus, device, function;
    bool has_segment = false;

    fault_blanks(&text);
    text += strspn(text, "[");
    behind = text;
    if (part(&behind, 8, ':', &segment) && part(&behind, 2, ':', &bus)) {
        has_segment = true;
        text += (size_t)(strchr(text, ':') - text) + 1;
    }
    if (!part(&text, 2, ':', &bus) || !part(&text, 2, '.', &device) || device > 0x1f ||
        !fault_hex_digits(&text, 1, &function) || function > 7 || digit(*text) >= 0)
        return false;
    if (has_segment)
        snprintf(to, FAULT_BDF, "%04x:%02x:%02x.%x", (unsigned)segment, (unsigned)bus, (unsigned)device,
                 (unsigned)function);
    else
        snprintf(to, FAULT_BDF, "%02x:%02x.%x", (unsigned)bus, (unsigned)device, (unsigned)function);
    *at = text;
    return true;
}

bool fault_bdf_before(const char *text, const char *end, char to[FAULT_BDF])
{
    while (end > text && (end[-1] == ' ' || end[-1] == ':'))
        end--;
    const char *from = end;
    while (from > text && (isxdigit((unsigned char)from[-1]) || from[-1] == ':' || from[-1] == '.'))
        from--;
    const char *at = from;
    return from < end && fault_bdf(&at, to) && at == end;
}

void fault_bdf_from_rid(unsigned rid, char to[FAULT_BDF])
{
    snprintf(to, FAULT_BDF, "%02x:%02x.%x", rid >> 8 & 0xff, rid >> 3 & 0x1f, rid & 7);
}

bool fault_is_bdf(const char *device)
{
    char ignored[FAULT_BDF];
    return fault_bdf(&device, ignored) && *device == '\0';
}

bool fault_word(const char **at, const char *stops, char *to, size_t size)
{
    size_t length = 0;

    fault_blanks(at);
    for (; **at != '\0' && !isspace((unsigned char)**at) && strchr(stops, **at) == NULL; ++*at)
        if (length + 1 < size)
            to[length++] = **at;
    to[length] = '\0';
    return length > 0;
}

/* The bytes of the UTF-8 character at `at`; 0: it is none. Overlong forms, surrogates and NUL are none. */
static size_t character(const unsigned char *at, size_t left)
{
    size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;

    if (length == 0 || length > left || at[0] == 0)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return length;
}

void fault_whole(char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        size_t length = character((const unsigned char *)text, left);
        if (length == 0) {
            *text = '\0'; /* cut in the middle of a character */
            return;
        }
        text += length;
        left -= length;
    }
}

/* Without terminal colours (ESC [ numbers letter), and "=3D0x", as mail has it, as "=0x". */
static void plain_text(const char *from, char *to)
{
    while (*from != '\0') {
        if (from[0] == '\033' && from[1] == '[') {
            from += 2;
            from += strspn(from, "0123456789;");
            from += isalpha((unsigned char)*from) != 0;
        } else if (strncmp(from, "=3D0x", 5) == 0) {
            *to++ = '=';
            from += 3;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

bool fault_clean(const char *bytes, size_t count, char *line, char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    char *to = line;
    size_t i = 0;

    if (count > 0 && bytes[count - 1] == '\r')
        count--;
    while (i < count) {
        size_t length = character((const unsigned char *)bytes + i, count - i);
        const char *from = length > 0 ? bytes + i : replacement;
        size_t copied = length > 0 ? length : 3;
        if ((size_t)(to - line) + copied > INSPECT_FAULT_LINE)
            break;
        memcpy(to, from, copied);
        to += copied;
        i += length > 0 ? length : 1;
    }
    *to = '\0';
    plain_text(line, text);
    return i == count;
}
