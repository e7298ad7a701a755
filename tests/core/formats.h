/* SPDX-License-Identifier: MIT */
/*
 * tests/core/formats.h - two page-table formats in the manner of real ones, and a configuration of either.
 */
#ifndef TESTS_CORE_FORMATS_H
#define TESTS_CORE_FORMATS_H

#include "iommukit/pagetable.h"

#define FORMAT_ADDRESS 0x000ffffffffff000u
#define SIZE_4K        ((uint64_t)1 << 12)
#define SIZE_2M        ((uint64_t)1 << 21)
#define SIZE_1G        ((uint64_t)1 << 30)

/* Rights decide presence; writes alone are possible. */
static const struct iommu_pt_format format_second = {.name = "second",
                                                     .stage = IOMMU_STAGE_SECOND,
                                                     .present = 3,
                                                     .table = 3,
                                                     .leaf = 0,
                                                     .large = 1u << 7,
                                                     .read = 1,
                                                     .write = 2,
                                                     .snoop = 1u << 11,
                                                     .address = FORMAT_ADDRESS,
                                                     .flushed = (uint64_t)1 << 62,
                                                     .count_shift = 52,
                                                     .write_only = true};

/* The first one without room for a count. */
static const struct iommu_pt_format format_uncounted = {.name = "uncounted",
                                                        .stage = IOMMU_STAGE_SECOND,
                                                        .present = 3,
                                                        .table = 3,
                                                        .leaf = 0,
                                                        .large = 1u << 7,
                                                        .read = 1,
                                                        .write = 2,
                                                        .snoop = 1u << 11,
                                                        .address = FORMAT_ADDRESS,
                                                        .flushed = (uint64_t)1 << 62,
                                                        .write_only = true};

/* A present bit, reads always; user bit in every entry. */
static const struct iommu_pt_format format_first = {.name = "first",
                                                    .stage = IOMMU_STAGE_FIRST,
                                                    .present = 1,
                                                    .table = 7,
                                                    .leaf = 5,
                                                    .large = 1u << 7,
                                                    .read = 0,
                                                    .write = 2,
                                                    .snoop = 0,
                                                    .address = FORMAT_ADDRESS,
                                                    .flushed = 1u << 9,
                                                    .count_shift = 53,
                                                    .write_only = false};

static inline struct iommu_pt_config format_config(const struct iommu_pt_format *format,
                                                   unsigned levels, uint64_t page_sizes,
                                                   bool coherent)
{
    struct iommu_pt_config config = {.format = format,
                                     .levels = (uint8_t)levels,
                                     .iova_bits = (uint8_t)(12 + 9 * levels),
                                     .pa_bits = 52,
                                     .coherent = coherent,
                                     .snoop = format->snoop != 0,
                                     .page_sizes = page_sizes};
    return config;
}

/* Bits that software keeps in entries and hardware need not see. */
static inline uint64_t format_software(const struct iommu_pt_format *format)
{
    return format->flushed | (format->count_shift ? (uint64_t)1023 << format->count_shift : 0);
}

#endif
