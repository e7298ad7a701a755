/* SPDX-License-Identifier: MIT */
/*
 * iommukit/dmar.h - reading the ACPI DMAR table: which units exist, whom they serve, what is reserved.
 *
 * The parser walks the caller's bytes; it allocates nothing, keeps nothing and trusts nothing. Each call is
 * bounded by the table's length, and no more than 1024 records are read. What can be survived is reported as a
 * warning and survived; the rest is an error. Layouts: the remapping architecture's chapter on BIOS
 * considerations. No state but the caller's, so that any number of threads may read one table in any context.
 */
#ifndef IOMMUKIT_DMAR_H
#define IOMMUKIT_DMAR_H

#include "iommukit/config.h"
#include "iommukit/error.h"

/* What can be wrong with a table and be survived. */
enum iommu_dmar_warning {
    IOMMU_DMAR_RECORD_TRUNCATED,    /* length 0, below the header, or past the table: parsing stopped there */
    IOMMU_DMAR_RECORD_SHORT,        /* shorter than its fixed part: dropped */
    IOMMU_DMAR_RECORD_UNKNOWN,      /* unknown type: skipped */
    IOMMU_DMAR_RECORDS_TOO_MANY,    /* the 1025th record: parsing stopped there */
    IOMMU_DMAR_SCOPE_BAD_LENGTH,    /* 0, odd, below 8 or past the record: rest of the record dropped */
    IOMMU_DMAR_SCOPE_UNKNOWN,       /* unknown scope type: skipped */
    IOMMU_DMAR_UNIT_BAD_BASE,       /* register base 0, unaligned or too near 2^64: unit ignored */
    IOMMU_DMAR_UNIT_DUPLICATE,      /* same base as an earlier unit: ignored with all its flags */
    IOMMU_DMAR_INCLUDE_ALL_NOT_LAST,/* INCLUDE_PCI_ALL unit before another of its segment: kept as fallback */
    IOMMU_DMAR_INCLUDE_ALL_TWICE,   /* second INCLUDE_PCI_ALL of a segment: the flag is ignored */
    IOMMU_DMAR_REGION_UNALIGNED,    /* reserved region not page aligned: delivered as it is, to be rounded
                                       outwards (base & ~4095, limit | 4095) */
    IOMMU_DMAR_REGION_INVERTED,     /* limit below base: dropped */
    IOMMU_DMAR_REGION_OVERLAP,      /* shares a page with an earlier reserved region: kept */
    IOMMU_DMAR_NAME_UNTERMINATED,   /* namespace device name without NUL: dropped */
    IOMMU_DMAR_AFFINITY_UNKNOWN_UNIT, /* proximity record for a base that no unit has: dropped */
    IOMMU_DMAR_ADDRESS_BITS,        /* host address width above 64 bits: taken as 64 */
    IOMMU_DMAR_WARNING_COUNT        /* number of the above */
};

/* Told of each warning. offset: of the record, scope or header field within the table. */
typedef void (*iommu_dmar_warning_fn)(void *ctx, enum iommu_dmar_warning warning, size_t offset);

/* A table that iommu_dmar_open() found sound. */
struct iommu_dmar {
    const uint8_t *bytes; /* the caller's; must stay while the table is read */
    size_t length;        /* bytes that are read: as the header states, or less where parsing stopped */
    uint8_t address_bits; /* host address width, 12 to 64 */
    uint8_t flags;        /* bit 0 interrupt remapping, 1 x2APIC opt out, 2 DMA control opt in */
};

/* Types of records, by their number in the table. */
enum iommu_dmar_type {
    IOMMU_DMAR_UNIT = 0,      /* DRHD */
    IOMMU_DMAR_RESERVED = 1,  /* RMRR */
    IOMMU_DMAR_ATS = 2,       /* ATSR */
    IOMMU_DMAR_AFFINITY = 3,  /* RHSA */
    IOMMU_DMAR_NAMESPACE = 4, /* ANDD */
    IOMMU_DMAR_ATC = 5,       /* SATC */
    IOMMU_DMAR_PROPERTY = 6,  /* SIDP */
};

/* One record, decoded; fields that its type does not have are 0. */
struct iommu_dmar_record {
    size_t offset;            /* in the table; 0 before the first */
    size_t length;            /* bytes, scopes included */
    enum iommu_dmar_type type;
    uint8_t flags;            /* UNIT bit 0 INCLUDE_PCI_ALL; ATS bit 0 ALL_PORTS; ATC bit 0 required */
    uint8_t size_lg2;         /* UNIT: register block is 4096 << size_lg2 bytes */
    uint16_t segment;         /* UNIT, RESERVED, ATS, ATC, PROPERTY: PCI segment */
    uint64_t base;            /* UNIT, AFFINITY: register base; RESERVED: first address as in the table */
    uint64_t limit;           /* RESERVED: last address, inclusive, as in the table */
    uint32_t proximity;       /* AFFINITY: the domain of the unit, as in the SRAT */
    uint8_t device_number;    /* NAMESPACE: ACPI device number that scopes refer to */
    const char *name;         /* NAMESPACE: NUL-terminated, inside the table */
    size_t scopes;            /* offset of the first scope; 0: this type has none */
};

/* What a scope names. */
enum iommu_dmar_scope_type {
    IOMMU_DMAR_SCOPE_ENDPOINT = 1, /* one PCI function */
    IOMMU_DMAR_SCOPE_BRIDGE = 2, /* with everything below it */
    IOMMU_DMAR_SCOPE_IOAPIC = 3, /* enumeration_id is the APIC id */
    IOMMU_DMAR_SCOPE_HPET = 4,   /* enumeration_id is the timer block's number */
    IOMMU_DMAR_SCOPE_NAMESPACE = 5, /* enumeration_id is a NAMESPACE record's device_number */
};

/* One scope of a record: a device, and the way to it. */
struct iommu_dmar_scope {
    size_t offset;            /* in the table; 0 before the first */
    size_t length;            /* bytes */
    enum iommu_dmar_scope_type type;
    uint8_t flags;            /* PROPERTY records only */
    uint8_t enumeration_id;   /* of an IOAPIC, HPET or NAMESPACE device */
    uint8_t start_bus;        /* the bus that the path begins on */
    uint8_t path_length;      /* pairs in path, at least 1 */
    const uint8_t *path;      /* device, function, device, function, ... inside the table */
};

IOMMU_BEGIN_DECLS

/*
 * Check header and checksum and find every malformation once; warn may be NULL. Afterwards the two walks below
 * deliver only what is usable.
 * -EINVAL: not a DMAR table, shorter than its header, bad checksum, longer than `size`; -ENODEV: a sound table
 * that describes no usable unit or an address width below 12 bits (warnings still tell why).
 */
int iommu_dmar_open(const void *bytes, size_t size, struct iommu_dmar *dmar, iommu_dmar_warning_fn warn,
                    void *ctx);

/* The next usable record; start with *record zeroed. False: no more, and *record is unchanged. */
bool iommu_dmar_next(const struct iommu_dmar *dmar, struct iommu_dmar_record *record);

/* The next scope of the record; start with *scope zeroed. False: no more, and *scope is unchanged. */
bool iommu_dmar_next_scope(const struct iommu_dmar *dmar, const struct iommu_dmar_record *record,
                           struct iommu_dmar_scope *scope);

/* Words for a warning and for a record type ("DRHD"); never NULL. */
const char *iommu_dmar_warning_text(enum iommu_dmar_warning warning);
const char *iommu_dmar_type_name(enum iommu_dmar_type type);

IOMMU_END_DECLS

#endif
