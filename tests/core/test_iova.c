/* SPDX-License-Identifier: MIT */
/*
 * Addresses: every size, alignment, windows, exhaustion, frees in any order and frees that are wrong; through
 * magazines of several CPUs and without; memory.
 * platform: core
 */
#include "tests/common/seed.h"
#include "tests/core/formats.h"
#include "tests/core/iova_oracle.h"

#define ORDERS     19u
#define MIB        ((uint64_t)1 << 20)

/* ---- sizes and places --------------------------------------------------------------------------------- */

static void test_every_size_is_aligned_and_apart(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock); /* set up by its first call */
    struct iova_oracle *oracle = new_oracle();

    for (unsigned round = 0; round < 5; round++)
        for (unsigned order = 0; order < ORDERS; order++)
            for (unsigned i = 0; i < 3; i++)
                (void)oracle_alloc(oracle, domain, SIZE_4K << order);
    for (uint64_t pages = 1; pages < 1 << 18; pages = pages * 3 / 2 + 1)
        (void)oracle_alloc(oracle, domain, pages * SIZE_4K);
    while (oracle->count)
        oracle_free(oracle, domain, oracle->count / 2);
    domain_gone(domain);
    free(oracle);
}

static void test_lengths_that_are_none(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    const uint64_t wrong[] = {0,           1,           4095,          4097,      6000,
                              SIZE_1G + 1, SIZE_1G + 4096, UINT64_MAX, 2 * SIZE_1G,
                              UINT64_MAX - 4095, (uint64_t)1 << 63};
    uint64_t iova = 7;

    for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_equal(iommu_iova_alloc(domain, wrong[i], &iova), -IOMMU_EINVAL);
        assert_int_equal(iommu_iova_free(domain, 4096, wrong[i]), -IOMMU_EINVAL);
    }
    assert_int_equal(iova, 7);
    assert_int_equal(iommu_iova_alloc(NULL, 4096, &iova), -IOMMU_EINVAL);
    assert_int_equal(iommu_iova_alloc(domain, 4096, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_iova_free(NULL, 4096, 4096), -IOMMU_EINVAL);
    assert_int_equal(iommu_iova_trim(NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_iova_trim(domain), -IOMMU_EINVAL);
    domain_gone(domain);
}

/* From empty to the last block of every order, in a range with windows at awkward places; then back. */
static void fill_up(struct fixture *f, struct seed *seed, unsigned order)
{
    const struct iommu_dma_window windows[] = {
        {0x2000, 0x2000},       {0x7ffff, 0x80001},           {0x400000, 0x7fffff},
        {0x1fff000, 0x1ffffff}, {MOCK_MSI_FIRST, MOCK_MSI_LAST}};
    struct iommu_dma_config config = {.first = 0x1800,
                                      .last = 64 * MIB + 0x2fff,
                                      .windows = windows,
                                      .window_count = 4};
    struct iommu_domain *domain = domain_with(f, &config);
    struct iova_oracle *oracle = new_oracle();
    size_t before = f->host.bytes;
    uint64_t iova;

    oracle->first = 0x2000;
    oracle->last = config.last;
    oracle->windows = windows;
    oracle->window_count = 5;
    for (unsigned room = oracle_room(oracle, SIZE_4K << order, ORACLE_MAX); room; room--)
        (void)oracle_alloc(oracle, domain, SIZE_4K << order);
    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K << order, &iova), -IOMMU_ENOSPC);
    while (oracle->count)
        oracle_free(oracle, domain, (unsigned)seed_below(seed, oracle->count));
    assert_int_equal(f->host.bytes, before);
    domain_gone(domain);
    free(oracle);
}

static void test_exhaustion_to_the_last_block(void **state)
{
    struct seed seed = seed_start();

    for (unsigned order = 4; order < ORDERS; order++) /* smaller ones: below */
        fill_up(*state, &seed, order);
}

static void test_every_page_is_used(void **state)
{
    struct fixture *f = *state;
    const struct iommu_dma_window windows[] = {{0x5000, 0x6fff}, {0x100000, 0x1fffff}};
    struct iommu_dma_config config = {.last = 4 * MIB - 1, .windows = windows, .window_count = 2};
    struct iommu_domain *domain = domain_with(f, &config);
    struct iova_oracle *oracle = new_oracle();
    uint64_t iova;

    oracle->last = config.last;
    oracle->windows = windows;
    oracle->window_count = 2;
    (void)oracle_alloc(oracle, domain, 64 * SIZE_4K); /* the tree grows: what it had is not forgotten */
    for (unsigned i = 0; i < 1024 - 256 - 3 - 64; i++)
        (void)oracle_alloc(oracle, domain, SIZE_4K);
    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &iova), -IOMMU_ENOSPC);
    domain_gone(domain); /* with all of them */
    free(oracle);
}

static void test_the_interrupt_window_is_met_by_every_size(void **state)
{
    struct fixture *f = *state;

    for (unsigned order = 3; order < ORDERS; order++) {
        struct iommu_dma_config config = {.first = 0xfe800000, .last = 0xffffffff};
        struct iommu_domain *domain = domain_with(f, &config);
        struct iova_oracle *oracle = new_oracle();
        uint64_t iova;

        oracle->first = config.first;
        oracle->last = config.last;
        for (unsigned room = oracle_room(oracle, SIZE_4K << order, ORACLE_MAX); room; room--)
            (void)oracle_alloc(oracle, domain, SIZE_4K << order);
        assert_int_equal(iommu_iova_alloc(domain, SIZE_4K << order, &iova), -IOMMU_ENOSPC);
        domain_gone(domain);
        free(oracle);
    }
}

static void test_what_a_device_cannot_emit_is_not_handed_out(void **state)
{
    struct fixture *f = *state;
    const struct iommu_device_config narrow = {.rid = 8, .dma_bits = 32};
    struct iommu_dma_config config = {.first = 0xc0000000};
    struct iommu_domain *domain = domain_with(f, &config);
    struct iova_oracle *oracle = new_oracle();
    struct iommu_device *device = NULL;
    uint64_t iova, high;

    oracle->first = config.first;
    assert_int_equal(iommu_iova_alloc(domain, SIZE_1G, &iova), 0); /* 3 GiB has the window */
    assert_int_equal(iova, 4 * SIZE_1G);
    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &high), 0);
    assert_int_equal(iommu_device_add(&f->mock.iommu, &narrow, &device), 0);
    (void)mock_attach(domain, device, iommu_route_any());
    oracle->last = 0xffffffff;
    assert_int_equal(iommu_iova_free(domain, high, SIZE_4K), 0);
    assert_int_equal(iommu_iova_alloc(domain, SIZE_1G, &high), -IOMMU_ENOSPC);
    assert_int_equal(iommu_iova_free(domain, iova, SIZE_1G), 0);
    for (unsigned room = oracle_room(oracle, 16 * MIB, ORACLE_MAX); room; room--)
        (void)oracle_alloc(oracle, domain, 16 * MIB);
    assert_int_equal(iommu_iova_alloc(domain, 16 * MIB, &high), -IOMMU_ENOSPC);
    device_gone(device);
    oracle->last = LAST_48;
    assert_true(oracle_alloc(oracle, domain, 16 * MIB) >= 4 * SIZE_1G);
    domain_gone(domain);
    free(oracle);
}

/* On top of the magazine lies an address that has been too high since a moment ago: it stays there. */
static void test_magazines_mind_the_width_as_well(void **state)
{
    struct fixture *f = *state;
    const struct iommu_device_config narrow = {.rid = 8, .dma_bits = 32};
    struct iommu_dma_config config = {.first = 0xfffff000};
    struct iommu_domain *domain = domain_with(f, &config);
    struct iommu_device *device = NULL;
    uint64_t low, high, again;

    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &low), 0);
    assert_int_equal(low, 0xfffff000);
    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &high), 0);
    assert_true(high > 0xffffffff);
    assert_int_equal(iommu_iova_free(domain, low, SIZE_4K), 0);
    assert_int_equal(iommu_iova_trim(domain), 0);
    assert_int_equal(iommu_iova_free(domain, high, SIZE_4K), 0);
    assert_int_equal(iommu_device_add(&f->mock.iommu, &narrow, &device), 0);
    (void)mock_attach(domain, device, iommu_route_any());
    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &again), 0);
    assert_int_equal(again, low);
    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &again), -IOMMU_ENOSPC);
    device_gone(device);
    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &again), 0);
    assert_int_equal(again, high);
    domain_gone(domain);
}

/* A branch that was the root once has its first child still when all else in it has been given back. */
static void test_a_former_root_goes_with_its_last_block(void **state)
{
    struct fixture *f = *state;
    struct iommu_dma_config config = {.first = 4 * SIZE_1G};
    struct iommu_domain *domain = domain_with(f, &config);
    struct iova_oracle *oracle = new_oracle();
    uint64_t low;

    oracle->first = config.first;
    low = oracle_alloc(oracle, domain, SIZE_4K);
    for (unsigned i = 0; i < 100; i++)
        (void)oracle_alloc(oracle, domain, SIZE_1G);
    for (unsigned at = oracle->count; at-- > 0;) /* the upper ones stay */
        if (oracle->live[at].iova < 64 * SIZE_1G)
            oracle_free(oracle, domain, at);
    assert_int_equal(iommu_iova_trim(domain), 0);
    assert_int_equal(oracle_alloc(oracle, domain, SIZE_4K), low);
    domain_gone(domain);
    free(oracle);
}

static void test_regions_of_attached_devices_are_windows(void **state)
{
    struct fixture *f = *state;
    struct iommu_device *device = mock_device(&f->mock, MOCK_RID_FIRMWARE);
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iommu_dma_config config = {.first = 0x7e000000, .last = 0x7fffffff};
    struct iommu_dma_window windows[3];
    struct iova_oracle *oracle = new_oracle();

    assert_int_equal(iommu_map_reserved(domain, device), 0);
    (void)mock_attach(domain, device, iommu_route_rid());
    assert_int_equal(iommu_dma_init(domain, &config), 0);
    for (unsigned i = 0; i < 3; i++)
        windows[i] = (struct iommu_dma_window){mock_regions[i].first, mock_regions[i].last};
    *oracle = (struct iova_oracle){
        .first = config.first, .last = config.last, .windows = windows, .window_count = 3};
    for (unsigned room = oracle_room(oracle, 4 * SIZE_4K, ORACLE_MAX); room; room--)
        (void)oracle_alloc(oracle, domain, 4 * SIZE_4K);
    device_gone(device);
    domain_gone(domain);
    free(oracle);
}

/* ---- setting up --------------------------------------------------------------------------------------- */

static void test_configurations_that_are_none(void **state)
{
    struct fixture *f = *state;
    const struct iommu_domain_config identity = {.type = IOMMU_DOMAIN_IDENTITY};
    const struct iommu_dma_window backwards = {2, 1};
    struct iommu_domain *domain = mock_domain(&f->mock), *through = NULL;
    struct trace before = trace_take(f);
    struct iommu_dma_config wrong[] = {
        {.first = 4096, .last = 4095},
        {.first = 8191, .last = 8190},
        {.first = 8192, .last = 8193},
        {.last = 4095},
        {.first = LAST_48 + 1, .last = UINT64_MAX},
        {.windows = &backwards, .window_count = 1},
        {.window_count = 1},
        {.lazy_count = 1},
        {.lazy_count = IOMMU_DMA_LAZY_MAX + 1, .lazy_age_ns = 1},
    };
    uint64_t iova;

    for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_int_equal(iommu_dma_init(domain, &wrong[i]), -IOMMU_EINVAL);
    assert_int_equal(iommu_dma_init(NULL, NULL), -IOMMU_EINVAL);
    wrong[7].lazy_age_ns = 1; /* a host without a clock */
    assert_int_equal(iommu_dma_init(domain, &wrong[7]), -IOMMU_EOPNOTSUPP);
    assert_int_equal(f->host.bytes - before.bytes,
                     f->mock.iommu.iova_cache ? f->host.bytes - before.bytes : 0);
    assert_int_equal(iommu_dma_init(domain, NULL), 0);
    assert_int_equal(iommu_dma_init(domain, NULL), -IOMMU_EBUSY);
    assert_int_equal(iommu_domain_alloc(&f->mock.iommu, &identity, &through), 0);
    assert_int_equal(iommu_dma_init(through, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_iova_alloc(through, SIZE_4K, &iova), -IOMMU_EINVAL);
    domain_gone(through);
    domain_gone(domain);
}

static void test_an_idle_domain_takes_256_bytes(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock), *first = domain_with(f, NULL);
    size_t before = f->host.bytes;
    uint64_t iova[200];

    assert_int_equal(iommu_dma_init(domain, NULL), 0);
    assert_in_range(f->host.bytes, before + 1, before + 256);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(iommu_iova_alloc(domain, SIZE_4K << i % ORDERS, &iova[i]), 0);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(iommu_iova_free(domain, iova[i], SIZE_4K << i % ORDERS), 0);
    for (uint32_t number = 0; number < 256; number++) { /* the CPUs' part is for all domains */
        struct trace now = trace_take(f);

        cpu_now = number;
        assert_int_equal(iommu_iova_trim(domain), 0);
        assert_true(f->host.bytes <= now.bytes);
    }
    cpu_now = 0;
    before = f->host.bytes;
    domain_gone(domain);
    assert_true(before - f->host.bytes < 256 + 300 + sizeof(struct iommu_domain));
    domain_gone(first);
}

/* ---- frees that are wrong ----------------------------------------------------------------------------- */

static void test_wrong_frees_are_refused(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock), *other = mock_domain(&f->mock);

    assert_int_equal(iommu_iova_free(domain, SIZE_4K, SIZE_4K), -IOMMU_ENOENT); /* never set up */
    for (unsigned order = 0; order < ORDERS; order++) {
        uint64_t len = SIZE_4K << order, iova, next;

        assert_int_equal(iommu_iova_alloc(domain, len, &iova), 0);
        assert_int_equal(iommu_iova_alloc(other, SIZE_4K, &next), 0);
        for (unsigned wrong = 0; wrong < ORDERS; wrong++)
            if (wrong != order)
                assert_int_equal(iommu_iova_free(domain, iova, SIZE_4K << wrong), -IOMMU_ENOENT);
        assert_int_equal(iommu_iova_free(domain, iova + 1, len), -IOMMU_EINVAL);
        assert_int_equal(iommu_iova_free(domain, iova + len, len), -IOMMU_ENOENT);
        assert_int_equal(iommu_iova_free(domain, iova | (uint64_t)1 << 47, len), -IOMMU_ENOENT);
        assert_int_equal(iommu_iova_free(domain, iova | (uint64_t)1 << 63, len), -IOMMU_ENOENT);
        assert_int_equal(iommu_iova_free(domain, MOCK_MSI_FIRST, SIZE_4K), -IOMMU_ENOENT);
        assert_int_equal(iommu_iova_free(domain, 0, len), -IOMMU_ENOENT);
        if (order) {
            assert_int_equal(iommu_iova_free(domain, iova + len / 2, len / 2), -IOMMU_ENOENT);
            assert_int_equal(iommu_iova_free(domain, iova + len / 2, len), -IOMMU_ENOENT);
        }
        assert_int_equal(iommu_iova_free(domain, iova, len), 0);
        assert_int_equal(iommu_iova_free(domain, iova, len), -IOMMU_ENOENT);
    }
    domain_gone(domain);
    domain_gone(other);
}

/* Two small ones do not make a big one, nor do two halves. */
static void test_neighbours_are_not_one(void **state)
{
    struct fixture *f = *state;
    struct iommu_dma_config config = {.first = 0x10000, .last = 0x1ffff};
    struct iommu_domain *domain = domain_with(f, &config);
    uint64_t iova[16];

    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &iova[i]), 0);
    for (unsigned order = 1; order < 5; order++)
        assert_int_equal(iommu_iova_free(domain, 0x10000, SIZE_4K << order), -IOMMU_ENOENT);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(iommu_iova_free(domain, iova[i], SIZE_4K), 0);
    assert_int_equal(iommu_iova_alloc(domain, 0x10000, &iova[0]), 0);
    assert_int_equal(iommu_iova_free(domain, 0x11000, SIZE_4K), -IOMMU_ENOENT);
    assert_int_equal(iommu_iova_free(domain, 0x18000, 0x8000), -IOMMU_ENOENT);
    domain_gone(domain);
}

/* ---- magazines ---------------------------------------------------------------------------------------- */

static void test_a_free_address_comes_back_without_a_lock(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    uint64_t first;

    assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &first), 0);
    assert_int_equal(iommu_iova_free(domain, first, SIZE_4K), 0);
    assert_comes_back(f, domain, first);
    domain_gone(domain);
}

/* More than a magazine holds, again and again. */
static void test_bursts(void **state)
{
    struct fixture *f = *state;
    struct iommu_domain *domain = mock_domain(&f->mock);
    struct iova_oracle *oracle = new_oracle();

    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 100 + 70 * round; i++)
            (void)oracle_alloc(oracle, domain, SIZE_4K << round % 6);
        while (oracle->count > 17)
            oracle_free(oracle, domain, round % 2 ? oracle->count - 1 : oracle->count / 3);
    }
    domain_gone(domain);
    free(oracle);
}

static void test_cpus_begin_leaves_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct iommu_dma_config config = {.first = (uint64_t)1 << 30};
    struct iommu_domain *domain = domain_with(f, &config);
    unsigned leaves = 0;
    uint64_t leaf[2][2048];

    for (unsigned i = 0; i < 2048; i++) {
        for (cpu_now = 0; cpu_now < 2; cpu_now++) {
            assert_int_equal(iommu_iova_alloc(domain, SIZE_4K, &leaf[cpu_now][i]), 0);
            leaf[cpu_now][i] /= 64 * SIZE_4K;
        }
    }
    for (unsigned i = 1; i < 2048; i++)
        leaves += leaf[0][i] != leaf[0][i - 1];
    assert_in_range(leaves, 2048 / 64 - 1, 2048 / 64 + 2); /* and fill them */
    for (unsigned i = 1; i < 2048; i++) /* the first came before there was a tree to choose in */
        for (unsigned j = 1; j < 2048; j++)
            assert_true(leaf[0][i] != leaf[1][j] || leaf[0][i] == leaf[0][0]);
    domain_gone(domain);
}

/* More domains than magazines: they take turns, and end in any order. */
static void test_magazines_change_hands(void **state)
{
    enum { DOMAINS = 700 };
    struct fixture *f = *state;
    struct seed seed = seed_start();
    struct iommu_domain *domain[DOMAINS];
    uint64_t iova[DOMAINS][3];

    for (unsigned i = 0; i < DOMAINS; i++)
        domain[i] = mock_domain(&f->mock);
    for (unsigned round = 0; round < 6; round++) {
        for (unsigned i = 0; i < DOMAINS; i++) {
            cpu_now = (uint32_t)seed_below(&seed, 3);
            for (unsigned k = 0; k < 3; k++) {
                assert_int_equal(iommu_iova_alloc(domain[i], SIZE_4K << k, &iova[i][k]), 0);
                assert_true(iova[i][k] < SIZE_2M); /* its own, and the lowest, not a neighbour's */
            }
        }
        for (unsigned i = 0; i < DOMAINS; i++) {
            cpu_now = (uint32_t)seed_below(&seed, 3);
            for (unsigned k = 0; k < 3; k++)
                assert_int_equal(iommu_iova_free(domain[i], iova[i][k], SIZE_4K << k), 0);
        }
        for (unsigned i = 0; i < DOMAINS / 4; i++) {
            unsigned gone = (unsigned)seed_below(&seed, DOMAINS);

            domain_gone(domain[gone]);
            domain[gone] = mock_domain(&f->mock);
        }
    }
    for (unsigned i = 0; i < DOMAINS; i++)
        domain_gone(domain[i]);
}

/* ---- memory runs out ---------------------------------------------------------------------------------- */

static int all_sizes(struct iommu_domain *domain, uint64_t *iova, unsigned *done)
{
    const struct iommu_dma_window windows[] = {{0x40000000, 0x40000fff}};
    const struct iommu_dma_config config = {.windows = windows, .window_count = 1};
    int result = domain->dma ? 0 : iommu_dma_init(domain, &config);

    for (*done = 0; !result && *done < ORDERS; ++*done) {
        result = iommu_iova_alloc(domain, SIZE_4K << *done, &iova[*done]);
        if (result)
            break;
    }
    return result;
}

static void test_every_allocation_fails_once(void **state)
{
    struct fixture *f = *state;

    for (size_t nth = 1;; nth++) {
        struct iommu_domain *domain = mock_domain(&f->mock);
        struct trace before = trace_take(f);
        uint64_t iova[ORDERS];
        unsigned done;
        int result;

        counted_fail(&f->host, nth);
        result = all_sizes(domain, iova, &done);
        counted_fail(&f->host, 0);
        assert_true(result == 0 || result == -IOMMU_ENOMEM);
        if (!domain->dma && f->mock.iommu.iova_cache == NULL)
            trace_assert_same(f, before);
        for (unsigned i = 0; i < done; i++)
            assert_int_equal(iommu_iova_free(domain, iova[i], SIZE_4K << i), 0);
        assert_int_equal(all_sizes(domain, iova, &done), 0);
        domain_gone(domain);
        if (nth > 60) /* more than there are, magazines bought by earlier rounds */
            return;
    }
}

static void test_two_instances_do_not_meet(void **state)
{
    struct fixture *f = *state, *g = NULL;
    void *other;
    uint64_t a, b;
    struct iommu_domain *one, *two;

    assert_int_equal(cpus_setup(&other), 0);
    g = other;
    one = mock_domain(&f->mock);
    two = mock_domain(&g->mock);
    assert_int_equal(iommu_iova_alloc(one, SIZE_4K, &a), 0);
    assert_int_equal(iommu_iova_alloc(two, SIZE_4K, &b), 0);
    assert_int_equal(a, b);
    assert_int_equal(iommu_iova_free(one, a, SIZE_4K), 0);
    assert_int_equal(iommu_iova_free(two, b, SIZE_4K), 0);
    domain_gone(two);
    fixture_teardown(&other);
    assert_int_equal(iommu_iova_alloc(one, SIZE_4K, &a), 0);
    domain_gone(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(test_every_size_is_aligned_and_apart),
        CPUS_TEST(test_every_size_is_aligned_and_apart),
        FIXTURE_TEST(test_lengths_that_are_none),
        CPUS_TEST(test_exhaustion_to_the_last_block),
        CPUS_TEST(test_every_page_is_used),
        FIXTURE_TEST(test_the_interrupt_window_is_met_by_every_size),
        FIXTURE_TEST(test_what_a_device_cannot_emit_is_not_handed_out),
        CPUS_TEST(test_magazines_mind_the_width_as_well),
        THREAD_TEST(test_magazines_mind_the_width_as_well),
        CPUS_TEST(test_a_former_root_goes_with_its_last_block),
        FIXTURE_TEST(test_regions_of_attached_devices_are_windows),
        FIXTURE_TEST(test_configurations_that_are_none),
        CPUS_TEST(test_an_idle_domain_takes_256_bytes),
        FIXTURE_TEST(test_wrong_frees_are_refused),
        CPUS_TEST(test_wrong_frees_are_refused),
        THREAD_TEST(test_wrong_frees_are_refused),
        FIXTURE_TEST(test_neighbours_are_not_one),
        CPUS_TEST(test_a_free_address_comes_back_without_a_lock),
        CPUS_TEST(test_bursts),
        FIXTURE_TEST(test_bursts),
        CPUS_TEST(test_cpus_begin_leaves_of_their_own),
        CPUS_TEST(test_magazines_change_hands),
        CPUS_TEST(test_every_allocation_fails_once),
        FIXTURE_TEST(test_every_allocation_fails_once),
        CPUS_TEST(test_two_instances_do_not_meet),
    };

    return cmocka_run_group_tests_name("iova", tests, NULL, NULL);
}
