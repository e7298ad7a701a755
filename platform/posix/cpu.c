/* SPDX-License-Identifier: MIT */
/*
 * platform/posix/cpu.c - a small number for each thread, returned when the thread ends.
 *
 * Threads are what a process has in place of CPUs: one may be moved in the middle of a call, but its number goes
 * with it. The mutex orders the memory of a thread that ended before that of the next one with its number.
 */
#include "platform/posix/cpu.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define NUMBERS 256u
#define TOO_MANY UINT32_MAX

/* Number + 1; 0: none yet. At the same distance from every thread's pointer, see posix_cpu_offset(). */
static _Thread_local uint32_t mine __attribute__((tls_model("initial-exec")));

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool no_key;
static bool taken[NUMBERS];

static void give_back(void *value)
{
    (void)value;
    pthread_mutex_lock(&mutex);
    taken[mine - 1] = false;
    pthread_mutex_unlock(&mutex);
    mine = 0;
}

static void make_key(void)
{
    no_key = pthread_key_create(&key, give_back) != 0;
}

static void choose(void)
{
    uint32_t number = 0;

    pthread_once(&once, make_key);
    mine = TOO_MANY;
    if (no_key || pthread_setspecific(key, &mine))
        return;
    pthread_mutex_lock(&mutex);
    while (number < NUMBERS && taken[number])
        number++;
    if (number < NUMBERS) {
        taken[number] = true;
        mine = number + 1;
    }
    pthread_mutex_unlock(&mutex);
    if (mine == TOO_MANY)
        pthread_setspecific(key, NULL);
}

uint32_t posix_cpu(void *ctx)
{
    (void)ctx;
    if (!mine)
        choose();
    return mine - 1;
}

ptrdiff_t posix_cpu_offset(void)
{
    const char *thread = NULL;

#if defined(__x86_64__) && defined(__LP64__)
    __asm__("mov %%fs:0, %0" : "=r"(thread));
#elif defined(__aarch64__)
    __asm__("mrs %0, tpidr_el0" : "=r"(thread));
#else
    return 0;
#endif
    return (const char *)&mine - thread;
}
