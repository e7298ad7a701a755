/* SPDX-License-Identifier: MIT */
/*
 * iommukit/host/qemu.h - a real QEMU as hardware: its intel-iommu and `edu` devices, driven over the qtest
 * socket with guest memory shared through a file. No guest operating system runs. Linux only. Several QEMUs may
 * run at once; each may be used from several threads. QEMU ends when its object is destroyed or the process dies.
 *
 * Register writes are posted, as on a real bus: a later register read is behind them, memory need not be.
 * Once QEMU is dead, registers read as all ones.
 */
#ifndef IOMMUKIT_HOST_QEMU_H
#define IOMMUKIT_HOST_QEMU_H

#include "iommukit/host/posix.h"

/* One running QEMU. */
struct iommu_qemu;

/* The machine to start. All zero but for `devices`: QEMU's defaults. */
struct iommu_qemu_config {
    const char *binary;     /* NULL: $IOMMUKIT_QEMU, else qemu-system-x86_64 */
    bool scalable;          /* x-scalable-mode=on (or its newer spelling) */
    bool caching_mode;      /* CAP.CM: what was not present is cached */
    bool first_stage;       /* QEMU 9.2 and later only */
    uint8_t aw_bits;        /* 39 or 48; 0: 48 */
    unsigned devices;       /* edu devices, 1 to 16; each a PCI function on bus 0 */
    const char *iommu_options; /* appended to the intel-iommu properties; NULL: none */
    uint32_t timeout_ms;    /* for each exchange; 0: 10000 */
    /* Log lines, also of the host itself (QEMU's last words); NULL: dropped. */
    void *log_ctx;
    void (*log)(void *log_ctx, enum iommu_log_level level, const char *text);
};

IOMMU_BEGIN_DECLS

/* Start QEMU, set up its devices (BARs, bus mastering). -ENODEV: no such binary; -EOPNOTSUPP: this QEMU lacks
 * an option; -EIO, -ETIMEDOUT; *why (static or owned by the library until the next call) says more. */
int iommu_qemu_create(const struct iommu_qemu_config *config, struct iommu_qemu **qemu, const char **why);
/* Stop QEMU and free everything. */
void iommu_qemu_destroy(struct iommu_qemu *qemu);

/* Its platform, and the posix host that holds its memory; they live as long as the object. */
const struct iommu_platform *iommu_qemu_platform(struct iommu_qemu *qemu);
struct iommu_posix *iommu_qemu_posix(struct iommu_qemu *qemu);
/* "7.2.22" */
const char *iommu_qemu_version(const struct iommu_qemu *qemu);
/* False once QEMU died or stopped answering; every later call fails at once. */
bool iommu_qemu_alive(const struct iommu_qemu *qemu);

/* The firmware's DMAR table as QEMU built it (fw_cfg); the host's storage. NULL: not found. */
const void *iommu_qemu_dmar(struct iommu_qemu *qemu, size_t *bytes);
/* Physical address of its remapping unit's registers. */
uint64_t iommu_qemu_unit_base(const struct iommu_qemu *qemu);

/* Requester id of edu device `index`. */
uint16_t iommu_qemu_device_rid(const struct iommu_qemu *qemu, unsigned index);

/* One transfer of 1 to 4095 bytes between the start of device `index`'s 4 KiB buffer and memory at bus address
 * `iova`; write: buffer to memory. QEMU tells the device nothing about a blocked one: a blocked read leaves
 * zeros in the buffer, a blocked write is lost. 0, or negative. */
int iommu_qemu_transfer(struct iommu_qemu *qemu, unsigned index, uint64_t iova, size_t bytes, bool write);

/* The device's buffer can only be filled and emptied by DMA, so a device needs a page for that: the 4 KiB of
 * memory at `pa`, which the device reaches at bus address `iova` (readable and writable in every domain that the
 * device is put into). At first a page of the host's own at iova = pa; `pa` 0 means that page. Tells where it
 * is: the page's physical address. */
uint64_t iommu_qemu_stage(struct iommu_qemu *qemu, unsigned index, uint64_t iova, uint64_t pa);

/* Let device `index` write `data` to `iova`, or read it from there, by way of its staging page: two transfers.
 * What a blocked one does is said above. -EFAULT, reads only: the staging page did not receive the
 * result. */
int iommu_qemu_dma(struct iommu_qemu *qemu, unsigned index, uint64_t iova, void *data, size_t bytes,
                   bool write);

/*
 * Let the untagged requests of edu device `index` go through the entry that the PASID table holds for `pasid`;
 * IOMMU_QEMU_NO_PASID: through their own again. Works on the tables in memory, whoever wrote them: by the context
 * entry's RID_PASID where this QEMU honours it, otherwise by a shadow directory that holds a copy of the entry;
 * QEMU forgets what it had cached. -ENOENT: the device has no context entry, or no table covers the PASID.
 */
#define IOMMU_QEMU_NO_PASID UINT32_MAX
int iommu_qemu_use_pasid(struct iommu_qemu *qemu, unsigned index, uint32_t pasid);

IOMMU_END_DECLS

#endif
