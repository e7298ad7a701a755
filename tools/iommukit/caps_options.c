/* SPDX-License-Identifier: MIT */
/* caps_options.c - the command line of `iommukit caps`. */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "caps.h"
#include "output.h"

static const struct argp_option option_list[] = {
    {"why", 'w', NULL, 0, "Walk the chain for many domains on DEVICE, and name the first link that fails", 0},
    {"require", 'q', "NAME,...", 0,
     "Fail unless DEVICE, or some device, has all of these: pasid, ats, pri, siov, acs, aux, or what a unit can do, such as "
     "scalable, nested, device-tlb", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void unknown_name(struct argp_state *state, const char *name)
{
    char names[512] = "";
    for (unsigned i = 0; caps_require_name(i) != NULL; i++) {
        strncat(names, i > 0 ? ", " : "", sizeof names - strlen(names) - 1);
        strncat(names, caps_require_name(i), sizeof names - strlen(names) - 1);
    }
    argp_error(state, "--require: no '%s'; there are %s", name, names);
}

static void require(struct argp_state *state, struct caps_options *options, char *text)
{
    char *rest = NULL;
    for (char *name = strtok_r(text, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
        int number = caps_require_find(name);
        if (number < 0)
            unknown_name(state, name);
        else if (options->require_count == CAPS_REQUIRE_MAX)
            argp_error(state, "--require: more names than there are");
        else
            options->require[options->require_count++] = (unsigned)number;
    }
    if (options->require_count == 0)
        argp_error(state, "--require: it takes one name at least");
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct caps_options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->system;
        return 0;
    case 'w':
        options->why = true;
        return 0;
    case 'q':
        require(state, options, text);
        return 0;
    case ARGP_KEY_ARG:
        system_device_argument(state, text, &options->has_device, &options->device);
        return 0;
    case ARGP_KEY_END:
        if (options->why && !options->has_device)
            argp_error(state, "--why is about one device: name it, as in 6a:01.0");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void caps_parse(int argc, char **argv, struct caps_options *options)
{
    static const struct argp_child children[] = {{&system_argp, 0, NULL, 0}, {NULL, 0, NULL, 0}};
    static const struct argp parser = {
        .options = option_list,
        .parser = parse_option,
        .children = children,
        .args_doc = "[DEVICE]",
        .doc = "Say in words what a machine's IOMMUs can do, and for each device PASIDs, ATS, PRI, Scalable I/O "
               "Virtualization, and whether it can serve many domains at once."
               "\vExit status: 0 fine, 1 what --require names is not there, 2 bad usage or nothing to read.",
    };
    *options = (struct caps_options){0};
    argp_parse(&parser, argc, argv, 0, NULL, options);
}
