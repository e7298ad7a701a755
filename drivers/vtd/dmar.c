/* SPDX-License-Identifier: MIT */
/*
 * The ACPI DMAR table, read in place. Topic in the architecture: "BIOS considerations - DMA
 * remapping reporting structure". No locks: nothing is written but what the caller passes in.
 *
 * Firmware wrote these bytes, so nothing in them is believed. Numbers are put together byte by
 * byte, each length is compared with what is left, and every loop moves on by at least a header.
 * What a record means can depend on others (is the base a repetition, has the segment its
 * catch-all already?); with nowhere to keep notes, those questions are answered by reading the
 * others again. MAX_RECORDS bounds that work.
 */
#include "iommukit/dmar.h"

#include "spec/dmar.h"

/* The largest machines have some hundreds; the worst rereading grows with the third power. */
#define MAX_RECORDS 1024u

#define PAGE_OFFSET 0xfffu

struct listener {
    iommu_dmar_warning_fn warn; /* may be NULL */
    void *ctx;
};

static const struct listener nobody = {NULL, NULL};

static void tell(const struct listener *listener, enum iommu_dmar_warning warning, size_t offset)
{
    if (listener->warn)
        listener->warn(listener->ctx, warning, offset);
}

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* ---- Records as they lie there ----------------------------------------------------------- */

enum step {
    STEP_END,    /* nothing left */
    STEP_SOUND,  /* moved to something whose length can be believed */
    STEP_BROKEN, /* something is left, but its length cannot be: only offset was set */
};

/* Only offset, length and type are set; the type may be one that the header does not name. */
static enum step record_step(const struct iommu_dmar *dmar, struct iommu_dmar_record *r)
{
    size_t offset = r->offset ? r->offset + r->length : SPEC_DMAR_STRUCTURES;
    size_t length;

    if (offset >= dmar->length)
        return STEP_END;
    __builtin_memset(r, 0, sizeof(*r));
    r->offset = offset;
    if (dmar->length - offset < SPEC_DMAR_HEADER_BYTES)
        return STEP_BROKEN;
    length = get16(dmar->bytes + offset + SPEC_DMAR_LENGTH);
    if (length < SPEC_DMAR_HEADER_BYTES || length > dmar->length - offset)
        return STEP_BROKEN;
    r->length = length;
    r->type = (enum iommu_dmar_type)get16(dmar->bytes + offset + SPEC_DMAR_TYPE);
    return STEP_SOUND;
}

/* The length of a type's fixed part; 0: no such type. */
static size_t fixed_bytes(enum iommu_dmar_type type)
{
    static const uint8_t bytes[] = {
        [IOMMU_DMAR_UNIT] = SPEC_DMAR_DRHD_BYTES,      [IOMMU_DMAR_RESERVED] = SPEC_DMAR_RMRR_BYTES,
        [IOMMU_DMAR_ATS] = SPEC_DMAR_ATSR_BYTES,       [IOMMU_DMAR_AFFINITY] = SPEC_DMAR_RHSA_BYTES,
        [IOMMU_DMAR_NAMESPACE] = SPEC_DMAR_ANDD_BYTES, [IOMMU_DMAR_ATC] = SPEC_DMAR_SATC_BYTES,
        [IOMMU_DMAR_PROPERTY] = SPEC_DMAR_SIDP_BYTES,
    };

    return (unsigned)type < sizeof(bytes) ? bytes[type] : 0;
}

static void decode_unit(const uint8_t *p, struct iommu_dmar_record *r)
{
    r->flags = p[SPEC_DMAR_DRHD_FLAGS];
    r->size_lg2 = (uint8_t)SPEC_GET(SPEC_DMAR_DRHD_SIZE_N, p[SPEC_DMAR_DRHD_SIZE]);
    r->segment = get16(p + SPEC_DMAR_DRHD_SEGMENT);
    r->base = get64(p + SPEC_DMAR_DRHD_BASE);
    r->scopes = r->offset + SPEC_DMAR_DRHD_BYTES;
}

static void decode_reserved(const uint8_t *p, struct iommu_dmar_record *r)
{
    r->segment = get16(p + SPEC_DMAR_RMRR_SEGMENT);
    r->base = get64(p + SPEC_DMAR_RMRR_BASE);
    r->limit = get64(p + SPEC_DMAR_RMRR_LIMIT);
    r->scopes = r->offset + SPEC_DMAR_RMRR_BYTES;
}

/* Fill in the rest of a record that is as long as its fixed part. */
static void decode(const struct iommu_dmar *dmar, struct iommu_dmar_record *r)
{
    const uint8_t *p = dmar->bytes + r->offset;

    switch (r->type) {
    case IOMMU_DMAR_UNIT:
        decode_unit(p, r);
        break;
    case IOMMU_DMAR_RESERVED:
        decode_reserved(p, r);
        break;
    case IOMMU_DMAR_ATS:
        r->flags = p[SPEC_DMAR_ATSR_FLAGS];
        r->segment = get16(p + SPEC_DMAR_ATSR_SEGMENT);
        r->scopes = r->offset + SPEC_DMAR_ATSR_BYTES;
        break;
    case IOMMU_DMAR_AFFINITY:
        r->base = get64(p + SPEC_DMAR_RHSA_BASE);
        r->proximity = get32(p + SPEC_DMAR_RHSA_PROXIMITY);
        break;
    case IOMMU_DMAR_NAMESPACE:
        r->device_number = p[SPEC_DMAR_ANDD_NUMBER];
        r->name = (const char *)p + SPEC_DMAR_ANDD_NAME;
        break;
    case IOMMU_DMAR_ATC:
        r->flags = p[SPEC_DMAR_SATC_FLAGS];
        r->segment = get16(p + SPEC_DMAR_SATC_SEGMENT);
        r->scopes = r->offset + SPEC_DMAR_SATC_BYTES;
        break;
    case IOMMU_DMAR_PROPERTY:
        r->segment = get16(p + SPEC_DMAR_SIDP_SEGMENT);
        r->scopes = r->offset + SPEC_DMAR_SIDP_BYTES;
        break;
    }
}

/* The next record of this type that has its fixed part, whatever that says. */
static bool next_of_type(const struct iommu_dmar *dmar, enum iommu_dmar_type type,
                         struct iommu_dmar_record *r)
{
    while (record_step(dmar, r) == STEP_SOUND) {
        if (r->type == type && r->length >= fixed_bytes(type)) {
            decode(dmar, r);
            return true;
        }
    }
    return false;
}

/* ---- Units ------------------------------------------------------------------------------- */

/* Page aligned, and the register block ends before the address space does. */
static bool unit_base_ok(const struct iommu_dmar_record *unit)
{
    uint64_t last = ((uint64_t)(PAGE_OFFSET + 1) << unit->size_lg2) - 1;

    return unit->base != 0 && (unit->base & PAGE_OFFSET) == 0 && unit->base <= UINT64_MAX - last;
}

/* The first unit of a base that is ok is always kept, so no earlier one's own case matters. */
static bool unit_is_duplicate(const struct iommu_dmar *dmar, const struct iommu_dmar_record *unit)
{
    struct iommu_dmar_record earlier = {0};

    while (next_of_type(dmar, IOMMU_DMAR_UNIT, &earlier) && earlier.offset < unit->offset)
        if (earlier.base == unit->base && unit_base_ok(&earlier))
            return true;
    return false;
}

static bool unit_is_kept(const struct iommu_dmar *dmar, const struct iommu_dmar_record *unit)
{
    return unit_base_ok(unit) && !unit_is_duplicate(dmar, unit);
}

static bool includes_all(const struct iommu_dmar_record *unit)
{
    return (unit->flags & SPEC_DMAR_DRHD_F_INCLUDE_PCI_ALL) != 0;
}

/* Has an earlier unit claimed the rest of this one's segment? */
static bool segment_is_claimed(const struct iommu_dmar *dmar, const struct iommu_dmar_record *unit)
{
    struct iommu_dmar_record earlier = {0};

    while (next_of_type(dmar, IOMMU_DMAR_UNIT, &earlier) && earlier.offset < unit->offset)
        if (earlier.segment == unit->segment && includes_all(&earlier) &&
            unit_is_kept(dmar, &earlier))
            return true;
    return false;
}

static bool segment_goes_on(const struct iommu_dmar *dmar, const struct iommu_dmar_record *unit)
{
    struct iommu_dmar_record later = *unit;

    while (next_of_type(dmar, IOMMU_DMAR_UNIT, &later))
        if (later.segment == unit->segment && unit_is_kept(dmar, &later))
            return true;
    return false;
}

static bool treat_unit(const struct iommu_dmar *dmar, struct iommu_dmar_record *r,
                       const struct listener *listener)
{
    if (!unit_base_ok(r)) {
        tell(listener, IOMMU_DMAR_UNIT_BAD_BASE, r->offset);
        return false;
    }
    if (unit_is_duplicate(dmar, r)) {
        tell(listener, IOMMU_DMAR_UNIT_DUPLICATE, r->offset);
        return false;
    }
    if (includes_all(r) && segment_is_claimed(dmar, r)) {
        tell(listener, IOMMU_DMAR_INCLUDE_ALL_TWICE, r->offset);
        r->flags = (uint8_t)(r->flags & ~SPEC_DMAR_DRHD_F_INCLUDE_PCI_ALL);
    }
    if (listener->warn && includes_all(r) && segment_goes_on(dmar, r))
        tell(listener, IOMMU_DMAR_INCLUDE_ALL_NOT_LAST, r->offset);
    return true;
}

/* ---- The other records ------------------------------------------------------------------- */

/* Overlap counts in whole pages, for that is what will be mapped. */
static bool region_overlaps(const struct iommu_dmar *dmar, const struct iommu_dmar_record *region)
{
    struct iommu_dmar_record earlier = {0};

    while (next_of_type(dmar, IOMMU_DMAR_RESERVED, &earlier) && earlier.offset < region->offset)
        if (earlier.limit >= earlier.base && (earlier.limit | PAGE_OFFSET) >= region->base &&
            (region->limit | PAGE_OFFSET) >= earlier.base)
            return true;
    return false;
}

static bool treat_reserved(const struct iommu_dmar *dmar, const struct iommu_dmar_record *r,
                           const struct listener *listener)
{
    if (r->limit < r->base) {
        tell(listener, IOMMU_DMAR_REGION_INVERTED, r->offset);
        return false;
    }
    if ((r->base & PAGE_OFFSET) != 0 || (r->limit & PAGE_OFFSET) != PAGE_OFFSET)
        tell(listener, IOMMU_DMAR_REGION_UNALIGNED, r->offset);
    if (listener->warn && region_overlaps(dmar, r))
        tell(listener, IOMMU_DMAR_REGION_OVERLAP, r->offset);
    return true;
}

/* In whatever order the table has them. */
static bool unit_exists(const struct iommu_dmar *dmar, uint64_t base)
{
    struct iommu_dmar_record unit = {0};

    while (next_of_type(dmar, IOMMU_DMAR_UNIT, &unit))
        if (unit.base == base && unit_base_ok(&unit))
            return true;
    return false;
}

static bool treat_affinity(const struct iommu_dmar *dmar, const struct iommu_dmar_record *r,
                           const struct listener *listener)
{
    if (unit_exists(dmar, r->base))
        return true;
    tell(listener, IOMMU_DMAR_AFFINITY_UNKNOWN_UNIT, r->offset);
    return false;
}

static bool treat_namespace(const struct iommu_dmar *dmar, const struct iommu_dmar_record *r,
                            const struct listener *listener)
{
    for (size_t i = SPEC_DMAR_ANDD_NAME; i < r->length; i++)
        if (dmar->bytes[r->offset + i] == 0)
            return true;
    tell(listener, IOMMU_DMAR_NAME_UNTERMINATED, r->offset);
    return false;
}

/* Complete a record that record_step found; false: not usable. */
static bool treat(const struct iommu_dmar *dmar, struct iommu_dmar_record *r,
                  const struct listener *listener)
{
    size_t fixed = fixed_bytes(r->type);

    if (fixed == 0 || r->length < fixed) {
        tell(listener, fixed ? IOMMU_DMAR_RECORD_SHORT : IOMMU_DMAR_RECORD_UNKNOWN, r->offset);
        return false;
    }
    decode(dmar, r);
    switch (r->type) {
    case IOMMU_DMAR_UNIT:
        return treat_unit(dmar, r, listener);
    case IOMMU_DMAR_RESERVED:
        return treat_reserved(dmar, r, listener);
    case IOMMU_DMAR_AFFINITY:
        return treat_affinity(dmar, r, listener);
    case IOMMU_DMAR_NAMESPACE:
        return treat_namespace(dmar, r, listener);
    case IOMMU_DMAR_ATS:
    case IOMMU_DMAR_ATC:
    case IOMMU_DMAR_PROPERTY:
        break;
    }
    return true;
}

bool iommu_dmar_next(const struct iommu_dmar *dmar, struct iommu_dmar_record *record)
{
    struct iommu_dmar_record r = *record;

    while (record_step(dmar, &r) == STEP_SOUND) {
        if (treat(dmar, &r, &nobody)) {
            *record = r;
            return true;
        }
    }
    return false;
}

/* ---- Scopes ------------------------------------------------------------------------------ */

static enum step scope_step(const struct iommu_dmar *dmar, const struct iommu_dmar_record *record,
                            struct iommu_dmar_scope *s)
{
    size_t offset = s->offset ? s->offset + s->length : record->scopes;
    size_t end = record->offset + record->length;
    const uint8_t *p;
    size_t length;

    if (record->scopes == 0 || end > dmar->length || offset >= end)
        return STEP_END;
    __builtin_memset(s, 0, sizeof(*s));
    s->offset = offset;
    if (end - offset < SPEC_DMAR_SCOPE_MIN_BYTES)
        return STEP_BROKEN;
    p = dmar->bytes + offset;
    length = p[SPEC_DMAR_SCOPE_LENGTH];
    if (length < SPEC_DMAR_SCOPE_MIN_BYTES || length % SPEC_DMAR_SCOPE_PATH_BYTES != 0 ||
        length > end - offset)
        return STEP_BROKEN;
    s->length = length;
    s->type = (enum iommu_dmar_scope_type)p[SPEC_DMAR_SCOPE_TYPE];
    s->flags = record->type == IOMMU_DMAR_PROPERTY ? p[SPEC_DMAR_SCOPE_FLAGS] : 0;
    s->enumeration_id = p[SPEC_DMAR_SCOPE_ENUM_ID];
    s->start_bus = p[SPEC_DMAR_SCOPE_BUS];
    s->path = p + SPEC_DMAR_SCOPE_PATH;
    s->path_length = (uint8_t)((length - SPEC_DMAR_SCOPE_BYTES) / SPEC_DMAR_SCOPE_PATH_BYTES);
    return STEP_SOUND;
}

static bool scope_type_known(const struct iommu_dmar_scope *s)
{
    return s->type >= IOMMU_DMAR_SCOPE_ENDPOINT && s->type <= IOMMU_DMAR_SCOPE_NAMESPACE;
}

bool iommu_dmar_next_scope(const struct iommu_dmar *dmar, const struct iommu_dmar_record *record,
                           struct iommu_dmar_scope *scope)
{
    struct iommu_dmar_scope s = *scope;

    while (scope_step(dmar, record, &s) == STEP_SOUND) {
        if (scope_type_known(&s)) {
            *scope = s;
            return true;
        }
    }
    return false;
}

static void check_scopes(const struct iommu_dmar *dmar, const struct iommu_dmar_record *record,
                         const struct listener *listener)
{
    struct iommu_dmar_scope s = {0};
    enum step step;

    while ((step = scope_step(dmar, record, &s)) == STEP_SOUND)
        if (!scope_type_known(&s))
            tell(listener, IOMMU_DMAR_SCOPE_UNKNOWN, s.offset);
    if (step == STEP_BROKEN)
        tell(listener, IOMMU_DMAR_SCOPE_BAD_LENGTH, s.offset);
}

/* ---- Opening ----------------------------------------------------------------------------- */

/* The table's stated length if header, signature, length and checksum hold; otherwise 0. */
static size_t sound_length(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;
    uint32_t length;

    if (!bytes || size < SPEC_DMAR_BYTES)
        return 0;
    if (__builtin_memcmp(bytes + SPEC_ACPI_SIGNATURE, SPEC_DMAR_SIGNATURE, 4) != 0)
        return 0;
    length = get32(bytes + SPEC_ACPI_LENGTH);
    if (length < SPEC_DMAR_BYTES || length > size)
        return 0;
    for (uint32_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0 ? length : 0;
}

static uint8_t address_bits(const uint8_t *bytes, const struct listener *listener)
{
    unsigned bits = bytes[SPEC_DMAR_HAW] + 1u;

    if (bits <= 64)
        return (uint8_t)bits;
    tell(listener, IOMMU_DMAR_ADDRESS_BITS, SPEC_DMAR_HAW);
    return 64;
}

/* Cut off what is behind the last record that can be reached: no walk has to find out again. */
static void trim(struct iommu_dmar *dmar, const struct listener *listener)
{
    struct iommu_dmar_record r = {0};
    unsigned count = 0;
    enum step step;

    while ((step = record_step(dmar, &r)) == STEP_SOUND && count < MAX_RECORDS)
        count++;
    if (step == STEP_END)
        return;
    tell(listener, step == STEP_BROKEN ? IOMMU_DMAR_RECORD_TRUNCATED : IOMMU_DMAR_RECORDS_TOO_MANY,
         r.offset);
    dmar->length = r.offset;
}

/* Tell about every record and scope; how many units can be used? */
static unsigned check_records(const struct iommu_dmar *dmar, const struct listener *listener)
{
    struct iommu_dmar_record r = {0};
    unsigned units = 0;

    while (record_step(dmar, &r) == STEP_SOUND) {
        if (!treat(dmar, &r, listener))
            continue;
        units += r.type == IOMMU_DMAR_UNIT;
        check_scopes(dmar, &r, listener);
    }
    return units;
}

int iommu_dmar_open(const void *bytes, size_t size, struct iommu_dmar *dmar,
                    iommu_dmar_warning_fn warn, void *ctx)
{
    const struct listener listener = {warn, ctx};
    struct iommu_dmar d = {.bytes = bytes, .length = sound_length(bytes, size)};

    if (d.length == 0)
        return -IOMMU_EINVAL;
    d.address_bits = address_bits(d.bytes, &listener);
    d.flags = d.bytes[SPEC_DMAR_FLAGS];
    trim(&d, &listener);
    if (check_records(&d, &listener) == 0 || d.address_bits <= SPEC_DMAR_HAW_MIN)
        return -IOMMU_ENODEV;
    *dmar = d;
    return 0;
}

/* ---- Words ------------------------------------------------------------------------------- */

const char *iommu_dmar_warning_text(enum iommu_dmar_warning warning)
{
    static const char *const text[IOMMU_DMAR_WARNING_COUNT] = {
        [IOMMU_DMAR_RECORD_TRUNCATED] = "impossible record length: the rest was not read",
        [IOMMU_DMAR_RECORD_SHORT] = "record shorter than its fixed part: dropped",
        [IOMMU_DMAR_RECORD_UNKNOWN] = "record of unknown type: skipped",
        [IOMMU_DMAR_RECORDS_TOO_MANY] = "more than 1024 records: the rest was not read",
        [IOMMU_DMAR_SCOPE_BAD_LENGTH] = "impossible scope length: rest of the record dropped",
        [IOMMU_DMAR_SCOPE_UNKNOWN] = "scope of unknown type: skipped",
        [IOMMU_DMAR_UNIT_BAD_BASE] = "unit without a usable register base: ignored",
        [IOMMU_DMAR_UNIT_DUPLICATE] = "unit with the register base of an earlier one: ignored",
        [IOMMU_DMAR_INCLUDE_ALL_NOT_LAST] = "INCLUDE_PCI_ALL unit not last in its segment: kept",
        [IOMMU_DMAR_INCLUDE_ALL_TWICE] = "second INCLUDE_PCI_ALL of its segment: flag ignored",
        [IOMMU_DMAR_REGION_UNALIGNED] = "reserved region not page aligned: whole pages count",
        [IOMMU_DMAR_REGION_INVERTED] = "reserved region ends before it begins: dropped",
        [IOMMU_DMAR_REGION_OVERLAP] = "reserved region overlaps an earlier one: kept",
        [IOMMU_DMAR_NAME_UNTERMINATED] = "namespace device without end of name: dropped",
        [IOMMU_DMAR_AFFINITY_UNKNOWN_UNIT] = "proximity of a unit that does not exist: dropped",
        [IOMMU_DMAR_ADDRESS_BITS] = "host address width above 64 bits: taken as 64",
    };

    return (unsigned)warning < IOMMU_DMAR_WARNING_COUNT ? text[warning] : "unknown warning";
}

const char *iommu_dmar_type_name(enum iommu_dmar_type type)
{
    static const char *const name[] = {"DRHD", "RMRR", "ATSR", "RHSA", "ANDD", "SATC", "SIDP"};

    return (unsigned)type < sizeof(name) / sizeof(name[0]) ? name[type] : "unknown";
}
