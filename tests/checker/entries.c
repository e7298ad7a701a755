/* SPDX-License-Identifier: MIT */
/*
 * entries.c - root, context, PASID directory and PASID table entries: reserved bits, who is behind them, and
 * whether they say what the attachment says.
 *
 *   root, 16 bytes a bus      legacy: word 0; scalable: word 0 for devfn below 80h, word 1 above; bit 0: present
 *   context                   legacy 16 bytes; scalable 32 bytes; bit 0: present
 *   PASID directory, 8 bytes for 64 PASIDs; PASID table, 64 bytes a PASID; bit 0: present
 */
#include "tests/checker/checker.h"

#include <string.h>

#define BIT(n)     (UINT64_C(1) << (n))
#define BITS(a, b) ((BIT((a) - (b)) * 2 - 1) << (b)) /* bits a down to b */

static uint64_t pointer_of(uint64_t word)
{
    return word & BITS(63, 12);
}

static bool has(uint64_t capabilities, unsigned bit)
{
    return (capabilities >> bit & 1) != 0;
}

/* What must be 0 in a pointer's word: `rsvd`, and addresses that the host does not have. */
static void check_word(struct checker *checker, const char *what, uint64_t at, uint64_t word,
                       uint64_t rsvd)
{
    if (word & rsvd)
        checker_find(checker, "%s at %#llx: reserved bits %#llx are set", what,
                     (unsigned long long)at, (unsigned long long)(word & rsvd));
}

static uint64_t beyond(const struct checker *checker)
{
    return ~(BIT(checker->address_bits) - 1);
}

/* ---- what an entry says of its domain ------------------------------------------------------------------- */

/* An entry's meaning, whichever its form. */
struct meaning {
    uint64_t at;
    unsigned kind; /* 1 first stage, 2 second, 4 pass-through */
    unsigned levels;
    uint64_t root;
    uint32_t did;
};

/* ND, bits 2:0 of CAP: ids have 4 + 2 * ND bits; 0 is not usable with Caching Mode (bit 7). */
static void check_did(struct checker *checker, unsigned index, const struct checker_route *route,
                      const struct meaning *entry)
{
    struct checker_unit *unit = &checker->unit[index];
    uint32_t told = iommu_vtd_attachment_domain_id(route->attachment);
    unsigned bits = 4 + 2 * (unsigned)(unit->cap & 7);

    if (entry->did != told)
        checker_find(checker, "entry at %#llx has domain id %u, its attachment %u",
                     (unsigned long long)entry->at, entry->did, told);
    if (entry->did >> bits != 0 || (entry->did == 0 && has(unit->cap, 7)))
        checker_find(checker, "entry at %#llx: domain id %u cannot be used on unit %u",
                     (unsigned long long)entry->at, entry->did, index);
    if (route->domain == CHECKER_DOMAINS_MAX)
        return;
    uint32_t *own = &unit->did[route->domain];
    if (*own != 0 && *own != entry->did + 1)
        checker_find(checker, "domain %u has two ids on unit %u: %u, and %u at %#llx",
                     route->domain, index, *own - 1, entry->did, (unsigned long long)entry->at);
    for (unsigned i = 0; i < CHECKER_DOMAINS_MAX; i++)
        if (i != route->domain && unit->did[i] == entry->did + 1)
            checker_find(checker, "id %u on unit %u is used by two domains, %u and %u", entry->did,
                         index, i, route->domain);
    unit->ids += *own == 0;
    *own = entry->did + 1;
}

/* ECAP 47: first stage, 46: second, 6: pass-through; legacy mode has the second without asking. CAP 12:8: widths
 * by levels - 2; CAP 60: first stage with 5 levels. */
static bool can(const struct checker_unit *unit, const struct meaning *entry)
{
    if (entry->kind == 4)
        return has(unit->ecap, 6);
    if (entry->kind == 1)
        return has(unit->ecap, 47) &&
               (entry->levels == 4 || (entry->levels == 5 && has(unit->cap, 60)));
    return (!unit->scalable || has(unit->ecap, 46)) && entry->levels >= 3 &&
           has(unit->cap, 8 + entry->levels - 2);
}

static void check_meaning(struct checker *checker, unsigned index,
                          const struct checker_route *route, const struct meaning *entry)
{
    struct iommu_geometry geometry;
    struct checker_domain *domain = &checker->domain[route->domain];

    if (!can(&checker->unit[index], entry))
        checker_find(checker, "entry at %#llx: unit %u cannot do table type %u with %u levels",
                     (unsigned long long)entry->at, index, entry->kind, entry->levels);
    check_did(checker, index, route, entry);
    if (route->domain == CHECKER_DOMAINS_MAX)
        return;
    iommu_domain_geometry(checker->facts->domains[route->domain], &geometry);
    unsigned kind = geometry.levels == 0 ? 4 : geometry.stage == IOMMU_STAGE_FIRST ? 1 : 2;
    if (entry->kind != kind)
        checker_find(checker, "entry at %#llx: table type %u, domain %u wants %u",
                     (unsigned long long)entry->at, entry->kind, route->domain, kind);
    if (kind == 4)
        return;
    if (entry->levels != geometry.levels)
        checker_find(checker, "entry at %#llx: %u levels, domain %u has %u",
                     (unsigned long long)entry->at, entry->levels, route->domain, geometry.levels);
    if (entry->root != domain->root)
        checker_find(checker, "entry at %#llx leads to the table %#llx, domain %u has %#llx",
                     (unsigned long long)entry->at, (unsigned long long)entry->root, route->domain,
                     (unsigned long long)domain->root);
    domain->cap &= checker->unit[index].cap;
    domain->ecap &= checker->unit[index].ecap;
}

/* ---- the untagged route's entry stays as it is ---------------------------------------------------------- */

/* Its domain had no table until now: the address alone has changed. */
static bool got_its_table(const struct checker *checker, uint64_t then, uint64_t now)
{
    return checker_is_empty(checker, then & BITS(51, 12)) && ((then ^ now) & BITS(11, 0)) == 0;
}

static void check_rid_entry(struct checker *checker, unsigned index, uint64_t at, unsigned words)
{
    const struct iommu_device *device = checker->facts->devices[index];
    const uint64_t *now = at != 0 ? checker_words(checker, at) : NULL;
    uint64_t *then = checker->rid_entry[index].word;
    bool known =
        checker->rid_entry[index].device == device && !(checker->facts->rid_changed >> index & 1);

    for (unsigned i = 0; i < words; i++) {
        uint64_t word = now != NULL ? now[i] : 0;
        if (known && word != then[i] && !got_its_table(checker, then[i], word))
            checker_find(checker,
                         "device %u: word %u of its untagged entry at %#llx was %#llx and is %#llx",
                         index, i, (unsigned long long)at, (unsigned long long)then[i],
                         (unsigned long long)word);
        then[i] = word;
    }
    checker->rid_entry[index].device = device;
}

/* ---- live, or empty ------------------------------------------------------------------------------------- */

static struct checker_route *route_of(struct checker *checker, uint32_t pasid)
{
    for (unsigned i = 0; i < checker->routes; i++)
        if (checker->route[i].pasid == pasid)
            return &checker->route[i];
    return NULL;
}

/* True: present, and there is a route for it. */
static bool check_presence(struct checker *checker, unsigned device, uint32_t pasid, uint64_t at,
                           unsigned words)
{
    struct checker_route *route = route_of(checker, pasid);
    const uint64_t *entry = checker_words(checker, at);

    if (entry[0] & 1) {
        if (route == NULL)
            checker_find(checker,
                         "live entry at %#llx for device %u PASID %#x, which is not attached",
                         (unsigned long long)at, device, pasid);
        else
            route->seen = true;
        return route != NULL;
    }
    for (unsigned i = 0; i < words; i++)
        if (entry[i] != 0) {
            checker_find(
                checker,
                "entry at %#llx for device %u PASID %#x is not present, yet word %u is %#llx",
                (unsigned long long)at, device, pasid, i, (unsigned long long)entry[i]);
            break;
        }
    return false;
}

static void check_all_seen(struct checker *checker, unsigned device)
{
    for (unsigned i = 0; i < checker->routes; i++)
        if (!checker->route[i].seen)
            checker_find(checker, "device %u PASID %#x is attached and has no live entry", device,
                         checker->route[i].pasid);
}

/* ---- legacy context entries ----------------------------------------------------------------------------- */

static unsigned widest_levels(const struct checker_unit *unit)
{
    for (unsigned levels = 5; levels > 3; levels--)
        if (has(unit->cap, 8 + levels - 2))
            return levels;
    return 3;
}

/* Bits 3:2 translation type: 0 and 1 tables (1 with device-TLB, ECAP 2), 2 pass-through. Word 1: 2:0 width. */
static void check_legacy_entry(struct checker *checker, unsigned index, uint64_t at,
                               const struct checker_route *route)
{
    const struct checker_unit *unit = &checker->unit[index];
    const uint64_t *entry = checker_words(checker, at);
    unsigned type = (unsigned)(entry[0] >> 2 & 3), levels = (unsigned)(entry[1] & 7) + 2;

    check_word(checker, "context entry", at, entry[0], BITS(11, 4) | beyond(checker));
    check_word(checker, "context entry", at + 8, entry[1], BIT(7) | BITS(63, 24));
    if (type == 3 || (type == 1 && !has(unit->ecap, 2)))
        checker_find(checker, "context entry at %#llx: translation type %u is not available",
                     (unsigned long long)at, type);
    if (type == 2 && levels != widest_levels(unit))
        checker_find(checker,
                     "context entry at %#llx: pass-through with %u levels, not the unit's most",
                     (unsigned long long)at, levels);
    const struct meaning meaning = {.at = at,
                                    .kind = type == 2 ? 4 : 2,
                                    .levels = levels,
                                    .root = pointer_of(entry[0]),
                                    .did = (uint32_t)(entry[1] >> 8 & 0xffff)};
    check_meaning(checker, index, route, &meaning);
}

static void check_legacy(struct checker *checker, unsigned unit, unsigned device, uint64_t at)
{
    check_rid_entry(checker, device, at, 2);
    if (at != 0 && check_presence(checker, device, 0, at, 2))
        check_legacy_entry(checker, unit, at, route_of(checker, 0));
}

/* ---- PASID table entries -------------------------------------------------------------------------------- */

/* Word 0: 4:2 width, 8:6 type, 9 second-stage accessed/dirty (ECAP 45). Word 1: 15:0 domain id, 23 walks snoop
 * (ECAP 48), 24 pages snoop (ECAP 7), 26 memory types (ECAP 25), 63:32 attributes. Word 2: 0 supervisor requests
 * (ECAP 31), 3:2 first-stage mode, 7 extended accessed (ECAP 34). Words 3 to 7: nothing. */
static void check_pasid_reserved(struct checker *checker, const struct checker_unit *unit,
                                 uint64_t at)
{
    const uint64_t *entry = checker_words(checker, at);
    uint64_t rsvd[3] = {BIT(5) | BITS(11, 10), BITS(22, 16) | BITS(31, 27), BIT(1) | BITS(11, 8)};

    rsvd[0] |= beyond(checker) | (has(unit->ecap, 45) ? 0 : BIT(9));
    rsvd[1] |= (has(unit->ecap, 48) ? 0 : BIT(23)) | (has(unit->ecap, 7) ? 0 : BIT(24)) |
               (has(unit->ecap, 25) ? 0 : BIT(26));
    rsvd[2] |=
        beyond(checker) | (has(unit->ecap, 31) ? 0 : BIT(0)) | (has(unit->ecap, 34) ? 0 : BIT(7));
    for (unsigned i = 0; i < 8; i++)
        check_word(checker, "PASID entry", at + i * 8, entry[i], i < 3 ? rsvd[i] : UINT64_MAX);
}

static void check_pasid_entry(struct checker *checker, unsigned index, uint64_t at,
                              const struct checker_route *route)
{
    const uint64_t *entry = checker_words(checker, at);
    unsigned kind = (unsigned)(entry[0] >> 6 & 7);

    check_pasid_reserved(checker, &checker->unit[index], at);
    if (kind != 1 && kind != 2 && kind != 4) {
        checker_find(checker, "PASID entry at %#llx: table type %u", (unsigned long long)at, kind);
        return;
    }
    struct meaning meaning = {.at = at, .kind = kind, .did = (uint32_t)(entry[1] & 0xffff)};
    meaning.levels =
        kind == 1 ? (unsigned)(entry[2] >> 2 & 3) + 4 : (unsigned)(entry[0] >> 2 & 7) + 2;
    meaning.root = pointer_of(entry[kind == 1 ? 2 : 0]);
    check_meaning(checker, index, route, &meaning);
}

static void check_slot(struct checker *checker, unsigned unit, unsigned device, uint32_t pasid,
                       uint64_t at)
{
    if (check_presence(checker, device, pasid, at, 8))
        check_pasid_entry(checker, unit, at, route_of(checker, pasid));
}

/* ---- scalable context entries, directories -------------------------------------------------------------- */

/* Bit 2 device-TLB (ECAP 2), 3 PASIDs (ECAP 40), 4 page requests (ECAP 29), 11:9 size of the directory. Word 1:
 * 19:0 the PASID of untagged requests (ECAP 49), 20 their privilege (ECAP 53). */
static void check_context(struct checker *checker, unsigned index, unsigned device, uint64_t at)
{
    const struct checker_unit *unit = &checker->unit[index];
    const uint64_t *entry = checker_words(checker, at);
    uint64_t rsvd = BITS(8, 5) | beyond(checker);

    rsvd |= (has(unit->ecap, 2) ? 0 : BIT(2)) | (has(unit->ecap, 40) ? 0 : BIT(3)) |
            (has(unit->ecap, 29) ? 0 : BIT(4));
    check_word(checker, "context entry", at, entry[0], rsvd);
    check_word(checker, "context entry", at + 8, entry[1],
               BITS(63, 21) | (has(unit->ecap, 49) ? 0 : BITS(19, 0)) |
                   (has(unit->ecap, 53) ? 0 : BIT(20)));
    check_word(checker, "context entry", at + 16, entry[2], UINT64_MAX);
    check_word(checker, "context entry", at + 24, entry[3], UINT64_MAX);
    if ((entry[0] & BIT(4)) && !(entry[0] & BIT(2)))
        checker_find(checker, "context entry at %#llx: page requests without device-TLB",
                     (unsigned long long)at);
    if ((entry[1] & BITS(19, 0)) != 0)
        checker_find(checker, "context entry at %#llx: untagged requests use PASID %#llx",
                     (unsigned long long)at, (unsigned long long)(entry[1] & BITS(19, 0)));
    for (unsigned i = 0; i < checker->routes; i++)
        if (checker->route[i].pasid != 0 && !(entry[0] & BIT(3))) {
            checker_find(checker,
                         "device %u has PASIDs attached and its context entry at %#llx allows none",
                         device, (unsigned long long)at);
            break;
        }
}

static void check_directory_slot(struct checker *checker, unsigned unit, unsigned device,
                                 uint64_t at, uint32_t base)
{
    uint64_t entry = *checker_words(checker, at);

    if (!(entry & 1)) {
        if (entry != 0)
            checker_find(checker, "PASID directory entry at %#llx is not present, yet %#llx",
                         (unsigned long long)at, (unsigned long long)entry);
        return;
    }
    check_word(checker, "PASID directory entry", at, entry, BITS(11, 2) | beyond(checker));
    if (!checker_claim(checker, pointer_of(entry), 0, CHECKER_DRIVER, at, "PASID table"))
        return;
    checker->unit[unit].pages++;
    for (unsigned i = 0; i < 64; i++)
        check_slot(checker, unit, device, base + i, pointer_of(entry) + i * 64);
}

/* A directory has 2^(size + 7) slots of 8 bytes. */
static void check_directory(struct checker *checker, unsigned unit, unsigned device, uint64_t at)
{
    uint64_t context = *checker_words(checker, at);
    unsigned size = (unsigned)(context >> 9 & 7), order = size > 2 ? size - 2 : 0;

    if (!checker_claim(checker, pointer_of(context), order, CHECKER_DRIVER, at, "PASID directory"))
        return;
    checker->unit[unit].pages += UINT64_C(1) << order;
    for (uint32_t i = 0; i < UINT32_C(1) << (size + 7); i++)
        check_directory_slot(checker, unit, device, pointer_of(context) + i * 8, i * 64);
}

static uint64_t pasid_entry(struct checker *checker, uint64_t context, uint32_t pasid)
{
    uint64_t low = *checker_words(checker, context);

    if (pasid >> 6 >= UINT32_C(1) << ((low >> 9 & 7) + 7))
        return 0;
    uint64_t slot = *checker_words(checker, pointer_of(low) + (uint64_t)(pasid >> 6) * 8);
    return slot & 1 ? pointer_of(slot) + (uint64_t)(pasid & 63) * 64 : 0;
}

static void check_scalable(struct checker *checker, unsigned unit, unsigned device, uint64_t at)
{
    if (at == 0 || !(*checker_words(checker, at) & 1)) {
        checker_find(checker, "device %u is known and has no context entry", device);
        return;
    }
    check_context(checker, unit, device, at);
    if (checker->depth == CHECKER_ALL) {
        check_directory(checker, unit, device, at);
    } else {
        for (unsigned i = 0; i < checker->routes; i++) {
            uint64_t entry = pasid_entry(checker, at, checker->route[i].pasid);
            if (entry != 0)
                check_slot(checker, unit, device, checker->route[i].pasid, entry);
        }
    }
    check_rid_entry(checker, device, pasid_entry(checker, at, 0), 8);
}

/* ---- from the root -------------------------------------------------------------------------------------- */

static uint64_t context_entry(struct checker *checker, unsigned index, uint16_t rid)
{
    const struct checker_unit *unit = &checker->unit[index];
    unsigned devfn = rid & 0xff, upper = unit->scalable && devfn >= 0x80;
    uint64_t slot = *checker_words(checker, unit->root + (uint64_t)(rid >> 8) * 16 + upper * 8);

    if (!(slot & 1))
        return 0;
    return pointer_of(slot) + (unit->scalable ? (devfn & 0x7f) * 32 : devfn * 16);
}

void checker_routes(struct checker *checker, unsigned unit, unsigned device)
{
    uint64_t at = context_entry(checker, unit, rig_rid(device));

    if (checker->unit[unit].scalable)
        check_scalable(checker, unit, device, at);
    else
        check_legacy(checker, unit, device, at);
    check_all_seen(checker, device);
}

static bool is_known(const struct checker *checker, unsigned unit, uint16_t rid)
{
    for (unsigned i = 0; i < RIG_DEVICES; i++)
        if (checker->facts->devices[i] != NULL && rig_rid(i) == rid)
            return iommu_vtd_device_unit(checker->facts->devices[i]) == (int)unit;
    return false;
}

/* Entries of requesters that nobody has added must be empty; those of devices come with the device. */
static void check_context_table(struct checker *checker, unsigned index, uint64_t table,
                                uint16_t first_rid)
{
    unsigned words = checker->unit[index].scalable ? 4 : 2, count = 512 / words;

    for (unsigned i = 0; i < count; i++) {
        const uint64_t *entry = checker_words(checker, table) + i * words;
        uint64_t at = table + i * words * 8;
        uint16_t rid = (uint16_t)(first_rid + i);

        for (unsigned n = 0; n < words && !is_known(checker, index, rid); n++)
            if (entry[n] != 0) {
                checker_find(
                    checker,
                    "context entry at %#llx for requester %04x, which is no device: word %u is "
                    "%#llx",
                    (unsigned long long)at, rid, n,
                    (unsigned long long)entry[n]);
                break;
            }
    }
}

void checker_unit_tables(struct checker *checker, unsigned index)
{
    struct checker_unit *unit = &checker->unit[index];

    if (!checker_claim(checker, unit->root, 0, CHECKER_UNITS, 0x20, "root table"))
        return;
    unit->pages++;
    for (unsigned i = 0; i < 512; i++) {
        uint64_t at = unit->root + i * 8, slot = *checker_words(checker, at);
        bool unused = !unit->scalable && i % 2 == 1; /* legacy: word 1 is reserved */

        if (unused || !(slot & 1)) {
            check_word(checker, "root entry", at, slot, UINT64_MAX);
            continue;
        }
        check_word(checker, "root entry", at, slot, BITS(11, 1) | beyond(checker));
        if (!checker_claim(checker, pointer_of(slot), 0, CHECKER_DRIVER, at, "context table"))
            continue;
        unit->pages++;
        check_context_table(checker, index, pointer_of(slot),
                            (uint16_t)(i / 2 << 8 | (i % 2 ? 0x80 : 0)));
    }
}
