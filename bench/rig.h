/* SPDX-License-Identifier: MIT */
/*
 * bench/rig.h - iommukit as a program uses it: a host, the driver on it, one device. On the modelled machine, as
 * `iommukit share` has it, or on the bench's unit where the cost of a model would hide that of the driver.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include "bench/measure.h"
#include "bench/unit.h"
#include "iommukit/host/model.h"
#include "iommukit/host/strict.h"
#include "iommukit/vtd.h"

enum bench_hardware { BENCH_MODEL, BENCH_UNIT };

struct bench_rig_config {
    enum bench_hardware hardware;
    bool counted;        /* through the counting host: not for timing */
    bool noncoherent;    /* a unit whose walks do not snoop */
    uint64_t ram_bytes;  /* 0: the host's default */
};

struct bench_rig {
    struct iommu_model_host_machine *host; /* always there: it knows the firmware table */
    struct iommu_posix *posix;             /* the memory in use */
    struct iommu_posix *own_posix;         /* BENCH_UNIT: not the machine's */
    struct bench_unit *unit;
    struct iommu_strict *strict;
    const struct iommu_platform *platform;
    struct iommu *iommu;
    struct iommu_device *device;
};

/* 0, or -1. */
int bench_rig_open(struct bench_rig *rig, const struct bench_rig_config *config);
void bench_rig_close(struct bench_rig *rig);

/* The device that has PASIDs, as a function of the modelled machine. */
#define BENCH_FUNCTION 0u
#define BENCH_RID      0x08u

/* iommukit's own table behind the peers' interface; create wants bench_own_rig. Unmaps of a sweep share a gather, and one
 * sync at its end. */
extern const struct bench_peer_table bench_own_table;
extern struct bench_rig *bench_own_rig;

#endif
