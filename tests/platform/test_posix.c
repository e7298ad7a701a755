/* SPDX-License-Identifier: MIT */
/*
 * The posix host: physical memory, its page allocator, buffers, registers handed on.
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
#include <sys/mman.h>
#include <unistd.h>

#include "iommukit/host/posix.h"

#define MIB  ((uint64_t)1 << 20)
#define PAGE ((size_t)4096)

static struct iommu_posix *make(uint64_t ram_bytes, uint64_t pages_first)
{
    struct iommu_posix_config config = {
        .ram_bytes = ram_bytes, .pages_first = pages_first, .ram_fd = -1};
    struct iommu_posix *host;

    assert_int_equal(iommu_posix_create(&config, &host), 0);
    return host;
}

static uint64_t phys(const struct iommu_platform *platform, const void *va)
{
    return (uint64_t)(uintptr_t)va - platform->phys_to_virt_offset;
}

static bool all_zero(const uint8_t *at, size_t bytes)
{
    return at[0] == 0 && memcmp(at, at + 1, bytes - 1) == 0;
}

static void test_posix_defaults(void **state)
{
    struct iommu_posix *host;
    const struct iommu_platform *platform;
    void *page;

    assert_int_equal(iommu_posix_create(NULL, &host), 0);
    platform = iommu_posix_platform(host);
    page = platform->page_alloc(platform->ctx, 0);
    assert_non_null(page);
    assert_true(phys(platform, page) >= MIB);
    assert_ptr_equal(iommu_posix_memory(host, phys(platform, page), 4096), page);
    assert_non_null(iommu_posix_memory(host, 0, 4096));
    assert_non_null(iommu_posix_memory(host, ((uint64_t)8 << 30) - 4096, 4096));
    assert_null(iommu_posix_memory(host, ((uint64_t)8 << 30) - 4096, 4097));
    assert_null(iommu_posix_memory(host, UINT64_MAX, 2));
    assert_null(platform->pci_read32);
    assert_null(platform->log);
    assert_non_null(platform->cache_flush);
    iommu_posix_destroy(host);
}

static void test_posix_refuses_impossible_memory(void **state)
{
    struct iommu_posix_config config = {.ram_bytes = MIB, .pages_first = MIB, .ram_fd = -1};
    struct iommu_posix *host;

    assert_int_equal(iommu_posix_create(&config, &host), -IOMMU_EINVAL);
    config.ram_bytes = (uint64_t)1 << 60;
    assert_int_equal(iommu_posix_create(&config, &host), -IOMMU_EINVAL);
}

static void test_posix_pages_are_aligned_and_apart(void **state)
{
    struct iommu_posix *host = make(64 * MIB, 12288);
    const struct iommu_platform *platform = iommu_posix_platform(host);
    uint8_t *pages[10][4];
    unsigned order, i;

    for (i = 0; i < 4; i++) {
        for (order = 0; order < 10; order++) {
            uint8_t *page = pages[order][i] = platform->page_alloc(platform->ctx, order);

            assert_non_null(page);
            assert_int_equal(phys(platform, page) & ((4096u << order) - 1), 0);
            assert_true(phys(platform, page) >= 12288);
            assert_true(all_zero(page, (size_t)4096 << order));
            memset(page, (int)(order * 4 + i + 1), (size_t)4096 << order);
        }
    }
    assert_int_equal(iommu_posix_pages_used(host), 4 * 1023);
    for (order = 0; order < 10; order++) {
        for (i = 0; i < 4; i++) {
            uint8_t *page = pages[order][i];

            assert_int_equal(page[0], order * 4 + i + 1);
            assert_int_equal(memcmp(page, page + 1, ((size_t)4096 << order) - 1), 0);
            platform->page_free(platform->ctx, page, order);
        }
    }
    assert_int_equal(iommu_posix_pages_used(host), 0);
    assert_null(platform->page_alloc(platform->ctx, 10));
    iommu_posix_destroy(host);
}

static void test_posix_reused_pages_are_zeroed(void **state)
{
    struct iommu_posix *host = make(2 * MIB, 0);
    const struct iommu_platform *platform = iommu_posix_platform(host);
    unsigned i;

    for (i = 0; i < 1000; i++) {
        uint8_t *page = platform->page_alloc(platform->ctx, i % 4);

        assert_true(all_zero(page, (size_t)4096 << i % 4));
        memset(page, 0xAA, (size_t)4096 << i % 4);
        platform->page_free(platform->ctx, page, i % 4);
    }
    iommu_posix_destroy(host);
}

/* Every frame can be had, and after everything was given back it can be had in the largest pieces
 * again. */
static void test_posix_exhaustion_and_merging(void **state)
{
    struct iommu_posix *host = make(8 * MIB, 2 * MIB);
    const struct iommu_platform *platform = iommu_posix_platform(host);
    static void *pages[1536];
    unsigned round, i;

    for (round = 0; round < 2; round++) {
        for (i = 0; i < 1536; i++)
            assert_non_null(pages[i] = platform->page_alloc(platform->ctx, 0));
        assert_null(platform->page_alloc(platform->ctx, 0));
        assert_int_equal(iommu_posix_buffer_alloc(host, 1), 0);
        for (i = 0; i < 1536; i++) /* in an order that is neither forward nor backward */
            platform->page_free(platform->ctx, pages[i * 5 % 1536], 0);
        for (i = 0; i < 3; i++)
            assert_non_null(pages[i] = platform->page_alloc(platform->ctx, 9));
        assert_null(platform->page_alloc(platform->ctx, 0));
        for (i = 0; i < 3; i++)
            platform->page_free(platform->ctx, pages[i], 9);
    }
    assert_int_equal(iommu_posix_bad_frees(host), 0);
    iommu_posix_destroy(host);
}

static unsigned logged;

static void count_log(void *ctx, enum iommu_log_level level, const char *text)
{
    assert_int_equal(level, IOMMU_LOG_ERROR);
    assert_non_null(text);
    logged++;
}

static void test_posix_wrong_frees_are_refused(void **state)
{
    struct iommu_posix_config config = {.ram_bytes = 16 * MIB, .ram_fd = -1, .log = count_log};
    struct iommu_posix *host;
    const struct iommu_platform *platform;
    uint8_t *page;
    uint64_t buffer;

    assert_int_equal(iommu_posix_create(&config, &host), 0);
    platform = iommu_posix_platform(host);
    page = platform->page_alloc(platform->ctx, 3);
    buffer = iommu_posix_buffer_alloc(host, 3 * PAGE);
    platform->page_free(platform->ctx, page, 2);
    platform->page_free(platform->ctx, page + 4096, 0);
    platform->page_free(platform->ctx, page + 1, 3);
    platform->page_free(platform->ctx, page - 32 * MIB, 3);
    platform->page_free(platform->ctx, &host, 0);
    platform->page_free(platform->ctx, iommu_posix_memory(host, buffer, 4096), 0);
    iommu_posix_buffer_free(host, buffer, 4 * PAGE);
    iommu_posix_buffer_free(host, phys(platform, page), 8 * PAGE);
    assert_int_equal(iommu_posix_bad_frees(host), 8);
    assert_int_equal(iommu_posix_pages_used(host), 11);
    platform->page_free(platform->ctx, page, 3);
    platform->page_free(platform->ctx, page, 3);
    iommu_posix_buffer_free(host, buffer, 3 * PAGE);
    iommu_posix_buffer_free(host, buffer, 3 * PAGE);
    assert_int_equal(iommu_posix_bad_frees(host), 10);
    assert_int_equal(logged, 10);
    assert_int_equal(iommu_posix_pages_used(host), 0);
    iommu_posix_destroy(host);
}

static void test_posix_buffers(void **state)
{
    struct iommu_posix *host = make(64 * MIB, 0);
    static uint64_t buffers[4096];
    unsigned i;

    for (i = 0; i < 4096; i++) {
        size_t bytes = 1 + i % 3 * 4096;

        buffers[i] = iommu_posix_buffer_alloc(host, bytes);
        assert_true(buffers[i] && buffers[i] % 4096 == 0);
        memset(iommu_posix_memory(host, buffers[i], bytes), (int)(i & 0xFF), bytes);
    }
    for (i = 0; i < 4096; i++) {
        size_t bytes = 1 + i % 3 * 4096;
        const uint8_t *memory = iommu_posix_memory(host, buffers[i], bytes);

        assert_true(memory[0] == (uint8_t)i && memory[bytes - 1] == (uint8_t)i);
        iommu_posix_buffer_free(host, buffers[i], bytes);
    }
    assert_int_equal(iommu_posix_pages_used(host), 0);
    assert_int_equal(iommu_posix_buffer_alloc(host, 0), 0);
    assert_int_equal(iommu_posix_buffer_alloc(host, 64 * MIB), 0);
    assert_int_equal(iommu_posix_buffer_alloc(host, SIZE_MAX), 0);
    assert_int_not_equal(iommu_posix_buffer_alloc(host, 32 * MIB), 0);
    iommu_posix_destroy(host);
}

/* Registers and the interrupt window are below 4 GiB, where no device could be given a page. */
static void test_posix_nothing_lies_in_the_hole(void **state)
{
    const uint64_t hole = 0xFEC00000, end = (uint64_t)4 << 30;
    const struct iommu_posix_config within = {.ram_bytes = end, .pages_first = hole, .ram_fd = -1};
    struct iommu_posix *host = make(end + 2 * PAGE, hole - PAGE);
    uint64_t sum = 0, pa;
    unsigned count = 0;

    (void)state;
    while ((pa = iommu_posix_buffer_alloc(host, PAGE)) != 0) {
        sum += pa;
        count++;
    }
    assert_int_equal(count, 3);
    assert_int_equal(sum, hole - PAGE + end + end + PAGE);
    iommu_posix_destroy(host);
    assert_int_equal(iommu_posix_create(&within, &host), -IOMMU_EINVAL);
}

/* The memory of a file is the same bytes for everybody who maps it. */
static void test_posix_memory_of_a_file(void **state)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    struct iommu_posix_config config = {.ram_bytes = 4 * MIB, .ram_fd = fd};
    struct iommu_posix *host;
    char word[6] = "";

    assert_true(fd >= 0);
    assert_int_equal(iommu_posix_create(&config, &host), 0);
    memcpy(iommu_posix_memory(host, 2 * MIB, 6), "hello", 6);
    assert_int_equal(pread(fd, word, 6, (off_t)(2 * MIB)), 6);
    assert_string_equal(word, "hello");
    assert_int_equal(pwrite(fd, "\1", 1, (off_t)(4 * MIB - 1)), 1);
    assert_int_equal(*(uint8_t *)iommu_posix_memory(host, 4 * MIB - 1, 1), 1);
    iommu_posix_destroy(host);
    close(fd);
}

struct bus {
    uint64_t pa, value;
    unsigned width;
};

static uint32_t read32(void *ctx, uint64_t pa)
{
    *(struct bus *)ctx = (struct bus){pa, 0, 32};
    return 0x12345678;
}

static uint64_t read64(void *ctx, uint64_t pa)
{
    *(struct bus *)ctx = (struct bus){pa, 0, 64};
    return 0x123456789ABCDEF0;
}

static void write32(void *ctx, uint64_t pa, uint32_t value)
{
    *(struct bus *)ctx = (struct bus){pa, value, 32};
}

static void write64(void *ctx, uint64_t pa, uint64_t value)
{
    *(struct bus *)ctx = (struct bus){pa, value, 64};
}

static void test_posix_registers(void **state)
{
    struct bus bus = {0};
    struct iommu_posix_config config = {.ram_bytes = 4 * MIB,
                                        .ram_fd = -1,
                                        .bus_ctx = &bus,
                                        .read32 = read32,
                                        .read64 = read64,
                                        .write32 = write32,
                                        .write64 = write64};
    struct iommu_posix *host;
    const struct iommu_platform *platform;
    uint8_t *base;

    assert_int_equal(iommu_posix_create(&config, &host), 0);
    platform = iommu_posix_platform(host);
    base = platform->mmio_map(platform->ctx, 0xFED90000, 4096);
    assert_non_null(base);
    assert_int_equal(platform->mmio_read32(platform->ctx, base + 0x1C), 0x12345678);
    assert_true(bus.pa == 0xFED9001C && bus.width == 32);
    assert_true(platform->mmio_read64(platform->ctx, base + 8) == 0x123456789ABCDEF0);
    assert_true(bus.pa == 0xFED90008 && bus.width == 64);
    platform->mmio_write32(platform->ctx, base + 0x18, 7);
    assert_true(bus.pa == 0xFED90018 && bus.width == 32 && bus.value == 7);
    platform->mmio_write64(platform->ctx, base + 0x20, UINT64_MAX - 1);
    assert_true(bus.pa == 0xFED90020 && bus.width == 64 && bus.value == UINT64_MAX - 1);
    platform->mmio_unmap(platform->ctx, base, 4096);
    iommu_posix_destroy(host);
}

static void test_posix_no_bus_reads_all_ones(void **state)
{
    struct iommu_posix *host = make(4 * MIB, 0);
    const struct iommu_platform *platform = iommu_posix_platform(host);
    uint8_t *base = platform->mmio_map(platform->ctx, 0xFED90000, 4096);

    platform->mmio_write32(platform->ctx, base, 0);
    platform->mmio_write64(platform->ctx, base, 0);
    assert_int_equal(platform->mmio_read32(platform->ctx, base), UINT32_MAX);
    assert_true(platform->mmio_read64(platform->ctx, base) == UINT64_MAX);
    iommu_posix_destroy(host);
}

static void test_posix_objects_locks_and_time(void **state)
{
    struct iommu_posix *host = make(4 * MIB, 0);
    const struct iommu_platform *platform = iommu_posix_platform(host);
    uint8_t *object = platform->alloc(platform->ctx, 1000);
    struct iommu_lock lock;
    uint64_t before = platform->now_ns(platform->ctx);

    assert_true(object && all_zero(object, 1000));
    platform->free(platform->ctx, object, 1000);
    assert_int_equal(platform->lock_init(platform->ctx, &lock), 0);
    platform->lock_acquire(platform->ctx, &lock);
    platform->lock_release(platform->ctx, &lock);
    platform->lock_fini(platform->ctx, &lock);
    platform->relax(platform->ctx);
    platform->cache_flush(platform->ctx, &lock, sizeof lock);
    assert_true(platform->now_ns(platform->ctx) >= before);
    iommu_posix_destroy(host);
}

/* Any beginning, any length, nothing beside them. */
static void test_words_are_filled(void **state)
{
    struct iommu_posix *host = NULL;
    const struct iommu_platform *platform;
    uint64_t words[80];
    (void)state;
    assert_int_equal(iommu_posix_create(NULL, &host), 0);
    platform = iommu_posix_platform(host);
    for (size_t first = 1; platform->fill_words && first < 9; first++)
        for (size_t count = 0; count < 64; count++) {
            memset(words, 0x5a, sizeof words);
            platform->fill_words(platform->ctx, words + first, count, 7, 4096);
            for (size_t i = 0; i < 80; i++)
                assert_true(words[i] == (i < first || i >= first + count ? UINT64_C(0x5a5a5a5a5a5a5a5a) : 7 + (i - first) * 4096));
        }
    iommu_posix_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_filled),
        cmocka_unit_test(test_posix_defaults),
        cmocka_unit_test(test_posix_refuses_impossible_memory),
        cmocka_unit_test(test_posix_pages_are_aligned_and_apart),
        cmocka_unit_test(test_posix_reused_pages_are_zeroed),
        cmocka_unit_test(test_posix_exhaustion_and_merging),
        cmocka_unit_test(test_posix_wrong_frees_are_refused),
        cmocka_unit_test(test_posix_buffers),
        cmocka_unit_test(test_posix_nothing_lies_in_the_hole),
        cmocka_unit_test(test_posix_memory_of_a_file),
        cmocka_unit_test(test_posix_registers),
        cmocka_unit_test(test_posix_no_bus_reads_all_ones),
        cmocka_unit_test(test_posix_objects_locks_and_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
