/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/short.c - the short way of a miss: the caller's front knows the route but not the page.
 *
 * For the ordinary case, in which nothing is amiss and the answer is yes: the translation of a second stage, or of a
 * first stage alone, is remembered, or its tables are in order. All else is left to translate.c, which asks every
 * question and has a reason for every no. A caller that has an up-to-date front has it of a unit that is on and tells
 * no lies, so neither is asked here.
 * Architecture: "Caching translation information". Lock: held. Called by translate.c and batch.c.
 */
#include "models/vtd/front.h"
#include "models/vtd/entries.h"
#include "models/vtd/words.h"

/* For either stage everything below becomes one function, in which what is known of its entries is constants. */
#define PLACE_INLINE inline __attribute__((always_inline))

/* What one translation is about, and what its stage's entries must be like. */
struct place {
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
/* Entries carry their rights one bit below. */
/* NOLINTNEXTLINE(misc-redundant-expression): that they are is what is asserted */
_Static_assert(SECOND_RIGHTS == (VTD_SS_R | VTD_SS_W) << 1 && FIRST_RIGHTS == (VTD_FS_RW | VTD_FS_US) << 1, "one shift");
/* NOLINTNEXTLINE(misc-redundant-expression) */
_Static_assert(SECOND_RIGHTS == (VTDM_LEAF_READ | VTDM_LEAF_WRITE) && VTD_SS_ADDR == VTD_FS_ADDR, "as in a leaf");

static PLACE_INLINE bool begin_second(struct place *place)
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

static PLACE_INLINE bool begin_first(struct place *place)
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
static PLACE_INLINE bool begin(struct place *place, const struct vtdm_asker *asker, const struct iommu_model_request *like,
                  uint64_t address)
{
    place->m = asker->m;
    place->route = asker->route;
    place->address = address;
    if (asker->front->epoch != asker->m->epoch || address % VTD_PAGE_BYTES + like->bytes > VTD_PAGE_BYTES)
        return false;
    return like->has_pasid || !vtdm_in_window(address);
}

/* The word of the smallest page that is remembered; 0: none. *leaf: where one of 4 KiB has its place, if it has one. */
static PLACE_INLINE uint64_t remembered(const struct place *place, unsigned *kind, uint64_t **leaf)
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

/* The lowest table that is remembered for the address; *level is its own. */
static PLACE_INLINE uint64_t lowest_table(const struct place *place, unsigned *level)
{
    for (*level = 1; *level < place->levels; ++*level) {
        const uint64_t *word = vtdm_tlb_find(&place->m->paging, &place->space->tables, VTDM_TABLE_KIND(*level + 1),
                                             place->address >> VTD_LEVEL_SHIFT(*level + 1));
        uint64_t table = word ? *word : 0;
        if (table)
            return table;
    }
    return place->top | place->rights;
}

static PLACE_INLINE bool in_order(const struct place *place, unsigned level, uint64_t entry)
{
    bool reserved = place->first ? vtdm_first_reserved(place->m, false, level, entry)
                                 : vtdm_second_reserved(place->m, level, entry);
    return (entry & place->present) && (entry & place->flags) == place->flags && !reserved;
}

static PLACE_INLINE uint64_t first_leaf(uint64_t entry, uint64_t rights)
{
    return VTDM_LEAF_READ | VTDM_LEAF_WRITE | ((rights & VTDM_TABLE_WRITE) ? VTDM_LEAF_FIRST_WRITE : 0) |
           ((rights & VTDM_TABLE_USER) ? VTDM_LEAF_USER : 0) | ((entry & VTD_FS_D) ? VTDM_LEAF_DIRTY : 0);
}

static PLACE_INLINE uint64_t second_leaf(const struct place *place, uint64_t entry, uint64_t rights)
{
    bool dirty = !place->route->second_flags || (entry & VTD_SS_D);
    return rights | VTDM_LEAF_FIRST_WRITE | VTDM_LEAF_USER | VTDM_LEAF_EXTENDED | (dirty ? VTDM_LEAF_DIRTY : 0);
}

static PLACE_INLINE uint64_t leaf_of(const struct place *place, unsigned level, uint64_t entry, uint64_t rights)
{
    uint64_t page = entry & VTD_SS_ADDR & ~(SPEC_BIT64(VTD_LEVEL_SHIFT(level)) - 1);
    return page | VTDM_LEAF_THERE |
           (place->first ? first_leaf(entry, rights) : second_leaf(place, entry, rights));
}

/*
 * The translation as the IOTLB keeps it, and its kind. 0: some entry gives no right, or has to be judged; nothing has
 * changed, but that upper levels are remembered. ahead: only up to the leaf's table, then 0.
 */
static PLACE_INLINE uint64_t walk(const struct place *place, bool ahead, unsigned *kind)
{
    struct iommu_model_vtd *m = place->m;
    unsigned level, how = vtdm_snooped(m, place->route) ? 0 : IOMMU_MODEL_FETCH_UNSNOOPED;
    uint64_t entry, rights, table = lowest_table(place, &level);
    if (table & VTDM_TABLE_ABSENT)
        return 0;
    for (;; level--) {
        uint64_t at = (table & VTDM_TABLE_ADDRESS) + (uint64_t)vtdm_index(place->address, level) * VTD_PTE_BYTES;
        if (ahead && level == 1) {
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
        vtdm_paging_keep(m, place->space, VTDM_TABLE_KIND(level), place->address >> VTD_LEVEL_SHIFT(level), table);
    }
    *kind = level - 1;
    return leaf_of(place, level, entry, rights);
}

/* For either kind of access; a write that has to walk for its dirty flag is denied here, and both where there is no word. */
static PLACE_INLINE uint32_t denied(uint64_t word)
{
    const uint64_t read = VTDM_LEAF_READ | VTDM_LEAF_USER;
    const uint64_t write = VTDM_LEAF_WRITE | VTDM_LEAF_FIRST_WRITE | VTDM_LEAF_USER | VTDM_LEAF_DIRTY;
    return ((word & read) == read ? 0 : VTDM_COPY_NO_READ) | ((word & write) == write ? 0 : VTDM_COPY_NO_WRITE);
}

static PLACE_INLINE bool allowed(const struct place *place, const struct iommu_model_request *like, uint64_t word, uint64_t pa)
{
    if ((word & (VTDM_LEAF_FAULT | VTDM_LEAF_ABSENT)) || (denied(word) & vtdm_front_needs(like)))
        return false;
    return !vtdm_in_window(pa) && !(place->m->reg[VTDM_PMEN] & VTD_PMEN_PRS);
}

/* false: no memory. */
static PLACE_INLINE bool keep(const struct place *place, unsigned kind, uint64_t word, uint64_t *leaf)
{
    if (kind || !leaf)
        leaf = vtdm_tlb_make(&place->m->iotlb, &place->space->leaves, kind, place->address >> VTDM_LEAF_LG2(kind));
    if (leaf)
        vtdm_tlb_fill(&place->space->leaves, kind, leaf, word);
    return leaf;
}

static PLACE_INLINE void count(struct iommu_model_vtd_stats *stats, const struct vtdm_route *route, bool cached)
{
    stats->translations++;
    stats->context_hits++;
    if (!route->legacy)
        stats->pasid_hits++;
    if (cached)
        stats->iotlb_hits++;
}

static PLACE_INLINE void accept(const struct vtdm_answer *answer, bool cached, struct iommu_model_result *result)
{
    *result = (struct iommu_model_result){
        .pa = answer->pa, .outcome = IOMMU_MODEL_OK, .page_lg2 = answer->page_lg2, .read = answer->read,
        .write = answer->write, .cached = cached, .domain_id = answer->domain_id,
    };
}

static PLACE_INLINE bool answer(const struct place *place, const struct vtdm_asker *asker, const struct iommu_model_request *like,
                   struct iommu_model_result *result)
{
    const uint64_t write = VTDM_LEAF_WRITE | VTDM_LEAF_FIRST_WRITE | VTDM_LEAF_USER;
    unsigned kind = 0;
    uint64_t *leaf, word = remembered(place, &kind, &leaf);
    bool cached = word != 0;
    if (!cached)
        word = walk(place, false, &kind);
    uint64_t inside = SPEC_BIT64(VTDM_LEAF_LG2(kind)) - 1;
    struct vtdm_answer found = {
        .pa = (word & VTDM_LEAF_ADDRESS) | (place->address & inside), .page_lg2 = VTDM_LEAF_LG2(kind),
        .read = word & VTDM_LEAF_READ, .write = (word & write) == write, .domain_id = place->route->did,
    };
    if (!allowed(place, like, word, found.pa))
        return false;
    accept(&found, cached, result);
    count(&place->m->stats, place->route, cached);
    if (cached || keep(place, kind, word, leaf))
        vtdm_front_copy(asker->front, asker->way, place->address, denied(word), &found);
    return true;
}

bool vtdm_short(const struct vtdm_asker *asker, const struct iommu_model_request *like, uint64_t address,
                struct iommu_model_result *result)
{
    struct place place;
    if (!begin(&place, asker, like, address))
        return false;
    if (place.route->pgtt == VTD_PGTT_SECOND)
        return begin_second(&place) && answer(&place, asker, like, result);
    if (place.route->pgtt == VTD_PGTT_FIRST && !like->privileged)
        return begin_first(&place) && answer(&place, asker, like, result);
    return false;
}

static PLACE_INLINE void ask_ahead(const struct place *place)
{
    unsigned kind;
    uint64_t *leaf;
    if (!remembered(place, &kind, &leaf))
        walk(place, true, &kind);
}

void vtdm_short_ahead(const struct vtdm_asker *asker, const struct iommu_model_request *like, uint64_t address)
{
    struct place place;
    if (!begin(&place, asker, like, address))
        return;
    if (place.route->pgtt == VTD_PGTT_SECOND && begin_second(&place))
        ask_ahead(&place); /* NOLINT(bugprone-branch-clone): another function for each stage, once inlined */
    else if (place.route->pgtt == VTD_PGTT_FIRST && !like->privileged && begin_first(&place))
        ask_ahead(&place);
}
