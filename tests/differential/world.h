/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/world.h - the state of one random world, and what its two files do for each
 * other: episode.c (start, DMA, end) and changes.c (changes of the tables, invalidations).
 */
#ifndef TESTS_DIFFERENTIAL_WORLD_H
#define TESTS_DIFFERENTIAL_WORLD_H

#include "tests/differential/attempt.h"
#include "tests/differential/ledger.h"

#define STEPS     70u
#define CHUNKS    64u   /* of the device's buffer, each with bytes of its own, for writes */
#define READS_AT  1024u /* behind them the buffer takes what is read */
#define READS     80u
#define READS_END (READS_AT + READS * CHUNK_BYTES)
#define ATTEMPTS  (STEPS * 2)
#define STORY     32768u

struct world {
    struct twin *twin;
    struct tally *tally;
    struct tables tables;
    struct qemu_caches caches;
    struct ledger ledger;
    struct attempt attempt[ATTEMPTS];
    unsigned attempts;
    unsigned reads[DEVICES];
    unsigned writes;
    uint64_t seed;
    char said[STORY]; /* all that was done */
    bool dead;
};

/* episode.c */
__attribute__((format(printf, 2, 3))) void world_say(struct world *world, const char *format, ...);
_Noreturn void world_differ(struct world *world, const struct attempt *attempt, const char *what);
void world_dma(struct world *world, unsigned device, uint64_t iova);

/* changes.c */
void world_change(struct world *world);
void world_bad_descriptor(struct world *world);

#endif
