/* SPDX-License-Identifier: MIT */
/* audit.c - `iommukit audit`: command line and inputs. */
#include "audit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/iomem.h"
#include "output.h"
#include "source.h"

#define EXTERNAL_MAX 256u
#define DEVICES_MAX  (1u << 16)
#define BDF_WORD     32

enum { KEY_IOMEM = 0x100, KEY_SYMBOLS, KEY_KERNEL_BASE, KEY_DEVICES, KEY_EXTERNAL, KEY_JSON, KEY_LIST };

struct options {
    struct source_options source;
    const char *iomem, *symbols, *devices; /* NULL: not given */
    bool has_kernel_base, json, list;
    uint64_t kernel_base;
    struct inspect_bdf external[EXTERNAL_MAX];
    unsigned externals;
};

static const struct argp_option option_list[] = {
    {NULL, 0, NULL, 0, "What else is known:", 1},
    {"iomem", KEY_IOMEM, "FILE", 0, "A copy of the machine's /proc/iomem, made as root: where RAM and the kernel are",
     0},
    {"symbols", KEY_SYMBOLS, "System.map", 0, "How long the kernel's code is; where, says --kernel-base or the dump",
     0},
    {"kernel-base", KEY_KERNEL_BASE, "ADDRESS", 0, "Physical address of _text", 0},
    {"devices", KEY_DEVICES, "FILE", 0, "Functions that exist, one a line, such as lspci -D prints", 0},
    {"external", KEY_EXTERNAL, "[SSSS:]BB:DD.F", 0, "A device on an external port; may be repeated", 0},
    {NULL, 0, NULL, 0, "Output:", 3},
    {"json", KEY_JSON, NULL, 0, "Print one JSON object", 0},
    {"list", KEY_LIST, NULL, 0, "List all kinds of findings and what to do about them", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void add_external(struct argp_state *state, struct options *options, const char *text)
{
    if (options->externals == EXTERNAL_MAX)
        argp_error(state, "--external: more than %u of them", EXTERNAL_MAX);
    else if (!inspect_bdf_parse(text, &options->external[options->externals++]))
        argp_error(state, "--external: '%s' is not [SSSS:]BB:DD.F", text);
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->source;
        return 0;
    case KEY_IOMEM:
        options->iomem = text;
        return 0;
    case KEY_SYMBOLS:
        options->symbols = text;
        return 0;
    case KEY_DEVICES:
        options->devices = text;
        return 0;
    case KEY_KERNEL_BASE:
        options->has_kernel_base = output_number(text, UINT64_MAX, &options->kernel_base);
        if (!options->has_kernel_base)
            argp_error(state, "--kernel-base: '%s' is not an address", text);
        return 0;
    case KEY_EXTERNAL:
        add_external(state, options, text);
        return 0;
    case KEY_JSON:
        options->json = true;
        return 0;
    case KEY_LIST:
        options->list = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", text);
        return 0;
    case ARGP_KEY_END:
        if (options->has_kernel_base && options->symbols == NULL)
            argp_error(state, "--kernel-base says where the kernel begins; --symbols must say how long it is");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse(int argc, char **argv, struct options *options)
{
    static const struct argp_child children[] = {{&source_argp, 0, "Where to look:", 2}, {NULL, 0, NULL, 0}};
    static const struct argp parser = {
        .options = option_list,
        .parser = parse_option,
        .children = children,
        .doc = "Say what is wrong with the isolation that a machine's VT-d tables and registers give: what devices "
               "reach that they should not, entries that are damaged, features that are off."
               "\vExit status: 0 no finding above info, 1 findings, 2 bad usage or unreadable input.",
    };
    argp_parse(&parser, argc, argv, 0, NULL, options);
}

/* ---- inputs ---------------------------------------------------------------------------------------------------- */

struct inputs {
    struct source source;
    struct inspect_iomem iomem;
    struct inspect_bdf *devices;
    size_t device_count;
    struct inspect_audit_input input;
};

static int read_devices(FILE *file, const char *path, struct inputs *inputs, struct inspect_why *why)
{
    char line[512], word[BDF_WORD];
    struct inspect_bdf bdf;
    inputs->devices = calloc(DEVICES_MAX, sizeof *inputs->devices);
    if (inputs->devices == NULL)
        return inspect_fail(why, -1, "out of memory");
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%31s", word) != 1 || !inspect_bdf_parse(word, &bdf))
            continue;
        if (inputs->device_count == DEVICES_MAX)
            return inspect_fail(why, -1, "%s: more than %u devices", path, DEVICES_MAX);
        inputs->devices[inputs->device_count++] = bdf;
    }
    if (inputs->device_count == 0)
        return inspect_fail(why, -1, "%s: no line of it begins with [SSSS:]BB:DD.F", path);
    return 0;
}

static int open_devices(const char *path, struct inputs *inputs, struct inspect_why *why)
{
    if (path == NULL)
        return 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return inspect_fail(why, -1, "%s cannot be opened: %s", path, strerror(errno));
    int result = read_devices(file, path, inputs, why);
    fclose(file);
    inputs->input.present = inputs->devices;
    inputs->input.present_count = inputs->device_count;
    return result;
}

static int open_iomem(const char *path, struct inputs *inputs, struct inspect_why *why)
{
    if (path == NULL)
        return 0;
    int result = inspect_iomem_load(path, &inputs->iomem, why);
    inputs->input.ram = inputs->iomem.ram;
    inputs->input.ram_count = inputs->iomem.count;
    inputs->input.has_kernel = inputs->iomem.has_kernel;
    inputs->input.kernel = inputs->iomem.kernel;
    return result;
}

/* What is said on the command line goes before what the dump says, and that before /proc/iomem. */
static int open_symbols(const struct options *options, struct inputs *inputs, struct inspect_why *why)
{
    struct inspect_symbols symbols;
    struct inspect_why ignored;
    if (options->symbols == NULL)
        return 0;
    int result = inspect_symbols_load(options->symbols, &symbols, why);
    if (result != 0)
        return result;
    if (options->has_kernel_base) {
        uint64_t last = options->kernel_base + (symbols.etext - symbols.text) - 1;
        inputs->input.kernel = (struct inspect_extent){options->kernel_base, last};
    } else if (inspect_symbols_locate(options->source.memory.path, &symbols, &inputs->input.kernel, &ignored) != 0 &&
               !inputs->input.has_kernel) {
        return inspect_fail(why, -1, "%s; give --kernel-base", ignored.text);
    }
    inputs->input.has_kernel = true;
    return 0;
}

static int open_inputs(const struct options *options, struct inputs *inputs)
{
    struct inspect_why why = {""};
    int result = source_open_dump("audit", &options->source, &inputs->source);
    if (result != EXIT_FINE)
        return result;
    inputs->input.machine = inputs->source.machine;
    inputs->input.dmar = inputs->source.dmar;
    inputs->input.dmar_bytes = inputs->source.dmar_bytes;
    inputs->input.external = options->external;
    inputs->input.external_count = options->externals;
    result = open_iomem(options->iomem, inputs, &why);
    if (result == 0)
        result = open_symbols(options, inputs, &why);
    if (result == 0)
        result = open_devices(options->devices, inputs, &why);
    return result == 0 ? EXIT_FINE : output_error("audit", "%s", why.text);
}

static void close_inputs(struct inputs *inputs)
{
    free(inputs->devices);
    inspect_iomem_free(&inputs->iomem);
    source_close(&inputs->source);
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static int run(const struct options *options, const struct inputs *inputs)
{
    struct inspect_findings findings;
    struct inspect_why why = {""};
    if (inspect_audit(&inputs->input, &findings, &why) != 0)
        return output_error("audit", "%s", why.text);
    int result = audit_report(&findings, options->json);
    inspect_findings_free(&findings);
    return result;
}

int audit_main(int argc, char **argv)
{
    static struct options options; /* large */
    struct inputs inputs = {.devices = NULL};
    parse(argc, argv, &options);
    if (options.list)
        return audit_report_kinds(options.json);
    int result = open_inputs(&options, &inputs);
    if (result == EXIT_FINE)
        result = run(&options, &inputs);
    close_inputs(&inputs);
    return result;
}
