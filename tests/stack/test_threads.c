/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_threads.c - attach, detach, map, unmap and DMA from several threads at once. What a thread
 * expects of its own domain must hold whatever the others do; ThreadSanitizer runs it as well.
 */
#include <pthread.h>
#include <stdlib.h>

#include "tests/stack/rig.h"

#define THREADS 4u
#define ROUNDS  150u
#define SLOTS   16u

struct worker {
    struct rig *rig;
    unsigned index;
    uint64_t seed;
    struct iommu_domain *shared; /* a domain that all of them map into, on ranges of their own */
    uint64_t page[SLOTS];
    const char *wrong;           /* cmocka's assertions belong to the main thread */
};

#define EXPECT(condition)               \
    do {                                \
        if (!(condition)) {             \
            worker->wrong = #condition; \
            return NULL;                \
        }                               \
    } while (0)

/* rig_read() notes the last result in the rig, which threads would fight for. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the read stores there */
static bool reads(struct worker *worker, uint32_t pasid, uint64_t iova, uint64_t *value)
{
    const struct iommu_model_dma access = {
        .has_pasid = true, .pasid = pasid, .address = iova, .data = value, .bytes = sizeof *value};
    struct iommu_model_dma_result result;
    iommu_model_machine_dma(worker->rig->machine, worker->index % RIG_DEVICES, &access, &result,
                            NULL);
    return result.ok;
}

static void *live(void *argument)
{
    struct worker *worker = argument;
    struct iommu_device *device = worker->rig->device[worker->index % RIG_DEVICES];
    const uint64_t base = RIG_IOVA + worker->index * (UINT64_C(1) << 21);

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct iommu_attachment *attachment, *own_attachment, *found;
        struct iommu_domain *own;
        const struct iommu_domain_config config = {
            .stage = rig_random(&worker->seed) % 2 ? IOMMU_STAGE_FIRST : IOMMU_STAGE_SECOND};
        unsigned slot = (unsigned)(rig_random(&worker->seed) % SLOTS);
        uint64_t value = 0, pa, iova = base + slot * RIG_PAGE;

        EXPECT(iommu_domain_alloc(worker->rig->iommu, &config, &own) == 0);
        EXPECT(iommu_map(own, RIG_IOVA, worker->page[slot], RIG_PAGE, IOMMU_READ) == 0);
        EXPECT(iommu_attach(own, device, iommu_route_any(), worker, &own_attachment) == 0);
        EXPECT(iommu_attach(worker->shared, device, iommu_route_any(), worker, &attachment) == 0);
        uint32_t pasid = iommu_attachment_pasid(attachment),
                 own_pasid = iommu_attachment_pasid(own_attachment);
        EXPECT(iommu_lookup(device, pasid, &found) == 0 && found == attachment);

        EXPECT(iommu_map(worker->shared, iova, worker->page[slot], RIG_PAGE, IOMMU_READ) == 0);
        EXPECT(iommu_iova_to_phys(worker->shared, iova, &pa) == 0 && pa == worker->page[slot]);
        EXPECT(reads(worker, pasid, iova, &value) && value == worker->index * 100 + slot);
        EXPECT(reads(worker, own_pasid, RIG_IOVA, &value) && value == worker->index * 100 + slot);
        EXPECT(iommu_unmap(worker->shared, iova, RIG_PAGE, NULL) == 0);
        EXPECT(!reads(worker, pasid, iova, &value));

        EXPECT(iommu_detach(own_attachment) == 0);
        EXPECT(!reads(worker, own_pasid, iova + (UINT64_C(1) << 40), &value));
        EXPECT(iommu_detach(attachment) == 0);
        EXPECT(iommu_domain_free(own) == 0);
        if (round % 16 == 0)
            EXPECT(iommu_handle_events(worker->rig->iommu) >= 0);
    }
    return NULL;
}

static void run(const struct rig_config *config, const char *name)
{
    struct rig rig;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    uint64_t seed = rig_seed(name);
    rig_open(&rig, config);
    iommu_set_event_handler(rig.iommu, NULL, NULL); /* the rig's own is for one thread */
    struct iommu_domain *shared = rig_domain(&rig, IOMMU_STAGE_SECOND);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.rig = &rig, .index = i, .seed = seed + i, .shared = shared};
        for (unsigned slot = 0; slot < SLOTS; slot++)
            workers[i].page[slot] = rig_page(&rig, i * 100 + slot);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, live, &workers[i]), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        if (workers[i].wrong != NULL)
            fail_msg("thread %u: %s", i, workers[i].wrong);
        for (unsigned slot = 0; slot < SLOTS; slot++)
            rig_page_done(&rig, workers[i].page[slot]);
    }
    assert_int_equal(iommu_domain_free(shared), 0);
    rig_close(&rig);
}

static void test_B52_everything_at_once(void **state)
{
    run(&(struct rig_config){0}, "test_B52_everything_at_once");
}

static void test_B52_everything_at_once_on_two_units(void **state)
{
    run(&(struct rig_config){.second_unit = true}, "test_B52_everything_at_once_on_two_units");
}

static void test_B52_everything_at_once_with_caching_mode(void **state)
{
    run(&(struct rig_config){.cap_set = UINT64_C(1) << 7},
        "test_B52_everything_at_once_with_caching_mode");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B52_everything_at_once),
        cmocka_unit_test(test_B52_everything_at_once_on_two_units),
        cmocka_unit_test(test_B52_everything_at_once_with_caching_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
