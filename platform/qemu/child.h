/* SPDX-License-Identifier: MIT */
/*
 * platform/qemu/child.h - one child process that cannot outlive us. Used by launch.c.
 */
#ifndef PLATFORM_QEMU_CHILD_H
#define PLATFORM_QEMU_CHILD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct child_plan {
    char *const *argv; /* argv[0] is looked up in PATH */
    const int *keep;   /* descriptors that the child gets under the same numbers */
    size_t keep_count;
    int out, err; /* its standard output and error; -1: nowhere */
};

struct child {
    pid_t pid;
    pthread_t keeper;
    int gone;    /* a pipe: end of file once the process has ended */
    int hold;    /* its other end, the keeper's */
    bool reaped; /* the system did it already (SIGCHLD is ignored); valid after the end of file */
    const struct child_plan *plan; /* during the start only */
};

#define CHILD_NO_PROGRAM 127 /* exit status when argv[0] could not be executed */

/* 0, or -IOMMU_EIO: no process or thread to be had. */
int child_start(struct child *child, const struct child_plan *plan);
/* True once the process has ended. */
bool child_wait(const struct child *child, uint32_t timeout_ms);
/* Kill it unless it has ended, and clean up. Exit status, or -1 when a signal ended it. */
int child_stop(struct child *child);

#endif
