/* SPDX-License-Identifier: MIT */
/*
 * bench/bench.h - the rows: what is measured against what, and what came out. The command prints it.
 *
 * A row has one or more parts, each one number with a goal and a must. Ratios are medians over slices in which the
 * candidate and all its rivals ran one after the other; the rival that counts is the fastest.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/peer.h"

#define BENCH_ROWS        20u
#define BENCH_PARTS_MAX   16u
#define BENCH_COUNTS_MAX  12u
#define BENCH_PEERS_MAX   8u
#define BENCH_NAME        64u

enum bench_verdict { BENCH_OPEN, BENCH_GOAL, BENCH_MUST, BENCH_SHORT }; /* OPEN: something was not measured */

enum bench_sense {
    BENCH_TIMES_FASTER, /* rival / candidate, the more the better */
    BENCH_TIMES_LIMIT,  /* candidate / limit, the less the better */
    BENCH_NANOSECONDS,  /* of the candidate, the less the better */
    BENCH_NUMBER,       /* a count, the less the better */
};

#define BENCH_NO_MUST (-1.0)

struct bench_part {
    char name[BENCH_NAME];
    char rival[BENCH_NAME];   /* the fastest; "": none needed */
    char missing[BENCH_NAME]; /* why nothing was measured; "": it was */
    enum bench_sense sense;
    double goal, must;        /* must: BENCH_NO_MUST where the table has none for this part */
    double median, p10, p90;
    double ns, rival_ns;      /* medians; information only */
    enum bench_verdict verdict;
};

/* A number that does not depend on the machine. */
struct bench_count {
    char name[BENCH_NAME];
    double value;
};

struct bench_result {
    unsigned part_count, count_count;
    struct bench_part parts[BENCH_PARTS_MAX];
    struct bench_count counts[BENCH_COUNTS_MAX];
    enum bench_verdict verdict;
};

struct bench_options {
    double seconds;    /* for each measurement; 0: one */
    bool smoke;        /* a few short slices: does it run, not how fast */
    const char *peers; /* directory with peers' shared objects; NULL: none */
};

struct bench {
    struct bench_options options;
    const struct bench_peer *peers[BENCH_PEERS_MAX];
    unsigned peer_count;
};

struct bench_row {
    unsigned id;
    const char *name, *goal, *must;
    void (*run)(struct bench *bench, struct bench_result *result);
};

extern const struct bench_row bench_rows[BENCH_ROWS];

/* Loads the peers; what cannot be loaded is said on standard error. */
void bench_open(struct bench *bench, const struct bench_options *options);
void bench_row_run(struct bench *bench, const struct bench_row *row, struct bench_result *result);
/* Of the worst part; open while a part is, unless another is short. */
enum bench_verdict bench_row_verdict(const struct bench_result *result);
/* The part that decides the row's verdict: the first of the worst. NULL: the row has none. */
const struct bench_part *bench_decisive(const struct bench_result *result);
const char *bench_verdict_name(enum bench_verdict verdict); /* NULL: open */
/* The compiler that built this program. */
const char *bench_compiler(void);

/* What the machine allows, for orientation: one line each, until false. */
bool bench_limit(struct bench *bench, unsigned index, char name[BENCH_NAME], double *ns);

#endif
