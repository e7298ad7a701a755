/* SPDX-License-Identifier: MIT */
/*
 * smmuv3.c - lines of Arm SMMUv3 drivers: Linux from 4.2 on, Xen.
 *
 * An event is a header and its four words, a line each; from 6.14 on, two more lines say the same decoded (without a
 * newline of their own, so that the next message may be glued to them).
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "inspect/faults/draft.h"
#include "inspect/faults/smmuv3.h"

const struct fault_smmuv3_event fault_smmuv3_events[] = {
    {0x01, INSPECT_FAULT_INVALID_REQUEST, "F_UUT", "an unsupported upstream transaction",
     "The device sent something the unit does not know, not a plain read or write: device or interconnect "
     "configuration."},
    {0x02, INSPECT_FAULT_CONFIG, "C_BAD_STREAMID", "the stream id is beyond the stream table",
     "The device's stream id is not in the tables: iommu-map or iommus in the device tree, or IORT, gives the wrong "
     "id."},
    {0x03, INSPECT_FAULT_CONFIG, "F_STE_FETCH", "the stream table entry could not be read",
     "The stream table lies where there is no memory, or the bus reported an error: driver bug or memory error."},
    {0x04, INSPECT_FAULT_CONFIG, "C_BAD_STE", "the stream table entry is not valid",
     "No driver attached this stream: the firmware describes another stream id for the device, or it does DMA before "
     "its driver runs."},
    {0x05, INSPECT_FAULT_INVALID_REQUEST, "F_BAD_ATS_TREQ", "an ATS translation request that is not allowed",
     "ATS is on in the device but not for its stream: boot with pci=noats to confirm."},
    {0x06, INSPECT_FAULT_CONFIG, "F_STREAM_DISABLED", "requests without a substream are disabled for this stream",
     "The device sent a request without PASID although its stream allows only those with one."},
    {0x07, INSPECT_FAULT_INVALID_REQUEST, "F_TRANSL_FORBIDDEN", "an already translated request that is not allowed",
     "The device used an ATS translation that was not given to it, or ATS was turned off meanwhile."},
    {0x08, INSPECT_FAULT_CONFIG, "C_BAD_SUBSTREAMID", "the substream (PASID) is beyond the table or not allowed",
     "The device used a PASID that is not attached, or its stream has no table of PASIDs."},
    {0x09, INSPECT_FAULT_CONFIG, "F_CD_FETCH", "the context descriptor could not be read",
     "The table of context descriptors lies where there is no memory: driver bug or memory error."},
    {0x0a, INSPECT_FAULT_CONFIG, "C_BAD_CD", "the context descriptor is not valid",
     "The PASID is not attached, or the descriptor asks for what the unit lacks: drain the device before detaching."},
    {0x0b, INSPECT_FAULT_DMA, "F_WALK_EABT", "the page-table walk met a bus error",
     "A page-table pointer leads to no memory: tables freed while in use, or a memory error."},
    {0x10, INSPECT_FAULT_DMA, "F_TRANSLATION", "no mapping for the address",
     "DMA after unmapping or past the end of a buffer, memory that firmware uses without a reserved region (RMR), or a "
     "missing iommus/iommu-map property: look at the device's driver, try iommu.passthrough=1 to confirm."},
    {0x11, INSPECT_FAULT_DMA, "F_ADDR_SIZE", "an address beyond what the tables or the unit can express",
     "The device's DMA mask is too large, or an entry leads beyond the physical address size."},
    {0x12, INSPECT_FAULT_DMA, "F_ACCESS", "the page's access flag is clear",
     "The page is mapped but was not touched yet: with shared virtual memory it must be faulted in; else a driver "
     "bug."},
    {0x13, INSPECT_FAULT_DMA, "F_PERMISSION", "the page is mapped without the right",
     "A read-only or write-only mapping was used the other way: a wrong direction when mapping, or privilege."},
    {0x20, INSPECT_FAULT_DMA, "F_TLB_CONFLICT", "two TLB entries match: stale translations",
     "An invalidation is missing (or an erratum): a driver bug; report it with the kernel version."},
    {0x21, INSPECT_FAULT_CONFIG, "F_CFG_CONFLICT", "two cached configurations match: stale stream entries",
     "An invalidation of the stream table is missing: a driver bug; report it with the kernel version."},
    {0x24, INSPECT_FAULT_PAGE_REQUEST, "E_PAGE_REQUEST", "a hint that the device will want a page",
     "Nothing is wrong: a speculative page request."},
    {0x25, INSPECT_FAULT_CONFIG, "F_VMS_FETCH", "the virtual machine's structure could not be read",
     "The VMS lies where there is no memory: driver bug or memory error."},
    {0, INSPECT_FAULT_UNKNOWN, NULL, NULL, NULL},
};

const struct fault_smmuv3_event *fault_smmuv3_event(unsigned id)
{
    const struct fault_smmuv3_event *event = fault_smmuv3_events;
    while (event->name != NULL && event->id != id)
        event++;
    return event->name != NULL ? event : NULL;
}

static const struct fault_smmuv3_event *event_by_name(const char *name)
{
    const struct fault_smmuv3_event *event = fault_smmuv3_events;
    while (event->name != NULL && strcmp(event->name, name) != 0)
        event++;
    return event->name != NULL ? event : NULL;
}

static void start(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, "arm-smmu-v3 ");

    draft->fault.vendor = fault_has(text, "(XEN)") ? INSPECT_FAULT_XEN_SMMUV3 : INSPECT_FAULT_SMMUV3;
    if (at != NULL)
        (void)fault_word(&at, ":", draft->unit, sizeof draft->unit);
}

static void set_event(struct fault_draft *draft, unsigned id)
{
    const struct fault_smmuv3_event *event = fault_smmuv3_event(id);

    draft->fault.kind = event != NULL ? event->kind : INSPECT_FAULT_DMA;
    draft->describe = fault_describe_smmuv3;
    fault_set(draft, FAULT_REASON, id);
    fault_code(draft, "0x%02x", id);
}

/* "event 0x10 received:" */
static bool parse_header(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, "event 0x");
    uint64_t id;

    if (at == NULL || !fault_hex(&at, &id) || id > 0xff || strncmp(at, " received", 9) != 0)
        return false;
    start(text, draft);
    set_event(draft, (unsigned)id);
    draft->takes = FAULT_PART_WORD | FAULT_PART_DECODED;
    return true;
}

/* "unpriv data write s1 "Input address caused fault" stag: 0x0" */
static bool find_access(const char *text, struct fault_draft *draft)
{
    const char *data = fault_after(text, "priv data "), *inst = fault_after(text, "priv inst ");
    const char *at = data != NULL ? data : inst;

    if (at == NULL || !fault_has(at, "stag"))
        return false;
    if (strncmp(at, "write", 5) == 0)
        draft->fault.access = INSPECT_ACCESS_WRITE;
    else if (strncmp(at, "read", 4) == 0)
        draft->fault.access = data != NULL ? INSPECT_ACCESS_READ : INSPECT_ACCESS_EXECUTE;
    else
        return false;
    return true;
}

/* "event: F_TRANSLATION client: 0000:01:00.0 sid: 0x100 ssid: 0x0 iova: 0x90000f040 ipa: 0x0" */
static bool parse_decoded(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, "event: "), *client = fault_value(text, "client");
    const struct fault_smmuv3_event *event;
    char name[32];
    uint64_t value;

    if (at == NULL || client == NULL || !fault_word(&at, ",;", name, sizeof name))
        return false;
    start(text, draft);
    draft->fault.kind = INSPECT_FAULT_DMA;
    draft->describe = fault_describe_smmuv3;
    draft->part = FAULT_PART_DECODED;
    event = event_by_name(name);
    if (event != NULL)
        set_event(draft, event->id);
    if (fault_field(text, "sid", &value))
        fault_set_sid(draft, value);
    if (*client != '(') /* "(unassigned sid)" */
        (void)fault_word(&client, ",;", draft->fault.device, sizeof draft->fault.device);
    if (fault_field(text, "ssid", &value) && value != 0) /* 0 is printed for none as well */
        fault_set_pasid(draft, value);
    if (fault_field(text, "fetch_addr", &value))
        fault_set_address(draft, value);
    if (!fault_field(text, "iova", &value))
        return true;
    fault_set_address(draft, value);
    if (!find_access(text, draft))
        draft->takes = FAULT_PART_ACCESS;
    return true;
}

static bool parse_access(const char *text, struct fault_draft *draft)
{
    if (!find_access(text, draft))
        return false;
    start(text, draft);
    draft->fault.kind = INSPECT_FAULT_DMA;
    draft->describe = fault_describe_smmuv3;
    draft->part = FAULT_PART_ACCESS;
    return true;
}

/* "arm-smmu-v3 fc900000.iommu:  0x0000010000000010", or pasted in two halves. */
static bool parse_word(const char *text, struct fault_draft *draft)
{
    const char *at = strrchr(text, ':');
    uint64_t word, half;

    if (at == NULL || (!fault_has(text, "smmu") && !fault_has(text, "SMMU")))
        return false;
    at++;
    fault_blanks(&at);
    if (strncmp(at, "0x", 2) != 0 || !fault_hex(&at, &word))
        return false;
    if (fault_hex(&at, &half))
        word = word << 32 | (uint32_t)half;
    fault_blanks(&at);
    if (*at != '\0')
        return false;
    start(text, draft);
    draft->fault.kind = INSPECT_FAULT_DETAIL;
    draft->part = FAULT_PART_WORD;
    fault_set(draft, FAULT_WORD_0, word);
    fault_meaning(draft, "a raw word of an event or command whose first line is missing");
    fault_advice(draft, "Give the words of the event to `iommukit explain --vendor smmuv3 --record W0:W1:W2:W3`.");
    return true;
}

/* "CMDQ error (cons 0x01000022): Illegal command" */
static bool parse_command_error(const char *text, struct fault_draft *draft)
{
    static const char *const meanings[] = {
        "no error",
        "illegal command",
        "a command could not be fetched",
        "a device did not answer an ATC invalidation",
    };
    const char *at = fault_after(text, "CMDQ error (cons ");
    uint64_t cons;

    if (at == NULL || !fault_hex(&at, &cons))
        return false;
    unsigned error = (unsigned)(cons >> 24 & 0x7f);
    start(text, draft);
    draft->fault.kind = INSPECT_FAULT_COMMAND;
    draft->takes = FAULT_PART_COMMAND | FAULT_PART_WORD;
    fault_code(draft, "0x%x", error);
    fault_meaning(draft, "command queue stopped at index 0x%x: %s", (unsigned)(cons & 0xfffff),
                  error < sizeof meanings / sizeof meanings[0] ? meanings[error] : "unknown error");
    fault_advice(draft, error == 3 ? "The device is gone, asleep or hung: look for it in the log; try pci=noats."
                        : error == 2
                            ? "The queue lies where there is no memory, or the bus reported an error."
                            : "A driver bug, or a command the unit lacks (guest with a virtual queue): the words of "
                              "the command follow; the driver skips it.");
    return true;
}

static bool parse_command_detail(const char *text, struct fault_draft *draft)
{
    if (!fault_has(text, "skipping command in error state") && !fault_has(text, "retrying command fetch"))
        return false;
    start(text, draft);
    fault_plain(draft, draft->fault.vendor, INSPECT_FAULT_DETAIL, "what the driver does about a bad command",
                "Look at the line 'CMDQ error' before it.");
    draft->part = FAULT_PART_COMMAND;
    return true;
}

/* "sid 0x00000100.0x00001: [3L] unprivileged RW access at iova 0x00000000ffffe000" */
static bool parse_page_request(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, "access at iova ");
    const char *right = fault_after(text, "privileged ");
    uint64_t value;

    if (fault_has(text, "unexpected PRI request received")) {
        start(text, draft);
        fault_plain(draft, draft->fault.vendor, INSPECT_FAULT_PAGE_REQUEST,
                    "a device sent a page request (PRI) that nobody expects",
                    "Page requests are on in the device but no driver handles them: turn PRI off in its driver.");
        draft->takes = FAULT_PART_PAGE_REQUEST;
        return true;
    }
    if (at == NULL || right == NULL || !fault_hex(&at, &value))
        return false;
    start(text, draft);
    fault_plain(draft, draft->fault.vendor, INSPECT_FAULT_PAGE_REQUEST,
                "a device's page request (PRI) that was refused",
                "Page requests are on in the device but no driver handles them: turn PRI off in its driver.");
    draft->part = FAULT_PART_PAGE_REQUEST;
    fault_set_address(draft, value);
    right += *right == 'R';
    draft->fault.access = *right == 'W'      ? INSPECT_ACCESS_WRITE
                          : *right == 'X'    ? INSPECT_ACCESS_EXECUTE
                          : right[-1] == 'R' ? INSPECT_ACCESS_READ
                                             : INSPECT_ACCESS_UNKNOWN;
    at = fault_value(text, "sid");
    if (at == NULL || !fault_hex(&at, &value))
        return true;
    fault_set_sid(draft, value);
    at += *at == '.';
    if (fault_hex(&at, &value) && value != 0)
        fault_set_pasid(draft, value);
    return true;
}

/* "unexpected global error reported (0x00000001), this could be serious" */
static bool parse_global(const char *text, struct fault_draft *draft)
{
    static const char *const bits[] = {
        "command queue error",
        NULL,
        "event queue: a write was aborted, events may be lost",
        "page-request queue: a write was aborted",
        "the command queue's interrupt was aborted",
        "the event queue's interrupt was aborted",
        "the page-request queue's interrupt was aborted",
        "this error's interrupt was aborted",
        "service failure mode",
    };
    const char *at = fault_after(text, "unexpected global error reported ("), *word = at;
    uint64_t active;

    if (at == NULL || !fault_hex(&at, &active))
        return false;
    start(text, draft);
    fault_plain(draft, draft->fault.vendor, INSPECT_FAULT_GLOBAL_ERROR, "global error:",
                "Bit 0 is followed by 'CMDQ error', which says what; aborted writes mean that a queue or an interrupt "
                "address is wrong, or the bus reported an error.");
    (void)fault_word(&word, "),", draft->fault.code, sizeof draft->fault.code);
    for (unsigned i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if ((active & 1u << i) != 0 && bits[i] != NULL)
            fault_more(draft, "%s %s", draft->fault.meaning[13] == '\0' ? "" : ";", bits[i]);
    return true;
}

static bool parse_state(const char *text, struct fault_draft *draft)
{
    static const char lost[] = "Many faults came at once: the first ones in the log are the interesting ones.";
    static const char aborted[] =
        "The queue or interrupt address is wrong, or the bus reported an error: firmware, or a driver bug.";
    static const struct {
        const char *said, *meaning, *advice;
        enum inspect_fault_kind kind;
    } states[] = {
        {"EVTQ overflow detected", "the event queue overflowed: events were lost", lost, INSPECT_FAULT_OVERFLOW},
        {"PRIQ overflow detected", "the page-request queue overflowed: requests were lost", lost,
         INSPECT_FAULT_OVERFLOW},
        {"CMD_SYNC timeout", "the unit did not finish its command queue in time: CMD_SYNC never completed",
         "An invalidation hangs: a device with ATS that does not answer, a unit without clock or power, or a queue "
         "after kexec or suspend.",
         INSPECT_FAULT_COMMAND_TIMEOUT},
        {"CMDQ timeout", "the command queue stays full: the unit takes no more commands",
         "The unit hangs: look for the first message of it before this one.", INSPECT_FAULT_COMMAND_TIMEOUT},
        {"device has entered Service Failure Mode", "the unit failed and stopped translating",
         "A hardware or memory error: the machine must be restarted; look for RAS errors.", INSPECT_FAULT_GLOBAL_ERROR},
        {"GERROR MSI write aborted", "the interrupt for global errors could not be sent", aborted,
         INSPECT_FAULT_GLOBAL_ERROR},
        {"PRIQ MSI write aborted", "the interrupt of the page-request queue could not be sent", aborted,
         INSPECT_FAULT_GLOBAL_ERROR},
        {"EVTQ MSI write aborted", "the interrupt of the event queue could not be sent", aborted,
         INSPECT_FAULT_GLOBAL_ERROR},
        {"CMDQ MSI write aborted", "the interrupt of the command queue could not be sent", aborted,
         INSPECT_FAULT_GLOBAL_ERROR},
        {"PRIQ write aborted", "a page request could not be written to its queue", aborted, INSPECT_FAULT_GLOBAL_ERROR},
        {"EVTQ write aborted", "an event could not be written to its queue", aborted, INSPECT_FAULT_GLOBAL_ERROR},
    };

    for (unsigned i = 0; i < sizeof states / sizeof states[0]; i++)
        if (fault_has(text, states[i].said)) {
            start(text, draft);
            fault_plain(draft, draft->fault.vendor, states[i].kind, states[i].meaning, states[i].advice);
            return true;
        }
    return false;
}

bool fault_parse_smmuv3(const char *text, struct fault_draft *draft)
{
    return parse_header(text, draft) || parse_decoded(text, draft) || parse_access(text, draft) ||
           parse_command_error(text, draft) || parse_command_detail(text, draft) || parse_page_request(text, draft) ||
           parse_global(text, draft) || parse_state(text, draft) || parse_word(text, draft);
}
