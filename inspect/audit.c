/* SPDX-License-Identifier: MIT */
/* audit.c - see audit.h: one audit from beginning to end, and questions that its parts share. */
#include "inspect/audit_state.h"

#include <errno.h>
#include <stdlib.h>

#define RAM_LEAST ((uint64_t)16 << 20) /* less than this in an image is not all of a machine's RAM */

/* ---- shared questions */

const struct inspect_unit *audit_registers(const struct audit *audit, unsigned unit)
{
    return &audit->input->machine.registers->unit[unit];
}

bool audit_known(const struct inspect_unit *unit, enum inspect_register reg)
{
    return unit->known >> reg & 1;
}

bool audit_new_device(const struct audit *audit, size_t index)
{
    const struct audit_route *route = audit_route_at(audit, index);
    if (index == 0)
        return true;
    const struct audit_route *before = audit_route_at(audit, index - 1);
    return before->rid != route->rid || before->unit != route->unit;
}

const struct audit_route *audit_route_of(const struct audit *audit, unsigned domain)
{
    return audit_route_at(audit, audit_domain_at(audit, domain)->route);
}

void audit_rights(const struct audit *audit, const struct inspect_range *range, bool *read, bool *write)
{
    const struct audit_domain *domain = audit_domain_at(audit, range->domain);
    *read = *write = false;
    for (unsigned bits = 0; bits < 16; bits++) {
        struct inspect_route route = {.kind = domain->kind, .supervisor = bits & 1, .write_protect = bits >> 1 & 1,
                                      .privileged = bits >> 2 & 1, .has_pasid = bits >> 3 & 1};
        bool may_read, may_write;
        if (!(domain->privileges >> bits & 1))
            continue;
        inspect_route_rights(&route, range, &may_read, &may_write);
        *read |= may_read;
        *write |= may_write;
    }
}

const struct inspect_range *audit_range_to(const struct audit *audit, unsigned domain, uint64_t first, uint64_t last,
                                           enum audit_right right)
{
    const struct audit_domain *of = audit_domain_at(audit, domain);
    for (size_t i = of->first_range; i < of->first_range + of->ranges; i++) {
        const struct inspect_range *range = audit_range_at(audit, i);
        bool read, write;
        if (range->pa > last || range->pa + (range->bytes - 1) < first)
            continue;
        audit_rights(audit, range, &read, &write);
        if (write || (right == AUDIT_REACH && read))
            return range;
    }
    return NULL;
}

/* ---- RAM */

static int set_ram(struct audit *audit)
{
    audit->ram_before = calloc(audit->ram_count + 1, sizeof *audit->ram_before);
    if (audit->ram_before == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < audit->ram_count; i++) {
        audit->ram_before[i] = audit->ram_bytes;
        audit->ram_bytes += audit->ram[i].last - audit->ram[i].base + 1;
    }
    return 0;
}

static int take_image(struct audit *audit)
{
    struct audit_array extents = {NULL, 0, 0};
    struct inspect_extent extent;
    uint64_t bytes = 0;
    for (size_t i = 0; inspect_memory_extent(audit->input->machine.memory, i, &extent); i++) {
        struct inspect_extent *kept = audit_grow(audit, &extents, sizeof *kept);
        if (kept == NULL)
            break;
        *kept = extent;
        bytes += extent.last - extent.base + 1;
    }
    audit->image_ram = extents.item;
    if (audit->no_memory)
        return -ENOMEM;
    if (bytes < RAM_LEAST) {
        audit_not_judged(audit, "whether a domain reaches all RAM: the dump holds too little of it to tell; "
                                "give the machine's /proc/iomem with --iomem");
        return 0;
    }
    audit->ram = audit->image_ram;
    audit->ram_count = extents.count;
    return set_ram(audit);
}

static int find_ram(struct audit *audit)
{
    if (audit->input->ram == NULL)
        return take_image(audit);
    audit->ram = audit->input->ram;
    audit->ram_count = audit->input->ram_count;
    return set_ram(audit);
}

/* Bytes of RAM below `address`. */
static uint64_t ram_below(const struct audit *audit, uint64_t address)
{
    size_t low = 0, high = audit->ram_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (audit->ram[middle].base < address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return 0;
    const struct inspect_extent *extent = &audit->ram[low - 1];
    uint64_t end = address - 1 < extent->last ? address - 1 : extent->last;
    return audit->ram_before[low - 1] + (end - extent->base + 1);
}

uint64_t audit_ram_within(const struct audit *audit, uint64_t first, uint64_t last)
{
    uint64_t end = last == UINT64_MAX ? audit->ram_bytes : ram_below(audit, last + 1);
    return end - ram_below(audit, first);
}

/* ---- the whole */

static void judge(struct audit *audit)
{
    for (unsigned unit = 0; unit < audit->input->machine.registers->count; unit++) {
        audit_unit(audit, unit);
        audit_faults(audit, unit);
        audit_interrupts(audit, unit);
    }
    audit_routes(audit);
    audit_ids(audit);
    audit_ranges(audit);
    audit_spans(audit);
    if (audit->no_memory)
        return;
    audit_reach(audit);
    audit_share(audit);
    audit_firmware(audit);
    audit_regions(audit);
    audit_settle(audit);
}

static void audit_free(struct audit *audit)
{
    free(audit->routes.item);
    free(audit->domains.item);
    free(audit->ranges.item);
    free(audit->pages.item);
    free(audit->records.item);
    for (unsigned right = 0; right < AUDIT_RIGHTS; right++)
        free(audit->spans[right].item);
    free(audit->ram_before);
    free(audit->image_ram);
}

int inspect_audit(const struct inspect_audit_input *input, struct inspect_findings *findings, struct inspect_why *why)
{
    struct audit audit = {.input = input, .findings = findings};
    *findings = (struct inspect_findings){.count = 0};
    int result = audit_open_dmar(&audit, why);
    if (result == 0)
        result = find_ram(&audit);
    if (result == 0)
        result = audit_collect(&audit, why);
    if (result == 0)
        judge(&audit);
    if (audit.no_memory)
        result = -ENOMEM;
    audit_free(&audit);
    if (result == -ENOMEM)
        inspect_fail(why, result, "out of memory");
    if (result != 0)
        inspect_findings_free(findings);
    return result;
}
