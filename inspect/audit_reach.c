/* SPDX-License-Identifier: MIT */
/* audit_reach.c - whether what a domain reaches is the unit's own tables, its registers, the kernel, or all RAM. */
#include "inspect/audit_state.h"

#define RAM_WIDE_PERCENT 90u
#define WIDE_STRETCH     ((uint64_t)1 << 30) /* where RAM is not known */
#define REGISTER_BYTES   INSPECT_PAGE

struct pair {
    enum audit_kind_index write, read;
};

static void say(struct audit *audit, unsigned domain, enum audit_kind_index kind, enum audit_right right,
                uint64_t first, uint64_t last, const char *what)
{
    const struct inspect_range *range = audit_range_to(audit, domain, first, last, right);
    uint64_t iova = range->iova, at = range->pa;
    if (range->pa < first) {
        iova += first - range->pa;
        at = first;
    }
    audit_of_route(audit,
                   audit_find(audit, kind, "address %#llx leads to %#llx%s", (unsigned long long)iova,
                              (unsigned long long)at, what),
                   audit_route_of(audit, domain));
}

/* One stretch of memory that no device should reach. */
static void check_stretch(struct audit *audit, unsigned domain, struct pair kinds, uint64_t first, uint64_t last,
                          const char *what)
{
    if (audit_touches(audit, domain, AUDIT_WRITE, first, last))
        say(audit, domain, kinds.write, AUDIT_WRITE, first, last, what);
    else if (audit_touches(audit, domain, AUDIT_REACH, first, last))
        say(audit, domain, kinds.read, AUDIT_REACH, first, last, what);
}

/* ---- tables */

struct hits {
    size_t pages;
    uint64_t first;
};

/* Index of the group's first page at or above `address`. */
static size_t page_from(const struct audit *audit, unsigned group, uint64_t address)
{
    const struct audit_page *page = audit->pages.item;
    size_t low = audit->group_first[group], high = audit->group_first[group + 1];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (page[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct hits count_hits(const struct audit *audit, unsigned domain, unsigned group, enum audit_right right)
{
    const struct audit_span *end = audit_spans_end(audit, domain, right);
    const struct audit_page *page = audit->pages.item;
    struct hits hits = {0, 0};
    for (const struct audit_span *span = audit_span_from(audit, domain, right, 0); span != end; span++) {
        size_t first = page_from(audit, group, span->first);
        size_t behind = span->last == UINT64_MAX ? audit->group_first[group + 1]
                                                 : page_from(audit, group, span->last + 1);
        if (behind > first && hits.pages == 0)
            hits.first = page[first].address;
        hits.pages += behind - first;
    }
    return hits;
}

static void check_tables(struct audit *audit, unsigned domain)
{
    static const struct pair kinds[AUDIT_GROUPS] = {
        {AUDIT_ROOT_WRITABLE, AUDIT_ROOT_READABLE},           {AUDIT_PAGE_TABLE_WRITABLE, AUDIT_PAGE_TABLE_READABLE},
        {AUDIT_QUEUE_WRITABLE, AUDIT_QUEUE_READABLE},         {AUDIT_INTERRUPT_WRITABLE, AUDIT_INTERRUPT_READABLE},
        {AUDIT_REQUEST_WRITABLE, AUDIT_REQUEST_READABLE},
    };
    for (unsigned group = 0; group < AUDIT_GROUPS; group++) {
        enum audit_right right = AUDIT_WRITE;
        struct hits hits = count_hits(audit, domain, group, right);
        if (hits.pages == 0) {
            right = AUDIT_REACH;
            hits = count_hits(audit, domain, group, right);
        }
        if (hits.pages == 0)
            continue;
        say(audit, domain, right == AUDIT_WRITE ? kinds[group].write : kinds[group].read, right, hits.first,
            hits.first + (INSPECT_PAGE - 1),
            hits.pages == 1 ? "" : ", the first of several such pages");
    }
}

/* ---- RAM */

struct cover {
    uint64_t ram, stretch, stretch_at;
};

static struct cover cover_of(const struct audit *audit, unsigned domain, enum audit_right right)
{
    const struct audit_span *end = audit_spans_end(audit, domain, right);
    struct cover cover = {0, 0, 0};
    for (const struct audit_span *span = audit_span_from(audit, domain, right, 0); span != end; span++) {
        if (audit->ram != NULL)
            cover.ram += audit_ram_within(audit, span->first, span->last);
        if (span->last - span->first >= cover.stretch) {
            cover.stretch = span->last - span->first + 1;
            cover.stretch_at = span->first;
        }
    }
    return cover;
}

/* The input address that leads there. */
static unsigned long long input_of(const struct audit *audit, unsigned domain, uint64_t pa, enum audit_right right)
{
    const struct inspect_range *range = audit_range_to(audit, domain, pa, pa, right);
    return range == NULL ? 0 : range->iova + (pa - range->pa);
}

static bool tell_cover(struct audit *audit, unsigned domain, enum audit_right right, enum audit_kind_index kind)
{
    struct cover cover = cover_of(audit, domain, right);
    struct inspect_finding *finding;
    if (audit->ram != NULL) {
        if (cover.ram / RAM_WIDE_PERCENT < audit->ram_bytes / 100 || audit->ram_bytes == 0)
            return false;
        finding = audit_find(audit, kind, "%llu of %llu MiB of RAM; the longest stretch is %#llx, at %#llx",
                             (unsigned long long)(cover.ram >> 20), (unsigned long long)(audit->ram_bytes >> 20),
                             (unsigned long long)cover.stretch_at, input_of(audit, domain, cover.stretch_at, right));
    } else {
        if (cover.stretch < WIDE_STRETCH)
            return false;
        finding = audit_find(audit, kind, "%llu MiB in one stretch from %#llx on, at %#llx; which of it is RAM is not "
                                          "known",
                             (unsigned long long)(cover.stretch >> 20), (unsigned long long)cover.stretch_at,
                             input_of(audit, domain, cover.stretch_at, right));
        audit_severity(finding, INSPECT_MEDIUM);
    }
    audit_of_route(audit, finding, audit_route_of(audit, domain));
    return true;
}

static void check_ram(struct audit *audit, unsigned domain)
{
    if (!tell_cover(audit, domain, AUDIT_WRITE, AUDIT_RAM_WRITABLE))
        tell_cover(audit, domain, AUDIT_REACH, AUDIT_RAM_READABLE);
}

/* ---- all */

static void check_registers(struct audit *audit, unsigned domain)
{
    const struct inspect_registers *registers = audit->input->machine.registers;
    for (unsigned unit = 0; unit < registers->count; unit++) {
        uint64_t base = registers->unit[unit].base, last = base + (REGISTER_BYTES - 1);
        if (base != 0 && audit_touches(audit, domain, AUDIT_WRITE, base, last))
            say(audit, domain, AUDIT_REGISTERS_WRITABLE, AUDIT_WRITE, base, last, ", registers of a unit");
    }
}

void audit_reach(struct audit *audit)
{
    static const struct pair kernel = {AUDIT_KERNEL_WRITABLE, AUDIT_KERNEL_READABLE};
    const struct inspect_audit_input *input = audit->input;
    for (unsigned domain = 0; domain < audit->domains.count; domain++) {
        check_tables(audit, domain);
        check_registers(audit, domain);
        check_ram(audit, domain);
        if (input->has_kernel)
            check_stretch(audit, domain, kernel, input->kernel.base, input->kernel.last, ", the kernel's code");
    }
    if (!input->has_kernel)
        audit_not_judged(audit, "whether the kernel's code can be reached: where it lies is not known; give --iomem as "
                                "root, or --symbols with --kernel-base");
}
