/* SPDX-License-Identifier: MIT */
/* groups.c - `iommukit groups [DEVICE]`: the command line. */
#include "groups.h"

#include <argp.h>
#include <stdio.h>

#include "system_output.h"

struct options {
    const char *root;
    bool json, explain, has_device;
    struct inspect_bdf device;
};

static const struct argp_option option_list[] = {
    {"explain", 'e', NULL, 0, "For each group of several devices, say what tied them together", 0},
    {"root", 'r', "DIR", 0, "Look below DIR, a copy of a machine's /sys and /proc", 0},
    {"json", 'j', NULL, 0, "Print one JSON object, with explanations", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'e':
        options->explain = true;
        return 0;
    case 'r':
        options->root = text;
        return 0;
    case 'j':
        options->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (options->has_device)
            argp_error(state, "unexpected argument '%s'", text);
        options->has_device = inspect_bdf_parse(text, &options->device);
        if (!options->has_device)
            argp_error(state, "'%s' is no PCI address; they look like 6a:01.0 or 0000:6a:01.0", text);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse(int argc, char **argv, struct options *options)
{
    static const struct argp parser = {
        .options = option_list,
        .parser = parse_option,
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
    if (options->json)
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
    struct inspect_system *system = system_open("groups", options.root);
    if (system == NULL)
        return EXIT_USAGE;
    int result = show(&options, system);
    inspect_system_close(system);
    return result;
}
