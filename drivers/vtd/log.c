/* SPDX-License-Identifier: MIT */
/*
 * Log lines without a C library's formatting: "vtd fed90000: text 0x12". No lock; the text lives
 * on the stack. Called from all over the driver, always off the fast paths.
 */
#include "drivers/vtd/vtd.h"

#define LINE_BYTES 160u

struct line {
    char text[LINE_BYTES];
    unsigned length;
};

static void add_char(struct line *line, char letter)
{
    if (line->length + 1 < LINE_BYTES)
        line->text[line->length++] = letter;
}

static void add_text(struct line *line, const char *text)
{
    while (*text)
        add_char(line, *text++);
}

static void add_hex(struct line *line, uint64_t value)
{
    unsigned shift = 60;

    while (shift > 0 && value >> shift == 0)
        shift -= 4;
    for (;; shift -= 4) {
        add_char(line, "0123456789abcdef"[(value >> shift) & 0xf]);
        if (shift == 0)
            return;
    }
}

static void start(struct line *line, uint64_t base)
{
    line->length = 0;
    add_text(line, "vtd ");
    if (base) {
        add_hex(line, base);
        add_text(line, ": ");
    }
}

static void say(const struct iommu_platform *platform, enum iommu_log_level level,
                struct line *line)
{
    line->text[line->length] = '\0';
    host_log(platform, level, line->text);
}

void vtd_log_at(const struct iommu_platform *platform, enum iommu_log_level level, uint64_t base,
                const char *text)
{
    struct line line;

    start(&line, base);
    add_text(&line, text);
    say(platform, level, &line);
}

void vtd_log(const struct vtd_unit *unit, enum iommu_log_level level, const char *text)
{
    vtd_log_at(unit->platform, level, unit->base, text);
}

void vtd_log_value(const struct vtd_unit *unit, enum iommu_log_level level, const char *text,
                   uint64_t value)
{
    struct line line;

    start(&line, unit->base);
    add_text(&line, text);
    add_text(&line, " 0x");
    add_hex(&line, value);
    say(unit->platform, level, &line);
}
