/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/differential.h - QEMU's VT-d and the model's, side by side: the same memory,
 * the same register writes and descriptors, the same DMA.
 *
 * Two models look at QEMU's memory. `model` has caches and gets everything that QEMU gets; its
 * answers are what is tested. `fresh` never remembers anything and only explains; with it and
 * with what is known of QEMU's own caches, predict.c says beforehand what QEMU will do. Then
 *   - QEMU must do exactly that, and
 *   - where it is not what `model` answers, a row of the table in known.c must apply.
 *
 * arena.c memory; twin.c the units, their queue and fault records; tables.c and mutate.c random
 * tables; predict.c and repair.c QEMU's answer; known.c the differences; ledger.c what the model
 * may hold; episode.c and changes.c the run.
 */
#ifndef TESTS_DIFFERENTIAL_DIFFERENTIAL_H
#define TESTS_DIFFERENTIAL_DIFFERENTIAL_H

#include "iommukit/host/qemu.h"
#include "iommukit/model/vtd.h"
#include "spec/vtd_faults.h"
#include "spec/vtd_queue.h"
#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"
#include "tests/common/seed.h"

/* ---- arena.c ------------------------------------------------------------------------------- */

#define TABLE_PAGES 512u
#define DATA_BYTES  ((uint64_t)4 << 20)
#define PATCHES     32u

struct arena {
    uint8_t *ram; /* physical address 0 */
    uint64_t ram_bytes;
    uint64_t tables;                      /* pool of TABLE_PAGES pages */
    uint64_t ring, status, dump, pattern; /* a page each */
    uint64_t data; /* DATA_BYTES, aligned to 2 MiB; each word tells its own address */
    unsigned used; /* pages of the pool */
};

/* What a model sees of it. */
struct view {
    struct arena *arena;
    bool forbidden; /* something was looked at where a real machine has devices or firmware */
    unsigned reads; /* since view_begin */
    unsigned patches;
    struct {
        unsigned read; /* the how-manieth read after view_begin */
        uint64_t value;
    } patch[PATCHES]; /* words that read otherwise than they are */
};

bool arena_create(struct arena *arena, struct iommu_qemu *qemu);
uint64_t arena_page(struct arena *arena); /* of the pool, zeroed */
uint64_t *arena_words(const struct arena *arena, uint64_t pa);
bool arena_is_ram(const struct arena *arena, uint64_t pa);
bool arena_is_hole(const struct arena *arena, uint64_t pa);
bool arena_is_data(const struct arena *arena, uint64_t pa);
uint64_t arena_content(uint64_t pa); /* of the data word at pa */
void arena_host(struct view *view, struct iommu_model_host *host);
void view_begin(struct view *view);
void view_patch(struct view *view, unsigned read, uint64_t value);

/* ---- twin.c -------------------------------------------------------------------------------- */

struct unit_kind {
    const char *name;
    bool scalable; /* QEMU's option; the table mode is the episode's choice */
    uint8_t aw_bits;
};

struct record {
    bool there;
    uint8_t reason;
    uint16_t rid;
    bool read;
    uint64_t page;
};

#define TWIN_DEVICES 13u /* the last one's devfn has bit 7 set: upper context table */

struct twin {
    const struct unit_kind *kind;
    struct iommu_qemu *qemu;
    const struct iommu_platform *platform;
    uint8_t *base;              /* the unit's registers */
    uint8_t *edu[TWIN_DEVICES]; /* the devices', once used */
    int major;
    uint64_t cap, ecap; /* QEMU's own */
    struct iommu_model_vtd *model, *fresh;
    struct iommu_model_host model_host, fresh_host;
    struct view model_view, fresh_view;
    struct arena arena;
    uint64_t tail, ring_bytes;
    unsigned ttm;
    bool wide;
    uint32_t stamp; /* of the last wait */
};

/* 0, or as iommu_qemu_create; *why says more. */
int twin_start(struct twin *twin, const struct unit_kind *kind, const char **why);
void twin_stop(struct twin *twin);
/* Translation off, queue set up anew, root table set, everything invalidated; translation
 * still off. */
void twin_mode(struct twin *twin, uint64_t root, unsigned ttm, bool wide);
void twin_enable(struct twin *twin, bool on);
/* A descriptor, not yet seen by anybody; then let both carry out what was submitted. False: a
 * unit did not. */
void twin_submit(struct twin *twin, uint64_t w0, uint64_t w1);
bool twin_run(struct twin *twin);
/* Submit something that must be refused, and recover. False: they did not agree that it is
 * wrong. */
bool twin_run_bad(struct twin *twin, uint64_t w0, uint64_t w1);
/* Take the fault record of each, and clear it. */
void twin_records(struct twin *twin, struct record *qemu, struct record *model);
/* Device `index`: move bytes between its buffer, from `at`, and bus address iova. */
bool twin_transfer(struct twin *twin, unsigned index, uint64_t iova, unsigned at, unsigned bytes,
                   bool write);

/* ---- tables.c, mutate.c -------------------------------------------------------------------- */

#define DEVICES  5u
#define DOMAINS  5u
#define CLUSTERS 6u
#define ENTRIES  256u

struct domain {
    uint64_t top;
    unsigned aw;
    uint16_t did;
    bool pass; /* pass-through: no tables */
};

struct device {
    unsigned index; /* QEMU's */
    uint16_t rid;
    uint64_t context;   /* address of its context entry */
    uint64_t directory; /* scalable */
    uint64_t table;     /* PASID table */
    uint32_t pasid;     /* RID_PASID that its context has */
    unsigned domain;
};

struct tables {
    struct arena *arena;
    struct seed seed;
    bool scalable, rid_pasid; /* the unit honours RID_PASID */
    bool hostile;
    unsigned width; /* bits */
    uint64_t root;
    struct device device[DEVICES];
    struct domain domain[DOMAINS];
    uint64_t cluster[CLUSTERS];
    uint64_t entry[ENTRIES]; /* addresses of page-table entries in use */
    uint8_t entry_level[ENTRIES];
    uint64_t entry_iova[ENTRIES];
    uint8_t entry_domain[ENTRIES];
    unsigned entries;
    int aim_device, aim_entry; /* what the next change is to hit; -1: anything */
    char note[160];            /* what was changed last, in words */
};

/* What changed, for an invalidation that means it. */
struct change {
    uint16_t did;
    uint16_t rid;
    uint32_t pasid;
    uint64_t iova;
    unsigned level; /* of the page-table entry; 0: context or PASID entry */
};

bool tables_chance(struct tables *tables, unsigned one_in);
uint64_t tables_below(struct tables *tables, uint64_t below);
void tables_build(struct tables *tables);
/* Let the device use the domain, by entries as they should be. */
void tables_attach(struct tables *tables, struct device *device, unsigned domain);
uint64_t tables_leaf(struct tables *tables, unsigned level);
void tables_map(struct tables *tables, unsigned domain, uint64_t iova, unsigned level);
uint64_t tables_hostile_word(struct tables *tables, uint64_t word);
struct change tables_mutate(struct tables *tables);
uint64_t tables_iova(struct tables *tables, const struct device *device);
/* An entry, mostly of the device's own domain, and an address below it. */
unsigned tables_entry(struct tables *tables, const struct device *device);
uint64_t tables_iova_at(struct tables *tables, unsigned i);

/* ---- known.c ------------------------------------------------------------------------------- */

enum known {
    KNOWN_WINDOW,
    KNOWN_BYPASS,
    KNOWN_PASS_LIMIT,
    KNOWN_PASID_CACHE,
    KNOWN_PAGING_CACHE,
    KNOWN_IOTLB_TAG,
    KNOWN_IOTLB_LESS,
    KNOWN_IOTLB_PAGES,
    KNOWN_CONTEXT_LESS,
    KNOWN_SILENT,
    KNOWN_PRESENT,
    KNOWN_ROOT_HALVES,
    KNOWN_CONTEXT_BITS,
    KNOWN_PDTS,
    KNOWN_DIRECTORY_BITS,
    KNOWN_ENTRY_BITS,
    KNOWN_ENTRY_TYPE,
    KNOWN_ENTRY_WIDTH,
    KNOWN_ENTRY_POINTER,
    KNOWN_PASS_POINTER,
    KNOWN_SNOOP,
    KNOWN_WINDOW_OVERLAP,
    KNOWN_CONTEXT_FPD,
    KNOWN_PASID_FPD,
    KNOWN_RIGHTS_FIRST,
    KNOWN_ALL_ONES,
    KNOWN_COUNT
};

#define KNOWN(bit) ((uint32_t)1 << (bit))

/* Does this version of QEMU differ so? */
bool known_applies(enum known known, int major);
void known_count(uint32_t rules);
void known_print(void);
void known_names(uint32_t rules, char *text, size_t bytes);

/* ---- predict.c, repair.c ------------------------------------------------------------------- */

#define HELD 512u

/* QEMU's IOTLB is named by requester and PASID. */
struct held {
    uint16_t rid, did;
    uint32_t pasid;
    uint64_t page, pa;
    uint8_t lg2;
    bool read, write;
    bool lost; /* to an invalidation that should not have reached it */
};

struct qemu_caches {
    struct held held[HELD];
    unsigned count;
    struct {
        bool cached;
        uint64_t words[4];
        bool bypass; /* no translation at all: pass-through as it was when last looked at */
    } device[DEVICES];
};

/* One walk as QEMU does it: entries that it reads more generously are patched until nothing is
 * left to patch. */
struct walk {
    struct iommu_model_result result;
    struct iommu_model_explanation explanation;
    uint32_t rules;
    bool strict;    /* QEMU refuses what the model accepts */
    uint8_t reason; /* QEMU's, if strict */
    bool routed;    /* context and PASID entry are good */
    bool pass;
    bool fpd;
    bool fpd_early; /* set before the PASID entry is looked at */
    bool bad_entry; /* the PASID entry itself is unusable */
    uint16_t did;
    uint32_t pasid;
};

struct prediction {
    bool avoid; /* not to be tried: could reach devices, or kill QEMU */
    bool blocked;
    bool nowhere; /* goes through, to no memory */
    bool recorded;
    uint8_t reason; /* QEMU's number */
    uint64_t pa;
    uint32_t rules;          /* known differences met on the way */
    bool lost;               /* QEMU's IOTLB had it, but for KNOWN_IOTLB_PAGES */
    const struct held *from; /* answered by QEMU's IOTLB */
    bool from_context;       /* by its context cache */
    struct walk walk;        /* if the tables were walked */
};

void predict_forget(struct qemu_caches *caches);
void predict_enabled(struct qemu_caches *caches, struct twin *twin, const struct tables *tables);
void predict_invalidated(struct qemu_caches *caches, struct twin *twin, const struct tables *tables,
                         uint64_t w0, uint64_t w1);
void predict(struct qemu_caches *caches, struct twin *twin, const struct tables *tables, unsigned i,
             uint64_t iova, unsigned bytes, bool write, struct prediction *out);
/* QEMU's number for the model's reason. */
uint8_t predict_reason(const struct twin *twin, uint8_t fault, bool write);

void repair_walk(struct twin *twin, const struct tables *tables, const struct device *device,
                 const uint64_t *context, uint64_t iova, unsigned bytes, bool write,
                 struct walk *walk);
const struct iommu_model_step *repair_step(const struct iommu_model_explanation *explanation,
                                           const char *what);
bool repair_is_level(const struct iommu_model_step *step);

/* ---- episode.c ----------------------------------------------------------------------------- */

struct tally {
    uint64_t dmas, episodes, avoided, blocked, known, deaths, bad_descriptors;
};

/* One world, built from the seed, used and torn down. False: QEMU died. A difference fails the
 * test. */
bool episode_run(struct twin *twin, uint64_t seed, struct tally *tally);

#endif
