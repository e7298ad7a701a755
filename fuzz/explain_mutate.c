/* SPDX-License-Identifier: MIT */
/* explain_mutate.c - logs for the short run of fuzz/explain.c: fault lines of every format, damaged and mixed. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/smoke.h"
#include "tests/common/seed.h"
#include "tests/inspect/fault_cases.h"

#define LOG_BYTES 6000

struct log {
    uint8_t *bytes;
    size_t length;
};

static const char *some_case(struct seed *seed)
{
    const struct fault_case *const lists[] = {fault_cases_vtd, fault_cases_amd, fault_cases_arm, fault_cases_others};
    const unsigned counts[] = {fault_cases_vtd_count, fault_cases_amd_count, fault_cases_arm_count,
                               fault_cases_others_count};
    unsigned list = (unsigned)seed_below(seed, 4);

    return lists[list][seed_below(seed, counts[list])].lines;
}

static void put(struct log *log, const void *bytes, size_t count)
{
    if (count > LOG_BYTES - log->length)
        count = LOG_BYTES - log->length;
    memcpy(log->bytes + log->length, bytes, count);
    log->length += count;
}

/* The end of one line behind the beginning of another, as two processors print. */
static void splice(struct log *log, struct seed *seed)
{
    const char *first = some_case(seed), *second = some_case(seed);
    size_t skip = (size_t)seed_below(seed, strlen(second) + 1);

    put(log, first, (size_t)seed_below(seed, strlen(first) + 1));
    put(log, second + skip, strlen(second) - skip);
}

/* Numbers that are too long, signed, or all of one digit. */
static void odd_number(struct log *log, struct seed *seed)
{
    static const char *const numbers[] = {"ffffffffffffffff",
                                          "0x",
                                          "0x0",
                                          "-1",
                                          "99999999999999999999999",
                                          "0xfffffffffffffffffffff",
                                          "00000000000000000000",
                                          "DMAR:",
                                          "arm-smmu",
                                          "0xg",
                                          "[",
                                          "]",
                                          "(",
                                          "%s%n",
                                          "0x80000000",
                                          "ffff:ff:1f.7",
                                          "[[[[00:00.0",
                                          ": : :"};
    const char *text = some_case(seed);
    size_t at = (size_t)seed_below(seed, strlen(text) + 1), skip = (size_t)seed_below(seed, 8);
    const char *number = numbers[seed_below(seed, sizeof numbers / sizeof numbers[0])];

    put(log, text, at);
    put(log, number, strlen(number));
    if (at + skip < strlen(text))
        put(log, text + at + skip, strlen(text) - at - skip);
}

static void long_line(struct log *log, struct seed *seed)
{
    uint8_t letter = (uint8_t)seed_next(seed);

    for (uint64_t left = seed_below(seed, 3000); left > 0; left--)
        put(log, &letter, 1);
}

static void damage(struct log *log, struct seed *seed)
{
    for (uint64_t left = seed_below(seed, 12); left > 0 && log->length > 0; left--)
        log->bytes[seed_below(seed, log->length)] = (uint8_t)seed_next(seed);
}

static uint8_t *make(uint64_t number, uint64_t index, size_t *bytes)
{
    struct seed seed = {number * UINT64_C(0x2545f4914f6cdd1d) + index};
    struct log log = {calloc(1, LOG_BYTES), 1};

    if (log.bytes == NULL)
        abort();
    log.bytes[0] = (uint8_t)seed_next(&seed);
    for (uint64_t left = 1 + seed_below(&seed, 12); left > 0; left--) {
        const char *whole = some_case(&seed);
        switch (seed_below(&seed, 6)) {
        case 0:
            splice(&log, &seed);
            break;
        case 1:
            odd_number(&log, &seed);
            break;
        case 2:
            long_line(&log, &seed);
            break;
        default:
            put(&log, whole, strlen(whole));
        }
        put(&log, "\n", 1);
    }
    if (seed_below(&seed, 2) == 0)
        damage(&log, &seed);
    *bytes = log.length;
    return log.bytes;
}

const struct smoke_target smoke_target = {"damaged logs", 50000, 5000, make};
