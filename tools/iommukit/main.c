/* SPDX-License-Identifier: MIT */
/* main.c - the command: finds the subcommand, one file (or a few) each. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "iommukit/config.h"

#include "audit.h"
#include "bench.h"
#include "caps.h"
#include "conform.h"
#include "dmar.h"
#include "explain.h"
#include "groups.h"
#include "maps.h"
#include "output.h"
#include "regs.h"
#include "share.h"
#include "walk.h"

struct subcommand {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *summary;
};

static const struct subcommand subcommands[] = {
    {"audit", audit_main, "what is wrong with the isolation of the machine in a dump"},
    {"bench", bench_main, "how fast, side by side with the machine's limits and with peers"},
    {"caps", caps_main, "what the IOMMUs and devices of a machine can do, and why not more"},
    {"conform", conform_main, "try a driver on hardware at its worst"},
    {"dmar", dmar_main, "the ACPI table of the remapping units, in words"},
    {"explain", explain_main, "fault lines of kernels and hypervisors, in words"},
    {"groups", groups_main, "IOMMU groups, and what tied each together"},
    {"maps", maps_main, "every device, PASID and mapping in a memory dump"},
    {"regs", regs_main, "registers and fault records, field by field"},
    {"share", share_main, "share one device among tenants and prove that they are isolated"},
    {"walk", walk_main, "one translation in a memory dump, step by step"},
};

static void usage(FILE *to)
{
    fputs("Usage: iommukit COMMAND [OPTION...]\n\nCommands:\n", to);
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++)
        fprintf(to, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
    fputs("\n'iommukit COMMAND --help' explains one of them.\n", to);
}

/* What argp needs to know before the subcommand parses its options: how it is called, and what bad usage exits with. */
static int run(const struct subcommand *subcommand, int argc, char **argv)
{
    char name[32];
    snprintf(name, sizeof name, "iommukit %s", subcommand->name);
    argv[0] = name;
    argp_err_exit_status = EXIT_USAGE;
    return subcommand->main(argc, argv);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("iommukit %d.%d.%d\n", IOMMUKIT_VERSION_MAJOR, IOMMUKIT_VERSION_MINOR,
               IOMMUKIT_VERSION_PATCH);
        return 0;
    }
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++)
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return run(&subcommands[i], argc - 1, argv + 1);

    fprintf(stderr, "iommukit: no command '%s'\n", argv[1]);
    usage(stderr);
    return EXIT_USAGE;
}
