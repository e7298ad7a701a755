/* SPDX-License-Identifier: MIT */
/*
 * platform/qemu/qemu.c - a QEMU's life, and what a program asks it through iommukit/host/qemu.h.
 */
#include "platform/qemu/qemu.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BINARY     "qemu-system-x86_64"
#define DEFAULT_AW_BITS    48u
#define DEFAULT_TIMEOUT_MS 10000u

int qemu_fail(struct qemu_why *why, int error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why->text, sizeof why->text, format, arguments);
    va_end(arguments);
    return error;
}

/* ---- configuration ------------------------------------------------------------------------- */

static const char *default_binary(void)
{
    const char *binary = getenv("IOMMUKIT_QEMU");

    return binary && *binary ? binary : DEFAULT_BINARY;
}

static int fill_config(struct iommu_qemu *qemu, const struct iommu_qemu_config *given,
                       struct qemu_why *why)
{
    struct iommu_qemu_config *config = &qemu->config;

    *config = *given;
    if (!config->binary)
        config->binary = default_binary();
    if (!config->aw_bits)
        config->aw_bits = DEFAULT_AW_BITS;
    if (!config->timeout_ms)
        config->timeout_ms = DEFAULT_TIMEOUT_MS;
    if (config->timeout_ms > QEMU_MAX_TIMEOUT)
        config->timeout_ms = QEMU_MAX_TIMEOUT;
    if (config->aw_bits != 39 && config->aw_bits != 48)
        return qemu_fail(why, -IOMMU_EINVAL, "aw_bits is 39 or 48, not %u", config->aw_bits);
    if (config->devices < 1 || config->devices > QEMU_MAX_DEVICES)
        return qemu_fail(why, -IOMMU_EINVAL, "1 to %u devices, not %u", QEMU_MAX_DEVICES,
                         config->devices);
    return 0;
}

/* What is known before the start; an option that QEMU itself refuses is found out by starting it.
 * */
static int check_version(const struct iommu_qemu *qemu, struct qemu_why *why)
{
    if (qemu->config.first_stage && (qemu->major < 9 || (qemu->major == 9 && qemu->minor < 2)))
        return qemu_fail(why, -IOMMU_EOPNOTSUPP, "first-stage tables need QEMU 9.2, this is %s",
                         qemu->version);
    return 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

static int create_memory(struct iommu_qemu *qemu, struct qemu_why *why)
{
    struct iommu_posix_config config = {.ram_bytes = QEMU_RAM_BYTES, .ram_fd = qemu->ram_fd};
    int result;

    qemu_fill_bus(qemu, &config);
    result = iommu_posix_create(&config, &qemu->posix);
    return result ? qemu_fail(why, result, "cannot map the guest's memory") : 0;
}

static int build(struct iommu_qemu *qemu, const struct iommu_qemu_config *config,
                 struct qemu_why *why)
{
    int result = fill_config(qemu, config, why);

    if (!result)
        result = qemu_find_version(qemu, why);
    if (!result)
        result = check_version(qemu, why);
    if (!result)
        result = qemu_launch(qemu, why);
    if (!result)
        result = create_memory(qemu, why);
    if (!result)
        result = qemu_set_up_devices(qemu, why);
    if (!result && (result = qemu_read_dmar(qemu)) != 0)
        qemu_fail(why, result, "cannot read QEMU's ACPI tables");
    return result;
}

int iommu_qemu_create(const struct iommu_qemu_config *config, struct iommu_qemu **qemu,
                      const char **why)
{
    static _Thread_local struct qemu_why reason;
    struct iommu_qemu *made = calloc(1, sizeof *made);
    int result;

    if (why)
        *why = reason.text;
    reason.text[0] = 0;
    if (!made)
        return qemu_fail(&reason, -IOMMU_ENOMEM, "out of memory");
    made->ram_fd = made->bios_fd = made->error_fd = made->socket_fd = -1;
    if (pthread_mutex_init(&made->mutex, NULL)) {
        free(made);
        return qemu_fail(&reason, -IOMMU_ENOMEM, "out of memory");
    }
    result = build(made, config, &reason);
    if (result)
        iommu_qemu_destroy(made);
    else
        *qemu = made;
    return result;
}

void iommu_qemu_destroy(struct iommu_qemu *qemu)
{
    if (!qemu)
        return;
    qemu_end(qemu);
    iommu_posix_destroy(qemu->posix);
    pthread_mutex_destroy(&qemu->mutex);
    free(qemu->dmar);
    free(qemu);
}

/* ---- questions ----------------------------------------------------------------------------- */

const struct iommu_platform *iommu_qemu_platform(struct iommu_qemu *qemu)
{
    return iommu_posix_platform(qemu->posix);
}

struct iommu_posix *iommu_qemu_posix(struct iommu_qemu *qemu)
{
    return qemu->posix;
}

const char *iommu_qemu_version(const struct iommu_qemu *qemu)
{
    return qemu->version;
}

bool iommu_qemu_alive(const struct iommu_qemu *qemu)
{
    return !atomic_load(&qemu->dead) && !child_wait(&qemu->child, 0);
}

const void *iommu_qemu_dmar(struct iommu_qemu *qemu, size_t *bytes)
{
    if (bytes)
        *bytes = qemu->dmar_bytes;
    return qemu->dmar;
}

uint64_t iommu_qemu_unit_base(const struct iommu_qemu *qemu)
{
    (void)qemu; /* the same in every version */
    return QEMU_UNIT_BASE;
}
