/* SPDX-License-Identifier: MIT */
/*
 * vtd_dump.c - table entries that Linux (with CONFIG_DMAR_DEBUG) and Xen (iommu=verbose) print after a fault.
 *
 * Each line stands for itself: the fault was told before.
 */
#include <inttypes.h>
#include <string.h>

#include "inspect/faults/draft.h"

#define ADDRESS(word) ((word)&UINT64_C(0x000ffffffffff000))

static const char dump_advice[] =
    "Part of a table dump: read it downwards, the last entry before 'not present' is where the walk ended.";

static void start(struct fault_draft *draft, enum inspect_fault_vendor vendor)
{
    fault_plain(draft, vendor, INSPECT_FAULT_TABLE_DUMP, "table dump", dump_advice);
}

static void say_root(const char *text, struct fault_draft *draft)
{
    uint64_t high = 0, low = 0;

    if (!fault_field(text, "hi", &high)) {
        (void)fault_field(text, "root entry", &low);
        fault_meaning(draft, "root entry: %spresent, context table at 0x%" PRIx64, (low & 1) != 0 ? "" : "not ",
                      ADDRESS(low));
        return;
    }
    (void)fault_field(text, "low", &low);
    fault_meaning(draft,
                  "scalable root entry: upper half %spresent (context table 0x%" PRIx64 "), lower half %spresent "
                  "(0x%" PRIx64 ")",
                  (high & 1) != 0 ? "" : "not ", ADDRESS(high), (low & 1) != 0 ? "" : "not ", ADDRESS(low));
}

static void say_context(const char *text, struct fault_draft *draft)
{
    uint64_t high = 0, low = 0;

    (void)fault_field(text, "hi", &high);
    (void)fault_field(text, "low", &low);
    fault_meaning(draft, "context entry: %spresent%s, table at 0x%" PRIx64 ", high word 0x%" PRIx64,
                  (low & 1) != 0 ? "" : "not ", (low & 2) != 0 ? ", its faults are not reported (FPD)" : "",
                  ADDRESS(low), high);
}

static void say_directory(const char *text, struct fault_draft *draft)
{
    uint64_t entry = 0;

    (void)fault_field(text, "pasid dir entry", &entry);
    fault_meaning(draft, "PASID directory entry: %spresent, PASID table at 0x%" PRIx64, (entry & 1) != 0 ? "" : "not ",
                  ADDRESS(entry));
}

static void say_pasid(const char *text, struct fault_draft *draft)
{
    static const char *const types[] = {"reserved",     "first stage", "second stage", "nested",
                                        "pass-through", "reserved",    "reserved",     "reserved"};
    const char *at = fault_after(text, "pasid table entry[");
    uint64_t index, entry;

    if (at == NULL || !fault_number(&at, &index) || strncmp(at, "]:", 2) != 0)
        return;
    at += 2;
    if (!fault_hex(&at, &entry))
        return;
    fault_meaning(draft, "PASID entry, word %" PRIu64 ": 0x%" PRIx64, index, entry);
    if (index == 0)
        fault_more(draft, " (%spresent, %s)", (entry & 1) != 0 ? "" : "not ", types[entry >> 6 & 7]);
}

static void say_page(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, "pte level:");
    uint64_t level = 0, entry = 0;

    if (at != NULL)
        (void)fault_number(&at, &level);
    (void)fault_field(text, "pte value", &entry);
    fault_meaning(draft, "page-table entry, level %" PRIu64 ": 0x%" PRIx64 " leads to 0x%" PRIx64 ", low bits %s%s%s",
                  level, entry, ADDRESS(entry), (entry & 1) != 0 ? "R/P " : "", (entry & 2) != 0 ? "W " : "",
                  (entry & 3) == 0 ? "clear: not present" : "set");
}

static void say_absent(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, "not present at level");
    uint64_t level;

    if (at != NULL && fault_number(&at, &level))
        fault_meaning(draft, "the walk ends here: not present at level %" PRIu64, level);
    else
        fault_meaning(draft, "the walk ends here: the next table is not present");
}

static void say_dump(const char *text, struct fault_draft *draft)
{
    uint64_t address;

    if (fault_field(text, "for IOVA", &address))
        fault_set_address(draft, address);
    fault_meaning(draft, "the tables that the fault before went through, entry by entry");
}

static bool parse_linux(const char *text, struct fault_draft *draft)
{
    static const struct {
        const char *said;
        void (*say)(const char *text, struct fault_draft *draft);
    } lines[] = {
        {"table entries for IOVA", say_dump},
        {"scalable mode root entry: hi", say_root},
        {"root entry: 0x", say_root},
        {"context entry: hi", say_context},
        {"pasid dir entry: 0x", say_directory},
        {"pasid table entry[", say_pasid},
        {"pte level:", say_page},
        {"not present at level", say_absent},
        {"root table is not present", say_absent},
        {"root table entry is not present", say_absent},
        {"context table is not present", say_absent},
        {"context table entry is not present", say_absent},
        {"pasid directory table is not present", say_absent},
        {"pasid directory entry is not present", say_absent},
        {"pasid table is not present", say_absent},
        {"pasid table entry is not present", say_absent},
        {"mode page table is not present", say_absent},
    };

    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (fault_has(text, lines[i].said)) {
            start(draft, INSPECT_FAULT_INTEL_VTD);
            lines[i].say(text, draft);
            return true;
        }
    return false;
}

/* "print_vtd_entries: iommu = .. bdf = 0:1d:1 gmfn = 7d2ce", "... iommu #0 dev 0000:03:00.0 gmfn fef00" */
static void say_xen_start(const char *text, struct fault_draft *draft)
{
    const char *at = fault_value(text, "dev");
    uint64_t frame;

    if (at != NULL)
        (void)fault_bdf(&at, draft->fault.device);
    if (fault_field(text, "gmfn", &frame))
        fault_set_address(draft, frame << 12);
    fault_meaning(draft, "the tables that the fault before went through, entry by entry");
}

static bool parse_xen(const char *text, struct fault_draft *draft)
{
    static const char *const entries[] = {"root_entry", "context[", "context = ", "l5[", "l4[", "l3[", "l2[", "l1["};

    if (fault_has(text, "print_vtd_entries:")) {
        start(draft, INSPECT_FAULT_XEN_VTD);
        say_xen_start(text, draft);
        return true;
    }
    if (!fault_has(text, "(XEN)"))
        return false;
    for (unsigned i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (!fault_has(text, entries[i]))
            continue;
        start(draft, INSPECT_FAULT_XEN_VTD);
        fault_meaning(draft, fault_has(text, "not present") ? "the walk ends here: this entry is not present"
                                                            : "one entry of the walk");
        return true;
    }
    return false;
}

bool fault_parse_vtd_dump(const char *text, struct fault_draft *draft)
{
    if (fault_has(text, "DMAR") || fault_has(text, "dmar"))
        return parse_linux(text, draft);
    return parse_xen(text, draft);
}
