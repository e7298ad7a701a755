/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/attempt.c - the model's answer to a DMA against the one predicted for QEMU:
 * same or not, which known difference accounts for it, and all of it in words. Called by
 * episode.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/differential/attempt.h"

void attempt_make(struct attempt *attempt, unsigned device, uint64_t iova, unsigned bytes,
                  bool write)
{
    unsigned left = (unsigned)(VTD_PAGE_BYTES - iova % VTD_PAGE_BYTES);

    memset(attempt, 0, sizeof *attempt);
    attempt->device = device;
    attempt->write = write;
    attempt->bytes = bytes;
    attempt->segments = bytes > left ? 2 : 1;
    attempt->segment[0].iova = iova;
    attempt->segment[0].bytes = bytes > left ? left : bytes;
    attempt->segment[1].iova = iova + left;
    attempt->segment[1].at = left;
    attempt->segment[1].bytes = bytes > left ? bytes - left : 0;
    if (iova + left == 0)
        attempt->segments = 1;
}

/* Does the model record the fault, were there no record yet? */
static bool would_record(const struct segment *segment)
{
    return segment->result.recorded;
}

bool attempt_agrees(const struct twin *twin, const struct attempt *attempt,
                    const struct segment *segment)
{
    const struct prediction *predicted = &segment->predicted;
    const struct iommu_model_result *result = &segment->result;
    bool second = segment != attempt->segment; /* merged with the first one's record, perhaps */

    if (predicted->nowhere)
        return result->outcome == IOMMU_MODEL_INTERRUPT;
    if (result->outcome == IOMMU_MODEL_OK)
        return !predicted->blocked && predicted->pa == result->pa;
    if (result->outcome != IOMMU_MODEL_BLOCKED || !predicted->blocked)
        return false;
    if (!second && would_record(segment) != predicted->recorded)
        return false;
    return !predicted->recorded ||
           predicted->reason == predict_reason(twin, result->fault, attempt->write);
}

/* ---- which caches of the model's QEMU has not, or not so ----------------------------------- */

/* The model used what it holds of an entry, and QEMU's walk found other words there. */
static bool held_other(const struct segment *segment, const char *held, const char *walked)
{
    const struct iommu_model_step *step = repair_step(&segment->explanation, held);
    const struct iommu_model_step *other =
        repair_step(&segment->predicted.walk.explanation, walked);

    return step &&
           (!other || memcmp(step->entry, other->entry, step->words * sizeof step->entry[0]) != 0);
}

/* With a PASID entry the model holds what FPD was in the directory. */
static bool held_flag(const struct segment *segment)
{
    return repair_step(&segment->explanation, "PASID cache") && segment->predicted.blocked &&
           segment->result.outcome == IOMMU_MODEL_BLOCKED &&
           segment->result.recorded != segment->predicted.recorded;
}

static bool cached_level(const struct segment *segment)
{
    unsigned i;

    for (i = 0; i < segment->explanation.count; i++) {
        if (repair_is_level(&segment->explanation.step[i]) && segment->explanation.step[i].cached)
            return true;
    }
    return false;
}

uint32_t attempt_rules(const struct twin *twin, const struct segment *segment)
{
    const struct prediction *predicted = &segment->predicted;
    uint32_t rules = predicted->rules, usable = 0;
    unsigned i;

    if (held_other(segment, "PASID cache", "PASID table entry") || held_flag(segment))
        rules |= KNOWN(KNOWN_PASID_CACHE);
    if (cached_level(segment))
        rules |= KNOWN(KNOWN_PAGING_CACHE);
    if (predicted->from &&
        (!segment->result.cached || segment->result.domain_id != predicted->from->did))
        rules |= KNOWN(KNOWN_IOTLB_TAG);
    /* Both hold it, from different times; or the model alone does. */
    if (segment->result.cached)
        rules |= KNOWN(predicted->lost ? KNOWN_IOTLB_PAGES : KNOWN_IOTLB_LESS);
    if (held_other(segment, "context cache",
                   twin->ttm == VTD_TTM_SCALABLE ? "scalable context entry" : "context entry"))
        rules |= KNOWN(KNOWN_CONTEXT_LESS);
    for (i = 0; i < KNOWN_COUNT; i++)
        usable |= (rules & KNOWN(i)) && known_applies((enum known)i, twin->major) ? KNOWN(i) : 0;
    return usable;
}

const struct segment *attempt_first_recorded(const struct attempt *attempt)
{
    unsigned i;

    for (i = 0; i < attempt->segments; i++) {
        if (attempt->segment[i].predicted.recorded)
            return &attempt->segment[i];
    }
    return NULL;
}

/* ---- in words ------------------------------------------------------------------------------ */

static void print_step(const struct iommu_model_step *step)
{
    unsigned i;

    print_error("      %-24s", step->what);
    if (step->cached)
        print_error(" (held)");
    else
        print_error(" %#10llx[%u]", (unsigned long long)step->address, step->index);
    for (i = 0; i < step->words && i < 4; i++)
        print_error(" %llx", (unsigned long long)step->entry[i]);
    print_error(": %s\n", step->decision);
}

static void print_segment(const struct segment *segment)
{
    static const char *const outcomes[] = {"goes through", "is an interrupt", "is blocked",
                                           "is unsupported", "is aborted"};
    const struct prediction *predicted = &segment->predicted;
    char names[400];
    unsigned i;

    print_error("    %u bytes at %#llx; the model's steps:\n", segment->bytes,
                (unsigned long long)segment->iova);
    for (i = 0; i < segment->explanation.count; i++)
        print_step(&segment->explanation.step[i]);
    print_error("      it %s: %#llx, %s%s\n", outcomes[segment->result.outcome],
                (unsigned long long)segment->result.pa,
                iommu_model_vtd_fault_name(segment->result.fault),
                segment->result.recorded ? ", recorded" : "");
    if (predicted->walk.explanation.count)
        print_error("    a walk of what is in memory%s:\n",
                    predicted->from_context ? " but for the context" : "");
    for (i = 0; i < predicted->walk.explanation.count; i++)
        print_step(&predicted->walk.explanation.step[i]);
    known_names(predicted->rules, names, sizeof names);
    print_error("    expected of QEMU: %s %#llx, reason %02xh%s%s%s, known differences: %s\n",
                predicted->nowhere   ? "nowhere"
                : predicted->blocked ? "blocked"
                                     : "goes through to",
                (unsigned long long)predicted->pa, predicted->reason,
                predicted->recorded ? ", recorded" : "", predicted->from ? ", from its IOTLB" : "",
                predicted->from_context ? ", context held" : "", names);
}

static void print_record(const char *who, const struct record *record)
{
    if (!record->there) {
        print_error("    %s: no fault record\n", who);
        return;
    }
    print_error("    %s: fault %02xh, requester %#x, %s of page %#llx\n", who, record->reason,
                record->rid, record->read ? "read" : "write", (unsigned long long)record->page);
}

void attempt_print(const struct twin *twin, const struct attempt *attempt)
{
    unsigned i;

    print_error("  device %u (requester %#x) %s %u bytes at %#llx\n", attempt->device,
                iommu_qemu_device_rid(twin->qemu, attempt->device + 1 < DEVICES ? attempt->device
                                                                                : TWIN_DEVICES - 1),
                attempt->write ? "writes" : "reads", attempt->bytes,
                (unsigned long long)attempt->segment[0].iova);
    for (i = 0; i < attempt->segments; i++)
        print_segment(&attempt->segment[i]);
    print_record("QEMU", &attempt->qemu);
    print_record("model", &attempt->model);
    if (!attempt->got)
        return;
    print_error("    QEMU read:");
    for (i = 0; i < attempt->bytes; i++)
        print_error(" %02x", attempt->got[i]);
    print_error("\n");
}
