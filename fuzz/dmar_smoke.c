/* SPDX-License-Identifier: MIT */
/*
 * A short run of fuzz/dmar.c without libFuzzer: damaged tables from a seed.
 *
 * dmar_smoke [--seed S] [--from I] [--count N]    tables I to I + N - 1 of the seed
 * dmar_smoke FILE...                              these bytes
 *
 * The tables are read in a child process that first notes which one it is about to read, so that
 * the line to run again can be printed whatever ended it: a signal, a sanitizer, or the alarm of a
 * loop without an end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/dmar_mutate.h"

#define BATCH   256 /* tables in SECONDS, or one of them does not end */
#define SECONDS 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_tables(uint64_t seed, uint64_t from, uint64_t count, volatile uint64_t *at)
{
    struct dmar_build b = {0};

    for (uint64_t i = from; i < from + count; i++) {
        if (i % BATCH == 0 || i == from)
            (void)alarm(SECONDS);
        *at = i;
        dmar_mutate(&b, seed, i);
        LLVMFuzzerTestOneInput(b.bytes, b.length);
    }
    dmar_free(&b);
}

static int smoke(const char *program, uint64_t seed, uint64_t from, uint64_t count)
{
    uint64_t *at =
        mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    pid_t child;

    if (at == MAP_FAILED)
        return 1;
    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        read_tables(seed, from, count, at);
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return 1;
    if (status == 0) {
        printf("%" PRIu64 " damaged tables read, seed %" PRIu64 "\n", count, seed);
        return 0;
    }
    printf("seed %" PRIu64 ", table %" PRIu64 ": the reader did not survive (wait status %#x)\n",
           seed, *at, (unsigned)status);
    printf("again: %s --seed %" PRIu64 " --from %" PRIu64 " --count 1\n", program, seed, *at);
    return 1;
}

static int read_file(const char *name)
{
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(name, "rb");
    size_t size;

    if (!file) {
        perror(name);
        return 1;
    }
    size = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    LLVMFuzzerTestOneInput(bytes, size);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1, from = 0, count = 100000;
    int bad = 0, i;

    for (i = 1; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        uint64_t value = strtoull(argv[i + 1], NULL, 0);

        if (strcmp(argv[i], "--seed") == 0)
            seed = value;
        else if (strcmp(argv[i], "--from") == 0)
            from = value;
        else if (strcmp(argv[i], "--count") == 0)
            count = value;
        else
            return 2;
    }
    if (i == argc)
        return smoke(argv[0], seed, from, count);
    for (; i < argc; i++)
        bad |= read_file(argv[i]);
    return bad;
}
