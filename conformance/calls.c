/* SPDX-License-Identifier: MIT */
/* calls.c - the driver's calls, with a budget each and a record of what is attached where. */
#include "conformance/bench.h"

#define HOOKS_A_CALL UINT64_C(200000)

void bench_enter(struct bench *bench, const char *doing)
{
    bench->doing = doing;
    bench->hooks_left = HOOKS_A_CALL;
    bench->calling = true;
}

static int done(struct bench *bench, int result)
{
    bench->calling = false;
    return result;
}

/* Broken hardware is a reason to refuse; there is no more to be learnt from the run then. */
static void must(struct bench *bench, int result, const char *what)
{
    if (result >= 0)
        return;
    if (bench_broken_hardware(bench) || bench->stalled)
        bench_leave(bench, BENCH_INCONCLUSIVE);
    bench_fail(bench, FINDING_REFUSED, "%s was refused with %d", what, result);
}

/* ---- domains */

int bench_try_domain(struct bench *bench, unsigned device, unsigned *domain)
{
    if (bench->domain_count == BENCH_DOMAINS_MAX)
        return -IOMMU_ENOSPC;
    struct bench_domain *slot = &bench->domain[bench->domain_count];
    bench_enter(bench, "domain_alloc");
    int result = done(bench, bench->adapter->domain_alloc(bench->driver, device, &slot->handle));
    if (result < 0)
        return result;
    *domain = bench->domain_count++;
    slot->live = true;
    return 0;
}

unsigned bench_domain(struct bench *bench, unsigned device)
{
    unsigned domain = 0;
    must(bench, bench_try_domain(bench, device, &domain), "an empty domain");
    return domain;
}

int bench_try_free(struct bench *bench, unsigned domain)
{
    bench_enter(bench, "domain_free");
    int result =
        done(bench, bench->adapter->domain_free(bench->driver, bench->domain[domain].handle));
    if (result >= 0)
        bench->domain[domain].live = false;
    return result;
}

void bench_free(struct bench *bench, unsigned domain)
{
    if (bench->adapter->domain_free != NULL)
        must(bench, bench_try_free(bench, domain), "freeing a domain that is not attached");
}

/* ---- mappings */

int bench_try_map(struct bench *bench, unsigned domain, uint64_t iova, uint64_t pa, uint64_t bytes,
                  uint32_t prot)
{
    bench_enter(bench, "map");
    return done(bench, bench->adapter->map(bench->driver, bench->domain[domain].handle, iova, pa,
                                           bytes, prot));
}

void bench_map(struct bench *bench, unsigned domain, uint64_t iova, uint64_t pa, uint64_t bytes,
               uint32_t prot)
{
    must(bench, bench_try_map(bench, domain, iova, pa, bytes, prot), "an ordinary map");
}

int bench_try_unmap(struct bench *bench, unsigned domain, uint64_t iova, uint64_t bytes)
{
    void *handle = bench->domain[domain].handle;
    bench_enter(bench, "unmap");
    int result = bench->adapter->unmap(bench->driver, handle, iova, bytes);
    if (result >= 0 && bench->adapter->sync != NULL)
        result = bench->adapter->sync(bench->driver, handle);
    return done(bench, result);
}

void bench_unmap(struct bench *bench, unsigned domain, uint64_t iova, uint64_t bytes)
{
    must(bench, bench_try_unmap(bench, domain, iova, bytes), "unmapping what was mapped");
}

/* ---- routes */

static struct bench_route *route_of(struct bench *bench, unsigned device, uint32_t pasid)
{
    for (unsigned i = 0; i < bench->route_count; i++)
        if (bench->route[i].live && bench->route[i].device == device &&
            bench->route[i].pasid == pasid)
            return &bench->route[i];
    return NULL;
}

bool bench_is_attached(const struct bench *bench, unsigned device, uint32_t pasid)
{
    for (unsigned i = 0; i < bench->route_count; i++)
        if (bench->route[i].live && bench->route[i].device == device &&
            bench->route[i].pasid == pasid)
            return true;
    return false;
}

static void note_route(struct bench *bench, unsigned domain, unsigned device, uint32_t pasid)
{
    unsigned i = 0;
    while (i < bench->route_count && bench->route[i].live)
        i++;
    if (i == BENCH_ROUTES_MAX)
        return;
    if (i == bench->route_count)
        bench->route_count++;
    bench->route[i] = (struct bench_route){true, domain, device, pasid};
}

int bench_try_attach(struct bench *bench, unsigned domain, unsigned device, uint32_t *pasid)
{
    void *handle = bench->domain[domain].handle;
    bench_enter(bench, "attach");
    int result = *pasid == BENCH_NO_PASID
                     ? bench->adapter->attach(bench->driver, handle, device)
                     : bench->adapter->attach_pasid(bench->driver, handle, device, pasid);
    (void)done(bench, result);
    if (result >= 0)
        note_route(bench, domain, device, *pasid);
    return result;
}

static void check_pasid(struct bench *bench, unsigned device, uint32_t pasid)
{
    uint64_t limit = UINT64_C(2) << (bench->ecap[bench->device_unit[device]] >> 35 & 31);
    if (pasid == 0 || pasid >= limit)
        bench_fail(
            bench, FINDING_PASID_RANGE, "%s: attach took PASID %u, the unit's PASIDs are 1 to %llu",
            bench_who(bench, device, BENCH_NO_PASID), pasid, (unsigned long long)(limit - 1));
}

uint32_t bench_attach(struct bench *bench, unsigned domain, unsigned device, uint32_t pasid)
{
    must(bench, bench_try_attach(bench, domain, device, &pasid),
         "attaching a domain to a free route");
    if (pasid != BENCH_NO_PASID)
        check_pasid(bench, device, pasid);
    return pasid;
}

int bench_try_detach(struct bench *bench, unsigned domain, unsigned device, uint32_t pasid)
{
    void *handle = bench->domain[domain].handle;
    bench_enter(bench, "detach");
    int result = pasid == BENCH_NO_PASID
                     ? bench->adapter->detach(bench->driver, handle, device)
                     : bench->adapter->detach_pasid(bench->driver, handle, device, pasid);
    (void)done(bench, result);
    struct bench_route *route = route_of(bench, device, pasid);
    if (result >= 0 && route != NULL)
        route->live = false;
    return result;
}

void bench_detach(struct bench *bench, unsigned domain, unsigned device, uint32_t pasid)
{
    must(bench, bench_try_detach(bench, domain, device, pasid), "detaching what was attached");
}

int bench_try_replace(struct bench *bench, unsigned device, uint32_t pasid, unsigned domain)
{
    bench_enter(bench, "replace");
    int result = done(
        bench, bench->adapter->replace(bench->driver, device, pasid, bench->domain[domain].handle));
    struct bench_route *route = route_of(bench, device, pasid);
    if (result >= 0 && route != NULL)
        route->domain = domain;
    return result;
}

/* ---- bringing up and down */

void bench_init(struct bench *bench)
{
    bench->offered = (struct iommu_conform_host){.platform = &bench->platform,
                                                 .devices = bench->device,
                                                 .device_count = bench->device_count};
    bench->offered.dmar = iommu_model_machine_dmar(bench->machine, &bench->offered.dmar_bytes);
    bench_enter(bench, "init");
    int result = done(bench, bench->adapter->init(&bench->offered, &bench->driver));
    if (result < 0 && bench_broken_hardware(bench))
        bench_leave(bench, BENCH_INCONCLUSIVE);
    if (result < 0)
        bench_fail(bench, FINDING_INIT_FAILED, "init failed with %d", result);
}

static bool can_detach(const struct bench *bench, const struct bench_route *route)
{
    return route->pasid == BENCH_NO_PASID ? bench->adapter->detach != NULL
                                          : bench->adapter->detach_pasid != NULL;
}

/* False: the adapter cannot take everything down, so that the books cannot be checked. */
bool bench_take_down(struct bench *bench)
{
    bool whole = bench->adapter->domain_free != NULL && bench->adapter->fini != NULL;
    for (unsigned i = 0; i < bench->route_count; i++) {
        struct bench_route *route = &bench->route[i];
        if (route->live && can_detach(bench, route))
            bench_detach(bench, route->domain, route->device, route->pasid);
        whole = whole && !route->live;
    }
    for (unsigned i = 0; whole && i < bench->domain_count; i++)
        if (bench->domain[i].live)
            bench_free(bench, i);
    if (!whole)
        return false;
    bench_enter(bench, "fini");
    bench->adapter->fini(bench->driver);
    (void)done(bench, 0);
    return true;
}
