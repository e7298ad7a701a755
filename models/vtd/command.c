/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/command.c - the global command register.
 *
 * Architecture: "Global command register", "Global status register", "Root table address". Level bits
 * switch something on or off, one-shot bits start something; software may change one thing in one
 * write. Every command completes before the write returns, unless the unit is told to take its time
 * (pace.c). Lock: held. Called by registers.c.
 */
#include "models/vtd/drop.h"
#include "models/vtd/model.h"

static void set_status(struct iommu_model_vtd *m, uint32_t bit, bool on)
{
    if (on)
        m->reg[VTDM_GSTS] |= bit;
    else
        m->reg[VTDM_GSTS] &= ~(uint64_t)bit;
}

static void set_root_table(struct iommu_model_vtd *m)
{
    unsigned mode = (unsigned)SPEC_GET(VTD_RTADDR_TTM, m->reg[VTDM_RTADDR]);
    if (vtdm_enabled(m, VTD_GSTS_TES) && mode != m->table_mode && !vtdm_cap(m, VTD_CAP_ESRTPS))
        vtdm_misuse(m, "the table mode changed while translation was enabled");
    set_status(m, VTD_GSTS_RTPS, false);
    vtdm_settled(m);
    m->root_table = m->reg[VTDM_RTADDR] & VTD_RTADDR_RTA;
    m->table_mode = mode;
    if (vtdm_cap(m, VTD_CAP_ESRTPS))
        vtdm_drop_all(m);
    set_status(m, VTD_GSTS_RTPS, true);
}

static void set_interrupt_table(struct iommu_model_vtd *m)
{
    if (!vtdm_ecap(m, VTD_ECAP_IR)) {
        vtdm_misuse(m, "SIRTP on a unit without interrupt remapping");
        return;
    }
    set_status(m, VTD_GSTS_IRTPS, true);
}

/* The record index starts over when neither kind of remapping is left on. */
static void restart_records(struct iommu_model_vtd *m)
{
    if (!vtdm_enabled(m, VTD_GSTS_TES | VTD_GSTS_IRES))
        m->next_record = 0;
}

/* A unit with scalable mode forgets everything when it is switched off, so it has nothing to forget later. */
static void switch_translation(struct iommu_model_vtd *m, bool on)
{
    if (on && !vtdm_enabled(m, VTD_GSTS_RTPS))
        vtdm_misuse(m, "translation was enabled before a root table was set");
    vtdm_settled(m);
    set_status(m, VTD_GSTS_TES, on);
    if (vtdm_ecap(m, VTD_ECAP_SMTS))
        vtdm_drop_all(m);
    restart_records(m);
}

static void switch_queue(struct iommu_model_vtd *m, bool on)
{
    if (!vtdm_ecap(m, VTD_ECAP_QI)) {
        vtdm_misuse(m, "QIE on a unit without queued invalidation");
        return;
    }
    set_status(m, VTD_GSTS_QIES, on);
    if (on)
        vtdm_queue_enable(m);
    else
        vtdm_queue_disable(m);
}

static void switch_interrupts(struct iommu_model_vtd *m, uint32_t bit, bool on)
{
    if (!vtdm_ecap(m, VTD_ECAP_IR)) {
        vtdm_misuse(m, "IRE or CFI on a unit without interrupt remapping");
        return;
    }
    if (bit == VTD_GSTS_IRES && on && !vtdm_enabled(m, VTD_GSTS_IRTPS))
        vtdm_misuse(m, "interrupt remapping was enabled before its table was set");
    set_status(m, bit, on);
    restart_records(m);
}

static void flush_write_buffer(struct iommu_model_vtd *m)
{
    if (!vtdm_cap(m, VTD_CAP_RWBF))
        vtdm_misuse(m, "WBF on a unit that needs no write-buffer flush");
    else
        m->stats.write_buffer_flushes++;
    set_status(m, VTD_GSTS_WBFS, false);
}

static unsigned bits_set(uint32_t value)
{
    unsigned count = 0;
    for (; value; value &= value - 1)
        count++;
    return count;
}

void vtdm_gcmd_written(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes)
{
    uint32_t command = (uint32_t)m->reg[VTDM_GCMD];
    uint32_t changes = (command ^ (uint32_t)m->reg[VTDM_GSTS]) & VTD_GCMD_LEVEL;
    uint32_t starts = command & VTD_GCMD_ONESHOT;
    (void)old;
    (void)lanes;
    m->reg[VTDM_GCMD] = 0;
    m->stats.commands++;
    if (bits_set(changes | starts) > 1)
        vtdm_misuse(m, "more than one change in one global command");
    if (model_lies_on(&m->lies, IOMMU_MODEL_LIE_STRICT_COMMAND))
        vtdm_command_later(m, command, changes, starts);
    else
        vtdm_command_run(m, command, changes, starts);
}

/* `command` tells which way the level bits in `changes` go. */
void vtdm_command_run(struct iommu_model_vtd *m, uint32_t command, uint32_t changes,
                      uint32_t starts)
{
    vtdm_front_outdate(m);
    if ((changes & VTD_GCMD_EAFL) || (starts & VTD_GCMD_SFL))
        vtdm_misuse(m, "a fault log command on a unit without one");
    if (starts & VTD_GCMD_WBF)
        flush_write_buffer(m);
    if (starts & VTD_GCMD_SRTP)
        set_root_table(m);
    if (starts & VTD_GCMD_SIRTP)
        set_interrupt_table(m);
    if (changes & VTD_GCMD_QIE)
        switch_queue(m, command & VTD_GCMD_QIE);
    if (changes & VTD_GCMD_IRE)
        switch_interrupts(m, VTD_GSTS_IRES, command & VTD_GCMD_IRE);
    if (changes & VTD_GCMD_CFI)
        switch_interrupts(m, VTD_GSTS_CFIS, command & VTD_GCMD_CFI);
    if (changes & VTD_GCMD_TE)
        switch_translation(m, command & VTD_GCMD_TE);
}
