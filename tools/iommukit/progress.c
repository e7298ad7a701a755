/* SPDX-License-Identifier: MIT */
/* progress.c - see progress.h. */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 40u

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t total)
{
    double now = seconds();
    if (progress->start == 0)
        progress->start = now;
    if (now - progress->start < 1.0 || now - progress->last < 0.1)
        return;
    progress->last = now;
    if (!isatty(STDERR_FILENO))
        return;

    char bar[BAR_WIDTH + 1];
    unsigned filled = total == 0 ? BAR_WIDTH : (unsigned)(done * BAR_WIDTH / total);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', filled);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%-12s [%s] %" PRIu64 "/%" PRIu64 " ", what, bar, done, total);
}

void progress_end(struct progress *progress)
{
    if (progress->last != 0 && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    progress->last = 0;
}
