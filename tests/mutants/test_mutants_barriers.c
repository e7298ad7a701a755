/* SPDX-License-Identifier: MIT */
/* platform: model */
/*
 * test_mutants_barriers.c - fill, flush, publish, flush, and a barrier wherever one store must not overtake
 * another. Stores of this machine arrive in order with or without barriers, so they are looked at one by one: each
 * barrier, flush and register write as one letter, which says how far the entry of device 0 was at that moment.
 *
 *     -  no table for the entry        t  a table, the entry is zero       f  filled, not present
 *     p  present                       b  not present any more, the rest is still there
 *
 * small: a barrier; capital: a flush; q the queue's tail, g the command register, c, i, v the invalidation
 * registers.
 */
#include "tests/stack/rig.h"

#include <stdio.h>
#include <string.h>

enum { GCMD = 0x18, CCMD = 0x28, IQT = 0x88 };
#define PASID 5u

struct tale {
    struct rig rig;
    uint32_t pasid; /* IOMMU_NO_PASID: the context entry */
    bool was_present;
    char said[256];
    unsigned length;
};

static uint64_t entry_of(struct tale *tale)
{
    if (tale->pasid == IOMMU_NO_PASID)
        return rig_context_entry(&tale->rig, 0, rig_rid(0));
    return rig_pasid_entry(&tale->rig, 0, rig_rid(0), tale->pasid);
}

static char state_of(struct tale *tale)
{
    uint64_t entry = entry_of(tale), rest = 0;
    if (entry == 0)
        return '-';
    bool present = rig_physical64(&tale->rig, entry) & 1;
    rest =
        (rig_physical64(&tale->rig, entry) & ~UINT64_C(1)) | rig_physical64(&tale->rig, entry + 8);
    if (present)
        tale->was_present = true;
    if (rest == 0)
        tale->was_present = false;
    if (present)
        return 'p';
    if (rest == 0)
        return 't';
    return tale->was_present ? 'b' : 'f';
}

static char register_of(struct rig *rig, uint64_t address)
{
    uint64_t iva = (rig_reg64(rig, 0, 0x10) >> 8 & 0x3ff) * 16;
    uint64_t offset = address - rig_unit_base(0);
    switch (offset) {
    case IQT:
        return 'q';
    case GCMD:
        return 'g';
    case CCMD:
        return 'c';
    default:
        if (offset == iva)
            return 'v';
        return offset == iva + 8 ? 'i' : '\0';
    }
}

static void see(struct rig *rig, enum rig_moment moment, uint64_t address, uint64_t value)
{
    struct tale *tale = rig->probe_ctx;
    char letter = state_of(tale);
    if (moment == RIG_FLUSH)
        letter = (char)(letter == '-' ? '=' : letter - 'a' + 'A');
    else if (moment == RIG_WRITE32 || moment == RIG_WRITE64)
        letter = register_of(rig, address);
    else if (moment != RIG_BARRIER)
        letter = '\0';
    if (letter != '\0' && tale->length < sizeof tale->said - 1)
        tale->said[tale->length++] = letter;
    (void)value;
}

/* Since the last time. */
static void seen(struct tale *tale, const char *wanted)
{
    tale->said[tale->length] = '\0';
    assert_string_equal(tale->said, wanted);
    tale->length = 0;
}

/* Device, attachment, replacement, and all of it gone again. */
static void life(const struct rig_config *config, uint32_t pasid, const char *const wanted[6])
{
    struct tale tale = {.pasid = pasid};
    struct rig_config quiet = *config;
    const struct iommu_device_config device = {.rid = rig_rid(0)};
    struct iommu_attachment *attachment;
    quiet.no_devices = true;
    quiet.vtd.no_ats = true;
    rig_open(&tale.rig, &quiet);
    uint64_t page = rig_page(&tale.rig, 1);
    struct iommu_domain *domain[2] = {
        rig_domain_mapping(&tale.rig, IOMMU_STAGE_AUTO, RIG_IOVA, page),
        rig_domain(&tale.rig, IOMMU_STAGE_AUTO)};
    rig_watch(&tale.rig, see, &tale);
    assert_int_equal(iommu_device_add(tale.rig.iommu, &device, &tale.rig.device[0]), 0);
    seen(&tale, wanted[0]);
    struct iommu_route route =
        pasid == IOMMU_NO_PASID ? iommu_route_rid() : iommu_route_pasid(pasid);
    assert_int_equal(iommu_attach(domain[0], tale.rig.device[0], route, NULL, &attachment), 0);
    seen(&tale, wanted[1]);
    assert_int_equal(iommu_unmap(domain[0], RIG_IOVA, RIG_PAGE, NULL), 0);
    seen(&tale, wanted[2]);
    assert_int_equal(iommu_replace(attachment, domain[1]), 0);
    seen(&tale, wanted[3]);
    assert_int_equal(iommu_detach(attachment), 0);
    seen(&tale, wanted[4]);
    assert_int_equal(iommu_device_remove(tale.rig.device[0]), 0);
    tale.rig.device[0] = NULL;
    seen(&tale, wanted[5]);
    rig_watch(&tale.rig, NULL, NULL);
    assert_int_equal(iommu_domain_free(domain[0]), 0);
    assert_int_equal(iommu_domain_free(domain[1]), 0);
    rig_page_done(&tale.rig, page);
    rig_close(&tale.rig);
}

static void test_B43_B44_pasid_entry(void **state)
{
    const struct rig_config snooped = {0};
    const struct rig_config not_snooped = {.preset = "scalable-noncoherent"};
    life(&snooped, PASID, (const char *const[6]){"----", "--q-tfp", "pq", "bbqbp", "bbqt", "--q-"});
    life(
        &not_snooped, PASID,
        (const char *const[6]){"==-=-=-=-", "=--q=-TtFfPp", "PPpq", "BbbqBbPp", "BbbqTt", "=--q=-"});
}

static void test_B43_B44_context_entry(void **state)
{
    const struct rig_config snooped = {.preset = "legacy"};
    const struct rig_config registers = {.preset = "legacy-no-queue"};
    life(&snooped, IOMMU_NO_PASID, (const char *const[6]){"-t", "fp", "pq", "bbqbp", "bbqt", "tt"});
    life(&registers, IOMMU_NO_PASID,
         (const char *const[6]){"=-Tttg", "FfPppg", "PPpvi", "BbbcbiBbPppg", "BbbcbiTt", "TtTt"});
}

static void test_B43_B44_scalable_context_entry(void **state)
{
    const struct rig_config snooped = {0};
    life(&snooped, IOMMU_NO_PASID,
         (const char *const[6]){"-ttp", "pppp", "pq", "ppqpp", "ppqp", "bbqt"});
}

/* The first map of a domain that is attached: its top table is flushed before the entry leads to it. */
static void test_B43_B75_entry_of_a_first_map(void **state)
{
    struct tale tale = {.pasid = PASID};
    struct iommu_attachment *attachment;
    rig_open(&tale.rig, &(struct rig_config){.preset = "scalable-noncoherent", .vtd = {.no_ats = true}});
    struct iommu_domain *domain = rig_domain(&tale.rig, IOMMU_STAGE_SECOND);
    assert_int_equal(iommu_attach(domain, tale.rig.device[0], iommu_route_pasid(PASID), NULL, &attachment), 0);
    rig_watch(&tale.rig, see, &tale);
    assert_int_equal(iommu_map(domain, RIG_IOVA, 0, RIG_PAGE, IOMMU_READ), 0);
    tale.length = 6; /* what follows is any map's */
    seen(&tale, "PpPppq");
    rig_watch(&tale.rig, NULL, NULL);
    assert_int_equal(iommu_detach(attachment), 0);
    assert_int_equal(iommu_domain_free(domain), 0);
    rig_close(&tale.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_B43_B44_pasid_entry),
        cmocka_unit_test(test_B43_B44_context_entry),
        cmocka_unit_test(test_B43_B44_scalable_context_entry),
        cmocka_unit_test(test_B43_B75_entry_of_a_first_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
