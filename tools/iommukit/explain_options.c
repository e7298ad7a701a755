/* SPDX-License-Identifier: MIT */
/* explain_options.c - the command line of `iommukit explain`, through argp. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "output.h"

enum { KEY_JSON = 0x100, KEY_RECORD, KEY_VENDOR };

static const struct argp_option option_list[] = {
    {"json", KEY_JSON, NULL, 0, "Print one JSON object for each fault and each other line, one a line", 0},
    {"follow", 'f', NULL, 0, "Go on when FILE ends, as it grows or is replaced", 0},
    {"faults-only", 'q', NULL, 0, "Leave out lines that are no faults", 0},
    {"record", KEY_RECORD, "LOW:HIGH", 0,
     "Explain a raw record instead of a log: its 64-bit words in hexadecimal, the lowest first; of SMMUv3, four", 0},
    {"vendor", KEY_VENDOR, "NAME", 0, "Whose record: vtd (default), amd or smmuv3", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void set_vendor(struct argp_state *state, struct explain_options *options, const char *text)
{
    static const struct {
        const char *name;
        enum inspect_fault_vendor vendor;
    } vendors[] = {
        {"vtd", INSPECT_FAULT_INTEL_VTD}, {"intel-vtd", INSPECT_FAULT_INTEL_VTD}, {"amd", INSPECT_FAULT_AMD_VI},
        {"amd-vi", INSPECT_FAULT_AMD_VI}, {"smmuv3", INSPECT_FAULT_SMMUV3},       {"arm-smmuv3", INSPECT_FAULT_SMMUV3},
    };
    for (size_t i = 0; i < sizeof vendors / sizeof vendors[0]; i++)
        if (strcmp(text, vendors[i].name) == 0) {
            options->vendor = vendors[i].vendor;
            return;
        }
    argp_error(state, "--vendor: no '%s'; there are vtd, amd, smmuv3", text);
}

static void set_record(struct argp_state *state, struct explain_options *options, const char *text)
{
    const char *at = text;

    options->record = text;
    options->word_count = 0;
    for (;;) {
        char *end;
        errno = 0;
        unsigned long long word = strtoull(at, &end, 16);
        if (!isxdigit((unsigned char)*at) || errno != 0 || (*end != ':' && *end != '\0') ||
            options->word_count == EXPLAIN_WORDS_MAX) {
            argp_error(state, "--record: '%s' is not LOW:HIGH (or W0:W1:W2:W3), hexadecimal words of 64 bits", text);
            return;
        }
        options->words[options->word_count++] = word;
        if (*end == '\0')
            return;
        at = end + 1;
    }
}

static void set_file(struct argp_state *state, struct explain_options *options, const char *text)
{
    if (options->file != NULL)
        argp_error(state, "'%s': one FILE at a time", text);
    options->file = text;
}

static void check(struct argp_state *state, struct explain_options *options)
{
    if (options->record != NULL && (options->file != NULL || options->follow))
        argp_error(state, "--record stands for itself: no FILE, no --follow");
    if (options->file != NULL && strcmp(options->file, "-") == 0)
        options->file = NULL;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct explain_options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->source;
        return 0;
    case KEY_JSON:
        options->json = true;
        return 0;
    case 'f':
        options->follow = true;
        return 0;
    case 'q':
        options->faults_only = true;
        return 0;
    case KEY_RECORD:
        set_record(state, options, text);
        return 0;
    case KEY_VENDOR:
        set_vendor(state, options, text);
        return 0;
    case ARGP_KEY_ARG:
        set_file(state, options, text);
        return 0;
    case ARGP_KEY_END:
        check(state, options);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void explain_parse(int argc, char **argv, struct explain_options *options)
{
    static const struct argp_child children[] = {
        {&source_argp, 0,
         "The machine (VT-d): a dump to see why an access failed, a DMAR table for reserved regions:", 1},
        {NULL, 0, NULL, 0}};
    static const struct argp parser = {
        .options = option_list,
        .parser = parse_option,
        .args_doc = "[FILE]",
        .doc =
            "Explain IOMMU fault lines of kernel and hypervisor logs: what was refused, to whom, why, and what to try."
            "\vFILE is a log as dmesg, journalctl, syslog or a serial console gives it; without it (or with -) "
            "standard input is read.\n\nExit status: 0 fine, 2 bad usage or unreadable input.",
        .children = children,
    };
    argp_parse(&parser, argc, argv, 0, NULL, options);
}
