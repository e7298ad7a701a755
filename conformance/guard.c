/* SPDX-License-Identifier: MIT */
/*
 * guard.c - signals. A driver that crashes, or loops without calling any hook, ends its run and not the suite. The
 * limit is on processor time, so that a busy machine is no reason to fail.
 */
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

#include "conformance/bench.h"

#define LIMIT_S 2

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
#define CRASHES (sizeof crashes / sizeof crashes[0])

static struct bench *volatile running;
static struct sigaction before[CRASHES + 1];

static void on_crash(int number, siginfo_t *info, void *context)
{
    struct bench *bench = running;
    (void)context;
    if (bench == NULL || bench->in_hook != 0 || !bench->calling) { /* ours, not the driver's */
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    bench_fail(bench, FINDING_CRASH, "signal %d at address %p during %s", number, info->si_addr,
               bench->doing);
}

static void on_time(int number)
{
    struct bench *bench = running;
    (void)number;
    if (bench == NULL || bench->in_hook != 0 || !bench->calling)
        return;
    bench_fail(bench, FINDING_HANG,
               "the driver has been looping in %s for %d s without calling the platform",
               bench->doing, LIMIT_S);
}

void bench_guard_open(void)
{
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_NODEFER};
    for (size_t i = 0; i < CRASHES; i++)
        sigaction(crashes[i], &action, &before[i]);
    action = (struct sigaction){.sa_handler = on_time, .sa_flags = SA_NODEFER};
    sigaction(SIGVTALRM, &action, &before[CRASHES]);
}

void bench_guard_close(void)
{
    for (size_t i = 0; i < CRASHES; i++)
        sigaction(crashes[i], &before[i], NULL);
    sigaction(SIGVTALRM, &before[CRASHES], NULL);
}

/* Again and again, in case the first one falls into a hook. */
void bench_guard_arm(struct bench *bench)
{
    const struct itimerval limit = {.it_value = {.tv_sec = LIMIT_S},
                                    .it_interval = {.tv_usec = 10000}};
    running = bench;
    setitimer(ITIMER_VIRTUAL, &limit, NULL);
}

void bench_guard_disarm(void)
{
    const struct itimerval none = {0};
    setitimer(ITIMER_VIRTUAL, &none, NULL);
    running = NULL;
}
