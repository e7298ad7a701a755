/* SPDX-License-Identifier: MIT */
/*
 * core/iova_tree.c - which blocks of a domain's address space are free.
 *
 * A radix tree with 64 slots a node. A block of order o is a run of 2^(o % 6) slots of one node of level o / 6. Slots
 * that are wholly free have no node below; every branch knows the largest free block of each slot, so that the way
 * down to the lowest block that fits never leads astray. The tree begins with one leaf and grows at its top when the
 * addresses that it covers are used up; a node that has become empty is freed, except for those at the top,
 * which threads without the lock may be passing through: they go with the last block.
 *
 * Windows cost nothing until the search comes by: only then does a node mark what lies in one.
 *
 * Under space.lock, but for iova_find().
 */
#include "core/host.h"
#include "core/iova.h"
#include "core/reach.h"

/* The way from the root to a node. */
struct path {
    struct iova_branch *branch[IOVA_LEVELS_MAX]; /* [depth - 1] is the node's parent */
    uint8_t slot[IOVA_LEVELS_MAX];
    unsigned depth;
    struct iova_node *node;
    uint64_t page; /* first that the node covers */
};

static struct iova_branch *as_branch(struct iova_node *node)
{
    return (struct iova_branch *)node;
}

static struct iova_node *root_of(struct iova_space *space)
{
    return atomic_load_explicit(&space->root, memory_order_relaxed);
}

static struct iova_node *child_of(struct iova_branch *branch, unsigned slot)
{
    return atomic_load_explicit(&branch->child[slot], memory_order_relaxed);
}

static unsigned shift_of(const struct iova_node *node)
{
    return node->shift;
}

static size_t bytes_of(const struct iova_node *node)
{
    return node->level ? sizeof(struct iova_branch) : sizeof(struct iova_node);
}

static bool is_empty(const struct iova_node *node)
{
    return node->used == node->withheld;
}

/* ---- what is free within a node ----------------------------------------------------------------------- */

/* Where aligned runs of 2^lg2 free slots begin. */
static uint64_t free_runs(uint64_t used, unsigned lg2)
{
    static const uint64_t begin[IOVA_SLOT_LG2] = {UINT64_MAX,         0x5555555555555555u,
                                                  0x1111111111111111u, 0x0101010101010101u,
                                                  0x0001000100010001u, 0x0000000100000001u};
    uint64_t runs = ~used;

    for (unsigned i = 0; i < lg2; i++)
        runs &= runs >> ((unsigned)1 << i);
    return runs & begin[lg2];
}

static uint64_t run_mask(unsigned slot, unsigned lg2)
{
    return ((((uint64_t)1 << ((unsigned)1 << lg2)) - 1)) << slot;
}

static uint8_t best_of_slots(const struct iova_branch *branch)
{
    uint8_t best = 0;

    for (unsigned slot = 0; slot < IOVA_SLOTS; slot++)
        best = branch->best[slot] > best ? branch->best[slot] : best;
    return best;
}

static uint8_t best_of(struct iova_node *node)
{
    unsigned lg2 = 0;

    if (node->used == UINT64_MAX)
        return node->level ? best_of_slots(as_branch(node)) : 0;
    while (lg2 + 1 < IOVA_SLOT_LG2 && free_runs(node->used, lg2 + 1))
        lg2++;
    return (uint8_t)(shift_of(node) + lg2 + 1);
}

/* The node has changed: tell those above. */
static void settle(const struct path *path)
{
    struct iova_node *node = path->node;

    node->best = best_of(node);
    for (unsigned at = path->depth; at-- > 0;) {
        struct iova_branch *branch = path->branch[at];

        branch->best[path->slot[at]] = node->best;
        node = &branch->node;
        node->best = best_of(node);
    }
}

/* Slots become used, or free again; a branch's other notes on them follow. */
static void mark(struct iova_node *node, uint64_t slots, bool used)
{
    if (used)
        node->used |= slots;
    else
        node->used &= ~slots;
    if (!node->level)
        return;
    for (; slots; slots &= slots - 1)
        as_branch(node)->best[iova_lowest(slots)] = used ? 0 : (uint8_t)(shift_of(node) + 1);
}

/* ---- windows ------------------------------------------------------------------------------------------ */

/* Does [first, last] touch addresses that must not be handed out? */
static bool is_windowed(const struct iova_space *space, uint64_t first, uint64_t last)
{
    struct iommu_domain *domain = space->domain;

    if (first < space->first || last > space->last)
        return true;
    for (uint32_t i = 0; i < space->window_count; i++)
        if (first <= space->windows[i].last && last >= space->windows[i].first)
            return true;
    return reach_is_reserved(domain, first << IOMMU_PAGE_LG2, (last << IOMMU_PAGE_LG2) | (IOMMU_PAGE_SIZE - 1));
}

/* Does all of it lie in one of them? Asked for whole slots; the driver answers for single pages only. */
static bool is_within_window(const struct iova_space *space, uint64_t first, uint64_t last)
{
    if (last < space->first || first > space->last)
        return true;
    for (uint32_t i = 0; i < space->window_count; i++)
        if (first >= space->windows[i].first && last <= space->windows[i].last)
            return true;
    return first == last && is_windowed(space, first, last);
}

static void withhold(const struct iova_space *space, struct iova_node *node, uint64_t page)
{
    uint64_t span = (uint64_t)1 << shift_of(node), last = page + (span << IOVA_SLOT_LG2) - 1, slots = 0;

    for (unsigned slot = 0; slot < IOVA_SLOTS && is_windowed(space, page, last); slot++, page += span)
        if (is_within_window(space, page, page + span - 1))
            slots |= (uint64_t)1 << slot;
    node->withheld = slots;
    mark(node, slots, true);
}

/* ---- nodes -------------------------------------------------------------------------------------------- */

static struct iova_node *make_node(const struct iova_space *space, unsigned level, uint64_t page)
{
    struct iova_node *node =
        host_alloc(space->domain->iommu->platform,
                   level ? sizeof(struct iova_branch) : sizeof(struct iova_node));

    if (!node)
        return NULL;
    node->level = (uint8_t)level;
    node->shift = (uint8_t)(level * IOVA_SLOT_LG2);
    mark(node, UINT64_MAX, false);
    withhold(space, node, page);
    node->best = best_of(node);
    return node;
}

static void free_node(const struct iova_space *space, struct iova_node *node)
{
    host_free(space->domain->iommu->platform, node, bytes_of(node));
}

static void start_path(struct iova_space *space, struct path *path)
{
    path->node = root_of(space);
    path->depth = 0;
    path->page = 0;
}

static void step_down(struct path *path, unsigned slot, struct iova_node *child)
{
    path->page += (uint64_t)slot << shift_of(path->node);
    path->branch[path->depth] = as_branch(path->node);
    path->slot[path->depth++] = (uint8_t)slot;
    path->node = child;
}

/* A node below a slot that is free, and settled. -ENOMEM. */
static int add_child(struct iova_space *space, struct path *path, unsigned slot)
{
    struct iova_branch *branch = as_branch(path->node);
    uint64_t page = path->page + ((uint64_t)slot << shift_of(path->node));
    struct iova_node *child = make_node(space, path->node->level - 1u, page);

    if (!child)
        return -IOMMU_ENOMEM;
    mark(&branch->node, (uint64_t)1 << slot, true);
    atomic_store_explicit(&branch->child[slot], child, memory_order_release);
    branch->best[slot] = child->best;
    settle(path);
    return 0;
}

/* Free the nodes at the end of the path that have become empty, but not the root. */
static void prune(struct iova_space *space, struct path *path)
{
    while (path->depth && is_empty(path->node)) {
        struct iova_node *gone = path->node;
        struct iova_branch *branch = path->branch[--path->depth];
        unsigned slot = path->slot[path->depth];

        atomic_store_explicit(&branch->child[slot], NULL, memory_order_release);
        mark(&branch->node, (uint64_t)1 << slot, false);
        free_node(space, gone);
        path->node = &branch->node;
        settle(path);
    }
}

static int first_child(struct iova_branch *branch, unsigned from)
{
    for (; from < IOVA_SLOTS; from++)
        if (child_of(branch, from))
            return (int)from;
    return -1;
}

void iova_tree_drop(struct iova_space *space)
{
    unsigned next[IOVA_LEVELS_MAX + 1] = {0};
    struct path path;

    start_path(space, &path);
    atomic_store_explicit(&space->root, NULL, memory_order_release);
    while (path.node) {
        int slot = path.node->level ? first_child(as_branch(path.node), next[path.depth]) : -1;

        if (slot >= 0) {
            next[path.depth] = (unsigned)slot + 1;
            step_down(&path, (unsigned)slot, child_of(as_branch(path.node), (unsigned)slot));
            next[path.depth] = 0;
            continue;
        }
        free_node(space, path.node);
        path.node = path.depth ? &path.branch[--path.depth]->node : NULL;
    }
}

/* ---- growing ------------------------------------------------------------------------------------------ */

/* One level more on top, or a first leaf. -ENOSPC: the tree covers all addresses there are. */
static int grow(struct iova_space *space)
{
    struct iova_node *old = root_of(space), *root;
    unsigned level = old ? old->level + 1u : 0;
    struct path path;

    if (old && space->last >> (level * IOVA_SLOT_LG2) == 0)
        return -IOMMU_ENOSPC;
    root = make_node(space, level, 0);
    if (!root)
        return -IOMMU_ENOMEM;
    if (old) {
        mark(root, 1, true);
        root->withheld &= ~(uint64_t)1; /* the old root says more */
        as_branch(root)->best[0] = old->best;
        atomic_store_explicit(&as_branch(root)->child[0], old, memory_order_relaxed);
    }
    atomic_store_explicit(&space->root, root, memory_order_release);
    start_path(space, &path);
    settle(&path);
    return 0;
}

/* ---- taking ------------------------------------------------------------------------------------------- */

/* Do windows touch these slots, of a branch? Then nodes must tell what is free of them. */
static int carve(struct iova_space *space, struct path *path, unsigned slot, unsigned lg2)
{
    unsigned shift = shift_of(path->node), end = slot + (1u << lg2);
    int carved = 0;

    for (; slot < end; slot++) {
        uint64_t page = path->page + ((uint64_t)slot << shift);

        if (!is_windowed(space, page, page + ((uint64_t)1 << shift) - 1))
            continue;
        if (add_child(space, path, slot))
            return -IOMMU_ENOMEM;
        carved = 1;
    }
    return carved;
}

/* The lowest slot of a branch below which a block of that order is free; there is one. */
static unsigned lowest_slot(const struct iova_branch *branch, unsigned order)
{
    unsigned slot = 0;

    while (branch->best[slot] <= order)
        slot++;
    return slot;
}

/*
 * Down to the node with the lowest free block of that order; *slot is where it begins. The tree as it stands:
 * -ENOSPC if it has none, or none that ends by `limit`.
 */
static int descend(struct iova_space *space, unsigned order, uint64_t limit, struct path *path,
                   unsigned *slot)
{
    unsigned lg2 = order % IOVA_SLOT_LG2, level = order / IOVA_SLOT_LG2;

    for (;;) {
        uint64_t page, pages = (uint64_t)1 << order;
        bool here;
        int result;

        if (!path->node || path->node->best <= order)
            return -IOMMU_ENOSPC;
        here = path->node->level == level;
        *slot = here ? iova_lowest(free_runs(path->node->used, lg2))
                     : lowest_slot(as_branch(path->node), order);
        page = path->page + ((uint64_t)*slot << shift_of(path->node));
        if (page > limit || limit - page < pages - 1)
            return -IOMMU_ENOSPC;
        if (here) {
            result = level ? carve(space, path, *slot, lg2) : 0;
            if (result <= 0)
                return result;
            start_path(space, path);
            continue;
        }
        if (!child_of(as_branch(path->node), *slot)) {
            result = add_child(space, path, *slot);
            if (result)
                return result;
            start_path(space, path); /* a window may have changed the picture */
            continue;
        }
        step_down(path, *slot, child_of(as_branch(path->node), *slot));
    }
}

/* Take blocks from the node that was found, the first of them at `slot`. */
static int take_here(struct iova_space *space, struct path *path, unsigned order, unsigned slot,
                     uint64_t limit, struct iova_block *blocks, unsigned count)
{
    unsigned lg2 = order % IOVA_SLOT_LG2, shift = shift_of(path->node), taken = 0;
    uint64_t runs = free_runs(path->node->used, lg2) & (UINT64_MAX << slot), slots = 0;

    for (; runs && taken < count; runs &= runs - 1) {
        unsigned at = iova_lowest(runs);
        uint64_t page = path->page + ((uint64_t)at << shift);

        if (page > limit || limit - page < ((uint64_t)1 << order) - 1)
            break;
        slots |= run_mask(at, lg2);
        blocks[taken++] = (struct iova_block){page, &path->node->state[at]};
    }
    mark(path->node, slots, true);
    settle(path);
    space->live += taken;
    return (int)taken;
}

/* To the leaf of that page; it may have no room. */
static int descend_near(struct iova_space *space, uint64_t near, struct path *path)
{
    start_path(space, path);
    if (!path->node || near >> shift_of(path->node) >= IOVA_SLOTS)
        return -IOMMU_ENOSPC;
    while (path->node->level) {
        unsigned at = (unsigned)(near >> shift_of(path->node)) % IOVA_SLOTS;
        struct iova_node *child = child_of(as_branch(path->node), at);

        if (!child)
            return -IOMMU_ENOSPC;
        step_down(path, at, child);
    }
    return 0;
}

/* To the lowest leaf that nobody has begun, within what the tree covers: that is more than the very first leaf, so that
 * the second CPU has one of its own, too. */
static int descend_apart(struct iova_space *space, unsigned order, uint64_t limit,
                         struct path *path, unsigned *slot)
{
    int result;

    if (root_of(space) && !root_of(space)->level)
        (void)grow(space); /* or share it */
    start_path(space, path);
    result = descend(space, IOVA_SLOT_LG2, limit, path, slot);
    if (!result)
        result = add_child(space, path, *slot);
    if (result)
        return result;
    step_down(path, *slot, child_of(as_branch(path->node), *slot));
    *slot = iova_lowest(free_runs(path->node->used, order));
    return 0;
}

/* To the lowest leaf that has room; the tree grows when none has. */
static int descend_anywhere(struct iova_space *space, unsigned order, uint64_t limit,
                            struct path *path, unsigned *slot)
{
    int result;

    do {
        start_path(space, path);
        result = descend(space, order, limit, path, slot);
    } while (result == -IOMMU_ENOSPC && !(result = grow(space)));
    return result;
}

int iova_tree_take(struct iova_space *space, unsigned order, uint64_t limit, uint64_t *near,
                   struct iova_block *blocks, unsigned count)
{
    struct path path;
    unsigned slot;
    int taken = 0;

    if (near && *near != IOVA_ANYWHERE && !descend_near(space, *near, &path))
        taken = take_here(space, &path, order, 0, limit, blocks, count);
    if (!taken && near && !descend_apart(space, order, limit, &path, &slot))
        taken = take_here(space, &path, order, slot, limit, blocks, count);
    if (!taken) {
        int result = descend_anywhere(space, order, limit, &path, &slot);

        if (result) {
            if (!space->live)
                iova_tree_drop(space);
            return result;
        }
        taken = take_here(space, &path, order, slot, limit, blocks, count);
    }
    if (near)
        *near = blocks[0].page;
    return taken;
}

/* ---- giving back -------------------------------------------------------------------------------------- */

/* Give back the first blocks that lie in one node; how many they are. */
static unsigned put_some(struct iova_space *space, unsigned order, const struct iova_block *blocks,
                         unsigned count)
{
    unsigned level = order / IOVA_SLOT_LG2, node_shift = (level + 1) * IOVA_SLOT_LG2, done = 0;
    uint64_t page = blocks[0].page, slots = 0;
    struct path path;

    start_path(space, &path);
    while (path.node->level > level) {
        unsigned slot = (unsigned)(page >> shift_of(path.node)) % IOVA_SLOTS;

        step_down(&path, slot, child_of(as_branch(path.node), slot));
    }
    for (; done < count && blocks[done].page >> node_shift == page >> node_shift; done++)
        slots |= run_mask((unsigned)(blocks[done].page >> shift_of(path.node)) % IOVA_SLOTS,
                          order % IOVA_SLOT_LG2);
    mark(path.node, slots, false);
    settle(&path);
    prune(space, &path);
    return done;
}

void iova_tree_put(struct iova_space *space, unsigned order, const struct iova_block *blocks,
                   unsigned count)
{
    for (unsigned done = 0; done < count;)
        done += put_some(space, order, blocks + done, count - done);
    space->live -= count;
    if (!space->live)
        iova_tree_drop(space);
}
