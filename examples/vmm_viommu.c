/* SPDX-License-Identifier: MIT */
/*
 * vmm_viommu.c - a VMM that gives its guest a VT-d unit: the model. The guest (here the library's own driver) finds
 * the unit in a DMAR table; the VMM traps its register accesses, takes its devices' DMA through the unit, and moves
 * the unit to another model while the guest waits for it. docs/STATE.md says what else a migration has to carry.
 */
#include <iommukit/host/posix.h>
#include <iommukit/model/state.h>
#include <iommukit/vtd.h>
#include <stdio.h>
#include <stdlib.h>
#define BASE   0xFED90000u
#define DEVICE (1 << 3) /* 00:01.0 */
#define IOVA   0x40000u
#define HERE(pa) ((uint32_t)((pa) - BASE))

static struct iommu_posix *ram; /* the guest's memory, and what its driver runs on */
static struct iommu_model_vtd *unit;
static struct iommu_model_vtd_config config;
static bool move; /* as soon as the guest waits */

/* The guest's registers: each access is an exit, which ends in the model. */
static uint32_t read32(void *c, uint64_t pa) { return (void)c, iommu_model_vtd_read32(unit, HERE(pa)); }
static uint64_t read64(void *c, uint64_t pa) { return (void)c, iommu_model_vtd_read64(unit, HERE(pa)); }
static void write32(void *c, uint64_t pa, uint32_t v) { (void)c, iommu_model_vtd_write32(unit, HERE(pa), v); }
static void write64(void *c, uint64_t pa, uint64_t v) { (void)c, iommu_model_vtd_write64(unit, HERE(pa), v); }

/* The guest's memory, as the unit walks it. One thread here; with more, the accesses have to be atomic. */
static uint64_t *word(uint64_t pa) { return iommu_posix_memory(ram, pa, 8); }
static int get64(void *c, uint64_t pa, uint64_t *v) { return (void)c, word(pa) ? (*v = *word(pa), 0) : -1; }
static int put64(void *c, uint64_t pa, uint64_t v) { return (void)c, word(pa) ? (*word(pa) = v, 0) : -1; }
static int cas64(void *c, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    uint64_t wanted = *expected;
    if (get64(c, pa, expected)) return -1;
    return *expected == wanted ? put64(c, pa, desired) : 1;
}
static void *alloc(void *c, size_t bytes) { return (void)c, calloc(1, bytes); }
static void release(void *c, void *object, size_t bytes) { (void)c, (void)bytes, free(object); }

static const struct iommu_model_host host = {
    .memory = {.read64 = get64, .write64 = put64, .cas64 = cas64}, .alloc = alloc, .free = release};

/* The guest looks at its clock: so time passes for the unit, too. Or the unit goes on in another model, elsewhere. */
static void waits(void *c)
{
    uint8_t bytes[IOMMU_MODEL_VTD_STATE_MAX];
    size_t size;
    struct iommu_model_vtd *there;
    (void)c;
    if (unit && !move) iommu_model_vtd_step(unit);
    if (!move || iommu_model_vtd_save(unit, bytes, sizeof bytes, &size)) return; /* busy: next time */
    if (iommu_model_vtd_create(&config, &there, NULL) || iommu_model_vtd_restore(there, bytes, size, NULL)) return;
    iommu_model_vtd_destroy(unit);
    unit = there;
    move = false;
    printf("moved in %zu bytes, the queue at %#x of %#x\n", size, read32(c, BASE + 0x80), read32(c, BASE + 0x88));
}

/* A device of the VMM reads the guest's memory; 0: blocked. */
static uint64_t device_reads(void)
{
    struct iommu_model_request request = {.rid = DEVICE, .address = IOVA, .bytes = 8};
    struct iommu_model_result result;
    iommu_model_vtd_translate(unit, &request, &result, NULL);
    uint64_t value = result.outcome == IOMMU_MODEL_OK ? *word(result.pa) : 0;
    printf("the device reads %#llx: %s\n", (unsigned long long)value, iommu_model_vtd_fault_name(result.fault));
    return value;
}

int main(void)
{
    uint8_t dmar[64] = {'D', 'M', 'A', 'R', 64, [8] = 1, [36] = 45, [50] = 16, [52] = 1, [58] = 0xD9, [59] = 0xFE};
    for (unsigned i = 0; i < 64; i++) dmar[9] = (uint8_t)(dmar[9] - (i == 9 ? 0 : dmar[i]));
    struct iommu *guest;
    struct iommu_device *device;
    struct iommu_domain *domain;
    iommu_model_vtd_preset("scalable", &config);
    config.host = &host;
    config.lies.enabled = IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_SLOW_QUEUE); /* so that there is something to wait for */
    int wrong = iommu_posix_create(&(struct iommu_posix_config){.read32 = read32, .read64 = read64, .write32 = write32,
                                       .write64 = write64, .waiting = waits, .ram_fd = -1}, &ram);
    wrong |= iommu_model_vtd_create(&config, &unit, NULL);
    struct iommu_vtd_config table = {.dmar = dmar, .dmar_bytes = sizeof dmar};
    wrong |= iommu_vtd_create(iommu_posix_platform(ram), &table, &guest);
    wrong |= iommu_device_add(guest, &(struct iommu_device_config){.rid = DEVICE}, &device) | iommu_start(guest);
    uint64_t page = iommu_posix_buffer_alloc(ram, 4096);
    *word(page) = 0x1234;
    wrong |= iommu_domain_alloc(guest, &(struct iommu_domain_config){0}, &domain) | iommu_attach_device(domain, device);
    wrong |= iommu_map(domain, IOVA, page, 4096, IOMMU_READ) | (device_reads() != 0x1234);
    move = true;
    wrong |= iommu_unmap(domain, IOVA, 4096, NULL) | (device_reads() != 0) | move;
    wrong |= iommu_map(domain, IOVA, page, 4096, IOMMU_READ) | (device_reads() != 0x1234);
    wrong |= iommu_device_remove(device) | iommu_domain_free(domain) | iommu_destroy(guest);
    iommu_model_vtd_destroy(unit);
    iommu_posix_destroy(ram);
    return wrong != 0; /* a real program looks at each call */
}
