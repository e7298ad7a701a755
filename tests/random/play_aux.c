/* SPDX-License-Identifier: MIT */
/* play_aux.c - the origin's calls: enable, disable, auxiliary and ordinary attach, ids. */
#include "tests/random/play.h"

static struct oracle *oracle_of(struct player *player)
{
    return &player->oracle;
}

/* ---- on and off ----------------------------------------------------------------------------------------- */

static void enable(struct player *player, const struct op *op)
{
    struct oracle_device *device = &oracle_of(player)->device[op->device];
    bool able = device->limit > 1 && !oracle_of(player)->world->setup.config.no_siov;
    struct verdict verdict = {0};

    verdict_must(&verdict, IOMMU_EINVAL, device->handle == NULL);
    verdict_must(&verdict, IOMMU_EOPNOTSUPP, device->handle != NULL && !able && !device->aux);
    int result = op->flag ? iommu_enable_aux_domain(device->handle)
                          : iommu_dev_enable_feature(device->handle, IOMMU_DEV_FEAT_AUX);
    if (play_judge(player, op, &verdict, result))
        device->aux = true;
}

/* The void call of 2018 does the same and says nothing. */
static void disable(struct player *player, const struct op *op)
{
    struct oracle_device *device = &oracle_of(player)->device[op->device];
    bool busy = device->aux && oracle_pasids(oracle_of(player), op->device) != 0;
    struct verdict verdict = {0};

    verdict_must(&verdict, IOMMU_EINVAL, device->handle == NULL);
    verdict_must(&verdict, IOMMU_EBUSY, busy);
    if (op->flag)
        iommu_disable_aux_domain(device->handle);
    else
        (void)play_judge(player, op, &verdict,
                         iommu_dev_disable_feature(device->handle, IOMMU_DEV_FEAT_AUX));
    if (!busy)
        device->aux = false;
    if (iommu_dev_feature_enabled(device->handle, IOMMU_DEV_FEAT_AUX) != device->aux)
        play_fail(player, "iommu_dev_feature_enabled does not mirror enable and disable");
}

/* ---- pairs ---------------------------------------------------------------------------------------------- */

/* The one PASID that the domain has on other devices; 0: none, or several: then which of them it likes is its own
 * affair. */
static uint32_t only_pasid(const struct oracle *oracle, unsigned domain)
{
    uint32_t pasid = 0;

    for (unsigned i = 0; i < ORACLE_ROUTES; i++) {
        const struct oracle_route *route = &oracle->route[i];
        if (!route->used || route->aux_users == 0 || route->domain != domain ||
            route->pasid == pasid)
            continue;
        if (pasid != 0)
            return 0;
        pasid = route->pasid;
    }
    return pasid;
}

static bool fits_preference(struct oracle *oracle, const struct op *op, uint32_t pasid)
{
    uint32_t liked = only_pasid(oracle, op->domain);

    if (liked != 0 && oracle_free_pasid(oracle, op->device, liked, liked) != 0)
        return pasid == liked;
    if (oracle_free_pasid(oracle, op->device, IOMMU_PASID_FIRST, IOMMU_PASID_LAST) == pasid)
        return true;
    for (unsigned i = 0; i < ORACLE_ROUTES; i++) {
        const struct oracle_route *route = &oracle->route[i];
        if (route->used && route->aux_users != 0 && route->domain == op->domain &&
            route->pasid == pasid)
            return true;
    }
    return false;
}

static void aux_attached(struct player *player, const struct op *op)
{
    struct oracle *oracle = oracle_of(player);
    struct oracle_route *route = oracle_aux(oracle, op->domain, op->device);
    int pasid =
        iommu_aux_get_pasid(play_domain(player, op->domain), play_device(player, op->device));
    struct iommu_attachment *handle = NULL;

    if (route != NULL) {
        route->aux_users++;
        return;
    }
    if (pasid < 1 || !fits_preference(oracle, op, (uint32_t)pasid)) {
        play_fail(player, "the auxiliary attachment got PASID %d", pasid);
        return;
    }
    if (iommu_lookup(play_device(player, op->device), (uint32_t)pasid, &handle) != 0) {
        play_fail(player, "no attachment at PASID %#x after an auxiliary attach", (unsigned)pasid);
        return;
    }
    route = oracle_add_route(oracle, op->device, (uint32_t)pasid, op->domain);
    route->handle = handle;
    route->aux_users = 1;
}

static void aux_attach(struct player *player, const struct op *op,
                       int (*call)(struct iommu_domain *, struct iommu_device *))
{
    struct oracle *oracle = oracle_of(player);
    const struct oracle_device *device = &oracle->device[op->device];
    struct verdict verdict = {0};

    if (device->handle != NULL && !device->aux && play_domain(player, op->domain) != NULL)
        verdict_must(&verdict, IOMMU_EPERM, true);
    else if (device->handle == NULL || oracle_aux(oracle, op->domain, op->device) == NULL)
        oracle_predict_attach(oracle, op->domain, op->device, IOMMU_PASID_FIRST, IOMMU_PASID_LAST,
                              &verdict);
    if (play_judge(player, op, &verdict,
                   call(play_domain(player, op->domain), play_device(player, op->device))))
        aux_attached(player, op);
}

static void rid_attach(struct player *player, const struct op *op)
{
    struct oracle *oracle = oracle_of(player);
    struct iommu_attachment *handle = NULL;
    struct verdict verdict = {0};

    oracle_predict_attach(oracle, op->domain, op->device, IOMMU_NO_PASID, IOMMU_NO_PASID, &verdict);
    if (!play_judge(
            player, op, &verdict,
            iommu_attach_device(play_domain(player, op->domain), play_device(player, op->device))))
        return;
    if (iommu_lookup(play_device(player, op->device), IOMMU_NO_PASID, &handle) != 0)
        play_fail(player, "no untagged attachment after iommu_attach_device");
    oracle_add_route(oracle, op->device, IOMMU_NO_PASID, op->domain)->handle = handle;
    player->rid_changed |= 1u << op->device;
}

/* On an enabled device the auxiliary attachment goes first; `ordinary`: then the untagged one. */
static void pair_detach(struct player *player, const struct op *op, bool ordinary)
{
    struct oracle *oracle = oracle_of(player);
    const struct oracle_device *device = &oracle->device[op->device];
    struct oracle_route *route = NULL, *untagged = oracle_route(oracle, op->device, IOMMU_NO_PASID);
    bool null = play_domain(player, op->domain) == NULL || device->handle == NULL;
    struct verdict verdict = {0};
    int result;

    if (device->aux || !ordinary)
        route = oracle_aux(oracle, op->domain, op->device);
    if (route == NULL && ordinary && untagged != NULL && untagged->domain == op->domain)
        route = untagged;
    verdict_must(&verdict, IOMMU_EINVAL, null);
    verdict_must(&verdict, IOMMU_ENOENT, !null && route == NULL);
    result = ordinary ? iommu_detach_device(play_domain(player, op->domain),
                                            play_device(player, op->device))
                      : iommu_aux_detach_device(play_domain(player, op->domain),
                                                play_device(player, op->device));
    if (!play_judge(player, op, &verdict, result) || route == NULL)
        return;
    if (route->aux_users > 1) {
        route->aux_users--;
        return;
    }
    route->used = false;
    if (route->pasid == IOMMU_NO_PASID)
        player->rid_changed |= 1u << op->device;
}

/* ---- ids ------------------------------------------------------------------------------------------------ */

static int expected_id(struct oracle *oracle, unsigned domain)
{
    const struct oracle_route *first = oracle_aux(oracle, domain, RIG_DEVICES);

    if (first == NULL)
        return -IOMMU_ENOENT;
    for (unsigned i = 0; i < ORACLE_ROUTES; i++) {
        const struct oracle_route *route = &oracle->route[i];
        if (route->used && route->aux_users != 0 && route->domain == domain &&
            route->pasid != first->pasid)
            return -IOMMU_EXDEV;
    }
    return (int)first->pasid;
}

static void ids(struct player *player, const struct op *op)
{
    struct oracle *oracle = oracle_of(player);
    struct iommu_domain *domain = play_domain(player, op->domain);
    const struct oracle_route *route = oracle_aux(oracle, op->domain, op->device);
    int expected = route != NULL ? (int)route->pasid : -IOMMU_ENOENT, one, all;

    if (domain == NULL || play_device(player, op->device) == NULL)
        return;
    one = iommu_aux_get_pasid(domain, play_device(player, op->device));
    if (one != expected)
        play_fail(player, "iommu_aux_get_pasid says %d, not %d", one, expected);
    all = iommu_auxiliary_id(domain);
    if (all != expected_id(oracle, op->domain))
        play_fail(player, "iommu_auxiliary_id says %d, not %d", all,
                  expected_id(oracle, op->domain));
}

void play_aux(struct player *player, const struct op *op)
{
    bool aux = oracle_of(player)->device[op->device].aux;

    if (!play_has_room(player))
        return;
    switch ((enum op_kind)op->kind) {
    case OP_ENABLE:
        enable(player, op);
        break;
    case OP_DISABLE:
        disable(player, op);
        break;
    case OP_AUX_ATTACH:
        aux_attach(player, op, iommu_aux_attach_device);
        break;
    case OP_AUX_DETACH:
        pair_detach(player, op, false);
        break;
    case OP_ATTACH_DEVICE:
        if (aux)
            aux_attach(player, op, iommu_attach_device);
        else
            rid_attach(player, op);
        break;
    case OP_DETACH_DEVICE:
        pair_detach(player, op, true);
        break;
    default:
        ids(player, op);
        break;
    }
}
