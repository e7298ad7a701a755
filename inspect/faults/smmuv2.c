/* SPDX-License-Identifier: MIT */
/*
 * smmuv2.c - lines of Arm SMMUs before version 3: Linux from 3.11 on, Android's, Qualcomm's, NVIDIA's, Xen.
 *
 * A context fault is one line; from 6.11 on (and in Android kernels) further lines repeat its registers in words. The
 * order of the fields differs from version to version, so they are found by name.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "inspect/faults/draft.h"

/* FSYNR0 of a context, GFSYNR0. */
enum {
    FSYNR_WNR = 1 << 4,
    FSYNR_PNU = 1 << 5,
    FSYNR_IND = 1 << 6,
    FSYNR_PTWF = 1 << 10,
    GFSYNR_WNR = 1 << 1,
    GFSYNR_IND = 1 << 3
};

static void find_unit(const char *text, struct fault_draft *draft)
{
    static const char *const names[] = {"arm-smmu ", "smmu: ", "qcom-iommu-ctx ", "qcom_iommu "};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *at = fault_after(text, names[i]);
        if (at != NULL && fault_word(&at, ":", draft->unit, sizeof draft->unit))
            return;
    }
}

static void start(const char *text, struct fault_draft *draft, enum inspect_fault_kind kind)
{
    draft->fault.vendor = fault_has(text, "(XEN)") ? INSPECT_FAULT_XEN_SMMUV2 : INSPECT_FAULT_SMMUV2;
    draft->fault.kind = kind;
    draft->describe = fault_describe_smmuv2;
    find_unit(text, draft);
}

static void use_syndrome(struct fault_draft *draft, uint64_t syndrome)
{
    fault_set(draft, FAULT_SYNDROME, syndrome);
    if ((syndrome & FSYNR_WNR) != 0)
        draft->fault.access = INSPECT_ACCESS_WRITE;
    else
        draft->fault.access = (syndrome & FSYNR_IND) != 0 ? INSPECT_ACCESS_EXECUTE : INSPECT_ACCESS_READ;
}

static bool one_of(const char *text, const char *const names[], unsigned count, uint64_t *value)
{
    for (unsigned i = 0; i < count; i++)
        if (fault_field(text, names[i], value))
            return true;
    return false;
}

static void context_fields(const char *text, struct fault_draft *draft)
{
    static const char *const addresses[] = {"iova", "FAR"}, *const statuses[] = {"fsr", "FSR"},
                             *const syndromes[] = {"fsynr", "fsynr0", "FSYNR0"},
                             *const streams[] = {"cbfrsynra", "CBFRSYNRA", "SID", "sid"};
    uint64_t value;

    if (one_of(text, addresses, 2, &value))
        fault_set_address(draft, value);
    if (one_of(text, statuses, 2, &value)) {
        fault_set(draft, FAULT_STATUS, value);
        fault_code(draft, "0x%" PRIx64, value);
    }
    if (one_of(text, syndromes, 3, &value))
        use_syndrome(draft, value);
    if (draft->fault.device[0] == '\0' && one_of(text, streams, 4, &value))
        fault_set_sid(draft, value);
}

static bool parse_context(const char *text, struct fault_draft *draft)
{
    const char *from = fault_after(text, "Unhandled arm-smmu context fault from ");

    if (from == NULL && !fault_has(text, "nhandled context fault") && !fault_has(text, "nexpected context fault"))
        return false;
    start(text, draft, INSPECT_FAULT_DMA);
    if (from != NULL)
        (void)fault_word(&from, "!,", draft->fault.device, sizeof draft->fault.device);
    context_fields(text, draft);
    draft->takes = FAULT_PART_CONTEXT;
    return true;
}

/* Registers of a context fault on lines of their own. */
static bool parse_context_part(const char *text, struct fault_draft *draft)
{
    static const char *const parts[] = {"FSR", "FSYNR0", "FAR"};
    static const char *const others[] = {"SID",   "PAR",   "FSYNR1", "CBFRSYNRA", "context bank#", "TTBR0",
                                         "TTBR1", "SCTLR", "CBAR",   "MAIR0",     "CONTEXTIDR",    "soft iova-to-phys"};
    uint64_t value;
    bool words = fault_has(text, "smmu") && one_of(text, parts, 3, &value);

    if (!words && fault_has(text, "iova=0x") && fault_has(text, "fsynr=0x")) /* a folded context fault */
        words = true;
    if (!words && !(fault_has(text, "arm-smmu") && one_of(text, others, sizeof others / sizeof others[0], &value)))
        return false;
    start(text, draft, words ? INSPECT_FAULT_DMA : INSPECT_FAULT_DETAIL);
    draft->part = FAULT_PART_CONTEXT;
    context_fields(text, draft);
    return true;
}

static void use_global(const char *text, struct fault_draft *draft)
{
    const char *at = fault_value(text, "GFSR"), *word = at;
    uint64_t value;

    if (at == NULL || !fault_hex(&at, &value))
        return;
    fault_set(draft, FAULT_STATUS, value);
    (void)fault_word(&word, ",;", draft->fault.code, sizeof draft->fault.code);
    if (fault_field(text, "GFSYNR1", &value))
        fault_set_sid(draft, value & 0xffff);
    if (!fault_field(text, "GFSYNR0", &value))
        return;
    if ((value & GFSYNR_WNR) != 0)
        draft->fault.access = INSPECT_ACCESS_WRITE;
    else
        draft->fault.access = (value & GFSYNR_IND) != 0 ? INSPECT_ACCESS_EXECUTE : INSPECT_ACCESS_READ;
}

/* A global fault has no context and so no owner: it is told as the unit's own, whoever prints it. */
static bool parse_global(const char *text, struct fault_draft *draft)
{
    const char *blocked = fault_after(text, "Blocked unknown Stream ID ");
    uint64_t value;

    if (fault_field(text, "GFSR", &value)) {
        start(text, draft, INSPECT_FAULT_GLOBAL_FAULT);
        draft->part = FAULT_PART_GLOBAL;
        use_global(text, draft);
    } else if (blocked != NULL || fault_has(text, "nexpected global fault")) {
        start(text, draft, INSPECT_FAULT_GLOBAL_FAULT);
        draft->takes = FAULT_PART_GLOBAL;
        if (blocked != NULL && fault_hex(&blocked, &value))
            fault_set_sid(draft, value);
    } else {
        return false;
    }
    draft->fault.vendor = INSPECT_FAULT_SMMUV2;
    return true;
}

bool fault_parse_smmuv2(const char *text, struct fault_draft *draft)
{
    return parse_context(text, draft) || parse_global(text, draft) || parse_context_part(text, draft);
}

struct bit {
    unsigned bit;
    const char *meaning;
};

static void say_bits(struct fault_draft *draft, const struct bit *bits, unsigned count, unsigned status)
{
    const char *comma = "";

    for (unsigned i = 0; i < count; i++)
        if ((status >> bits[i].bit & 1) != 0) {
            fault_more(draft, "%s%s", comma, bits[i].meaning);
            comma = ", ";
        }
    if (comma[0] == '\0')
        fault_more(draft, "no cause is recorded");
}

static void describe_global(struct fault_draft *draft)
{
    static const struct bit bits[] = {
        {0, "configuration access fault"},
        {1, "unidentified stream: no stream match entry"},
        {2, "stream match conflict: two entries match"},
        {3, "the stream's context bank is not implemented"},
        {4, "the stream's context interrupt is not implemented"},
        {5, "a configuration register was accessed wrongly"},
        {6, "external abort"},
        {7, "permission"},
        {8, "an unsupported upstream transaction"},
        {31, "more than one fault"},
    };

    fault_meaning(draft, "global fault: ");
    if (fault_knows(draft, FAULT_STATUS))
        say_bits(draft, bits, sizeof bits / sizeof bits[0], (unsigned)draft->number[FAULT_STATUS]);
    else
        fault_more(draft, draft->fault.device[0] != '\0' ? "unidentified stream: no stream match entry"
                                                         : "the line with the registers is missing");
    if (strncmp(draft->fault.device, "sid:", 4) == 0)
        fault_more(draft, ", for stream %s", draft->fault.device + 4);
    fault_advice(draft,
                 "The device's stream id is not described, or twice: compare iommus (or iommu-map, IORT) and its mask "
                 "in the device tree with this id; to confirm, boot with arm-smmu.disable_bypass=0.");
}

void fault_describe_smmuv2(struct fault_draft *draft)
{
    static const struct bit bits[] = {
        {1, "translation fault (no mapping)"},
        {2, "access flag fault"},
        {3, "permission fault"},
        {4, "external fault"},
        {5, "TLB match conflict"},
        {6, "TLB lock fault"},
        {7, "address size fault"},
        {8, "unsupported upstream transaction"},
        {30, "the transaction is stalled"},
        {31, "more than one fault"},
    };
    unsigned status = (unsigned)draft->number[FAULT_STATUS], syndrome = (unsigned)draft->number[FAULT_SYNDROME];

    if (draft->fault.kind == INSPECT_FAULT_GLOBAL_FAULT) {
        describe_global(draft);
        return;
    }
    fault_meaning(draft, "context fault: ");
    if (fault_knows(draft, FAULT_STATUS))
        say_bits(draft, bits, sizeof bits / sizeof bits[0], status);
    else
        fault_more(draft, draft->fault.kind == INSPECT_FAULT_DETAIL ? "a register of the fault printed before"
                                                                    : "the cause (FSR) is not in the line");
    if (fault_knows(draft, FAULT_SYNDROME))
        fault_more(draft, "; %s, table level %u%s%s", inspect_fault_access_name(draft->fault.access), syndrome & 3,
                   (syndrome & FSYNR_PNU) != 0 ? ", privileged" : "",
                   (syndrome & FSYNR_PTWF) != 0 ? ", while walking the tables" : "");
    if ((status & 1u << 3) != 0)
        fault_advice(
            draft, "The page is mapped, but not for this: a wrong direction when mapping (DMA_TO_DEVICE for a write), "
                   "or a privileged page.");
    else
        fault_advice(draft,
                     "The address is not mapped: DMA after unmapping or past a buffer, a clock or power domain that "
                     "forgot the unit's state, or a missing stream id; try iommu.passthrough=1 to confirm.");
}
