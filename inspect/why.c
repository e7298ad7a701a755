/* SPDX-License-Identifier: MIT */
/* why.c - see why.h. */
#include "inspect/why.h"

#include <stdio.h>

int inspect_fail(struct inspect_why *why, int result, const char *format, ...)
{
    if (why != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(why->text, sizeof why->text, format, arguments);
        va_end(arguments);
    }
    return result;
}
