/* SPDX-License-Identifier: MIT */
/* maps.c - `iommukit maps`: command line, and what the walk tells on its way to the output. */
#include "maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

#define PASID_MAX     0xfffffu
#define DEFAULT_LIMIT ((uint64_t)1 << 24)

enum { KEY_DEVICE = 0x100, KEY_PASID, KEY_JSON, KEY_GRAPH, KEY_LIMIT };

static const struct argp_option option_list[] = {
    {NULL, 0, NULL, 0, "What to show:", 1},
    {"device", KEY_DEVICE, "[SSSS:]BB:DD.F", 0, "This device only", 0},
    {"pasid", KEY_PASID, "N", 0, "Requests with this PASID only", 0},
    {"limit", KEY_LIMIT, "N", 0, "Stop after so many mappings (default 16777216)", 0},
    {"json", KEY_JSON, NULL, 0, "Print one JSON object instead of tables", 0},
    {"graph", KEY_GRAPH, "FILE.svg", 0, "Draw devices, domains and what they reach", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void set_device(struct argp_state *state, struct inspect_filter *filter, const char *text)
{
    struct inspect_bdf bdf = {0, 0};
    if (!inspect_bdf_parse(text, &bdf))
        argp_error(state, "--device: '%s' is not [SSSS:]BB:DD.F", text);
    filter->has_rid = true;
    filter->segment = bdf.segment;
    filter->rid = bdf.rid;
}

static void set_pasid(struct argp_state *state, struct inspect_filter *filter, const char *text)
{
    uint64_t pasid = 0;
    if (!output_number(text, PASID_MAX, &pasid))
        argp_error(state, "--pasid: '%s' is not a PASID (0 to %#x)", text, PASID_MAX);
    filter->has_pasid = true;
    filter->pasid = (uint32_t)pasid;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct maps_options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->source;
        return 0;
    case KEY_DEVICE:
        set_device(state, &options->filter, text);
        return 0;
    case KEY_PASID:
        set_pasid(state, &options->filter, text);
        return 0;
    case KEY_LIMIT:
        if (!output_number(text, UINT64_MAX, &options->limit) || options->limit == 0)
            argp_error(state, "--limit: '%s' is not a number of mappings", text);
        return 0;
    case KEY_JSON:
        options->json = true;
        return 0;
    case KEY_GRAPH:
        options->graph = text;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", text);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse(int argc, char **argv, struct maps_options *options)
{
    static const struct argp_child children[] = {{&source_argp, 0, "Where to look:", 2}, {NULL, 0, NULL, 0}};
    static const struct argp parser = {
        .options = option_list,
        .parser = parse_option,
        .children = children,
        .doc = "Show every device, PASID and mapping in a memory dump's VT-d remapping tables."
               "\vExit status: 0 fine, 2 bad usage or unreadable input.",
    };
    argp_parse(&parser, argc, argv, 0, NULL, options);
}

/* ---- keeping what the walk tells ------------------------------------------------------------------------------- */

/* Room for one more. */
static bool make_room(struct maps *maps, void **array, size_t count, size_t *room, size_t bytes)
{
    size_t more = *room ? *room * 2 : 64;
    if (count < *room)
        return true;
    void *larger = realloc(*array, more * bytes);
    maps->out_of_memory = larger == NULL;
    if (larger == NULL)
        return false;
    *array = larger;
    *room = more;
    return true;
}

/* Numbers come in ascending order, each new one the next. */
static struct maps_domain *domain_of(struct maps *maps, const struct inspect_route *route)
{
    void *array = maps->domain;
    if (route->domain < maps->domains)
        return &maps->domain[route->domain];
    if (!make_room(maps, &array, maps->domains, &maps->domain_room, sizeof *maps->domain))
        return NULL;
    maps->domain = array;
    maps->domain[maps->domains] = (struct maps_domain){
        .first = MAPS_NONE,
        .kind = route->kind,
        .levels = (uint8_t)route->levels,
        .second_levels = (uint8_t)route->second_levels,
        .top = route->top,
        .second_top = route->second_top,
    };
    return &maps->domain[maps->domains++];
}

static bool on_route(void *ctx, const struct inspect_route *route)
{
    struct maps *maps = ctx;
    void *array = maps->route;
    uint32_t number = (uint32_t)maps->routes;
    struct maps_domain *domain = domain_of(maps, route);
    if (domain == NULL || !make_room(maps, &array, maps->routes, &maps->route_room, sizeof *maps->route))
        return false;
    maps->route = array;
    maps->route[maps->routes++] = (struct maps_route){
        .domain = route->domain,
        .next = MAPS_NONE,
        .pasid = route->pasid,
        .device = {maps->registers->unit[route->unit].segment, route->rid},
        .did = route->did,
        .has_pasid = route->has_pasid,
        .blocked = route->blocked,
        .supervisor = route->supervisor,
        .privileged = route->privileged,
        .write_protect = route->write_protect,
        .ats = route->ats,
    };
    if (domain->first == MAPS_NONE)
        domain->first = number;
    else
        maps->route[domain->last].next = number;
    domain->last = number;
    domain->routes++;
    return true;
}

static bool on_trouble(void *ctx, const struct inspect_trouble *trouble)
{
    struct maps *maps = ctx;
    void *array = maps->trouble;
    if (!make_room(maps, &array, maps->troubles, &maps->trouble_room, sizeof *maps->trouble))
        return false;
    maps->trouble = array;
    maps->trouble[maps->troubles++] = *trouble;
    return true;
}

static bool on_range(void *ctx, const struct inspect_range *range)
{
    struct maps *maps = ctx;
    if (maps->graph != NULL && !maps_graph_range(maps->graph, range)) {
        maps->out_of_memory = true;
        return false;
    }
    return maps->options->json ? maps_json_range(maps, range) : maps_text_range(maps, range);
}

/* ---- shared by the forms of output ----------------------------------------------------------------------------- */

void maps_rights(const struct maps *maps, const struct maps_route *route, const struct inspect_range *range,
                 bool *read, bool *write)
{
    struct inspect_route whole = {
        .kind = maps->domain[route->domain].kind,
        .has_pasid = route->has_pasid,
        .blocked = route->blocked,
        .supervisor = route->supervisor,
        .privileged = route->privileged,
        .write_protect = route->write_protect,
    };
    inspect_route_rights(&whole, range, read, write);
}

bool maps_count(struct maps *maps)
{
    maps->truncated = maps->told == maps->options->limit;
    maps->told += !maps->truncated;
    return !maps->truncated;
}

const char *maps_route_text(const struct maps_route *route, char text[MAPS_ROUTE_TEXT])
{
    char bdf[INSPECT_BDF_TEXT];
    inspect_bdf_print(route->device, bdf);
    if (route->has_pasid)
        snprintf(text, MAPS_ROUTE_TEXT, "%s PASID %u", bdf, route->pasid);
    else
        snprintf(text, MAPS_ROUTE_TEXT, "%s", bdf);
    return text;
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static void tell_truncated(struct maps *maps)
{
    struct inspect_trouble trouble = {.kind = INSPECT_TROUBLE_LIMIT};
    if (!maps->truncated)
        return;
    snprintf(trouble.text, sizeof trouble.text, "stopped after %llu mappings; --limit allows more",
             (unsigned long long)maps->told);
    on_trouble(maps, &trouble);
}

static int finish(struct maps *maps)
{
    tell_truncated(maps);
    if (maps->options->json)
        maps_json_finish(maps);
    else
        maps_text_finish(maps);
    if (fflush(stdout) != 0 || ferror(stdout))
        return output_error("maps", "the result could not be written: %s", strerror(errno));
    if (maps->graph != NULL && !maps_graph_write(maps, maps->options->graph))
        return output_error("maps", "%s could not be written: %s", maps->options->graph, strerror(errno));
    return EXIT_FINE;
}

static int show(struct maps *maps, const struct source *source)
{
    const struct inspect_visitor visitor = {maps, on_route, NULL, on_range, on_trouble};
    struct inspect_why why;
    if (maps->options->graph != NULL) {
        maps->graph = maps_graph_new();
        if (maps->graph == NULL)
            return output_error("maps", "out of memory");
    }
    int result = inspect_tables_walk(&source->machine, &maps->options->filter, &visitor, &why);
    if (result == 0 || (result == -ECANCELED && maps->truncated))
        return finish(maps);
    return output_error("maps", "%s", maps->out_of_memory ? "out of memory" : why.text);
}

static void release(struct maps *maps)
{
    free(maps->route);
    free(maps->domain);
    free(maps->trouble);
    maps_graph_free(maps->graph);
}

int maps_main(int argc, char **argv)
{
    struct maps_options options = {.limit = DEFAULT_LIMIT};
    struct source source;
    parse(argc, argv, &options);
    int result = source_open_dump("maps", &options.source, &source);
    if (result != EXIT_FINE)
        return result;
    struct maps maps = {.options = &options, .registers = &source.registers, .heading = MAPS_NONE};
    result = show(&maps, &source);
    release(&maps);
    source_close(&source);
    return result;
}
