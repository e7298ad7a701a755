/* SPDX-License-Identifier: MIT */
/* registers_parse.h - what the readers of register files share; for registers*.c only. */
#ifndef INSPECT_REGISTERS_PARSE_H
#define INSPECT_REGISTERS_PARSE_H

#include "inspect/registers.h"

/* ---- registers.c ---- */

/* Byte offset of the register in its block. */
unsigned register_offset(enum inspect_register reg);
/* A whole number, decimal or 0x hexadecimal. False: it is not one, or above max. */
bool register_number(const char *text, uint64_t max, uint64_t *value);
/* "CAP", "cap_reg", "FRCD0_LO", "FRCD3": it names a register or fault record that there may be. */
bool register_known(const char *name);
bool register_is_record(const char *name);
/* Says where the unit is: "BASE", "SEGMENT". */
bool register_is_place(const char *name);
int register_set_place(struct inspect_unit *unit, const char *name, const char *value, struct inspect_why *why);

/* One more unit, zeroed; NULL with the reason in *why: no memory, too many. */
struct inspect_unit *register_unit_add(struct inspect_registers *registers, int *result, struct inspect_why *why);
/* Does it say anything at all? */
bool register_unit_empty(const struct inspect_unit *unit);

/* ---- registers_json.c, registers_text.c ---- */

int registers_parse_json(const char *text, size_t bytes, struct inspect_registers *registers, struct inspect_why *why);
int registers_parse_text(const char *text, size_t bytes, struct inspect_registers *registers, struct inspect_why *why);

#endif
