/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * tests/model_vtd/fixture.h - a VT-d model on a plain array of memory, and tables built by hand.
 *
 * Nothing here knows a driver: entries are put together bit by bit, so that a test states what it means.
 * Physical memory starts at 0 and ends at FX_MEMORY; beyond it nothing answers.
 */
#ifndef TESTS_MODEL_VTD_FIXTURE_H
#define TESTS_MODEL_VTD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "iommukit/model/vtd.h"
#include "spec/vtd_faults.h"
#include "spec/vtd_queue.h"
#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define FX_MEMORY ((uint64_t)16 << 20)
#define FX_NOWHERE ((uint64_t)1 << 35) /* inside every host address width, but no memory */
#define FX_RID 0x0310u                 /* 03:02.0 */
#define FX_OTHER_RID 0x0318u
#define FX_PLAIN (-1)                  /* a request without PASID */
#define FX_LOG 32

struct fx {
    uint8_t *memory;
    uint64_t next_page;
    struct iommu_model_host host;
    struct iommu_model_vtd_config config;
    struct iommu_model_vtd *model;
    uint64_t root;
    uint64_t queue; /* address; 0: none */
    uint64_t tail;
    bool wide;
    uint64_t status; /* where wait descriptors report */
    uint32_t status_value;
    /* what the host saw */
    unsigned events[3];
    uint64_t event_address;
    uint32_t event_data;
    struct iommu_model_devtlb_invalidation devtlb[FX_LOG];
    unsigned devtlbs;
    bool devtlb_dead;
    uint16_t devtlb_dead_rid;
    struct iommu_model_page_response response;
    unsigned responses;
    unsigned reads, tables; /* words read by hook, tables asked for */
    /* what it refuses */
    long allocations, allocations_left; /* left < 0: without limit */
    size_t allocated;
    bool cas_fails;
    unsigned cas_conflicts; /* so many updates find the entry changed */
    uint64_t cas_conflict_value;
    struct iommu_model_result result; /* of the last request */
    struct iommu_model_explanation explanation;
};

/* Creates the model; set or clear capability bits of the preset first through f->config. */
void fx_preset(struct fx *f, const char *preset);
void fx_create(struct fx *f);
void fx_end(struct fx *f);

uint64_t fx_page(struct fx *f); /* zeroed, 4 KiB */
uint64_t fx_pages(struct fx *f, unsigned count);
void fx_put(struct fx *f, uint64_t pa, uint64_t value);
uint64_t fx_get(struct fx *f, uint64_t pa);

/* Registers. */
uint32_t fx_read32(struct fx *f, uint32_t offset);
uint64_t fx_read64(struct fx *f, uint32_t offset);
void fx_write32(struct fx *f, uint32_t offset, uint32_t value);
void fx_write64(struct fx *f, uint32_t offset, uint64_t value);
void fx_command(struct fx *f, uint32_t bit); /* sets one bit the way software should */
void fx_uncommand(struct fx *f, uint32_t bit);
void fx_set_root(struct fx *f, unsigned ttm);
void fx_enable_queue(struct fx *f, bool wide);
void fx_enable(struct fx *f); /* root table of the best mode, queue if there is one, translation */
struct iommu_model_vtd_stats fx_stats(struct fx *f);

/* Start to end: preset, create, enable. */
void fx_begin(struct fx *f, const char *preset);

/* Tables; each returns the address of the entry. */
uint64_t fx_legacy_context(struct fx *f, unsigned rid, unsigned tt, unsigned did, uint64_t table,
                           unsigned levels);
uint64_t fx_context_entry(struct fx *f, unsigned rid); /* scalable or legacy by mode, still empty */
uint64_t fx_scalable_context(struct fx *f, unsigned rid, uint64_t flags, unsigned pdts);
uint64_t fx_directory_entry(struct fx *f, unsigned rid, uint32_t pasid);
uint64_t fx_pasid_entry(struct fx *f, unsigned rid, uint32_t pasid); /* makes what leads there */
uint64_t fx_second_entry(struct fx *f, unsigned rid, uint32_t pasid, unsigned did, uint64_t table,
                         unsigned levels);
uint64_t fx_first_entry(struct fx *f, unsigned rid, uint32_t pasid, unsigned did, uint64_t table,
                        unsigned levels);
uint64_t fx_nested_entry(struct fx *f, unsigned rid, uint32_t pasid, unsigned did, uint64_t first,
                         uint64_t second, unsigned second_levels);

/* Page tables: a leaf of `level` at iova; missing tables are made. Returns the leaf's address. */
uint64_t fx_map_second(struct fx *f, uint64_t table, unsigned levels, uint64_t iova, uint64_t pa,
                       unsigned level, uint64_t bits);
uint64_t fx_map_first(struct fx *f, uint64_t table, unsigned levels, uint64_t iova, uint64_t pa,
                      unsigned level, uint64_t bits);
uint64_t fx_entry_second(struct fx *f, uint64_t table, unsigned levels, uint64_t iova,
                         unsigned level);

/* DMA. pasid FX_PLAIN: none. */
struct iommu_model_request fx_request(unsigned rid, long pasid, uint64_t address,
                                      enum iommu_model_access access);
void fx_send(struct fx *f, const struct iommu_model_request *request); /* with an explanation; the others: without */
enum iommu_model_outcome fx_dma(struct fx *f, unsigned rid, long pasid, uint64_t address,
                                enum iommu_model_access access);
bool fx_reads(struct fx *f, long pasid, uint64_t address, uint64_t pa); /* FX_RID, lands at pa */
uint8_t fx_read_fault(struct fx *f, long pasid, uint64_t address);      /* FX_RID */

/* Queue. */
void fx_submit(struct fx *f, uint64_t w0, uint64_t w1);
bool fx_wait(struct fx *f); /* submits a wait; true if it completed */
void fx_flush_pasid_domain(struct fx *f, unsigned did);
void fx_flush_domain(struct fx *f, unsigned did);
void fx_flush_all(struct fx *f);
uint64_t fx_iotlb(unsigned g, unsigned did);
uint64_t fx_piotlb(unsigned g, unsigned did, uint32_t pasid);
uint64_t fx_pc(unsigned g, unsigned did, uint32_t pasid);
uint64_t fx_cc(unsigned g, unsigned did, unsigned rid, unsigned fm);

/* Seed of a randomised test: IOMMUKIT_SEED or one of the day; printed with the line that repeats it. */
uint64_t fx_seed(void);
uint64_t fx_random(uint64_t *state);

#endif
