/* SPDX-License-Identifier: MIT */
/* audit_interrupts.c - the interrupt remapping table: does each entry name the device that may use it? */
#include "inspect/audit_state.h"

#include <endian.h>

#include "spec/vtd_regs.h"

/* An entry is 128 bits; remapped and posted ones have their source in the same place. */
#define IRTE_BYTES  16u
#define IRTE_LOW_P  SPEC_BIT64(0)
#define IRTE_HIGH_SVT SPEC_MASK64(19, 18) /* how the source is verified; 0: not at all */

struct tally {
    uint64_t present, unchecked, missing_pages;
    uint64_t first, low, high; /* of the first that is not checked */
};

static void count_page(struct tally *tally, const uint64_t *words, uint64_t first_index, uint64_t entries)
{
    for (size_t i = 0; i < INSPECT_PAGE / IRTE_BYTES && i < entries; i++) {
        uint64_t low = le64toh(words[2 * i]), high = le64toh(words[2 * i + 1]);
        if (!(low & IRTE_LOW_P))
            continue;
        tally->present++;
        if (SPEC_GET(IRTE_HIGH_SVT, high) != 0)
            continue;
        if (tally->unchecked++ == 0) {
            tally->first = first_index + i;
            tally->low = low;
            tally->high = high;
        }
    }
}

void audit_interrupts(struct audit *audit, unsigned index)
{
    const struct inspect_unit *unit = audit_registers(audit, index);
    uint64_t address = unit->value[INSPECT_IRTA], table = address & VTD_IRTA_IRTA;
    uint64_t bytes = (uint64_t)IRTE_BYTES << (SPEC_GET(VTD_IRTA_S, address) + 1);
    struct tally tally = {.present = 0};
    if (!audit_known(unit, INSPECT_IRTA) || !(unit->value[INSPECT_GSTS] & VTD_GSTS_IRES))
        return;
    for (uint64_t done = 0; done < bytes; done += INSPECT_PAGE) {
        const void *page = inspect_memory_page(audit->input->machine.memory, table + done, NULL);
        if (page != NULL)
            count_page(&tally, page, done / IRTE_BYTES, (bytes - done) / IRTE_BYTES);
        else
            tally.missing_pages++;
    }
    if (tally.unchecked != 0)
        audit_find(audit, AUDIT_INTERRUPT_SOURCE,
                   "unit %u: %llu of %llu present entries at %#llx; the first is %llu: %#llx:%#llx", index,
                   (unsigned long long)tally.unchecked, (unsigned long long)tally.present, (unsigned long long)table,
                   (unsigned long long)tally.first, (unsigned long long)tally.high, (unsigned long long)tally.low);
    if (tally.missing_pages != 0)
        audit_find(audit, AUDIT_ABSENT, "unit %u: %llu pages of the interrupt remapping table at %#llx", index,
                   (unsigned long long)tally.missing_pages, (unsigned long long)table);
}
