/* SPDX-License-Identifier: MIT */
/*
 * Random calls against a list of what is handed out: several domains, sizes, CPUs; ranges that are nearly full.
 * platform: core
 */
#include "tests/common/seed.h"
#include "tests/core/formats.h"
#include "tests/core/iova_oracle.h"

#define MIB ((uint64_t)1 << 20)

static void random_against_oracle(struct fixture *f, struct seed *seed, unsigned cpus)
{
    enum { DOMAINS = 3, STEPS = 12000 };
    struct iommu_domain *domain[DOMAINS];
    struct iova_oracle *oracle[DOMAINS];

    for (unsigned i = 0; i < DOMAINS; i++) {
        domain[i] = mock_domain(&f->mock);
        oracle[i] = new_oracle();
    }
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned which = (unsigned)seed_below(seed, DOMAINS);
        struct iova_oracle *o = oracle[which];
        bool grows = step / 1000 % 2 == 0;

        cpu_now = (uint32_t)seed_below(seed, cpus) * 200; /* 0, 200: magazines; 400: none */
        if (o->count < 1000 && seed_below(seed, 10) < (grows ? 7 : 3))
            (void)oracle_alloc(o, domain[which],
                               SIZE_4K * (1 + seed_below(seed, (uint64_t)1 << seed_below(seed, 19))));
        else if (o->count)
            oracle_free(o, domain[which], (unsigned)seed_below(seed, o->count));
        if (seed_below(seed, 500) == 0)
            assert_int_equal(iommu_iova_free(domain[which], seed_below(seed, 1 << 20) * SIZE_4K * 2 +
                                             SIZE_4K, SIZE_2M), -IOMMU_ENOENT);
        if (seed_below(seed, 2000) == 0 && domain[which]->dma)
            assert_int_equal(iommu_iova_trim(domain[which]), 0);
    }
    for (unsigned i = 0; i < DOMAINS; i++) {
        while (oracle[i]->count)
            oracle_free(oracle[i], domain[i], 0);
        domain_gone(domain[i]);
        free(oracle[i]);
    }
}

static void test_random_calls_agree_with_a_list(void **state)
{
    struct seed seed = seed_start();

    random_against_oracle(*state, &seed, 3);
}

static void test_random_calls_without_a_hook(void **state)
{
    struct seed seed = seed_start();

    random_against_oracle(*state, &seed, 1);
}

/* A small, nearly full range: "no room" must be true. */
static void test_random_calls_in_a_full_range(void **state)
{
    struct fixture *f = *state;
    struct seed seed = seed_start();
    struct iommu_dma_config config = {.last = 16 * MIB - 1};
    struct iommu_domain *domain = domain_with(f, &config);
    struct iova_oracle *oracle = new_oracle();

    oracle->last = config.last;
    for (unsigned step = 0; step < 6000; step++) {
        uint64_t len = SIZE_4K << seed_below(&seed, 9), iova;

        if (seed_below(&seed, 3)) {
            int result = iommu_iova_alloc(domain, len, &iova);

            assert_int_equal(result, oracle_room(oracle, len, 1) ? 0 : -IOMMU_ENOSPC);
            if (!result)
                oracle_enter(oracle, iova, len);
        } else if (oracle->count) {
            oracle_free(oracle, domain, (unsigned)seed_below(&seed, oracle->count));
        }
    }
    domain_gone(domain);
    free(oracle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CPUS_TEST(test_random_calls_agree_with_a_list),
        FIXTURE_TEST(test_random_calls_without_a_hook),
        FIXTURE_TEST(test_random_calls_in_a_full_range),
    };

    return cmocka_run_group_tests_name("iova_random", tests, NULL, NULL);
}
