/* SPDX-License-Identifier: MIT */
/*
 * The decoder of PCI configuration space, fed by libFuzzer:
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -I. fuzz/config.c \
 *         inspect/system_config.c -o fuzz-config
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/system_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "configuration space: %s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inspect_config config;
    unsigned length = size < INSPECT_CONFIG_MAX ? (unsigned)size : INSPECT_CONFIG_MAX;
    uint8_t *copy = malloc(length + !length); /* exactly as long, so that a sanitizer sees a byte read too far */

    if (copy == NULL)
        return 0;
    if (length != 0)
        memcpy(copy, data, length);
    inspect_config_decode(copy, length, &config);
    free(copy);
    need(config.bytes == length && config.port <= INSPECT_PORT_UNKNOWN && config.pasid_bits <= 20, "out of range");
    need(inspect_port_name(config.port) != NULL, "a kind without a name");
    need(config.extended == INSPECT_YES || !(config.pasid || config.ats || config.pri || config.acs || config.siov),
         "extended capabilities where they cannot be known");
    need(config.pasid || (!config.pasid_enabled && config.pasid_bits == 0), "a width without the capability");
    return 0;
}
