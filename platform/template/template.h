/* SPDX-License-Identifier: MIT */
/*
 * platform/template/template.h - a platform to copy into a kernel, a hypervisor or firmware. Start
 * from this when you port iommukit; include/iommukit/platform.h says what each hook owes the
 * library.
 *
 * It assumes what a small kernel has: memory and devices mapped at one constant offset (zero for
 * identity), a piece of that memory for the IOMMU alone, PCI configuration space as memory (ECAM).
 * It needs no libc but memset.
 */
#ifndef PLATFORM_TEMPLATE_TEMPLATE_H
#define PLATFORM_TEMPLATE_TEMPLATE_H

#include <stdatomic.h>

#include "iommukit/platform.h"

/* Blocks of 2^n bytes, n up to the largest order of pages. */
#define TEMPLATE_SIZES 22u

struct template_block {
    struct template_block *next;
};

/* What you know about your machine. */
struct template_config {
    uint64_t offset;    /* virtual = physical + offset, for memory and for devices */
    uint64_t memory_pa; /* memory for tables and objects: yours to give, mapped, write-back */
    uint64_t memory_bytes;
    /* Configuration space of segment 0, bus 0; 0: none, and the hooks stay NULL. */
    uint64_t ecam_pa;
    unsigned ecam_buses;             /* how many buses it has */
    uint64_t ticks_per_us;           /* of the cycle counter; 0: no clock, deadlines count polls */
    void (*print)(const char *line); /* NULL: silence */
};

struct template_host {
    struct iommu_platform platform; /* hand &host.platform to the library */
    struct template_config config;
    atomic_flag busy;      /* guards the two below */
    uintptr_t unused, end; /* memory that was never handed out */
    struct template_block *free[TEMPLATE_SIZES];
};

void template_init(struct template_host *host, const struct template_config *config);

#endif
