/* SPDX-License-Identifier: MIT */
/* bench/rows_threads.c - row 20: one thread and two threads in turn, each doing as much as the one did alone. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "bench/own_dma.h"
#include "bench/peers.h"
#include "bench/rows.h"
#include "bench/vmm.h"

#define PAGE    UINT64_C(4096)
#define GIB     (UINT64_C(1) << 30)
#define THREADS 2u

/* What a thread works on, and how. */
struct work {
    const struct task *task;
    struct bench_rig *rig;
    struct bench_vmm *vmm;
    struct iommu_domain *domain;
    uint64_t iova;
};

struct task {
    const char *name;
    bool shared; /* both threads use one domain, ranges apart */
    bool unit;   /* attached, on the bench's unit: every unmap is invalidated and waited for */
    bool model;  /* translations by the model */
    uint64_t pages; /* 0: addresses of the allocator, nothing is mapped */
};

static const struct task tasks[] = {
    {"4K pair, own domain", false, false, false, 1},
    {"4K pair, shared domain", true, false, false, 1},
    {"16x4K pair, own domain", false, false, false, 16},
    {"16x4K pair, shared domain", true, false, false, 16},
    {"2M as 512x4K pair, own domain", false, false, false, 512},
    {"strict unmap, own domain", false, true, false, 1},
    {"strict unmap, shared domain", true, true, false, 1},
    {"model, IOTLB hit", true, false, true, 1},
#if BENCH_HAS_DMA
    {"IOVA alloc+free, own domain", false, false, false, 0},
    {"IOVA alloc+free, shared domain", true, false, false, 0},
#endif
};

static bool pairs(const struct work *work, unsigned times)
{
    const uint64_t len = work->task->pages * PAGE;
    const unsigned places = work->task->pages > 16 ? 16 : (unsigned)(256 / work->task->pages);
    for (unsigned i = 0; i < times; i++) {
        uint64_t iova = work->iova + i % places * len;
        if (iommu_map(work->domain, iova, GIB + PAGE, len, IOMMU_READ) != 0 || iommu_unmap(work->domain, iova, len, NULL) != 0)
            return false;
    }
    return true;
}

static bool hits(const struct work *work, unsigned times)
{
    uint64_t iova[64];
    for (unsigned i = 0; i < 64; i++)
        iova[i] = work->iova + i * PAGE;
    for (unsigned i = 0; i < times; i++)
        if (bench_vmm_translate(work->vmm, work->vmm->unit, iova, 64) == 0)
            return false;
    return true;
}

#if BENCH_HAS_DMA
static bool addresses(const struct work *work, unsigned times)
{
    uint64_t held[16] = {0};
    for (unsigned i = 0; i < times; i++) {
        uint64_t *slot = &held[i % 16];
        if (*slot != 0)
            own_iova_free(work->domain, *slot, PAGE);
        *slot = own_iova_alloc(work->domain, PAGE);
        if (*slot == 0)
            return false;
    }
    for (unsigned i = 0; i < 16; i++)
        if (held[i] != 0)
            own_iova_free(work->domain, held[i], PAGE);
    return true;
}
#else
static bool addresses(const struct work *work, unsigned times)
{
    (void)work, (void)times;
    return false;
}
#endif

static bool do_work(const struct work *work, unsigned times)
{
    if (work->task->pages == 0)
        return addresses(work, times);
    return work->task->model ? hits(work, times) : pairs(work, times);
}

/* ---- the second thread ---------------------------------------------------------------------------------------- */

struct team {
    const struct bench *bench;
    pthread_t thread;
    pthread_barrier_t gate;
    atomic_uint start; /* both have come through the gate */
    atomic_bool over, failed;
    struct work work[THREADS];
    unsigned times;
    uint64_t start_at[THREADS], end[THREADS]; /* of the last round */
    bool disturbed[THREADS];                  /* somebody else got this thread's core meanwhile */
};

/* Waiting for a lock is the thread's own doing and counts; being thrown off the core is not. */
static long thrown_off(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

static void do_share(struct team *team, unsigned thread)
{
    long before = thrown_off();
    team->start_at[thread] = bench_now();
    if (!do_work(&team->work[thread], team->times))
        atomic_store(&team->failed, true);
    team->end[thread] = bench_now();
    team->disturbed[thread] = thrown_off() != before;
}

/* Two threads leave a barrier at different times; from here they start within a line's way. */
static void line_up(struct team *team, unsigned round)
{
    atomic_fetch_add(&team->start, 1);
    while (atomic_load(&team->start) < THREADS * round)
        ;
}

static void *second(void *ctx)
{
    struct team *team = ctx;
    bench_peers_set_cpu(team->bench, 1);
    for (unsigned round = 1;; round++) {
        pthread_barrier_wait(&team->gate);
        if (atomic_load(&team->over))
            return NULL;
        line_up(team, round);
        do_share(team, 1);
        pthread_barrier_wait(&team->gate);
    }
}

static uint64_t apart(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* Did both have a core from the same moment on? One that was off it while lining up starts when the other is done. */
static bool together(const struct team *team, uint64_t alone)
{
    return !team->disturbed[0] && !team->disturbed[1] && apart(team->start_at[0], team->start_at[1]) < alone / 20;
}

/* Once alone, once together: the ratio of the throughputs. 0: a neighbour had one of the cores, the round says nothing. */
static double scaling(struct team *team, unsigned round)
{
    uint64_t alone, start, end;
    bool disturbed;
    do_share(team, 0);
    alone = team->end[0] - team->start_at[0];
    disturbed = team->disturbed[0];
    pthread_barrier_wait(&team->gate);
    line_up(team, round);
    do_share(team, 0);
    pthread_barrier_wait(&team->gate);
    if (disturbed || !together(team, alone))
        return 0;
    start = team->start_at[0] < team->start_at[1] ? team->start_at[0] : team->start_at[1];
    end = team->end[0] > team->end[1] ? team->end[0] : team->end[1];
    return THREADS * (double)alone / (double)(end - start);
}

static unsigned calibrated(const struct bench *bench, const struct work *work)
{
    const uint64_t slice = bench->options.smoke ? 20000 : 200000;
    for (unsigned times = 1; times < 1u << 24; times *= 2) {
        uint64_t least = UINT64_MAX;
        for (unsigned run = 0; run < 2; run++) { /* twice, as in measure.c */
            uint64_t start = bench_now(), taken;
            if (!do_work(work, times))
                return 0;
            taken = bench_now() - start;
            least = taken < least ? taken : least;
        }
        if (least >= slice)
            return times;
    }
    return 0;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Undisturbed rounds for a median: at least, and wanted where it takes longer than planned; how much longer at most. */
#define LEAST    9u
#define ENOUGH   25u
#define PATIENCE 12u

static void judge(const struct bench *bench, struct bench_part *part, double *values, unsigned count)
{
    qsort(values, count, sizeof *values, by_size);
    if (count < (bench->options.smoke ? 1 : LEAST)) {
        bench_missing(part, "the machine is too busy");
        return;
    }
    bench_fixed(part, values[count / 2]);
    part->p10 = values[count / 10];
    part->p90 = values[count - 1 - count / 10];
}

static void measure(const struct bench *bench, struct team *team, struct bench_part *part)
{
    const unsigned rounds = bench_rounds(bench);
    double *values = calloc(rounds, sizeof *values);
    unsigned count = 0;
    team->bench = bench;
    team->times = calibrated(bench, &team->work[0]);
    pthread_barrier_init(&team->gate, NULL, THREADS);
    if (values == NULL || team->times == 0 || pthread_create(&team->thread, NULL, second, team) != 0) {
        bench_missing(part, team->times == 0 ? "its calls fail" : "no second thread");
        pthread_barrier_destroy(&team->gate);
        free(values);
        return;
    }
    for (unsigned i = 0; i < PATIENCE * rounds && count < rounds && (i < rounds || count < ENOUGH); i++) {
        double value = scaling(team, i + 1);
        if (value > 0)
            values[count++] = value;
    }
    atomic_store(&team->over, true);
    pthread_barrier_wait(&team->gate);
    pthread_join(team->thread, NULL);
    pthread_barrier_destroy(&team->gate);
    if (!atomic_load(&team->failed))
        judge(bench, part, values, count);
    free(values);
}

/* ---- the rigs ------------------------------------------------------------------------------------------------- */

static bool own_domain(struct bench_rig *rig, struct work *work, struct iommu_attachment **attachment)
{
    if (iommu_domain_alloc(rig->iommu, NULL, &work->domain) != 0)
        return false;
    return !work->task->unit || iommu_attach(work->domain, rig->device, iommu_route_any(), NULL, attachment) == 0;
}

static void run_task(struct bench *bench, const struct task *task, struct bench_part *part)
{
    const struct bench_rig_config config = {.hardware = task->unit ? BENCH_UNIT : BENCH_MODEL};
    struct iommu_attachment *attachments[THREADS] = {NULL, NULL};
    struct team *team = calloc(1, sizeof *team);
    struct bench_rig rig;
    if (team == NULL || bench_rig_open(&rig, &config) != 0) {
        free(team);
        return;
    }
    if (task->unit)
        bench_unit_share(rig.unit);
    bool fine = true;
    for (unsigned i = 0; i < THREADS && fine; i++) {
        struct work *work = &team->work[i];
        *work = (struct work){.task = task, .rig = &rig, .iova = (64 + i) * GIB};
        if (task->shared && i > 0)
            work->domain = team->work[0].domain;
        else
            fine = own_domain(&rig, work, &attachments[i]);
        /* A neighbour keeps the leaf table of pairs smaller than that. */
        if (fine && task->pages < 512)
            fine = iommu_map(work->domain, work->iova + 500 * PAGE, PAGE, PAGE, IOMMU_READ) == 0;
    }
    if (fine)
        measure(bench, team, part);
    for (unsigned i = 0; i < THREADS; i++) {
        if (attachments[i] != NULL)
            iommu_detach(attachments[i]);
        if (i == 0 || !task->shared)
            iommu_domain_free(team->work[i].domain);
    }
    bench_rig_close(&rig);
    free(team);
}

static void run_model(struct bench *bench, const struct task *task, struct bench_part *part)
{
    struct team *team = calloc(1, sizeof *team);
    struct bench_vmm vmm;
    if (team == NULL || bench_vmm_open(&vmm, 0) != 0) {
        free(team);
        return;
    }
    for (unsigned i = 0; i < THREADS; i++)
        team->work[i] = (struct work){.task = task, .vmm = &vmm, .iova = 64 * GIB + (uint64_t)i * 64 * PAGE};
    if (iommu_map(vmm.domain, 64 * GIB, GIB + PAGE, 128 * PAGE, IOMMU_READ) == 0)
        measure(bench, team, part);
    bench_vmm_close(&vmm);
    free(team);
}

void bench_row_threads(struct bench *bench, struct bench_result *result)
{
    for (unsigned i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
        struct bench_part *part = bench_part(result, BENCH_TIMES_FASTER, 1.9, 1.7, tasks[i].name);
        (tasks[i].model ? run_model : run_task)(bench, &tasks[i], part);
        if (part->verdict != BENCH_OPEN)
            snprintf(part->rival, sizeof part->rival, "one thread");
    }
}
