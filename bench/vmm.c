/* SPDX-License-Identifier: MIT */
/* bench/vmm.c - see vmm.h. */
#include "bench/vmm.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "spec/vtd_queue.h"
#include "spec/vtd_regs.h"

#define ENTRY_ADDRESS 0x000FFFFFFFFFF000u

struct iommu_model_request bench_vmm_request(const struct bench_vmm *vmm, uint64_t iova)
{
    return (struct iommu_model_request){
        .rid = BENCH_RID, .has_pasid = true, .pasid = vmm->pasid, .access = IOMMU_MODEL_READ, .address = iova, .bytes = 8};
}

/* Where the route's table starts: the PASID entry's second-stage pointer, as the model reads it. */
static uint64_t root_of(struct bench_vmm *vmm)
{
    static struct iommu_model_explanation explanation;
    struct iommu_model_request request = bench_vmm_request(vmm, 0);
    struct iommu_model_result result;
    iommu_model_vtd_explain(vmm->unit, &request, &result, &explanation);
    for (unsigned i = 0; i < explanation.count; i++)
        if (strcmp(explanation.step[i].what, "PASID table entry") == 0)
            return explanation.step[i].entry[0] & ENTRY_ADDRESS;
    return 0;
}

int bench_vmm_open(struct bench_vmm *vmm, uint64_t ram_bytes)
{
    const struct bench_rig_config config = {.hardware = BENCH_MODEL, .ram_bytes = ram_bytes};
    *vmm = (struct bench_vmm){0};
    if (bench_rig_open(&vmm->rig, &config) != 0)
        return -1;
    vmm->unit = iommu_model_machine_unit(iommu_host_model_machine(vmm->rig.host), 0);
    if (iommu_domain_alloc(vmm->rig.iommu, NULL, &vmm->domain) != 0 ||
        iommu_map(vmm->domain, 0, 1 << 20, 4096, IOMMU_READ | IOMMU_WRITE) != 0 || /* so that there is a table */
        iommu_attach(vmm->domain, vmm->rig.device, iommu_route_pasid(1), NULL, &vmm->attachment) != 0) {
        bench_vmm_close(vmm);
        return -1;
    }
    vmm->pasid = iommu_attachment_pasid(vmm->attachment);
    vmm->root = root_of(vmm);
    return 0;
}

void bench_vmm_close(struct bench_vmm *vmm)
{
    if (vmm->attachment != NULL)
        iommu_detach(vmm->attachment);
    if (vmm->domain != NULL)
        iommu_domain_free(vmm->domain);
    bench_rig_close(&vmm->rig);
    *vmm = (struct bench_vmm){0};
}

int bench_vmm_forget(struct bench_vmm *vmm)
{
    struct iommu_gather all = {.domain = vmm->domain, .first = 0, .last = (UINT64_C(1) << 48) - 1, .leaf_lg2 = 12};
    return iommu_sync(vmm->domain, &all);
}

uint64_t bench_vmm_translate(const struct bench_vmm *vmm, struct iommu_model_vtd *unit, const uint64_t *iova, unsigned count)
{
    struct iommu_model_request request = bench_vmm_request(vmm, 0);
    struct iommu_model_result result;
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        request.address = iova[i];
        iommu_model_vtd_translate(unit, &request, &result, NULL);
        if (result.outcome != IOMMU_MODEL_OK)
            return 0;
        sum += result.pa;
    }
    return sum;
}

static uint64_t translate_some(const struct bench_vmm *vmm, struct iommu_model_vtd *unit, const uint64_t *iova, unsigned count)
{
    const struct iommu_model_request request = bench_vmm_request(vmm, 0);
    struct iommu_model_result results[BENCH_BATCH];
    uint64_t sum = 0;
    iommu_model_vtd_translate_batch(unit, &request, iova, results, count);
    for (unsigned i = 0; i < count; i++) {
        if (results[i].outcome != IOMMU_MODEL_OK)
            return 0;
        sum += results[i].pa;
    }
    return sum;
}

uint64_t bench_vmm_translate_list(const struct bench_vmm *vmm, struct iommu_model_vtd *unit, const uint64_t *iova, unsigned count)
{
    uint64_t sum = 0;
    for (unsigned done = 0; done < count; done += BENCH_BATCH) {
        uint64_t some = translate_some(vmm, unit, iova + done, count - done < BENCH_BATCH ? count - done : BENCH_BATCH);
        if (some == 0)
            return 0;
        sum += some;
    }
    return sum;
}

/* ---- a second unit -------------------------------------------------------------------------------------------- */

static int memory_read(void *ctx, uint64_t pa, void *to, size_t bytes)
{
    memcpy(to, (uint8_t *)ctx + pa, bytes);
    return 0;
}

static int memory_write(void *ctx, uint64_t pa, const void *from, size_t bytes)
{
    memcpy((uint8_t *)ctx + pa, from, bytes);
    return 0;
}

static int memory_read64(void *ctx, uint64_t pa, uint64_t *value)
{
    *value = __atomic_load_n((uint64_t *)(void *)((uint8_t *)ctx + pa), __ATOMIC_ACQUIRE);
    return 0;
}

static int memory_write64(void *ctx, uint64_t pa, uint64_t value)
{
    __atomic_store_n((uint64_t *)(void *)((uint8_t *)ctx + pa), value, __ATOMIC_RELEASE);
    return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the hook's type; it is written on failure */
static int memory_cas64(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    return !__atomic_compare_exchange_n((uint64_t *)(void *)((uint8_t *)ctx + pa), expected, desired, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static void *object_alloc(void *ctx, size_t bytes)
{
    (void)ctx;
    return calloc(1, bytes);
}

static void object_free(void *ctx, void *object, size_t bytes)
{
    (void)ctx, (void)bytes;
    free(object);
}

struct lock {
    pthread_mutex_t mutex;
};

static void *lock_create(void *ctx)
{
    struct lock *lock = calloc(1, sizeof *lock);
    (void)ctx;
    if (lock != NULL)
        pthread_mutex_init(&lock->mutex, NULL);
    return lock;
}

static void lock_destroy(void *ctx, void *lock)
{
    (void)ctx;
    pthread_mutex_destroy(&((struct lock *)lock)->mutex);
    free(lock);
}

static void lock_acquire(void *ctx, void *lock)
{
    (void)ctx;
    pthread_mutex_lock(&((struct lock *)lock)->mutex);
}

static void lock_release(void *ctx, void *lock)
{
    (void)ctx;
    pthread_mutex_unlock(&((struct lock *)lock)->mutex);
}

/* The driver's root table, a queue of our own, translation on. */
static int start_second(struct bench_vmm *vmm, struct bench_second *second)
{
    struct iommu_vtd_unit_info info;
    if (iommu_vtd_unit_info(vmm->rig.iommu, 0, &info) != 0)
        return -1;
    iommu_model_vtd_write64(second->unit, VTD_REG_RTADDR, info.root_table | SPEC_PUT(VTD_RTADDR_TTM, (uint64_t)VTD_TTM_SCALABLE));
    iommu_model_vtd_write32(second->unit, VTD_REG_GCMD, VTD_GCMD_SRTP);
    iommu_model_vtd_write64(second->unit, VTD_REG_IQT, 0);
    iommu_model_vtd_write64(second->unit, VTD_REG_IQA, second->queue | VTD_IQA_DW);
    iommu_model_vtd_write32(second->unit, VTD_REG_GCMD, VTD_GCMD_QIE);
    iommu_model_vtd_write32(second->unit, VTD_REG_GCMD, VTD_GCMD_QIE | VTD_GCMD_TE);
    return (iommu_model_vtd_read32(second->unit, VTD_REG_GSTS) & VTD_GSTS_TES) != 0 ? 0 : -1;
}

int bench_second_open(struct bench_vmm *vmm, struct bench_second *second)
{
    struct iommu_model_vtd_config config = {.host = &second->host};
    *second = (struct bench_second){.posix = vmm->rig.posix, .memory = iommu_posix_memory(vmm->rig.posix, 0, 0)};
    second->host = (struct iommu_model_host){
        .memory = {.ctx = second->memory, .read = memory_read, .write = memory_write, .read64 = memory_read64,
                   .write64 = memory_write64, .cas64 = memory_cas64},
        .alloc = object_alloc, .free = object_free, .lock_create = lock_create, .lock_destroy = lock_destroy,
        .lock_acquire = lock_acquire, .lock_release = lock_release};
    second->queue = iommu_posix_buffer_alloc(second->posix, 4096);
    if (second->queue == 0 || !iommu_model_vtd_preset("scalable", &config) ||
        iommu_model_vtd_create(&config, &second->unit, NULL) != 0)
        return -1;
    memset(second->memory + second->queue, 0, 4096);
    return start_second(vmm, second);
}

void bench_second_close(struct bench_second *second)
{
    if (second->unit != NULL)
        iommu_model_vtd_destroy(second->unit);
    if (second->queue != 0)
        iommu_posix_buffer_free(second->posix, second->queue, 4096);
    *second = (struct bench_second){0};
}

uint64_t bench_second_run(struct bench_second *second, const uint64_t (*descriptors)[2], unsigned count)
{
    uint32_t slot = iommu_model_vtd_read32(second->unit, VTD_REG_IQT) / VTD_QI_WIDE_BYTES;
    uint64_t start;
    for (unsigned i = 0; i < count; i++, slot = (slot + 1) % BENCH_QUEUE_SLOTS) {
        uint64_t words[4] = {descriptors[i][0], descriptors[i][1], 0, 0};
        memcpy(second->memory + second->queue + (size_t)slot * VTD_QI_WIDE_BYTES, words, sizeof words);
    }
    start = bench_now();
    iommu_model_vtd_write32(second->unit, VTD_REG_IQT, slot * VTD_QI_WIDE_BYTES);
    start = bench_now() - start;
    return iommu_model_vtd_read32(second->unit, VTD_REG_IQH) == slot * VTD_QI_WIDE_BYTES ? start : BENCH_FAILED;
}
