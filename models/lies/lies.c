/* SPDX-License-Identifier: MIT */
/*
 * models/lies/lies.c - the lies by name, and which units may tell them. One row a lie: what it
 * does, the capabilities that make it legal, and what to say where they are missing. ("Caching
 * mode", "Queued invalidation", "Device-TLB", "Extended capability register".)
 *
 * Lock: none, the table is constant. Called when a unit or a machine is created, and by programs.
 */
#include "iommukit/model/lies.h"
#include "spec/vtd_regs.h"

struct row {
    const char *name, *about;
    uint64_t cap, ecap; /* all of these bits are needed */
    const char *forbidden;
};

#define NO_QUEUE  "the unit has no invalidation queue (ECAP.QI)"
#define NO_DEVICE "the unit does not know device-TLBs (ECAP.DT)"
#define PLAIN(called, does) {.name = (called), .about = (does)}
#define QUEUE(called, does)                                                                        \
    {.name = (called), .about = (does), .ecap = VTD_ECAP_QI, .forbidden = called ": " NO_QUEUE}
#define DEVICE(called, does)                                                                       \
    {.name = (called), .about = (does), .ecap = VTD_ECAP_DT, .forbidden = called ": " NO_DEVICE}

static const struct row rows[IOMMU_MODEL_LIE_COUNT] = {
    [IOMMU_MODEL_LIE_LATE_WRITES] =
        PLAIN("late-writes", "walks that do not snoop see a store only when its line is flushed, "
                             "or at a random early write-back"),
    [IOMMU_MODEL_LIE_NOT_PRESENT] =
        {.name = "not-present",
         .about = "an entry that was not present is remembered until it is invalidated",
         .cap = VTD_CAP_CM,
         .forbidden = "not-present: only a unit with Caching Mode (CAP.CM) may remember what is "
                      "not there"},
    [IOMMU_MODEL_LIE_NEVER_EVICT] =
        PLAIN("never-evict", "caches keep everything until it is invalidated, and say when they "
                             "were stale"),
    [IOMMU_MODEL_LIE_RANDOM_EVICT] =
        PLAIN("random-evict", "cached entries vanish at any moment, so that the tables are read "
                              "again"),
    [IOMMU_MODEL_LIE_PAGING_CACHES] =
        PLAIN("paging-caches", "pointers to tables are cached, and outlive the tables"),
    [IOMMU_MODEL_LIE_POISON] =
        PLAIN("poison", "freed pages are overwritten, and what units and devices read there is "
                        "trapped"),
    [IOMMU_MODEL_LIE_STRICT_COMMAND] =
        PLAIN("strict-command", "commands take a while, and one that changes two bits or comes "
                                "before the last one finished is carried out as badly as it may "
                                "be"),
    [IOMMU_MODEL_LIE_SLOW_QUEUE] =
        QUEUE("slow-queue", "invalidation descriptors are carried out some register reads later"),
    [IOMMU_MODEL_LIE_STALLED_QUEUE] =
        QUEUE("stalled-queue", "at some moment the invalidation queue stops for good"),
    [IOMMU_MODEL_LIE_QUEUE_ERROR] =
        QUEUE("iqe", "a descriptor cannot be fetched now and then: queue error"),
    [IOMMU_MODEL_LIE_DEVICE_TIMEOUT] =
        DEVICE("ite", "a device-TLB invalidation is not answered now and then: time-out error"),
    [IOMMU_MODEL_LIE_DEVICE_STRAY] =
        DEVICE("ice", "an invalidation completion that nobody waits for arrives now and then"),
    [IOMMU_MODEL_LIE_LOST_COMPLETION] =
        QUEUE("lost-completion", "the status write of a wait never arrives now and then"),
    [IOMMU_MODEL_LIE_TORN_FETCH] =
        PLAIN("torn-fetch", "the device walks between any two stores of the driver, and reads "
                            "entries in 16-byte pieces, each from another moment"),
    [IOMMU_MODEL_LIE_DEVICE_TLB] =
        DEVICE("device-tlb", "endpoints with ATS answer from translations that they hold, tagged "
                             "with PASIDs, until these are invalidated"),
    [IOMMU_MODEL_LIE_SLOW_DEVICE_TLB] =
        DEVICE("slow-device-tlb", "endpoints hold translations, and are slow to acknowledge that "
                                  "they dropped them"),
};

const char *iommu_model_lie_name(enum iommu_model_lie lie)
{
    return (unsigned)lie < IOMMU_MODEL_LIE_COUNT ? rows[lie].name : NULL;
}

const char *iommu_model_lie_about(enum iommu_model_lie lie)
{
    return (unsigned)lie < IOMMU_MODEL_LIE_COUNT ? rows[lie].about : NULL;
}

static bool equal(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

enum iommu_model_lie iommu_model_lie_find(const char *name)
{
    unsigned lie;

    for (lie = 0; lie < IOMMU_MODEL_LIE_COUNT; lie++)
        if (name && equal(rows[lie].name, name))
            break;
    return (enum iommu_model_lie)lie;
}

/* Both kinds of walk: root to PASID tables with legacy page tables, and scalable page tables. */
static bool snoops_everything(uint64_t ecap)
{
    bool scalable = (ecap & VTD_ECAP_SMTS) != 0;

    return (ecap & VTD_ECAP_C) && (!scalable || (ecap & VTD_ECAP_SMPWCS));
}

static bool both(uint32_t enabled, enum iommu_model_lie one, enum iommu_model_lie other)
{
    uint32_t mask = IOMMU_MODEL_LIE(one) | IOMMU_MODEL_LIE(other);

    return (enabled & mask) == mask;
}

const char *iommu_model_lies_forbidden(const struct iommu_model_lies *lies, uint64_t cap,
                                       uint64_t ecap)
{
    unsigned lie;

    if (lies->enabled >> IOMMU_MODEL_LIE_COUNT)
        return "a lie of that number is not known";
    for (lie = 0; lie < IOMMU_MODEL_LIE_COUNT; lie++) {
        const struct row *row = &rows[lie];

        if (!(lies->enabled & IOMMU_MODEL_LIE(lie)))
            continue;
        if ((cap & row->cap) != row->cap || (ecap & row->ecap) != row->ecap)
            return row->forbidden;
    }
    if (both(lies->enabled, IOMMU_MODEL_LIE_NEVER_EVICT, IOMMU_MODEL_LIE_RANDOM_EVICT))
        return "never-evict and random-evict contradict each other";
    if ((lies->enabled & IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_LATE_WRITES)) && snoops_everything(ecap))
        return "late-writes: all table walks of the unit snoop (ECAP.C, ECAP.SMPWCS)";
    return NULL;
}
