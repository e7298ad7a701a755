/* SPDX-License-Identifier: MIT */
/*
 * hypervisor_assign.c - a device goes to a guest and comes back. The guest programs it with guest-physical addresses; a
 * domain that maps these to the guest's memory is all that stands between the device and everybody else's.
 */
#include <iommukit/host/model.h>
#include <iommukit/vtd.h>
#include <stdio.h>

#define GUEST_BYTES ((uint64_t)4 << 20) /* guest-physical 0 to 4 MiB */
#define LARGE_PAGE  ((uint64_t)2 << 20)

static struct iommu_model_host_machine *host; /* a modelled machine; yours is real */
static struct iommu *iommu;
static struct iommu_device *device;

/* The device writes a word where its driver, in the guest, told it to. */
static bool device_writes(uint64_t address, uint64_t word)
{
    struct iommu_model_dma access = {.address = address, .write = true, .data = &word, .bytes = sizeof word};
    struct iommu_model_dma_result result;

    iommu_model_machine_dma(iommu_host_model_machine(host), 0, &access, &result, NULL);
    return result.ok;
}

static int boot(void)
{
    struct iommu_model_machine *machine;
    struct iommu_vtd_config vtd = {0};
    int result = iommu_host_model_create(NULL, 0, &host, NULL);

    if (result)
        return result;
    machine = iommu_host_model_machine(host);
    iommu_model_pci_write32(iommu_model_machine_function(machine, 0), 4, 6); /* bus mastering on */
    vtd.dmar = iommu_model_machine_dmar(machine, &vtd.dmar_bytes);
    result = iommu_vtd_create(iommu_host_model_platform(host), &vtd, &iommu);
    if (!result)
        result = iommu_device_add(iommu, &(struct iommu_device_config){.rid = 1 << 3}, &device);
    return result ? result : iommu_start(iommu);
}

/* Guest-physical to host-physical, in large pages; what firmware reserved for the device must stay mapped. */
static int make_guest(uint64_t memory, struct iommu_domain **domain)
{
    int result = iommu_domain_alloc(iommu, &(struct iommu_domain_config){.device = device}, domain);

    for (uint64_t at = 0; at < GUEST_BYTES && !result; at += LARGE_PAGE)
        result = iommu_map(*domain, at, memory + at, LARGE_PAGE, IOMMU_READ | IOMMU_WRITE);
    return result ? result : iommu_map_reserved(*domain, device);
}

static bool assign(void)
{
    static const char guest[] = "guest 1", other[] = "guest 2"; /* any token of the owner's */
    struct iommu_posix *memory = iommu_host_model_posix(host);
    uint64_t pa = iommu_posix_buffer_alloc(memory, GUEST_BYTES);
    uint64_t *word = iommu_posix_memory(memory, pa + 0x1000, 8);
    struct iommu_attachment *route;
    struct iommu_domain *domain;

    *word = 0;
    if (iommu_device_claim(device, guest) || make_guest(pa, &domain) ||
        iommu_attach(domain, device, iommu_route_rid(), NULL, &route))
        return false;
    printf("assigned; a second owner gets: %s\n", iommu_strerror(iommu_device_claim(device, other)));
    if (!device_writes(0x1000, 42) || *word != 42)
        return false;
    printf("the device writes guest-physical 0x1000: host-physical %#llx\n", (unsigned long long)pa + 0x1000);
    if (device_writes(GUEST_BYTES, 43) || device_writes(pa, 44))
        return false;
    printf("beyond the guest's memory, and at its host-physical address: blocked, %d faults\n", iommu_handle_events(iommu));

    /* The guest ends: block the device before its memory is anybody else's, then reset the device (PCI FLR). */
    if (iommu_detach(route) || device_writes(0x1000, 45) || iommu_domain_free(domain) || iommu_device_unclaim(device, guest))
        return false;
    iommu_posix_buffer_free(memory, pa, GUEST_BYTES);
    printf("given back; the device writes guest-physical 0x1000: blocked, %d fault\n", iommu_handle_events(iommu));
    return iommu_device_claim(device, other) == 0 && iommu_device_unclaim(device, other) == 0;
}

int main(void)
{
    bool good = boot() == 0 && assign() && iommu_device_remove(device) == 0 && iommu_destroy(iommu) == 0;

    if (host)
        iommu_host_model_destroy(host);
    return !good;
}
