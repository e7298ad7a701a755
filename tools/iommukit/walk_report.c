/* SPDX-License-Identifier: MIT */
/* walk_report.c - one translation as a table with a verdict, or as JSON. */
#include <inttypes.h>
#include <stdio.h>

#include "output.h"
#include "walk.h"

#define ENTRY_TEXT 160

/* Entries of several words: the low word first. */
static const char *entry_text(const struct iommu_model_step *step, char text[ENTRY_TEXT])
{
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < step->words && used < ENTRY_TEXT; i++)
        used += (size_t)snprintf(text + used, ENTRY_TEXT - used, "%s0x%" PRIx64, i ? " " : "", step->entry[i]);
    return text;
}

static const char *outcome_name(enum inspect_walk_outcome outcome)
{
    static const char *const names[] = {
        [INSPECT_WALK_MAPPED] = "mapped",
        [INSPECT_WALK_FAULT] = "fault",
        [INSPECT_WALK_INTERRUPT] = "interrupt",
        [INSPECT_WALK_ABSENT] = "absent",
    };
    return names[outcome];
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *step_json(const struct iommu_model_step *step)
{
    char entry[ENTRY_TEXT], meaning[INSPECT_WALK_MEANING];
    return json_pack("{s:s, s:o, s:i, s:o, s:s}", "table", step->what, "address",
                     step->address ? output_hex(step->address) : json_null(), "index", (int)step->index, "entry",
                     step->words ? json_string(entry_text(step, entry)) : json_null(), "meaning",
                     inspect_walk_meaning(step, meaning));
}

static json_t *steps_json(const struct iommu_model_explanation *explanation)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < explanation->count; i++)
        json_array_append_new(array, step_json(&explanation->step[i]));
    return array;
}

static json_t *fault_json(const struct inspect_walk_result *result)
{
    if (result->outcome != INSPECT_WALK_FAULT)
        return json_null();
    return json_pack("{s:o, s:s}", "code", result->fault ? json_sprintf("0x%02x", result->fault) : json_null(), "name",
                     result->fault_name);
}

json_t *walk_json(const struct walk_options *options, const struct inspect_walk_result *result)
{
    bool mapped = result->outcome == INSPECT_WALK_MAPPED, absent = result->outcome == INSPECT_WALK_ABSENT;
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "result", outcome_name(result->outcome), "iova",
        output_hex(options->request.iova), "pa", mapped ? output_hex(result->pa) : json_null(), "bytes",
        mapped ? json_integer((json_int_t)result->bytes) : json_null(), "read",
        mapped ? json_boolean(result->read) : json_null(), "write", mapped ? json_boolean(result->write) : json_null(),
        "fault", fault_json(result), "absent", absent ? output_hex(result->absent) : json_null(), "steps",
        steps_json(&result->explanation));
}

void walk_print_json(const struct walk_options *options, const struct inspect_walk_result *result)
{
    json_t *object = walk_json(options, result);
    if (object != NULL)
        json_dumpf(object, stdout, options->batch ? 0 : JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
}

/* ---- for people ------------------------------------------------------------------------------------------------ */

static void question(const struct inspect_walk_request *request)
{
    char bdf[INSPECT_BDF_TEXT];
    printf("%s", inspect_bdf_print(request->device, bdf));
    if (request->has_pasid)
        printf(" PASID %" PRIu32, request->pasid);
    printf("%s %s 0x%" PRIx64 "\n", request->privileged ? " as supervisor" : "",
           request->write ? "writes" : request->execute ? "executes" : "reads", request->iova);
}

static void steps(const struct iommu_model_explanation *explanation)
{
    static const struct output_column columns[] = {
        {"TABLE", false, false}, {"ADDRESS", true, false}, {"INDEX", true, false},
        {"ENTRY", true, false},  {"MEANING", false, true},
    };
    char meaning[INSPECT_WALK_MEANING];
    struct libscols_table *table = output_table(columns, sizeof columns / sizeof columns[0]);
    for (unsigned i = 0; table != NULL && i < explanation->count; i++) {
        const struct iommu_model_step *step = &explanation->step[i];
        struct libscols_line *line = scols_table_new_line(table, NULL);
        if (line == NULL)
            continue;
        output_cell(line, 0, "%s", step->what);
        if (step->address != 0)
            output_cell(line, 1, "0x%" PRIx64, step->address);
        if (step->words != 0) {
            output_cell(line, 2, "%u", step->index);
            output_cell(line, 3, "0x%" PRIx64 "%s", step->entry[0], step->words > 1 ? " ..." : "");
        }
        output_cell(line, 4, "%s", inspect_walk_meaning(step, meaning));
    }
    if (table == NULL)
        return;
    scols_print_table(table);
    scols_unref_table(table);
}

static void verdict(const struct inspect_walk_result *result)
{
    switch (result->outcome) {
    case INSPECT_WALK_MAPPED:
        printf("mapped: 0x%" PRIx64 ", in a page of %" PRIu64 " KiB, %s%s\n", result->pa, result->bytes / 1024,
               result->read ? "r" : "-", result->write ? "w" : "-");
        break;
    case INSPECT_WALK_INTERRUPT:
        puts("interrupt: the write is an interrupt message and reaches no memory");
        break;
    case INSPECT_WALK_ABSENT:
        printf("no telling: what is at 0x%" PRIx64 " %s\n", result->absent,
               result->unreadable ? "could not be read from the file" : "is not in the dump");
        break;
    case INSPECT_WALK_FAULT:
        if (result->fault != 0)
            printf("fault: 0x%02x, %s\n", result->fault, result->fault_name);
        else
            printf("refused without a fault record: %s\n", result->fault_name);
        break;
    }
}

void walk_print(const struct walk_options *options, const struct inspect_walk_result *result)
{
    question(&options->request);
    steps(&result->explanation);
    verdict(result);
    if (options->batch)
        putchar('\n');
}
