/* SPDX-License-Identifier: MIT */
/* options.c - the command line of `iommukit share`, through argp. */
#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "share.h"

enum { KEY_TENANTS = 0x100, KEY_BYTES, KEY_OPS, KEY_PLATFORM, KEY_DMAR, KEY_MODE, KEY_STAGE, KEY_SEED, KEY_JSON };

static const struct argp_option option_list[] = {
    {"tenants", KEY_TENANTS, "N", 0, "Share among N tenants, 2 to 65535 (default 8; 4 on QEMU)", 0},
    {"bytes", KEY_BYTES, "SIZE", 0, "Buffer of each tenant, 4K to 64M; K, M suffixes (default 64K)", 0},
    {"ops", KEY_OPS, "N", 0, "Random operations of each tenant (default 16)", 0},
    {"platform", KEY_PLATFORM, "model|qemu", 0, "The hardware: our model, or a real QEMU (default model)", 0},
    {"dmar", KEY_DMAR, "FILE", 0, "Build the modelled machine from this ACPI DMAR table", 0},
    {"mode", KEY_MODE, "scalable|legacy", 0, "Mode of the remapping units (default scalable)", 0},
    {"stage", KEY_STAGE, "first|second", 0, "Page-table format (default second)", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of every random choice (default: from the clock; printed)", 0},
    {"json", KEY_JSON, NULL, 0, "Print one JSON object instead of a table", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static uint64_t parse_number(struct argp_state *state, const char *what, const char *text, bool suffix,
                             uint64_t min, uint64_t max)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 0);
    bool good = isdigit((unsigned char)text[0]) && errno == 0;
    if (good && suffix && *end != '\0') {
        unsigned shift = *end == 'K' || *end == 'k' ? 10 : *end == 'M' || *end == 'm' ? 20 : 64;
        good = shift < 64 && value <= (UINT64_MAX >> shift);
        if (good) {
            value <<= shift;
            end++;
        }
    }
    if (!good || *end != '\0')
        argp_error(state, "--%s: '%s' is not a number", what, text);
    else if (value < min || value > max)
        argp_error(state, "--%s: %s is outside %llu to %llu", what, text, (unsigned long long)min,
                   (unsigned long long)max);
    return value;
}

/* Which of two words; anything else is bad usage. */
static bool parse_choice(struct argp_state *state, const char *what, const char *text, const char *no,
                         const char *yes)
{
    if (strcmp(text, yes) == 0)
        return true;
    if (strcmp(text, no) != 0)
        argp_error(state, "--%s: '%s' is neither %s nor %s", what, text, no, yes);
    return false;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct share_options *options = state->input;
    switch (key) {
    case KEY_TENANTS:
        options->tenants =
            (unsigned)parse_number(state, "tenants", text, false, SHARE_TENANTS_MIN, SHARE_TENANTS_MAX);
        return 0;
    case KEY_BYTES:
        options->bytes = parse_number(state, "bytes", text, true, SHARE_PAGE, SHARE_BYTES_MAX);
        return 0;
    case KEY_OPS:
        options->ops = (unsigned)parse_number(state, "ops", text, false, 0, 1000000);
        return 0;
    case KEY_PLATFORM:
        options->platform = parse_choice(state, "platform", text, "model", "qemu") ? SHARE_PLATFORM_QEMU
                                                                                   : SHARE_PLATFORM_MODEL;
        return 0;
    case KEY_DMAR:
        options->dmar = text;
        return 0;
    case KEY_MODE:
        options->mode = parse_choice(state, "mode", text, "scalable", "legacy") ? IOMMU_VTD_MODE_LEGACY
                                                                                : IOMMU_VTD_MODE_SCALABLE;
        return 0;
    case KEY_STAGE:
        options->stage =
            parse_choice(state, "stage", text, "first", "second") ? IOMMU_STAGE_SECOND : IOMMU_STAGE_FIRST;
        return 0;
    case KEY_SEED:
        options->seed = parse_number(state, "seed", text, false, 0, INT64_MAX);
        return 0;
    case KEY_JSON:
        options->json = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", text);
        return 0;
    case ARGP_KEY_END:
        if (options->platform == SHARE_PLATFORM_QEMU && options->dmar != NULL)
            argp_error(state, "--dmar describes a modelled machine; QEMU brings its own");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static uint64_t clock_seed(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    /* 32 bits are enough choice, and short enough to type again. */
    return ((uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 7) & UINT32_MAX;
}

void share_parse(int argc, char **argv, struct share_options *options)
{
    static const struct argp parser = {
        .options = option_list,
        .parser = parse_option,
        .doc = "Share one device among tenants, each with a domain and a PASID of its own and all with the "
               "same addresses; then let everyone attack everyone, and say whether anything got through."
               "\vExit status: 0 isolated, 1 a leak or lost data, 2 bad usage or bad input.",
    };

    *options = (struct share_options){
        .bytes = 64 << 10,
        .ops = 16,
        .mode = IOMMU_VTD_MODE_SCALABLE,
        .stage = IOMMU_STAGE_SECOND,
        .seed = clock_seed(),
    };
    argp_parse(&parser, argc, argv, 0, NULL, options);
}
