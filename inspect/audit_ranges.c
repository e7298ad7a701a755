/* SPDX-License-Identifier: MIT */
/* audit_ranges.c - mappings by their input addresses: one to one, and around the interrupt window. */
#include "inspect/audit_state.h"

#include "spec/vtd_tables.h"

#define IDENTITY_LEAST ((uint64_t)1 << 20) /* a page or two may lie at their own address by chance */

struct sum {
    uint64_t identity, longest, longest_at;
    const struct inspect_range *input, *output; /* the first that touches the window */
};

static bool overlaps(uint64_t start, uint64_t bytes)
{
    return start <= VTD_INTERRUPT_LAST && start + (bytes - 1) >= VTD_INTERRUPT_FIRST;
}

static void add(const struct audit *audit, struct sum *sum, const struct inspect_range *range)
{
    if (sum->input == NULL && overlaps(range->iova, range->bytes))
        sum->input = range;
    if (sum->output == NULL && overlaps(range->pa, range->bytes))
        sum->output = range;
    if (range->iova != range->pa || audit_in_region(audit, range->pa, range->pa + (range->bytes - 1)))
        return;
    sum->identity += range->bytes;
    if (range->bytes > sum->longest) {
        sum->longest = range->bytes;
        sum->longest_at = range->iova;
    }
}

/* Do requests without PASID use the domain? Those with one are translated in the window too. */
static bool without_pasid(const struct audit_domain *domain)
{
    return (domain->privileges & 0x00ff) != 0;
}

static void tell(struct audit *audit, unsigned number, const struct sum *sum)
{
    const struct audit_domain *domain = audit_domain_at(audit, number);
    const struct audit_route *route = audit_route_of(audit, number);
    if (sum->input != NULL && without_pasid(domain))
        audit_of_route(audit,
                       audit_find(audit, AUDIT_WINDOW_INPUT, "%#llx bytes at %#llx are mapped to %#llx",
                                  (unsigned long long)sum->input->bytes, (unsigned long long)sum->input->iova,
                                  (unsigned long long)sum->input->pa),
                       route);
    if (sum->output != NULL)
        audit_of_route(audit,
                       audit_find(audit, AUDIT_WINDOW_OUTPUT, "%#llx bytes at %#llx are mapped to %#llx",
                                  (unsigned long long)sum->output->bytes, (unsigned long long)sum->output->iova,
                                  (unsigned long long)sum->output->pa),
                       route);
    if (sum->identity >= IDENTITY_LEAST)
        audit_of_route(audit,
                       audit_find(audit, AUDIT_IDENTITY,
                                  "%llu KiB are mapped one to one; the longest stretch is %#llx to %#llx; %u %s use it",
                                  (unsigned long long)(sum->identity >> 10), (unsigned long long)sum->longest_at,
                                  (unsigned long long)(sum->longest_at + sum->longest - 1), domain->routes,
                                  domain->routes == 1 ? "entry" : "entries"),
                       route);
}

void audit_ranges(struct audit *audit)
{
    for (unsigned number = 0; number < audit->domains.count; number++) {
        const struct audit_domain *domain = audit_domain_at(audit, number);
        struct sum sum = {.identity = 0};
        for (size_t i = domain->first_range; i < domain->first_range + domain->ranges; i++)
            add(audit, &sum, audit_range_at(audit, i));
        tell(audit, number, &sum);
    }
}
