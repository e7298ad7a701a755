/* SPDX-License-Identifier: MIT */
/*
 * platform/qemu/qemu.h - the QEMU host's state and what its files do for each other: qemu.c
 * (life), launch.c (process, command line), registers.c (bus and configuration space), edu.c
 * (devices, DMA), fwcfg.c (ACPI).
 */
#ifndef PLATFORM_QEMU_QEMU_H
#define PLATFORM_QEMU_QEMU_H

#include <pthread.h>
#include <stdatomic.h>

#include "iommukit/host/qemu.h"
#include "platform/qemu/child.h"
#include "platform/qemu/qtest.h"

#define QEMU_UNIT_BASE   ((uint64_t)0xFED90000)
#define QEMU_RAM_BYTES   ((uint64_t)1 << 30) /* below the PCI hole; committed where touched */
#define QEMU_MAX_DEVICES 16u
#define QEMU_FIRST_SLOT  4u
#define QEMU_MAX_TIMEOUT 3600000u

struct qemu_edu {
    uint64_t bar;
    uint64_t home;                 /* its staging page, physical: ours */
    uint64_t stage_iova, stage_pa; /* the one in use */
    uint64_t shadow_pa;            /* redirect.c: shadow directory and table; 0: none yet */
    uint64_t own_directory; /* redirect.c: first word of the context entry as it was; 0: in force */
    bool shadow_only;       /* use the shadow even where RID_PASID would do */
};

struct iommu_qemu {
    struct iommu_qemu_config config; /* defaults filled in */
    int major, minor;
    char version[24];
    int ram_fd, bios_fd, error_fd, socket_fd; /* socket_fd: ours */
    bool started;
    bool renamed; /* this QEMU's options have the newer names */
    struct child child;
    struct iommu_posix *posix;
    pthread_mutex_t mutex; /* guards all below */
    struct qtest qtest;
    struct qemu_edu edus[QEMU_MAX_DEVICES];
    uint64_t nonce;
    void *dmar; /* malloc'ed; NULL: not found */
    size_t dmar_bytes;
    _Atomic bool dead; /* qtest.error is set */
};

/* What is said about a failed start: this thread's, until its next iommu_qemu_create. */
struct qemu_why {
    char text[256];
};
__attribute__((format(printf, 3, 4))) int qemu_fail(struct qemu_why *why, int error,
                                                    const char *format, ...);

/* launch.c */
int qemu_find_version(struct iommu_qemu *qemu, struct qemu_why *why);
int qemu_launch(struct iommu_qemu *qemu, struct qemu_why *why);
void qemu_end(struct iommu_qemu *qemu);
/* The last line that QEMU wrote to its standard error. */
void qemu_last_words(const struct iommu_qemu *qemu, char *text, size_t bytes);

/* registers.c. The configuration functions want the lock held; unlocking notes a QEMU that stopped
 * answering. */
void qemu_lock(struct iommu_qemu *qemu);
void qemu_unlock(struct iommu_qemu *qemu);
void qemu_fill_bus(struct iommu_qemu *qemu, struct iommu_posix_config *config);
int qemu_config_read(struct iommu_qemu *qemu, uint16_t rid, uint32_t offset, uint32_t *value);
void qemu_config_write(struct iommu_qemu *qemu, uint16_t rid, uint32_t offset, uint32_t value);

/* edu.c and fwcfg.c, during creation: 0, or negative. */
int qemu_set_up_devices(struct iommu_qemu *qemu, struct qemu_why *why);
int qemu_read_dmar(struct iommu_qemu *qemu);

#endif
