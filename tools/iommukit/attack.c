/* SPDX-License-Identifier: MIT */
/*
 * attack.c - everyone against everyone. An attack counts as blocked only if nothing was read, nothing was
 * changed, and the unit recorded a fault.
 */
#include <string.h>

#include "share.h"

#define PROBE_BYTES    64u
#define VICTIMS_MAX    4u
#define PATTERN        UINT64_C(0xa77ac4a77ac4a77a)

/* One attempt: who, through which route and gate, where, and the memory that must not be reached. */
struct attempt {
    struct share_tenant *attacker;
    uint32_t pasid;      /* route; ignored where own_queue is set */
    bool own_queue;
    bool write;
    uint64_t iova;
    uint64_t target_pa;  /* memory behind iova for somebody else (or behind other rights); PROBE_BYTES */
    const char *what;
};

static bool fire(struct share *share, const struct attempt *attempt, uint64_t *data)
{
    if (attempt->own_queue)
        return share->lane->own(share, attempt->attacker, attempt->iova, data, PROBE_BYTES, attempt->write);
    return share->lane->access(share, attempt->attacker, attempt->pasid, attempt->iova, data, PROBE_BYTES,
                               attempt->write);
}

/* Did the attempt read or change what lies at target_pa? */
static bool got_through(struct share *share, const struct attempt *attempt, bool *told_ok)
{
    uint64_t before[PROBE_BYTES / 8], data[PROBE_BYTES / 8];
    const uint64_t *memory = iommu_posix_memory(share->memory, attempt->target_pa, PROBE_BYTES);
    memcpy(before, memory, sizeof before);
    for (unsigned i = 0; i < PROBE_BYTES / 8; i++)
        data[i] = attempt->write ? PATTERN + i : 0;

    *told_ok = fire(share, attempt, data);
    if (attempt->write)
        return memcmp(before, memory, sizeof before) != 0;
    return memcmp(before, data, sizeof before) == 0;
}

static void attack(struct share *share, const struct attempt *attempt)
{
    struct share_tenant *attacker = attempt->attacker;
    uint32_t pasid = attempt->own_queue ? attacker->pasid : attempt->pasid;
    bool told_ok = false;

    share_ledger_expect(share, attacker, pasid, attempt->iova);
    bool through = got_through(share, attempt, &told_ok);
    bool recorded = share_ledger_met(share);
    attacker->attacks++;

    if (!through && recorded && !(told_ok && share->lane->told))
        attacker->blocked++;
    else
        share_leak(share, "%s: %s at %#llx %s", attacker->name, attempt->what, (unsigned long long)attempt->iova,
                   through    ? "got through"
                   : recorded ? "was reported to the device as done"
                              : "left no fault record");
}

/* Both directions at an address that only the victim has mapped, as the tenant itself would do it. */
static void attack_secret(struct share *share, struct share_tenant *attacker, const struct share_tenant *victim)
{
    struct attempt attempt = {.attacker = attacker,
                              .own_queue = true,
                              .iova = share_secret_iova(victim),
                              .target_pa = victim->secret_pa,
                              .what = "reading another's page"};
    attack(share, &attempt);
    attempt.write = true;
    attempt.what = "writing another's page";
    attack(share, &attempt);
}

static void attack_read_only(struct share *share, struct share_tenant *attacker)
{
    if (share->lane->silent_denial && !share_tenant_remap_source(share, attacker))
        share_leak(share, "%s: cannot map its read-only buffer again", attacker->name);
    attack(share, &(struct attempt){.attacker = attacker,
                                    .own_queue = true,
                                    .write = true,
                                    .iova = SHARE_IOVA_SOURCE,
                                    .target_pa = attacker->source_pa,
                                    .what = "writing its read-only buffer"});
}

/* A route that no domain uses must not reach the tenant's memory, although the tenant has it mapped. */
static void attack_blocked_route(struct share *share, struct share_tenant *tenant, uint32_t pasid,
                                 const char *reading, const char *writing)
{
    struct attempt attempt = {.attacker = tenant,
                              .pasid = pasid,
                              .iova = share_secret_iova(tenant),
                              .target_pa = tenant->secret_pa,
                              .what = reading};
    attack(share, &attempt);
    attempt.write = true;
    attempt.iova = SHARE_IOVA_TARGET;
    attempt.target_pa = tenant->target_pa;
    attempt.what = writing;
    attack(share, &attempt);
}

/* Untagged requests reach the device's ordinary domain, and it alone. */
static void attack_untagged(struct share *share, struct share_tenant *tenant)
{
    struct share_device *device = tenant->device;
    attack(share, &(struct attempt){.attacker = tenant,
                                    .pasid = IOMMU_NO_PASID,
                                    .iova = share_secret_iova(tenant),
                                    .target_pa = tenant->secret_pa,
                                    .what = "reading a tenant's page without a PASID"});

    uint64_t data[PROBE_BYTES / 8];
    for (unsigned i = 0; i < PROBE_BYTES / 8; i++)
        data[i] = share_random(share);
    share->lane->access(share, tenant, IOMMU_NO_PASID, SHARE_IOVA_TARGET, data, sizeof data, true);
    const void *ordinary = iommu_posix_memory(share->memory, device->ordinary_pa, PROBE_BYTES);
    if (memcmp(ordinary, data, sizeof data) != 0)
        share_leak(share, "%s: untagged DMA of its device missed the ordinary domain", tenant->name);
    /* The same address is the tenant's target: share_tenant_intact() sees a write that strayed there. */
}

static void attack_others(struct share *share, struct share_tenant *attacker)
{
    const unsigned others = share->tenant_count - 1;
    /* The neighbours on both sides are likeliest to share a table; then chance. */
    for (unsigned i = 0; i < VICTIMS_MAX && i < others; i++) {
        unsigned distance = i == 0 ? 1 : i == 1 ? others : 1 + (unsigned)(share_random(share) % others);
        attack_secret(share, attacker, &share->tenants[(attacker->index + distance) % share->tenant_count]);
    }
}

void share_attack(struct share *share)
{
    for (unsigned i = 0; i < share->tenant_count; i++) {
        struct share_tenant *tenant = &share->tenants[i];
        attack_others(share, tenant);
        attack_read_only(share, tenant);
        if (!share->per_device) {
            attack_blocked_route(share, tenant, tenant->device->stray_pasid,
                                 "reading with a PASID never attached",
                                 "writing with a PASID never attached");
            attack_untagged(share, tenant);
        }
        progress_show(&share->progress, "attacking", i + 1, share->tenant_count);
    }
    for (unsigned i = 0; i < share->tenant_count; i++)
        share_tenant_intact(share, &share->tenants[i]);
}

/* One after the other leaves; its old route is dead at once, and the next tenant never notices. */
void share_attack_detached(struct share *share)
{
    for (unsigned i = 0; i < share->tenant_count; i++) {
        struct share_tenant *tenant = &share->tenants[i];
        share_tenant_detach(share, tenant);
        attack_blocked_route(share, tenant, tenant->pasid, "reading with a stale PASID",
                             "writing with a stale PASID");
        if (i + 1 < share->tenant_count &&
            !share->lane->copy(share, &share->tenants[i + 1], SHARE_IOVA_SOURCE, SHARE_IOVA_TARGET, SHARE_PAGE))
            share_leak(share, "%s: could not work on after its neighbour left", share->tenants[i + 1].name);
        if (i + 1 < share->tenant_count)
            memcpy(share->tenants[i + 1].expected,
                   iommu_posix_memory(share->memory, share->tenants[i + 1].source_pa, SHARE_PAGE), SHARE_PAGE);
        progress_show(&share->progress, "detaching", i + 1, share->tenant_count);
    }
    for (unsigned i = 0; i < share->tenant_count; i++)
        share_tenant_intact(share, &share->tenants[i]);
}
