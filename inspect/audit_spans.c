/* SPDX-License-Identifier: MIT */
/*
 * audit_spans.c - which physical memory each domain reaches: its ranges, put in the order of physical addresses and
 * joined, once for any access and once for writes. However often a domain maps a frame, it is in one span.
 */
#include "inspect/audit_state.h"

#include <stdlib.h>

static int by_address(const void *a, const void *b)
{
    const struct audit_span *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static void add_range(struct audit *audit, struct audit_array *spans, const struct inspect_range *range)
{
    struct audit_span *span = audit_grow(audit, spans, sizeof *span);
    uint64_t last = range->pa + (range->bytes - 1);
    if (span != NULL)
        *span = (struct audit_span){range->pa, last < range->pa ? UINT64_MAX : last, range->domain};
}

/* Those from `from` on, which are one domain's: sorted, joined. */
static void join(struct audit_array *spans, size_t from)
{
    struct audit_span *span = spans->item;
    size_t kept = from;
    if (spans->count - from > 1)
        qsort(span + from, spans->count - from, sizeof *span, by_address);
    for (size_t i = from; i < spans->count; i++) {
        struct audit_span *previous = kept > from ? &span[kept - 1] : NULL;
        if (previous != NULL && (previous->last == UINT64_MAX || span[i].first <= previous->last + 1))
            previous->last = span[i].last > previous->last ? span[i].last : previous->last;
        else
            span[kept++] = span[i];
    }
    spans->count = kept;
}

static void add_domain(struct audit *audit, unsigned number)
{
    struct audit_domain *domain = audit_domain_at(audit, number);
    for (unsigned right = 0; right < AUDIT_RIGHTS; right++)
        domain->first_span[right] = audit->spans[right].count;
    for (size_t i = domain->first_range; i < domain->first_range + domain->ranges; i++) {
        const struct inspect_range *range = audit_range_at(audit, i);
        bool read, write;
        audit_rights(audit, range, &read, &write);
        if (write)
            add_range(audit, &audit->spans[AUDIT_WRITE], range);
        if (read || write)
            add_range(audit, &audit->spans[AUDIT_REACH], range);
    }
    for (unsigned right = 0; right < AUDIT_RIGHTS; right++) {
        join(&audit->spans[right], domain->first_span[right]);
        domain->spans[right] = audit->spans[right].count - domain->first_span[right];
    }
}

void audit_spans(struct audit *audit)
{
    for (unsigned domain = 0; domain < audit->domains.count && !audit->no_memory; domain++)
        add_domain(audit, domain);
}

const struct audit_span *audit_spans_end(const struct audit *audit, unsigned domain, enum audit_right right)
{
    const struct audit_domain *of = audit_domain_at(audit, domain);
    const struct audit_span *span = audit->spans[right].item;
    return span == NULL ? NULL : span + of->first_span[right] + of->spans[right];
}

const struct audit_span *audit_span_from(const struct audit *audit, unsigned domain, enum audit_right right,
                                         uint64_t address)
{
    const struct audit_domain *of = audit_domain_at(audit, domain);
    const struct audit_span *span = audit->spans[right].item;
    size_t low = of->first_span[right], high = low + of->spans[right];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (span[middle].last < address)
            low = middle + 1;
        else
            high = middle;
    }
    return span == NULL ? NULL : span + low;
}

bool audit_touches(const struct audit *audit, unsigned domain, enum audit_right right, uint64_t first, uint64_t last)
{
    const struct audit_span *span = audit_span_from(audit, domain, right, first);
    return span != audit_spans_end(audit, domain, right) && span->first <= last;
}
