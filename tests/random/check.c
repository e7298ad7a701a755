/* SPDX-License-Identifier: MIT */
/* check.c - hands what all players know to the checker. A domain that they share is slot 0 of each, number 0 of all. */
#include "tests/random/play.h"

#define DOMAINS CHECKER_DOMAINS_MAX

struct knowledge {
    struct player *players;
    unsigned count;
    struct iommu_device *device[RIG_DEVICES];
    struct iommu_domain *domain[DOMAINS];
    const struct iommu_gather *gather[8 * ORACLE_GATHERS];
    /* Whose domain a number is. */
    const struct oracle_domain *owner[DOMAINS];
};

/* Runs of the shared domain lie in the players' windows, which rise with the players. */
static bool run_of(void *ctx, unsigned domain, unsigned index, struct checker_run *run)
{
    const struct knowledge *knowledge = ctx;
    const struct oracle_domain *about = knowledge->owner[domain];

    for (unsigned i = 1; about->shared && index >= about->runs && i < knowledge->count; i++) {
        index -= about->runs;
        about = &knowledge->players[i].oracle.domain[0];
    }
    if (index >= about->runs)
        return false;
    *run = about->run[index];
    return true;
}

static void gather_knowledge(struct knowledge *knowledge, struct checker_facts *facts)
{
    for (unsigned i = 0; i < knowledge->count; i++) {
        struct player *player = &knowledge->players[i];
        for (unsigned n = 0; n < RIG_DEVICES && i == 0; n++)
            knowledge->device[n] = player->oracle.device[n].handle;
        for (unsigned n = 0; n < player->oracle.domains; n++) {
            unsigned number = oracle_number(&player->oracle, n);
            if (knowledge->owner[number] != NULL)
                continue;
            knowledge->domain[number] = player->oracle.domain[n].handle;
            knowledge->owner[number] = &player->oracle.domain[n];
            facts->domain_count =
                number + 1 > facts->domain_count ? number + 1 : facts->domain_count;
        }
        for (unsigned n = 0; n < ORACLE_GATHERS; n++)
            knowledge->gather[facts->gather_count++] = &player->oracle.gather[n];
        facts->rid_changed |= player->rid_changed;
        player->rid_changed = 0;
    }
}

/* Each route that the oracle knows is one that the device lists, and the other way round. */
static void check_routes(struct player *players, unsigned count)
{
    unsigned listed = 0, known = 0;

    for (unsigned n = 0; n < players->oracle.world->checker.facts->domain_count; n++)
        listed += players->oracle.world->checker.domain[n].routes;
    for (unsigned i = 0; i < count; i++)
        for (unsigned n = 0; n < ORACLE_ROUTES; n++) {
            const struct oracle_route *route = &players[i].oracle.route[n];
            if (!route->used)
                continue;
            known++;
            if (iommu_attachment_pasid(route->handle) != route->pasid ||
                iommu_attachment_domain(route->handle) != play_domain(&players[i], route->domain))
                play_fail(&players[i], "device %u PASID %#x is attached to another domain",
                          route->device, route->pasid);
        }
    if (listed != known)
        play_fail(players, "the devices list %u attachments, there should be %u", listed, known);
}

bool play_check(struct player *players, unsigned count, enum checker_depth depth)
{
    struct checker *checker = &players->oracle.world->checker;
    struct knowledge knowledge = {.players = players, .count = count};
    struct checker_facts facts = {.devices = knowledge.device,
                                  .domains = knowledge.domain,
                                  .gathers = knowledge.gather,
                                  .run = run_of,
                                  .ctx = &knowledge};

    gather_knowledge(&knowledge, &facts);
    if (checker_run(checker, &facts, depth) != 0)
        play_fail(players, "checker: %s", checker->finding[0]);
    else
        check_routes(players, count);
    return players->failure == NULL;
}
