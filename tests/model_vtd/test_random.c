/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * Random maps, unmaps, invalidations and DMA against a flat record of what each page has been since it
 * was last invalidated. A result must be one of the page's states since then; right after an
 * invalidation that covers it, exactly the present one.
 */
#include "tests/model_vtd/fixture.h"

#define PAGES 64u   /* 4 KiB pages of each domain's address space, around the 2 MiB border */
#define DOMAINS 4u  /* 0, 1: second stage; 2, 3: first stage of one domain id */
#define HISTORY 8u
#define BASE (((uint64_t)2 << 20) - PAGES / 2 * 4096)

struct page {
    uint64_t states[HISTORY]; /* entries it held since the last invalidation, newest last */
    unsigned count;           /* above HISTORY: too many to tell */
};

struct bed {
    struct fx f;
    uint64_t table[DOMAINS];
    struct page page[DOMAINS][PAGES];
    uint64_t seed;
};

static const unsigned dids[DOMAINS] = { 10, 11, 1, 1 };

static bool first(unsigned domain)
{
    return domain >= 2;
}

static void note(struct page *page, uint64_t entry)
{
    if (page->count < HISTORY)
        page->states[page->count] = entry;
    page->count++;
}

static void settle(struct page *page, uint64_t entry)
{
    page->count = 0;
    note(page, entry);
}

static uint64_t leaf_of(struct bed *b, unsigned domain, unsigned index)
{
    return fx_entry_second(&b->f, b->table[domain], 4, BASE + index * 4096ull, 1);
}

static void begin(struct bed *b, const char *preset)
{
    fx_begin(&b->f, preset);
    for (unsigned d = 0; d < DOMAINS; d++) {
        b->table[d] = fx_page(&b->f);
        if (first(d))
            fx_first_entry(&b->f, FX_RID, d + 1, dids[d], b->table[d], 4);
        else
            fx_second_entry(&b->f, FX_RID, d + 1, dids[d], b->table[d], 4);
        for (unsigned i = 0; i < PAGES; i++) {
            uint64_t at = BASE + i * 4096ull;
            uint64_t leaf = first(d) ? fx_map_first(&b->f, b->table[d], 4, at, 0, 1, 0)
                                     : fx_map_second(&b->f, b->table[d], 4, at, 0, 1, 0);
            fx_put(&b->f, leaf, 0);
            settle(&b->page[d][i], 0);
        }
    }
}

static unsigned below(struct bed *b, unsigned limit)
{
    return (unsigned)(fx_random(&b->seed) % limit);
}

/* A page gets a new place, or none. Flags are set beforehand, so that the unit changes nothing. */
static void change(struct bed *b)
{
    unsigned d = below(b, DOMAINS), i = below(b, PAGES);
    uint64_t pa = ((uint64_t)below(b, 1 << 19) + 0x1000) << 12; /* below the window */
    uint64_t bits = first(d) ? VTD_FS_P | VTD_FS_US | VTD_FS_A | VTD_FS_D | VTD_FS_RW
                             : VTD_SS_R | VTD_SS_W;
    uint64_t entry = below(b, 3) ? pa | bits : 0;
    fx_put(&b->f, leaf_of(b, d, i), entry);
    note(&b->page[d][i], entry);
}

static void submit(struct bed *b, uint64_t w0, uint64_t w1)
{
    fx_submit(&b->f, w0, w1);
    assert_true(fx_wait(&b->f));
}

static void settle_pages(struct bed *b, unsigned d, uint64_t from, uint64_t pages)
{
    for (unsigned i = 0; i < PAGES; i++) {
        uint64_t page = BASE / 4096 + i;
        if (page >= from && page < from + pages)
            settle(&b->page[d][i], fx_get(&b->f, leaf_of(b, d, i)));
    }
}

static void invalidate(struct bed *b)
{
    unsigned d = below(b, DOMAINS), am = below(b, 7);
    uint64_t from = (BASE / 4096 + below(b, PAGES)) & ~(((uint64_t)1 << am) - 1);
    uint64_t word = from << 12 | (below(b, 2) ? 0x40 : 0) | am;
    switch (below(b, 8)) {
    case 0:
        submit(b, fx_iotlb(VTD_QI_IOTLB_G_DOMAIN, dids[d]), 0);
        for (unsigned other = 0; other < DOMAINS; other++)
            if (dids[other] == dids[d])
                settle_pages(b, other, 0, ~(uint64_t)0);
        break;
    case 1:
        submit(b, fx_piotlb(VTD_QI_PIOTLB_G_PASID, dids[d], d + 1), 0);
        if (first(d))
            settle_pages(b, d, 0, ~(uint64_t)0);
        break;
    default:
        if (first(d))
            submit(b, fx_piotlb(VTD_QI_PIOTLB_G_PAGE, dids[d], d + 1), word);
        else
            submit(b, fx_iotlb(VTD_QI_IOTLB_G_PAGE, dids[d]), word);
        settle_pages(b, d, from, (uint64_t)1 << am);
        break;
    }
}

static bool allowed(const struct page *page, const struct iommu_model_result *result)
{
    if (page->count > HISTORY)
        return true;
    for (unsigned i = 0; i < page->count; i++) {
        uint64_t entry = page->states[i];
        if (result->outcome == IOMMU_MODEL_OK
                ? (entry & 1) && (entry & VTD_SS_ADDR) == result->pa
                : !(entry & 1))
            return true;
    }
    return false;
}

static void touch(struct bed *b)
{
    unsigned d = below(b, DOMAINS), i = below(b, PAGES);
    fx_dma(&b->f, FX_RID, (long)d + 1, BASE + i * 4096ull,
           below(b, 2) ? IOMMU_MODEL_READ : IOMMU_MODEL_WRITE);
    if (!allowed(&b->page[d][i], &b->f.result))
        print_error("domain %u page %u: outcome %d pa %llx\n", d, i, b->f.result.outcome,
                    (unsigned long long)b->f.result.pa);
    assert_true(allowed(&b->page[d][i], &b->f.result));
}

static void run(const char *preset)
{
    struct bed *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    begin(b, preset);
    b->seed = fx_seed();
    for (unsigned step = 0; step < 60000; step++) {
        unsigned what = below(b, 10);
        if (what < 3)
            change(b);
        else if (what < 4)
            invalidate(b);
        else
            touch(b);
    }
    assert_int_equal(fx_stats(&b->f).misuse, 0);
    assert_true(fx_stats(&b->f).iotlb_hits > 1000);
    fx_end(&b->f);
    free(b);
}

static void test_model_random_steps_against_a_record(void **state)
{
    run("scalable");
}

static void test_model_random_steps_in_caching_mode(void **state)
{
    run("caching-mode");
}

/* Whatever the tables hold, a request ends in an answer, and nothing outside memory is touched. */
static void test_model_random_tables_end_in_an_answer(void **state)
{
    uint64_t seed = fx_seed();
    for (unsigned round = 0; round < 40; round++) {
        struct fx f;
        fx_begin(&f, round % 2 ? "page-requests" : "legacy");
        for (uint64_t pa = 0x10000; pa < 0x60000; pa += 8) {
            uint64_t value = fx_random(&seed);
            /* mostly plausible: a pointer into the same memory and a few low bits */
            if (fx_random(&seed) % 8)
                value = (0x10000 + (value & 0x3F000)) | (value >> 40 & 0x1FF);
            if (pa >= f.queue && pa < f.queue + 8192 && f.queue)
                continue;
            fx_put(&f, pa, value);
        }
        for (unsigned i = 0; i < 2000; i++) {
            uint64_t r = fx_random(&seed);
            struct iommu_model_request request =
                fx_request((unsigned)r & 0xFFFF, r & 0x10000 ? (long)(r >> 20 & 0x3FFF) : FX_PLAIN,
                           fx_random(&seed) >> (r >> 50 & 31), (enum iommu_model_access)(r % 3));
            request.at = (enum iommu_model_at)(r >> 40 & 3) % 3;
            request.privileged = r >> 44 & 1;
            request.bytes = 1;
            fx_send(&f, &request);
            assert_true(f.result.outcome != IOMMU_MODEL_OK || f.result.page_lg2 >= 12 ||
                        f.result.fault);
            assert_true(f.explanation.count <= IOMMU_MODEL_STEPS_MAX);
        }
        fx_flush_all(&f);
        fx_end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_random_steps_against_a_record),
        cmocka_unit_test(test_model_random_steps_in_caching_mode),
        cmocka_unit_test(test_model_random_tables_end_in_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
