/* SPDX-License-Identifier: MIT */
/* system_groups.c - the IOMMU groups that Linux built: sys/kernel/iommu_groups. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/system_file.h"
#include "inspect/system_load.h"

#define GROUPS "sys/kernel/iommu_groups"

static int load_members(struct inspect_system *system, const char *name, struct inspect_group *group)
{
    char path[INSPECT_PATH];
    struct inspect_listing list;
    struct inspect_bdf bdf;
    if (!inspect_path(path, system->root, GROUPS "/%s/devices", name) ||
        inspect_list(path, INSPECT_FUNCTIONS_MAX, &list) != 0)
        return 0;
    group->member = calloc(list.count + 1, sizeof *group->member);
    group->other = calloc(list.count + 1, sizeof *group->other);
    if (group->member == NULL || group->other == NULL) {
        inspect_listing_free(&list);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < list.count; i++) {
        int found = inspect_bdf_parse(list.name[i], &bdf) ? inspect_system_find(system, bdf) : INSPECT_NONE;
        if (found == INSPECT_NONE) {
            inspect_printable(list.name[i]);
            memcpy(group->other[group->other_count++], list.name[i], sizeof *group->other);
        } else {
            group->member[group->member_count++] = found;
            system->function[found].group = group->number;
        }
    }
    inspect_listing_free(&list);
    return 0;
}

/* One line; false: it is none. */
static bool read_region(const char *at, struct inspect_region *region)
{
    char *middle, *end;
    region->base = strtoull(at, &middle, 16);
    if (middle == at || *middle != ' ')
        return false;
    region->last = strtoull(middle, &end, 16);
    size_t length = strcspn(end + (*end == ' '), " \n");
    if (end == middle || *end != ' ' || length == 0 || length >= sizeof region->type)
        return false;
    memcpy(region->type, end + 1, length);
    region->type[length] = '\0';
    inspect_printable(region->type);
    return true;
}

/* Lines "0x00000000fee00000 0x00000000feefffff msi". */
static int load_regions(const char *root, const char *name, struct inspect_group *group)
{
    char path[INSPECT_PATH], text[4096];
    size_t length;
    if (!inspect_path(path, root, GROUPS "/%s/reserved_regions", name) ||
        inspect_file_read(path, text, sizeof text - 1, &length) != 0 || length == 0)
        return 0;
    text[length] = '\0';
    group->region = calloc(INSPECT_REGIONS_MAX, sizeof *group->region);
    if (group->region == NULL)
        return -ENOMEM;
    for (const char *at = text; *at != '\0' && group->region_count < INSPECT_REGIONS_MAX;) {
        struct inspect_region *region = &group->region[group->region_count];
        group->region_count += read_region(at, region);
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    return 0;
}

static int load(struct inspect_system *system, const char *name, struct inspect_group *group)
{
    char path[INSPECT_PATH], *end;
    long number = strtol(name, &end, 10);
    if (*end != '\0' || end == name || number < 0 || number > INT32_MAX)
        return 0;
    group->number = (int)number;
    system->group_count++;
    if (inspect_path(path, system->root, GROUPS "/%s/type", name) &&
        !inspect_file_line(path, group->type, sizeof group->type))
        group->type[0] = '\0';
    int result = load_members(system, name, group);
    return result != 0 ? result : load_regions(system->root, name, group);
}

int inspect_load_groups(struct inspect_system *system)
{
    char path[INSPECT_PATH];
    struct inspect_listing list;
    int result = 0;
    if (!inspect_path(path, system->root, GROUPS) || inspect_list(path, INSPECT_GROUPS_MAX, &list) != 0)
        return 0;
    system->group = calloc(list.count + 1, sizeof *system->group);
    if (system->group == NULL)
        result = -ENOMEM;
    for (unsigned i = 0; i < list.count && result == 0; i++)
        result = load(system, list.name[i], &system->group[system->group_count]);
    inspect_listing_free(&list);
    return result;
}

int inspect_system_group(const struct inspect_system *system, int number)
{
    for (unsigned i = 0; i < system->group_count; i++)
        if (system->group[i].number == number)
            return (int)i;
    return INSPECT_NONE;
}
