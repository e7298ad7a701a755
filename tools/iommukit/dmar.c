/* SPDX-License-Identifier: MIT */
/* dmar.c - `iommukit dmar [FILE]`: command line, and which table is read. */
#include "dmar.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/system_file.h"
#include "system_output.h"

#define TABLE_MAX (1u << 20)

struct options {
    struct system_options system;
    const char *file;
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->system;
        return 0;
    case ARGP_KEY_ARG:
        if (options->file != NULL)
            argp_error(state, "unexpected argument '%s'", text);
        options->file = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse(int argc, char **argv, struct options *options)
{
    static const struct argp_child children[] = {{&system_argp, 0, NULL, 0}, {NULL, 0, NULL, 0}};
    static const struct argp parser = {
        .parser = parse_option,
        .children = children,
        .args_doc = "[FILE]",
        .doc = "Show the ACPI DMAR table in words: remapping units and the devices they serve, reserved memory, and what "
               "is wrong with it. Without FILE: this machine's, /sys/firmware/acpi/tables/DMAR."
               "\vExit status: 0 shown, 2 there is no readable table.",
    };
    argp_parse(&parser, argc, argv, 0, NULL, options);
}

static int show(const struct options *options, const uint8_t *bytes, size_t size, const struct inspect_system *machine)
{
    struct inspect_dmar dmar;
    struct inspect_why why;
    if (inspect_dmar_read(bytes, size, machine, &dmar, &why) != 0)
        return output_error("dmar", "%s", why.text);
    int result = options->system.json ? dmar_print_json(&dmar, machine) : dmar_print(&dmar, machine);
    inspect_dmar_free(&dmar);
    return result;
}

static const char *reason(int result)
{
    switch (result) {
    case -ENOENT:
        return "there is no such file";
    case -EACCES:
        return "only root may read it: run it with sudo";
    case -EINVAL:
        return "it is no regular file";
    case -EFBIG:
        return "it is longer than 1 MiB, and no DMAR table is";
    default:
        return "it could not be read";
    }
}

static int show_file(const struct options *options, const struct inspect_system *machine)
{
    size_t size;
    uint8_t *bytes = malloc(TABLE_MAX);
    if (bytes == NULL)
        return output_error("dmar", "out of memory");
    int result = inspect_file_read(options->file, bytes, TABLE_MAX, &size);
    result = result != 0 ? output_error("dmar", "%s: %s", options->file, reason(result))
                         : show(options, bytes, size, machine);
    free(bytes);
    return result;
}

static int show_machine(const struct options *options, const struct inspect_system *machine)
{
    const struct inspect_firmware *firmware = &machine->firmware;
    char text[400];
    if (firmware->readable == INSPECT_YES)
        return show(options, firmware->bytes, firmware->size, machine);
    if (firmware->dmar == INSPECT_YES)
        return output_error("dmar", "%s", machine->note[0]);
    if (machine->iommu_count > 0)
        return output_error("dmar", "this machine has no DMAR table; its IOMMU is not Intel's (iommukit caps shows it)");
    inspect_system_absence(machine, text, sizeof text);
    return output_error("dmar", "no DMAR table: %s", text);
}

int dmar_main(int argc, char **argv)
{
    struct options options = {0};
    struct inspect_system *machine = NULL;
    parse(argc, argv, &options);
    /* A file alone comes from anywhere: its devices are not this machine's. */
    if (options.file == NULL || options.system.root != NULL) {
        machine = system_open("dmar", options.system.root);
        if (machine == NULL)
            return EXIT_USAGE;
    }
    int result = options.file != NULL ? show_file(&options, machine) : show_machine(&options, machine);
    inspect_system_close(machine);
    return result;
}
