/* SPDX-License-Identifier: MIT */
/* why.h - the sentence that goes with a failure: what could not be read, and how to get it. */
#ifndef INSPECT_WHY_H
#define INSPECT_WHY_H

#include <stdarg.h>

struct inspect_why {
    char text[256];
};

/* Writes the sentence (why may be NULL) and returns `result`, a negative errno, for `return inspect_fail(...)`. */
int inspect_fail(struct inspect_why *why, int result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
