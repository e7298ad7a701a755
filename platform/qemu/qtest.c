/* SPDX-License-Identifier: MIT */
/*
 * platform/qemu/qtest.c - sending commands, taking answers, each wait with a deadline. Called by
 * registers.c, edu.c, fwcfg.c and qemu.c with the owner's mutex held.
 *
 * Answers come in the order of the commands. So commands that only write are sent and counted
 * (`owed`), and their answers skipped when one is asked for: a batch costs one round trip.
 */
#include "platform/qemu/qtest.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "iommukit/host/qemu.h"

/* More unread answers than this could fill the socket, and QEMU would stop at its next one. */
#define MAX_OWED 64u

/* Longest command, with its newline. */
#define MAX_COMMAND 128u

void qtest_init(struct qtest *qtest, int fd, uint32_t timeout_ms)
{
    *qtest = (struct qtest){.fd = fd, .timeout_ms = timeout_ms};
}

static int fail(struct qtest *qtest, int error)
{
    qtest->error = error;
    return error;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait until the socket is ready for `events` (or has failed, which the next call on it finds
 * out). */
static int wait_ready(struct qtest *qtest, short events, int64_t deadline)
{
    struct pollfd wait = {.fd = qtest->fd, .events = events};
    int64_t left = deadline - now_ms();
    int ready = poll(&wait, 1, left > 0 ? (int)left : 0);

    if (ready == 0)
        return fail(qtest, -IOMMU_ETIMEDOUT);
    if (ready < 0 && errno != EINTR)
        return fail(qtest, -IOMMU_EIO);
    return 0;
}

static int send_all(struct qtest *qtest, int64_t deadline)
{
    size_t sent = 0;

    while (sent < qtest->filled) {
        ssize_t count = send(qtest->fd, qtest->out + sent, qtest->filled - sent, MSG_NOSIGNAL);

        if (count >= 0)
            sent += (size_t)count;
        else if (errno != EAGAIN && errno != EINTR)
            return fail(qtest, -IOMMU_EIO);
        else if (wait_ready(qtest, POLLOUT, deadline))
            return qtest->error;
    }
    qtest->filled = 0;
    return 0;
}

/* More bytes into `in`, behind the unread ones. */
static int receive(struct qtest *qtest, int64_t deadline)
{
    memmove(qtest->in, qtest->in + qtest->first, qtest->end - qtest->first);
    qtest->end -= qtest->first;
    qtest->first = 0;
    if (qtest->end == sizeof qtest->in) /* no answer is that long */
        return fail(qtest, -IOMMU_EIO);
    for (;;) {
        ssize_t count = recv(qtest->fd, qtest->in + qtest->end, sizeof qtest->in - qtest->end, 0);

        if (count > 0) {
            qtest->end += (size_t)count;
            return 0;
        }
        if (count == 0 || (errno != EAGAIN && errno != EINTR))
            return fail(qtest, -IOMMU_EIO);
        if (wait_ready(qtest, POLLIN, deadline))
            return qtest->error;
    }
}

/* The next line, its newline replaced by a zero; valid until the next call. */
static int read_line(struct qtest *qtest, int64_t deadline, const char **line)
{
    char *end;

    while ((end = memchr(qtest->in + qtest->first, '\n', qtest->end - qtest->first)) == NULL) {
        if (receive(qtest, deadline))
            return qtest->error;
    }
    *end = 0;
    *line = qtest->in + qtest->first;
    qtest->first = (size_t)(end + 1 - qtest->in);
    return 0;
}

static int read_answer(struct qtest *qtest, int64_t deadline, uint64_t *value)
{
    const char *line = "";

    do {
        if (read_line(qtest, deadline, &line))
            return qtest->error;
    } while (strncmp(line, "IRQ ", 4) == 0);
    if (strncmp(line, "OK", 2) != 0)
        return fail(qtest, -IOMMU_EIO);
    if (value)
        *value = strtoull(line + 2, NULL, 0);
    return 0;
}

static int read_owed(struct qtest *qtest, int64_t deadline)
{
    while (qtest->owed) {
        if (read_answer(qtest, deadline, NULL))
            return qtest->error;
        qtest->owed--;
    }
    return 0;
}

static int add_command(struct qtest *qtest, const char *format, va_list arguments)
{
    int length;

    if (qtest->error)
        return qtest->error;
    if (sizeof qtest->out - qtest->filled < MAX_COMMAND &&
        send_all(qtest, now_ms() + qtest->timeout_ms))
        return qtest->error;
    length = vsnprintf(qtest->out + qtest->filled, MAX_COMMAND, format, arguments);
    if (length < 0 || (unsigned)length + 1 >= MAX_COMMAND)
        return -IOMMU_EINVAL;
    qtest->filled += (size_t)length;
    qtest->out[qtest->filled++] = '\n';
    return 0;
}

int qtest_post(struct qtest *qtest, const char *format, ...)
{
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = add_command(qtest, format, arguments);
    va_end(arguments);
    if (!result && ++qtest->owed > MAX_OWED) {
        int64_t deadline = now_ms() + qtest->timeout_ms;

        result = send_all(qtest, deadline);
        if (!result)
            result = read_owed(qtest, deadline);
    }
    return result;
}

int qtest_flush(struct qtest *qtest)
{
    if (qtest->error)
        return qtest->error;
    return send_all(qtest, now_ms() + qtest->timeout_ms);
}

int qtest_ask(struct qtest *qtest, uint64_t *value, const char *format, ...)
{
    int64_t deadline = now_ms() + qtest->timeout_ms;
    va_list arguments;
    int result;

    va_start(arguments, format);
    result = add_command(qtest, format, arguments);
    va_end(arguments);
    if (!result)
        result = send_all(qtest, deadline);
    if (!result)
        result = read_owed(qtest, deadline);
    return result ? result : read_answer(qtest, deadline, value);
}
