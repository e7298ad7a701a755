/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/registers.c - the register file: one row a register, and the rules of access.
 *
 * Architecture: "Remapping hardware - software register interface". 32-bit registers take aligned
 * dwords, 64-bit ones aligned qwords or two dwords. A register whose feature the unit lacks reads as 0.
 * Lock: taken by the public functions here. Called by software's accesses.
 */
#include "models/vtd/model.h"

struct row {
    uint32_t offset;    /* 0 also for the two that IRO places */
    uint8_t bytes;
    bool pointer;       /* bits at or above the host address width are reserved */
    uint64_t rw, rw1c;  /* what software changes */
    uint64_t ro;        /* what it may write without effect */
    uint64_t status;    /* of that, what the unit itself sets and clears while it runs */
    uint64_t hidden;    /* write-only fields */
    uint64_t reset;
    uint64_t cap, ecap; /* features without which the register does not exist */
    void (*written)(struct iommu_model_vtd *m, uint64_t old, uint64_t lanes);
};

#define IM ((uint64_t)VTD_FECTL_IM)
#define IP ((uint64_t)VTD_FECTL_IP)
#define CONTROL(at, feature, hook) \
    { .offset = (at), .bytes = 4, .rw = IM, .ro = IP, .status = IP, .reset = IM, .ecap = (feature), .written = (hook) }
#define MSI(at, mask, feature) { .offset = (at), .bytes = 4, .rw = (mask), .ecap = (feature) }
#define REGION(at, size, mask, feature) \
    { .offset = (at), .bytes = (size), .rw = (mask), .cap = (feature), .written = vtdm_region_written }

/* Protected regions are multiples of 1 MiB: software finds that out by writing all ones. */
#define REGION_LOW SPEC_MASK64(31, 20)
#define REGION_HIGH SPEC_MASK64(63, 20)

/* No fault log, so neither of its bits. */
#define STATUS \
    (VTD_GSTS_TES | VTD_GSTS_RTPS | VTD_GSTS_WBFS | VTD_GSTS_QIES | VTD_GSTS_IRES | VTD_GSTS_IRTPS | VTD_GSTS_CFIS)

/* The last row is of no register: nothing in it can be read or changed. */
static const struct row rows[VTDM_REGISTERS + 1] = {
    [VTDM_VER] = { .offset = VTD_REG_VER, .bytes = 4, .ro = VTD_ALL_ONES },
    [VTDM_CAP] = { .offset = VTD_REG_CAP, .bytes = 8, .ro = VTD_ALL_ONES },
    [VTDM_ECAP] = { .offset = VTD_REG_ECAP, .bytes = 8, .ro = VTD_ALL_ONES },
    [VTDM_GCMD] = { .offset = VTD_REG_GCMD, .bytes = 4, .rw = VTD_GCMD_ONESHOT | VTD_GCMD_LEVEL,
                    .hidden = VTD_ALL_ONES, .written = vtdm_gcmd_written },
    [VTDM_GSTS] = { .offset = VTD_REG_GSTS, .bytes = 4, .ro = VTD_ALL_ONES, .status = STATUS },
    [VTDM_RTADDR] = { .offset = VTD_REG_RTADDR, .bytes = 8, .pointer = true,
                      .rw = VTD_RTADDR_RTA | VTD_RTADDR_TTM },
    [VTDM_CCMD] = { .offset = VTD_REG_CCMD, .bytes = 8, .ro = VTD_CCMD_CAIG, .status = VTD_CCMD_CAIG,
                    .rw = VTD_CCMD_ICC | VTD_CCMD_CIRG | VTD_CCMD_FM | VTD_CCMD_SID | VTD_CCMD_DID,
                    .hidden = VTD_CCMD_FM | VTD_CCMD_SID, .written = vtdm_ccmd_written },
    [VTDM_FSTS] = { .offset = VTD_REG_FSTS, .bytes = 4, .written = vtdm_fsts_written,
                    .rw1c = VTD_FSTS_PFO | VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE,
                    .ro = VTD_FSTS_PPF | VTD_FSTS_AFO | VTD_FSTS_APF | VTD_FSTS_PRO | VTD_FSTS_FRI,
                    .status = VTD_FSTS_FRI },
    [VTDM_FECTL] = CONTROL(VTD_REG_FECTL, 0, vtdm_fectl_written),
    [VTDM_FEDATA] = MSI(VTD_REG_FEDATA, VTD_MSI_DATA, 0),
    [VTDM_FEADDR] = MSI(VTD_REG_FEADDR, VTD_MSI_ADDR, 0),
    [VTDM_FEUADDR] = MSI(VTD_REG_FEUADDR, VTD_MSI_UADDR_APICID, VTD_ECAP_EIM),
    [VTDM_PMEN] = { .offset = VTD_REG_PMEN, .bytes = 4, .rw = VTD_PMEN_EPM, .ro = VTD_PMEN_PRS,
                    .status = VTD_PMEN_PRS, .written = vtdm_pmen_written },
    [VTDM_PLMBASE] = REGION(VTD_REG_PLMBASE, 4, REGION_LOW, VTD_CAP_PLMR),
    [VTDM_PLMLIMIT] = REGION(VTD_REG_PLMLIMIT, 4, REGION_LOW, VTD_CAP_PLMR),
    [VTDM_PHMBASE] = REGION(VTD_REG_PHMBASE, 8, REGION_HIGH, VTD_CAP_PHMR),
    [VTDM_PHMLIMIT] = REGION(VTD_REG_PHMLIMIT, 8, REGION_HIGH, VTD_CAP_PHMR),
    [VTDM_IQH] = { .offset = VTD_REG_IQH, .bytes = 8, .ro = VTD_ALL_ONES, .status = VTD_IQH_QH, .ecap = VTD_ECAP_QI },
    [VTDM_IQT] = { .offset = VTD_REG_IQT, .bytes = 8, .rw = VTD_IQT_QT, .ecap = VTD_ECAP_QI },
    [VTDM_IQA] = { .offset = VTD_REG_IQA, .bytes = 8, .pointer = true, .ecap = VTD_ECAP_QI,
                   .rw = VTD_IQA_IQA | VTD_IQA_DW | VTD_IQA_QS, .written = vtdm_iqa_written },
    [VTDM_ICS] = { .offset = VTD_REG_ICS, .bytes = 4, .rw1c = VTD_ICS_IWC, .ecap = VTD_ECAP_QI,
                   .written = vtdm_ics_written },
    [VTDM_IECTL] = CONTROL(VTD_REG_IECTL, VTD_ECAP_QI, vtdm_iectl_written),
    [VTDM_IEDATA] = MSI(VTD_REG_IEDATA, VTD_MSI_DATA, VTD_ECAP_QI),
    [VTDM_IEADDR] = MSI(VTD_REG_IEADDR, VTD_MSI_ADDR, VTD_ECAP_QI),
    [VTDM_IEUADDR] = MSI(VTD_REG_IEUADDR, VTD_MSI_UADDR_APICID, VTD_ECAP_QI | VTD_ECAP_EIM),
    [VTDM_IQERCD] = { .offset = VTD_REG_IQERCD, .bytes = 8, .ro = VTD_ALL_ONES, .ecap = VTD_ECAP_QI,
                      .status = VTD_IQERCD_IQEI | VTD_IQERCD_ITESID | VTD_IQERCD_ICESID },
    [VTDM_IRTA] = { .offset = VTD_REG_IRTA, .bytes = 8, .pointer = true, .ecap = VTD_ECAP_IR,
                    .rw = VTD_IRTA_IRTA | VTD_IRTA_EIME | VTD_IRTA_S },
    [VTDM_PQH] = { .offset = VTD_REG_PQH, .bytes = 8, .rw = VTD_PQH_PQH, .ecap = VTD_ECAP_PRS },
    [VTDM_PQT] = { .offset = VTD_REG_PQT, .bytes = 8, .rw = VTD_PQT_PQT, .ecap = VTD_ECAP_PRS },
    [VTDM_PQA] = { .offset = VTD_REG_PQA, .bytes = 8, .pointer = true, .ecap = VTD_ECAP_PRS,
                   .rw = VTD_PQA_PQA | VTD_PQA_PQS, .written = vtdm_page_queue_written },
    [VTDM_PRS] = { .offset = VTD_REG_PRS, .bytes = 4, .rw1c = VTD_PRS_PPR | VTD_PRS_PRO,
                   .ecap = VTD_ECAP_PRS, .written = vtdm_prs_written },
    [VTDM_PECTL] = CONTROL(VTD_REG_PECTL, VTD_ECAP_PRS, vtdm_pectl_written),
    [VTDM_PEDATA] = MSI(VTD_REG_PEDATA, VTD_MSI_DATA, VTD_ECAP_PRS),
    [VTDM_PEADDR] = MSI(VTD_REG_PEADDR, VTD_MSI_ADDR, VTD_ECAP_PRS),
    [VTDM_PEUADDR] = MSI(VTD_REG_PEUADDR, VTD_MSI_UADDR_APICID, VTD_ECAP_PRS | VTD_ECAP_EIM),
    /* MTRRCAP says that there are no fixed or variable ranges, so those registers do not exist. */
    [VTDM_MTRRCAP] = { .offset = VTD_REG_MTRRCAP, .bytes = 8, .ro = VTD_ALL_ONES, .ecap = VTD_ECAP_MTS },
    [VTDM_MTRRDEF] = { .offset = VTD_REG_MTRRDEF, .bytes = 8, .rw = SPEC_MASK64(11, 0),
                       .ecap = VTD_ECAP_MTS },
    [VTDM_IVA] = { .bytes = 8, .rw = VTD_IVA_ADDR | VTD_IVA_IH | VTD_IVA_AM, .hidden = VTD_ALL_ONES },
    [VTDM_IOTLB] = { .bytes = 8, .ro = VTD_IOTLB_IAIG, .status = VTD_IOTLB_IAIG, .written = vtdm_iotlb_written,
                     .rw = VTD_IOTLB_IVT | VTD_IOTLB_IIRG | VTD_IOTLB_DR | VTD_IOTLB_DW | VTD_IOTLB_DID },
};

static uint32_t offset_of(const struct iommu_model_vtd *m, unsigned id)
{
    if (id == VTDM_IVA)
        return VTD_REG_IVA(m->config.ecap);
    if (id == VTDM_IOTLB)
        return VTD_REG_IOTLB(m->config.ecap);
    return rows[id].offset;
}

static bool exists(const struct iommu_model_vtd *m, unsigned id)
{
    return (m->config.cap & rows[id].cap) == rows[id].cap &&
           (m->config.ecap & rows[id].ecap) == rows[id].ecap;
}

/*
 * The register that holds this offset; VTDM_REGISTERS: none. The two that IRO places may lie where a
 * register is that this unit lacks, and on no other (capability.c): they come last, and count.
 */
static unsigned find(const struct iommu_model_vtd *m, uint32_t offset)
{
    for (unsigned id = VTDM_REGISTERS; id-- > 0;)
        if (offset - offset_of(m, id) < rows[id].bytes)
            return id;
    return VTDM_REGISTERS;
}

static bool is_record(const struct iommu_model_vtd *m, uint32_t offset)
{
    return offset - VTD_REG_FRCD(m->config.cap, 0) < m->records * VTD_FRCD_BYTES;
}

void vtdm_registers_reset(struct iommu_model_vtd *m)
{
    for (unsigned id = 0; id < VTDM_REGISTERS; id++)
        m->reg[id] = exists(m, id) ? rows[id].reset : 0;
    m->reg[VTDM_VER] = SPEC_PUT(VTD_VER_MAJOR, (uint32_t)m->config.major) |
                       SPEC_PUT(VTD_VER_MINOR, (uint32_t)m->config.minor);
    m->reg[VTDM_CAP] = m->config.cap;
    m->reg[VTDM_ECAP] = m->config.ecap;
}

uint32_t iommu_model_vtd_register_bytes(const struct iommu_model_vtd *m)
{
    uint32_t end = VTD_REG_IVA(m->config.ecap) + 16;
    uint32_t records_end = VTD_REG_FRCD(m->config.cap, m->records);
    if (end < records_end)
        end = records_end;
    return (end + VTD_PAGE_BYTES - 1) & ~(uint32_t)(VTD_PAGE_BYTES - 1);
}

static uint64_t value_of(const struct iommu_model_vtd *m, unsigned id)
{
    uint64_t value = m->reg[id] & ~rows[id].hidden;
    if (id == VTDM_FSTS && vtdm_fault_pending(m))
        value |= VTD_FSTS_PPF;
    return exists(m, id) ? value : 0;
}

/* Where in its register a dword lies. All of 8 bytes are aligned. */
static unsigned lane_of(unsigned id, uint32_t offset)
{
    return rows[id].bytes == 8 ? 8 * (offset & 4) : 0;
}

static uint32_t read_dword(struct iommu_model_vtd *m, uint32_t offset)
{
    if (is_record(m, offset))
        return vtdm_record_read(m, offset - VTD_REG_FRCD(m->config.cap, 0));
    unsigned id = find(m, offset);
    return (uint32_t)(value_of(m, id) >> lane_of(id, offset));
}

/* What software can change of a register on this unit. */
static uint64_t writable(const struct iommu_model_vtd *m, unsigned id)
{
    uint64_t mask = rows[id].rw;
    if (rows[id].pointer)
        mask &= ~vtdm_beyond_host(m);
    if (id == VTDM_RTADDR && !vtdm_ecap(m, VTD_ECAP_SMTS | VTD_ECAP_ADMS))
        mask &= ~VTD_RTADDR_TTM;
    return mask;
}

uint64_t vtdm_register_holds(const struct iommu_model_vtd *m, unsigned id)
{
    if (!exists(m, id) || id == VTDM_GCMD) /* a command leaves nothing behind */
        return 0;
    return writable(m, id) | rows[id].rw1c | rows[id].status;
}

unsigned vtdm_register_at(const struct iommu_model_vtd *m, uint32_t offset)
{
    unsigned id = find(m, offset);
    return offset == offset_of(m, id) ? id : VTDM_REGISTERS;
}

uint32_t vtdm_register_offset(const struct iommu_model_vtd *m, unsigned id)
{
    return offset_of(m, id);
}

/* `lanes` are the bits that the access carries; the others keep their value. */
static void write_register(struct iommu_model_vtd *m, unsigned id, uint64_t value, uint64_t lanes)
{
    const struct row *row = &rows[id];
    uint64_t rw = writable(m, id);
    uint64_t old = m->reg[id];
    value &= lanes;
    if (!exists(m, id)) {
        if (value)
            vtdm_misuse(m, "a register of a feature that the unit lacks was written");
        return;
    }
    if (value & ~(rw | row->rw1c | row->ro))
        vtdm_misuse(m, "a reserved bit of a register was written as 1");
    m->reg[id] = ((old & ~(rw & lanes)) | (value & rw)) & ~(value & row->rw1c);
    if (row->written)
        row->written(m, old, lanes);
}

static void write_dword(struct iommu_model_vtd *m, uint32_t offset, uint32_t value)
{
    if (is_record(m, offset)) {
        vtdm_record_write(m, offset - VTD_REG_FRCD(m->config.cap, 0), value);
        return;
    }
    unsigned id = find(m, offset);
    if (id == VTDM_REGISTERS) {
        vtdm_misuse(m, "a reserved register was written");
        return;
    }
    unsigned shift = lane_of(id, offset);
    write_register(m, id, (uint64_t)value << shift, (uint64_t)UINT32_MAX << shift);
}

uint32_t iommu_model_vtd_read32(struct iommu_model_vtd *m, uint32_t offset)
{
    vtdm_lock(m);
    m->stats.register_reads++;
    if (offset % 4)
        vtdm_misuse(m, "a register access was not aligned");
    vtdm_tick(m);
    uint32_t value = read_dword(m, offset & ~(uint32_t)3);
    vtdm_unlock(m);
    return value;
}

/* True if a qword access here touches one register that is a qword, or a fault record. */
static bool whole_qword(const struct iommu_model_vtd *m, uint32_t offset)
{
    unsigned id = find(m, offset);
    return is_record(m, offset) || rows[id].bytes == 8;
}

uint64_t iommu_model_vtd_read64(struct iommu_model_vtd *m, uint32_t offset)
{
    vtdm_lock(m);
    m->stats.register_reads++;
    if (offset % 8 || !whole_qword(m, offset))
        vtdm_misuse(m, "a qword access to what is no aligned qword register");
    vtdm_tick(m);
    offset &= ~(uint32_t)7;
    uint64_t value = read_dword(m, offset) | (uint64_t)read_dword(m, offset + 4) << 32;
    vtdm_unlock(m);
    return value;
}

void iommu_model_vtd_write32(struct iommu_model_vtd *m, uint32_t offset, uint32_t value)
{
    vtdm_lock(m);
    m->stats.register_writes++;
    if (offset % 4)
        vtdm_misuse(m, "a register access was not aligned");
    write_dword(m, offset & ~(uint32_t)3, value);
    vtdm_queue_run(m);
    vtdm_unlock(m);
}

void iommu_model_vtd_write64(struct iommu_model_vtd *m, uint32_t offset, uint64_t value)
{
    vtdm_lock(m);
    m->stats.register_writes++;
    bool whole = whole_qword(m, offset);
    if (offset % 8 || !whole)
        vtdm_misuse(m, "a qword access to what is no aligned qword register");
    offset &= ~(uint32_t)7;
    unsigned id = find(m, offset);
    if (whole && id < VTDM_REGISTERS) {
        write_register(m, id, value, VTD_ALL_ONES);
    } else {
        write_dword(m, offset, (uint32_t)value);
        write_dword(m, offset + 4, (uint32_t)(value >> 32));
    }
    vtdm_queue_run(m);
    vtdm_unlock(m);
}
