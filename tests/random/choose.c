/* SPDX-License-Identifier: MIT */
/*
 * choose.c - the next call. Chance with a taste: what is there more often than what is not, addresses at the edges
 * of tables, DMA where something has just been taken away.
 */
#include "tests/random/play.h"

#define GIB  (UINT64_C(1) << 30)
#define MIB2 (UINT64_C(2) << 20)

static uint64_t below(struct player *player, uint64_t limit)
{
    return rig_random(&player->random) % limit;
}

static bool one_in(struct player *player, unsigned n)
{
    return below(player, n) == 0;
}

/* ---- kinds ---------------------------------------------------------------------------------------------- */

static const uint8_t weight[OP_COUNT] = {
    [OP_DEVICE_ADD] = 8,    [OP_DEVICE_REMOVE] = 2, [OP_DOMAIN_ALLOC] = 12, [OP_DOMAIN_FREE] = 6,
    [OP_ATTACH] = 18,       [OP_REPLACE] = 10,      [OP_DETACH] = 12,       [OP_ENABLE] = 4,
    [OP_DISABLE] = 2,       [OP_AUX_ATTACH] = 10,   [OP_AUX_DETACH] = 6,    [OP_AUX_IDS] = 3,
    [OP_ATTACH_DEVICE] = 4, [OP_DETACH_DEVICE] = 3, [OP_CLAIM] = 2,         [OP_UNCLAIM] = 4,
    [OP_MAP] = 36,          [OP_UNMAP] = 20,        [OP_UNMAP_LATE] = 16,   [OP_SYNC] = 12,
    [OP_TO_PHYS] = 4,       [OP_DMA] = 80,          [OP_EVENTS] = 5,        [OP_STOP] = 1,
    [OP_START] = 6};

/* What threads may do while others do it, too. */
static const uint8_t weight_threaded[OP_COUNT] = {
    [OP_DOMAIN_ALLOC] = 12, [OP_DOMAIN_FREE] = 6, [OP_ATTACH] = 20, [OP_REPLACE] = 10,
    [OP_DETACH] = 14,       [OP_MAP] = 36,        [OP_UNMAP] = 20,  [OP_UNMAP_LATE] = 16,
    [OP_SYNC] = 12,         [OP_TO_PHYS] = 4,     [OP_DMA] = 80,    [OP_EVENTS] = 3};

static uint8_t choose_kind(struct player *player)
{
    const uint8_t *weights = player->threaded ? weight_threaded : weight;
    unsigned sum = 0, kind = 0, devices = 0, domains = 0;

    for (unsigned i = 0; i < RIG_DEVICES; i++)
        devices += play_device(player, i) != NULL;
    for (unsigned i = 0; i < player->oracle.domains; i++)
        domains += play_domain(player, i) != NULL;
    if (domains < 2 && one_in(player, 2))
        return OP_DOMAIN_ALLOC;
    if (devices < 2 && one_in(player, 2) && !player->threaded)
        return OP_DEVICE_ADD;
    if (!player->oracle.running && one_in(player, 4))
        return OP_START;
    for (unsigned i = 0; i < OP_COUNT; i++)
        sum += weights[i];
    for (unsigned at = (unsigned)below(player, sum); at >= weights[kind]; kind++)
        at -= weights[kind];
    return (uint8_t)kind;
}

/* ---- objects -------------------------------------------------------------------------------------------- */

/* One that is there, mostly. */
static uint8_t choose_domain(struct player *player)
{
    uint8_t slot = 0;

    for (unsigned tries = 0; tries < 6; tries++) {
        slot = (uint8_t)below(player, player->oracle.domains);
        if (play_domain(player, slot) != NULL)
            break;
    }
    return slot;
}

/* One that maps something, mostly. */
static uint8_t choose_mapped(struct player *player)
{
    uint8_t slot = choose_domain(player);

    for (unsigned tries = 0; tries < 3 && player->oracle.domain[slot].runs == 0; tries++)
        slot = choose_domain(player);
    return slot;
}

static uint8_t choose_device(struct player *player)
{
    uint8_t slot = 0;

    for (unsigned tries = 0; tries < 6; tries++) {
        slot = (uint8_t)below(player, RIG_DEVICES);
        if (play_device(player, slot) != NULL)
            break;
    }
    return slot;
}

static uint32_t choose_pasid(struct player *player, unsigned device)
{
    const struct oracle *oracle = &player->oracle;
    uint32_t limit = oracle->device[device].limit;

    if (player->threaded)
        return oracle->pasid_first + (uint32_t)below(player, 12);
    if (one_in(player, 3)) {
        const uint32_t edges[] = {
            0,   1,   2,         3,     63,               64,                  65,
            127, 128, limit - 1, limit, IOMMU_PASID_LAST, IOMMU_PASID_LAST + 1};
        return edges[below(player, sizeof edges / sizeof edges[0])];
    }
    return 1 + (uint32_t)below(player, one_in(player, 4) && limit > 1 ? limit : 10);
}

static void choose_route(struct player *player, struct op *op)
{
    op->min = op->max = choose_pasid(player, op->device);
    if (!player->threaded && (one_in(player, 4) || player->oracle.device[op->device].limit == 0)) {
        op->min = op->max = IOMMU_NO_PASID;
    } else if (one_in(player, 3)) {
        op->max = op->min + (uint32_t)below(player, 8);
        if (player->threaded && op->max > player->oracle.pasid_last)
            op->max = player->oracle.pasid_last;
        if (one_in(player, 20) && !player->threaded)
            op->max = op->min - 1; /* wraps to everything, or empty */
    }
}

/* An attached one, mostly. */
static const struct oracle_route *choose_attached(struct player *player, struct op *op)
{
    op->device = choose_device(player);
    op->min = op->max = choose_pasid(player, op->device);
    for (unsigned tries = 0; tries < 4 * ORACLE_ROUTES; tries++) {
        const struct oracle_route *route = &player->oracle.route[below(player, ORACLE_ROUTES)];
        if (!route->used)
            continue;
        op->device = route->device;
        op->min = op->max = route->pasid;
        return route;
    }
    return NULL;
}

/* A pair that is attached, mostly. */
static void choose_pair(struct player *player, struct op *op)
{
    struct op at = {0};
    const struct oracle_route *route = choose_attached(player, &at);

    if (route == NULL)
        return;
    op->device = route->device;
    op->domain = route->domain;
}

/* ---- addresses ------------------------------------------------------------------------------------------ */

/* In the shared domain each thread has a GiB of its own. */
static uint64_t choose_iova(struct player *player, unsigned domain, uint64_t grain)
{
    const struct oracle_domain *about = &player->oracle.domain[domain];
    uint64_t top = about->geometry.last + 1;
    uint64_t bases[] = {0,
                        RIG_IOVA,
                        RIG_IOVA,
                        RIG_IOVA,
                        RIG_IOVA,
                        UINT64_C(0xfee00000) - 2 * MIB2,
                        UINT64_C(0xfec00000),
                        4 * GIB - 4 * MIB2,
                        4 * GIB,
                        UINT64_C(1) << 38,
                        UINT64_C(1) << 36,
                        top / 2,
                        top - 4 * MIB2,
                        top - GIB,
                        top};
    uint64_t steps = grain == RIG_PAGE ? (one_in(player, 3) ? 1024 : 8) : grain == MIB2 ? 4 : 2;
    uint64_t iova;

    if (about->shared)
        return player->oracle.iova_base + below(player, grain == RIG_PAGE ? 1024 : 8) * grain;
    iova = bases[below(player, sizeof bases / sizeof bases[0])];
    return (iova & ~(grain - 1)) + below(player, steps) * grain;
}

static uint64_t choose_target(struct player *player, uint64_t grain, uint64_t len)
{
    const struct oracle *oracle = &player->oracle;
    uint64_t room = oracle->pool_bytes - len;

    return oracle->pool + below(player, room / grain + 1) * grain;
}

static void spoil(struct player *player, struct op *op)
{
    switch (below(player, 7)) {
    case 0:
        op->len = 0;
        break;
    case 1:
        op->len += 1 + below(player, RIG_PAGE - 1);
        break;
    case 2:
        op->iova += 8;
        break;
    case 3:
        op->len = UINT64_MAX - op->iova + 1 + RIG_PAGE; /* wraps */
        break;
    case 4:
        op->pa = UINT64_C(1) << (46 + below(player, 18));
        break;
    case 5:
        op->pa = UINT64_C(0xfee00000) - below(player, 3) * RIG_PAGE;
        break;
    default:
        op->prot = (uint32_t)below(player, 16);
        break;
    }
}

/* Whole tables of small pages: taken out again, they leave dead tables. */
static void choose_full_tables(struct player *player, struct op *op, bool huge)
{
    bool upper = huge && one_in(player, 4) && !player->threaded;
    uint64_t grain = upper ? GIB : MIB2;

    op->len = upper ? GIB : (1 + below(player, 2)) * MIB2;
    op->iova = choose_iova(player, op->domain, grain);
    /* Too crooked for one large page; the last targets need not be memory. */
    op->pa = upper ? player->oracle.pool + MIB2 : choose_target(player, RIG_PAGE, op->len);
}

static void choose_map(struct player *player, struct op *op)
{
    static const uint32_t prots[] = {3, 3, 3, 3, 7, 1, 1, 5, 2};
    uint64_t grain = RIG_PAGE, kind = below(player, 20);
    bool huge, shared;

    op->domain = choose_domain(player);
    huge = (player->oracle.domain[op->domain].geometry.page_sizes & GIB) != 0;
    shared = player->oracle.domain[op->domain].shared;
    op->len = (1 + below(player, 5)) * RIG_PAGE;
    if (kind < 4) {
        grain = MIB2;
        op->len = (1 + below(player, 2)) * MIB2;
    } else if (kind == 4 && huge && !player->threaded) {
        grain = GIB;
        op->len = GIB;
    } else if (kind == 5) {
        op->len = (1 + below(player, 700)) * RIG_PAGE;
    }
    op->prot = prots[below(player, sizeof prots / sizeof prots[0])];
    if (kind >= 6 && kind < 9) {
        choose_full_tables(player, op, huge);
        return;
    }
    op->iova = choose_iova(player, op->domain, grain);
    op->pa = choose_target(player, one_in(player, 4) && grain != GIB ? RIG_PAGE : grain, op->len);
    if (one_in(player, 12) && !shared)
        spoil(player, op);
}

/* From a run that is there: all of it, and perhaps those that follow; or a part. */
static void choose_unmap(struct player *player, struct op *op)
{
    const struct oracle_domain *domain;
    uint64_t last;
    unsigned at;

    op->domain = choose_mapped(player);
    op->gather = (uint8_t)below(player, ORACLE_GATHERS);
    domain = &player->oracle.domain[op->domain];
    if (domain->runs == 0 || one_in(player, 12)) {
        op->iova = choose_iova(player, op->domain, RIG_PAGE);
        op->len = (1 + below(player, 4)) * RIG_PAGE;
        return;
    }
    at = (unsigned)below(player, domain->runs);
    op->iova = domain->run[at].first;
    last = domain->run[at].last;
    while (at + 1 < domain->runs && domain->run[at + 1].first == last + 1 && !one_in(player, 4))
        last = domain->run[++at].last;
    op->len = last - op->iova + 1;
    if (one_in(player, 3)) {
        uint64_t size = UINT64_C(1) << domain->run[at].leaf_lg2, pages = op->len / size;
        uint64_t skip = pages > 1 ? below(player, pages) : 0;
        op->iova += skip * size;
        op->len -= skip * size;
    }
    if (one_in(player, 4) && op->len > RIG_PAGE)
        op->len = (1 + below(player, op->len / RIG_PAGE)) * RIG_PAGE; /* may cut a large page */
    if (one_in(player, 24) && !domain->shared)
        spoil(player, op);
}

/* ---- DMA ------------------------------------------------------------------------------------------------ */

static uint64_t within(struct player *player, const struct checker_run *run)
{
    uint64_t bytes = run->last - run->first + 1;

    if (one_in(player, 3))
        return one_in(player, 2) ? run->first : run->last - 7;
    return run->first + below(player, bytes / 8) * 8;
}

static void choose_dma_address(struct player *player, struct op *op, unsigned domain)
{
    const struct oracle_domain *about = &player->oracle.domain[domain];

    if (about->identity && !one_in(player, 4))
        op->iova = choose_target(player, 8, 8);
    else if (about->stales != 0 && one_in(player, 3))
        op->iova = within(player, &about->stale[below(player, about->stales)].run);
    else if (about->runs != 0 && !one_in(player, 6))
        op->iova = within(player, &about->run[below(player, about->runs)]);
    else
        op->iova = choose_iova(player, domain, RIG_PAGE) + below(player, 512) * 8;
}

static void choose_dma(struct player *player, struct op *op)
{
    const struct oracle_route *route;
    unsigned hot = play_hots(player);

    op->flag = (uint8_t)below(player, 2);
    if (hot != 0 && one_in(player, 3)) {
        unsigned at = (unsigned)below(player, hot);
        op->device = player->hot[at].device;
        op->min = player->hot[at].pasid;
        op->iova = player->hot[at].iova;
        if (one_in(player, 4))
            op->iova =
                (op->iova & ~(MIB2 - 1)) + below(player, MIB2 / 8) * 8; /* by the same table */
        return;
    }
    for (unsigned tries = 0; tries < 4; tries++) {
        route = choose_attached(player, op);
        if (route == NULL || player->oracle.domain[route->domain].runs != 0)
            break;
    }
    choose_dma_address(player, op,
                       route != NULL && !one_in(player, 8) ? route->domain : choose_domain(player));
    if (one_in(player, 10)) { /* somebody else's route */
        op->device = (uint8_t)below(player, RIG_DEVICES);
        op->min = one_in(player, 3) && !player->threaded
                      ? IOMMU_NO_PASID
                      : choose_pasid(player, op->device) & 0xfffff;
    }
}

/* ---- all ------------------------------------------------------------------------------------------------ */

static void choose_rest(struct player *player, struct op *op)
{
    static const uint8_t dma_bits[] = {0, 0, 0, 0, 0, 0, 0, 0, 64, 48, 48, 40, 34, 65};
    static const uint8_t iova_bits[] = {0, 0, 0, 0, 0, 0, 0, 0, 64, 57, 48, 47, 40, 39, 33};

    op->device = choose_device(player);
    op->domain = choose_domain(player);
    op->flag = (uint8_t)below(player, 2);
    op->flag &= op->kind == OP_CLAIM || op->kind == OP_UNCLAIM ? below(player, 2) : 1;
    op->gather = (uint8_t)below(player, ORACLE_GATHERS);
    if (op->kind == OP_DEVICE_ADD) {
        op->device = (uint8_t)below(player, RIG_DEVICES);
        op->bits = dma_bits[below(player, sizeof dma_bits)];
    }
    if (op->kind == OP_DOMAIN_ALLOC) {
        op->domain = (uint8_t)below(player, player->oracle.domains);
        op->stage = (uint8_t)below(player, 3);
        op->flag = one_in(player, 8);
        op->bits = player->threaded ? 0 : iova_bits[below(player, sizeof iova_bits)];
        op->device = one_in(player, 3) ? op->device : OP_ANY;
    }
    for (unsigned tries = 0; tries < 2 && op->kind >= OP_AUX_ATTACH && op->kind <= OP_DETACH_DEVICE;
         tries++)
        if (!player->oracle.device[op->device].aux)
            op->device = choose_device(player);
    if ((op->kind == OP_AUX_DETACH || op->kind == OP_DETACH_DEVICE) && !one_in(player, 3))
        choose_pair(player, op);
    if (op->kind == OP_SYNC && player->oracle.gather_of[op->gather] != ORACLE_NOBODY &&
        !one_in(player, 8))
        op->domain = player->oracle.gather_of[op->gather];
    if (op->kind == OP_TO_PHYS)
        choose_dma_address(player, op, op->domain);
}

void choose_op(struct player *player, struct op *op)
{
    *op = (struct op){.kind = choose_kind(player)};
    switch ((enum op_kind)op->kind) {
    case OP_MAP:
        choose_map(player, op);
        break;
    case OP_UNMAP:
    case OP_UNMAP_LATE:
        choose_unmap(player, op);
        break;
    case OP_DMA:
        choose_dma(player, op);
        break;
    case OP_REPLACE:
    case OP_DETACH:
        (void)choose_attached(player, op);
        op->domain = choose_domain(player);
        break;
    default:
        choose_rest(player, op);
        break;
    }
    if (op->kind == OP_ATTACH)
        choose_route(player, op);
    if (!player->threaded && op->kind != OP_DMA && one_in(player, 25))
        op->fail = (uint8_t)(1 + below(player, 6));
}
