/* SPDX-License-Identifier: MIT */
/*
 * explain_log.c - reading a log for `iommukit explain`: a file, a pipe, or a file that grows.
 *
 * When nothing comes for a moment, a fault that might still go on is printed as it is: nobody waits for a line that
 * the kernel will not print.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "explain.h"
#include "output.h"

#define MOMENT_MS 200
#define PIECE     65536

struct log {
    const char *path; /* NULL: standard input */
    int descriptor;
    bool follow;
    struct inspect_fault_reader *reader;
};

static int fail(const struct log *log, const char *what)
{
    return output_error("explain", "%s cannot be %s: %s", log->path != NULL ? log->path : "standard input", what,
                        strerror(errno));
}

/* The file was replaced (log rotation) or cut: from its beginning. */
static void start_again(struct log *log)
{
    struct stat now, open_file;
    off_t at = lseek(log->descriptor, 0, SEEK_CUR);

    if (fstat(log->descriptor, &open_file) != 0 || stat(log->path, &now) != 0)
        return; /* between two files: the new one will come */
    if (now.st_ino != open_file.st_ino || now.st_dev != open_file.st_dev) {
        int descriptor = open(log->path, O_RDONLY | O_CLOEXEC);
        if (descriptor < 0)
            return;
        inspect_fault_reader_end(log->reader);
        (void)close(log->descriptor);
        log->descriptor = descriptor;
    } else if (at > now.st_size) {
        inspect_fault_reader_end(log->reader);
        (void)lseek(log->descriptor, 0, SEEK_SET);
    }
}

static void pause_log(struct log *log)
{
    inspect_fault_reader_pause(log->reader);
    (void)fflush(stdout);
}

/* Waits until there is something to read; prints what is pending when that takes a moment. */
static void wait_for_more(struct log *log)
{
    struct pollfd poller = {.fd = log->descriptor, .events = POLLIN};

    if (poll(&poller, 1, MOMENT_MS) != 0)
        return;
    pause_log(log);
    (void)poll(&poller, 1, -1);
}

static int read_log(struct log *log)
{
    static char piece[PIECE];

    for (;;) {
        wait_for_more(log);
        ssize_t bytes = read(log->descriptor, piece, sizeof piece);
        if (bytes < 0 && errno != EINTR && errno != EAGAIN)
            return fail(log, "read");
        if (bytes > 0)
            inspect_fault_reader_bytes(log->reader, piece, (size_t)bytes);
        if (bytes == 0) {
            if (!log->follow)
                break;
            pause_log(log);
            (void)poll(NULL, 0, MOMENT_MS);
            start_again(log);
        }
        if (ferror(stdout))
            break;
    }
    inspect_fault_reader_end(log->reader);
    return EXIT_FINE;
}

int explain_log(const struct explain *explain)
{
    const struct explain_options *options = explain->options;
    struct log log = {.path = options->file, .descriptor = STDIN_FILENO, .follow = options->follow && options->file};

    if (log.path != NULL) {
        log.descriptor = open(log.path, O_RDONLY | O_CLOEXEC);
        if (log.descriptor < 0)
            return fail(&log, "opened");
    } else if (isatty(STDIN_FILENO)) {
        fputs("iommukit explain: reading the log from the terminal; usually: dmesg | iommukit explain\n", stderr);
    }
    log.reader = inspect_fault_reader_new(explain_print, (void *)explain);
    int result = log.reader != NULL ? read_log(&log) : output_error("explain", "out of memory");
    inspect_fault_reader_free(log.reader);
    if (log.path != NULL)
        (void)close(log.descriptor);
    return result;
}
