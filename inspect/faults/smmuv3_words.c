/* SPDX-License-Identifier: MIT */
/* smmuv3_words.c - SMMUv3 events in words; decoding of the raw record. */
#include <inttypes.h>
#include <stdio.h>

#include "inspect/faults/draft.h"
#include "inspect/faults/smmuv3.h"

/* Word 1 of an event about an address. */
#define STALL(word) ((word) >> 31 & 1)
#define PNU(word)   ((word) >> 33 & 1) /* privileged */
#define IND(word)   ((word) >> 34 & 1) /* instruction */
#define RNW(word)   ((word) >> 35 & 1) /* read */
#define S2(word)    ((word) >> 39 & 1)
#define CLASS(word) ((word) >> 40 & 3)

static bool about_address(unsigned id)
{
    return (id >= 0x10 && id <= 0x13) || id == 0x0b || id == 0x20 || id == 0x24 || id == 0x05 || id == 0x07 ||
           id == 0x01;
}

static bool about_fetch(unsigned id)
{
    return id == 0x03 || id == 0x09 || id == 0x25;
}

void fault_decode_smmuv3(struct fault_draft *draft)
{
    const uint64_t *word = &draft->number[FAULT_WORD_0];
    unsigned id = (unsigned)(word[0] & 0xff);
    const struct fault_smmuv3_event *event = fault_smmuv3_event(id);

    if (draft->fault.vendor == INSPECT_FAULT_VENDOR_NONE)
        draft->fault.vendor = INSPECT_FAULT_SMMUV3;
    draft->fault.kind = event != NULL ? event->kind : INSPECT_FAULT_DMA;
    draft->describe = fault_describe_smmuv3;
    fault_set(draft, FAULT_REASON, id);
    fault_code(draft, "0x%02x", id);
    if (!fault_is_bdf(draft->fault.device))
        fault_set_sid(draft, word[0] >> 32);
    if ((word[0] >> 11 & 1) != 0)
        fault_set_pasid(draft, word[0] >> 12 & 0xfffff);
    if (about_fetch(id))
        fault_set_address(draft, word[3] & UINT64_C(0x000ffffffffffff8));
    if (!about_address(id))
        return;
    fault_set_address(draft, word[2]);
    if (RNW(word[1]) == 0)
        draft->fault.access = INSPECT_ACCESS_WRITE;
    else
        draft->fault.access = IND(word[1]) != 0 ? INSPECT_ACCESS_EXECUTE : INSPECT_ACCESS_READ;
}

static void say_record(struct fault_draft *draft, unsigned id)
{
    static const char *const classes[] = {"while fetching the context descriptor", "while walking the tables",
                                          "the device's own address", "reserved class"};
    uint64_t word = draft->number[FAULT_WORD_1];

    if (id < 0x10 || id > 0x13)
        return;
    fault_more(draft, "; stage %u, %s, %sprivileged", S2(word) != 0 ? 2 : 1, classes[CLASS(word)],
               PNU(word) != 0 ? "" : "un");
    if (STALL(word) != 0)
        fault_more(draft, "; the transaction waits for an answer (stall)");
    if (S2(word) != 0)
        fault_more(draft, "; intermediate address 0x%" PRIx64,
                   draft->number[FAULT_WORD_3] & UINT64_C(0x000ffffffffff000));
}

void fault_describe_smmuv3(struct fault_draft *draft)
{
    const char *access = inspect_fault_access_name(draft->fault.access);
    unsigned id = (unsigned)draft->number[FAULT_REASON];
    const struct fault_smmuv3_event *event = fault_knows(draft, FAULT_REASON) ? fault_smmuv3_event(id) : NULL;

    if (event == NULL) {
        if (fault_knows(draft, FAULT_REASON))
            fault_meaning(draft, "event 0x%02x, which the architecture does not define", id);
        else
            fault_meaning(draft, "how a refused request was made: %s; the line before it names device and address",
                          access);
        fault_advice(draft, "Look at the other lines of the same event.");
        return;
    }
    fault_meaning(draft, "%s: %s", event->name, event->meaning);
    if (draft->fault.access != INSPECT_ACCESS_UNKNOWN && about_address(id))
        fault_more(draft, " (%s)", access);
    if (fault_knows(draft, FAULT_WORD_3))
        say_record(draft, id);
    fault_advice(draft, event->advice);
}
