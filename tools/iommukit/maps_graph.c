/* SPDX-License-Identifier: MIT */
/*
 * maps_graph.c - see maps_graph.h: collecting ranges, finding what domains of different devices share, and blocks.
 *
 * Memory is shared where two domains reach it that do not belong to one and the same device. Pass-through reaches
 * everything; it is drawn, but does not make all memory shared.
 */
#include "maps_graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RANGES_MAX ((size_t)1 << 21)

struct span {
    uint64_t first, last;
    uint32_t domain;
    bool write, shared;
};

/* A place in memory where a domain's reach begins or ends. */
struct event {
    uint64_t at;
    uint32_t domain;
    int32_t step;
};

struct maps_graph {
    struct span *span;
    size_t count, room;
    bool cut;
};

struct maps_graph *maps_graph_new(void)
{
    return calloc(1, sizeof(struct maps_graph));
}

void maps_graph_free(struct maps_graph *graph)
{
    if (graph != NULL)
        free(graph->span);
    free(graph);
}

bool maps_graph_range(struct maps_graph *graph, const struct inspect_range *range)
{
    if (graph->count == RANGES_MAX) {
        graph->cut = true;
        return true;
    }
    if (graph->count == graph->room) {
        size_t room = graph->room ? graph->room * 2 : 256;
        struct span *more = realloc(graph->span, room * sizeof *more);
        if (more == NULL)
            return false;
        graph->span = more;
        graph->room = room;
    }
    graph->span[graph->count++] =
        (struct span){range->pa, range->pa + (range->bytes - 1), range->domain, range->write, false};
    return true;
}

/* ---- sweeping over memory -------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return 0;
}

/* A domain that one device alone has. */
struct sole {
    uint32_t device, domain;
};

static int by_device(const void *a, const void *b)
{
    const struct sole *x = a, *y = b;
    return x->device < y->device ? -1 : x->device > y->device;
}

static uint32_t device_key(const struct maps_route *route)
{
    return (uint32_t)route->device.segment << 16 | route->device.rid;
}

static bool one_device(const struct maps *maps, uint32_t domain)
{
    uint32_t first = maps->domain[domain].first;
    for (uint32_t i = first; i != MAPS_NONE; i = maps->route[i].next)
        if (device_key(&maps->route[i]) != device_key(&maps->route[first]))
            return false;
    return true;
}

/* Domains of one and the same device alone have the same owner, each other one its own. Fewer owners than domains. */
static bool find_owners(const struct maps *maps, uint32_t *owner)
{
    struct sole *sole = calloc(maps->domains + 1, sizeof *sole);
    uint32_t owners = 0;
    size_t count = 0;
    if (sole == NULL)
        return false;
    for (uint32_t i = 0; i < maps->domains; i++) {
        if (one_device(maps, i))
            sole[count++] = (struct sole){device_key(&maps->route[maps->domain[i].first]), i};
        else
            owner[i] = owners++;
    }
    qsort(sole, count, sizeof *sole, by_device);
    for (size_t i = 0; i < count; i++) {
        owners += i == 0 || sole[i].device != sole[i - 1].device;
        owner[sole[i].domain] = owners - 1;
    }
    free(sole);
    return true;
}

/* How far the sweep has come: which domains and owners reach the place. */
struct sweep {
    uint32_t *owner;  /* of each domain */
    uint32_t *inside; /* how often each domain, then how often each owner reaches it */
    uint32_t owners;  /* different ones */
    struct graph_block *piece; /* all shared or not at all */
    size_t pieces, room;
    uint64_t *before;          /* shared bytes before each piece, and one more for all */
};

static void step(struct sweep *sweep, size_t domains, const struct event *event)
{
    uint32_t *owner = &sweep->inside[domains + sweep->owner[event->domain]];
    sweep->inside[event->domain] += (uint32_t)event->step;
    if (event->step > 0 && sweep->inside[event->domain] == 1)
        sweep->owners += (*owner)++ == 0;
    if (event->step < 0 && sweep->inside[event->domain] == 0)
        sweep->owners -= --*owner == 0;
}

/* Pieces of memory are reached by one owner or shared; neighbours of the same kind are one. */
static bool add_piece(struct sweep *sweep, uint64_t first, uint64_t last)
{
    bool shared = sweep->owners > 1;
    uint64_t bytes = last - first + 1;
    struct graph_block *before = sweep->pieces ? &sweep->piece[sweep->pieces - 1] : NULL;
    if (before != NULL && before->last + 1 == first && (before->shared != 0) == shared) {
        before->last = last;
        before->reached += bytes;
        before->shared += shared ? bytes : 0;
        return true;
    }
    if (sweep->pieces == sweep->room) {
        size_t room = sweep->room ? sweep->room * 2 : 256;
        struct graph_block *more = realloc(sweep->piece, room * sizeof *more);
        if (more == NULL)
            return false;
        sweep->piece = more;
        sweep->room = room;
    }
    sweep->piece[sweep->pieces++] = (struct graph_block){first, last, bytes, shared ? bytes : 0};
    return true;
}

static bool run_sweep(struct sweep *sweep, size_t domains, const struct event *event, size_t events)
{
    size_t i = 0;
    while (i < events) {
        uint64_t at = event[i].at;
        for (; i < events && event[i].at == at; i++)
            step(sweep, domains, &event[i]);
        if (i < events && sweep->owners != 0 && !add_piece(sweep, at, event[i].at - 1))
            return false;
    }
    return true;
}

static bool is_pass(const struct maps *maps, uint32_t domain)
{
    return maps->domain[domain].kind == INSPECT_KIND_PASS;
}

static size_t make_events(const struct maps *maps, struct event *event)
{
    const struct maps_graph *graph = maps->graph;
    size_t events = 0;
    for (size_t i = 0; i < graph->count; i++) {
        const struct span *span = &graph->span[i];
        if (is_pass(maps, span->domain))
            continue;
        event[events++] = (struct event){span->first, span->domain, 1};
        event[events++] = (struct event){span->last + 1, span->domain, -1};
    }
    qsort(event, events, sizeof *event, by_place);
    return events;
}

static bool sum_shared(struct sweep *sweep)
{
    sweep->before = calloc(sweep->pieces + 1, sizeof *sweep->before);
    for (size_t i = 0; sweep->before != NULL && i < sweep->pieces; i++)
        sweep->before[i + 1] = sweep->before[i] + sweep->piece[i].shared;
    return sweep->before != NULL;
}

/* The pieces of memory in ascending order; they are the caller's. False: no memory. */
static bool find_pieces(const struct maps *maps, struct sweep *sweep)
{
    struct event *event = calloc(maps->graph->count * 2 + 1, sizeof *event);
    sweep->owner = calloc(maps->domains + 1, sizeof *sweep->owner);
    sweep->inside = calloc(maps->domains * 2 + 1, sizeof *sweep->inside);
    bool fine = event != NULL && sweep->owner != NULL && sweep->inside != NULL && find_owners(maps, sweep->owner) &&
                run_sweep(sweep, maps->domains, event, make_events(maps, event)) && sum_shared(sweep);
    free(event);
    free(sweep->owner);
    free(sweep->inside);
    return fine;
}

/* ---- blocks ---------------------------------------------------------------------------------------------------- */

/* Joins neighbours with a gap of at most `gap`; those that are shared and those that are not only if `mixed`. */
static size_t join(struct graph_block *piece, size_t pieces, uint64_t gap, bool mixed)
{
    size_t kept = 0;
    for (size_t i = 1; i < pieces; i++) {
        struct graph_block *before = &piece[kept];
        bool alike = (before->shared != 0) == (piece[i].shared != 0);
        if (piece[i].first - before->last - 1 > gap || (!alike && !mixed)) {
            piece[++kept] = piece[i];
            continue;
        }
        before->last = piece[i].last;
        before->reached += piece[i].reached;
        before->shared += piece[i].shared;
    }
    return pieces ? kept + 1 : 0;
}

/* As few as fit: first what is close together, in the end what is shared with what is not. */
static void make_blocks(struct sweep *sweep, struct graph_plan *plan)
{
    size_t pieces = sweep->pieces;
    for (unsigned lg2 = 12; pieces > GRAPH_BLOCKS && lg2 < 64; lg2++)
        pieces = join(sweep->piece, pieces, (uint64_t)1 << lg2, lg2 > 30);
    plan->blocks = pieces < GRAPH_BLOCKS ? (unsigned)pieces : GRAPH_BLOCKS;
    if (plan->blocks != 0)
        memcpy(plan->block, sweep->piece, plan->blocks * sizeof *plan->block);
}

/* ---- nodes ----------------------------------------------------------------------------------------------------- */

/* Shared bytes below an address. */
static uint64_t shared_below(const struct sweep *sweep, uint64_t address)
{
    size_t low = 0, high = sweep->pieces;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sweep->piece[middle].last < address)
            low = middle + 1;
        else
            high = middle;
    }
    uint64_t bytes = sweep->before[low];
    if (low < sweep->pieces && sweep->piece[low].first < address && sweep->piece[low].shared != 0)
        bytes += address - sweep->piece[low].first;
    return bytes;
}

static uint64_t shared_bytes(const struct sweep *sweep, uint64_t first, uint64_t last)
{
    return shared_below(sweep, last + 1) - shared_below(sweep, first);
}

static void give_node(struct graph_plan *plan, uint32_t *node_of, uint32_t domain)
{
    plan->node[plan->nodes] = (struct graph_node){.domain = domain};
    node_of[domain] = plan->nodes++;
}

/* Domains that share come first, then pass-through and the others in their order. */
static void choose_nodes(const struct maps *maps, const bool *shares, struct graph_plan *plan, uint32_t *node_of)
{
    unsigned room = maps->domains <= GRAPH_DOMAINS ? (unsigned)maps->domains : GRAPH_DOMAINS;
    for (uint32_t i = 0; i < maps->domains; i++)
        node_of[i] = GRAPH_REST;
    for (unsigned pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < maps->domains && plan->nodes < room; i++)
            if (node_of[i] == GRAPH_REST && (pass == 1 || shares[i] || is_pass(maps, i)))
                give_node(plan, node_of, i);
    plan->rest = (uint32_t)maps->domains - plan->nodes;
    if (plan->rest != 0)
        plan->node[plan->nodes++] = (struct graph_node){.domain = MAPS_NONE};
}

static void add_reach(struct graph_plan *plan, struct graph_node *node, const struct span *span,
                      const struct sweep *sweep)
{
    for (unsigned i = 0; i < plan->blocks; i++) {
        const struct graph_block *block = &plan->block[i];
        if (span->first > block->last || span->last < block->first)
            continue;
        uint64_t from = block->first > span->first ? block->first : span->first;
        uint64_t to = block->last < span->last ? block->last : span->last;
        node->reach[i].bytes += to - from + 1;
        node->reach[i].shared += span->shared ? shared_bytes(sweep, from, to) : 0;
        node->reach[i].write = node->reach[i].write || span->write;
    }
}

static void fill_nodes(const struct maps *maps, const struct sweep *sweep, struct graph_plan *plan,
                       const uint32_t *node_of)
{
    for (size_t i = 0; i < maps->graph->count; i++) {
        const struct span *span = &maps->graph->span[i];
        struct graph_node *node = &plan->node[node_of[span->domain]];
        if (is_pass(maps, span->domain))
            continue;
        node->bytes += span->last - span->first + 1;
        add_reach(plan, node, span, sweep);
    }
    for (unsigned i = 0; i < plan->nodes; i++)
        for (unsigned k = 0; k < plan->blocks; k++)
            plan->node[i].shared += plan->node[i].reach[k].shared;
}

/* Pieces stay as they are while blocks are made of a copy, so that what is shared stays exact. */
static bool fill_plan(const struct maps *maps, struct sweep *sweep, struct graph_plan *plan)
{
    struct sweep copy = {.pieces = sweep->pieces};
    bool *shares = calloc(maps->domains + 1, sizeof *shares);
    uint32_t *node_of = calloc(maps->domains + 1, sizeof *node_of);
    copy.piece = calloc(sweep->pieces + 1, sizeof *copy.piece);
    bool fine = shares != NULL && node_of != NULL && copy.piece != NULL;
    if (fine) {
        if (sweep->pieces != 0)
            memcpy(copy.piece, sweep->piece, sweep->pieces * sizeof *copy.piece);
        make_blocks(&copy, plan);
        for (size_t i = 0; i < maps->graph->count; i++) {
            struct span *span = &maps->graph->span[i];
            span->shared = !is_pass(maps, span->domain) && shared_bytes(sweep, span->first, span->last) != 0;
            shares[span->domain] = shares[span->domain] || span->shared;
        }
        choose_nodes(maps, shares, plan, node_of);
        fill_nodes(maps, sweep, plan, node_of);
    }
    free(copy.piece);
    free(shares);
    free(node_of);
    return fine;
}

bool maps_graph_plan(const struct maps *maps, struct graph_plan *plan)
{
    struct sweep sweep = {.owners = 0};
    *plan = (struct graph_plan){.cut = maps->graph->cut || maps->truncated};
    bool fine = find_pieces(maps, &sweep) && fill_plan(maps, &sweep, plan);
    free(sweep.piece);
    free(sweep.before);
    return fine;
}

bool maps_graph_write(const struct maps *maps, const char *path)
{
    struct graph_plan *plan = calloc(1, sizeof *plan);
    FILE *out = NULL;
    errno = ENOMEM;
    if (plan != NULL && maps_graph_plan(maps, plan))
        out = fopen(path, "w");
    if (out != NULL)
        maps_graph_draw(maps, plan, out);
    free(plan);
    bool fine = out != NULL && !ferror(out);
    return out != NULL && fclose(out) == 0 && fine;
}
