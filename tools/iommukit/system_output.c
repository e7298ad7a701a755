/* SPDX-License-Identifier: MIT */
/* system_output.c - see system_output.h. */
#include "system_output.h"

#include <stdlib.h>

/* NOLINTNEXTLINE(readability-non-const-parameter): argp's signature */
static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct system_options *options = state->input;
    if (key == 'r')
        options->root = text;
    else if (key == 'j')
        options->json = true;
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

static const struct argp_option option_list[] = {
    {"root", 'r', "DIR", 0, "Look below DIR, a copy of a machine's /sys and /proc", 0},
    {"json", 'j', NULL, 0, "Print one JSON object", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

const struct argp system_argp = {.options = option_list, .parser = parse_option};

void system_device_argument(struct argp_state *state, const char *text, bool *has_device, struct inspect_bdf *device)
{
    if (*has_device)
        argp_error(state, "unexpected argument '%s'", text);
    *has_device = inspect_bdf_parse(text, device);
    if (!*has_device)
        argp_error(state, "'%s' is no PCI address; they look like 6a:01.0 or 0000:6a:01.0", text);
}

struct inspect_system *system_open(const char *command, const char *root)
{
    struct inspect_system *system = NULL;
    struct inspect_why why;
    if (inspect_system_open(root, &system, &why) == 0)
        return system;
    output_error(command, "%s", why.text);
    return NULL;
}

void system_notes(const char *command, const struct inspect_system *system)
{
    fflush(stdout);
    for (unsigned i = 0; i < system->note_count; i++)
        output_error(command, "%s", system->note[i]);
}

json_t *system_notes_json(const struct inspect_system *system)
{
    json_t *notes = json_array();
    for (unsigned i = 0; i < system->note_count; i++)
        json_array_append_new(notes, json_string(system->note[i]));
    return notes;
}

json_t *system_absence_json(const struct inspect_system *system)
{
    char text[400];
    if (system->iommu_count > 0)
        return json_null();
    inspect_system_absence(system, text, sizeof text);
    return json_string(text);
}

json_t *system_answer(enum inspect_answer answer)
{
    return answer == INSPECT_UNKNOWN ? json_null() : json_boolean(answer == INSPECT_YES);
}

bool text_begin(struct text *text)
{
    *text = (struct text){0};
    text->file = open_memstream(&text->bytes, &text->size);
    return text->file != NULL;
}

void text_cell(struct text *text, struct libscols_line *line, unsigned column)
{
    if (text->file != NULL && fclose(text->file) == 0)
        scols_line_set_data(line, column, text->bytes);
    free(text->bytes);
    *text = (struct text){0};
}
