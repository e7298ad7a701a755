/* SPDX-License-Identifier: MIT */
/*
 * The QEMU host: start and end, registers, configuration space, the DMAR table, DMA without
 * translation, and what happens when QEMU is not there, refuses, dies or hangs.
 *
 * platform: qemu
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "iommukit/host/qemu.h"
#include "spec/vtd_regs.h"

#define PAGE ((size_t)4096)

static int have_qemu; /* 0, or why not */

static int group_set_up(void **state)
{
    struct iommu_qemu_config config = {.devices = 1};
    struct iommu_qemu *qemu = NULL;
    const char *why;

    have_qemu = iommu_qemu_create(&config, &qemu, &why);
    if (have_qemu)
        print_message("QEMU tests are skipped: %s\n", why);
    else
        iommu_qemu_destroy(qemu);
    return 0;
}

static void need_qemu(void)
{
    if (have_qemu == -IOMMU_ENODEV)
        skip();
    assert_int_equal(have_qemu, 0);
}

static struct iommu_qemu *start(const struct iommu_qemu_config *config)
{
    struct iommu_qemu *qemu;
    const char *why;

    need_qemu();
    if (iommu_qemu_create(config, &qemu, &why))
        fail_msg("%s", why);
    return qemu;
}

static uint64_t read64(struct iommu_qemu *qemu, unsigned at)
{
    const struct iommu_platform *p = iommu_qemu_platform(qemu);
    uint8_t *base = p->mmio_map(p->ctx, iommu_qemu_unit_base(qemu), 4096);

    return p->mmio_read64(p->ctx, base + at);
}

static bool is_version(const struct iommu_qemu *qemu, const char *prefix)
{
    return strncmp(iommu_qemu_version(qemu), prefix, strlen(prefix)) == 0;
}

/* ---- the unit ------------------------------------------------------------------------------ */

static void test_qemu_scalable_capabilities(void **state)
{
    struct iommu_qemu_config config = {.scalable = true, .devices = 1};
    struct iommu_qemu *qemu = start(&config);
    uint64_t cap = read64(qemu, VTD_REG_CAP), ecap = read64(qemu, VTD_REG_ECAP);

    assert_int_equal(SPEC_GET(VTD_CAP_MGAW, cap), 47);
    assert_true(ecap & VTD_ECAP_QI);
    assert_true(ecap & VTD_ECAP_SMTS);
    if (is_version(qemu, "7.2.")) {
        assert_true(cap == 0x00D2008C222F0606);
        assert_true(ecap == 0x0000480080000F42);
    }
    iommu_qemu_destroy(qemu);
}

static void test_qemu_legacy_capabilities(void **state)
{
    struct iommu_qemu_config config = {.aw_bits = 39, .caching_mode = true, .devices = 1};
    struct iommu_qemu *qemu = start(&config);
    uint64_t cap = read64(qemu, VTD_REG_CAP), ecap = read64(qemu, VTD_REG_ECAP);

    assert_int_equal(SPEC_GET(VTD_CAP_MGAW, cap), 38);
    assert_true(cap & VTD_CAP_CM);
    assert_true(ecap & VTD_ECAP_QI);
    assert_false(ecap & VTD_ECAP_SMTS);
    if (is_version(qemu, "7.2.")) {
        assert_true(cap == 0x00D2008C22260286);
        assert_true(ecap == 0x0F42);
    }
    iommu_qemu_destroy(qemu);
}

static void test_qemu_registers_32_and_64(void **state)
{
    struct iommu_qemu_config config = {.devices = 1};
    struct iommu_qemu *qemu = start(&config);
    const struct iommu_platform *p = iommu_qemu_platform(qemu);
    uint8_t *base = p->mmio_map(p->ctx, iommu_qemu_unit_base(qemu), 4096);
    unsigned i;

    assert_int_equal(p->mmio_read32(p->ctx, base + VTD_REG_VER), 0x10);
    for (i = 0; i < 1000; i++) /* posted: more than fit into any buffer on the way */
        p->mmio_write32(p->ctx, base + VTD_REG_FEDATA, i);
    assert_int_equal(p->mmio_read32(p->ctx, base + VTD_REG_FEDATA), 999);
    p->mmio_write64(p->ctx, base + VTD_REG_RTADDR, 0x123456000);
    assert_true(p->mmio_read64(p->ctx, base + VTD_REG_RTADDR) == 0x123456000);
    assert_int_equal(p->mmio_read32(p->ctx, base + VTD_REG_RTADDR + 4), 1);
    iommu_qemu_destroy(qemu);
}

static void test_qemu_configuration_space(void **state)
{
    struct iommu_qemu_config config = {.devices = 16};
    struct iommu_qemu *qemu = start(&config);
    const struct iommu_platform *p = iommu_qemu_platform(qemu);
    unsigned i;

    for (i = 0; i < 16; i++) {
        uint16_t rid = iommu_qemu_device_rid(qemu, i);

        assert_int_equal(p->pci_read32(p->ctx, 0, rid, 0), 0x11E81234);
        assert_int_equal(p->pci_read32(p->ctx, 0, rid, 4) & 7, 6);
    }
    assert_int_equal(p->pci_read32(p->ctx, 0, 3 << 3, 0), UINT32_MAX);   /* empty slot */
    assert_int_equal(p->pci_read32(p->ctx, 0, 0x0500, 0), UINT32_MAX);   /* no such bus */
    assert_int_equal(p->pci_read32(p->ctx, 1, 4 << 3, 0), UINT32_MAX);   /* no such segment */
    assert_int_equal(p->pci_read32(p->ctx, 0, 4 << 3, 256), UINT32_MAX); /* conventional PCI */
    p->pci_write32(p->ctx, 0, 4 << 3, 0x3C, 0x0B);
    assert_int_equal(p->pci_read32(p->ctx, 0, 4 << 3, 0x3C) & 0xFF, 0x0B);
    iommu_qemu_destroy(qemu);
}

static void test_qemu_dmar_table(void **state)
{
    struct iommu_qemu_config config = {.devices = 2};
    struct iommu_qemu *qemu = start(&config);
    size_t bytes, i;
    const uint8_t *table = iommu_qemu_dmar(qemu, &bytes);
    uint64_t base;
    uint8_t sum = 0;

    assert_non_null(table);
    assert_true(bytes > 64);
    assert_memory_equal(table, "DMAR", 4);
    assert_int_equal(table[4] | table[5] << 8, bytes);
    for (i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + table[i]);
    assert_int_equal(sum, 0);
    assert_int_equal(table[36], 47); /* host address width - 1 */
    assert_int_equal(table[48], 0);  /* the first structure is a unit */
    memcpy(&base, table + 48 + 8, sizeof base);
    assert_true(base == iommu_qemu_unit_base(qemu));
    iommu_qemu_destroy(qemu);
}

/* ---- DMA without translation --------------------------------------------------------------- */

static void fill(uint8_t *data, size_t bytes, unsigned seed)
{
    size_t i;

    for (i = 0; i < bytes; i++)
        data[i] = (uint8_t)((i + seed) * 167 >> 3 ^ i);
}

static void copy_both_ways(struct iommu_qemu *qemu, unsigned index, uint64_t pa, size_t bytes)
{
    uint8_t *memory = iommu_posix_memory(iommu_qemu_posix(qemu), pa, bytes);
    uint8_t sent[4096], got[4096];

    fill(sent, bytes, index + 1);
    memory[-1] = memory[bytes] = 0xEE;
    assert_int_equal(iommu_qemu_dma(qemu, index, pa, sent, bytes, true), 0);
    assert_memory_equal(memory, sent, bytes);
    assert_true(memory[-1] == 0xEE && memory[bytes] == 0xEE);
    fill(memory, bytes, index + 100);
    assert_int_equal(iommu_qemu_dma(qemu, index, pa, got, bytes, false), 0);
    assert_memory_equal(memory, got, bytes);
}

static void test_qemu_dma_untranslated(void **state)
{
    static const size_t sizes[] = {1, 2, 7, 16, 511, 4095};
    struct iommu_qemu_config config = {.scalable = true, .devices = 3};
    struct iommu_qemu *qemu = start(&config);
    uint64_t pa = iommu_posix_buffer_alloc(iommu_qemu_posix(qemu), 3 * PAGE);
    unsigned index, i;

    for (index = 0; index < 3; index++) {
        for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            copy_both_ways(qemu, index, pa + 4096 + i, sizes[i]);
    }
    iommu_qemu_destroy(qemu);
}

static void test_qemu_dma_refuses_bad_arguments(void **state)
{
    struct iommu_qemu_config config = {.devices = 1};
    struct iommu_qemu *qemu = start(&config);
    uint8_t data[8192];

    assert_int_equal(iommu_qemu_dma(qemu, 0, 1 << 20, data, 0, true), -IOMMU_EINVAL);
    assert_int_equal(iommu_qemu_dma(qemu, 0, 1 << 20, data, 4096, true), -IOMMU_EINVAL);
    assert_int_equal(iommu_qemu_dma(qemu, 1, 1 << 20, data, 16, true), -IOMMU_EINVAL);
    assert_int_equal(iommu_qemu_transfer(qemu, 1, 1 << 20, 16, true), -IOMMU_EINVAL);
    assert_true(iommu_qemu_alive(qemu));
    iommu_qemu_destroy(qemu);
}

/* A result that cannot reach the staging page is an error, not old bytes. */
static void test_qemu_dma_unreachable_stage(void **state)
{
    struct iommu_qemu_config config = {.devices = 1};
    struct iommu_qemu *qemu = start(&config);
    uint64_t pa = iommu_posix_buffer_alloc(iommu_qemu_posix(qemu), 8192);
    uint64_t home = iommu_qemu_stage(qemu, 0, 0x7000000000, 0); /* beyond the memory */
    uint8_t data[4] = {0};

    assert_int_equal(iommu_qemu_dma(qemu, 0, pa, data, 4, false), -IOMMU_EFAULT);
    assert_true(iommu_qemu_stage(qemu, 0, pa + 4096, pa + 4096) == pa + 4096);
    memcpy(iommu_posix_memory(iommu_qemu_posix(qemu), pa, 4), "abc", 4);
    assert_int_equal(iommu_qemu_dma(qemu, 0, pa, data, 4, false), 0);
    assert_string_equal((char *)data, "abc");
    assert_true(iommu_qemu_stage(qemu, 0, home, 0) == home);
    assert_int_equal(iommu_qemu_stage(qemu, 9, home, 0), 0);
    iommu_qemu_destroy(qemu);
}

static void test_qemu_two_at_once(void **state)
{
    struct iommu_qemu_config config = {.scalable = true, .devices = 1};
    struct iommu_qemu *one = start(&config), *two = start(&config);
    uint64_t pa = iommu_posix_buffer_alloc(iommu_qemu_posix(one), 4096);
    uint8_t *mine = iommu_posix_memory(iommu_qemu_posix(one), pa, 4);
    uint8_t *theirs = iommu_posix_memory(iommu_qemu_posix(two), pa, 4);
    uint8_t data[4] = {1, 2, 3, 4};

    memset(theirs, 9, 4);
    assert_int_equal(iommu_qemu_dma(one, 0, pa, data, 4, true), 0);
    assert_memory_equal(mine, data, 4);
    assert_int_equal(theirs[0], 9);
    iommu_qemu_destroy(one);
    assert_true(iommu_qemu_alive(two));
    assert_int_equal(iommu_qemu_dma(two, 0, pa, data, 4, true), 0);
    assert_memory_equal(theirs, data, 4);
    iommu_qemu_destroy(two);
}

/* ---- things that go wrong ------------------------------------------------------------------ */

static void test_qemu_missing_binary(void **state)
{
    struct iommu_qemu_config config = {.binary = "no-such-qemu-anywhere", .devices = 1};
    struct iommu_qemu *qemu = NULL;
    const char *why = NULL;

    assert_int_equal(iommu_qemu_create(&config, &qemu, &why), -IOMMU_ENODEV);
    assert_non_null(strstr(why, "no-such-qemu-anywhere"));
    config.binary = "true"; /* a program, but none that says it is QEMU */
    assert_int_equal(iommu_qemu_create(&config, &qemu, NULL), -IOMMU_ENODEV);
    assert_null(qemu);
}

static void test_qemu_bad_configuration(void **state)
{
    struct iommu_qemu_config config = {.devices = 17};
    struct iommu_qemu *qemu = NULL;
    const char *why;

    assert_int_equal(iommu_qemu_create(&config, &qemu, &why), -IOMMU_EINVAL);
    config.devices = 0;
    assert_int_equal(iommu_qemu_create(&config, &qemu, &why), -IOMMU_EINVAL);
    config.devices = 1;
    config.aw_bits = 57;
    assert_int_equal(iommu_qemu_create(&config, &qemu, &why), -IOMMU_EINVAL);
}

static void test_qemu_unknown_option(void **state)
{
    struct iommu_qemu_config config = {.devices = 1, .iommu_options = "no-such-option=on"};
    struct iommu_qemu *qemu = NULL;
    const char *why;

    need_qemu();
    assert_int_equal(iommu_qemu_create(&config, &qemu, &why), -IOMMU_EOPNOTSUPP);
    assert_non_null(strstr(why, "no-such-option"));
}

static void test_qemu_first_stage_needs_a_newer_qemu(void **state)
{
    struct iommu_qemu_config config = {.devices = 1, .scalable = true, .first_stage = true};
    struct iommu_qemu *qemu = NULL;
    const char *why;
    int result;

    need_qemu();
    result = iommu_qemu_create(&config, &qemu, &why);
    if (result == 0)
        iommu_qemu_destroy(qemu);
    else
        assert_int_equal(result, -IOMMU_EOPNOTSUPP);
}

/* The names of options changed at some version. One that claims to be newer than it is starts all
 * the same. */
static void test_qemu_other_option_names(void **state)
{
    static const char script[] = "#!/bin/sh\n"
                                 "case $1 in\n"
                                 "-version) echo QEMU emulator version 11.9.1 ;;\n"
                                 "*) exec ${IOMMUKIT_QEMU:-qemu-system-x86_64} \"$@\" ;;\n"
                                 "esac\n";
    char path[] = P_tmpdir "/iommukit-test-XXXXXX";
    struct iommu_qemu_config config = {.scalable = true, .devices = 1, .binary = path};
    struct iommu_qemu *qemu = NULL;
    const char *why;
    int fd, result;

    need_qemu();
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, script, sizeof script - 1), sizeof script - 1);
    assert_int_equal(fchmod(fd, 0700), 0);
    close(fd);
    result = iommu_qemu_create(&config, &qemu, &why);
    unlink(path);
    if (result)
        fail_msg("%s", why);
    assert_string_equal(iommu_qemu_version(qemu), "11.9.1");
    assert_true(read64(qemu, VTD_REG_ECAP) & VTD_ECAP_SMTS);
    iommu_qemu_destroy(qemu);
}

/* The child of one of our threads, 0: it has none. */
static pid_t child_of(const char *task)
{
    char path[64];
    int child = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%.20s/children", task);
    file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%d", &child) != 1) /* NOLINT(cert-err34-c): the kernel wrote it */
        child = 0;
    fclose(file);
    return child;
}

/* Process id of the only child of this process, 0: none. */
static pid_t only_child(void)
{
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *task;
    pid_t found = 0;

    assert_non_null(tasks);
    while ((task = readdir(tasks)) != NULL) {
        pid_t child = child_of(task->d_name);

        if (child)
            found = child;
    }
    closedir(tasks);
    return found;
}

static unsigned last_words;

static void hear(void *ctx, enum iommu_log_level level, const char *text)
{
    assert_non_null(strstr(text, ctx));
    last_words++;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void expect_dead(struct iommu_qemu *qemu, int error)
{
    const struct iommu_platform *p = iommu_qemu_platform(qemu);
    uint8_t data[4];

    assert_int_equal(iommu_qemu_dma(qemu, 0, 1 << 20, data, 4, true), error);
    assert_false(iommu_qemu_alive(qemu));
    assert_true(read64(qemu, VTD_REG_CAP) == UINT64_MAX);
    assert_int_equal(p->pci_read32(p->ctx, 0, 4 << 3, 0), UINT32_MAX);
    p->pci_write32(p->ctx, 0, 4 << 3, 0, 0);
    p->mmio_write32(p->ctx, p->mmio_map(p->ctx, iommu_qemu_unit_base(qemu), 4096), 0);
    assert_int_equal(last_words, 1);
}

static void test_qemu_killed_in_mid_work(void **state)
{
    char expected[] = "ended";
    struct iommu_qemu_config config = {.devices = 1, .log = hear, .log_ctx = expected};
    struct iommu_qemu *qemu = start(&config);
    pid_t pid = only_child();

    last_words = 0;
    assert_true(pid > 0);
    assert_true(iommu_qemu_alive(qemu));
    assert_int_equal(kill(pid, SIGKILL), 0);
    expect_dead(qemu, -IOMMU_EIO);
    iommu_qemu_destroy(qemu);
    assert_int_equal(kill(pid, 0), -1); /* nothing is left of it, not even a zombie */
    assert_int_equal(errno, ESRCH);
}

static void test_qemu_hanging(void **state)
{
    char expected[] = "does not answer";
    struct iommu_qemu_config config = {
        .devices = 1, .timeout_ms = 3000, .log = hear, .log_ctx = expected};
    struct iommu_qemu *qemu = start(&config);
    double before;

    last_words = 0;
    assert_int_equal(kill(only_child(), SIGSTOP), 0);
    before = seconds();
    expect_dead(qemu, -IOMMU_ETIMEDOUT);
    assert_true(seconds() - before >= 2.9 &&
                seconds() - before < 10); /* one wait, not one for each call */
    iommu_qemu_destroy(qemu);
    assert_int_equal(only_child(), 0);
}

/* The thread that started QEMU may end; the process may not, or QEMU goes with it. */
static void *start_in_thread(void *config)
{
    return start(config);
}

static void test_qemu_outlives_the_thread_that_started_it(void **state)
{
    struct iommu_qemu_config config = {.devices = 1};
    pthread_t thread;
    void *qemu;

    need_qemu();
    assert_int_equal(pthread_create(&thread, NULL, start_in_thread, &config), 0);
    assert_int_equal(pthread_join(thread, &qemu), 0);
    usleep(50000);
    assert_true(iommu_qemu_alive(qemu));
    iommu_qemu_destroy(qemu);
}

/* Start QEMU in a process of its own, which tells QEMU's id through the pipe and is then killed. */
static void start_and_tell(int to)
{
    struct iommu_qemu_config config = {.devices = 1};
    struct iommu_qemu *qemu;
    pid_t pid = 0;

    if (iommu_qemu_create(&config, &qemu, NULL) == 0)
        pid = only_child();
    if (write(to, &pid, sizeof pid) != sizeof pid)
        _exit(1);
    for (;;)
        pause();
}

static void test_qemu_dies_with_its_process(void **state)
{
    int ends[2], tries;
    pid_t program, qemu = 0;

    need_qemu();
    assert_int_equal(pipe(ends), 0);
    program = fork();
    if (program == 0)
        start_and_tell(ends[1]);
    assert_int_equal(read(ends[0], &qemu, sizeof qemu), sizeof qemu);
    assert_true(qemu > 0);
    kill(program, SIGKILL);
    assert_int_equal(waitpid(program, NULL, 0), program);
    for (tries = 0; tries < 500 && kill(qemu, 0) == 0; tries++) {
        char path[64], line[256] = "";
        FILE *file;

        snprintf(path, sizeof path, "/proc/%d/stat", (int)qemu);
        file = fopen(path, "r");
        if (file && fgets(line, sizeof line, file) &&
            strstr(line, ") Z ")) /* nobody reaps in a container */
            tries = 500;
        if (file)
            fclose(file);
        usleep(10000);
    }
    assert_int_not_equal(tries, 500);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_qemu_scalable_capabilities),
        cmocka_unit_test(test_qemu_legacy_capabilities),
        cmocka_unit_test(test_qemu_registers_32_and_64),
        cmocka_unit_test(test_qemu_configuration_space),
        cmocka_unit_test(test_qemu_dmar_table),
        cmocka_unit_test(test_qemu_dma_untranslated),
        cmocka_unit_test(test_qemu_dma_refuses_bad_arguments),
        cmocka_unit_test(test_qemu_dma_unreachable_stage),
        cmocka_unit_test(test_qemu_two_at_once),
        cmocka_unit_test(test_qemu_missing_binary),
        cmocka_unit_test(test_qemu_bad_configuration),
        cmocka_unit_test(test_qemu_unknown_option),
        cmocka_unit_test(test_qemu_first_stage_needs_a_newer_qemu),
        cmocka_unit_test(test_qemu_other_option_names),
        cmocka_unit_test(test_qemu_killed_in_mid_work),
        cmocka_unit_test(test_qemu_hanging),
        cmocka_unit_test(test_qemu_outlives_the_thread_that_started_it),
        cmocka_unit_test(test_qemu_dies_with_its_process),
    };

    return cmocka_run_group_tests(tests, group_set_up, NULL);
}
