/* SPDX-License-Identifier: MIT */
/*
 * maps_text.c - `iommukit maps` for people: a table of the ways in, then for each set of page tables what it maps.
 *
 * The ways in are tables of the library, a bounded piece at a time. Ranges may be millions: their columns have fixed
 * widths, so they are printed as they come.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "maps.h"
#include "output.h"

#define PIECE          1000u /* routes of a table */
#define ROUTES_TOLD    20000u
#define HEADING_ROUTES 6u
#define TROUBLES_TOLD  50u

/* ---- ways in --------------------------------------------------------------------------------------------------- */

static void stage_text(const struct maps_domain *domain, char *text, size_t bytes)
{
    if (domain->kind == INSPECT_KIND_PASS)
        snprintf(text, bytes, "pass-through");
    else if (domain->kind == INSPECT_KIND_NESTED)
        snprintf(text, bytes, "nested, %u on %u levels", domain->levels, domain->second_levels);
    else
        snprintf(text, bytes, "%s, %u levels", inspect_kind_name(domain->kind), domain->levels);
}

static void tables_text(const struct maps_domain *domain, char *text, size_t bytes)
{
    if (domain->kind == INSPECT_KIND_PASS)
        snprintf(text, bytes, "-");
    else if (domain->kind == INSPECT_KIND_NESTED)
        snprintf(text, bytes, "0x%" PRIx64 " on 0x%" PRIx64, domain->top, domain->second_top);
    else
        snprintf(text, bytes, "0x%" PRIx64, domain->top);
}

static void route_line(const struct maps *maps, const struct maps_route *route, struct libscols_line *line)
{
    const struct maps_domain *domain = &maps->domain[route->domain];
    char bdf[INSPECT_BDF_TEXT], stage[48], tables[64];
    stage_text(domain, stage, sizeof stage);
    tables_text(domain, tables, sizeof tables);
    output_cell(line, 0, "%-7s", inspect_bdf_print(route->device, bdf));
    if (route->has_pasid)
        output_cell(line, 1, "%7" PRIu32, route->pasid);
    else
        output_cell(line, 1, "%7s", "-");
    output_cell(line, 2, "%6u", route->did);
    output_cell(line, 3, "%-16s", stage);
    output_cell(line, 4, "%-12s", tables);
    output_cell(line, 5, "%s%s", route->ats ? "ATS " : "", route->blocked ? "blocked" : "");
    if (domain->kind == INSPECT_KIND_PASS)
        output_cell_colour(line, 3, "yellow");
}

/* Up to PIECE routes from `first` on; headings on the first piece only. */
static void routes_piece(const struct maps *maps, size_t first)
{
    static const struct output_column columns[] = {
        {"DEVICE", false, false}, {"PASID", true, false},  {"DOMAIN", true, false},
        {"STAGE", false, false},  {"TABLES", false, false}, {"NOTES", false, false},
    };
    struct libscols_table *table = output_table(columns, sizeof columns / sizeof columns[0]);
    if (table == NULL)
        return;
    scols_table_enable_noheadings(table, first != 0);
    for (size_t i = first; i < maps->routes && i < first + PIECE; i++) {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        if (line != NULL)
            route_line(maps, &maps->route[i], line);
    }
    scols_print_table(table);
    scols_unref_table(table);
}

static void begin(struct maps *maps)
{
    if (maps->begun)
        return;
    maps->begun = true;
    for (size_t i = 0; i < maps->routes && i < ROUTES_TOLD; i += PIECE)
        routes_piece(maps, i);
    if (maps->routes > ROUTES_TOLD)
        printf("and %zu more ways in; --device and --pasid show fewer at a time\n", maps->routes - ROUTES_TOLD);
}

/* ---- ranges ---------------------------------------------------------------------------------------------------- */

static void heading(struct maps *maps, uint32_t number)
{
    const struct maps_domain *domain = &maps->domain[number];
    char text[64];
    unsigned shown = 0;
    maps->heading = number;
    putchar('\n');
    for (uint32_t i = domain->first; i != MAPS_NONE && shown < HEADING_ROUTES; i = maps->route[i].next, shown++)
        printf("%s%s", shown ? ", " : "", maps_route_text(&maps->route[i], text));
    if (shown < domain->routes)
        printf(" and %u more", domain->routes - shown);
    stage_text(domain, text, sizeof text);
    printf(": domain %u, %s", maps->route[domain->first].did, text);
    tables_text(domain, text, sizeof text);
    printf("%s%s\n", domain->kind == INSPECT_KIND_PASS ? "" : " at ", domain->kind == INSPECT_KIND_PASS ? "" : text);
    printf("  %-18s %-18s %12s  %-12s %s\n", "IOVA", "PHYSICAL", "SIZE", "RIGHTS", "PAGES");
}

static void size_text(uint64_t bytes, char *text, size_t room)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    unsigned unit = 0;
    while (unit < 5 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, room, "%" PRIu64 " %s", bytes, units[unit]);
}

static const char *page_text(unsigned lg2)
{
    return lg2 >= 30 ? "1G" : lg2 >= 21 ? "2M" : "4K";
}

static const char *rights_text(const struct inspect_range *range)
{
    static const char *const texts[] = {"--", "r-", "-w", "rw"};
    return texts[(range->read ? 1 : 0) | (range->write ? 2 : 0)];
}

bool maps_text_range(struct maps *maps, const struct inspect_range *range)
{
    char size[32];
    const char *smallest = page_text(range->smallest_lg2), *largest = page_text(range->largest_lg2);
    bool mixed = strcmp(smallest, largest) != 0, pass = maps->domain[range->domain].kind == INSPECT_KIND_PASS;
    if (!maps_count(maps))
        return false;
    begin(maps);
    if (maps->heading != range->domain)
        heading(maps, range->domain);
    size_text(range->bytes, size, sizeof size);
    printf("  0x%016" PRIx64 " 0x%016" PRIx64 " %12s  %s %-9s %s%s%s\n", range->iova, range->pa, size,
           rights_text(range), range->user ? "" : "privileged", pass ? "-" : smallest, mixed && !pass ? "-" : "",
           mixed && !pass ? largest : "");
    return true;
}

/* ---- the end --------------------------------------------------------------------------------------------------- */

static void tell_trouble(const struct maps *maps, const struct inspect_trouble *trouble)
{
    if (trouble->has_rid) {
        char bdf[INSPECT_BDF_TEXT];
        struct inspect_bdf device = {maps->registers->unit[trouble->unit].segment, trouble->rid};
        fprintf(stderr, "iommukit maps: %s: %s\n", inspect_bdf_print(device, bdf), trouble->text);
    } else if (trouble->has_domain) {
        struct maps_route *first = &maps->route[maps->domain[trouble->domain].first];
        char text[MAPS_ROUTE_TEXT];
        fprintf(stderr, "iommukit maps: tables of %s, at %#" PRIx64 ": %s\n", maps_route_text(first, text),
                trouble->iova, trouble->text);
    } else {
        fprintf(stderr, "iommukit maps: %s\n", trouble->text);
    }
}

void maps_text_finish(struct maps *maps)
{
    begin(maps);
    if (maps->routes == 0)
        puts("No device has an entry in these tables.");
    else if (maps->told == 0)
        puts("Nothing is mapped.");
    fflush(stdout);
    for (size_t i = 0; i < maps->troubles && i < TROUBLES_TOLD; i++)
        tell_trouble(maps, &maps->trouble[i]);
    if (maps->troubles > TROUBLES_TOLD)
        fprintf(stderr, "iommukit maps: and %zu more; --json tells all of them\n", maps->troubles - TROUBLES_TOLD);
}
