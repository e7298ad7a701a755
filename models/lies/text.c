/* SPDX-License-Identifier: MIT */
/*
 * models/lies/text.c - a strike as one line of text. Lock: none. Called by programs and tests.
 */
#include "iommukit/model/lies.h"

struct writer {
    char *text;
    size_t bytes, used;
};

static void put(struct writer *out, const char *text)
{
    for (; *text && out->used + 1 < out->bytes; text++)
        out->text[out->used++] = *text;
    out->text[out->used] = '\0';
}

/* 16 bits at a time: a 64-bit division is a library call on 32-bit processors. */
static unsigned divide(uint64_t *value, unsigned base)
{
    uint64_t quotient = 0;
    uint32_t rest = 0;
    int shift;

    for (shift = 48; shift >= 0; shift -= 16) {
        rest = rest << 16 | (uint32_t)(*value >> shift & 0xFFFF);
        quotient = quotient << 16 | rest / base;
        rest %= base;
    }
    *value = quotient;
    return rest;
}

static void put_number(struct writer *out, uint64_t value, unsigned base, unsigned digits)
{
    char text[24];
    unsigned at = sizeof(text) - 1;

    text[at] = '\0';
    do {
        text[--at] = "0123456789abcdef"[divide(&value, base)];
    } while (value || sizeof(text) - 1 - at < digits);
    put(out, text + at);
}

static void put_hex(struct writer *out, const char *before, uint64_t value)
{
    put(out, before);
    put(out, "0x");
    put_number(out, value, 16, 1);
}

static void put_tag(struct writer *out, const char *before, uint32_t value)
{
    if (value == IOMMU_MODEL_NONE)
        return;
    put(out, before);
    put_number(out, value, 10, 1);
}

static void put_device(struct writer *out, uint32_t rid)
{
    if (rid == IOMMU_MODEL_NONE)
        return;
    put(out, ", device ");
    put_number(out, rid >> 8, 16, 2);
    put(out, ":");
    put_number(out, rid >> 3 & 0x1F, 16, 2);
    put(out, ".");
    put_number(out, rid & 7, 16, 1);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): `out` writes to it */
size_t iommu_model_strike_text(const struct iommu_model_strike *strike, char *text, size_t bytes)
{
    struct writer out = {.text = text, .bytes = bytes};
    const char *name = iommu_model_lie_name(strike->lie);

    put(&out, name ? name : "?");
    put(&out, ": ");
    put(&out, strike->what);
    put_hex(&out, ": ", strike->address);
    if (strike->page)
        put_hex(&out, " led to page ", strike->page);
    put_device(&out, strike->rid);
    put_tag(&out, ", PASID ", strike->pasid);
    put_tag(&out, ", domain ", strike->domain);
    put_tag(&out, ", unit ", strike->unit);
    if (strike->descriptors != UINT64_MAX) {
        put(&out, ", after ");
        put_number(&out, strike->descriptors, 10, 1);
        put(&out, " descriptors");
    }
    return out.used;
}
