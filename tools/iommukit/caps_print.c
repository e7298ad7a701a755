/* SPDX-License-Identifier: MIT */
/* caps_print.c - the machine for people: units, devices, and the chain of one device. */
#include <stdio.h>

#include "caps.h"
#include "inspect/system_abilities.h"
#include "inspect/system_chain.h"
#include "system_output.h"

#define COLUMNS(array) (sizeof(array) / sizeof(array)[0])

static int finish(struct libscols_table *table, bool fine)
{
    if (fine)
        scols_print_table(table);
    scols_unref_table(table);
    return fine ? EXIT_FINE : output_error("caps", "out of memory");
}

static int print_units(const struct inspect_system *system, int only)
{
    static const struct output_column column[] = {{"UNIT", false, false}, {"WHAT IT CAN DO", false, true}};
    struct libscols_table *table = output_table(column, COLUMNS(column));
    char words[800];
    for (unsigned i = 0; table != NULL && i < system->iommu_count; i++) {
        if (only != INSPECT_NONE && only != (int)i)
            continue;
        struct libscols_line *line = scols_table_new_line(table, NULL);
        if (line == NULL)
            return finish(table, false);
        inspect_iommu_words(&system->iommu[i], words, sizeof words);
        output_cell(line, 0, "%s", system->iommu[i].name);
        scols_line_set_data(line, 1, words);
    }
    return finish(table, table != NULL);
}

enum column { DEVICE, UNIT, GROUP, PASID, ATS, PRI, SIOV, MANY, DRIVER, NAME };

static const char *enabled_word(const struct inspect_config *config, bool has, bool enabled)
{
    if (config->extended == INSPECT_UNKNOWN)
        return "?";
    return !has ? "-" : enabled ? "on" : "off";
}

static void pasid_cell(struct libscols_line *line, const struct inspect_config *config)
{
    if (config->extended != INSPECT_UNKNOWN && config->pasid)
        output_cell(line, PASID, "%u bits, %s", config->pasid_bits, config->pasid_enabled ? "on" : "off");
    else
        output_cell(line, PASID, "%s", config->extended == INSPECT_UNKNOWN ? "?" : "-");
}

static void many_cell(struct libscols_line *line, const struct inspect_system *system, int function)
{
    struct inspect_chain chain;
    inspect_chain_walk(system, function, &chain);
    const struct inspect_link *broken = inspect_chain_break(&chain);
    enum inspect_answer answer = inspect_chain_holds(&chain);
    if (broken != NULL)
        output_cell(line, MANY, "no: %s", broken->name);
    else
        output_cell(line, MANY, "%s", answer == INSPECT_YES ? "yes" : "?");
    output_cell_colour(line, MANY, answer == INSPECT_YES ? "green" : answer == INSPECT_NO ? "red" : "yellow");
}

static void device_line(struct libscols_line *line, const struct inspect_system *system, int index)
{
    const struct inspect_function *function = &system->function[index];
    const struct inspect_config *config = &function->config;
    char name[INSPECT_BDF_TEXT];
    output_cell(line, DEVICE, "%s", inspect_bdf_print(function->bdf, name));
    output_cell(line, UNIT, "%s", function->iommu != INSPECT_NONE ? system->iommu[function->iommu].name : "-");
    if (function->group != INSPECT_NONE)
        output_cell(line, GROUP, "%d", function->group);
    else
        output_cell(line, GROUP, "-");
    pasid_cell(line, config);
    output_cell(line, ATS, "%s", enabled_word(config, config->ats, config->ats_enabled));
    output_cell(line, PRI, "%s", enabled_word(config, config->pri, config->pri_enabled));
    output_cell(line, SIOV, "%s", config->extended == INSPECT_UNKNOWN ? "?" : config->siov ? "yes" : "-");
    many_cell(line, system, index);
    output_cell(line, DRIVER, "%s", function->driver[0] != '\0' ? function->driver : "-");
    output_cell(line, NAME, "%s", function->text);
}

/* Bridges serve nobody; they are shown when asked for. */
static bool is_shown(const struct inspect_system *system, int only, int index)
{
    if (only != INSPECT_NONE)
        return only == index;
    return system->function[index].config.class_code >> 16 != 6;
}

static int print_devices(const struct inspect_system *system, int only)
{
    static const struct output_column column[] = {
        {"DEVICE", false, false}, {"UNIT", false, false}, {"GROUP", true, false},        {"PASID", false, false},
        {"ATS", false, false},    {"PRI", false, false},  {"SIOV", false, false},        {"MANY DOMAINS", false, false},
        {"DRIVER", false, false}, {"NAME", false, true}};
    struct libscols_table *table = output_table(column, COLUMNS(column));
    for (unsigned i = 0; table != NULL && i < system->function_count; i++) {
        if (!is_shown(system, only, (int)i))
            continue;
        struct libscols_line *line = scols_table_new_line(table, NULL);
        if (line == NULL)
            return finish(table, false);
        device_line(line, system, (int)i);
    }
    return finish(table, table != NULL);
}

int caps_print(const struct inspect_system *system, int function)
{
    int result = print_units(system, function != INSPECT_NONE ? system->function[function].iommu : INSPECT_NONE);
    if (result == EXIT_FINE)
        putchar('\n');
    return result == EXIT_FINE ? print_devices(system, function) : result;
}

/* ---- --why ---- */

static void print_verdict(const struct inspect_function *function, const struct inspect_chain *chain)
{
    char name[INSPECT_BDF_TEXT];
    const struct inspect_link *broken = inspect_chain_break(chain);
    printf("%s, %s\n", inspect_bdf_print(function->bdf, name), function->text);
    if (broken != NULL) {
        printf("cannot serve many domains as things are. First link that fails: %s.\n", broken->name);
        if (broken->change[0] != '\0')
            printf("To change: %s.\n", broken->change);
    } else if (inspect_chain_holds(chain) == INSPECT_YES) {
        puts("can serve many domains.");
    } else {
        puts("No link is known to fail, but not all could be examined.");
    }
    putchar('\n');
}

static void link_line(struct libscols_line *line, const struct inspect_link *link)
{
    static const char *const word[] = {
        [INSPECT_UNKNOWN] = "?", [INSPECT_NO] = "FAILS", [INSPECT_YES] = "ok"};
    static const char *const colour[] = {
        [INSPECT_UNKNOWN] = "yellow", [INSPECT_NO] = "red", [INSPECT_YES] = "green"};
    char text[sizeof link->detail + sizeof link->change + 16];
    output_cell(line, 0, "%s", link->name);
    output_cell(line, 1, "%s", word[link->ok]);
    output_cell_colour(line, 1, colour[link->ok]);
    snprintf(text, sizeof text, "%s%s%s", link->detail, link->change[0] != '\0' ? "; to change: " : "", link->change);
    scols_line_set_data(line, 2, text);
}

int caps_print_why(const struct inspect_system *system, int function)
{
    static const struct output_column column[] = {{"LINK", false, false}, {"", false, false}, {"WHAT IS SEEN", false, true}};
    struct libscols_table *table = output_table(column, COLUMNS(column));
    struct inspect_chain chain;
    inspect_chain_walk(system, function, &chain);
    for (unsigned i = 0; table != NULL && i < chain.count; i++) {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        if (line == NULL)
            return finish(table, false);
        link_line(line, &chain.link[i]);
    }
    if (table != NULL)
        print_verdict(&system->function[function], &chain);
    return finish(table, table != NULL);
}
