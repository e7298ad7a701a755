/* SPDX-License-Identifier: MIT */
/*
 * vtd.c - fault lines of VT-d units: Linux from 2.6 on, Xen from 3.3 on, FreeBSD.
 *
 * Linux printed a fault over two lines up to about 4.4, reasons in decimal up to 5.13 and with 0x since; Xen prints
 * hexadecimal without 0x (older ones with an h behind). Addresses, interrupt indexes and PASIDs are always hexadecimal.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "inspect/faults/draft.h"
#include "spec/vtd_faults.h"

static enum inspect_fault_vendor vendor_of(const char *text)
{
    return fault_has(text, "(XEN)") || fault_has(text, "[VT-D]") ? INSPECT_FAULT_XEN_VTD : INSPECT_FAULT_INTEL_VTD;
}

/* "05" (decimal), "0x05", "05h". */
static bool linux_reason(const char *at, uint64_t *value)
{
    const char *text = at;
    fault_blanks(&text);
    if (fault_hex_digits(&text, 4, value) && *text == 'h')
        return true;
    return fault_number(&at, value);
}

/* The reason in a line, if there is one: "[fault reason N]", or Xen's "KIND: reason N - ". */
static bool find_reason(const char *text, uint64_t *value)
{
    static const char *const xen[] = {"DMAR: reason ", "INTR-REMAP: reason ", "UNKNOWN: reason "};
    const char *at = fault_after(text, "fault reason");

    if (at != NULL)
        return linux_reason(at, value) && *value <= 0xff;
    for (unsigned i = 0; i < sizeof xen / sizeof xen[0]; i++) {
        at = fault_after(text, xen[i]);
        if (at != NULL)
            return fault_hex(&at, value) && *value <= 0xff;
    }
    return false;
}

static void set_reason(struct fault_draft *draft, uint64_t reason)
{
    fault_set(draft, FAULT_REASON, reason);
    fault_code(draft, "0x%02x", (unsigned)reason);
    if (reason >= VTD_FAULT_IR_FIRST && reason <= VTD_FAULT_IR_LAST)
        draft->fault.kind = INSPECT_FAULT_INTERRUPT;
}

static enum inspect_fault_access access_of(const char *text)
{
    if (fault_has(text, "DMA Read"))
        return INSPECT_ACCESS_READ;
    return fault_has(text, "DMA Write") ? INSPECT_ACCESS_WRITE : INSPECT_ACCESS_UNKNOWN;
}

/* The text of the reason may hold the word PASID as well: only what stands in front of it counts. */
static void find_pasid(const char *text, struct fault_draft *draft)
{
    const char *end = fault_after(text, "fault reason"), *at = fault_value(text, "PASID");
    uint64_t pasid;

    if (at != NULL && (end == NULL || at < end) && fault_hex(&at, &pasid))
        fault_set_pasid(draft, pasid);
}

static bool parse_request(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, "Request device");
    uint64_t value;

    if (at == NULL || !fault_bdf(&at, draft->fault.device))
        return false;
    draft->fault.vendor = vendor_of(text);
    draft->fault.kind = fault_has(text, "INTR-REMAP") ? INSPECT_FAULT_INTERRUPT : INSPECT_FAULT_DMA;
    draft->describe = fault_describe_vtd;
    if (fault_field(text, "fault addr", &value))
        fault_set_address(draft, value);
    if (fault_field(text, "fault index", &value))
        fault_set(draft, FAULT_INDEX, value);
    if (draft->fault.kind == INSPECT_FAULT_DMA)
        draft->fault.access = access_of(text);
    find_pasid(text, draft);
    if (find_reason(text, &value))
        set_reason(draft, value);
    else
        draft->takes = FAULT_PART_REASON;
    return true;
}

/* The second line of a fault; mail programs fold lines, so that it may hold the address as well. */
static bool parse_reason(const char *text, struct fault_draft *draft)
{
    uint64_t reason, address;

    if (!fault_has(text, "[fault reason") && !fault_has(text, ": reason "))
        return false;
    if (!find_reason(text, &reason))
        return false;
    draft->fault.vendor = vendor_of(text);
    draft->fault.kind = fault_has(text, "INTR-REMAP") ? INSPECT_FAULT_INTERRUPT : INSPECT_FAULT_DMA;
    draft->describe = fault_describe_vtd;
    draft->part = FAULT_PART_REASON;
    if (fault_field(text, "fault addr", &address))
        fault_set_address(draft, address);
    set_reason(draft, reason);
    return true;
}

/* Xen 3: "iommu_fault:DMA Read: 0:1d.1 addr 7d2ce000 REASON 6 iommu->reg = ..." */
static bool parse_xen_3(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, "iommu_fault:");
    uint64_t value;

    if (at == NULL || access_of(at) == INSPECT_ACCESS_UNKNOWN)
        return false;
    draft->fault.vendor = INSPECT_FAULT_XEN_VTD;
    draft->fault.kind = INSPECT_FAULT_DMA;
    draft->fault.access = access_of(at);
    draft->describe = fault_describe_vtd;
    if (fault_field(at, "addr", &value))
        fault_set_address(draft, value);
    if (fault_field(at, "REASON", &value) && value <= 0xff)
        set_reason(draft, value);
    at = strchr(at, ':');
    if (at != NULL) {
        at++;
        (void)fault_bdf(&at, draft->fault.device);
    }
    return true;
}

/* FreeBSD: "DMAR0: em0: pci0:25:0 sid c8 fault acc 1 adt 0x0 reason 0x6 addr 9c000000" */
static bool parse_freebsd(const char *text, struct fault_draft *draft)
{
    uint64_t value;

    if (!fault_has(text, " fault acc ") || !fault_field(text, "reason", &value) || value > 0xff)
        return false;
    draft->fault.vendor = INSPECT_FAULT_FREEBSD_VTD;
    draft->fault.kind = INSPECT_FAULT_DMA;
    draft->describe = fault_describe_vtd;
    set_reason(draft, value);
    if (fault_field(text, "sid", &value))
        fault_bdf_from_rid((unsigned)value & 0xffff, draft->fault.device);
    if (draft->fault.kind == INSPECT_FAULT_INTERRUPT)
        return true;
    if (fault_field(text, "addr", &value))
        fault_set_address(draft, value);
    if (fault_field(text, "acc", &value))
        draft->fault.access = value != 0 ? INSPECT_ACCESS_READ : INSPECT_ACCESS_WRITE;
    return true;
}

static bool parse_status(const char *text, struct fault_draft *draft)
{
    uint64_t status;

    if (!fault_field(text, "fault status reg", &status) || status > UINT32_MAX)
        return false;
    draft->fault.vendor = vendor_of(text);
    draft->fault.kind = INSPECT_FAULT_STATUS;
    draft->describe = fault_describe_vtd_status;
    fault_set(draft, FAULT_STATUS, status);
    fault_code(draft, "0x%x", (unsigned)status);
    return true;
}

/* Xen names the bits of the status register, one a line. */
static bool parse_xen_status(const char *text, struct fault_draft *draft)
{
    static const struct {
        const char *said, *code, *meaning;
    } bits[] = {
        {"Advanced Fault Overflow", "AFO", "the advanced fault log is full: faults were lost"},
        {"Advanced Pending Fault", "APF", "a fault is pending in the advanced fault log"},
        {"Fault Overflow", "PFO", "all fault records were taken: faults were lost"},
        {"Primary Pending Fault", "PPF", "a primary fault is pending; it is printed next"},
        {"Invalidation Queue Error", "IQE", "the unit refused an invalidation descriptor"},
        {"Invalidation Completion Error", "ICE", "a device answered an invalidation that nobody had sent it"},
        {"Invalidation Time-out Error", "ITE", "a device did not answer an invalidation in time"},
    };
    const char *at = fault_after(text, "iommu_fault_status:");

    if (at == NULL)
        return false;
    for (unsigned i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        if (!fault_has(at, bits[i].said))
            continue;
        fault_plain(draft, INSPECT_FAULT_XEN_VTD, INSPECT_FAULT_STATUS, bits[i].meaning,
                    "Nothing to do about this line: the fault lines that follow name device, address and reason.");
        fault_code(draft, "%s", bits[i].code);
        return true;
    }
    return false;
}

bool fault_parse_vtd(const char *text, struct fault_draft *draft)
{
    return parse_request(text, draft) || parse_reason(text, draft) || parse_status(text, draft) ||
           parse_xen_status(text, draft) || parse_xen_3(text, draft) || parse_freebsd(text, draft);
}

void fault_decode_vtd(struct fault_draft *draft)
{
    uint64_t low = draft->number[FAULT_WORD_0], high = draft->number[FAULT_WORD_1];
    bool read = (high >> 62 & 1) != 0, second = (high >> 28 & 1) != 0; /* T1, T2 */

    draft->fault.vendor = INSPECT_FAULT_INTEL_VTD;
    draft->fault.kind = INSPECT_FAULT_DMA;
    draft->describe = fault_describe_vtd;
    fault_bdf_from_rid((unsigned)high & 0xffff, draft->fault.device);
    set_reason(draft, high >> 32 & 0xff);
    if (draft->fault.kind == INSPECT_FAULT_INTERRUPT) {
        fault_set(draft, FAULT_INDEX, low >> 48);
        return;
    }
    fault_set_address(draft, low & ~UINT64_C(0xfff));
    if ((high >> 31 & 1) != 0) /* PP: PV, EXE and PRIV are valid */
        fault_set_pasid(draft, high >> 40 & 0xfffff);
    if (second && !read)
        draft->fault.kind = INSPECT_FAULT_PAGE_REQUEST;
    else if (read && !second && draft->fault.has_pasid && (high >> 30 & 1) != 0)
        draft->fault.access = INSPECT_ACCESS_EXECUTE;
    else
        draft->fault.access = read && !second ? INSPECT_ACCESS_READ : INSPECT_ACCESS_WRITE; /* atomics write */
}
