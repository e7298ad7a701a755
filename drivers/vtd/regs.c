/* SPDX-License-Identifier: MIT */
/*
 * Register access: four counted accessors, waits with a deadline, and the recipe for the global
 * command register. Architecture: "Register descriptions", "Global command register". Callers hold
 * unit->lock or own the unit alone.
 */
#include "drivers/vtd/vtd.h"

uint32_t vtd_read32(struct vtd_unit *unit, uint32_t reg)
{
    unit->mmio_reads++;
    return host_mmio_read32(unit->platform, unit->regs + reg);
}

uint64_t vtd_read64(struct vtd_unit *unit, uint32_t reg)
{
    unit->mmio_reads++;
    return host_mmio_read64(unit->platform, unit->regs + reg);
}

void vtd_write32(struct vtd_unit *unit, uint32_t reg, uint32_t value)
{
    unit->mmio_writes++;
    host_mmio_write32(unit->platform, unit->regs + reg, value);
}

void vtd_write64(struct vtd_unit *unit, uint32_t reg, uint64_t value)
{
    unit->mmio_writes++;
    host_mmio_write64(unit->platform, unit->regs + reg, value);
}

static int timed_out(const struct vtd_unit *unit, const char *name)
{
    vtd_log_at(unit->platform, IOMMU_LOG_ERROR, unit->base, name);
    return -IOMMU_ETIMEDOUT;
}

/* A unit that is gone reads as all ones, which a wait for a bit would take for success. */
int vtd_wait32(struct vtd_unit *unit, uint32_t reg, uint32_t mask, uint32_t value, const char *name)
{
    struct iommu_deadline deadline = deadline_start(unit->platform, unit->vtd->timeout_ms);
    bool last = false;

    for (;;) {
        uint32_t now = vtd_read32(unit, reg);

        if (now != UINT32_MAX && (now & mask) == value)
            return 0;
        if (last)
            return timed_out(unit, name);
        last = deadline_passed(&deadline);
        host_relax(unit->platform);
    }
}

int vtd_wait64(struct vtd_unit *unit, uint32_t reg, uint64_t mask, uint64_t value, const char *name)
{
    struct iommu_deadline deadline = deadline_start(unit->platform, unit->vtd->timeout_ms);
    bool last = false;

    for (;;) {
        uint64_t now = vtd_read64(unit, reg);

        if (now != UINT64_MAX && (now & mask) == value)
            return 0;
        if (last)
            return timed_out(unit, name);
        last = deadline_passed(&deadline);
        host_relax(unit->platform);
    }
}

/*
 * The command register reads as 0 and a level bit written as 0 switches that feature off: start
 * from the status, drop the one-shot bits, change exactly one.
 */
static void command(struct vtd_unit *unit, uint32_t bit, bool on)
{
    uint32_t value = vtd_read32(unit, VTD_REG_GSTS) & VTD_GCMD_KEEP;

    vtd_write32(unit, VTD_REG_GCMD, on ? value | bit : value & ~bit);
}

/*
 * What did not come on in time might still do so later, behind everybody's back: the command is
 * taken back.
 */
int vtd_command(struct vtd_unit *unit, uint32_t bit, bool on, const char *name)
{
    int result;

    command(unit, bit, on);
    result = vtd_wait32(unit, VTD_REG_GSTS, bit, on ? bit : 0, name);
    if (result && on && (bit & VTD_GCMD_LEVEL))
        command(unit, bit, false);
    return result;
}

/* For units with wbf. The status bit of this one says "pending": it is waited for to fall. */
int vtd_flush_write_buffer(struct vtd_unit *unit)
{
    host_barrier(unit->platform);
    command(unit, VTD_GCMD_WBF, true);
    return vtd_wait32(unit, VTD_REG_GSTS, VTD_GSTS_WBFS, 0, "GSTS.WBFS did not clear");
}
