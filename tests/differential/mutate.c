/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/mutate.c - one random change of the tables while translation is on.
 */
#include "tests/differential/differential.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 2, 3))) static void say(struct tables *tables, const char *format,
                                                      ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(tables->note, sizeof tables->note, format, arguments);
    va_end(arguments);
}

static struct device *any_device(struct tables *tables)
{
    if (tables->aim_device >= 0)
        return &tables->device[tables->aim_device];
    return &tables->device[tables_below(tables, DEVICES)];
}

static struct change change_of(const struct tables *tables, const struct device *device)
{
    return (struct change){
        .did = tables->domain[device->domain].did, .rid = device->rid, .pasid = device->pasid};
}

/* ---- page tables --------------------------------------------------------------------------- */

static struct change change_entry(struct tables *tables)
{
    unsigned any = (unsigned)tables_below(tables, tables->entries);
    unsigned i = tables->aim_entry < 0 ? any : (unsigned)tables->aim_entry;
    unsigned level = tables->entry_level[i];
    uint64_t *word = arena_words(tables->arena, tables->entry[i]), old = *word;
    bool leaf = level == 1 || (old & VTD_SS_PS);

    if (tables->hostile && tables_chance(tables, 3))
        *word = tables_hostile_word(tables, old);
    else if (leaf && !tables_chance(tables, 3))
        *word = tables_leaf(tables, level);
    else if (old & 3)
        *word = tables_chance(tables, 2) ? 0 : old ^ (1 + tables_below(tables, 3));
    else
        *word = old ? old | 3 : level <= 2 ? tables_leaf(tables, level) : old;
    say(tables, "level %u entry of domain %u for %#llx: %#llx -> %#llx", level,
        tables->entry_domain[i], (unsigned long long)tables->entry_iova[i], (unsigned long long)old,
        (unsigned long long)*word);
    return (struct change){.did = tables->domain[tables->entry_domain[i]].did,
                           .rid = any_device(tables)->rid,
                           .iova = tables->entry_iova[i],
                           .level = level};
}

static struct change add_page(struct tables *tables)
{
    unsigned domain = (unsigned)tables_below(tables, DOMAINS - 1);
    uint64_t iova =
        tables->cluster[tables_below(tables, CLUSTERS)] + tables_below(tables, 4) * VTD_PAGE_BYTES;

    iova &= ((uint64_t)1 << VTD_AW_BITS(tables->domain[domain].aw)) - 1;
    tables_map(tables, domain, iova, 1);
    say(tables, "domain %u: mapped %#llx", domain, (unsigned long long)iova);
    return (struct change){.did = tables->domain[domain].did,
                           .rid = any_device(tables)->rid,
                           .iova = iova,
                           .level = 1};
}

/* ---- context and PASID entries ------------------------------------------------------------- */

static struct change move_device(struct tables *tables)
{
    struct device *device = any_device(tables);
    struct change change =
        change_of(tables, device); /* the old domain id is the one to invalidate */

    tables_attach(tables, device, (unsigned)tables_below(tables, DOMAINS));
    say(tables, "device %#x: to domain %u", device->rid, device->domain);
    return change;
}

static uint64_t *pasid_words(const struct tables *tables, const struct device *device)
{
    return arena_words(tables->arena,
                       device->table +
                           SPEC_GET(VTD_PE_INDEX, (uint64_t)device->pasid) * VTD_PE_BYTES);
}

static void flip(struct tables *tables, const char *what, const struct device *device,
                 uint64_t *words, unsigned bits)
{
    unsigned bit = (unsigned)tables_below(tables, bits);

    words[bit / 64] ^= SPEC_BIT64(bit % 64);
    say(tables, "device %#x: bit %u of its %s flipped", device->rid, bit, what);
}

static void spoil_pasid(struct tables *tables, const struct device *device)
{
    uint64_t *entry = pasid_words(tables, device);

    switch (tables_below(tables, 8)) {
    case 0:
    case 6:
    case 7:
        entry[0] &= ~VTD_PE0_P;
        say(tables, "device %#x: PASID entry not present", device->rid);
        break;
    case 1:
        entry[0] = entry[1] = 0;
        say(tables, "device %#x: PASID entry zeroed", device->rid);
        break;
    case 2:
        entry[0] = (entry[0] & ~VTD_PE0_PGTT) | SPEC_PUT(VTD_PE0_PGTT, tables_below(tables, 8));
        say(tables, "device %#x: PASID entry %#llx", device->rid, (unsigned long long)entry[0]);
        break;
    case 3:
        entry[0] = (entry[0] & ~VTD_PE0_AW) | SPEC_PUT(VTD_PE0_AW, tables_below(tables, 8));
        say(tables, "device %#x: PASID entry %#llx", device->rid, (unsigned long long)entry[0]);
        break;
    case 4:
        entry[0] ^= VTD_PE0_FPD;
        say(tables, "device %#x: PASID entry %#llx", device->rid, (unsigned long long)entry[0]);
        break;
    default:
        flip(tables, "PASID entry", device, entry, 256);
        break;
    }
}

static void spoil_directory(struct tables *tables, const struct device *device)
{
    uint64_t *entry = &arena_words(
        tables->arena, device->directory)[SPEC_GET(VTD_PDE_INDEX, (uint64_t)device->pasid)];

    if (tables_chance(tables, 2)) {
        *entry ^= tables_chance(tables, 2) ? VTD_PDE_P : VTD_PDE_FPD;
        say(tables, "device %#x: PASID directory entry %#llx", device->rid,
            (unsigned long long)*entry);
    } else {
        flip(tables, "PASID directory entry", device, entry, 64);
    }
}

static void spoil_context(struct tables *tables, const struct device *device)
{
    uint64_t *entry = arena_words(tables->arena, device->context);

    if (tables_chance(tables, 3)) {
        entry[0] ^=
            tables_chance(tables, 2) ? VTD_LCE0_P : VTD_LCE0_FPD; /* the same bits in both modes */
        say(tables, "device %#x: context entry %#llx", device->rid, (unsigned long long)entry[0]);
    } else {
        flip(tables, "context entry", device, entry, tables->scalable ? 128 : 100);
    }
}

static void spoil_root(struct tables *tables, const struct device *device)
{
    flip(tables, "bus's root entry", device, arena_words(tables->arena, tables->root), 128);
}

static struct change spoil_device(struct tables *tables)
{
    struct device *device = any_device(tables);
    unsigned which = (unsigned)tables_below(tables, 16);

    if (which == 0)
        spoil_root(tables, device);
    else if (!tables->scalable || which < 5)
        spoil_context(tables, device);
    else if (which < 8)
        spoil_directory(tables, device);
    else
        spoil_pasid(tables, device);
    return change_of(tables, device);
}

/* Everything that leads to the device's domain as it should be again. */
static struct change repair_device(struct tables *tables)
{
    struct device *device = any_device(tables);
    struct change change = change_of(tables, device);
    uint64_t *root = arena_words(tables->arena, tables->root);
    uint64_t first = tables->device[0].context & ~(uint64_t)(VTD_PAGE_BYTES - 1);
    uint64_t last = tables->device[DEVICES - 1].context & ~(uint64_t)(VTD_PAGE_BYTES - 1);

    root[0] = first | VTD_LRE0_P;
    root[1] = tables->scalable ? last | VTD_SRE1_UP : 0;
    tables_attach(tables, device, device->domain);
    say(tables, "device %#x: entries written anew, domain %u", device->rid, device->domain);
    return change;
}

static struct change change_pasid(struct tables *tables)
{
    static const uint32_t pasids[] = {0, 2, 62, 65, 8190, 8192, 32767};
    struct device *device = any_device(tables);
    struct change change = change_of(tables, device);

    if (!tables->rid_pasid || !tables->scalable)
        return move_device(tables);
    /* With a directory of 128 entries only hostile software names a PASID from 8192. */
    device->pasid = pasids[tables_below(tables, tables->hostile ? 7 : 5)];
    tables_attach(tables, device, (unsigned)tables_below(tables, DOMAINS));
    say(tables, "device %#x: RID_PASID %u, domain %u", device->rid, device->pasid, device->domain);
    return change;
}

struct change tables_mutate(struct tables *tables)
{
    unsigned which = (unsigned)tables_below(tables, 20);

    if (tables->entries && which < 8)
        return change_entry(tables);
    if (which < 10)
        return add_page(tables);
    if (which < 13)
        return move_device(tables);
    if (which < 14)
        return change_pasid(tables);
    if (tables->hostile && which < 17)
        return spoil_device(tables);
    return repair_device(tables);
}
