/* SPDX-License-Identifier: MIT */
/* oracle.c - routes and ids: who is attached where, and what attaching would say. */
#include "tests/random/oracle.h"

#include <string.h>

void verdict_must(struct verdict *verdict, int error, bool applies)
{
    if (applies && verdict->musts < 10)
        verdict->must[verdict->musts++] = -error;
}

void verdict_may(struct verdict *verdict, int error, bool applies)
{
    if (applies && verdict->mays < 6)
        verdict->may[verdict->mays++] = -error;
}

bool verdict_allows(const struct verdict *verdict, int result)
{
    if (verdict->musts == 0 && result == 0)
        return true;
    for (unsigned i = 0; i < verdict->musts; i++)
        if (verdict->must[i] == result)
            return true;
    for (unsigned i = 0; i < verdict->mays; i++)
        if (verdict->may[i] == result)
            return true;
    return false;
}

void oracle_init(struct oracle *oracle, struct world *world, unsigned domains)
{
    memset(oracle, 0, sizeof *oracle);
    oracle->world = world;
    oracle->running = true;
    oracle->domains = domains;
    oracle->pasid_first = IOMMU_PASID_FIRST;
    oracle->pasid_last = IOMMU_PASID_LAST;
    oracle->pool = WORLD_POOL;
    oracle->pool_bytes = WORLD_POOL_BYTES;
    for (unsigned i = 0; i < ORACLE_GATHERS; i++) {
        iommu_gather_init(&oracle->gather[i]);
        oracle->gather_of[i] = ORACLE_NOBODY;
    }
}

unsigned oracle_number(const struct oracle *oracle, unsigned domain)
{
    return oracle->domain[domain].shared ? 0 : oracle->first_domain + domain;
}

/* ---- routes --------------------------------------------------------------------------------------------- */

struct oracle_route *oracle_route(struct oracle *oracle, unsigned device, uint32_t pasid)
{
    for (unsigned i = 0; i < ORACLE_ROUTES; i++)
        if (oracle->route[i].used && oracle->route[i].device == device &&
            oracle->route[i].pasid == pasid)
            return &oracle->route[i];
    return NULL;
}

struct oracle_route *oracle_aux(struct oracle *oracle, unsigned domain, unsigned device)
{
    for (unsigned i = 0; i < ORACLE_ROUTES; i++) {
        struct oracle_route *route = &oracle->route[i];
        if (route->used && route->aux_users != 0 && route->domain == domain &&
            (device == RIG_DEVICES || route->device == device))
            return route;
    }
    return NULL;
}

unsigned oracle_pasids(const struct oracle *oracle, unsigned device)
{
    unsigned count = 0;

    for (unsigned i = 0; i < ORACLE_ROUTES; i++)
        count += oracle->route[i].used && oracle->route[i].device == device &&
                 oracle->route[i].pasid != IOMMU_NO_PASID;
    return count;
}

unsigned oracle_domain_routes(const struct oracle *oracle, unsigned domain)
{
    unsigned count = 0;

    for (unsigned i = 0; i < ORACLE_ROUTES; i++)
        count += oracle->route[i].used && oracle->route[i].domain == domain;
    return count;
}

struct oracle_route *oracle_add_route(struct oracle *oracle, unsigned device, uint32_t pasid,
                                      unsigned domain)
{
    for (unsigned i = 0; i < ORACLE_ROUTES; i++) {
        struct oracle_route *route = &oracle->route[i];
        if (route->used)
            continue;
        *route = (struct oracle_route){
            .used = true, .device = (uint8_t)device, .domain = (uint8_t)domain, .pasid = pasid};
        return route;
    }
    return NULL;
}

uint32_t oracle_free_pasid(struct oracle *oracle, unsigned device, uint32_t min, uint32_t max)
{
    if (max >= oracle->device[device].limit)
        max = oracle->device[device].limit - 1;
    for (uint32_t pasid = min; pasid <= max; pasid++)
        if (oracle_route(oracle, device, pasid) == NULL)
            return pasid;
    return 0;
}

/* ---- ids ------------------------------------------------------------------------------------------------ */

static bool on_unit(const struct oracle *oracle, unsigned domain, unsigned unit)
{
    for (unsigned i = 0; i < ORACLE_ROUTES; i++)
        if (oracle->route[i].used && oracle->route[i].domain == domain &&
            oracle->world->unit_of[oracle->route[i].device] == unit)
            return true;
    return false;
}

static bool out_of_ids(const struct oracle *oracle, unsigned domain, unsigned unit)
{
    uint32_t used = 0;

    if (on_unit(oracle, domain, unit))
        return false;
    for (unsigned i = 0; i < oracle->domains; i++)
        used += on_unit(oracle, i, unit);
    return used >= oracle->world->unit[unit].ids;
}

/* ---- does the domain suit the device? ------------------------------------------------------------------- */

static uint64_t last_of(unsigned bits)
{
    return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static bool has_stage(const struct world_unit *unit, const struct oracle_domain *domain)
{
    if (domain->identity)
        return (unit->ecap >> 6 & 1) != 0;
    return (domain->geometry.stage == IOMMU_STAGE_FIRST ? unit->fs_bits : unit->ss_bits) != 0;
}

static void predict_fit(struct oracle *oracle, unsigned domain, unsigned device,
                        struct verdict *verdict)
{
    const struct oracle_domain *about = &oracle->domain[domain];
    unsigned unit = oracle->world->unit_of[device];
    bool stage = has_stage(&oracle->world->unit[unit], about);

    verdict_must(verdict, IOMMU_EXDEV, !stage);
    /* Units that differ may differ in widths, page sizes, coherency: then either answer will do. */
    verdict_may(verdict, IOMMU_EXDEV, stage && !oracle->world->setup.alike);
    verdict_must(verdict, IOMMU_ENOSPC, out_of_ids(oracle, domain, unit));
    verdict_must(verdict, IOMMU_EFAULT,
                 about->runs != 0 &&
                     about->run[about->runs - 1].last > last_of(oracle->device[device].reach));
}

static void predict_pasid(struct oracle *oracle, unsigned device, uint32_t min, uint32_t max,
                          struct verdict *verdict)
{
    const struct oracle_device *about = &oracle->device[device];
    bool in_range = min != 0 && min <= max && min < about->limit;

    if (about->limit == 0) {
        verdict_must(verdict, IOMMU_EOPNOTSUPP, true);
        return;
    }
    verdict_must(verdict, IOMMU_ERANGE, !in_range);
    verdict_must(verdict, IOMMU_EBUSY, about->owner != 0);
    if (!in_range)
        return;
    bool none = oracle_free_pasid(oracle, device, min, max) == 0;
    verdict_must(verdict, IOMMU_EBUSY, none && min == max);
    verdict_must(verdict, IOMMU_ENOSPC, none && min != max);
}

void oracle_predict_attach(struct oracle *oracle, unsigned domain, unsigned device, uint32_t min,
                           uint32_t max, struct verdict *verdict)
{
    bool rid = min == IOMMU_NO_PASID && max == IOMMU_NO_PASID;

    if (oracle->domain[domain].handle == NULL || oracle->device[device].handle == NULL) {
        verdict_must(verdict, IOMMU_EINVAL, true);
        return;
    }
    if (rid)
        verdict_must(verdict, IOMMU_EBUSY, oracle_route(oracle, device, IOMMU_NO_PASID) != NULL);
    else
        predict_pasid(oracle, device, min, max, verdict);
    predict_fit(oracle, domain, device, verdict);
}

void oracle_predict_replace(struct oracle *oracle, const struct oracle_route *route,
                            unsigned domain, struct verdict *verdict)
{
    if (oracle->domain[domain].handle == NULL) {
        verdict_must(verdict, IOMMU_EINVAL, true);
        return;
    }
    if (route->domain == domain)
        return;
    verdict_must(verdict, IOMMU_EBUSY,
                 route->aux_users != 0 && oracle_aux(oracle, domain, route->device) != NULL);
    predict_fit(oracle, domain, route->device, verdict);
}

/* ---- domains -------------------------------------------------------------------------------------------- */

static unsigned widest(const struct world_unit *unit, unsigned stage)
{
    unsigned first = stage != IOMMU_STAGE_SECOND ? unit->fs_bits : 0;

    if (stage == IOMMU_STAGE_FIRST)
        return first;
    if (stage == IOMMU_STAGE_SECOND || unit->ss_bits >= first)
        return unit->ss_bits;
    return first; /* automatic: a wish that the second stage cannot fulfil goes to the first */
}

static bool cannot_make(const struct oracle *oracle, unsigned unit, const struct op *op)
{
    const struct world_unit *about = &oracle->world->unit[unit];
    unsigned bits = widest(about, op->stage);

    if (op->flag)
        return (about->ecap >> 6 & 1) == 0;
    return bits == 0 || op->bits > bits;
}

void oracle_predict_alloc(struct oracle *oracle, const struct op *op, struct verdict *verdict)
{
    bool for_one = op->device < RIG_DEVICES && oracle->device[op->device].handle != NULL;

    if (for_one || oracle->world->setup.alike)
        verdict_must(verdict, IOMMU_EOPNOTSUPP,
                     cannot_make(oracle, for_one ? oracle->world->unit_of[op->device] : 0, op));
    else
        verdict_may(verdict, IOMMU_EOPNOTSUPP,
                    true); /* what unequal units have in common may be nothing */
}
