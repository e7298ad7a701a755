/* SPDX-License-Identifier: MIT */
/*
 * amd.c - event lines of AMD IOMMUs: Linux from 2.6 on, Xen.
 *
 * Linux prints "[NAME device=.. domain=.. address=.. flags=..]" after "Event logged", or, where the device has a
 * driver, names the device in front and leaves it out of the brackets. Up to about 4.20 the beginning and the body
 * were two messages. Xen prints "NAME: device dDOMAIN addr .. flags ..", older ones "domain = .., device id = ..".
 */
#include <inttypes.h>
#include <string.h>

#include "inspect/faults/draft.h"

struct event {
    const char *name;
    enum inspect_fault_kind kind;
};

/* By event code. */
static const struct event events[] = {
    [1] = {"ILLEGAL_DEV_TABLE_ENTRY", INSPECT_FAULT_CONFIG},
    [2] = {"IO_PAGE_FAULT", INSPECT_FAULT_DMA},
    [3] = {"DEV_TAB_HARDWARE_ERROR", INSPECT_FAULT_HARDWARE},
    [4] = {"PAGE_TAB_HARDWARE_ERROR", INSPECT_FAULT_HARDWARE},
    [5] = {"ILLEGAL_COMMAND_ERROR", INSPECT_FAULT_COMMAND},
    [6] = {"COMMAND_HARDWARE_ERROR", INSPECT_FAULT_COMMAND},
    [7] = {"IOTLB_INV_TIMEOUT", INSPECT_FAULT_INVALIDATION_TIMEOUT},
    [8] = {"INVALID_DEVICE_REQUEST", INSPECT_FAULT_INVALID_REQUEST},
    [9] = {"INVALID_PPR_REQUEST", INSPECT_FAULT_INVALID_REQUEST},
    [10] = {"EVENT_COUNTER_ZERO", INSPECT_FAULT_STATUS},
    [13] = {"RMP_PAGE_FAULT", INSPECT_FAULT_DMA},
    [14] = {"RMP_HW_ERROR", INSPECT_FAULT_HARDWARE},
};

/* Other spellings, those of Xen. */
static const struct event spellings[] = {
    {"DEV_TABLE_HW_ERROR", INSPECT_FAULT_HARDWARE}, {"PAGE_TABLE_HW_ERROR", INSPECT_FAULT_HARDWARE},
    {"COMMAND_HW_ERROR", INSPECT_FAULT_COMMAND},    {"INVALID_DEV_REQUEST", INSPECT_FAULT_INVALID_REQUEST},
    {"RMP_HARDWARE_ERROR", INSPECT_FAULT_HARDWARE},
};

enum { FLAG_I = 0x8, FLAG_RW = 0x20, FLAG_TR = 0x100 };

static const struct event *find_in(const struct event *list, size_t count, const char *text, const char **end)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].name == NULL)
            continue;
        *end = fault_after(text, list[i].name);
        if (*end != NULL)
            return &list[i];
    }
    return NULL;
}

static const struct event *find_event(const char *text, const char **end)
{
    const struct event *event = find_in(events, sizeof events / sizeof events[0], text, end);
    return event != NULL ? event : find_in(spellings, sizeof spellings / sizeof spellings[0], text, end);
}

/* Of the access the flags say nothing for interrupts, commands and invalidations. */
void fault_use_amd_flags(struct fault_draft *draft)
{
    uint64_t flags = draft->number[FAULT_FLAGS];

    if (draft->fault.kind == INSPECT_FAULT_INVALID_REQUEST) {
        unsigned type = (unsigned)(flags >> 9 & 7);
        if (type == 3 || type == 5 || type == 6) /* of these, the architecture says posted writes */
            draft->fault.access = INSPECT_ACCESS_WRITE;
        return;
    }
    if (draft->fault.kind == INSPECT_FAULT_COMMAND || draft->fault.kind == INSPECT_FAULT_INVALIDATION_TIMEOUT)
        return;
    if ((flags & FLAG_I) != 0) {
        if (draft->fault.kind == INSPECT_FAULT_DMA)
            draft->fault.kind = INSPECT_FAULT_INTERRUPT;
        return;
    }
    draft->fault.access = (flags & FLAG_RW) != 0 ? INSPECT_ACCESS_WRITE : INSPECT_ACCESS_READ;
}

static void use_flags(struct fault_draft *draft, uint64_t flags)
{
    fault_set(draft, FAULT_FLAGS, flags);
    fault_use_amd_flags(draft);
}

/* The device in brackets, or the one that speaks. The unit speaks too, but not of page faults. */
static void find_device(const char *text, struct fault_draft *draft)
{
    const char *at = fault_value(text, "device");
    bool pages = draft->fault.kind == INSPECT_FAULT_DMA || strncmp(draft->fault.code, "RMP_", 4) == 0;

    if (at != NULL && fault_bdf(&at, draft->fault.device))
        return;
    at = strstr(text, "AMD-Vi:");
    if (pages && at != NULL)
        (void)fault_bdf_before(text, at, draft->fault.device);
}

static void linux_fields(const char *text, struct fault_draft *draft)
{
    static const char *const addresses[] = {"address", "gpa", "spa"};
    uint64_t value;

    find_device(text, draft);
    for (unsigned i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        if (fault_field(text, addresses[i], &value)) {
            fault_set_address(draft, value);
            break;
        }
    if (fault_field(text, "pasid", &value))
        fault_set_pasid(draft, value);
    if (fault_field(text, "flags", &value))
        use_flags(draft, value);
}

/* The four raw words of an entry, printed by Xen for all but page faults and by Linux for unknown events. */
static bool raw_words(const char *at, struct fault_draft *draft)
{
    uint64_t word[4];

    for (unsigned i = 0; i < 4; i++)
        if (!fault_hex(&at, &word[i]))
            return false;
    fault_set(draft, FAULT_WORD_0, word[1] << 32 | (uint32_t)word[0]);
    fault_set(draft, FAULT_WORD_1, word[3] << 32 | (uint32_t)word[2]);
    return true;
}

static void xen_fields(const char *text, const char *end, struct fault_draft *draft)
{
    const char *at = end;
    uint64_t value;

    draft->fault.vendor = INSPECT_FAULT_XEN_AMD;
    if (raw_words(end, draft)) {
        char code[sizeof draft->fault.code];
        memcpy(code, draft->fault.code, sizeof code);
        fault_decode_amd(draft);
        draft->fault.vendor = INSPECT_FAULT_XEN_AMD;
        memcpy(draft->fault.code, code, sizeof code); /* as Xen spells it */
        return;
    }
    if (fault_field(text, "device id", &value))
        fault_bdf_from_rid((unsigned)value & 0xffff, draft->fault.device);
    else if (at += *at == ':', true)
        (void)fault_bdf(&at, draft->fault.device);
    if (fault_field(text, "fault address", &value) || fault_field(text, "addr", &value))
        fault_set_address(draft, value);
    if (fault_field(text, "flags", &value))
        use_flags(draft, value);
}

static bool parse_event(const char *text, struct fault_draft *draft)
{
    const char *end;
    const struct event *event = find_event(text, &end);

    if (event == NULL)
        return false;
    draft->fault.vendor = INSPECT_FAULT_AMD_VI;
    draft->fault.kind = event->kind;
    draft->describe = fault_describe_amd;
    fault_code(draft, "%s", event->name);
    if (!fault_has(text, "Event logged")) {
        bool xen = fault_has(text, "(XEN)") || *end == ':' || fault_has(text, "device id =") ||
                   (event >= spellings && event < spellings + sizeof spellings / sizeof spellings[0]);
        if (xen) {
            xen_fields(text, end, draft);
            return true;
        }
        draft->part = FAULT_PART_AMD_BODY;
    }
    linux_fields(text, draft);
    if (draft->fault.kind == INSPECT_FAULT_CONFIG || draft->fault.kind == INSPECT_FAULT_COMMAND)
        draft->takes = FAULT_PART_AMD_ENTRY;
    if (strchr(end, ']') == NULL && !fault_knows(draft, FAULT_FLAGS))
        draft->takes |= FAULT_PART_AMD_FIELDS;
    return true;
}

/* The rest of an event that a mail program folded: "domain=0x0015 address=0xfae4d544 flags=0x0000]" */
static bool parse_fields(const char *text, struct fault_draft *draft)
{
    uint64_t flags;

    if (!fault_has(text, "address=0x") || !fault_field(text, "flags", &flags) || strchr(text, ']') == NULL)
        return false;
    fault_plain(draft, INSPECT_FAULT_AMD_VI, INSPECT_FAULT_DETAIL, "the rest of an event whose beginning is missing",
                "Look for 'Event logged' on the line before.");
    draft->part = FAULT_PART_AMD_FIELDS;
    linux_fields(text, draft);
    draft->fault.access = INSPECT_ACCESS_UNKNOWN; /* the flags mean something only with the event */
    return true;
}

/* "Event logged [" alone, or an event that the driver does not know. */
static bool parse_other_event(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, "Event logged [");

    if (at == NULL)
        return false;
    if (fault_has(at, "UNKNOWN")) {
        static const char *const names[] = {"event[0]", "event[1]", "event[2]", "event[3]"};
        uint64_t word[4] = {0};
        for (unsigned i = 0; i < 4; i++)
            (void)fault_field(at, names[i], &word[i]);
        fault_set(draft, FAULT_WORD_0, word[1] << 32 | (uint32_t)word[0]);
        fault_set(draft, FAULT_WORD_1, word[3] << 32 | (uint32_t)word[2]);
        fault_decode_amd(draft);
        return true;
    }
    fault_plain(draft, INSPECT_FAULT_AMD_VI, INSPECT_FAULT_DETAIL, "the beginning of an event whose body is missing",
                "Look for the body on a line nearby: NAME device=.. address=.. flags=..");
    draft->takes = FAULT_PART_AMD_BODY;
    return true;
}

/* "DTE[0]: 0000000000000003", "CMD[0]: 00000000": what the driver prints after illegal entries and commands. */
static bool parse_entry(const char *text, struct fault_draft *draft)
{
    bool dte = fault_has(text, "DTE["), amd = fault_has(text, "AMD-Vi");
    const char *at = fault_after(text, dte ? "DTE[" : "CMD[");
    uint64_t index, word;

    if (amd && fault_has(text, "Control Reg : 0x")) {
        fault_plain(draft, INSPECT_FAULT_AMD_VI, INSPECT_FAULT_TABLE_DUMP,
                    "the unit's control register, after an event",
                    "Part of a dump: the event before it names the device.");
        draft->part = FAULT_PART_AMD_ENTRY;
        return true;
    }
    if (at == NULL || !amd || !fault_number(&at, &index) || index > 3 || strncmp(at, "]:", 2) != 0)
        return false;
    at += 2;
    if (!fault_hex(&at, &word))
        return false;
    fault_plain(draft, INSPECT_FAULT_AMD_VI, dte ? INSPECT_FAULT_TABLE_DUMP : INSPECT_FAULT_QUEUE_DUMP, NULL,
                dte ? "Part of a dump of the device's table entry: the event before it names the device."
                    : "Part of a dump of the command that the unit refused: a driver bug or overwritten memory.");
    draft->part = FAULT_PART_AMD_ENTRY;
    draft->describe = fault_describe_amd;
    fault_set(draft, FAULT_INDEX, index);
    fault_set(draft, FAULT_WORD_2, word);
    return true;
}

static bool parse_state(const char *text, struct fault_draft *draft)
{
    static const struct {
        const char *said, *code, *meaning, *advice;
        enum inspect_fault_kind kind;
    } states[] = {
        {"Completion-Wait loop timed out", "COMPLETION_WAIT",
         "the unit did not finish its command queue in time: the completion never arrived",
         "An invalidation hangs, mostly because a device with ATS does not answer (a GPU after reset, a device in D3): "
         "look for IOTLB_INV_TIMEOUT near it; try pci=noats, or iommu=soft for a boot.",
         INSPECT_FAULT_COMMAND_TIMEOUT},
        {"Command buffer timeout", "COMMAND_BUFFER", "the unit takes no more commands: its command buffer stays full",
         "The unit hangs: look for the first IOMMU message before this one.", INSPECT_FAULT_COMMAND_TIMEOUT},
        {"IOMMU Event log restarting", "", "the event log had overflowed and is restarted: events were lost",
         "Many faults came at once: the first ones in the log are the interesting ones.", INSPECT_FAULT_OVERFLOW},
        {"vent log overflow", "", "the event log overflowed: events were lost",
         "Many faults came at once: the first ones in the log are the interesting ones.", INSPECT_FAULT_OVERFLOW},
        {"PPR log restarting", "", "the page-request log had overflowed and is restarted: requests were lost",
         "Devices ask for pages faster than the kernel answers; they retry.", INSPECT_FAULT_OVERFLOW},
        {"PPR log overflow", "", "the page-request log overflowed: requests were lost",
         "Devices ask for pages faster than the kernel answers; they retry.", INSPECT_FAULT_OVERFLOW},
        {"GA log restarting", "", "the guest interrupt log had overflowed and is restarted",
         "Guests with posted interrupts may have woken late; harmless unless it repeats.", INSPECT_FAULT_OVERFLOW},
        {"GA Log overflow", "", "the guest interrupt log overflowed",
         "Guests with posted interrupts may have woken late; harmless unless it repeats.", INSPECT_FAULT_OVERFLOW},
        {"No event written to ", "", "the unit announced an event but wrote none",
         "An erratum of older AMD chips (732): harmless if rare.", INSPECT_FAULT_STATUS},
        {"Unknown PPR request received", "", "a page request of an unknown type arrived",
         "The device sent a malformed page request: device firmware or driver.", INSPECT_FAULT_PAGE_REQUEST},
    };

    if (!fault_has(text, "AMD-Vi") && !fault_has(text, "AMD IOMMU") && !fault_has(text, "Completion-Wait"))
        return false;
    for (unsigned i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (!fault_has(text, states[i].said))
            continue;
        fault_plain(draft, fault_has(text, "(XEN)") ? INSPECT_FAULT_XEN_AMD : INSPECT_FAULT_AMD_VI, states[i].kind,
                    states[i].meaning, states[i].advice);
        fault_code(draft, "%s", states[i].code);
        return true;
    }
    return false;
}

bool fault_parse_amd(const char *text, struct fault_draft *draft)
{
    return parse_event(text, draft) || parse_other_event(text, draft) || parse_entry(text, draft) ||
           parse_fields(text, draft) || parse_state(text, draft);
}

void fault_decode_amd(struct fault_draft *draft)
{
    uint64_t low = draft->number[FAULT_WORD_0], high = draft->number[FAULT_WORD_1];
    unsigned code = (unsigned)(low >> 60), pasid = (unsigned)(low >> 32 & 0xffff) | (unsigned)(low & 0xf0000);
    const struct event *event =
        code < sizeof events / sizeof events[0] && events[code].name != NULL ? &events[code] : NULL;

    draft->fault.vendor = INSPECT_FAULT_AMD_VI;
    draft->fault.kind = event != NULL ? event->kind : INSPECT_FAULT_STATUS;
    draft->describe = fault_describe_amd;
    if (event == NULL)
        fault_code(draft, "0x%x", code);
    else
        fault_code(draft, "%s", event->name);
    if (code == 0 || code == 10)
        return;
    fault_set_address(draft, high);
    if (code == 5 || code == 6)
        return;
    fault_bdf_from_rid((unsigned)low & 0xffff, draft->fault.device);
    use_flags(draft, low >> 48 & 0xfff);
    /* GN: the other half of the domain's field is a PASID. Invalid requests have no domain, so it always is one. */
    if ((code == 2 && (draft->number[FAULT_FLAGS] & 1) != 0) || code == 8 || code == 9)
        fault_set_pasid(draft, pasid);
}
