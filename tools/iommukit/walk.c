/* SPDX-License-Identifier: MIT */
/* walk.c - `iommukit walk`: command line, and the addresses to be looked at. */
#include "walk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "output.h"

#define PASID_MAX  0xfffffu
#define LINE_BYTES 256

enum { KEY_DEVICE = 0x100, KEY_PASID, KEY_IOVA, KEY_READ, KEY_WRITE, KEY_EXECUTE, KEY_PRIVILEGED, KEY_JSON };

static const struct argp_option option_list[] = {
    {NULL, 0, NULL, 0, "The request:", 1},
    {"device", KEY_DEVICE, "[SSSS:]BB:DD.F", 0, "Who asks", 0},
    {"pasid", KEY_PASID, "N", 0, "With this PASID (default: without)", 0},
    {"iova", KEY_IOVA, "ADDRESS", 0, "Which address; - reads addresses from standard input, one a line", 0},
    {"read", KEY_READ, NULL, 0, "To read (default)", 0},
    {"write", KEY_WRITE, NULL, 0, "To write", 0},
    {"execute", KEY_EXECUTE, NULL, 0, "To read instructions; needs --pasid", 0},
    {"privileged", KEY_PRIVILEGED, NULL, 0, "As supervisor; needs --pasid", 0},
    {"json", KEY_JSON, NULL, 0, "Print a JSON object; of addresses from standard input one a line", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void set_device(struct argp_state *state, struct walk_options *options, const char *text)
{
    options->has_device = inspect_bdf_parse(text, &options->request.device);
    if (!options->has_device)
        argp_error(state, "--device: '%s' is not [SSSS:]BB:DD.F", text);
}

static void set_address(struct argp_state *state, struct walk_options *options, const char *text)
{
    options->has_iova = true;
    options->batch = strcmp(text, "-") == 0;
    if (!options->batch && !output_number(text, UINT64_MAX, &options->request.iova))
        argp_error(state, "--iova: '%s' is not an address", text);
}

static void set_pasid(struct argp_state *state, struct walk_options *options, const char *text)
{
    uint64_t pasid = 0;
    if (!output_number(text, PASID_MAX, &pasid))
        argp_error(state, "--pasid: '%s' is not a PASID (0 to %#x)", text, PASID_MAX);
    options->request.has_pasid = true;
    options->request.pasid = (uint32_t)pasid;
}

static void check(struct argp_state *state, const struct walk_options *options)
{
    if (!options->has_device)
        argp_error(state, "whose request? --device BB:DD.F");
    if (!options->has_iova)
        argp_error(state, "which address? --iova ADDRESS");
    if ((options->request.execute || options->request.privileged) && !options->request.has_pasid)
        argp_error(state, "only requests with PASID can be --execute or --privileged");
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct walk_options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->source;
        return 0;
    case KEY_DEVICE:
        set_device(state, options, text);
        return 0;
    case KEY_PASID:
        set_pasid(state, options, text);
        return 0;
    case KEY_IOVA:
        set_address(state, options, text);
        return 0;
    case KEY_READ:
    case KEY_WRITE:
    case KEY_EXECUTE:
        options->request.write = key == KEY_WRITE;
        options->request.execute = key == KEY_EXECUTE;
        return 0;
    case KEY_PRIVILEGED:
        options->request.privileged = true;
        return 0;
    case KEY_JSON:
        options->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", text);
        return 0;
    case ARGP_KEY_END:
        check(state, options);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse(int argc, char **argv, struct walk_options *options)
{
    static const struct argp_child children[] = {{&source_argp, 0, "Where to look:", 2}, {NULL, 0, NULL, 0}};
    static const struct argp parser = {
        .options = option_list,
        .parser = parse_option,
        .children = children,
        .doc = "Translate one address of a device as VT-d hardware would, step by step, from a memory dump."
               "\vExit status: 0 answered, be it with a fault; 2 bad usage or unreadable input, or a page that is needed "
               "is not in the dump.",
    };
    argp_parse(&parser, argc, argv, 0, NULL, options);
}

/* ---- looking --------------------------------------------------------------------------------------------------- */

static int look(struct inspect_walk *walk, const struct walk_options *options)
{
    struct inspect_walk_result result;
    struct inspect_why why;
    if (inspect_walk_look(walk, &options->request, &result, &why) != 0)
        return output_error("walk", "%s", why.text);
    if (options->json)
        walk_print_json(options, &result);
    else
        walk_print(options, &result);
    return result.outcome == INSPECT_WALK_ABSENT ? EXIT_USAGE : EXIT_FINE;
}

static int look_batch(struct inspect_walk *walk, struct walk_options *options)
{
    char line[LINE_BYTES];
    int worst = EXIT_FINE;
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0')
            continue;
        if (!output_number(line, UINT64_MAX, &options->request.iova))
            return output_error("walk", "standard input: '%s' is not an address", line);
        int result = look(walk, options);
        worst = result > worst ? result : worst;
    }
    return ferror(stdin) ? output_error("walk", "standard input could not be read: %s", strerror(errno)) : worst;
}

static int run(struct walk_options *options, const struct source *source)
{
    struct inspect_walk *walk;
    struct inspect_why why;
    if (inspect_walk_open(&source->machine, &walk, &why) != 0)
        return output_error("walk", "%s", why.text);
    int result = options->batch ? look_batch(walk, options) : look(walk, options);
    inspect_walk_close(walk);
    if (fflush(stdout) != 0 || ferror(stdout))
        return output_error("walk", "the result could not be written: %s", strerror(errno));
    return result;
}

int walk_main(int argc, char **argv)
{
    struct walk_options options = {.has_device = false};
    struct source source;
    parse(argc, argv, &options);
    int result = source_open_dump("walk", &options.source, &source);
    if (result != EXIT_FINE)
        return result;
    result = run(&options, &source);
    source_close(&source);
    return result;
}
