/* SPDX-License-Identifier: MIT */
/*
 * tests/dumps/dump.c - a dump's folder, and the model brought into the state in which the unit
 * was.
 */
#include <stdlib.h>
#include <string.h>

#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"
#include "tests/dumps/dump.h"

#define PATH_BYTES 1024

/* ---- JSON ---------------------------------------------------------------------------------- */

/* Numbers are strings, "0x...", or numbers. */
static uint64_t number(const json_t *value)
{
    if (json_is_integer(value))
        return (uint64_t)json_integer_value(value);
    return json_is_string(value) ? strtoull(json_string_value(value), NULL, 0) : 0;
}

uint64_t dump_register(const struct dump *dump, const char *name)
{
    return number(json_object_get(dump->registers, name));
}

static json_t *load_json(const char *folder, const char *name)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return json_load_file(path, 0, NULL);
}

/* ---- what the walker found ----------------------------------------------------------------- */

static int by_iova(const void *a, const void *b)
{
    const struct mapping *x = a, *y = b;

    return x->iova < y->iova ? -1 : x->iova > y->iova;
}

static bool take_mappings(struct requester *requester, const json_t *list)
{
    size_t i, count = json_array_size(list);

    requester->mapping = calloc(count + 1, sizeof *requester->mapping);
    if (!requester->mapping)
        return false;
    for (i = 0; i < count; i++) {
        const json_t *row = json_array_get(list, i);

        requester->mapping[i] = (struct mapping){
            .iova = number(json_array_get(row, 0)),
            .pa = number(json_array_get(row, 1)),
            .lg2 = (unsigned)number(json_array_get(row, 2)),
            .entry = number(json_array_get(row, 3)),
        };
    }
    requester->mappings = count;
    qsort(requester->mapping, count, sizeof *requester->mapping, by_iova);
    return true;
}

/* devices: who uses which top table; domains: what each top table maps. */
static const char *take_requesters(struct dump *dump)
{
    const json_t *devices = json_object_get(dump->maps, "devices"),
                 *domains = json_object_get(dump->maps, "domains");
    size_t i;

    if (!json_is_array(devices) || !json_is_object(domains))
        return "maps.json lacks devices or domains";
    dump->requester = calloc(json_array_size(devices) + 1, sizeof *dump->requester);
    for (i = 0; i < json_array_size(devices) && dump->requester; i++) {
        const json_t *device = json_array_get(devices, i);
        const json_t *list =
            json_object_get(domains, json_string_value(json_object_get(device, "top")));
        struct requester *requester = &dump->requester[dump->requesters++];

        if (!json_is_array(list))
            return "maps.json has a device without a domain";
        requester->rid = (uint16_t)number(json_object_get(device, "sid"));
        requester->did = (unsigned)number(json_object_get(device, "did"));
        requester->first_stage = number(json_object_get(device, "fs")) != 0;
        if (!take_mappings(requester, list))
            return "out of memory";
    }
    return dump->requester ? NULL : "out of memory";
}

const struct mapping *dump_find(const struct requester *requester, uint64_t iova)
{
    size_t low = 0, high = requester->mappings;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct mapping *mapping = &requester->mapping[middle];

        if (iova < mapping->iova)
            high = middle;
        else if ((iova - mapping->iova) >> mapping->lg2)
            low = middle + 1;
        else
            return mapping;
    }
    return NULL;
}

/* ---- the unit ------------------------------------------------------------------------------ */

static void command(struct dump *dump, uint32_t bit)
{
    uint32_t state = iommu_model_vtd_read32(dump->model, VTD_REG_GSTS) & VTD_GCMD_KEEP;

    iommu_model_vtd_write32(dump->model, VTD_REG_GCMD, state | bit);
}

/* As software brought it there, one command after the other. The queue stays off: what it held
 * has been done. */
static const char *restore(struct dump *dump)
{
    uint32_t state = (uint32_t)dump_register(dump, "GSTS"), reached;

    iommu_model_vtd_write64(dump->model, VTD_REG_RTADDR, dump_register(dump, "RTADDR"));
    if (state & VTD_GSTS_RTPS)
        command(dump, VTD_GCMD_SRTP);
    if (state & VTD_GSTS_IRTPS) {
        iommu_model_vtd_write64(dump->model, VTD_REG_IRTA, dump_register(dump, "IRTA"));
        command(dump, VTD_GCMD_SIRTP);
    }
    if (state & VTD_GSTS_IRES)
        command(dump, VTD_GCMD_IRE);
    if (state & VTD_GSTS_TES)
        command(dump, VTD_GCMD_TE);
    reached = iommu_model_vtd_read32(dump->model, VTD_REG_GSTS) | VTD_GSTS_QIES;
    return reached == (state | VTD_GSTS_QIES) ? NULL : "the unit's state cannot be reached";
}

static const char *make_model(struct dump *dump)
{
    struct iommu_model_vtd_config config = {.major = 1, .cap = dump_register(dump, "CAP")};
    const char *why = NULL;

    config.ecap = dump_register(dump, "ECAP");
    config.address_bits =
        (uint8_t)(SPEC_GET(VTD_CAP_MGAW, config.cap) + 1); /* QEMU's host address width, too */
    image_host(&dump->image, &dump->host);
    config.host = &dump->host;
    if (iommu_model_vtd_create(&config, &dump->model, &why))
        return why ? why : "out of memory";
    return restore(dump);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static const char *load(struct dump *dump, const char *folder)
{
    char path[PATH_BYTES];
    const char *wrong;

    snprintf(path, sizeof path, "%s/tables.elf.zst", folder);
    wrong = image_load(&dump->image, path);
    if (wrong)
        return wrong;
    dump->registers = load_json(folder, "regs.json");
    dump->maps = load_json(folder, "maps.json");
    if (!dump->registers || !dump->maps)
        return "regs.json or maps.json is missing or no JSON";
    /* Linux flushes lazily unless told otherwise. */
    wrong = json_string_value(json_object_get(dump->registers, "cmdline"));
    dump->lazy = !(wrong && strstr(wrong, "iommu.strict=1"));
    wrong = take_requesters(dump);
    if (wrong)
        return wrong;
    snprintf(path, sizeof path, "%s/trace.log.zst", folder);
    wrong = trace_load(dump, path);
    return wrong ? wrong : make_model(dump);
}

const char *dump_load(struct dump *dump, const char *folder)
{
    const char *wrong;

    *dump = (struct dump){.requesters = 0};
    wrong = load(dump, folder);
    if (wrong)
        dump_free(dump);
    return wrong;
}

void dump_free(struct dump *dump)
{
    size_t i;

    iommu_model_vtd_destroy(dump->model);
    for (i = 0; i < dump->requesters; i++)
        free(dump->requester[i].mapping);
    free(dump->requester);
    free(dump->live);
    json_decref(dump->registers);
    json_decref(dump->maps);
    image_free(&dump->image);
    *dump = (struct dump){.requesters = 0};
}
