/* SPDX-License-Identifier: MIT */
/*
 * The reader of fault lines, fed by libFuzzer:
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -I. fuzz/explain.c inspect/faults/[a-z]*.c \
 *         -ljansson -o fuzz-explain
 *
 * The first byte says in which pieces the rest arrives; what is told must not depend on it. The same bytes are also
 * raw records.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/faults/faults.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    size_t lines;
    uint64_t sum; /* of everything told, in order */
};

static void expect(int holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "explain: %s\n", what);
    abort();
}

static void add(struct told *told, const char *text, size_t room)
{
    json_t *string = json_string(text); /* refuses what is not UTF-8 */

    expect(strnlen(text, room) < room, "a text without an end");
    expect(string != NULL, "a text that is not UTF-8");
    json_decref(string);
    for (; *text; text++)
        told->sum = (told->sum ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    told->sum *= 31;
}

static void check(void *ctx, const struct inspect_fault *fault)
{
    struct told *told = ctx;

    told->lines += 1 + fault->following_count;
    expect(fault->following_count <= INSPECT_FAULT_FOLLOWING, "too many lines in one fault");
    expect(inspect_fault_kind_name(fault->kind) != NULL, "no such kind");
    expect((fault->kind == INSPECT_FAULT_UNKNOWN) == (inspect_fault_vendor_name(fault->vendor) == NULL),
           "an unknown line of a known vendor, or the other way round");
    expect((fault->kind == INSPECT_FAULT_UNKNOWN) == (fault->meaning[0] == '\0'), "a fault without a meaning");
    expect((fault->kind == INSPECT_FAULT_UNKNOWN) == (fault->advice[0] == '\0'), "a fault without advice");
    expect(!fault->has_pasid || fault->pasid < 1u << 20, "a PASID of more than 20 bits");
    add(told, fault->line, INSPECT_FAULT_LINE + 1);
    for (unsigned i = 0; i < fault->following_count; i++)
        add(told, fault->following[i], INSPECT_FAULT_LINE + 1);
    add(told, fault->device, sizeof fault->device);
    add(told, fault->code, sizeof fault->code);
    add(told, fault->meaning, sizeof fault->meaning);
    add(told, fault->advice, sizeof fault->advice);
}

static struct told read_log(const uint8_t *data, size_t size, size_t piece)
{
    struct told told = {0, 0};
    struct inspect_fault_reader *reader = inspect_fault_reader_new(check, &told);

    if (!reader)
        abort();
    for (size_t at = 0; at < size; at += piece)
        inspect_fault_reader_bytes(reader, (const char *)data + at, size - at < piece ? size - at : piece);
    inspect_fault_reader_end(reader);
    inspect_fault_reader_free(reader);
    return told;
}

static void read_record(const uint8_t *data, size_t size)
{
    static const enum inspect_fault_vendor vendors[] = {INSPECT_FAULT_INTEL_VTD, INSPECT_FAULT_AMD_VI,
                                                        INSPECT_FAULT_SMMUV3};
    struct told told = {0, 0};
    struct inspect_fault fault;
    uint64_t words[4] = {0};

    memcpy(words, data, size < sizeof words ? size : sizeof words);
    for (unsigned i = 0; i < 3; i++) {
        expect(inspect_fault_record(vendors[i], words, i == 2 ? 4 : 2, &fault), "a record is refused");
        check(&told, &fault);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t lines = 0;

    if (size == 0)
        return 0;
    size_t piece = (size_t)*data + 1;
    data++;
    size--;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n' || i + 1 == size;
    struct told whole = read_log(data, size, size + 1), pieces = read_log(data, size, piece);
    expect(whole.lines == lines, "a line was lost or made up");
    expect(pieces.lines == lines && pieces.sum == whole.sum, "what is told depends on the pieces");
    read_record(data, size);
    return 0;
}
