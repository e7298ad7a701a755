/* SPDX-License-Identifier: MIT */
/* test_registers.c - registers from JSON, lines, the kernel's words, single values and dumps (inspect/registers.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/registers.h"
#include "tests/dmar/build.h"
#include "tests/inspect/images.h"

#define QEMU_CAP 0xd2008c222f0606u

/* ---- helpers ------------------------------------------------------------------------------- */

static struct inspect_registers parsed(const char *text)
{
    struct inspect_registers registers = {.count = 0};
    struct inspect_why why = {""};
    int result = inspect_registers_parse(text, strlen(text), &registers, &why);
    if (result != 0)
        print_error("%s\n", why.text);
    assert_int_equal(result, 0);
    return registers;
}

static void refused(const char *text, const char *words)
{
    struct inspect_registers registers = {.count = 77};
    struct inspect_why why = {""};
    assert_int_equal(inspect_registers_parse(text, strlen(text), &registers, &why), -EINVAL);
    assert_int_equal(registers.count, 77); /* untouched */
    if (strstr(why.text, words) == NULL)
        fail_msg("expected '%s' in: %s", words, why.text);
}

static void has(const struct inspect_unit *unit, enum inspect_register reg, uint64_t value)
{
    assert_true(unit->known >> reg & 1);
    assert_int_equal(unit->value[reg], value);
}

static uint64_t bit(enum inspect_register reg)
{
    return (uint64_t)1 << reg;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void test_registers_json_one_unit(void **state)
{
    struct inspect_registers registers = parsed(
        " {\"CAP\": \"0xd2008c222f0606\", \"ecap_reg\": \"0xf00f4a\", \"Gsts\": 3338665984, \"FRCD0_LO\": \"0x1000\","
        "\"FRCD0_HI\": \"0x8000000200000008\", \"qemu\": {\"CAP\": []}, \"cmdline\": \"iommu\", \"base\": \"0xfed90000\"}");
    assert_int_equal(registers.count, 1);
    struct inspect_unit *unit = registers.unit;
    has(unit, INSPECT_CAP, QEMU_CAP);
    has(unit, INSPECT_ECAP, 0xf00f4a);
    has(unit, INSPECT_GSTS, 0xc7000000);
    assert_int_equal(unit->known, bit(INSPECT_CAP) | bit(INSPECT_ECAP) | bit(INSPECT_GSTS));
    assert_int_equal(unit->base, 0xfed90000);
    assert_int_equal(unit->fault_count, 1);
    assert_int_equal(unit->fault[0][0], 0x1000);
    assert_int_equal(unit->fault[0][1], 0x8000000200000008);
    inspect_registers_free(&registers);
    assert_null(registers.unit);
}

static void test_registers_json_units(void **state)
{
    static const char *const texts[] = {
        "{\"units\": [{\"CAP\": \"0x1\"}, {\"CAP\": \"0x2\", \"segment\": 3, \"BASE\": \"0xfed91000\"}]}",
        "[{\"CAP\": \"0x1\"}, {\"CAP\": \"0x2\", \"segment\": 3, \"BASE\": \"0xfed91000\"}]",
        "[ {\"CAP\": 1}, {\"CAP\": 2, \"segment\": \"3\", \"base\": 4275638272}]",
    };
    for (size_t i = 0; i < 3; i++) {
        struct inspect_registers registers = parsed(texts[i]);
        assert_int_equal(registers.count, 2);
        has(&registers.unit[0], INSPECT_CAP, 1);
        has(&registers.unit[1], INSPECT_CAP, 2);
        assert_int_equal(registers.unit[0].base, 0);
        assert_int_equal(registers.unit[0].segment, 0);
        assert_int_equal(registers.unit[1].base, 0xfed91000);
        assert_int_equal(registers.unit[1].segment, 3);
        inspect_registers_free(&registers);
    }
}

static void test_registers_json_refused(void **state)
{
    refused("{\"CAP\": \"0x1\"", "line 1");
    refused("{\"CAP\": \"0x1\", \"CAP\": \"0x2\"}", "duplicate");
    refused("{\"CAP\": true}", "CAP is not a number");
    refused("{\"CAP\": {}}", "CAP is not a number");
    refused("{\"CAP\": 1.5}", "CAP is not a number");
    refused("{\"CAP\": -1}", "'-1' is not a number");
    refused("{\"CAP\": \"d2008c222f0606\"}", "begin with 0x");
    refused("{\"CAP\": \"0x12345678123456781\"}", "64 bits");
    refused("{\"GSTS\": \"0x1ffffffff\"}", "32 bits");
    refused("{\"CAP\": 1, \"segment\": 65536}", "16 bits");
    refused("{\"colour\": 1}", "no register");
    refused("{\"units\": []}", "no units");
    refused("[]", "no units");
    refused("{\"units\": {}}", "no units");
    refused("{\"units\": [{\"CAP\": 1}, 2]}", "unit 1");
    refused("{\"units\": [{\"CAP\": 1}, {}]}", "no register");
    refused("{\"FRCD256\": \"0x1\"}", "256");
    refused("{\"FRCD0\": [1]}", "FRCD0");
}

static void test_registers_json_too_many_units(void **state)
{
    char text[16 * (INSPECT_UNITS_MAX + 2)] = "[";
    for (unsigned i = 0; i < INSPECT_UNITS_MAX; i++)
        strcat(text, "{\"CAP\":1},");
    size_t length = strlen(text);
    text[length - 1] = ']';
    struct inspect_registers registers = parsed(text);
    assert_int_equal(registers.count, INSPECT_UNITS_MAX);
    inspect_registers_free(&registers);
    text[length - 1] = ',';
    strcat(text, "{\"CAP\":1}]");
    refused(text, "64 units");
}

/* ---- lines --------------------------------------------------------------------------------- */

static void test_registers_lines(void **state)
{
    struct inspect_registers registers = parsed("# my unit\n"
                                                "CAP 0xd2008c222f0606\r\n"
                                                "  ecap:\t0xf00f4a\n"
                                                "RTADDR_REG = 0x1000\n"
                                                "gsts=2147483648\n"
                                                "\n"
                                                "a line of prose about CAP and more\n"
                                                "COLOUR 0x12\n"
                                                "FRCD2 0x80000002000000080000000000001000\n"
                                                "IQT 0x20");
    assert_int_equal(registers.count, 1);
    struct inspect_unit *unit = registers.unit;
    has(unit, INSPECT_CAP, QEMU_CAP);
    has(unit, INSPECT_ECAP, 0xf00f4a);
    has(unit, INSPECT_RTADDR, 0x1000);
    has(unit, INSPECT_GSTS, 0x80000000);
    has(unit, INSPECT_IQT, 0x20);
    assert_int_equal(__builtin_popcountll(unit->known), 5);
    assert_int_equal(unit->fault_count, 3);
    assert_int_equal(unit->fault[2][0], 0x1000);
    assert_int_equal(unit->fault[2][1], 0x8000000200000008);
    assert_int_equal(unit->fault[0][1], 0);
    inspect_registers_free(&registers);
}

static void test_registers_lines_of_two_units(void **state)
{
    struct inspect_registers registers =
        parsed("BASE 0xfed90000\nCAP 0x1\nBASE 0xfed91000\nSEGMENT 1\nCAP 0x2\nGSTS 0x3\n");
    assert_int_equal(registers.count, 2);
    assert_int_equal(registers.unit[0].base, 0xfed90000);
    has(&registers.unit[0], INSPECT_CAP, 1);
    assert_int_equal(registers.unit[1].base, 0xfed91000);
    assert_int_equal(registers.unit[1].segment, 1);
    has(&registers.unit[1], INSPECT_CAP, 2);
    has(&registers.unit[1], INSPECT_GSTS, 3);
    inspect_registers_free(&registers);
}

/* As Linux prints them: columns NAME, OFFSET, CONTENTS; registers that are not known here among them. */
static void test_registers_debugfs(void **state)
{
    struct inspect_registers registers = parsed(
        "IOMMU: dmar0 Register Base Address: fed90000\n"
        "Name\t\t\tOffset\t\tContents\n"
        "GCMD            \t0x18\t\t0x0000000000000000\n"
        "GSTS            \t0x1c\t\t0x00000000c7000000\n"
        "CAP             \t0x08\t\t0x00d2008c222f0606\n"
        "AFLOG           \t0x58\t\t0x0000000000000000\n"
        "MTRR_FIX64K_00000\t0x120\t\t0x0000000000000000\n"
        "\n"
        "IOMMU: dmar1 Register Base Address: fed91000\n"
        "Name\t\t\tOffset\t\tContents\n"
        "CAP             \t0x08\t\t0x01d2008c222f0606\n"
        "PRS             \t0xdc\t\t0x0000000000000003\n");
    assert_int_equal(registers.count, 2);
    assert_int_equal(registers.unit[0].base, 0xfed90000);
    has(&registers.unit[0], INSPECT_CAP, QEMU_CAP);
    has(&registers.unit[0], INSPECT_GSTS, 0xc7000000);
    assert_int_equal(__builtin_popcountll(registers.unit[0].known), 2);
    assert_int_equal(registers.unit[1].base, 0xfed91000);
    has(&registers.unit[1], INSPECT_CAP, 0x1d2008c222f0606);
    has(&registers.unit[1], INSPECT_PRS, 3);
    inspect_registers_free(&registers);
}

/* What the kernel says when it boots is enough to see what a machine can do. */
static void test_registers_kernel_log(void **state)
{
    struct inspect_registers registers =
        parsed("[    0.012345] DMAR: Host address width 39\n"
               "[    0.012346] DMAR: DRHD base: 0x000000fed90000 flags: 0x0\n"
               "[    0.012347] DMAR: dmar0: reg_base_addr fed90000 ver 4:0 cap 1c0000c40660462 ecap 49e2ff0505e\n"
               "Nov 22 10:00:01 host kernel: DMAR: dmar1: reg_base_addr fed91000 ver 1:0 cap d2008c40660462 ecap f050da\n"
               "DMAR: dmar2: reg_base_addr fed92000 ver 12:0 cap 1\n");
    assert_int_equal(registers.count, 3);
    assert_int_equal(registers.unit[2].known, bit(INSPECT_CAP)); /* no such version fits into VER */
    assert_int_equal(registers.unit[0].base, 0xfed90000);
    has(&registers.unit[0], INSPECT_VER, 0x40);
    has(&registers.unit[0], INSPECT_CAP, 0x1c0000c40660462);
    has(&registers.unit[0], INSPECT_ECAP, 0x49e2ff0505e);
    assert_int_equal(registers.unit[1].base, 0xfed91000);
    has(&registers.unit[1], INSPECT_VER, 0x10);
    has(&registers.unit[1], INSPECT_ECAP, 0xf050da);
    inspect_registers_free(&registers);
}

static void test_registers_lines_refused(void **state)
{
    refused("", "no register");
    refused("\n\n  \n", "no register");
    refused("nothing here that helps\n", "no register");
    refused("CAP 0x1\nGSTS 0xg\n", "line 2");
    refused("CAP 0x1\nCAP 0x1\n", "twice");
    refused("CAP\t0x08\t0x1ffffffffffffffff\n", "64 bits");
    refused("CAP 0x1\nBASE 0x1000\n", "no register"); /* a unit without anything */
    refused("BASE nowhere\nCAP 1\n", "'nowhere' is not a number");
    refused("IOMMU: dmar0 Register Base Address: fed90000\nIOMMU: dmar1 Register Base Address: fed91000\nCAP 0x1\n",
            "unit 0");
    refused("IOMMU: dmar0 Register Base Address: zz\n", "zz");
    refused("FRCD300 0x1\n", "256");
    refused("FRCD0 0x1234567812345678123456781234567812\n", "64 bits");
}

/* A NUL, a line without an end, a word longer than any. */
static void test_registers_lines_odd_bytes(void **state)
{
    static const char text[] = "CAP\0 0x5\0\nECAP 0x7";
    struct inspect_registers registers = {.count = 0};
    char word[200];
    assert_int_equal(inspect_registers_parse(text, sizeof text - 1, &registers, NULL), 0);
    has(registers.unit, INSPECT_CAP, 5);
    has(registers.unit, INSPECT_ECAP, 7);
    inspect_registers_free(&registers);
    memset(word, '1', sizeof word);
    memcpy(word, "CAP ", 4);
    word[sizeof word - 1] = '\0';
    refused(word, "64 bits");
    memset(word, '\xff', sizeof word - 1);
    refused(word, "no register");
    char line[500]; /* a long word where there is room for one more only */
    memset(line, 'x', sizeof line);
    for (size_t i = 0; i < 62; i += 2)
        line[i + 1] = ' ';
    line[sizeof line - 1] = '\0';
    refused(line, "no register");
}

/* ---- single values ------------------------------------------------------------------------- */

static void test_register_set(void **state)
{
    struct inspect_unit unit = {.known = 0};
    struct inspect_why why;
    assert_int_equal(inspect_register_set(&unit, "cap", "0xFFFFFFFFFFFFFFFF", &why), 0);
    has(&unit, INSPECT_CAP, UINT64_MAX);
    assert_int_equal(inspect_register_set(&unit, "PRS_REG", "3", &why), 0);
    has(&unit, INSPECT_PRS, 3);
    assert_int_equal(inspect_register_set(&unit, "frcd255_hi", "0x1", &why), 0);
    assert_int_equal(unit.fault_count, 256);
    assert_int_equal(unit.fault[255][1], 1);
    assert_int_equal(inspect_register_set(&unit, "NOCAP", "1", &why), -EINVAL);
    assert_non_null(strstr(why.text, "NOCAP"));
    assert_int_equal(inspect_register_set(&unit, "_REG", "1", &why), -EINVAL);
    assert_int_equal(inspect_register_set(&unit, "GSTS", "0x100000000", &why), -EINVAL);
    assert_int_equal(inspect_register_set(&unit, "GSTS", "", &why), -EINVAL);
    assert_int_equal(inspect_register_set(&unit, "GSTS", "0x", &why), -EINVAL);
    assert_int_equal(inspect_register_set(&unit, "GSTS", " 1", &why), -EINVAL);
    assert_int_equal(inspect_register_set(&unit, "GSTS", "+1", &why), -EINVAL);
    assert_int_equal(inspect_register_set(&unit, "GSTS", "1 ", NULL), -EINVAL);
    assert_int_equal(inspect_register_set(&unit, "FRCD0_MID", "1", &why), -EINVAL);
    assert_int_equal(inspect_register_set(&unit, "FRCD99999999999999999999", "1", &why), -EINVAL);
    assert_int_equal(unit.known & bit(INSPECT_GSTS), 0);
    assert_int_equal(inspect_register_set(&unit, "FRCD1", "0x10000000000000002", &why), 0); /* 17 digits */
    assert_int_equal(unit.fault[1][0], 2);
    assert_int_equal(unit.fault[1][1], 1);
    assert_int_equal(inspect_register_set(&unit, "FRCD1", "0x7", &why), 0);
    assert_int_equal(unit.fault[1][0], 7);
    assert_int_equal(unit.fault[1][1], 0);
}

static void test_register_names(void **state)
{
    unsigned wide = 0;
    for (unsigned reg = 0; reg < INSPECT_REGISTER_COUNT; reg++) {
        struct inspect_unit unit = {.known = 0};
        assert_non_null(inspect_register_name(reg));
        assert_int_equal(inspect_register_set(&unit, inspect_register_name(reg), "1", NULL), 0);
        assert_int_equal(unit.known, bit(reg));
        wide += inspect_register_bits(reg) == 64;
        assert_true(inspect_register_bits(reg) == 64 || inspect_register_bits(reg) == 32);
    }
    assert_string_equal(inspect_register_name(INSPECT_PEUADDR), "PEUADDR");
    assert_string_equal(inspect_register_name(INSPECT_IQERCD), "IQERCD");
    assert_int_equal(wide, 14);
}

/* ---- files --------------------------------------------------------------------------------- */

static void test_registers_load(void **state)
{
    static const char text[] = "{\"CAP\": \"0x1\"}", broken[] = "CAP zero\n";
    struct inspect_registers registers = {.count = 0};
    struct inspect_why why;
    char path[IMAGE_PATH];
    image_save((struct image_file){(uint8_t *)strdup(text), sizeof text - 1}, path);
    assert_int_equal(inspect_registers_load(path, &registers, &why), 0);
    has(registers.unit, INSPECT_CAP, 1);
    inspect_registers_free(&registers);
    unlink(path);
    assert_int_equal(inspect_registers_load(path, &registers, &why), -ENOENT);
    assert_non_null(strstr(why.text, path));
    image_save((struct image_file){(uint8_t *)strdup(broken), sizeof broken - 1}, path);
    assert_int_equal(inspect_registers_load(path, &registers, &why), -EINVAL);
    assert_non_null(strstr(why.text, path));
    assert_non_null(strstr(why.text, "line 1"));
    unlink(path);
    assert_int_equal(inspect_registers_load("/", &registers, &why), -EINVAL);
    assert_int_equal(inspect_registers_load("/dev/zero", &registers, &why), -EINVAL);
    assert_non_null(strstr(why.text, "too large"));
}

static void test_registers_shared(void **state)
{
    static const char *const names[] = {"sm-72", "legacy-72", "fl-10"};
    const char *shared = getenv("IOMMUKIT_SHARED");
    if (shared == NULL)
        skip();
    for (size_t i = 0; i < 3; i++) {
        struct inspect_registers registers = {.count = 0};
        char path[512];
        snprintf(path, sizeof path, "%s/dumps/%s/regs.json", shared, names[i]);
        assert_int_equal(inspect_registers_load(path, &registers, NULL), 0);
        assert_int_equal(registers.count, 1);
        has(registers.unit, INSPECT_GSTS, 0xc7000000);
        has(registers.unit, INSPECT_IRTA, 0x3e0000f);
        assert_int_equal(registers.unit->fault_count, 1);
        inspect_registers_free(&registers);
    }
}

/* ---- in a dump ----------------------------------------------------------------------------- */

#define UNIT_0 0xfed90000u
#define UNIT_1 0xfed92000u

static void put(uint8_t *block, size_t offset, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        block[offset + i] = (uint8_t)(value >> 8 * i);
}

/* Two pages of registers, one page each: unit 0 with QEMU's capabilities, unit 1 as `fill` and `version_1` say. */
static struct inspect_memory *dump_of_registers(uint8_t fill, uint32_t version_1)
{
    static const struct image_piece pieces[] = {{UNIT_0, 4096, false}, {UNIT_1, 4096, false}};
    struct image_file file = image_elf64(pieces, 2);
    uint8_t *block = file.data + file.bytes - 8192;
    struct inspect_memory *memory = NULL;
    char path[IMAGE_PATH];
    memset(block, 0, 4096);
    memset(block + 4096, fill, 4096);
    if (fill == 0) {
        put(block + 4096, 0x00, version_1, 4);
        put(block + 4096, 0x08, QEMU_CAP, 8);
        put(block + 4096, 0x10, 0xf00f4a, 8);
    }
    put(block, 0x00, 0x10, 4);
    put(block, 0x08, QEMU_CAP, 8);
    put(block, 0x10, 0xf00f4a, 8);
    put(block, 0x1c, 0xc7000000, 4);
    put(block, 0x20, 0x1234000, 8);
    put(block, 0xec, 0x77, 4);
    put(block, 0x220, 0x5000, 8);
    put(block, 0x228, 0x8000000200000008, 8);
    image_save(file, path);
    struct inspect_memory_options options = {.path = path};
    assert_int_equal(inspect_memory_open(&options, &memory, NULL), 0);
    unlink(path);
    return memory;
}

static void add_unit(struct dmar_build *table, uint16_t segment, uint64_t base)
{
    dmar_record(table, 0);
    dmar_put(table, 0, 1);
    dmar_put(table, 0, 1);
    dmar_put(table, segment, 2);
    dmar_put(table, base, 8);
}

static void test_registers_in_a_dump(void **state)
{
    static const uint8_t fills[] = {0x00, 0xff, 0x11};
    struct dmar_build table = {0};
    dmar_begin(&table, 39, 0);
    add_unit(&table, 2, UNIT_0);
    add_unit(&table, 0, UNIT_1);
    add_unit(&table, 0, 0xfed94000);
    dmar_end(&table);
    for (size_t i = 0; i < sizeof fills; i++) {
        struct inspect_registers registers = {.count = 0};
        struct inspect_memory *memory = dump_of_registers(fills[i], 0);
        assert_int_equal(inspect_registers_find(memory, table.bytes, table.length, &registers, NULL), 0);
        assert_int_equal(registers.count, 1); /* neither zeroes, ones nor junk are registers */
        assert_int_equal(registers.unit->base, UNIT_0);
        assert_int_equal(registers.unit->segment, 2);
        has(registers.unit, INSPECT_CAP, QEMU_CAP);
        has(registers.unit, INSPECT_GSTS, 0xc7000000);
        has(registers.unit, INSPECT_RTADDR, 0x1234000);
        has(registers.unit, INSPECT_PEUADDR, 0x77);
        assert_int_equal(registers.unit->known, bit(INSPECT_REGISTER_COUNT) - 1);
        assert_int_equal(registers.unit->fault_count, 1);
        assert_int_equal(registers.unit->fault[0][0], 0x5000);
        assert_int_equal(registers.unit->fault[0][1], 0x8000000200000008);
        inspect_registers_free(&registers);
        inspect_memory_close(memory);
    }
    dmar_free(&table);
}

static void test_registers_in_a_dump_of_two_units(void **state)
{
    struct dmar_build table = {0};
    dmar_begin(&table, 39, 0);
    add_unit(&table, 2, UNIT_0);
    add_unit(&table, 0, UNIT_1);
    dmar_end(&table);
    static const uint32_t versions[] = {0x60, 0x0, 0x1, 0x110};
    for (size_t i = 0; i < 4; i++) {
        struct inspect_registers registers = {.count = 0};
        struct inspect_memory *memory = dump_of_registers(0, versions[i]);
        assert_int_equal(inspect_registers_find(memory, table.bytes, table.length, &registers, NULL), 0);
        assert_int_equal(registers.count, i == 0 ? 2 : 1); /* no unit has such versions */
        inspect_registers_free(&registers);
        inspect_memory_close(memory);
    }
    dmar_free(&table);
}

static void test_registers_not_in_a_dump(void **state)
{
    struct inspect_registers registers = {.count = 5};
    struct inspect_memory *memory = dump_of_registers(0xff, 0);
    struct inspect_why why;
    struct dmar_build table = {0};
    dmar_begin(&table, 39, 0);
    add_unit(&table, 0, 0xfed94000);
    dmar_end(&table);
    assert_int_equal(inspect_registers_find(memory, table.bytes, table.length, &registers, &why), -ENODATA);
    assert_non_null(strstr(why.text, "debugfs"));
    table.bytes[9] ^= 1;
    assert_int_equal(inspect_registers_find(memory, table.bytes, table.length, &registers, &why), -EINVAL);
    assert_int_equal(registers.count, 5);
    dmar_free(&table);
    inspect_memory_close(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers_json_one_unit),
        cmocka_unit_test(test_registers_json_units),
        cmocka_unit_test(test_registers_json_refused),
        cmocka_unit_test(test_registers_json_too_many_units),
        cmocka_unit_test(test_registers_lines),
        cmocka_unit_test(test_registers_lines_of_two_units),
        cmocka_unit_test(test_registers_debugfs),
        cmocka_unit_test(test_registers_kernel_log),
        cmocka_unit_test(test_registers_lines_refused),
        cmocka_unit_test(test_registers_lines_odd_bytes),
        cmocka_unit_test(test_register_set),
        cmocka_unit_test(test_register_names),
        cmocka_unit_test(test_registers_load),
        cmocka_unit_test(test_registers_shared),
        cmocka_unit_test(test_registers_in_a_dump),
        cmocka_unit_test(test_registers_in_a_dump_of_two_units),
        cmocka_unit_test(test_registers_not_in_a_dump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
