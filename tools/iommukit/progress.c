/* SPDX-License-Identifier: MIT */
/* progress.c - a bar on standard error, for people: only on a terminal, only after a second of waiting. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "share.h"

#define BAR_WIDTH 40u

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void share_progress(struct share *share, const char *what, unsigned done, unsigned total)
{
    double now = seconds();
    if (share->progress_start == 0)
        share->progress_start = now;
    if (now - share->progress_start < 1.0 || now - share->progress_last < 0.1 || !isatty(STDERR_FILENO))
        return;
    share->progress_last = now;

    char bar[BAR_WIDTH + 1];
    unsigned filled = total == 0 ? BAR_WIDTH : (unsigned)((uint64_t)done * BAR_WIDTH / total);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', filled);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%-12s [%s] %u/%u ", what, bar, done, total);
}

void share_progress_end(struct share *share)
{
    if (share->progress_last != 0)
        fputs("\r\033[K", stderr);
    share->progress_last = 0;
}
