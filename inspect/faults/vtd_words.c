/* SPDX-License-Identifier: MIT */
/* vtd_words.c - VT-d fault reasons and the fault status register in words, and what to do about them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "inspect/faults/draft.h"
#include "spec/vtd_faults.h"

#define REASON(code, name, symbol, qualified, meaning, ats) {code, symbol, meaning},
static const struct {
    unsigned code;
    const char *symbol, *meaning;
} reasons[] = {VTD_FAULTS(REASON)};
#undef REASON

/* What a group of reasons amounts to for the person in front of the machine. The first match counts. */
static const struct {
    unsigned char first, last;
    const char *more; /* NULL: the meaning says it all */
    const char *advice;
} groups[] = {
    {0x01, 0x01, "nothing at all is set up for the device's bus",
     "Usually the device was doing DMA before the driver took the unit over (firmware, a kexec or kdump kernel). If it "
     "stops after boot it is harmless; if not, look for a firmware update, and check that the DMAR table covers the "
     "bus."},
    {0x02, 0x02, "no domain is attached to this requester",
     "Check that lspci shows the device: a bridge or controller that sends with another function's number needs a DMA "
     "alias quirk (newer kernel). Otherwise it did DMA before its driver attached it, or after it was detached."},
    {0x03, 0x03, NULL,
     "The driver wrote a context entry that this unit does not support: compare its address width and type with CAP "
     "and ECAP (`iommukit regs`). A driver bug, or tables copied from an older kernel."},
    {0x04, 0x04, NULL,
     "The device used an address wider than its domain: a DMA mask that is too large, or a corrupt descriptor. Compare "
     "the address with the unit's MGAW (`iommukit regs`)."},
    {0x05, 0x05, "the address is not mapped for this device, or is mapped read-only",
     "Usual causes: DMA after unmapping or past the end of a buffer, a wrong direction when mapping, or firmware that "
     "uses memory without a reserved region (RMRR): update the BIOS, turn off USB legacy support, try iommu=pt."},
    {0x06, 0x06, "the address is not mapped for this device, or is mapped write-only",
     "Usual causes: DMA after unmapping, a prefetch past the end of a buffer, or BIOS, USB or graphics firmware that "
     "uses memory without a reserved region (RMRR): compare with `iommukit dmar`, update the BIOS, try iommu=pt."},
    {0x07, 0x09, "a table pointer leads where there is no memory",
     "The tables themselves are damaged: a driver bug, tables freed while in use, or memory corruption. Take a dump "
     "and run `iommukit walk` on it."},
    {0x0a, 0x0c, "the entry was overwritten, or the unit lacks a feature that the driver used",
     "Often seen while booting, when stale tables of the firmware or of a crashed kernel are still in use; later it "
     "means table corruption or a feature bit the unit lacks (snoop control, large pages)."},
    {0x0d, 0x0d, NULL,
     "The device used ATS although the driver did not allow it: check that ATS is on only where the driver attached "
     "the device with it; boot with pci=noats to confirm."},
    {0x0e, 0x0e, "a mapping leads to FEE0_0000h-FEEF_FFFFh, the interrupt range",
     "Somebody mapped the interrupt range as memory: the driver of the device, or a hypervisor that maps a guest's "
     "memory there."},
    {0x20, 0x21, NULL,
     "The device sent an interrupt with an index that was never given to it: a driver that programs MSI by itself, or "
     "a corrupted MSI register. Compare lspci -vv (MSI address) with the table."},
    {0x22, 0x22, "the interrupt was freed or never set up",
     "A device that still interrupts after its driver went (or from before boot: HPET, IOAPIC, kdump). If it goes on, "
     "the driver frees its vectors before it stops the device."},
    {0x25, 0x25, "the sender does not know that interrupts are remapped",
     "The device's MSI was programmed by firmware or by a guest without remapping (IOAPIC, HPET, VMD child, "
     "passed-through device). Newer kernel or firmware; to confirm, boot with intremap=off."},
    {0x26, 0x26, "its requester id is not the one that the entry allows",
     "A bridge or a multi-function device sends interrupts with another id than the kernel expects: look for an alias "
     "quirk in newer kernels; intremap=nosid lowers the check, at the price of isolation."},
    {0x23, 0x2b, NULL,
     "Interrupt remapping is set up wrongly or its table is damaged: a driver bug or memory corruption. To confirm, "
     "boot with intremap=off."},
    {0x30, 0x34, NULL,
     "The unit's mode and what the device asked for do not fit: PASIDs need scalable mode (intel_iommu=on,sm_on), and "
     "nothing passes while the unit is set to abort DMA."},
    {0x38, 0x3a, "for this half of the bus (devices 0-15 or 16-31)",
     "Nothing valid is set up for this half of the bus: often tables that a kdump or kexec kernel took over in another "
     "mode. If the device stops after boot it is harmless."},
    {0x41, 0x41, "no domain is attached to this requester",
     "The device did DMA before its driver attached it or after it was detached, or it sends with another function's "
     "number (DMA alias)."},
    {0x44, 0x48, NULL,
     "The device used ATS, page requests or a PASID that are not enabled for it in its context entry: the driver of "
     "the device enabled them in the device only. `iommukit caps DEVICE --why` names the link that is missing."},
    {0x40, 0x49, NULL,
     "The device's context entry is damaged or the driver wrote one that this unit does not support: take a dump and "
     "run `iommukit walk`."},
    {0x51, 0x51, "no PASID near this one is in use",
     "The device used a PASID that was never attached or is detached already: a work queue that was not drained before "
     "its process went, or a descriptor with a wrong PASID."},
    {0x59, 0x59, "the PASID is not attached to this device",
     "The device used a PASID that was never attached or is detached already: drain or reset its queue before "
     "detaching, and check which PASID the queue was given."},
    {0x50, 0x5d, NULL,
     "The PASID's entry is damaged or asks for what this unit lacks: check PASID width, privilege and table types with "
     "`iommukit regs`, and the entry with `iommukit walk`."},
    {0x71, 0x71, "the address is not mapped for this device or process",
     "DMA after unmapping, or an address of another process or of no mapping; with shared virtual memory the device "
     "needs page requests (PRI), else every page must be touched or pinned beforehand."},
    {0x70, 0x77, NULL,
     "The process's or the guest's page table is damaged or not mapped by the host (nested translation): check what "
     "the guest gave as its table."},
    {0x79, 0x79, "the address is not mapped for this device",
     "DMA after unmapping or past the end of a buffer, or guest memory that the hypervisor did not map."},
    {0x78, 0x7d, NULL,
     "The second-stage table is damaged or asks for what the unit lacks (accessed and dirty bits, snooping): a driver "
     "or hypervisor bug."},
    {0x80, 0x80, NULL,
     "The upper bits of the address are not copies of the highest valid one: a corrupt pointer in a descriptor, or a "
     "tagged pointer given to the device."},
    {0x81, 0x81, "a process may not reach kernel pages",
     "The mapping lacks the user bit: a kernel whose driver forgets it in first-stage tables (fixed in Linux 5.11), or "
     "a process's descriptor with a kernel address."},
    {0x85, 0x86, "the page is mapped without the right",
     "A read-only or write-only mapping was used the other way: wrong direction when mapping, or a process that has no "
     "right to the page."},
    {0x87, 0x87, "a mapping leads to FEE0_0000h-FEEF_FFFFh, the interrupt range",
     "Somebody mapped the interrupt range as memory, or the device wrote interrupts with a PASID."},
    {0x80, 0x91, NULL,
     "Compare the address and the PASID with what the driver of the device was given; take a dump and run `iommukit "
     "walk` for the exact step."},
};

static const char *verb(const struct fault_draft *draft)
{
    if (draft->fault.kind == INSPECT_FAULT_INTERRUPT)
        return "interrupt request blocked";
    if (draft->fault.kind == INSPECT_FAULT_PAGE_REQUEST)
        return "page request refused";
    switch (draft->fault.access) {
    case INSPECT_ACCESS_READ:
        return "read blocked";
    case INSPECT_ACCESS_WRITE:
        return "write blocked";
    case INSPECT_ACCESS_EXECUTE:
        return "execute request blocked";
    case INSPECT_ACCESS_UNKNOWN:
        break;
    }
    return "request blocked";
}

static void say_reason(struct fault_draft *draft, unsigned reason)
{
    for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].code == reason) {
            fault_meaning(draft, "%s: %s", verb(draft), reasons[i].meaning);
            return;
        }
    fault_meaning(draft, "%s: reason 0x%02x, which the architecture does not define", verb(draft), reason);
}

static void say_group(struct fault_draft *draft, unsigned reason)
{
    fault_advice(draft, "Take a dump and run `iommukit walk` to see which table entry refused the access.");
    for (unsigned i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (reason < groups[i].first || reason > groups[i].last)
            continue;
        if (groups[i].more != NULL)
            fault_more(draft, "; %s", groups[i].more);
        fault_advice(draft, groups[i].advice);
        return;
    }
}

static void say_details(struct fault_draft *draft)
{
    uint64_t high = draft->number[FAULT_WORD_1];

    if (draft->fault.kind == INSPECT_FAULT_INTERRUPT && fault_knows(draft, FAULT_INDEX))
        fault_more(draft, "; entry %" PRIu64 " (0x%" PRIx64 ")", draft->number[FAULT_INDEX],
                   draft->number[FAULT_INDEX]);
    if (draft->fault.kind == INSPECT_FAULT_DMA && draft->fault.has_address && draft->fault.address == 0)
        fault_more(draft, "; address 0 often means a descriptor that was cleared or never filled");
    if (!fault_knows(draft, FAULT_WORD_1))
        return;
    if ((high >> 62 & 1) != 0 && (high >> 28 & 1) != 0)
        fault_more(draft, "; an atomic operation");
    if ((high >> 60 & 3) != 0)
        fault_more(draft,
                   (high >> 60 & 3) == 1 ? "; a translation request (ATS)" : "; with a translated address (ATS)");
    if ((high >> 63) == 0)
        fault_more(draft, "; F is 0: the record is not in use");
}

void fault_describe_vtd(struct fault_draft *draft)
{
    unsigned reason = (unsigned)draft->number[FAULT_REASON];

    if (!fault_knows(draft, FAULT_REASON)) {
        fault_meaning(draft, "%s; the line with the reason is missing", verb(draft));
        say_details(draft);
        fault_advice(draft, "Look for the next line of the log, '[fault reason ..]' or 'reason ..'; the log was cut or "
                            "other messages came in between.");
        return;
    }
    if (reason == 0xff) {
        fault_meaning(draft, "all ones: the unit did not answer, this is no real fault");
        fault_advice(draft,
                     "The unit or its link is powered down or dead (after resume, hot removal or a machine check): "
                     "device, address and reason of this line mean nothing.");
        return;
    }
    say_reason(draft, reason);
    say_group(draft, reason);
    say_details(draft);
}

void fault_describe_vtd_status(struct fault_draft *draft)
{
    static const char *const bits[] = {
        "records overflowed, faults were lost",
        "a primary fault is pending",
        "the advanced log overflowed",
        "a fault is pending in the advanced log",
        "invalidation queue error",
        "invalidation completion error",
        "invalidation time-out",
        "page requests overflowed",
    };
    unsigned status = (unsigned)draft->number[FAULT_STATUS];

    fault_advice(draft, "The line announces faults; the lines after it name device, address and reason.");
    if (status == UINT32_MAX) {
        fault_meaning(draft, "fault status: all ones, the unit did not answer");
        fault_advice(draft, "The unit is powered down or dead (after resume, hot removal or a machine check).");
        return;
    }
    fault_meaning(draft, "fault status:");
    for (unsigned i = 0; i < 8; i++)
        if ((status & 1u << i) != 0)
            fault_more(draft, "%s %s", draft->fault.meaning[13] == '\0' ? "" : ";", bits[i]);
    if ((status & 0xff) == 0)
        fault_more(draft, " nothing is pending");
    if ((status & 2) != 0)
        fault_more(draft, "; the first record is number %u", status >> 8 & 0xff);
    if ((status & 0x70) != 0)
        fault_advice(draft, "The invalidation queue stopped: the lines after this one name the descriptor and, for a "
                            "time-out, the device that did not answer (see its link and power state).");
}
