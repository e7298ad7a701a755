/* SPDX-License-Identifier: MIT */
/* audit_unit.c - what the registers of one unit say about it as a whole. What is not known is not judged. */
#include "inspect/audit_state.h"

#include <stdio.h>
#include <string.h>

#include "spec/vtd_regs.h"

/* One unit at hand. */
struct unit {
    struct audit *audit;
    const struct inspect_unit *registers;
    char name[48]; /* "unit 0 at 0xfed90000" */
};

static bool known(const struct unit *unit, enum inspect_register reg)
{
    return audit_known(unit->registers, reg);
}

static uint64_t value(const struct unit *unit, enum inspect_register reg)
{
    return unit->registers->value[reg];
}

/* Known, and this bit is set. */
static bool has(const struct unit *unit, enum inspect_register reg, uint64_t bit)
{
    return known(unit, reg) && (value(unit, reg) & bit) != 0;
}

/* Known, and this bit is clear. */
static bool lacks(const struct unit *unit, enum inspect_register reg, uint64_t bit)
{
    return known(unit, reg) && (value(unit, reg) & bit) == 0;
}

static struct inspect_finding *say(const struct unit *unit, enum audit_kind_index kind, enum inspect_register reg,
                                   const char *what)
{
    return audit_find(unit->audit, kind, "%s: %s is %#llx: %s", unit->name, inspect_register_name(reg),
                      (unsigned long long)value(unit, reg), what);
}

/* ---- translation */

static void check_registers(const struct unit *unit)
{
    static const enum inspect_register needed[] = {INSPECT_CAP,    INSPECT_ECAP, INSPECT_GSTS,
                                                   INSPECT_RTADDR, INSPECT_FSTS, INSPECT_FECTL};
    char names[64] = "";
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (known(unit, needed[i]))
            continue;
        strcat(names, names[0] != '\0' ? ", " : "");
        strcat(names, inspect_register_name(needed[i]));
    }
    if (names[0] != '\0')
        audit_find(unit->audit, AUDIT_REGISTERS, "%s: %s not given", unit->name, names);
    if (has(unit, INSPECT_GSTS, VTD_GSTS_TES) && lacks(unit, INSPECT_GSTS, VTD_GSTS_RTPS))
        say(unit, AUDIT_REGISTERS, INSPECT_GSTS, "translation is on and no root table is set");
}

static void check_translation(const struct unit *unit)
{
    if (lacks(unit, INSPECT_GSTS, VTD_GSTS_TES))
        say(unit, AUDIT_TRANSLATION_OFF, INSPECT_GSTS, "TES is 0");
    if (known(unit, INSPECT_RTADDR) && SPEC_GET(VTD_RTADDR_TTM, value(unit, INSPECT_RTADDR)) == VTD_TTM_RESERVED)
        say(unit, AUDIT_TABLE_MODE, INSPECT_RTADDR, "TTM is 2, which is reserved");
    if (has(unit, INSPECT_GSTS, VTD_GSTS_TES) &&
        (has(unit, INSPECT_PMEN, VTD_PMEN_EPM) || has(unit, INSPECT_PMEN, VTD_PMEN_PRS)))
        say(unit, AUDIT_PROTECTED_MEMORY, INSPECT_PMEN, "protected regions are on, and so is translation");
}

/* ---- interrupts */

static void check_interrupts_on(const struct unit *unit)
{
    bool extended = has(unit, INSPECT_IRTA, VTD_IRTA_EIME);
    if (has(unit, INSPECT_GSTS, VTD_GSTS_CFIS))
        audit_severity(say(unit, AUDIT_INTERRUPTS_COMPATIBLE, INSPECT_GSTS,
                           extended ? "CFIS is 1; without effect, since IRTA.EIME is 1" : "CFIS is 1"),
                       extended ? INSPECT_INFO : INSPECT_MEDIUM);
    if (has(unit, INSPECT_ECAP, VTD_ECAP_EIMER) && lacks(unit, INSPECT_IRTA, VTD_IRTA_EIME))
        say(unit, AUDIT_INTERRUPTS_EIM, INSPECT_IRTA, "EIME is 0 and ECAP.EIMER is 1");
}

static void check_interrupts(const struct unit *unit)
{
    if (lacks(unit, INSPECT_ECAP, VTD_ECAP_IR))
        say(unit, AUDIT_INTERRUPTS_MISSING, INSPECT_ECAP, "IR is 0");
    else if (known(unit, INSPECT_ECAP) && lacks(unit, INSPECT_GSTS, VTD_GSTS_IRES))
        say(unit, AUDIT_INTERRUPTS_OFF, INSPECT_GSTS, "IRES is 0 and ECAP.IR is 1");
    else
        check_interrupts_on(unit);
}

/* ---- invalidation */

static void check_queue_error(const struct unit *unit)
{
    static const char *const reasons[] = {"not given", "bad tail",       "the descriptor could not be read",
                                          "bad type",  "reserved bits",  "bad width",
                                          "tail misaligned", "bad table mode"};
    uint64_t record = known(unit, INSPECT_IQERCD) ? value(unit, INSPECT_IQERCD) : 0;
    uint64_t reason = SPEC_GET(VTD_IQERCD_IQEI, record);
    audit_find(unit->audit, AUDIT_QUEUE_ERROR, "%s: FSTS is %#llx: IQE is 1, reason %s (IQERCD %#llx); IQH %#llx, IQT "
                                               "%#llx",
               unit->name, (unsigned long long)value(unit, INSPECT_FSTS),
               reason < sizeof reasons / sizeof reasons[0] ? reasons[reason] : "unknown", (unsigned long long)record,
               (unsigned long long)value(unit, INSPECT_IQH), (unsigned long long)value(unit, INSPECT_IQT));
}

/* IQERCD names the device, on units that have it. */
static void check_device_tlb(const struct unit *unit, unsigned index)
{
    uint64_t record = known(unit, INSPECT_IQERCD) ? value(unit, INSPECT_IQERCD) : 0;
    uint16_t late = (uint16_t)SPEC_GET(VTD_IQERCD_ITESID, record);
    uint16_t unexpected = (uint16_t)SPEC_GET(VTD_IQERCD_ICESID, record);
    struct inspect_finding *finding;
    if (has(unit, INSPECT_FSTS, VTD_FSTS_ITE)) {
        finding = say(unit, AUDIT_QUEUE_TIMEOUT, INSPECT_FSTS, "ITE is 1");
        if (late != 0)
            audit_of_device(unit->audit, finding, index, late);
    }
    if (has(unit, INSPECT_FSTS, VTD_FSTS_ICE)) {
        finding = say(unit, AUDIT_QUEUE_COMPLETION, INSPECT_FSTS, "ICE is 1");
        if (unexpected != 0)
            audit_of_device(unit->audit, finding, index, unexpected);
    }
}

static void check_queue(const struct unit *unit)
{
    bool on = has(unit, INSPECT_GSTS, VTD_GSTS_QIES);
    bool scalable = known(unit, INSPECT_RTADDR) &&
                    SPEC_GET(VTD_RTADDR_TTM, value(unit, INSPECT_RTADDR)) == VTD_TTM_SCALABLE;
    if (has(unit, INSPECT_ECAP, VTD_ECAP_QI) && has(unit, INSPECT_GSTS, VTD_GSTS_TES) && !on)
        audit_severity(say(unit, AUDIT_QUEUE_OFF, INSPECT_GSTS,
                           scalable ? "QIES is 0 in scalable mode" : "QIES is 0 in legacy mode"),
                       scalable ? INSPECT_MEDIUM : INSPECT_LOW);
    if (has(unit, INSPECT_FSTS, VTD_FSTS_IQE))
        check_queue_error(unit);
    else if (on && known(unit, INSPECT_IQH) && known(unit, INSPECT_IQT) &&
             SPEC_GET(VTD_IQH_QH, value(unit, INSPECT_IQH)) != SPEC_GET(VTD_IQT_QT, value(unit, INSPECT_IQT)))
        audit_find(unit->audit, AUDIT_QUEUE_PENDING, "%s: IQH is %#llx and IQT %#llx", unit->name,
                   (unsigned long long)value(unit, INSPECT_IQH), (unsigned long long)value(unit, INSPECT_IQT));
}

/* ---- the whole */

void audit_unit(struct audit *audit, unsigned index)
{
    struct unit unit = {.audit = audit, .registers = audit_registers(audit, index)};
    if (unit.registers->base != 0)
        snprintf(unit.name, sizeof unit.name, "unit %u at %#llx", index, (unsigned long long)unit.registers->base);
    else
        snprintf(unit.name, sizeof unit.name, "unit %u", index);
    check_registers(&unit);
    check_translation(&unit);
    check_interrupts(&unit);
    check_queue(&unit);
    check_device_tlb(&unit, index);
    if (has(&unit, INSPECT_PRS, VTD_PRS_PRO))
        say(&unit, AUDIT_PAGE_REQUEST_OVERFLOW, INSPECT_PRS, "PRO is 1");
    if (has(&unit, INSPECT_GSTS, VTD_GSTS_TES) && has(&unit, INSPECT_FECTL, VTD_FECTL_IM))
        say(&unit, AUDIT_FAULT_MASKED, INSPECT_FECTL, "IM is 1");
}
