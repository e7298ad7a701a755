/* SPDX-License-Identifier: MIT */
/* registers_mutate.c - damaged files of registers: JSON, lines, what the kernel prints. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/damage.h"
#include "fuzz/smoke.h"

static const char *const files[] = {
    "{\"VER\": \"0x10\", \"CAP\": \"0xd2008c222f0606\", \"ECAP\": \"0xf00f4a\", \"GSTS\": 3338665984,\n"
    " \"RTADDR\": \"0x55d4400\", \"IQA\": \"0x3daa801\", \"IQT\": \"0xcc0\", \"FRCD0\": [\"0x1000\", \"0x8000000200000008\"]}",
    "{\"units\": [{\"base\": \"0xfed90000\", \"CAP\": \"0x1\"}, {\"segment\": 1, \"ECAP\": \"0x2\", \"FSTS\": 7}]}",
    "BASE 0xfed90000\nSEGMENT 0\nCAP 0xd2008c222f0606\nECAP: 0xf00f4a\nGSTS = 0xc7000000\nFSTS 0x302\n"
    "FRCD3 0x80000002000000080000000000001000\nFRCD0_LO 0x5\n",
    "IOMMU: dmar0 Register Base Address: fed90000\nName\t\t\tOffset\t\tContents\n"
    "CAP             \t0x08\t\t0x00d2008c222f0606\nPMEN            \t0x64\t\t0x0000000080000001\n\n"
    "IOMMU: dmar1 Register Base Address: fed91000\nICS             \t0x9c\t\t0x0000000000000001\n",
    "[    0.012347] DMAR: dmar0: reg_base_addr fed90000 ver 4:0 cap 1c0000c40660462 ecap 49e2ff0505e\n"
    "[    0.012348] DMAR: dmar1: reg_base_addr fed91000 ver 1:0 cap d2008c40660462 ecap f050da\n",
};

#define WORD(TEXT) {TEXT, sizeof(TEXT) - 1}

static const struct {
    const char *text;
    size_t length;
} words[] = {
    WORD("CAP"), WORD("FRCD"), WORD("FRCD255"), WORD("_REG"), WORD("_HI"), WORD("BASE"), WORD("SEGMENT"), WORD("0x"),
    WORD("0xffffffffffffffff"), WORD("-1"), WORD("\n"), WORD(":"), WORD("="), WORD("\t"), WORD("IQERCD"),
    WORD("Register Base Address: "), WORD("reg_base_addr"), WORD("ver"), WORD("cap"), WORD("ecap"), WORD("{"),
    WORD("}"), WORD("["), WORD("]"), WORD(","), WORD("\""), WORD("\"units\": ["),
};

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))
#define ROOM         64 /* for words that are put in */

/* Makes room for a word somewhere. */
static void put_word(struct seed *seed, uint8_t *data, size_t *bytes, size_t room)
{
    size_t which = (size_t)seed_below(seed, COUNT(words)), length = words[which].length;
    size_t at = (size_t)seed_below(seed, *bytes + 1);

    if (*bytes + length > room)
        return;
    memmove(data + at + length, data + at, *bytes - at);
    memcpy(data + at, words[which].text, length);
    *bytes += length;
}

static uint8_t *make(uint64_t seed, uint64_t index, size_t *bytes)
{
    struct seed state = damage_seed(seed, index);
    const char *file = files[seed_below(&state, COUNT(files))];
    uint64_t times = 1 + seed_below(&state, 5);
    size_t room = strlen(file) + ROOM;
    uint8_t *data = malloc(room);

    if (data == NULL)
        abort();
    *bytes = strlen(file);
    memcpy(data, file, *bytes + 1);
    for (uint64_t i = 0; i < times; i++) {
        if (seed_below(&state, 3) == 0)
            damage(&state, data, bytes, *bytes);
        else
            put_word(&state, data, bytes, room);
    }
    return data;
}

const struct smoke_target smoke_target = {"damaged register files", 1000000, 4096, make};
