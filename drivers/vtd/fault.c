/* SPDX-License-Identifier: MIT */
/*
 * What the hardware reports: fault records and errors of the queue. Architecture: "Non-recoverable
 * address translation faults", "Fault recording", "Fault status register". Called by the host
 * through iommu_handle_events(), without a lock; records are taken under unit->lock in small lots
 * and handed out without it.
 *
 * A record is cleared as soon as it was read, whatever the handlers make of it: the unit raises
 * its event only when nothing was pending, so a record left behind silences it. The number taken
 * in one call is bounded all the same; a call that returns that many should be followed by
 * another.
 */
#include "drivers/vtd/vtd.h"
#include "spec/vtd_faults.h"

#define LOT          16u
#define LOTS_PER_CALL 256u

struct lot {
    struct iommu_event event[LOT];
    unsigned count;
};

#define FAULT_TEXT(code, name, symbol, qualified, meaning, ats) {code, meaning},
static const struct fault_text {
    uint8_t code;
    const char *meaning;
} fault_texts[] = {VTD_FAULTS(FAULT_TEXT)};
#undef FAULT_TEXT

const char *iommu_vtd_fault_name(uint8_t reason)
{
    for (size_t i = 0; i < sizeof(fault_texts) / sizeof(fault_texts[0]); i++)
        if (fault_texts[i].code == reason)
            return fault_texts[i].meaning;
    return "unknown fault reason";
}

/* ---- fault records -------------------------------------------------------------------------- */

/*
 * Some emulators report untagged requests as tagged with RID_PASID. A request that really carried
 * it never gets past the context entry, so later reasons cannot be one.
 */
static bool untagged(uint64_t high)
{
    uint32_t reason = (uint32_t)SPEC_GET(VTD_FRCD_HI_FR, high);

    if (!(high & VTD_FRCD_HI_PP))
        return true;
    return SPEC_GET(VTD_FRCD_HI_PV, high) == VTD_RID_PASID &&
           (reason < VTD_FAULT_IR_FIRST || reason > VTD_FAULT_SCT_NO_EPTR) &&
           reason != VTD_FAULT_SGN_PASID_TOO_WIDE;
}

/* An atomic request reads and writes: it counts as a write. */
static bool writes(uint64_t high)
{
    bool t1 = high & VTD_FRCD_HI_T1, t2 = high & VTD_FRCD_HI_T2;

    return t1 == t2;
}

static void decode(const struct vtd_unit *unit, uint64_t low, uint64_t high,
                   struct iommu_event *event)
{
    bool tagged = !untagged(high);

    __builtin_memset(event, 0, sizeof(*event));
    event->type = IOMMU_EVENT_FAULT;
    event->segment = unit->segment;
    event->rid = (uint16_t)SPEC_GET(VTD_FRCD_HI_SID, high);
    event->pasid = tagged ? (uint32_t)SPEC_GET(VTD_FRCD_HI_PV, high) : IOMMU_NO_PASID;
    event->address = low & VTD_FRCD_LO_FI;
    event->write = writes(high);
    event->execute = tagged && (high & VTD_FRCD_HI_EXE);
    event->privileged = tagged && (high & VTD_FRCD_HI_PRIV);
    event->reason = (uint8_t)SPEC_GET(VTD_FRCD_HI_FR, high);
    event->reason_name = iommu_vtd_fault_name(event->reason);
}

/* The top dword first: the rest is valid once F is set. False: nothing there. */
static bool take_record(struct vtd_unit *unit, unsigned index, struct iommu_event *event)
{
    uint32_t reg = VTD_REG_FRCD(unit->cap, index);
    uint32_t top = vtd_read32(unit, reg + VTD_FRCD_TOP);
    uint64_t low, high;

    if (top == UINT32_MAX || !(top & VTD_FRCD_TOP_F))
        return false;
    high = (uint64_t)top << 32 | vtd_read32(unit, reg + VTD_FRCD_TOP - 4);
    low = vtd_read64(unit, reg);
    vtd_write32(unit, reg + VTD_FRCD_TOP, VTD_FRCD_TOP_F);
    decode(unit, low, high, event);
    unit->faults++;
    return true;
}

/*
 * From the first pending one, round the array, as long as there is room. FRI is set when the first
 * record of a series is, and still names that one when an earlier lot has taken it: those that are
 * gone are skipped.
 */
static void take_records(struct vtd_unit *unit, uint32_t fsts, struct lot *lot)
{
    unsigned records = (unsigned)SPEC_GET(VTD_CAP_NFR, unit->cap) + 1;
    unsigned index = (unsigned)SPEC_GET(VTD_FSTS_FRI, fsts) % records;
    unsigned before = lot->count;

    for (unsigned i = 0; i < records && lot->count < LOT - 1; i++) {
        if (take_record(unit, index, &lot->event[lot->count]))
            lot->count++;
        else if (lot->count > before)
            return;
        index = (index + 1) % records;
    }
}

/* ---- other events --------------------------------------------------------------------------- */

static void add(const struct vtd_unit *unit, struct lot *lot, enum iommu_event_type type,
                const char *name)
{
    struct iommu_event *event = &lot->event[lot->count++];

    __builtin_memset(event, 0, sizeof(*event));
    event->type = type;
    event->segment = unit->segment;
    event->pasid = IOMMU_NO_PASID;
    event->reason_name = name;
}

/* Records come first: until they are cleared the unit would only overflow again. */
static void take_overflow(struct vtd_unit *unit, uint32_t fsts, struct lot *lot)
{
    if (!(fsts & VTD_FSTS_PFO) || lot->count >= LOT)
        return;
    vtd_write32(unit, VTD_REG_FSTS, VTD_FSTS_PFO);
    add(unit, lot, IOMMU_EVENT_OVERFLOW, "faults were lost: all fault records were in use");
}

static const char *queue_error_name(uint32_t kind)
{
    if (kind == VTD_FSTS_IQE)
        return "invalidation queue error: a descriptor was refused";
    if (kind == VTD_FSTS_ITE)
        return "a device did not answer a device-TLB invalidation";
    return "a device answered an invalidation that nobody sent";
}

static void take_queue_errors(struct vtd_unit *unit, struct lot *lot)
{
    while (unit->error_count && lot->count < LOT) {
        const struct vtd_queue_error *error = &unit->errors[--unit->error_count];

        add(unit, lot, IOMMU_EVENT_QUEUE, queue_error_name(error->kind));
        lot->event[lot->count - 1].rid = error->rid;
        lot->event[lot->count - 1].reason = error->code;
    }
}

/* ---- the loop ------------------------------------------------------------------------------- */

/* False: nothing is left, or nobody answers. */
static bool take_lot(struct vtd_unit *unit, struct lot *lot)
{
    uint32_t fsts = unit->running ? vtd_read32(unit, VTD_REG_FSTS) : 0;

    lot->count = 0;
    if (fsts == UINT32_MAX)
        return false;
    vtd_queue_recover(unit, fsts);
    take_queue_errors(unit, lot);
    if (fsts & VTD_FSTS_PPF)
        take_records(unit, fsts, lot);
    take_overflow(unit, fsts, lot);
    return lot->count > 0;
}

static int handle_unit(struct vtd_unit *unit)
{
    struct lot lot;
    int total = 0;

    for (unsigned i = 0; i < LOTS_PER_CALL; i++) {
        bool some;

        host_lock(unit->platform, &unit->lock);
        some = take_lot(unit, &lot);
        host_unlock(unit->platform, &unit->lock);
        if (!some)
            break;
        for (unsigned n = 0; n < lot.count; n++)
            iommu_report_event(&unit->vtd->base, &lot.event[n]);
        total += (int)lot.count;
    }
    return total;
}

int vtd_handle_events(struct iommu *iommu)
{
    struct vtd *vtd = vtd_of(iommu);
    int total = 0;

    for (unsigned i = 0; i < vtd->unit_count; i++)
        total += handle_unit(&vtd->units[i]);
    return total;
}
