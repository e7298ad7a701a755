/* SPDX-License-Identifier: MIT */
/* bench/peers.h - finding the peers' shared objects. */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include "bench/bench.h"

/* All bench-*.so of the directory; a directory that is not there has none. */
void bench_peers_load(struct bench *bench, const char *directory);
void bench_peers_set_cpu(const struct bench *bench, unsigned cpu);

#endif
