/* SPDX-License-Identifier: MIT */
/* progress.h - a bar on standard error, for people: only on a terminal, only after a second of waiting. */
#ifndef IOMMUKIT_TOOL_PROGRESS_H
#define IOMMUKIT_TOOL_PROGRESS_H

#include <stdint.h>

/* All zero at first. */
struct progress {
    double start, last;
};

void progress_show(struct progress *progress, const char *what, uint64_t done, uint64_t total);
/* Wipe it off. */
void progress_end(struct progress *progress);

#endif
