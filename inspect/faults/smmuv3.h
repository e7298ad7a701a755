/* SPDX-License-Identifier: MIT */
/* smmuv3.h - the events of an SMMUv3. Internal to inspect/faults. */
#ifndef INSPECT_FAULTS_SMMUV3_H
#define INSPECT_FAULTS_SMMUV3_H

#include "inspect/faults/faults.h"

struct fault_smmuv3_event {
    unsigned id;
    enum inspect_fault_kind kind;
    const char *name, *meaning, *advice;
};

/* Ends with one without a name. */
extern const struct fault_smmuv3_event fault_smmuv3_events[];
const struct fault_smmuv3_event *fault_smmuv3_event(unsigned id); /* NULL: no such event */

#endif
