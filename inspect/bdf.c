/* SPDX-License-Identifier: MIT */
/* bdf.c - see bdf.h. */
#include "inspect/bdf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads `digits` hexadecimal digits at most, at least one; the character after them, or NULL. */
static const char *hex(const char *text, unsigned digits, unsigned long max, unsigned *value)
{
    char copy[8];
    unsigned n = 0;
    while (n < digits && isxdigit((unsigned char)text[n])) {
        copy[n] = text[n];
        n++;
    }
    copy[n] = '\0';
    unsigned long number = strtoul(copy, NULL, 16);
    if (n == 0 || number > max)
        return NULL;
    *value = (unsigned)number;
    return text + n;
}

bool inspect_bdf_parse(const char *text, struct inspect_bdf *bdf)
{
    unsigned segment = 0, bus, device, function;
    if (strchr(text, ':') != strrchr(text, ':')) {
        text = hex(text, 4, 0xffff, &segment);
        if (text == NULL || *text++ != ':')
            return false;
    }
    text = hex(text, 2, 0xff, &bus);
    if (text == NULL || *text++ != ':')
        return false;
    text = hex(text, 2, 0x1f, &device);
    if (text == NULL || *text++ != '.')
        return false;
    text = hex(text, 1, 7, &function);
    if (text == NULL || *text != '\0')
        return false;
    *bdf = (struct inspect_bdf){(uint16_t)segment, (uint16_t)(bus << 8 | device << 3 | function)};
    return true;
}

const char *inspect_bdf_print(struct inspect_bdf bdf, char text[INSPECT_BDF_TEXT])
{
    unsigned bus = bdf.rid >> 8, device = bdf.rid >> 3 & 0x1fu, function = bdf.rid & 7u;
    if (bdf.segment == 0)
        snprintf(text, INSPECT_BDF_TEXT, "%02x:%02x.%u", bus, device, function);
    else
        snprintf(text, INSPECT_BDF_TEXT, "%04x:%02x:%02x.%u", bdf.segment, bus, device, function);
    return text;
}
