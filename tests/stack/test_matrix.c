/* SPDX-License-Identifier: MIT */
/* platform: model, strict */
/*
 * test_matrix.c - the same life of a domain on every kind of unit: levels, stages, page sizes,
 * snooped walks or not, Caching Mode, write buffers, queue or registers, legacy or scalable.
 */
#include "tests/stack/rig.h"

#define MIB2 (UINT64_C(2) << 20)
#define GIB  (UINT64_C(1) << 30)

#define CAP_RWBF       (UINT64_C(1) << 4)
#define CAP_CM         (UINT64_C(1) << 7)
#define CAP_PSI        (UINT64_C(1) << 39)
#define CAP_SAGAW      (UINT64_C(0x1f) << 8)
#define CAP_MGAW       (UINT64_C(0x3f) << 16)
#define CAP_SSLPS      (UINT64_C(0xf) << 34)
#define CAP_FS1GP      (UINT64_C(1) << 56)
#define CAP_FS5LP      (UINT64_C(1) << 60)
#define CAP_ESRTPS     (UINT64_C(1) << 63)
#define ECAP_C         (UINT64_C(1) << 0)
#define ECAP_QI        (UINT64_C(1) << 1)
#define ECAP_SC        (UINT64_C(1) << 7)
#define ECAP_NEST      (UINT64_C(1) << 26)
#define ECAP_SSTS      (UINT64_C(1) << 46)
#define ECAP_FSTS      (UINT64_C(1) << 47)
#define ECAP_SMPWCS    (UINT64_C(1) << 48)
#define ECAP_SSADS     (UINT64_C(1) << 45)
#define ECAP_EAFS      (UINT64_C(1) << 34)
#define SAGAW(bit)     (UINT64_C(1) << (8 + (bit)))
#define MGAW(bits)     ((uint64_t)((bits) - 1) << 16)

struct unit_kind {
    const char *name;
    struct rig_config config;
    enum iommu_stage stage;
    unsigned levels; /* expected; 0: any */
};

static const struct unit_kind kinds[] = {
    {"second stage, 4 levels", {0}, IOMMU_STAGE_SECOND, 0},
    {"second stage, 3 levels only",
     {.cap_clear = CAP_SAGAW | CAP_MGAW, .cap_set = SAGAW(1) | MGAW(39)},
     IOMMU_STAGE_SECOND,
     3},
    {"second stage, 4 levels only",
     {.cap_clear = CAP_SAGAW | CAP_MGAW, .cap_set = SAGAW(2) | MGAW(48)},
     IOMMU_STAGE_SECOND,
     4},
    {"second stage, 5 levels only",
     {.cap_clear = CAP_SAGAW | CAP_MGAW, .cap_set = SAGAW(3) | MGAW(57)},
     IOMMU_STAGE_SECOND,
     5},
    {"first stage, 4 levels", {.cap_clear = CAP_FS5LP}, IOMMU_STAGE_FIRST, 4},
    {"first stage, 5 levels",
     {.cap_clear = CAP_SAGAW | CAP_MGAW, .cap_set = CAP_FS5LP | SAGAW(3) | MGAW(57)},
     IOMMU_STAGE_FIRST,
     0},
    {"first stage alone", {.ecap_clear = ECAP_SSTS | ECAP_NEST | ECAP_SSADS}, IOMMU_STAGE_AUTO, 0},
    {"second stage alone", {.ecap_clear = ECAP_FSTS | ECAP_NEST | ECAP_EAFS}, IOMMU_STAGE_AUTO, 0},
    {"no large pages", {.cap_clear = CAP_SSLPS}, IOMMU_STAGE_SECOND, 0},
    {"no large first-stage pages", {.cap_clear = CAP_FS1GP}, IOMMU_STAGE_FIRST, 0},
    {"tables not snooped, second",
     {.ecap_clear = ECAP_C | ECAP_SMPWCS | ECAP_SSADS | ECAP_EAFS, .track_flushes = true},
     IOMMU_STAGE_SECOND,
     0},
    {"tables not snooped, first",
     {.ecap_clear = ECAP_C | ECAP_SMPWCS | ECAP_SSADS | ECAP_EAFS, .track_flushes = true},
     IOMMU_STAGE_FIRST,
     0},
    {"page walks alone not snooped",
     {.ecap_clear = ECAP_SMPWCS | ECAP_SSADS | ECAP_EAFS, .track_flushes = true},
     IOMMU_STAGE_SECOND,
     0},
    {"Caching Mode, second", {.cap_set = CAP_CM}, IOMMU_STAGE_SECOND, 0},
    {"Caching Mode, first", {.cap_set = CAP_CM}, IOMMU_STAGE_FIRST, 0},
    {"no page-selective invalidation", {.cap_clear = CAP_PSI}, IOMMU_STAGE_SECOND, 0},
    {"no flush at root switch", {.cap_clear = CAP_ESRTPS}, IOMMU_STAGE_SECOND, 0},
    {"no snoop control", {.ecap_clear = ECAP_SC}, IOMMU_STAGE_SECOND, 0},
    {"legacy mode on scalable hardware", {.mode = IOMMU_VTD_MODE_LEGACY}, IOMMU_STAGE_AUTO, 0},
    {"legacy mode, Caching Mode",
     {.mode = IOMMU_VTD_MODE_LEGACY, .cap_set = CAP_CM},
     IOMMU_STAGE_AUTO,
     0},
    {"legacy hardware", {.preset = "legacy"}, IOMMU_STAGE_AUTO, 0},
    {"legacy, no queue", {.preset = "legacy-no-queue"}, IOMMU_STAGE_AUTO, 0},
    {"legacy, queue left alone",
     {.preset = "legacy", .vtd = {.no_queue = true}},
     IOMMU_STAGE_AUTO,
     0},
    {"legacy, write buffers", {.preset = "legacy", .cap_set = CAP_RWBF}, IOMMU_STAGE_AUTO, 0},
    {"legacy, registers, write buffers, Caching Mode",
     {.preset = "legacy-no-queue", .cap_set = CAP_RWBF | CAP_CM},
     IOMMU_STAGE_AUTO,
     0},
    {"legacy, not snooped",
     {.preset = "legacy", .ecap_clear = ECAP_C, .track_flushes = true},
     IOMMU_STAGE_AUTO,
     0},
};

struct bench {
    struct rig rig;
    struct iommu_domain *domain;
    struct iommu_attachment *attachment;
    uint32_t pasid;
    uint64_t block;       /* 1 GiB aligned physical range, sparse */
    struct iommu_geometry geometry;
};

static void check_flushed(struct bench *bench)
{
    if (bench->rig.config.track_flushes)
        rig_assert_flushed(&bench->rig);
}

/*
 * Reads the marker of the page behind iova: 64-bit physical address of each page's start, written
 * by mark().
 */
static void mark(struct bench *bench, uint64_t pa)
{
    rig_words(&bench->rig, pa)[0] = pa;
}

static void reads(struct bench *bench, uint64_t iova, uint64_t pa)
{
    rig_assert_reads(&bench->rig, 0, bench->pasid, iova, pa);
}

static void blocked(struct bench *bench, uint64_t iova)
{
    rig_assert_blocked(&bench->rig, 0, bench->pasid, iova, false);
    rig_assert_blocked(&bench->rig, 0, bench->pasid, iova, true);
}

static void open_bench(struct bench *bench, const struct unit_kind *kind)
{
    rig_open(&bench->rig, &kind->config);
    bench->domain = rig_domain(&bench->rig, kind->stage);
    iommu_domain_geometry(bench->domain, &bench->geometry);
    if (kind->levels != 0)
        assert_int_equal(bench->geometry.levels, kind->levels);
    bool legacy = iommu_device_pasid_limit(bench->rig.device[0]) == 0;
    assert_int_equal(iommu_attach(bench->domain, bench->rig.device[0],
                                  legacy ? iommu_route_rid() : iommu_route_any(), NULL,
                                  &bench->attachment),
                     0);
    bench->pasid = iommu_attachment_pasid(bench->attachment);
    bench->block = GIB; /* below everything that is handed out */
    check_flushed(bench);
}

static void close_bench(struct bench *bench)
{
    assert_int_equal(iommu_detach(bench->attachment), 0);
    blocked(bench, RIG_IOVA);
    check_flushed(bench);
    assert_int_equal(iommu_domain_free(bench->domain), 0);
    rig_close(&bench->rig);
}

static void map(struct bench *bench, uint64_t iova, uint64_t pa, uint64_t bytes)
{
    mark(bench, pa);
    mark(bench, pa + bytes - RIG_PAGE);
    assert_int_equal(iommu_map(bench->domain, iova, pa, bytes, IOMMU_READ | IOMMU_WRITE), 0);
    check_flushed(bench);
    reads(bench, iova, pa);
    reads(bench, iova + bytes - RIG_PAGE, pa + bytes - RIG_PAGE);
}

static void unmap(struct bench *bench, uint64_t iova, uint64_t bytes)
{
    assert_int_equal(iommu_unmap(bench->domain, iova, bytes, NULL), 0);
    check_flushed(bench);
    blocked(bench, iova);
    blocked(bench, iova + bytes - RIG_PAGE);
}

/*
 * Blocked first, so that a unit which caches what is not present has something stale to answer
 * with.
 */
static void one_range(struct bench *bench, uint64_t iova, uint64_t pa, uint64_t bytes)
{
    blocked(bench, iova);
    map(bench, iova, pa, bytes);
    unmap(bench, iova, bytes);
    map(bench, iova, pa + bytes, bytes); /* the same address, another place */
    unmap(bench, iova, bytes);
}

static void test_B13_B14_B20_life_of_a_domain_on_every_unit(void **state)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct bench bench;
        print_message("%s\n", kinds[i].name);
        open_bench(&bench, &kinds[i]);
        one_range(&bench, RIG_IOVA, bench.block, RIG_PAGE);
        one_range(&bench, RIG_IOVA + 3 * RIG_PAGE, bench.block, 7 * RIG_PAGE);
        one_range(&bench, 4 * GIB, bench.block, MIB2);
        one_range(&bench, 4 * GIB - RIG_PAGE, bench.block + RIG_PAGE, MIB2 + 5 * RIG_PAGE);
        one_range(&bench, 8 * GIB, bench.block, GIB);
        /* The very top of the aperture. */
        one_range(&bench, bench.geometry.last - RIG_PAGE + 1, bench.block, RIG_PAGE);
        one_range(&bench, bench.geometry.last - MIB2 + 1, bench.block, MIB2);
        close_bench(&bench);
    }
}

static void test_B46_pass_through_on_every_unit(void **state)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct rig rig;
        struct iommu_domain *identity;
        struct iommu_attachment *attachment;
        print_message("%s\n", kinds[i].name);
        rig_open(&rig, &kinds[i].config);
        bool legacy = iommu_device_pasid_limit(rig.device[0]) == 0;
        const struct iommu_domain_config config = {.type = IOMMU_DOMAIN_IDENTITY};
        if (!iommu_capable(rig.iommu, IOMMU_CAP_PASS_THROUGH)) {
            assert_int_equal(iommu_domain_alloc(rig.iommu, &config, &identity), -IOMMU_EOPNOTSUPP);
            rig_close(&rig);
            continue;
        }
        uint64_t page = rig_page(&rig, 99);
        assert_int_equal(iommu_domain_alloc(rig.iommu, &config, &identity), 0);
        assert_int_equal(iommu_map(identity, RIG_IOVA, page, RIG_PAGE, IOMMU_READ), -IOMMU_EINVAL);
        assert_int_equal(iommu_attach(identity, rig.device[0],
                                      legacy ? iommu_route_rid() : iommu_route_any(), NULL,
                                      &attachment),
                         0);
        rig_assert_reads(&rig, 0, iommu_attachment_pasid(attachment), page, 99);
        rig_assert_blocked(&rig, 1, iommu_attachment_pasid(attachment), page, false);
        uint32_t pasid = iommu_attachment_pasid(attachment);
        assert_int_equal(iommu_detach(attachment), 0);
        rig_assert_blocked(&rig, 0, pasid, page, false);
        assert_int_equal(iommu_domain_free(identity), 0);
        rig_page_done(&rig, page);
        rig_close(&rig);
    }
}

/* The table type in bits 8:6 of the PASID entry: 1 first stage, 2 second, 4 pass-through. */
static void test_B46_entry_types(void **state)
{
    static const struct {
        struct iommu_domain_config config;
        unsigned pgtt;
    } types[] = {{{.stage = IOMMU_STAGE_FIRST}, 1},
                 {{.stage = IOMMU_STAGE_SECOND}, 2},
                 {{.type = IOMMU_DOMAIN_IDENTITY}, 4}};
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    for (unsigned i = 0; i < 3; i++) {
        struct iommu_domain *domain;
        struct iommu_attachment *attachment;
        assert_int_equal(iommu_domain_alloc(rig.iommu, &types[i].config, &domain), 0);
        uint32_t pasid = rig_attach(&rig, domain, 0, &attachment);
        uint64_t entry = rig_pasid_entry(&rig, 0, rig_rid(0), pasid);
        assert_int_equal(rig_physical64(&rig, entry) & 1, 1);
        assert_int_equal(rig_physical64(&rig, entry) >> 6 & 7, types[i].pgtt);
        assert_int_equal(rig_physical64(&rig, entry + 8) & 0xffff,
                         iommu_vtd_attachment_domain_id(attachment));
        assert_int_equal(iommu_detach(attachment), 0);
        assert_int_equal(iommu_domain_free(domain), 0);
    }
    rig_close(&rig);
}

/* Every table that the walk passes, in order, as the unit itself explains it. */
static void test_B20_walk_goes_root_context_directory_entry_table(void **state)
{
    struct rig rig;
    rig_open(&rig, &(struct rig_config){0});
    uint64_t page = rig_page(&rig, 1);
    struct iommu_domain *domain = rig_domain_mapping(&rig, IOMMU_STAGE_SECOND, RIG_IOVA, page);
    struct iommu_attachment *attachment;
    assert_int_equal(
        iommu_attach(domain, rig.device[0], iommu_route_pasid(0x12345), NULL, &attachment), 0);

    struct iommu_model_request request = {
        .rid = rig_rid(0), .has_pasid = true, .pasid = 0x12345, .address = RIG_IOVA, .bytes = 8};
    struct iommu_model_result result;
    struct iommu_model_explanation explanation;
    iommu_model_vtd_explain(iommu_model_machine_unit(rig.machine, 0), &request, &result,
                            &explanation);
    assert_int_equal(result.outcome, IOMMU_MODEL_OK);
    assert_int_equal(result.pa, page);
    uint64_t entry = rig_pasid_entry(&rig, 0, rig_rid(0), 0x12345),
             context = rig_context_entry(&rig, 0, rig_rid(0));
    unsigned next = 0, levels = 0;
    for (unsigned i = 0; i < explanation.count; i++) {
        const struct iommu_model_step *step = &explanation.step[i];
        if (next == 0 && step->address == context)
            next = 1;
        else if (next == 1 && step->index == 0x12345 >> 6)
            next = 2;
        else if (next == 2 && step->address == entry)
            next = 3;
        else if (next == 3 && step->words == 1)
            levels++;
    }
    assert_int_equal(next, 3);
    struct iommu_geometry geometry;
    iommu_domain_geometry(domain, &geometry);
    assert_int_equal(levels, geometry.levels);

    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_page_done(&rig, page);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B13_B14_B20_life_of_a_domain_on_every_unit),
        cmocka_unit_test(test_B46_pass_through_on_every_unit),
        cmocka_unit_test(test_B46_entry_types),
        cmocka_unit_test(test_B20_walk_goes_root_context_directory_entry_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
