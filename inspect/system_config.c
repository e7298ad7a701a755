/* SPDX-License-Identifier: MIT */
/*
 * system_config.c - configuration space of one PCI function, decoded.
 *
 * Without root the kernel gives the first 64 bytes only: header, but no capability. A function of conventional PCI
 * has 256 bytes; extended capabilities begin behind those.
 */
#include "inspect/system_config.h"

#include <string.h>

#include "spec/pci.h"

struct space {
    const uint8_t *bytes;
    unsigned length;
};

/* All ones outside, as hardware answers where nothing is. */
static uint32_t get(const struct space *space, unsigned offset, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)(offset + i < space->length ? space->bytes[offset + i] : 0xffu) << 8 * i;
    return value;
}

/* Offset of a capability, or 0. */
static unsigned find(const struct space *space, unsigned id)
{
    if ((get(space, SPEC_PCI_STATUS, 2) & SPEC_PCI_STATUS_CAP_LIST) == 0)
        return 0;
    unsigned at = get(space, SPEC_PCI_CAP_POINTER, 1) & 0xfcu;
    for (unsigned i = 0; i < SPEC_PCI_CAP_MAX && at >= SPEC_PCI_CAP_FIRST && at + 2 <= space->length; i++) {
        if (get(space, at + SPEC_PCI_CAP_ID, 1) == id)
            return at;
        at = get(space, at + SPEC_PCI_CAP_NEXT, 1) & 0xfcu;
    }
    return 0;
}

static enum inspect_port port_of(uint32_t flags)
{
    switch ((enum spec_pci_exp_type)SPEC_GET(SPEC_PCI_EXP_FLAGS_TYPE, flags)) {
    case SPEC_PCI_EXP_ENDPOINT:
    case SPEC_PCI_EXP_LEGACY_ENDPOINT:
        return INSPECT_PORT_ENDPOINT;
    case SPEC_PCI_EXP_ROOT_PORT:
        return INSPECT_PORT_ROOT;
    case SPEC_PCI_EXP_UPSTREAM:
        return INSPECT_PORT_UPSTREAM;
    case SPEC_PCI_EXP_DOWNSTREAM:
        return INSPECT_PORT_DOWNSTREAM;
    case SPEC_PCI_EXP_PCI_BRIDGE:
        return INSPECT_PORT_TO_PCI;
    case SPEC_PCI_EXP_PCIE_BRIDGE:
        return INSPECT_PORT_TO_EXPRESS;
    case SPEC_PCI_EXP_INTEGRATED_ENDPOINT:
        return INSPECT_PORT_INTEGRATED;
    case SPEC_PCI_EXP_EVENT_COLLECTOR:
        return INSPECT_PORT_COLLECTOR;
    }
    return INSPECT_PORT_UNKNOWN;
}

static void decode_express(const struct space *space, struct inspect_config *config)
{
    if (space->length < SPEC_PCI_CONFIG_BYTES) {
        config->port = INSPECT_PORT_UNKNOWN;
        return;
    }
    unsigned at = find(space, SPEC_PCI_CAP_ID_EXP);
    config->prefixes = INSPECT_NO;
    if (at == 0) {
        config->port = INSPECT_PORT_CONVENTIONAL;
        return;
    }
    uint32_t flags = get(space, at + SPEC_PCI_EXP_FLAGS, 2);
    config->port = port_of(flags);
    /* The first version of the capability ends before the second set of registers. */
    if (SPEC_GET(SPEC_PCI_EXP_FLAGS_VERSION, flags) >= 2 && at + SPEC_PCI_EXP_DEVCAP2 + 4 <= SPEC_PCI_CONFIG_BYTES &&
        (get(space, at + SPEC_PCI_EXP_DEVCAP2, 4) & SPEC_PCI_EXP_DEVCAP2_PREFIX) != 0)
        config->prefixes = INSPECT_YES;
}

static void decode_pasid(const struct space *space, unsigned at, struct inspect_config *config)
{
    uint32_t width = SPEC_GET(SPEC_PCI_PASID_CAP_WIDTH, get(space, at + SPEC_PCI_PASID_CAP, 2));
    config->pasid = true;
    config->pasid_bits = (uint8_t)(width > 20 ? 20 : width); /* a PASID has 20 bits */
    config->pasid_enabled = (get(space, at + SPEC_PCI_PASID_CTRL, 2) & SPEC_PCI_PASID_CTRL_ENABLE) != 0;
}

static bool is_siov(const struct space *space, unsigned at)
{
    uint32_t vendor = SPEC_GET(SPEC_PCI_DVSEC_HEADER1_VENDOR, get(space, at + SPEC_PCI_DVSEC_HEADER1, 4));
    return vendor == SPEC_PCI_VENDOR_INTEL &&
           SPEC_GET(SPEC_PCI_DVSEC_HEADER2_ID, get(space, at + SPEC_PCI_DVSEC_HEADER2, 2)) == SPEC_PCI_DVSEC_ID_SIOV;
}

static void decode_extended(const struct space *space, unsigned id, unsigned at, struct inspect_config *config)
{
    switch (id) {
    case SPEC_PCI_EXT_ID_ATS:
        config->ats = true;
        config->ats_enabled = (get(space, at + SPEC_PCI_ATS_CTRL, 2) & SPEC_PCI_ATS_CTRL_ENABLE) != 0;
        break;
    case SPEC_PCI_EXT_ID_PRI:
        config->pri = true;
        config->pri_enabled = (get(space, at + SPEC_PCI_PRI_CTRL, 2) & SPEC_PCI_PRI_CTRL_ENABLE) != 0;
        break;
    case SPEC_PCI_EXT_ID_PASID:
        decode_pasid(space, at, config);
        break;
    case SPEC_PCI_EXT_ID_ACS:
        config->acs = true;
        config->acs_capability = (uint16_t)get(space, at + SPEC_PCI_ACS_CAP, 2);
        config->acs_control = (uint16_t)get(space, at + SPEC_PCI_ACS_CTRL, 2);
        break;
    case SPEC_PCI_EXT_ID_SRIOV:
        config->sriov = true;
        break;
    case SPEC_PCI_EXT_ID_DVSEC:
        config->siov = config->siov || is_siov(space, at);
        break;
    default:
        break;
    }
}

static void walk_extended(const struct space *space, struct inspect_config *config)
{
    unsigned at = SPEC_PCI_EXT_FIRST;
    for (unsigned i = 0; i < SPEC_PCI_EXT_MAX && at >= SPEC_PCI_EXT_FIRST && at + 4 <= space->length; i++) {
        uint32_t header = get(space, at, 4);
        if (header == 0 || header == UINT32_MAX)
            return;
        decode_extended(space, SPEC_GET(SPEC_PCI_EXT_ID, header), at, config);
        at = SPEC_GET(SPEC_PCI_EXT_NEXT, header) & ~3u;
    }
}

static enum inspect_answer extended_known(const struct inspect_config *config)
{
    if (config->bytes > SPEC_PCI_CONFIG_BYTES)
        return INSPECT_YES;
    return config->bytes == SPEC_PCI_CONFIG_BYTES && config->port == INSPECT_PORT_CONVENTIONAL ? INSPECT_NO
                                                                                               : INSPECT_UNKNOWN;
}

void inspect_config_decode(const uint8_t *bytes, unsigned length, struct inspect_config *config)
{
    const struct space space = {bytes, length};
    *config = (struct inspect_config){.bytes = length, .port = INSPECT_PORT_UNKNOWN};
    uint32_t header = get(&space, SPEC_PCI_HEADER_TYPE, 1);
    /* A virtual function's vendor reads as all ones too; if the header does, nothing answers. */
    if (length < SPEC_PCI_CAP_FIRST || header == 0xff)
        return;
    config->vendor = (uint16_t)get(&space, SPEC_PCI_VENDOR, 2);
    config->device = (uint16_t)get(&space, SPEC_PCI_DEVICE, 2);
    config->class_code = get(&space, SPEC_PCI_PROG_IF, 3);
    config->multifunction = (header & SPEC_PCI_HEADER_MULTIFUNCTION) != 0;
    config->bridge = SPEC_GET(SPEC_PCI_HEADER_LAYOUT, header) == SPEC_PCI_HEADER_BRIDGE ||
                     SPEC_GET(SPEC_PCI_HEADER_LAYOUT, header) == SPEC_PCI_HEADER_CARDBUS;
    if (config->bridge) {
        config->secondary = (uint8_t)get(&space, SPEC_PCI_SECONDARY_BUS, 1);
        config->subordinate = (uint8_t)get(&space, SPEC_PCI_SUBORDINATE_BUS, 1);
    }
    decode_express(&space, config);
    config->extended = extended_known(config);
    if (config->extended == INSPECT_YES)
        walk_extended(&space, config);
}
