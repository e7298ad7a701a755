/* SPDX-License-Identifier: MIT */
/*
 * The parts of inspect/system*.c that need no copy of a machine: configuration space, command line, abilities, bounded
 * reads. What reads whole trees is tested through the command, tests/command/system.py.
 */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "inspect/system_abilities.h"
#include "inspect/system_acs.h"
#include "inspect/system_chain.h"
#include "inspect/system_config.h"
#include "inspect/system_file.h"
#include "inspect/system_ties.h"

/* ---- Configuration space ---- */

static void put(uint8_t *at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* An express function of this kind, by the number of the kind, without extended capabilities. */
static void express(uint8_t space[4096], unsigned kind)
{
    memset(space, 0, 4096);
    put(space, 0x0b258086, 4);
    put(space + 6, 0x10, 2);
    put(space + 8, 0x08800001, 4);
    space[0x34] = 0x50;
    put(space + 0x50, 0x0010, 2);
    put(space + 0x52, 2 | kind << 4, 2);
    put(space + 0x50 + 0x24, 1u << 21, 4);
}

static void test_config_kinds(void **state)
{
    static const struct {
        unsigned number;
        enum inspect_port port;
    } kind[] = {{0, INSPECT_PORT_ENDPOINT},   {1, INSPECT_PORT_ENDPOINT}, {4, INSPECT_PORT_ROOT},
                {5, INSPECT_PORT_UPSTREAM},   {6, INSPECT_PORT_DOWNSTREAM}, {7, INSPECT_PORT_TO_PCI},
                {8, INSPECT_PORT_TO_EXPRESS}, {9, INSPECT_PORT_INTEGRATED}, {10, INSPECT_PORT_COLLECTOR},
                {3, INSPECT_PORT_UNKNOWN}};
    uint8_t space[4096];
    struct inspect_config config;
    for (size_t i = 0; i < sizeof kind / sizeof kind[0]; i++) {
        express(space, kind[i].number);
        inspect_config_decode(space, sizeof space, &config);
        assert_int_equal(config.port, kind[i].port);
        assert_int_equal(config.prefixes, INSPECT_YES);
        assert_int_equal(config.extended, INSPECT_YES);
        assert_int_equal(config.vendor, 0x8086);
        assert_int_equal(config.device, 0x0b25);
        assert_int_equal(config.class_code, 0x088000);
        assert_false(config.pasid || config.ats || config.pri || config.acs || config.siov || config.sriov);
    }
}

static void test_config_cut_off(void **state)
{
    uint8_t space[4096];
    struct inspect_config config;
    express(space, 0);
    inspect_config_decode(space, 64, &config);
    assert_int_equal(config.port, INSPECT_PORT_UNKNOWN);
    assert_int_equal(config.prefixes, INSPECT_UNKNOWN);
    assert_int_equal(config.extended, INSPECT_UNKNOWN);
    assert_int_equal(config.device, 0x0b25);
    /* Express, but the machine gives 256 bytes only: what follows is not known. */
    inspect_config_decode(space, 256, &config);
    assert_int_equal(config.port, INSPECT_PORT_ENDPOINT);
    assert_int_equal(config.extended, INSPECT_UNKNOWN);
    /* Conventional: there is no more. */
    put(space + 6, 0, 2);
    inspect_config_decode(space, 256, &config);
    assert_int_equal(config.port, INSPECT_PORT_CONVENTIONAL);
    assert_int_equal(config.prefixes, INSPECT_NO);
    assert_int_equal(config.extended, INSPECT_NO);
    inspect_config_decode(space, 0, &config);
    assert_int_equal(config.extended, INSPECT_UNKNOWN);
}

/* The first version of the express capability ends before Device Capabilities 2. */
static void test_config_first_version(void **state)
{
    uint8_t space[4096];
    struct inspect_config config;
    express(space, 0);
    put(space + 0x52, 1, 2);
    inspect_config_decode(space, sizeof space, &config);
    assert_int_equal(config.prefixes, INSPECT_NO);
}

static void test_config_capabilities(void **state)
{
    uint8_t space[4096];
    struct inspect_config config;
    express(space, 0);
    put(space + 0x100, 0x0f | 1u << 16 | 0x120u << 20, 4); /* ATS, enabled */
    put(space + 0x106, 0x8000, 2);
    put(space + 0x120, 0x13 | 1u << 16 | 0x140u << 20, 4); /* PRI, off */
    put(space + 0x140, 0x1b | 1u << 16 | 0x160u << 20, 4); /* PASID, 16 bits, enabled */
    put(space + 0x144, 16u << 8 | 6, 2);
    put(space + 0x146, 1, 2);
    put(space + 0x160, 0x0d | 1u << 16 | 0x180u << 20, 4); /* ACS */
    put(space + 0x164, 0x5f, 2);
    put(space + 0x166, 0x1d, 2);
    put(space + 0x180, 0x23 | 1u << 16 | 0x1a0u << 20, 4); /* another vendor's DVSEC with the same id */
    put(space + 0x184, 0x01801e98, 4);
    put(space + 0x188, 5, 2);
    put(space + 0x1a0, 0x23 | 1u << 16 | 0x1c0u << 20, 4); /* another DVSEC of Intel */
    put(space + 0x1a4, 0x01808086, 4);
    put(space + 0x1a8, 4, 2);
    inspect_config_decode(space, sizeof space, &config);
    assert_true(config.ats && config.ats_enabled && config.pri && !config.pri_enabled);
    assert_true(config.pasid && config.pasid_enabled);
    assert_int_equal(config.pasid_bits, 16);
    assert_true(config.acs);
    assert_int_equal(config.acs_capability, 0x5f);
    assert_int_equal(config.acs_control, 0x1d);
    assert_false(config.siov || config.sriov);
    put(space + 0x1c0, 0x23 | 1u << 16, 4);
    put(space + 0x1c4, 0x01808086, 4);
    put(space + 0x1c8, 5, 2);
    inspect_config_decode(space, sizeof space, &config);
    assert_true(config.siov);
    put(space + 0x144, 31u << 8, 2); /* more than a PASID has */
    inspect_config_decode(space, sizeof space, &config);
    assert_int_equal(config.pasid_bits, 20);
}

static void test_config_bridge(void **state)
{
    uint8_t space[4096];
    struct inspect_config config;
    express(space, 4);
    space[0x0e] = 0x81;
    put(space + 0x18, 0x00050300, 4);
    inspect_config_decode(space, 64, &config);
    assert_true(config.bridge && config.multifunction);
    assert_int_equal(config.secondary, 3);
    assert_int_equal(config.subordinate, 5);
}

/* ---- The kernel's command line ---- */

static void test_command_line(void **state)
{
    struct inspect_kernel kernel = {
        .command_line = "ro  intel_iommu=on,sm_on iommu=pt xintel_iommu=off quiet pci=noats,realloc -- intel_iommu=off"};
    assert_true(inspect_command_line_has(&kernel, "intel_iommu", "on"));
    assert_true(inspect_command_line_has(&kernel, "intel_iommu", "sm_on"));
    assert_true(inspect_command_line_has(&kernel, "intel_iommu", NULL));
    assert_true(inspect_command_line_has(&kernel, "iommu", "pt"));
    assert_true(inspect_command_line_has(&kernel, "pci", "noats"));
    assert_true(inspect_command_line_has(&kernel, "quiet", NULL));
    assert_false(inspect_command_line_has(&kernel, "intel_iommu", "off")); /* is init's */
    assert_false(inspect_command_line_has(&kernel, "intel_iommu", "sm"));
    assert_false(inspect_command_line_has(&kernel, "intel_iommu", "sm_on2"));
    assert_false(inspect_command_line_has(&kernel, "intel", NULL));
    assert_false(inspect_command_line_has(&kernel, "iommu", "on"));
    assert_false(inspect_command_line_has(&kernel, "quiet", "on"));
    kernel.command_line[0] = '\0';
    assert_false(inspect_command_line_has(&kernel, "quiet", NULL));
}

/* ---- Units ---- */

static const struct inspect_iommu server = {.vendor = INSPECT_VENDOR_INTEL, .name = "dmar0", .has_capabilities = true,
                                            .cap = 0x19ed008c40780c66, .ecap = 0x3ef9e86f050df};
static const struct inspect_iommu laptop = {.vendor = INSPECT_VENDOR_INTEL, .name = "dmar1", .has_capabilities = true,
                                            .cap = 0xd2008c40660462, .ecap = 0xf050da};

static void test_abilities(void **state)
{
    assert_int_equal(inspect_iommu_can(&server, INSPECT_CAN_SCALABLE), INSPECT_YES);
    assert_int_equal(inspect_iommu_can(&laptop, INSPECT_CAN_SCALABLE), INSPECT_NO);
    assert_int_equal(inspect_iommu_can(&laptop, INSPECT_CAN_QUEUED), INSPECT_YES);
    assert_int_equal(inspect_iommu_can(&laptop, INSPECT_CAN_DEVICE_TLB), INSPECT_NO);
    assert_int_equal(inspect_iommu_can(&server, INSPECT_CAN_POST_INTERRUPTS), INSPECT_YES);
    assert_int_equal(inspect_iommu_can(&server, INSPECT_CAN_CACHE_ABSENT), INSPECT_NO);
    assert_int_equal(inspect_iommu_pasid_bits(&server), 20);
    assert_int_equal(inspect_iommu_pasid_bits(&laptop), 0);
    assert_int_equal(inspect_iommu_domain_bits(&server), 16);
    assert_int_equal(inspect_iommu_domain_bits(&laptop), 8);
    assert_int_equal(inspect_iommu_address_bits(&laptop), 39);
    assert_false(inspect_iommu_has_levels(&laptop, 5));
    assert_true(inspect_iommu_has_levels(&laptop, 4));
    assert_true(inspect_iommu_has_levels(&server, 5));
    assert_false(inspect_iommu_has_levels(&server, 6));
}

static void test_abilities_unreadable(void **state)
{
    struct inspect_iommu unit = server;
    unit.has_capabilities = false;
    assert_int_equal(inspect_iommu_can(&unit, INSPECT_CAN_SCALABLE), INSPECT_UNKNOWN);
    unit = server;
    unit.vendor = INSPECT_VENDOR_AMD;
    assert_int_equal(inspect_iommu_can(&unit, INSPECT_CAN_SCALABLE), INSPECT_UNKNOWN);
    assert_int_equal(inspect_iommu_pasid_bits(&unit), 0);
}

/* However short the room, the words end inside of it. */
static void test_abilities_words_bounded(void **state)
{
    char whole[800], text[800];
    inspect_iommu_words(&server, whole, sizeof whole);
    assert_non_null(strstr(whole, "PASIDs of 20 bits"));
    for (size_t size = 1; size < sizeof text; size += 7) {
        memset(text, 'x', sizeof text);
        inspect_iommu_words(&server, text, size);
        assert_true(strlen(text) < size);
        assert_memory_equal(text, whole, strlen(text));
        assert_int_equal(text[size], 'x');
    }
}

static void test_names_differ(void **state)
{
    for (unsigned i = 0; i < INSPECT_ABILITY_COUNT; i++)
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(inspect_ability_name((enum inspect_ability)i),
                                    inspect_ability_name((enum inspect_ability)k));
}

/* ---- Access Control Services ---- */

static void test_acs_names(void **state)
{
    char text[128];
    inspect_acs_names(0x14, text, sizeof text);
    assert_string_equal(text, "request redirect, upstream forwarding");
    inspect_acs_names(0, text, sizeof text);
    assert_string_equal(text, "");
    inspect_acs_names(0x7f, text, 10);
    assert_int_equal(strlen(text), 9);
}

/* A function alone in its slot. */
static struct inspect_acs acs_of(struct inspect_config config, uint16_t bits)
{
    struct inspect_function function = {.config = config, .physical = INSPECT_NONE};
    struct inspect_system system = {.function_count = 1, .function = &function};
    return inspect_acs_check(&system, 0, bits);
}

static void test_acs_check(void **state)
{
    const struct inspect_config port = {.port = INSPECT_PORT_ROOT, .extended = INSPECT_YES};
    const struct inspect_config partly = {.port = INSPECT_PORT_ROOT, .extended = INSPECT_YES, .acs = true,
                                          .acs_capability = 0x5f, .acs_control = 0x14};
    const struct inspect_config needless = {.port = INSPECT_PORT_ROOT, .extended = INSPECT_YES, .acs = true,
                                            .acs_capability = 0x14, .acs_control = 0x14};
    const struct inspect_config cut_off = {.port = INSPECT_PORT_ROOT, .extended = INSPECT_UNKNOWN};
    assert_int_equal(acs_of(port, INSPECT_ACS_GROUP).ok, INSPECT_NO);
    assert_int_equal(acs_of(partly, INSPECT_ACS_PASID).ok, INSPECT_YES);
    assert_int_equal(acs_of(partly, INSPECT_ACS_GROUP).ok, INSPECT_NO);
    assert_int_equal(acs_of(partly, INSPECT_ACS_GROUP).missing, 0x09);
    assert_int_equal(acs_of(needless, INSPECT_ACS_GROUP).ok, INSPECT_YES); /* what it has not, it need not switch on */
    assert_int_equal(acs_of(cut_off, INSPECT_ACS_GROUP).ok, INSPECT_UNKNOWN);
    assert_int_equal(acs_of((struct inspect_config){.port = INSPECT_PORT_ENDPOINT}, INSPECT_ACS_GROUP).ok, INSPECT_YES);
    assert_int_equal(acs_of((struct inspect_config){.port = INSPECT_PORT_TO_PCI}, INSPECT_ACS_GROUP).ok, INSPECT_NO);
    assert_int_equal(acs_of((struct inspect_config){.port = INSPECT_PORT_UNKNOWN}, INSPECT_ACS_GROUP).ok, INSPECT_UNKNOWN);
}

/* Integrated endpoints of Intel are known to send everything to the IOMMU. */
static void test_acs_integrated(void **state)
{
    struct inspect_function functions[2] = {
        {.config = {.port = INSPECT_PORT_INTEGRATED, .extended = INSPECT_YES, .vendor = 0x8086, .multifunction = true},
         .physical = INSPECT_NONE},
        {.bdf = {0, 1}, .config = {.port = INSPECT_PORT_INTEGRATED, .extended = INSPECT_YES, .vendor = 0x1022},
         .physical = INSPECT_NONE}};
    struct inspect_system system = {.function_count = 2, .function = functions};
    assert_int_equal(inspect_acs_check(&system, 0, INSPECT_ACS_GROUP).ok, INSPECT_YES);
    assert_int_equal(inspect_acs_check(&system, 1, INSPECT_ACS_GROUP).ok, INSPECT_NO);
}

static void test_alias(void **state)
{
    assert_int_equal(inspect_alias_function(0x1b4b, 0x9230), 1);
    assert_int_equal(inspect_alias_function(0x1180, 0xe832), 0);
    assert_int_equal(inspect_alias_function(0x8086, 0x9230), -1);
    assert_int_equal(inspect_alias_function(0x1b4b, 0x9231), -1);
}

/* ---- The chain ---- */

static void test_chain_answers(void **state)
{
    struct inspect_chain chain = {.count = 3, .link = {{.ok = INSPECT_YES}, {.ok = INSPECT_YES}, {.ok = INSPECT_YES}}};
    assert_int_equal(inspect_chain_holds(&chain), INSPECT_YES);
    assert_null(inspect_chain_break(&chain));
    chain.link[1].ok = INSPECT_UNKNOWN;
    assert_int_equal(inspect_chain_holds(&chain), INSPECT_UNKNOWN);
    assert_null(inspect_chain_break(&chain));
    chain.link[2].ok = INSPECT_NO;
    assert_int_equal(inspect_chain_holds(&chain), INSPECT_NO);
    assert_ptr_equal(inspect_chain_break(&chain), &chain.link[2]);
}

/* ---- Files ---- */

static char folder[] = P_tmpdir "/iommukit-system-XXXXXX";

static int make_folder(void **state)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_one(const char *path, const struct stat *about, int flag, struct FTW *where)
{
    (void)about;
    (void)flag;
    (void)where;
    return remove(path);
}

static int remove_folder(void **state)
{
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *name, const char *content, size_t size)
{
    char path[INSPECT_PATH];
    assert_true(inspect_path(path, folder, "%s", name));
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    fclose(file);
}

static void test_file_read(void **state)
{
    char path[INSPECT_PATH], text[16];
    size_t length;
    write_file("ten", "0123456789", 10);
    assert_true(inspect_path(path, folder, "ten"));
    assert_int_equal(inspect_file_read(path, text, sizeof text, &length), 0);
    assert_int_equal(length, 10);
    assert_int_equal(inspect_file_read(path, text, 10, &length), 0);
    assert_int_equal(inspect_file_read(path, text, 9, &length), -EFBIG);
    assert_int_equal(length, 9);
    assert_int_equal(inspect_file_read(folder, text, sizeof text, &length), -EINVAL);
    assert_int_equal(inspect_file_read("/dev/zero", text, sizeof text, &length), -EINVAL);
    assert_true(inspect_path(path, folder, "absent"));
    assert_int_equal(inspect_file_read(path, text, sizeof text, &length), -ENOENT);
    assert_int_equal(symlink("loop", (inspect_path(path, folder, "loop"), path)), 0);
    assert_int_equal(inspect_file_read(path, text, sizeof text, &length), -ENOENT);
    assert_true(inspect_path(path, folder, "pipe"));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(inspect_file_read(path, text, sizeof text, &length), -EINVAL);
}

static void test_file_texts(void **state)
{
    char path[INSPECT_PATH], text[8];
    uint64_t number;
    assert_true(inspect_path(path, folder, "text"));
    write_file("text", "dma \t\nsecond", 12);
    assert_true(inspect_file_line(path, text, sizeof text));
    assert_string_equal(text, "dma");
    write_file("text", "\xff\x1b[mlonger than it", 19);
    assert_true(inspect_file_line(path, text, sizeof text));
    assert_string_equal(text, "??[mlon");
    assert_false(inspect_file_number(path, 16, &number));
    write_file("text", "d2008c40660462\n", 15);
    assert_true(inspect_file_number(path, 16, &number));
    assert_int_equal(number, 0xd2008c40660462);
    assert_false(inspect_file_number(path, 10, &number));
    write_file("text", "-1", 2);
    assert_false(inspect_file_number(path, 16, &number));
    write_file("text", "11112222333344445", 17);
    assert_false(inspect_file_number(path, 16, &number));
}

static void test_file_paths(void **state)
{
    char path[INSPECT_PATH], name[INSPECT_PATH];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_false(inspect_path(path, "", "%s", name));
    assert_false(inspect_path(path, name, "x"));
    assert_true(inspect_path(path, "", "sys/%s", "x"));
    assert_string_equal(path, "/sys/x");
}

static void test_file_list(void **state)
{
    struct inspect_listing list;
    static const char *const names[] = {"dmar10", "dmar2", "dmar0", ".hidden"};
    for (size_t i = 0; i < 4; i++)
        write_file(names[i], "", 0);
    assert_int_equal(inspect_list(folder, 10, &list), 0);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.name[0], "dmar0");
    assert_string_equal(list.name[1], "dmar2");
    assert_string_equal(list.name[2], "dmar10");
    assert_false(list.cut);
    inspect_listing_free(&list);
    assert_int_equal(inspect_list(folder, 2, &list), 0);
    assert_int_equal(list.count, 2);
    assert_true(list.cut);
    inspect_listing_free(&list);
    assert_int_equal(inspect_list("/nowhere/at/all", 2, &list), -ENOENT);
}

static void test_open_refuses(void **state)
{
    struct inspect_system *machine = NULL;
    struct inspect_why why = {""};
    assert_int_equal(inspect_system_open(folder, &machine, &why), -ENOENT);
    assert_non_null(strstr(why.text, "neither sys nor proc"));
    assert_null(machine);
}

/* Bridges whose buses overlap: the nearest counts, and no way up is a circle. */
static void test_bridges(void **state)
{
    struct inspect_function functions[] = {
        {.bdf = {0, 0x0008}, .config = {.bridge = true, .secondary = 1, .subordinate = 9}},
        {.bdf = {0, 0x0010}, .config = {.bridge = true, .secondary = 0, .subordinate = 255}},
        {.bdf = {0, 0x0100}, .config = {.bridge = true, .secondary = 4, .subordinate = 6}},
        {.bdf = {0, 0x0500}, .config = {.bridge = true, .secondary = 5, .subordinate = 6}},
        {.bdf = {0, 0x0600}, .config = {.bridge = true, .secondary = 8, .subordinate = 9}},
        {.bdf = {0, 0x0700}, .config = {.bridge = true, .secondary = 7 + 1, .subordinate = 7}},
        {.bdf = {0, 0x0800}, .config = {.bridge = true, .secondary = 9, .subordinate = 9}},
        {.bdf = {1, 0x0008}, .config = {.bridge = true, .secondary = 5, .subordinate = 5}},
        {.bdf = {1, 0x0010}, .config = {.bridge = true, .secondary = 1, .subordinate = 9}},
    };
    struct inspect_system machine = {.function_count = 9, .function = functions};
    assert_int_equal(inspect_system_bridge_to(&machine, 0, 1), 0);
    assert_int_equal(inspect_system_bridge_to(&machine, 0, 5), 2);
    assert_int_equal(inspect_system_bridge_to(&machine, 0, 9), 6);
    assert_int_equal(inspect_system_bridge_to(&machine, 0, 0), INSPECT_NONE);
    assert_int_equal(inspect_system_bridge_to(&machine, 0, 10), INSPECT_NONE);
    assert_int_equal(inspect_system_bridge_to(&machine, 1, 5), 7); /* the nearest, though not the last */
    assert_int_equal(inspect_system_find(&machine, (struct inspect_bdf){1, 8}), 7);
    assert_int_equal(inspect_system_find(&machine, (struct inspect_bdf){1, 9}), INSPECT_NONE);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_kinds),
        cmocka_unit_test(test_config_cut_off),
        cmocka_unit_test(test_config_first_version),
        cmocka_unit_test(test_config_capabilities),
        cmocka_unit_test(test_config_bridge),
        cmocka_unit_test(test_command_line),
        cmocka_unit_test(test_abilities),
        cmocka_unit_test(test_abilities_unreadable),
        cmocka_unit_test(test_abilities_words_bounded),
        cmocka_unit_test(test_names_differ),
        cmocka_unit_test(test_acs_names),
        cmocka_unit_test(test_acs_check),
        cmocka_unit_test(test_acs_integrated),
        cmocka_unit_test(test_alias),
        cmocka_unit_test(test_chain_answers),
        WITH_FOLDER(test_file_read),
        WITH_FOLDER(test_file_texts),
        cmocka_unit_test(test_file_paths),
        WITH_FOLDER(test_file_list),
        WITH_FOLDER(test_open_refuses),
        cmocka_unit_test(test_bridges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
