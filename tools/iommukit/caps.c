/* SPDX-License-Identifier: MIT */
/* caps.c - `iommukit caps [DEVICE]`. */
#include "caps.h"

#include <ctype.h>
#include <stdio.h>

#include "system_output.h"

/* Says what is missing; EXIT_FINE where nothing is. */
static int judge(const struct caps_options *options, const struct inspect_system *system, int function)
{
    char name[INSPECT_BDF_TEXT];
    int closest;
    if (options->require_count == 0 || caps_require_all(options, system, function, &closest))
        return EXIT_FINE;
    fflush(stdout);
    if (closest == INSPECT_NONE) {
        output_error("caps", "nothing meets --require: there is no PCI device, or bridges only");
        return EXIT_FINDINGS;
    }
    fprintf(stderr, "iommukit caps: %s%s lacks", function == INSPECT_NONE ? "no device meets --require; the closest, " : "",
            inspect_bdf_print(system->function[closest].bdf, name));
    const char *separator = " ";
    for (unsigned i = 0; i < options->require_count; i++) {
        enum inspect_answer answer = caps_require_met(system, closest, options->require[i]);
        if (answer == INSPECT_YES)
            continue;
        fprintf(stderr, "%s%s%s", separator, caps_require_name(options->require[i]),
                answer == INSPECT_UNKNOWN ? " (could not be read)" : "");
        separator = ", ";
    }
    fputc('\n', stderr);
    return EXIT_FINDINGS;
}

static int print(const struct caps_options *options, const struct inspect_system *system, int function)
{
    char text[400];
    if (options->system.json)
        return caps_print_json(options, system, function);
    if (options->why)
        return caps_print_why(system, function);
    if (system->iommu_count > 0)
        return caps_print(system, function);
    inspect_system_absence(system, text, sizeof text);
    text[0] = (char)toupper((unsigned char)text[0]);
    puts(text);
    return EXIT_FINE;
}

int caps_main(int argc, char **argv)
{
    struct caps_options options;
    int function = INSPECT_NONE;
    caps_parse(argc, argv, &options);
    struct inspect_system *system = system_open("caps", options.system.root);
    if (system == NULL)
        return EXIT_USAGE;
    if (options.has_device) {
        function = inspect_system_find(system, options.device);
        if (function == INSPECT_NONE) {
            char name[INSPECT_BDF_TEXT];
            output_error("caps", "there is no device %s in %s/sys/bus/pci/devices",
                         inspect_bdf_print(options.device, name), system->root);
            inspect_system_close(system);
            return EXIT_USAGE;
        }
    }
    int result = print(&options, system, function);
    if (!options.system.json && (system->iommu_count > 0 || options.why))
        system_notes("caps", system);
    if (result == EXIT_FINE)
        result = judge(&options, system, function);
    inspect_system_close(system);
    return result;
}
