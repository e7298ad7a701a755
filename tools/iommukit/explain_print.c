/* SPDX-License-Identifier: MIT */
/* explain_print.c - one fault, or one line that is none, for people or as JSON; with a dump, why it failed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "output.h"
#include "walk.h"

static const char cut[] = " [cut: the line is longer]";

/* ---- why it failed --------------------------------------------------------------------------------------------- */

static bool vtd(enum inspect_fault_vendor vendor)
{
    return vendor == INSPECT_FAULT_INTEL_VTD || vendor == INSPECT_FAULT_XEN_VTD ||
           vendor == INSPECT_FAULT_JAILHOUSE_VTD || vendor == INSPECT_FAULT_FREEBSD_VTD ||
           vendor == INSPECT_FAULT_QEMU_VTD;
}

/* Whether the fault is a memory access that can be repeated in the dump. */
static bool request_of(const struct inspect_fault *fault, struct inspect_walk_request *request)
{
    *request = (struct inspect_walk_request){
        .iova = fault->address,
        .has_pasid = fault->has_pasid,
        .pasid = fault->pasid,
        .write = fault->access == INSPECT_ACCESS_WRITE,
        .execute = fault->access == INSPECT_ACCESS_EXECUTE,
    };
    return vtd(fault->vendor) && fault->kind == INSPECT_FAULT_DMA && fault->has_address &&
           inspect_bdf_parse(fault->device, &request->device);
}

static bool look(const struct explain *explain, const struct inspect_fault *fault, struct walk_options *asked,
                 struct inspect_walk_result *result, struct inspect_why *why)
{
    why->text[0] = '\0';
    if (explain->walk == NULL || !request_of(fault, &asked->request))
        return false;
    return inspect_walk_look(explain->walk, &asked->request, result, why) == 0;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *text_or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *line_json(const char *line, bool truncated)
{
    return json_sprintf("%s%s", line, truncated ? cut : "");
}

static json_t *following_json(const struct inspect_fault *fault)
{
    json_t *following = json_array();
    for (unsigned i = 0; i < fault->following_count; i++)
        json_array_append_new(following, json_string(fault->following[i]));
    return following;
}

static void print_json(const struct explain *explain, const struct inspect_fault *fault)
{
    struct walk_options asked = {.json = true};
    struct inspect_walk_result result;
    struct inspect_why why;
    json_t *object = json_pack(
        "{s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "line", line_json(fault->line, fault->truncated),
        "vendor", text_or_null(inspect_fault_vendor_name(fault->vendor)), "kind", inspect_fault_kind_name(fault->kind),
        "device", text_or_null(fault->device), "access", inspect_fault_access_name(fault->access), "address",
        fault->has_address ? output_hex(fault->address) : json_null(), "pasid",
        fault->has_pasid ? json_integer(fault->pasid) : json_null(), "code", text_or_null(fault->code), "meaning",
        text_or_null(fault->meaning), "advice", text_or_null(fault->advice));

    if (fault->following_count > 0)
        json_object_set_new(object, "following", following_json(fault));
    if (look(explain, fault, &asked, &result, &why))
        json_object_set_new(object, "walk", walk_json(&asked, &result));
    if (object != NULL)
        json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

/* ---- for people ------------------------------------------------------------------------------------------------ */

/* As it is, but for control characters, which a terminal would obey. */
static void print_line(const char *mark, const char *line, bool truncated)
{
    fputs(mark, stdout);
    for (; *line != '\0'; line++)
        if (((unsigned char)*line < 0x20 && *line != '\t') || *line == 0x7f)
            putchar('?');
        else
            putchar(*line);
    printf("%s\n", truncated ? cut : "");
}

static void print_facts(const struct inspect_fault *fault)
{
    printf("    %s, %s", inspect_fault_vendor_name(fault->vendor), inspect_fault_kind_name(fault->kind));
    if (fault->device[0] != '\0')
        printf(", device %s", fault->device);
    if (fault->access != INSPECT_ACCESS_UNKNOWN)
        printf(", %s", inspect_fault_access_name(fault->access));
    if (fault->has_address)
        printf(", address 0x%" PRIx64, fault->address);
    if (fault->has_pasid)
        printf(", PASID %" PRIu32, fault->pasid);
    if (fault->code[0] != '\0')
        printf(", code %s", fault->code);
    putchar('\n');
}

static void print_walk(const struct explain *explain, const struct inspect_fault *fault)
{
    struct walk_options asked = {.json = false};
    struct inspect_walk_result result;
    struct inspect_why why;

    if (look(explain, fault, &asked, &result, &why))
        walk_print(&asked, &result);
    else if (why.text[0] != '\0')
        printf("    In the dump: %s\n", why.text);
}

static void print_text(const struct explain *explain, const struct inspect_fault *fault)
{
    bool colours = output_colours();

    if (fault->kind == INSPECT_FAULT_UNKNOWN) {
        print_line("? ", fault->line, fault->truncated);
        return;
    }
    fputs(colours ? "\033[1m" : "", stdout);
    print_line("! ", fault->line, fault->truncated);
    for (unsigned i = 0; i < fault->following_count; i++)
        print_line("! ", fault->following[i], false);
    fputs(colours ? "\033[0m" : "", stdout);
    print_facts(fault);
    if (fault->meaning[0] != '\0')
        printf("    %s\n", fault->meaning);
    if (fault->advice[0] != '\0')
        printf("    Advice: %s\n", fault->advice);
    print_walk(explain, fault);
}

void explain_print(void *ctx, const struct inspect_fault *fault)
{
    const struct explain *explain = ctx;
    struct inspect_fault told = *fault;

    if (explain->options->faults_only && fault->kind == INSPECT_FAULT_UNKNOWN)
        return;
    explain_region(explain, &told);
    if (explain->options->json)
        print_json(explain, &told);
    else
        print_text(explain, &told);
}
