/* SPDX-License-Identifier: MIT */
/*
 * draft.h - what one line of a log was found to say, before it is put into words. Internal to inspect/faults.
 *
 * Each vendor's parser fills a draft from one line; join.c merges the drafts of lines that belong together; then
 * `describe` writes meaning and advice from what was gathered. A parser returns false for lines that are not its own.
 */
#ifndef INSPECT_FAULTS_DRAFT_H
#define INSPECT_FAULTS_DRAFT_H

#include "inspect/faults/faults.h"
#include "inspect/faults/text.h"

/* What a line is as a part of a fault; a fault's beginning says which parts it takes. */
enum fault_part {
    FAULT_PART_NONE = 0,
    FAULT_PART_REASON = 1 << 0,    /* VT-d: the reason, on a line of its own */
    FAULT_PART_AMD_BODY = 1 << 1,  /* AMD-Vi: the event, without its beginning */
    FAULT_PART_AMD_ENTRY = 1 << 2, /* AMD-Vi: a word of the device table entry or command */
    FAULT_PART_WORD = 1 << 3,      /* SMMUv3: a raw word */
    FAULT_PART_DECODED = 1 << 4,   /* SMMUv3: the event in the driver's words */
    FAULT_PART_ACCESS = 1 << 5,    /* SMMUv3: how it was accessed */
    FAULT_PART_COMMAND = 1 << 6,   /* SMMUv3: what becomes of a bad command */
    FAULT_PART_PAGE_REQUEST = 1 << 7,
    FAULT_PART_CONTEXT = 1 << 8, /* SMMUv2: registers of a context fault */
    FAULT_PART_GLOBAL = 1 << 9,  /* SMMUv2: registers of a global fault */
    FAULT_PART_JAILHOUSE = 1 << 10,
    FAULT_PART_AMD_FIELDS = 1 << 11, /* AMD-Vi: the rest of an event that was folded */
};

/* Numbers from the line that the words are made of. */
enum fault_number {
    FAULT_REASON,
    FAULT_FLAGS,
    FAULT_STATUS,
    FAULT_SYNDROME,
    FAULT_INDEX,
    FAULT_WORD_0,
    FAULT_WORD_1,
    FAULT_WORD_2,
    FAULT_WORD_3,
    FAULT_NUMBER_COUNT
};

struct fault_draft {
    struct inspect_fault fault;
    void (*describe)(struct fault_draft *draft);
    enum fault_part part;
    unsigned takes; /* enum fault_part */
    char unit[48];  /* the unit that speaks, where the line names it: lines of two units are not joined */
    unsigned known; /* bit (1 << enum fault_number) */
    uint64_t number[FAULT_NUMBER_COUNT];
};

typedef bool fault_parser(const char *text, struct fault_draft *draft);

fault_parser fault_parse_vtd;       /* vtd.c */
fault_parser fault_parse_vtd_queue; /* vtd_queue.c */
fault_parser fault_parse_vtd_dump;  /* vtd_dump.c */
fault_parser fault_parse_amd;       /* amd.c */
fault_parser fault_parse_smmuv3;    /* smmuv3.c */
fault_parser fault_parse_smmuv2;    /* smmuv2.c */
fault_parser fault_parse_jailhouse; /* jailhouse.c */
fault_parser fault_parse_others;    /* others.c */
fault_parser fault_parse_suppressed;

void fault_describe_vtd(struct fault_draft *draft); /* vtd_words.c */
void fault_describe_vtd_status(struct fault_draft *draft);
void fault_describe_amd(struct fault_draft *draft);    /* amd_words.c */
void fault_describe_smmuv3(struct fault_draft *draft); /* smmuv3_words.c */
void fault_describe_smmuv2(struct fault_draft *draft); /* smmuv2.c */

/* From a record's words, in draft->number. */
void fault_decode_vtd(struct fault_draft *draft);
void fault_decode_amd(struct fault_draft *draft);
void fault_use_amd_flags(struct fault_draft *draft); /* what the flags say of kind and access */
void fault_decode_smmuv3(struct fault_draft *draft);

/* draft.c */
void fault_set(struct fault_draft *draft, enum fault_number number, uint64_t value);
bool fault_knows(const struct fault_draft *draft, enum fault_number number);
void fault_set_address(struct fault_draft *draft, uint64_t address);
void fault_set_pasid(struct fault_draft *draft, uint64_t pasid);
void fault_set_sid(struct fault_draft *draft, uint64_t sid); /* "sid:0x..." */
void fault_code(struct fault_draft *draft, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fault_meaning(struct fault_draft *draft, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fault_more(struct fault_draft *draft, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fault_advice(struct fault_draft *draft, const char *text);
/* The draft of a line whose words do not depend on others. */
void fault_plain(struct fault_draft *draft, enum inspect_fault_vendor vendor, enum inspect_fault_kind kind,
                 const char *meaning, const char *advice);
/* Copies what `draft` does not know from a further line of the same fault. */
void fault_merge(struct fault_draft *draft, const struct fault_draft *further);

/* Writes the words; describe may be NULL (meaning and advice are already there). */
void fault_finish(struct fault_draft *draft);

#endif
