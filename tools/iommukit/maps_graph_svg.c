/* SPDX-License-Identifier: MIT */
/*
 * maps_graph_svg.c - the drawing: ways in on the left, domains in the middle, memory on the right.
 *
 * The numbers of nodes and blocks are bounded (maps_graph.h), so is the page. Red: memory that domains of different
 * devices reach. A dashed line: nothing behind it can be written.
 */
#include <inttypes.h>
#include <string.h>

#include "maps_graph.h"

#define WIDTH         1180
#define TOP           78
#define GAP           10
#define ROW           18 /* a line of text in a node */
#define PAD           8
#define WAYS_X        20
#define WAYS_WIDTH    230
#define DOMAINS_X     410
#define DOMAINS_WIDTH 270
#define MEMORY_X      850
#define MEMORY_WIDTH  310
#define WAYS_SHOWN    4u

static const char style[] =
    "<style>text{font:13px sans-serif;fill:#222}.mono{font-family:monospace}.small{font-size:11px;fill:#555}"
    "rect{fill:#f5f7fa;stroke:#8795a8}.domain{fill:#e6effa}.pass{fill:#fff3d6;stroke:#c28a00}"
    ".shared{fill:#fbdcdc;stroke:#c0141c}path{fill:none;stroke:#9aa9bc;stroke-width:1.5}"
    "path.red{stroke:#c0141c;stroke-width:2}path.reads{stroke-dasharray:5 4}</style>\n";

struct canvas {
    FILE *out;
    const struct maps *maps;
    const struct graph_plan *plan;
    int node_y[GRAPH_DOMAINS + 1], node_height[GRAPH_DOMAINS + 1];
    int block_y[GRAPH_BLOCKS];
    int height;
};

static void escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char letter = (unsigned char)*text;
        if (letter == '&' || letter == '<' || letter == '>' || letter == '"')
            fprintf(out, "&#%u;", letter);
        else
            fputc(letter < 0x20 || letter > 0x7e ? '?' : letter, out);
    }
}

static void text_at(FILE *out, int x, int y, const char *class, const char *text)
{
    fprintf(out, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
    escaped(out, text);
    fputs("</text>\n", out);
}

static void box(FILE *out, int x, int y, int width, int height, const char *class)
{
    fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" class=\"%s\"/>\n", x, y, width, height,
            class);
}

static void line(FILE *out, int x1, int y1, int x2, int y2, const char *class)
{
    int bend = (x1 + x2) / 2;
    fprintf(out, "<path d=\"M%d %d C%d %d %d %d %d %d\" class=\"%s\"/>\n", x1, y1, bend, y1, bend, y2, x2, y2, class);
}

static const char *size_text(uint64_t bytes, char text[32])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    unsigned unit = 0;
    while (unit < 5 && (bytes >= 10240 || (bytes != 0 && bytes % 1024 == 0))) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, 32, "%" PRIu64 " %s", bytes, units[unit]);
    return text;
}

/* ---- what a node says ------------------------------------------------------------------------------------------- */

static bool is_rest(const struct graph_node *node)
{
    return node->domain == MAPS_NONE;
}

static bool is_pass(const struct canvas *canvas, const struct graph_node *node)
{
    return !is_rest(node) && canvas->maps->domain[node->domain].kind == INSPECT_KIND_PASS;
}

static uint32_t ways(const struct canvas *canvas, const struct graph_node *node)
{
    return is_rest(node) ? 1 : canvas->maps->domain[node->domain].routes;
}

static int rows(const struct canvas *canvas, const struct graph_node *node)
{
    uint32_t count = ways(canvas, node);
    uint32_t shown = count <= WAYS_SHOWN ? count : WAYS_SHOWN + 1;
    return (int)(shown > 2 ? shown : 2);
}

static void domain_title(const struct canvas *canvas, const struct graph_node *node, char *text, size_t bytes)
{
    if (is_rest(node)) {
        snprintf(text, bytes, "%" PRIu32 " more domains", canvas->plan->rest);
        return;
    }
    const struct maps_domain *domain = &canvas->maps->domain[node->domain];
    snprintf(text, bytes, "domain %u, %s%s", canvas->maps->route[domain->first].did, inspect_kind_name(domain->kind),
             domain->kind == INSPECT_KIND_PASS ? "" : " stage");
}

static void domain_amount(const struct canvas *canvas, const struct graph_node *node, char *text, size_t bytes)
{
    char size[32], shared[32];
    if (is_pass(canvas, node))
        snprintf(text, bytes, "reaches all memory");
    else if (node->bytes == 0)
        snprintf(text, bytes, "nothing mapped");
    else if (node->shared == 0)
        snprintf(text, bytes, "%s mapped", size_text(node->bytes, size));
    else
        snprintf(text, bytes, "%s mapped, %s shared", size_text(node->bytes, size), size_text(node->shared, shared));
}

/* ---- columns ----------------------------------------------------------------------------------------------------- */

static void draw_ways(const struct canvas *canvas, unsigned index)
{
    const struct graph_node *node = &canvas->plan->node[index];
    const struct maps *maps = canvas->maps;
    int y = canvas->node_y[index] + PAD + 12;
    char text[MAPS_ROUTE_TEXT];
    uint32_t shown = 0;
    box(canvas->out, WAYS_X, canvas->node_y[index], WAYS_WIDTH, canvas->node_height[index], "ways");
    if (is_rest(node)) {
        text_at(canvas->out, WAYS_X + PAD, y, "small", "their devices and PASIDs");
        return;
    }
    const struct maps_domain *domain = &maps->domain[node->domain];
    for (uint32_t i = domain->first; i != MAPS_NONE && shown < WAYS_SHOWN; i = maps->route[i].next, shown++, y += ROW)
        text_at(canvas->out, WAYS_X + PAD, y, "mono", maps_route_text(&maps->route[i], text));
    if (shown == domain->routes)
        return;
    snprintf(text, sizeof text, "and %" PRIu32 " more", domain->routes - shown);
    text_at(canvas->out, WAYS_X + PAD, y, "small", text);
}

static void draw_domain(const struct canvas *canvas, unsigned index)
{
    const struct graph_node *node = &canvas->plan->node[index];
    int y = canvas->node_y[index], height = canvas->node_height[index];
    char text[96];
    box(canvas->out, DOMAINS_X, y, DOMAINS_WIDTH, height,
        node->shared != 0 ? "shared" : is_pass(canvas, node) ? "pass" : "domain");
    domain_title(canvas, node, text, sizeof text);
    text_at(canvas->out, DOMAINS_X + PAD, y + PAD + 12, "title", text);
    domain_amount(canvas, node, text, sizeof text);
    text_at(canvas->out, DOMAINS_X + PAD, y + PAD + 12 + ROW, "small", text);
    line(canvas->out, WAYS_X + WAYS_WIDTH, y + height / 2, DOMAINS_X, y + height / 2, "way");
}

static void draw_block(const struct canvas *canvas, unsigned index)
{
    const struct graph_block *block = &canvas->plan->block[index];
    int y = canvas->block_y[index];
    char text[128], reached[32];
    box(canvas->out, MEMORY_X, y, MEMORY_WIDTH, 2 * ROW + PAD, block->shared != 0 ? "shared" : "memory");
    snprintf(text, sizeof text, "0x%" PRIx64 " - 0x%" PRIx64, block->first, block->last);
    text_at(canvas->out, MEMORY_X + PAD, y + PAD + 10, "mono", text);
    size_text(block->reached, reached);
    if (block->shared != 0) {
        char shared[32];
        snprintf(text, sizeof text, "%s reached, %s by several", reached, size_text(block->shared, shared));
    } else {
        snprintf(text, sizeof text, "%s reached", reached);
    }
    text_at(canvas->out, MEMORY_X + PAD, y + PAD + 10 + ROW, "small", text);
}

static void draw_reach(const struct canvas *canvas, unsigned index)
{
    const struct graph_node *node = &canvas->plan->node[index];
    int y = canvas->node_y[index] + canvas->node_height[index] / 2;
    for (unsigned i = 0; i < canvas->plan->blocks; i++) {
        const struct graph_reach *reach = &node->reach[i];
        char class[16];
        if (reach->bytes == 0)
            continue;
        snprintf(class, sizeof class, "%s%s", reach->shared != 0 ? "red" : "own", reach->write ? "" : " reads");
        line(canvas->out, DOMAINS_X + DOMAINS_WIDTH, y, MEMORY_X, canvas->block_y[i] + ROW, class);
    }
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

/* Columns of equal height: the shorter one is spread, which keeps lines apart. */
static void lay_out(struct canvas *canvas)
{
    int nodes = (int)canvas->plan->nodes, blocks = (int)canvas->plan->blocks;
    int left = nodes * GAP, right = blocks * (2 * ROW + PAD + GAP), y = TOP;
    for (int i = 0; i < nodes; i++) {
        canvas->node_height[i] = rows(canvas, &canvas->plan->node[i]) * ROW + PAD;
        left += canvas->node_height[i];
    }
    int tall = left > right ? left : right;
    for (int i = 0; i < nodes; i++) {
        canvas->node_y[i] = y;
        y += canvas->node_height[i] + GAP + (tall - left) / nodes;
    }
    for (int i = 0; i < blocks; i++)
        canvas->block_y[i] = TOP + i * (tall / blocks);
    canvas->height = TOP + tall + 30;
}

static void draw_frame(const struct canvas *canvas)
{
    char text[512];
    fprintf(canvas->out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
            "height=\"%d\" viewBox=\"0 0 %d %d\">\n", WIDTH, canvas->height, WIDTH, canvas->height);
    fputs(style, canvas->out);
    fprintf(canvas->out, "<rect width=\"%d\" height=\"%d\" style=\"fill:#fff;stroke:none\"/>\n", WIDTH, canvas->height);
    snprintf(text, sizeof text, "What devices reach: %s", canvas->maps->options->source.memory.path);
    text_at(canvas->out, WAYS_X, 28, "title", text);
    text_at(canvas->out, WAYS_X, 46, "small",
            "red: memory that domains of different devices reach; dashed: to read only; yellow: no translation");
    text_at(canvas->out, WAYS_X, 68, "small", "DEVICES");
    text_at(canvas->out, DOMAINS_X, 68, "small", "DOMAINS");
    text_at(canvas->out, MEMORY_X, 68, "small", "PHYSICAL MEMORY");
    if (canvas->plan->cut)
        text_at(canvas->out, WAYS_X, canvas->height - 10, "small", "There are more mappings than are drawn here.");
}

void maps_graph_draw(const struct maps *maps, const struct graph_plan *plan, FILE *out)
{
    struct canvas canvas = {.out = out, .maps = maps, .plan = plan};
    lay_out(&canvas);
    draw_frame(&canvas);
    for (unsigned i = 0; i < plan->nodes; i++)
        draw_reach(&canvas, i);
    for (unsigned i = 0; i < plan->nodes; i++) {
        draw_ways(&canvas, i);
        draw_domain(&canvas, i);
    }
    for (unsigned i = 0; i < plan->blocks; i++)
        draw_block(&canvas, i);
    fputs("</svg>\n", out);
}
