/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_dma.c - iommu_dma_map and iommu_dma_unmap before hardware that keeps whatever it was not told to forget: no
 * access after a strict unmap, none after a lazy one's bound, and until then only to the page that was there.
 */
#include "iommukit/dma.h"
#include "tests/stack/rig.h"

#define RW    (IOMMU_READ | IOMMU_WRITE)
#define MIB2  (UINT64_C(2) << 20)
#define STALE UINT64_C(0x5717)
#define FRESH UINT64_C(0xf4e5)

static const struct world {
    const char *name;
    uint32_t lies;
} worlds[] = {
    {"honest", 0},
    {"keeps everything", IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_NEVER_EVICT) |
                             IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_PAGING_CACHES) |
                             IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_POISON)},
    {"forgets at random", IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_RANDOM_EVICT) |
                              IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_PAGING_CACHES) |
                              IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_SLOW_QUEUE)},
};
#define WORLDS (sizeof worlds / sizeof worlds[0])

struct scene {
    struct rig rig;
    struct iommu_domain *domain;
    struct iommu_attachment *at;
    uint32_t pasid;
    uint64_t stale, fresh; /* two pages */
};

static void scene_open(struct scene *scene, const struct world *world, uint64_t seed, enum iommu_stage stage,
                       const struct iommu_dma_config *config)
{
    rig_open(&scene->rig, &(struct rig_config){.lies = {.enabled = world->lies, .seed = seed}});
    scene->stale = rig_page(&scene->rig, STALE);
    scene->fresh = rig_page(&scene->rig, FRESH);
    scene->domain = rig_domain(&scene->rig, stage);
    scene->pasid = rig_attach(&scene->rig, scene->domain, 0, &scene->at);
    if (config != NULL)
        assert_int_equal(iommu_dma_init(scene->domain, config), 0);
}

static void scene_close(struct scene *scene)
{
    struct iommu_model_machine_stats stats;
    assert_int_equal(iommu_detach(scene->at), 0);
    assert_int_equal(iommu_domain_free(scene->domain), 0);
    rig_page_done(&scene->rig, scene->stale);
    rig_page_done(&scene->rig, scene->fresh);
    iommu_model_machine_stats(scene->rig.machine, &stats);
    assert_int_equal(stats.freed_reads, 0);
    assert_int_equal(stats.freed_writes, 0);
    rig_close(&scene->rig);
}

static uint64_t map(struct scene *scene, uint64_t pa, uint64_t len)
{
    uint64_t iova;
    assert_int_equal(iommu_dma_map(scene->domain, pa, len, RW, &iova), 0);
    return iova;
}

static bool reads(struct scene *scene, uint64_t iova, uint64_t *value)
{
    return rig_read(&scene->rig, 0, scene->pasid, iova, value);
}

static void strict_rounds(struct scene *scene, uint64_t *random)
{
    for (unsigned round = 0; round < 200; round++) {
        const uint64_t offset = scene->stale % MIB2, len = rig_random(random) % 4 ? RIG_PAGE : MIB2;
        const uint64_t pa = len == MIB2 ? scene->stale - offset : scene->stale;
        const uint64_t iova = map(scene, pa, len), at = iova + (len == MIB2 ? offset : 0);
        uint64_t value = 0;
        assert_true(reads(scene, at, &value));
        assert_int_equal(value, STALE);
        assert_int_equal(iommu_dma_unmap(scene->domain, iova, len), 0);
        assert_false(reads(scene, at, &value));
        if (round % 2) { /* the same address again, or one nearby, for another page */
            const uint64_t again = map(scene, scene->fresh, RIG_PAGE);
            assert_true(reads(scene, again, &value));
            assert_int_equal(value, FRESH);
            assert_int_equal(iommu_dma_unmap(scene->domain, again, RIG_PAGE), 0);
            assert_false(reads(scene, again, &value));
        }
    }
}

static void test_no_access_after_a_strict_unmap(void **state)
{
    uint64_t seed = rig_seed("test_stack_dma");
    for (unsigned i = 0; i < WORLDS; i++)
        for (unsigned stage = IOMMU_STAGE_FIRST; stage <= IOMMU_STAGE_SECOND; stage++) {
            struct scene scene;
            uint64_t random = seed;
            scene_open(&scene, &worlds[i], seed, stage, NULL);
            strict_rounds(&scene, &random);
            scene_close(&scene);
        }
}

/* `count` unmaps, the last of which flushes. Before it devices see the old page or nothing, and no address is another's. */
static unsigned lazy_round(struct scene *scene, unsigned count)
{
    uint64_t iova[64], value;
    unsigned stale = 0;
    for (unsigned i = 0; i < count; i++) {
        iova[i] = map(scene, scene->stale, RIG_PAGE);
        assert_true(reads(scene, iova[i], &value));
    }
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(iommu_dma_unmap(scene->domain, iova[i], RIG_PAGE), 0);
        if (i + 1 == count)
            break;
        const uint64_t other = map(scene, scene->fresh, RIG_PAGE);
        for (unsigned k = 0; k <= i; k++) {
            assert_int_not_equal(iova[k], other);
            if (reads(scene, iova[k], &value)) {
                assert_int_equal(value, STALE);
                stale++;
            }
        }
        assert_true(reads(scene, other, &value));
        assert_int_equal(value, FRESH);
    }
    for (unsigned i = 0; i < count; i++)
        assert_false(reads(scene, iova[i], &value));
    return stale;
}

static void test_lazy_access_ends_with_the_count(void **state)
{
    const struct iommu_dma_config config = {.lazy_count = 16, .lazy_age_ns = UINT64_MAX};
    uint64_t seed = rig_seed("test_stack_dma");
    for (unsigned i = 0; i < WORLDS; i++)
        for (unsigned round = 0; round < 3; round++) {
            struct scene scene;
            scene_open(&scene, &worlds[i], seed + round, IOMMU_STAGE_SECOND, &config);
            unsigned stale = lazy_round(&scene, 16);
            if (worlds[i].lies & IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_NEVER_EVICT))
                assert_int_equal(stale, 15 * 16 / 2); /* what lazy gives up is real */
            scene_close(&scene);
        }
}

static void test_lazy_access_ends_with_the_age(void **state)
{
    const struct iommu_dma_config config = {.lazy_count = 1000, .lazy_age_ns = 1000000};
    struct scene scene;
    uint64_t value, iova;
    scene_open(&scene, &worlds[1], 1, IOMMU_STAGE_FIRST, &config);
    iova = map(&scene, scene.stale, RIG_PAGE);
    assert_true(reads(&scene, iova, &value));
    assert_int_equal(iommu_dma_unmap(scene.domain, iova, RIG_PAGE), 0);
    uint64_t start = scene.rig.platform.now_ns(scene.rig.platform.ctx);
    while (scene.rig.platform.now_ns(scene.rig.platform.ctx) - start < config.lazy_age_ns)
        ;
    assert_int_equal(iommu_dma_flush_due(scene.domain), 0);
    assert_false(reads(&scene, iova, &value));
    scene_close(&scene);
}

static void test_a_flush_by_hand_ends_it_at_once(void **state)
{
    const struct iommu_dma_config config = {.lazy_count = 1000, .lazy_age_ns = UINT64_MAX};
    struct scene scene;
    uint64_t value, iova;
    scene_open(&scene, &worlds[1], 1, IOMMU_STAGE_SECOND, &config);
    iova = map(&scene, scene.stale - scene.stale % MIB2, MIB2);
    assert_true(reads(&scene, iova + scene.stale % MIB2, &value));
    assert_int_equal(iommu_dma_unmap(scene.domain, iova, MIB2), 0);
    assert_true(reads(&scene, iova + scene.stale % MIB2, &value));
    assert_int_equal(iommu_dma_flush(scene.domain), 0);
    assert_false(reads(&scene, iova + scene.stale % MIB2, &value));
    scene_close(&scene);
}

/* It has no table that could say how far addresses go. */
static void test_identity_domains_hand_out_none(void **state)
{
    const struct iommu_domain_config config = {.type = IOMMU_DOMAIN_IDENTITY};
    struct iommu_domain *domain;
    struct rig rig;
    uint64_t iova;
    rig_open(&rig, &(struct rig_config){.lies = {.seed = 1}});
    assert_int_equal(iommu_domain_alloc(rig.iommu, &config, &domain), 0);
    assert_int_equal(iommu_dma_init(domain, NULL), -IOMMU_EINVAL);
    assert_int_equal(iommu_dma_map(domain, RIG_PAGE, RIG_PAGE, RW, &iova), -IOMMU_EINVAL);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_access_after_a_strict_unmap),
        cmocka_unit_test(test_lazy_access_ends_with_the_count),
        cmocka_unit_test(test_lazy_access_ends_with_the_age),
        cmocka_unit_test(test_a_flush_by_hand_ends_it_at_once),
        cmocka_unit_test(test_identity_domains_hand_out_none),
    };

    return cmocka_run_group_tests_name("stack_dma", tests, NULL, NULL);
}
