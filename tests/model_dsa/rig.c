/* SPDX-License-Identifier: MIT */
/* tests/model_dsa/rig.c - see rig.h. */
#include "tests/model_dsa/rig.h"

#include <stdlib.h>
#include <string.h>

/* ---- host hooks --------------------------------------------------------------------------- */

static void *host_alloc(void *ctx, size_t bytes)
{
    struct rig *rig = ctx;

    if (rig->fail_alloc && --rig->fail_alloc == 0)
        return NULL;
    rig->bytes_live += bytes;
    return calloc(1, bytes);
}

static void host_free(void *ctx, void *object, size_t bytes)
{
    struct rig *rig = ctx;

    rig->bytes_live -= bytes;
    free(object);
}

/* A lock that knows when it is taken twice, given back twice, or thrown away while held. */
static void *lock_create(void *ctx)
{
    return calloc(1, sizeof(bool));
}

static void lock_destroy(void *ctx, void *lock)
{
    assert_false(*(bool *)lock);
    free(lock);
}

static void lock_acquire(void *ctx, void *lock)
{
    struct rig *rig = ctx;

    assert_false(*(bool *)lock);
    *(bool *)lock = true;
    rig->locked++;
}

static void lock_release(void *ctx, void *lock)
{
    struct rig *rig = ctx;

    assert_true(*(bool *)lock);
    *(bool *)lock = false;
    rig->locked--;
}

void rig_host(struct rig *rig)
{
    rig->host.ctx = rig;
    rig->host.alloc = host_alloc;
    rig->host.free = host_free;
    rig->host.lock_create = lock_create;
    rig->host.lock_destroy = lock_destroy;
    rig->host.lock_acquire = lock_acquire;
    rig->host.lock_release = lock_release;
}

/* ---- the bus ------------------------------------------------------------------------------ */

static struct rig_space *find_space(struct rig *rig, const struct iommu_model_dma *access)
{
    uint32_t pasid = access->has_pasid ? access->pasid : RIG_NO_PASID;
    unsigned index;

    for (index = 0; index < RIG_SPACES; index++)
        if (rig->space[index].pasid == pasid)
            return &rig->space[index];
    return NULL;
}

static bool byte_allowed(const struct rig_space *space, uint64_t address, bool write)
{
    uint64_t offset = address - RIG_BASE;

    if (!space || address < RIG_BASE || offset >= sizeof(space->memory))
        return false;
    if (space->page[offset / RIG_PAGE] & RIG_ABSENT)
        return false;
    return !write || !(space->page[offset / RIG_PAGE] & RIG_READ_ONLY);
}

/* At most the engine's lock may be held: who reads registers during DMA must not wait for it. */
static void bus_dma(void *ctx, const struct iommu_model_dma *access,
                    struct iommu_model_dma_result *result)
{
    struct rig *rig = ctx;
    struct rig_space *space = find_space(rig, access);
    uint8_t *data = access->data;

    assert_true(rig->locked <= 1);
    rig->last = *access;
    rig->has_last = true;
    rig->privileged_accesses += access->privileged;
    for (result->done = 0; result->done < access->bytes; result->done++) {
        uint64_t address = access->address + result->done;

        if (!byte_allowed(space, address, access->write)) {
            result->ok = false;
            result->fault_address = address;
            return;
        }
        if (access->write)
            space->memory[address - RIG_BASE] = data[result->done];
        else
            data[result->done] = space->memory[address - RIG_BASE];
    }
    if (space)
        space->accesses++;
    result->ok = true;
}

static bool bus_pasid_enabled(void *ctx)
{
    return ((struct rig *)ctx)->pasid_enabled;
}

static bool bus_master(void *ctx)
{
    return ((struct rig *)ctx)->bus_master;
}

static void bus_interrupt(void *ctx, uint32_t cause)
{
    struct rig *rig = ctx;

    assert_int_equal(rig->locked, 0);
    rig->interrupts |= cause;
    rig->interrupt_calls++;
}

/* ---- setting up --------------------------------------------------------------------------- */

struct rig *rig_new(const struct iommu_model_dsa_config *given)
{
    static const uint32_t pasids[RIG_SPACES] = {5, 6, 7, RIG_NO_PASID};
    struct iommu_model_dsa_config config = {
        .queues = 8, .engines = 2, .groups = 4, .total_size = 64, .max_transfer_lg2 = 16};
    struct rig *rig = calloc(1, sizeof(*rig));
    unsigned index;

    assert_non_null(rig);
    for (index = 0; index < RIG_SPACES; index++)
        rig->space[index].pasid = pasids[index];
    rig_host(rig);
    if (given)
        config = *given;
    config.host = &rig->host;
    config.ctx = rig;
    config.dma = bus_dma;
    config.pasid_enabled = bus_pasid_enabled;
    config.bus_master = bus_master;
    config.interrupt = bus_interrupt;
    rig->pasid_enabled = rig->bus_master = true;
    assert_int_equal(iommu_model_dsa_create(&config, &rig->dsa), 0);
    return rig;
}

void rig_free(struct rig *rig)
{
    iommu_model_dsa_destroy(rig->dsa);
    assert_int_equal(rig->bytes_live, 0);
    assert_int_equal(rig->locked, 0);
    free(rig);
}

uint32_t rig_command(struct rig *rig, uint32_t command, uint32_t operand)
{
    iommu_model_dsa_write32(rig->dsa, 0xA0, command << 20 | operand);
    return rig_read(rig, 0xA8);
}

/* Where the tables are is read from the offsets register, as a driver does. */
static uint32_t table(struct rig *rig, unsigned shift)
{
    return (uint32_t)(iommu_model_dsa_read64(rig->dsa, 0x60) >> shift & 0xFFFF) * 0x100;
}

void rig_configure(struct rig *rig, unsigned queue, uint32_t size, uint32_t threshold,
                   uint32_t mode, uint32_t limits)
{
    uint32_t at = table(rig, 16) + 32 * queue;

    iommu_model_dsa_write32(rig->dsa, at, size);
    iommu_model_dsa_write32(rig->dsa, at + 4, threshold);
    iommu_model_dsa_write32(rig->dsa, at + 8, mode);
    iommu_model_dsa_write32(rig->dsa, at + 12, limits);
}

void rig_group(struct rig *rig, unsigned group, uint64_t queues, uint64_t engines)
{
    uint32_t at = table(rig, 0) + 64 * group;

    iommu_model_dsa_write64(rig->dsa, at, queues);
    iommu_model_dsa_write64(rig->dsa, at + 32, engines);
}

void rig_start(struct rig *rig)
{
    unsigned queue;

    rig_group(rig, 0, 0xF, 0x1);
    rig_configure(rig, 0, 8, 0, RIG_DEDICATED(5), 16);
    rig_configure(rig, 1, 8, 0, RIG_DEDICATED(6), 16);
    rig_configure(rig, 2, 8, 3, RIG_SHARED, 16);
    rig_configure(rig, 3, 8, 0, RIG_UNTAGGED, 16);
    assert_int_equal(rig_command(rig, 1, 0), 0);
    for (queue = 0; queue < 4; queue++)
        assert_int_equal(rig_command(rig, 6, queue), 0);
}

/* ---- descriptors -------------------------------------------------------------------------- */

enum iommu_model_dsa_submit rig_submit(struct rig *rig, unsigned queue, uint32_t pasid,
                                       const struct rig_descriptor *descriptor)
{
    uint8_t bytes[64] = {0};
    uint32_t op = descriptor->opcode << 24 | descriptor->flags;

    memcpy(bytes + 4, &op, 4);
    memcpy(bytes + 8, &descriptor->record, 8);
    memcpy(bytes + 16, &descriptor->source, 8);
    memcpy(bytes + 24, &descriptor->dest, 8);
    memcpy(bytes + 32, &descriptor->size, 4);
    return iommu_model_dsa_submit(rig->dsa, queue, pasid, false, bytes);
}

uint64_t rig_do(struct rig *rig, unsigned queue, uint32_t pasid, struct rig_descriptor descriptor)
{
    static const unsigned spaces[] = {0, 1, 2, 3};
    unsigned space = queue == 2 ? pasid - 5 : spaces[queue];

    if (!descriptor.record)
        descriptor.record = RIG_BASE + 15 * RIG_PAGE;
    descriptor.flags |= 0xC;
    memset(rig_at(rig, space, descriptor.record), 0, 32);
    assert_int_equal(rig_submit(rig, queue, pasid, &descriptor), IOMMU_MODEL_DSA_ACCEPTED);
    assert_int_equal(iommu_model_dsa_run(rig->dsa, 1), 1);
    return rig_qword(rig, space, descriptor.record);
}

uint8_t *rig_at(struct rig *rig, unsigned space, uint64_t address)
{
    return rig->space[space].memory + (address - RIG_BASE);
}

uint64_t rig_qword(struct rig *rig, unsigned space, uint64_t address)
{
    uint64_t value;

    memcpy(&value, rig_at(rig, space, address), sizeof(value));
    return value;
}

uint32_t rig_read(struct rig *rig, uint32_t offset)
{
    return iommu_model_dsa_read32(rig->dsa, offset);
}

uint64_t rig_swerr(struct rig *rig, unsigned qword)
{
    return iommu_model_dsa_read64(rig->dsa, 0xC0 + 8 * qword);
}
