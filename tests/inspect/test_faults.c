/* SPDX-License-Identifier: MIT */
/*
 * test_faults.c - fault lines: each format alone, joined, interrupted, cut, and with bytes that no kernel prints.
 *
 * The lines are our own; the real ones of IOMMUKIT_SHARED are in test_faults_shared.c.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fault_cases.h"
#include "inspect/faults/faults.h"
#include "inspect/faults/text.h"

#define TOLD_MAX 64u

struct told {
    unsigned count;
    struct inspect_fault fault[TOLD_MAX];
    char line[TOLD_MAX][INSPECT_FAULT_LINE + 4];
};

static struct told told; /* too large for a stack */

static void note(void *ctx, const struct inspect_fault *fault)
{
    struct told *to = ctx;

    if (to->count < TOLD_MAX) {
        to->fault[to->count] = *fault;
        snprintf(to->line[to->count], sizeof to->line[0], "%s", fault->line);
    }
    to->count++;
}

static struct inspect_fault_reader *reader_new(void)
{
    struct inspect_fault_reader *reader = inspect_fault_reader_new(note, &told);

    assert_non_null(reader);
    told.count = 0;
    return reader;
}

static void read_text(const char *text, size_t bytes, size_t piece)
{
    struct inspect_fault_reader *reader = reader_new();

    for (size_t at = 0; at < bytes; at += piece)
        inspect_fault_reader_bytes(reader, text + at, bytes - at < piece ? bytes - at : piece);
    inspect_fault_reader_end(reader);
    inspect_fault_reader_free(reader);
}

static void read_lines(const char *text)
{
    read_text(text, strlen(text), strlen(text) + 1);
}

/* Says what is wrong, for all cases before the test fails. */
static unsigned same(const char *what, const char *lines, const char *wanted, const char *had)
{
    if (wanted == NULL && had != NULL && had[0] == '\0')
        had = NULL;
    if (wanted == NULL ? had == NULL : had != NULL && strcmp(wanted, had) == 0)
        return 0;
    print_error("%s is %s, not %s, of\n%s\n", what, had ? had : "none", wanted ? wanted : "none", lines);
    return 1;
}

static unsigned wrong(bool it_is, const char *what, const char *lines)
{
    if (it_is)
        print_error("%s of\n%s\n", what, lines);
    return it_is;
}

static unsigned check_case(const struct fault_case *c)
{
    const struct inspect_fault *fault = &told.fault[0];
    char address[32];

    read_lines(c->lines);
    snprintf(address, sizeof address, "0x%" PRIx64, fault->address);
    return wrong(told.count != 1, "not one fault is told", c->lines) +
           same("vendor", c->lines, c->vendor, inspect_fault_vendor_name(fault->vendor)) +
           same("kind", c->lines, c->kind, inspect_fault_kind_name(fault->kind)) +
           same("device", c->lines, c->device, fault->device) +
           same("access", c->lines, c->access, inspect_fault_access_name(fault->access)) +
           same("address", c->lines, c->address, fault->has_address ? address : NULL) +
           same("code", c->lines, c->code, fault->code) +
           wrong(c->pasid != (fault->has_pasid ? (long)fault->pasid : -1), "wrong PASID", c->lines) +
           wrong(c->meaning != NULL && strstr(fault->meaning, c->meaning) == NULL, fault->meaning, c->lines) +
           wrong(fault->meaning[0] == '\0' || fault->advice[0] == '\0', "no meaning or no advice", c->lines) +
           wrong(strlen(fault->meaning) + 1 == sizeof fault->meaning, "the meaning is cut", c->lines) +
           wrong(strlen(fault->advice) + 1 == sizeof fault->advice, "the advice is cut", c->lines);
}

static void check_cases(const struct fault_case *cases, unsigned count)
{
    unsigned problems = 0;

    for (unsigned i = 0; i < count; i++)
        problems += check_case(&cases[i]);
    assert_int_equal(problems, 0);
}

static void test_vtd(void **state)
{
    check_cases(fault_cases_vtd, fault_cases_vtd_count);
}

static void test_amd(void **state)
{
    check_cases(fault_cases_amd, fault_cases_amd_count);
}

static void test_arm(void **state)
{
    check_cases(fault_cases_arm, fault_cases_arm_count);
}

static void test_others(void **state)
{
    check_cases(fault_cases_others, fault_cases_others_count);
}

/* Every reason that the architecture has gets a meaning; legacy ones in decimal are the same as new ones in hex. */
static void test_every_vtd_reason(void **state)
{
    char line[160];

    for (unsigned reason = 1; reason < 0xff; reason++) {
        snprintf(line, sizeof line, "DMAR: [DMA Read] Request device [00:02.0] fault addr 1000 [fault reason %02u] x",
                 reason);
        read_lines(line);
        struct inspect_fault old = told.fault[0];
        snprintf(line, sizeof line,
                 "DMAR: [DMA Read NO_PASID] Request device [00:02.0] fault addr 0x1000 [fault reason 0x%02x] x",
                 reason);
        read_lines(line);
        assert_string_equal(old.code, told.fault[0].code);
        assert_string_equal(old.meaning, told.fault[0].meaning);
        assert_true(told.fault[0].advice[0] != '\0');
        assert_int_equal(told.fault[0].kind,
                         reason >= 0x20 && reason <= 0x2b ? INSPECT_FAULT_INTERRUPT : INSPECT_FAULT_DMA);
    }
}

/* ---- lines that are nobody's ----------------------------------------------------------------------------------- */

static void test_unknown_lines(void **state)
{
    static const char *const lines[] = {
        "",
        " ",
        "[    0.000000] Linux version 6.1",
        "DMAR: IOMMU enabled",
        "DMAR: Host address width 46",
        "DMAR: RMRR base: 0x0000007c800000 end: 0x0000007effffff",
        "AMD-Vi: Interrupt remapping enabled",
        "AMD-Vi: AMD IOMMUv2 loaded and initialized",
        "arm-smmu-v3 fc900000.iommu: option mask 0x0",
        "arm-smmu 5000000.iommu: probing hardware configuration...",
        "pr_err(\"Request device [%02x:%02x.%d]\")",
        "Request device [00:20.0] fault addr 0",
        "Request device [00:02.8] fault addr 0",
        "the fault reason was 5",
        "printk: 12 callbacks suppressed",
        "net_ratelimit: 3 callbacks suppressed after dmar_fault",
        "iommu: Default domain type: Translated",
        "fault status register",
        "event 0x10 in the calendar received",
        "usb 1-1: reset",
        "AMD-Vi: CMD[9]: 00000000",
        "AMD-Vi: DTE[0] 1",
    };

    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct inspect_fault_reader *reader = reader_new();
        inspect_fault_reader_line(reader, lines[i], strlen(lines[i]));
        inspect_fault_reader_end(reader);
        inspect_fault_reader_free(reader);
        assert_int_equal(told.count, 1);
        if (told.fault[0].kind != INSPECT_FAULT_UNKNOWN)
            fail_msg("'%s' was taken for %s", lines[i], inspect_fault_kind_name(told.fault[0].kind));
        assert_null(inspect_fault_vendor_name(told.fault[0].vendor));
        assert_string_equal(told.line[0], lines[i]);
    }
}

static void test_order_is_kept(void **state)
{
    read_lines(
        "one\nDMAR: DRHD: handling fault status reg 2\ntwo\nDMAR:[DMA Read] Request device [00:02.0] fault addr 1000\n"
        "three\nfour\nDMAR:[fault reason 06] x\nfive\n");
    assert_int_equal(told.count, 7);
    assert_string_equal(told.line[0], "one");
    assert_int_equal(told.fault[1].kind, INSPECT_FAULT_STATUS);
    assert_string_equal(told.line[2], "two");
    assert_string_equal(told.fault[3].code, "0x06");
    assert_int_equal(told.fault[3].following_count, 1);
    assert_string_equal(told.line[4], "three");
    assert_string_equal(told.line[5], "four");
    assert_string_equal(told.line[6], "five");
}

/* ---- joining --------------------------------------------------------------------------------------------------- */

static const char head[] = "DMAR:[DMA Read] Request device [00:02.0] fault addr 1000\n";

static void test_join_gives_up(void **state)
{
    char text[400];

    snprintf(text, sizeof text, "%sa\nb\nc\nd\ne\nDMAR:[fault reason 06] x\n", head);
    read_lines(text);
    assert_int_equal(told.count, 7);
    assert_string_equal(told.fault[0].code, "");
    assert_string_equal(told.line[5], "e");
    assert_string_equal(told.fault[6].code, "0x06");
}

/* As many other messages as may come in between. */
static void test_join_across_strangers(void **state)
{
    char text[400];

    snprintf(text, sizeof text, "%sa\nb\nc\nd\nDMAR:[fault reason 06] x\n", head);
    read_lines(text);
    assert_int_equal(told.count, 5);
    assert_string_equal(told.fault[0].code, "0x06");
    assert_string_equal(told.line[4], "d");
}

static void test_join_four_words(void **state)
{
    read_lines("arm-smmu-v3 a: event 0x10 received:\narm-smmu-v3 a: 0x0000010000000010\narm-smmu-v3 a: 0x0\n"
               "arm-smmu-v3 a: 0x5000\narm-smmu-v3 a: 0x0\narm-smmu-v3 a: 0x7\n");
    assert_int_equal(told.count, 2);
    assert_int_equal(told.fault[0].following_count, 4);
    assert_true(told.fault[0].address == 0x5000);
    assert_int_equal(told.fault[1].kind, INSPECT_FAULT_DETAIL);
}

static void test_join_next_fault_closes(void **state)
{
    char text[400];

    snprintf(text, sizeof text,
             "%sDMAR:[DMA Write] Request device [00:03.0] fault addr 2000\nDMAR:[fault reason 05] x\n", head);
    read_lines(text);
    assert_int_equal(told.count, 2);
    assert_string_equal(told.fault[0].code, "");
    assert_string_equal(told.fault[1].device, "00:03.0");
    assert_string_equal(told.fault[1].code, "0x05");
}

static void test_join_only_one_reason(void **state)
{
    char text[400];

    snprintf(text, sizeof text, "%sDMAR:[fault reason 06] x\nDMAR:[fault reason 05] x\n", head);
    read_lines(text);
    assert_int_equal(told.count, 2);
    assert_string_equal(told.fault[0].code, "0x06");
    assert_string_equal(told.fault[1].code, "0x05");
}

/* Two units speak at once: words of the other one are not taken. */
static void test_join_units_apart(void **state)
{
    read_lines("arm-smmu-v3 a.iommu: event 0x10 received:\narm-smmu-v3 b.iommu: 0x0000010000000010\n");
    assert_int_equal(told.count, 2);
    assert_int_equal(told.fault[0].following_count, 0);
    assert_string_equal(told.fault[0].device, "");
    assert_int_equal(told.fault[1].kind, INSPECT_FAULT_DETAIL);
}

/* Words without an end are not one fault without an end. */
static void test_join_is_bounded(void **state)
{
    struct inspect_fault_reader *reader = reader_new();
    static const char first[] = "arm-smmu 1.smmu: Unhandled context fault: fsr=0x402, iova=0x1000, fsynr=0x1, cb=0";
    static const char more[] = "arm-smmu 1.smmu: PAR    = 0x0";

    inspect_fault_reader_line(reader, first, strlen(first));
    for (unsigned i = 0; i < 40; i++)
        inspect_fault_reader_line(reader, more, strlen(more));
    inspect_fault_reader_end(reader);
    inspect_fault_reader_free(reader);
    assert_int_equal(told.count, 1 + 40 - INSPECT_FAULT_FOLLOWING);
    assert_int_equal(told.fault[0].following_count, INSPECT_FAULT_FOLLOWING);
}

static void test_complete_fault_is_told_at_once(void **state)
{
    struct inspect_fault_reader *reader = reader_new();
    static const char whole[] = "DMAR: [DMA Read] Request device [00:02.0] fault addr 0 [fault reason 06] x";

    inspect_fault_reader_line(reader, whole, strlen(whole));
    assert_int_equal(told.count, 1);
    inspect_fault_reader_bytes(reader, head, strlen(head));
    inspect_fault_reader_bytes(reader, "DMAR:[fault", 11);
    assert_int_equal(told.count, 1);
    inspect_fault_reader_bytes(reader, " reason 06] x\n", 14);
    assert_int_equal(told.count, 2);
    inspect_fault_reader_bytes(reader, head, strlen(head));
    inspect_fault_reader_bytes(reader, "half", 4);
    inspect_fault_reader_pause(reader);
    assert_int_equal(told.count, 3);
    inspect_fault_reader_end(reader);
    assert_int_equal(told.count, 4);
    assert_string_equal(told.line[3], "half");
    inspect_fault_reader_free(reader);
}

/* ---- hostile bytes --------------------------------------------------------------------------------------------- */

static void test_pieces_of_any_size(void **state)
{
    static const char text[] =
        "x\r\nDMAR:[DMA Read] Request device [00:02.0] fault addr 1000\r\nDMAR:[fault reason 06] x\r\nlast";

    for (size_t piece = 1; piece < sizeof text; piece++) {
        read_text(text, sizeof text - 1, piece);
        assert_int_equal(told.count, 3);
        assert_string_equal(told.line[0], "x");
        assert_string_equal(told.fault[1].code, "0x06");
        assert_string_equal(told.line[2], "last");
    }
}

static void test_invalid_utf8_and_nul(void **state)
{
    static const char text[] = "a\0b\xff\xc3\xa4\xc3 \xed\xa0\x80 \xf0\x9f\x98\x80 \xc0\x80\n";

    read_text(text, sizeof text - 1, 1000);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.line[0], "a\xef\xbf\xbd"
                                      "b\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd "
                                      "\xf0\x9f\x98\x80 \xef\xbf\xbd\xef\xbf\xbd");
}

/* A code made of the line's words ends before a character that does not fit, wherever the cut comes. */
static void test_cut_between_characters(void **state)
{
    char text[160];

    for (unsigned shift = 0; shift < 3; shift++) {
        int bytes = snprintf(text, sizeof text, "(XEN) smmu: /smmu@1: \tGFSR 0x80%.*s%s, GFSYNR0 0x0\n", (int)shift, "00",
                             "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
                             "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac");
        read_text(text, (size_t)bytes, 1000);
        assert_int_equal(told.count, 1);
        assert_int_equal((strlen(told.fault[0].code) - 4 - shift) % 3, 0);
        assert_true(strlen(told.fault[0].code) > 30);
    }
}

static void test_nul_inside_a_fault(void **state)
{
    static const char text[] = "\0\0DMAR: [DMA Read] Request device [00:02.0] fault addr 1000 [fault reason 06] x\0\n";

    read_text(text, sizeof text - 1, 7);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.fault[0].code, "0x06");
}

static void test_long_lines_are_cut(void **state)
{
    const size_t bytes = 3 << 20;
    char *text = malloc(bytes);

    assert_non_null(text);
    memset(text, 'x', bytes);
    memcpy(text, "DMAR: DRHD: handling fault status reg 2 ", 40);
    text[bytes - 1] = '\n';
    read_text(text, bytes, 4096);
    assert_int_equal(told.count, 1);
    assert_true(told.fault[0].truncated);
    assert_int_equal(strlen(told.line[0]), INSPECT_FAULT_LINE);
    assert_string_equal(told.fault[0].code, "0x2");
    memset(text, '\xff', bytes); /* each byte becomes three */
    read_text(text, bytes, 1 << 16);
    assert_int_equal(told.count, 1);
    assert_true(told.fault[0].truncated);
    assert_true(strlen(told.line[0]) <= INSPECT_FAULT_LINE);
    free(text);
}

static void test_line_that_just_fits(void **state)
{
    char text[INSPECT_FAULT_LINE + 2];

    memset(text, 'y', sizeof text);
    text[INSPECT_FAULT_LINE] = '\n';
    read_text(text, INSPECT_FAULT_LINE + 1, 100);
    assert_int_equal(told.count, 1);
    assert_false(told.fault[0].truncated);
    text[INSPECT_FAULT_LINE] = 'y';
    text[INSPECT_FAULT_LINE + 1] = '\n';
    read_text(text, INSPECT_FAULT_LINE + 2, 100);
    assert_int_equal(told.count, 1);
    assert_true(told.fault[0].truncated);
}

/* Every line cut at every place: something is told, and nothing is made up beyond the end. */
static void test_cut_lines(void **state)
{
    for (unsigned i = 0; i < fault_cases_vtd_count; i++)
        for (size_t length = 0; length < strlen(fault_cases_vtd[i].lines); length++) {
            read_text(fault_cases_vtd[i].lines, length, length + 1);
            assert_true(length == 0 || told.count >= 1);
        }
}

/* ---- reading a line --------------------------------------------------------------------------------------------- */

static void test_fields_are_whole_words(void **state)
{
    uint64_t value = 1;

    assert_true(fault_field("xsid=1 sidab=2 my_sid: 3 (sid) sid = 0x4,", "sid", &value));
    assert_true(value == 4);
    assert_false(fault_field("xsid=1 sidx=2", "sid", &value));
    assert_false(fault_field("sid=0x", "sid", &value));
    assert_false(fault_field("sid=12345678901234567", "sid", &value)); /* more than 64 bits */
    assert_false(fault_field("sid=12g", "sid", &value));
    assert_true(fault_field("sid=12DMAR: x", "sid", &value) && value == 0x12);
}

static void test_pci_addresses(void **state)
{
    static const struct {
        const char *text, *device;
    } cases[] = {
        {"0:1d.1]", "00:1d.1"},
        {"[[f0:1f.7]", "f0:1f.7"},
        {"0xe2:0x00.0", "e2:00.0"},
        {"0000:03:00.0", "0000:03:00.0"},
        {"10000:e1:00.0", "10000:e1:00.0"},
        {"00:20.0", NULL},
        {"00:02.8", NULL},
        {"00:02.00", NULL},
        {"00:02", NULL},
        {"100:02.0", NULL},
        {"00:02:0", NULL},
        {"", NULL},
        {"[", NULL},
        {":::...", NULL},
    };

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char device[FAULT_BDF];
        const char *at = cases[i].text;
        bool is = fault_bdf(&at, device);
        if (is != (cases[i].device != NULL) || (is && strcmp(device, cases[i].device) != 0))
            fail_msg("%s", cases[i].text);
    }
}

/* ---- raw records ----------------------------------------------------------------------------------------------- */

static struct inspect_fault record(enum inspect_fault_vendor vendor, const uint64_t *words, unsigned count)
{
    struct inspect_fault fault;
    assert_true(inspect_fault_record(vendor, words, count, &fault));
    return fault;
}

static void test_record_vtd(void **state)
{
    /* F, T1 (read), PASID 12345h with PP, reason 71h, 02:03.4 */
    const uint64_t words[] = {0x123456789000, 0xc123457180000000 | 0x021c};
    struct inspect_fault fault = record(INSPECT_FAULT_INTEL_VTD, words, 2);

    assert_string_equal(fault.device, "02:03.4");
    assert_string_equal(fault.code, "0x71");
    assert_int_equal(fault.access, INSPECT_ACCESS_READ);
    assert_true(fault.has_pasid && fault.pasid == 0x12345);
    assert_true(fault.has_address && fault.address == 0x123456789000);
    assert_int_equal(fault.kind, INSPECT_FAULT_DMA);
}

static void test_record_vtd_kinds(void **state)
{
    const uint64_t write[] = {0x1fff, 0x8000000500000008}, none[] = {0, 0}, page[] = {0x1000, 0x8000003210000008},
                   atomic[] = {0x1000, 0xc000000510000008}, execute[] = {0x1000, 0xc0000182c0000008},
                   interrupt[] = {0x0007000000000000, 0x80000022000000f8};
    struct inspect_fault fault = record(INSPECT_FAULT_INTEL_VTD, write, 2);

    assert_int_equal(fault.access, INSPECT_ACCESS_WRITE);
    assert_false(fault.has_pasid);
    assert_true(fault.address == 0x1000); /* the low bits are reserved */
    assert_non_null(strstr(record(INSPECT_FAULT_INTEL_VTD, none, 2).meaning, "not in use"));
    assert_int_equal(record(INSPECT_FAULT_INTEL_VTD, page, 2).kind, INSPECT_FAULT_PAGE_REQUEST);
    fault = record(INSPECT_FAULT_INTEL_VTD, atomic, 2);
    assert_int_equal(fault.access, INSPECT_ACCESS_WRITE);
    assert_non_null(strstr(fault.meaning, "atomic"));
    assert_int_equal(record(INSPECT_FAULT_INTEL_VTD, execute, 2).access, INSPECT_ACCESS_EXECUTE);
    fault = record(INSPECT_FAULT_INTEL_VTD, interrupt, 2);
    assert_int_equal(fault.kind, INSPECT_FAULT_INTERRUPT);
    assert_false(fault.has_address);
    assert_non_null(strstr(fault.meaning, "entry 7"));
}

static void test_record_amd(void **state)
{
    const uint64_t page[] = {0x2020000500000a08, 0x1234567000}, gn[] = {0x2021000500010a08, 0x1000},
                   command[] = {0x5000000000000000, 0x2000}, unknown[] = {0xf000000000000000, 0};
    struct inspect_fault fault = record(INSPECT_FAULT_AMD_VI, page, 2);

    assert_string_equal(fault.code, "IO_PAGE_FAULT");
    assert_string_equal(fault.device, "0a:01.0");
    assert_int_equal(fault.access, INSPECT_ACCESS_WRITE);
    assert_true(fault.address == 0x1234567000 && !fault.has_pasid);
    fault = record(INSPECT_FAULT_AMD_VI, gn, 2);
    assert_true(fault.has_pasid && fault.pasid == 0x10005);
    fault = record(INSPECT_FAULT_AMD_VI, command, 2);
    assert_string_equal(fault.code, "ILLEGAL_COMMAND_ERROR");
    assert_string_equal(fault.device, "");
    assert_true(fault.address == 0x2000);
    assert_string_equal(record(INSPECT_FAULT_AMD_VI, unknown, 2).code, "0xf");
}

static void test_record_smmuv3(void **state)
{
    const uint64_t words[] = {0x0000020800007812, 0x0000020880000000, 0xabc000, 0}, odd[] = {0xee, 0, 0, 0},
                   fetch[] = {0x0000020800000009, 0, 0, 0x88000};
    struct inspect_fault fault = record(INSPECT_FAULT_SMMUV3, words, 4);

    assert_string_equal(fault.code, "0x12");
    assert_string_equal(fault.device, "sid:0x208");
    assert_true(fault.has_pasid && fault.pasid == 7);
    assert_int_equal(fault.access, INSPECT_ACCESS_READ);
    assert_non_null(strstr(fault.meaning, "stall"));
    assert_non_null(strstr(record(INSPECT_FAULT_SMMUV3, odd, 4).meaning, "does not define"));
    fault = record(INSPECT_FAULT_SMMUV3, fetch, 4);
    assert_true(fault.has_address && fault.address == 0x88000);
    assert_int_equal(fault.kind, INSPECT_FAULT_CONFIG);
    assert_int_equal(fault.access, INSPECT_ACCESS_UNKNOWN);
}

static void test_record_of_no_kind(void **state)
{
    const uint64_t words[4] = {0};
    struct inspect_fault fault;

    assert_false(inspect_fault_record(INSPECT_FAULT_INTEL_VTD, words, 4, &fault));
    assert_false(inspect_fault_record(INSPECT_FAULT_SMMUV3, words, 2, &fault));
    assert_false(inspect_fault_record(INSPECT_FAULT_VIRTIO, words, 2, &fault));
    assert_false(inspect_fault_record(INSPECT_FAULT_AMD_VI, words, 0, &fault));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vtd),
        cmocka_unit_test(test_amd),
        cmocka_unit_test(test_arm),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_every_vtd_reason),
        cmocka_unit_test(test_unknown_lines),
        cmocka_unit_test(test_order_is_kept),
        cmocka_unit_test(test_join_gives_up),
        cmocka_unit_test(test_join_across_strangers),
        cmocka_unit_test(test_join_four_words),
        cmocka_unit_test(test_join_next_fault_closes),
        cmocka_unit_test(test_fields_are_whole_words),
        cmocka_unit_test(test_pci_addresses),
        cmocka_unit_test(test_join_only_one_reason),
        cmocka_unit_test(test_join_units_apart),
        cmocka_unit_test(test_join_is_bounded),
        cmocka_unit_test(test_complete_fault_is_told_at_once),
        cmocka_unit_test(test_pieces_of_any_size),
        cmocka_unit_test(test_invalid_utf8_and_nul),
        cmocka_unit_test(test_cut_between_characters),
        cmocka_unit_test(test_nul_inside_a_fault),
        cmocka_unit_test(test_long_lines_are_cut),
        cmocka_unit_test(test_line_that_just_fits),
        cmocka_unit_test(test_cut_lines),
        cmocka_unit_test(test_record_vtd),
        cmocka_unit_test(test_record_vtd_kinds),
        cmocka_unit_test(test_record_amd),
        cmocka_unit_test(test_record_smmuv3),
        cmocka_unit_test(test_record_of_no_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
