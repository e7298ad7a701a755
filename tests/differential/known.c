/* SPDX-License-Identifier: MIT */
/*
 * tests/differential/known.c - where QEMU is known to differ, from which major version to which,
 * and why that is no fault of the model. predict.c and repair.c say in each case what QEMU does
 * instead; nothing else is tolerated.
 */
#include "tests/differential/differential.h"

#include <stdio.h>

#define ANY 9999

struct row {
    const char *name;
    int first, last; /* QEMU's major versions */
    const char *reason;
};

static const struct row rows[KNOWN_COUNT] = {
    [KNOWN_WINDOW] = {"interrupt range", 0, ANY,
                      "requests to FEEx_xxxx go to QEMU's interrupt code, which records nothing of "
                      "those that are no interrupt"},
    [KNOWN_BYPASS] = {"pass-through is a switch", 0, ANY,
                      "QEMU decides on pass-through when a context is invalidated or first used "
                      "and then translates nothing"},
    [KNOWN_PASS_LIMIT] =
        {"pass-through without limit", 0, ANY,
         "QEMU does not compare a passed-through address with the host address width"},
    [KNOWN_PASID_CACHE] = {"no PASID cache", 0, 10,
                           "QEMU reads the PASID entry each time; a unit may remember it"},
    [KNOWN_PAGING_CACHE] = {"no paging-structure cache", 0, ANY,
                            "QEMU walks from the top each time; a unit may remember upper levels"},
    [KNOWN_IOTLB_TAG] =
        {"IOTLB named by requester", 0, ANY,
         "QEMU finds a translation by requester and PASID, whatever domain the tables name by now"},
    [KNOWN_IOTLB_LESS] = {"IOTLB holds less", 0, ANY,
                          "QEMU remembers a translation for the requester alone that made it, and "
                          "none that was refused"},
    [KNOWN_IOTLB_PAGES] = {"IOTLB loses more", 0, ANY,
                           "an invalidation by page compares no more than the low 8 bits of page "
                           "numbers, and none from AM 8"},
    [KNOWN_CONTEXT_LESS] = {"context cache holds less", 0, 10,
                            "QEMU forgets a context whatever domain id an invalidation by device "
                            "names, and does not remember one "
                            "whose PASID entry is bad"},
    [KNOWN_SILENT] =
        {"no right, from IOTLB", 0, ANY,
         "an access for which a held translation has no right is refused, but not recorded"},
    [KNOWN_PRESENT] = {"PASID entry's P", 0, 10,
                       "with the context remembered, QEMU does not look at P of the PASID entry"},
    [KNOWN_ROOT_HALVES] = {"both halves of a root entry", 0, ANY,
                           "QEMU refuses reserved bits in the half of a scalable root entry that "
                           "the request does not need"},
    [KNOWN_CONTEXT_BITS] =
        {"context bits of absent features", 0, ANY,
         "QEMU takes DTE, PASIDE, PRE and RID_PRIV without the features they belong to"},
    [KNOWN_PDTS] = {"PDTS", 0, 10, "QEMU does not compare RID_PASID with the directory's size"},
    [KNOWN_DIRECTORY_BITS] = {"PASID directory's reserved bits", 0, ANY, "not checked"},
    [KNOWN_ENTRY_BITS] = {"PASID entry's reserved bits", 0, ANY, "not checked"},
    [KNOWN_ENTRY_TYPE] = {"first stage and nested", 0, 9,
                          "QEMU accepts these types and walks the second-stage pointer"},
    [KNOWN_ENTRY_WIDTH] =
        {"width of pass-through", 0, 9,
         "QEMU wants a valid AW in every PASID entry; it is ignored for pass-through"},
    [KNOWN_ENTRY_POINTER] = {"PASID entry's pointer", 0, ANY,
                             "beyond the host address width QEMU tries to read it, and reports a "
                             "first table that cannot be read"},
    [KNOWN_PASS_POINTER] =
        {"pointer of pass-through", 0, ANY,
         "QEMU wants a context's unused table pointer within the host address width"},
    [KNOWN_SNOOP] = {"SNP", 0, 9,
                     "accepted in a leaf when scalable mode is configured, without ECAP.SC"},
    [KNOWN_WINDOW_OVERLAP] =
        {"large page across the interrupt range", 0, ANY,
         "QEMU refuses all of a page that touches FEEx_xxxx, not only addresses inside"},
    [KNOWN_CONTEXT_FPD] =
        {"FPD and reserved context bits", 0, ANY,
         "QEMU records reserved bits in a context entry although the entry's FPD asks it not to"},
    [KNOWN_PASID_FPD] =
        {"FPD and PASID entries", 0, 9,
         "what is wrong with directory or PASID entry is recorded whatever FPD says"},
    [KNOWN_RIGHTS_FIRST] = {"rights first", 0, ANY,
                            "QEMU looks for the right that is wanted at each level, and before "
                            "reserved bits; the reason differs"},
    [KNOWN_ALL_ONES] = {"entry of all ones", 0, ANY, "taken for a failed read; the reason differs"},
};

static uint64_t uses[KNOWN_COUNT];

bool known_applies(enum known known, int major)
{
    return major >= rows[known].first && major <= rows[known].last;
}

void known_count(uint32_t rules)
{
    unsigned i;

    for (i = 0; i < KNOWN_COUNT; i++)
        uses[i] += rules >> i & 1;
}

void known_names(uint32_t rules, char *text, size_t bytes)
{
    size_t length = 0;
    unsigned i;

    text[0] = 0;
    for (i = 0; i < KNOWN_COUNT && length < bytes; i++) {
        if (rules >> i & 1)
            length += (size_t)snprintf(text + length, bytes - length, "%s%s", length ? "; " : "",
                                       rows[i].name);
    }
}

void known_print(void)
{
    unsigned i;

    printf("# known differences and how often each decided:\n");
    for (i = 0; i < KNOWN_COUNT; i++)
        printf("#  %7llu %s%s\n", (unsigned long long)uses[i], rows[i].name,
               uses[i] ? "" : " (never used)");
}
