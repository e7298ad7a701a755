/* SPDX-License-Identifier: MIT */
/*
 * tables_pages.c - the page tables of one domain, from the top down, in the order of addresses.
 *
 * A table page is walked once at each level; a second pointer to it is followed within a limit, and not at all where
 * the page is its own ancestor. So a tree of 512^4 pointers to one page costs no more than its pages.
 */
#include "inspect/tables_walker.h"

#include <errno.h>
#include <string.h>

#include "spec/vtd_tables.h"

struct rights {
    bool read, write, execute, user;
};

/* One pass over one stage of a domain. */
struct pass {
    struct tables_walker *walker;
    const struct tables_domain *domain;
    bool first, nested;   /* which entries; nested: table pointers are guest addresses */
    bool quiet;           /* no ranges: a second stage that is only told as tables */
    unsigned levels;
    bool looped[LEVELS_MAX + 1]; /* the table at hand has been told as a loop */
};

/* ---- ranges ----------------------------------------------------------------------------------------------------- */

static bool continues(const struct inspect_range *run, const struct inspect_range *next)
{
    return run->bytes != 0 && run->iova + run->bytes == next->iova && run->pa + run->bytes == next->pa &&
           run->read == next->read && run->write == next->write && run->user == next->user;
}

static bool flush(struct tables_walker *walker)
{
    bool fine = walker->run.bytes == 0 || tables_tell_range(walker, &walker->run);
    walker->run.bytes = 0;
    return fine;
}

bool tables_add_range(struct tables_walker *walker, const struct inspect_range *range)
{
    struct inspect_range *run = &walker->run;
    if (!continues(run, range)) {
        if (!flush(walker))
            return false;
        *run = *range;
        return true;
    }
    run->bytes += range->bytes;
    run->execute = run->execute && range->execute;
    run->global = run->global && range->global;
    if (range->smallest_lg2 < run->smallest_lg2)
        run->smallest_lg2 = range->smallest_lg2;
    if (range->largest_lg2 > run->largest_lg2)
        run->largest_lg2 = range->largest_lg2;
    return true;
}

/* ---- entries ---------------------------------------------------------------------------------------------------- */

static bool table(struct pass *pass, unsigned level, uint64_t address, uint64_t iova, struct rights rights);

static bool is_leaf(unsigned level, uint64_t entry)
{
    return level == 1 || (entry & VTD_SS_PS); /* the same bit in both stages */
}

static struct rights narrow(const struct pass *pass, struct rights rights, uint64_t entry)
{
    if (pass->first) {
        rights.write = rights.write && (entry & VTD_FS_RW);
        rights.user = rights.user && (entry & VTD_FS_US);
        rights.execute = rights.execute && !(entry & VTD_FS_XD);
    } else {
        rights.read = rights.read && (entry & VTD_SS_R);
        rights.write = rights.write && (entry & VTD_SS_W);
    }
    return rights;
}

static bool leaf(struct pass *pass, unsigned level, uint64_t entry, uint64_t iova, struct rights rights)
{
    unsigned lg2 = VTD_LEVEL_SHIFT(level);
    struct inspect_range range = {
        .domain = pass->walker->domain,
        .iova = iova,
        .pa = entry & VTD_SS_ADDR & ~(SPEC_BIT64(lg2) - 1),
        .bytes = SPEC_BIT64(lg2),
        .read = rights.read,
        .write = rights.write,
        .execute = rights.execute,
        .user = rights.user,
        .global = pass->first && (entry & VTD_FS_G),
        .smallest_lg2 = (uint8_t)lg2,
        .largest_lg2 = (uint8_t)lg2,
    };
    if (pass->quiet)
        return true;
    if (pass->nested)
        return tables_second_pieces(pass->walker, pass->domain, &range);
    return tables_add_range(pass->walker, &range);
}

/* ---- from a table to the next ------------------------------------------------------------------------------------ */

static bool own_ancestor(const struct pass *pass, unsigned level, uint64_t next)
{
    for (unsigned above = level; above <= pass->levels; above++)
        if (pass->walker->path[above] == next)
            return true;
    return false;
}

static bool tell_loop(struct pass *pass, unsigned level, uint64_t next, struct tables_place place)
{
    if (pass->looped[level])
        return true;
    pass->looped[level] = true;
    return tables_trouble(pass->walker, INSPECT_TROUBLE_LOOP, place,
                          "a level %u table names its own ancestor at %#llx as its next table: that page is told once "
                          "at each level", level, (unsigned long long)next);
}

static bool tell_repeat(struct tables_walker *walker, uint64_t next, struct tables_place place)
{
    if (walker->repeats_told)
        return true;
    walker->repeats_told = true;
    return tables_trouble(walker, INSPECT_TROUBLE_LIMIT, place,
                          "page tables are named again and again, here the one at %#llx: what such a table maps is "
                          "not told again from here on", (unsigned long long)next);
}

/* Is a table to be walked here? True in *walk. */
static bool choose(struct pass *pass, unsigned level, uint64_t next, struct tables_place place, bool *walk)
{
    struct tables_walker *walker = pass->walker;
    bool loop = own_ancestor(pass, level, next);
    int fresh = tables_see(&walker->seen, next, level - 1);
    if (fresh < 0)
        return tables_fail(walker, -ENOMEM);
    *walk = fresh;
    if (loop)
        return tell_loop(pass, level, next, place);
    if (fresh)
        return true;
    if (walker->left.repeats == 0)
        return tell_repeat(walker, next, place);
    walker->left.repeats--;
    *walk = true;
    return true;
}

/* Where a first-stage table lies that the guest named. */
static bool locate(struct pass *pass, uint64_t guest, struct tables_place place, uint64_t *host)
{
    struct tables_second second = tables_second_look(pass->walker, pass->domain, guest);
    *host = second.pa;
    if (second.outcome == SECOND_END)
        return false;
    if (second.outcome == SECOND_MAPPED && second.read)
        return true;
    *host = UINT64_MAX;
    return tables_trouble(pass->walker, second.outcome == SECOND_ABSENT ? INSPECT_TROUBLE_ABSENT
                                                                         : INSPECT_TROUBLE_DENIED, place,
                          "the first-stage table at guest address %#llx %s", (unsigned long long)guest,
                          second.outcome == SECOND_ABSENT
                              ? "cannot be found: second-stage tables on the way to it are not in the dump"
                              : "cannot be read: the second stage does not map it");
}

/* NOLINTNEXTLINE(misc-no-recursion): down a level each time, LEVELS_MAX at most */
static bool descend(struct pass *pass, unsigned level, struct tables_place place, struct rights rights)
{
    uint64_t next = place.entry & VTD_SS_ADDR;
    bool walk = false;
    if (pass->nested && !locate(pass, next, place, &next))
        return false;
    if (next == UINT64_MAX)
        return true;
    if (!choose(pass, level, next, place, &walk))
        return false;
    return !walk || table(pass, level - 1, next, place.iova, rights);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static uint64_t address_of(const struct pass *pass, unsigned level, uint64_t base, unsigned index)
{
    unsigned shift = VTD_LEVEL_SHIFT(level);
    uint64_t iova = base | (uint64_t)index << shift;
    /* First-stage addresses are canonical: the upper half continues with ones. */
    if (pass->first && level == pass->levels && index >= VTD_PT_ENTRIES / 2)
        iova |= ~(SPEC_BIT64(shift + VTD_PT_INDEX_BITS) - 1);
    return iova;
}

static bool unreachable(const struct pass *pass, uint64_t iova)
{
    return !pass->first && iova >> tables_second_bits(pass->domain);
}

static bool sound(const struct pass *pass, unsigned level, uint64_t entry, struct tables_flaw *flaw)
{
    if (pass->first)
        return tables_first_sound(&pass->domain->traits, pass->nested, level, entry, flaw);
    return tables_second_sound(&pass->domain->traits, level, entry, flaw);
}

/* NOLINTNEXTLINE(misc-no-recursion): as descend */
static bool present_entry(struct pass *pass, unsigned level, struct tables_place place, struct rights rights)
{
    struct tables_flaw flaw;
    if (unreachable(pass, place.iova))
        return tables_trouble(pass->walker, INSPECT_TROUBLE_UNREACHABLE, place,
                              "the level %u entry at %#llx is for %#llx, above the %u bits of the input address", level,
                              (unsigned long long)place.address, (unsigned long long)place.iova,
                              tables_second_bits(pass->domain));
    if (!sound(pass, level, place.entry, &flaw))
        return tables_trouble(pass->walker, flaw.kind, place, "the level %u entry at %#llx %s (%#llx)", level,
                              (unsigned long long)place.address, flaw.what, (unsigned long long)place.entry);
    rights = narrow(pass, rights, place.entry);
    if (!rights.read && !rights.write)
        return true;
    if (is_leaf(level, place.entry))
        return leaf(pass, level, place.entry, place.iova, rights);
    return descend(pass, level, place, rights);
}

/* NOLINTNEXTLINE(misc-no-recursion): as descend */
static bool table(struct pass *pass, unsigned level, uint64_t address, uint64_t iova, struct rights rights)
{
    struct tables_walker *walker = pass->walker;
    const uint64_t *words = walker->page[level];
    uint64_t present = pass->first ? VTD_FS_P : VTD_SS_R | VTD_SS_W;
    enum tables_read read = tables_read(walker, address, "page table", iova, walker->page[level]);
    if (read != TABLES_READ)
        return read == TABLES_MISSING;
    if (!tables_tell_table(walker, INSPECT_TABLE_PAGE, level, address, VTD_PAGE_BYTES))
        return false;
    walker->path[level] = address;
    pass->looped[level] = false;
    for (unsigned i = 0; i < VTD_PT_ENTRIES; i++) {
        struct tables_place place = {address + (uint64_t)i * VTD_PTE_BYTES, words[i], 0};
        if (!(words[i] & present))
            continue;
        place.iova = address_of(pass, level, iova, i);
        if (!present_entry(pass, level, place, rights))
            return false;
    }
    return true;
}

static bool top(struct pass *pass, uint64_t address)
{
    struct tables_walker *walker = pass->walker;
    tables_seen_clear(&walker->seen);
    if (pass->nested && !locate(pass, address, (struct tables_place){address, 0, 0}, &address))
        return false;
    if (address == UINT64_MAX)
        return true;
    if (tables_see(&walker->seen, address, pass->levels) < 0)
        return tables_fail(walker, -ENOMEM);
    return table(pass, pass->levels, address, 0, (struct rights){true, true, true, true});
}

/* ---- domains ----------------------------------------------------------------------------------------------------- */

static bool pass_through(struct tables_walker *walker, const struct tables_domain *domain)
{
    struct inspect_range all = {
        .domain = walker->domain,
        .bytes = SPEC_BIT64(domain->traits.host_bits),
        .read = true,
        .write = true,
        .user = true,
        .smallest_lg2 = VTD_PAGE_LG2,
        .largest_lg2 = VTD_PAGE_LG2,
    };
    return tables_tell_range(walker, &all);
}

/* The second stage's tables, once for all the domains that stand on it. */
static bool parent(struct tables_walker *walker, const struct tables_domain *domain)
{
    struct tables_domain stage = {
        .kind = INSPECT_KIND_SECOND,
        .levels = domain->second_levels,
        .second_levels = domain->second_levels,
        .traits = domain->traits,
        .top = domain->second_top,
    };
    struct pass pass = {.walker = walker, .domain = &stage, .quiet = true, .levels = domain->second_levels};
    bool fresh;
    if (tables_intern(&walker->parents, &stage, &fresh) < 0)
        return tables_fail(walker, -ENOMEM);
    return !fresh || top(&pass, domain->second_top);
}

static bool stages(struct tables_walker *walker, const struct tables_domain *domain)
{
    struct pass pass = {
        .walker = walker,
        .domain = domain,
        .first = domain->kind != INSPECT_KIND_SECOND,
        .nested = domain->kind == INSPECT_KIND_NESTED,
        .levels = domain->levels,
    };
    if (pass.nested && !parent(walker, domain))
        return false;
    return top(&pass, domain->top);
}

bool tables_walk_domain(struct tables_walker *walker, unsigned number)
{
    const struct tables_domain *domain = &walker->domains.domain[number];
    walker->unit = domain->unit;
    walker->has_rid = walker->has_pasid = false;
    walker->has_domain = true;
    walker->domain = number;
    memset(walker->second_at, 0xff, sizeof walker->second_at);
    memset(walker->path, 0xff, sizeof walker->path);
    if (domain->kind == INSPECT_KIND_PASS)
        return pass_through(walker, domain);
    bool fine = stages(walker, domain);
    return (walker->result == 0 && flush(walker)) && fine;
}

unsigned tables_second_bits(const struct tables_domain *domain)
{
    unsigned levels = domain->kind == INSPECT_KIND_SECOND ? domain->levels : domain->second_levels;
    unsigned bits = VTD_LEVEL_SHIFT(levels + 1);
    return bits < domain->traits.input_bits ? bits : domain->traits.input_bits;
}

bool tables_add_route(struct tables_walker *walker, struct inspect_route *route)
{
    struct tables_domain domain = {
        .kind = route->kind,
        .levels = (uint8_t)route->levels,
        .second_levels = (uint8_t)route->second_levels,
        .traits = walker->traits,
        .top = route->top,
        .second_top = route->second_top,
        .unit = walker->unit,
    };
    bool fresh;
    long number = tables_intern(&walker->domains, &domain, &fresh);
    if (number < 0)
        return tables_fail(walker, -ENOMEM);
    route->domain = (unsigned)number;
    return tables_tell_route(walker, route);
}
