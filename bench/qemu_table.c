/* SPDX-License-Identifier: MIT */
/*
 * bench/qemu_table.c - a translation cache in the shape of QEMU's: a GLib hash table with a key of page, PASID, source and
 * level, one probe a level, an allocation an insert, emptied when it holds 1024, searched from end to end for an
 * invalidation, all under one mutex. Our own code after that structure; without QEMU's memory API around it, so kinder.
 */
#include <glib.h>
#include <stdlib.h>

#include "bench/peer.h"

#define ENTRIES_MAX  1024u
#define PAGE_LG2     12u
#define STRIDE_LG2   9u
#define LEVELS       4u
#define ADDRESS      0x000FFFFFFFFFF000u
#define PRESENT      3u
#define LARGE        0x80u
#define SOURCE       0x08u
#define PASID        1u

#ifdef __clang__
#define BUILD "clang -O2"
#else
#define BUILD "gcc -O2"
#endif

struct key {
    uint64_t page;
    uint32_t pasid;
    uint16_t source;
    uint8_t level;
};

struct entry {
    uint64_t page, address, mask, leaf;
    uint32_t pasid;
    uint16_t domain;
    uint8_t rights;
};

struct tlb {
    GHashTable *table;
    GMutex lock;
    const uint8_t *memory;
    uint64_t root;
};

static guint hash(gconstpointer at)
{
    const struct key *key = at;
    return (guint)(key->page | (uint64_t)key->source << 40 | (uint64_t)key->pasid << 44 | (uint64_t)key->level << 60);
}

static gboolean equal(gconstpointer a, gconstpointer b)
{
    const struct key *left = a, *right = b;
    return left->page == right->page && left->source == right->source && left->pasid == right->pasid &&
           left->level == right->level;
}

static unsigned shift(unsigned level)
{
    return PAGE_LG2 + STRIDE_LG2 * (level - 1);
}

static void *create(const uint8_t *memory, uint64_t root)
{
    struct tlb *tlb = g_new0(struct tlb, 1);
    tlb->table = g_hash_table_new_full(hash, equal, g_free, g_free);
    g_mutex_init(&tlb->lock);
    tlb->memory = memory;
    tlb->root = root;
    return tlb;
}

static void destroy(void *at)
{
    struct tlb *tlb = at;
    g_hash_table_destroy(tlb->table);
    g_mutex_clear(&tlb->lock);
    g_free(tlb);
}

static const struct entry *find(struct tlb *tlb, uint64_t iova)
{
    for (unsigned level = 1; level <= 3; level++) {
        const struct key key = {iova >> shift(level), PASID, SOURCE, (uint8_t)level};
        const struct entry *entry = g_hash_table_lookup(tlb->table, &key);
        if (entry != NULL)
            return entry;
    }
    return NULL;
}

/* Reads go through a function, as every access to a guest's memory does. */
static __attribute__((noinline)) uint64_t read_entry(const struct tlb *tlb, uint64_t pa)
{
    return __atomic_load_n((const uint64_t *)(const void *)(tlb->memory + pa), __ATOMIC_RELAXED);
}

static const struct entry *walk(struct tlb *tlb, uint64_t iova)
{
    uint64_t table = tlb->root, value = 0;
    unsigned level = LEVELS;
    struct entry *entry;
    struct key *key;
    for (;; level--, table = value & ADDRESS) {
        value = read_entry(tlb, table + (iova >> shift(level) & 511) * 8);
        if ((value & PRESENT) == 0)
            return NULL;
        if (level == 1 || (value & LARGE) != 0)
            break;
    }
    if (g_hash_table_size(tlb->table) >= ENTRIES_MAX)
        g_hash_table_remove_all(tlb->table);
    entry = g_new(struct entry, 1);
    key = g_new(struct key, 1);
    *entry = (struct entry){.page = iova >> shift(level), .address = value & ADDRESS, .mask = ~((UINT64_C(1) << shift(level)) - 1),
                            .leaf = value, .pasid = PASID, .domain = 1, .rights = value & PRESENT};
    *key = (struct key){iova >> shift(level), PASID, SOURCE, (uint8_t)level};
    g_hash_table_replace(tlb->table, key, entry);
    return entry;
}

static uint64_t translate(void *at, const uint64_t *iova, unsigned count)
{
    struct tlb *tlb = at;
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct entry *entry;
        g_mutex_lock(&tlb->lock);
        entry = find(tlb, iova[i]);
        if (entry == NULL)
            entry = walk(tlb, iova[i]);
        if (entry != NULL && (entry->rights & 1) != 0)
            sum += (entry->address & entry->mask) | (iova[i] & ~entry->mask);
        g_mutex_unlock(&tlb->lock);
    }
    return sum;
}

struct range {
    uint64_t iova, mask;
    uint16_t domain;
};

static gboolean matches(gpointer key, gpointer value, gpointer user)
{
    const struct entry *entry = value;
    const struct range *range = user;
    (void)key;
    return entry->domain == range->domain &&
           ((entry->page & range->mask) == (range->iova >> PAGE_LG2 & range->mask) ||
            entry->page == (range->iova & entry->mask) >> PAGE_LG2);
}

static void invalidate_page(void *at, uint64_t iova)
{
    struct tlb *tlb = at;
    struct range range = {iova, ~UINT64_C(0), 1};
    g_mutex_lock(&tlb->lock);
    g_hash_table_foreach_remove(tlb->table, matches, &range);
    g_mutex_unlock(&tlb->lock);
}

static void clear(void *at)
{
    struct tlb *tlb = at;
    g_hash_table_remove_all(tlb->table);
}

static const struct bench_peer_tlb offered = {"QEMU-shaped table", create, destroy, translate, invalidate_page, clear};

static void open_peer(const struct bench_peer_host *host)
{
    (void)host;
}

extern const struct bench_peer iommukit_bench_peer;
__attribute__((visibility("default"))) const struct bench_peer iommukit_bench_peer = {
    .version = BENCH_PEER_VERSION, .name = "QEMU-shaped table", .build = BUILD, .open = open_peer, .tlb = &offered};
