/* SPDX-License-Identifier: MIT */
/*
 * tests/qemu/by_hand.h - VT-d driven by hand, with none of the library's own driver: what
 * test_qemu_vtd.c needs to build tables in QEMU's memory and to turn translation on.
 */
#ifndef TESTS_QEMU_BY_HAND_H
#define TESTS_QEMU_BY_HAND_H

#include "iommukit/host/qemu.h"

struct by_hand {
    struct iommu_qemu *qemu;
    const struct iommu_platform *platform;
    uint8_t *base; /* registers */
    bool scalable;
    uint64_t root, contexts, queue, status; /* physical */
    uint64_t tail;                          /* byte offset in the queue */
};

struct by_hand_fault {
    uint16_t rid;
    uint8_t reason;
    bool read;
    uint64_t page;
};

/* Root table, queue, table mode set; no translation yet. */
void by_hand_start(struct by_hand *unit, struct iommu_qemu *qemu, bool scalable);
void by_hand_enable(struct by_hand *unit);

/* A page of zeros, physical. */
uint64_t by_hand_page(struct by_hand *unit);

/* Second-stage tables of four levels under `top`. Bits: 1 read, 2 write; 0 removes the leaf. */
void by_hand_map(struct by_hand *unit, uint64_t top, uint64_t iova, uint64_t pa, uint64_t bits);
/* Let requests of `rid` (without PASID) go through these tables. */
void by_hand_attach(struct by_hand *unit, uint16_t rid, uint64_t top, uint16_t did);

/* Everything; or one page of a domain. Return when the wait has completed. */
void by_hand_invalidate_all(struct by_hand *unit);
void by_hand_invalidate_page(struct by_hand *unit, uint16_t did, uint64_t iova);

/* Take the recorded fault, and clear it. False: there is none. */
bool by_hand_fault(struct by_hand *unit, struct by_hand_fault *fault);

#endif
