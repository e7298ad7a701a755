/* SPDX-License-Identifier: MIT */
/*
 * iommukit/host/qemu.h - a real QEMU as hardware: its intel-iommu and `edu` devices, driven over the qtest
 * socket with guest memory shared through a file. No guest operating system runs.
 */
#ifndef IOMMUKIT_HOST_QEMU_H
#define IOMMUKIT_HOST_QEMU_H

#include "iommukit/host/posix.h"

struct iommu_qemu;

struct iommu_qemu_config {
    const char *binary;     /* NULL: $IOMMUKIT_QEMU, else qemu-system-x86_64 */
    bool scalable;          /* x-scalable-mode=on (or its newer spelling) */
    bool caching_mode;
    bool first_stage;       /* QEMU 9.2 and later only */
    uint8_t aw_bits;        /* 39 or 48; 0: 48 */
    unsigned devices;       /* edu devices, 1 to 16; each a PCI function on bus 0 */
    const char *iommu_options; /* appended to the intel-iommu properties; NULL: none */
    uint32_t timeout_ms;    /* for each exchange; 0: 10000 */
};

IOMMU_BEGIN_DECLS

/* Start QEMU, set up its devices (BARs, bus mastering). -ENODEV: no such binary; -EOPNOTSUPP: this QEMU lacks
 * an option; -EIO, -ETIMEDOUT; *why (static or owned by the library until the next call) says more. */
int iommu_qemu_create(const struct iommu_qemu_config *config, struct iommu_qemu **qemu, const char **why);
/* Stop QEMU and free everything. */
void iommu_qemu_destroy(struct iommu_qemu *qemu);

const struct iommu_platform *iommu_qemu_platform(struct iommu_qemu *qemu);
struct iommu_posix *iommu_qemu_posix(struct iommu_qemu *qemu);
/* "7.2.22" */
const char *iommu_qemu_version(const struct iommu_qemu *qemu);
/* False once QEMU died or stopped answering; every later call fails at once. */
bool iommu_qemu_alive(const struct iommu_qemu *qemu);

/* The firmware's DMAR table as QEMU built it (fw_cfg); the host's storage. NULL: not found. */
const void *iommu_qemu_dmar(struct iommu_qemu *qemu, size_t *bytes);
uint64_t iommu_qemu_unit_base(const struct iommu_qemu *qemu);

/* Requester id of edu device `index`. */
uint16_t iommu_qemu_device_rid(const struct iommu_qemu *qemu, unsigned index);

/* Let edu device `index` copy bytes (1 to 4095) between its own buffer and memory at bus address `iova`:
 * write: buffer to memory. `data` is loaded into, or taken from, the device's buffer. A blocked read gives
 * zeros, a blocked write is lost: QEMU tells the device nothing. 0, or negative. */
int iommu_qemu_dma(struct iommu_qemu *qemu, unsigned index, uint64_t iova, void *data, size_t bytes,
                   bool write);

IOMMU_END_DECLS

#endif
