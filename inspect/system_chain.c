/* SPDX-License-Identifier: MIT */
/* system_chain.c - see system_chain.h: the chain itself, and its links in firmware and kernel. */
#include "inspect/system_chain.h"

#include <stdarg.h>
#include <stdio.h>

#include "inspect/system_links.h"

struct inspect_link *inspect_link_add(struct inspect_chain *chain, const char *name, enum inspect_answer ok,
                                      const char *format, ...)
{
    va_list arguments;
    struct inspect_link *link = &chain->link[chain->count < INSPECT_LINKS_MAX ? chain->count++ : INSPECT_LINKS_MAX - 1];
    *link = (struct inspect_link){.name = name, .ok = ok};
    va_start(arguments, format);
    vsnprintf(link->detail, sizeof link->detail, format, arguments);
    va_end(arguments);
    return link;
}

void inspect_link_change(struct inspect_link *link, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(link->change, sizeof link->change, format, arguments);
    va_end(arguments);
}

/* ---- Firmware ---- */

static void no_table(const struct inspect_system *system, struct inspect_chain *chain)
{
    struct inspect_link *link = inspect_link_add(chain, "firmware table", INSPECT_NO, "there is no ACPI DMAR table");
    if (system->kernel.hypervisor == INSPECT_YES)
        inspect_link_change(link, "this is a virtual machine: have its host give it an IOMMU; QEMU: -device intel-iommu,"
                                  "x-scalable-mode=on, before any other device");
    else
        inspect_link_change(link, "turn on VT-d (Intel Virtualization Technology for Directed I/O) in the firmware setup");
}

static void link_table(const struct inspect_system *system, struct inspect_chain *chain)
{
    const struct inspect_firmware *firmware = &system->firmware;
    if (firmware->dmar == INSPECT_NO) {
        no_table(system, chain);
        return;
    }
    if (firmware->readable != INSPECT_YES) {
        struct inspect_link *link = inspect_link_add(
            chain, "firmware table", firmware->dmar == INSPECT_YES ? INSPECT_YES : INSPECT_UNKNOWN,
            firmware->dmar == INSPECT_YES ? "a DMAR table is there; what it says was not readable"
                                          : "there is no sys/firmware/acpi/tables to look into");
        if (firmware->dmar == INSPECT_YES)
            inspect_link_change(link, "run it as root, or copy the table as root, to see what it says");
        return;
    }
    if (firmware->usable == INSPECT_YES)
        inspect_link_add(chain, "firmware table", INSPECT_YES,
                         "DMAR table with %u unit%s, interrupt remapping %s, x2APIC %s%s", firmware->unit_count,
                         firmware->unit_count == 1 ? "" : "s", (firmware->flags & 1) != 0 ? "supported" : "not supported",
                         (firmware->flags & 2) != 0 ? "opted out of" : "allowed",
                         (firmware->flags & 4) != 0 ? ", protection from external DMA asked for" : "");
    else
        inspect_link_change(inspect_link_add(chain, "firmware table", INSPECT_NO, "the DMAR table is of no use: %s",
                                             firmware->problem),
                            "update the firmware; iommukit dmar shows the table");
}

/* ---- Kernel ---- */

static bool runs_intel_units(const struct inspect_system *system)
{
    for (unsigned i = 0; i < system->iommu_count; i++)
        if (system->iommu[i].vendor == INSPECT_VENDOR_INTEL)
            return true;
    return false;
}

static void link_kernel(const struct inspect_system *system, struct inspect_chain *chain)
{
    const struct inspect_kernel *kernel = &system->kernel;
    enum inspect_answer built = kernel->option[INSPECT_CONFIG_INTEL_IOMMU];
    enum inspect_answer pasid = kernel->option[INSPECT_CONFIG_PASID];
    const char *release = kernel->release[0] != '\0' ? kernel->release : "of unknown release";
    if (built == INSPECT_UNKNOWN && runs_intel_units(system)) {
        inspect_link_add(chain, "kernel", INSPECT_YES, "Linux %s has the VT-d driver; its configuration was not found",
                         release);
    } else if (built == INSPECT_UNKNOWN) {
        inspect_link_add(chain, "kernel", INSPECT_UNKNOWN,
                         "Linux %s; its configuration was not found (/proc/config.gz, /boot/config-*)", release);
    } else if (built == INSPECT_NO || pasid == INSPECT_NO) {
        const char *lacks = built == INSPECT_NO ? "CONFIG_INTEL_IOMMU" : "CONFIG_PCI_PASID";
        inspect_link_change(inspect_link_add(chain, "kernel", INSPECT_NO, "Linux %s is built without %s (%s)", release,
                                             lacks, kernel->config_file),
                            "use a kernel with CONFIG_INTEL_IOMMU=y and CONFIG_INTEL_IOMMU_SVM=y, which brings "
                            "CONFIG_PCI_PASID");
    } else {
        inspect_link_add(chain, "kernel", INSPECT_YES, "Linux %s is built with CONFIG_INTEL_IOMMU and CONFIG_PCI_PASID",
                         release);
    }
}

/* The words that switch the unit off, or NULL. */
static const char *off_word(const struct inspect_kernel *kernel, bool graphics)
{
    if (inspect_command_line_has(kernel, "intel_iommu", "off"))
        return "intel_iommu=off";
    if (inspect_command_line_has(kernel, "iommu", "off"))
        return "iommu=off";
    if (graphics && inspect_command_line_has(kernel, "intel_iommu", "igfx_off"))
        return "intel_iommu=igfx_off";
    return NULL;
}

static void link_command_line(const struct inspect_system *system, int function, struct inspect_chain *chain)
{
    static const char name[] = "command line";
    const struct inspect_kernel *kernel = &system->kernel;
    const char *off = off_word(kernel, system->function[function].config.class_code >> 16 == 3);
    bool on = inspect_command_line_has(kernel, "intel_iommu", "on");
    enum inspect_answer by_default = kernel->option[INSPECT_CONFIG_INTEL_IOMMU_DEFAULT_ON];
    const char *pass = inspect_command_line_has(kernel, "iommu", "pt") ||
                               inspect_command_line_has(kernel, "iommu.passthrough", "1")
                           ? "; pass-through for requests without PASID (iommu=pt)"
                           : "";
    if (off != NULL)
        inspect_link_change(inspect_link_add(chain, name, INSPECT_NO, "the kernel command line says %s", off),
                            "boot without %s", off);
    else if (on)
        inspect_link_add(chain, name, INSPECT_YES, "intel_iommu=on%s", pass);
    else if (by_default == INSPECT_YES || runs_intel_units(system))
        inspect_link_add(chain, name, INSPECT_YES, "on by default%s", pass);
    else if (!kernel->has_command_line)
        inspect_link_add(chain, name, INSPECT_UNKNOWN, "proc/cmdline was not found");
    else
        inspect_link_change(inspect_link_add(chain, name, INSPECT_NO, "nothing turns VT-d on: no intel_iommu=on, and %s",
                                             by_default == INSPECT_NO ? "this kernel leaves it off by default"
                                                                      : "the kernel's default is not known"),
                            "boot with intel_iommu=on,sm_on");
}

void inspect_links_host(const struct inspect_system *system, int function, struct inspect_chain *chain)
{
    link_table(system, chain);
    link_kernel(system, chain);
    link_command_line(system, function, chain);
}

/* ---- The chain ---- */

/* The vendor of the unit that serves the function, or of whatever the machine has. */
static enum inspect_vendor vendor_of(const struct inspect_system *system, int function)
{
    int unit = system->function[function].iommu;
    if (unit != INSPECT_NONE)
        return system->iommu[unit].vendor;
    if (system->iommu_count > 0)
        return system->iommu[0].vendor;
    if (system->firmware.dmar == INSPECT_YES)
        return INSPECT_VENDOR_INTEL;
    if (system->firmware.ivrs == INSPECT_YES)
        return INSPECT_VENDOR_AMD;
    return system->firmware.iort == INSPECT_YES ? INSPECT_VENDOR_ARM : INSPECT_VENDOR_INTEL;
}

void inspect_chain_walk(const struct inspect_system *system, int function, struct inspect_chain *chain)
{
    static const char *const name[] = {
        [INSPECT_VENDOR_INTEL] = "an Intel one", [INSPECT_VENDOR_AMD] = "an AMD one",
        [INSPECT_VENDOR_ARM] = "an Arm one", [INSPECT_VENDOR_OTHER] = "of another kind"};
    enum inspect_vendor vendor = vendor_of(system, function);
    chain->count = 0;
    if (vendor == INSPECT_VENDOR_INTEL) {
        inspect_links_host(system, function, chain);
        inspect_links_unit(system, function, chain);
    } else {
        inspect_link_add(chain, "unit", INSPECT_UNKNOWN,
                         "the IOMMU is %s: only Intel VT-d is examined here, so firmware, kernel and unit are not judged",
                         name[vendor]);
    }
    inspect_links_path(system, function, chain);
    inspect_links_device(system, function, chain);
    inspect_links_use(system, function, chain);
}

enum inspect_answer inspect_chain_holds(const struct inspect_chain *chain)
{
    enum inspect_answer answer = INSPECT_YES;
    for (unsigned i = 0; i < chain->count; i++) {
        if (chain->link[i].ok == INSPECT_NO)
            return INSPECT_NO;
        if (chain->link[i].ok == INSPECT_UNKNOWN)
            answer = INSPECT_UNKNOWN;
    }
    return answer;
}

const struct inspect_link *inspect_chain_break(const struct inspect_chain *chain)
{
    for (unsigned i = 0; i < chain->count; i++)
        if (chain->link[i].ok == INSPECT_NO)
            return &chain->link[i];
    return NULL;
}
