/* SPDX-License-Identifier: MIT */
/* tenant.c - one tenant's life: domain, route, buffers, queue, honest work, and the proof of it byte for byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "share.h"

static void *bytes_at(const struct share *share, uint64_t pa, size_t bytes)
{
    return iommu_posix_memory(share->memory, pa, bytes);
}

uint64_t share_secret_iova(const struct share_tenant *tenant)
{
    return SHARE_IOVA_SECRET + tenant->index * SHARE_PAGE;
}

static void fill_random(struct share *share, uint64_t pa, uint64_t bytes)
{
    uint64_t *word = bytes_at(share, pa, bytes);
    for (uint64_t i = 0; i < bytes / sizeof *word; i++)
        word[i] = share_random(share);
}

/* What a tenant's secret page must hold: recognisable, and another for everyone. */
uint64_t share_secret_word(const struct share *share, const struct share_tenant *tenant, unsigned word)
{
    return (share->options->seed ^ UINT64_C(0x5ec2e7005ec2e700)) + tenant->index * UINT64_C(0x9e3779b97f4a7c15) + word;
}

static bool buffers_alloc(struct share *share, struct share_tenant *tenant)
{
    uint64_t bytes = share->options->bytes;
    tenant->source_pa = iommu_posix_buffer_alloc(share->memory, bytes);
    tenant->target_pa = iommu_posix_buffer_alloc(share->memory, bytes);
    tenant->record_pa = iommu_posix_buffer_alloc(share->memory, SHARE_PAGE);
    tenant->secret_pa = iommu_posix_buffer_alloc(share->memory, SHARE_PAGE);
    tenant->expected = calloc(1, bytes);
    if (tenant->source_pa == 0 || tenant->target_pa == 0 || tenant->record_pa == 0 ||
        tenant->secret_pa == 0 || tenant->expected == NULL)
        return false;

    fill_random(share, tenant->source_pa, bytes);
    memset(bytes_at(share, tenant->target_pa, bytes), 0, bytes);
    uint64_t *secret = bytes_at(share, tenant->secret_pa, SHARE_PAGE);
    for (unsigned i = 0; i < SHARE_PAGE / sizeof *secret; i++)
        secret[i] = share_secret_word(share, tenant, i);
    return true;
}

static void buffers_free(struct share *share, struct share_tenant *tenant)
{
    const struct {
        uint64_t pa, bytes;
    } buffers[] = {{tenant->source_pa, share->options->bytes},
                   {tenant->target_pa, share->options->bytes},
                   {tenant->record_pa, SHARE_PAGE},
                   {tenant->secret_pa, SHARE_PAGE}};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        if (buffers[i].pa != 0)
            iommu_posix_buffer_free(share->memory, buffers[i].pa, buffers[i].bytes);
    free(tenant->expected);
}

static int map_buffers(const struct share *share, struct share_tenant *tenant)
{
    uint64_t bytes = share->options->bytes;
    const struct {
        uint64_t iova, pa, bytes;
        uint32_t prot;
    } maps[] = {{SHARE_IOVA_SOURCE, tenant->source_pa, bytes, IOMMU_READ},
                {SHARE_IOVA_TARGET, tenant->target_pa, bytes, IOMMU_READ | IOMMU_WRITE},
                {SHARE_IOVA_RECORD, tenant->record_pa, SHARE_PAGE, IOMMU_READ | IOMMU_WRITE},
                {share_secret_iova(tenant), tenant->secret_pa, SHARE_PAGE, IOMMU_READ | IOMMU_WRITE}};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        int result = iommu_map(tenant->domain, maps[i].iova, maps[i].pa, maps[i].bytes, maps[i].prot);
        if (result < 0)
            return result;
    }
    return 0;
}

bool share_tenant_remap_source(struct share *share, struct share_tenant *tenant)
{
    uint64_t bytes = share->options->bytes;
    return iommu_unmap(tenant->domain, SHARE_IOVA_SOURCE, bytes, NULL) == 0 &&
           iommu_map(tenant->domain, SHARE_IOVA_SOURCE, tenant->source_pa, bytes, IOMMU_READ) == 0;
}

/* A PASID that no tenant of any device has, so that a mix-up between devices shows as well. */
static struct iommu_route next_route(const struct share *share, const struct share_tenant *tenant)
{
    if (share->per_device)
        return iommu_route_rid();
    uint32_t min = tenant->index == 0 ? IOMMU_PASID_FIRST : tenant[-1].pasid + 1;
    return iommu_route_auto(min, IOMMU_PASID_LAST);
}

static int refuse_step(const struct share_tenant *tenant, const char *step, int result)
{
    return share_refuse("%s: cannot %s: %s", tenant->name, step, iommu_strerror(result));
}

static int tenant_open(struct share *share, struct share_tenant *tenant)
{
    if (!buffers_alloc(share, tenant))
        return refuse_step(tenant, "allocate its buffers", -IOMMU_ENOMEM);

    /* A tenant's domain is worked on by nobody but its owner. */
    struct iommu_domain_config config = {.stage = share->options->stage, .device = tenant->device->device, .one_caller = true};
    int result = iommu_domain_alloc(share->iommu, &config, &tenant->domain);
    if (result < 0)
        return refuse_step(tenant, "make a domain", result);
    result = map_buffers(share, tenant);
    if (result < 0)
        return refuse_step(tenant, "map its buffers", result);
    result = iommu_attach(tenant->domain, tenant->device->device, next_route(share, tenant), tenant,
                          &tenant->attachment);
    if (result < 0)
        return refuse_step(tenant, "attach to the device", result);
    tenant->pasid = iommu_attachment_pasid(tenant->attachment);

    const char *problem = share->lane->open(share, tenant);
    return problem == NULL ? 0 : share_refuse("%s: %s", tenant->name, problem);
}

int share_tenants_open(struct share *share)
{
    share->tenants = calloc(share->tenant_count, sizeof *share->tenants);
    if (share->tenants == NULL)
        return share_refuse("no memory for %u tenants", share->tenant_count);
    for (unsigned i = 0; i < share->tenant_count; i++) {
        struct share_tenant *tenant = &share->tenants[i];
        tenant->index = i;
        tenant->device = &share->devices[i % share->device_count];
        tenant->device->tenants++;
        snprintf(tenant->name, sizeof tenant->name, "tenant-%u", i + 1);
        int result = tenant_open(share, tenant);
        if (result != 0)
            return result;
        progress_show(&share->progress, "attaching", i + 1, share->tenant_count);
    }
    return 0;
}

/* Copy a piece of the source to the same place in the target, and note what must be there now. */
static void copy_piece(struct share *share, struct share_tenant *tenant, uint64_t offset, uint64_t bytes)
{
    if (!share->lane->copy(share, tenant, SHARE_IOVA_SOURCE + offset, SHARE_IOVA_TARGET + offset, bytes)) {
        share_leak(share, "%s: its own copy of %llu bytes failed", tenant->name, (unsigned long long)bytes);
        return;
    }
    memcpy(tenant->expected + offset, (uint8_t *)bytes_at(share, tenant->source_pa, share->options->bytes) + offset,
           bytes);
    tenant->bytes_copied += bytes;
}

static void random_piece(struct share *share, struct share_tenant *tenant)
{
    uint64_t size = share->options->bytes;
    uint64_t offset = share_random(share) % size;
    uint64_t most = size - offset < 2 * SHARE_PAGE ? size - offset : 2 * SHARE_PAGE;
    uint64_t bytes = share_random(share) % most + 1;

    /* New contents first, or a copy that did nothing would look right. */
    uint8_t *source = bytes_at(share, tenant->source_pa, size);
    source[offset] ^= (uint8_t)(1 + share_random(share) % 255);
    copy_piece(share, tenant, offset, bytes);
}

static bool target_right(const struct share *share, const struct share_tenant *tenant)
{
    return memcmp(bytes_at(share, tenant->target_pa, share->options->bytes), tenant->expected,
                  share->options->bytes) == 0;
}

static bool secret_right(const struct share *share, const struct share_tenant *tenant)
{
    const uint64_t *secret = bytes_at(share, tenant->secret_pa, SHARE_PAGE);
    for (unsigned i = 0; i < SHARE_PAGE / sizeof *secret; i++)
        if (secret[i] != share_secret_word(share, tenant, i))
            return false;
    return true;
}

bool share_tenant_intact(struct share *share, const struct share_tenant *tenant)
{
    bool target = target_right(share, tenant);
    bool secret = secret_right(share, tenant);
    if (!target)
        share_leak(share, "%s: its target does not hold what it copied there", tenant->name);
    if (!secret)
        share_leak(share, "%s: its secret page was changed", tenant->name);
    return target && secret;
}

/* Rounds over all tenants, so that their requests alternate on the device and in its caches. */
int share_tenants_work(struct share *share)
{
    const unsigned rounds = share->options->ops + 1;
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < share->tenant_count; i++) {
            if (round == 0)
                copy_piece(share, &share->tenants[i], 0, share->options->bytes);
            else
                random_piece(share, &share->tenants[i]);
        }
        progress_show(&share->progress, "copying", round + 1, rounds);
    }
    for (unsigned i = 0; i < share->tenant_count; i++)
        share_tenant_intact(share, &share->tenants[i]);
    return 0;
}

void share_tenant_detach(struct share *share, struct share_tenant *tenant)
{
    if (tenant->attachment == NULL)
        return;
    share->lane->close(share, tenant);
    int result = iommu_detach(tenant->attachment);
    tenant->attachment = NULL;
    if (result < 0)
        share_leak(share, "%s: detach failed: %s", tenant->name, iommu_strerror(result));
}

void share_tenants_close(struct share *share)
{
    for (unsigned i = 0; share->tenants != NULL && i < share->tenant_count; i++) {
        struct share_tenant *tenant = &share->tenants[i];
        share_tenant_detach(share, tenant);
        iommu_domain_free(tenant->domain);
        buffers_free(share, tenant);
    }
    free(share->tenants);
    share->tenants = NULL;
}
