/* SPDX-License-Identifier: MIT */
/* commands.h - what each write of unit 0's global command register changes. */
#ifndef IOMMUKIT_TEST_COMMANDS_H
#define IOMMUKIT_TEST_COMMANDS_H

#include "tests/stack/rig.h"

struct rig_commands {
    unsigned writes;
    unsigned worst;   /* most changes in one write: more than one is undefined */
    unsigned flushes; /* of the write buffer */
};

/* Takes the rig's probe. */
void rig_commands_watch(struct rig *rig, struct rig_commands *commands);

#endif
