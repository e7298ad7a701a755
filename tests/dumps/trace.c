/* SPDX-License-Identifier: MIT */
/*
 * tests/dumps/trace.c - QEMU's trace read from start to end: each new translation is noted, each
 * invalidation takes away what it covers; what is left was live when the machine was stopped.
 */
#include <stdlib.h>
#include <string.h>

#include "spec/vtd_queue.h"
#include "spec/vtd_tables.h"
#include "tests/dumps/dump.h"

static bool note(struct dump *dump, const struct live *live)
{
    struct live *more;
    size_t i;

    for (i = 0; i < dump->lives; i++) {
        if (dump->live[i].rid == live->rid && dump->live[i].iova == live->iova) {
            dump->live[i] = *live;
            return true;
        }
    }
    more = realloc(dump->live, (dump->lives + 1) * sizeof *more);
    if (!more)
        return false;
    dump->live = more;
    dump->live[dump->lives++] = *live;
    return true;
}

static bool covered(const struct live *live, uint64_t w0, uint64_t w1)
{
    uint64_t am = SPEC_GET(VTD_QI_IOTLB1_AM, w1) + VTD_PAGE_LG2;
    uint64_t g = SPEC_GET(VTD_QI_IOTLB_G, w0);

    if (SPEC_GET(VTD_QI_TYPE, w0) == VTD_QI_TYPE_IOTLB && g == VTD_QI_IOTLB_G_GLOBAL)
        return true;
    if (SPEC_GET(VTD_QI_IOTLB_DID, w0) != live->did)
        return false;
    return g == VTD_QI_IOTLB_G_DOMAIN || live->iova >> am == w1 >> am;
}

/* Types 2 and 6 have domain id, granularity and address in the same places. */
static void invalidated(struct dump *dump, uint64_t w0, uint64_t w1)
{
    uint64_t type = SPEC_GET(VTD_QI_TYPE, w0);
    size_t i = 0;

    if (type != VTD_QI_TYPE_IOTLB && type != VTD_QI_TYPE_PIOTLB)
        return;
    while (i < dump->lives) {
        if (covered(&dump->live[i], w0, w1))
            dump->live[i] = dump->live[--dump->lives];
        else
            i++;
    }
}

/* The number behind a word. False: the line does not have it. */
static bool value(const char *line, const char *word, uint64_t *out)
{
    const char *at = strstr(line, word);
    char *end;

    if (!at)
        return false;
    *out = strtoull(at + strlen(word), &end, 0);
    return end != at + strlen(word);
}

static bool starts(const char *line, const char *word)
{
    return strncmp(line, word, strlen(word)) == 0;
}

static bool read_line(struct dump *dump, const char *line)
{
    uint64_t sid, iova, entry, did, high, low;

    if (starts(line, "vtd_iotlb_page_update ")) {
        struct live live;

        if (!value(line, " sid ", &sid) || !value(line, " iova ", &iova) ||
            !value(line, " slpte ", &entry) || !value(line, " domain ", &did))
            return false;
        live = (struct live){(uint16_t)sid, (unsigned)did, iova & ~(uint64_t)(VTD_PAGE_BYTES - 1),
                             entry};
        return note(dump, &live);
    }
    if (starts(line, "vtd_inv_desc ")) {
        if (!value(line, " high ", &high) || !value(line, " low ", &low))
            return false;
        invalidated(dump, low, high);
    } else if (starts(line, "vtd_dmar_enable ")) {
        dump->lives = 0;
    }
    return true;
}

const char *trace_load(struct dump *dump, const char *path)
{
    size_t bytes;
    char *text = (char *)image_unpack(path, &bytes), *line, *rest = NULL;
    bool ok = text != NULL;

    for (line = ok ? strtok_r(text, "\n", &rest) : NULL; line && ok;
         line = strtok_r(NULL, "\n", &rest))
        ok = read_line(dump, line);
    free(text);
    return ok ? NULL : "the trace cannot be read";
}
