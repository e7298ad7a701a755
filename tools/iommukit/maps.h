/* SPDX-License-Identifier: MIT */
/* maps.h - `iommukit maps`: everything that the remapping tables in a dump let devices reach. */
#ifndef TOOLS_MAPS_H
#define TOOLS_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "inspect/bdf.h"
#include "inspect/tables.h"
#include "source.h"

#define MAPS_NONE UINT32_MAX

struct maps_options {
    struct source_options source;
    struct inspect_filter filter; /* --device, --pasid */
    bool json;
    const char *graph; /* --graph; NULL: none */
    uint64_t limit;    /* mappings told at most */
};

/* A route, without what its domain has too: there may be millions. */
struct maps_route {
    uint32_t domain, next; /* of the same domain; MAPS_NONE: no more */
    uint32_t pasid;
    struct inspect_bdf device;
    uint16_t did;
    bool has_pasid, blocked, supervisor, privileged, write_protect, ats;
};

struct maps_domain {
    uint32_t first, last, routes;
    enum inspect_kind kind;
    uint8_t levels, second_levels;
    uint64_t top, second_top;
};

struct maps_graph;

struct maps {
    const struct maps_options *options;
    const struct inspect_registers *registers;
    struct maps_route *route;
    size_t routes, route_room;
    struct maps_domain *domain;
    size_t domains, domain_room;
    struct inspect_trouble *trouble;
    size_t troubles, trouble_room;
    uint64_t told;      /* mappings */
    uint32_t heading;   /* text: the domain whose ranges are being told */
    bool begun;         /* something has been written */
    bool out_of_memory, truncated;
    struct maps_graph *graph; /* NULL: none is wanted */
};

int maps_main(int argc, char **argv);

/* What the route's requests may do there. */
void maps_rights(const struct maps *maps, const struct maps_route *route, const struct inspect_range *range,
                 bool *read, bool *write);
/* One more mapping: false when there have been as many as are wanted. */
bool maps_count(struct maps *maps);
/* "00:1f.2", "00:1f.2 PASID 5". Returns text. */
#define MAPS_ROUTE_TEXT 40
const char *maps_route_text(const struct maps_route *route, char text[MAPS_ROUTE_TEXT]);

/* maps_json.c and maps_text.c: `range` for each range, `finish` once at the end. */
bool maps_json_range(struct maps *maps, const struct inspect_range *range);
void maps_json_finish(struct maps *maps);
bool maps_text_range(struct maps *maps, const struct inspect_range *range);
void maps_text_finish(struct maps *maps);

/* maps_graph.c */
struct maps_graph *maps_graph_new(void);
void maps_graph_free(struct maps_graph *graph);
/* False: no memory. */
bool maps_graph_range(struct maps_graph *graph, const struct inspect_range *range);
/* False: the file could not be written (errno). */
bool maps_graph_write(const struct maps *maps, const char *path);

#endif
