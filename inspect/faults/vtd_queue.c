/* SPDX-License-Identifier: MIT */
/* vtd_queue.c - what Linux says of VT-d's invalidation and page-request queues. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "inspect/faults/draft.h"

static const char queue_advice[] = "The driver wrote a descriptor that the unit does not understand: compare it (QI "
                                   "HEAD) with the unit's capabilities; a driver bug, or memory of the queue "
                                   "overwritten.";
static const char timeout_advice[] =
    "A device with ATS did not answer: it is gone, asleep (D3) or hung, often a GPU that does not survive reset. Look "
    "at the device in QI HEAD or PRIOR; try pci=noats, or keep it powered (disable runtime PM).";
static const char completion_advice[] = "A device answered an invalidation wrongly: firmware or device fault. Try "
                                        "pci=noats, a firmware update, another slot.";

/* "... Error: SID ffff": all ones is a dead unit, 0 is a unit that does not record it. */
static void say_device(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, "SID");
    uint64_t sid;

    if (at == NULL || !fault_hex_digits(&at, 4, &sid))
        return;
    if (sid == 0xffff) {
        fault_more(draft, "; SID ffff is an all-ones read, no real device: the unit does not answer");
        fault_advice(draft,
                     "The unit itself is powered down or dead: look for what happened before (resume, hot removal, "
                     "machine check, VMD).");
    } else if (sid == 0) {
        fault_more(draft, "; SID 0 usually means that the unit did not record the device");
    } else {
        fault_bdf_from_rid((unsigned)sid, draft->fault.device);
    }
}

/* "... Error: Reason f" */
static void say_queue_reason(const char *text, struct fault_draft *draft)
{
    static const char *const reasons[] = {
        "no information",
        "the tail register is beyond the queue",
        "the descriptor could not be fetched",
        "the descriptor's type or granularity is not supported",
        "a reserved field is set",
        "the descriptor width is wrong",
        "the tail register is not aligned",
        "the table mode is wrong",
    };
    const char *at = fault_after(text, "Reason");
    uint64_t reason;

    if (at == NULL || !fault_hex_digits(&at, 1, &reason))
        return;
    if (reason < sizeof reasons / sizeof reasons[0])
        fault_more(draft, "; reason %u: %s", (unsigned)reason, reasons[reason]);
    else
        fault_more(draft, "; reason %x%s", (unsigned)reason,
                   reason == 0xf ? " is an all-ones read: the unit does not answer" : " is not defined");
}

static bool parse_error(const char *text, struct fault_draft *draft)
{
    static const struct {
        const char *said, *code, *meaning, *advice;
        enum inspect_fault_kind kind;
    } errors[] = {
        {"Invalidation Queue Error", "IQE", "the unit refused an invalidation descriptor and stopped its queue",
         queue_advice, INSPECT_FAULT_INVALIDATION_QUEUE},
        {"invalid descriptor", "IQE", "the invalidation descriptor that the unit refused", queue_advice,
         INSPECT_FAULT_INVALIDATION_QUEUE},
        {"Invalidation Time-out Error", "ITE", "a device did not answer a device-TLB invalidation in time",
         timeout_advice, INSPECT_FAULT_INVALIDATION_TIMEOUT},
        {"Invalidation Completion Error", "ICE", "an invalidation completion arrived that fits no request",
         completion_advice, INSPECT_FAULT_INVALIDATION_COMPLETION},
    };
    bool detected = fault_has(text, "VT-d detected "), cleared = fault_has(text, ") cleared");

    if (!detected && !cleared)
        return false;
    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (!fault_has(text, errors[i].said))
            continue;
        fault_plain(draft, INSPECT_FAULT_INTEL_VTD, errors[i].kind, errors[i].meaning, errors[i].advice);
        fault_code(draft, "%s", errors[i].code);
        if (cleared)
            fault_meaning(draft, "the driver cleared the status (%s: %s) so that the queue goes on", errors[i].code,
                          errors[i].meaning);
        else if (errors[i].kind == INSPECT_FAULT_INVALIDATION_QUEUE)
            say_queue_reason(text, draft);
        else
            say_device(text, draft);
        return true;
    }
    return false;
}

static const char *descriptor_name(unsigned type)
{
    static const char *const names[] = {
        NULL,
        "context-cache invalidation",
        "IOTLB invalidation",
        "device-TLB invalidation",
        "interrupt-entry-cache invalidation",
        "invalidation wait",
        "PASID-based IOTLB invalidation",
        "PASID-cache invalidation",
        "PASID-based device-TLB invalidation",
        "page group response",
    };
    return type < sizeof names / sizeof names[0] ? names[type] : NULL;
}

/* Which requester and PASID a descriptor is about. */
static void descriptor_target(struct fault_draft *draft, unsigned type, uint64_t word)
{
    if (type == 3)
        fault_bdf_from_rid((unsigned)(word >> 32) & 0xffff, draft->fault.device);
    if (type == 8 || type == 9)
        fault_bdf_from_rid((unsigned)(word >> 16) & 0xffff, draft->fault.device);
    if (type == 6 || type == 8 || (type == 7 && (word >> 4 & 3) == 1) || (type == 9 && (word >> 4 & 1) != 0))
        fault_set_pasid(draft, word >> 32 & 0xfffff);
}

static bool parse_descriptor(const char *text, struct fault_draft *draft)
{
    bool head = fault_has(text, "QI HEAD:"), prior = fault_has(text, "QI PRIOR:");
    uint64_t word;

    if (!head && !prior)
        return false;
    fault_plain(draft, INSPECT_FAULT_INTEL_VTD, INSPECT_FAULT_QUEUE_DUMP, NULL,
                "Part of an invalidation error: look at the device and kind of the descriptor at the head and the one "
                "before it; waits (type 5) only wait for what came before.");
    fault_meaning(draft, "%s",
                  head ? "descriptor at the head of the invalidation queue"
                       : "descriptor before the head of the invalidation queue");
    if (!fault_field(text, "qw0", &word))
        return true;
    unsigned type = (unsigned)(word & 0xf) | (unsigned)(word >> 9 & 7) << 4;
    fault_code(draft, "type %u", type);
    if (descriptor_name(type) == NULL) {
        fault_more(draft, ": type %u is no known command%s", type, word == 0 ? " (an empty slot)" : "");
        return true;
    }
    fault_more(draft, ": %s", descriptor_name(type));
    descriptor_target(draft, type, word);
    if (draft->fault.device[0] != '\0')
        fault_more(draft, " for %s", draft->fault.device);
    return true;
}

/* The two words of a page request, as older kernels print them behind a colon. */
static void request_words(const char *at, struct fault_draft *draft)
{
    uint64_t low, high;

    if (at == NULL || !fault_hex(&at, &low) || !fault_hex(&at, &high))
        return;
    fault_bdf_from_rid((unsigned)(low >> 16) & 0xffff, draft->fault.device);
    if ((low >> 8 & 1) != 0)
        fault_set_pasid(draft, low >> 32 & 0xfffff);
    fault_set_address(draft, high & ~UINT64_C(0xfff));
    draft->fault.access = (high & 2) != 0   ? INSPECT_ACCESS_WRITE
                          : (high & 1) != 0 ? INSPECT_ACCESS_READ
                                            : INSPECT_ACCESS_UNKNOWN;
}

static bool parse_page_request(const char *text, struct fault_draft *draft)
{
    static const struct {
        const char *said, *meaning;
    } requests[] = {
        {"Page request without PASID", "a device sent a page request without a PASID; Linux refuses these"},
        {"Page request for invalid PASID", "a page request for a PASID that is not in use"},
        {"Invalid page request", "a page request that makes no sense"},
        {"Address is not canonical", "a page request for an address that is not canonical"},
        {"Page request in Privilege Mode", "a page request with kernel privilege, which is refused"},
        {"Execution request not supported", "a page request to execute, which is refused"},
    };

    if (!fault_has(text, "DMAR") && !fault_has(text, "dmar"))
        return false;
    if (fault_has(text, "PRQ overflow")) {
        fault_plain(
            draft, INSPECT_FAULT_INTEL_VTD, INSPECT_FAULT_OVERFLOW,
            "the page-request queue overflowed: requests were dropped and answered with success",
            "Devices ask for more pages at once than the queue holds; they retry. If it lasts, the kernel does not "
            "keep up: look at the process's page faults.");
        fault_code(draft, "PRO");
        return true;
    }
    for (unsigned i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const char *at = fault_after(text, requests[i].said);
        if (at == NULL)
            continue;
        fault_plain(draft, INSPECT_FAULT_INTEL_VTD, INSPECT_FAULT_PAGE_REQUEST, requests[i].meaning,
                    "The device was told to use a PASID or rights that the kernel did not give it: drain its queues "
                    "before detaching, and check the privilege bit in its work descriptors.");
        request_words(fault_after(at, ":"), draft);
        return true;
    }
    return false;
}

/* Xen: "[VT-D] IOMMU1: QI wait descriptor taking too long" */
static bool parse_xen(const char *text, struct fault_draft *draft)
{
    if (!fault_has(text, "QI wait descriptor taking too long") && !fault_has(text, "queue invalidate wait descriptor"))
        return false;
    fault_plain(draft, INSPECT_FAULT_XEN_VTD, INSPECT_FAULT_COMMAND_TIMEOUT,
                "the unit does not finish its invalidation queue: the wait descriptor was not executed in time",
                timeout_advice);
    return true;
}

bool fault_parse_vtd_queue(const char *text, struct fault_draft *draft)
{
    return parse_error(text, draft) || parse_descriptor(text, draft) || parse_page_request(text, draft) ||
           parse_xen(text, draft);
}
