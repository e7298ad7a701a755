/* SPDX-License-Identifier: MIT */
/* scenarios_pasid.c - several domains on one device: told apart by PASID, and never mixed up afterwards. */
#include "conformance/bench.h"

#define RW      (IOMMU_CONFORM_READ | IOMMU_CONFORM_WRITE)
#define TENANTS 5u

struct tenant {
    unsigned domain;
    uint32_t pasid;
    uint64_t pa;
};

static struct tenant tenant(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova)
{
    struct tenant made = {.pa = bench_page(bench)};
    made.domain = bench_domain(bench, device);
    bench_map(bench, made.domain, iova, made.pa, BENCH_PAGE, RW);
    made.pasid = bench_attach(bench, made.domain, device, pasid);
    return made;
}

/* Several on one device at once, with its ordinary domain among them. */
static void together(struct bench *bench)
{
    struct tenant all[TENANTS];
    uint64_t iova = bench_iova(bench), only = bench_iova(bench);
    for (unsigned i = 0; i < TENANTS; i++) {
        all[i] = tenant(bench, 0, i == 2 ? BENCH_NO_PASID : bench_new_pasid(bench, 0), iova);
        for (unsigned k = 0; k < i; k++)
            if (all[k].pasid == all[i].pasid)
                bench_fail(bench, FINDING_PASID_CLASH,
                           "two domains of one device were given PASID %u", all[i].pasid);
    }
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < TENANTS; i++)
            bench_expect_page(bench, 0, all[i].pasid, iova, all[i].pa);
    bench_map(bench, all[0].domain, only, all[0].pa, BENCH_PAGE, RW);
    bench_expect_page(bench, 0, all[0].pasid, only, all[0].pa);
    for (unsigned i = 1; i < TENANTS; i++)
        bench_expect_blocked(bench, 0, all[i].pasid, only, false, FINDING_WRONG_PAGE,
                             FINDING_WRONG_PAGE);
}

/* Neighbours in the table, others that have no table, untagged requests: nothing but what was attached gets in. */
static void unattached(struct bench *bench)
{
    uint64_t iova = bench_iova(bench);
    struct tenant one = tenant(bench, 0, bench_new_pasid(bench, 0), iova);
    bench_expect_page(bench, 0, one.pasid, iova, one.pa);
    const uint32_t others[] = {one.pasid ^ 1, (one.pasid + 17) & 31, bench_new_pasid(bench, 0)};
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++)
        if (others[i] != one.pasid && others[i] != 0)
            bench_expect_blocked(bench, 0, others[i], iova, false, FINDING_OPEN_ROUTE,
                                 FINDING_OPEN_ROUTE);
    bench_expect_blocked(bench, 0, BENCH_NO_PASID, iova, false, FINDING_OPEN_ROUTE,
                         FINDING_OPEN_ROUTE);
    bench_expect_blocked(bench, 1, one.pasid, iova, false, FINDING_OPEN_ROUTE, FINDING_OPEN_ROUTE);
}

static void detached(struct bench *bench)
{
    uint64_t iova = bench_iova(bench);
    struct tenant one = tenant(bench, 0, bench_new_pasid(bench, 0), iova);
    struct tenant stays = tenant(bench, 0, bench_new_pasid(bench, 0), iova);
    bench_expect_page(bench, 0, one.pasid, iova, one.pa);
    bench_expect_page(bench, 0, stays.pasid, iova, stays.pa);
    bench_detach(bench, one.domain, 0, one.pasid);
    bench_expect_blocked(bench, 0, one.pasid, iova, false, FINDING_LIVE_ENTRY, FINDING_STALE_ENTRY);
    bench_expect_page(bench, 0, stays.pasid, iova, stays.pa);
}

/* The PASID of the one who left goes to the next; nothing of the old one may be left anywhere. */
static void used_again(struct bench *bench)
{
    uint64_t iova = bench_iova(bench), only = bench_iova(bench);
    uint32_t pasid = bench_new_pasid(bench, 0);
    for (unsigned i = 0; i < 4; i++) {
        struct tenant one = tenant(bench, 0, pasid, i % 2 ? only : iova);
        bench_expect_page(bench, 0, one.pasid, i % 2 ? only : iova, one.pa);
        bench_expect_blocked(bench, 0, one.pasid, i % 2 ? iova : only, false, FINDING_WRONG_PAGE,
                             FINDING_STALE_ENTRY);
        bench_detach(bench, one.domain, 0, one.pasid);
        if (bench->adapter->domain_free != NULL && bench_random(bench) % 2 != 0)
            bench_free(bench, one.domain);
        pasid = one.pasid;
        bench->reused = true;
    }
}

/* PASIDs come and go; the ordinary domain never notices. */
static void ordinary_undisturbed(struct bench *bench)
{
    uint64_t iova = bench_iova(bench);
    struct tenant ordinary = tenant(bench, 0, BENCH_NO_PASID, iova);
    bench_expect_page(bench, 0, BENCH_NO_PASID, iova, ordinary.pa);
    for (unsigned i = 0; i < 4; i++) {
        struct tenant one = tenant(bench, 0, bench_new_pasid(bench, 0), iova);
        bench_expect_page(bench, 0, one.pasid, iova, one.pa);
        bench_expect_page(bench, 0, BENCH_NO_PASID, iova, ordinary.pa);
        bench_detach(bench, one.domain, 0, one.pasid);
        bench_expect_page(bench, 0, BENCH_NO_PASID, iova, ordinary.pa);
    }
}

/* And the other way round. */
static void pasid_undisturbed(struct bench *bench)
{
    uint64_t iova = bench_iova(bench);
    struct tenant stays = tenant(bench, 0, bench_new_pasid(bench, 0), iova);
    bench_expect_page(bench, 0, stays.pasid, iova, stays.pa);
    for (unsigned i = 0; i < 3; i++) {
        struct tenant ordinary = tenant(bench, 0, BENCH_NO_PASID, iova);
        bench_expect_page(bench, 0, BENCH_NO_PASID, iova, ordinary.pa);
        bench_expect_page(bench, 0, stays.pasid, iova, stays.pa);
        bench_detach(bench, ordinary.domain, 0, BENCH_NO_PASID);
        bench_expect_blocked(bench, 0, BENCH_NO_PASID, iova, false, FINDING_LIVE_ENTRY,
                             FINDING_STALE_ENTRY);
        bench_expect_page(bench, 0, stays.pasid, iova, stays.pa);
    }
}

/* 0 stands for untagged requests; what is wider than the unit's PASIDs never gets there. */
static void out_of_range(struct bench *bench)
{
    uint32_t limit = UINT32_C(2) << (bench->ecap[0] >> 35 & 31);
    const uint32_t bad[] = {0, limit, limit + bench_pick(bench, 1000)};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unsigned domain = bench_domain(bench, 0);
        uint32_t pasid = bad[i];
        if (pasid >= UINT32_C(1) << 20)
            continue;
        if (bench_try_attach(bench, domain, 0, &pasid) >= 0 && (pasid == 0 || pasid >= limit))
            bench_fail(bench, FINDING_PASID_RANGE,
                       "a domain was attached to PASID %u; the unit's PASIDs are 1 to %u", pasid,
                       limit - 1);
    }
}

/* One domain under two PASIDs, of two devices: what goes must go under both names. */
static void one_domain_twice(struct bench *bench)
{
    uint64_t iova = bench_iova(bench), pa = bench_page(bench);
    unsigned domain = bench_domain(bench, 0);
    bench_map(bench, domain, iova, pa, BENCH_PAGE, RW);
    const uint32_t first = bench_attach(bench, domain, 0, bench_new_pasid(bench, 0));
    uint32_t second = bench_new_pasid(bench, 1);
    if (bench_try_attach(bench, domain, 1, &second) < 0)
        return;
    bench_expect_page(bench, 0, first, iova, pa);
    bench_expect_page(bench, 1, second, iova, pa);
    if (bench->adapter->unmap == NULL)
        return;
    bench_unmap(bench, domain, iova, BENCH_PAGE);
    bench_expect_blocked(bench, 0, first, iova, false, FINDING_LIVE_PAGE, FINDING_STALE_PAGE);
    bench_expect_blocked(bench, 1, second, iova, false, FINDING_LIVE_PAGE, FINDING_STALE_PAGE);
}

const struct scenario scenarios_pasid[] = {
    {"pasids-together", "five domains on one device, one address", NEEDS_PASID, together},
    {"pasid-unattached", "PASIDs that nobody was given", NEEDS_PASID, unattached},
    {"pasid-detached", "a PASID that was used is closed", NEEDS_PASID | NEEDS_PASID_DETACH,
     detached},
    {"pasid-again", "one PASID, one domain after the other", NEEDS_PASID | NEEDS_PASID_DETACH,
     used_again},
    {"ordinary-undisturbed", "PASIDs come and go beside untagged DMA",
     NEEDS_PASID | NEEDS_PASID_DETACH, ordinary_undisturbed},
    {"pasid-undisturbed", "ordinary domains come and go beside a PASID", NEEDS_PASID | NEEDS_DETACH,
     pasid_undisturbed},
    {"pasid-range", "PASID 0, and those beyond the unit's width", NEEDS_PASID, out_of_range},
    {"pasid-two-devices", "one domain under two PASIDs", NEEDS_PASID, one_domain_twice},
    {0},
};
