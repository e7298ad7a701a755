/* SPDX-License-Identifier: MIT */
/* platform: model */
/* test_names.c - the lies by name, who may not tell them and why, and what a strike reads like. */
#include <string.h>

#include "tests/lies/hand.h"

static void test_lies_are_found_by_name(void **state)
{
    for (unsigned lie = 0; lie < IOMMU_MODEL_LIE_COUNT; lie++) {
        const char *name = iommu_model_lie_name((enum iommu_model_lie)lie);
        assert_non_null(name);
        assert_non_null(iommu_model_lie_about((enum iommu_model_lie)lie));
        assert_int_equal(iommu_model_lie_find(name), lie);
    }
    assert_int_equal(iommu_model_lie_find("torn-fetch"), IOMMU_MODEL_LIE_TORN_FETCH);
    assert_int_equal(iommu_model_lie_find("honesty"), IOMMU_MODEL_LIE_COUNT);
    assert_null(iommu_model_lie_name(IOMMU_MODEL_LIE_COUNT));
}

static void refused(const char *preset, uint32_t lies, const char *because)
{
    struct hand h;
    const char *why = hand_try(&h, preset, lies, 1, 0);

    if (!why)
        fail_msg("%s may tell %x", preset, lies);
    else if (!strstr(why, because))
        fail_msg("%s refuses %x because: %s", preset, lies, why);
}

static void allowed(const char *preset, uint32_t lies)
{
    struct hand h;
    const char *why = hand_try(&h, preset, lies, 1, 0);

    if (why)
        fail_msg("%s refuses %x: %s", preset, lies, why);
    hand_close(&h);
}

static void test_lies_that_capabilities_forbid_are_refused_with_a_reason(void **state)
{
    refused("scalable", HAND_LIE(LATE_WRITES), "snoop");
    refused("legacy", HAND_LIE(LATE_WRITES), "snoop");
    refused("scalable", HAND_LIE(NOT_PRESENT), "Caching Mode");
    refused("scalable-second", HAND_LIE(DEVICE_TLB), "ECAP.DT");
    refused("scalable-second", HAND_LIE(SLOW_DEVICE_TLB), "ECAP.DT");
    refused("scalable-second", HAND_LIE(DEVICE_TIMEOUT), "ECAP.DT");
    refused("scalable-second", HAND_LIE(DEVICE_STRAY), "ECAP.DT");
    refused("legacy-no-queue", HAND_LIE(SLOW_QUEUE), "ECAP.QI");
    refused("legacy-no-queue", HAND_LIE(STALLED_QUEUE), "ECAP.QI");
    refused("legacy-no-queue", HAND_LIE(QUEUE_ERROR), "ECAP.QI");
    refused("legacy-no-queue", HAND_LIE(LOST_COMPLETION), "ECAP.QI");
    refused("scalable", HAND_LIE(NEVER_EVICT) | HAND_LIE(RANDOM_EVICT), "contradict");
    refused("scalable", HAND_LIE(COUNT), "not known");

    allowed("scalable-noncoherent", HAND_LIE(LATE_WRITES));
    allowed("caching-mode", HAND_LIE(NOT_PRESENT) | HAND_LIE(NEVER_EVICT) | HAND_LIE(PAGING_CACHES));
    allowed("legacy-no-queue", HAND_LIE(LATE_WRITES) | HAND_LIE(POISON) | HAND_LIE(STRICT_COMMAND) |
                                   HAND_LIE(RANDOM_EVICT) | HAND_LIE(TORN_FETCH));
    allowed("scalable", HAND_LIE(DEVICE_TLB) | HAND_LIE(SLOW_DEVICE_TLB) | HAND_LIE(DEVICE_TIMEOUT) |
                            HAND_LIE(DEVICE_STRAY) | HAND_LIE(SLOW_QUEUE));
}

static void test_lies_one_unit_may_stay_honest(void **state)
{
    struct iommu_model_unit_config units[2] = {{.base = 0xFED90000, .include_all = true},
                                               {.base = 0xFED91000, .honest = HAND_LIE(LATE_WRITES)}};
    const struct iommu_model_function_config function = {.pci = {.rid = 8}};
    const struct iommu_model_machine_config config = {.units = units,
                                                      .unit_count = 2,
                                                      .functions = &function,
                                                      .function_count = 1,
                                                      .lies = {.enabled = HAND_LIE(LATE_WRITES)}};
    struct iommu_model_host_machine *host;

    assert_true(iommu_model_unit_preset("scalable-noncoherent", &units[0]));
    assert_true(iommu_model_unit_preset("scalable", &units[1]));
    assert_int_equal(iommu_host_model_create(&config, 16 << 20, &host, NULL), 0);
    iommu_host_model_destroy(host);
}

static void test_lies_strikes_read_well(void **state)
{
    const struct iommu_model_strike strike = {.number = 1,
                                              .lie = IOMMU_MODEL_LIE_NEVER_EVICT,
                                              .what = "a stale IOTLB entry was used",
                                              .address = 0x40000000,
                                              .page = 0x7f000,
                                              .unit = IOMMU_MODEL_NONE,
                                              .rid = 0x0310,
                                              .pasid = 3,
                                              .domain = 5,
                                              .descriptors = 17};
    char text[256], cut[20];
    size_t length = iommu_model_strike_text(&strike, text, sizeof(text));

    assert_int_equal(length, strlen(text));
    assert_string_equal(text, "never-evict: a stale IOTLB entry was used: 0x40000000 led to page 0x7f000, device "
                              "03:02.0, PASID 3, domain 5, after 17 descriptors");
    assert_int_equal(iommu_model_strike_text(&strike, cut, sizeof(cut)), sizeof(cut) - 1);
    assert_string_equal(cut, "never-evict: a stal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lies_are_found_by_name),
        cmocka_unit_test(test_lies_that_capabilities_forbid_are_refused_with_a_reason),
        cmocka_unit_test(test_lies_one_unit_may_stay_honest),
        cmocka_unit_test(test_lies_strikes_read_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
