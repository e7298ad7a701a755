/* SPDX-License-Identifier: MIT */
/* system_kernel.c - what the kernel was told: its command line and its configuration; and whether it has a host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "inspect/system_file.h"
#include "inspect/system_load.h"

#define CONFIG_LINES_MAX 65536u /* a configuration has some ten thousand */

static const char *const option_name[INSPECT_CONFIG_COUNT] = {
    [INSPECT_CONFIG_INTEL_IOMMU] = "CONFIG_INTEL_IOMMU",
    [INSPECT_CONFIG_INTEL_IOMMU_DEFAULT_ON] = "CONFIG_INTEL_IOMMU_DEFAULT_ON",
    [INSPECT_CONFIG_SCALABLE_DEFAULT_ON] = "CONFIG_INTEL_IOMMU_SCALABLE_MODE_DEFAULT_ON",
    [INSPECT_CONFIG_PASSTHROUGH] = "CONFIG_IOMMU_DEFAULT_PASSTHROUGH",
    [INSPECT_CONFIG_PASID] = "CONFIG_PCI_PASID",
    [INSPECT_CONFIG_AMD_IOMMU] = "CONFIG_AMD_IOMMU",
};

static void config_line(struct inspect_kernel *kernel, const char *line)
{
    for (unsigned i = 0; i < INSPECT_CONFIG_COUNT; i++) {
        size_t length = strlen(option_name[i]);
        if (strncmp(line, option_name[i], length) == 0 && line[length] == '=' && line[length + 1] == 'y')
            kernel->option[i] = INSPECT_YES;
    }
}

/* Plain or gzip. An option that a configuration does not set is off, if this is one. */
static bool read_config(struct inspect_kernel *kernel, const char *path, const char *name)
{
    char line[256];
    unsigned lines = 0;
    int fd = inspect_file_open(path);
    gzFile file = fd >= 0 ? gzdopen(fd, "rb") : NULL;
    if (file == NULL)
        return false;
    for (; lines < CONFIG_LINES_MAX && gzgets(file, line, sizeof line) != NULL; lines++)
        config_line(kernel, line);
    gzclose(file);
    if (lines == 0)
        return false;
    for (unsigned i = 0; i < INSPECT_CONFIG_COUNT; i++)
        if (kernel->option[i] == INSPECT_UNKNOWN)
            kernel->option[i] = INSPECT_NO;
    snprintf(kernel->config_file, sizeof kernel->config_file, "/%s", name);
    return true;
}

static void load_config(struct inspect_kernel *kernel, const char *root)
{
    char path[INSPECT_PATH], name[128];
    if (inspect_path(path, root, "proc/config.gz") && read_config(kernel, path, "proc/config.gz"))
        return;
    if (kernel->release[0] == '\0' || strchr(kernel->release, '/') != NULL)
        return;
    snprintf(name, sizeof name, "boot/config-%s", kernel->release);
    if (inspect_path(path, root, "%s", name) && read_config(kernel, path, name))
        return;
    snprintf(name, sizeof name, "lib/modules/%s/config", kernel->release);
    if (inspect_path(path, root, "%s", name))
        read_config(kernel, path, name);
}

/* The first processor's entry is enough. */
static void load_processor(struct inspect_kernel *kernel, const char *root)
{
    char path[INSPECT_PATH], text[8192];
    size_t length;
    if (!inspect_path(path, root, "proc/cpuinfo"))
        return;
    int result = inspect_file_read(path, text, sizeof text - 1, &length);
    text[length] = '\0';
    if ((result != 0 && result != -EFBIG) || length == 0)
        return;
    kernel->amd = strstr(text, "AuthenticAMD") != NULL || strstr(text, "HygonGenuine") != NULL;
    const char *flags = strstr(text, "\nflags");
    if (flags != NULL) {
        const char *end = strchr(flags + 1, '\n');
        const char *found = strstr(flags, " hypervisor");
        kernel->hypervisor = found != NULL && (end == NULL || found < end) ? INSPECT_YES : INSPECT_NO;
    }
}

void inspect_load_kernel(struct inspect_system *system)
{
    struct inspect_kernel *kernel = &system->kernel;
    char path[INSPECT_PATH];
    if (inspect_path(path, system->root, "proc/sys/kernel/osrelease"))
        inspect_file_line(path, kernel->release, sizeof kernel->release);
    kernel->has_command_line = inspect_path(path, system->root, "proc/cmdline") &&
                               inspect_file_line(path, kernel->command_line, sizeof kernel->command_line);
    load_config(kernel, system->root);
    load_processor(kernel, system->root);
}

/* Is `word` one of the values, separated by commas, of `length` characters? */
static bool among(const char *values, size_t length, const char *word)
{
    size_t size = strlen(word);
    for (const char *end = values + length; values < end;) {
        size_t one = strcspn(values, ", ");
        if (one > (size_t)(end - values))
            one = (size_t)(end - values);
        if (one == size && strncmp(values, word, size) == 0)
            return true;
        values += one + 1;
    }
    return false;
}

bool inspect_command_line_has(const struct inspect_kernel *kernel, const char *name, const char *word)
{
    size_t size = strlen(name);
    for (const char *at = kernel->command_line; *at != '\0';) {
        size_t length = strcspn(at, " ");
        bool named = length >= size && strncmp(at, name, size) == 0;
        if (length == 2 && strncmp(at, "--", 2) == 0)
            return false; /* the rest is for init */
        if (named && word == NULL && (length == size || at[size] == '='))
            return true;
        if (named && word != NULL && at[size] == '=' && among(at + size + 1, length - size - 1, word))
            return true;
        at += length;
        at += strspn(at, " ");
    }
    return false;
}
