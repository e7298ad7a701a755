/* SPDX-License-Identifier: MIT */
/*
 * system_units.c - the remapping units that Linux runs: sys/class/iommu.
 *
 * An Intel unit is a directory dmarN with registers below intel-iommu/, in hexadecimal without 0x; an AMD one is ivhdN
 * with amd-iommu/; an SMMU is a name with its address, and nothing below.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/system_file.h"
#include "inspect/system_load.h"

static bool number(const char *root, const char *unit, const char *file, int base, uint64_t *value)
{
    char path[INSPECT_PATH];
    return inspect_path(path, root, "sys/class/iommu/%s/%s", unit, file) && inspect_file_number(path, base, value);
}

/* "1:0" */
static bool version(const char *root, struct inspect_iommu *iommu)
{
    char path[INSPECT_PATH], text[32], *end;
    if (!inspect_path(path, root, "sys/class/iommu/%s/intel-iommu/version", iommu->name) ||
        !inspect_file_line(path, text, sizeof text))
        return false;
    iommu->major = (unsigned)strtoul(text, &end, 10);
    if (end == text || *end != ':')
        return false;
    iommu->minor = (unsigned)strtoul(end + 1, NULL, 10);
    return true;
}

static void load_intel(const char *root, struct inspect_iommu *iommu)
{
    iommu->vendor = INSPECT_VENDOR_INTEL;
    iommu->has_address = number(root, iommu->name, "intel-iommu/address", 16, &iommu->address);
    iommu->has_version = version(root, iommu);
    iommu->has_capabilities = number(root, iommu->name, "intel-iommu/cap", 16, &iommu->cap) &&
                              number(root, iommu->name, "intel-iommu/ecap", 16, &iommu->ecap);
    iommu->has_domains = number(root, iommu->name, "intel-iommu/domains_supported", 10, &iommu->domains_supported) &&
                         number(root, iommu->name, "intel-iommu/domains_used", 10, &iommu->domains_used);
}

/* "features" is one number, or two with a colon between since there is a second register. */
static void load_amd(const char *root, struct inspect_iommu *iommu)
{
    char path[INSPECT_PATH], text[64];
    iommu->vendor = INSPECT_VENDOR_AMD;
    if (!number(root, iommu->name, "amd-iommu/cap", 16, &iommu->cap) ||
        !inspect_path(path, root, "sys/class/iommu/%s/amd-iommu/features", iommu->name) ||
        !inspect_file_line(path, text, sizeof text))
        return;
    iommu->has_capabilities = true;
    iommu->ecap = strtoull(text, NULL, 16);
}

/* "smmu3.0x000000002b400000" */
static void load_arm(struct inspect_iommu *iommu)
{
    const char *dot = strchr(iommu->name, '.');
    iommu->vendor = INSPECT_VENDOR_ARM;
    iommu->has_address = dot != NULL && strncmp(dot, ".0x", 3) == 0;
    if (iommu->has_address)
        iommu->address = strtoull(dot + 1, NULL, 16);
}

static bool has_directory(const char *root, const char *unit, const char *name)
{
    char path[INSPECT_PATH];
    return inspect_path(path, root, "sys/class/iommu/%s/%s", unit, name) && inspect_file_exists(path);
}

static void load(const char *root, const char *name, struct inspect_iommu *iommu)
{
    strcpy(iommu->name, name); /* both have INSPECT_ENTRY bytes */
    iommu->vendor = INSPECT_VENDOR_OTHER;
    if (has_directory(root, name, "intel-iommu"))
        load_intel(root, iommu);
    else if (has_directory(root, name, "amd-iommu"))
        load_amd(root, iommu);
    else if (strncmp(name, "smmu", 4) == 0)
        load_arm(iommu);
    inspect_printable(iommu->name);
}

int inspect_load_iommus(struct inspect_system *system)
{
    char path[INSPECT_PATH];
    struct inspect_listing list;
    _Static_assert(sizeof system->iommu->name == INSPECT_ENTRY, "names of units are names of directories");
    if (!inspect_path(path, system->root, "sys/class/iommu") ||
        inspect_list(path, INSPECT_IOMMUS_MAX, &list) != 0)
        return 0;
    system->iommu = calloc(list.count + 1, sizeof *system->iommu);
    if (system->iommu != NULL) {
        for (unsigned i = 0; i < list.count; i++)
            load(system->root, list.name[i], &system->iommu[i]);
        system->iommu_count = list.count;
    }
    inspect_listing_free(&list);
    return system->iommu != NULL ? 0 : -ENOMEM;
}
