/* SPDX-License-Identifier: MIT */
/* uefi.h - what the files of iommukit.efi have of one another. */
#ifndef UEFI_H
#define UEFI_H

#include <iommukit/platform.h>

#include "inspect/system.h"

struct iommu;

/* text.c: as printf, on the console; a line that is too wide goes on in the next one, further to the right. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* machine.c: the tables that firmware left, and the PCI functions that answer. */
const void *machine_table(const char *signature, size_t *bytes); /* NULL: there is none */
int machine_find(struct inspect_system *system); /* 0, -IOMMU_ENOMEM */
uint32_t machine_config_read(uint16_t segment, uint16_t rid, uint32_t offset);

/* memory.c */
int memory_init(void); /* 0, -IOMMU_ENOMEM */
void *memory_alloc(size_t bytes); /* zeroed, until the end */
void memory_fini(void);
const struct iommu_platform *memory_platform(void);
unsigned memory_writes_refused(void);

#endif
