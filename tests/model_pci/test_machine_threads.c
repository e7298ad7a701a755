/* SPDX-License-Identifier: MIT */
/*
 * Many threads on one modelled machine: tables changed under a walking unit, tenants submitting
 * while the engines run and others are reset, configuration space touched meanwhile. Made for
 * ThreadSanitizer. platform: model
 */
#include "tests/model_pci/world.h"

#include <pthread.h>
#include <string.h>

#define ROOT   0x100000u
#define BUFFER 0x200000u
#define ROUNDS 300u
#define QUEUES 4u

static uint64_t *words(struct world *world, uint64_t pa)
{
    return iommu_posix_memory(world->memory, pa, 4096);
}

static void open_world(struct world *world)
{
    uint64_t queue;

    world_describe(world);
    world_open(world);
    world_set_command(world, WORLD_ACCELERATOR, 6);
    iommu_model_machine_write64(world->machine, WORLD_BAR0 + 0x1000, 0xF);
    iommu_model_machine_write64(world->machine, WORLD_BAR0 + 0x1020, 1);
    for (queue = 0; queue < QUEUES; queue++) {
        iommu_model_machine_write32(world->machine, WORLD_BAR0 + 0x2000 + 32 * queue, 16);
        iommu_model_machine_write32(world->machine, WORLD_BAR0 + 0x2008 + 32 * queue, 0x11);
        iommu_model_machine_write32(world->machine, WORLD_BAR0 + 0x200C + 32 * queue, 21);
    }
    iommu_model_machine_write32(world->machine, WORLD_BAR0 + 0xA0, 1u << 20);
    for (queue = 0; queue < QUEUES; queue++) {
        iommu_model_machine_write32(world->machine, WORLD_BAR0 + 0xA0, 6u << 20 | (uint32_t)queue);
        assert_int_equal(iommu_model_machine_read32(world->machine, WORLD_BAR0 + 0xA8), 0);
    }
}

/* ---- one tenant a queue ------------------------------------------------------------------- */

struct tenant {
    struct world *world;
    unsigned queue;
    unsigned wrong;
    pthread_t thread;
};

/* Submit a fill with a record, let the engines work, poll the record as real software does. */
static void *tenant_main(void *argument)
{
    struct tenant *tenant = argument;
    struct world *world = tenant->world;
    struct iommu_model_dsa *dsa =
        iommu_model_machine_accelerator(world->machine, WORLD_ACCELERATOR);
    uint64_t data = BUFFER + 0x2000 * tenant->queue, record = data + 0x1000;
    unsigned round;

    for (round = 1; round <= ROUNDS; round++) {
        uint64_t descriptor[8] = {(uint64_t)0x0400000C << 32, record,
                                  0x0101010101010101u * (round & 0xFF), data, 256};
        uint64_t *status = words(world, record);

        __atomic_store_n(status, 0, __ATOMIC_RELEASE);
        while (iommu_model_dsa_submit(dsa, tenant->queue, 0, false, descriptor) !=
               IOMMU_MODEL_DSA_ACCEPTED)
            iommu_model_dsa_run(dsa, 4);
        while (!(__atomic_load_n(status, __ATOMIC_ACQUIRE) & 0xFF))
            iommu_model_dsa_run(dsa, 1);
        tenant->wrong += words(world, data)[31] != descriptor[2];
    }
    return NULL;
}

static void test_machine_threads_tenants_share_an_accelerator(void **state)
{
    static struct world world;
    struct tenant tenants[QUEUES - 1];
    unsigned index;

    open_world(&world);
    for (index = 0; index < QUEUES - 1; index++) {
        tenants[index] = (struct tenant){.world = &world, .queue = index};
        assert_int_equal(pthread_create(&tenants[index].thread, NULL, tenant_main, &tenants[index]),
                         0);
    }
    for (index = 0; index < ROUNDS;
         index++) { /* a fourth tenant is drained, switched off and on again */
        uint64_t noop[8] = {0};

        iommu_model_dsa_submit(iommu_model_machine_accelerator(world.machine, WORLD_ACCELERATOR), 3,
                               0, false, noop);
        iommu_model_machine_write32(world.machine, WORLD_BAR0 + 0xA0,
                                    (index & 1 ? 7u : 9u) << 20 | 8);
        iommu_model_machine_write32(world.machine, WORLD_BAR0 + 0xA0, 6u << 20 | 3);
        iommu_model_machine_pci_write32(world.machine, 0, 0x0010, 4, index & 1 ? 6 : 2);
        iommu_model_machine_read32(world.machine, WORLD_BAR0 + 0xC0);
    }
    for (index = 0; index < QUEUES - 1; index++) {
        pthread_join(tenants[index].thread, NULL);
        assert_int_equal(tenants[index].wrong, 0);
    }
    world_close(&world);
}

/* ---- a table that changes under the walk --------------------------------------------------- */

static void *flip_main(void *argument)
{
    struct world *world = argument;
    uint64_t *leaf = &words(world, ROOT + 0x5000)[0x10];
    unsigned round;

    for (round = 0; round < 20 * ROUNDS; round++)
        __atomic_store_n(leaf, round & 1 ? (BUFFER | 3) : 0, __ATOMIC_RELEASE);
    __atomic_store_n(leaf, BUFFER | 3, __ATOMIC_RELEASE);
    return NULL;
}

static void make_tables(struct world *world)
{
    words(world, ROOT)[0] = (ROOT + 0x1000) | 1;
    words(world, ROOT + 0x1000)[16] = (ROOT + 0x2000) | 1;
    words(world, ROOT + 0x1000)[17] = 7 << 8 | 2;
    words(world, ROOT + 0x2000)[0] = (ROOT + 0x3000) | 3;
    words(world, ROOT + 0x3000)[0] = (ROOT + 0x4000) | 3;
    words(world, ROOT + 0x4000)[0] = (ROOT + 0x5000) | 3;
    iommu_model_machine_write64(world->machine, WORLD_UNIT_BASE + 0x20, ROOT);
    iommu_model_machine_write32(world->machine, WORLD_UNIT_BASE + 0x18, 1u << 30);
    iommu_model_machine_write32(world->machine, WORLD_UNIT_BASE + 0x18, 1u << 31);
}

static void test_machine_threads_leaf_changes_under_the_walk(void **state)
{
    static struct world world;
    uint64_t value = 0;
    unsigned round;
    pthread_t thread;

    open_world(&world);
    make_tables(&world);
    assert_int_equal(pthread_create(&thread, NULL, flip_main, &world), 0);
    for (round = 0; round < ROUNDS; round++) {
        struct iommu_model_result last;

        if (!world_dma(&world, WORLD_ACCELERATOR, 0x10000, false, &value, 8, NULL, &last))
            assert_int_equal(last.fault, 6);
    }
    pthread_join(thread, NULL);
    assert_true(world_dma(&world, WORLD_ACCELERATOR, 0x10000, false, &value, 8, NULL, NULL));
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine_threads_tenants_share_an_accelerator),
        cmocka_unit_test(test_machine_threads_leaf_changes_under_the_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
