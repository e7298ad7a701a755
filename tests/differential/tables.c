/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/tables.c - random tables: root, contexts, PASID directories, page tables.
 * Most of it is as a driver would write it; in hostile worlds some of it is not.
 *
 * Every domain maps around the same few places (clusters), so that an address means something
 * else in each.
 */
#include "tests/differential/differential.h"

#include <string.h>

#define PAGE        ((uint64_t)VTD_PAGE_BYTES)
#define NEAR_WINDOW (VTD_INTERRUPT_FIRST - (PAGE << 2))
#define BEYOND_RAM  ((uint64_t)0x48000000) /* no memory, no device */

bool tables_chance(struct tables *tables, unsigned one_in)
{
    return seed_below(&tables->seed, one_in) == 0;
}

uint64_t tables_below(struct tables *tables, uint64_t below)
{
    return seed_below(&tables->seed, below);
}

/* ---- entries of page tables ---------------------------------------------------------------- */

static uint64_t any_hole(struct tables *tables)
{
    static const uint64_t holes[] = {BEYOND_RAM, (uint64_t)1 << 32, (uint64_t)0x2345 << 24,
                                     (uint64_t)1 << 38};

    return holes[tables_below(tables, 4)] + tables_below(tables, 64) * PAGE;
}

static uint64_t any_table(struct tables *tables)
{
    return tables->arena->tables + tables_below(tables, tables->arena->used) * PAGE;
}

static uint64_t rights(struct tables *tables)
{
    if (tables_chance(tables, 5))
        return tables_chance(tables, 2) ? VTD_SS_R : VTD_SS_W;
    return VTD_SS_R | VTD_SS_W;
}

/* Bits that hardware has to ignore. */
static uint64_t litter(struct tables *tables, bool leaf)
{
    uint64_t bits = VTD_SS_IGNORED | VTD_SS_A;

    if (!tables_chance(tables, 4))
        return 0;
    if (leaf)
        bits |= VTD_SS_EMT | VTD_SS_IPAT | VTD_SS_D;
    return seed_next(&tables->seed) & bits;
}

/* Where a leaf leads: data for the most part, so that it can be seen where a write went. */
uint64_t tables_leaf(struct tables *tables, unsigned level)
{
    unsigned lg2 = level == 1 ? VTD_LEAF_4K_LG2 : level == 2 ? VTD_LEAF_2M_LG2 : VTD_LEAF_1G_LG2;
    uint64_t size = (uint64_t)1 << lg2, pa;

    if (level > 1 && tables_chance(tables, 12))
        pa = VTD_INTERRUPT_FIRST; /* rounded down: a page with the interrupt range in it */
    else if (level >= 3)
        pa = tables_chance(tables, 4) ? size * 5 : 0;
    else if (tables_chance(tables, 12))
        pa = any_hole(tables);
    else if (tables_chance(tables, 20))
        pa = tables->arena->tables + tables_below(tables, TABLE_PAGES) * PAGE;
    else
        pa = tables->arena->data + tables_below(tables, DATA_BYTES / size) * size;
    pa &= ~(size - 1);
    return pa | rights(tables) | litter(tables, true) | (level > 1 ? VTD_SS_PS : 0);
}

/* An entry gone bad: one of the things that a walk must survive. */
uint64_t tables_hostile_word(struct tables *tables, uint64_t word)
{
    switch (tables_below(tables, 11)) {
    case 0:
        return word ^ SPEC_BIT64(tables_below(tables, 64));
    case 1:
        return (word & ~VTD_SS_ADDR) | any_hole(tables);
    case 2:
        return (word & ~VTD_SS_ADDR) | any_table(tables); /* loops, tables of other levels */
    case 3:
        return word | VTD_SS_PS;
    case 4:
        return word & ~VTD_SS_PS;
    case 5:
        return word |
               SPEC_BIT64(12 + tables_below(tables, 18)); /* misaligned, where it is a large page */
    case 6:
        return word | SPEC_BIT64(tables_below(tables, 16) + 48);
    case 7:
        return VTD_ALL_ONES;
    case 8:
        return word | VTD_SS_SNP;
    case 9:
        return (word & ~VTD_SS_ADDR) | VTD_INTERRUPT_FIRST | (tables_below(tables, 256) * PAGE);
    default:
        word = seed_next(&tables->seed);
        return word & seed_next(&tables->seed);
    }
}

static void note_entry(struct tables *tables, unsigned domain, uint64_t at, uint64_t iova,
                       unsigned level)
{
    unsigned i =
        tables->entries < ENTRIES ? tables->entries++ : (unsigned)tables_below(tables, ENTRIES);

    tables->entry[i] = at;
    tables->entry_level[i] = (uint8_t)level;
    tables->entry_iova[i] = iova;
    tables->entry_domain[i] = (uint8_t)domain;
}

static uint64_t *slot_of(struct tables *tables, uint64_t table, uint64_t iova, unsigned level)
{
    return arena_words(tables->arena, table + (iova >> VTD_LEVEL_SHIFT(level) & 511) * 8);
}

void tables_map(struct tables *tables, unsigned domain, uint64_t iova, unsigned level)
{
    const struct domain *d = &tables->domain[domain];
    uint64_t table = d->top;
    unsigned now = VTD_AW_LEVELS(d->aw);

    for (; now > level; now--) {
        uint64_t *slot = slot_of(tables, table, iova, now);

        if (*slot == 0) {
            *slot = arena_page(tables->arena) | (tables_chance(tables, 6) ? rights(tables) : 3) |
                    litter(tables, false);
            note_entry(tables, domain, table + (iova >> VTD_LEVEL_SHIFT(now) & 511) * 8, iova, now);
        }
        table = *slot & VTD_SS_ADDR;
        if ((*slot & VTD_SS_PS) || table < tables->arena->tables ||
            table >= tables->arena->tables + TABLE_PAGES * PAGE)
            return; /* a larger page is there already, or something hostile */
    }
    *slot_of(tables, table, iova, level) = tables_leaf(tables, level);
    note_entry(tables, domain, table + (iova >> VTD_LEVEL_SHIFT(level) & 511) * 8, iova, level);
}

/* ---- domains ------------------------------------------------------------------------------- */

static uint64_t any_cluster(struct tables *tables, unsigned i)
{
    uint64_t end = (uint64_t)1 << tables->width;
    const uint64_t where[] = {
        (uint64_t)2 << 20,
        end - ((uint64_t)2 << 20),
        NEAR_WINDOW,
        seed_next(&tables->seed),
        seed_next(&tables->seed) & 0x7FFFFFFFFF,
        ((uint64_t)1 << 38) - PAGE * 3,
    };

    return where[i] & (end - 1) & ~(PAGE - 1);
}

static void fill_domain(struct tables *tables, unsigned domain)
{
    const struct domain *d = &tables->domain[domain];
    uint64_t end = (uint64_t)1 << VTD_AW_BITS(d->aw);
    unsigned i, k;

    for (i = 0; i < CLUSTERS; i++) {
        unsigned level = tables_chance(tables, 5) ? 2 : tables_chance(tables, 10) ? 3 : 1;

        if (tables_chance(tables, 3))
            continue;
        for (k = 0; k < 1 + tables_below(tables, 4); k++) {
            uint64_t iova = tables->cluster[i] +
                            tables_below(tables, 4) * ((uint64_t)1 << VTD_LEVEL_SHIFT(level));

            if (iova < end)
                tables_map(tables, domain, iova, level);
        }
    }
}

static void build_domain(struct tables *tables, unsigned domain)
{
    struct domain *d = &tables->domain[domain];

    *d = (struct domain){
        .top = arena_page(tables->arena),
        .aw = tables->width == 39 || tables_chance(tables, 3) ? VTD_AW_39 : VTD_AW_48,
        .did = (uint16_t)(domain << 8 | tables_below(tables, 200)),
        .pass = domain == DOMAINS - 1,
    };
    if (!d->pass)
        fill_domain(tables, domain);
}

/* ---- devices ------------------------------------------------------------------------------- */

static void attach_legacy(const struct tables *tables, const struct device *device,
                          const struct domain *domain)
{
    uint64_t *entry = arena_words(tables->arena, device->context);
    unsigned aw = domain->pass ? (tables->width == 39 ? VTD_AW_39 : VTD_AW_48) : domain->aw;

    entry[1] = SPEC_PUT(VTD_LCE1_AW, (uint64_t)aw) | SPEC_PUT(VTD_LCE1_DID, (uint64_t)domain->did);
    entry[0] = (domain->pass ? SPEC_PUT(VTD_LCE0_TT, (uint64_t)VTD_TT_PASS_THROUGH) : domain->top) |
               VTD_LCE0_P;
}

static uint64_t *pasid_entry(const struct tables *tables, const struct device *device)
{
    return arena_words(tables->arena,
                       device->table +
                           SPEC_GET(VTD_PE_INDEX, (uint64_t)device->pasid) * VTD_PE_BYTES);
}

static void attach_scalable(const struct tables *tables, const struct device *device,
                            const struct domain *domain)
{
    uint64_t *entry = pasid_entry(tables, device);
    uint64_t *context = arena_words(tables->arena, device->context);
    uint64_t pgtt = domain->pass ? VTD_PGTT_PASS_THROUGH : VTD_PGTT_SECOND;
    unsigned aw = domain->pass ? (tables->width == 39 ? VTD_AW_39 : VTD_AW_48) : domain->aw;

    memset(entry, 0, VTD_PE_BYTES);
    entry[1] = SPEC_PUT(VTD_PE1_DID, (uint64_t)domain->did);
    entry[0] = (domain->pass ? 0 : domain->top) | SPEC_PUT(VTD_PE0_AW, (uint64_t)aw) |
               SPEC_PUT(VTD_PE0_PGTT, pgtt) | VTD_PE0_P;
    arena_words(tables->arena,
                device->directory)[SPEC_GET(VTD_PDE_INDEX, (uint64_t)device->pasid)] =
        device->table | VTD_PDE_P;
    memset(context, 0, VTD_SCE_BYTES);
    context[1] = SPEC_PUT(VTD_SCE1_RID_PASID, (uint64_t)device->pasid);
    context[0] = device->directory | VTD_SCE0_P;
}

void tables_attach(struct tables *tables, struct device *device, unsigned domain)
{
    device->domain = domain;
    if (tables->scalable)
        attach_scalable(tables, device, &tables->domain[domain]);
    else
        attach_legacy(tables, device, &tables->domain[domain]);
}

/* Context tables of bus 0: one in legacy mode, two in scalable mode. */
static void build_root(struct tables *tables)
{
    uint64_t *root;

    tables->root = arena_page(tables->arena);
    root = arena_words(tables->arena, tables->root);
    root[0] = arena_page(tables->arena) | VTD_LRE0_P;
    if (tables->scalable)
        root[1] = arena_page(tables->arena) | VTD_SRE1_UP;
}

static uint64_t context_of(const struct tables *tables, uint16_t rid)
{
    const uint64_t *root = arena_words(tables->arena, tables->root);

    if (!tables->scalable)
        return (root[0] & VTD_LRE0_CTP) + (uint64_t)rid * VTD_LCE_BYTES;
    return (root[(rid & VTD_SRE_UPPER_DEVFN) != 0] & VTD_SRE0_LCTP) +
           (uint64_t)SPEC_GET(VTD_SCE_INDEX, (uint32_t)rid) * VTD_SCE_BYTES;
}

static void build_device(struct tables *tables, unsigned i)
{
    static const uint32_t pasids[] = {0, 0, 1, 63, 64, 4095, 8191};
    struct device *device = &tables->device[i];
    unsigned index = device->index;

    *device = (struct device){
        .index = index, .rid = device->rid, .context = context_of(tables, device->rid)};
    if (tables->scalable) {
        device->directory = arena_page(tables->arena);
        device->table = arena_page(tables->arena);
        device->pasid = tables->rid_pasid ? pasids[tables_below(tables, 7)] : 0;
    }
    tables_attach(tables, device, tables_chance(tables, 8) ? DOMAINS - 1 : i % (DOMAINS - 1));
}

static void spoil(struct tables *tables)
{
    unsigned count = (unsigned)tables_below(tables, 12);

    while (count--) {
        unsigned i = (unsigned)tables_below(tables, tables->entries);
        uint64_t *word = arena_words(tables->arena, tables->entry[i]);

        *word = tables_hostile_word(tables, *word);
    }
}

void tables_build(struct tables *tables)
{
    unsigned i;

    tables->arena->used = 0;
    tables->entries = 0;
    build_root(tables);
    for (i = 0; i < CLUSTERS; i++)
        tables->cluster[i] = any_cluster(tables, i);
    for (i = 0; i < DOMAINS; i++)
        build_domain(tables, i);
    for (i = 0; i < DEVICES; i++)
        build_device(tables, i);
    if (tables->hostile && tables->entries)
        spoil(tables);
}

/* ---- where DMA goes ------------------------------------------------------------------------ */

unsigned tables_entry(struct tables *tables, const struct device *device)
{
    unsigned i = 0, attempts = tables_chance(tables, 5) ? 1 : 12;

    while (attempts--) {
        i = (unsigned)tables_below(tables, tables->entries);
        if (tables->entry_domain[i] == device->domain && tables->entry_level[i] < 3)
            break;
    }
    return i;
}

uint64_t tables_iova_at(struct tables *tables, unsigned i)
{
    uint64_t data = tables->arena->data + tables_below(tables, DATA_BYTES);
    unsigned lg2 = VTD_LEVEL_SHIFT(tables->entry_level[i]);
    uint64_t iova = tables->entry_iova[i];

    if (lg2 == VTD_LEAF_1G_LG2)
        return (iova & ~(((uint64_t)1 << lg2) - 1)) | data; /* the data lie in the first 1 GiB */
    if (lg2 == VTD_LEAF_2M_LG2 && tables_chance(tables, 2))
        return (iova & ~(((uint64_t)1 << lg2) - 1)) + tables_below(tables, (uint64_t)1 << lg2);
    return iova;
}

uint64_t tables_iova(struct tables *tables, const struct device *device)
{
    uint64_t iova =
        tables->cluster[tables_below(tables, CLUSTERS)] + tables_below(tables, 5) * PAGE;
    uint64_t data = tables->arena->data + tables_below(tables, DATA_BYTES);
    uint64_t edge = (uint64_t)1 << (tables_chance(tables, 2) ? 39 : 48);

    if (tables->domain[device->domain].pass && !tables_chance(tables, 4))
        return data;
    if (tables->entries && !tables_chance(tables, 8))
        iova = tables_iova_at(tables, tables_entry(tables, device));
    else if (tables_chance(tables, 6))
        iova = seed_next(&tables->seed) >> tables_below(tables, 40);
    else if (tables_chance(tables, 6))
        iova = VTD_INTERRUPT_FIRST + tables_below(tables, 256) * PAGE;
    else if (tables_chance(tables, 4))
        iova = edge + tables_below(tables, 3) * PAGE - PAGE;
    return (iova & ~(PAGE - 1)) |
           (tables_chance(tables, 6) ? PAGE - 8 : tables_below(tables, PAGE));
}
