/* SPDX-License-Identifier: MIT */
/*
 * platform/posix/cpu.h - the calling thread's number, for iommu_platform.cpu.
 */
#ifndef PLATFORM_POSIX_CPU_H
#define PLATFORM_POSIX_CPU_H

#include <stddef.h>
#include <stdint.h>

/* Unique among living threads; 256 and above for those that are too many. */
uint32_t posix_cpu(void *ctx);

/* For iommu_platform.cpu_offset; 0 where nobody would look. */
ptrdiff_t posix_cpu_offset(void);

#endif
