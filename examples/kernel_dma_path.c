/* SPDX-License-Identifier: MIT */
/*
 * kernel_dma_path.c - what a kernel does for each buffer that a driver gives to a device: an address for it, a mapping,
 * DMA, the unmapping, and a flush: at once where pages leave the kernel's hands, else one flush for many.
 */
#include <iommukit/dma.h>
#include <iommukit/host/model.h>
#include <iommukit/vtd.h>
#include <stdio.h>

#define PACKETS 8u

static struct iommu_model_host_machine *host; /* a modelled machine; yours is real */
static struct iommu *iommu;
static struct iommu_device *device;

static void on_event(void *ctx, const struct iommu_event *event)
{
    (void)ctx;
    if (event->type == IOMMU_EVENT_FAULT)
        printf("  fault: device %#x may not %s %#llx\n", event->rid, event->write ? "write" : "read",
               (unsigned long long)event->address);
}

/* What the network card does by itself: fetch the packet that it finds at an address. 0: blocked. */
static uint64_t card_reads(uint64_t iova)
{
    uint64_t word = 0;
    struct iommu_model_dma access = {.address = iova, .data = &word, .bytes = sizeof word};
    struct iommu_model_dma_result result;

    iommu_model_machine_dma(iommu_host_model_machine(host), 1, &access, &result, NULL);
    return word;
}

static int boot(void)
{
    struct iommu_vtd_config vtd = {0};
    int result = iommu_host_model_create(NULL, 0, &host, NULL);

    if (result)
        return result;
    iommu_model_pci_write32(iommu_model_machine_function(iommu_host_model_machine(host), 1), 4, 6); /* bus mastering */
    vtd.dmar = iommu_model_machine_dmar(iommu_host_model_machine(host), &vtd.dmar_bytes);
    result = iommu_vtd_create(iommu_host_model_platform(host), &vtd, &iommu);
    if (result)
        return result;
    iommu_set_event_handler(iommu, on_event, NULL);
    result = iommu_device_add(iommu, &(struct iommu_device_config){.rid = 2 << 3}, &device); /* 00:02.0 */
    return result ? result : iommu_start(iommu);
}

/* Transmit packets with a domain of that kind. Returns how many reads after the unmapping still got through. */
static int transmit(const char *name, const struct iommu_dma_config *config)
{
    struct iommu_posix *memory = iommu_host_model_posix(host);
    struct iommu_domain *domain;
    uint64_t pa, iova[PACKETS];
    int after = 0;

    if (iommu_domain_alloc(iommu, &(struct iommu_domain_config){0}, &domain) || iommu_attach_device(domain, device) ||
        iommu_dma_init(domain, config))
        return -1;
    pa = iommu_posix_buffer_alloc(memory, PACKETS * IOMMU_PAGE_SIZE);
    for (unsigned i = 0; i < PACKETS; i++) { /* the driver: fill, map, tell the card */
        uint64_t page = pa + i * IOMMU_PAGE_SIZE;

        *(uint64_t *)iommu_posix_memory(memory, page, 8) = 1000 + i;
        if (iommu_dma_map(domain, page, IOMMU_PAGE_SIZE, IOMMU_READ, &iova[i]) || card_reads(iova[i]) != 1000 + i)
            return -1;
    }
    for (unsigned i = 0; i < PACKETS; i++) { /* the card says: sent */
        if (iommu_dma_unmap(domain, iova[i], IOMMU_PAGE_SIZE))
            return -1;
        after += card_reads(iova[i]) != 0;
    }
    printf("%s: %u packets, %d readable after their unmapping\n", name, PACKETS, after);
    if (iommu_dma_flush(domain) || card_reads(iova[PACKETS - 1])) /* from here on none, in either mode */
        return -1;
    if (iommu_handle_events(iommu) < 1 || iommu_detach_device(domain, device) || iommu_domain_free(domain))
        return -1;
    iommu_posix_buffer_free(memory, pa, PACKETS * IOMMU_PAGE_SIZE);
    return after;
}

int main(void)
{
    const struct iommu_dma_config strict = {0}, lazy = {.lazy_count = 64, .lazy_age_ns = 1000000000};
    bool good = boot() == 0 && transmit("strict", &strict) == 0 && transmit("lazy", &lazy) > 0;

    good = good && iommu_device_remove(device) == 0 && iommu_destroy(iommu) == 0;
    if (host)
        iommu_host_model_destroy(host);
    return !good;
}
