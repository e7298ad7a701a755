/* SPDX-License-Identifier: MIT */
/* walk_meaning.c - a step of a translation in words: the model's decision and what the entry says. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "inspect/walk.h"
#include "spec/vtd_tables.h"

struct text {
    char *at;
    size_t room;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->at, text->room, format, arguments);
    va_end(arguments);
    size_t used = length > 0 && (size_t)length < text->room ? (size_t)length : text->room - 1;
    text->at += used;
    text->room -= used;
}

static void legacy_context(const uint64_t *words, struct text *text)
{
    static const char *const types[] = {"second stage", "second stage, device-TLB allowed", "pass-through",
                                        "reserved type"};
    uint64_t type = SPEC_GET(VTD_LCE0_TT, words[0]);
    add(text, ": %s, domain %" PRIu64, types[type], SPEC_GET(VTD_LCE1_DID, words[1]));
    if (type == VTD_TT_UNTRANSLATED || type == VTD_TT_DEVICE_TLB)
        add(text, ", %" PRIu64 " levels at %#" PRIx64, VTD_AW_LEVELS(SPEC_GET(VTD_LCE1_AW, words[1])),
            words[0] & VTD_LCE0_SSPTPTR);
}

static void scalable_context(const uint64_t *words, struct text *text)
{
    uint64_t pdts = SPEC_GET(VTD_SCE0_PDTS, words[0]);
    add(text, ": PASID directory at %#" PRIx64 " for PASIDs below %#" PRIx64, words[0] & VTD_SCE0_PASIDDIRPTR,
        (uint64_t)1 << VTD_PDTS_PASIDS_LG2(pdts));
    add(text, ", requests without PASID use %#" PRIx64 ", with PASID are %s",
        SPEC_GET(VTD_SCE1_RID_PASID, words[1]), words[0] & VTD_SCE0_PASIDE ? "allowed" : "refused");
    if (words[0] & VTD_SCE0_DTE)
        add(text, ", device-TLB allowed");
}

static void pasid_entry(const uint64_t *words, struct text *text)
{
    uint64_t type = SPEC_GET(VTD_PE0_PGTT, words[0]), did = SPEC_GET(VTD_PE1_DID, words[1]);
    uint64_t first = words[2] & VTD_PE2_FSPTPTR, second = words[0] & VTD_PE0_SSPTPTR;
    unsigned levels = SPEC_GET(VTD_PE2_FSPM, words[2]) == VTD_FSPM_5LEVEL ? 5 : 4;
    uint64_t second_levels = VTD_AW_LEVELS(SPEC_GET(VTD_PE0_AW, words[0]));
    switch (type) {
    case VTD_PGTT_FIRST:
        add(text, ": first stage, domain %" PRIu64 ", %u levels at %#" PRIx64, did, levels, first);
        break;
    case VTD_PGTT_SECOND:
        add(text, ": second stage, domain %" PRIu64 ", %" PRIu64 " levels at %#" PRIx64, did, second_levels, second);
        break;
    case VTD_PGTT_NESTED:
        add(text, ": nested, domain %" PRIu64 ", %u levels at guest %#" PRIx64 " on %" PRIu64 " levels at %#" PRIx64,
            did, levels, first, second_levels, second);
        break;
    case VTD_PGTT_PASS_THROUGH:
        add(text, ": pass-through, domain %" PRIu64, did);
        break;
    default:
        add(text, ": reserved type %" PRIu64 ", domain %" PRIu64, type, did);
        break;
    }
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* The address of a large page has lower bits that mean something else. */
static uint64_t page_of(const struct iommu_model_step *step, unsigned level)
{
    uint64_t address = step->entry[0] & VTD_SS_ADDR;
    if (level == 1 || !(step->entry[0] & VTD_SS_PS)) /* the same bit in both stages */
        return address;
    return address & ~(SPEC_BIT64(VTD_LEVEL_SHIFT(level)) - 1);
}

static void page_entry(const struct iommu_model_step *step, struct text *text)
{
    uint64_t entry = step->entry[0];
    unsigned level = (unsigned)(step->what[strlen(step->what) - 1] - '0');
    uint64_t page = page_of(step, level);
    if (starts(step->what, "second-stage")) {
        if (entry & (VTD_SS_R | VTD_SS_W))
            add(text, ": %#" PRIx64 ", %s%s", page, entry & VTD_SS_R ? "r" : "-", entry & VTD_SS_W ? "w" : "-");
    } else if (entry & VTD_FS_P) {
        add(text, ": %#" PRIx64 ", r%s%s", page, entry & VTD_FS_RW ? "w" : "-",
            entry & VTD_FS_US ? "" : ", privileged only");
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): `out` writes to it */
const char *inspect_walk_meaning(const struct iommu_model_step *step, char text[INSPECT_WALK_MEANING])
{
    struct text out = {text, INSPECT_WALK_MEANING};
    const uint64_t *words = step->entry;
    add(&out, "%s", step->decision);
    if (step->words == 0 || !(words[0] & 3))
        return text;
    if (strcmp(step->what, "context entry") == 0)
        legacy_context(words, &out);
    else if (strcmp(step->what, "scalable context entry") == 0)
        scalable_context(words, &out);
    else if (strcmp(step->what, "PASID table entry") == 0)
        pasid_entry(words, &out);
    else if (starts(step->what, "second-stage level") || starts(step->what, "first-stage level"))
        page_entry(step, &out);
    else if (strcmp(step->what, "root entry") == 0 || strcmp(step->what, "PASID directory entry") == 0)
        add(&out, ": table at %#" PRIx64, words[0] & VTD_PTR);
    return text;
}
