/* SPDX-License-Identifier: MIT */
/* rig.c - building and closing the test bench, and DMA on it. */
#include "tests/stack/rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "iommukit/driver.h"
#include "tests/stack/view.h"

#define UNIT0_BASE UINT64_C(0xfed90000)
#define UNIT1_BASE UINT64_C(0xfed91000)
#define BAR_BASE   UINT64_C(0x200000000000)

uint16_t rig_rid(unsigned device)
{
    return (uint16_t)((device + 1) << 3);
}

uint64_t rig_unit_base(unsigned unit)
{
    return unit == 0 ? UNIT0_BASE : UNIT1_BASE;
}

static void set_unit(const struct rig_config *config, unsigned index,
                     struct iommu_model_unit_config *unit)
{
    const char *preset = config->preset != NULL ? config->preset : "scalable";
    if (index == 1 && config->second_preset != NULL)
        preset = config->second_preset;
    *unit =
        (struct iommu_model_unit_config){.base = rig_unit_base(index), .include_all = index == 0};
    struct iommu_model_vtd_config kind = {0};
    if (!iommu_model_vtd_preset(preset, &kind))
        fail_msg("no preset '%s'", preset);
    unit->major = kind.major;
    unit->minor = kind.minor;
    unit->cap = kind.cap;
    unit->ecap = kind.ecap;
    if (index == 1 && config->second_preset != NULL) {
        unit->cap = (unit->cap & ~config->second_cap_clear) | config->second_cap_set;
        unit->ecap = (unit->ecap & ~config->second_ecap_clear) | config->second_ecap_set;
        return;
    }
    unit->cap = (unit->cap & ~config->cap_clear) | config->cap_set;
    unit->ecap = (unit->ecap & ~config->ecap_clear) | config->ecap_set;
}

static void set_function(const struct rig_config *config, unsigned index,
                         struct iommu_model_function_config *function)
{
    uint8_t pasid_bits = config->pasid_bits == 0 ? 20 : config->pasid_bits;
    if (pasid_bits == 255)
        pasid_bits = 0;
    *function = (struct iommu_model_function_config){
        .pci = {.rid = rig_rid(index),
                .kind = IOMMU_MODEL_PCI_INTEGRATED,
                .vendor = 0x8086,
                .device = 0x0b25,
                .class_code = 0x088000,
                .pasid_bits = pasid_bits,
                .ats = true,
                .scalable_iov = !config->no_siov,
                .bar = {BAR_BASE + index * UINT64_C(0x1000000),
                        BAR_BASE + index * UINT64_C(0x1000000) + 0x800000},
                .bar_bytes = {IOMMU_MODEL_DSA_BAR0_BYTES,
                              (uint64_t)IOMMU_MODEL_DSA_QUEUES_MAX * IOMMU_MODEL_DSA_PORTAL_BYTES}},
        .unit = config->second_unit && index >= 2 ? 1 : 0,
        .accelerator = true,
    };
}

static void on_message(void *ctx, unsigned unit, enum iommu_model_event event, uint64_t address,
                       uint32_t data)
{
    struct rig *rig = ctx;
    rig->messages.count++;
    rig->messages.event = event;
    rig->messages.address = address;
    rig->messages.data = data;
    (void)unit;
}

/* As endpoints do, ATS on or off; a dead one does not answer. */
static bool on_devtlb(void *ctx, unsigned unit,
                      const struct iommu_model_devtlb_invalidation *invalidation)
{
    struct rig *rig = ctx;
    unsigned device = (unsigned)(invalidation->rid >> 3) - 1;
    if (rig->devtlb.count < RIG_DEVTLBS_MAX)
        rig->devtlb.at[rig->devtlb.count++] = *invalidation;
    (void)unit;
    return device < RIG_DEVICES && !(rig->devtlb.dead >> device & 1);
}

void rig_open_hardware(struct rig *rig, const struct rig_config *config)
{
    *rig = (struct rig){.config = *config};
    struct iommu_model_unit_config units[RIG_UNITS];
    struct iommu_model_function_config functions[RIG_DEVICES];
    const unsigned unit_count = config->second_unit ? 2 : 1;
    for (unsigned i = 0; i < unit_count; i++)
        set_unit(config, i, &units[i]);
    for (unsigned i = 0; i < RIG_DEVICES; i++)
        set_function(config, i, &functions[i]);

    const struct iommu_model_machine_config machine = {
        .units = units,
        .unit_count = unit_count,
        .functions = functions,
        .function_count = RIG_DEVICES,
        .regions = config->regions,
        .region_count = config->region_count,
                                                       .lies = config->lies,
        .ctx = rig,
        .event = on_message,
        .devtlb_invalidate = config->watch_devtlbs ? on_devtlb : NULL};
    const char *why = "";
    if (iommu_host_model_create(&machine, config->ram_bytes, &rig->host, &why) < 0)
        fail_msg("the machine cannot be built: %s", why);
    rig->machine = iommu_host_model_machine(rig->host);
    rig->memory = iommu_host_model_posix(rig->host);
    for (unsigned i = 0; i < RIG_DEVICES; i++)
        iommu_model_pci_write32(iommu_model_machine_function(rig->machine, i), 4, 6);

    assert_int_equal(iommu_strict_create(iommu_host_model_platform(rig->host), &rig->strict), 0);
    if (config->hold_freed)
        iommu_strict_poison(rig->strict, 0xdb, true);
    rig_view_wrap(rig);
}

static void on_event(void *ctx, const struct iommu_event *event)
{
    struct rig *rig = ctx;
    rig->event = *event;
    rig->events++;
}

int rig_create_driver(struct rig *rig)
{
    struct iommu_vtd_config vtd = rig->config.vtd;
    vtd.mode = rig->config.mode;
    vtd.dmar = iommu_model_machine_dmar(rig->machine, &vtd.dmar_bytes);
    int result = iommu_vtd_create(&rig->platform, &vtd, &rig->iommu);
    if (result == 0)
        iommu_set_event_handler(rig->iommu, on_event, rig);
    return result;
}

void rig_add_devices(struct rig *rig)
{
    for (unsigned i = 0; i < RIG_DEVICES; i++) {
        const struct iommu_device_config device = {.rid = rig_rid(i),
                                                   .flags = rig->config.device_flags};
        assert_int_equal(iommu_device_add(rig->iommu, &device, &rig->device[i]), 0);
    }
}

void rig_open(struct rig *rig, const struct rig_config *config)
{
    rig_open_hardware(rig, config);
    assert_int_equal(rig_create_driver(rig), 0);
    if (!config->no_devices)
        rig_add_devices(rig);
    if (!config->not_started)
        assert_int_equal(iommu_start(rig->iommu), 0);
}

static void check_models(struct rig *rig)
{
    for (unsigned i = 0; i < iommu_model_machine_unit_count(rig->machine); i++) {
        struct iommu_model_vtd_stats stats;
        iommu_model_vtd_stats(iommu_model_machine_unit(rig->machine, i), &stats);
        if (stats.misuse != 0 && !rig->expect_misuse)
            fail_msg("unit %u was misused %llu times, at last: %s", i,
                     (unsigned long long)stats.misuse, stats.last_misuse);
    }
    for (unsigned i = 0; i < RIG_DEVICES && !rig->expect_misuse; i++)
        assert_int_equal(iommu_model_pci_misuse(iommu_model_machine_function(rig->machine, i)), 0);
}

void rig_end_driver(struct rig *rig)
{
    for (unsigned i = 0; i < RIG_DEVICES; i++) {
        if (rig->device[i] != NULL)
            assert_int_equal(iommu_device_remove(rig->device[i]), 0);
        rig->device[i] = NULL;
    }
    if (rig->iommu != NULL)
        assert_int_equal(iommu_destroy(rig->iommu), 0);
    rig->iommu = NULL;
}

void rig_close(struct rig *rig)
{
    struct iommu_strict_counts counts;
    rig_end_driver(rig);
    check_models(rig);
    iommu_strict_counts(rig->strict, &counts);
    if (counts.violations != 0)
        fail_msg("platform rule broken: %s", iommu_strict_violation(rig->strict));
    assert_int_equal(counts.objects_live, 0);
    assert_int_equal(counts.windows_live, 0);
    if (rig->expect_withheld)
        assert_true(counts.pages_live > 0);
    else
        assert_int_equal(counts.pages_live, 0);

    rig_view_unwrap(rig);
    iommu_strict_destroy(rig->strict);
    if (!rig->config.hold_freed && !rig->expect_withheld)
        assert_int_equal(iommu_posix_pages_used(rig->memory), 0);
    iommu_host_model_destroy(rig->host);
}

void rig_watch(struct rig *rig, rig_probe probe, void *ctx)
{
    rig->probe = probe;
    rig->probe_ctx = ctx;
}

/* ---- memory and domains */

uint64_t *rig_words(struct rig *rig, uint64_t pa)
{
    return iommu_posix_memory(rig->memory, pa, RIG_PAGE);
}

uint64_t rig_page(struct rig *rig, uint64_t value)
{
    uint64_t pa = iommu_posix_buffer_alloc(rig->memory, RIG_PAGE);
    assert_true(pa != 0);
    for (unsigned i = 0; i < RIG_PAGE / 8; i++)
        rig_words(rig, pa)[i] = value;
    return pa;
}

void rig_page_done(struct rig *rig, uint64_t pa)
{
    iommu_posix_buffer_free(rig->memory, pa, RIG_PAGE);
}

struct iommu_domain *rig_domain(struct rig *rig, enum iommu_stage stage)
{
    const struct iommu_domain_config config = {.stage = stage};
    struct iommu_domain *domain = NULL;
    assert_int_equal(iommu_domain_alloc(rig->iommu, &config, &domain), 0);
    return domain;
}

struct iommu_domain *rig_domain_mapping(struct rig *rig, enum iommu_stage stage, uint64_t iova,
                                        uint64_t pa)
{
    struct iommu_domain *domain = rig_domain(rig, stage);
    assert_int_equal(iommu_map(domain, iova, pa, RIG_PAGE, IOMMU_READ | IOMMU_WRITE), 0);
    return domain;
}

uint32_t rig_attach(struct rig *rig, struct iommu_domain *domain, unsigned device,
                    struct iommu_attachment **attachment)
{
    assert_int_equal(iommu_attach(domain, rig->device[device], iommu_route_any(), NULL, attachment),
                     0);
    return iommu_attachment_pasid(*attachment);
}

/* ---- DMA */

/* NOLINTNEXTLINE(readability-non-const-parameter): a read stores there */
static bool dma(struct rig *rig, unsigned device, uint32_t pasid, uint64_t iova, uint64_t *value,
                bool write)
{
    const struct iommu_model_dma access = {.has_pasid = pasid != IOMMU_NO_PASID,
                                           .pasid = pasid == IOMMU_NO_PASID ? 0 : pasid,
                                           .address = iova,
                                           .write = write,
                                           .data = value,
                                           .bytes = sizeof *value};
    struct iommu_model_dma_result result;
    iommu_model_machine_dma(rig->machine, device, &access, &result, &rig->last);
    return result.ok;
}

bool rig_read(struct rig *rig, unsigned device, uint32_t pasid, uint64_t iova, uint64_t *value)
{
    return dma(rig, device, pasid, iova, value, false);
}

bool rig_write(struct rig *rig, unsigned device, uint32_t pasid, uint64_t iova, uint64_t value)
{
    return dma(rig, device, pasid, iova, &value, true);
}

void rig_assert_reads(struct rig *rig, unsigned device, uint32_t pasid, uint64_t iova,
                      uint64_t value)
{
    uint64_t got = ~value;
    if (!rig_read(rig, device, pasid, iova, &got))
        fail_msg("device %u PASID %x: read of %llx blocked, reason %02x", device, pasid,
                 (unsigned long long)iova, rig->last.fault);
    assert_int_equal(got, value);
}

/*
 * A function whose PASIDs are off sends no request that would carry one: blocked at the source, no
 * record.
 */
static bool may_withhold(struct rig *rig, unsigned device, uint32_t pasid)
{
    return pasid != IOMMU_NO_PASID &&
           !iommu_model_pci_pasid_enabled(iommu_model_machine_function(rig->machine, device));
}

static uint64_t withheld_requests(struct rig *rig)
{
    struct iommu_model_machine_stats stats;
    iommu_model_machine_stats(rig->machine, &stats);
    return stats.withheld;
}

void rig_assert_blocked(struct rig *rig, unsigned device, uint32_t pasid, uint64_t iova, bool write)
{
    iommu_handle_events(rig->iommu);
    unsigned before = rig->events;
    uint64_t value = 0, withheld = withheld_requests(rig);
    bool passed =
        write ? rig_write(rig, device, pasid, iova, 0) : rig_read(rig, device, pasid, iova, &value);
    if (passed)
        fail_msg("device %u PASID %x: %s of %llx got through", device, pasid,
                 write ? "write" : "read", (unsigned long long)iova);
    if (withheld_requests(rig) != withheld && may_withhold(rig, device, pasid))
        return;

    assert_true(iommu_handle_events(rig->iommu) > 0);
    assert_int_equal(rig->events, before + 1);
    assert_int_equal(rig->event.type, IOMMU_EVENT_FAULT);
    assert_int_equal(rig->event.rid, rig_rid(device));
    assert_int_equal(rig->event.pasid, pasid);
    assert_int_equal(rig->event.address & ~(RIG_PAGE - 1), iova & ~(RIG_PAGE - 1));
    assert_int_equal(rig->event.write, write);
    assert_int_equal(rig->event.reason, rig->last.fault);
}

uint64_t rig_descriptors(struct rig *rig, unsigned unit)
{
    struct iommu_vtd_unit_info info;
    assert_int_equal(iommu_vtd_unit_info(rig->iommu, unit, &info), 0);
    return info.descriptors;
}

uint64_t rig_pages(struct rig *rig)
{
    struct iommu_strict_counts counts;
    iommu_pt_stock_drain(&rig->iommu->table_pages, rig->iommu->platform);
    iommu_strict_counts(rig->strict, &counts);
    return counts.pages_live;
}

/* ---- registers, past the driver */

uint32_t rig_reg32(struct rig *rig, unsigned unit, uint32_t offset)
{
    return iommu_model_machine_read32(rig->machine, rig_unit_base(unit) + offset);
}

uint64_t rig_reg64(struct rig *rig, unsigned unit, uint32_t offset)
{
    return iommu_model_machine_read64(rig->machine, rig_unit_base(unit) + offset);
}

void rig_set_reg32(struct rig *rig, unsigned unit, uint32_t offset, uint32_t value)
{
    iommu_model_machine_write32(rig->machine, rig_unit_base(unit) + offset, value);
}

void rig_set_reg64(struct rig *rig, unsigned unit, uint32_t offset, uint64_t value)
{
    iommu_model_machine_write64(rig->machine, rig_unit_base(unit) + offset, value);
}

void rig_unit_stats(struct rig *rig, unsigned unit, struct iommu_model_vtd_stats *stats)
{
    iommu_model_vtd_stats(iommu_model_machine_unit(rig->machine, unit), stats);
}

bool rig_logged(const struct rig *rig, const char *words)
{
    for (unsigned i = 0; i < RIG_LINES && i < rig->log.count; i++)
        if (strstr(rig->log.line[i], words) != NULL)
            return true;
    return false;
}

/* ---- seeds */

uint64_t rig_seed(const char *test)
{
    const char *given = getenv("IOMMUKIT_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec;
    /* Printed always: the runner shows it when the test fails. */
    print_message("# %s; again: IOMMUKIT_SEED=%llu %s\n", test, (unsigned long long)seed, program_invocation_name);
    return seed;
}

uint64_t rig_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
