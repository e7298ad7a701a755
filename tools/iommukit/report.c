/* SPDX-License-Identifier: MIT */
/* report.c - the outcome: a table for people (libsmartcols), one object for programs (jansson). */
#include <jansson.h>
#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "share.h"

#define ROWS_SHOWN 32u /* beyond that the middle of the table is left out */

static const char *mode_name(const struct share *share)
{
    return share->options->mode == IOMMU_VTD_MODE_LEGACY ? "legacy" : "scalable";
}

static const char *stage_name(const struct share *share)
{
    return share->options->stage == IOMMU_STAGE_FIRST ? "first" : "second";
}

static const char *verdict(const struct share *share)
{
    return share->leaks == 0 ? "isolated" : "leak";
}

/* ---- table */

enum { COLUMN_TENANT, COLUMN_DEVICE, COLUMN_PASID, COLUMN_QUEUE, COLUMN_COPIED, COLUMN_ATTACKS, COLUMN_BLOCKED,
       COLUMN_FAULTS, COLUMN_REASONS };

static void __attribute__((format(printf, 3, 4))) cell(struct libscols_line *line, size_t column,
                                                       const char *format, ...)
{
    char text[96];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    scols_line_set_data(line, column, text);
}

static bool has_reason(const struct share_tenant *tenant, unsigned reason)
{
    return tenant->reasons[reason / 64] >> reason % 64 & 1;
}

static void list_reasons(struct libscols_line *line, const struct share_tenant *tenant)
{
    char text[64] = "";
    size_t used = 0;
    for (unsigned reason = 0; reason < 256 && used + 4 < sizeof text; reason++)
        if (has_reason(tenant, reason))
            used += (size_t)snprintf(text + used, sizeof text - used, used == 0 ? "%02x" : " %02x", reason);
    cell(line, COLUMN_REASONS, "%s", text);
}

static void print_reasons(const struct share *share)
{
    for (unsigned reason = 0; reason < 256; reason++) {
        bool seen = false;
        for (unsigned i = 0; i < share->tenant_count && !seen; i++)
            seen = has_reason(&share->tenants[i], reason);
        if (seen)
            printf("  %02x  %s\n", reason, iommu_vtd_fault_name((uint8_t)reason));
    }
}

static void row(struct libscols_table *table, const struct share *share, const struct share_tenant *tenant)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    if (line == NULL)
        return;
    uint16_t rid = iommu_device_rid(tenant->device->device);
    cell(line, COLUMN_TENANT, "%s", tenant->name);
    cell(line, COLUMN_DEVICE, "%04x:%02x:%02x.%u", iommu_device_segment(tenant->device->device), rid >> 8,
         rid >> 3 & 0x1fu, rid & 7u);
    if (tenant->pasid == IOMMU_NO_PASID)
        cell(line, COLUMN_PASID, "-");
    else
        cell(line, COLUMN_PASID, "%u", tenant->pasid);
    if (share->options->platform == SHARE_PLATFORM_QEMU)
        cell(line, COLUMN_QUEUE, "-");
    else
        cell(line, COLUMN_QUEUE, "%u %s", tenant->queue, tenant->dedicated ? "dedicated" : "shared");
    cell(line, COLUMN_COPIED, "%llu", (unsigned long long)tenant->bytes_copied);
    cell(line, COLUMN_ATTACKS, "%llu", (unsigned long long)tenant->attacks);
    cell(line, COLUMN_BLOCKED, "%llu", (unsigned long long)tenant->blocked);
    cell(line, COLUMN_FAULTS, "%llu", (unsigned long long)tenant->faults);
    list_reasons(line, tenant);
}

static void ellipsis(struct libscols_table *table, unsigned left_out)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    if (line != NULL)
        cell(line, COLUMN_TENANT, "(%u more)", left_out);
}

static void print_table(const struct share *share)
{
    static const struct {
        const char *name;
        int flags;
    } columns[] = {{"TENANT", 0},
                   {"DEVICE", 0},
                   {"PASID", SCOLS_FL_RIGHT},
                   {"QUEUE", 0},
                   {"COPIED", SCOLS_FL_RIGHT},
                   {"ATTACKS", SCOLS_FL_RIGHT},
                   {"BLOCKED", SCOLS_FL_RIGHT},
                   {"FAULTS", SCOLS_FL_RIGHT},
                   {"REASONS", SCOLS_FL_TRUNC}};
    struct libscols_table *table = scols_new_table();
    if (table == NULL)
        return;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        scols_table_new_column(table, columns[i].name, 0, columns[i].flags);
    for (unsigned i = 0; i < share->tenant_count; i++) {
        if (share->tenant_count > ROWS_SHOWN && i == ROWS_SHOWN / 2) {
            unsigned left_out = share->tenant_count - ROWS_SHOWN;
            ellipsis(table, left_out);
            i += left_out;
        }
        row(table, share, &share->tenants[i]);
    }
    scols_print_table(table);
    scols_unref_table(table);
}

static void print_text(const struct share *share)
{
    uint64_t attacks = 0, blocked = 0, copied = 0;
    for (unsigned i = 0; i < share->tenant_count; i++) {
        attacks += share->tenants[i].attacks;
        blocked += share->tenants[i].blocked;
        copied += share->tenants[i].bytes_copied;
    }
    print_table(share);
    print_reasons(share);
    printf("\n%u tenants on %u %s of %s: %s mode, %s stage, seed %llu\n", share->tenant_count,
           share->device_count, share->device_count == 1 ? "device" : "devices", share->platform_name,
           mode_name(share), stage_name(share), (unsigned long long)share->options->seed);
    printf("%llu bytes copied and compared, %llu of %llu attacks blocked", (unsigned long long)copied,
           (unsigned long long)blocked, (unsigned long long)attacks);
    if (share->reserved_checked != 0)
        printf(", %u reserved regions kept", share->reserved_checked);
    putchar('\n');
    if (share->events_unexpected != 0)
        printf("%llu events that no attack explains\n", (unsigned long long)share->events_unexpected);
    for (unsigned i = 0; i < share->note_count; i++)
        printf("Note: %s\n", share->notes[i]);
    printf("Verdict: %s\n", verdict(share));
}

/* ---- JSON */

static json_t *tenant_object(const struct share_tenant *tenant)
{
    json_t *pasid = tenant->pasid == IOMMU_NO_PASID ? json_null() : json_integer(tenant->pasid);
    return json_pack("{s:s, s:o, s:I, s:I, s:I, s:I}", "name", tenant->name, "pasid", pasid, "bytes_copied",
                     (json_int_t)tenant->bytes_copied, "attacks", (json_int_t)tenant->attacks, "blocked",
                     (json_int_t)tenant->blocked, "faults", (json_int_t)tenant->faults);
}

static void print_json(const struct share *share)
{
    json_t *tenants = json_array();
    for (unsigned i = 0; i < share->tenant_count; i++)
        json_array_append_new(tenants, tenant_object(&share->tenants[i]));
    json_t *notes = json_array();
    for (unsigned i = 0; i < share->note_count; i++)
        json_array_append_new(notes, json_string(share->notes[i]));
    json_t *object = json_pack("{s:s, s:s, s:s, s:o, s:I, s:s, s:I, s:o}", "platform", share->platform_name, "mode",
                               mode_name(share), "stage", stage_name(share), "tenants", tenants, "leaks",
                               (json_int_t)share->leaks, "verdict", verdict(share), "seed",
                               (json_int_t)share->options->seed, "notes", notes);
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
}

void share_report(const struct share *share)
{
    if (share->options->json)
        print_json(share);
    else
        print_text(share);
}
