/* SPDX-License-Identifier: MIT */
/*
 * test_fields.c - registers field by field (inspect/fields.h).
 *
 * Places are stated here as bit numbers, from the architecture; the table takes them from spec/. Words are stated for
 * every field that is more than a flag.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "inspect/fields.h"

/* ---- helpers ------------------------------------------------------------------------------- */

static struct inspect_unit unit_with(enum inspect_register reg, uint64_t value)
{
    struct inspect_unit unit = {.known = (uint64_t)1 << reg};
    unit.value[reg] = value;
    return unit;
}

static struct inspect_field in_unit(const struct inspect_unit *unit, enum inspect_register reg, const char *name)
{
    struct inspect_field field;
    for (size_t i = 0; inspect_register_field(unit, reg, i, &field); i++)
        if (strcmp(field.name, name) == 0)
            return field;
    fail_msg("%s has no %s", inspect_register_name(reg), name);
    return (struct inspect_field){.name = NULL};
}

static struct inspect_field in_fault(const uint64_t record[2], const char *name)
{
    struct inspect_field field;
    for (size_t i = 0; inspect_fault_field(record, i, &field); i++)
        if (strcmp(field.name, name) == 0)
            return field;
    fail_msg("a fault record has no %s", name);
    return (struct inspect_field){.name = NULL};
}

static void says(enum inspect_register reg, uint64_t value, const char *name, const char *words)
{
    struct inspect_unit unit = unit_with(reg, value);
    struct inspect_field field = in_unit(&unit, reg, name);
    assert_string_equal(field.words, words);
}

static void fault_says(uint64_t low, uint64_t high, const char *name, const char *words)
{
    uint64_t record[2] = {low, high};
    struct inspect_field field = in_fault(record, name);
    assert_string_equal(field.words, words);
}

/* ---- where fields are ---------------------------------------------------------------------- */

static const struct place {
    enum inspect_register reg;
    const char *name;
    unsigned high, low;
} places[] = {
    {INSPECT_VER, "MINOR", 3, 0},       {INSPECT_VER, "MAJOR", 7, 4},
    {INSPECT_CAP, "ND", 2, 0},          {INSPECT_CAP, "AFL", 3, 3},         {INSPECT_CAP, "RWBF", 4, 4},
    {INSPECT_CAP, "PLMR", 5, 5},        {INSPECT_CAP, "PHMR", 6, 6},        {INSPECT_CAP, "CM", 7, 7},
    {INSPECT_CAP, "SAGAW", 12, 8},      {INSPECT_CAP, "MGAW", 21, 16},      {INSPECT_CAP, "ZLR", 22, 22},
    {INSPECT_CAP, "ISOCH", 23, 23},     {INSPECT_CAP, "FRO", 33, 24},       {INSPECT_CAP, "SSLPS", 37, 34},
    {INSPECT_CAP, "PSI", 39, 39},       {INSPECT_CAP, "NFR", 47, 40},       {INSPECT_CAP, "MAMV", 53, 48},
    {INSPECT_CAP, "DWD", 54, 54},       {INSPECT_CAP, "DRD", 55, 55},       {INSPECT_CAP, "FS1GP", 56, 56},
    {INSPECT_CAP, "PI", 59, 59},        {INSPECT_CAP, "FS5LP", 60, 60},     {INSPECT_CAP, "ECMDS", 61, 61},
    {INSPECT_CAP, "ESIRTPS", 62, 62},   {INSPECT_CAP, "ESRTPS", 63, 63},
    {INSPECT_ECAP, "C", 0, 0},          {INSPECT_ECAP, "QI", 1, 1},         {INSPECT_ECAP, "DT", 2, 2},
    {INSPECT_ECAP, "IR", 3, 3},         {INSPECT_ECAP, "EIM", 4, 4},        {INSPECT_ECAP, "PT", 6, 6},
    {INSPECT_ECAP, "SC", 7, 7},         {INSPECT_ECAP, "IRO", 17, 8},       {INSPECT_ECAP, "MHMV", 23, 20},
    {INSPECT_ECAP, "NEST", 26, 26},     {INSPECT_ECAP, "PRS", 29, 29},      {INSPECT_ECAP, "SRS", 31, 31},
    {INSPECT_ECAP, "NWFS", 33, 33},     {INSPECT_ECAP, "EAFS", 34, 34},     {INSPECT_ECAP, "PSS", 39, 35},
    {INSPECT_ECAP, "PASID", 40, 40},    {INSPECT_ECAP, "DIT", 41, 41},      {INSPECT_ECAP, "PDS", 42, 42},
    {INSPECT_ECAP, "SMTS", 43, 43},     {INSPECT_ECAP, "VCS", 44, 44},      {INSPECT_ECAP, "SSADS", 45, 45},
    {INSPECT_ECAP, "SSTS", 46, 46},     {INSPECT_ECAP, "FSTS", 47, 47},     {INSPECT_ECAP, "SMPWCS", 48, 48},
    {INSPECT_ECAP, "RPS", 49, 49},      {INSPECT_ECAP, "ADMS", 52, 52},     {INSPECT_ECAP, "SMS", 58, 58},
    {INSPECT_GSTS, "TES", 31, 31},      {INSPECT_GSTS, "RTPS", 30, 30},     {INSPECT_GSTS, "WBFS", 27, 27},
    {INSPECT_GSTS, "QIES", 26, 26},     {INSPECT_GSTS, "IRES", 25, 25},     {INSPECT_GSTS, "IRTPS", 24, 24},
    {INSPECT_GSTS, "CFIS", 23, 23},
    {INSPECT_RTADDR, "RTA", 63, 12},    {INSPECT_RTADDR, "TTM", 11, 10},
    {INSPECT_CCMD, "ICC", 63, 63},      {INSPECT_CCMD, "CIRG", 62, 61},     {INSPECT_CCMD, "CAIG", 60, 59},
    {INSPECT_CCMD, "FM", 33, 32},       {INSPECT_CCMD, "SID", 31, 16},      {INSPECT_CCMD, "DID", 15, 0},
    {INSPECT_FSTS, "PFO", 0, 0},        {INSPECT_FSTS, "PPF", 1, 1},        {INSPECT_FSTS, "IQE", 4, 4},
    {INSPECT_FSTS, "ICE", 5, 5},        {INSPECT_FSTS, "ITE", 6, 6},        {INSPECT_FSTS, "FRI", 15, 8},
    {INSPECT_FECTL, "IM", 31, 31},      {INSPECT_FECTL, "IP", 30, 30},      {INSPECT_FEDATA, "VECTOR", 7, 0},
    {INSPECT_FEDATA, "DM", 8, 8},       {INSPECT_FEADDR, "APICID", 19, 12}, {INSPECT_FEADDR, "RH", 3, 3},
    {INSPECT_FEADDR, "DESTMODE", 2, 2}, {INSPECT_FEADDR, "FEE", 31, 20},    {INSPECT_FEUADDR, "APICID", 31, 8},
    {INSPECT_PMEN, "EPM", 31, 31},      {INSPECT_PMEN, "PRS", 0, 0},        {INSPECT_PLMBASE, "ADDRESS", 31, 0},
    {INSPECT_PLMLIMIT, "ADDRESS", 31, 0}, {INSPECT_PHMBASE, "ADDRESS", 63, 0}, {INSPECT_PHMLIMIT, "ADDRESS", 63, 0},
    {INSPECT_IQH, "QH", 18, 4},         {INSPECT_IQT, "QT", 18, 4},         {INSPECT_IQA, "IQA", 63, 12},
    {INSPECT_IQA, "DW", 11, 11},        {INSPECT_IQA, "QS", 2, 0},          {INSPECT_ICS, "IWC", 0, 0},
    {INSPECT_IECTL, "IM", 31, 31},      {INSPECT_IEDATA, "VECTOR", 7, 0},   {INSPECT_IEADDR, "APICID", 19, 12},
    {INSPECT_IEUADDR, "APICID", 31, 8}, {INSPECT_IQERCD, "IQEI", 3, 0},     {INSPECT_IQERCD, "ITESID", 47, 32},
    {INSPECT_IQERCD, "ICESID", 63, 48}, {INSPECT_IRTA, "IRTA", 63, 12},     {INSPECT_IRTA, "EIME", 11, 11},
    {INSPECT_IRTA, "S", 3, 0},          {INSPECT_PQH, "PQH", 18, 5},        {INSPECT_PQT, "PQT", 18, 5},
    {INSPECT_PQA, "PQA", 63, 12},       {INSPECT_PQA, "PQS", 2, 0},         {INSPECT_PRS, "PPR", 0, 0},
    {INSPECT_PRS, "PRO", 1, 1},         {INSPECT_PECTL, "IP", 30, 30},      {INSPECT_PEDATA, "DM", 8, 8},
    {INSPECT_PEADDR, "RH", 3, 3},       {INSPECT_PEUADDR, "APICID", 31, 8},
};

/* A field sees its own bits, all of them, and no other. */
static void test_fields_places(void **state)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct place *p = &places[i];
        unsigned bits = inspect_register_bits(p->reg), width = p->high - p->low + 1;
        uint64_t all = bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
        uint64_t ones = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
        struct inspect_unit unit = unit_with(p->reg, ones << p->low);
        struct inspect_field field = in_unit(&unit, p->reg, p->name);
        assert_int_equal(field.high, p->high);
        assert_int_equal(field.low, p->low);
        assert_true(field.value == ones);
        unit = unit_with(p->reg, all & ~(ones << p->low));
        assert_true(in_unit(&unit, p->reg, p->name).value == 0);
    }
}

static void test_fields_every_register_has_words(void **state)
{
    for (unsigned reg = 0; reg < INSPECT_REGISTER_COUNT; reg++) {
        struct inspect_unit unit = unit_with(reg, inspect_register_bits(reg) == 64 ? UINT64_MAX : UINT32_MAX);
        struct inspect_field field;
        uint64_t seen = 0;
        size_t count = 0;
        assert_true(inspect_register_meaning(reg)[0] != '\0');
        for (; inspect_register_field(&unit, reg, count, &field); count++) {
            assert_true(field.name[0] != '\0' && field.meaning[0] != '\0' && field.words[0] != '\0');
            assert_true(field.high < inspect_register_bits(reg) && field.low <= field.high);
            for (unsigned bit = field.low; bit <= field.high; bit++) {
                assert_false(seen >> bit & 1); /* fields do not overlap */
                seen |= (uint64_t)1 << bit;
            }
        }
        assert_true(seen == unit.value[reg]); /* with all bits set, each is told */
        unit.known = 0;
        assert_false(inspect_register_field(&unit, reg, 0, &field));
    }
}

static void test_fields_reserved(void **state)
{
    struct inspect_unit unit = unit_with(INSPECT_CAP, (uint64_t)1 << 14 | (uint64_t)1 << 38 | (uint64_t)3 << 57);
    static const unsigned wanted[][3] = {{15, 13, 2}, {38, 38, 1}, {58, 57, 3}};
    struct inspect_field field;
    size_t i, found = 0;
    for (i = 0; inspect_register_field(&unit, INSPECT_CAP, i, &field); i++) {
        if (strcmp(field.name, "reserved") != 0 || found++ >= 3)
            continue;
        assert_int_equal(field.high, wanted[found - 1][0]);
        assert_int_equal(field.low, wanted[found - 1][1]);
        assert_int_equal(field.value, wanted[found - 1][2]);
    }
    assert_int_equal(found, 3);
    unit = unit_with(INSPECT_CAP, 0xd2008c222f0606);
    for (i = 0; inspect_register_field(&unit, INSPECT_CAP, i, &field); i++)
        assert_string_not_equal(field.name, "reserved");
    assert_int_equal(i, 23);
}

/* ---- what values mean ---------------------------------------------------------------------- */

static void test_fields_words_of_capabilities(void **state)
{
    says(INSPECT_CAP, 0x6, "ND", "16 bits: 65536 domain ids");
    says(INSPECT_CAP, 0x0, "ND", "4 bits: 16 domain ids");
    says(INSPECT_CAP, 0x7, "ND", "reserved");
    says(INSPECT_CAP, 0x600, "SAGAW", "39, 48 bits");
    says(INSPECT_CAP, 0xc00, "SAGAW", "48, 57 bits");
    says(INSPECT_CAP, 0x000, "SAGAW", "none: interrupts only");
    says(INSPECT_CAP, 0x1f00, "SAGAW", "30 (obsolete), 39, 48, 57, 64 (obsolete) bits");
    says(INSPECT_CAP, 0x2f0000, "MGAW", "48 bits");
    says(INSPECT_CAP, 0x22000000, "FRO", "at offset 0x220");
    says(INSPECT_CAP, (uint64_t)3 << 34, "SSLPS", "4 KiB, 2 MiB, 1 GiB");
    says(INSPECT_CAP, (uint64_t)1 << 34, "SSLPS", "4 KiB, 2 MiB");
    says(INSPECT_CAP, (uint64_t)4 << 34, "SSLPS", "4 KiB, reserved bits set");
    says(INSPECT_CAP, 0, "NFR", "1 fault record");
    says(INSPECT_CAP, (uint64_t)255 << 40, "NFR", "256 fault records");
    says(INSPECT_CAP, (uint64_t)18 << 48, "MAMV", "up to 1 GiB at once");
    says(INSPECT_CAP, (uint64_t)9 << 48, "MAMV", "up to 2 MiB at once");
    says(INSPECT_CAP, (uint64_t)0 << 48, "MAMV", "up to 4 KiB at once");
    says(INSPECT_CAP, (uint64_t)63 << 48, "MAMV", "everything");
    says(INSPECT_CAP, 0x80, "CM", "yes");
    says(INSPECT_CAP, 0, "CM", "no");
    says(INSPECT_ECAP, 0xf00, "IRO", "at offset 0xf0");
    says(INSPECT_ECAP, 0xf00000, "MHMV", "up to 32768 entries at once");
    says(INSPECT_ECAP, (uint64_t)19 << 35 | (uint64_t)1 << 40, "PSS", "20 bits: PASIDs up to 0xfffff");
    says(INSPECT_ECAP, (uint64_t)1 << 40, "PSS", "1 bits: PASIDs up to 0x1");
    says(INSPECT_ECAP, (uint64_t)19 << 35, "PSS", "no PASIDs");
    says(INSPECT_VER, 0x50, "MAJOR", "5");
}

static void test_fields_words_of_state(void **state)
{
    says(INSPECT_GSTS, 0x80000000, "TES", "yes");
    says(INSPECT_RTADDR, 0x55d4400, "RTA", "at 0x55d4000");
    says(INSPECT_RTADDR, 0x55d4400, "TTM", "scalable");
    says(INSPECT_RTADDR, 0x55d4000, "TTM", "legacy");
    says(INSPECT_RTADDR, 0x800, "TTM", "reserved (once the extended mode)");
    says(INSPECT_RTADDR, 0xc00, "TTM", "all DMA is aborted");
    says(INSPECT_CCMD, (uint64_t)3 << 61 | 0x00ff0000, "CIRG", "one device");
    says(INSPECT_CCMD, (uint64_t)1 << 61, "CIRG", "everything");
    says(INSPECT_CCMD, (uint64_t)0 << 61, "CIRG", "reserved");
    says(INSPECT_CCMD, (uint64_t)2 << 59, "CAIG", "one domain");
    says(INSPECT_CCMD, 0, "CAIG", "nothing done yet, or an error");
    says(INSPECT_CCMD, 0x01100000, "SID", "01:02.0");
    says(INSPECT_CCMD, (uint64_t)2 << 32, "FM", "bits 2:1");
    says(INSPECT_CCMD, 5, "DID", "5");
    says(INSPECT_PLMBASE, 0x12345000, "ADDRESS", "0x12345000");
    says(INSPECT_PHMLIMIT, 0xffffffffff, "ADDRESS", "0xffffffffff");
    says(INSPECT_FEDATA, 0x121, "VECTOR", "33");
    says(INSPECT_FEDATA, 0x121, "DM", "lowest priority");
    says(INSPECT_FEDATA, 0x21, "DM", "fixed");
    says(INSPECT_FEADDR, 0xfee01004, "FEE", "as it must be");
    says(INSPECT_FEADDR, 0, "FEE", "not set up");
    says(INSPECT_FEADDR, 0x12300000, "FEE", "no interrupt address");
    says(INSPECT_FEADDR, 0xfee01004, "DESTMODE", "logical");
    says(INSPECT_FEADDR, 0xfee01000, "DESTMODE", "physical");
    says(INSPECT_FEUADDR, 0x12300, "APICID", "0x12300");
}

static void test_fields_words_of_queues(void **state)
{
    struct inspect_unit unit = unit_with(INSPECT_IQT, 0x40);
    says(INSPECT_IQT, 0xcc0, "QT", "slot 204");
    says(INSPECT_IQH, 0x10, "QH", "slot 1");
    unit.value[INSPECT_IQA] = 0x800; /* 32 bytes each */
    assert_string_equal(in_unit(&unit, INSPECT_IQT, "QT").words, "slot 2");
    unit.value[INSPECT_IQT] = 0x50;
    assert_string_equal(in_unit(&unit, INSPECT_IQT, "QT").words, "misaligned: descriptors have 32 bytes");
    says(INSPECT_IQA, 0x3daa001, "IQA", "at 0x3daa000");
    says(INSPECT_IQA, 0x3daa001, "QS", "2 pages: 512 descriptors");
    says(INSPECT_IQA, 0x3daa801, "QS", "2 pages: 256 descriptors");
    says(INSPECT_IQA, 0x3daa000, "QS", "1 page: 256 descriptors");
    says(INSPECT_IQA, 0x3daa000, "DW", "128 bits");
    says(INSPECT_IQA, 0x3daa800, "DW", "256 bits");
    says(INSPECT_IQERCD, 3, "IQEI", "descriptor type or granularity is invalid");
    says(INSPECT_IQERCD, 1, "IQEI", "the tail is beyond the queue");
    says(INSPECT_IQERCD, 0, "IQEI", "none");
    says(INSPECT_IQERCD, 8, "IQEI", "reserved");
    says(INSPECT_IQERCD, 0, "ITESID", "not recorded");
    says(INSPECT_IQERCD, (uint64_t)0x0310 << 48, "ICESID", "03:02.0");
    says(INSPECT_IRTA, 0x3e0000f, "S", "65536 entries");
    says(INSPECT_IRTA, 0, "S", "2 entries");
    says(INSPECT_PQH, 0x40, "PQH", "slot 2");
    says(INSPECT_PQA, 3, "PQS", "8 pages: 1024 requests");
}

static void test_fields_words_of_faults(void **state)
{
    says(INSPECT_FSTS, 0x0302, "FRI", "record 3");
    says(INSPECT_FSTS, 0x0300, "FRI", "no record pending");
    fault_says(0x12345000, 0x8000000200000100, "FI", "page 0x12345000");
    fault_says(0x12345000, 0x8000000200000100, "SID", "01:00.0");
    fault_says(0x12345000, 0x8000000200000100, "FR", "02h: context entry not present");
    fault_says(0x12345000, 0x8000000200000100, "F", "yes");
    fault_says(0x12345000, 0x8000000200000100, "PV", "none");
    fault_says(0x12345000, 0x8000000200000100, "PRIV", "not told: no PASID");
    fault_says(0x0023000000000000, 0x8000002200000100, "FI", "interrupt entry 35");
    fault_says(0x0023000000000000, 0x8000001f00000100, "FI", "page 0x23000000000000");
    fault_says(0x0023000000000000, 0x8000002c00000100, "FI", "page 0x23000000000000");
    fault_says(0, (uint64_t)0x81234 << 40 | (uint64_t)0x80000000 | (uint64_t)0x59 << 32, "PV", "0x81234");
    fault_says(0, 0xe0000000, "EXE", "yes");
    fault_says(0, 0xa0000000, "EXE", "no");
    fault_says(0, 0xa0000000, "PRIV", "yes");
    fault_says(0, (uint64_t)0xff << 32, "FR", "ffh: unknown fault reason");
    fault_says(0, 0, "FR", "none");
    fault_says(0, 0, "T1", "write");
    fault_says(0, (uint64_t)1 << 28, "T1", "page request");
    fault_says(0, (uint64_t)1 << 62, "T1", "read");
    fault_says(0, (uint64_t)1 << 62 | (uint64_t)1 << 28, "T1", "atomic operation");
    fault_says(0, 0, "AT", "untranslated");
    fault_says(0, (uint64_t)1 << 60, "AT", "translation request");
    fault_says(0, (uint64_t)2 << 60, "AT", "translated");
    fault_says(0, (uint64_t)3 << 60, "AT", "reserved");
}

/* Bits are counted through both halves, and each of the 128 is told once where all are set. */
static void test_fields_places_in_faults(void **state)
{
    static const struct {
        const char *name;
        unsigned high, low;
    } wanted[] = {{"FI", 63, 12},   {"SID", 79, 64},   {"T2", 92, 92},    {"PRIV", 93, 93},  {"EXE", 94, 94},  {"PP", 95, 95},
                  {"FR", 103, 96}, {"PV", 123, 104}, {"AT", 125, 124}, {"T1", 126, 126}, {"F", 127, 127}};
    static const uint64_t full[2] = {UINT64_MAX, UINT64_MAX}, none[2] = {0, 0};
    struct inspect_field field;
    unsigned seen[128] = {0};
    size_t i;
    for (i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        field = in_fault(full, wanted[i].name);
        assert_int_equal(field.high, wanted[i].high);
        assert_int_equal(field.low, wanted[i].low);
    }
    for (i = 0; inspect_fault_field(full, i, &field); i++)
        for (unsigned bit = field.low; bit <= field.high; bit++)
            seen[bit]++;
    assert_int_equal(i, 13); /* with reserved 11:0 and 91:80 */
    for (i = 0; i < 128; i++)
        assert_int_equal(seen[i], 1);
    for (i = 0; inspect_fault_field(none, i, &field); i++)
        assert_string_not_equal(field.name, "reserved");
    assert_int_equal(i, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_places),
        cmocka_unit_test(test_fields_every_register_has_words),
        cmocka_unit_test(test_fields_reserved),
        cmocka_unit_test(test_fields_words_of_capabilities),
        cmocka_unit_test(test_fields_words_of_state),
        cmocka_unit_test(test_fields_words_of_queues),
        cmocka_unit_test(test_fields_words_of_faults),
        cmocka_unit_test(test_fields_places_in_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
