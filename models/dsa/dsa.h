/* SPDX-License-Identifier: MIT */
/*
 * models/dsa/dsa.h - the inside of the modelled accelerator. A descriptor's way: submit (queue.c)
 * puts it into its queue, run or a draining command (command.c) takes it out, descriptor.c checks
 * it and writes its completion record, operation.c moves the bytes. registers.c is BAR 0, error.c
 * the software error register.
 *
 * Locks: `engine` is held while descriptors are carried out and over every command, so a command
 * never meets a descriptor half done; `lock` guards registers, configuration and queues for
 * moments, never during DMA or a call out. Order: engine, then lock. Functions named ..._locked
 * want `lock` held.
 */
#ifndef IOMMUKIT_MODELS_DSA_DSA_H
#define IOMMUKIT_MODELS_DSA_DSA_H

#include "iommukit/model/dsa.h"
#include "models/dsa/lock.h"
#include "spec/dsa.h"

/* Errno's numbers, negated on return. */
#define DSA_ENOMEM 12
#define DSA_EINVAL 22

#define DSA_GROUPS_MAX  64u
#define DSA_ENGINES_MAX 64u
#define DSA_GRPCFG_AT   0x1000u /* where BAR 0 has the tables */
#define DSA_WQCFG_AT    0x2000u
#define DSA_WQCFG_WORDS 8u
#define DSA_NO_ENTRY    UINT32_MAX

/* A descriptor and what its requests carry. */
struct dsa_work {
    uint8_t descriptor[SPEC_DSA_DESC_BYTES];
    unsigned queue;
    bool has_pasid;
    bool privileged;
    uint32_t pasid;
    unsigned transfer_lg2; /* the queue's limit */
};

/* Queue entries come out of one pool and are chained, so that a queue of any size costs nothing
 * empty. */
struct dsa_entry {
    struct dsa_work work;
    uint32_t next;
};

struct dsa_list {
    uint32_t first, last; /* DSA_NO_ENTRY: empty */
    uint32_t count;
};

struct dsa_queue {
    uint32_t config[DSA_WQCFG_WORDS];
    bool enabled;   /* its configuration must not change */
    bool accepting; /* false already while a disable drains it */
    struct dsa_list list;
};

struct dsa_group {
    uint64_t queues, engines;
    uint32_t flags;
};

struct iommu_model_dsa {
    struct iommu_model_dsa_config config;
    struct model_lock engine, lock;
    enum spec_dsa_state state;
    uint32_t genctrl, intcause, cmdsts;
    uint64_t swerr[4];
    uint32_t pending; /* interrupts to deliver once the locks are released */
    struct dsa_queue queues[IOMMU_MODEL_DSA_QUEUES_MAX];
    struct dsa_group groups[DSA_GROUPS_MAX];
    struct dsa_entry *entries;
    uint32_t free_entries; /* first of the chain */
    unsigned next_queue;   /* round robin */
    struct iommu_model_dsa_stats stats;
};

/* ---- device.c ---- */
/* Release `lock`, with no other lock held, and deliver what is pending. */
void dsa_leave(struct iommu_model_dsa *dsa);
uint64_t dsa_all_queues(const struct iommu_model_dsa *dsa);
/* Configuration to reset values; the queues must be empty. */
void dsa_reset_locked(struct iommu_model_dsa *dsa);

/* ---- registers.c ---- */
uint32_t dsa_read_locked(const struct iommu_model_dsa *dsa, uint32_t offset);
void dsa_write_locked(struct iommu_model_dsa *dsa, uint32_t offset, uint32_t value);

/* ---- queue.c ---- */
void dsa_pool_init(struct iommu_model_dsa *dsa);
uint32_t dsa_queue_size(const struct dsa_queue *queue);
bool dsa_queue_dedicated(const struct dsa_queue *queue);
/* Take the oldest descriptor out. False: empty. */
bool dsa_pop_locked(struct iommu_model_dsa *dsa, struct dsa_list *list, struct dsa_work *work);
/* Throw all of a list away; what was in it counts as aborted. */
void dsa_abort_locked(struct iommu_model_dsa *dsa, struct dsa_list *list);
/* Take out of a queue what carries this PASID, in order. */
struct dsa_list dsa_take_pasid_locked(struct iommu_model_dsa *dsa, struct dsa_queue *queue,
                                      uint32_t pasid);

/* ---- command.c ---- */
/* A write to CMD. Takes `engine`. */
void dsa_command(struct iommu_model_dsa *dsa, uint32_t value);

/* ---- descriptor.c ---- */
/* Carry one descriptor out; `engine` is held, `lock` is not. */
void dsa_execute(struct iommu_model_dsa *dsa, const struct dsa_work *work);

/* ---- error.c ---- */
struct dsa_error {
    uint8_t code;
    bool write;
    uint64_t fault;
    uint32_t invalid_flags;
};
void dsa_error_locked(struct iommu_model_dsa *dsa, const struct dsa_work *work,
                      const struct dsa_error *error);
void dsa_error_acknowledge_locked(struct iommu_model_dsa *dsa, uint32_t bits);
void dsa_cause_locked(struct iommu_model_dsa *dsa, uint32_t cause, bool deliver);

/* ---- operation.c ---- */
/* What will be in the completion record. */
struct dsa_record {
    uint8_t status; /* code, with SPEC_DSA_COMP_STATUS_WRITE */
    uint8_t result;
    uint32_t done;
    uint64_t fault;
    uint32_t invalid_flags;
};

struct dsa_job {
    struct iommu_model_dsa *dsa;
    const struct dsa_work *work;
    uint64_t source, dest;
    uint32_t size;
    struct dsa_record record;
};

/* Which fields an operation uses; without any of them, they are reserved. */
#define DSA_SOURCE   1u /* an address in the source field */
#define DSA_DEST     2u /* an address in the destination field */
#define DSA_DISTINCT 4u /* the two must not overlap */

struct dsa_operation {
    void (*run)(struct dsa_job *job); /* NULL: not offered */
    unsigned uses;
};

/* NULL: no such operation. */
const struct dsa_operation *dsa_operation(uint32_t opcode);
uint64_t dsa_opcap(void);
/* One access of the device. Bytes that went through; *fault_address says where it stopped. */
size_t dsa_access(const struct dsa_job *job, uint64_t address, bool write, void *data, size_t bytes,
                  uint64_t *fault_address);

#endif
