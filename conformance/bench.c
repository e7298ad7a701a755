/* SPDX-License-Identifier: MIT */
/* bench.c - one run from beginning to end, and the books at its end. */
#include "conformance/bench.h"

#include <string.h>

#define LIE(name) IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_##name)
/* Hardware that fails: the driver may refuse, must not hang, must not lie. */
#define BROKEN                                                                         \
    (LIE(STALLED_QUEUE) | LIE(QUEUE_ERROR) | LIE(DEVICE_TIMEOUT) | LIE(DEVICE_STRAY) | \
     LIE(LOST_COMPLETION))

uint32_t bench_breaking_lies(void)
{
    return BROKEN;
}

/* A queue that stopped; a device that may be taken for dead after it failed to answer a few times. */
uint32_t bench_final_lies(void)
{
    return LIE(STALLED_QUEUE) | LIE(DEVICE_TIMEOUT);
}

bool bench_lies_broken(uint32_t lies)
{
    return (lies & BROKEN) != 0;
}

bool bench_broken_hardware(const struct bench *bench)
{
    return bench_lies_broken(bench->lies);
}

uint32_t bench_lies_forbidden(uint64_t cap, uint64_t ecap, uint32_t lies)
{
    uint32_t forbidden = 0;
    for (unsigned lie = 0; lie < IOMMU_MODEL_LIE_COUNT; lie++) {
        const struct iommu_model_lies told = {.enabled = lies & (uint32_t)1 << lie};
        if (told.enabled != 0 && iommu_model_lies_forbidden(&told, cap, ecap) != NULL)
            forbidden |= told.enabled;
    }
    return forbidden;
}

bool bench_lies_allowed(const struct unit_row *row, uint32_t lies)
{
    uint32_t forbidden = lies;
    uint64_t cap, ecap;
    for (unsigned i = 0; i < UNITS_MAX && unit_capabilities(row, i, &cap, &ecap); i++)
        forbidden &= bench_lies_forbidden(cap, ecap, lies);
    return forbidden == 0;
}

/* command.c has told the one already, in more words; and a queue that stands still cannot be emptied first. */
static bool excused(const struct bench *bench, const char *misuse)
{
    return strstr(misuse, "more than one change") != NULL ||
           (bench_broken_hardware(bench) && strstr(misuse, "the queue was disabled") != NULL);
}

static void check_misuse(struct bench *bench)
{
    for (unsigned i = 0; i < bench->unit_count; i++) {
        struct iommu_model_vtd_stats stats;
        iommu_model_vtd_stats(iommu_model_machine_unit(bench->machine, i), &stats);
        if (stats.misuse != 0 && !excused(bench, stats.last_misuse))
            bench_note(bench, FINDING_MISUSE, "unit %u: %s (%llu such mistakes in the run)", i,
                       stats.last_misuse, (unsigned long long)stats.misuse);
    }
    for (unsigned i = 0; i < bench->device_count; i++) {
        const struct iommu_model_pci *function = iommu_model_machine_function(bench->machine, i);
        if (iommu_model_pci_misuse(function) != 0)
            bench_note(bench, FINDING_MISUSE, "%s, configuration space: %s",
                       bench_who(bench, i, BENCH_NO_PASID), iommu_model_pci_last_misuse(function));
    }
}

/* The memory that lies notices devices in freed pages by itself. */
static void check_strikes(struct bench *bench)
{
    struct iommu_model_machine_stats stats;
    iommu_model_machine_stats(bench->machine, &stats);
    if (stats.freed_reads + stats.freed_writes != 0)
        bench_note(
            bench, FINDING_FREED_TABLE,
            "devices or units read %llu and wrote %llu words of freed pages, at last at %#llx",
            (unsigned long long)stats.freed_reads, (unsigned long long)stats.freed_writes,
            (unsigned long long)stats.freed_address);
}

/* Pages that broken hardware may still read are rightly given up. */
static void check_books(struct bench *bench)
{
    bool whole = bench_take_down(bench) && !bench->second_driver && !bench_broken_hardware(bench);
    if (whole && bench_live_pages(bench) != 0)
        bench_note(bench, FINDING_LEAK, "%llu table pages are still allocated after tear-down",
                   (unsigned long long)bench_live_pages(bench));
    check_misuse(bench);
    if (bench->hold_freed)
        bench_check_freed(bench);
    check_strikes(bench);
}

/* Inside the jump's reach. */
static void run(struct bench *bench)
{
    bench_machine_open(bench);
    bench_hooks_open(bench);
    if (!(bench->scenario->needs & NEEDS_NO_INIT))
        bench_init(bench);
    bench->scenario->run(bench);
    check_books(bench);
    bench->end = BENCH_DONE;
}

/* What was asked for stays: it comes first in the struct. */
static void reset(struct bench *bench)
{
    const size_t kept = offsetof(struct bench, end);
    memset((char *)bench + kept, 0, sizeof *bench - kept);
    bench->random = bench->seed * UINT64_C(0xd1342543de82ef95) + 1;
    bench->telling = bench->lies;
    if (bench->scenario->needs & NEEDS_TORN)
        bench->telling |= LIE(TORN_FETCH) | LIE(LATE_WRITES);
    bench->hold_freed = !(bench->telling & (LIE(POISON) | LIE(LATE_WRITES) | LIE(TORN_FETCH)));
    bench->doing = "set-up";
    bench->hooks_left = UINT64_MAX;
}

enum bench_end bench_run(struct bench *bench)
{
    reset(bench);
    bench_guard_arm(bench);
    if (sigsetjmp(bench->out, 1) == 0)
        run(bench);
    bench_guard_disarm();
    bench->calling = false;
    bench_watch_end(bench);
    bench_hooks_close(bench);
    bench_machine_close(bench);
    return bench->failed ? BENCH_FAILED : bench->end;
}
