/* SPDX-License-Identifier: MIT */
/* tables_domains.c - sets: which page tables have a number already, which table pages have been walked. */
#include <stdlib.h>
#include <string.h>

#include "inspect/tables_walker.h"

#define SMALLEST 64u

static uint64_t mix(uint64_t value)
{
    value ^= value >> 32;
    value *= 0x9e3779b97f4a7c15u;
    return value ^ value >> 29;
}

/* ---- domains --------------------------------------------------------------------------------------------------- */

static uint64_t traits_word(const struct tables_traits *traits)
{
    return (uint64_t)traits->host_bits | (uint64_t)traits->input_bits << 8 | (uint64_t)traits->second_2m << 16 |
           (uint64_t)traits->second_1g << 17 | (uint64_t)traits->first_1g << 18 |
           (uint64_t)traits->snoop_control << 19 | (uint64_t)traits->indirect_rights << 20;
}

static uint64_t shape_word(const struct tables_domain *domain)
{
    return (uint64_t)domain->kind << 48 | (uint64_t)domain->levels << 40 | (uint64_t)domain->second_levels << 32 |
           traits_word(&domain->traits);
}

static bool same(const struct tables_domain *a, const struct tables_domain *b)
{
    return a->top == b->top && a->second_top == b->second_top && shape_word(a) == shape_word(b);
}

static unsigned slot_of(const struct tables_domains *domains, const struct tables_domain *domain)
{
    uint64_t hash = mix(domain->top ^ mix(domain->second_top ^ mix(shape_word(domain))));
    unsigned slot = (unsigned)hash & (domains->slots - 1);
    while (domains->slot[slot] != 0 && !same(&domains->domain[domains->slot[slot] - 1], domain))
        slot = (slot + 1) & (domains->slots - 1);
    return slot;
}

/* Room for one more, with at most half of the slots taken. */
static bool make_room(struct tables_domains *domains)
{
    unsigned room = domains->room ? domains->room * 2 : SMALLEST, slots = room * 2;
    if (domains->count < domains->room)
        return true;
    struct tables_domain *more = realloc(domains->domain, room * sizeof *more);
    if (more == NULL)
        return false;
    domains->domain = more;
    unsigned *slot = calloc(slots, sizeof *slot);
    if (slot == NULL)
        return false;
    free(domains->slot);
    domains->slot = slot;
    domains->slots = slots;
    domains->room = room;
    for (unsigned i = 0; i < domains->count; i++)
        domains->slot[slot_of(domains, &domains->domain[i])] = i + 1;
    return true;
}

long tables_intern(struct tables_domains *domains, const struct tables_domain *domain, bool *fresh)
{
    if (!make_room(domains))
        return -1;
    unsigned slot = slot_of(domains, domain);
    *fresh = domains->slot[slot] == 0;
    if (*fresh) {
        domains->domain[domains->count] = *domain;
        domains->slot[slot] = ++domains->count;
    }
    return (long)domains->slot[slot] - 1;
}

void tables_domains_free(struct tables_domains *domains)
{
    free(domains->domain);
    free(domains->slot);
    *domains = (struct tables_domains){.count = 0};
}

/* ---- table pages ----------------------------------------------------------------------------------------------- */

/* Never 0: levels count from 1, and tables are page aligned. */
static uint64_t key_of(uint64_t table, unsigned level)
{
    return table | level;
}

static unsigned place_of(const struct tables_seen *seen, uint64_t key)
{
    unsigned slot = (unsigned)mix(key) & (seen->slots - 1);
    while (seen->key[slot] != 0 && seen->key[slot] != key)
        slot = (slot + 1) & (seen->slots - 1);
    return slot;
}

static bool grow(struct tables_seen *seen)
{
    struct tables_seen more = {.slots = seen->slots ? seen->slots * 2 : SMALLEST, .count = seen->count};
    if (seen->count * 2 < seen->slots)
        return true;
    more.key = calloc(more.slots, sizeof *more.key);
    if (more.key == NULL)
        return false;
    for (unsigned i = 0; i < seen->slots; i++)
        if (seen->key[i] != 0)
            more.key[place_of(&more, seen->key[i])] = seen->key[i];
    free(seen->key);
    *seen = more;
    return true;
}

int tables_see(struct tables_seen *seen, uint64_t table, unsigned level)
{
    uint64_t key = key_of(table, level);
    if (!grow(seen))
        return -1;
    unsigned slot = place_of(seen, key);
    if (seen->key[slot] == key)
        return 0;
    seen->key[slot] = key;
    seen->count++;
    return 1;
}

/* Given up and not wiped: a large set would otherwise be wiped for every small domain that follows. */
void tables_seen_clear(struct tables_seen *seen)
{
    free(seen->key);
    *seen = (struct tables_seen){.count = 0};
}
