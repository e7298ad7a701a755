/* SPDX-License-Identifier: MIT */
/*
 * hand.h - a very small driver by hand, on a machine that lies. It does what the architecture asks for,
 * in order; a test leaves out or misplaces one step by calling the parts itself. Nothing here knows the
 * house's own driver.
 */
#ifndef TESTS_LIES_HAND_H
#define TESTS_LIES_HAND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "iommukit/host/model.h"
#include "spec/vtd_queue.h"
#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define HAND_SEEDS 24u  /* rounds of a test */
#define HAND_MANY  400u /* rounds in which something must happen at least once */
#define HAND_PAGE  UINT64_C(4096)
#define HAND_IOVA  UINT64_C(0x40000000)
#define HAND_PLAIN UINT32_MAX /* a request without PASID */
#define HAND_RID   0x0008u    /* function 0 */
#define HAND_LIE(name) IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_##name)

struct hand {
    struct iommu_model_host_machine *host;
    struct iommu_model_machine *machine;
    struct iommu_posix *memory;
    const struct iommu_platform *platform;
    uint64_t ecap;
    uint64_t seed;
    bool scalable;
    uint64_t root, queue, status;
    uint64_t tail;
    uint32_t status_value;
    struct iommu_model_result last; /* of the last DMA */
};

/* A machine of one unit and two endpoints with PASIDs and ATS. NULL, or why it is refused. */
const char *hand_try(struct hand *h, const char *preset, uint32_t lies, uint64_t seed, uint32_t one_in);
void hand_open(struct hand *h, const char *preset, uint32_t lies, uint64_t seed); /* must not be refused */
void hand_open_often(struct hand *h, const char *preset, uint32_t lies, uint64_t seed, uint32_t one_in);
void hand_close(struct hand *h);
/* Root table, queue, translation on. */
void hand_start(struct hand *h);
/* The seed of round n; the first is printed with the line that replays it. */
uint64_t hand_seed(unsigned round);

/* Memory. A table is zeroed and flushed; a store is a store; put is store and flush. */
uint64_t hand_table(struct hand *h);
uint64_t hand_raw_table(struct hand *h); /* zeroed, not flushed */
void hand_free(struct hand *h, uint64_t pa);
uint64_t hand_buffer(struct hand *h, uint64_t value);
void hand_buffer_done(struct hand *h, uint64_t pa);
volatile uint64_t *hand_at(struct hand *h, uint64_t pa);
void hand_flush(struct hand *h, uint64_t pa, uint64_t bytes);
void hand_put(struct hand *h, uint64_t pa, uint64_t value);

/* Registers. */
uint32_t hand_read32(struct hand *h, uint32_t offset);
uint64_t hand_read64(struct hand *h, uint32_t offset);
void hand_write32(struct hand *h, uint32_t offset, uint32_t value);
void hand_write64(struct hand *h, uint32_t offset, uint64_t value);
bool hand_command(struct hand *h, uint32_t bit); /* one bit, and until the status has followed */

/* Queue. */
void hand_submit(struct hand *h, uint64_t w0, uint64_t w1);
void hand_submit_wait(struct hand *h);
bool hand_done(struct hand *h); /* until the last wait has reported; false: it never does */
bool hand_wait(struct hand *h); /* both */
void hand_flush_domain(struct hand *h, unsigned did);      /* IOTLB, and done */
void hand_flush_pasid(struct hand *h, unsigned did, uint32_t pasid); /* PASID cache, IOTLB, and done */
void hand_devtlb(struct hand *h, uint32_t pasid);          /* all of function 0's entries of that PASID */

/* Tables of function 0. Entries are made present last. */
uint64_t hand_pasid_entry(struct hand *h, uint32_t pasid); /* its address; makes what leads there */
void hand_attach(struct hand *h, uint32_t pasid, unsigned did, uint64_t table);       /* second stage */
void hand_attach_first(struct hand *h, uint32_t pasid, unsigned did, uint64_t table); /* first stage */
uint64_t hand_leaf(struct hand *h, uint64_t table, uint64_t iova); /* address of the 4 KiB entry */
uint64_t hand_map(struct hand *h, uint64_t table, uint64_t iova, uint64_t pa); /* readable, writable */
void hand_ats(struct hand *h);

/* 8 bytes of DMA of function 0. */
bool hand_dma(struct hand *h, uint32_t pasid, uint64_t iova, bool write, uint64_t *value);
bool hand_reads(struct hand *h, uint32_t pasid, uint64_t iova, uint64_t value);
bool hand_blocked(struct hand *h, uint32_t pasid, uint64_t iova);

/* Did that lie strike? And the strikes in words, for people. */
bool hand_struck(struct hand *h, enum iommu_model_lie lie);
void hand_tell(struct hand *h);
struct iommu_model_machine_stats hand_stats(struct hand *h);

#define HAND_CHECK(h, what)                                                          \
    do {                                                                             \
        if (!(what)) {                                                               \
            hand_tell(h);                                                            \
            fail_msg("seed %llu: not so: %s", (unsigned long long)(h)->seed, #what); \
        }                                                                            \
    } while (0)

#endif
