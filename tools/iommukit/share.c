/* SPDX-License-Identifier: MIT */
/* share.c - the run: machine, tenants, work, attacks, verdict. */
#include "share.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LEAKS_SHOWN 20u

int share_refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("iommukit share: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return SHARE_USAGE;
}

void share_leak(struct share *share, const char *format, ...)
{
    if (share->leaks++ >= LEAKS_SHOWN)
        return;
    va_list arguments;
    va_start(arguments, format);
    fputs("iommukit share: LEAK: ", stderr);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, " (seed %llu)\n", (unsigned long long)share->options->seed);
    va_end(arguments);
}

void share_note(struct share *share, const char *text)
{
    if (share->note_count < sizeof share->notes / sizeof share->notes[0])
        share->notes[share->note_count++] = text;
}

/* splitmix64: small, seedable, the same everywhere. */
uint64_t share_random(struct share *share)
{
    uint64_t z = share->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int ordinary_map(const struct share_device *device)
{
    if (device->ordinary_pa == 0 || device->stage_pa == 0)
        return -IOMMU_ENOMEM;
    int result = iommu_map(device->ordinary, SHARE_IOVA_TARGET, device->ordinary_pa, SHARE_PAGE,
                           IOMMU_READ | IOMMU_WRITE);
    if (result == 0)
        result = iommu_map(device->ordinary, SHARE_IOVA_RECORD, device->stage_pa, SHARE_PAGE,
                           IOMMU_READ | IOMMU_WRITE);
    return result == 0 ? iommu_map_reserved(device->ordinary, device->device) : result;
}

static int ordinary_open(struct share *share, struct share_device *device)
{
    struct iommu_domain_config config = {.stage = share->options->stage, .device = device->device};
    struct iommu_attachment *attachment;
    int result = iommu_domain_alloc(share->iommu, &config, &device->ordinary);
    if (result < 0)
        return share_refuse("cannot make the device's ordinary domain: %s", iommu_strerror(result));
    device->ordinary_pa = iommu_posix_buffer_alloc(share->memory, SHARE_PAGE);
    device->stage_pa = iommu_posix_buffer_alloc(share->memory, SHARE_PAGE);
    result = ordinary_map(device);
    if (result == 0)
        result = iommu_attach(device->ordinary, device->device, iommu_route_rid(), NULL, &attachment);
    return result == 0 ? 0 : share_refuse("cannot attach the ordinary domain: %s", iommu_strerror(result));
}

/* Several domains on one device need PASIDs; say in words why this device has none. */
static int enable_many(struct share *share, struct share_device *device)
{
    int result = iommu_dev_enable_feature(device->device, IOMMU_DEV_FEAT_AUX);
    if (result == 0)
        return 0;
    return share_refuse("this device cannot be shared: auxiliary domains: %s%s", iommu_strerror(result),
                        share->options->mode == IOMMU_VTD_MODE_LEGACY
                            ? " (in legacy mode the remapping unit tells devices apart, not PASIDs)"
                            : "");
}

int share_device_add(struct share *share, const struct iommu_device_config *config, struct iommu_device **device)
{
    int result = iommu_device_add(share->iommu, config, device);
    if (result == 0)
        return 0;
    return share_refuse("cannot add device %02x:%02x.%u: %s", config->rid >> 8, config->rid >> 3 & 0x1fu,
                        config->rid & 7u, iommu_strerror(result));
}

int share_device_open(struct share *share, struct share_device *device)
{
    if (share->per_device)
        return 0;
    int result = enable_many(share, device);
    if (result != 0)
        return result;
    device->stray_pasid = iommu_device_pasid_limit(device->device) - 1;
    return ordinary_open(share, device);
}

int share_start(struct share *share)
{
    int result = iommu_start(share->iommu);
    return result == 0 ? 0 : share_refuse("cannot switch translation on: %s", iommu_strerror(result));
}

void share_device_close(struct share *share, struct share_device *device)
{
    if (device->device == NULL)
        return;
    /* Removal detaches whatever is left, the ordinary domain among it. */
    int result = iommu_device_remove(device->device);
    if (result < 0)
        share_leak(share, "removing a device failed: %s", iommu_strerror(result));
    iommu_domain_free(device->ordinary);
    if (device->ordinary_pa != 0)
        iommu_posix_buffer_free(share->memory, device->ordinary_pa, SHARE_PAGE);
    if (device->stage_pa != 0)
        iommu_posix_buffer_free(share->memory, device->stage_pa, SHARE_PAGE);
    device->device = NULL;
}

static int run(struct share *share)
{
    int result = share_tenants_open(share);
    if (result == 0) {
        share_ledger_open(share);
        result = share_tenants_work(share);
    }
    if (result == 0) {
        share_attack(share);
        share_attack_detached(share);
        progress_end(&share->progress);
        share_report(share);
        result = share->leaks == 0 ? SHARE_ISOLATED : SHARE_LEAK;
    }
    progress_end(&share->progress);
    share_tenants_close(share);
    return result;
}

int share_main(int argc, char **argv)
{
    struct share_options options;
    share_parse(argc, argv, &options);
    struct share share = {.options = &options, .random = options.seed};

    bool model = options.platform == SHARE_PLATFORM_MODEL;
    int result = model ? share_setup_model(&share) : share_setup_qemu(&share);
    if (result == 0)
        result = run(&share);
    if (model)
        share_teardown_model(&share);
    else
        share_teardown_qemu(&share);
    free(share.devices);
    /* Tear-down can fail too: whatever it reported counts. */
    return result == SHARE_ISOLATED && share.leaks != 0 ? SHARE_LEAK : result;
}
