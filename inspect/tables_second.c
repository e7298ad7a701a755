/* SPDX-License-Identifier: MIT */
/*
 * tables_second.c - the second stage below a nested first one: where a guest address lies in the host.
 *
 * What is wrong with the second stage's tables is told when those are walked, and not here again.
 */
#include "inspect/tables_walker.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "spec/vtd_tables.h"

/* In entries: a look-up is slower than the entries that it reads. */
#define LOOK_COST 16u

/* A page of one level; the last one is kept, since look-ups go up in address. */
static const uint64_t *page_of(struct tables_walker *walker, unsigned level, uint64_t address,
                               struct tables_second *out)
{
    uint64_t *words = walker->second_page[level];
    if (walker->second_at[level] == address)
        return words;
    if (!tables_spend(walker, TABLE_WORDS)) {
        out->outcome = SECOND_END;
        return NULL;
    }
    const void *page = inspect_memory_page(walker->machine->memory, address, NULL);
    out->outcome = SECOND_ABSENT;
    if (page == NULL)
        return NULL;
    memcpy(words, page, TABLE_WORDS * sizeof *words);
    for (unsigned i = 0; i < TABLE_WORDS; i++)
        words[i] = le64toh(words[i]);
    walker->second_at[level] = address;
    return words;
}

/* One entry: true while there is a next table to look into. */
static bool one_level(const struct tables_domain *domain, unsigned level, uint64_t address, uint64_t entry,
                      uint64_t *table, struct tables_second *out)
{
    struct tables_flaw flaw;
    uint64_t inside = SPEC_BIT64(VTD_LEVEL_SHIFT(level)) - 1;
    out->lg2 = VTD_LEVEL_SHIFT(level);
    out->read = out->read && (entry & VTD_SS_R);
    out->write = out->write && (entry & VTD_SS_W);
    out->outcome = SECOND_NONE;
    if ((!out->read && !out->write) || !tables_second_sound(&domain->traits, level, entry, &flaw))
        return false;
    *table = entry & VTD_SS_ADDR;
    if (level > 1 && !(entry & VTD_SS_PS))
        return true;
    out->outcome = SECOND_MAPPED;
    out->pa = (*table & ~inside) | (address & inside);
    return false;
}

struct tables_second tables_second_look(struct tables_walker *walker, const struct tables_domain *domain,
                                        uint64_t address)
{
    struct tables_second out = {.outcome = SECOND_NONE, .lg2 = VTD_PAGE_LG2, .read = true, .write = true};
    uint64_t table = domain->second_top;
    if (address >> tables_second_bits(domain))
        return out;
    if (!tables_spend(walker, LOOK_COST)) {
        out.outcome = SECOND_END;
        return out;
    }
    for (unsigned level = domain->second_levels; level > 0; level--) {
        const uint64_t *words = page_of(walker, level, table, &out);
        out.lg2 = VTD_LEVEL_SHIFT(level + 1);
        if (words == NULL)
            return out;
        uint64_t entry = words[address >> VTD_LEVEL_SHIFT(level) & (VTD_PT_ENTRIES - 1)];
        if (!one_level(domain, level, address, entry, &table, &out))
            return out;
    }
    return out;
}

static struct inspect_range piece(const struct inspect_range *leaf, uint64_t done, const struct tables_second *second)
{
    uint64_t rest = SPEC_BIT64(second->lg2) - ((leaf->pa + done) & (SPEC_BIT64(second->lg2) - 1));
    struct inspect_range range = *leaf;
    range.iova += done;
    range.pa = second->pa;
    range.bytes = rest < leaf->bytes - done ? rest : leaf->bytes - done;
    range.read = range.read && second->read;
    range.write = range.write && second->write;
    if (second->lg2 < range.smallest_lg2)
        range.smallest_lg2 = range.largest_lg2 = (uint8_t)second->lg2;
    return range;
}

bool tables_second_pieces(struct tables_walker *walker, const struct tables_domain *domain,
                          const struct inspect_range *leaf)
{
    uint64_t done = 0;
    while (done < leaf->bytes) {
        struct tables_second second = tables_second_look(walker, domain, leaf->pa + done);
        struct inspect_range range = piece(leaf, done, &second);
        if (second.outcome == SECOND_END)
            return false;
        if (second.outcome == SECOND_MAPPED && (range.read || range.write) && !tables_add_range(walker, &range))
            return false;
        done += range.bytes;
    }
    return true;
}
