/* SPDX-License-Identifier: MIT */
/*
 * tests/core/iova_oracle.h - what an allocator of addresses has handed out, in a list: slow, and plainly right.
 */
#ifndef TESTS_CORE_IOVA_ORACLE_H
#define TESTS_CORE_IOVA_ORACLE_H

#include "iommukit/dma.h"
#include "tests/core/fixture.h"

#define ORACLE_MAX 4096u

struct iova_oracle {
    uint64_t first, last; /* what may be handed out, bar windows */
    const struct iommu_dma_window *windows;
    unsigned window_count;
    struct {
        uint64_t iova, len;
    } live[ORACLE_MAX];
    unsigned count;
};

static inline uint64_t oracle_size(uint64_t len)
{
    uint64_t size = 4096;

    while (size < len)
        size *= 2;
    return size;
}

/* May [iova, iova + len's power of two) be handed out now? */
static inline bool oracle_is_free(const struct iova_oracle *oracle, uint64_t iova, uint64_t len)
{
    uint64_t last = iova + oracle_size(len) - 1;

    if (iova < oracle->first || last > oracle->last || (iova & (oracle_size(len) - 1)))
        return false;
    for (unsigned i = 0; i < oracle->window_count; i++)
        if (iova <= (oracle->windows[i].last | 4095) &&
            last >= (oracle->windows[i].first & ~(uint64_t)4095))
            return false;
    for (unsigned i = 0; i < oracle->count; i++)
        if (iova < oracle->live[i].iova + oracle_size(oracle->live[i].len) &&
            oracle->live[i].iova <= last)
            return false;
    return true;
}

/* For small ranges: how many places are there for that length? Counts to `enough`. */
static inline unsigned oracle_room(const struct iova_oracle *oracle, uint64_t len, unsigned enough)
{
    uint64_t size = oracle_size(len);
    unsigned places = 0;

    for (uint64_t iova = 0; places < enough && iova + size - 1 <= oracle->last; iova += size)
        places += oracle_is_free(oracle, iova, len);
    return places;
}

static inline void oracle_enter(struct iova_oracle *oracle, uint64_t iova, uint64_t len)
{
    assert_true(oracle->count < ORACLE_MAX);
    if (!oracle_is_free(oracle, iova, len))
        fail_msg("0x%llx, 0x%llx bytes, was not to be handed out", (unsigned long long)iova,
                 (unsigned long long)len);
    oracle->live[oracle->count].iova = iova;
    oracle->live[oracle->count++].len = len;
}

static inline void oracle_remove(struct iova_oracle *oracle, unsigned at)
{
    oracle->live[at] = oracle->live[--oracle->count];
}

/* Allocate, and see that it is right. */
static inline uint64_t oracle_alloc(struct iova_oracle *oracle, struct iommu_domain *domain,
                                    uint64_t len)
{
    uint64_t iova = 1;

    assert_int_equal(iommu_iova_alloc(domain, len, &iova), 0);
    oracle_enter(oracle, iova, len);
    return iova;
}

static inline void oracle_free(struct iova_oracle *oracle, struct iommu_domain *domain, unsigned at)
{
    assert_int_equal(iommu_iova_free(domain, oracle->live[at].iova, oracle->live[at].len), 0);
    oracle_remove(oracle, at);
}

/* ---- what tests of it need ----------------------------------------------------------------------------- */

#define LAST_48 (((uint64_t)1 << 48) - 1)

static const struct iommu_dma_window msi = {MOCK_MSI_FIRST, MOCK_MSI_LAST};

/* The CPU that we are said to be on. */
static uint32_t cpu_now;

static inline uint32_t told_cpu(void *ctx)
{
    (void)ctx;
    return cpu_now;
}

static inline int cpus_setup(void **state)
{
    int result = fixture_setup(state);
    struct fixture *f = *state;

    cpu_now = 0;
    f->host.platform.cpu = told_cpu;
    return result;
}

#define CPUS_TEST(name) cmocka_unit_test_setup_teardown(name, cpus_setup, fixture_teardown)

/* The number of this thread plus 1, where the library may look for it. */
static _Thread_local uint32_t kept __attribute__((tls_model("initial-exec")));
static unsigned asked;

static inline uint32_t thread_number(void *ctx)
{
    (void)ctx;
    asked++;
    if (!kept)
        kept = 3 + 1;
    return kept - 1;
}

static inline ptrdiff_t offset_of_kept(void)
{
    const char *thread = (const char *)&kept; /* elsewhere there is no place to look */

#if defined(__x86_64__)
    __asm__("mov %%fs:0, %0" : "=r"(thread));
#elif defined(__aarch64__)
    __asm__("mrs %0, tpidr_el0" : "=r"(thread));
#endif
    return (const char *)&kept - thread;
}

static inline int thread_setup(void **state)
{
    int result = fixture_setup(state);
    struct fixture *f = *state;

    asked = kept = 0;
    f->host.platform.cpu = thread_number;
    f->host.platform.cpu_offset = offset_of_kept();
    return result;
}

#define THREAD_TEST(name) cmocka_unit_test_setup_teardown(name, thread_setup, fixture_teardown)

static inline struct iova_oracle *new_oracle(void)
{
    struct iova_oracle *oracle = calloc(1, sizeof(*oracle));

    *oracle = (struct iova_oracle){
        .first = 4096, .last = LAST_48, .windows = &msi, .window_count = 1};
    return oracle;
}

static inline struct iommu_domain *domain_with(struct fixture *f, const struct iommu_dma_config *config)
{
    struct iommu_domain *domain = mock_domain(&f->mock);

    assert_int_equal(iommu_dma_init(domain, config), 0);
    return domain;
}

/* The address that this CPU has given back last is the next that it gets, and no lock is taken for that. */
static inline void assert_comes_back(const struct fixture *f, struct iommu_domain *domain, uint64_t last)
{
    size_t takings = f->host.takings;
    uint64_t again;

    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(iommu_iova_alloc(domain, 4096, &again), 0);
        assert_int_equal(again, last);
        assert_int_equal(iommu_iova_free(domain, again, 4096), 0);
    }
    assert_int_equal(f->host.takings, takings);
}

#endif
