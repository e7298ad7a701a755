/* SPDX-License-Identifier: MIT */
/* draft.c - see draft.h. */
#include "inspect/faults/draft.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fault_set(struct fault_draft *draft, enum fault_number number, uint64_t value)
{
    draft->number[number] = value;
    draft->known |= 1u << number;
}

bool fault_knows(const struct fault_draft *draft, enum fault_number number)
{
    return (draft->known & 1u << number) != 0;
}

void fault_set_address(struct fault_draft *draft, uint64_t address)
{
    draft->fault.address = address;
    draft->fault.has_address = true;
}

void fault_set_pasid(struct fault_draft *draft, uint64_t pasid)
{
    draft->fault.pasid = (uint32_t)pasid;
    draft->fault.has_pasid = pasid < 1u << 20; /* PASIDs have 20 bits; all ones stands for none */
}

void fault_set_sid(struct fault_draft *draft, uint64_t sid)
{
    snprintf(draft->fault.device, sizeof draft->fault.device, "sid:0x%" PRIx64, sid);
}

void fault_code(struct fault_draft *draft, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(draft->fault.code, sizeof draft->fault.code, format, arguments);
    va_end(arguments);
}

void fault_meaning(struct fault_draft *draft, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(draft->fault.meaning, sizeof draft->fault.meaning, format, arguments);
    va_end(arguments);
}

void fault_more(struct fault_draft *draft, const char *format, ...)
{
    size_t used = strlen(draft->fault.meaning);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(draft->fault.meaning + used, sizeof draft->fault.meaning - used, format, arguments);
    va_end(arguments);
}

void fault_advice(struct fault_draft *draft, const char *text)
{
    snprintf(draft->fault.advice, sizeof draft->fault.advice, "%s", text);
}

void fault_plain(struct fault_draft *draft, enum inspect_fault_vendor vendor, enum inspect_fault_kind kind,
                 const char *meaning, const char *advice)
{
    draft->fault.vendor = vendor;
    draft->fault.kind = kind;
    if (meaning != NULL)
        fault_meaning(draft, "%s", meaning);
    if (advice != NULL)
        fault_advice(draft, advice);
}

void fault_merge(struct fault_draft *draft, const struct fault_draft *further)
{
    struct inspect_fault *to = &draft->fault;
    const struct inspect_fault *from = &further->fault;
    unsigned news = further->known & ~draft->known;

    for (unsigned i = 0; i < FAULT_NUMBER_COUNT; i++)
        if ((news & 1u << i) != 0)
            draft->number[i] = further->number[i];
    draft->known |= news;
    if (to->device[0] == '\0' || (fault_is_bdf(from->device) && !fault_is_bdf(to->device)))
        memcpy(to->device, from->device, sizeof to->device);
    if (to->code[0] == '\0')
        memcpy(to->code, from->code, sizeof to->code);
    if (to->access == INSPECT_ACCESS_UNKNOWN)
        to->access = from->access;
    if (!to->has_address && from->has_address)
        fault_set_address(draft, from->address);
    if (!to->has_pasid && from->has_pasid)
        fault_set_pasid(draft, from->pasid);
    if (draft->unit[0] == '\0')
        memcpy(draft->unit, further->unit, sizeof draft->unit);
}

void fault_finish(struct fault_draft *draft)
{
    if (draft->describe != NULL)
        draft->describe(draft);
}
