/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/changes.c - changes of the tables in a running world, and invalidations: all
 * that a change needs, some of it, the wrong one, or none. Called by episode.c.
 */
#include "tests/differential/world.h"

/* ---- changes and invalidations ------------------------------------------------------------- */

static void submit(struct world *world, uint64_t w0, uint64_t w1)
{
    twin_submit(world->twin, w0, w1);
    ledger_invalidated(&world->ledger, w0, w1);
    predict_invalidated(&world->caches, world->twin, &world->tables, w0, w1);
    world_say(world, "    descriptor %016" PRIx64 " %016" PRIx64 "\n", w0, w1);
}

static void run(struct world *world)
{
    if (twin_run(world->twin))
        return;
    world->dead = !iommu_qemu_alive(world->twin->qemu);
    if (!world->dead)
        world_differ(world, NULL, "a unit did not carry out what was in the queue");
}

static void submit_all(struct world *world)
{
    submit(world, VTD_QI_TYPE_CC | SPEC_PUT(VTD_QI_CC_G, VTD_QI_CC_G_GLOBAL), 0);
    if (world->tables.scalable)
        submit(world, VTD_QI_TYPE_PC | SPEC_PUT(VTD_QI_PC_G, VTD_QI_PC_G_GLOBAL), 0);
    submit(world, VTD_QI_TYPE_IOTLB | SPEC_PUT(VTD_QI_IOTLB_G, VTD_QI_IOTLB_G_GLOBAL), 0);
}

/* Any domain's id, mostly the right one. */
static uint64_t some_did(struct world *world, const struct change *change)
{
    if (!tables_chance(&world->tables, 4))
        return change->did;
    if (tables_chance(&world->tables, 3))
        return tables_below(&world->tables, 65536);
    return world->tables.domain[tables_below(&world->tables, DOMAINS)].did;
}

static void submit_iotlb(struct world *world, const struct change *change)
{
    static const unsigned masks[] = {0, 0, 1, 3, 9, 9, 18};
    unsigned am = masks[tables_below(&world->tables, 7)];
    uint64_t iova = change->iova;
    uint64_t w0 = VTD_QI_TYPE_IOTLB | SPEC_PUT(VTD_QI_IOTLB_DID, some_did(world, change)) |
                  (tables_chance(&world->tables, 2) ? VTD_QI_IOTLB_DR | VTD_QI_IOTLB_DW : 0);

    if (!change->level || tables_chance(&world->tables, 3)) {
        submit(world, w0 | SPEC_PUT(VTD_QI_IOTLB_G, VTD_QI_IOTLB_G_DOMAIN), 0);
        return;
    }
    if (tables_chance(&world->tables, 6))
        iova += (uint64_t)VTD_PAGE_BYTES << am; /* the neighbour's, which is wrong */
    iova &= ~(((uint64_t)VTD_PAGE_BYTES << am) - 1);
    submit(world, w0 | SPEC_PUT(VTD_QI_IOTLB_G, VTD_QI_IOTLB_G_PAGE),
           iova | am | (tables_chance(&world->tables, 3) ? VTD_QI_IOTLB1_IH : 0));
}

static void submit_context(struct world *world, const struct change *change)
{
    uint64_t w0 = VTD_QI_TYPE_CC | SPEC_PUT(VTD_QI_CC_DID, some_did(world, change));
    uint64_t sid = change->rid; /* of another function, which FM may or may not count in */

    if (tables_chance(&world->tables, 3))
        sid ^= tables_below(&world->tables, 8);

    if (tables_chance(&world->tables, 4)) {
        submit(world, w0 | SPEC_PUT(VTD_QI_CC_G, VTD_QI_CC_G_DOMAIN), 0);
        return;
    }
    submit(world,
           w0 | SPEC_PUT(VTD_QI_CC_G, VTD_QI_CC_G_DEVICE) | SPEC_PUT(VTD_QI_CC_SID, sid) |
               SPEC_PUT(VTD_QI_CC_FM, tables_below(&world->tables, 4)),
           0);
}

static void submit_pasid(struct world *world, const struct change *change)
{
    static const uint8_t granularities[] = {VTD_QI_PC_G_DOMAIN, VTD_QI_PC_G_PASID,
                                            VTD_QI_PC_G_GLOBAL};
    uint64_t g = granularities[tables_below(&world->tables, 3)];

    if (tables_chance(&world->tables, 3))
        submit(world,
               VTD_QI_TYPE_PIOTLB | SPEC_PUT(VTD_QI_PIOTLB_G, (uint64_t)VTD_QI_PIOTLB_G_PASID) |
                   SPEC_PUT(VTD_QI_PIOTLB_DID, some_did(world, change)) |
                   SPEC_PUT(VTD_QI_PIOTLB_PASID, (uint64_t)change->pasid),
               0);
    submit(world,
           VTD_QI_TYPE_PC | SPEC_PUT(VTD_QI_PC_G, g) |
               SPEC_PUT(VTD_QI_PC_DID, some_did(world, change)) |
               SPEC_PUT(VTD_QI_PC_PASID, (uint64_t)change->pasid),
           0);
}

/* All that is needed, some of it, or nothing. */
static void invalidate(struct world *world, const struct change *change)
{
    unsigned how = (unsigned)tables_below(&world->tables, 10);

    if (how < 2)
        return;
    if (how < 5) {
        submit_all(world);
    } else {
        if (!change->level && !tables_chance(&world->tables, 4))
            submit_context(world, change);
        if (world->tables.scalable && !tables_chance(&world->tables, 3))
            submit_pasid(world, change);
        if (!tables_chance(&world->tables, 8))
            submit_iotlb(world, change);
    }
    run(world);
}

static void change(struct world *world)
{
    struct change change = tables_mutate(&world->tables);

    world_say(world, "    %s\n", world->tables.note);
    invalidate(world, &change);
}

/* Mostly of something that has just been used, and is used again at once. */
void world_change(struct world *world)
{
    struct tables *tables = &world->tables;
    unsigned device = (unsigned)tables_below(tables, DEVICES);
    uint64_t iova;

    tables->aim_device = tables->aim_entry = -1;
    if (!tables->entries || tables_chance(tables, 4)) {
        change(world);
        return;
    }
    tables->aim_device = (int)device;
    tables->aim_entry = (int)tables_entry(tables, &tables->device[device]);
    iova = tables_iova_at(tables, (unsigned)tables->aim_entry) & ~(uint64_t)(VTD_PAGE_BYTES - 1);
    world_dma(world, device, iova + tables_below(tables, VTD_PAGE_BYTES));
    if (!world->dead)
        change(world);
    if (!world->dead)
        world_dma(world, device, iova + tables_below(tables, VTD_PAGE_BYTES));
}

/* A descriptor that no unit takes, of those that every QEMU refuses. */
void world_bad_descriptor(struct world *world)
{
    const uint64_t bad[][2] = {
        {0, 0},
        {0xF, 0},
        {VTD_QI_TYPE_CC, 0},
        {VTD_QI_TYPE_IOTLB, 0},
        {VTD_QI_TYPE_CC | SPEC_PUT(VTD_QI_CC_G, (uint64_t)VTD_QI_CC_G_GLOBAL) | SPEC_BIT64(6), 0},
        {VTD_QI_TYPE_IOTLB | SPEC_PUT(VTD_QI_IOTLB_G, (uint64_t)VTD_QI_IOTLB_G_DOMAIN) |
             SPEC_BIT64(40),
         0},
        {VTD_QI_TYPE_IOTLB | SPEC_PUT(VTD_QI_IOTLB_G, (uint64_t)VTD_QI_IOTLB_G_PAGE), 19},
    };
    unsigned i = (unsigned)tables_below(&world->tables, sizeof bad / sizeof bad[0]);

    world_say(world, "    bad descriptor %016" PRIx64 " %016" PRIx64 "\n", bad[i][0], bad[i][1]);
    world->tally->bad_descriptors++;
    if (twin_run_bad(world->twin, bad[i][0], bad[i][1]))
        return;
    world->dead = !iommu_qemu_alive(world->twin->qemu);
    if (!world->dead)
        world_differ(world, NULL, "a bad descriptor was not refused by both");
}
