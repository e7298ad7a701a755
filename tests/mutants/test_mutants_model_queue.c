/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_model_queue.c - the invalidation queue: fields that one capability opens, what is refused first, a store
 * that others keep from happening, devices that do not answer, and the lies that stop.
 */
#include "tests/model_vtd/fixture.h"

#define LIE(name) IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_##name)
#define WAIT(value) (VTD_QI_TYPE_WAIT | VTD_QI_WAIT_SW | (uint64_t)(value) << 32)
#define DEVTLB(rid) (VTD_QI_TYPE_DEVTLB | (uint64_t)(rid) << 32)

static void begin(struct fx *f, uint64_t cap_off, uint64_t ecap_on, uint32_t lies)
{
    fx_preset(f, "scalable");
    f->config.cap &= ~cap_off;
    f->config.ecap |= ecap_on;
    f->config.lies = (struct iommu_model_lies){ .enabled = lies, .seed = 1, .one_in = 1 };
    fx_create(f);
    fx_enable(f);
}

/* A descriptor that nobody is told of yet. */
static void place(struct fx *f, uint64_t w0, uint64_t w1)
{
    fx_put(f, f->queue + f->tail, w0);
    fx_put(f, f->queue + f->tail + 8, w1);
    fx_put(f, f->queue + f->tail + 16, 0);
    fx_put(f, f->queue + f->tail + 24, 0);
    f->tail = (f->tail + 32) % 4096;
}

static void ring(struct fx *f)
{
    fx_write64(f, VTD_REG_IQT, f->tail);
}

/* Why the queue stopped; VTD_IQEI_NONE: it did not. */
static unsigned iqei(struct fx *f)
{
    if (!(fx_read32(f, VTD_REG_FSTS) & VTD_FSTS_IQE))
        return VTD_IQEI_NONE;
    return (unsigned)SPEC_GET(VTD_IQERCD_IQEI, fx_read64(f, VTD_REG_IQERCD));
}

static uint32_t status(struct fx *f)
{
    return (uint32_t)fx_get(f, f->status);
}

/* ---- Descriptors -------------------------------------------------------------------------------------- */

#define MHMV_3 SPEC_PUT(VTD_ECAP_MHMV, (uint64_t)3)

static void test_model_fields_that_a_capability_opens(void **state)
{
    static const struct {
        uint64_t w0, w1, cap_off, ecap_on;
        unsigned why;
    } rows[] = {
        { DEVTLB(1) | (uint64_t)1 << 12, 0, 0, 0, VTD_IQEI_RESERVED },
        { DEVTLB(1) | (uint64_t)1 << 63, 0, 0, 0, VTD_IQEI_RESERVED },
        { DEVTLB(1) | (uint64_t)1 << 63 | 1 << 12, 0, 0, VTD_ECAP_DIT, VTD_IQEI_NONE },
        { VTD_QI_TYPE_PDEVTLB | (uint64_t)1 << 12, 0, 0, 0, VTD_IQEI_RESERVED },
        { VTD_QI_TYPE_PDEVTLB | (uint64_t)1 << 63, 0, 0, 0, VTD_IQEI_RESERVED },
        { VTD_QI_TYPE_PDEVTLB | (uint64_t)1 << 63 | 1 << 12, 0, 0, VTD_ECAP_DIT, VTD_IQEI_NONE },
        { VTD_QI_TYPE_IOTLB | 1 << 4, 0, VTD_CAP_PSI, 0, VTD_IQEI_NONE },
        { VTD_QI_TYPE_IOTLB | 2 << 4, 0, VTD_CAP_PSI, 0, VTD_IQEI_NONE },
        { VTD_QI_TYPE_IOTLB | 3 << 4, 0, VTD_CAP_PSI, 0, VTD_IQEI_BAD_TYPE },
        { VTD_QI_TYPE_IOTLB | 3 << 4, 63, 0, 0, VTD_IQEI_RESERVED }, /* AM above MAMV, which counts for pages only */
        { VTD_QI_TYPE_IOTLB | 2 << 4, 63, 0, 0, VTD_IQEI_NONE },
        { VTD_QI_TYPE_IEC, 0, 0, 0, VTD_IQEI_BAD_TYPE },
        { VTD_QI_TYPE_IEC | 1 << 4 | (uint64_t)3 << 27, 0, 0, VTD_ECAP_IR | MHMV_3, VTD_IQEI_NONE },
        { VTD_QI_TYPE_IEC | 1 << 4 | (uint64_t)4 << 27, 0, 0, VTD_ECAP_IR | MHMV_3, VTD_IQEI_RESERVED },
        { VTD_QI_TYPE_IEC | (uint64_t)4 << 27, 0, 0, VTD_ECAP_IR | MHMV_3, VTD_IQEI_NONE }, /* no index */
        { VTD_QI_TYPE_WAIT | VTD_QI_WAIT_PD, 0, 0, VTD_ECAP_PDS, VTD_IQEI_NONE },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fx f;
        begin(&f, rows[i].cap_off, rows[i].ecap_on, 0);
        fx_submit(&f, rows[i].w0, rows[i].w1);
        if (iqei(&f) != rows[i].why)
            print_error("row %u: %u\n", (unsigned)i, iqei(&f));
        assert_int_equal(iqei(&f), rows[i].why);
        fx_end(&f);
    }
}

/* A queue that is set up wrongly is not read at all. */
static void test_model_the_width_is_looked_at_before_the_memory(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    fx_create(&f);
    f.root = fx_page(&f);
    fx_set_root(&f, VTD_TTM_SCALABLE);
    fx_write64(&f, VTD_REG_IQA, FX_NOWHERE);
    fx_command(&f, VTD_GCMD_QIE);
    fx_write64(&f, VTD_REG_IQT, 16);
    assert_int_equal(iqei(&f), VTD_IQEI_BAD_WIDTH);
    fx_end(&f);
}

static void test_model_a_queue_starts_at_0(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    fx_create(&f);
    f.queue = fx_page(&f);
    fx_put(&f, f.queue, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_FN);
    fx_write64(&f, VTD_REG_IQT, 32);
    fx_write64(&f, VTD_REG_IQA, f.queue | VTD_IQA_DW); /* it is off, so it may be anywhere */
    assert_int_equal(fx_stats(&f).misuse, 0);
    fx_command(&f, VTD_GCMD_QIE);
    assert_int_equal(fx_stats(&f).misuse, 1);
    assert_int_equal(fx_read64(&f, VTD_REG_IQH), 32);
    fx_write64(&f, VTD_REG_IQA, f.queue | VTD_IQA_DW); /* it is empty */
    assert_int_equal(fx_stats(&f).misuse, 1);
    fx_end(&f);
}

/* ---- The status of a wait ----------------------------------------------------------------------------- */

static int cas_outrun(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    (void)ctx;
    (void)pa;
    (void)desired;
    (*expected)++;
    return 1;
}

static int write_fails(void *ctx, uint64_t pa, const void *from, size_t bytes)
{
    (void)ctx;
    (void)pa;
    (void)from;
    (void)bytes;
    return -1;
}

/* The neighbour in the same qword belongs to somebody else, who may be writing it all the time. */
static void test_model_a_status_that_others_write_next_to(void **state)
{
    struct fx f;
    begin(&f, 0, 0, 0);
    int (*write)(void *, uint64_t, const void *, size_t) = f.host.memory.write;
    f.host.memory.write = NULL;
    assert_true(fx_wait(&f)); /* is not needed as a rule */
    assert_int_equal(fx_stats(&f).misuse, 0);

    f.host.memory.cas64 = cas_outrun;
    f.host.memory.write = write;
    assert_true(fx_wait(&f));
    assert_int_equal(fx_stats(&f).misuse, 0);
    f.host.memory.write = write_fails;
    assert_false(fx_wait(&f));
    assert_int_equal(fx_stats(&f).misuse, 1);
    f.host.memory.write = NULL;
    assert_false(fx_wait(&f));
    assert_int_equal(fx_stats(&f).misuse, 2);
    fx_end(&f);
}

/* ---- Devices ------------------------------------------------------------------------------------------ */

static bool dead(void *ctx, const struct iommu_model_devtlb_invalidation *invalidation)
{
    (void)ctx;
    (void)invalidation;
    return false;
}

/* The error names the first; the wait after it is lost, and what comes then waits for software. */
static void test_B60_two_devices_that_do_not_answer(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    f.config.devtlb_invalidate = dead;
    fx_create(&f);
    fx_enable(&f);
    place(&f, DEVTLB(FX_RID), 0);
    place(&f, DEVTLB(FX_OTHER_RID), 0);
    place(&f, WAIT(1), f.status);
    place(&f, WAIT(2), f.status);
    ring(&f);
    assert_true(fx_read32(&f, VTD_REG_FSTS) & VTD_FSTS_ITE);
    assert_int_equal(SPEC_GET(VTD_IQERCD_ITESID, fx_read64(&f, VTD_REG_IQERCD)), FX_RID);
    assert_int_equal(status(&f), 0);
    assert_int_equal(fx_read64(&f, VTD_REG_IQH), 3 * 32);
    fx_write32(&f, VTD_REG_FSTS, VTD_FSTS_ITE);
    assert_int_equal(status(&f), 2);
    fx_end(&f);
}

static unsigned early;

/* The device's driver touches a register before it has answered. */
static bool touches(void *ctx, const struct iommu_model_devtlb_invalidation *invalidation)
{
    struct fx *f = ctx;
    (void)invalidation;
    fx_write32(f, VTD_REG_FEDATA, 0);
    early += status(f) != 0;
    return true;
}

static void test_B59_the_queue_is_run_by_one(void **state)
{
    struct fx f;
    fx_preset(&f, "scalable");
    f.config.devtlb_invalidate = touches;
    fx_create(&f);
    fx_enable(&f);
    early = 0;
    place(&f, DEVTLB(FX_RID), 0);
    place(&f, WAIT(1), f.status);
    ring(&f);
    assert_int_equal(early, 0);
    assert_int_equal(status(&f), 1);
    fx_end(&f);
}

static void test_B61_a_response_that_nobody_listens_to(void **state)
{
    struct fx f;
    fx_preset(&f, "page-requests");
    f.config.page_response = NULL;
    fx_create(&f);
    fx_enable(&f);
    fx_submit(&f, VTD_QI_TYPE_PGRSP | (uint64_t)FX_RID << 16, 0);
    assert_true(fx_wait(&f));
    assert_int_equal(fx_stats(&f).page_responses, 1);
    fx_end(&f);
}

/* ---- Lies --------------------------------------------------------------------------------------------- */

/* "slow-device-tlb": only a wait waits. */
static void test_B59_a_slow_device_holds_back_waits_only(void **state)
{
    struct fx f;
    begin(&f, 0, 0, LIE(SLOW_DEVICE_TLB));
    place(&f, DEVTLB(FX_RID), 0);
    place(&f, fx_iotlb(VTD_QI_IOTLB_G_DOMAIN, 5), 0);
    place(&f, WAIT(1), f.status);
    ring(&f);
    assert_int_equal(fx_stats(&f).descriptors, 2);
    assert_int_equal(f.devtlbs, 0);
    for (unsigned looks = 0; looks < 64; looks++)
        iommu_model_vtd_step(f.model);
    assert_int_equal(f.devtlbs, 1);
    assert_int_equal(status(&f), 1);
    fx_end(&f);
}

/* "stalled-queue": for good, but for a machine that is told to be honest from now on. */
static void test_model_a_stalled_queue_that_is_told_to_go_on(void **state)
{
    struct fx f;
    unsigned done = 0;
    begin(&f, 0, 0, LIE(STALLED_QUEUE));
    while (done < 64 && fx_wait(&f))
        done++;
    assert_true(done > 0 && done < 64);
    iommu_model_vtd_step(f.model);
    assert_int_equal(status(&f), done);
    iommu_model_vtd_tell(f.model, 0);
    assert_int_equal(status(&f), done + 1);
    fx_end(&f);
}

/* "iqe": never twice in a row, however often. */
static void test_B60_a_descriptor_refused_by_chance_gets_through(void **state)
{
    struct fx f;
    begin(&f, 0, 0, LIE(QUEUE_ERROR));
    for (unsigned round = 0; round < 3; round++) {
        assert_false(fx_wait(&f));
        assert_int_equal(iqei(&f), VTD_IQEI_FETCH);
        fx_write32(&f, VTD_REG_FSTS, VTD_FSTS_IQE);
        assert_int_equal(iqei(&f), VTD_IQEI_NONE);
        assert_int_equal(status(&f), f.status_value);
    }
    fx_end(&f);
}

/* "lost-completion" takes the status of a wait; one that has none loses nothing. */
static void test_model_only_a_status_gets_lost(void **state)
{
    struct fx f;
    begin(&f, 0, 0, LIE(LOST_COMPLETION));
    fx_write32(&f, VTD_REG_IECTL, 0);
    assert_false(fx_wait(&f));
    fx_submit(&f, VTD_QI_TYPE_WAIT | VTD_QI_WAIT_IF, 0);
    assert_int_equal(f.events[IOMMU_MODEL_EVENT_COMPLETION], 1);
    fx_end(&f);
}

/* ---- Reading ------------------------------------------------------------------------------------------ */

static unsigned reads;
static int (*inner_read)(void *ctx, uint64_t pa, void *to, size_t bytes);

static int counted_read(void *ctx, uint64_t pa, void *to, size_t bytes)
{
    reads++;
    return inner_read(ctx, pa, to, bytes);
}

/* What one write of the tail hands over is read at once, up to the end of the ring; or word by word if it must be. */
static void test_model_descriptors_are_read_together(void **state)
{
    for (unsigned hook = 0; hook < 2; hook++) {
        struct fx f;
        begin(&f, 0, 0, 0);
        inner_read = f.host.memory.read;
        f.host.memory.read = hook ? counted_read : NULL;
        for (unsigned round = 0; round < 24; round++) {
            uint64_t before = fx_stats(&f).descriptors, first = f.tail;
            reads = 0;
            for (unsigned i = 0; i < 12; i++)
                place(&f, WAIT(round * 12 + i), f.status);
            ring(&f);
            assert_int_equal(iqei(&f), VTD_IQEI_NONE);
            assert_int_equal(status(&f), round * 12 + 11);
            assert_int_equal(fx_stats(&f).descriptors, before + 12);
            assert_int_equal(reads, !hook ? 0 : f.tail > first || f.tail == 0 ? 1 : 2);
        }
        fx_end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_fields_that_a_capability_opens),
        cmocka_unit_test(test_model_the_width_is_looked_at_before_the_memory),
        cmocka_unit_test(test_model_a_queue_starts_at_0),
        cmocka_unit_test(test_model_a_status_that_others_write_next_to),
        cmocka_unit_test(test_B60_two_devices_that_do_not_answer),
        cmocka_unit_test(test_B59_the_queue_is_run_by_one),
        cmocka_unit_test(test_B61_a_response_that_nobody_listens_to),
        cmocka_unit_test(test_B59_a_slow_device_holds_back_waits_only),
        cmocka_unit_test(test_model_a_stalled_queue_that_is_told_to_go_on),
        cmocka_unit_test(test_B60_a_descriptor_refused_by_chance_gets_through),
        cmocka_unit_test(test_model_only_a_status_gets_lost),
        cmocka_unit_test(test_model_descriptors_are_read_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
