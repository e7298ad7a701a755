/* SPDX-License-Identifier: MIT */
/*
 * maps_graph.h - what `maps --graph` draws: ways in, domains, and blocks of physical memory.
 *
 * Everything is collected exactly, so that what is shared is exact, and then brought down to what fits on a page:
 * neighbouring memory becomes one block, the least interesting domains one node.
 */
#ifndef TOOLS_MAPS_GRAPH_H
#define TOOLS_MAPS_GRAPH_H

#include "maps.h"

#define GRAPH_BLOCKS  28u
#define GRAPH_DOMAINS 24u
#define GRAPH_REST    (GRAPH_DOMAINS) /* the node of all domains that have none of their own */

/* Memory that some domain maps. */
struct graph_block {
    uint64_t first, last;
    uint64_t reached, shared; /* bytes of it */
};

/* What one node reaches in one block. */
struct graph_reach {
    uint64_t bytes, shared;
    bool write;
};

struct graph_node {
    uint32_t domain;        /* of struct maps; MAPS_NONE: the rest */
    uint64_t bytes, shared; /* mapped; pass-through: 0 */
    struct graph_reach reach[GRAPH_BLOCKS];
};

struct graph_plan {
    struct graph_block block[GRAPH_BLOCKS];
    unsigned blocks;
    struct graph_node node[GRAPH_DOMAINS + 1];
    unsigned nodes;
    uint32_t rest; /* domains in the last node, if it is GRAPH_REST's */
    bool cut;      /* there were more ranges than are kept */
};

/* maps_graph.c: false: no memory. */
bool maps_graph_plan(const struct maps *maps, struct graph_plan *plan);
/* maps_graph_svg.c */
void maps_graph_draw(const struct maps *maps, const struct graph_plan *plan, FILE *out);

#endif
