/* SPDX-License-Identifier: MIT */
/* others.c - fault lines of the units that have a line or two each, and of QEMU's own VT-d. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "inspect/faults/draft.h"

static const char unmapped[] =
    "The address is not mapped for this device: DMA after unmapping or past a buffer, or a device that runs before its "
    "driver set it up; look at the device's driver first.";

static void dma(struct fault_draft *draft, enum inspect_fault_vendor vendor, const char *meaning)
{
    fault_plain(draft, vendor, INSPECT_FAULT_DMA, meaning, unmapped);
}

static void use_address(const char *text, const char *name, struct fault_draft *draft)
{
    uint64_t value;
    if (fault_field(text, name, &value))
        fault_set_address(draft, value);
}

/* "translation fault: status:0x800c0002 stream:0 code:0x2 (NO PGD FOR IOVA) at 0xfd68be00" */
static bool parse_dart(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, "apple-dart"), *stream = fault_value(text, "stream");
    uint64_t value;

    if (at == NULL || stream == NULL || !fault_has(at, "translation fault"))
        return false;
    dma(draft, INSPECT_FAULT_APPLE_DART, "translation fault");
    if (fault_number(&stream, &value))
        snprintf(draft->fault.device, sizeof draft->fault.device, "stream:%" PRIu64, value);
    if (fault_field(text, "code", &value))
        fault_code(draft, "0x%" PRIx64, value);
    use_address(text, "at", draft);
    at = strchr(text, '(');
    if (at != NULL)
        fault_more(draft, ": %.*s", (int)strcspn(at + 1, ")"), at + 1);
    return true;
}

/* "14830000.decon: [READ] PAGE FAULT occurred at 0x6715b3e0"; older ones without the direction */
static bool parse_exynos(const char *text, struct fault_draft *draft)
{
    const char *fault = strstr(text, " FAULT occurred at"), *end, *from;

    if (fault == NULL || !fault_has(text, "sysmmu"))
        return false;
    dma(draft, INSPECT_FAULT_EXYNOS, "no mapping, or no right, for the address");
    use_address(text, "occurred at", draft);
    end = strstr(text, ": [READ]");
    draft->fault.access = end != NULL ? INSPECT_ACCESS_READ : INSPECT_ACCESS_UNKNOWN;
    if (end == NULL) {
        end = strstr(text, ": [WRITE]");
        draft->fault.access = end != NULL ? INSPECT_ACCESS_WRITE : INSPECT_ACCESS_UNKNOWN;
    }
    for (from = fault; end == NULL && from > text; from--)
        if (strncmp(from, ": ", 2) == 0)
            end = from;
    if (end == NULL)
        return true;
    for (from = end; from > text && from[-1] != ' ';)
        from--;
    (void)fault_word(&from, ":", draft->fault.device, sizeof draft->fault.device);
    return true;
}

/* "fault type=0x5 iova=0xfcff0001 pa=0x0 larb=0 port=0 layer=1 read" */
static bool parse_mediatek(const char *text, struct fault_draft *draft)
{
    const char *larb = fault_value(text, "larb"), *port = fault_value(text, "port");
    uint64_t type, number, second;

    if (!fault_field(text, "fault type", &type) || !fault_has(text, "iova=") || !fault_has(text, "layer="))
        return false;
    dma(draft, INSPECT_FAULT_MEDIATEK, "translation fault");
    fault_code(draft, "0x%" PRIx64, type);
    use_address(text, "iova", draft);
    if (larb != NULL && port != NULL && fault_number(&larb, &number) && fault_number(&port, &second))
        snprintf(draft->fault.device, sizeof draft->fault.device, "larb%" PRIu64 ":port%" PRIu64, number, second);
    draft->fault.access = fault_has(text, " read")    ? INSPECT_ACCESS_READ
                          : fault_has(text, " write") ? INSPECT_ACCESS_WRITE
                                                      : INSPECT_ACCESS_UNKNOWN;
    return true;
}

/* "01:00:00" is bus, device, function. */
static void use_qemu_device(const char *at, struct fault_draft *draft)
{
    uint64_t part[3];

    for (unsigned i = 0; i < 3; i++)
        if ((i > 0 && *at++ != ':') || !fault_hex_digits(&at, 2, &part[i]))
            return;
    fault_bdf_from_rid((unsigned)(part[0] << 8 | (part[1] & 0x1f) << 3 | (part[2] & 7)), draft->fault.device);
}

/* QEMU says it of its emulated unit. */
static bool parse_qemu(const char *text, struct fault_draft *draft)
{
    const char *at = fault_value(text, "dev"), *detected = fault_after(text, ": detected ");
    uint64_t value;

    if (!fault_has(text, "vtd_") || detected == NULL || !fault_has(text, "iova="))
        return false;
    dma(draft, INSPECT_FAULT_QEMU_VTD, "the emulated unit refused an access: ");
    fault_more(draft, "%.*s", (int)strcspn(detected, "("), detected);
    use_address(text, "iova", draft);
    if (at != NULL)
        use_qemu_device(at, draft);
    if (fault_field(text, "write", &value))
        draft->fault.access = value != 0 ? INSPECT_ACCESS_WRITE : INSPECT_ACCESS_READ;
    if (fault_field(text, "pasid", &value))
        fault_set_pasid(draft, value);
    fault_advice(draft,
                 "The guest did not map the address for this device, or mapped it without the right; with VFIO behind "
                 "it, check that the guest's driver maps before it starts DMA.");
    return true;
}

/* "vtd_irte_get: detected non-present IRTE (index=7, high=0x0, low=0x0)"; its numbers are decimal */
static bool parse_qemu_interrupt(const char *text, struct fault_draft *draft)
{
    const char *sid = fault_value(text, "sid"), *index = fault_value(text, "index");
    uint64_t value;

    if (!fault_has(text, "vtd_") || !fault_has(text, "IRTE") || index == NULL || !fault_number(&index, &value))
        return false;
    fault_plain(
        draft, INSPECT_FAULT_QEMU_VTD, INSPECT_FAULT_INTERRUPT, NULL,
        "The guest's entry is missing, damaged or for another device: the guest freed it while the device still "
        "interrupts, or a migration lost it.");
    fault_meaning(draft, "the emulated unit blocked an interrupt: entry %" PRIu64 " %s", value,
                  fault_has(text, "non-present") ? "is not present"
                  : fault_has(text, "SID")       ? "is not for this requester"
                                                 : "has reserved bits set");
    if (sid != NULL && fault_number(&sid, &value))
        fault_bdf_from_rid((unsigned)value & 0xffff, draft->fault.device);
    return true;
}

/* "Fault 15 devid: 0x10 iotval: 82d01000 iotval2: 0" */
static bool parse_riscv(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, "Fault ");
    uint64_t cause, value;

    if (at == NULL || !fault_number(&at, &cause) || !fault_field(text, "devid", &value))
        return false;
    fault_bdf_from_rid((unsigned)value & 0xffff, draft->fault.device);
    fault_code(draft, "%" PRIu64, cause);
    if (cause >= 256) {
        fault_plain(
            draft, INSPECT_FAULT_RISCV, INSPECT_FAULT_CONFIG,
            "the device's context or its tables are missing, invalid or unreadable",
            "No driver attached the device, or the device directory is damaged: look the cause up in the RISC-V IOMMU "
            "specification.");
        return true;
    }
    dma(draft, INSPECT_FAULT_RISCV,
        cause == 12 || cause == 13 || cause == 15 ? "page fault"
        : cause >= 20 && cause <= 23              ? "guest page fault (second stage)"
                                                  : "access fault");
    use_address(text, "iotval", draft);
    switch (cause) {
    case 0:
    case 1:
    case 12:
    case 20:
        draft->fault.access = INSPECT_ACCESS_EXECUTE;
        break;
    case 4:
    case 5:
    case 13:
    case 21:
        draft->fault.access = INSPECT_ACCESS_READ;
        break;
    case 6:
    case 7:
    case 15:
    case 23:
        draft->fault.access = INSPECT_ACCESS_WRITE;
        break;
    default:
        break;
    }
    return true;
}

/* "rk_iommu fe043e00.iommu: Page fault at 0x00000000ff801000 of type read" */
static bool parse_rockchip(const char *text, struct fault_draft *draft)
{
    const char *type = fault_after(text, " of type ");

    if (type == NULL || !fault_has(text, "Page fault at "))
        return false;
    dma(draft, INSPECT_FAULT_ROCKCHIP, "no mapping, or no right, for the address");
    use_address(text, "fault at", draft);
    draft->fault.access = strncmp(type, "read", 4) == 0    ? INSPECT_ACCESS_READ
                          : strncmp(type, "write", 5) == 0 ? INSPECT_ACCESS_WRITE
                                                           : INSPECT_ACCESS_UNKNOWN;
    return true;
}

/* "fdcdwr2: write @0x877e8400: EMEM address decode error (SMMU translation error [--S])" */
static bool parse_tegra(const char *text, struct fault_draft *draft)
{
    const char *at = strstr(text, " @0x"), *from;
    uint64_t value;

    if (at == NULL || !fault_has(text, "SMMU translation error"))
        return false;
    dma(draft, INSPECT_FAULT_TEGRA, "the memory controller reports an SMMU translation error");
    fault_code(draft, "smmu-translation-error");
    from = at + 2;
    if (fault_hex(&from, &value))
        fault_set_address(draft, value);
    draft->fault.access = at - text >= 5 && strncmp(at - 5, "write", 5) == 0  ? INSPECT_ACCESS_WRITE
                          : at - text >= 4 && strncmp(at - 4, "read", 4) == 0 ? INSPECT_ACCESS_READ
                                                                              : INSPECT_ACCESS_UNKNOWN;
    while (at > text && *at != ':')
        at--;
    for (from = at; from > text && from[-1] != ' ';)
        from--;
    (void)fault_word(&from, ":", draft->fault.device, sizeof draft->fault.device);
    return true;
}

/* "virtio_iommu virtio0: unknown fault from EP 32 at 0x103231000 [RW]" */
static bool parse_virtio(const char *text, struct fault_draft *draft)
{
    const char *at = fault_after(text, " fault from EP "), *from;
    const char *flags = strrchr(text, '[');
    uint64_t endpoint;

    if (at == NULL)
        return false;
    from = at - strlen(" fault from EP ");
    if (!fault_number(&at, &endpoint))
        return false;
    dma(draft, INSPECT_FAULT_VIRTIO, "the host's virtio-iommu refused an access");
    snprintf(draft->fault.device, sizeof draft->fault.device, "ep:%" PRIu64, endpoint);
    while (from > text && from[-1] != ' ')
        from--;
    (void)fault_word(&from, ":", draft->fault.code, sizeof draft->fault.code);
    fault_more(draft, " (%s)", draft->fault.code);
    use_address(at, "at", draft);
    if (flags != NULL && flags > at)
        draft->fault.access = strchr(flags, 'W') != NULL   ? INSPECT_ACCESS_WRITE
                              : strchr(flags, 'R') != NULL ? INSPECT_ACCESS_READ
                              : strchr(flags, 'X') != NULL ? INSPECT_ACCESS_EXECUTE
                                                           : INSPECT_ACCESS_UNKNOWN;
    return true;
}

bool fault_parse_others(const char *text, struct fault_draft *draft)
{
    return parse_dart(text, draft) || parse_exynos(text, draft) || parse_mediatek(text, draft) ||
           parse_qemu(text, draft) || parse_qemu_interrupt(text, draft) || parse_riscv(text, draft) ||
           parse_rockchip(text, draft) || parse_tegra(text, draft) || parse_virtio(text, draft);
}
