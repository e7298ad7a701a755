/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_steps.c - what is written and read, and when: registers at start and stop, the queue that does its work
 * at once, that is behind, that stops at an error, and events that are looked for once.
 */
#include "tests/stack/rig.h"

#include "tests/stack/queue.h"

enum {
    GCMD = 0x18,
    GSTS = 0x1c,
    CCMD = 0x28,
    FSTS = 0x34,
    FECTL = 0x38,
    FEDATA = 0x3c,
    FEADDR = 0x40,
    FEUADDR = 0x44,
    PMEN = 0x64,
    IQH = 0x80,
    IQT = 0x88,
    IQA = 0x90
};
#define BIT32(n)  (UINT32_C(1) << (n))
#define BIT64(n)  (UINT64_C(1) << (n))
#define QIE       BIT32(26)
#define WBF       BIT32(27)
#define TES       BIT32(31)
#define IQE       BIT32(4)
#define ICE       BIT32(5)
#define ECAP_EIM  BIT64(4)
#define ECAP_IR   BIT64(3)
#define SECONDS10 UINT64_C(10000000000)

static bool writes(enum rig_moment moment, uint64_t address, uint32_t offset)
{
    return (moment == RIG_WRITE32 || moment == RIG_WRITE64) && address == rig_unit_base(0) + offset;
}

static bool reads(enum rig_moment moment, uint64_t address, uint32_t offset)
{
    return (moment == RIG_READ32 || moment == RIG_READ64) && address == rig_unit_base(0) + offset;
}

/* A clock with a hook in it. */
static uint64_t (*clock_of_rig)(void *ctx);

static void set_clock(struct rig *rig, uint64_t (*now)(void *ctx))
{
    clock_of_rig = rig->platform.now_ns;
    rig->platform.now_ns = now;
}

/* ---- start and stop --------------------------------------------------------------------------------- */

static void message_first(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    if (!writes(moment, address, FECTL) || value != 0)
        return;
    assert_int_equal(rig_reg32(rig, 0, FEDATA), 0x4021);
    assert_int_equal(rig_reg32(rig, 0, FEADDR), 0xfee01000);
    assert_int_equal(rig_reg32(rig, 0, FEUADDR), 0x123456 << 8);
    ++*(unsigned *)rig->probe_ctx;
}

static void test_B62_whole_message_before_the_mask_goes(void **state)
{
    struct rig rig;
    unsigned unmasked = 0;
    rig_open(&rig, &(struct rig_config){.ecap_set = ECAP_EIM | ECAP_IR,
                                        .not_started = true,
                                        .vtd = {.fault_msi_address = UINT64_C(0x12345600fee01000),
                                                .fault_msi_data = 0x4021}});
    rig_watch(&rig, message_first, &unmasked);
    assert_int_equal(iommu_start(rig.iommu), 0);
    assert_int_equal(unmasked, 1);
    rig_watch(&rig, NULL, NULL);
    rig_close(&rig);
}

static void start_watched(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    *(bool *)rig->probe_ctx |= writes(moment, address, PMEN);
    if (writes(moment, address, IQA)) /* a tail of the wrong width would be executed, or refused */
        assert_int_equal(rig_reg64(rig, 0, IQT), 0);
    (void)value;
}

/* Where there are no protected regions the register that switches them is reserved. */
static void test_B76_no_protected_memory_no_switch(void **state)
{
    struct rig rig;
    bool written = false;
    rig_open(&rig, &(struct rig_config){.not_started = true});
    rig_watch(&rig, start_watched, &written);
    assert_int_equal(iommu_start(rig.iommu), 0);
    assert_false(written);
    rig_watch(&rig, NULL, NULL);
    rig_close(&rig);
}

static void test_B76_tail_left_by_firmware(void **state)
{
    struct rig rig;
    bool written = false;
    rig_open(&rig, &(struct rig_config){.not_started = true});
    rig.expect_misuse = true; /* firmware's */
    rig_set_reg64(&rig, 0, IQT, 16);
    assert_int_equal(rig_reg64(&rig, 0, IQT), 16);
    rig_watch(&rig, start_watched, &written);
    assert_int_equal(iommu_start(rig.iommu), 0);
    rig_watch(&rig, NULL, NULL);
    rig_close(&rig);
}

/* All is fetched, and the last wait's number is still on its way to memory. */
struct late {
    bool on_its_way, off_early;
    uint64_t tail;
    unsigned looks;
};
static struct rig *late_rig;

static bool head_is_ahead(struct rig *rig, enum rig_moment moment, uint64_t address,
                          uint64_t *value)
{
    struct late *late = rig->filter_ctx;
    if (writes(moment, address, IQT)) {
        late->on_its_way = true;
        late->tail = *value;
        return false;
    }
    if (late->on_its_way && (reads(moment, address, IQH) || reads(moment, address, IQT)))
        *value = late->tail;
    if (writes(moment, address, GCMD) && !(*value & QIE))
        late->off_early |= late->on_its_way;
    return true;
}

static uint64_t arrives_in_the_end(void *ctx)
{
    struct late *late = late_rig->filter_ctx;
    if (late->on_its_way && ++late->looks == 5) {
        late->on_its_way = false;
        rig_set_reg64(late_rig, 0, IQT, late->tail);
    }
    return clock_of_rig(ctx);
}

static void test_B60_queue_goes_off_when_its_last_word_is_in_memory(void **state)
{
    struct rig rig;
    struct late late = {0};
    rig_open(&rig, &(struct rig_config){0});
    late_rig = &rig;
    rig.filter = head_is_ahead;
    rig.filter_ctx = &late;
    set_clock(&rig, arrives_in_the_end);
    assert_int_equal(iommu_stop(rig.iommu), 0);
    assert_false(late.off_early);
    assert_int_equal(late.looks, 5);
    rig.filter = NULL;
    rig.platform.now_ns = clock_of_rig;
    rig_close(&rig);
}

/* The unit refuses one of the descriptors of a start. */
struct refusal {
    unsigned skip;
    bool done;
};

static void refuse(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct refusal *refusal = rig->probe_ctx;
    if (refusal->done || !writes(moment, address, IQT) || value == rig_reg64(rig, 0, IQT) ||
        !(rig_reg32(rig, 0, GSTS) & QIE) || refusal->skip-- > 0)
        return;
    uint64_t slot = rig_queue_slot(rig, 0, rig_reg64(rig, 0, IQT));
    rig_words(rig, slot & ~(RIG_PAGE - 1))[(slot & (RIG_PAGE - 1)) / 8] = 0xf;
    refusal->done = true;
}

static void test_B59_B60_start_that_cannot_allow_ats(void **state)
{
    struct rig rig;
    struct iommu_attachment *at;
    unsigned refused = 0;
    rig_open(&rig, &(struct rig_config){.watch_devtlbs = true});
    struct iommu_domain *domain = rig_domain(&rig, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_attach(domain, rig.device[0], iommu_route_rid(), NULL, &at), 0);
    assert_int_equal(iommu_stop(rig.iommu), 0);
    for (;; refused++) {
        struct refusal refusal = {.skip = refused};
        rig_watch(&rig, refuse, &refusal);
        int result = iommu_start(rig.iommu);
        rig_watch(&rig, NULL, NULL);
        if (!refusal.done) {
            assert_int_equal(result, 0);
            break;
        }
        assert_int_equal(result, -IOMMU_EIO);
        assert_int_equal(rig_reg32(&rig, 0, GSTS) & (TES | QIE), 0);
        assert_false(iommu_model_pci_ats_enabled(iommu_model_machine_function(rig.machine, 0)));
    }
    assert_true(refused >= 2); /* the caches' and the device's */
    assert_true(iommu_model_pci_ats_enabled(iommu_model_machine_function(rig.machine, 0)));
    assert_int_equal(iommu_detach(at), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&rig);
}

static void write_buffer(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    uint64_t entry = rig_context_entry(rig, 0, rig_rid(0));
    if (writes(moment, address, GCMD) && (value & WBF) && entry != 0 &&
        (rig_physical64(rig, entry) & 1))
        ++*(unsigned *)rig->probe_ctx;
}

/* Of the chipset, where the unit says nothing of it: scalable mode too. */
static void test_B43_write_buffer_after_a_context_entry(void **state)
{
    const struct iommu_device_config device = {.rid = rig_rid(0)};
    struct rig rig;
    unsigned flushes = 0;
    rig_open(&rig,
             &(struct rig_config){.no_devices = true, .vtd = {.force_write_buffer_flush = true}});
    rig.expect_misuse = true; /* the model does not say that it has one */
    rig_watch(&rig, write_buffer, &flushes);
    assert_int_equal(iommu_device_add(rig.iommu, &device, &rig.device[0]), 0);
    assert_int_equal(flushes, 1);
    rig_watch(&rig, NULL, NULL);
    rig_close(&rig);
}

/* ---- one route on a queue --------------------------------------------------------------------------- */

struct bench {
    struct rig rig;
    struct iommu_domain *domain;
    struct iommu_attachment *at;
    uint64_t page;
};

static void open_bench(struct bench *bench, const struct rig_config *config)
{
    rig_open(&bench->rig, config);
    bench->page = rig_page(&bench->rig, 1);
    bench->domain = rig_domain_mapping(&bench->rig, IOMMU_STAGE_AUTO, RIG_IOVA, bench->page);
    assert_int_equal(
        iommu_attach(bench->domain, bench->rig.device[0], iommu_route_rid(), NULL, &bench->at), 0);
}

static void close_bench(struct bench *bench)
{
    rig_watch(&bench->rig, NULL, NULL);
    if (bench->at != NULL)
        assert_int_equal(iommu_detach(bench->at), 0);
    assert_int_equal(iommu_domain_free(bench->domain), 0);
    rig_page_done(&bench->rig, bench->page);
    rig_close(&bench->rig);
}

static uint64_t register_reads(struct bench *bench)
{
    struct iommu_vtd_unit_info info;
    assert_int_equal(iommu_vtd_unit_info(bench->rig.iommu, 0, &info), 0);
    return info.mmio_reads;
}

static void count_tails(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    *(unsigned *)rig->probe_ctx += writes(moment, address, IQT);
    (void)value;
}

/* A register read costs as much as all the rest: none, but to learn the head once a ring. One write tells all. */
static void test_B45_unmap_writes_the_tail_and_reads_memory(void **state)
{
    const unsigned rounds = 300; /* more than once round the ring */
    struct bench bench;
    unsigned tails = 0;
    open_bench(&bench, &(struct rig_config){.vtd = {.no_ats = true}});
    uint64_t before = register_reads(&bench);
    rig_watch(&bench.rig, count_tails, &tails);
    for (unsigned i = 0; i < rounds; i++) {
        assert_int_equal(iommu_unmap(bench.domain, RIG_IOVA, RIG_PAGE, NULL), 0);
        assert_int_equal(iommu_map(bench.domain, RIG_IOVA, bench.page, RIG_PAGE, IOMMU_READ), 0);
    }
    assert_int_equal(tails, rounds);
    assert_true(register_reads(&bench) - before <= 3);
    close_bench(&bench);
}

static unsigned looks_at_the_clock;

static uint64_t sleeps_after_the_first(void *ctx)
{
    return clock_of_rig(ctx) + (looks_at_the_clock++ > 0 ? SECONDS10 : 0);
}

/* The host was stopped for longer than the limit, and the unit refused the descriptor meanwhile: that is said. */
static void test_B60_error_while_the_host_sleeps(void **state)
{
    struct bench bench;
    struct refusal refusal = {0};
    struct iommu_gather gather;
    open_bench(&bench, &(struct rig_config){.vtd = {.no_ats = true}});
    iommu_gather_init(&gather);
    assert_int_equal(iommu_unmap(bench.domain, RIG_IOVA, RIG_PAGE, &gather), 0);
    rig_watch(&bench.rig, refuse, &refusal);
    looks_at_the_clock = 0;
    set_clock(&bench.rig, sleeps_after_the_first);
    assert_int_equal(iommu_sync(bench.domain, &gather), -IOMMU_EIO);
    assert_true(refusal.done);
    bench.rig.platform.now_ns = clock_of_rig;
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 1);
    assert_int_equal(iommu_sync(bench.domain, &gather), 0);
    close_bench(&bench);
}

/* The ring is mended, then a barrier, then the error is cleared, then the tail: some go on at nothing but a tail. */
struct mending {
    struct refusal refusal;
    uint64_t slot;
    bool mended, cleared, told;
};

static void see_mending(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct mending *mending = rig->probe_ctx;
    if (!(rig_reg32(rig, 0, FSTS) & IQE)) {
        rig->probe_ctx = &mending->refusal;
        refuse(rig, moment, address, value);
        rig->probe_ctx = mending;
        mending->told |= mending->cleared && writes(moment, address, IQT);
        return;
    }
    if (moment == RIG_BARRIER) {
        mending->slot = rig_queue_slot(rig, 0, rig_reg64(rig, 0, IQH));
        mending->mended = (rig_physical64(rig, mending->slot) & 0xf) == RIG_WAIT;
    }
    if (writes(moment, address, FSTS) && (value & IQE)) {
        assert_true(mending->mended);
        mending->cleared = true;
    }
}

static void test_B60_refused_descriptor_is_replaced_first(void **state)
{
    struct bench bench;
    struct mending mending = {0};
    struct iommu_gather gather;
    open_bench(&bench, &(struct rig_config){.vtd = {.no_ats = true}});
    iommu_gather_init(&gather);
    assert_int_equal(iommu_unmap(bench.domain, RIG_IOVA, RIG_PAGE, &gather), 0);
    rig_watch(&bench.rig, see_mending, &mending);
    assert_int_equal(iommu_sync(bench.domain, &gather), -IOMMU_EIO);
    assert_true(mending.cleared);
    assert_true(mending.told);
    rig_watch(&bench.rig, NULL, NULL);
    assert_int_equal(iommu_handle_events(bench.rig.iommu), 1);
    assert_int_equal(iommu_sync(bench.domain, &gather), 0);
    close_bench(&bench);
}

/* The register does what it is told, and never says so. */
static bool never_ready(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t *value)
{
    if (reads(moment, address, CCMD))
        *value |= BIT64(63) | BIT64(59);
    (void)rig;
    return true;
}

static void test_B60_context_command_that_does_not_end(void **state)
{
    struct bench bench;
    open_bench(&bench,
               &(struct rig_config){.preset = "legacy-no-queue", .vtd = {.timeout_ms = 30}});
    bench.rig.filter = never_ready;
    assert_int_equal(iommu_detach(bench.at), -IOMMU_ETIMEDOUT);
    bench.at = NULL;
    bench.rig.filter = NULL;
    assert_int_equal(iommu_device_remove(bench.rig.device[0]), 0);
    bench.rig.device[0] = NULL;
    close_bench(&bench);
}

/* ---- events ----------------------------------------------------------------------------------------- */

struct counting {
    uint32_t first, last; /* registers */
    unsigned reads;
};

static bool count_reads(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t *value)
{
    struct counting *counting = rig->filter_ctx;
    uint64_t offset = address - rig_unit_base(0);
    if ((moment == RIG_READ32 || moment == RIG_READ64) && offset >= counting->first &&
        offset <= counting->last)
        counting->reads++;
    (void)value;
    return true;
}

static void test_B63_nothing_to_report_is_one_look(void **state)
{
    struct rig rig;
    struct counting counting = {.first = FSTS, .last = FSTS};
    rig_open(&rig, &(struct rig_config){0});
    rig.filter = count_reads;
    rig.filter_ctx = &counting;
    assert_int_equal(iommu_handle_events(rig.iommu), 0);
    assert_int_equal(counting.reads, 1);
    rig.filter = NULL;
    rig_close(&rig);
}

/* Records are taken in a row: the first that is empty ends it. */
static void test_B63_one_fault_is_one_record(void **state)
{
    struct rig rig;
    struct counting counting;
    uint64_t value;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t cap = rig_reg64(&rig, 0, 8);
    unsigned records = (unsigned)(cap >> 40 & 0xff) + 1;
    assert_true(records >= 4);
    counting.first = (uint32_t)(cap >> 24 & 0x3ff) * 16;
    counting.last = counting.first + records * 16 - 1;
    counting.reads = 0;
    assert_false(rig_read(&rig, 0, IOMMU_NO_PASID, RIG_IOVA, &value));
    rig.filter = count_reads;
    rig.filter_ctx = &counting;
    assert_int_equal(iommu_handle_events(rig.iommu), 1);
    assert_int_equal(counting.reads, 4); /* its three parts, and the next one's flag */
    rig.filter = NULL;
    rig_close(&rig);
}

static bool unexpected_answer(struct rig *rig, enum rig_moment moment, uint64_t address,
                              uint64_t *value)
{
    bool *taken_note = rig->filter_ctx;
    if (reads(moment, address, FSTS) && !*taken_note)
        *value |= ICE;
    if (writes(moment, address, FSTS) && (*value & ICE))
        *taken_note = true;
    return true;
}

static void test_B60_answer_that_nobody_asked_for(void **state)
{
    struct rig rig;
    bool taken_note = false;
    rig_open(&rig, &(struct rig_config){0});
    rig.filter = unexpected_answer;
    rig.filter_ctx = &taken_note;
    assert_int_equal(iommu_handle_events(rig.iommu), 1);
    assert_true(taken_note);
    assert_int_equal(rig.event.type, IOMMU_EVENT_QUEUE);
    assert_string_equal(rig.event.reason_name,
                        "a device answered an invalidation that nobody sent");
    assert_int_equal(iommu_handle_events(rig.iommu), 0);
    rig.filter = NULL;
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B62_whole_message_before_the_mask_goes),
        cmocka_unit_test(test_B76_no_protected_memory_no_switch),
        cmocka_unit_test(test_B76_tail_left_by_firmware),
        cmocka_unit_test(test_B60_queue_goes_off_when_its_last_word_is_in_memory),
        cmocka_unit_test(test_B59_B60_start_that_cannot_allow_ats),
        cmocka_unit_test(test_B43_write_buffer_after_a_context_entry),
        cmocka_unit_test(test_B45_unmap_writes_the_tail_and_reads_memory),
        cmocka_unit_test(test_B60_error_while_the_host_sleeps),
        cmocka_unit_test(test_B60_refused_descriptor_is_replaced_first),
        cmocka_unit_test(test_B60_context_command_that_does_not_end),
        cmocka_unit_test(test_B63_nothing_to_report_is_one_look),
        cmocka_unit_test(test_B63_one_fault_is_one_record),
        cmocka_unit_test(test_B60_answer_that_nobody_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
