/* SPDX-License-Identifier: MIT */
/*
 * tests/dumps/compare.c - the model's answers against the walker's and QEMU's: each mapping, each
 * live translation, and the pages in between, which must fault.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "spec/vtd_tables.h"
#include "tests/dumps/dump.h"

#define SAMPLES   1500u /* random pages for each requester */
#define SAY       8u
#define NO_DEVICE 0x0018u /* a requester that none of the dumps has */

struct judge {
    struct dump *dump;
    struct comparison sum;
    bool quiet;
};

static void wrong(struct judge *judge, uint16_t rid, uint64_t iova, const char *what, uint64_t got,
                  uint64_t wanted)
{
    if (judge->sum.wrong++ >= SAY || judge->quiet)
        return;
    print_error("requester %#x, %#" PRIx64 ": %s: the model says %#" PRIx64 ", the dump %#" PRIx64
                "\n",
                rid, iova, what, got, wanted);
}

static struct iommu_model_result ask(struct judge *judge, uint16_t rid, uint64_t iova, bool write)
{
    struct iommu_model_request request = {.rid = rid,
                                          .access = write ? IOMMU_MODEL_WRITE : IOMMU_MODEL_READ,
                                          .address = iova,
                                          .bytes = 1};
    struct iommu_model_result result;

    iommu_model_vtd_translate(judge->dump->model, &request, &result, NULL);
    return result;
}

/* ---- what is mapped ------------------------------------------------------------------------ */

static bool may(const struct requester *requester, uint64_t entry, bool write)
{
    if (requester->first_stage)
        return (entry & VTD_FS_P) && (!write || (entry & VTD_FS_RW));
    return entry & (write ? VTD_SS_W : VTD_SS_R);
}

/* The address as given, with these rights, for reads and for writes. */
static void check_access(struct judge *judge, const struct requester *requester, uint64_t iova,
                         uint64_t pa, uint64_t entry)
{
    unsigned write;

    for (write = 0; write < 2; write++) {
        struct iommu_model_result result = ask(judge, requester->rid, iova, write);
        bool through = result.outcome == IOMMU_MODEL_OK, wanted = may(requester, entry, write);

        if (through != wanted)
            wrong(judge, requester->rid, iova, write ? "may be written" : "may be read", through,
                  wanted);
        else if (through && result.pa != pa)
            wrong(judge, requester->rid, iova, "address", result.pa, pa);
    }
}

static void check_mapping(struct judge *judge, const struct requester *requester,
                          const struct mapping *mapping)
{
    uint64_t last = ((uint64_t)1 << mapping->lg2) - 1;
    struct iommu_model_result result;

    check_access(judge, requester, mapping->iova, mapping->pa, mapping->entry);
    check_access(judge, requester, mapping->iova + last, mapping->pa + last, mapping->entry);
    result = ask(judge, requester->rid, mapping->iova, !may(requester, mapping->entry, false));
    if (result.outcome == IOMMU_MODEL_OK && result.page_lg2 != mapping->lg2)
        wrong(judge, requester->rid, mapping->iova, "size", result.page_lg2, mapping->lg2);
    if (result.outcome == IOMMU_MODEL_OK && result.domain_id != requester->did)
        wrong(judge, requester->rid, mapping->iova, "domain id", result.domain_id, requester->did);
    judge->sum.mappings++;
}

/* ---- what is not --------------------------------------------------------------------------- */

static bool in_window(uint64_t iova)
{
    return iova >= VTD_INTERRUPT_FIRST && iova <= VTD_INTERRUPT_LAST;
}

static void check_gap(struct judge *judge, const struct requester *requester, uint64_t iova)
{
    unsigned write;

    if (in_window(iova) || dump_find(requester, iova))
        return;
    judge->sum.gaps++;
    for (write = 0; write < 2; write++) {
        struct iommu_model_result result = ask(judge, requester->rid, iova, write);

        if (result.outcome != IOMMU_MODEL_BLOCKED || !result.fault)
            wrong(judge, requester->rid, iova, "is not mapped", result.pa, 0);
    }
}

static uint64_t random_page(const struct requester *requester, struct seed *seed)
{
    uint64_t any = seed_next(seed) >> (16 + seed_below(seed, 30));

    if (requester->mappings && seed_below(seed, 3)) { /* near something that is mapped */
        const struct mapping *near = &requester->mapping[seed_below(seed, requester->mappings)];

        any = near->iova + (seed_below(seed, 4096) << VTD_PAGE_LG2) -
              ((uint64_t)2048 << VTD_PAGE_LG2);
    }
    return any & ~(uint64_t)(VTD_PAGE_BYTES - 1);
}

static void check_gaps(struct judge *judge, const struct requester *requester, struct seed *seed)
{
    size_t i;

    for (i = 0; i < requester->mappings; i++) {
        const struct mapping *mapping = &requester->mapping[i];

        check_gap(judge, requester, mapping->iova - VTD_PAGE_BYTES);
        check_gap(judge, requester, mapping->iova + ((uint64_t)1 << mapping->lg2));
    }
    for (i = 0; i < SAMPLES; i++)
        check_gap(judge, requester, random_page(requester, seed));
}

/* ---- what QEMU's unit had done ------------------------------------------------------------- */

static const struct requester *requester_of(const struct dump *dump, uint16_t rid)
{
    size_t i;

    for (i = 0; i < dump->requesters; i++) {
        if (dump->requester[i].rid == rid)
            return &dump->requester[i];
    }
    return NULL;
}

/* Where flushes are lazy, QEMU may still hold what the tables have no more. Anywhere else that
 * is wrong. */
static void check_live(struct judge *judge, const struct live *live)
{
    const struct requester *requester = requester_of(judge->dump, live->rid);

    if (!requester) {
        wrong(judge, live->rid, live->iova, "unknown requester", 0, live->entry);
    } else if (judge->dump->lazy && !dump_find(requester, live->iova)) {
        judge->sum.stale++;
        check_gap(judge, requester, live->iova);
    } else {
        judge->sum.live++;
        check_access(judge, requester, live->iova, live->entry & VTD_SS_ADDR, live->entry);
    }
}

/* The last translation of each page, [requester, iova, address, mask]; most have been unmapped
 * since, some of the pages then mapped again elsewhere. What is mapped still must be where the
 * tables say, and it is counted. */
static void check_history(struct judge *judge, const json_t *row)
{
    uint64_t sid = strtoull(json_string_value(json_array_get(row, 0)), NULL, 0);
    uint64_t iova = strtoull(json_string_value(json_array_get(row, 1)), NULL, 0);
    uint64_t pa = strtoull(json_string_value(json_array_get(row, 2)), NULL, 0);
    const struct requester *requester = requester_of(judge->dump, (uint16_t)sid);
    const struct mapping *mapping = requester ? dump_find(requester, iova) : NULL;

    if (!mapping) {
        if (requester)
            check_gap(judge, requester, iova);
        return;
    }
    judge->sum.history +=
        ask(judge, (uint16_t)sid, iova, !may(requester, mapping->entry, false)).pa == pa;
}

static void check_trace(struct judge *judge)
{
    const json_t *history = json_object_get(judge->dump->maps, "qemu_translations");
    size_t i;

    for (i = 0; i < judge->dump->lives; i++)
        check_live(judge, &judge->dump->live[i]);
    for (i = 0; i < json_array_size(history); i++) {
        const json_t *row = json_array_get(history, i);

        if (json_is_string(json_array_get(row, 0)) && json_is_string(json_array_get(row, 1)) &&
            json_is_string(json_array_get(row, 2)))
            check_history(judge, row);
    }
}

/* ---- the whole ----------------------------------------------------------------------------- */

struct comparison dump_compare(struct dump *dump, struct seed *seed, bool quiet)
{
    struct judge judge = {.dump = dump, .quiet = quiet};
    static const struct requester nobody = {.rid = NO_DEVICE};
    size_t i, k;

    for (i = 0; i < dump->requesters; i++) {
        const struct requester *requester = &dump->requester[i];

        for (k = 0; k < requester->mappings; k++)
            check_mapping(&judge, requester, &requester->mapping[k]);
        check_gaps(&judge, requester, seed);
    }
    check_gaps(&judge, &nobody, seed);
    check_trace(&judge);
    if (dump->image.refused) {
        judge.sum.wrong++;
        print_error("the model tried to write to tables %llu times\n",
                    (unsigned long long)dump->image.refused);
    }
    return judge.sum;
}
