/* SPDX-License-Identifier: MIT */
/*
 * models/pci/layout.c - what a function's configuration space looks like when firmware has left it:
 * header, BARs, the PCI Express capability, the chain of extended capabilities. Every register is
 * laid down together with the bits of it that software may change. ("Configuration space header",
 * "Extended capabilities".)
 *
 * Lock: the caller's. Called by iommu_model_pci_init alone.
 */
#include "models/pci/pci.h"

#include "models/pci/le.h"
#include "spec/pci.h"

#define EXP_AT           SPEC_PCI_CAP_FIRST
#define EXP_BYTES        0x3Cu
#define EXP_VERSION      2u
#define EXT_STEP         0x20u /* room for the largest capability here */
#define PRI_CAPACITY     64u
#define DVSEC_SIOV_BYTES 24u
#define DVSEC_SIOV_PAGES 12u /* page sizes that can be chosen, and the one chosen */
#define DVSEC_SIOV_4K    1u
#define BAR_BYTES_MIN    16u

struct layout {
    struct iommu_model_pci *function;
    uint16_t last; /* the extended capability laid down last, 0: none yet */
    uint16_t next; /* where the next one goes */
};

bool pci_kind_is_bridge(enum iommu_model_pci_kind kind)
{
    return kind == IOMMU_MODEL_PCI_ROOT_PORT || kind == IOMMU_MODEL_PCI_SWITCH_UP ||
           kind == IOMMU_MODEL_PCI_SWITCH_DOWN || kind == IOMMU_MODEL_PCI_TO_CONVENTIONAL;
}

static void put16(struct iommu_model_pci *function, unsigned at, uint32_t value, uint32_t writable)
{
    le_put16(function->space + at, value);
    le_put16(function->writable + at, writable);
}

static void put32(struct iommu_model_pci *function, unsigned at, uint32_t value, uint32_t writable)
{
    le_put32(function->space + at, value);
    le_put32(function->writable + at, writable);
}

/* ---- header ------------------------------------------------------------------------------- */

static void header(struct iommu_model_pci *function)
{
    const struct iommu_model_pci_config *config = &function->config;
    bool bridge = pci_kind_is_bridge(config->kind);
    uint32_t type = bridge ? SPEC_PCI_HEADER_BRIDGE : SPEC_PCI_HEADER_ENDPOINT;
    uint32_t command = SPEC_PCI_COMMAND_MEMORY;

    if (bridge)
        command |= SPEC_PCI_COMMAND_MASTER;
    if (config->multifunction)
        type |= SPEC_PCI_HEADER_MULTIFUNCTION;
    put16(function, SPEC_PCI_VENDOR, config->vendor, 0);
    put16(function, SPEC_PCI_DEVICE, config->device, 0);
    put16(function, SPEC_PCI_COMMAND, command,
          SPEC_PCI_COMMAND_MEMORY | SPEC_PCI_COMMAND_MASTER | SPEC_PCI_COMMAND_INTX_DISABLE);
    put32(function, SPEC_PCI_REVISION, config->class_code << 8, 0);
    function->space[SPEC_PCI_HEADER_TYPE] = (uint8_t)type;
    function->writable[SPEC_PCI_INTERRUPT_LINE] = 0xFF;
    if (!bridge)
        return;
    function->space[SPEC_PCI_PRIMARY_BUS] = (uint8_t)(config->rid >> 8);
    function->space[SPEC_PCI_SECONDARY_BUS] = config->secondary_bus;
    function->space[SPEC_PCI_SUBORDINATE_BUS] = config->subordinate_bus;
}

/* Sizing needs no special case: the address bits below the size are not writable and read as 0. */
static void bar(struct iommu_model_pci *function, unsigned index)
{
    uint64_t bytes = function->config.bar_bytes[index], address = function->config.bar[index];
    unsigned at = SPEC_PCI_BAR(2 * index);

    if (bytes < BAR_BYTES_MIN || (bytes & (bytes - 1)))
        return;
    address &= ~(bytes - 1);
    put32(function, at,
          (uint32_t)address | SPEC_PUT(SPEC_PCI_BAR_TYPE, (uint32_t)SPEC_PCI_BAR_TYPE_64),
          (uint32_t) ~(bytes - 1) & SPEC_PCI_BAR_MEMORY);
    put32(function, at + 4, (uint32_t)(address >> 32), (uint32_t)(~(bytes - 1) >> 32));
}

static uint32_t express_type(enum iommu_model_pci_kind kind)
{
    switch (kind) {
    case IOMMU_MODEL_PCI_INTEGRATED:
        return SPEC_PCI_EXP_INTEGRATED_ENDPOINT;
    case IOMMU_MODEL_PCI_ROOT_PORT:
        return SPEC_PCI_EXP_ROOT_PORT;
    case IOMMU_MODEL_PCI_SWITCH_UP:
        return SPEC_PCI_EXP_UPSTREAM;
    case IOMMU_MODEL_PCI_SWITCH_DOWN:
        return SPEC_PCI_EXP_DOWNSTREAM;
    case IOMMU_MODEL_PCI_TO_CONVENTIONAL:
        return SPEC_PCI_EXP_PCI_BRIDGE;
    case IOMMU_MODEL_PCI_ENDPOINT:
    case IOMMU_MODEL_PCI_CONVENTIONAL:
        break;
    }
    return SPEC_PCI_EXP_ENDPOINT;
}

/* Prefixes end at a conventional bus, and wherever the configuration says so. */
static void express(struct iommu_model_pci *function)
{
    const struct iommu_model_pci_config *config = &function->config;
    bool prefixes = !config->no_prefixes && config->kind != IOMMU_MODEL_PCI_TO_CONVENTIONAL;

    put16(function, SPEC_PCI_STATUS, SPEC_PCI_STATUS_CAP_LIST, 0);
    function->space[SPEC_PCI_CAP_POINTER] = EXP_AT;
    function->space[EXP_AT + SPEC_PCI_CAP_ID] = SPEC_PCI_CAP_ID_EXP;
    put16(function, EXP_AT + SPEC_PCI_EXP_FLAGS,
          SPEC_PUT(SPEC_PCI_EXP_FLAGS_TYPE, express_type(config->kind)) | EXP_VERSION, 0);
    put16(function, EXP_AT + SPEC_PCI_EXP_DEVCTL, 0, 0x7FFF); /* bit 15, reset: not offered */
    put32(function, EXP_AT + SPEC_PCI_EXP_DEVCAP2, prefixes ? SPEC_PCI_EXP_DEVCAP2_PREFIX : 0, 0);
    _Static_assert(EXP_AT + EXP_BYTES <= SPEC_PCI_CONFIG_BYTES, "fits below the extended space");
}

/* ---- extended capabilities ---------------------------------------------------------------- */

static uint16_t extended(struct layout *layout, uint32_t id)
{
    struct iommu_model_pci *function = layout->function;
    uint16_t at = layout->next;

    put32(function, at, id | SPEC_PUT(SPEC_PCI_EXT_VERSION, (uint32_t)1), 0);
    if (layout->last)
        put32(function, layout->last,
              le_get32(function->space + layout->last) | SPEC_PUT(SPEC_PCI_EXT_NEXT, (uint32_t)at),
              0);
    layout->last = at;
    layout->next = (uint16_t)(at + EXT_STEP);
    return at;
}

static void ats(struct layout *layout)
{
    struct iommu_model_pci *function = layout->function;
    uint16_t at = extended(layout, SPEC_PCI_EXT_ID_ATS);
    uint32_t depth = SPEC_PUT(SPEC_PCI_ATS_CAP_DEPTH, (uint32_t)function->config.ats_queue_depth);

    put16(function, at + SPEC_PCI_ATS_CAP,
          depth | SPEC_PCI_ATS_CAP_ALIGNED | SPEC_PCI_ATS_CAP_GLOBAL, 0);
    put16(function, at + SPEC_PCI_ATS_CTRL, 0, SPEC_PCI_ATS_CTRL_STU | SPEC_PCI_ATS_CTRL_ENABLE);
    function->at_ats = at;
}

static void pri(struct layout *layout)
{
    struct iommu_model_pci *function = layout->function;
    uint16_t at = extended(layout, SPEC_PCI_EXT_ID_PRI);

    put16(function, at + SPEC_PCI_PRI_CTRL, 0, SPEC_PCI_PRI_CTRL_ENABLE);
    put16(function, at + SPEC_PCI_PRI_STATUS,
          SPEC_PCI_PRI_STATUS_STOPPED | SPEC_PCI_PRI_STATUS_PASID_REQUIRED, 0);
    put32(function, at + SPEC_PCI_PRI_CAPACITY, PRI_CAPACITY, 0);
    put32(function, at + SPEC_PCI_PRI_ALLOCATION, 0, UINT32_MAX);
    function->at_pri = at;
}

static void pasid(struct layout *layout)
{
    struct iommu_model_pci *function = layout->function;
    uint16_t at = extended(layout, SPEC_PCI_EXT_ID_PASID);
    uint32_t width = SPEC_PUT(SPEC_PCI_PASID_CAP_WIDTH, (uint32_t)function->config.pasid_bits);

    put16(function, at + SPEC_PCI_PASID_CAP, width | SPEC_PCI_PASID_CAP_PRIV, 0);
    put16(function, at + SPEC_PCI_PASID_CTRL, 0,
          SPEC_PCI_PASID_CTRL_ENABLE | SPEC_PCI_PASID_CTRL_PRIV);
    function->at_pasid = at;
}

static void acs(struct layout *layout)
{
    struct iommu_model_pci *function = layout->function;
    uint16_t at = extended(layout, SPEC_PCI_EXT_ID_ACS);
    uint32_t bits = SPEC_PCI_ACS_ISOLATED | SPEC_PCI_ACS_TB | SPEC_PCI_ACS_DT;

    put16(function, at + SPEC_PCI_ACS_CAP, bits, 0);
    put16(function, at + SPEC_PCI_ACS_CTRL, 0, bits);
    function->at_acs = at;
}

/* Its presence is the statement: the function's resources can be handed out one by one. No
 * interrupt message storage; pages of 4 KiB. */
static void scalable_iov(struct layout *layout)
{
    struct iommu_model_pci *function = layout->function;
    uint16_t at = extended(layout, SPEC_PCI_EXT_ID_DVSEC);

    put32(function, at + SPEC_PCI_DVSEC_HEADER1,
          SPEC_PCI_VENDOR_INTEL |
              SPEC_PUT(SPEC_PCI_DVSEC_HEADER1_LENGTH, (uint32_t)DVSEC_SIOV_BYTES),
          0);
    put16(function, at + SPEC_PCI_DVSEC_HEADER2, SPEC_PCI_DVSEC_ID_SIOV, 0);
    put32(function, at + DVSEC_SIOV_PAGES, DVSEC_SIOV_4K, 0);
    put32(function, at + DVSEC_SIOV_PAGES + 4, DVSEC_SIOV_4K, DVSEC_SIOV_4K);
}

static void extended_capabilities(struct iommu_model_pci *function)
{
    const struct iommu_model_pci_config *config = &function->config;
    struct layout layout = {function, 0, SPEC_PCI_EXT_FIRST};

    if (config->ats)
        ats(&layout);
    if (config->pri)
        pri(&layout);
    if (config->pasid_bits)
        pasid(&layout);
    if (config->acs)
        acs(&layout);
    if (config->scalable_iov)
        scalable_iov(&layout);
}

void pci_layout(struct iommu_model_pci *function)
{
    const struct iommu_model_pci_config *config = &function->config;
    unsigned index;

    header(function);
    for (index = 0; index < 3 && !pci_kind_is_bridge(config->kind); index++)
        bar(function, index);
    if (config->kind == IOMMU_MODEL_PCI_CONVENTIONAL)
        return;
    express(function);
    extended_capabilities(function);
}
