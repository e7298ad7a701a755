/* SPDX-License-Identifier: MIT */
/*
 * text.h - looking into a log line: markers, numbers, PCI addresses, words. Internal to inspect/faults.
 *
 * Lines are found by what the driver says, wherever it stands: what precedes it (timestamps, priorities, host names,
 * quotation marks) differs from log to log. Functions that read something advance *at past it, or leave it.
 */
#ifndef INSPECT_FAULTS_TEXT_H
#define INSPECT_FAULTS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The text behind the first `marker`, or NULL. */
const char *fault_after(const char *text, const char *marker);
bool fault_has(const char *text, const char *marker);
void fault_blanks(const char **at);

/* A hexadecimal number with or without 0x, after blanks. Stops in front of a message that was glued to it. */
bool fault_hex(const char **at, uint64_t *value);
/* The same, of at most `digits` digits. */
bool fault_hex_digits(const char **at, unsigned digits, uint64_t *value);
/* Decimal; with 0x in front, hexadecimal. */
bool fault_number(const char **at, uint64_t *value);

/* The number after "NAME=", "NAME = ", "NAME: " or "NAME ", hexadecimal. NAME must be a whole word. */
bool fault_field(const char *text, const char *name, uint64_t *value);
/* What follows "NAME=" and so on, or NULL. */
const char *fault_value(const char *text, const char *name);

/* "[ssss:]bb:dd.f" with or without 0x and leading zeros; to: as inspect_fault's device. */
#define FAULT_BDF 24
bool fault_bdf(const char **at, char to[FAULT_BDF]);
/* The PCI address that ends right before `end`, a blank before it. */
bool fault_bdf_before(const char *text, const char *end, char to[FAULT_BDF]);
void fault_bdf_from_rid(unsigned rid, char to[FAULT_BDF]);
bool fault_is_bdf(const char *device);

/* A word up to a blank or one of `stops`, cut to size. False: it is empty. */
bool fault_word(const char **at, const char *stops, char *to, size_t size);

/*
 * A line as it came, into `line` (UTF-8; invalid bytes and NULs replaced) and `text` (the same without terminal
 * colours and mail's =3D), both INSPECT_FAULT_LINE + 4 bytes. False: it was longer and was cut.
 */
bool fault_clean(const char *bytes, size_t count, char *line, char *text);

/* Ends the text before a character that was cut off when it did not fit. */
void fault_whole(char *text);

#endif
