/* SPDX-License-Identifier: MIT */
/* blame.c - a request that should have passed did not: which mistake of the driver does the fault point to? */
#include <string.h>

#include "conformance/bench.h"

#define PWSNP      (UINT64_C(1) << 23)
/* What hardware looks at in a page-table entry, without accessed and dirty bits. */
#define LEVEL_BITS UINT64_C(0x000ffffffffff89f)

/* Reason codes, by what they say about the driver. */
static const struct {
    uint8_t reason;
    enum finding finding;
} reasons[] = {
    {0x0a, FINDING_RESERVED_BIT}, {0x0b, FINDING_RESERVED_BIT}, {0x0c, FINDING_RESERVED_BIT},
    {0x3a, FINDING_RESERVED_BIT}, {0x42, FINDING_RESERVED_BIT}, {0x52, FINDING_RESERVED_BIT},
    {0x5a, FINDING_RESERVED_BIT}, {0x72, FINDING_RESERVED_BIT}, {0x7a, FINDING_RESERVED_BIT},
    {0x03, FINDING_WRONG_WIDTH},  {0x04, FINDING_WRONG_WIDTH},  {0x5b, FINDING_WRONG_WIDTH},
    {0x80, FINDING_WRONG_WIDTH},  {0x84, FINDING_WRONG_WIDTH},  {0x30, FINDING_WRONG_WIDTH},
    {0x07, FINDING_BAD_POINTER},  {0x08, FINDING_BAD_POINTER},  {0x09, FINDING_BAD_POINTER},
    {0x38, FINDING_BAD_POINTER},  {0x40, FINDING_BAD_POINTER},  {0x50, FINDING_BAD_POINTER},
    {0x58, FINDING_BAD_POINTER},  {0x70, FINDING_BAD_POINTER},  {0x73, FINDING_BAD_POINTER},
    {0x78, FINDING_BAD_POINTER},  {0x7b, FINDING_BAD_POINTER},
};

static bool is_level(const struct iommu_model_step *step)
{
    return strstr(step->what, "level") != NULL;
}

/* Does the unit snoop when it reads this? Page tables in scalable mode only where their PASID entry asks for it. */
static bool snooped(uint64_t ecap, const struct iommu_model_explanation *steps, unsigned index)
{
    if (!is_level(&steps->step[index]) || !strstr(steps->step[0].what, "scalable"))
        return (ecap & ECAP_C) != 0;
    if (!(ecap & ECAP_SMPWCS))
        return false;
    for (unsigned i = 0; i < index; i++)
        if (strncmp(steps->step[i].what, "PASID table", 11) == 0 ||
            strcmp(steps->step[i].what, "PASID cache") == 0)
            return (steps->step[i].entry[1] & PWSNP) != 0;
    return true;
}

static bool differs(const struct bench *bench, const struct iommu_model_step *step)
{
    const struct bench_frame *frame = &bench->frame[step->address / BENCH_PAGE];
    if (frame->shadow == NULL)
        return false;
    for (unsigned i = 0; i < step->words; i++) {
        uint64_t shadow;
        memcpy(&shadow, frame->shadow + step->address % BENCH_PAGE + (size_t)8 * i, sizeof shadow);
        if (((shadow ^ step->entry[i]) & (is_level(step) ? LEVEL_BITS : UINT64_MAX)) != 0)
            return true;
    }
    return false;
}

const struct iommu_model_step *bench_unflushed(struct bench *bench, unsigned device,
                                               const struct iommu_model_explanation *steps)
{
    uint64_t ecap = bench->ecap[bench->device_unit[device]];
    for (unsigned i = 0; i < steps->count; i++) {
        const struct iommu_model_step *step = &steps->step[i];
        if (!step->cached && step->address != 0 && step->words != 0 && step->address < BENCH_RAM &&
            !snooped(ecap, steps, i) && differs(bench, step))
            return step;
    }
    return NULL;
}

/* The last step that says something. */
static const struct iommu_model_step *culprit(const struct iommu_model_explanation *steps)
{
    static const struct iommu_model_step nothing = {.what = "request"};
    return steps->count == 0 ? &nothing : &steps->step[steps->count - 1];
}

static bool remembered_absence(const struct iommu_model_step *step, uint8_t reason,
                               enum finding *finding)
{
    if (!step->cached || !bench_is_absence(reason))
        return false;
    *finding = is_level(step) || strcmp(step->what, "IOTLB") == 0 ? FINDING_CACHED_PAGE
                                                                  : FINDING_CACHED_ENTRY;
    return true;
}

static bool remembered_entry(const struct iommu_model_explanation *steps)
{
    for (unsigned i = 0; i < steps->count; i++)
        if (steps->step[i].cached && steps->step[i].words != 0)
            return true;
    return false;
}

static enum finding finding_of(uint8_t reason)
{
    for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].reason == reason)
            return reasons[i].finding;
    return FINDING_UNREACHABLE;
}

void bench_blame(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova, bool write)
{
    struct iommu_model_result result;
    struct iommu_model_explanation steps;
    enum finding finding;
    bench_explain(bench, device, pasid, iova, write, &result, &steps);
    uint8_t reason = bench->last.fault != 0 ? bench->last.fault : result.fault;
    const struct iommu_model_step *step = culprit(&steps);
    const char *who = bench_who(bench, device, pasid), *verb = write ? "write to" : "read of";
    unsigned long long at = iova;
    if (bench->reused && remembered_entry(&steps))
        bench_fail(bench, FINDING_REUSED_EARLY,
                   "%s: %s IOVA %#llx is blocked after %s, reason %02x (%s), by what the caches "
                   "remember of the owner before",
                   who, verb, at, bench->doing, reason, iommu_model_vtd_fault_name(reason));
    if (bench_is_freed(bench, step->address) && !step->cached)
        bench_fail(bench, FINDING_FREED_TABLE,
                   "%s: %s IOVA %#llx is blocked, reason %02x: the unit walks the freed table page "
                   "%#llx (%s)",
                   who, verb, at, reason, (unsigned long long)(step->address & ~(BENCH_PAGE - 1)),
                   step->what);
    if (remembered_absence(step, reason, &finding))
        bench_fail(
            bench, finding,
            "%s: %s IOVA %#llx is blocked, reason %02x (%s): the %s remembers it from before %s",
            who, verb, at, reason, iommu_model_vtd_fault_name(reason), step->what, bench->doing);
    bench_fail(
        bench, finding_of(reason),
        "%s: %s IOVA %#llx is blocked after %s, reason %02x (%s): the %s at %#llx holds %#llx", who,
        verb, at, bench->doing, reason, iommu_model_vtd_fault_name(reason), step->what,
        (unsigned long long)step->address, (unsigned long long)step->entry[0]);
}
