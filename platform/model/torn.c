/* SPDX-License-Identifier: MIT */
/*
 * platform/model/torn.c - a device that looks between any two stores of the driver.
 *
 * The memory is mapped twice: the driver's mapping, whose table pages are read-only while this is on,
 * and the models' mapping, which is not. A store to a table faults. The handler opens the page and sets
 * the processor's trap flag; the store runs again, alone; the trap that follows it closes the page and
 * calls the hook. So nothing of the driver has to know, and no store is missed, whatever wrote it.
 *
 * Signals belong to the process, so one host at a time can do this, and one thread may store to tables
 * meanwhile. The hook runs in a signal handler, but a synchronous one: the interrupted code is the
 * driver's own store, which holds none of the models' locks and is in no library call but memset or
 * memcpy.
 */
#include "platform/model/torn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__linux__) && defined(__x86_64__)
#include <ucontext.h>
#define CAN_TRAP 1
#else
#define CAN_TRAP 0
#endif

#define PAGE       ((uint64_t)4096)
#define PAGES_OPEN 2u /* a store touches two pages at most */
#define LINE       ((uint64_t)64)
#define TRAP_FLAG  0x100

#if CAN_TRAP

static struct {
    struct torn *torn; /* NULL: nobody is watching */
    struct sigaction old_fault, old_trap;
    uint64_t open[PAGES_OPEN];
    unsigned open_count;
} watch;

static void set_protection(const struct torn *torn, uint64_t pa, int protection)
{
    mprotect(torn->ram + pa, PAGE, protection);
}

static bool is_open(uint64_t page)
{
    unsigned i;

    for (i = 0; i < watch.open_count; i++)
        if (watch.open[i] == page)
            return true;
    return false;
}

/* Not ours: as if we were not here. Returning repeats the fault under the old handler. */
static void pass_on(int number, const struct sigaction *old)
{
    sigaction(number, old, NULL);
}

static bool is_ours(const struct torn *torn, uintptr_t at)
{
    uint64_t pa = at - (uintptr_t)torn->ram;

    return at >= (uintptr_t)torn->ram && pa < torn->bytes && torn->watched[pa / PAGE] &&
           !is_open(pa & ~(PAGE - 1)) && watch.open_count < PAGES_OPEN;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    struct torn *torn = watch.torn;
    uintptr_t at = (uintptr_t)info->si_addr;
    ucontext_t *cpu = context;
    uint64_t pa;

    if (!torn || !is_ours(torn, at)) {
        pass_on(number, &watch.old_fault);
        return;
    }
    pa = at - (uintptr_t)torn->ram;
    torn->storing(torn->ctx, pa & ~(LINE - 1));
    watch.open[watch.open_count++] = pa & ~(PAGE - 1);
    set_protection(torn, pa & ~(PAGE - 1), PROT_READ | PROT_WRITE);
    cpu->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_trap(int number, siginfo_t *info, void *context)
{
    const struct torn *torn = watch.torn;
    ucontext_t *cpu = context;

    (void)info;
    if (!torn || !watch.open_count) {
        pass_on(number, &watch.old_trap);
        return;
    }
    cpu->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    while (watch.open_count)
        set_protection(torn, watch.open[--watch.open_count], PROT_READ);
    torn->stored(torn->ctx, true);
    torn->fn(torn->fn_ctx);
    torn->stored(torn->ctx, false);
}

static void protect_all(const struct torn *torn, int protection)
{
    uint64_t page;

    for (page = 0; page < torn->bytes / PAGE; page++)
        if (torn->watched[page])
            set_protection(torn, page * PAGE, protection);
}

static void install(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};

    sigemptyset(&action.sa_mask);
    action.sa_sigaction = on_fault;
    sigaction(SIGSEGV, &action, &watch.old_fault);
    action.sa_sigaction = on_trap;
    sigaction(SIGTRAP, &action, &watch.old_trap);
}

int torn_start(struct torn *torn, void (*fn)(void *ctx), void *ctx)
{
    bool again = watch.torn == torn;

    if (!torn->alias)
        return -EINVAL;
    if (watch.torn && !again)
        return -EBUSY;
    torn->fn = fn;
    torn->fn_ctx = ctx;
    if (again)
        return 0;
    watch.torn = torn;
    watch.open_count = 0;
    install();
    protect_all(torn, PROT_READ);
    return 0;
}

void torn_stop(struct torn *torn)
{
    if (watch.torn != torn)
        return;
    protect_all(torn, PROT_READ | PROT_WRITE);
    watch.torn = NULL;
    sigaction(SIGSEGV, &watch.old_fault, NULL);
    sigaction(SIGTRAP, &watch.old_trap, NULL);
}

static void change(struct torn *torn, uint64_t pa, uint64_t bytes, bool watched)
{
    uint64_t at;

    for (at = pa; torn->alias && at < pa + bytes; at += PAGE) {
        torn->watched[at / PAGE] = watched;
        if (watch.torn == torn)
            set_protection(torn, at, watched ? PROT_READ : PROT_READ | PROT_WRITE);
    }
}

int torn_init(struct torn *torn, uint64_t bytes, int *fd)
{
    void *alias = MAP_FAILED;

    torn->fd = memfd_create("iommukit-memory", MFD_CLOEXEC);
    if (torn->fd < 0)
        return -ENOMEM;
    torn->watched = calloc(1, bytes / PAGE);
    if (torn->watched && ftruncate(torn->fd, (off_t)bytes) == 0)
        alias = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, torn->fd, 0);
    if (alias == MAP_FAILED) {
        close(torn->fd);
        return -ENOMEM;
    }
    torn->alias = alias;
    torn->bytes = bytes;
    *fd = torn->fd;
    return 0;
}

#else

int torn_start(struct torn *torn, void (*fn)(void *ctx), void *ctx)
{
    (void)fn;
    (void)ctx;
    return torn->alias ? -EINVAL : -EOPNOTSUPP;
}

void torn_stop(struct torn *torn)
{
    (void)torn;
}

static void change(struct torn *torn, uint64_t pa, uint64_t bytes, bool watched)
{
    (void)torn;
    (void)pa;
    (void)bytes;
    (void)watched;
}

/* The memory stays one mapping; what the lie does without help from the processor it does here, too. */
int torn_init(struct torn *torn, uint64_t bytes, int *fd)
{
    (void)torn;
    (void)bytes;
    (void)fd;
    return 0;
}

#endif

void torn_attach(struct torn *torn, void *ram, void *ctx, void (*storing)(void *ctx, uint64_t pa),
                 void (*stored)(void *ctx, bool begins))
{
    torn->ram = ram;
    torn->ctx = ctx;
    torn->storing = storing;
    torn->stored = stored;
}

void torn_watch(struct torn *torn, uint64_t pa, uint64_t bytes)
{
    change(torn, pa, bytes, true);
}

void torn_unwatch(struct torn *torn, uint64_t pa, uint64_t bytes)
{
    change(torn, pa, bytes, false);
}

void torn_fini(struct torn *torn)
{
    if (torn->alias) {
        munmap(torn->alias, torn->bytes);
        close(torn->fd);
    }
    free(torn->watched);
}
