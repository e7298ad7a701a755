/* SPDX-License-Identifier: MIT */
/*
 * audit_share.c - memory that two domains reach, at least one of them writing.
 *
 * One sweep over the spans of all domains in the order of physical addresses. The domains whose spans are open are kept
 * in a list for each right, so that a stretch that many domains share costs no more than one that two share; it is told
 * with the first two of them.
 */
#include "inspect/audit_state.h"

#include <stdio.h>
#include <stdlib.h>

#define NOBODY    UINT32_MAX
#define PAIRS_MAX 256u /* of domains, that are told apart */

/* A span begins or ends. */
struct edge {
    uint64_t at; /* of an end: behind its last address, 0 for the end of the address space */
    uint32_t domain;
    uint8_t right;
    bool end;
};

/* Domains that are open with one right; the links are by domain number. */
struct open {
    uint32_t head, count;
    uint32_t *next, *before;
};

/* What a pair of domains shares. */
struct pair {
    uint32_t one, other;
    bool both_write;
    uint64_t bytes, at;
    uint32_t domains; /* that share some of it */
};

struct sweep {
    struct audit *audit;
    struct open open[AUDIT_RIGHTS];
    struct edge *edge;
    size_t edges;
    struct pair pair[PAIRS_MAX];
    unsigned pairs;
};

/* ---- the lists */

static void enter(struct open *open, uint32_t domain)
{
    open->next[domain] = open->head;
    open->before[domain] = NOBODY;
    if (open->head != NOBODY)
        open->before[open->head] = domain;
    open->head = domain;
    open->count++;
}

static void leave(struct open *open, uint32_t domain)
{
    uint32_t next = open->next[domain], before = open->before[domain];
    if (before != NOBODY)
        open->next[before] = next;
    else
        open->head = next;
    if (next != NOBODY)
        open->before[next] = before;
    open->count--;
}

/* ---- pairs */

static struct pair *pair_of(struct sweep *sweep, uint32_t one, uint32_t other, bool both_write)
{
    uint32_t low = one < other ? one : other, high = one < other ? other : one;
    if (!both_write) { /* who writes comes first */
        low = one;
        high = other;
    }
    for (unsigned i = 0; i < sweep->pairs; i++) {
        struct pair *pair = &sweep->pair[i];
        if (pair->one == low && pair->other == high && pair->both_write == both_write)
            return pair;
    }
    if (sweep->pairs == PAIRS_MAX)
        return NULL;
    sweep->pair[sweep->pairs] = (struct pair){.one = low, .other = high, .both_write = both_write};
    return &sweep->pair[sweep->pairs++];
}

/* [first, behind) is open to these. */
static void note(struct sweep *sweep, uint64_t first, uint64_t behind)
{
    const struct open *writers = &sweep->open[AUDIT_WRITE], *all = &sweep->open[AUDIT_REACH];
    struct pair *pair;
    if (writers->count == 0 || all->count < 2 || audit_in_region(sweep->audit, first, behind - 1))
        return;
    if (writers->count >= 2) {
        pair = pair_of(sweep, writers->head, writers->next[writers->head], true);
    } else {
        uint32_t reader = all->head != writers->head ? all->head : all->next[all->head];
        pair = pair_of(sweep, writers->head, reader, false);
    }
    if (pair == NULL)
        return;
    if (pair->bytes == 0)
        pair->at = first;
    pair->bytes += behind - first;
    pair->domains = all->count > pair->domains ? all->count : pair->domains;
}

/* ---- the sweep */

/* The end of the address space is last. A domain's spans do not touch, so the order at one place does not matter. */
static int by_place(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    bool x_top = x->end && x->at == 0, y_top = y->end && y->at == 0;
    if (x_top != y_top)
        return x_top ? 1 : -1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static void collect(struct sweep *sweep, unsigned right)
{
    const struct audit_span *span = sweep->audit->spans[right].item;
    for (size_t i = 0; i < sweep->audit->spans[right].count; i++) {
        sweep->edge[sweep->edges++] = (struct edge){span[i].first, span[i].domain, (uint8_t)right, false};
        sweep->edge[sweep->edges++] = (struct edge){span[i].last + 1, span[i].domain, (uint8_t)right, true};
    }
}

static void run(struct sweep *sweep)
{
    qsort(sweep->edge, sweep->edges, sizeof *sweep->edge, by_place);
    for (size_t i = 0; i < sweep->edges; i++) {
        const struct edge *edge = &sweep->edge[i];
        if (i > 0 && edge->at != edge[-1].at)
            note(sweep, edge[-1].at, edge->at);
        if (edge->end)
            leave(&sweep->open[edge->right], edge->domain);
        else
            enter(&sweep->open[edge->right], edge->domain);
    }
}

/* Where the domain has the first frame of the pair. */
static uint64_t input_of(const struct audit *audit, uint32_t domain, const struct pair *pair, enum audit_right right)
{
    const struct inspect_range *range = audit_range_to(audit, domain, pair->at, pair->at, right);
    return range == NULL ? 0 : range->iova + (pair->at - range->pa);
}

static void tell(struct audit *audit, const struct pair *pair)
{
    const struct audit_route *one = audit_route_of(audit, pair->one), *other = audit_route_of(audit, pair->other);
    struct inspect_bdf device = {audit_registers(audit, other->unit)->segment, other->rid};
    char text[INSPECT_BDF_TEXT], pasid[24] = "";
    if (other->has_pasid)
        snprintf(pasid, sizeof pasid, " PASID %u", other->pasid);
    audit_of_route(audit,
                   audit_find(audit, pair->both_write ? AUDIT_FRAME_WRITABLE : AUDIT_FRAME_READABLE,
                              "%llu KiB from %#llx on; writable here at %#llx, can be %s by %s%s at %#llx; %u domains "
                              "reach it",
                              (unsigned long long)(pair->bytes >> 10), (unsigned long long)pair->at,
                              (unsigned long long)input_of(audit, pair->one, pair, AUDIT_WRITE),
                              pair->both_write ? "written" : "read", inspect_bdf_print(device, text), pasid,
                              (unsigned long long)input_of(audit, pair->other, pair,
                                                           pair->both_write ? AUDIT_WRITE : AUDIT_REACH),
                              pair->domains),
                   one);
}

static bool prepare(struct sweep *sweep)
{
    const struct audit *audit = sweep->audit;
    size_t domains = audit->domains.count + 1, spans = 0;
    for (unsigned right = 0; right < AUDIT_RIGHTS; right++) {
        spans += audit->spans[right].count;
        sweep->open[right] = (struct open){.head = NOBODY};
        sweep->open[right].next = calloc(domains, sizeof *sweep->open[right].next);
        sweep->open[right].before = calloc(domains, sizeof *sweep->open[right].before);
    }
    sweep->edge = calloc(2 * spans + 1, sizeof *sweep->edge);
    return sweep->edge != NULL && sweep->open[AUDIT_REACH].next != NULL && sweep->open[AUDIT_REACH].before != NULL &&
           sweep->open[AUDIT_WRITE].next != NULL && sweep->open[AUDIT_WRITE].before != NULL;
}

void audit_share(struct audit *audit)
{
    struct sweep *sweep = calloc(1, sizeof *sweep);
    if (sweep == NULL) {
        audit->no_memory = true;
        return;
    }
    sweep->audit = audit;
    if (prepare(sweep)) {
        for (unsigned right = 0; right < AUDIT_RIGHTS; right++)
            collect(sweep, right);
        run(sweep);
        for (unsigned i = 0; i < sweep->pairs; i++)
            tell(audit, &sweep->pair[i]);
    } else {
        audit->no_memory = true;
    }
    for (unsigned right = 0; right < AUDIT_RIGHTS; right++) {
        free(sweep->open[right].next);
        free(sweep->open[right].before);
    }
    free(sweep->edge);
    free(sweep);
}
