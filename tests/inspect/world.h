/* SPDX-License-Identifier: MIT */
/*
 * tests/inspect/world.h - the dump maker: a modelled machine, our own driver on it, and from both what `iommukit maps`,
 * `walk` and `audit` read: an ELF core, a register file, a DMAR table, a /proc/iomem.
 *
 *     world_open, world_domain, world_map, world_attach ...    a machine in order
 *     world_poke, world_set_register ...                       one flaw
 *     world_save                                               the files, named in world.path
 *     world_close
 *
 * Three accelerators 00:01.0 to 00:03.0 behind one unit that includes all, translation on, fault events on, interrupts
 * remapped by an empty table. One world at a time. Every helper fails the test when it cannot do its work.
 */
#ifndef TESTS_INSPECT_WORLD_H
#define TESTS_INSPECT_WORLD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "iommukit/host/model.h"
#include "iommukit/iommu.h"
#include "iommukit/vtd.h"

#define WORLD_DEVICES   3u
#define WORLD_PAGE      UINT64_C(4096)
#define WORLD_RAM       (UINT64_C(64) << 20)
#define WORLD_UNIT_BASE UINT64_C(0xfed90000)
#define WORLD_IOVA      UINT64_C(0x40000000)
#define WORLD_RW        (IOMMU_READ | IOMMU_WRITE)

/* All zero: preset "scalable", scalable mode, no device-TLBs. */
struct world_config {
    const char *preset;  /* of the model */
    uint64_t cap_set, cap_clear, ecap_set, ecap_clear;
    enum iommu_vtd_mode mode;
    bool ats;            /* let the devices cache translations */
    const struct iommu_model_region_config *regions; /* RMRRs */
    unsigned region_count;
};

enum world_pages {
    WORLD_ALL,    /* the core holds all memory */
    WORLD_TABLES, /* only what the unit reads, as a filtered dump */
};

#define WORLD_OVERRIDES 16u
#define WORLD_BLOCKS    8192u
#define WORLD_POKES     512u
#define WORLD_DOMAINS   64u
#define WORLD_PATH      512u

struct world_override {
    char name[16];
    uint64_t value;
    bool absent; /* leave it out of the file */
};

/* Pages that were handed out for tables. */
struct world_block {
    uint64_t pa, pages;
};

struct world {
    struct world_config config;
    struct iommu_model_host_machine *host;
    struct iommu_model_machine *machine;
    struct iommu_posix *memory;
    struct iommu_platform platform;
    struct iommu *iommu;
    struct iommu_device *device[WORLD_DEVICES];
    struct iommu_domain *domain[WORLD_DOMAINS];
    unsigned domains;
    uint64_t interrupt_table;
    struct world_block block[WORLD_BLOCKS];
    unsigned blocks;
    struct world_override override[WORLD_OVERRIDES];
    unsigned overrides;
    struct {
        uint64_t pa, before;
    } poked[WORLD_POKES]; /* undone at the end: the driver takes its tables apart itself */
    unsigned pokes;
    struct {
        char folder[WORLD_PATH], memory[WORLD_PATH], registers[WORLD_PATH], dmar[WORLD_PATH], iomem[WORLD_PATH];
    } path;
};

void world_open(struct world *world, const struct world_config *config);
/* Devices, domains, instance and files go. */
void world_close(struct world *world);

uint16_t world_rid(unsigned device);
struct iommu_domain *world_domain(struct world *world, enum iommu_stage stage);
/* `bytes` of fresh memory (a power of two) mapped at iova; its physical address. */
uint64_t world_map(struct world *world, struct iommu_domain *domain, uint64_t iova, uint64_t bytes, uint32_t prot);
void world_map_at(struct world *world, struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t bytes,
                  uint32_t prot);
/* pasid: a number, or IOMMU_NO_PASID. */
void world_attach(struct world *world, struct iommu_domain *domain, unsigned device, uint32_t pasid);
/* A fresh domain with one fresh writable page at WORLD_IOVA, attached; for a device that shall be there. */
struct iommu_domain *world_tenant(struct world *world, enum iommu_stage stage, unsigned device, uint32_t pasid);
/* One 8-byte write of the device; true: it went through. */
bool world_dma(struct world *world, unsigned device, uint32_t pasid, uint64_t iova);

/* ---- looking, and planting flaws */

uint64_t world_peek(struct world *world, uint64_t pa);
void world_poke(struct world *world, uint64_t pa, uint64_t value);
/* A page for a forged table; zeroed, and it counts as table. */
uint64_t world_table(struct world *world);

/* Physical addresses of entries, as hardware finds them; 0 where nothing is present above. */
uint64_t world_root_entry(struct world *world, uint16_t rid);
uint64_t world_context_entry(struct world *world, uint16_t rid);
uint64_t world_directory_entry(struct world *world, uint16_t rid, uint32_t pasid);
uint64_t world_pasid_entry(struct world *world, uint16_t rid, uint32_t pasid);
/* Of the page-table entry at `level` (1: leaf) for iova, below this top table. */
uint64_t world_page_entry(struct world *world, uint64_t top, unsigned levels, unsigned level, uint64_t iova);

uint64_t world_register(struct world *world, uint32_t offset, unsigned bits);
/* What the register file says instead of the unit's value: "GSTS", "FRCD0_HI", ... */
void world_set_register(struct world *world, const char *name, uint64_t value);
void world_drop_register(struct world *world, const char *name);

void world_save(struct world *world, enum world_pages pages);

#endif
