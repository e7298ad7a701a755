/* SPDX-License-Identifier: MIT */
/* amd_words.c - AMD-Vi events in words, and what to do about them. */
#include <inttypes.h>
#include <string.h>

#include "inspect/faults/draft.h"

/* Flags of an event. */
enum { GN = 0x1, NX = 0x2, US = 0x4, I = 0x8, PR = 0x10, RW = 0x20, PE = 0x40, RZ = 0x80, TR = 0x100 };

static void say_page_fault(struct fault_draft *draft)
{
    unsigned flags = (unsigned)draft->number[FAULT_FLAGS];

    if (!fault_knows(draft, FAULT_FLAGS)) {
        fault_meaning(draft, "a device's request was refused; without the flags the line does not say why");
        fault_advice(draft, "Get the whole line: the flags say whether the page was present and what was tried.");
        return;
    }
    if ((flags & I) != 0) {
        fault_meaning(draft, "an interrupt request, not a memory access, was blocked: %s",
                      (flags & PE) != 0   ? "the interrupt-remapping entry forbids it"
                      : (flags & RZ) != 0 ? "reserved bits are set in the interrupt-remapping entry"
                                          : "the interrupt-remapping entry is not present");
        fault_advice(draft,
                     "The device interrupts with a vector that was freed or never set up (IOAPIC before its driver, a "
                     "guest's device after reset, AVIC on 5.8): newer kernel or BIOS (IVRS entries of the IOAPIC).");
        return;
    }
    fault_meaning(draft, "%s%s: ", (flags & TR) != 0 ? "translation request for a " : "",
                  (flags & RW) != 0 ? "write" : "read");
    if ((flags & PR) == 0) {
        fault_more(draft, "the page is not present");
        fault_advice(draft,
                     "The device used an address that is not mapped: DMA after unmapping, or memory that firmware uses "
                     "without reporting it (IVMD): update the BIOS, try iommu=pt, and watch the device's driver.");
    } else if ((flags & RZ) != 0) {
        fault_more(draft, "reserved bits are set in the page table or device table entry");
        fault_advice(draft, "The tables are damaged or use what the unit lacks: a driver bug or memory corruption.");
    } else {
        fault_more(draft, "the page is present, but without the right%s", (flags & PE) != 0 ? " to do this" : "");
        fault_advice(draft,
                     "A read-only or write-only mapping was used the other way: a wrong direction when mapping, or "
                     "firmware that still writes to memory the kernel took.");
    }
    if ((flags & GN) != 0)
        fault_more(draft, "; with a PASID (guest translation)%s", (flags & US) != 0 ? ", as user" : "");
    if ((flags & NX) != 0)
        fault_more(draft, "; to execute");
}

static void say_invalid_request(struct fault_draft *draft)
{
    static const char *const types[] = {
        "a read or non-posted write in the interrupt range",
        "a pre-translated request that the device may not make",
        "port I/O that the device may not do",
        "a posted write in the system management range that is not allowed",
        "a read or non-posted write in the system management range",
        "a posted write into the interrupt/EOI range from a device whose table entry forbids interrupts",
        "a posted write into a reserved part of the interrupt range",
        "a transaction in the system management range that is not valid",
    };
    unsigned flags = (unsigned)draft->number[FAULT_FLAGS];

    if (!fault_knows(draft, FAULT_FLAGS))
        fault_meaning(draft, "a request of a kind that the device may not make");
    else if ((flags & TR) != 0)
        fault_meaning(draft, "a translation request (ATS) that the device's table entry does not allow, type %u",
                      flags >> 9 & 7);
    else
        fault_meaning(draft, "type %u: %s", flags >> 9 & 7, types[flags >> 9 & 7]);
    fault_advice(draft,
                 "The device did something its device table entry forbids: an interrupt before the kernel set it up "
                 "(device 00:00.x: IOAPIC or northbridge missing in the IVRS, update the BIOS), or ATS left on.");
}

static void say_entry(struct fault_draft *draft)
{
    uint64_t word = draft->number[FAULT_WORD_2];
    unsigned index = (unsigned)draft->number[FAULT_INDEX];

    if (draft->fault.kind == INSPECT_FAULT_QUEUE_DUMP) {
        fault_meaning(draft, "32-bit word %u of the command: 0x%08" PRIx64, index, word);
        if (index == 1)
            fault_more(draft, " (command %u)", (unsigned)(word >> 28 & 0xf));
        return;
    }
    fault_meaning(draft, "64-bit word %u of the device table entry: 0x%016" PRIx64, index, word);
    if (index == 0)
        fault_more(draft, " (%svalid, translation %svalid, mode %u, %s read, %s write, table at 0x%" PRIx64 ")",
                   (word & 1) != 0 ? "" : "not ", (word & 2) != 0 ? "" : "not ", (unsigned)(word >> 9 & 7),
                   (word >> 61 & 1) != 0 ? "may" : "may not", (word >> 62 & 1) != 0 ? "may" : "may not",
                   word & UINT64_C(0x000ffffffffff000));
    else if (index == 1)
        fault_more(draft, " (domain %u, device IOTLB %s)", (unsigned)(word & 0xffff),
                   (word >> 32 & 1) != 0 ? "on" : "off");
    else if (index == 2)
        fault_more(draft, " (interrupt map %svalid, control %u, table at 0x%" PRIx64 ")", (word & 1) != 0 ? "" : "not ",
                   (unsigned)(word >> 60 & 3), word & UINT64_C(0x000fffffffffffc0));
}

static const struct {
    const char *code, *meaning, *advice;
} plain[] = {
    {"ILLEGAL_DEV_TABLE_ENTRY", "the unit found an illegal device table entry for this device",
     "The entry has reserved bits set or a mode the unit lacks; the DTE lines after it show it. A kernel bug, or an "
     "entry for a device that the IVRS does not describe."},
    {"DEV_TAB_HARDWARE_ERROR", "the unit could not read its device table (hardware error)",
     "Memory error or a wrong table address: look for machine checks (EDAC, MCE) at the same time."},
    {"DEV_TABLE_HW_ERROR", "the unit could not read its device table (hardware error)",
     "Memory error or a wrong table address: look for machine checks (EDAC, MCE) at the same time."},
    {"PAGE_TAB_HARDWARE_ERROR", "the unit could not read a page table (hardware error)",
     "Memory error or a page-table pointer to no memory: look for machine checks, and for tables freed while in use."},
    {"PAGE_TABLE_HW_ERROR", "the unit could not read a page table (hardware error)",
     "Memory error or a page-table pointer to no memory: look for machine checks, and for tables freed while in use."},
    {"ILLEGAL_COMMAND_ERROR", "the unit refused a command and stopped; the address is the command's",
     "A driver bug or an overwritten command buffer; the CMD lines after it show the command."},
    {"COMMAND_HARDWARE_ERROR", "the unit could not read a command (hardware error); the address is the command's",
     "Memory error, or a wrong address of the command buffer: look for machine checks."},
    {"COMMAND_HW_ERROR", "the unit could not read a command (hardware error); the address is the command's",
     "Memory error, or a wrong address of the command buffer: look for machine checks."},
    {"IOTLB_INV_TIMEOUT", "the device did not answer an invalidation of its IOTLB (ATS); the address is the command's",
     "The device is gone, asleep (D3) or hung, often a GPU after an unsuccessful reset: keep it awake, try pci=noats, "
     "or a reset that works for it."},
    {"INVALID_PPR_REQUEST", "the device sent a page request that it may not send",
     "Page requests (PRI) are on in the device but not in its table entry, or the PASID is not attached: drain the "
     "device before detaching."},
    {"RMP_PAGE_FAULT",
     "refused by the reverse map (SEV-SNP): the page belongs to a guest or is not assigned to the host",
     "A device reached memory that a confidential guest owns: the hypervisor must share the page before DMA."},
    {"RMP_HW_ERROR", "the unit could not read the reverse map (SEV-SNP)",
     "Memory error or a wrong RMP address: look for machine checks and firmware updates."},
    {"RMP_HARDWARE_ERROR", "the unit could not read the reverse map (SEV-SNP)",
     "Memory error or a wrong RMP address: look for machine checks and firmware updates."},
    {"EVENT_COUNTER_ZERO", "a performance counter of the unit wrapped", "Nothing is wrong: a profiling event."},
};

void fault_describe_amd(struct fault_draft *draft)
{
    const char *code = draft->fault.code;

    if (draft->part == FAULT_PART_AMD_ENTRY)
        say_entry(draft);
    else if (strcmp(code, "IO_PAGE_FAULT") == 0)
        say_page_fault(draft);
    else if (strncmp(code, "INVALID_DEV", 11) == 0)
        say_invalid_request(draft);
    else {
        fault_meaning(draft, "an event that this program does not know");
        fault_advice(draft, "Look its number up in AMD's IOMMU specification, chapter on event logging.");
        for (unsigned i = 0; i < sizeof plain / sizeof plain[0]; i++)
            if (strcmp(code, plain[i].code) == 0) {
                fault_meaning(draft, "%s", plain[i].meaning);
                fault_advice(draft, plain[i].advice);
            }
    }
    if (draft->fault.kind == INSPECT_FAULT_CONFIG && (draft->number[FAULT_FLAGS] & I) != 0)
        fault_more(draft, " while handling an interrupt request");
}
