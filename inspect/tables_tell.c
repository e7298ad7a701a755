/* SPDX-License-Identifier: MIT */
/* tables_tell.c - what goes out of a walk to its visitor and what comes in from the dump, within limits. */
#include "inspect/tables_walker.h"

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool tables_fail(struct tables_walker *walker, int result)
{
    walker->result = result;
    return false;
}

static bool go_on(struct tables_walker *walker, bool wanted)
{
    return wanted || tables_fail(walker, -ECANCELED);
}

bool tables_tell_route(struct tables_walker *walker, struct inspect_route *route)
{
    const struct inspect_visitor *visitor = walker->visitor;
    if (walker->left.routes == 0)
        return tables_limit(walker, "routes");
    walker->left.routes--;
    route->index = walker->routes++;
    return visitor->route == NULL || go_on(walker, visitor->route(visitor->ctx, route));
}

bool tables_tell_table(struct tables_walker *walker, enum inspect_table_role role, unsigned level, uint64_t address,
                       uint64_t bytes)
{
    const struct inspect_visitor *visitor = walker->visitor;
    struct inspect_table table = {
        .role = role,
        .unit = walker->unit,
        .level = level,
        .domain = walker->has_domain ? walker->domain : 0,
        .address = address,
        .bytes = bytes,
    };
    return visitor->table == NULL || go_on(walker, visitor->table(visitor->ctx, &table));
}

bool tables_tell_range(struct tables_walker *walker, const struct inspect_range *range)
{
    const struct inspect_visitor *visitor = walker->visitor;
    return visitor->range == NULL || go_on(walker, visitor->range(visitor->ctx, range));
}

/* ---- trouble --------------------------------------------------------------------------------------------------- */

static bool tell_trouble(struct tables_walker *walker, const struct inspect_trouble *trouble)
{
    const struct inspect_visitor *visitor = walker->visitor;
    return visitor->trouble == NULL || go_on(walker, visitor->trouble(visitor->ctx, trouble));
}

static struct inspect_trouble here(const struct tables_walker *walker, enum inspect_trouble_kind kind,
                                   struct tables_place place)
{
    return (struct inspect_trouble){
        .kind = kind,
        .unit = walker->unit,
        .has_rid = walker->has_rid,
        .has_pasid = walker->has_pasid,
        .rid = walker->rid,
        .pasid = walker->pasid,
        .has_domain = walker->has_domain,
        .domain = walker->domain,
        .address = place.address,
        .entry = place.entry,
        .iova = place.iova,
    };
}

/* One more than `troubles` are told; the last one says that there would be more. */
bool tables_trouble(struct tables_walker *walker, enum inspect_trouble_kind kind, struct tables_place place,
                    const char *format, ...)
{
    struct inspect_trouble trouble = here(walker, kind, place);
    va_list arguments;
    if (walker->left.troubles == UINT64_MAX)
        return true;
    if (walker->left.troubles-- == 0) {
        trouble.kind = INSPECT_TROUBLE_LIMIT;
        snprintf(trouble.text, sizeof trouble.text, "there is more trouble than is told here");
        return tell_trouble(walker, &trouble);
    }
    va_start(arguments, format);
    vsnprintf(trouble.text, sizeof trouble.text, format, arguments);
    va_end(arguments);
    return tell_trouble(walker, &trouble);
}

bool tables_flaw(struct tables_walker *walker, const char *what, uint64_t address, const struct tables_flaw *flaw)
{
    struct tables_place place = {address, flaw->word, 0};
    return tables_trouble(walker, flaw->kind, place, "the %s at %#llx %s (%#llx)", what, (unsigned long long)address,
                          flaw->what, (unsigned long long)flaw->word);
}

bool tables_limit(struct tables_walker *walker, const char *what)
{
    struct inspect_trouble trouble = here(walker, INSPECT_TROUBLE_LIMIT, (struct tables_place){0, 0, 0});
    snprintf(trouble.text, sizeof trouble.text, "too many %s: there is more than is told here", what);
    tell_trouble(walker, &trouble);
    return false;
}

bool tables_spend(struct tables_walker *walker, uint64_t entries)
{
    if (walker->left.entries < entries)
        return tables_limit(walker, "table entries");
    walker->left.entries -= entries;
    return true;
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

enum tables_read tables_read(struct tables_walker *walker, uint64_t address, const char *what, uint64_t iova,
                             uint64_t words[TABLE_WORDS])
{
    struct tables_place place = {address, 0, iova};
    int result = -ENODATA;
    bool told;
    if (!tables_spend(walker, TABLE_WORDS))
        return TABLES_END;
    const void *page = inspect_memory_page(walker->machine->memory, address, &result);
    if (page != NULL) {
        memcpy(words, page, TABLE_WORDS * sizeof *words);
        for (unsigned i = 0; i < TABLE_WORDS; i++)
            words[i] = le64toh(words[i]);
        return TABLES_READ;
    }
    if (result == -ENODATA)
        told = tables_trouble(walker, INSPECT_TROUBLE_ABSENT, place, "the %s at %#llx is not in the dump", what,
                              (unsigned long long)address);
    else
        told = tables_trouble(walker, INSPECT_TROUBLE_UNREADABLE, place, "the %s at %#llx could not be read", what,
                              (unsigned long long)address);
    return told ? TABLES_MISSING : TABLES_END;
}
