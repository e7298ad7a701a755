/* SPDX-License-Identifier: MIT */
/*
 * fields_table.h - the table behind fields.h; for fields*.c only.
 *
 * fields_table.c says which fields there are, fields_words.c what values mean, fields.c puts them together.
 */
#ifndef INSPECT_FIELDS_TABLE_H
#define INSPECT_FIELDS_TABLE_H

#include "inspect/fields.h"

/* What words may need besides the field's value. */
struct field_source {
    const struct inspect_unit *unit; /* NULL for a fault record */
    uint64_t low, high;              /* the whole register (high is 0), or the record */
};

typedef void field_words_fn(const struct field_source *source, uint64_t value, char *text, size_t bytes);

struct field_row {
    const char *name;
    uint64_t mask; /* one run of bits */
    const char *meaning;
    field_words_fn *words; /* NULL: yes or no for one bit, a number for more */
};

struct field_rows {
    const struct field_row *row;
    size_t count;
};

/* ---- fields_table.c ---- */

struct field_rows field_register_rows(enum inspect_register reg);
struct field_rows field_fault_rows(bool high);
/* Never NULL. A fault record has reg = INSPECT_REGISTER_COUNT. */
field_words_fn *field_words(enum inspect_register reg, const struct field_row *row);

/* ---- fields_words.c ---- */

field_words_fn words_flag, words_number, words_address, words_page_address, words_device;

/* CAP, ECAP */
field_words_fn words_domain_ids, words_widths, words_width, words_page_sizes, words_place, words_fault_count,
    words_page_mask, words_entry_mask, words_pasid_width;

/* RTADDR, CCMD, event messages */
field_words_fn words_table_mode, words_granularity, words_granularity_done, words_function_mask, words_delivery,
    words_destination, words_address_byte, words_apic_high;

/* Queues and tables of interrupts */
field_words_fn words_queue_slot, words_queue_width, words_queue_size, words_queue_error, words_error_device,
    words_interrupt_entries, words_request_slot, words_request_size;

/* Faults */
field_words_fn words_fault_index, words_fault_address, words_fault_type, words_fault_reason, words_fault_pasid,
    words_with_pasid, words_address_type;

#endif
