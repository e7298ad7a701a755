/* SPDX-License-Identifier: MIT */
/* sample.c - the sample driver's domains and routes, and the adapter. */
#include "conformance/sample/sample.h"

#include <string.h>

#include "iommukit/conformance/builtin.h"

#define WINDOW UINT64_C(0xfee00000)

/* ---- domains */

static unsigned levels_of(const struct sample_unit *unit)
{
    unsigned widths = (unsigned)(unit->cap >> 8 & 31);
    if (sample_has(unit->sample, SAMPLE_BUG_FOUR_LEVELS) || (widths & 4))
        return 4;
    return widths & 2 ? 3 : 5;
}

static uint32_t new_id(struct sample *sample)
{
    if (sample_has(sample, SAMPLE_BUG_SHARED_ID))
        return 1;
    for (uint32_t id = 1; id < sample->id_limit && id < SAMPLE_IDS; id++)
        if (!sample->id_used[id]) {
            sample->id_used[id] = true;
            return id;
        }
    return 0;
}

static int sample_domain_free(void *driver, void *handle)
{
    struct sample *sample = driver;
    struct sample_domain *domain = handle;
    if (domain->routes != 0)
        return -IOMMU_EBUSY;
    struct sample_domain **link = &sample->domain;
    while (*link != NULL && *link != domain)
        link = &(*link)->next;
    if (*link != NULL)
        *link = domain->next;
    sample_table_free(domain);
    sample->id_used[domain->id] = false;
    sample->platform->free(sample->platform->ctx, domain, sizeof *domain);
    return 0;
}

static int sample_domain_alloc(void *driver, unsigned device, void **handle)
{
    struct sample *sample = driver;
    const struct sample_unit *unit = sample->device[device].unit;
    struct sample_domain *domain = sample->platform->alloc(sample->platform->ctx, sizeof *domain);
    if (domain == NULL)
        return -IOMMU_ENOMEM;
    domain->sample = sample;
    domain->first_stage = unit->scalable && !(unit->ecap >> 46 & 1);
    domain->levels = domain->first_stage ? 4 : levels_of(unit);
    unsigned guest_bits = (unsigned)(unit->cap >> 16 & 63) + 1,
             table_bits = 12 + 9 * domain->levels;
    unsigned bits = domain->first_stage ? 47 : guest_bits < table_bits ? guest_bits : table_bits;
    domain->last = (UINT64_C(1) << bits) - 1;
    domain->table = sample_page(sample, 0);
    domain->id = domain->table != NULL ? new_id(sample) : 0;
    if (domain->id == 0) {
        int result = domain->table == NULL ? -IOMMU_ENOMEM : -IOMMU_ENOSPC;
        (void)sample_domain_free(sample, domain);
        return result;
    }
    domain->next = sample->domain;
    sample->domain = domain;
    *handle = domain;
    return 0;
}

/* ---- mappings */

static void free_tables(struct sample *sample, uint64_t *const *table, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        sample->platform->page_free(sample->platform->ctx, table[i], 0);
}

/* Tables that became empty are freed when no unit can be led there any more. */
static int sample_unmap(void *driver, void *handle, uint64_t iova, uint64_t bytes)
{
    struct sample *sample = driver;
    struct sample_domain *domain = handle;
    uint64_t *dead[SAMPLE_DEAD];
    unsigned count = 0;
    for (uint64_t done = 0; done < bytes; done += SAMPLE_PAGE)
        if (sample_table_unmap(domain, iova + done, count < SAMPLE_DEAD,
                               &dead[count % SAMPLE_DEAD]))
            count++;
    if (sample_has(sample, SAMPLE_BUG_EARLY_FREE))
        free_tables(sample, dead, count);
    int result = sample_invalidate_pages(domain, iova, bytes, count != 0);
    sample->lazy = false;
    if (result == 0 && !sample_has(sample, SAMPLE_BUG_EARLY_FREE))
        free_tables(sample, dead, count); /* otherwise given up: the unit may still read them */
    return result;
}

static int sample_map(void *driver, void *handle, uint64_t iova, uint64_t pa, uint64_t bytes,
                      uint32_t prot)
{
    struct sample *sample = driver;
    struct sample_domain *domain = handle;
    uint64_t last = iova + bytes - 1;
    if (((iova | pa | bytes) & (SAMPLE_PAGE - 1)) != 0 || bytes == 0 || last < iova)
        return -IOMMU_EINVAL;
    if (last > domain->last ||
        (iova <= WINDOW + 0xfffff && last >= WINDOW && !sample_has(sample, SAMPLE_BUG_NO_WINDOW)))
        return -IOMMU_ERANGE;
    for (uint64_t done = 0; done < bytes; done += SAMPLE_PAGE) {
        int result = sample_table_map(domain, iova + done, pa + done, prot);
        if (result != 0) {
            if (done != 0)
                (void)sample_unmap(sample, domain, iova, done);
            return result;
        }
    }
    int result = 0;
    for (unsigned i = 0; i < SAMPLE_ROUTES && result == 0; i++)
        if (domain->route[i].device != NULL) {
            bool remembers = (domain->route[i].device->unit->cap >> 7 & 1) != 0;
            if (!remembers || sample_has(sample, SAMPLE_BUG_NO_MAP_INVALIDATION))
                result = sample_flush_write_buffer(domain->route[i].device->unit);
            else
                result = sample_invalidate_pages(domain, iova, bytes, true);
        }
    return result;
}

/* ---- routes */

static struct sample_route *find_route(struct sample_domain *domain,
                                       const struct sample_device *device, uint32_t pasid)
{
    for (unsigned i = 0; i < SAMPLE_ROUTES; i++)
        if (domain->route[i].device == device &&
            (device == NULL || domain->route[i].pasid == pasid))
            return &domain->route[i];
    return NULL;
}

static bool suits(const struct sample_domain *domain, const struct sample_unit *unit)
{
    bool first_stage = unit->scalable && !(unit->ecap >> 46 & 1);
    uint64_t guest_last = (UINT64_C(2) << (unit->cap >> 16 & 63)) - 1;
    return domain->first_stage == first_stage &&
           (first_stage || (domain->levels == levels_of(unit) && domain->last <= guest_last));
}

/* P goes, caches are asked to forget, then the rest goes. */
static int detach(struct sample *sample, struct sample_domain *domain, struct sample_device *device,
                  uint32_t pasid)
{
    struct sample_route *route = find_route(domain, device, pasid);
    int result = 0;
    if (route == NULL)
        return -IOMMU_ENOENT;
    uint64_t *entry = sample_entry(device, pasid, false);
    bool live = sample_has(sample, SAMPLE_BUG_DETACH_LIVE);
    if (!live)
        sample_entry_block(device, entry);
    if (sample_has(sample, SAMPLE_BUG_LAZY_DETACH))
        sample->lazy = true;
    else
        result = sample_invalidate_route(domain, route);
    if (result != 0)
        return result;
    if (!live)
        sample_entry_clear(device, entry);
    route->device = NULL;
    domain->routes--;
    return 0;
}

int sample_leave_boot(struct sample_device *device)
{
    struct sample *sample = device->unit->sample;
    struct sample_domain *boot = device->boot;
    int result = boot != NULL ? detach(sample, boot, device, IOMMU_CONFORM_NO_PASID) : 0;
    if (result == 0 && boot != NULL) {
        device->boot = NULL;
        result = sample_domain_free(sample, boot);
    }
    return result;
}

static int attach(struct sample *sample, struct sample_domain *domain, struct sample_device *device,
                  uint32_t pasid)
{
    struct sample_route *route = find_route(domain, NULL, 0);
    if (route == NULL || !suits(domain, device->unit))
        return -IOMMU_EXDEV;
    bool live = sample_has(sample, SAMPLE_BUG_DETACH_LIVE);
    if (sample_entry_present(device, pasid) && !live)
        return -IOMMU_EBUSY;
    uint64_t *entry = sample_entry(device, pasid, true);
    if (entry == NULL)
        return -IOMMU_ENOMEM;
    *route = (struct sample_route){device, pasid};
    domain->routes++;
    sample_entry_set(domain, device, entry);
    return sample_invalidate_new_route(domain, route);
}

static int sample_attach(void *driver, void *domain, unsigned device)
{
    struct sample *sample = driver;
    struct sample_device *at = &sample->device[device];
    int result = sample_leave_boot(at);
    return result != 0 ? result : attach(sample, domain, at, IOMMU_CONFORM_NO_PASID);
}

static int sample_detach(void *driver, void *domain, unsigned device)
{
    struct sample *sample = driver;
    return detach(sample, domain, &sample->device[device], IOMMU_CONFORM_NO_PASID);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the adapter's signature */
static int sample_attach_pasid(void *driver, void *domain, unsigned device, uint32_t *pasid)
{
    struct sample *sample = driver;
    if (*pasid == 0 || *pasid >= sample->device[device].pasid_limit)
        return -IOMMU_ERANGE;
    return attach(sample, domain, &sample->device[device], *pasid);
}

static int sample_detach_pasid(void *driver, void *domain, unsigned device, uint32_t pasid)
{
    struct sample *sample = driver;
    return detach(sample, domain, &sample->device[device], pasid);
}

static struct sample_domain *user_of(struct sample *sample, struct sample_device *device,
                                     uint32_t pasid)
{
    struct sample_domain *domain = sample->domain;
    while (domain != NULL && find_route(domain, device, pasid) == NULL)
        domain = domain->next;
    return domain;
}

/* Over the entry that is there: new words, and then the invalidation. */
static int in_place(struct sample_domain *from, struct sample_domain *to,
                    struct sample_device *device, uint32_t pasid)
{
    struct sample_route *old = find_route(from, device, pasid), *new = find_route(to, NULL, 0);
    if (new == NULL || !suits(to, device->unit))
        return -IOMMU_EXDEV;
    *new = *old;
    to->routes++;
    sample_entry_set(to, device, sample_entry(device, pasid, false));
    int result = sample_invalidate_route(from, old);
    old->device = NULL;
    from->routes--;
    return result;
}

static int sample_replace(void *driver, unsigned index, uint32_t pasid, void *handle)
{
    struct sample *sample = driver;
    struct sample_device *device = &sample->device[index];
    struct sample_domain *from = user_of(sample, device, pasid);
    if (from == NULL)
        return -IOMMU_ENOENT;
    if (sample_has(sample, SAMPLE_BUG_IN_PLACE))
        return in_place(from, handle, device, pasid);
    int result = detach(sample, from, device, pasid);
    return result != 0 ? result : attach(sample, handle, device, pasid);
}

/* Firmware's region of a device, one to one, until somebody attaches something else. */
int sample_boot_map(struct sample_device *device, uint64_t first, uint64_t bytes)
{
    struct sample *sample = device->unit->sample;
    void *boot = device->boot;
    int result =
        boot != NULL ? 0 : sample_domain_alloc(sample, (unsigned)(device - sample->device), &boot);
    if (result == 0)
        result =
            sample_map(sample, boot, first, first, bytes, IOMMU_CONFORM_READ | IOMMU_CONFORM_WRITE);
    if (result == 0 && device->boot == NULL)
        result = attach(sample, boot, device, IOMMU_CONFORM_NO_PASID);
    device->boot = boot;
    return result;
}

/* ---- up and down */

static void sample_down(void *driver)
{
    struct sample *sample = driver;
    const struct iommu_platform *platform = sample->platform;
    sample_fini(sample);
    platform->free(platform->ctx, sample, sizeof *sample);
}

/* Chosen by iommu_conform_sample(); one suite runs at a time. */
static uint64_t chosen_bugs;

static int sample_up(const struct iommu_conform_host *host, void **driver)
{
    struct sample *sample = host->platform->alloc(host->platform->ctx, sizeof *sample);
    if (sample == NULL)
        return -IOMMU_ENOMEM;
    sample->bugs = chosen_bugs;
    int result = sample_init(sample, host);
    if (result == 0)
        *driver = sample;
    return result;
}

static const struct iommu_conform_adapter adapter = {
    .name = "sample",
    .about = "an ordinary driver with ordinary bugs",
    .init = sample_up,
    .fini = sample_down,
    .domain_alloc = sample_domain_alloc,
    .domain_free = sample_domain_free,
    .map = sample_map,
    .unmap = sample_unmap,
    .attach = sample_attach,
    .detach = sample_detach,
    .attach_pasid = sample_attach_pasid,
    .detach_pasid = sample_detach_pasid,
    .replace = sample_replace,
};

/* With all of its bugs it would not get through the first minute; so three that hide the others are left out. */
static bool choose(const char *name)
{
    const uint64_t hiding = UINT64_C(1) << SAMPLE_BUG_VIRTUAL | UINT64_C(1) << SAMPLE_BUG_ONE_UNIT |
                            UINT64_C(1) << SAMPLE_BUG_SHARED_ID;
    chosen_bugs = 0;
    if (strcmp(name, "sample") == 0) {
        chosen_bugs = ((UINT64_C(1) << SAMPLE_BUG_COUNT) - 1) & ~hiding;
        return true;
    }
    if (strcmp(name, "sample:none") == 0)
        return true;
    for (unsigned i = 0; i < SAMPLE_BUG_COUNT; i++)
        if (strncmp(name, "sample:", 7) == 0 && strcmp(name + 7, iommu_conform_sample_bug(i)) == 0)
            chosen_bugs = UINT64_C(1) << i;
    return chosen_bugs != 0;
}

const struct iommu_conform_adapter *iommu_conform_sample(const char *name)
{
    return choose(name) ? &adapter : NULL;
}
