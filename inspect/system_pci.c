/* SPDX-License-Identifier: MIT */
/*
 * system_pci.c - the PCI functions of a machine: configuration space through libpci, the rest from sysfs.
 *
 * The functions are listed here rather than by libpci, which gives up on the first name that is not an address.
 * libpci ends the process on errors unless told otherwise, so a handler leads back to where libpci was entered.
 */
#include <errno.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "inspect/system_config.h"
#include "inspect/system_file.h"
#include "inspect/system_load.h"

#define DEVICES "sys/bus/pci/devices"

static _Thread_local jmp_buf libpci_failed;

__attribute__((noreturn)) static void on_error(char *message, ...) /* NOLINT(readability-non-const-parameter): libpci has it so */
{
    (void)message;
    longjmp(libpci_failed, 1);
}

static void on_warning(char *message, ...) /* NOLINT(readability-non-const-parameter) */
{
    (void)message;
}

/* NULL: libpci could not be started. */
static struct pci_access *libpci_start(const char *root)
{
    char path[INSPECT_PATH];
    static char parameter[] = "sysfs.path";
    if (!inspect_path(path, root, "sys/bus/pci"))
        return NULL;
    struct pci_access *volatile access = pci_alloc();
    access->error = on_error;
    access->warning = on_warning;
    access->debug = on_warning;
    access->method = PCI_ACCESS_SYS_BUS_PCI;
    access->id_lookup_mode = PCI_LOOKUP_NO_HWDB;
    if (setjmp(libpci_failed) != 0)
        return NULL; /* nothing is open yet; what libpci allocated cannot be told */
    pci_set_param(access, parameter, path);
    pci_init(access);
    return access;
}

/* How many bytes of configuration space could be read: all, or what is read without root. */
static unsigned read_config(struct pci_dev *device, uint8_t bytes[INSPECT_CONFIG_MAX])
{
    static const unsigned sizes[] = {INSPECT_CONFIG_MAX, 256, 64};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (pci_read_block(device, 0, bytes, (int)sizes[i]))
            return sizes[i];
    return 0;
}

/* A pipe in the place of a file would keep libpci waiting. */
static bool is_file(const char *root, const char *name)
{
    char path[INSPECT_PATH];
    struct stat about;
    return inspect_path(path, root, DEVICES "/%s/config", name) && stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

/* What the kernel knows of a virtual function, whose own numbers read as ones. */
static void read_numbers(const char *root, struct inspect_function *function)
{
    char path[INSPECT_PATH];
    uint64_t number;
    if (inspect_path(path, root, DEVICES "/%s/vendor", function->name) && inspect_file_number(path, 0, &number))
        function->config.vendor = (uint16_t)number;
    if (inspect_path(path, root, DEVICES "/%s/device", function->name) && inspect_file_number(path, 0, &number))
        function->config.device = (uint16_t)number;
}

static void read_function(struct pci_access *access, const char *root, struct inspect_function *function)
{
    uint8_t bytes[INSPECT_CONFIG_MAX];
    struct inspect_bdf bdf = function->bdf;
    if (!is_file(root, function->name) || setjmp(libpci_failed) != 0)
        return;
    struct pci_dev *device = pci_get_dev(access, bdf.segment, bdf.rid >> 8, bdf.rid >> 3 & 0x1f, bdf.rid & 7);
    inspect_config_decode(bytes, read_config(device, bytes), &function->config);
    pci_free_dev(device);
    if (function->config.vendor == 0xffff)
        read_numbers(root, function);
    pci_lookup_name(access, function->text, sizeof function->text, PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
                    function->config.vendor, function->config.device);
    inspect_printable(function->text);
}

/* The kernel's link, or what the device's uevent says: copies may have lost the links. */
static void read_driver(const char *root, struct inspect_function *function)
{
    char path[INSPECT_PATH], text[4096];
    size_t length;
    if (inspect_path(path, root, DEVICES "/%s/driver", function->name) &&
        inspect_file_link(path, function->driver, sizeof function->driver))
        return;
    if (!inspect_path(path, root, DEVICES "/%s/uevent", function->name) ||
        inspect_file_read(path, text, sizeof text - 1, &length) != 0)
        return;
    text[length] = '\0';
    const char *at = strncmp(text, "DRIVER=", 7) == 0 ? text : strstr(text, "\nDRIVER=");
    if (at == NULL)
        return;
    at = strchr(at, '=') + 1;
    snprintf(function->driver, sizeof function->driver, "%.*s", (int)strcspn(at, "\n"), at);
    inspect_printable(function->driver);
}

static int iommu_named(const struct inspect_system *system, const char *name)
{
    for (unsigned i = 0; i < system->iommu_count; i++)
        if (strcmp(system->iommu[i].name, name) == 0)
            return (int)i;
    return INSPECT_NONE;
}

/* Through the function's link, or the unit's list of devices. */
static int serving_iommu(const struct inspect_system *system, const struct inspect_function *function)
{
    char path[INSPECT_PATH], name[INSPECT_ENTRY];
    if (inspect_path(path, system->root, DEVICES "/%s/iommu", function->name) &&
        inspect_file_link(path, name, sizeof name))
        return iommu_named(system, name);
    for (unsigned i = 0; i < system->iommu_count; i++)
        if (inspect_path(path, system->root, "sys/class/iommu/%s/devices/%s", system->iommu[i].name,
                         function->name) && inspect_file_exists(path))
            return (int)i;
    return INSPECT_NONE;
}

static void count_queues(const char *root, const char *function, const char *accelerator, unsigned *enabled)
{
    char path[INSPECT_PATH], state[32];
    struct inspect_listing list;
    if (!inspect_path(path, root, DEVICES "/%s/%s", function, accelerator) || inspect_list(path, 1024, &list) != 0)
        return;
    for (unsigned i = 0; i < list.count; i++)
        if (strncmp(list.name[i], "wq", 2) == 0 &&
            inspect_path(path, root, DEVICES "/%s/%s/%s/state", function, accelerator, list.name[i]) &&
            inspect_file_line(path, state, sizeof state) && strcmp(state, "enabled") == 0)
            ++*enabled;
    inspect_listing_free(&list);
}

/* What the idxd driver says of an accelerator, in a directory "dsa0" or "iax1" of the function. */
static void read_accelerator(const char *root, struct inspect_function *function)
{
    char path[INSPECT_PATH];
    struct inspect_listing list;
    uint64_t enabled;
    if (!inspect_path(path, root, DEVICES "/%s", function->name) || inspect_list(path, 1024, &list) != 0)
        return;
    for (unsigned i = 0; i < list.count; i++) {
        if (strncmp(list.name[i], "dsa", 3) != 0 && strncmp(list.name[i], "iax", 3) != 0)
            continue;
        if (inspect_path(path, root, DEVICES "/%s/%s/pasid_enabled", function->name, list.name[i]) &&
            inspect_file_number(path, 10, &enabled))
            function->accelerator_pasid = enabled != 0 ? INSPECT_YES : INSPECT_NO;
        count_queues(root, function->name, list.name[i], &function->work_queues);
    }
    inspect_listing_free(&list);
}

static void read_sysfs(const struct inspect_system *system, struct inspect_function *function)
{
    char path[INSPECT_PATH];
    read_driver(system->root, function);
    function->iommu = serving_iommu(system, function);
    function->parent_of_mdevs = inspect_path(path, system->root, DEVICES "/%s/mdev_supported_types", function->name) &&
                                inspect_file_exists(path);
    if (strcmp(function->driver, "idxd") == 0)
        read_accelerator(system->root, function);
}

/* A virtual function has no PASID and PRI capability of its own; it follows its physical function. */
static void follow_physical(struct inspect_system *system, struct inspect_function *function)
{
    char path[INSPECT_PATH], name[INSPECT_ENTRY];
    struct inspect_bdf bdf;
    if (!inspect_path(path, system->root, DEVICES "/%s/physfn", function->name) ||
        !inspect_file_link(path, name, sizeof name) || !inspect_bdf_parse(name, &bdf))
        return;
    function->physical = inspect_system_find(system, bdf);
    if (function->physical == INSPECT_NONE)
        return;
    const struct inspect_config *physical = &system->function[function->physical].config;
    function->config.pri = physical->pri;
    function->config.pri_enabled = physical->pri_enabled;
    function->config.pasid = physical->pasid;
    function->config.pasid_bits = physical->pasid_bits;
    function->config.pasid_enabled = physical->pasid_enabled;
}

static int by_bdf(const void *a, const void *b)
{
    const struct inspect_function *one = a, *other = b;
    uint32_t first = (uint32_t)one->bdf.segment << 16 | one->bdf.rid;
    uint32_t second = (uint32_t)other->bdf.segment << 16 | other->bdf.rid;
    return first < second ? -1 : first > second;
}

static void connect(struct inspect_system *system)
{
    int bridge = INSPECT_NONE;
    for (unsigned i = 0; i < system->function_count; i++) {
        struct inspect_function *function = &system->function[i];
        bool same_bus = i > 0 && function[-1].bdf.segment == function->bdf.segment &&
                        function[-1].bdf.rid >> 8 == function->bdf.rid >> 8;
        if (!same_bus)
            bridge = inspect_system_bridge_to(system, function->bdf.segment, (uint8_t)(function->bdf.rid >> 8));
        function->above = bridge;
        follow_physical(system, function);
    }
}

/* Names that are addresses become functions, sorted. */
static unsigned name_functions(const struct inspect_listing *list, struct inspect_function *function)
{
    unsigned count = 0;
    for (unsigned i = 0; i < list->count; i++) {
        struct inspect_function *next = &function[count];
        if (strlen(list->name[i]) != sizeof "ssss:bb:dd.f" - 1 || !inspect_bdf_parse(list->name[i], &next->bdf))
            continue;
        snprintf(next->name, sizeof next->name, "%.15s", list->name[i]);
        next->above = next->physical = next->group = next->iommu = INSPECT_NONE;
        count++;
    }
    if (count > 0)
        qsort(function, count, sizeof *function, by_bdf);
    return count;
}

static void note_cut(struct inspect_system *system)
{
    unsigned cut = 0;
    for (unsigned i = 0; i < system->function_count; i++)
        cut += system->function[i].config.bytes < 256;
    if (cut == 0)
        return;
    if (system->live)
        inspect_note(system, "the capabilities of %u PCI function%s cannot be read without root: run it with sudo", cut,
                     cut == 1 ? "" : "s");
    else
        inspect_note(system, "%u PCI function%s in this copy ha%s no more than the first 64 bytes of configuration space: "
                     "copy the tree as root", cut, cut == 1 ? "" : "s", cut == 1 ? "s" : "ve");
}

int inspect_load_functions(struct inspect_system *system)
{
    char path[INSPECT_PATH];
    struct inspect_listing list;
    if (!inspect_path(path, system->root, DEVICES) || inspect_list(path, INSPECT_FUNCTIONS_MAX, &list) != 0 ||
        list.count == 0) {
        inspect_note(system, "no PCI function was found in %s/" DEVICES, system->root);
        return 0;
    }
    system->function = calloc(list.count, sizeof *system->function);
    struct pci_access *access = libpci_start(system->root);
    if (system->function == NULL || access == NULL) {
        inspect_listing_free(&list);
        return -ENOMEM;
    }
    system->function_count = name_functions(&list, system->function);
    if (system->function_count < list.count || list.cut)
        inspect_note(system, "PCI functions left out: names that are no address with a segment up to ffff%s",
                     list.cut ? ", and all behind the first 16384" : "");
    inspect_listing_free(&list);
    for (unsigned i = 0; i < system->function_count; i++) {
        read_function(access, system->root, &system->function[i]);
        read_sysfs(system, &system->function[i]);
    }
    pci_cleanup(access);
    connect(system);
    note_cut(system);
    return 0;
}
