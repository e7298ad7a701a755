/* SPDX-License-Identifier: MIT */
/* groups.c - `iommukit groups [DEVICE]`: the command line. */
#include "groups.h"

#include <argp.h>
#include <stdio.h>

#include "system_output.h"

struct options {
    struct system_options system;
    bool explain, has_device;
    struct inspect_bdf device;
};

static const struct argp_option option_list[] = {
    {"explain", 'e', NULL, 0, "For each group of several devices, say what tied them together", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->system;
        return 0;
    case 'e':
        options->explain = true;
        return 0;
    case ARGP_KEY_ARG:
        system_device_argument(state, text, &options->has_device, &options->device);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse(int argc, char **argv, struct options *options)
{
    static const struct argp_child children[] = {{&system_argp, 0, NULL, 0}, {NULL, 0, NULL, 0}};
    static const struct argp parser = {
        .options = option_list,
        .parser = parse_option,
        .children = children,
        .args_doc = "[DEVICE]",
        .doc = "List IOMMU groups, or the one DEVICE is in: devices that cannot be told apart, so that what one may reach all "
               "may reach."
               "\vExit status: 0 fine, 2 bad usage or nothing to read.",
    };
    argp_parse(&parser, argc, argv, 0, NULL, options);
}

/* EXIT_FINE, with the group in *group: INSPECT_NONE means all. */
static int find_group(const struct options *options, const struct inspect_system *system, int *group)
{
    char name[INSPECT_BDF_TEXT];
    *group = INSPECT_NONE;
    if (!options->has_device)
        return EXIT_FINE;
    inspect_bdf_print(options->device, name);
    int function = inspect_system_find(system, options->device);
    if (function == INSPECT_NONE)
        return output_error("groups", "there is no device %s in %s/sys/bus/pci/devices", name, system->root);
    *group = inspect_system_group(system, system->function[function].group);
    if (*group == INSPECT_NONE && system->group_count > 0)
        return output_error("groups", "%s is in no group: no unit translates for it", name);
    return EXIT_FINE;
}

static int show(const struct options *options, const struct inspect_system *system)
{
    int group;
    int result = find_group(options, system, &group);
    if (result != EXIT_FINE)
        return result;
    if (options->system.json)
        return groups_print_json(system, group);
    if (system->group_count == 0 && system->iommu_count > 0) {
        printf("There are units in %s/sys/class/iommu, but no groups in %s/sys/kernel/iommu_groups.\n", system->root,
               system->root);
        return EXIT_FINE;
    }
    if (system->group_count == 0) {
        char text[400];
        inspect_system_absence(system, text, sizeof text);
        printf("There are no groups: %s\n", text);
        return EXIT_FINE;
    }
    result = options->explain ? groups_print_explained(system, group) : groups_print(system, group);
    if (options->explain)
        system_notes("groups", system);
    return result;
}

int groups_main(int argc, char **argv)
{
    struct options options = {0};
    parse(argc, argv, &options);
    struct inspect_system *system = system_open("groups", options.system.root);
    if (system == NULL)
        return EXIT_USAGE;
    int result = show(&options, system);
    inspect_system_close(system);
    return result;
}
