/* SPDX-License-Identifier: MIT */
/*
 * iommukit/model/dsa.h - the device that is shared: a DMA engine in the register and descriptor layout of
 * Intel's Data Streaming Accelerator. Work queues carry a PASID each (dedicated) or take it from every
 * submission (shared, as ENQCMD delivers it); all its DMA goes out with RID and PASID. Any thread may call where
 * the host has locks.
 */
#ifndef IOMMUKIT_MODEL_DSA_H
#define IOMMUKIT_MODEL_DSA_H

#include "iommukit/model/host.h"

/* One accelerator. */
struct iommu_model_dsa;

#define IOMMU_MODEL_DSA_BAR0_BYTES   0x10000u /* its registers */
#define IOMMU_MODEL_DSA_QUEUES_MAX   64u /* work queues */
#define IOMMU_MODEL_DSA_PORTAL_BYTES 0x4000u /* four 4 KiB pages a queue in BAR2 */

/* One DMA access of the device; `bytes` may cross pages. */
struct iommu_model_dma {
    bool has_pasid;   /* it is tagged with `pasid` */
    bool privileged;  /* asks for privileged mode; if has_pasid */
    uint32_t pasid;   /* 20 bits, if has_pasid */
    uint64_t address; /* as the device sends it */
    bool write;       /* data to memory, else memory to data */
    void *data;       /* the caller's */
    size_t bytes;
};

/* Result of one access. `done` bytes went through, all of them if `ok`; else fault_address is that of the first byte
 * that did not. */
struct iommu_model_dma_result {
    bool ok;
    size_t done;
    uint64_t fault_address;
};

/* What the accelerator is like, and what it is connected to. */
struct iommu_model_dsa_config {
    const struct iommu_model_host *host;
    unsigned queues;      /* 1 to 64 */
    unsigned engines;     /* 1 to 64 */
    unsigned groups;      /* 1 to 64 */
    unsigned total_size;  /* entries over all queues, 1 to 65535 */
    unsigned max_transfer_lg2; /* at most 31 */
    bool dedicated_only;  /* no shared queues (WQCAP) */
    void *ctx;            /* handed to the callbacks */
    /* The bus below the device: carry out one access. */
    void (*dma)(void *ctx, const struct iommu_model_dma *access, struct iommu_model_dma_result *result);
    /* Is the function's PASID capability switched on? Bus mastering? NULL: yes. */
    bool (*pasid_enabled)(void *ctx);
    bool (*bus_master)(void *ctx);
    /* NULL: none. Called with no lock held: bits of INTCAUSE and the one below, several at once perhaps. */
    void (*interrupt)(void *ctx, uint32_t cause);
};

/* Cause of the interrupt that a descriptor asked for: no bit of INTCAUSE. */
#define IOMMU_MODEL_DSA_INTERRUPT_DESCRIPTOR 0x80000000u

/* SWERR's error code for a descriptor that a dedicated queue dropped, a number of this model's own. */
#define IOMMU_MODEL_DSA_ERROR_DROPPED 0x80u

/* Counts since creation. */
struct iommu_model_dsa_stats {
    uint64_t submitted, retried, dropped; /* by what iommu_model_dsa_submit() answered */
    uint64_t completed;   /* descriptors carried out, whatever became of them */
    uint64_t aborted;     /* thrown away by an abort or a reset */
    uint64_t page_faults; /* accesses that the bus refused */
    uint64_t software_errors; /* reported in SWERR, or lost because it was taken */
    uint64_t misuse;      /* configuration written while its owner was on, reserved registers written */
};

/* What becomes of a submission. */
enum iommu_model_dsa_submit {
    IOMMU_MODEL_DSA_ACCEPTED, /* it waits in the queue */
    IOMMU_MODEL_DSA_RETRY,   /* shared queue is full, off, or does not take this portal (ENQCMD sets ZF) */
    IOMMU_MODEL_DSA_DROPPED, /* dedicated queue: full or off; counted as a software error */
};

IOMMU_BEGIN_DECLS

/* An accelerator after reset, the caller's until destroyed; config is copied, its host must outlive it.
 * Negative: -22 impossible numbers, -12 no memory. */
int iommu_model_dsa_create(const struct iommu_model_dsa_config *config, struct iommu_model_dsa **out);
/* Free it, with whatever waits in its queues. */
void iommu_model_dsa_destroy(struct iommu_model_dsa *dsa);

/*
 * Read or write BAR0. 64-bit and wider registers may be accessed in aligned parts. What software must fill in before it
 * enables anything: a group's queues and engines (GRPCFG, while the device is off); a queue's size, mode,
 * priority 1 to 15 and transfer limit (WQCFG, while the queue is off; everything is 0 after reset, and a
 * transfer limit of 0 means one byte); for shared queues PASID enable and the threshold.
 * A command is done when the write returns. Draining runs descriptors: their DMA happens inside the write.
 */
uint32_t iommu_model_dsa_read32(struct iommu_model_dsa *dsa, uint32_t offset);
void iommu_model_dsa_write32(struct iommu_model_dsa *dsa, uint32_t offset, uint32_t value);
uint64_t iommu_model_dsa_read64(struct iommu_model_dsa *dsa, uint32_t offset);
void iommu_model_dsa_write64(struct iommu_model_dsa *dsa, uint32_t offset, uint64_t value);

/* The counts so far. */
void iommu_model_dsa_stats(struct iommu_model_dsa *dsa, struct iommu_model_dsa_stats *stats);

/*
 * A 64-byte write to a queue's portal. Dedicated queues (MOVDIR64B): the descriptor's PASID field is ignored
 * and the queue's is used. Shared queues (ENQCMD): `pasid` and `privileged` are what the processor filled in;
 * an unprivileged submission comes through the limited portal and sees `threshold` entries of the queue.
 * Accepted descriptors wait in the queue until iommu_model_dsa_run.
 */
enum iommu_model_dsa_submit iommu_model_dsa_submit(struct iommu_model_dsa *dsa, unsigned queue,
                                                   uint32_t pasid, bool privileged,
                                                   const void *descriptor);

/* Let the engines work: carry out up to `limit` descriptors, round robin over queues; number carried out. */
unsigned iommu_model_dsa_run(struct iommu_model_dsa *dsa, unsigned limit);

IOMMU_END_DECLS

#endif
