/* SPDX-License-Identifier: MIT */
/*
 * platform/qemu/launch.c - QEMU's version, its command line, its process. Called by qemu.c.
 *
 * Nothing is left in any file system: guest memory, the firmware that halts at once and QEMU's
 * standard error are memory files that QEMU opens through /proc/self/fd; the qtest socket is one
 * end of a pair.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/qemu/qemu.h"

#define BIOS_BYTES    65536
#define FIRST_FD      10 /* above everything that a program takes for standard input or output */
#define MAX_ARGUMENTS 64
#define ARGUMENT_TEXT 4096

/* ---- memory files -------------------------------------------------------------------------- */

static int raise_fd(int fd)
{
    int raised;

    if (fd < 0 || fd >= FIRST_FD)
        return fd;
    raised = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);
    close(fd);
    return raised;
}

static int memory_file(const char *name, uint64_t bytes)
{
    int fd = raise_fd(memfd_create(name, MFD_CLOEXEC));

    if (fd >= 0 && ftruncate(fd, (off_t)bytes)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* At the reset vector: cli; hlt; jmp to the hlt. */
static int halting_firmware(void)
{
    static const uint8_t reset[] = {0xFA, 0xF4, 0xEB, 0xFD};
    int fd = memory_file("iommukit-bios", BIOS_BYTES);

    if (fd >= 0 && pwrite(fd, reset, sizeof reset, BIOS_BYTES - 16) != (ssize_t)sizeof reset) {
        close(fd);
        return -1;
    }
    return fd;
}

static size_t read_text(int fd, char *text, size_t bytes)
{
    ssize_t count = pread(fd, text, bytes - 1, 0);

    text[count > 0 ? count : 0] = 0;
    return strlen(text);
}

void qemu_last_words(const struct iommu_qemu *qemu, char *text, size_t bytes)
{
    char said[2048];
    size_t length = read_text(qemu->error_fd, said, sizeof said);
    const char *line;

    while (length && said[length - 1] == '\n')
        said[--length] = 0;
    line = strrchr(said, '\n');
    snprintf(text, bytes, "%s", line ? line + 1 : said);
}

/* ---- version ------------------------------------------------------------------------------- */

/* "QEMU emulator version 7.2.22 (Debian ...)" */
static bool parse_version(struct iommu_qemu *qemu, const char *text)
{
    static const char before[] = "version ";
    const char *version = strstr(text, before);
    size_t length;
    char *dot;

    if (!version)
        return false;
    version += sizeof before - 1;
    length = strspn(version, "0123456789.");
    if (length >= sizeof qemu->version)
        return false;
    memcpy(qemu->version, version, length);
    qemu->major = (int)strtol(qemu->version, &dot, 10);
    qemu->minor = *dot == '.' ? (int)strtol(dot + 1, NULL, 10) : 0;
    return qemu->major > 0;
}

/* Run `binary -version`; its output goes to the file. */
static int run_version(struct iommu_qemu *qemu, int file, struct qemu_why *why)
{
    char option[] = "-version";
    char *argv[] = {(char *)(uintptr_t)qemu->config.binary, option, NULL};
    struct child_plan plan = {.argv = argv, .out = file, .err = -1};
    struct child child;
    bool ended;
    int status;

    if (child_start(&child, &plan))
        return qemu_fail(why, -IOMMU_EIO, "cannot start a process");
    ended = child_wait(&child, qemu->config.timeout_ms);
    status = child_stop(&child);
    if (!ended)
        return qemu_fail(why, -IOMMU_ETIMEDOUT, "%s -version does not end", qemu->config.binary);
    if (status == CHILD_NO_PROGRAM)
        return qemu_fail(why, -IOMMU_ENODEV, "%s: not found, or not a program",
                         qemu->config.binary);
    return 0;
}

int qemu_find_version(struct iommu_qemu *qemu, struct qemu_why *why)
{
    char text[256];
    int file = memory_file("iommukit-version", 0);
    int result;

    if (file < 0)
        return qemu_fail(why, -IOMMU_EIO, "cannot create a memory file");
    result = run_version(qemu, file, why);
    read_text(file, text, sizeof text);
    close(file);
    if (result)
        return result;
    if (!parse_version(qemu, text))
        return qemu_fail(why, -IOMMU_ENODEV, "%s does not say its version as QEMU does",
                         qemu->config.binary);
    return 0;
}

/* ---- command line -------------------------------------------------------------------------- */

struct command_line {
    char *argv[MAX_ARGUMENTS];
    size_t count, filled;
    bool full;
    char text[ARGUMENT_TEXT];
};

__attribute__((format(printf, 2, 3))) static void add(struct command_line *line, const char *format,
                                                      ...)
{
    size_t left = sizeof line->text - line->filled;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line->text + line->filled, left, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= left || line->count + 1 >= MAX_ARGUMENTS) {
        line->full = true;
        return;
    }
    line->argv[line->count++] = line->text + line->filled;
    line->argv[line->count] = NULL;
    line->filled += (size_t)length + 1;
}

static void add_iommu(const struct iommu_qemu *qemu, struct command_line *line)
{
    const struct iommu_qemu_config *config = &qemu->config;
    const char *first = qemu->renamed ? ",fsts=on" : ",x-flts=on";

    add(line, "-device");
    add(line, "intel-iommu,%s=%s,aw-bits=%u,intremap=off,caching-mode=%s%s%s%s",
        qemu->renamed ? "scalable-mode" : "x-scalable-mode", config->scalable ? "on" : "off",
        config->aw_bits, config->caching_mode ? "on" : "off", config->first_stage ? first : "",
        config->iommu_options ? "," : "", config->iommu_options ? config->iommu_options : "");
}

static void add_devices(const struct iommu_qemu *qemu, struct command_line *line)
{
    unsigned i;

    for (i = 0; i < qemu->config.devices; i++) {
        add(line, "-device");
        add(line, "edu,addr=%#x,dma_mask=0xffffffffffffffff", QEMU_FIRST_SLOT + i);
    }
}

static void add_pair(struct command_line *line, const char *name, const char *value)
{
    add(line, "%s", name);
    add(line, "%s", value);
}

/* Nothing of a PC but its processor, memory and bus. The processor is halted; with sleep=off the
 * virtual clock then jumps to the next timer, and edu's 100 ms for each transfer pass at once. */
static void add_machine(struct command_line *line)
{
    add(line, "-nodefaults");
    add(line, "-no-user-config");
    add_pair(line, "-display", "none");
    add_pair(line, "-serial", "none");
    add_pair(line, "-monitor", "none");
    add_pair(line, "-machine", "q35,memory-backend=ram0");
    add_pair(line, "-accel", "tcg,thread=single");
    add_pair(line, "-icount", "shift=0,sleep=off");
    add_pair(line, "-qtest", "chardev:qtest");
    add_pair(line, "-qtest-log", "none");
}

static void fill_line(const struct iommu_qemu *qemu, struct command_line *line, int socket)
{
    unsigned long long ram = QEMU_RAM_BYTES;

    add(line, "%s", qemu->config.binary);
    add_machine(line);
    add(line, "-m");
    add(line, "%lluM", ram >> 20);
    add(line, "-object");
    add(line, "memory-backend-file,id=ram0,size=%llu,share=on,mem-path=/proc/self/fd/%d", ram,
        qemu->ram_fd);
    add(line, "-bios");
    add(line, "/proc/self/fd/%d", qemu->bios_fd);
    add(line, "-chardev");
    add(line, "socket,id=qtest,fd=%d", socket);
    add_iommu(qemu, line);
    add_devices(qemu, line);
}

/* ---- process ------------------------------------------------------------------------------- */

static int start(struct iommu_qemu *qemu, int socket)
{
    struct command_line *line = calloc(1, sizeof *line);
    int keep[] = {qemu->ram_fd, qemu->bios_fd, socket};
    struct child_plan plan = {.keep = keep, .keep_count = 3, .out = -1, .err = qemu->error_fd};
    int result;

    if (!line)
        return -IOMMU_ENOMEM;
    fill_line(qemu, line, socket);
    plan.argv = line->argv;
    result = line->full ? -IOMMU_EINVAL : child_start(&qemu->child, &plan);
    qemu->started = result == 0;
    free(line);
    return result;
}

static int open_files(struct iommu_qemu *qemu)
{
    qemu->ram_fd = memory_file("iommukit-ram", QEMU_RAM_BYTES);
    qemu->bios_fd = halting_firmware();
    qemu->error_fd = memory_file("iommukit-stderr", 0);
    return qemu->ram_fd < 0 || qemu->bios_fd < 0 || qemu->error_fd < 0 ? -IOMMU_EIO : 0;
}

/* The first answer tells whether QEMU liked its command line. */
static int greet(struct iommu_qemu *qemu, struct qemu_why *why)
{
    char words[200];
    int result = qtest_ask(&qemu->qtest, NULL, "readl %#llx", (unsigned long long)QEMU_UNIT_BASE);

    if (!result)
        return 0;
    if (result == -IOMMU_ETIMEDOUT)
        return qemu_fail(why, result, "QEMU %s does not answer", qemu->version);
    child_wait(&qemu->child, qemu->config.timeout_ms); /* for all it has to say */
    qemu_last_words(qemu, words, sizeof words);
    return qemu_fail(why, strstr(words, "not found") ? -IOMMU_EOPNOTSUPP : result,
                     "QEMU %s ended: %s", qemu->version, words);
}

static int try_launch(struct iommu_qemu *qemu, struct qemu_why *why)
{
    int pair[2];
    int result;

    if (open_files(qemu) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        return qemu_fail(why, -IOMMU_EIO, "cannot create a memory file or a socket");
    qemu->socket_fd = raise_fd(pair[0]);
    pair[1] = raise_fd(pair[1]);
    if (qemu->socket_fd < 0 || pair[1] < 0 || fcntl(qemu->socket_fd, F_SETFL, O_NONBLOCK))
        result = -IOMMU_EIO;
    else
        result = start(qemu, pair[1]);
    if (pair[1] >= 0)
        close(pair[1]);
    if (result)
        return qemu_fail(why, result, "cannot start %s", qemu->config.binary);
    qtest_init(&qemu->qtest, qemu->socket_fd, qemu->config.timeout_ms);
    return greet(qemu, why);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void qemu_end(struct iommu_qemu *qemu)
{
    if (qemu->started)
        child_stop(&qemu->child);
    qemu->started = false;
    close_fd(&qemu->socket_fd);
    close_fd(&qemu->ram_fd);
    close_fd(&qemu->bios_fd);
    close_fd(&qemu->error_fd);
}

/* QEMU 11 dropped the x- from the names of what had become stable; distributions may differ. */
int qemu_launch(struct iommu_qemu *qemu, struct qemu_why *why)
{
    int result;

    qemu->renamed = qemu->major >= 11;
    result = try_launch(qemu, why);
    if (result != -IOMMU_EOPNOTSUPP || !strstr(why->text, "scalable-mode"))
        return result;
    qemu_end(qemu);
    qemu->renamed = !qemu->renamed;
    return try_launch(qemu, why);
}
