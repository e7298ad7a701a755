/* SPDX-License-Identifier: MIT */
/* listed.c - see listed.h: two readers of the same bytes, and what one delivers the other must show. */
#include "tests/inspect/listed.h"

#include <string.h>

#include "inspect/system_dmar.h"

static const char *same_scope(const struct inspect_dmar *dmar, const struct inspect_dmar_record *record,
                              const struct iommu_dmar_scope *scope)
{
    for (unsigned i = 0; i < record->scope_count; i++) {
        const struct inspect_dmar_scope *shown = &dmar->scope[record->first_scope + i];
        if (shown->offset != scope->offset)
            continue;
        if (shown->type != (uint8_t)scope->type || shown->length != scope->length ||
            shown->enumeration_id != scope->enumeration_id || shown->start_bus != scope->start_bus ||
            shown->path_length != scope->path_length || memcmp(shown->path, scope->path, 2u * scope->path_length) != 0)
            return "a scope that is shown differently";
        return NULL;
    }
    return "a scope that is not shown";
}

static const char *same_record(const struct inspect_dmar_record *shown, const struct iommu_dmar_record *record)
{
    bool name = record->type != IOMMU_DMAR_NAMESPACE || (shown->device_number == record->device_number &&
                                                         strlen(record->name) >= strlen(shown->name));
    /* The parser takes a flag away where two units claim the rest of a segment. */
    bool flags = shown->flags == record->flags || record->type == IOMMU_DMAR_UNIT;
    if (!shown->complete || shown->length != record->length || shown->type != (uint16_t)record->type || !flags || !name ||
        shown->segment != record->segment || shown->base != record->base || shown->limit != record->limit ||
        shown->proximity != record->proximity || shown->size_lg2 != record->size_lg2)
        return "a record that is shown differently";
    return NULL;
}

static const char *find_record(const struct inspect_dmar *dmar, const struct iommu_dmar *table,
                               const struct iommu_dmar_record *record)
{
    struct iommu_dmar_scope scope = {0};
    for (unsigned i = 0; i < dmar->record_count; i++) {
        if (dmar->record[i].offset != record->offset)
            continue;
        const char *wrong = same_record(&dmar->record[i], record);
        while (wrong == NULL && iommu_dmar_next_scope(table, record, &scope))
            wrong = same_scope(dmar, &dmar->record[i], &scope);
        return wrong;
    }
    return "a record that is not shown";
}

/* Texts end, numbers of scopes fit, warnings point into the table and are in its order. */
static const char *sound(const struct inspect_dmar *dmar, size_t size)
{
    for (unsigned i = 0; i < dmar->record_count; i++) {
        const struct inspect_dmar_record *record = &dmar->record[i];
        if (record->offset + record->length > size || record->first_scope + record->scope_count > dmar->scope_count ||
            memchr(record->name, '\0', sizeof record->name) == NULL)
            return "a record that is not sound";
    }
    for (unsigned i = 0; i < dmar->warning_count; i++)
        if (dmar->warning[i].offset > size || dmar->warning[i].text[0] == '\0' ||
            (i > 0 && dmar->warning[i].offset < dmar->warning[i - 1].offset))
            return "a warning that is not sound";
    return NULL;
}

const char *dmar_listed(const uint8_t *bytes, size_t size)
{
    struct inspect_dmar dmar;
    struct inspect_why why = {""};
    struct iommu_dmar table;
    struct iommu_dmar_record record = {0};
    int result = iommu_dmar_open(bytes, size, &table, NULL, NULL);
    if (inspect_dmar_read(bytes, size, NULL, &dmar, &why) != 0)
        return result == 0 || why.text[0] == '\0' ? "a table that is refused" : NULL;
    const char *wrong = sound(&dmar, size);
    if (wrong == NULL && result != 0 && dmar.warning_count == 0)
        wrong = "a table that a driver refuses, and no warning";
    while (wrong == NULL && result == 0 && iommu_dmar_next(&table, &record))
        wrong = find_record(&dmar, &table, &record);
    inspect_dmar_free(&dmar);
    return wrong;
}
