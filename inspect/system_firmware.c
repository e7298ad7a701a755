/* SPDX-License-Identifier: MIT */
/* system_firmware.c - the ACPI tables that describe IOMMUs, as Linux hands them on: sys/firmware/acpi/tables. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "inspect/system_dmar.h"
#include "inspect/system_file.h"
#include "inspect/system_load.h"

#define TABLES "sys/firmware/acpi/tables"

/* Without the directory of tables nothing is known: no ACPI, or a copy without it. */
static enum inspect_answer has_table(const char *root, const char *name)
{
    char path[INSPECT_PATH];
    if (!inspect_path(path, root, TABLES) || !inspect_file_exists(path))
        return INSPECT_UNKNOWN;
    return inspect_path(path, root, TABLES "/%s", name) && inspect_file_exists(path) ? INSPECT_YES : INSPECT_NO;
}

/* The first thing that is wrong with a table that no driver takes. */
static int find_problem(struct inspect_firmware *firmware)
{
    struct inspect_dmar dmar;
    struct inspect_why why;
    int result = inspect_dmar_read(firmware->bytes, firmware->size, NULL, &dmar, &why);
    if (result == -ENOMEM)
        return result;
    const char *problem = result != 0 ? why.text : dmar.warning_count > 0 ? dmar.warning[0].text : "a driver refuses it";
    snprintf(firmware->problem, sizeof firmware->problem, "%.*s", (int)sizeof firmware->problem - 1, problem);
    if (result == 0)
        inspect_dmar_free(&dmar);
    return 0;
}

/* Once and for all: a table can be made to take a while. */
static int judge(struct inspect_firmware *firmware)
{
    struct iommu_dmar table;
    struct iommu_dmar_record record = {0};
    firmware->usable = INSPECT_NO;
    if (iommu_dmar_open(firmware->bytes, firmware->size, &table, NULL, NULL) != 0)
        return find_problem(firmware);
    firmware->usable = INSPECT_YES;
    firmware->flags = table.flags;
    while (iommu_dmar_next(&table, &record))
        firmware->unit_count += record.type == IOMMU_DMAR_UNIT;
    return 0;
}

int inspect_load_firmware(struct inspect_system *system)
{
    struct inspect_firmware *firmware = &system->firmware;
    char path[INSPECT_PATH];
    firmware->dmar = has_table(system->root, "DMAR");
    firmware->ivrs = has_table(system->root, "IVRS");
    firmware->iort = has_table(system->root, "IORT");
    if (firmware->dmar != INSPECT_YES || !inspect_path(path, system->root, TABLES "/DMAR"))
        return 0;
    firmware->bytes = malloc(INSPECT_DMAR_MAX);
    if (firmware->bytes == NULL)
        return -ENOMEM;
    int result = inspect_file_read(path, firmware->bytes, INSPECT_DMAR_MAX, &firmware->size);
    firmware->readable = result == 0 ? INSPECT_YES : INSPECT_NO;
    if (result == -EACCES)
        inspect_note(system, "%s may be read by root only: run it with sudo", path);
    else if (result != 0)
        inspect_note(system, "%s cannot be read", path);
    return result == 0 ? judge(firmware) : 0;
}
