/* SPDX-License-Identifier: MIT */
/*
 * A short run of a fuzz target without libFuzzer: damaged inputs from a seed.
 *
 * fuzz-NAME-smoke [--seed S] [--from I] [--count N]    inputs I to I + N - 1 of the seed
 * fuzz-NAME-smoke FILE...                              these bytes
 *
 * IOMMUKIT_SECONDS=n in the environment goes on for n seconds, whatever the count.
 *
 * Inputs are read in a child process that first notes which one it is about to read, so that the
 * line to run again can be printed whatever ended it: a signal, a sanitizer, or the alarm of a loop
 * without an end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/smoke.h"

#define SECONDS 20 /* for a batch */

struct run {
    const char *program;
    uint64_t seed, from, count;
    time_t until; /* 0: count counts */
};

static void one(uint64_t seed, uint64_t index)
{
    size_t bytes;
    uint8_t *data = smoke_target.make(seed, index, &bytes);

    LLVMFuzzerTestOneInput(data, bytes);
    free(data);
}

static void read_inputs(const struct run *run, volatile uint64_t *at)
{
    for (uint64_t i = 0; run->until ? time(NULL) < run->until : i < run->count; i++) {
        if (i % smoke_target.batch == 0)
            (void)alarm(SECONDS);
        *at = run->from + i;
        one(run->seed, run->from + i);
    }
    ++*at;
}

static int smoke(const struct run *run)
{
    uint64_t *at = mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    pid_t child;

    if (at == MAP_FAILED)
        return 1;
    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        read_inputs(run, at);
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return 1;
    if (status == 0) {
        printf("%" PRIu64 " %s read, seed %" PRIu64 "\n", *at - run->from, smoke_target.inputs, run->seed);
        return 0;
    }
    printf("seed %" PRIu64 ", input %" PRIu64 ": the reader did not survive (wait status %#x)\n", run->seed, *at,
           (unsigned)status);
    printf("again: %s --seed %" PRIu64 " --from %" PRIu64 " --count 1\n", run->program, run->seed, *at);
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
    const char *seconds = getenv("IOMMUKIT_SECONDS");
    struct run run = {.program = argv[0], .seed = 1, .count = smoke_target.count};
    int bad = 0, i;

    if (seconds && argc == 1)
        run.until = time(NULL) + strtol(seconds, NULL, 10);
    for (i = 1; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        uint64_t value = strtoull(argv[i + 1], NULL, 0);

        if (strcmp(argv[i], "--seed") == 0)
            run.seed = value;
        else if (strcmp(argv[i], "--from") == 0)
            run.from = value;
        else if (strcmp(argv[i], "--count") == 0)
            run.count = value;
        else
            return 2;
    }
    if (i == argc)
        return smoke(&run);
    for (; i < argc; i++)
        bad |= read_file(argv[i]);
    return bad;
}
