/* SPDX-License-Identifier: MIT */
/*
 * tests/model_dsa/rig.h - an accelerator on a bus of its own: a few address spaces, chosen by
 * PASID, each with sixteen pages whose rights a test sets. Registers and fields are given as
 * numbers here and in the tests, not through the constants that the model uses.
 */
#ifndef IOMMUKIT_TESTS_MODEL_DSA_RIG_H
#define IOMMUKIT_TESTS_MODEL_DSA_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "iommukit/model/dsa.h"

#define RIG_NO_PASID  UINT32_MAX /* as a space's PASID: untagged requests */
#define RIG_SPACES    4u
#define RIG_BASE      0x100000u /* where each space begins */
#define RIG_PAGES     16u
#define RIG_PAGE      4096u
#define RIG_READ_ONLY 1u
#define RIG_ABSENT    2u

struct rig_space {
    uint32_t pasid;
    uint8_t memory[RIG_PAGES * RIG_PAGE];
    uint8_t page[RIG_PAGES]; /* 0, RIG_READ_ONLY, RIG_ABSENT */
    unsigned accesses;
};

struct rig {
    struct iommu_model_host host;
    struct iommu_model_dsa *dsa;
    struct rig_space space[RIG_SPACES];
    bool pasid_enabled, bus_master;
    unsigned fail_alloc; /* the n-th from now; 0: none */
    size_t bytes_live;
    uint32_t interrupts; /* causes seen */
    unsigned interrupt_calls;
    unsigned privileged_accesses, locked;
    bool has_last;
    struct iommu_model_dma last;
};

/* NULL: 8 queues, 2 engines, 4 groups, 64 entries, transfers up to 2^16. Spaces: PASIDs 5, 6, 7 and
 * none. */
struct rig *rig_new(const struct iommu_model_dsa_config *given);
void rig_free(struct rig *rig);
void rig_host(struct rig *rig); /* only the host hooks, for tests of create */

/* A write to CMD; CMDSTS. */
uint32_t rig_command(struct rig *rig, uint32_t command, uint32_t operand);
/* WQCFG of a queue: dwords 0 to 3. */
void rig_configure(struct rig *rig, unsigned queue, uint32_t size, uint32_t threshold,
                   uint32_t mode, uint32_t limits);
void rig_group(struct rig *rig, unsigned group, uint64_t queues, uint64_t engines);
/* Everything on: queues 0 and 1 dedicated with PASIDs 5 and 6, queue 2 shared (threshold 3), queue
 * 3 dedicated without a PASID; eight entries each. */
void rig_start(struct rig *rig);

struct rig_descriptor {
    uint32_t opcode, flags;
    uint64_t record, source, dest;
    uint32_t size;
};
enum iommu_model_dsa_submit rig_submit(struct rig *rig, unsigned queue, uint32_t pasid,
                                       const struct rig_descriptor *descriptor);
/* Submit with a record that is wanted, run, and return the record's first qword. */
uint64_t rig_do(struct rig *rig, unsigned queue, uint32_t pasid, struct rig_descriptor descriptor);

uint8_t *rig_at(struct rig *rig, unsigned space, uint64_t address);
uint64_t rig_qword(struct rig *rig, unsigned space, uint64_t address);
uint32_t rig_read(struct rig *rig, uint32_t offset);
uint64_t rig_swerr(struct rig *rig, unsigned qword);

/* WQCFG dword 2 with priority 1. */
#define RIG_DEDICATED(pasid) (0x10000011u | (uint32_t)(pasid) << 8)
#define RIG_SHARED           0x10000010u
#define RIG_UNTAGGED         0x00000011u

#endif
