/* SPDX-License-Identifier: MIT */
/* platform: model */
#include "tests/model_vtd/state_image.h"

void image_save(struct iommu_model_vtd *model, struct image *image)
{
    assert_int_equal(iommu_model_vtd_save(model, image->bytes, IOMMU_MODEL_VTD_STATE_MAX, &image->size), 0);
    assert_true(image->size <= IOMMU_MODEL_VTD_STATE_MAX);
}

void image_same(const struct image *a, const struct image *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->bytes, b->bytes, a->size);
}

void image_restore(struct iommu_model_vtd *model, const struct image *image)
{
    const char *why = NULL;
    if (iommu_model_vtd_restore(model, image->bytes, image->size, &why))
        fail_msg("refused: %s", why);
    assert_null(why);
}

void image_refused(struct iommu_model_vtd *model, const uint8_t *bytes, size_t size, const char *reason)
{
    struct image before, after;
    struct iommu_model_vtd_stats then, now;
    const char *why = NULL;
    image_save(model, &before);
    iommu_model_vtd_stats(model, &then);
    assert_int_equal(iommu_model_vtd_restore(model, bytes, size, &why), -22);
    assert_non_null(why);
    if (reason && !strstr(why, reason))
        fail_msg("refused because '%s', not '%s'", why, reason);
    iommu_model_vtd_stats(model, &now);
    assert_memory_equal(&then, &now, sizeof(now));
    image_save(model, &after);
    image_same(&before, &after);
}

void image_busy_unit(struct fx *f)
{
    fx_preset(f, "page-requests");
    f->config.lies = (struct iommu_model_lies){
        .enabled = IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_STRICT_COMMAND) | IOMMU_MODEL_LIE(IOMMU_MODEL_LIE_SLOW_DEVICE_TLB),
        .seed = 7 };
    fx_create(f);
    iommu_model_vtd_tell(f->model, 0);
    fx_enable(f);
    uint64_t table = fx_page(f), page = fx_page(f);
    fx_second_entry(f, FX_RID, 1, 5, table, 4);
    fx_map_second(f, table, 4, 0x7000, page, 1, VTD_SS_R);
    assert_true(fx_reads(f, 1, 0x7000, page));
    fx_read_fault(f, 1, 0x9000);
    iommu_model_vtd_tell(f->model, ~0u);
    fx_submit(f, VTD_QI_TYPE_DEVTLB | SPEC_PUT(VTD_QI_DEVTLB_SID, (uint64_t)FX_RID), 0x7000);
    fx_uncommand(f, VTD_GCMD_TE);
}
