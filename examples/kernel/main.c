/* SPDX-License-Identifier: MIT */
/* main.c - the story. Whatever is not as it should be ends it with a line that names it. */
#include <iommukit/vtd.h>

#include "kernel.h"

#define IOVA   0x40000000ul /* of both devices: a page to read, then a page to write; beyond all memory */
#define SECRET 0x50000000ul /* of the victim alone */
#define PAGE   IOMMU_PAGE_SIZE
#define READ_WRITE ((uint32_t)IOMMU_READ | (uint32_t)IOMMU_WRITE)

enum { VICTIM, ATTACKER, COUNT };
static const char *const name[COUNT] = {"victim", "attacker"};

/* All that the library wants. Defaults do for the rest: memory one to one, registers that are memory, one caller at a
 * time, deadlines in polls. */
static const struct iommu_platform platform = {
    .alloc = object_alloc, .free = object_free, .page_alloc = page_alloc, .page_free = page_free,
    .cache_flush = cache_flush, .pci_read32 = pci_read32, .pci_write32 = pci_write32, .log = log_line,
};

static struct edu edu[COUNT];
static struct iommu *iommu;
static struct iommu_device *device[COUNT];
static struct iommu_domain *domain[COUNT];
static uint8_t *input[COUNT], *output[COUNT], *secret, *region, dmar[4096];
static struct iommu_event last;

static void must(int result, const char *call)
{
    if (result >= 0)
        return;
    print("%s: ", iommu_strerror(result));
    fail(call);
}

static uint64_t pa(const void *page)
{
    return (uintptr_t)page;
}

/* Each seed is a content of its own. */
static uint8_t *fill(uint8_t *page, unsigned seed)
{
    for (unsigned i = 0; i < EDU_BYTES; i++)
        page[i] = (uint8_t)(seed + 7 * i + (i >> 8));
    return page;
}

static bool holds(const uint8_t *page, unsigned seed)
{
    static uint8_t expected[EDU_BYTES];

    return !memcmp(page, fill(expected, seed), EDU_BYTES);
}

static uint8_t *new_page(unsigned seed)
{
    uint8_t *page = page_alloc(NULL, 0);

    if (!page)
        fail("memory ran out");
    return fill(page, seed);
}

static void dma(unsigned who, enum edu_direction direction, uint64_t address)
{
    edu_begin(&edu[who], direction, address);
    edu_end(&edu[who]);
}

/*
 * A copy of the DMAR table with one record more: a reserved memory region (RMRR) of the victim. On a real machine
 * firmware names there the memory that a device of its own (graphics, USB, management) uses under the kernel; QEMU
 * has no such device, so an edu plays it.
 */
static size_t make_dmar(void)
{
    const uint16_t rid = edu[VICTIM].rid;
    const uint64_t bounds[2] = {pa(region), pa(region) + PAGE - 1};
    uint8_t record[32] = {1, 0, sizeof record, [24] = 1, 8, [29] = (uint8_t)(rid >> 8), rid >> 3 & 31, rid & 7};
    const uint8_t *table = acpi_find("DMAR");
    const uint64_t length = load(table + 4, 4), longer = length + sizeof record;

    if (longer > sizeof dmar)
        fail("the DMAR table is too long");
    memcpy(record + 8, bounds, sizeof bounds);
    memcpy(dmar, table, length);
    memcpy(dmar + length, record, sizeof record);
    memcpy(dmar + 4, &longer, 4);
    dmar[9] = (uint8_t)(dmar[9] - acpi_sum(dmar, longer));
    return longer;
}

static void on_event(void *ctx, const struct iommu_event *event)
{
    if (event->type != IOMMU_EVENT_FAULT)
        return; /* an overflow, say: the fault itself came first */
    last = *event;
    print("  fault: device %x:%x.%x may not %s 0x%lx: %s (reason %u)\n", event->rid >> 8, event->rid >> 3 & 31,
          event->rid & 7, event->write ? "write" : "read", event->address, event->reason_name, event->reason);
}

static void create(void)
{
    struct iommu_vtd_config config = {0};
    struct iommu_vtd_unit_info unit;

    config.dmar = dmar;
    config.dmar_bytes = make_dmar();
    interrupt_message(&config.fault_msi_address, &config.fault_msi_data);
    must(iommu_vtd_create(&platform, &config, &iommu), "iommu_vtd_create");
    must(iommu_vtd_unit_info(iommu, 0, &unit), "iommu_vtd_unit_info");
    print("VT-d at 0x%lx, %s mode\n", unit.base, unit.mode == IOMMU_VTD_MODE_SCALABLE ? "scalable" : "legacy");
    iommu_set_event_handler(iommu, on_event, NULL);
    for (unsigned i = 0; i < COUNT; i++)
        must(iommu_device_add(iommu, &(struct iommu_device_config){.rid = edu[i].rid}, &device[i]),
             "iommu_device_add");
}

static void check_region(const char *when)
{
    edu_end(&edu[VICTIM]);
    if (!holds(region, 1))
        fail("RMRR: DMA to the reserved region was blocked");
    print("reserved region at 0x%lx: DMA arrives %s\n", pa(region), when);
    memset(region, 0, PAGE);
}

/* Firmware's device does not wait for the kernel: a transfer is under way while translation is switched on. */
static void start(void)
{
    dma(VICTIM, EDU_READS, pa(region)); /* its buffer now holds content 1 */
    memset(region, 0, PAGE);
    edu_begin(&edu[VICTIM], EDU_WRITES, pa(region));
    must(iommu_start(iommu), "iommu_start");
    check_region("while translation is switched on");
    edu_begin(&edu[VICTIM], EDU_WRITES, pa(region));
    check_region("afterwards");
}

static void give_domain(unsigned who)
{
    struct iommu_domain **d = &domain[who];
    struct iommu_attachment *route;

    must(iommu_domain_alloc(iommu, &(struct iommu_domain_config){0}, d), "iommu_domain_alloc");
    must(iommu_map(*d, IOVA, pa(input[who]), PAGE, IOMMU_READ), "iommu_map");
    must(iommu_map(*d, IOVA + PAGE, pa(output[who]), PAGE, READ_WRITE), "iommu_map");
    must(iommu_map_reserved(*d, device[who]), "iommu_map_reserved");
    must(iommu_attach(*d, device[who], iommu_route_rid(), NULL, &route), "iommu_attach");
    print("%s: 0x%lx is page 0x%lx\n", name[who], IOVA, pa(input[who]));
}

static void copy(void)
{
    for (unsigned i = 0; i < COUNT; i++) {
        dma(i, EDU_READS, IOVA);
        dma(i, EDU_WRITES, IOVA + PAGE);
    }
    for (unsigned i = 0; i < COUNT; i++)
        if (memcmp(input[i], output[i], EDU_BYTES) != 0)
            fail("a copy within a domain");
    if (iommu_handle_events(iommu))
        fail("a fault without an attack");
    print("both copied 0x%lx to 0x%lx: each its own bytes\n", IOVA, IOVA + PAGE);
}

static void expect_fault(unsigned who, bool write, uint64_t address)
{
    if (!interrupt_came())
        fail("the interrupt: a fault raised none");
    if (iommu_handle_events(iommu) < 1 || last.rid != edu[who].rid || last.write != write || last.address != address)
        fail("the record of the fault");
}

static void attack(void)
{
    print("the attacker writes to an address that only the victim has\n");
    dma(ATTACKER, EDU_WRITES, SECRET);
    if (!holds(secret, 2))
        fail("the attacker wrote the victim's page");
    expect_fault(ATTACKER, true, SECRET);

    print("the attacker reads the victim's page at its physical address\n");
    dma(ATTACKER, EDU_READS, pa(secret));
    dma(ATTACKER, EDU_WRITES, IOVA + PAGE); /* to where we can see what it got */
    if (holds(output[ATTACKER], 2))
        fail("the attacker read the victim's page");
    expect_fault(ATTACKER, false, pa(secret));
}

/* The read leaves the translation in the unit's IOTLB; when the write comes, the page is somebody else's. */
static void unmap(void)
{
    dma(VICTIM, EDU_READS, SECRET);
    must(iommu_unmap(domain[VICTIM], SECRET, PAGE, NULL), "iommu_unmap");
    fill(secret, 3);
    print("the victim writes to the page that was unmapped\n");
    dma(VICTIM, EDU_WRITES, SECRET);
    if (!holds(secret, 3))
        fail("the invalidation on unmap: the page can still be written");
    expect_fault(VICTIM, true, SECRET);
}

static void take_down(void)
{
    for (unsigned i = 0; i < COUNT; i++) {
        must(iommu_device_remove(device[i]), "iommu_device_remove");
        must(iommu_domain_free(domain[i]), "iommu_domain_free");
    }
    must(iommu_destroy(iommu), "iommu_destroy");
}

_Noreturn void kernel_main(const uint8_t *boot_info);

_Noreturn void kernel_main(const uint8_t *boot_info)
{
    memory_init(boot_info);
    acpi_init(boot_info);
    pci_init();
    interrupt_init();
    region = new_page(1);
    secret = new_page(2);
    for (unsigned i = 0; i < COUNT; i++) {
        edu_init(&edu[i], i);
        input[i] = new_page(10 + i);
        output[i] = new_page(20);
    }
    create();
    start();
    give_domain(VICTIM);
    give_domain(ATTACKER);
    must(iommu_map(domain[VICTIM], SECRET, pa(secret), PAGE, READ_WRITE), "iommu_map");
    edu_begin(&edu[VICTIM], EDU_WRITES, pa(region));
    check_region("beside the domain's own pages");
    copy();
    attack();
    unmap();
    take_down();
    print("isolated\n");
    leave(true);
}
