/* SPDX-License-Identifier: MIT */
/* system_find.c - see system.h: functions by their address, and the way up. Needs no C library; examples/uefi has it, too. */
#include "inspect/system.h"

static uint32_t number(struct inspect_bdf bdf)
{
    return (uint32_t)bdf.segment << 16 | bdf.rid;
}

/* They are sorted. */
int inspect_system_find(const struct inspect_system *system, struct inspect_bdf bdf)
{
    unsigned first = 0, end = system->function_count;
    while (first < end) {
        unsigned middle = first + (end - first) / 2;
        if (number(system->function[middle].bdf) < number(bdf))
            first = middle + 1;
        else
            end = middle;
    }
    return first < system->function_count && number(system->function[first].bdf) == number(bdf) ? (int)first : INSPECT_NONE;
}

int inspect_system_bridge_to(const struct inspect_system *system, uint16_t segment, uint8_t bus)
{
    int best = INSPECT_NONE;
    for (unsigned i = 0; i < system->function_count; i++) {
        const struct inspect_function *bridge = &system->function[i];
        const struct inspect_config *config = &bridge->config;
        /* A bridge leads to higher buses only, so no way up can be a circle. */
        if (!config->bridge || bridge->bdf.segment != segment || config->secondary <= bridge->bdf.rid >> 8 ||
            bus < config->secondary || bus > config->subordinate)
            continue;
        if (best == INSPECT_NONE || config->secondary > system->function[best].config.secondary)
            best = (int)i;
    }
    return best;
}
