/* SPDX-License-Identifier: MIT */
/*
 * checker.c - the frame of a run: units, devices, ids, counts. entries.c reads what routes a request, trees.c what
 * translates it, pages.c knows whose pages those are.
 */
#include "tests/checker/checker.h"

#include <stdio.h>
#include <string.h>

void checker_find(struct checker *checker, const char *format, ...)
{
    va_list arguments;

    if (checker->findings++ >= CHECKER_FINDINGS_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(checker->finding[checker->findings - 1], CHECKER_TEXT, format, arguments);
    va_end(arguments);
}

unsigned checker_domain_number(const struct checker *checker, const struct iommu_domain *domain)
{
    for (unsigned i = 0; i < checker->facts->domain_count; i++)
        if (checker->facts->domains[i] == domain && domain != NULL)
            return i;
    return CHECKER_DOMAINS_MAX;
}

/* ---- units ---------------------------------------------------------------------------------------------- */

/* The driver counts in the order of firmware's table. */
static struct iommu_model_vtd *model_of(struct checker *checker, uint64_t base)
{
    return iommu_model_machine_unit(checker->rig.machine, base == rig_unit_base(0) ? 0 : 1);
}

/* 008h and 010h say what it can do; 01Ch bit 31: it translates, with the table that 020h names. */
static void look_at_unit(struct checker *checker, unsigned index)
{
    struct checker_unit *unit = &checker->unit[index];

    memset(unit, 0, sizeof *unit);
    if (iommu_vtd_unit_info(checker->rig.iommu, index, &unit->info) != 0)
        checker_find(checker, "the driver does not know unit %u", index);
    struct iommu_model_vtd *model = model_of(checker, unit->info.base);
    uint64_t rtaddr = iommu_model_vtd_read64(model, 0x20);
    unit->cap = iommu_model_vtd_read64(model, 0x08);
    unit->ecap = iommu_model_vtd_read64(model, 0x10);
    unit->scalable = unit->info.mode == IOMMU_VTD_MODE_SCALABLE;
    unit->root = unit->info.root_table;
    if (!(iommu_model_vtd_read32(model, 0x1c) >> 31))
        return;
    if ((rtaddr & ~UINT64_C(0xfff)) != unit->root)
        checker_find(checker, "unit %u: its root table register says %#llx, the driver %#llx",
                     index, (unsigned long long)rtaddr, (unsigned long long)unit->root);
    if ((rtaddr >> 10 & 3) != (unit->scalable ? 1 : 0))
        checker_find(checker, "unit %u: root table register %#llx has the wrong mode", index,
                     (unsigned long long)rtaddr);
    unit->root = rtaddr & ~UINT64_C(0xfff);
}

static void check_counts(struct checker *checker, unsigned index)
{
    const struct checker_unit *unit = &checker->unit[index];

    if (unit->ids != unit->info.domain_ids_used)
        checker_find(checker, "unit %u: %u domain ids are in its tables, the driver counts %u",
                     index, unit->ids, unit->info.domain_ids_used);
    if (checker->depth == CHECKER_ALL && unit->pages != unit->info.table_pages)
        checker_find(checker, "unit %u: its tables have %llu pages, the driver counts %llu", index,
                     (unsigned long long)unit->pages, (unsigned long long)unit->info.table_pages);
}

/* ---- devices and their attachments ---------------------------------------------------------------------- */

static void check_attachment(struct checker *checker, struct iommu_attachment *attachment,
                             const struct checker_route *route)
{
    struct iommu_device *device = iommu_attachment_device(attachment);

    if (route->domain == CHECKER_DOMAINS_MAX)
        checker_find(checker, "device %04x PASID %#x is attached to a domain that nobody has",
                     iommu_device_rid(device), route->pasid);
    for (unsigned i = 0; i < checker->routes; i++)
        if (checker->route[i].pasid == route->pasid)
            checker_find(checker, "device %04x: PASID %#x is attached twice",
                         iommu_device_rid(device), route->pasid);
    if (checker->routes > 0 && checker->route[checker->routes - 1].pasid > route->pasid)
        checker_find(checker, "device %04x: PASID %#x is listed after %#x",
                     iommu_device_rid(device), route->pasid,
                     checker->route[checker->routes - 1].pasid);
}

static int note_attachment(void *ctx, struct iommu_attachment *attachment)
{
    struct checker *checker = ctx;
    uint32_t pasid = iommu_attachment_pasid(attachment);
    struct checker_route route = {
        .attachment = attachment,
        .pasid = pasid == IOMMU_NO_PASID ? 0 : pasid,
        .domain = checker_domain_number(checker, iommu_attachment_domain(attachment))};

    check_attachment(checker, attachment, &route);
    if (route.domain < CHECKER_DOMAINS_MAX)
        checker->domain[route.domain].routes++;
    if (checker->routes < CHECKER_ROUTES_MAX)
        checker->route[checker->routes++] = route;
    return 0;
}

/* By the one list and by the other question. */
static void check_lookups(struct checker *checker, struct iommu_device *device)
{
    for (unsigned i = 0; i < checker->routes; i++) {
        const struct checker_route *route = &checker->route[i];
        struct iommu_attachment *found = NULL;

        if (iommu_lookup(device, iommu_attachment_pasid(route->attachment), &found) != 0 ||
            found != route->attachment)
            checker_find(checker,
                         "device %04x: the attachment of PASID %#x is listed but not looked up",
                         iommu_device_rid(device), route->pasid);
    }
}

static void check_device(struct checker *checker, unsigned index)
{
    struct iommu_device *device = checker->facts->devices[index];
    int unit = iommu_vtd_device_unit(device);

    checker->routes = 0;
    (void)iommu_for_each_attachment(device, note_attachment, checker);
    check_lookups(checker, device);
    if (unit >= 0 && unit < (int)RIG_UNITS)
        checker_routes(checker, (unsigned)unit, index);
}

/* ---- domains -------------------------------------------------------------------------------------------- */

static int count_route(void *ctx, struct iommu_attachment *attachment)
{
    (void)attachment;
    ++*(unsigned *)ctx;
    return 0;
}

static void check_domain(struct checker *checker, unsigned index)
{
    struct iommu_domain *domain = checker->facts->domains[index];
    unsigned routes = 0;

    (void)iommu_domain_for_each_attachment(domain, count_route, &routes);
    if (routes != checker->domain[index].routes)
        checker_find(checker, "domain %u lists %u attachments, devices list %u", index, routes,
                     checker->domain[index].routes);
    if (checker->depth == CHECKER_ALL)
        checker_domain_tree(checker, index);
}

static void start_run(struct checker *checker, const struct checker_facts *facts,
                      enum checker_depth depth)
{
    checker->facts = facts;
    checker->depth = depth;
    checker->findings = 0;
    checker->round++;
    for (unsigned i = 0; i < CHECKER_DOMAINS_MAX; i++)
        checker->domain[i] = (struct checker_domain){.cap = UINT64_MAX, .ecap = UINT64_MAX};
    for (unsigned i = 0; i < facts->domain_count; i++)
        if (facts->domains[i] != NULL)
            checker->domain[i].root = checker_root(checker, facts->domains[i]);
}

unsigned checker_run(struct checker *checker, const struct checker_facts *facts,
                     enum checker_depth depth)
{
    unsigned units = iommu_vtd_unit_count(checker->rig.iommu);

    start_run(checker, facts, depth);
    for (unsigned i = 0; i < units; i++) {
        look_at_unit(checker, i);
        if (depth == CHECKER_ALL)
            checker_unit_tables(checker, i);
    }
    for (unsigned i = 0; i < RIG_DEVICES; i++)
        if (facts->devices[i] != NULL)
            check_device(checker, i);
    for (unsigned i = 0; i < facts->domain_count; i++)
        if (facts->domains[i] != NULL)
            check_domain(checker, i);
    for (unsigned i = 0; i < units; i++)
        check_counts(checker, i);
    if (depth == CHECKER_ALL) {
        checker_gathers(checker);
        checker_pages(checker);
    }
    return checker->findings;
}
