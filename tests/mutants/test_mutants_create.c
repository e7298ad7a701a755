/* SPDX-License-Identifier: MIT */
/* platform: core */
/*
 * test_mutants_create.c - a unit is made and given up: how its registers are mapped, what a host that refuses gets
 * back, whom a table's scopes mean, and domains in a format that a unit cannot walk. The unit is three pages of bytes.
 */
#include "tests/vtd/host.h"

#include <string.h>

#include "drivers/vtd/vtd.h"

#define PAGE     4096u
#define BASE     0xfed90000u
#define BIT64(n) (UINT64_C(1) << (n))

static struct world {
    struct test_host host;
    struct iommu_platform platform;
    unsigned allocations, maps, unmaps, locks, locks_until_failure;
    size_t mapped_bytes;
    _Alignas(PAGE) uint8_t registers[3 * PAGE];
    _Alignas(8) uint8_t table[128];
    uint32_t table_bytes;
} world;

static void *count_alloc(void *ctx, size_t bytes)
{
    world.allocations++;
    return test_host_alloc(ctx, bytes);
}

static void *mmio_map(void *ctx, uint64_t pa, size_t bytes)
{
    (void)ctx;
    assert_int_equal(pa, BASE);
    assert_true(bytes <= sizeof world.registers);
    world.maps++;
    world.mapped_bytes = bytes;
    return world.registers;
}

static void mmio_unmap(void *ctx, void *base, size_t bytes)
{
    (void)ctx;
    assert_ptr_equal(base, world.registers);
    assert_int_equal(bytes, world.mapped_bytes);
    world.unmaps++;
}

static int lock_init(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    (void)lock;
    if (world.locks_until_failure > 0 && --world.locks_until_failure == 0)
        return -IOMMU_ENOMEM;
    world.locks++;
    return 0;
}

static void lock_fini(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    (void)lock;
    world.locks--;
}

static void lock_nothing(void *ctx, struct iommu_lock *lock)
{
    (void)ctx;
    (void)lock;
}

static void put64(uint32_t offset, uint64_t value)
{
    memcpy(world.registers + offset, &value, sizeof value);
}

static void seal(void)
{
    uint8_t sum = 0;
    memcpy(world.table + 4, &world.table_bytes, 4);
    world.table[9] = 0;
    for (uint32_t i = 0; i < world.table_bytes; i++)
        sum = (uint8_t)(sum + world.table[i]);
    world.table[9] = (uint8_t)-sum;
}

/* A legacy unit of four levels with its fault records there, and a scope of eight bytes or none. */
static void begin(uint32_t fault_records, const uint8_t *scope)
{
    memset(&world, 0, sizeof world);
    world.platform = test_host_platform(&world.host);
    world.platform.alloc = count_alloc;
    world.platform.mmio_map = mmio_map;
    world.platform.mmio_unmap = mmio_unmap;
    put64(VTD_REG_VER, 0x10);
    put64(VTD_REG_CAP, BIT64(10) | UINT64_C(47) << 16 | (uint64_t)(fault_records / 16) << 24);
    put64(VTD_REG_ECAP, BIT64(0) | BIT64(1) | UINT64_C(0x10) << 8);
    memcpy(world.table, "DMAR", 4);
    world.table[8] = 1;
    world.table[36] = 47;
    memcpy(world.table + 48, (const uint8_t[]){0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0xd9, 0xfe}, 12);
    world.table_bytes = 64;
    if (scope != NULL) {
        world.table[50] = 24;
        world.table[52] = 0;
        memcpy(world.table + 64, scope, 8);
        world.table_bytes = 72;
    }
    seal();
}

static void use_locks(unsigned until_failure)
{
    world.locks_until_failure = until_failure;
    world.platform.lock_init = lock_init;
    world.platform.lock_fini = lock_fini;
    world.platform.lock_acquire = world.platform.lock_release = lock_nothing;
}

static int create(struct iommu **iommu)
{
    const struct iommu_vtd_config config = {.dmar = world.table, .dmar_bytes = world.table_bytes};
    return iommu_vtd_create(&world.platform, &config, iommu);
}

static void nothing_left(void)
{
    assert_int_equal(world.host.live, 0);
    assert_int_equal(world.locks, 0);
    assert_int_equal(world.maps, world.unmaps);
}

static void test_registers_are_mapped_once(void **state)
{
    struct iommu *iommu;
    begin(0x200, NULL);
    assert_int_equal(create(&iommu), 0);
    assert_int_equal(world.maps, 1);
    assert_int_equal(world.mapped_bytes, PAGE);
    assert_int_equal(iommu_destroy(iommu), 0);
    nothing_left();
}

/* Firmware says one page; the fault records are in the third. */
static void test_registers_beyond_what_firmware_says(void **state)
{
    struct iommu *iommu;
    begin(0x2000, NULL);
    assert_int_equal(create(&iommu), 0);
    assert_int_equal(world.maps, 2);
    assert_int_equal(world.unmaps, 1);
    assert_int_equal(world.mapped_bytes, 3 * PAGE);
    assert_int_equal(iommu_destroy(iommu), 0);
    nothing_left();
}

static void test_B42_host_without_another_lock(void **state)
{
    struct iommu *iommu = NULL;
    for (unsigned n = 1; n <= 3; n++) { /* the instance's, its stock of pages', the unit's */
        begin(0x200, NULL);
        use_locks(n);
        assert_int_equal(create(&iommu), -IOMMU_ENOMEM);
        assert_null(iommu);
        nothing_left();
    }
    begin(0x200, NULL);
    use_locks(0);
    assert_int_equal(create(&iommu), 0);
    assert_int_equal(world.locks, 3);
    assert_int_equal(iommu_destroy(iommu), 0);
    nothing_left();
}

static void test_B42_table_that_is_none(void **state)
{
    struct iommu *iommu = NULL;
    begin(0x200, NULL);
    world.table[0]++; /* and so the sum is wrong */
    assert_int_equal(create(&iommu), -IOMMU_EINVAL);
    assert_int_equal(world.allocations, 1); /* the instance: nothing for a table */
    assert_null(iommu);
    nothing_left();
}

static void test_B42_nothing_where_something_is_needed(void **state)
{
    struct iommu *iommu = NULL;
    begin(0x200, NULL);
    const struct iommu_vtd_config config = {.dmar = world.table, .dmar_bytes = world.table_bytes};
    struct iommu_platform platform = world.platform;
    assert_int_equal(iommu_vtd_create(NULL, &config, &iommu), -IOMMU_EINVAL);
    assert_int_equal(iommu_vtd_create(&platform, NULL, &iommu), -IOMMU_EINVAL);
    assert_int_equal(iommu_vtd_create(&platform, &config, NULL), -IOMMU_EINVAL);
    platform.alloc = NULL;
    assert_int_equal(iommu_vtd_create(&platform, &config, &iommu), -IOMMU_EINVAL);
    platform.alloc = world.platform.alloc;
    platform.free = NULL;
    assert_int_equal(iommu_vtd_create(&platform, &config, &iommu), -IOMMU_EINVAL);
    platform = world.platform;
    platform.page_alloc = NULL; /* found out later: what was made goes again */
    assert_int_equal(iommu_vtd_create(&platform, &config, &iommu), -IOMMU_EINVAL);
    assert_null(iommu);
    nothing_left();
}

/* ---- scopes ----------------------------------------------------------------------------------------- */

/* The path leads to 00:03.1. Interrupt controllers, timers and namespace devices have ids of their own there. */
static void test_scopes_of_no_pci_device(void **state)
{
    for (uint8_t type = 1; type <= 5; type++) {
        const uint8_t scope[8] = {type, 8, 0, 0, 7, 0, 3, 1};
        struct iommu_dmar_record record;
        struct iommu_dmar dmar;
        begin(0x200, scope);
        assert_int_equal(iommu_dmar_open(world.table, world.table_bytes, &dmar, NULL, NULL), 0);
        assert_int_equal(vtd_scope_find_unit(&world.platform, &dmar, 0, 0x19, &record), type <= 2);
    }
}

/* ---- formats ---------------------------------------------------------------------------------------- */

static struct vtd_unit unit_of_levels(uint64_t widths, uint64_t ecap, bool scalable)
{
    struct vtd_unit unit = {
        .cap = widths << 8 | UINT64_C(47) << 16, .ecap = ecap | VTD_ECAP_C, .scalable = scalable};
    unit.ss_bits = vtd_unit_has_stage(&unit, IOMMU_STAGE_SECOND) ? vtd_caps_ss_bits(unit.cap) : 0;
    unit.fs_bits = vtd_unit_has_stage(&unit, IOMMU_STAGE_FIRST) ? 47 : 0;
    return unit;
}

static bool fits(struct vtd_unit *made_for, enum iommu_stage stage, const struct vtd_unit *unit)
{
    struct vtd vtd = {.units = made_for, .unit_count = 1, .dmar = {.address_bits = 46}};
    struct iommu_domain domain = {.stage = stage};
    assert_int_equal(vtd_format_choose(&vtd, NULL, stage, 0, &domain.pt.config), 0);
    return vtd_format_fits(unit, &domain);
}

static void test_B39_levels_that_the_unit_does_not_walk(void **state)
{
    struct vtd_unit wide = unit_of_levels(1 << 2, 0, false);
    struct vtd_unit narrow = unit_of_levels(1 << 1, 0, false);
    struct vtd_unit both = unit_of_levels(1 << 2 | 1 << 1, 0, false);
    assert_true(fits(&wide, IOMMU_STAGE_SECOND, &wide));
    assert_true(fits(&wide, IOMMU_STAGE_SECOND, &both));
    assert_true(fits(&narrow, IOMMU_STAGE_SECOND, &both));
    assert_false(fits(&wide, IOMMU_STAGE_SECOND, &narrow));
    assert_false(fits(&narrow, IOMMU_STAGE_SECOND, &wide));
}

static void test_B39_stage_that_the_unit_lacks(void **state)
{
    const uint64_t scalable = VTD_ECAP_SMTS | VTD_ECAP_SMPWCS;
    struct vtd_unit legacy = unit_of_levels(1 << 2, 0, false);
    struct vtd_unit first = unit_of_levels(1 << 2, scalable | VTD_ECAP_FSTS, true);
    struct vtd_unit second = unit_of_levels(1 << 2, scalable | VTD_ECAP_SSTS, true);
    assert_true(fits(&first, IOMMU_STAGE_FIRST, &first));
    assert_false(fits(&first, IOMMU_STAGE_FIRST, &legacy));
    assert_false(fits(&first, IOMMU_STAGE_FIRST, &second));
    assert_true(fits(&legacy, IOMMU_STAGE_SECOND, &second));
    assert_false(fits(&second, IOMMU_STAGE_SECOND, &first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers_are_mapped_once),
        cmocka_unit_test(test_registers_beyond_what_firmware_says),
        cmocka_unit_test(test_B42_host_without_another_lock),
        cmocka_unit_test(test_B42_table_that_is_none),
        cmocka_unit_test(test_B42_nothing_where_something_is_needed),
        cmocka_unit_test(test_scopes_of_no_pci_device),
        cmocka_unit_test(test_B39_levels_that_the_unit_does_not_walk),
        cmocka_unit_test(test_B39_stage_that_the_unit_lacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
