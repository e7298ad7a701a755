/* SPDX-License-Identifier: MIT */
/* iomem.c - /proc/iomem: lines "first-last : name", children indented below their parents. */
#include "inspect/iomem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXTENTS_MAX 65536u /* more than any machine's memory map has */

struct reading {
    struct inspect_iomem iomem;
    size_t room;
    bool zero; /* a line whose addresses are both 0 */
};

static int add(struct reading *reading, struct inspect_extent extent)
{
    struct inspect_iomem *iomem = &reading->iomem;
    if (iomem->count == reading->room) {
        size_t room = reading->room != 0 ? 2 * reading->room : 16;
        void *grown = room <= EXTENTS_MAX ? realloc(iomem->ram, room * sizeof *iomem->ram) : NULL;
        if (grown == NULL)
            return -ENOMEM;
        iomem->ram = grown;
        reading->room = room;
    }
    iomem->ram[iomem->count++] = extent;
    return 0;
}

/* The name, to the end of the line; NULL: not such a line. */
static const char *parse_line(const char *line, struct inspect_extent *extent)
{
    char *end;
    extent->base = strtoull(line, &end, 16);
    if (end == line || *end != '-')
        return NULL;
    const char *second = end + 1;
    extent->last = strtoull(second, &end, 16);
    return end != second && strncmp(end, " : ", 3) == 0 ? end + 3 : NULL;
}

static bool is(const char *name, const char *what)
{
    size_t length = strlen(what);
    return strncmp(name, what, length) == 0 && (name[length] == '\n' || name[length] == '\0');
}

static int take_line(struct reading *reading, const char *line)
{
    struct inspect_extent extent;
    const char *name = parse_line(line, &extent);
    if (name == NULL || extent.last < extent.base)
        return 0;
    if (extent.last == 0) {
        reading->zero = true;
        return 0;
    }
    if (is(name, "System RAM"))
        return add(reading, extent);
    if (is(name, "Kernel code")) {
        reading->iomem.has_kernel = true;
        reading->iomem.kernel = extent;
    }
    return 0;
}

static int by_base(const void *a, const void *b)
{
    const struct inspect_extent *x = a, *y = b;
    return x->base < y->base ? -1 : x->base > y->base;
}

static void merge(struct inspect_iomem *iomem)
{
    size_t kept = 0;
    qsort(iomem->ram, iomem->count, sizeof *iomem->ram, by_base);
    for (size_t i = 0; i < iomem->count; i++) {
        struct inspect_extent *previous = kept > 0 ? &iomem->ram[kept - 1] : NULL;
        if (previous != NULL && (previous->last == UINT64_MAX || iomem->ram[i].base <= previous->last + 1))
            previous->last = iomem->ram[i].last > previous->last ? iomem->ram[i].last : previous->last;
        else
            iomem->ram[kept++] = iomem->ram[i];
    }
    iomem->count = kept;
}

int inspect_iomem_load(const char *path, struct inspect_iomem *iomem, struct inspect_why *why)
{
    struct reading reading = {.room = 0};
    char line[256];
    int result = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return inspect_fail(why, -errno, "%s: %s", path, strerror(errno));
    while (result == 0 && fgets(line, sizeof line, file) != NULL)
        result = take_line(&reading, line);
    fclose(file);
    if (result == 0 && reading.iomem.count == 0)
        result = -EINVAL;
    if (result != 0) {
        free(reading.iomem.ram);
        if (result == -ENOMEM)
            return inspect_fail(why, result, "%s: out of memory, or too many lines", path);
        return inspect_fail(why, result, "%s: %s", path,
                            reading.zero ? "all addresses are 0; read /proc/iomem as root"
                                         : "no line of it says System RAM");
    }
    merge(&reading.iomem);
    *iomem = reading.iomem;
    return 0;
}

void inspect_iomem_free(struct inspect_iomem *iomem)
{
    free(iomem->ram);
    *iomem = (struct inspect_iomem){.count = 0};
}
