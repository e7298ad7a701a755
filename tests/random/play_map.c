/* SPDX-License-Identifier: MIT */
/* play_map.c - map, unmap, sync, translate, DMA, faults. */
#include "tests/random/play.h"

#include <stdio.h>

static struct world *world_of(const struct player *player)
{
    return player->oracle.world;
}

/* ---- mappings ------------------------------------------------------------------------------------------- */

void play_map(struct player *player, const struct op *op)
{
    struct verdict verdict = {0};

    if (player->oracle.domain[op->domain].runs + 8 > ORACLE_RUNS)
        return;
    oracle_predict_map(&player->oracle, op, &verdict);
    checker_owner(CHECKER_DOMAIN(oracle_number(&player->oracle, op->domain)));
    int result = iommu_map(play_domain(player, op->domain), op->iova, op->pa, op->len, op->prot);
    checker_owner(CHECKER_DRIVER);
    if (play_judge(player, op, &verdict, result))
        oracle_map(&player->oracle, op);
}

void play_unmap(struct player *player, const struct op *op)
{
    struct oracle_domain *domain = &player->oracle.domain[op->domain];
    bool late = op->kind == OP_UNMAP_LATE;
    struct verdict verdict = {0};

    if (domain->runs + 2 > ORACLE_RUNS || (late && domain->stales + domain->runs > ORACLE_STALE))
        return;
    oracle_predict_unmap(&player->oracle, op, &verdict);
    int result = iommu_unmap(play_domain(player, op->domain), op->iova, op->len,
                             late ? &player->oracle.gather[op->gather] : NULL);
    if (!play_judge(player, op, &verdict, result))
        return;
    oracle_unmap(&player->oracle, op, late ? op->gather : ORACLE_NOBODY);
    if (late)
        player->oracle.gather_of[op->gather] = op->domain;
}

void play_sync(struct player *player, const struct op *op)
{
    struct iommu_gather *gather = &player->oracle.gather[op->gather];
    unsigned owner = player->oracle.gather_of[op->gather];
    struct verdict verdict = {0};

    verdict_must(&verdict, IOMMU_EINVAL,
                 play_domain(player, op->domain) == NULL ||
                     (owner != ORACLE_NOBODY && owner != op->domain));
    if (!play_judge(player, op, &verdict, iommu_sync(play_domain(player, op->domain), gather)))
        return;
    oracle_synced(&player->oracle, op->domain, op->gather);
    if (gather->domain != NULL || gather->dead_tables != 0)
        play_fail(player, "a gather is not empty after its sync");
}

void play_to_phys(struct player *player, const struct op *op)
{
    const struct oracle_domain *domain = &player->oracle.domain[op->domain];
    const struct checker_run *run = oracle_find(&player->oracle, op->domain, op->iova);
    uint64_t pa = 0, expected = op->iova;
    struct verdict verdict = {0};

    if (domain->shared && run == NULL)
        return; /* another thread's, perhaps */
    verdict_must(&verdict, IOMMU_EINVAL, domain->handle == NULL);
    verdict_must(&verdict, IOMMU_ENOENT,
                 domain->handle != NULL && !domain->identity && run == NULL);
    if (!play_judge(player, op, &verdict, iommu_iova_to_phys(domain->handle, op->iova, &pa)))
        return;
    if (!domain->identity && run != NULL)
        expected = run->pa + (op->iova - run->first);
    if (pa != expected)
        play_fail(player, "iommu_iova_to_phys(%#llx) gives %#llx, not %#llx",
                  (unsigned long long)op->iova, (unsigned long long)pa,
                  (unsigned long long)expected);
}

/* ---- DMA ------------------------------------------------------------------------------------------------ */

static uint64_t *pool_word(const struct player *player, uint64_t pa)
{
    if (pa < WORLD_POOL || pa - WORLD_POOL >= WORLD_POOL_BYTES)
        return NULL;
    return iommu_posix_memory(world_of(player)->checker.rig.memory, pa & ~UINT64_C(7), 8);
}

static uint64_t marker(uint64_t pa)
{
    return pa * UINT64_C(0x9e3779b97f4a7c15);
}

static void mark_targets(const struct player *player, const struct oracle_reach *reach)
{
    for (unsigned i = 0; i < reach->count; i++)
        if (pool_word(player, reach->pa[i]) != NULL)
            *pool_word(player, reach->pa[i]) = marker(reach->pa[i]);
}

static bool is_target(const struct oracle_reach *reach, uint64_t pa)
{
    for (unsigned i = 0; i < reach->count; i++)
        if (reach->pa[i] == pa)
            return true;
    return false;
}

static const char *pasid_name(uint32_t pasid, char *name, size_t bytes)
{
    if (pasid == IOMMU_NO_PASID)
        return "untagged";
    snprintf(name, bytes, "PASID %#x", pasid);
    return name;
}

static void judge_landing(struct player *player, const struct op *op,
                          const struct oracle_reach *reach, const struct iommu_model_result *last,
                          uint64_t value)
{
    const uint64_t *word = pool_word(player, last->pa);

    if (!is_target(reach, last->pa)) {
        char name[24];
        play_fail(player,
                  reach->count == 0
                      ? "%s of device %u %s at %#llx went to %#llx, it should be blocked"
                      : "%s of device %u %s at %#llx went to %#llx, which is the wrong place",
                  op->flag ? "write" : "read", op->device, pasid_name(op->min, name, sizeof name),
                  (unsigned long long)op->iova, (unsigned long long)last->pa);
        return;
    }
    if (word == NULL)
        return; /* a target that is not memory: translated as it should be */
    if (!op->flag && value != marker(last->pa))
        play_fail(player, "a read from %#llx brought %#llx", (unsigned long long)last->pa,
                  (unsigned long long)value);
    if (op->flag && *word != ~marker(op->iova))
        play_fail(player, "a write to %#llx left %#llx", (unsigned long long)last->pa,
                  (unsigned long long)*word);
}

static void remember_hot(struct player *player, const struct op *op)
{
    unsigned at = player->hots++ % PLAY_HOT;

    player->hot[at].device = op->device;
    player->hot[at].pasid = op->min;
    player->hot[at].iova = op->iova;
}

void play_dma(struct player *player, const struct op *op)
{
    uint64_t iova = op->iova & ~UINT64_C(7), value = op->flag ? ~marker(op->iova) : 0;
    struct iommu_model_result last = {0};
    struct oracle_reach reach;

    if (!player->oracle.running)
        return;
    oracle_reach(&player->oracle, op->device, op->min, iova, op->flag, &reach);
    /* Pass-through reaches all of memory, tables that live and that are gone: keep to the pool. */
    if (reach.count != 0 && reach.pa[0] < WORLD_POOL)
        return;
    mark_targets(player, &reach);
    bool ok = world_dma(world_of(player), op->device, op->min, iova, op->flag, &value, &last);
    if (ok || last.outcome == IOMMU_MODEL_OK) {
        player->landed++;
        judge_landing(player, op, &reach, &last, value);
        remember_hot(player, op);
        return;
    }
    player->blocked++;
    if (!reach.blocked) {
        char name[24];
        play_fail(player,
                  "%s of device %u %s at %#llx was blocked, reason %02x, it should go to %#llx",
                  op->flag ? "write" : "read", op->device, pasid_name(op->min, name, sizeof name),
                  (unsigned long long)iova, last.fault, (unsigned long long)reach.pa[0]);
    }
}

/* ---- faults --------------------------------------------------------------------------------------------- */

void play_events(struct player *player)
{
    struct world *world = world_of(player);
    int result = iommu_handle_events(world->checker.rig.iommu);

    if (result < 0)
        play_fail(player, "iommu_handle_events returned %d", result);
    if (!world->single || !player->oracle.running)
        return;
    if (world->strange != NULL)
        play_fail(
            player, "a fault of %04x PASID %#x at %#llx (%s) was reported, and there was none",
            world->strange->rid, world->strange->pasid, (unsigned long long)world->strange->page,
            world->strange->write ? "write" : "read");
    if (world->events != world->faults && !world->asks)
        play_fail(player, "%u faults were recorded, %u reported", world->faults, world->events);
    world->events = world->faults = 0;
}
