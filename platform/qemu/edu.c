/* SPDX-License-Identifier: MIT */
/*
 * platform/qemu/edu.c - QEMU's `edu` devices: a 4 KiB buffer and one DMA engine each. Set up by
 * qemu.c, used through iommukit/host/qemu.h.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "platform/qemu/qemu.h"

#define EDU_ID        0x11E81234u
#define EDU_BAR_BYTES ((uint64_t)1 << 20)
#define EDU_FIRST_BAR \
    ((uint64_t)0xE0000000) /* in q35's hole for PCI, where nothing else is without firmware */

#define PCI_ID                    0x00u
#define PCI_COMMAND               0x04u
#define PCI_BAR0                  0x10u
#define PCI_COMMAND_MEMORY_MASTER 6u

/* Registers, from the start of the BAR. */
#define EDU_DMA_FROM          0x80u
#define EDU_DMA_TO            0x88u
#define EDU_DMA_BYTES         0x90u
#define EDU_DMA_COMMAND       0x98u
#define EDU_COMMAND_RUN       1u
#define EDU_COMMAND_TO_MEMORY 2u

#define EDU_BUFFER 0x40000u /* the buffer's address as EDU_DMA_FROM and _TO know it */
#define EDU_LIMIT  4095u    /* 4096 bytes abort QEMU 7.2 */

/* A result in the staging page is told from a page that was not written by this many bytes. */
#define PROOF_BYTES 16u

typedef unsigned long long ull;

/* ---- set-up -------------------------------------------------------------------------------- */

uint16_t iommu_qemu_device_rid(const struct iommu_qemu *qemu, unsigned index)
{
    return index < qemu->config.devices ? (uint16_t)((QEMU_FIRST_SLOT + index) << 3) : 0;
}

static int set_up(struct iommu_qemu *qemu, unsigned index, struct qemu_why *why)
{
    struct qemu_edu *edu = &qemu->edus[index];
    uint16_t rid = iommu_qemu_device_rid(qemu, index);
    uint32_t id;
    int result = qemu_config_read(qemu, rid, PCI_ID, &id);

    if (result)
        return qemu_fail(why, result, "QEMU %s ended during set-up", qemu->version);
    if (id != EDU_ID)
        return qemu_fail(why, -IOMMU_ENODEV, "no edu device at slot %u", QEMU_FIRST_SLOT + index);
    edu->bar = EDU_FIRST_BAR + index * EDU_BAR_BYTES;
    edu->home = iommu_posix_buffer_alloc(qemu->posix, IOMMU_PAGE_SIZE);
    if (!edu->home)
        return qemu_fail(why, -IOMMU_ENOMEM, "no memory for a staging page");
    edu->stage_pa = edu->stage_iova = edu->home;
    qemu_config_write(qemu, rid, PCI_BAR0, (uint32_t)edu->bar);
    qemu_config_write(qemu, rid, PCI_COMMAND, PCI_COMMAND_MEMORY_MASTER);
    return 0;
}

int qemu_set_up_devices(struct iommu_qemu *qemu, struct qemu_why *why)
{
    unsigned i;

    for (i = 0; i < qemu->config.devices; i++) {
        int result = set_up(qemu, i, why);

        if (result)
            return result;
    }
    return 0;
}

/* ---- transfers ----------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The device's engine works on a timer of QEMU's virtual clock. */
static int wait_idle(struct iommu_qemu *qemu, const struct qemu_edu *edu)
{
    uint64_t start = now_ms(), command = EDU_COMMAND_RUN;
    ull at = edu->bar + EDU_DMA_COMMAND;

    for (;;) {
        int result = qtest_ask(&qemu->qtest, &command, "readq %#llx", at);

        if (result)
            return result;
        if (!(command & EDU_COMMAND_RUN))
            return 0;
        if (now_ms() - start > qemu->config.timeout_ms)
            return -IOMMU_ETIMEDOUT;
    }
}

static void post_register(struct iommu_qemu *qemu, const struct qemu_edu *edu, unsigned offset,
                          uint64_t value)
{
    ull at = edu->bar + offset;

    qtest_post(&qemu->qtest, "writeq %#llx %#llx", at, (ull)value);
}

static int transfer(struct iommu_qemu *qemu, const struct qemu_edu *edu, uint64_t iova,
                    size_t bytes, bool write)
{
    post_register(qemu, edu, EDU_DMA_FROM, write ? EDU_BUFFER : iova);
    post_register(qemu, edu, EDU_DMA_TO, write ? iova : EDU_BUFFER);
    post_register(qemu, edu, EDU_DMA_BYTES, bytes);
    post_register(qemu, edu, EDU_DMA_COMMAND,
                  EDU_COMMAND_RUN | (write ? EDU_COMMAND_TO_MEMORY : 0));
    return wait_idle(qemu, edu);
}

static bool valid(const struct iommu_qemu *qemu, unsigned index, size_t bytes)
{
    return index < qemu->config.devices && bytes >= 1 && bytes <= EDU_LIMIT;
}

int iommu_qemu_transfer(struct iommu_qemu *qemu, unsigned index, uint64_t iova, size_t bytes,
                        bool write)
{
    int result;

    if (!valid(qemu, index, bytes))
        return -IOMMU_EINVAL;
    qemu_lock(qemu);
    result = transfer(qemu, &qemu->edus[index], iova, bytes, write);
    qemu_unlock(qemu);
    return result;
}

/* ---- by way of the staging page ------------------------------------------------------------ */

uint64_t iommu_qemu_stage(struct iommu_qemu *qemu, unsigned index, uint64_t iova, uint64_t pa)
{
    struct qemu_edu *edu = &qemu->edus[index];

    if (index >= qemu->config.devices)
        return 0;
    qemu_lock(qemu);
    if (!pa)
        pa = edu->home;
    if (iommu_posix_memory(qemu->posix, pa, IOMMU_PAGE_SIZE)) {
        edu->stage_iova = iova;
        edu->stage_pa = pa;
    }
    pa = edu->stage_pa;
    qemu_unlock(qemu);
    return pa;
}

/* Never the same twice, nor anything that a caller's data is likely to begin with. */
static void make_proof(struct iommu_qemu *qemu, uint8_t proof[PROOF_BYTES])
{
    uint64_t words[2];

    qemu->nonce++;
    words[0] = qemu->nonce * 0x9E3779B97F4A7C15u;
    words[1] = ~words[0] * 0xD1B54A32D192ED03u;
    memcpy(proof, words, PROOF_BYTES);
}

static int write_memory(struct iommu_qemu *qemu, const struct qemu_edu *edu, uint8_t *stage,
                        uint64_t iova, const void *data, size_t bytes)
{
    int result;

    memcpy(stage, data, bytes);
    result = transfer(qemu, edu, edu->stage_iova, bytes, false);
    return result ? result : transfer(qemu, edu, iova, bytes, true);
}

static int read_memory(struct iommu_qemu *qemu, const struct qemu_edu *edu, uint8_t *stage,
                       uint64_t iova, void *data, size_t bytes)
{
    uint8_t proof[PROOF_BYTES];
    int result = transfer(qemu, edu, iova, bytes, false);

    if (result)
        return result;
    make_proof(qemu, proof);
    memcpy(stage, proof, PROOF_BYTES);
    result = transfer(qemu, edu, edu->stage_iova, bytes > PROOF_BYTES ? bytes : PROOF_BYTES, true);
    if (result)
        return result;
    if (memcmp(stage, proof, PROOF_BYTES) == 0)
        return -IOMMU_EFAULT;
    memcpy(data, stage, bytes);
    return 0;
}

int iommu_qemu_dma(struct iommu_qemu *qemu, unsigned index, uint64_t iova, void *data, size_t bytes,
                   bool write)
{
    const struct qemu_edu *edu;
    uint8_t *stage;
    int result;

    if (!valid(qemu, index, bytes))
        return -IOMMU_EINVAL;
    qemu_lock(qemu);
    edu = &qemu->edus[index];
    stage = iommu_posix_memory(qemu->posix, edu->stage_pa, IOMMU_PAGE_SIZE);
    if (write)
        result = write_memory(qemu, edu, stage, iova, data, bytes);
    else
        result = read_memory(qemu, edu, stage, iova, data, bytes);
    qemu_unlock(qemu);
    return result;
}
