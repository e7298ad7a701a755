/* SPDX-License-Identifier: MIT */
/*
 * The strict host: what it counts, what it notices, what it breaks on purpose.
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

#include "iommukit/host/posix.h"
#include "iommukit/host/strict.h"

#define PAGE ((size_t)4096)

struct rig {
    struct iommu_posix *posix;
    struct iommu_strict *strict;
    const struct iommu_platform *platform;
    struct iommu_strict_counts counts; /* filled by look() */
};

static uint32_t answer32(void *ctx, uint64_t pa)
{
    return (uint32_t)pa;
}

static uint32_t answer_config(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    return offset;
}

static int set_up(void **state)
{
    struct iommu_posix_config config = {.ram_bytes = (uint64_t)64 << 20,
                                        .ram_fd = -1,
                                        .read32 = answer32,
                                        .pci_read32 = answer_config};
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    assert_int_equal(iommu_posix_create(&config, &rig->posix), 0);
    assert_int_equal(iommu_strict_create(iommu_posix_platform(rig->posix), &rig->strict), 0);
    rig->platform = iommu_strict_platform(rig->strict);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    iommu_strict_destroy(rig->strict);
    assert_int_equal(iommu_posix_bad_frees(rig->posix), 0); /* nothing wrong was passed on */
    iommu_posix_destroy(rig->posix);
    free(rig);
    return 0;
}

static void look(struct rig *rig)
{
    iommu_strict_counts(rig->strict, &rig->counts);
}

/* Exactly this many violations so far, the first of them saying this. */
static void expect_violations(struct rig *rig, unsigned number, const char *first)
{
    look(rig);
    assert_int_equal(rig->counts.violations, number);
    assert_non_null(iommu_strict_violation(rig->strict));
    if (!strstr(iommu_strict_violation(rig->strict), first))
        assert_string_equal(iommu_strict_violation(rig->strict), first);
}

static uint64_t phys(const struct rig *rig, const void *va)
{
    return (uint64_t)(uintptr_t)va - rig->platform->phys_to_virt_offset;
}

static void test_strict_counts(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    void *object = p->alloc(p->ctx, 100), *page = p->page_alloc(p->ctx, 2);
    struct iommu_lock lock;

    p->cache_flush(p->ctx, page, 64);
    p->cache_flush(p->ctx, page, 128);
    p->dma_barrier(p->ctx);
    p->log(p->ctx, IOMMU_LOG_INFO, "a line");
    assert_int_equal(p->lock_init(p->ctx, &lock), 0);
    p->lock_acquire(p->ctx, &lock);
    look(rig);
    assert_true(rig->counts.allocs == 1 && rig->counts.page_allocs == 4);
    assert_true(rig->counts.objects_live == 1 && rig->counts.bytes_live == 100 &&
                rig->counts.pages_live == 4);
    assert_true(rig->counts.cache_flushes == 2 && rig->counts.cache_flush_bytes == 192);
    assert_true(rig->counts.barriers == 1 && rig->counts.log_lines == 1);
    assert_true(rig->counts.lock_acquires == 1 && rig->counts.locks_held == 1 &&
                rig->counts.locks_live == 1);
    p->lock_release(p->ctx, &lock);
    p->lock_fini(p->ctx, &lock);
    p->page_free(p->ctx, page, 2);
    p->free(p->ctx, object, 100);
    look(rig);
    assert_true(rig->counts.frees == 1 && rig->counts.page_frees == 4);
    assert_true(rig->counts.objects_live == 0 && rig->counts.bytes_live == 0 &&
                rig->counts.pages_live == 0);
    assert_true(rig->counts.locks_held == 0 && rig->counts.locks_live == 0);
    assert_int_equal(rig->counts.violations, 0);
    assert_null(iommu_strict_violation(rig->strict));
}

static void test_strict_double_free_is_found(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    void *object = p->alloc(p->ctx, 100), *page = p->page_alloc(p->ctx, 0);
    int local;

    p->page_free(p->ctx, page, 0);
    p->page_free(p->ctx, page, 0);
    expect_violations(rig, 1, "not a live page");
    p->free(p->ctx, object, 100);
    p->free(p->ctx, object, 100);
    expect_violations(rig, 2, "not a live page");
    p->free(p->ctx, &local, sizeof local);
    p->page_free(p->ctx, NULL, 0);
    expect_violations(rig, 4, "not a live page");
}

static void test_strict_wrong_size_and_order_are_found(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    void *object = p->alloc(p->ctx, 100), *page = p->page_alloc(p->ctx, 1);

    p->free(p->ctx, object, 96);
    expect_violations(rig, 1, "the object has 100 bytes");
    p->page_free(p->ctx, page, 0);
    assert_null(p->page_alloc(p->ctx, 10));
    expect_violations(rig, 3, "the object has 100 bytes");
    assert_int_equal(rig->counts.pages_live, 2);
    p->free(p->ctx, object, 100);
    p->page_free(p->ctx, page, 1);
    look(rig);
    assert_int_equal(rig->counts.pages_live + rig->counts.objects_live, 0);
}

static void test_strict_nth_allocation_fails_once(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    void *object, *page;

    iommu_strict_fail_nth(rig->strict, 3);
    assert_non_null(object = p->alloc(p->ctx, 8));
    assert_non_null(page = p->page_alloc(p->ctx, 0));
    assert_false(iommu_strict_failed(rig->strict));
    assert_null(p->page_alloc(p->ctx, 0));
    assert_true(iommu_strict_failed(rig->strict));
    p->page_free(p->ctx, page, 0);
    assert_non_null(page = p->page_alloc(p->ctx, 0));
    iommu_strict_fail_nth(rig->strict, 1);
    assert_false(iommu_strict_failed(rig->strict));
    assert_null(p->alloc(p->ctx, 8));
    iommu_strict_fail_nth(rig->strict, 1);
    iommu_strict_fail_nth(rig->strict, 0);
    p->free(p->ctx, object, 8);
    assert_non_null(object = p->alloc(p->ctx, 8));
    p->free(p->ctx, object, 8);
    p->page_free(p->ctx, page, 0);
    look(rig);
    assert_true(rig->counts.allocs == 2 &&
                rig->counts.page_allocs == 2); /* failures are not counted */
}

static void test_strict_poisons_what_is_freed(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    uint8_t *page = p->page_alloc(p->ctx, 0);
    uint64_t pa = phys(rig, page);

    p->page_free(p->ctx, page, 0);
    assert_int_equal(page[0], 0xDB);
    assert_int_equal(page[4095], 0xDB);
    assert_false(
        iommu_strict_is_poisoned(rig->strict, pa)); /* not held: anybody may have it by now */
}

static void test_strict_held_pages_stay_away(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    uint8_t *page, *other;
    uint64_t pa;

    iommu_strict_poison(rig->strict, 0x5A, true);
    page = p->page_alloc(p->ctx, 3);
    pa = phys(rig, page);
    other = p->page_alloc(p->ctx, 0);
    assert_false(iommu_strict_is_poisoned(rig->strict, pa));
    p->page_free(p->ctx, page, 3);
    assert_true(iommu_strict_is_poisoned(rig->strict, pa));
    assert_true(iommu_strict_is_poisoned(rig->strict, pa + 5 * PAGE + 17));
    assert_false(iommu_strict_is_poisoned(rig->strict, pa + 8 * PAGE));
    assert_false(iommu_strict_is_poisoned(rig->strict, phys(rig, other)));
    assert_int_equal(page[4096 * 8 - 1], 0x5A);
    assert_int_equal(iommu_posix_pages_used(rig->posix), 9);
    look(rig);
    assert_true(rig->counts.pages_held == 8 && rig->counts.pages_live == 1);
    p->page_free(p->ctx, page, 3);
    expect_violations(rig, 1, "freed before");
    p->page_free(p->ctx, other, 0);
    assert_true(iommu_strict_is_poisoned(rig->strict, phys(rig, other)));
}

static void test_strict_write_after_free_is_found(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    uint8_t *page = p->page_alloc(p->ctx, 1);

    iommu_strict_poison(rig->strict, 0xDB, true);
    p->page_free(p->ctx, page, 1);
    assert_true(iommu_strict_held_intact(rig->strict));
    page[8191] = 0;
    assert_false(iommu_strict_held_intact(rig->strict));
    expect_violations(rig, 1, "written after it had been freed");
}

static void test_strict_register_windows(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    uint8_t *base = p->mmio_map(p->ctx, 0xFED90000, 4096);

    assert_int_equal(p->mmio_read32(p->ctx, base + 4092), 0xFED90FFC);
    p->mmio_write64(p->ctx, base + 4088, 1);
    p->mmio_read64(p->ctx, base);
    p->mmio_write32(p->ctx, base, 1);
    look(rig);
    assert_true(rig->counts.mmio_reads == 2 && rig->counts.mmio_writes == 2 &&
                rig->counts.violations == 0);
    assert_int_equal(rig->counts.windows_live, 1);
    assert_int_equal(p->mmio_read32(p->ctx, base + 4096), UINT32_MAX);
    expect_violations(rig, 1, "no window there");
    p->mmio_write32(p->ctx, base - 4, 1);
    p->mmio_write64(p->ctx, base + 4092, 1);
    p->mmio_write64(p->ctx, base + 4, 1);
    p->mmio_read32(p->ctx, base + 2);
    p->mmio_unmap(p->ctx, base, 8192);
    expect_violations(rig, 6, "no window there");
    p->mmio_unmap(p->ctx, base, 4096);
    p->mmio_read32(p->ctx, base);
    expect_violations(rig, 7, "no window there");
    assert_int_equal(rig->counts.windows_live, 0);
}

static void test_strict_misaligned_register(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    uint8_t *base = p->mmio_map(p->ctx, 0xFED90000, 4096);

    p->mmio_write64(p->ctx, base + 0x3C, 1);
    expect_violations(rig, 1, "not aligned");
}

static void test_strict_locks(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    struct iommu_lock lock;

    p->lock_acquire(p->ctx, &lock);
    expect_violations(rig, 1, "not a live lock");
    assert_int_equal(p->lock_init(p->ctx, &lock), 0);
    p->lock_release(p->ctx, &lock);
    expect_violations(rig, 2, "not a live lock");
    p->lock_acquire(p->ctx, &lock);
    p->lock_acquire(p->ctx, &lock); /* would wait for ever */
    p->lock_fini(p->ctx, &lock);
    expect_violations(rig, 4, "not a live lock");
    assert_int_equal(rig->counts.locks_held, 1);
    p->lock_release(p->ctx, &lock);
    p->lock_fini(p->ctx, &lock);
    p->lock_fini(p->ctx, &lock);
    expect_violations(rig, 5, "not a live lock");
    assert_int_equal(rig->counts.locks_live + rig->counts.locks_held, 0);
}

/* An object may begin with a lock: same address, two entries. */
static void test_strict_lock_inside_an_object(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    struct iommu_lock *lock = p->alloc(p->ctx, sizeof *lock);

    assert_non_null(lock);
    assert_int_equal(p->lock_init(p->ctx, lock), 0);
    p->lock_fini(p->ctx, lock);
    p->free(p->ctx, lock, sizeof *lock);
    assert_null(iommu_strict_violation(rig->strict));
}

/* Hooks that nothing is to be said of still get the inner host's ctx. */
static const void *handed_ctx;

static void fill_one(void *ctx, uint64_t *words, size_t count, uint64_t value, uint64_t step)
{
    handed_ctx = ctx;
    words[0] = count + value + step;
}

static uint32_t cpu_seven(void *ctx)
{
    handed_ctx = ctx;
    return 7;
}

static void test_strict_hands_on(void **state)
{
    const struct rig *rig = *state;
    struct iommu_platform inner = *iommu_posix_platform(rig->posix);
    struct iommu_strict *strict;
    uint64_t word = 0;

    for (unsigned lacking = 0; lacking < 2; lacking++) {
        inner.fill_words = lacking ? NULL : fill_one;
        inner.cpu = lacking ? NULL : cpu_seven;
        assert_int_equal(iommu_strict_create(&inner, &strict), 0);
        const struct iommu_platform *p = iommu_strict_platform(strict);
        assert_int_equal(p->fill_words == NULL, lacking);
        assert_int_equal(p->cpu == NULL, lacking);
        assert_int_equal(p->cpu_offset, 0); /* or nobody would ask */
        if (p->fill_words && p->cpu) {
            p->fill_words(p->ctx, &word, 1, 20, 300);
            assert_ptr_equal(handed_ctx, inner.ctx);
            assert_int_equal(word, 321);
            handed_ctx = NULL;
            assert_int_equal(p->cpu(p->ctx), 7);
            assert_ptr_equal(handed_ctx, inner.ctx);
        }
        iommu_strict_destroy(strict);
    }
}

static void test_strict_configuration_space(void **state)
{
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;

    assert_int_equal(p->pci_read32(p->ctx, 0, 8, 4092), 4092);
    assert_null(p->pci_write32); /* what the inner host lacks is lacking here */
    p->pci_read32(p->ctx, 0, 8, 4096);
    expect_violations(rig, 1, "not a dword of it");
    p->pci_read32(p->ctx, 0, 8, 2);
    expect_violations(rig, 2, "not a dword of it");
}

/* Enough live things that the ledger grows several times, freed in another order. */
static void test_strict_many_live_objects(void **state)
{
    enum { MANY = 20000 };
    struct rig *rig = *state;
    const struct iommu_platform *p = rig->platform;
    static void *objects[MANY];
    unsigned i;

    for (i = 0; i < MANY; i++)
        assert_non_null(objects[i] = p->alloc(p->ctx, 16 + i % 7));
    for (i = 0; i < MANY; i++) {
        unsigned at = (unsigned)((uint64_t)i * 7919 % MANY);

        p->free(p->ctx, objects[at], 16 + at % 7);
    }
    look(rig);
    assert_true(rig->counts.objects_live == 0 && rig->counts.violations == 0);
}

#define STRICT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STRICT_TEST(test_strict_counts),
        STRICT_TEST(test_strict_double_free_is_found),
        STRICT_TEST(test_strict_wrong_size_and_order_are_found),
        STRICT_TEST(test_strict_nth_allocation_fails_once),
        STRICT_TEST(test_strict_poisons_what_is_freed),
        STRICT_TEST(test_strict_held_pages_stay_away),
        STRICT_TEST(test_strict_write_after_free_is_found),
        STRICT_TEST(test_strict_register_windows),
        STRICT_TEST(test_strict_misaligned_register),
        STRICT_TEST(test_strict_locks),
        STRICT_TEST(test_strict_lock_inside_an_object),
        STRICT_TEST(test_strict_hands_on),
        STRICT_TEST(test_strict_configuration_space),
        STRICT_TEST(test_strict_many_live_objects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
