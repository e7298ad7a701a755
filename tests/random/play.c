/* SPDX-License-Identifier: MIT */
/* play.c - devices, domains, attachments; the frame. play_map.c has mappings and DMA, play_aux.c the origin's calls. */
#include "tests/random/play.h"

#include <stdio.h>
#include <string.h>

void play_fail(struct player *player, const char *format, ...)
{
    va_list arguments;

    if (player->failure != NULL)
        return;
    player->failure = format;
    va_start(arguments, format);
    vsnprintf(player->text, sizeof player->text, format, arguments);
    va_end(arguments);
}

static struct rig *rig_of(const struct player *player)
{
    return &player->oracle.world->checker.rig;
}

unsigned play_hots(const struct player *player)
{
    return player->hots < PLAY_HOT ? player->hots : PLAY_HOT;
}

struct iommu_device *play_device(const struct player *player, unsigned slot)
{
    return slot < RIG_DEVICES ? player->oracle.device[slot].handle : NULL;
}

struct iommu_domain *play_domain(const struct player *player, unsigned slot)
{
    return player->oracle.domain[slot].handle;
}

bool play_judge(struct player *player, const struct op *op, const struct verdict *verdict,
                int result)
{
    bool starved = op->fail != 0 && iommu_strict_failed(rig_of(player)->strict);

    player->refused[op->kind] += result < 0;
    player->made[op->kind] += result == 0;
    if (starved && result == -IOMMU_ENOMEM)
        return false;
    if (starved && result == 0) {
        play_fail(player, "an allocation failed and the call succeeded");
        return false;
    }
    if (!verdict_allows(verdict, result))
        play_fail(player, "the call returned %d (%s), expected %d (%s)%s", result,
                  iommu_strerror(result), verdict->musts != 0 ? verdict->must[0] : 0,
                  iommu_strerror(verdict->musts != 0 ? verdict->must[0] : 0),
                  verdict->musts + verdict->mays > 1 ? " or another one" : "");
    return result == 0;
}

/* ---- devices -------------------------------------------------------------------------------------------- */

static unsigned min(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static uint32_t expected_limit(const struct player *player, unsigned slot)
{
    const struct world *world = player->oracle.world;
    unsigned bits = world->setup.config.pasid_bits;
    uint32_t limit = bits == 255 ? 0 : UINT32_C(1) << (bits == 0 ? 20 : bits);

    return min(limit, world->unit[world->unit_of[slot]].pasid_limit);
}

static void device_added(struct player *player, const struct op *op, struct iommu_device *handle)
{
    struct oracle_device *device = &player->oracle.device[op->device];
    const struct world_unit *unit =
        &player->oracle.world->unit[player->oracle.world->unit_of[op->device]];
    unsigned reach = unit->ss_bits > unit->fs_bits ? unit->ss_bits : unit->fs_bits;

    *device = (struct oracle_device){.handle = handle,
                                     .reach = op->bits != 0 ? min(op->bits, reach) : reach,
                                     .limit = expected_limit(player, op->device)};
    player->rid_changed |= 1u << op->device;
    if (iommu_device_pasid_limit(handle) != device->limit)
        play_fail(player, "the device has %u PASIDs, not %u", iommu_device_pasid_limit(handle),
                  device->limit);
}

static void device_add(struct player *player, const struct op *op)
{
    const struct iommu_device_config config = {.rid = rig_rid(op->device),
                                               .flags = rig_of(player)->config.device_flags,
                                               .dma_bits = op->bits};
    struct iommu_device *handle = NULL;
    struct verdict verdict = {0};

    verdict_must(&verdict, IOMMU_EINVAL, op->bits > 64);
    verdict_must(&verdict, IOMMU_EBUSY, play_device(player, op->device) != NULL);
    if (play_judge(player, op, &verdict, iommu_device_add(rig_of(player)->iommu, &config, &handle)))
        device_added(player, op, handle);
}

static void device_remove(struct player *player, const struct op *op)
{
    struct oracle *oracle = &player->oracle;
    struct verdict verdict = {0};

    verdict_must(&verdict, IOMMU_EINVAL, play_device(player, op->device) == NULL);
    if (!play_judge(player, op, &verdict, iommu_device_remove(play_device(player, op->device))))
        return;
    for (unsigned i = 0; i < ORACLE_ROUTES; i++)
        if (oracle->route[i].used && oracle->route[i].device == op->device)
            oracle->route[i].used = false;
    oracle->device[op->device] = (struct oracle_device){0};
    player->rid_changed |= 1u << op->device;
}

static void claim(struct player *player, const struct op *op)
{
    static const int owners[4];
    struct oracle_device *device = &player->oracle.device[op->device];
    uint8_t owner = op->flag + 1;
    bool mine = device->owner == owner;
    struct verdict verdict = {0};

    verdict_must(&verdict, IOMMU_EINVAL, device->handle == NULL);
    if (op->kind == OP_CLAIM) {
        verdict_must(&verdict, IOMMU_EBUSY,
                     device->handle != NULL && ((device->owner != 0 && !mine) ||
                                                oracle_pasids(&player->oracle, op->device) != 0));
        if (!play_judge(player, op, &verdict, iommu_device_claim(device->handle, &owners[owner])))
            return;
        device->owner = owner;
        device->owner_count++;
        return;
    }
    verdict_must(&verdict, IOMMU_ENOENT, device->handle != NULL && !mine);
    if (play_judge(player, op, &verdict, iommu_device_unclaim(device->handle, &owners[owner])) &&
        --device->owner_count == 0)
        device->owner = 0;
}

/* ---- domains -------------------------------------------------------------------------------------------- */

static void domain_alloc(struct player *player, const struct op *op)
{
    struct oracle_domain *domain = &player->oracle.domain[op->domain];
    const struct iommu_domain_config config = {.type = op->flag ? IOMMU_DOMAIN_IDENTITY
                                                                : IOMMU_DOMAIN_UNMANAGED,
                                               .stage = (enum iommu_stage)op->stage,
                                               .device = play_device(player, op->device),
                                               .iova_bits = op->bits};
    struct iommu_domain *handle = NULL;
    struct verdict verdict = {0};

    if (domain->handle != NULL)
        return; /* the slot is taken */
    oracle_predict_alloc(&player->oracle, op, &verdict);
    checker_owner(CHECKER_DOMAIN(oracle_number(&player->oracle, op->domain)));
    int result = iommu_domain_alloc(rig_of(player)->iommu, &config, &handle);
    checker_owner(CHECKER_DRIVER);
    if (!play_judge(player, op, &verdict, result))
        return;
    domain->handle = handle;
    domain->identity = op->flag;
    domain->shared = false;
    domain->runs = domain->stales = 0;
    iommu_domain_geometry(handle, &domain->geometry);
    if (op->bits != 0 && !op->flag && domain->geometry.last >> (op->bits - 1) != 1)
        play_fail(player, "a domain of %u bits ends at %#llx", op->bits,
                  (unsigned long long)domain->geometry.last);
}

/* A gather holds tables of its domain: they go back first, if the domain is about to go. */
static void domain_free(struct player *player, const struct op *op)
{
    struct oracle *oracle = &player->oracle;
    struct op sync = {.kind = OP_SYNC, .domain = op->domain};
    unsigned routes = oracle_domain_routes(oracle, op->domain);
    struct verdict verdict = {0};

    if (oracle->domain[op->domain].shared)
        return; /* others may have routes into it */
    for (sync.gather = 0; sync.gather < ORACLE_GATHERS && routes == 0; sync.gather++)
        if (oracle->gather_of[sync.gather] == op->domain)
            play_sync(player, &sync);
    verdict_must(&verdict, IOMMU_EBUSY, routes != 0);
    if (play_judge(player, op, &verdict, iommu_domain_free(play_domain(player, op->domain))))
        oracle->domain[op->domain].handle = NULL;
}

/* ---- attachments ---------------------------------------------------------------------------------------- */

bool play_has_room(const struct player *player)
{
    for (unsigned i = 0; i < ORACLE_ROUTES; i++)
        if (!player->oracle.route[i].used)
            return true;
    return false;
}

static void attach(struct player *player, const struct op *op)
{
    struct oracle *oracle = &player->oracle;
    const struct iommu_route route = {op->min, op->max};
    struct iommu_attachment *handle = NULL;
    struct verdict verdict = {0};
    uint32_t pasid = IOMMU_NO_PASID;

    if (!play_has_room(player))
        return;
    oracle_predict_attach(oracle, op->domain, op->device, op->min, op->max, &verdict);
    int result = iommu_attach(play_domain(player, op->domain), play_device(player, op->device),
                              route, player, &handle);
    if (!play_judge(player, op, &verdict, result))
        return;
    if (op->min != IOMMU_NO_PASID)
        pasid = oracle_free_pasid(oracle, op->device, op->min, op->max);
    else
        player->rid_changed |= 1u << op->device;
    oracle_add_route(oracle, op->device, pasid, op->domain)->handle = handle;
    if (iommu_attachment_pasid(handle) != pasid)
        play_fail(player, "the attachment has PASID %#x, the lowest free one is %#x",
                  iommu_attachment_pasid(handle), pasid);
    if (iommu_attachment_device(handle) != play_device(player, op->device) ||
        iommu_attachment_domain(handle) != play_domain(player, op->domain) ||
        iommu_attachment_cookie(handle) != player)
        play_fail(player, "the attachment forgot its device, domain or cookie");
}

static void expect_no_route(struct player *player, const struct op *op)
{
    struct iommu_attachment *found;
    struct verdict verdict = {0};

    verdict_must(&verdict, play_device(player, op->device) == NULL ? IOMMU_EINVAL : IOMMU_ENOENT,
                 true);
    (void)play_judge(player, op, &verdict,
                     iommu_lookup(play_device(player, op->device), op->min, &found));
}

static void replace(struct player *player, const struct op *op)
{
    struct oracle_route *route = oracle_route(&player->oracle, op->device, op->min);
    struct verdict verdict = {0};

    if (route == NULL) {
        expect_no_route(player, op);
        return;
    }
    oracle_predict_replace(&player->oracle, route, op->domain, &verdict);
    if (!play_judge(player, op, &verdict,
                    iommu_replace(route->handle, play_domain(player, op->domain))))
        return;
    route->domain = op->domain;
    if (op->min == IOMMU_NO_PASID)
        player->rid_changed |= 1u << op->device;
}

bool play_detach_route(struct player *player, const struct op *op, struct oracle_route *route)
{
    struct verdict verdict = {0};

    if (!play_judge(player, op, &verdict, iommu_detach(route->handle)))
        return false;
    route->used = false;
    if (route->pasid == IOMMU_NO_PASID)
        player->rid_changed |= 1u << route->device;
    return true;
}

static void detach(struct player *player, const struct op *op)
{
    struct oracle_route *route = oracle_route(&player->oracle, op->device, op->min);

    if (route == NULL)
        expect_no_route(player, op);
    else
        (void)play_detach_route(player, op, route);
}

/* ---- on and off ----------------------------------------------------------------------------------------- */

static void start_or_stop(struct player *player, const struct op *op)
{
    struct iommu *iommu = rig_of(player)->iommu;
    struct verdict verdict = {0};
    bool start = op->kind == OP_START;

    if (start == player->oracle.running)
        return;
    play_events(player); /* what was recorded before may be cleared */
    (void)play_judge(player, op, &verdict, start ? iommu_start(iommu) : iommu_stop(iommu));
    player->oracle.running = start;
}

/* ---- all ------------------------------------------------------------------------------------------------ */

static void dispatch(struct player *player, const struct op *op)
{
    static void (*const calls[OP_COUNT])(struct player *,
                                         const struct op *) = {[OP_DEVICE_ADD] = device_add,
                                                               [OP_DEVICE_REMOVE] = device_remove,
                                                               [OP_DOMAIN_ALLOC] = domain_alloc,
                                                               [OP_DOMAIN_FREE] = domain_free,
                                                               [OP_ATTACH] = attach,
                                                               [OP_REPLACE] = replace,
                                                               [OP_DETACH] = detach,
                                                               [OP_ENABLE] = play_aux,
                                                               [OP_DISABLE] = play_aux,
                                                               [OP_AUX_ATTACH] = play_aux,
                                                               [OP_AUX_DETACH] = play_aux,
                                                               [OP_AUX_IDS] = play_aux,
                                                               [OP_ATTACH_DEVICE] = play_aux,
                                                               [OP_DETACH_DEVICE] = play_aux,
                                                               [OP_CLAIM] = claim,
                                                               [OP_UNCLAIM] = claim,
                                                               [OP_MAP] = play_map,
                                                               [OP_UNMAP] = play_unmap,
                                                               [OP_UNMAP_LATE] = play_unmap,
                                                               [OP_SYNC] = play_sync,
                                                               [OP_TO_PHYS] = play_to_phys,
                                                               [OP_DMA] = play_dma,
                                                               [OP_STOP] = start_or_stop,
                                                               [OP_START] = start_or_stop};

    if (op->kind == OP_EVENTS)
        play_events(player);
    else
        calls[op->kind](player, op);
}

bool play(struct player *player, const struct op *op)
{
    struct world *world = player->oracle.world;
    struct rig *rig = &world->checker.rig;

    if (op->fail != 0)
        iommu_strict_fail_nth(rig->strict, op->fail);
    if (world->setup.between)
        play_between_begin(player, op);
    dispatch(player, op);
    if (world->setup.between)
        play_between_end(player);
    if (op->fail != 0)
        iommu_strict_fail_nth(rig->strict, 0);
    if (!player->threaded && player->failure == NULL && world_complaint(world) != NULL)
        play_fail(player, "misuse: %s", world_complaint(world));
    return player->failure == NULL;
}

void play_init(struct player *player, struct world *world, unsigned domains, uint64_t seed)
{
    memset(player, 0, sizeof *player);
    oracle_init(&player->oracle, world, domains);
    player->random = seed;
}

bool play_end(struct player *player)
{
    struct op op = {0};

    if (!player->threaded)
        play_events(player);
    for (unsigned i = 0; i < ORACLE_ROUTES && player->threaded; i++)
        if (player->oracle.route[i].used)
            (void)play_detach_route(player, &op, &player->oracle.route[i]);
    for (op.device = 0; op.device < RIG_DEVICES && !player->threaded; op.device++)
        if (play_device(player, op.device) != NULL)
            device_remove(player, &op);
    for (op.domain = player->threaded ? 1 : 0; op.domain < player->oracle.domains; op.domain++)
        domain_free(player, &op);
    return player->failure == NULL;
}
