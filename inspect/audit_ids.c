/* SPDX-License-Identifier: MIT */
/*
 * audit_ids.c - routes against one another: does each domain id stand for one table, each table for one id, each PASID
 * table for one device? Caches tag what they keep by domain id, with first-stage tables also by PASID.
 */
#include "inspect/audit_state.h"

#include <stdlib.h>

static bool first_stage(const struct audit_route *route)
{
    return route->kind == INSPECT_KIND_FIRST;
}

static bool second_stage(const struct audit_route *route)
{
    return route->kind == INSPECT_KIND_SECOND || route->kind == INSPECT_KIND_NESTED;
}

/* The second-stage table behind a route that has one. */
static uint64_t second_top(const struct audit_route *route)
{
    return route->kind == INSPECT_KIND_NESTED ? route->second_top : route->top;
}

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

typedef int order_fn(const void *a, const void *b);

/* Pointers to the routes that requests reach, in an order; the caller's. NULL: no memory. */
static const struct audit_route **sorted(struct audit *audit, order_fn *order, size_t *count)
{
    const struct audit_route **list = calloc(audit->routes.count + 1, sizeof(void *));
    *count = 0;
    if (list == NULL) {
        audit->no_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < audit->routes.count; i++)
        if (!audit_route_at(audit, i)->blocked)
            list[(*count)++] = audit_route_at(audit, i);
    qsort(list, *count, sizeof(void *), order);
    return list;
}

/* ---- what a domain id stands for */

static int by_second(const void *a, const void *b)
{
    const struct audit_route *x = *(const struct audit_route *const *)a, *y = *(const struct audit_route *const *)b;
    int result = compare(x->unit, y->unit);
    if (result == 0)
        result = compare(x->did, y->did);
    if (result == 0)
        result = compare(second_stage(x), second_stage(y));
    return result != 0 ? result : compare(second_top(x), second_top(y));
}

static int by_first(const void *a, const void *b)
{
    const struct audit_route *x = *(const struct audit_route *const *)a, *y = *(const struct audit_route *const *)b;
    int result = compare(x->unit, y->unit);
    if (result == 0)
        result = compare(x->did, y->did);
    if (result == 0)
        result = compare(x->pasid, y->pasid);
    if (result == 0)
        result = compare(first_stage(x), first_stage(y));
    return result != 0 ? result : compare(x->top, y->top);
}

static bool same_id(const struct audit_route *x, const struct audit_route *y)
{
    return x->unit == y->unit && x->did == y->did;
}

static void say_two_tables(struct audit *audit, const struct audit_route *x, const struct audit_route *y, uint64_t top)
{
    struct inspect_bdf other = {audit_registers(audit, x->unit)->segment, x->rid};
    char text[INSPECT_BDF_TEXT];
    audit_of_route(audit,
                   audit_find(audit, AUDIT_DID_TWO_TABLES,
                              "domain id %u has the table %#llx here (entry %#llx) and another, %#llx, for %s (entry "
                              "%#llx)",
                              y->did, (unsigned long long)top, (unsigned long long)y->entry_address,
                              (unsigned long long)(first_stage(x) ? x->top : second_top(x)),
                              inspect_bdf_print(other, text), (unsigned long long)x->entry_address),
                   y);
}

static void say_stages(struct audit *audit, const struct audit_route *x, const struct audit_route *y)
{
    struct inspect_bdf other = {audit_registers(audit, x->unit)->segment, x->rid};
    char text[INSPECT_BDF_TEXT];
    audit_of_route(audit,
                   audit_find(audit, AUDIT_DID_STAGES,
                              "domain id %u is %s here (entry %#llx) and %s for %s (entry %#llx)", y->did,
                              inspect_kind_name(y->kind), (unsigned long long)y->entry_address,
                              inspect_kind_name(x->kind), inspect_bdf_print(other, text),
                              (unsigned long long)x->entry_address),
                   y);
}

/* Each id once: the first two that differ. */
static void check_second(struct audit *audit)
{
    size_t count;
    const struct audit_route **list = sorted(audit, by_second, &count);
    for (size_t i = 1, told = 0; i < count; i++) {
        const struct audit_route *x = list[i - 1], *y = list[i];
        if (!same_id(x, y) || (told != 0 && same_id(list[told], y)))
            continue;
        if (second_stage(x) != second_stage(y))
            say_stages(audit, x, y);
        else if (second_stage(y) && second_top(x) != second_top(y))
            say_two_tables(audit, x, y, second_top(y));
        else
            continue;
        told = i;
    }
    free(list);
}

static void check_first(struct audit *audit)
{
    size_t count;
    const struct audit_route **list = sorted(audit, by_first, &count);
    for (size_t i = 1, told = 0; i < count; i++) {
        const struct audit_route *x = list[i - 1], *y = list[i];
        if (!same_id(x, y) || x->pasid != y->pasid || !first_stage(x) || !first_stage(y) || x->top == y->top)
            continue;
        if (told == 0 || !same_id(list[told], y))
            say_two_tables(audit, x, y, y->top);
        told = i;
    }
    free(list);
}

/* ---- which ids a table has */

static int by_table(const void *a, const void *b)
{
    const struct audit_route *x = *(const struct audit_route *const *)a, *y = *(const struct audit_route *const *)b;
    int result = compare(x->unit, y->unit);
    if (result == 0)
        result = compare(x->domain, y->domain);
    return result != 0 ? result : compare(x->did, y->did);
}

static void check_tables(struct audit *audit)
{
    size_t count;
    const struct audit_route **list = sorted(audit, by_table, &count);
    for (size_t i = 1, told = 0; i < count; i++) {
        const struct audit_route *x = list[i - 1], *y = list[i];
        if (x->unit != y->unit || x->domain != y->domain || x->did == y->did || y->kind == INSPECT_KIND_PASS)
            continue;
        if (told != 0 && list[told]->unit == y->unit && list[told]->domain == y->domain)
            continue;
        told = i;
        audit_of_route(audit,
                       audit_find(audit, AUDIT_TABLE_TWO_DIDS,
                                  "the table %#llx has domain id %u (entry %#llx) and %u (entry %#llx)",
                                  (unsigned long long)y->top, y->did, (unsigned long long)y->entry_address, x->did,
                                  (unsigned long long)x->entry_address),
                       y);
    }
    free(list);
}

/* ---- whose PASID table it is */

static int by_directory(const void *a, const void *b)
{
    const struct audit_route *x = *(const struct audit_route *const *)a, *y = *(const struct audit_route *const *)b;
    int result = compare(x->unit, y->unit);
    if (result == 0)
        result = compare(x->directory, y->directory);
    return result != 0 ? result : compare(x->rid, y->rid);
}

/* Functions of one slot, or a bridge's requests as (bus, 0.0), may well be one device under several names. */
static bool may_be_aliases(uint16_t x, uint16_t y)
{
    return (x >> 8) == (y >> 8) && ((x >> 3) == (y >> 3) || (x & 0xff) == 0 || (y & 0xff) == 0);
}

static void check_directories(struct audit *audit)
{
    size_t count;
    const struct audit_route **list = sorted(audit, by_directory, &count);
    for (size_t i = 1; i < count; i++) {
        const struct audit_route *x = list[i - 1], *y = list[i];
        struct inspect_bdf other = {audit_registers(audit, x->unit)->segment, x->rid};
        char text[INSPECT_BDF_TEXT];
        if (x->unit != y->unit || x->directory != y->directory || y->directory == 0 || x->rid == y->rid)
            continue;
        struct inspect_finding *finding = audit_find(
            audit, AUDIT_PASID_SHARED, "the context entry at %#llx is %#llx, and that of %s at %#llx is %#llx",
            (unsigned long long)y->context_address, (unsigned long long)y->context, inspect_bdf_print(other, text),
            (unsigned long long)x->context_address, (unsigned long long)x->context);
        audit_of_device(audit, finding, y->unit, y->rid);
        if (may_be_aliases(x->rid, y->rid))
            audit_severity(finding, INSPECT_INFO);
    }
    free(list);
}

void audit_ids(struct audit *audit)
{
    check_second(audit);
    check_first(audit);
    check_tables(audit);
    check_directories(audit);
}
