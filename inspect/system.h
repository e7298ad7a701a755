/* SPDX-License-Identifier: MIT */
/*
 * system.h - a machine as Linux shows it in /sys, /proc and PCI configuration space: the one this runs on, or a copy.
 *
 * Everything is read once, on opening, and is plain data afterwards. What could not be read is not an error: it is
 * INSPECT_UNKNOWN where it would have been, and a note says how to get it.
 */
#ifndef INSPECT_SYSTEM_H
#define INSPECT_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/bdf.h"
#include "inspect/why.h"

enum inspect_answer { INSPECT_UNKNOWN, INSPECT_NO, INSPECT_YES };

/* ---- Remapping units, sys/class/iommu ---- */

enum inspect_vendor { INSPECT_VENDOR_INTEL, INSPECT_VENDOR_AMD, INSPECT_VENDOR_ARM, INSPECT_VENDOR_OTHER };

struct inspect_iommu {
    enum inspect_vendor vendor;
    char name[64];            /* "dmar0" */
    bool has_address, has_version, has_capabilities, has_domains;
    uint64_t address;
    unsigned major, minor;
    uint64_t cap, ecap;       /* Intel's CAP and ECAP; AMD's capability header and extended features */
    uint64_t domains_supported, domains_used;
};

/* ---- PCI functions, sys/bus/pci/devices ---- */

/* A function's place in PCI Express. */
enum inspect_port {
    INSPECT_PORT_CONVENTIONAL, /* no PCI Express capability */
    INSPECT_PORT_ENDPOINT,
    INSPECT_PORT_ROOT,
    INSPECT_PORT_UPSTREAM,
    INSPECT_PORT_DOWNSTREAM,
    INSPECT_PORT_TO_PCI,       /* PCI Express above, conventional PCI below */
    INSPECT_PORT_TO_EXPRESS,   /* the other way round */
    INSPECT_PORT_INTEGRATED,   /* endpoint inside the root complex */
    INSPECT_PORT_COLLECTOR,    /* event collector */
    INSPECT_PORT_UNKNOWN,      /* configuration space was cut off before it */
};

/* What configuration space says. Fields of capabilities hold only if `extended` is INSPECT_YES. */
struct inspect_config {
    unsigned bytes;            /* that could be read: 0, 64, 256, 4096 */
    uint16_t vendor, device;
    uint32_t class_code;       /* base class, subclass, interface */
    bool multifunction, bridge;
    uint8_t secondary, subordinate; /* of a bridge */
    enum inspect_port port;
    enum inspect_answer prefixes; /* end-to-end TLP prefixes pass */
    enum inspect_answer extended; /* are the extended capabilities known? INSPECT_NO: it has no such space */
    bool ats, ats_enabled;
    bool pri, pri_enabled;
    bool pasid, pasid_enabled;
    uint8_t pasid_bits;
    bool acs;
    uint16_t acs_capability, acs_control;
    bool siov;                 /* Intel's capability of Scalable I/O Virtualization */
    bool sriov;
};

#define INSPECT_NONE (-1)

struct inspect_function {
    struct inspect_bdf bdf;
    char name[16];             /* as sysfs writes it, "0000:00:02.0" */
    char text[96];             /* vendor and device in words, or "8086:0b25" */
    struct inspect_config config;
    int above;                 /* the bridge above it, an index; INSPECT_NONE: on a root bus */
    int physical;              /* of a virtual function: its physical function */
    int group;                 /* the group's number */
    int iommu;                 /* index of the unit that serves it */
    char driver[64];           /* "": none */
    bool parent_of_mdevs;      /* the driver offers mediated devices */
    enum inspect_answer accelerator_pasid; /* idxd's pasid_enabled */
    unsigned work_queues;      /* idxd's queues that are enabled */
};

/* ---- Groups, sys/kernel/iommu_groups ---- */

struct inspect_region {
    uint64_t base, last;
    char type[24];             /* "direct", "direct-relaxable", "reserved", "msi" */
};

struct inspect_group {
    int number;
    char type[24];             /* "DMA", "DMA-FQ", "identity", ...; "" where the kernel does not say */
    unsigned member_count;
    int *member;               /* indices of functions; owned */
    unsigned other_count;      /* members that are no PCI functions */
    char (*other)[64];         /* their names; owned */
    unsigned region_count;
    struct inspect_region *region; /* owned */
};

/* ---- Firmware and kernel ---- */

enum inspect_kernel_option {
    INSPECT_CONFIG_INTEL_IOMMU,
    INSPECT_CONFIG_INTEL_IOMMU_DEFAULT_ON,
    INSPECT_CONFIG_SCALABLE_DEFAULT_ON,
    INSPECT_CONFIG_PASSTHROUGH,
    INSPECT_CONFIG_PASID,
    INSPECT_CONFIG_AMD_IOMMU,
    INSPECT_CONFIG_COUNT
};

struct inspect_kernel {
    char release[64];
    bool has_command_line;
    char command_line[4096];
    char config_file[128];     /* "": no configuration was found */
    enum inspect_answer option[INSPECT_CONFIG_COUNT];
    enum inspect_answer hypervisor; /* does this run inside a virtual machine? */
    bool amd;                  /* an AMD processor */
};

struct inspect_firmware {
    enum inspect_answer dmar, ivrs, iort; /* is there such a table? */
    enum inspect_answer readable;  /* of the DMAR table */
    enum inspect_answer usable;    /* would a driver take it? INSPECT_UNKNOWN unless readable */
    unsigned unit_count;           /* that a driver finds in it */
    uint8_t flags;                 /* bit 0 interrupt remapping, 1 x2APIC opted out of, 2 protection asked for */
    char problem[200];             /* why it is not usable */
    uint8_t *bytes;                /* the DMAR table; owned */
    size_t size;
};

#define INSPECT_NOTES_MAX 16u

struct inspect_system {
    char root[512];            /* without a slash at the end: "" for this machine */
    bool live;
    struct inspect_kernel kernel;
    struct inspect_firmware firmware;
    unsigned iommu_count, function_count, group_count;
    struct inspect_iommu *iommu;
    struct inspect_function *function; /* by segment and address */
    struct inspect_group *group;
    unsigned note_count;
    char note[INSPECT_NOTES_MAX][200]; /* what could not be read, and how to get it */
};

/* root: NULL or "/" for this machine. 0; -ENOENT: there is neither /sys nor /proc below root; -EINVAL, -ENOMEM. */
int inspect_system_open(const char *root, struct inspect_system **opened, struct inspect_why *why);
void inspect_system_close(struct inspect_system *system);

/* Index of a function or INSPECT_NONE. */
int inspect_system_find(const struct inspect_system *system, struct inspect_bdf bdf);
/* The bridge whose buses lead to this bus, or INSPECT_NONE for a root bus. */
int inspect_system_bridge_to(const struct inspect_system *system, uint16_t segment, uint8_t bus);
/* Index of a group by its number, or INSPECT_NONE. */
int inspect_system_group(const struct inspect_system *system, int number);

/*
 * Is `word` among the values of option `name` on the kernel command line, "intel_iommu=on,sm_on"? word NULL: does
 * the option occur at all?
 */
bool inspect_command_line_has(const struct inspect_kernel *kernel, const char *name, const char *word);

/*
 * Why there is no IOMMU here, in one sentence: no firmware table, switched off, a kernel without it, a virtual
 * machine. Only if iommu_count is 0.
 */
void inspect_system_absence(const struct inspect_system *system, char *text, size_t size);

const char *inspect_port_name(enum inspect_port port);

#endif
