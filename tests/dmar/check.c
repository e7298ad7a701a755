/* SPDX-License-Identifier: MIT */
/*
 * The slow reading. It first lists all records, then decides about each by looking at the list. It
 * shares neither code nor constants with drivers/vtd/dmar.c, only the names of the warnings.
 */
#include "tests/dmar/check.h"

#include <stdlib.h>
#include <string.h>

#include "iommukit/dmar.h"

enum { UNIT, RESERVED, ATS, AFFINITY, NAMESPACE, ATC, PROPERTY, TYPES };

#define RECORDS 1024
#define NOTES   (1 << 17)

struct raw {
    size_t offset, length;
    uint64_t base, limit;
    unsigned type, flags, segment;
    bool sound; /* of a type we know, and long enough */
    bool kept;
};

struct note {
    unsigned warning;
    size_t offset;
};

struct notes {
    struct note *note;
    size_t count;
};

struct reading {
    const uint8_t *bytes;
    size_t size, length;
    struct raw *raw;
    size_t count;
    struct notes expected, given;
};

static void note(struct notes *notes, unsigned warning, size_t offset)
{
    if (notes->count == NOTES)
        abort(); /* no input of the tests is long enough for that */
    notes->note[notes->count++] = (struct note){warning, offset};
}

static uint64_t number(const struct reading *t, size_t offset, size_t size)
{
    uint64_t value = 0;

    while (size--)
        value = value << 8 | t->bytes[offset + size];
    return value;
}

static bool header_ok(const struct reading *t)
{
    unsigned sum = 0;

    if (t->size < 48 || memcmp(t->bytes, "DMAR", 4) != 0)
        return false;
    if (number(t, 4, 4) < 48 || number(t, 4, 4) > t->size)
        return false;
    for (size_t i = 0; i < number(t, 4, 4); i++)
        sum += t->bytes[i];
    return sum % 256 == 0;
}

/* ---- The list ---------------------------------------------------------------------------- */

static void list_fields(const struct reading *t, struct raw *r)
{
    static const size_t fixed[TYPES] = {16, 24, 8, 20, 9, 8, 8};

    r->sound = r->type < TYPES && r->length >= fixed[r->type];
    if (!r->sound)
        return;
    if (r->type == UNIT || r->type == ATS || r->type == ATC)
        r->flags = t->bytes[r->offset + 4];
    if (r->type != AFFINITY && r->type != NAMESPACE)
        r->segment = (unsigned)number(t, r->offset + 6, 2);
    if (r->type == UNIT || r->type == RESERVED || r->type == AFFINITY)
        r->base = number(t, r->offset + 8, 8);
    if (r->type == RESERVED)
        r->limit = number(t, r->offset + 16, 8);
}

static void list_records(struct reading *t)
{
    size_t at = 48;

    while (at < t->length) {
        size_t left = t->length - at;
        size_t length = left < 4 ? 0 : (size_t)number(t, at + 2, 2);
        struct raw *r = &t->raw[t->count];

        if (length < 4 || length > left) {
            note(&t->expected, IOMMU_DMAR_RECORD_TRUNCATED, at);
            break;
        }
        if (t->count == RECORDS) {
            note(&t->expected, IOMMU_DMAR_RECORDS_TOO_MANY, at);
            break;
        }
        *r = (struct raw){.offset = at, .length = length, .type = (unsigned)number(t, at, 2)};
        list_fields(t, r);
        t->count++;
        at += length;
    }
    t->length = at;
}

/* ---- Verdicts ---------------------------------------------------------------------------- */

static void judge_unit(struct reading *t, struct raw *r)
{
    uint64_t size = (uint64_t)4096 << (t->bytes[r->offset + 5] % 16);

    r->kept = false;
    if (r->base == 0 || r->base % 4096 != 0 || r->base + (size - 1) < r->base) {
        note(&t->expected, IOMMU_DMAR_UNIT_BAD_BASE, r->offset);
        return;
    }
    for (struct raw *o = t->raw; o < r; o++) {
        if (o->kept && o->type == UNIT && o->base == r->base) {
            note(&t->expected, IOMMU_DMAR_UNIT_DUPLICATE, r->offset);
            return;
        }
    }
    r->kept = true;
    for (struct raw *o = t->raw; o < r; o++) {
        if (!o->kept || o->type != UNIT || o->segment != r->segment || o->flags % 2 == 0)
            continue;
        if (r->flags % 2 != 0)
            note(&t->expected, IOMMU_DMAR_INCLUDE_ALL_TWICE, r->offset);
        r->flags -= r->flags % 2;
    }
}

/* After all units have been judged. */
static void judge_order(struct reading *t, const struct raw *r)
{
    for (struct raw *o = t->raw + t->count - 1; r->flags % 2 != 0 && o > r; o--) {
        if (o->kept && o->type == UNIT && o->segment == r->segment) {
            note(&t->expected, IOMMU_DMAR_INCLUDE_ALL_NOT_LAST, r->offset);
            return;
        }
    }
}

static void judge_region(struct reading *t, struct raw *r)
{
    r->kept = r->base <= r->limit;
    if (!r->kept) {
        note(&t->expected, IOMMU_DMAR_REGION_INVERTED, r->offset);
        return;
    }
    if (r->base % 4096 != 0 || r->limit % 4096 != 4095)
        note(&t->expected, IOMMU_DMAR_REGION_UNALIGNED, r->offset);
    for (struct raw *o = t->raw; o < r; o++) {
        if (o->kept && o->type == RESERVED && o->base / 4096 <= r->limit / 4096 &&
            r->base / 4096 <= o->limit / 4096) {
            note(&t->expected, IOMMU_DMAR_REGION_OVERLAP, r->offset);
            return;
        }
    }
}

static void judge_affinity(struct reading *t, struct raw *r)
{
    r->kept = false;
    for (size_t i = 0; i < t->count; i++)
        r->kept |= t->raw[i].kept && t->raw[i].type == UNIT && t->raw[i].base == r->base;
    if (!r->kept)
        note(&t->expected, IOMMU_DMAR_AFFINITY_UNKNOWN_UNIT, r->offset);
}

static void judge_name(struct reading *t, struct raw *r)
{
    r->kept = memchr(t->bytes + r->offset + 8, 0, r->length - 8) != NULL;
    if (!r->kept)
        note(&t->expected, IOMMU_DMAR_NAME_UNTERMINATED, r->offset);
}

static void judge(struct reading *t, struct raw *r)
{
    r->kept = r->sound;
    if (r->type >= TYPES)
        note(&t->expected, IOMMU_DMAR_RECORD_UNKNOWN, r->offset);
    else if (!r->sound)
        note(&t->expected, IOMMU_DMAR_RECORD_SHORT, r->offset);
    else if (r->type == RESERVED)
        judge_region(t, r);
    else if (r->type == AFFINITY)
        judge_affinity(t, r);
    else if (r->type == NAMESPACE)
        judge_name(t, r);
}

/* Units first: what the others mean depends on them. The number of units kept. */
static size_t judge_all(struct reading *t)
{
    size_t units = 0;

    for (struct raw *r = t->raw; r < t->raw + t->count; r++)
        if (r->type == UNIT && r->sound)
            judge_unit(t, r);
    for (struct raw *r = t->raw; r < t->raw + t->count; r++) {
        if (r->type != UNIT || !r->sound) {
            judge(t, r);
        } else if (r->kept) {
            judge_order(t, r);
            units++;
        }
    }
    return units;
}

/* ---- Comparison -------------------------------------------------------------------------- */

static void listen(void *ctx, enum iommu_dmar_warning warning, size_t offset)
{
    note(ctx, (unsigned)warning, offset);
}

static const char *compare_scope(const struct reading *t, const struct raw *r, size_t at,
                                 const struct iommu_dmar_scope *s)
{
    size_t length = t->bytes[at + 1];

    if (s->offset != at || s->length != length || (unsigned)s->type != t->bytes[at])
        return "scope: place, length or type";
    if (s->flags != (r->type == PROPERTY ? t->bytes[at + 2] : 0))
        return "scope: flags";
    if (s->enumeration_id != t->bytes[at + 4] || s->start_bus != t->bytes[at + 5])
        return "scope: id or bus";
    if (s->path != t->bytes + at + 6 || s->path_length != (length - 6) / 2 || s->path_length == 0)
        return "scope: path";
    return NULL;
}

static const char *compare_scopes(struct reading *t, const struct raw *r, size_t at,
                                  const struct iommu_dmar *dmar,
                                  const struct iommu_dmar_record *record)
{
    struct iommu_dmar_scope s = {0};
    size_t length;

    for (; at < r->offset + r->length; at += length) {
        size_t left = r->offset + r->length - at;
        const char *wrong;

        length = left < 8 ? 0 : t->bytes[at + 1];
        if (length < 8 || length % 2 != 0 || length > left) {
            note(&t->expected, IOMMU_DMAR_SCOPE_BAD_LENGTH, at);
            break;
        }
        if (t->bytes[at] < 1 || t->bytes[at] > 5) {
            note(&t->expected, IOMMU_DMAR_SCOPE_UNKNOWN, at);
            continue;
        }
        if (!dmar)
            continue;
        if (!iommu_dmar_next_scope(dmar, record, &s))
            return "a scope is missing";
        wrong = compare_scope(t, r, at, &s);
        if (wrong)
            return wrong;
    }
    return dmar && iommu_dmar_next_scope(dmar, record, &s) ? "a scope too many" : NULL;
}

static const char *compare_record(const struct reading *t, const struct raw *r,
                                  const struct iommu_dmar_record *record)
{
    static const size_t scopes[TYPES] = {16, 24, 8, 0, 0, 8, 8};
    const uint8_t *p = t->bytes + r->offset;

    if (record->offset != r->offset || record->length != r->length ||
        (unsigned)record->type != r->type)
        return "record: place, length or type";
    if (record->flags != r->flags || record->segment != r->segment)
        return "record: flags or segment";
    if (record->base != r->base || record->limit != r->limit)
        return "record: base or limit";
    if (record->size_lg2 != (r->type == UNIT ? p[5] & 15 : 0))
        return "record: size";
    if (record->proximity != (r->type == AFFINITY ? number(t, r->offset + 16, 4) : 0))
        return "record: proximity";
    if (record->device_number != (r->type == NAMESPACE ? p[7] : 0))
        return "record: device number";
    if (record->name != (r->type == NAMESPACE ? (const char *)p + 8 : NULL))
        return "record: name";
    if (record->scopes != (scopes[r->type] ? r->offset + scopes[r->type] : 0))
        return "record: scopes";
    return NULL;
}

/* dmar may be NULL: then only the expected warnings are noted. */
static const char *compare_records(struct reading *t, const struct iommu_dmar *dmar)
{
    static const size_t scopes[TYPES] = {16, 24, 8, 0, 0, 8, 8};
    struct iommu_dmar_record record = {0};

    for (struct raw *r = t->raw; r < t->raw + t->count; r++) {
        const char *wrong = NULL;

        if (!r->kept)
            continue;
        if (dmar && !iommu_dmar_next(dmar, &record))
            return "a record is missing";
        if (dmar)
            wrong = compare_record(t, r, &record);
        if (!wrong && scopes[r->type])
            wrong = compare_scopes(t, r, r->offset + scopes[r->type], dmar, &record);
        if (wrong)
            return wrong;
    }
    return dmar && iommu_dmar_next(dmar, &record) ? "a record too many" : NULL;
}

static int by_offset(const void *a, const void *b)
{
    const struct note *x = a, *y = b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x->warning > y->warning) - (x->warning < y->warning);
}

static const char *compare_notes(struct reading *t)
{
    struct notes *e = &t->expected, *g = &t->given;

    if (e->count != g->count)
        return e->count < g->count ? "a warning too many" : "a warning is missing";
    qsort(e->note, e->count, sizeof(*e->note), by_offset);
    qsort(g->note, g->count, sizeof(*g->note), by_offset);
    for (size_t i = 0; i < e->count; i++)
        if (by_offset(&e->note[i], &g->note[i]) != 0)
            return "another warning, or elsewhere";
    return NULL;
}

static const char *check(struct reading *t)
{
    struct iommu_dmar dmar = {NULL, 77, 78, 79};
    bool absent;
    const char *wrong;
    int result;

    result = iommu_dmar_open(t->bytes, t->size, &dmar, listen, &t->given);
    if (result != 0 &&
        (dmar.bytes || dmar.length != 77 || dmar.address_bits != 78 || dmar.flags != 79))
        return "a refused call changed something";
    if (!header_ok(t))
        return result == -IOMMU_EINVAL && t->given.count == 0 ? NULL : "not refused with -EINVAL";
    t->length = (size_t)number(t, 4, 4);
    if (t->bytes[36] > 63)
        note(&t->expected, IOMMU_DMAR_ADDRESS_BITS, 36);
    list_records(t);
    absent = judge_all(t) == 0 || t->bytes[36] < 11;
    if (result != (absent ? -IOMMU_ENODEV : 0))
        return absent ? "not refused with -ENODEV" : "refused";
    if (!absent && (dmar.bytes != t->bytes || dmar.length != t->length ||
                    dmar.address_bits != (t->bytes[36] > 63 ? 64 : t->bytes[36] + 1) ||
                    dmar.flags != t->bytes[37]))
        return "table: length, address bits or flags";
    wrong = compare_records(t, absent ? NULL : &dmar);
    return wrong ? wrong : compare_notes(t);
}

const char *dmar_check(const uint8_t *bytes, size_t size)
{
    /* Kept from call to call: the tests call this a million times. */
    static struct raw raw[RECORDS + 1];
    static struct note expected[NOTES], given[NOTES];
    struct reading t = {.bytes = bytes, .size = size, .raw = raw};

    t.expected.note = expected;
    t.given.note = given;
    return check(&t);
}
