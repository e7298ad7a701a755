/* SPDX-License-Identifier: MIT */
/*
 * platform/qemu/qtest.h - QEMU's qtest protocol: one line a command, one line an answer, in order.
 * Used by the other files here, which hold the owner's mutex.
 */
#ifndef PLATFORM_QEMU_QTEST_H
#define PLATFORM_QEMU_QTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qtest {
    int fd; /* a stream socket that does not block */
    uint32_t timeout_ms;
    int error;         /* 0, or what every call returns from now on */
    unsigned owed;     /* answers that nobody waits for, but that come first */
    size_t filled;     /* of out */
    size_t first, end; /* unread part of in */
    char out[1024];
    char in[1024];
};

void qtest_init(struct qtest *qtest, int fd, uint32_t timeout_ms);

/* A command whose answer does not matter; it may stay here until the next flush or ask. */
__attribute__((format(printf, 2, 3))) int qtest_post(struct qtest *qtest, const char *format, ...);
int qtest_flush(struct qtest *qtest);
/* A command whose answer is waited for; value may be NULL. 0, -IOMMU_EIO (QEMU ended, or said
 * something else than OK) or -IOMMU_ETIMEDOUT; both are final. */
__attribute__((format(printf, 3, 4))) int qtest_ask(struct qtest *qtest, uint64_t *value,
                                                    const char *format, ...);

#endif
