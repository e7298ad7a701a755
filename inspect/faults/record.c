/* SPDX-License-Identifier: MIT */
/* record.c - raw fault records, decoded as the drivers would. */
#include "inspect/faults/draft.h"

bool inspect_fault_record(enum inspect_fault_vendor vendor, const uint64_t *words, unsigned count,
                          struct inspect_fault *fault)
{
    struct fault_draft draft = {.fault.line = ""};

    for (unsigned i = 0; i < count && i < 4; i++)
        fault_set(&draft, (enum fault_number)(FAULT_WORD_0 + i), words[i]);
    if (vendor == INSPECT_FAULT_INTEL_VTD && count == 2)
        fault_decode_vtd(&draft);
    else if (vendor == INSPECT_FAULT_AMD_VI && count == 2)
        fault_decode_amd(&draft);
    else if (vendor == INSPECT_FAULT_SMMUV3 && count == 4)
        fault_decode_smmuv3(&draft);
    else
        return false;
    fault_finish(&draft);
    *fault = draft.fault;
    return true;
}
