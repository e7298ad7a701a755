/* SPDX-License-Identifier: MIT */
/* commands.c - see commands.h. 018h: commands; 01Ch: status, same bits. */
#include "tests/stack/commands.h"

#define GCMD     UINT64_C(0x18)
#define GSTS     0x1cu
#define WBF      (UINT32_C(1) << 27)
/* SRTP, SFL, WBF, SIRTP: these start something; the others are as they are written. */
#define ONE_SHOT (UINT32_C(1) << 30 | UINT32_C(1) << 29 | WBF | UINT32_C(1) << 24)

static unsigned bits_set(uint32_t value)
{
    unsigned count = 0;
    for (; value != 0; value &= value - 1)
        count++;
    return count;
}

static void watch(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct rig_commands *commands = rig->probe_ctx;
    if (moment != RIG_WRITE32 || address != rig_unit_base(0) + GCMD)
        return;
    uint32_t before = rig_reg32(rig, 0, GSTS), command = (uint32_t)value;
    unsigned changes = bits_set((command ^ before) & ~ONE_SHOT) + bits_set(command & ONE_SHOT);
    commands->writes++;
    commands->flushes += (command & WBF) != 0;
    if (changes > commands->worst)
        commands->worst = changes;
}

void rig_commands_watch(struct rig *rig, struct rig_commands *commands)
{
    *commands = (struct rig_commands){0};
    rig_watch(rig, watch, commands);
}
