/* SPDX-License-Identifier: MIT */
/* tests/core/mock.c - see mock.h. */
#include "tests/core/mock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/core/formats.h"

struct mock_device {
    struct iommu_device base;
    struct iommu_domain **route; /* [pasid_limit]; slot 0 is the RID's */
};

struct mock_attachment {
    struct iommu_attachment base;
    struct iommu_domain *leads_to; /* must move along in a replace */
};

const struct iommu_reserved_region mock_regions[3] = {
    {0x7f000000, 0x7f002fff, IOMMU_READ | IOMMU_WRITE, IOMMU_RESERVED_DIRECT},
    {0x7f200000, 0x7f5fffff, IOMMU_READ | IOMMU_WRITE, IOMMU_RESERVED_DIRECT},
    {MOCK_MSI_FIRST, MOCK_MSI_LAST, 0, IOMMU_RESERVED_MSI},
};

static struct mock *mock_of(struct iommu *iommu)
{
    return (struct mock *)iommu;
}

/* Count the call; the answer it has to give. */
static int called(struct iommu *iommu, enum mock_op op)
{
    struct mock *mock = mock_of(iommu);
    int result = mock->fail[op].result;

    __atomic_fetch_add(&mock->calls[op], 1, __ATOMIC_RELAXED);
    if (result == 0)
        return 0;
    if (mock->fail[op].skip) {
        mock->fail[op].skip--;
        return 0;
    }
    mock->fail[op].result = 0;
    return result;
}

void mock_fail(struct mock *mock, enum mock_op op, int result)
{
    mock->fail[op].skip = 0;
    mock->fail[op].result = result;
}

static bool capable(struct iommu *iommu, enum iommu_cap cap)
{
    (void)cap;
    return mock_of(iommu)->capable;
}

static bool device_capable(struct iommu_device *device, enum iommu_cap cap)
{
    return mock_of(device->iommu)->capable && (cap != IOMMU_CAP_AUX_DOMAIN || device->pasid_limit);
}

static int start(struct iommu *iommu)
{
    return called(iommu, MOCK_START);
}

static int stop(struct iommu *iommu)
{
    (void)iommu;
    return 0;
}

static void destroy(struct iommu *iommu)
{
    mock_of(iommu)->stopped = true;
    iommu_fini(iommu);
}

/* ---- devices ------------------------------------------------------------------------------------------ */

static struct iommu_domain **route_slot(const struct iommu_device *device, uint32_t pasid)
{
    const struct mock_device *mine = (const struct mock_device *)device;

    return &mine->route[pasid == IOMMU_NO_PASID ? 0 : pasid];
}

struct iommu_domain *mock_route(const struct iommu_device *device, uint32_t pasid)
{
    return *route_slot(device, pasid);
}

static int probe_device(struct iommu_device *device)
{
    struct mock *mock = mock_of(device->iommu);
    int result = called(device->iommu, MOCK_PROBE);

    if (device->config.rid == MOCK_RID_UNCOVERED)
        return -IOMMU_ENODEV;
    if (result)
        return result;
    device->pasid_limit = mock->pasid_limit;
    if (device->config.pasid_bits)
        device->pasid_limit = (uint32_t)1 << device->config.pasid_bits;
    device->address_bits = mock->address_bits;
    ((struct mock_device *)device)->route =
        calloc(device->pasid_limit ? device->pasid_limit : 1, sizeof(struct iommu_domain *));
    return 0;
}

static int release_device(struct iommu_device *device)
{
    assert_int_equal(device->pasid_count, 0);
    assert_null(mock_route(device, IOMMU_NO_PASID));
    free(((struct mock_device *)device)->route);
    return called(device->iommu, MOCK_RELEASE);
}

static int for_each_reserved(struct iommu_device *device, iommu_reserved_fn fn, void *ctx)
{
    size_t first = device->config.rid == MOCK_RID_FIRMWARE ? 0 : 2;
    int result = 0;

    for (size_t i = first; i < 3 && !result; i++)
        result = fn(ctx, &mock_regions[i]);
    return result;
}

/* ---- domains ------------------------------------------------------------------------------------------ */

static int domain_init(struct iommu_domain *domain, const struct iommu_domain_config *config)
{
    struct mock *mock = mock_of(domain->iommu);
    struct iommu_pt_config table = mock->table;
    int result = called(domain->iommu, MOCK_DOMAIN_INIT);

    if (result || domain->type == IOMMU_DOMAIN_IDENTITY)
        return result;
    if (config->stage == IOMMU_STAGE_FIRST)
        table.format = &format_first;
    domain->stage = table.format->stage;
    return iommu_pt_init(&domain->pt, domain->iommu->platform, &table);
}

/* ---- routes ------------------------------------------------------------------------------------------- */

static void assert_listed(const struct iommu_attachment *attachment)
{
    const struct iommu_attachment *at = attachment->domain->attachments;

    while (at && at != attachment)
        at = at->domain_next;
    assert_ptr_equal(at, attachment);
}

static int attach(struct iommu_attachment *attachment)
{
    struct iommu_domain **slot = route_slot(attachment->device, attachment->pasid);
    struct mock_attachment *mine = (struct mock_attachment *)attachment;
    int result = called(attachment->device->iommu, MOCK_ATTACH);

    assert_listed(attachment);
    assert_null(mine->leads_to);
    assert_null(*slot); /* B41: nothing that is present is ever overwritten */
    if (result)
        return result;
    *slot = mine->leads_to = attachment->domain;
    return 0;
}

static int detach(struct iommu_attachment *attachment)
{
    struct iommu_domain **slot = route_slot(attachment->device, attachment->pasid);

    assert_listed(attachment);
    assert_ptr_equal(*slot, attachment->domain);
    assert_ptr_equal(((struct mock_attachment *)attachment)->leads_to, attachment->domain);
    *slot = NULL; /* blocked even when the caches stay in doubt */
    return called(attachment->device->iommu, MOCK_DETACH);
}

static int replace(struct iommu_attachment *attachment, struct iommu_attachment *next)
{
    struct iommu_domain **slot = route_slot(attachment->device, attachment->pasid);
    struct mock_attachment *mine = (struct mock_attachment *)next;
    int result = called(attachment->device->iommu, MOCK_REPLACE);

    assert_listed(attachment);
    assert_listed(next);
    assert_null(mine->leads_to);
    assert_ptr_equal(*slot, attachment->domain);
    if (result)
        return result;
    *slot = mine->leads_to = next->domain;
    return 0;
}

/* ---- caches ------------------------------------------------------------------------------------------- */

static int flush_map(struct iommu_domain *domain, uint64_t first, uint64_t last)
{
    assert_true(first <= last);
    return called(domain->iommu, MOCK_FLUSH_MAP);
}

static int flush_unmap(struct iommu_domain *domain, const struct iommu_gather *gather)
{
    struct mock *mock = mock_of(domain->iommu);
    void (*in_flush)(void *) = mock->in_flush;

    if (in_flush) {
        mock->in_flush = NULL;
        in_flush(mock->in_flush_ctx);
    }
    assert_ptr_equal(gather->domain, domain);
    assert_true(gather->first <= gather->last);
    __atomic_store_n(&mock->flushed_first, gather->first, __ATOMIC_RELAXED);
    __atomic_store_n(&mock->flushed_last, gather->last, __ATOMIC_RELAXED);
    return called(domain->iommu, MOCK_FLUSH_UNMAP);
}

/* ---- the origin's three ------------------------------------------------------------------------------- */

static int enable_auxd(struct iommu_device *device)
{
    return called(device->iommu, MOCK_ENABLE);
}

static void disable_auxd(struct iommu_device *device)
{
    assert_int_equal(device->pasid_count, 0);
    (void)called(device->iommu, MOCK_DISABLE);
}

static const struct iommu_ops all_ops = {.name = "mock",
                                         .device_size = sizeof(struct mock_device),
                                         .attachment_size = sizeof(struct mock_attachment),
                                         .capable = capable,
                                         .device_capable = device_capable,
                                         .start = start,
                                         .stop = stop,
                                         .destroy = destroy,
                                         .probe_device = probe_device,
                                         .release_device = release_device,
                                         .for_each_reserved = for_each_reserved,
                                         .domain_init = domain_init,
                                         .reserved_first = MOCK_MSI_FIRST,
                                         .reserved_last = MOCK_MSI_LAST,
                                         .attach = attach,
                                         .detach = detach,
                                         .replace = replace,
                                         .flush_map = flush_map,
                                         .flush_unmap = flush_unmap,
                                         .enable_auxd = enable_auxd,
                                         .disable_auxd = disable_auxd,
                                         .auxd_id = iommu_domain_auxd_id};

void mock_init(struct mock *mock, struct counted *host)
{
    memset(mock, 0, sizeof(*mock));
    mock->host = host;
    mock->ops = all_ops;
    mock->capable = true;
    mock->table = format_config(&format_second, 4, SIZE_4K | SIZE_2M | SIZE_1G, false);
    mock->pasid_limit = 1u << 10;
    mock->address_bits = 48;
    assert_int_equal(iommu_init(&mock->iommu, &mock->ops, &host->platform), 0);
    mock->iommu.flush_maps = true;
    assert_int_equal(iommu_start(&mock->iommu), 0);
}

void mock_fini(struct mock *mock)
{
    assert_int_equal(iommu_destroy(&mock->iommu), 0);
    assert_true(mock->stopped);
}

struct iommu_device *mock_device(struct mock *mock, uint16_t rid)
{
    const struct iommu_device_config config = {.rid = rid};
    struct iommu_device *device = NULL;

    assert_int_equal(iommu_device_add(&mock->iommu, &config, &device), 0);
    return device;
}

struct iommu_domain *mock_domain(struct mock *mock)
{
    struct iommu_domain *domain = NULL;

    assert_int_equal(iommu_domain_alloc(&mock->iommu, NULL, &domain), 0);
    return domain;
}

struct iommu_attachment *mock_attach(struct iommu_domain *domain, struct iommu_device *device,
                                     struct iommu_route route)
{
    struct iommu_attachment *attachment = NULL;

    assert_int_equal(iommu_attach(domain, device, route, NULL, &attachment), 0);
    return attachment;
}
