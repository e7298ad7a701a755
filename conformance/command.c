/* SPDX-License-Identifier: MIT */
/* command.c - the global command register: one change a write, and no bit dropped on the way. */
#include "conformance/bench.h"
#include "conformance/registers.h"

static const struct {
    const char *name;
    uint32_t bit;
    bool level;
} bits[] = {
    {"TE", GCMD_TE, true},     {"SRTP", GCMD_SRTP, false},   {"SFL", GCMD_SFL, false},
    {"EAFL", GCMD_EAFL, true}, {"WBF", GCMD_WBF, false},     {"QIE", GCMD_QIE, true},
    {"IRE", GCMD_IRE, true},   {"SIRTP", GCMD_SIRTP, false}, {"CFI", GCMD_CFI, true},
};

void bench_command_seen(struct bench *bench, unsigned unit, uint32_t value)
{
    uint32_t status = iommu_model_machine_read32(bench->machine, bench_unit_base(unit) + REG_GSTS);
    const char *dropped = NULL, *last = NULL;
    unsigned changes = 0;
    for (unsigned i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        bool is = (status & bits[i].bit) != 0, wanted = (value & bits[i].bit) != 0;
        bool change = bits[i].level ? is != wanted : wanted;
        changes += change;
        if (change && bits[i].level && is)
            dropped = bits[i].name;
        else if (change)
            last = bits[i].name;
    }
    if (changes < 2)
        return;
    if (dropped != NULL && last != NULL)
        bench_note(bench, FINDING_COMMAND_DROPS,
                   "unit %u: command %#x during %s starts %s and switches %s off, which status %#x "
                   "says is on",
                   unit, value, bench->doing, last, dropped, status);
    else
        bench_note(bench, FINDING_COMMAND_TWO,
                   "unit %u: command %#x during %s makes %u changes at once (status %#x)", unit,
                   value, bench->doing, changes, status);
}
