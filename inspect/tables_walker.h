/* SPDX-License-Identifier: MIT */
/*
 * tables_walker.h - one walk over a machine's remapping tables: state that the tables*.c files share.
 *
 *   tables.c          the order of things: units, then domains
 *   tables_tell.c     to the visitor, within limits; reading pages
 *   tables_check.c    what hardware refuses in an entry
 *   tables_context.c  root and context entries
 *   tables_pasid.c    PASID directory and table
 *   tables_domains.c  which routes have the same tables
 *   tables_pages.c    the page tables of a domain
 *   tables_second.c   single second-stage look-ups, for nested domains
 *
 * Functions that return bool return false when the walk is over: stopped, out of a limit, or out of memory.
 */
#ifndef INSPECT_TABLES_WALKER_H
#define INSPECT_TABLES_WALKER_H

#include "inspect/tables.h"

#define TABLE_WORDS 512u
#define LEVELS_MAX  5u

/* What of a unit decides how its page tables are read. */
struct tables_traits {
    uint8_t host_bits, input_bits;   /* HAW, MGAW */
    bool second_2m, second_1g, first_1g;
    bool snoop_control, indirect_rights; /* SNP and bit 62 of second-stage entries mean something */
};

/* Which page tables a domain has. */
struct tables_domain {
    enum inspect_kind kind;
    uint8_t levels, second_levels;
    struct tables_traits traits;
    uint64_t top, second_top;
    unsigned unit; /* the first that uses it */
};

/* Sets of page tables, numbered as they come. Zeroes: empty. */
struct tables_domains {
    struct tables_domain *domain;
    unsigned count, room;
    unsigned *slot; /* index + 1; slots are a power of two */
    unsigned slots;
};

/* Which table pages have been walked at which level. Zeroes: empty. */
struct tables_seen {
    uint64_t *key;
    unsigned count, slots;
};

struct tables_walker {
    const struct inspect_machine *machine;
    const struct inspect_filter *filter; /* never NULL */
    const struct inspect_visitor *visitor;
    struct inspect_limits left;
    int result;          /* of the whole walk */
    bool repeats_told;
    unsigned routes;     /* told so far */

    unsigned unit;
    const struct inspect_unit *registers; /* of `unit` */
    uint64_t cap, ecap;
    struct tables_traits traits;

    struct tables_domains domains;
    struct tables_domains parents; /* second stages of nested domains: told once */

    /* Where the walk is, for troubles. */
    bool has_rid, has_pasid, has_domain;
    uint16_t rid;
    uint32_t pasid;
    unsigned domain;

    /* Of the domain that is being walked. */
    struct tables_seen seen;
    struct inspect_range run; /* not told yet; bytes 0: none */
    uint64_t path[LEVELS_MAX + 1];
    uint64_t page[LEVELS_MAX + 1][TABLE_WORDS];
    uint64_t second_at[LEVELS_MAX + 1]; /* what second_page holds; no address: nothing */
    uint64_t second_page[LEVELS_MAX + 1][TABLE_WORDS];

    uint64_t root[TABLE_WORDS], context[TABLE_WORDS], directory[TABLE_WORDS], pasids[TABLE_WORDS];
};

/* ---- tables_tell.c ------------------------------------------------------------------------------------------- */

bool tables_fail(struct tables_walker *walker, int result);
bool tables_tell_route(struct tables_walker *walker, struct inspect_route *route);
bool tables_tell_table(struct tables_walker *walker, enum inspect_table_role role, unsigned level, uint64_t address,
                       uint64_t bytes);
bool tables_tell_range(struct tables_walker *walker, const struct inspect_range *range);
/* A place in the tables that went wrong. */
struct tables_place {
    uint64_t address, entry, iova;
};
bool tables_trouble(struct tables_walker *walker, enum inspect_trouble_kind kind, struct tables_place place,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* A limit was reached, which is told: false, for the walk ends or at least its way through this unit. */
bool tables_limit(struct tables_walker *walker, const char *what);
/* So many entries are going to be looked at. */
bool tables_spend(struct tables_walker *walker, uint64_t entries);
enum tables_read { TABLES_READ, TABLES_MISSING, TABLES_END };
/* Copies a page of 512 words. MISSING has been told as trouble, with `what` it would have been. */
enum tables_read tables_read(struct tables_walker *walker, uint64_t address, const char *what, uint64_t iova,
                             uint64_t words[TABLE_WORDS]);

/* ---- tables_check.c ------------------------------------------------------------------------------------------ */

struct tables_flaw {
    enum inspect_trouble_kind kind;
    const char *what;
    uint64_t word;
};

/* Tells it as trouble of the device at hand. */
bool tables_flaw(struct tables_walker *walker, const char *what, uint64_t address, const struct tables_flaw *flaw);
struct tables_traits tables_traits(const struct tables_walker *walker);
/* Each: true where hardware takes the entry; else *flaw says what it objects to. Entries are present. */
bool tables_root_sound(const struct tables_walker *walker, uint64_t low, uint64_t high, struct tables_flaw *flaw);
bool tables_legacy_context_sound(const struct tables_walker *walker, const uint64_t *words, struct tables_flaw *flaw);
bool tables_context_sound(const struct tables_walker *walker, const uint64_t *words, struct tables_flaw *flaw);
bool tables_directory_sound(const struct tables_walker *walker, uint64_t entry, struct tables_flaw *flaw);
bool tables_pasid_sound(const struct tables_walker *walker, const uint64_t *words, struct tables_flaw *flaw);
bool tables_first_sound(const struct tables_traits *traits, bool nested, unsigned level, uint64_t entry,
                        struct tables_flaw *flaw);
bool tables_second_sound(const struct tables_traits *traits, unsigned level, uint64_t entry, struct tables_flaw *flaw);

/* ---- the parts ----------------------------------------------------------------------------------------------- */

bool tables_legacy_routes(struct tables_walker *walker, uint64_t root);
bool tables_scalable_routes(struct tables_walker *walker, uint64_t root);
/* Routes of one scalable context entry, which is sound. */
bool tables_pasid_routes(struct tables_walker *walker, const uint64_t *context, uint64_t context_address);
/* Fills in the domain number and tells the route. */
bool tables_add_route(struct tables_walker *walker, struct inspect_route *route);
bool tables_walk_domain(struct tables_walker *walker, unsigned domain);

/* tables_domains.c. The number of this set, added where it is new (*fresh); -1: no memory. */
long tables_intern(struct tables_domains *domains, const struct tables_domain *domain, bool *fresh);
void tables_domains_free(struct tables_domains *domains);
/* 1: added, 0: was there, -1: no memory. */
int tables_see(struct tables_seen *seen, uint64_t table, unsigned level);
void tables_seen_clear(struct tables_seen *seen);

/* tables_pages.c: a run of pages of the domain at hand; told when the next one does not continue it. */
bool tables_add_range(struct tables_walker *walker, const struct inspect_range *range);

/* tables_second.c */
struct tables_second {
    enum { SECOND_MAPPED, SECOND_NONE, SECOND_ABSENT, SECOND_END } outcome;
    uint64_t pa;  /* of the address itself */
    unsigned lg2; /* what the answer covers, mapped or not */
    bool read, write;
};
struct tables_second tables_second_look(struct tables_walker *walker, const struct tables_domain *domain,
                                        uint64_t address);
/* A first-stage leaf: told in pieces as the second stage maps them. */
bool tables_second_pieces(struct tables_walker *walker, const struct tables_domain *domain,
                          const struct inspect_range *leaf);

unsigned tables_second_bits(const struct tables_domain *domain);

#endif
