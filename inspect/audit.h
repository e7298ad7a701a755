/* SPDX-License-Identifier: MIT */
/*
 * audit.h - what is wrong with the isolation that a machine's remapping tables and registers give.
 *
 * A finding is a fact about one machine: what was seen, where, how bad it is, what its owner should do. What could not
 * be judged because an input is missing is not a finding; it is told beside them. Kinds of findings are a fixed table
 * (audit_kinds.h); their ids do not change.
 */
#ifndef INSPECT_AUDIT_H
#define INSPECT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/bdf.h"
#include "inspect/memory.h"
#include "inspect/tables.h"
#include "inspect/why.h"

enum inspect_severity {
    INSPECT_INFO,   /* worth knowing; nothing to repair */
    INSPECT_LOW,
    INSPECT_MEDIUM,
    INSPECT_HIGH,   /* a device reaches, or may reach, what is not its own */
};

struct inspect_audit_kind {
    const char *id;                  /* "pass-through" */
    enum inspect_severity severity;  /* usual one; a finding may differ where more is known */
    const char *about;               /* what it means, one sentence */
    const char *fix;                 /* what to do, one sentence */
};

/* NULL after the last. */
const struct inspect_audit_kind *inspect_audit_kind(unsigned index);
const char *inspect_severity_name(enum inspect_severity severity);

struct inspect_finding {
    const struct inspect_audit_kind *kind;
    enum inspect_severity severity;
    bool has_device, has_pasid;
    struct inspect_bdf device;
    uint32_t pasid;
    char evidence[320];
};

struct inspect_findings {
    struct inspect_finding *finding; /* the worst first, then in the order of the kinds; owned */
    size_t count;
    const char *not_judged[8];       /* sentences, static: what could not be judged, and which input would help */
    unsigned not_judged_count;
};

/* Beside machine: whatever is known. Pointers stay the caller's. */
struct inspect_audit_input {
    struct inspect_machine machine;  /* address_bits 0: from the DMAR table, else 52 */
    const void *dmar;                /* NULL: not given */
    size_t dmar_bytes;
    const struct inspect_extent *ram; /* ascending; NULL: the image's extents, if they can be all of RAM */
    size_t ram_count;
    bool has_kernel;                 /* where the kernel's code lies */
    struct inspect_extent kernel;
    const struct inspect_bdf *external; /* devices on external ports, which may be anything */
    size_t external_count;
    const struct inspect_bdf *present;  /* functions that exist; NULL: not known */
    size_t present_count;
};

/* 0; -EINVAL, -ENOMEM with the reason. *findings is the caller's to free. */
int inspect_audit(const struct inspect_audit_input *input, struct inspect_findings *findings, struct inspect_why *why);
void inspect_findings_free(struct inspect_findings *findings);

#endif
