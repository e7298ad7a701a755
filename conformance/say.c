/* SPDX-License-Identifier: MIT */
/* say.c - how a run ends, and how what was seen gets out of it. */
#include <stdio.h>

#include "conformance/bench.h"

_Static_assert(FINDING_COUNT <= 64, "a bit for each in bench.noted");

/* Once in a run. */
static void say(struct bench *bench, enum finding finding, const char *format, va_list arguments)
{
    char observed[IOMMU_CONFORM_OBSERVED_BYTES];
    vsnprintf(observed, sizeof observed, format, arguments);
    bench->failed = true;
    if ((bench->noted >> finding & 1) == 0)
        bench->found(bench, finding, observed);
    bench->noted |= UINT64_C(1) << finding;
}

void bench_note(struct bench *bench, enum finding finding, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(bench, finding, format, arguments);
    va_end(arguments);
}

void bench_fail(struct bench *bench, enum finding finding, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(bench, finding, format, arguments);
    va_end(arguments);
    bench_leave(bench, BENCH_FAILED);
}

void bench_leave(struct bench *bench, enum bench_end end)
{
    bench->end = end;
    siglongjmp(bench->out, 1);
}
