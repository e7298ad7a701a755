/* SPDX-License-Identifier: MIT */
/* bench/touch.c - see touch.h. */
#include "bench/touch.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "bench/vmm.h"

#define PAGE UINT64_C(4096)
#define MIB2 (UINT64_C(1) << 21)
#define IOVA (UINT64_C(64) << 30)

static uint8_t *watched;
static volatile sig_atomic_t seen;
static struct sigaction before;

static void on_fault(int number, siginfo_t *info, void *context)
{
    uint8_t *at = info->si_addr;
    (void)number, (void)context;
    if (at < watched || at >= watched + PAGE) {
        sigaction(SIGSEGV, &before, NULL); /* somebody else's: let it happen again */
        return;
    }
    seen = 1;
    mprotect(watched, PAGE, PROT_READ | PROT_WRITE);
}

int bench_touch_watch(uint8_t *page)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    watched = page;
    seen = 0;
    if (sigaction(SIGSEGV, &action, &before) != 0)
        return -1;
    return mprotect(page, PAGE, PROT_NONE);
}

int bench_touch_seen(void)
{
    mprotect(watched, PAGE, PROT_READ | PROT_WRITE);
    sigaction(SIGSEGV, &before, NULL);
    return seen;
}

/* The table of the last entry on the way to the page, as the model walks it. */
static uint8_t *leaf_table(const struct bench_vmm *vmm, uint64_t iova)
{
    static struct iommu_model_explanation explanation;
    struct iommu_model_request request = bench_vmm_request(vmm, iova);
    struct iommu_model_result result;
    iommu_model_vtd_explain(vmm->unit, &request, &result, &explanation);
    if (result.outcome != IOMMU_MODEL_OK || result.page_lg2 != 12)
        return NULL;
    for (unsigned i = explanation.count; i-- > 0;)
        if (strstr(explanation.step[i].what, "level 1") != NULL)
            return iommu_posix_memory(vmm->rig.posix, explanation.step[i].address & ~(PAGE - 1), PAGE);
    return NULL;
}

static int look(struct bench_vmm *vmm)
{
    struct iommu_gather gather;
    uint8_t *table;
    int result;
    if (iommu_map(vmm->domain, IOVA, (UINT64_C(8) << 30) + PAGE, MIB2, IOMMU_READ) != 0)
        return -1;
    table = leaf_table(vmm, IOVA);
    if (table == NULL || bench_touch_watch(table) != 0)
        return -1;
    iommu_gather_init(&gather);
    result = iommu_unmap(vmm->domain, IOVA, MIB2, &gather);
    int looked = bench_touch_seen();
    return result != 0 || iommu_sync(vmm->domain, &gather) != 0 ? -1 : looked;
}

int bench_unmap_reads_table(void)
{
    struct bench_vmm vmm;
    int result;
    if (bench_vmm_open(&vmm, 0) != 0)
        return -1;
    result = look(&vmm);
    bench_vmm_close(&vmm);
    return result;
}
