/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * The invalidation queue: head and tail, waits and events, each error and how software goes on,
 * requests to device-TLBs.
 */
#include "tests/model_vtd/fixture.h"

static uint32_t fsts(struct fx *f)
{
    return fx_read32(f, VTD_REG_FSTS);
}

static unsigned iqei(struct fx *f)
{
    return (unsigned)SPEC_GET(VTD_IQERCD_IQEI, fx_read64(f, VTD_REG_IQERCD));
}

static void test_model_head_follows_tail(void **state)
{
    static const char *const presets[] = { "legacy", "scalable" };
    for (unsigned i = 0; i < 2; i++) {
        struct fx f;
        fx_begin(&f, presets[i]);
        unsigned slots = f.wide ? 128 : 256;
        for (unsigned n = 0; n < slots + 3; n++) { /* around the end */
            assert_true(fx_wait(&f));
            assert_int_equal(fx_read64(&f, VTD_REG_IQH), f.tail);
        }
        assert_int_equal(fx_stats(&f).descriptors, slots + 3);
        assert_int_equal(fsts(&f), 0);
        fx_end(&f);
    }
}

static void test_model_a_larger_queue(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    fx_create(&f);
    f.queue = fx_pages(&f, 8);
    f.status = fx_page(&f);
    fx_write64(&f, VTD_REG_IQA, f.queue | VTD_IQA_DW | 3);
    fx_command(&f, VTD_GCMD_QIE);
    for (unsigned i = 0; i < 1023; i++)
        fx_put(&f, f.queue + i * 32, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_FN);
    fx_write64(&f, VTD_REG_IQT, 1023 * 32);
    assert_int_equal(fx_read64(&f, VTD_REG_IQH), 1023 * 32);
    assert_int_equal(fx_stats(&f).descriptors, 1023);
    fx_end(&f);
}

static void test_model_wait_writes_one_dword(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    for (unsigned shift = 0; shift < 8; shift += 4) {
        fx_put(&f, f.status, 0x1111111122222222);
        fx_submit(&f, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_SW | (uint64_t)0xABCD1234 << 32,
                  f.status + shift);
        assert_int_equal(fx_get(&f, f.status), shift ? 0xABCD123422222222 : 0x11111111ABCD1234);
    }
    fx_put(&f, f.status, 7);
    fx_submit(&f, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_FN | (uint64_t)9 << 32, f.status); /* no SW */
    assert_int_equal(fx_get(&f, f.status), 7);
    fx_submit(&f, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_SW, FX_NOWHERE);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_end(&f);
}

static void test_model_completion_event(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    fx_write32(&f, VTD_REG_IEDATA, 0x51);
    fx_write32(&f, VTD_REG_IEADDR, 0xFEE02000);
    fx_submit(&f, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_IF, 0); /* masked since reset */
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_COMPLETION], 0);
    assert_int_equal(fx_read32(&f, VTD_REG_ICS), VTD_ICS_IWC);
    assert_int_equal(fx_read32(&f, VTD_REG_IECTL), VTD_IECTL_IM | VTD_IECTL_IP);
    fx_write32(&f, VTD_REG_IECTL, 0);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_COMPLETION], 1);
    assert_int_equal(f.event_address, 0xFEE02000);
    assert_int_equal(f.event_data, 0x51);
    fx_submit(&f, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_IF, 0); /* IWC is still set */
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_COMPLETION], 1);
    fx_write32(&f, VTD_REG_ICS, VTD_ICS_IWC);
    fx_submit(&f, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_IF, 0);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_COMPLETION], 2);

    fx_write32(&f, VTD_REG_ICS, VTD_ICS_IWC);
    fx_write32(&f, VTD_REG_IECTL, VTD_IECTL_IM);
    fx_submit(&f, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_IF, 0);
    fx_write32(&f, VTD_REG_ICS, VTD_ICS_IWC); /* dealt with: nothing is pending any more */
    fx_write32(&f, VTD_REG_IECTL, 0);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_COMPLETION], 2);
    fx_end(&f);
}

/* ---- Errors ------------------------------------------------------------------------------------- */

struct bad {
    const char *preset;
    unsigned code;
    uint64_t words[4];
    uint64_t cap_off, ecap_off;
};

#define T(type) VTD_QI_TYPE_##type
#define G(n) ((uint64_t)(n) << 4)

static const struct bad bad[] = {
    { "scalable", VTD_IQEI_BAD_TYPE, { 0 }, 0, 0 },
    { "scalable", VTD_IQEI_BAD_TYPE, { 10 }, 0, 0 },
    { "scalable", VTD_IQEI_BAD_TYPE, { 15 }, 0, 0 },
    { "scalable", VTD_IQEI_BAD_TYPE, { T(WAIT) | 1 << 9 }, 0, 0 },
    { "legacy", VTD_IQEI_BAD_TYPE, { T(PIOTLB) | G(2) }, 0, 0 },
    { "legacy", VTD_IQEI_BAD_TYPE, { T(PC) | G(3) }, 0, 0 },
    { "scalable", VTD_IQEI_BAD_TYPE, { T(CC) }, 0, 0 },
    { "scalable", VTD_IQEI_BAD_TYPE, { T(IOTLB) }, 0, 0 },
    { "scalable", VTD_IQEI_BAD_TYPE, { T(IOTLB) | G(3) }, VTD_CAP_PSI, 0 },
    { "scalable", VTD_IQEI_BAD_TYPE, { T(PIOTLB) | G(0) }, 0, 0 },
    { "scalable", VTD_IQEI_BAD_TYPE, { T(PIOTLB) | G(1) }, 0, 0 },
    { "scalable", VTD_IQEI_BAD_TYPE, { T(PC) | G(2) }, 0, 0 },
    { "scalable", VTD_IQEI_BAD_TYPE, { T(DEVTLB) }, 0, VTD_ECAP_DT },
    { "scalable", VTD_IQEI_BAD_TYPE, { T(PDEVTLB) }, 0, VTD_ECAP_DT },
    { "scalable", VTD_IQEI_BAD_TYPE, { T(IEC) }, 0, 0 },   /* no IR */
    { "scalable", VTD_IQEI_BAD_TYPE, { T(PGRSP) }, 0, 0 }, /* no PRS */
    { "scalable", VTD_IQEI_RESERVED, { T(CC) | G(1) | 1 << 6 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(CC) | G(1), 1 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(CC) | G(1), 0, 1 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(CC) | G(1), 0, 0, (uint64_t)1 << 63 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(IOTLB) | G(1) | 1 << 8 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(IOTLB) | G(2) | (uint64_t)1 << 32 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(IOTLB) | G(3), 1 << 7 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(IOTLB) | G(3), 19 }, 0, 0 }, /* AM above MAMV */
    { "scalable", VTD_IQEI_RESERVED, { T(PIOTLB) | G(2) | (uint64_t)1 << 52 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(PIOTLB) | G(3), 1 << 11 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(PC) | G(3) | (uint64_t)1 << 60 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(PC) | G(3), 2 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(WAIT) | 1 << 8 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(WAIT), 1 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(WAIT) | 1 << 7 }, 0, VTD_ECAP_PDS },
    { "scalable", VTD_IQEI_RESERVED, { T(DEVTLB) | 1 << 12 }, 0, 0 }, /* PFSID without DIT */
    { "scalable", VTD_IQEI_RESERVED, { T(DEVTLB), 2 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(PDEVTLB) | (uint64_t)1 << 52 }, 0, 0 },
    { "scalable", VTD_IQEI_RESERVED, { T(PDEVTLB), 2 }, 0, 0 },
};

static void test_B60_each_bad_descriptor_stops_the_queue(void **state)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fx f;
        fx_preset(&f, bad[i].preset);
        f.config.cap &= ~bad[i].cap_off;
        f.config.ecap &= ~bad[i].ecap_off;
        fx_create(&f);
        fx_enable(&f);
        assert_true(fx_wait(&f));
        uint64_t at = f.tail;
        unsigned words = f.wide ? 4 : 2;
        for (unsigned w = 0; w < words; w++)
            fx_put(&f, f.queue + at + 8 * w, bad[i].words[w]);
        f.tail += 8 * words;
        assert_false(fx_wait(&f)); /* behind the bad one */
        if (iqei(&f) != bad[i].code)
            print_error("row %zu: %u\n", i, iqei(&f));
        assert_int_equal(iqei(&f), bad[i].code);
        assert_int_equal(fsts(&f), VTD_FSTS_IQE);
        assert_int_equal(fx_read64(&f, VTD_REG_IQH), at);
        /* a good wait in its place, then the error cleared: the rest runs */
        fx_put(&f, f.queue + at, T(WAIT) | VTD_QI_WAIT_FN);
        for (unsigned w = 1; w < words; w++)
            fx_put(&f, f.queue + at + 8 * w, 0);
        fx_write64(&f, VTD_REG_IQT, f.tail); /* this alone does not restart it */
        assert_int_equal(fx_read64(&f, VTD_REG_IQH), at);
        fx_write32(&f, VTD_REG_FSTS, VTD_FSTS_IQE);
        assert_int_equal((uint32_t)fx_get(&f, f.status), f.status_value);
        assert_int_equal(fsts(&f), 0);
        assert_true(fx_wait(&f));
        fx_end(&f);
    }
}

static void test_model_bad_tail(void **state)
{
    struct fx f;
    fx_begin(&f, "legacy");
    fx_write64(&f, VTD_REG_IQT, 4096);
    assert_int_equal(iqei(&f), VTD_IQEI_BAD_TAIL);
    fx_end(&f);

    fx_begin(&f, "scalable");
    fx_write64(&f, VTD_REG_IQT, 16);
    assert_int_equal(iqei(&f), VTD_IQEI_TAIL_MISALIGNED);
    fx_end(&f);
}

static void test_model_queue_out_of_memory_space(void **state)
{
    struct fx f;
    fx_preset(&f, "legacy");
    fx_create(&f);
    fx_write64(&f, VTD_REG_IQA, FX_NOWHERE);
    fx_command(&f, VTD_GCMD_QIE);
    fx_write64(&f, VTD_REG_IQT, 16);
    assert_int_equal(iqei(&f), VTD_IQEI_FETCH);
    assert_int_equal(fx_read64(&f, VTD_REG_IQH), 0);
    fx_end(&f);
}

static void test_model_queue_width(void **state)
{
    struct fx f;
    fx_preset(&f, "legacy");
    fx_create(&f);
    fx_enable_queue(&f, true); /* neither SMTS nor ADMS */
    assert_false(fx_wait(&f));
    assert_int_equal(iqei(&f), VTD_IQEI_BAD_WIDTH);
    fx_end(&f);

    fx_preset(&f, "scalable");
    fx_create(&f);
    f.root = fx_page(&f);
    fx_enable_queue(&f, false);
    assert_true(fx_wait(&f)); /* legacy mode until SRTP */
    fx_set_root(&f, VTD_TTM_SCALABLE);
    assert_false(fx_wait(&f));
    assert_int_equal(iqei(&f), VTD_IQEI_BAD_WIDTH);
    fx_end(&f);

    fx_begin(&f, "scalable");
    fx_uncommand(&f, VTD_GCMD_TE);
    fx_set_root(&f, VTD_TTM_RESERVED);
    assert_false(fx_wait(&f));
    assert_int_equal(iqei(&f), VTD_IQEI_BAD_TTM);
    fx_end(&f);
}

static void test_model_queue_error_raises_the_fault_event(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    fx_write32(&f, VTD_REG_FECTL, 0);
    fx_submit(&f, 0, 0);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 1);
    fx_end(&f);
}

static void test_model_disabling_the_queue(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    assert_true(fx_wait(&f));
    fx_uncommand(&f, VTD_GCMD_QIE);
    assert_int_equal(fx_read64(&f, VTD_REG_IQH), 0);
    assert_int_equal(fx_stats(&f).misuse, 0);
    fx_end(&f);

    fx_begin(&f, "scalable");
    fx_submit(&f, fx_iotlb(1, 0), 0);
    fx_uncommand(&f, VTD_GCMD_QIE); /* the last one was no wait */
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_end(&f);

    fx_begin(&f, "scalable");
    fx_submit(&f, 0, 0);
    fx_uncommand(&f, VTD_GCMD_QIE); /* not empty */
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_end(&f);

    fx_begin(&f, "scalable");
    fx_submit(&f, 0, 0);
    fx_write64(&f, VTD_REG_IQA, fx_page(&f)); /* moved while not empty */
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_end(&f);
}

/* ---- Device-TLBs -------------------------------------------------------------------------------- */

static void test_B59_device_tlb_ranges(void **state)
{
    static const struct {
        uint64_t word, address, bytes;
    } rows[] = {
        { 0x12345000, 0x12345000, 0x1000 },
        { 0x12345001 & ~(uint64_t)0x1000, 0x12344000, 0x2000 }, /* S, bit 12 clear */
        { 0x12341001, 0x12340000, 0x4000 },                     /* bit 12 set, 13 clear */
        { 0x122FF001, 0x12200000, 0x200000 },
        { VTD_DEVTLB_ADDR_ALL | 1, 0, 0 },
    };
    struct fx f;
    fx_begin(&f, "scalable");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t low = rows[i].word & 1 ? VTD_QI_PDEVTLB1_S : 0;
        fx_submit(&f, VTD_QI_TYPE_DEVTLB | (uint64_t)0x0310 << 32, rows[i].word);
        fx_submit(&f, VTD_QI_TYPE_PDEVTLB | (uint64_t)0x0310 << 16 | (uint64_t)0xABCDE << 32,
                  (rows[i].word & ~(uint64_t)1) | low);
        for (unsigned k = 0; k < 2; k++) {
            const struct iommu_model_devtlb_invalidation *d = &f.devtlb[2 * i + k];
            assert_int_equal(d->rid, 0x0310);
            assert_int_equal(d->address, rows[i].address);
            assert_int_equal(d->bytes, rows[i].bytes);
            assert_int_equal(d->has_pasid, k);
            assert_int_equal(d->pasid, k ? 0xABCDE : 0);
            assert_false(d->global);
        }
    }
    unsigned count = f.devtlbs;
    fx_submit(&f, VTD_QI_TYPE_PDEVTLB | (uint64_t)0x0310 << 16, VTD_DEVTLB_ADDR_ALL | 0x801);
    assert_true(f.devtlb[count].global);
    assert_true(fx_wait(&f));
    assert_int_equal(fx_stats(&f).misuse, 0);
    fx_uncommand(&f, VTD_GCMD_TE);
    fx_submit(&f, VTD_QI_TYPE_DEVTLB, 0);
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_end(&f);
}

static void test_B60_time_out_aborts_the_waits(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    f.devtlb_dead = true;
    f.devtlb_dead_rid = 0x0310;
    uint64_t start = f.tail;
    fx_put(&f, f.queue + start, VTD_QI_TYPE_DEVTLB | (uint64_t)0x0310 << 32);
    fx_put(&f, f.queue + start + 32, VTD_QI_TYPE_DEVTLB | (uint64_t)0x0318 << 32);
    f.tail += 64;
    assert_false(fx_wait(&f));
    uint64_t frozen = f.tail;
    assert_int_equal(fsts(&f), VTD_FSTS_ITE);
    assert_int_equal(SPEC_GET(VTD_IQERCD_ITESID, fx_read64(&f, VTD_REG_IQERCD)), 0x0310);
    assert_int_equal(iqei(&f), 0);
    assert_int_equal(f.devtlbs, 2); /* the other device was asked all the same */
    assert_int_equal(fx_read64(&f, VTD_REG_IQH), frozen);
    assert_false(fx_wait(&f)); /* frozen */
    assert_int_equal(fx_read64(&f, VTD_REG_IQH), frozen);
    fx_write32(&f, VTD_REG_FSTS, VTD_FSTS_ITE);
    assert_int_equal((uint32_t)fx_get(&f, f.status), f.status_value); /* the wait after it */
    assert_true(fx_wait(&f));
    fx_end(&f);
}

/* Without a wait behind it, the time-out is told when the queue has run dry. */
static void test_B60_time_out_without_a_wait(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    fx_write32(&f, VTD_REG_FECTL, 0);
    f.devtlb_dead = true;
    f.devtlb_dead_rid = 0x0310;
    fx_submit(&f, VTD_QI_TYPE_DEVTLB | (uint64_t)0x0310 << 32, 0);
    assert_int_equal(fsts(&f), VTD_FSTS_ITE);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 1);
    fx_end(&f);
}

/* One write of the tail ends a wait and finds a bad descriptor: software hears of both. */
static void test_B62_two_events_of_one_access(void **state)
{
    struct fx f;
    fx_begin(&f, "scalable");
    fx_write32(&f, VTD_REG_IECTL, 0);
    fx_write32(&f, VTD_REG_FECTL, 0);
    fx_write32(&f, VTD_REG_FEDATA, 0x1234);
    fx_put(&f, f.queue, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_IF);
    fx_put(&f, f.queue + 32, 0xF);
    fx_write64(&f, VTD_REG_IQT, 64);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_COMPLETION], 1);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 1);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_PAGE_REQUEST], 0);
    fx_read32(&f, VTD_REG_FSTS);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_FAULT], 1); /* sent once */
    fx_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B62_two_events_of_one_access),
        cmocka_unit_test(test_model_head_follows_tail),
        cmocka_unit_test(test_model_a_larger_queue),
        cmocka_unit_test(test_model_wait_writes_one_dword),
        cmocka_unit_test(test_model_completion_event),
        cmocka_unit_test(test_B60_each_bad_descriptor_stops_the_queue),
        cmocka_unit_test(test_model_bad_tail),
        cmocka_unit_test(test_model_queue_out_of_memory_space),
        cmocka_unit_test(test_model_queue_width),
        cmocka_unit_test(test_model_queue_error_raises_the_fault_event),
        cmocka_unit_test(test_model_disabling_the_queue),
        cmocka_unit_test(test_B59_device_tlb_ranges),
        cmocka_unit_test(test_B60_time_out_aborts_the_waits),
        cmocka_unit_test(test_B60_time_out_without_a_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
