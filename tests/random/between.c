/* SPDX-License-Identifier: MIT */
/*
 * between.c - devices that read between any two stores of a call ("torn-fetch"). Whatever they meet must be what was
 * there before the call, or what is there after it, or nothing.
 */
#include "tests/random/play.h"

#define LOOKS     4u
#define LANDINGS  16u
#define TIMES_MAX 300u /* in one call */

struct look {
    uint8_t device;
    uint32_t pasid;
    uint64_t iova;
    struct oracle_reach before;
    uint64_t landed[LANDINGS];
    unsigned landings;
};

/* One thread plays: its signal handler looks here. */
static struct {
    struct world *world;
    struct look look[LOOKS];
    unsigned looks, times;
    bool on;
    void *(*page_alloc)(void *ctx, unsigned order);
    void (*page_free)(void *ctx, void *page, unsigned order);
} now;

static void note(struct look *look, uint64_t pa)
{
    for (unsigned i = 0; i < look->landings; i++)
        if (look->landed[i] == pa)
            return;
    if (look->landings < LANDINGS)
        look->landed[look->landings++] = pa;
}

static void between_stores(void *ctx)
{
    struct iommu_model_result last = {0};
    uint64_t value;

    (void)ctx;
    if (now.looks == 0 || now.times >= TIMES_MAX)
        return;
    struct look *look = &now.look[now.times++ % now.looks];
    bool ok = world_dma(now.world, look->device, look->pasid, look->iova, false, &value, &last);
    if (ok || last.outcome == IOMMU_MODEL_OK)
        note(look, last.pa);
}

static void switch_to(bool on)
{
    (void)iommu_host_model_between_stores(now.world->checker.rig.host, on ? between_stores : NULL,
                                          NULL);
}

/* A host that clears or poisons a page stores thousands of times, and nobody may look at it then. */
static void *page_alloc(void *ctx, unsigned order)
{
    if (now.on)
        switch_to(false);
    void *page = now.page_alloc(ctx, order);
    if (now.on)
        switch_to(true);
    return page;
}

static void page_free(void *ctx, void *page, unsigned order)
{
    if (now.on)
        switch_to(false);
    now.page_free(ctx, page, order);
    if (now.on)
        switch_to(true);
}

void play_between_prepare(struct world *world)
{
    now.world = world;
    now.page_alloc = world->checker.page_alloc;
    now.page_free = world->checker.page_free;
    world->checker.page_alloc = page_alloc;
    world->checker.page_free = page_free;
}

/* Each store costs two traps: not for calls that store nothing, or too much. */
static bool worth_it(const struct op *op)
{
    if (op->kind == OP_MAP)
        return op->len <= 16 * RIG_PAGE;
    if (op->kind == OP_UNMAP || op->kind == OP_UNMAP_LATE || op->kind == OP_SYNC)
        return true; /* a few stores, if tables go; the ends of a range otherwise */
    return op->kind <= OP_DETACH_DEVICE && op->kind != OP_AUX_IDS && op->kind != OP_DEVICE_ADD;
}

/* Pass-through leads anywhere: only to the pool, please. */
static bool is_harmless(const struct player *player, uint64_t iova)
{
    for (unsigned i = 0; i < player->oracle.domains; i++)
        if (player->oracle.domain[i].handle != NULL && player->oracle.domain[i].identity)
            return iova >= WORLD_POOL;
    return true;
}

/* Where something worked before, there is something to tear. */
void play_between_begin(struct player *player, const struct op *op)
{
    unsigned hot = play_hots(player);

    now.looks = now.times = 0;
    if (!player->oracle.running || hot == 0 || !worth_it(op))
        return;
    unsigned looks = 0;
    for (unsigned i = 0; i < hot && looks < LOOKS; i++) {
        unsigned at = (player->hots - 1 - i) % PLAY_HOT;
        struct look *look = &now.look[looks];
        *look = (struct look){.device = player->hot[at].device,
                              .pasid = player->hot[at].pasid,
                              .iova = player->hot[at].iova & ~UINT64_C(7)};
        oracle_reach(&player->oracle, look->device, look->pasid, look->iova, false, &look->before);
        looks += is_harmless(player, look->iova);
    }
    now.looks = looks;
    now.on = looks != 0;
    if (now.on)
        switch_to(true);
}

static bool is_target(const struct oracle_reach *reach, uint64_t pa)
{
    for (unsigned i = 0; i < reach->count; i++)
        if (reach->pa[i] == pa)
            return true;
    return false;
}

void play_between_end(struct player *player)
{
    unsigned looks = now.looks;

    if (now.on)
        switch_to(false);
    now.on = false;
    now.looks = 0;
    for (unsigned i = 0; i < looks; i++) {
        const struct look *look = &now.look[i];
        struct oracle_reach after;
        oracle_reach(&player->oracle, look->device, look->pasid, look->iova, false, &after);
        for (unsigned n = 0; n < look->landings; n++)
            if (!is_target(&look->before, look->landed[n]) && !is_target(&after, look->landed[n]))
                play_fail(player,
                          "during the call a read of device %u PASID %#x at %#llx went to %#llx: "
                          "neither what "
                          "was before nor what is now",
                          look->device, look->pasid, (unsigned long long)look->iova,
                          (unsigned long long)look->landed[n]);
    }
}
