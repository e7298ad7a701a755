/* SPDX-License-Identifier: MIT */
/* groups_print.c - IOMMU groups for people and as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "groups.h"
#include "inspect/system_ties.h"
#include "system_output.h"

#define ADD(object, key, value) json_object_set_new(object, key, value)

static bool is_shown(int only, unsigned index)
{
    return only == INSPECT_NONE || only == (int)index;
}

/* ---- The list ---- */

static bool group_lines(struct libscols_table *table, const struct inspect_system *system,
                        const struct inspect_group *group)
{
    char name[INSPECT_BDF_TEXT];
    for (unsigned i = 0; i < group->member_count + group->other_count; i++) {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        if (line == NULL)
            return false;
        if (i == 0) {
            output_cell(line, 0, "%d", group->number);
            output_cell(line, 1, "%s", group->type[0] != '\0' ? group->type : "-");
        }
        if (i >= group->member_count) {
            output_cell(line, 2, "%s", group->other[i - group->member_count]);
            continue;
        }
        const struct inspect_function *function = &system->function[group->member[i]];
        output_cell(line, 2, "%s", inspect_bdf_print(function->bdf, name));
        output_cell(line, 3, "%s", function->driver[0] != '\0' ? function->driver : "-");
        output_cell(line, 4, "%s", function->text);
    }
    return true;
}

int groups_print(const struct inspect_system *system, int only)
{
    static const struct output_column column[] = {
        {"GROUP", true, false}, {"TYPE", false, false}, {"DEVICE", false, false}, {"DRIVER", false, false}, {"NAME", false, true}};
    struct libscols_table *table = output_table(column, sizeof column / sizeof column[0]);
    bool fine = table != NULL;
    for (unsigned i = 0; fine && i < system->group_count; i++)
        if (is_shown(only, i))
            fine = group_lines(table, system, &system->group[i]);
    if (fine)
        scols_print_table(table);
    scols_unref_table(table);
    return fine ? EXIT_FINE : output_error("groups", "out of memory");
}

/* ---- The explanation ---- */

static bool is_direct(const struct inspect_region *region)
{
    return strcmp(region->type, "direct") == 0;
}

static void print_regions(const struct inspect_group *group)
{
    for (unsigned i = 0; i < group->region_count; i++)
        if (is_direct(&group->region[i]))
            printf("    Firmware keeps 0x%" PRIx64 "-0x%" PRIx64 " mapped for a device of this group (RMRR): Linux does not "
                   "give the group to user space.\n", group->region[i].base, group->region[i].last);
}

static void print_members(const struct inspect_system *system, const struct inspect_group *group)
{
    char name[INSPECT_BDF_TEXT];
    for (unsigned i = 0; i < group->member_count; i++) {
        const struct inspect_function *function = &system->function[group->member[i]];
        printf("    %s %s%s%s\n", inspect_bdf_print(function->bdf, name), function->text,
               function->driver[0] != '\0' ? ", driver " : "", function->driver);
    }
    for (unsigned i = 0; i < group->other_count; i++)
        printf("    %s\n", group->other[i]);
}

static void print_ties(const struct inspect_system *system, const struct inspect_ties *ties)
{
    char name[INSPECT_BDF_TEXT];
    for (unsigned i = 0; i < ties->count; i++) {
        const struct inspect_tie *tie = &ties->tie[i];
        printf("    Tied by: %s\n             That ties", tie->text);
        for (unsigned k = 0; k < tie->device_count; k++)
            printf("%s%s", k > 0 ? ", " : " ", inspect_bdf_print(system->function[tie->device[k]].bdf, name));
        puts(".");
    }
}

static void print_alone(unsigned alone)
{
    if (alone > 0)
        printf("%u group%s of one device each: fine.\n", alone, alone == 1 ? "" : "s");
}

int groups_print_explained(const struct inspect_system *system, int only)
{
    unsigned alone = 0;
    for (unsigned i = 0; i < system->group_count; i++) {
        const struct inspect_group *group = &system->group[i];
        unsigned count = group->member_count + group->other_count;
        struct inspect_ties ties;
        bool direct = false;
        for (unsigned k = 0; k < group->region_count; k++)
            direct = direct || is_direct(&group->region[k]);
        if (!is_shown(only, i))
            continue;
        if (count < 2 && !direct && only == INSPECT_NONE) {
            alone++;
            continue;
        }
        if (inspect_ties_find(system, i, &ties) != 0)
            return output_error("groups", "out of memory");
        printf("Group %d%s%s, %u device%s%s\n", group->number, group->type[0] != '\0' ? ", type " : "", group->type, count,
               count == 1 ? "" : "s", count == 1 ? ", alone: fine" : "");
        print_members(system, group);
        print_ties(system, &ties);
        print_regions(group);
        inspect_ties_free(&ties);
    }
    print_alone(alone);
    return EXIT_FINE;
}

/* ---- JSON ---- */

static json_t *device_name(const struct inspect_system *system, int function)
{
    char name[INSPECT_BDF_TEXT];
    return json_string(inspect_bdf_print(system->function[function].bdf, name));
}

static json_t *tie_json(const struct inspect_system *system, const struct inspect_tie *tie)
{
    json_t *object = json_object(), *devices = json_array();
    for (unsigned i = 0; i < tie->device_count; i++)
        json_array_append_new(devices, device_name(system, tie->device[i]));
    ADD(object, "kind", json_string(inspect_tie_name(tie->kind)));
    ADD(object, "culprit", tie->culprit != INSPECT_NONE ? device_name(system, tie->culprit) : json_null());
    ADD(object, "devices", devices);
    ADD(object, "acs_missing", tie->kind == INSPECT_TIE_BRIDGE || tie->kind == INSPECT_TIE_FUNCTIONS
                                   ? (tie->has_acs ? output_hex(tie->missing) : json_string("all"))
                                   : json_null());
    ADD(object, "detail", json_string(tie->text));
    return object;
}

static json_t *regions_json(const struct inspect_group *group)
{
    json_t *regions = json_array();
    for (unsigned i = 0; i < group->region_count; i++) {
        json_t *object = json_object();
        ADD(object, "base", output_hex(group->region[i].base));
        ADD(object, "last", output_hex(group->region[i].last));
        ADD(object, "type", json_string(group->region[i].type));
        json_array_append_new(regions, object);
    }
    return regions;
}

/* NULL: out of memory. */
static json_t *group_json(const struct inspect_system *system, unsigned index)
{
    const struct inspect_group *group = &system->group[index];
    struct inspect_ties ties;
    if (inspect_ties_find(system, index, &ties) != 0)
        return NULL;
    json_t *object = json_object(), *devices = json_array(), *reasons = json_array();
    for (unsigned i = 0; i < group->member_count; i++)
        json_array_append_new(devices, device_name(system, group->member[i]));
    for (unsigned i = 0; i < group->other_count; i++)
        json_array_append_new(devices, json_string(group->other[i]));
    for (unsigned i = 0; i < ties.count; i++)
        json_array_append_new(reasons, tie_json(system, &ties.tie[i]));
    ADD(object, "group", json_integer(group->number));
    ADD(object, "type", group->type[0] != '\0' ? json_string(group->type) : json_null());
    ADD(object, "devices", devices);
    ADD(object, "alone", json_boolean(group->member_count + group->other_count == 1));
    ADD(object, "reasons", reasons);
    ADD(object, "reserved", regions_json(group));
    inspect_ties_free(&ties);
    return object;
}

int groups_print_json(const struct inspect_system *system, int only)
{
    json_t *object = json_object(), *groups = json_array();
    for (unsigned i = 0; i < system->group_count; i++)
        if (is_shown(only, i))
            json_array_append_new(groups, group_json(system, i));
    ADD(object, "groups", groups);
    ADD(object, "absence", system_absence_json(system));
    ADD(object, "notes", system_notes_json(system));
    return output_json(object);
}
