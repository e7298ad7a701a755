/* SPDX-License-Identifier: MIT */
/* oracle_map.c - mappings as sorted runs, what is stale until a sync, and where a DMA may land. */
#include <string.h>

#include "tests/random/oracle.h"

#define WINDOW_FIRST UINT64_C(0xfee00000)
#define WINDOW_LAST  UINT64_C(0xfeefffff)

static bool is_range(uint64_t first, uint64_t len)
{
    return len != 0 && ((first | len) & (RIG_PAGE - 1)) == 0 && first + (len - 1) >= first;
}

static bool in_window(uint64_t first, uint64_t last)
{
    return first <= WINDOW_LAST && last >= WINDOW_FIRST;
}

const struct checker_run *oracle_find(const struct oracle *oracle, unsigned domain, uint64_t iova)
{
    const struct oracle_domain *about = &oracle->domain[domain];

    for (unsigned i = 0; i < about->runs; i++)
        if (iova >= about->run[i].first && iova <= about->run[i].last)
            return &about->run[i];
    return NULL;
}

/* ---- map ------------------------------------------------------------------------------------------------ */

/* The narrowest device that it is attached to. */
static uint64_t narrowed(const struct oracle *oracle, unsigned domain)
{
    unsigned bits = 64;

    for (unsigned i = 0; i < ORACLE_ROUTES; i++) {
        const struct oracle_route *route = &oracle->route[i];
        if (route->used && route->domain == domain && oracle->device[route->device].reach < bits)
            bits = oracle->device[route->device].reach;
    }
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static bool overlaps(const struct oracle_domain *domain, uint64_t first, uint64_t last)
{
    for (unsigned i = 0; i < domain->runs; i++)
        if (domain->run[i].first <= last && domain->run[i].last >= first)
            return true;
    return false;
}

static bool bad_prot(const struct oracle_domain *domain, uint32_t prot)
{
    uint32_t rights = prot & (IOMMU_READ | IOMMU_WRITE);

    if ((prot & ~(uint32_t)7) != 0 || rights == 0)
        return true;
    return rights == IOMMU_WRITE && domain->geometry.stage == IOMMU_STAGE_FIRST;
}

void oracle_predict_map(struct oracle *oracle, const struct op *op, struct verdict *verdict)
{
    const struct oracle_domain *domain = &oracle->domain[op->domain];
    uint64_t last = op->iova + (op->len - 1), pa_last = op->pa + (op->len - 1);

    if (domain->handle == NULL || domain->identity || !is_range(op->iova, op->len) ||
        !is_range(op->pa, op->len) || bad_prot(domain, op->prot)) {
        verdict_must(verdict, IOMMU_EINVAL, true);
        return;
    }
    verdict_must(verdict, IOMMU_ERANGE,
                 last > domain->geometry.last || last > narrowed(oracle, op->domain) ||
                     pa_last > domain->geometry.pa_last || in_window(op->iova, last) ||
                     in_window(op->pa, pa_last));
    verdict_must(verdict, IOMMU_EEXIST, overlaps(domain, op->iova, last));
}

static void insert(struct oracle_domain *domain, const struct checker_run *run)
{
    unsigned at = domain->runs;

    while (at > 0 && domain->run[at - 1].first > run->first)
        at--;
    memmove(&domain->run[at + 1], &domain->run[at], (domain->runs - at) * sizeof *run);
    domain->run[at] = *run;
    domain->runs++;
}

/* The largest page that fits here. */
static uint8_t best_lg2(uint64_t sizes, uint64_t iova, uint64_t pa, uint64_t left)
{
    for (unsigned lg2 = 63; lg2 > 12; lg2--) {
        uint64_t size = UINT64_C(1) << lg2;
        if ((sizes & size) != 0 && ((iova | pa) & (size - 1)) == 0 && left >= size)
            return (uint8_t)lg2;
    }
    return 12;
}

/* An empty table that a partial unmap has left may stand where a large page would fit: how large the page is, is
 * looked up. Larger than fits it must not be. */
static uint8_t leaf_lg2(struct oracle *oracle, unsigned domain, uint64_t iova, uint8_t best)
{
    struct oracle_domain *about = &oracle->domain[domain];
    unsigned lg2 = checker_leaf_lg2(&oracle->world->checker, about->handle, iova);

    return lg2 >= 12 && lg2 < best ? (uint8_t)lg2 : best;
}

void oracle_map(struct oracle *oracle, const struct op *op)
{
    struct oracle_domain *domain = &oracle->domain[op->domain];
    struct checker_run run = {0};

    for (uint64_t done = 0; done < op->len;) {
        uint8_t lg2 =
            best_lg2(domain->geometry.page_sizes, op->iova + done, op->pa + done, op->len - done);
        if (lg2 > 12)
            lg2 = leaf_lg2(oracle, op->domain, op->iova + done, lg2);
        if (done != 0 && run.leaf_lg2 != lg2)
            insert(domain, &run);
        if (done == 0 || run.leaf_lg2 != lg2)
            run = (struct checker_run){.first = op->iova + done,
                                       .pa = op->pa + done,
                                       .prot = op->prot & (IOMMU_READ | IOMMU_WRITE),
                                       .leaf_lg2 = lg2};
        done += UINT64_C(1) << lg2;
        run.last = op->iova + (done - 1);
    }
    insert(domain, &run);
}

/* ---- unmap ---------------------------------------------------------------------------------------------- */

static bool has_hole(const struct oracle *oracle, unsigned domain, uint64_t first, uint64_t last)
{
    for (uint64_t at = first;;) {
        const struct checker_run *run = oracle_find(oracle, domain, at);
        if (run == NULL)
            return true;
        if (run->last >= last)
            return false;
        at = run->last + 1;
    }
}

static bool cuts(const struct oracle *oracle, unsigned domain, uint64_t first, uint64_t last)
{
    const struct checker_run *begin = oracle_find(oracle, domain, first);
    const struct checker_run *end = oracle_find(oracle, domain, last);

    return (begin != NULL && (first & ((UINT64_C(1) << begin->leaf_lg2) - 1)) != 0) ||
           (end != NULL && ((last + 1) & ((UINT64_C(1) << end->leaf_lg2) - 1)) != 0);
}

void oracle_predict_unmap(struct oracle *oracle, const struct op *op, struct verdict *verdict)
{
    const struct oracle_domain *domain = &oracle->domain[op->domain];
    uint64_t last = op->iova + (op->len - 1);
    unsigned owner = op->kind == OP_UNMAP_LATE ? oracle->gather_of[op->gather] : ORACLE_NOBODY;

    if (domain->handle == NULL || domain->identity || !is_range(op->iova, op->len) ||
        (owner != ORACLE_NOBODY && owner != op->domain)) {
        verdict_must(verdict, IOMMU_EINVAL, true);
        return;
    }
    verdict_must(verdict, IOMMU_ENOENT, has_hole(oracle, op->domain, op->iova, last));
    verdict_must(verdict, IOMMU_EINVAL, cuts(oracle, op->domain, op->iova, last));
}

static void remember(struct oracle_domain *domain, const struct checker_run *run, unsigned gather)
{
    if (gather != ORACLE_NOBODY)
        domain->stale[domain->stales++] =
            (struct oracle_stale){.run = *run, .gather = (uint8_t)gather};
}

/* Of one run: what lies in [first, last] goes, what is left on either side stays. */
static void take_out(struct oracle_domain *domain, unsigned index, uint64_t first, uint64_t last,
                     unsigned gather)
{
    struct checker_run run = domain->run[index], part = run;

    memmove(&domain->run[index], &domain->run[index + 1], (--domain->runs - index) * sizeof run);
    if (first > run.first) {
        part.last = first - 1;
        insert(domain, &part);
    }
    if (last < run.last) {
        part = run;
        part.first = last + 1;
        part.pa = run.pa + (part.first - run.first);
        insert(domain, &part);
    }
    part = run;
    part.first = first > run.first ? first : run.first;
    part.last = last < run.last ? last : run.last;
    part.pa = run.pa + (part.first - run.first);
    remember(domain, &part, gather);
}

void oracle_unmap(struct oracle *oracle, const struct op *op, unsigned gather)
{
    struct oracle_domain *domain = &oracle->domain[op->domain];
    uint64_t last = op->iova + (op->len - 1);

    for (unsigned i = 0; i < domain->runs;) {
        if (domain->run[i].first <= last && domain->run[i].last >= op->iova) {
            take_out(domain, i, op->iova, last, gather);
            i = 0;
        } else {
            i++;
        }
    }
}

void oracle_synced(struct oracle *oracle, unsigned domain, unsigned gather)
{
    struct oracle_domain *about = &oracle->domain[domain];
    unsigned kept = 0;

    for (unsigned i = 0; i < about->stales; i++)
        if (about->stale[i].gather != gather)
            about->stale[kept++] = about->stale[i];
    about->stales = kept;
    oracle->gather_of[gather] = ORACLE_NOBODY;
}

/* ---- DMA ------------------------------------------------------------------------------------------------ */

static bool allows(const struct checker_run *run, uint64_t iova, bool write)
{
    return iova >= run->first && iova <= run->last &&
           (run->prot & (write ? IOMMU_WRITE : IOMMU_READ)) != 0;
}

static void may_land(struct oracle_reach *reach, uint64_t pa)
{
    if (reach->count < ORACLE_TARGETS)
        reach->pa[reach->count++] = pa;
}

/* What was taken out and not synced may be met instead; or its remains may be in the way. */
static void look_at_stale(const struct oracle_domain *domain, uint64_t iova, bool write,
                          struct oracle_reach *reach)
{
    for (unsigned i = 0; i < domain->stales; i++) {
        const struct checker_run *run = &domain->stale[i].run;
        if (iova < run->first || iova > run->last)
            continue;
        reach->blocked = true;
        if (allows(run, iova, write))
            may_land(reach, run->pa + (iova - run->first));
    }
}

void oracle_reach(struct oracle *oracle, unsigned device, uint32_t pasid, uint64_t iova, bool write,
                  struct oracle_reach *reach)
{
    const struct oracle_route *route = oracle_route(oracle, device, pasid);

    *reach = (struct oracle_reach){0};
    if (route != NULL && !in_window(iova, iova)) {
        const struct oracle_domain *domain = &oracle->domain[route->domain];
        const struct checker_run *run = oracle_find(oracle, route->domain, iova);
        if (domain->identity) {
            may_land(reach, iova);
            reach->blocked =
                iova - WORLD_POOL >= WORLD_POOL_BYTES; /* there may be no such address */
        }
        if (run != NULL && allows(run, iova, write))
            may_land(reach, run->pa + (iova - run->first));
        look_at_stale(domain, iova, write, reach);
    }
    reach->blocked |= reach->count == 0;
}
