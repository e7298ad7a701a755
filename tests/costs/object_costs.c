/* SPDX-License-Identifier: MIT */
/*
 * object-costs - what each object of the driver takes from its host, counted by the strict host on a modelled machine
 * in scalable mode. One line for each: its name, bytes of objects, pages of 4 KiB; for scripts/size-table.
 */
#include "iommukit/host/model.h"
#include "iommukit/host/strict.h"
#include "iommukit/vtd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct cost {
    int64_t bytes, pages;
};

struct world {
    struct iommu_model_host_machine *host;
    struct iommu_strict *strict;
    struct iommu *iommu;
    struct iommu_device *device[3];
    struct iommu_domain *domain;
    struct iommu_attachment *route[3];
};

static void must(int result, const char *what)
{
    if (!result)
        return;
    fprintf(stderr, "object-costs: %s: %s\n", what, iommu_strerror(result));
    exit(1);
}

static struct cost taken(const struct world *world)
{
    struct iommu_strict_counts counts;

    iommu_strict_counts(world->strict, &counts);
    return (struct cost){(int64_t)counts.bytes_live, (int64_t)counts.pages_live};
}

static struct cost minus(struct cost a, struct cost b)
{
    return (struct cost){a.bytes - b.bytes, a.pages - b.pages};
}

static void say(const char *what, struct cost cost)
{
    printf("%s\t%" PRId64 "\t%" PRId64 "\n", what, cost.bytes, cost.pages);
}

/* Three endpoints on one bus behind the first unit. The last unit serves whatever no other one names. */
static void make_machine(struct world *world, unsigned units)
{
    struct iommu_model_unit_config unit[2] = {{.base = 0xfed90000}, {.base = 0xfed91000}};
    struct iommu_model_function_config function[3] = {
        {.pci = {.rid = 1 << 3, .kind = IOMMU_MODEL_PCI_INTEGRATED}},
        {.pci = {.rid = 2 << 3, .kind = IOMMU_MODEL_PCI_INTEGRATED}},
        {.pci = {.rid = 3 << 3, .kind = IOMMU_MODEL_PCI_INTEGRATED, .pasid_bits = 20}}};
    struct iommu_model_machine_config config = {
        .units = unit, .unit_count = units, .functions = function, .function_count = 3};

    unit[units - 1].include_all = true;
    for (unsigned i = 0; i < units; i++)
        if (!iommu_model_unit_preset("scalable", &unit[i]))
            must(-IOMMU_EINVAL, "preset");
    must(iommu_host_model_create(&config, 0, &world->host, NULL), "machine");
    must(iommu_strict_create(iommu_host_model_platform(world->host), &world->strict), "strict host");
}

static void start(struct world *world, unsigned units)
{
    struct iommu_vtd_config vtd = {0};

    make_machine(world, units);
    vtd.dmar = iommu_model_machine_dmar(iommu_host_model_machine(world->host), &vtd.dmar_bytes);
    must(iommu_vtd_create(iommu_strict_platform(world->strict), &vtd, &world->iommu), "create");
    must(iommu_start(world->iommu), "start");
}

static void finish(struct world *world)
{
    must(iommu_destroy(world->iommu), "destroy");
    if (taken(world).bytes || taken(world).pages || iommu_strict_violation(world->strict))
        must(-IOMMU_EBUSY, "something is left");
    iommu_strict_destroy(world->strict);
    iommu_host_model_destroy(world->host);
}

static void units(void)
{
    struct cost all[2];

    for (unsigned count = 1; count <= 2; count++) {
        struct world world;

        start(&world, count);
        all[count - 1] = taken(&world);
        finish(&world);
    }
    say("unit", minus(all[1], all[0]));
    say("instance", minus(all[0], minus(all[1], all[0])));
}

static void attach(struct world *world, unsigned device, unsigned index, struct iommu_route route, const char *what)
{
    struct cost before = taken(world);

    must(iommu_attach(world->domain, world->device[device], route, NULL, &world->route[index]), what);
    say(what, minus(taken(world), before));
}

static void devices(struct world *world)
{
    static const char *const names[] = {"device, first on its bus", "device, further",
                                        "device that can hold 2^20 PASIDs"};

    for (unsigned i = 0; i < 3; i++) {
        struct iommu_device_config config = {.rid = (uint16_t)((i + 1) << 3)};
        struct cost before = taken(world);

        must(iommu_device_add(world->iommu, &config, &world->device[i]), "device");
        say(names[i], minus(taken(world), before));
    }
}

static void mapping(struct world *world, uint64_t iova, uint64_t pa, uint64_t len, const char *what)
{
    struct cost before = taken(world);

    must(iommu_map(world->domain, iova, pa, len, IOMMU_READ), what);
    say(what, minus(taken(world), before));
}

static void objects(void)
{
    struct iommu_domain_config config = {0};
    struct cost before;
    struct world world;

    start(&world, 1);
    devices(&world);
    before = taken(&world);
    must(iommu_domain_alloc(world.iommu, &config, &world.domain), "domain");
    say("domain", minus(taken(&world), before));
    mapping(&world, 0x40000000, 0x10000000, 4096, "mapping, 4 KiB, first in its 1 GiB");
    mapping(&world, 0x40001000, 0x10001000, 4096, "mapping, 4 KiB, beside another");
    mapping(&world, 0x40200000, 0x10200000, 4096, "mapping, 4 KiB, first in its 2 MiB");
    mapping(&world, 0x40400000, 0x10400000, (uint64_t)2 << 20, "mapping, 2 MiB");
    attach(&world, 0, 0, iommu_route_rid(), "attachment, device");
    attach(&world, 2, 1, iommu_route_pasid(1), "attachment, first PASID of a device");
    attach(&world, 2, 2, iommu_route_pasid(2), "attachment, PASID beside another");
    attach(&world, 2, 2, iommu_route_pasid(64), "attachment, PASID, first of a further 32");
    for (unsigned i = 0; i < 3; i++)
        must(iommu_device_remove(world.device[i]), "remove");
    must(iommu_domain_free(world.domain), "free");
    finish(&world);
}

int main(void)
{
    units();
    objects();
    return 0;
}
