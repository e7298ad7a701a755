/* SPDX-License-Identifier: MIT */
/* audit_find.c - the list of findings: the table of kinds, adding within limits, the order in which they are told. */
#include "inspect/audit_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct inspect_audit_kind kinds[AUDIT_KIND_COUNT] = {
#define KIND(NAME, id, severity, about, fix) {id, severity, about, fix},
    AUDIT_KINDS(KIND)
#undef KIND
};

const struct inspect_audit_kind *inspect_audit_kind(unsigned index)
{
    return index < AUDIT_KIND_COUNT ? &kinds[index] : NULL;
}

const char *inspect_severity_name(enum inspect_severity severity)
{
    static const char *const names[] = {"info", "low", "medium", "high"};
    return names[severity];
}

void *audit_grow(struct audit *audit, struct audit_array *array, size_t bytes)
{
    if (array->count == array->room) {
        size_t room = array->room != 0 ? array->room * 2 : 64;
        void *item = realloc(array->item, room * bytes);
        if (item == NULL) {
            audit->no_memory = true;
            return NULL;
        }
        array->item = item;
        array->room = room;
    }
    return memset((char *)array->item + array->count++ * bytes, 0, bytes);
}

static struct inspect_finding *add(struct audit *audit, enum audit_kind_index kind)
{
    struct audit_array array = {audit->findings->finding, audit->findings->count, audit->room};
    struct inspect_finding *finding = audit_grow(audit, &array, sizeof *finding);
    if (finding == NULL)
        return NULL;
    audit->findings->finding = array.item;
    audit->findings->count = array.count;
    audit->room = array.room;
    finding->kind = &kinds[kind];
    finding->severity = kinds[kind].severity;
    return finding;
}

struct inspect_finding *audit_find(struct audit *audit, enum audit_kind_index kind, const char *format, ...)
{
    va_list arguments;
    if (audit->told[kind]++ >= AUDIT_EACH_MAX)
        return NULL;
    struct inspect_finding *finding = add(audit, kind);
    if (finding == NULL)
        return NULL;
    va_start(arguments, format);
    vsnprintf(finding->evidence, sizeof finding->evidence, format, arguments);
    va_end(arguments);
    return finding;
}

void audit_of_device(struct audit *audit, struct inspect_finding *finding, unsigned unit, uint16_t rid)
{
    if (finding == NULL)
        return;
    finding->has_device = true;
    finding->device = (struct inspect_bdf){audit_registers(audit, unit)->segment, rid};
}

void audit_of_route(struct audit *audit, struct inspect_finding *finding, const struct audit_route *route)
{
    if (finding == NULL)
        return;
    audit_of_device(audit, finding, route->unit, route->rid);
    finding->has_pasid = route->has_pasid;
    finding->pasid = finding->has_pasid ? route->pasid : 0;
}

void audit_severity(struct inspect_finding *finding, enum inspect_severity severity)
{
    if (finding != NULL)
        finding->severity = severity;
}

void audit_not_judged(struct audit *audit, const char *sentence)
{
    struct inspect_findings *findings = audit->findings;
    if (findings->not_judged_count < sizeof findings->not_judged / sizeof findings->not_judged[0])
        findings->not_judged[findings->not_judged_count++] = sentence;
}

static int by_weight(const void *a, const void *b)
{
    const struct inspect_finding *x = a, *y = b;
    if (x->severity != y->severity)
        return x->severity > y->severity ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->device.segment != y->device.segment)
        return x->device.segment < y->device.segment ? -1 : 1;
    if (x->device.rid != y->device.rid)
        return x->device.rid < y->device.rid ? -1 : 1;
    if (x->pasid != y->pasid)
        return x->pasid < y->pasid ? -1 : 1;
    return strcmp(x->evidence, y->evidence);
}

void audit_settle(struct audit *audit)
{
    for (unsigned kind = 0; kind < AUDIT_KIND_COUNT; kind++)
        if (kind != AUDIT_STOPPED && audit->told[kind] > AUDIT_EACH_MAX)
            audit_find(audit, AUDIT_STOPPED, "%u findings \"%s\" were made and the first %u are told",
                       audit->told[kind], kinds[kind].id, AUDIT_EACH_MAX);
    if (audit->findings->count > 1)
        qsort(audit->findings->finding, audit->findings->count, sizeof *audit->findings->finding, by_weight);
}

void inspect_findings_free(struct inspect_findings *findings)
{
    free(findings->finding);
    *findings = (struct inspect_findings){.count = 0};
}
