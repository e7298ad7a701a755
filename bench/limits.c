/* SPDX-License-Identifier: MIT */
/* bench/limits.c - the limits. Several ways each, because no single one is fastest everywhere. */
#include "bench/limits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP UINT64_C(4096)
#define BITS UINT64_C(3)

/* Vectors of the compiler's, twice: with the instructions that every machine has, and with wider ones where they are. */
typedef uint64_t wide __attribute__((vector_size(32), aligned(8)));

int bench_stores_open(struct bench_stores *stores, size_t words, size_t stride, unsigned count)
{
    *stores = (struct bench_stores){.words = words, .stride = stride, .count = count};
    stores->buffer = aligned_alloc(4096, (stride * count + 4095) & ~(size_t)4095);
    if (stores->buffer == NULL)
        return -1;
    memset(stores->buffer, 0, stride * count);
    return 0;
}

void bench_stores_close(struct bench_stores *stores)
{
    free(stores->buffer);
    stores->buffer = NULL;
}

static uint64_t *run_at(const struct bench_stores *stores, unsigned index)
{
    return stores->buffer + index * stores->stride / sizeof(uint64_t);
}

/* The compiler must not see through. */
static inline void used(const void *memory)
{
    __asm__ volatile("" ::"r"(memory) : "memory");
}

static inline __attribute__((always_inline)) void store_wide(uint64_t *at, size_t words)
{
    wide value = {BITS, BITS + STEP, BITS + 2 * STEP, BITS + 3 * STEP}, step = {4 * STEP, 4 * STEP, 4 * STEP, 4 * STEP};
    for (size_t i = 0; i < words; i += 4, value += step)
        *(wide *)(void *)&at[i] = value;
}

static inline __attribute__((always_inline)) bool zero_wide(const uint64_t *at, size_t words)
{
    wide sum = {0};
    for (size_t i = 0; i < words; i += 4)
        sum |= *(const wide *)(const void *)&at[i];
    return (sum[0] | sum[1] | sum[2] | sum[3]) == 0;
}

static void fill_zero(uint64_t *at, size_t words)
{
    memset(at, 0, words * sizeof *at);
}

static void fill_words(uint64_t *at, size_t words)
{
    for (size_t i = 0; i < words; i++)
        at[i] = BITS + i * STEP;
}

static void fill_vectors(uint64_t *at, size_t words)
{
    store_wide(at, words);
}

static void check_vectors(uint64_t *at, size_t words)
{
    if (zero_wide(at, words))
        store_wide(at, words);
}

static void check_words(uint64_t *at, size_t words)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < words; i++)
        sum |= at[i];
    if (sum == 0)
        fill_words(at, words);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void fill_avx2(uint64_t *at, size_t words)
{
    store_wide(at, words);
}

__attribute__((target("avx2"))) static void check_avx2(uint64_t *at, size_t words)
{
    if (zero_wide(at, words))
        store_wide(at, words);
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
#define fill_avx2 fill_vectors
#define check_avx2 check_vectors
static bool has_avx2(void)
{
    return false;
}
#endif

static inline __attribute__((always_inline)) uint64_t stores_run(struct bench_stores *stores, unsigned times,
                                                                 void (*fill)(uint64_t *, size_t), bool clear)
{
    uint64_t total = 0;
    for (unsigned turn = 0; turn < times; turn++) {
        uint64_t start;
        for (unsigned i = 0; clear && i < stores->count; i++)
            fill_zero(run_at(stores, i), stores->words);
        start = bench_now();
        for (unsigned i = 0; i < stores->count; i++) {
            fill(run_at(stores, i), stores->words);
            used(run_at(stores, i));
        }
        total += bench_now() - start;
    }
    return total;
}

#define STORES_OP(name, fill, clear)                             \
    static uint64_t name(void *ctx, unsigned times)              \
    {                                                            \
        return stores_run((struct bench_stores *)ctx, times, fill, clear); \
    }

STORES_OP(run_memset, fill_zero, false)
STORES_OP(run_words, fill_words, false)
STORES_OP(run_vectors, fill_vectors, false)
STORES_OP(run_avx2, fill_avx2, false)
STORES_OP(run_check_words, check_words, true)
STORES_OP(run_check_vectors, check_vectors, true)
STORES_OP(run_check_avx2, check_avx2, true)

static void set(struct bench_op *op, const char *name, uint64_t (*run)(void *, unsigned), struct bench_stores *stores)
{
    *op = (struct bench_op){.run = run, .ctx = stores, .each = stores->count};
    snprintf(op->name, sizeof op->name, "%s", name);
}

unsigned bench_stores_ops(struct bench_stores *stores, struct bench_op *ops)
{
    set(&ops[0], "memset", run_memset, stores);
    set(&ops[1], "8-byte stores", run_words, stores);
    set(&ops[2], "vector stores", run_vectors, stores);
    if (!has_avx2()) /* cppcheck-suppress knownConditionTrueFalse */
        return 3;
    set(&ops[3], "AVX2 stores", run_avx2, stores);
    return 4;
}

unsigned bench_checked_ops(struct bench_stores *stores, struct bench_op *ops)
{
    set(&ops[0], "check, 8-byte stores", run_check_words, stores);
    set(&ops[1], "check, vector stores", run_check_vectors, stores);
    if (!has_avx2()) /* cppcheck-suppress knownConditionTrueFalse */
        return 2;
    set(&ops[2], "check, AVX2 stores", run_check_avx2, stores);
    return 3;
}

/* ---- one load after the other --------------------------------------------------------------------------------- */

#define LINE_WORDS 8u

void bench_chain_open(struct bench_chain *chain, void *memory, size_t bytes)
{
    uint64_t seed = 88172645463325252u;
    *chain = (struct bench_chain){.memory = memory, .lines = bytes / (LINE_WORDS * sizeof(uint64_t))};
    for (size_t i = 0; i < chain->lines; i++)
        chain->memory[i * LINE_WORDS] = i;
    for (size_t i = chain->lines - 1; i > 0; i--) { /* Sattolo: one cycle through all */
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        size_t other = seed % i;
        uint64_t kept = chain->memory[i * LINE_WORDS];
        chain->memory[i * LINE_WORDS] = chain->memory[other * LINE_WORDS];
        chain->memory[other * LINE_WORDS] = kept;
    }
}

static uint64_t chain_run(void *ctx, unsigned times)
{
    struct bench_chain *chain = ctx;
    uint64_t at = chain->at, start = bench_now(), end;
    for (unsigned i = 0; i < times; i++)
        at = chain->memory[at * LINE_WORDS];
    chain->at = at;
    used(&chain->at);
    end = bench_now();
    return end - start;
}

struct bench_op bench_chain_op(struct bench_chain *chain)
{
    return (struct bench_op){.name = "dependent load", .run = chain_run, .ctx = chain, .each = 1};
}

/* ---- a line between two cores ------------------------------------------------------------------------------------ */

struct ball {
    _Alignas(64) _Atomic uint32_t turn;
    unsigned rounds;
};

static void *partner(void *ctx)
{
    struct ball *ball = ctx;
    for (uint32_t i = 0; i < ball->rounds; i++) {
        while (atomic_load_explicit(&ball->turn, memory_order_acquire) != 2 * i + 1)
            ;
        atomic_store_explicit(&ball->turn, 2 * i + 2, memory_order_release);
    }
    return NULL;
}

/* Batches, because a neighbour that takes one of the cores away spoils the batch; the fastest half is looked at. */
static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double bench_ping_pong(unsigned rounds)
{
    enum { BATCHES = 64 };
    struct ball *ball = aligned_alloc(64, sizeof *ball);
    double batch[BATCHES];
    pthread_t thread;
    uint32_t i = 0;
    rounds = rounds / BATCHES + 1;
    if (ball == NULL)
        return 0;
    *ball = (struct ball){.rounds = rounds * BATCHES};
    if (pthread_create(&thread, NULL, partner, ball) != 0) {
        free(ball);
        return 0;
    }
    for (unsigned at = 0; at < BATCHES; at++) {
        uint64_t start = bench_now();
        for (unsigned turn = 0; turn < rounds; turn++, i++) {
            atomic_store_explicit(&ball->turn, 2 * i + 1, memory_order_release);
            while (atomic_load_explicit(&ball->turn, memory_order_acquire) != 2 * i + 2)
                ;
        }
        batch[at] = (double)(bench_now() - start) / rounds;
    }
    pthread_join(thread, NULL);
    free(ball);
    qsort(batch, BATCHES, sizeof *batch, by_size);
    return batch[BATCHES / 4];
}
