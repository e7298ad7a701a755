/* SPDX-License-Identifier: MIT */
/*
 * platform/qemu/registers.c - register and configuration space hooks over qtest. Called by the
 * posix host, on behalf of the library, from any thread.
 */
#include <stdio.h>

#include "platform/qemu/qemu.h"

#define CONFIG_ADDRESS 0xCF8u
#define CONFIG_DATA    0xCFCu

typedef unsigned long long ull;

void qemu_lock(struct iommu_qemu *qemu)
{
    pthread_mutex_lock(&qemu->mutex);
}

static void say_end(const struct iommu_qemu *qemu, int error)
{
    char words[200], text[256];

    if (!qemu->config.log)
        return;
    qemu_last_words(qemu, words, sizeof words);
    snprintf(text, sizeof text, "QEMU %s: %s",
             error == -IOMMU_ETIMEDOUT ? "does not answer" : "ended", words);
    qemu->config.log(qemu->config.log_ctx, IOMMU_LOG_ERROR, text);
}

/* The first to see that QEMU is gone says so, when nothing is locked any more. */
void qemu_unlock(struct iommu_qemu *qemu)
{
    int error = qemu->qtest.error;
    bool first = error && !atomic_exchange(&qemu->dead, true);

    pthread_mutex_unlock(&qemu->mutex);
    if (first)
        say_end(qemu, error);
}

/* ---- registers ----------------------------------------------------------------------------- */

static uint32_t bus_read32(void *ctx, uint64_t pa)
{
    struct iommu_qemu *qemu = ctx;
    uint64_t value = 0;
    int result;

    qemu_lock(qemu);
    result = qtest_ask(&qemu->qtest, &value, "readl %#llx", (ull)pa);
    qemu_unlock(qemu);
    return result ? UINT32_MAX : (uint32_t)value;
}

static uint64_t bus_read64(void *ctx, uint64_t pa)
{
    struct iommu_qemu *qemu = ctx;
    uint64_t value = 0;
    int result;

    qemu_lock(qemu);
    result = qtest_ask(&qemu->qtest, &value, "readq %#llx", (ull)pa);
    qemu_unlock(qemu);
    return result ? UINT64_MAX : value;
}

static void bus_write(struct iommu_qemu *qemu, const char *command, uint64_t pa, uint64_t value)
{
    qemu_lock(qemu);
    if (!qtest_post(&qemu->qtest, "%s %#llx %#llx", command, (ull)pa, (ull)value))
        qtest_flush(&qemu->qtest);
    qemu_unlock(qemu);
}

static void bus_write32(void *ctx, uint64_t pa, uint32_t value)
{
    bus_write(ctx, "writel", pa, value);
}

static void bus_write64(void *ctx, uint64_t pa, uint64_t value)
{
    bus_write(ctx, "writeq", pa, value);
}

/* ---- configuration space: the classic port pair, which reaches the first 256 bytes --------- */

static void post_address(struct iommu_qemu *qemu, uint16_t rid, uint32_t offset)
{
    qtest_post(&qemu->qtest, "outl %#x %#x", CONFIG_ADDRESS,
               0x80000000u | (uint32_t)rid << 8 | offset);
}

int qemu_config_read(struct iommu_qemu *qemu, uint16_t rid, uint32_t offset, uint32_t *value)
{
    uint64_t read = UINT32_MAX;
    int result;

    post_address(qemu, rid, offset);
    result = qtest_ask(&qemu->qtest, &read, "inl %#x", CONFIG_DATA);
    *value = result ? UINT32_MAX : (uint32_t)read;
    return result;
}

void qemu_config_write(struct iommu_qemu *qemu, uint16_t rid, uint32_t offset, uint32_t value)
{
    post_address(qemu, rid, offset);
    qtest_post(&qemu->qtest, "outl %#x %#x", CONFIG_DATA, value);
    qtest_flush(&qemu->qtest);
}

/* edu is a conventional PCI device, so its extended space reads as if it were not there. */
static bool reachable(uint16_t segment, uint32_t offset)
{
    return segment == 0 && offset < 256 && offset % 4 == 0;
}

static uint32_t pci_read32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset)
{
    struct iommu_qemu *qemu = ctx;
    uint32_t value = UINT32_MAX;

    if (!reachable(segment, offset))
        return value;
    qemu_lock(qemu);
    qemu_config_read(qemu, rid, offset, &value);
    qemu_unlock(qemu);
    return value;
}

static void pci_write32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset, uint32_t value)
{
    struct iommu_qemu *qemu = ctx;

    if (!reachable(segment, offset))
        return;
    qemu_lock(qemu);
    qemu_config_write(qemu, rid, offset, value);
    qemu_unlock(qemu);
}

void qemu_fill_bus(struct iommu_qemu *qemu, struct iommu_posix_config *config)
{
    config->bus_ctx = qemu;
    config->read32 = bus_read32;
    config->read64 = bus_read64;
    config->write32 = bus_write32;
    config->write64 = bus_write64;
    config->pci_read32 = pci_read32;
    config->pci_write32 = pci_write32;
    config->log_ctx = qemu->config.log_ctx;
    config->log = qemu->config.log;
}
