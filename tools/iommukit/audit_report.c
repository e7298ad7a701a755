/* SPDX-License-Identifier: MIT */
/* audit_report.c - findings as a table and as JSON. */
#include "audit.h"

#include <stdio.h>

#include "output.h"

static int status_of(const struct inspect_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->finding[i].severity > INSPECT_INFO)
            return EXIT_FINDINGS;
    return EXIT_FINE;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *finding_json(const struct inspect_finding *finding)
{
    char device[INSPECT_BDF_TEXT];
    inspect_bdf_print(finding->device, device);
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s}", "id", finding->kind->id, "severity",
                     inspect_severity_name(finding->severity), "device",
                     finding->has_device ? json_string(device) : json_null(), "pasid",
                     finding->has_pasid ? json_integer((json_int_t)finding->pasid) : json_null(), "evidence",
                     finding->evidence, "fix", finding->kind->fix);
}

static int report_json(const struct inspect_findings *findings)
{
    json_t *list = json_array(), *not_judged = json_array();
    for (size_t i = 0; i < findings->count; i++)
        json_array_append_new(list, finding_json(&findings->finding[i]));
    for (unsigned i = 0; i < findings->not_judged_count; i++)
        json_array_append_new(not_judged, json_string(findings->not_judged[i]));
    int result = output_json(json_pack("{s:o, s:o}", "findings", list, "not_judged", not_judged));
    return result == EXIT_FINE ? status_of(findings) : result;
}

static json_t *kind_json(const struct inspect_audit_kind *kind)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "id", kind->id, "severity", inspect_severity_name(kind->severity), "about",
                     kind->about, "fix", kind->fix);
}

/* ---- tables ---------------------------------------------------------------------------------------------------- */

static const char *colour_of(enum inspect_severity severity)
{
    static const char *const colours[] = {"bold", "green", "yellow", "red"};
    return colours[severity];
}

static void add_line(struct libscols_table *table, const struct inspect_finding *finding)
{
    char device[INSPECT_BDF_TEXT] = "-", pasid[16] = "-";
    struct libscols_line *line = scols_table_new_line(table, NULL);
    if (line == NULL)
        return;
    if (finding->has_device)
        inspect_bdf_print(finding->device, device);
    if (finding->has_pasid)
        snprintf(pasid, sizeof pasid, "%u", finding->pasid);
    output_cell(line, 0, "%s", inspect_severity_name(finding->severity));
    output_cell_colour(line, 0, colour_of(finding->severity));
    output_cell(line, 1, "%s", finding->kind->id);
    output_cell(line, 2, "%s", device);
    output_cell(line, 3, "%s", pasid);
    output_cell(line, 4, "%s", finding->evidence);
}

static int print_findings(const struct inspect_findings *findings)
{
    static const struct output_column columns[] = {
        {"SEVERITY", false, false}, {"FINDING", false, false}, {"DEVICE", false, false},
        {"PASID", true, false},     {"EVIDENCE", false, true},
    };
    struct libscols_table *table = output_table(columns, sizeof columns / sizeof columns[0]);
    if (table == NULL)
        return output_error("audit", "out of memory");
    for (size_t i = 0; i < findings->count; i++)
        add_line(table, &findings->finding[i]);
    scols_print_table(table);
    scols_unref_table(table);
    return EXIT_FINE;
}

/* Each kind once, the first time it is met. */
static void print_fixes(const struct inspect_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct inspect_audit_kind *kind = findings->finding[i].kind;
        bool met = false;
        for (size_t earlier = 0; earlier < i && !met; earlier++)
            met = findings->finding[earlier].kind == kind;
        if (!met)
            printf("\n%s: %s\n    %s\n", kind->id, kind->about, kind->fix);
    }
}

static void print_count(const struct inspect_findings *findings)
{
    unsigned count[INSPECT_HIGH + 1] = {0};
    for (size_t i = 0; i < findings->count; i++)
        count[findings->finding[i].severity]++;
    printf("\n%zu finding%s: %u high, %u medium, %u low, %u info\n", findings->count, findings->count == 1 ? "" : "s",
           count[INSPECT_HIGH], count[INSPECT_MEDIUM], count[INSPECT_LOW], count[INSPECT_INFO]);
}

static int report_text(const struct inspect_findings *findings)
{
    if (findings->count == 0) {
        puts("No findings.");
    } else {
        if (print_findings(findings) != EXIT_FINE)
            return EXIT_USAGE;
        print_fixes(findings);
        print_count(findings);
    }
    for (unsigned i = 0; i < findings->not_judged_count; i++)
        printf("%sNot judged: %s\n", i == 0 ? "\n" : "", findings->not_judged[i]);
    if (fflush(stdout) != 0)
        return output_error("audit", "could not write the result");
    return status_of(findings);
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

int audit_report(const struct inspect_findings *findings, bool json)
{
    return json ? report_json(findings) : report_text(findings);
}

int audit_report_kinds(bool json)
{
    const struct inspect_audit_kind *kind;
    json_t *list = json_array();
    for (unsigned i = 0; (kind = inspect_audit_kind(i)) != NULL; i++) {
        json_array_append_new(list, kind_json(kind));
        if (!json)
            printf("%s%s (%s)\n    %s\n    %s\n", i > 0 ? "\n" : "", kind->id, inspect_severity_name(kind->severity),
                   kind->about, kind->fix);
    }
    if (json)
        return output_json(json_pack("{s:o}", "kinds", list));
    json_decref(list);
    return fflush(stdout) == 0 ? EXIT_FINE : output_error("audit", "could not write the result");
}
