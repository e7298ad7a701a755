/* SPDX-License-Identifier: MIT */
/*
 * The platform to copy: it works as it stands, so that a port starts from something that was right
 * once.
 *
 * platform: strict
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "iommukit/host/strict.h"
#include "platform/template/template.h"

#define MEMORY_BYTES ((size_t)8 << 20)

struct rig {
    void *memory;
    struct template_host host;
    struct iommu_strict *strict;
    const struct iommu_platform *platform; /* the template's, under the strict host's eyes */
};

static unsigned printed;

static void print(const char *line)
{
    printed++;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    struct template_config config = {
        .memory_bytes = MEMORY_BYTES, .ticks_per_us = 1000, .print = print};

    assert_non_null(rig);
    rig->memory = aligned_alloc((size_t)2 << 20, MEMORY_BYTES);
    assert_non_null(rig->memory);
    memset(rig->memory, 0xCC, MEMORY_BYTES);
    config.memory_pa = 0x40000008; /* the first bytes are lost to alignment */
    config.offset = (uintptr_t)rig->memory - 0x40000000;
    config.memory_bytes -= 8;
    config.ecam_pa =
        0x40000000 + MEMORY_BYTES - 4096; /* at the very end, for one function of bus 0 */
    config.memory_bytes -= 4096;
    config.ecam_buses = 1;
    template_init(&rig->host, &config);
    assert_int_equal(iommu_strict_create(&rig->host.platform, &rig->strict), 0);
    rig->platform = iommu_strict_platform(rig->strict);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    assert_null(iommu_strict_violation(rig->strict));
    iommu_strict_destroy(rig->strict);
    free(rig->memory);
    free(rig);
    return 0;
}

static void test_template_pages(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    unsigned order, round;

    for (round = 0; round < 50; round++) {
        uint8_t *pages[10];

        for (order = 0; order < 10; order++) {
            uint8_t *page = pages[order] = p->page_alloc(p->ctx, order);

            assert_non_null(page);
            assert_int_equal(p->virt_to_phys(p->ctx, page) & ((4096u << order) - 1), 0);
            assert_ptr_equal(p->phys_to_virt(p->ctx, p->virt_to_phys(p->ctx, page)), page);
            assert_true(page[0] == 0 && memcmp(page, page + 1, ((size_t)4096 << order) - 1) == 0);
        }
        for (order = 0; order < 10; order++)
            p->page_free(p->ctx, pages[order], order);
    }
    assert_non_null(p->page_alloc(p->ctx, 0));
}

static void test_template_exhaustion(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    unsigned pages = 0;

    while (p->page_alloc(p->ctx, 0))
        pages++;
    assert_int_equal(pages, MEMORY_BYTES / 4096 - 2);
    assert_null(p->page_alloc(p->ctx, 9));
    assert_non_null(p->alloc(p->ctx, 100)); /* what alignment left over at the start */
    assert_null(p->alloc(p->ctx, SIZE_MAX));
}

static void test_template_objects(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    size_t bytes;

    for (bytes = 1; bytes < 5000; bytes += 37) {
        uint8_t *object = p->alloc(p->ctx, bytes);

        assert_non_null(object);
        assert_int_equal((uintptr_t)object % _Alignof(max_align_t), 0);
        assert_true(object[0] == 0 && object[bytes - 1] == 0);
        memset(object, 0xAA, bytes);
        p->free(p->ctx, object, bytes);
    }
}

static void test_template_other_hooks(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    struct iommu_lock lock;
    uint64_t before = p->now_ns(p->ctx);
    uint8_t *page = p->page_alloc(p->ctx, 0);
    uint8_t *registers = p->mmio_map(p->ctx, p->virt_to_phys(p->ctx, page), 4096);

    assert_int_equal(p->lock_init(p->ctx, &lock), 0);
    p->lock_acquire(p->ctx, &lock);
    p->relax(p->ctx);
    p->lock_release(p->ctx, &lock);
    p->lock_fini(p->ctx, &lock);
    p->mmio_write64(p->ctx, registers + 8, 0x1122334455667788);
    p->mmio_write32(p->ctx, registers + 12, 0xAABBCCDD);
    assert_true(p->mmio_read64(p->ctx, registers + 8) == 0xAABBCCDD55667788);
    assert_int_equal(p->mmio_read32(p->ctx, registers + 8), 0x55667788);
    p->cache_flush(p->ctx, page, 4096);
    p->dma_barrier(p->ctx);
    p->mmio_unmap(p->ctx, registers, 4096);
    assert_true(p->now_ns(p->ctx) >= before);
    p->pci_write32(p->ctx, 0, 0, 64, 0xC0FFEE);
    assert_int_equal(p->pci_read32(p->ctx, 0, 0, 64), 0xC0FFEE);
    assert_int_equal(p->pci_read32(p->ctx, 0, 0x100, 64), UINT32_MAX);
    assert_int_equal(p->pci_read32(p->ctx, 1, 0, 64), UINT32_MAX);
    printed = 0;
    p->log(p->ctx, IOMMU_LOG_WARNING, "a line");
    p->log(p->ctx, IOMMU_LOG_DEBUG, "too much");
    assert_int_equal(printed, 1);
}

#define TEMPLATE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEMPLATE_TEST(test_template_pages),
        TEMPLATE_TEST(test_template_exhaustion),
        TEMPLATE_TEST(test_template_objects),
        TEMPLATE_TEST(test_template_other_hooks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
