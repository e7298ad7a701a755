/* SPDX-License-Identifier: MIT */
/* bench/linux/linux.h - the parts of the Linux peer; each part's source includes the kernel's file it makes callable. */
#ifndef BENCH_LINUX_H
#define BENCH_LINUX_H

#include "bench/peer.h"

extern const struct bench_peer_table bench_linux_arm, bench_linux_amd_v1, bench_linux_amd_v2, bench_linux_vtd;
extern const struct bench_peer_iova bench_linux_iova;
extern const struct bench_peer_driver bench_linux_driver;

/* iova.c and intel.c for the driver's whole cycle */
uint64_t bench_linux_iova_alloc(void *domain, unsigned long pages);
void bench_linux_iova_free(void *domain, uint64_t iova, unsigned long pages);

#endif
