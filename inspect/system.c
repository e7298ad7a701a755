/* SPDX-License-Identifier: MIT */
/* system.c - see system.h: opening a machine, and what is missing where there is no IOMMU. */
#include "inspect/system.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/system_file.h"
#include "inspect/system_load.h"

void inspect_note(struct inspect_system *system, const char *format, ...)
{
    va_list arguments;
    if (system->note_count == INSPECT_NOTES_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(system->note[system->note_count++], sizeof system->note[0], format, arguments);
    va_end(arguments);
}

static bool exists(const struct inspect_system *system, const char *name)
{
    char path[INSPECT_PATH];
    return inspect_path(path, system->root, "%s", name) && inspect_file_exists(path);
}

int inspect_system_open(const char *root, struct inspect_system **opened, struct inspect_why *why)
{
    struct inspect_system *system = calloc(1, sizeof *system);
    if (system == NULL)
        return inspect_fail(why, -ENOMEM, "out of memory");
    size_t length = root != NULL ? strlen(root) : 0;
    while (length > 0 && root[length - 1] == '/')
        length--;
    if (length >= sizeof system->root) {
        inspect_system_close(system);
        return inspect_fail(why, -EINVAL, "the path of the root directory is too long");
    }
    memcpy(system->root, root != NULL ? root : "", length);
    system->live = length == 0;
    if (!exists(system, "sys") && !exists(system, "proc")) {
        inspect_system_close(system);
        return inspect_fail(why, -ENOENT, "%s has neither sys nor proc in it: it is no copy of a machine's /sys and /proc",
                            root != NULL ? root : "/");
    }
    inspect_load_kernel(system);
    if (inspect_load_firmware(system) != 0 || inspect_load_iommus(system) != 0 ||
        inspect_load_functions(system) != 0 || inspect_load_groups(system) != 0) {
        inspect_system_close(system);
        return inspect_fail(why, -ENOMEM, "out of memory");
    }
    *opened = system;
    return 0;
}

void inspect_system_close(struct inspect_system *system)
{
    if (system == NULL)
        return;
    for (unsigned i = 0; i < system->group_count; i++) {
        free(system->group[i].member);
        free(system->group[i].other);
        free(system->group[i].region);
    }
    free(system->group);
    free(system->function);
    free(system->iommu);
    free(system->firmware.bytes);
    free(system);
}

const char *inspect_port_name(enum inspect_port port)
{
    static const char *const name[] = {
        [INSPECT_PORT_CONVENTIONAL] = "conventional PCI",
        [INSPECT_PORT_ENDPOINT] = "endpoint",
        [INSPECT_PORT_ROOT] = "root port",
        [INSPECT_PORT_UPSTREAM] = "switch upstream port",
        [INSPECT_PORT_DOWNSTREAM] = "switch downstream port",
        [INSPECT_PORT_TO_PCI] = "PCI Express to PCI bridge",
        [INSPECT_PORT_TO_EXPRESS] = "PCI to PCI Express bridge",
        [INSPECT_PORT_INTEGRATED] = "integrated endpoint",
        [INSPECT_PORT_COLLECTOR] = "event collector",
        [INSPECT_PORT_UNKNOWN] = "unknown",
    };
    return name[port];
}

static bool switched_off(const struct inspect_kernel *kernel)
{
    return inspect_command_line_has(kernel, "intel_iommu", "off") || inspect_command_line_has(kernel, "iommu", "off") ||
           inspect_command_line_has(kernel, "amd_iommu", "off");
}

/* A table is there, and yet Linux runs no unit. */
static const char *unused_table(const struct inspect_system *system)
{
    const struct inspect_kernel *kernel = &system->kernel;
    if (switched_off(kernel))
        return "the firmware describes one, but the kernel command line switches it off: boot without iommu=off, "
               "intel_iommu=off and amd_iommu=off";
    if (system->firmware.dmar != INSPECT_YES)
        return "the firmware describes one, but Linux runs none; the kernel log says why (dmesg | grep -i iommu)";
    if (kernel->option[INSPECT_CONFIG_INTEL_IOMMU] == INSPECT_NO)
        return "the firmware has a DMAR table, but this kernel is built without CONFIG_INTEL_IOMMU";
    if (!inspect_command_line_has(kernel, "intel_iommu", "on") &&
        kernel->option[INSPECT_CONFIG_INTEL_IOMMU_DEFAULT_ON] != INSPECT_YES)
        return "the firmware has a DMAR table, but the kernel does not use it by itself: boot with intel_iommu=on";
    return "the firmware has a DMAR table, but Linux runs no unit; the kernel log says why (dmesg | grep -e DMAR)";
}

void inspect_system_absence(const struct inspect_system *system, char *text, size_t size)
{
    const struct inspect_firmware *firmware = &system->firmware;
    const char *reason;
    if (firmware->dmar == INSPECT_YES || firmware->ivrs == INSPECT_YES || firmware->iort == INSPECT_YES)
        reason = unused_table(system);
    else if (firmware->dmar == INSPECT_UNKNOWN)
        reason = "there are no ACPI tables in sys/firmware/acpi/tables to tell of one";
    else if (system->kernel.hypervisor == INSPECT_YES)
        reason = "this is a virtual machine, and its host gives it no IOMMU (no DMAR, IVRS or IORT table); QEMU does with "
                 "-device intel-iommu";
    else
        reason = "the firmware has no DMAR, IVRS or IORT table: turn on VT-d, AMD-Vi or IOMMU in its setup";
    snprintf(text, size, "no IOMMU in %s/sys/class/iommu: %s", system->root, reason);
}
