/* SPDX-License-Identifier: MIT */
/*
 * op.h - one call of a random sequence, with its arguments. Objects are named by slots, so that any part of a
 * sequence can be played again: a slot that is empty then gives a NULL handle, which the API must refuse.
 */
#ifndef IOMMUKIT_TEST_OP_H
#define IOMMUKIT_TEST_OP_H

#include <stddef.h>
#include <stdint.h>

enum op_kind {
    OP_DEVICE_ADD,    /* device, bits: dma_bits */
    OP_DEVICE_REMOVE, /* device */
    OP_DOMAIN_ALLOC, /* domain, stage, bits: iova_bits, flag: identity, device: made for it, or OP_ANY */
    OP_DOMAIN_FREE, /* domain; its gathers are synced before */
    OP_ATTACH,      /* domain, device, min to max */
    OP_REPLACE,     /* device, min: the route's PASID, domain */
    OP_DETACH,      /* device, min */
    OP_ENABLE,      /* device, flag: by the call of 2018 */
    OP_DISABLE,     /* device, flag */
    OP_AUX_ATTACH,  /* domain, device */
    OP_AUX_DETACH,
    OP_AUX_IDS,
    OP_ATTACH_DEVICE,
    OP_DETACH_DEVICE,
    OP_CLAIM, /* device, flag: which owner */
    OP_UNCLAIM,
    OP_MAP,        /* domain, iova, pa, len, prot */
    OP_UNMAP,      /* domain, iova, len: strict */
    OP_UNMAP_LATE, /* and gather */
    OP_SYNC,       /* domain, gather */
    OP_TO_PHYS,    /* domain, iova */
    OP_DMA,        /* device, min: PASID, iova, flag: write */
    OP_EVENTS,
    OP_STOP,
    OP_START,
    OP_COUNT
};

#define OP_ANY 0xffu

struct op {
    uint8_t kind, device, domain, gather, stage, bits, flag;
    uint8_t fail; /* this allocation of the call fails; 0: none */
    uint32_t min, max, prot;
    uint64_t iova, pa, len;
};

/* As a line of C. */
void op_print(const struct op *op, char *text, size_t bytes);

#endif
