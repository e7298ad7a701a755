/* SPDX-License-Identifier: MIT */
/*
 * bench.h - one run: a modelled machine, the driver under test on it, and the hooks between them.
 *
 * A scenario calls the driver through bench_*() and states what must be so; the first thing that is not ends the
 * run (a long jump back to bench_run), so scenarios read straight down. Everything they make is taken down again by
 * bench_close(), which checks the books.
 */
#ifndef IOMMUKIT_CONFORMANCE_BENCH_H
#define IOMMUKIT_CONFORMANCE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>

#include "conformance/findings.h"
#include "conformance/scenario.h"
#include "conformance/units.h"
#include "iommukit/conformance/conformance.h"
#include "iommukit/error.h"
#include "iommukit/host/model.h"
#include "iommukit/model/lies.h"

#define BENCH_PAGE        UINT64_C(4096)
#define BENCH_RAM         (UINT64_C(32) << 20)
#define BENCH_FRAMES      (BENCH_RAM / BENCH_PAGE)
#define BENCH_DEVICES     4u
#define BENCH_DEVICES_MAX 24u
#define BENCH_DOMAINS_MAX 40u
#define BENCH_ROUTES_MAX  40u
#define BENCH_TLB_MAX     64u
#define BENCH_NO_PASID    IOMMU_CONFORM_NO_PASID
#define BENCH_LINE        64u

enum frame_use { FRAME_OTHER, FRAME_TABLE, FRAME_FREED };

struct bench_frame {
    uint8_t use;
    uint8_t order;   /* of the allocation that starts here */
    uint8_t *shadow; /* what a device reads that does not snoop; NULL: not kept */
};

struct bench_route {
    bool live;
    unsigned domain, device;
    uint32_t pasid;
};

struct bench_domain {
    void *handle;
    bool live;
};

/* What the hooks have seen since the run began. */
struct bench_counts {
    uint64_t mmio_reads, mmio_writes, tails, flush_calls, flush_lines;
    uint64_t write_buffer_flushes;
    uint64_t register_invalidations;
    uint64_t descriptors, waits; /* carried out by the units */
    uint64_t hooks;
};

/* Distinct things that a walk between two stores gave. */
#define SEEN_MAX 24u
struct bench_seen {
    enum iommu_model_outcome outcome;
    uint64_t pa;
    uint16_t domain_id;
    uint8_t fault;
};

struct bench_watch {
    bool on;
    unsigned device;
    uint32_t pasid;
    uint64_t iova;
    unsigned seen_count;
    struct bench_seen seen[SEEN_MAX];
};

struct bench_tlb_entry {
    bool valid;
    unsigned device;
    uint32_t pasid;
    uint64_t page, pa;
    bool write;
};

/* How a run ended. */
enum bench_end { BENCH_RUNNING, BENCH_DONE, BENCH_FAILED, BENCH_INCONCLUSIVE };

struct bench {
    /* what to run */
    const struct iommu_conform_adapter *adapter;
    const struct scenario *scenario;
    const struct unit_row *unit;
    uint32_t lies;
    uint64_t seed;
    /* who is told what it found */
    void (*found)(struct bench *bench, enum finding finding, const char *observed);
    void *found_ctx;
    /* from here on zeroed for each run */
    enum bench_end end;
    uint64_t noted; /* findings of this run, a bit each */
    bool failed;
    uint32_t telling; /* lies, and those that the scenario itself wants */
    sigjmp_buf out;
    /* the machine */
    struct iommu_model_host_machine *host;
    struct iommu_model_machine *machine;
    struct iommu_posix *memory;
    uint8_t *ram;
    unsigned unit_count;
    uint64_t cap[UNITS_MAX], ecap[UNITS_MAX];
    struct iommu_conform_device device[BENCH_DEVICES_MAX];
    unsigned device_unit[BENCH_DEVICES_MAX];
    unsigned device_count;
    uint32_t devtlb_dead; /* bit n: device n does not acknowledge */
    struct bench_tlb_entry tlb[BENCH_TLB_MAX];
    /* the hooks */
    struct iommu_platform platform;
    struct bench_frame frame[BENCH_FRAMES];
    struct bench_object *objects;
    struct bench_counts counts;
    uint64_t now_ns;
    uint64_t hooks_left; /* until the driver counts as hanging */
    bool stalled;        /* the units carry out nothing any more */
    unsigned in_hook;
    bool hold_freed;     /* freed pages are never handed out again */
    bool calling;        /* the driver is at work */
    unsigned fail_alloc; /* the n-th allocation from now fails; 0: none */
    struct bench_watch watch;
    void (*at_hook)(struct bench *bench);
    uint64_t at_hook_value[4];
    /* the driver */
    struct iommu_conform_host offered;
    void *driver;
    bool second_driver; /* the first was abandoned with all it had */
    struct bench_domain domain[BENCH_DOMAINS_MAX];
    unsigned domain_count;
    struct bench_route route[BENCH_ROUTES_MAX];
    unsigned route_count;
    uint64_t random;
    unsigned slots;    /* of address space handed out */
    bool reused;       /* the route or the ids have had an owner before */
    const char *doing; /* the call that is under way, for observations */
    struct iommu_model_result last;
};

/* ---- bench.c: a run from beginning to end */
enum bench_end bench_run(struct bench *bench);
/* May one of the row's units tell each of these? */
bool bench_lies_allowed(const struct unit_row *row, uint32_t lies);
/* Those of them that the capabilities forbid. */
uint32_t bench_lies_forbidden(uint64_t cap, uint64_t ecap, uint32_t lies);
uint32_t bench_breaking_lies(void);
uint32_t bench_final_lies(void);
bool bench_lies_broken(uint32_t lies);
bool bench_broken_hardware(const struct bench *bench);

/* ---- say.c: ends and findings */
void bench_note(struct bench *bench, enum finding finding, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void bench_fail(struct bench *bench, enum finding finding, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));
void bench_leave(struct bench *bench, enum bench_end end) __attribute__((noreturn));

/* ---- calls.c: the driver, with bookkeeping. Those that return nothing end the run when the driver refuses. */
void bench_enter(struct bench *bench, const char *doing); /* a budget for what follows */
unsigned bench_domain(struct bench *bench, unsigned device);
int bench_try_domain(struct bench *bench, unsigned device, unsigned *domain);
int bench_try_map(struct bench *bench, unsigned domain, uint64_t iova, uint64_t pa, uint64_t bytes,
                  uint32_t prot);
void bench_map(struct bench *bench, unsigned domain, uint64_t iova, uint64_t pa, uint64_t bytes,
               uint32_t prot);
int bench_try_unmap(struct bench *bench, unsigned domain, uint64_t iova,
                    uint64_t bytes); /* and sync */
void bench_unmap(struct bench *bench, unsigned domain, uint64_t iova, uint64_t bytes);
int bench_try_attach(struct bench *bench, unsigned domain, unsigned device, uint32_t *pasid);
/* pasid: NO_PASID, or the one wanted; returns the one that it is. */
uint32_t bench_attach(struct bench *bench, unsigned domain, unsigned device, uint32_t pasid);
int bench_try_detach(struct bench *bench, unsigned domain, unsigned device, uint32_t pasid);
void bench_detach(struct bench *bench, unsigned domain, unsigned device, uint32_t pasid);
int bench_try_replace(struct bench *bench, unsigned device, uint32_t pasid, unsigned domain);
int bench_try_free(struct bench *bench, unsigned domain);
void bench_free(struct bench *bench, unsigned domain);
bool bench_is_attached(const struct bench *bench, unsigned device, uint32_t pasid);
/* Bring the driver up on the machine as it is; scenarios that want a say before do it themselves. */
void bench_init(struct bench *bench);
bool bench_take_down(struct bench *bench);

/* ---- machine.c */
void bench_machine_open(struct bench *bench);
void bench_machine_close(struct bench *bench);
uint64_t bench_unit_base(unsigned unit);
bool bench_has_pasid(const struct bench *bench, unsigned device);
bool bench_ats_on(const struct bench *bench, unsigned device);
bool bench_told(const struct bench *bench, enum iommu_model_lie lie);
/* With the lies in which endpoints have TLBs of their own, devtlb.c plays none. */
bool bench_machine_tlbs(const struct bench *bench);
struct iommu_model_vtd *bench_vtd(const struct bench *bench, unsigned device);

/* ---- hooks.c */
void bench_hooks_open(struct bench *bench);
void bench_hooks_close(struct bench *bench);

/* ---- frames.c */
bool bench_is_freed(const struct bench *bench, uint64_t pa);
uint64_t bench_live_pages(const struct bench *bench);
void bench_check_freed(struct bench *bench);
void bench_counts(struct bench *bench, struct bench_counts *counts);

/* ---- command.c: each write of the global command register is held against the status */
void bench_command_seen(struct bench *bench, unsigned unit, uint32_t value);

/* ---- objects.c: what the driver allocated, to be freed when a run is left in the middle */
void *bench_object_alloc(struct bench *bench, size_t bytes);
void bench_object_free(struct bench *bench, void *data, size_t bytes);
void bench_objects_drop(struct bench *bench);

/* ---- supply.c: memory and chance */
uint64_t bench_page(struct bench *bench); /* a page of data; its address marks its contents */
uint64_t bench_pages(struct bench *bench, unsigned pages); /* contiguous, physically aligned */
uint64_t bench_iova(struct bench *bench); /* 1 GiB of nobody else's, plus a random page */
uint64_t bench_random(struct bench *bench);
unsigned bench_pick(struct bench *bench, unsigned below);
/* A PASID that suits unit and device, or NO_PASID: by chance, where both are possible. */
uint32_t bench_some_pasid(struct bench *bench, unsigned device);
uint32_t bench_new_pasid(struct bench *bench, unsigned device); /* one that is free */
uint64_t bench_marker(uint64_t pa);
/* Two devices of different units (of one, if there is but one). */
unsigned bench_other_device(unsigned device);

/* ---- dma.c: devices at work, and what must come of it */
bool bench_dma(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova, uint64_t *value,
               bool write);
/* It reads what lies at pa. */
void bench_expect_page(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                       uint64_t pa);
void bench_expect_write(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                        uint64_t pa);
/* Nothing gets through; otherwise `live` where the tables allow it, `stale` where only a cache does. */
void bench_expect_blocked(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                          bool write, enum finding live, enum finding stale);
/* Try it, and never mind what comes of it: caches get to know. */
void bench_touch(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova);
/* The request, as the unit would answer it now: no side effect. */
void bench_explain(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova, bool write,
                   struct iommu_model_result *result, struct iommu_model_explanation *steps);
/* "device 00:02.0 PASID 5" */
const char *bench_who(struct bench *bench, unsigned device, uint32_t pasid);

/* ---- blame.c: why did a request that should have passed not pass? Ends the run. */
void bench_blame(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova, bool write)
    __attribute__((noreturn));
/* An entry on the way that was never written back; NULL: none. */
const struct iommu_model_step *bench_unflushed(struct bench *bench, unsigned device,
                                               const struct iommu_model_explanation *steps);

/* ---- devtlb.c: what endpoints with ATS on remember */
bool bench_devtlb_find(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                       bool write, uint64_t *pa);
void bench_devtlb_fill(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova,
                       bool write);
bool bench_devtlb_invalidate(void *ctx, unsigned unit,
                             const struct iommu_model_devtlb_invalidation *request);

/* ---- glance.c: walks between two stores */
void bench_watch_begin(struct bench *bench, unsigned device, uint32_t pasid, uint64_t iova);
void bench_watch_end(struct bench *bench);
void bench_glance(struct bench *bench);
bool bench_is_absence(uint8_t reason);
/* Everything seen was as before, as it is now, or not there. */
void bench_expect_whole(struct bench *bench, const struct iommu_model_result *before);

/* ---- guard.c: signals */
void bench_guard_open(void);
void bench_guard_close(void);
void bench_guard_arm(struct bench *bench);
void bench_guard_disarm(void);

#endif
