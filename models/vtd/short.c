/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/short.c - the short way of a miss: the caller's front knows the route but not the page.
 *
 * For the ordinary case, in which nothing is amiss and the answer is yes: the translation of a second stage, or of a
 * first stage alone, is remembered, or its tables are in order. All else is left to translate.c, which asks every
 * question and has a reason for every no. A caller that has an up-to-date front has it of a unit that is on and tells
 * no lies, so neither is asked here. Shorter still is the way where a cursor points at the leaf table (cursor.h).
 * Architecture: "Caching translation information". Lock: held. Called by translate.c and batch.c.
 */
#include "models/vtd/entries.h"
#include "models/vtd/near.h"

/* For either stage everything inline below becomes one function, in which what is known of its entries is constants. */

/* What one translation is about, and what its stage's entries must be like. */
struct place {
    const struct vtdm_asker *asker;
    struct iommu_model_vtd *m;
    const struct vtdm_route *route;
    struct vtdm_space *space;
    uint64_t address;
    bool first;
    unsigned levels;
    uint64_t top;     /* the table */
    uint64_t rights;  /* VTDM_TABLE_* that entries carry on */
    uint64_t present; /* bits of an entry, one of which is to be there */
    uint64_t flags;   /* that are to be there all */
};

#define SECOND_RIGHTS (VTDM_TABLE_READ | VTDM_TABLE_WRITE)
#define FIRST_RIGHTS  (VTDM_TABLE_WRITE | VTDM_TABLE_USER)
#define FIRST_LEAF_RIGHTS (VTDM_LEAF_FIRST_WRITE | VTDM_LEAF_USER)
/* Entries carry their rights one bit below. */
/* NOLINTNEXTLINE(misc-redundant-expression): that they are is what is asserted */
_Static_assert(SECOND_RIGHTS == (VTD_SS_R | VTD_SS_W) << 1 && FIRST_RIGHTS == (VTD_FS_RW | VTD_FS_US) << 1, "one shift");
/* NOLINTNEXTLINE(misc-redundant-expression) */
_Static_assert(SECOND_RIGHTS == (VTDM_LEAF_READ | VTDM_LEAF_WRITE) && VTD_SS_ADDR == VTD_FS_ADDR, "as in a leaf");
/* NOLINTNEXTLINE(misc-redundant-expression) */
_Static_assert(FIRST_LEAF_RIGHTS == FIRST_RIGHTS << 1, "one shift more");

static VTDM_INLINE bool begin_second(struct place *place)
{
    const struct vtdm_route *route = place->route;
    place->space = route->space[0];
    place->first = false;
    place->levels = route->second_levels;
    place->top = route->second;
    place->rights = SECOND_RIGHTS;
    place->present = VTD_SS_R | VTD_SS_W;
    place->flags = route->second_flags ? VTD_SS_A : 0;
    return !(place->address >> route->second_bits);
}

static VTDM_INLINE bool begin_first(struct place *place)
{
    const struct vtdm_route *route = place->route;
    place->space = route->space[1];
    place->first = true;
    place->levels = route->first_levels;
    place->top = route->first;
    place->rights = FIRST_RIGHTS;
    place->present = VTD_FS_P;
    place->flags = VTD_FS_A;
    return !route->extended && vtdm_canonical(route, place->address);
}

/* false: not a case for this way, whatever the stage. */
static VTDM_INLINE bool begin(struct place *place, const struct vtdm_asker *asker, const struct iommu_model_request *like,
                              uint64_t address)
{
    place->asker = asker;
    place->m = asker->m;
    place->route = vtdm_front_route_of(asker);
    place->address = address;
    if (!vtdm_up_to_date(asker) || vtdm_crosses(like, address))
        return false;
    return like->has_pasid || !vtdm_in_window(address);
}

/* The word of the smallest page that is remembered; 0: none. *leaf: where one of 4 KiB has its place, if it has one. */
static VTDM_INLINE uint64_t remembered(const struct place *place, unsigned *kind, uint64_t **leaf)
{
    *leaf = NULL;
    for (unsigned kinds = place->space->leaves.kinds; kinds; kinds &= kinds - 1) {
        *kind = vtdm_tlb_lowest(kinds);
        uint64_t *word = vtdm_tlb_find(&place->m->iotlb, &place->space->leaves, *kind,
                                       place->address >> VTDM_LEAF_LG2(*kind));
        uint64_t table = word ? *word : 0;
        if (table)
            return table;
        if (*kind == 0)
            *leaf = word;
    }
    return 0;
}

/* The lowest table that is remembered for the address; *level is its own. *met: a leaf table that was used before. */
static VTDM_INLINE uint64_t lowest_table(const struct place *place, bool ahead, unsigned *level, bool *met)
{
    *met = false;
    for (*level = 1; *level < place->levels; ++*level) {
        uint64_t *word = vtdm_tlb_find(&place->m->paging, &place->space->tables, VTDM_TABLE_KIND(*level + 1),
                                             place->address >> VTD_LEVEL_SHIFT(*level + 1));
        uint64_t table = word ? *word : 0;
        if (!table)
            continue;
        *met = table & VTDM_TABLE_MET;
        if (*level == 1 && !ahead)
            *word = table | VTDM_TABLE_MET;
        return table;
    }
    return place->top | place->rights;
}

static VTDM_INLINE bool in_order(const struct place *place, unsigned level, uint64_t entry)
{
    bool reserved = place->first ? vtdm_first_reserved(place->m, false, level, entry)
                                 : vtdm_second_reserved(place->m, level, entry);
    return (entry & place->present) && (entry & place->flags) == place->flags && !reserved;
}

static VTDM_INLINE uint64_t first_leaf(uint64_t entry, uint64_t rights)
{
    return VTDM_LEAF_READ | VTDM_LEAF_WRITE | ((rights & VTDM_TABLE_WRITE) ? VTDM_LEAF_FIRST_WRITE : 0) |
           ((rights & VTDM_TABLE_USER) ? VTDM_LEAF_USER : 0) | ((entry & VTD_FS_D) ? VTDM_LEAF_DIRTY : 0);
}

static VTDM_INLINE uint64_t second_leaf(const struct place *place, uint64_t entry, uint64_t rights)
{
    bool dirty = !place->route->second_flags || (entry & VTD_SS_D);
    return rights | VTDM_LEAF_FIRST_WRITE | VTDM_LEAF_USER | VTDM_LEAF_EXTENDED | (dirty ? VTDM_LEAF_DIRTY : 0);
}

static VTDM_INLINE uint64_t leaf_of(const struct place *place, unsigned level, uint64_t entry, uint64_t rights)
{
    uint64_t page = entry & VTD_SS_ADDR & ~(SPEC_BIT64(VTD_LEVEL_SHIFT(level)) - 1);
    return page | VTDM_LEAF_THERE |
           (place->first ? first_leaf(entry, rights) : second_leaf(place, entry, rights));
}

struct vtdm_plan vtdm_short_plan(const struct iommu_model_vtd *m, const struct vtdm_route *route, uint32_t way)
{
    struct vtdm_plan plan = { .regions = vtdm_cursor_regions(way), .tail.domain_id = route->did };
    if (route->pgtt == VTD_PGTT_FIRST) {
        plan.space = route->space[1];
        plan.wanted = VTD_FS_P | VTD_FS_A;
        plan.checked = plan.wanted | VTD_PTE_RSVD(m->config.address_bits);
        plan.dirty = VTD_FS_D;
        plan.always = VTDM_LEAF_THERE | VTDM_LEAF_READ | VTDM_LEAF_WRITE;
        plan.shift = 2;
        return plan;
    }
    plan.space = route->space[0];
    plan.wanted = route->second_flags ? VTD_SS_A : 0;
    plan.checked = plan.wanted | vtdm_second_leaf_reserved(m);
    plan.dirty = route->second_flags ? VTD_SS_D : 0;
    plan.always = VTDM_LEAF_THERE | VTDM_LEAF_FIRST_WRITE | VTDM_LEAF_USER | VTDM_LEAF_EXTENDED |
                  (route->second_flags ? 0 : VTDM_LEAF_DIRTY);
    plan.shift = 1;
    return plan;
}

/*
 * A leaf table that is used again and again gets a cursor, if its 2 MiB have nothing but ordinary addresses. Tables that
 * are used but once, though in a batch that looked ahead, would pay for it in vain.
 */
static __attribute__((noinline)) void point(const struct place *place, uint64_t table)
{
    const struct vtdm_asker *asker = place->asker;
    const struct vtdm_plan *plan = &asker->way->plan;
    const struct iommu_model_memory *memory = &place->m->host->memory;
    uint64_t inside = SPEC_BIT64(VTD_LEVEL_SHIFT(2)) - 1, region = vtdm_cursor_region(plan, place->address);
    bool narrow = !place->first && (place->address | inside) >> place->route->second_bits;
    bool window = (place->address & ~inside) == (VTD_INTERRUPT_FIRST & ~inside);
    if (!memory->table || memory->fetch || narrow || window || (place->m->reg[VTDM_PMEN] & VTD_PMEN_PRS))
        return;
    const uint64_t *words = memory->table(memory->ctx, table & VTDM_TABLE_ADDRESS);
    uint64_t rights = place->first ? table << 1 & FIRST_LEAF_RIGHTS : table & SECOND_RIGHTS;
    if (words)
        asker->front->cursor[region % VTDM_CURSORS] = (struct vtdm_cursor){ region, plan->space->lost, words, rights };
}

static VTDM_INLINE uint64_t entry_at(const struct place *place, uint64_t table, unsigned level)
{
    return (table & VTDM_TABLE_ADDRESS) + (uint64_t)vtdm_index(place->address, level) * VTD_PTE_BYTES;
}

/*
 * The translation as the IOTLB keeps it, and its kind. 0: some entry gives no right, or has to be judged; nothing has
 * changed, but that upper levels are remembered. ahead: only up to the leaf's table, then 0.
 */
static VTDM_INLINE uint64_t walk(const struct place *place, bool ahead, unsigned *kind)
{
    struct iommu_model_vtd *m = place->m;
    unsigned level, how = vtdm_snooped(m, place->route) ? 0 : IOMMU_MODEL_FETCH_UNSNOOPED;
    bool met;
    uint64_t entry, rights, table = lowest_table(place, ahead, &level, &met);
    if (table & VTDM_TABLE_ABSENT)
        return 0;
    if (met)
        point(place, table);
    for (;; level--) {
        uint64_t at = entry_at(place, table, level);
        if (level == 1 && ahead) {
            vtdm_expect_entry(m, at);
            return 0;
        }
        if (!vtdm_fetch(m, at, &entry, 1, how) || !in_order(place, level, entry))
            return 0;
        rights = table & entry << 1 & place->rights;
        if (!rights)
            return 0;
        if (vtdm_second_is_leaf(level, entry))
            break;
        table = (entry & VTD_SS_ADDR) | rights | VTDM_TABLE_THERE;
        if (level == 2 && !ahead && m->host->memory.prefetch) /* on its way while the table is remembered */
            vtdm_expect_entry(m, entry_at(place, table, 1));
        vtdm_paging_keep(m, place->space, VTDM_TABLE_KIND(level), place->address >> VTD_LEVEL_SHIFT(level), table);
    }
    *kind = level - 1;
    return leaf_of(place, level, entry, rights);
}

static VTDM_INLINE void count(struct iommu_model_vtd_stats *stats, const struct vtdm_route *route, bool cached)
{
    stats->translations++;
    stats->context_hits++;
    if (!route->legacy)
        stats->pasid_hits++;
    if (cached)
        stats->iotlb_hits++;
}

/* leaf: where a word of kind 0 belongs, if that is known; NULL. What is not remembered, for want of memory, has no copy. */
static VTDM_INLINE void keep(const struct place *place, struct vtdm_copy *copy, unsigned kind, uint64_t word,
                             uint64_t *leaf)
{
    if (kind || !leaf)
        leaf = vtdm_tlb_make(&place->m->iotlb, &place->space->leaves, kind, place->address >> VTDM_LEAF_LG2(kind));
    if (leaf)
        vtdm_tlb_fill(&place->space->leaves, kind, leaf, word);
    else
        copy->mark = 0; /* of no way */
}

static VTDM_INLINE bool find(const struct place *place, struct vtdm_copy *copy, const struct iommu_model_request *like,
                             struct iommu_model_result *result)
{
    unsigned kind = 0;
    uint64_t *leaf, word = remembered(place, &kind, &leaf);
    bool cached = word != 0;
    if (!cached)
        word = walk(place, false, &kind);
    if ((place->m->reg[VTDM_PMEN] & VTD_PMEN_PRS) || vtdm_refusal(word) ||
        !vtdm_tell(place->asker, copy, like, place->address, kind, word, result))
        return false;
    result->cached = cached;
    count(&place->m->stats, place->route, cached);
    if (!cached)
        keep(place, copy, kind, word, leaf);
    return true;
}

bool vtdm_short(struct iommu_model_vtd *m, struct vtdm_front *front, const struct vtdm_way *way, struct vtdm_copy *copy,
                const struct iommu_model_request *like, struct iommu_model_result *result)
{
    const struct vtdm_asker asker = { m, front, way };
    struct place place;
    if (!begin(&place, &asker, like, like->address))
        return false;
    if (place.route->pgtt == VTD_PGTT_SECOND)
        return begin_second(&place) && find(&place, copy, like, result);
    if (place.route->pgtt == VTD_PGTT_FIRST && !like->privileged)
        return begin_first(&place) && find(&place, copy, like, result);
    return false;
}

/* ---- Ahead -------------------------------------------------------------------------------------------------- */

static VTDM_INLINE void ask_ahead(const struct place *place)
{
    unsigned kind;
    uint64_t *leaf;
    if (!remembered(place, &kind, &leaf))
        walk(place, true, &kind);
}

void vtdm_short_ahead(const struct vtdm_asker *asker, const struct iommu_model_request *like, uint64_t address)
{
    struct place place;
    if (!asker->m->host->memory.prefetch || !begin(&place, asker, like, address))
        return;
    if (place.route->pgtt == VTD_PGTT_SECOND && begin_second(&place))
        ask_ahead(&place); /* NOLINT(bugprone-branch-clone): another function for each stage, once inlined */
    else if (place.route->pgtt == VTD_PGTT_FIRST && !like->privileged && begin_first(&place))
        ask_ahead(&place);
}
