/* SPDX-License-Identifier: MIT */
/*
 * trees.c - the page table of a domain, attached or not: its pages, reserved bits, and each leaf against the runs
 * that the test knows and against iommu_iova_to_phys.
 *
 *   second stage  0 read, 1 write (both 0: empty), 7 large page, 11 snoop, 51:12 address, rights from all levels
 *   first stage   0 present, 1 write, 2 user, 5 accessed, 7 large page, 51:12 address
 * Bits that hardware ignores are not looked at.
 */
#include "tests/checker/checker.h"

#include <string.h>

#define BIT(n)     (UINT64_C(1) << (n))
#define BITS(a, b) ((BIT((a) - (b)) * 2 - 1) << (b))

struct tree {
    struct checker *checker;
    unsigned domain;
    bool first_stage;
    struct iommu_geometry geometry;
    uint64_t cap, ecap;
    /* The next thing that the test says is mapped: `run` from address `next` on. */
    struct checker_run run;
    unsigned run_index;
    uint64_t next;
    bool expecting;
};

static void expect_next(struct tree *tree)
{
    const struct checker_facts *facts = tree->checker->facts;

    tree->expecting =
        facts->run != NULL && facts->run(facts->ctx, tree->domain, tree->run_index++, &tree->run);
    if (tree->expecting)
        tree->next = tree->run.first;
}

static void missing(struct tree *tree)
{
    uint64_t pa = tree->run.pa + (tree->next - tree->run.first);
    checker_find(tree->checker,
                 "domain %u: %#llx to %#llx is not in the table, it should lead to %#llx",
                 tree->domain, (unsigned long long)tree->next, (unsigned long long)tree->run.last,
                 (unsigned long long)pa);
    expect_next(tree);
}

/* ---- leaves --------------------------------------------------------------------------------------------- */

struct leaf {
    uint64_t at, iova, pa;
    uint32_t prot;
    unsigned lg2;
};

static void compare_leaf(struct tree *tree, const struct leaf *leaf)
{
    const struct checker_run *run = &tree->run;
    uint64_t pa = run->pa + (leaf->iova - run->first);

    if (leaf->pa != pa)
        checker_find(tree->checker,
                     "domain %u: the entry at %#llx takes %#llx to %#llx, not to %#llx",
                     tree->domain, (unsigned long long)leaf->at, (unsigned long long)leaf->iova,
                     (unsigned long long)leaf->pa, (unsigned long long)pa);
    if (leaf->prot != run->prot)
        checker_find(tree->checker,
                     "domain %u: the entry at %#llx gives %#llx the rights %u, not %u",
                     tree->domain, (unsigned long long)leaf->at, (unsigned long long)leaf->iova,
                     leaf->prot, run->prot);
    if (leaf->lg2 != run->leaf_lg2)
        checker_find(tree->checker,
                     "domain %u: the entry at %#llx for %#llx is a page of 2^%u bytes, not 2^%u",
                     tree->domain, (unsigned long long)leaf->at, (unsigned long long)leaf->iova,
                     leaf->lg2, run->leaf_lg2);
}

static void check_leaf(struct tree *tree, const struct leaf *leaf)
{
    uint64_t last = leaf->iova + (BIT(leaf->lg2) - 1);

    while (tree->expecting && tree->next < leaf->iova)
        missing(tree);
    if (tree->checker->facts->run == NULL)
        return;
    if (!tree->expecting || tree->next != leaf->iova) {
        checker_find(tree->checker,
                     "domain %u: the entry at %#llx maps %#llx to %#llx, which nobody asked for",
                     tree->domain, (unsigned long long)leaf->at, (unsigned long long)leaf->iova,
                     (unsigned long long)leaf->pa);
        while (tree->expecting && tree->next <= last)
            expect_next(tree);
        return;
    }
    compare_leaf(tree, leaf);
    tree->next = last + 1;
    if (last >= tree->run.last)
        expect_next(tree);
}

/* ---- entries -------------------------------------------------------------------------------------------- */

/* CAP 34: 2 MiB and 35: 1 GiB pages of the second stage; 56: 1 GiB pages of the first, which always has 2 MiB. */
static bool has_size(const struct tree *tree, unsigned level)
{
    unsigned second = level == 2 ? 34 : 35;

    if (level == 1 || level > 3)
        return level == 1;
    if (tree->first_stage)
        return level == 2 || (tree->cap >> 56 & 1) != 0;
    return (tree->cap >> second & 1) != 0;
}

static uint64_t reserved(const struct tree *tree, unsigned level, bool leaf)
{
    uint64_t rsvd = BITS(51, 12) & ~(BIT(tree->checker->address_bits) - 1);

    if (leaf && level > 1)
        rsvd |= (BIT(12 + 9 * (level - 1)) - 1) & BITS(51, tree->first_stage ? 13 : 12);
    if (level > 1 && !has_size(tree, level))
        rsvd |= BIT(7);
    if (!tree->first_stage) /* ECAP 7: snoop control */
        rsvd |= BITS(62, leaf ? 61 : 62) | (leaf && (tree->ecap >> 7 & 1) != 0 ? 0 : BIT(11));
    return rsvd;
}

static uint32_t rights(const struct tree *tree, uint64_t entry)
{
    if (tree->first_stage)
        return (entry & 4) == 0 ? 0 : (entry & 2) != 0 ? IOMMU_READ | IOMMU_WRITE : IOMMU_READ;
    return (uint32_t)(entry & 3);
}

/* ECAP 48 clear: hardware cannot set the accessed bit, and refuses an entry without it. */
static void check_bits(struct tree *tree, uint64_t at, unsigned level, uint64_t entry, bool leaf)
{
    uint64_t wrong = entry & reserved(tree, level, leaf);

    if (wrong != 0)
        checker_find(tree->checker,
                     "domain %u: entry at %#llx, level %u: reserved bits %#llx are set",
                     tree->domain, (unsigned long long)at, level, (unsigned long long)wrong);
    if (tree->first_stage && !(tree->ecap >> 48 & 1) && !(entry & BIT(5)))
        checker_find(tree->checker,
                     "domain %u: entry at %#llx, level %u: the accessed bit is clear, and walks "
                     "do not snoop",
                     tree->domain, (unsigned long long)at, level);
}

/* NOLINTNEXTLINE(misc-no-recursion): down a level each time, five at most */
static void walk(struct tree *tree, uint64_t table, unsigned level, uint64_t iova, uint32_t prot)
{
    const uint64_t *words = checker_words(tree->checker, table);
    uint64_t present = tree->first_stage ? 1 : 3;
    unsigned shift = 12 + 9 * (level - 1);

    for (unsigned i = 0; i < 512; i++) {
        uint64_t entry = words[i], at = table + i * 8;
        bool leaf = level == 1 || (entry >> 7 & 1) != 0;

        if (!(entry & present))
            continue;
        check_bits(tree, at, level, entry, leaf);
        uint64_t address = entry & BITS(51, 12);
        if (leaf) {
            const struct leaf found = {.at = at,
                                       .iova = iova + ((uint64_t)i << shift),
                                       .pa = address & ~(BIT(shift) - 1),
                                       .prot = prot & rights(tree, entry),
                                       .lg2 = shift};
            check_leaf(tree, &found);
        } else if (checker_claim(tree->checker, address, 0, CHECKER_DOMAIN(tree->domain), at,
                                 "page table")) {
            walk(tree, address, level - 1, iova + ((uint64_t)i << shift),
                 prot & rights(tree, entry));
        }
    }
}

unsigned checker_leaf_lg2(struct checker *checker, const struct iommu_domain *domain, uint64_t iova)
{
    struct iommu_geometry geometry;
    uint64_t table = checker_root(checker, domain);

    iommu_domain_geometry(domain, &geometry);
    for (unsigned level = geometry.levels; level > 0 && table != 0; level--) {
        unsigned shift = 12 + 9 * (level - 1);
        uint64_t entry = __atomic_load_n(checker_words(checker, table) + (iova >> shift & 511),
                                         __ATOMIC_ACQUIRE);

        if (!(entry & (geometry.stage == IOMMU_STAGE_FIRST ? 1 : 3)))
            return 0;
        if (level == 1 || (entry >> 7 & 1) != 0)
            return shift;
        table = entry & BITS(51, 12);
    }
    return 0;
}

/* ---- the API's own answer ------------------------------------------------------------------------------- */

static void ask(struct checker *checker, unsigned domain, uint64_t iova, uint64_t expected)
{
    uint64_t pa = 0;
    int result = iommu_iova_to_phys(checker->facts->domains[domain], iova, &pa);

    if (result != 0 || pa != expected)
        checker_find(checker,
                     "domain %u: iommu_iova_to_phys(%#llx) says %d, %#llx; it should be %#llx",
                     domain, (unsigned long long)iova, result, (unsigned long long)pa,
                     (unsigned long long)expected);
}

static void ask_about_runs(struct checker *checker, unsigned domain)
{
    struct checker_run run;

    for (unsigned i = 0; checker->facts->run(checker->facts->ctx, domain, i, &run); i++) {
        ask(checker, domain, run.first, run.pa);
        ask(checker, domain, run.last, run.pa + (run.last - run.first));
    }
}

void checker_domain_tree(struct checker *checker, unsigned domain)
{
    const struct checker_domain *about = &checker->domain[domain];
    struct tree tree = {
        .checker = checker, .domain = domain, .cap = about->cap, .ecap = about->ecap};

    iommu_domain_geometry(checker->facts->domains[domain], &tree.geometry);
    unsigned levels = tree.geometry.levels;
    if (levels == 0)
        return;
    if (levels > 5) {
        checker_find(checker, "domain %u: its tables have %u levels", domain, levels);
        return;
    }
    tree.first_stage = tree.geometry.stage == IOMMU_STAGE_FIRST;
    expect_next(&tree);
    /* The page of zeros is many domains', and the driver's: nobody's tree. */
    if (checker_is_empty(checker, about->root))
        walk(&tree, about->root, levels, 0, IOMMU_READ | IOMMU_WRITE);
    else if (checker_claim(checker, about->root, 0, CHECKER_DOMAIN(domain), 0, "top page table"))
        walk(&tree, about->root, levels, 0, IOMMU_READ | IOMMU_WRITE);
    while (tree.expecting)
        missing(&tree);
    if (checker->facts->run != NULL)
        ask_about_runs(checker, domain);
}
