/* SPDX-License-Identifier: MIT */
/* scenarios_attach.c - routes: isolated from one another, closed again, their ids used again. */
#include "conformance/bench.h"

#define RW (IOMMU_CONFORM_READ | IOMMU_CONFORM_WRITE)

struct tenant {
    unsigned domain, device;
    uint32_t pasid;
    uint64_t pa;
};

static struct tenant tenant(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova)
{
    struct tenant made = {.device = device, .pa = bench_page(bench)};
    made.domain = bench_domain(bench, device);
    bench_map(bench, made.domain, iova, made.pa, BENCH_PAGE, RW);
    made.pasid = bench_attach(bench, made.domain, device, pasid);
    return made;
}

static void expect_own(struct bench *bench, const struct tenant *tenant, uint64_t iova)
{
    bench_expect_page(bench, tenant->device, tenant->pasid, iova, tenant->pa);
}

static void expect_closed(struct bench *bench, const struct tenant *tenant, uint64_t iova)
{
    bench_expect_blocked(bench, tenant->device, tenant->pasid, iova, false, FINDING_LIVE_ENTRY,
                         FINDING_STALE_ENTRY);
}

static void isolation(struct bench *bench)
{
    struct tenant all[BENCH_DEVICES];
    uint64_t iova = bench_iova(bench);
    for (unsigned i = 0; i < BENCH_DEVICES; i++)
        all[i] = tenant(bench, i, bench_some_pasid(bench, i), iova);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < BENCH_DEVICES; i++)
            expect_own(bench, &all[i], iova);
    uint64_t only = bench_iova(bench), pa = bench_page(bench);
    bench_map(bench, all[0].domain, only, pa, BENCH_PAGE, RW);
    bench_expect_page(bench, 0, all[0].pasid, only, pa);
    for (unsigned i = 1; i < BENCH_DEVICES; i++)
        bench_expect_blocked(bench, i, all[i].pasid, only, false, FINDING_WRONG_PAGE,
                             FINDING_WRONG_PAGE);
}

static void detach_used(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t iova = bench_iova(bench);
    struct tenant one = tenant(bench, device, BENCH_NO_PASID, iova);
    expect_own(bench, &one, iova);
    bench_detach(bench, one.domain, device, one.pasid);
    expect_closed(bench, &one, iova);
}

/* The next domain gets, as likely as not, the ids and the table pages of the one before. */
static void ids_again(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t iova = bench_iova(bench), other = bench_iova(bench);
    for (unsigned i = 0; i < 4; i++) {
        struct tenant one = tenant(bench, device, BENCH_NO_PASID, i % 2 ? other : iova);
        expect_own(bench, &one, i % 2 ? other : iova);
        bench_expect_blocked(bench, device, one.pasid, i % 2 ? iova : other, false,
                             FINDING_WRONG_PAGE, FINDING_STALE_ENTRY);
        bench_detach(bench, one.domain, device, one.pasid);
        bench_free(bench, one.domain);
        expect_closed(bench, &one, i % 2 ? other : iova);
        bench->reused = true;
    }
}

/* Several devices in one domain; one leaves, the others stay. */
static void one_leaves(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES / 2) * 2 % BENCH_DEVICES;
    uint64_t iova = bench_iova(bench);
    struct tenant one = tenant(bench, device, BENCH_NO_PASID, iova), two = one;
    two.device = device + 1;
    uint32_t none = BENCH_NO_PASID;
    if (bench_try_attach(bench, one.domain, two.device, &none) < 0)
        return;
    expect_own(bench, &one, iova);
    expect_own(bench, &two, iova);
    bench_detach(bench, one.domain, one.device, BENCH_NO_PASID);
    expect_closed(bench, &one, iova);
    expect_own(bench, &two, iova);
}

static void wrong_detach(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES), other = bench_other_device(device);
    uint64_t iova = bench_iova(bench);
    struct tenant one = tenant(bench, device, BENCH_NO_PASID, iova);
    unsigned stranger = bench_domain(bench, device);
    if (bench_try_detach(bench, one.domain, other, BENCH_NO_PASID) >= 0)
        bench_fail(bench, FINDING_BAD_ACCEPTED,
                   "detach of a device that the domain is not attached to was accepted");
    if (bench_try_detach(bench, stranger, device, BENCH_NO_PASID) >= 0)
        bench_fail(
            bench, FINDING_BAD_ACCEPTED,
            "detach of a domain from a device that another domain is attached to was accepted");
    expect_own(bench, &one, iova);
    bench_detach(bench, one.domain, device, BENCH_NO_PASID);
    if (bench_try_detach(bench, one.domain, device, BENCH_NO_PASID) >= 0)
        bench_fail(bench, FINDING_BAD_ACCEPTED, "detach was accepted twice");
    expect_closed(bench, &one, iova);
}

static void second_attach(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t iova = bench_iova(bench);
    uint32_t none = BENCH_NO_PASID;
    struct tenant one = tenant(bench, device, BENCH_NO_PASID, iova);
    unsigned second = bench_domain(bench, device);
    expect_own(bench, &one, iova);
    if (bench_try_attach(bench, second, device, &none) >= 0)
        bench_fail(bench, FINDING_BAD_ACCEPTED,
                   "a second domain was attached to a route that is taken");
    expect_own(bench, &one, iova);
}

static void free_attached(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t iova = bench_iova(bench);
    struct tenant one = tenant(bench, device, BENCH_NO_PASID, iova);
    expect_own(bench, &one, iova);
    if (bench_try_free(bench, one.domain) >= 0)
        bench_fail(bench, FINDING_BAD_ACCEPTED,
                   "a domain was freed while a device was attached to it");
    expect_own(bench, &one, iova);
}

/* More routes than ids: whoever gets in must be alone with its tag. */
static void many_ids(struct bench *bench)
{
    struct tenant all[BENCH_ROUTES_MAX];
    uint64_t iova = bench_iova(bench);
    unsigned count = 0;
    while (count < BENCH_ROUTES_MAX - 1) {
        unsigned device = count % bench->device_count;
        uint32_t pasid = BENCH_NO_PASID;
        struct tenant *next = &all[count];
        if (count >= bench->device_count && !bench_has_pasid(bench, device))
            break;
        if (count >= bench->device_count)
            pasid = bench_new_pasid(bench, device);
        *next = (struct tenant){.device = device, .pa = bench_page(bench)};
        if (bench_try_domain(bench, device, &next->domain) < 0)
            break;
        bench_map(bench, next->domain, iova, next->pa, BENCH_PAGE, RW);
        if (bench_try_attach(bench, next->domain, device, &pasid) < 0)
            break;
        next->pasid = pasid;
        expect_own(bench, next, iova);
        count++;
    }
    for (unsigned i = 0; i < count; i++)
        expect_own(bench, &all[i], iova);
    if (count < 8 && !bench_broken_hardware(bench))
        bench_fail(bench, FINDING_REFUSED, "only %u domains could be attached", count);
}

/* Each allocation on the way of an attach fails once: the call is refused, and nothing has changed. */
static void out_of_memory(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t iova = bench_iova(bench), pa = bench_page(bench);
    unsigned domain = bench_domain(bench, device);
    uint32_t pasid = bench_some_pasid(bench, device);
    for (unsigned nth = 1; nth < 12; nth++) {
        bench->fail_alloc = nth;
        int mapped = bench_try_map(bench, domain, iova, pa, BENCH_PAGE, RW);
        int result = mapped < 0 ? mapped : bench_try_attach(bench, domain, device, &pasid);
        bool failed = bench->fail_alloc == 0;
        bench->fail_alloc = 0;
        if (!failed && result < 0 && !bench_broken_hardware(bench))
            bench_fail(bench, FINDING_FAILURE_LEFT,
                       "after a failed try, with all memory there, it is refused with %d", result);
        if (result >= 0) {
            bench_expect_page(bench, device, pasid, iova, pa);
            return;
        }
        bench_expect_blocked(bench, device, pasid, iova, false, FINDING_FAILURE_LEFT,
                             FINDING_FAILURE_LEFT);
        if (mapped >= 0 && bench_try_unmap(bench, domain, iova, BENCH_PAGE) < 0)
            bench_leave(bench, BENCH_INCONCLUSIVE);
    }
}

static void replaced(struct bench *bench)
{
    unsigned device = bench_pick(bench, BENCH_DEVICES);
    uint64_t iova = bench_iova(bench), only = bench_iova(bench);
    struct tenant one = tenant(bench, device, bench_some_pasid(bench, device), iova), two = one;
    bench_map(bench, one.domain, only, one.pa, BENCH_PAGE, RW);
    expect_own(bench, &one, iova);
    expect_own(bench, &one, only);
    two.domain = bench_domain(bench, device);
    two.pa = bench_page(bench);
    bench_map(bench, two.domain, iova, two.pa, BENCH_PAGE, RW);
    if (bench_try_replace(bench, device, one.pasid, two.domain) < 0)
        bench_leave(bench, BENCH_INCONCLUSIVE);
    expect_own(bench, &two, iova);
    bench_expect_blocked(bench, device, one.pasid, only, false, FINDING_LIVE_ENTRY,
                         FINDING_STALE_ENTRY);
    bench_free(bench, one.domain);
    expect_own(bench, &two, iova);
}

const struct scenario scenarios_attach[] = {
    {"isolation", "four devices, four domains, one address", 0, isolation},
    {"detach-used", "a route that was used is closed", NEEDS_DETACH, detach_used},
    {"ids-again", "attach, use, detach, free, again and again", NEEDS_DETACH | NEEDS_FREE,
     ids_again},
    {"one-leaves", "two devices share a domain, one leaves", NEEDS_DETACH, one_leaves},
    {"wrong-detach", "detach of what is not attached", NEEDS_DETACH, wrong_detach},
    {"second-attach", "a route that is taken", NEEDS_DETACH, second_attach},
    {"free-attached", "freeing a domain in use", NEEDS_FREE, free_attached},
    {"many-ids", "more routes than domain ids", NEEDS_FEW_IDS | NEEDS_MANY_DEVICES, many_ids},
    {"out-of-memory", "every allocation fails once", NEEDS_UNMAP, out_of_memory},
    {"replaced", "a route changes hands while it is in use", NEEDS_REPLACE, replaced},
    {0},
};
