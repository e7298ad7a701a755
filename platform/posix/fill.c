/* SPDX-License-Identifier: MIT */
/*
 * platform/posix/fill.c - the fill_words hook: a process may use all registers that its processor has, whatever the
 * library was compiled for.
 */
#include "platform/posix/fill.h"

#include <stddef.h>

#if defined(__x86_64__) && defined(__GNUC__)

typedef uint64_t quad __attribute__((vector_size(32), may_alias));

#define QUAD ((ptrdiff_t)4) /* words */

static __attribute__((target("avx2"))) void fill_quads(void *ctx, uint64_t *words, size_t count, uint64_t value,
                                                       uint64_t step)
{
    const uint64_t *end = words + count;
    quad first, second;

    (void)ctx;
    for (; words < end && (uintptr_t)words % sizeof(quad); value += step)
        *words++ = value;
    first = (quad){value, value + step, value + 2 * step, value + 3 * step};
    second = first + QUAD * step;
    for (; end - words >= 2 * QUAD; words += 2 * QUAD) {
        ((quad *)words)[0] = first;
        ((quad *)words)[1] = second;
        first += 2 * QUAD * step;
        second += 2 * QUAD * step;
    }
    for (value = first[0]; words < end; value += step)
        *words++ = value;
}

posix_fill_fn *posix_fill(void)
{
    return __builtin_cpu_supports("avx2") ? fill_quads : 0;
}

#else

posix_fill_fn *posix_fill(void)
{
    return 0;
}

#endif
