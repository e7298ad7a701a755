/* SPDX-License-Identifier: MIT */
/* accelerator.c - driving the modelled accelerator: offsets and codes as its register layout has them. */
#include "accelerator.h"

#include <string.h>

enum {
    REG_WQCAP = 0x20,
    REG_GRPCAP = 0x30,
    REG_ENGCAP = 0x38,
    REG_TABLES = 0x60,
    REG_CMD = 0xa0,
    REG_CMDSTS = 0xa8,
};
enum { COMMAND_ENABLE = 1, COMMAND_QUEUE_ENABLE = 6, COMMAND_QUEUE_DISABLE = 7, COMMAND_QUEUE_DRAIN = 8,
       COMMAND_DRAIN_PASID = 11 };
enum { FLAG_RECORD_VALID = 1u << 2, FLAG_RECORD_REQUESTED = 1u << 3 };
enum { STATUS_SUCCESS = 1 };

#define COMMAND_SHIFT   20u
#define COMMAND_ACTIVE  (1u << 31)
#define POLLS_MAX       1000u
#define QUEUE_ENTRIES   8u

/* Run a command to its end: its error code, or -1 when it does not finish. */
static int command(struct iommu_model_dsa *dsa, unsigned code, uint32_t operand)
{
    iommu_model_dsa_write32(dsa, REG_CMD, (uint32_t)code << COMMAND_SHIFT | operand);
    for (unsigned poll = 0; poll < POLLS_MAX; poll++) {
        uint32_t status = iommu_model_dsa_read32(dsa, REG_CMDSTS);
        if ((status & COMMAND_ACTIVE) == 0)
            return (int)(status & 0xff);
        iommu_model_dsa_run(dsa, UINT32_MAX); /* drains need the engines */
    }
    return -1;
}

static uint32_t group_table(struct iommu_model_dsa *dsa)
{
    return (uint32_t)(iommu_model_dsa_read64(dsa, REG_TABLES) & 0xffff) * 0x100;
}

static uint32_t queue_block(struct iommu_model_dsa *dsa, unsigned queue)
{
    uint32_t table = (uint32_t)(iommu_model_dsa_read64(dsa, REG_TABLES) >> 16 & 0xffff) * 0x100;
    uint32_t bytes = 32u << (iommu_model_dsa_read64(dsa, REG_WQCAP) >> 24 & 0xf);
    return table + queue * bytes;
}

unsigned accelerator_queues(struct iommu_model_dsa *dsa)
{
    return (unsigned)(iommu_model_dsa_read64(dsa, REG_WQCAP) >> 16 & 0xff);
}

const char *accelerator_enable(struct iommu_model_dsa *dsa)
{
    uint32_t group = group_table(dsa);
    unsigned queues = accelerator_queues(dsa);
    unsigned engines = (unsigned)(iommu_model_dsa_read64(dsa, REG_ENGCAP) & 0xff);
    iommu_model_dsa_write64(dsa, group, queues >= 64 ? UINT64_MAX : (UINT64_C(1) << queues) - 1);
    iommu_model_dsa_write64(dsa, group + 32, (UINT64_C(1) << engines) - 1);
    return command(dsa, COMMAND_ENABLE, 0) == 0 ? NULL : "the accelerator does not come up";
}

const char *accelerator_queue_enable(struct iommu_model_dsa *dsa, unsigned queue, bool dedicated, uint32_t pasid)
{
    uint32_t block = queue_block(dsa, queue);
    uint32_t mode = (dedicated ? 1u : 0u) | 1u << 4 /* priority */ | 1u << 28 /* PASID enable */;
    if (dedicated)
        mode |= pasid << 8;
    iommu_model_dsa_write32(dsa, block, QUEUE_ENTRIES);
    iommu_model_dsa_write32(dsa, block + 4, dedicated ? 0 : QUEUE_ENTRIES);
    iommu_model_dsa_write32(dsa, block + 8, mode);
    iommu_model_dsa_write32(dsa, block + 12, 21); /* transfers up to 2 MiB, no batches */
    return command(dsa, COMMAND_QUEUE_ENABLE, queue) == 0 ? NULL : "its queue cannot be enabled";
}

static uint32_t queue_mask(unsigned queue)
{
    return 1u << (queue % 16) | queue / 16 << 16;
}

const char *accelerator_queue_disable(struct iommu_model_dsa *dsa, unsigned queue)
{
    if (command(dsa, COMMAND_QUEUE_DRAIN, queue_mask(queue)) != 0 ||
        command(dsa, COMMAND_QUEUE_DISABLE, queue_mask(queue)) != 0)
        return "its queue cannot be drained and disabled";
    return NULL;
}

const char *accelerator_drain_pasid(struct iommu_model_dsa *dsa, uint32_t pasid)
{
    return command(dsa, COMMAND_DRAIN_PASID, pasid) == 0 ? NULL : "its requests cannot be drained";
}

static void put32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void put64(uint8_t *at, uint64_t value)
{
    put32(at, (uint32_t)value);
    put32(at + 4, (uint32_t)(value >> 32));
}

bool accelerator_do(struct iommu_model_dsa *dsa, unsigned queue, uint32_t pasid, uint64_t record_iova,
                    volatile uint8_t *record, const struct accelerator_work *work)
{
    uint8_t descriptor[64] = {0};
    put32(descriptor, work->claimed_pasid);
    put32(descriptor + 4, FLAG_RECORD_VALID | FLAG_RECORD_REQUESTED | (uint32_t)work->opcode << 24);
    put64(descriptor + 8, record_iova);
    put64(descriptor + 16, work->source);
    put64(descriptor + 24, work->destination);
    put32(descriptor + 32, work->bytes);

    record[0] = 0;
    record[1] = 0;
    if (iommu_model_dsa_submit(dsa, queue, pasid, false, descriptor) != IOMMU_MODEL_DSA_ACCEPTED)
        return false;
    iommu_model_dsa_run(dsa, UINT32_MAX);
    return (record[0] & 0x7f) == STATUS_SUCCESS && record[1] == 0;
}
