/* SPDX-License-Identifier: MIT */
/*
 * faults.h - fault lines of IOMMU drivers and hypervisors, and raw fault records, in words.
 *
 * A reader is fed a log, piece by piece, and tells each line in order: recognised, or unknown. A fault that takes
 * several lines is told once, complete. The log is not trusted: any bytes, lines of any length (longer ones are cut
 * at INSPECT_FAULT_LINE bytes), streams without an end; a reader's size is fixed.
 *
 * What is told: the vendor as "intel-vtd" ..., the kind as "dma-fault" ..., the device as the line spells it but with
 * two digits for bus and device ("00:02.0", "0000:01:00.0", "sid:0x877" where only a stream id is known).
 */
#ifndef INSPECT_FAULTS_FAULTS_H
#define INSPECT_FAULTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum inspect_fault_vendor {
    INSPECT_FAULT_VENDOR_NONE, /* an unknown line */
    INSPECT_FAULT_INTEL_VTD,
    INSPECT_FAULT_AMD_VI,
    INSPECT_FAULT_SMMUV3,
    INSPECT_FAULT_SMMUV2,
    INSPECT_FAULT_XEN_VTD,
    INSPECT_FAULT_XEN_AMD,
    INSPECT_FAULT_XEN_SMMUV2,
    INSPECT_FAULT_XEN_SMMUV3,
    INSPECT_FAULT_JAILHOUSE_VTD,
    INSPECT_FAULT_JAILHOUSE_AMD,
    INSPECT_FAULT_FREEBSD_VTD,
    INSPECT_FAULT_QEMU_VTD,
    INSPECT_FAULT_APPLE_DART,
    INSPECT_FAULT_EXYNOS,
    INSPECT_FAULT_MEDIATEK,
    INSPECT_FAULT_RISCV,
    INSPECT_FAULT_ROCKCHIP,
    INSPECT_FAULT_TEGRA,
    INSPECT_FAULT_VIRTIO,
    INSPECT_FAULT_VENDOR_COUNT
};

enum inspect_fault_kind {
    INSPECT_FAULT_UNKNOWN,
    INSPECT_FAULT_DMA,             /* a memory access was refused */
    INSPECT_FAULT_INTERRUPT,       /* an interrupt request was refused */
    INSPECT_FAULT_CONFIG,          /* the device's configuration is missing or broken */
    INSPECT_FAULT_INVALID_REQUEST, /* a request of a kind that the device may not make */
    INSPECT_FAULT_PAGE_REQUEST,    /* a device's page request was refused */
    INSPECT_FAULT_HARDWARE,        /* the unit could not read its own tables */
    INSPECT_FAULT_COMMAND,         /* the unit refused a command */
    INSPECT_FAULT_COMMAND_TIMEOUT,
    INSPECT_FAULT_INVALIDATION_TIMEOUT, /* a device did not answer an invalidation */
    INSPECT_FAULT_INVALIDATION_COMPLETION,
    INSPECT_FAULT_INVALIDATION_QUEUE,
    INSPECT_FAULT_STATUS, /* the status register that announces faults */
    INSPECT_FAULT_QUEUE_DUMP,
    INSPECT_FAULT_TABLE_DUMP,
    INSPECT_FAULT_OVERFLOW, /* events were lost */
    INSPECT_FAULT_GLOBAL_FAULT,
    INSPECT_FAULT_GLOBAL_ERROR,
    INSPECT_FAULT_SUPPRESSED, /* a rate limiter's notice */
    INSPECT_FAULT_DETAIL,     /* a part of a fault whose beginning was not seen */
    INSPECT_FAULT_KIND_COUNT
};

enum inspect_fault_access { INSPECT_ACCESS_UNKNOWN, INSPECT_ACCESS_READ, INSPECT_ACCESS_WRITE, INSPECT_ACCESS_EXECUTE };

#define INSPECT_FAULT_LINE      2048u /* of a longer line, the rest is dropped */
#define INSPECT_FAULT_FOLLOWING 15u   /* further lines of one fault */

struct inspect_fault {
    enum inspect_fault_vendor vendor;
    enum inspect_fault_kind kind;
    enum inspect_fault_access access;
    bool has_address, has_pasid;
    uint64_t address;
    uint32_t pasid;
    char device[64];   /* empty: not in the line */
    char code[40];     /* empty: none */
    char meaning[400]; /* a sentence; empty for unknown lines */
    char advice[400];  /* what to look at and try; empty for unknown lines */
    const char *line;  /* valid UTF-8: other bytes and NULs are U+FFFD; empty for raw records */
    bool truncated;    /* `line` or one of `following` was longer */
    unsigned following_count;
    const char *following[INSPECT_FAULT_FOLLOWING];
};

/* "intel-vtd" (NULL for INSPECT_FAULT_VENDOR_NONE), "dma-fault", "read". */
const char *inspect_fault_vendor_name(enum inspect_fault_vendor vendor);
const char *inspect_fault_kind_name(enum inspect_fault_kind kind);
const char *inspect_fault_access_name(enum inspect_fault_access access);

/* The fault and what it points to are valid during the call only. */
typedef void (*inspect_fault_tell)(void *ctx, const struct inspect_fault *fault);

struct inspect_fault_reader;

/* NULL: no memory. */
struct inspect_fault_reader *inspect_fault_reader_new(inspect_fault_tell tell, void *ctx);
/* The next bytes of the log, cut anywhere. */
void inspect_fault_reader_bytes(struct inspect_fault_reader *reader, const char *bytes, size_t count);
/* The next line, without its newline. */
void inspect_fault_reader_line(struct inspect_fault_reader *reader, const char *line, size_t bytes);
/* Tells what waits for lines that may still come. For a pause of the log; an unfinished line is kept. */
void inspect_fault_reader_pause(struct inspect_fault_reader *reader);
/* The end of the log: tells everything that is left. */
void inspect_fault_reader_end(struct inspect_fault_reader *reader);
void inspect_fault_reader_free(struct inspect_fault_reader *reader);

/*
 * A raw record: VT-d, 2 words (low, high); AMD-Vi, 2 words of an event log entry; SMMUv3, 4 words of an event. `line`
 * and `following` stay empty. False: not such a vendor, or not that many words.
 */
bool inspect_fault_record(enum inspect_fault_vendor vendor, const uint64_t *words, unsigned count,
                          struct inspect_fault *fault);

#endif
