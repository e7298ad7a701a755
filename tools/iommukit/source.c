/* SPDX-License-Identifier: MIT */
/* source.c - see source.h. */
#include "source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommukit/dmar.h"
#include "output.h"

#define DMAR_BYTES_MAX ((size_t)1 << 20)

enum { KEY_MEMORY = 0x200, KEY_FORMAT, KEY_RAW_BASE, KEY_REGISTERS, KEY_REGISTER, KEY_DMAR };

static const struct argp_option option_list[] = {
    {"memory", KEY_MEMORY, "DUMP", 0, "Physical memory: ELF core, kdump, LiME or raw; plain or zstd", 0},
    {"format", KEY_FORMAT, "FORMAT", 0, "elf, kdump, lime or raw (default: by the file's beginning; raw must be said)",
     0},
    {"raw-base", KEY_RAW_BASE, "ADDRESS", 0, "Physical address at which a raw file begins (default 0)", 0},
    {"regs", KEY_REGISTERS, "FILE", 0, "The units' registers, as JSON or as lines of NAME VALUE", 0},
    {"reg", KEY_REGISTER, "NAME=VALUE", 0, "One register of the first unit; may be repeated, and goes before --regs",
     0},
    {"dmar", KEY_DMAR, "FILE", 0, "The ACPI DMAR table: address width, segments, and where registers are", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static enum inspect_memory_format format(struct argp_state *state, const char *text)
{
    static const struct {
        const char *name;
        enum inspect_memory_format format;
    } formats[] = {
        {"elf", INSPECT_MEMORY_ELF},
        {"kdump", INSPECT_MEMORY_KDUMP},
        {"lime", INSPECT_MEMORY_LIME},
        {"raw", INSPECT_MEMORY_RAW},
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(text, formats[i].name) == 0)
            return formats[i].format;
    argp_error(state, "--format: no '%s'; there are elf, kdump, lime, raw", text);
    return INSPECT_MEMORY_DETECT;
}

static void add_register(struct argp_state *state, struct source_options *options, char *text)
{
    if (strchr(text, '=') == NULL)
        argp_error(state, "--reg: '%s' is not NAME=VALUE", text);
    else if (options->sets == SOURCE_REGISTERS_MAX)
        argp_error(state, "--reg: more than %u of them", SOURCE_REGISTERS_MAX);
    else
        options->set[options->sets++] = text;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct source_options *options = state->input;
    switch (key) {
    case KEY_MEMORY:
        options->memory.path = text;
        return 0;
    case KEY_FORMAT:
        options->memory.format = format(state, text);
        return 0;
    case KEY_RAW_BASE:
        if (!output_number(text, UINT64_MAX, &options->memory.raw_base))
            argp_error(state, "--raw-base: '%s' is not an address", text);
        return 0;
    case KEY_REGISTERS:
        options->registers = text;
        return 0;
    case KEY_REGISTER:
        add_register(state, options, text);
        return 0;
    case KEY_DMAR:
        options->dmar = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp source_argp = {.options = option_list, .parser = parse_option};

/* ---- files ----------------------------------------------------------------------------------------------------- */

static void *read_up_to(FILE *file, size_t limit, size_t *bytes)
{
    char *data = malloc(limit + 1);
    if (data == NULL)
        return NULL;
    *bytes = fread(data, 1, limit + 1, file);
    char *exact = realloc(data, *bytes + 1);
    if (exact == NULL)
        return data;
    return exact;
}

void *source_file(const char *path, size_t limit, size_t *bytes, struct inspect_why *why)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        inspect_fail(why, -errno, "%s cannot be opened: %s", path, strerror(errno));
        return NULL;
    }
    errno = 0;
    void *data = read_up_to(file, limit, bytes);
    if (data == NULL)
        inspect_fail(why, -ENOMEM, "out of memory");
    else if (ferror(file))
        inspect_fail(why, -EIO, "%s cannot be read: %s", path, strerror(errno));
    else if (*bytes > limit)
        inspect_fail(why, -EFBIG, "%s is larger than %zu bytes, which this kind of file never is", path, limit);
    if (data != NULL && (ferror(file) || *bytes > limit)) {
        free(data);
        data = NULL;
    }
    fclose(file);
    return data;
}

/* ---- the DMAR table -------------------------------------------------------------------------------------------- */

static int open_dmar(const char *path, struct source *source, struct inspect_why *why)
{
    struct iommu_dmar dmar;
    source->dmar = source_file(path, DMAR_BYTES_MAX, &source->dmar_bytes, why);
    if (source->dmar == NULL)
        return -EINVAL;
    int result = iommu_dmar_open(source->dmar, source->dmar_bytes, &dmar, NULL, NULL);
    if (result == -ENODEV)
        return inspect_fail(why, result, "%s is a DMAR table that describes no usable unit", path);
    if (result != 0)
        return inspect_fail(why, result, "%s is no sound ACPI DMAR table", path);
    source->machine.address_bits = dmar.address_bits;
    return 0;
}

/* Segments of units whose register block the table names; a lone unit is the table's only one. */
static void place_units(struct source *source)
{
    struct iommu_dmar dmar;
    struct iommu_dmar_record record = {0}, unit = {0};
    unsigned units = 0;
    if (source->dmar == NULL || iommu_dmar_open(source->dmar, source->dmar_bytes, &dmar, NULL, NULL) != 0)
        return;
    while (iommu_dmar_next(&dmar, &record)) {
        if (record.type != IOMMU_DMAR_UNIT)
            continue;
        unit = record;
        units++;
        for (unsigned i = 0; i < source->registers.count; i++)
            if (source->registers.unit[i].base == record.base)
                source->registers.unit[i].segment = record.segment;
    }
    if (units == 1 && source->registers.count == 1 && source->registers.unit[0].base == 0) {
        source->registers.unit[0].base = unit.base;
        source->registers.unit[0].segment = unit.segment;
    }
}

/* ---- registers ------------------------------------------------------------------------------------------------- */

static int set_register(struct inspect_unit *unit, const char *text, struct inspect_why *why)
{
    char name[64];
    const char *value = strchr(text, '=') + 1;
    size_t length = (size_t)(value - text) - 1;
    if (length >= sizeof name)
        return inspect_fail(why, -EINVAL, "--reg: no register has a name as long as in '%s'", text);
    memcpy(name, text, length);
    name[length] = '\0';
    return inspect_register_set(unit, name, value, why);
}

static int set_registers(const struct source_options *options, struct source *source, struct inspect_why *why)
{
    struct inspect_registers *registers = &source->registers;
    if (options->sets == 0)
        return 0;
    if (registers->count == 0) {
        registers->unit = calloc(1, sizeof *registers->unit);
        if (registers->unit == NULL)
            return inspect_fail(why, -ENOMEM, "out of memory");
        registers->count = 1;
    }
    for (unsigned i = 0; i < options->sets; i++) {
        int result = set_register(&registers->unit[0], options->set[i], why);
        if (result != 0)
            return result;
    }
    return 0;
}

static int open_registers(const struct source_options *options, struct source *source, struct inspect_why *why)
{
    int result = 0;
    if (options->registers != NULL)
        result = inspect_registers_load(options->registers, &source->registers, why);
    else if (options->sets == 0 && source->memory != NULL && source->dmar != NULL)
        result = inspect_registers_find(source->memory, source->dmar, source->dmar_bytes, &source->registers, why);
    return result != 0 ? result : set_registers(options, source, why);
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static int open_all(const struct source_options *options, struct source *source, struct inspect_why *why)
{
    int result = 0;
    if (options->memory.path != NULL)
        result = inspect_memory_open(&options->memory, &source->memory, why);
    if (result == 0 && options->dmar != NULL)
        result = open_dmar(options->dmar, source, why);
    if (result == 0)
        result = open_registers(options, source, why);
    if (result != 0)
        return result;
    place_units(source);
    source->machine.memory = source->memory;
    source->machine.registers = &source->registers;
    return 0;
}

int source_open(const char *command, const struct source_options *options, struct source *source)
{
    struct inspect_why why = {.text = ""};
    *source = (struct source){.memory = NULL};
    if (open_all(options, source, &why) == 0) {
        const char *warning = source->memory != NULL ? inspect_memory_warning(source->memory) : NULL;
        if (warning != NULL) /* what is left of the file is still worth a look */
            output_error(command, "%s: %s", options->memory.path, warning);
        return EXIT_FINE;
    }
    source_close(source);
    return output_error(command, "%s", why.text);
}

int source_open_dump(const char *command, const struct source_options *options, struct source *source)
{
    if (options->memory.path == NULL)
        return output_error(command, "a memory dump is needed: --memory DUMP");
    if (options->registers == NULL && options->sets == 0 && options->dmar == NULL)
        return output_error(command, "the unit's registers are needed: --regs FILE, --reg RTADDR=VALUE, "
                                     "or --dmar FILE where the dump holds them");
    return source_open(command, options, source);
}

void source_close(struct source *source)
{
    inspect_memory_close(source->memory);
    inspect_registers_free(&source->registers);
    free(source->dmar);
    *source = (struct source){.memory = NULL};
}
