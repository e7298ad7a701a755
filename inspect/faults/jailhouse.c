/* SPDX-License-Identifier: MIT */
/* jailhouse.c - fault reports of the Jailhouse hypervisor, which take up to three lines. */
#include <string.h>

#include "inspect/faults/draft.h"
#include "spec/vtd_faults.h"

static const char jailhouse_advice[] =
    "The cell's configuration does not give the device this memory: add a memory region with JAILHOUSE_MEM_DMA, or the "
    "device's firmware region; compare with /proc/iomem.";

static bool parse_start(const char *text, struct fault_draft *draft)
{
    bool vtd = fault_has(text, "VT-d fault event"),
         amd = fault_has(text, "AMD IOMMU ") && fault_has(text, " reported event");

    if (!vtd && !amd)
        return false;
    fault_plain(draft, vtd ? INSPECT_FAULT_JAILHOUSE_VTD : INSPECT_FAULT_JAILHOUSE_AMD, INSPECT_FAULT_DETAIL,
                "the hypervisor reports a fault; device and reason are on the next lines", jailhouse_advice);
    draft->takes = FAULT_PART_JAILHOUSE;
    return true;
}

static bool parse_device(const char *text, struct fault_draft *draft)
{
    bool vtd = fault_has(text, "Source Identifier (bus:dev.func):"), amd = fault_has(text, "DeviceId (bus:dev.func):");
    const char *at = fault_after(text, "(bus:dev.func):");

    if (!(vtd || amd) || !fault_bdf(&at, draft->fault.device))
        return false;
    fault_plain(draft, vtd ? INSPECT_FAULT_JAILHOUSE_VTD : INSPECT_FAULT_JAILHOUSE_AMD, INSPECT_FAULT_DETAIL,
                "the device of the fault reported around this line", jailhouse_advice);
    draft->part = FAULT_PART_JAILHOUSE;
    draft->takes = FAULT_PART_JAILHOUSE;
    return true;
}

/* " Fault Reason: 0x6 Fault Info: 6a1cea1 Type 1": the info is the page's number. */
static bool parse_vtd(const char *text, struct fault_draft *draft)
{
    uint64_t reason, info, type;

    if (!fault_field(text, "Fault Reason", &reason) || !fault_field(text, "Fault Info", &info) || reason > 0xff)
        return false;
    draft->fault.vendor = INSPECT_FAULT_JAILHOUSE_VTD;
    draft->fault.kind = INSPECT_FAULT_DMA;
    draft->describe = fault_describe_vtd;
    draft->part = FAULT_PART_JAILHOUSE;
    fault_set(draft, FAULT_REASON, reason);
    fault_code(draft, "0x%02x", (unsigned)reason);
    if (reason >= VTD_FAULT_IR_FIRST && reason <= VTD_FAULT_IR_LAST) {
        draft->fault.kind = INSPECT_FAULT_INTERRUPT;
        fault_set(draft, FAULT_INDEX, info >> 36 & 0xffff);
        return true;
    }
    fault_set_address(draft, info << 12);
    if (fault_field(text, "Type", &type))
        draft->fault.access = type != 0 ? INSPECT_ACCESS_READ : INSPECT_ACCESS_WRITE;
    return true;
}

/* " EventCode: 2 Operand 1: 10000000100, Operand 2: f001ae000": operands are the entry's two words. */
static bool parse_amd(const char *text, struct fault_draft *draft)
{
    uint64_t code, low, high;

    if (!fault_field(text, "EventCode", &code) || !fault_field(text, "Operand 1", &low) ||
        !fault_field(text, "Operand 2", &high) || code > 0xf)
        return false;
    fault_set(draft, FAULT_WORD_0, (low & UINT64_C(0x0fffffffffffffff)) | code << 60);
    fault_set(draft, FAULT_WORD_1, high);
    fault_decode_amd(draft);
    draft->fault.vendor = INSPECT_FAULT_JAILHOUSE_AMD;
    draft->part = FAULT_PART_JAILHOUSE;
    return true;
}

bool fault_parse_jailhouse(const char *text, struct fault_draft *draft)
{
    return parse_start(text, draft) || parse_device(text, draft) || parse_vtd(text, draft) || parse_amd(text, draft);
}
