/* SPDX-License-Identifier: MIT */
/* iomem.h - /proc/iomem and System.map: where RAM is, and where the kernel's code is. */
#ifndef INSPECT_IOMEM_H
#define INSPECT_IOMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/memory.h"
#include "inspect/why.h"

struct inspect_iomem {
    struct inspect_extent *ram; /* "System RAM", ascending, merged; owned */
    size_t count;
    bool has_kernel;
    struct inspect_extent kernel; /* "Kernel code" */
};

/* 0; -EINVAL: no line of it is System RAM, or all addresses are 0, as the kernel shows them without root. */
int inspect_iomem_load(const char *path, struct inspect_iomem *iomem, struct inspect_why *why);
void inspect_iomem_free(struct inspect_iomem *iomem);

/* What a System.map says about the code: link-time addresses. */
struct inspect_symbols {
    uint64_t text, etext; /* _text, _etext (or _stext where there is no _text) */
};

/* 0; -EINVAL: no such symbols. */
int inspect_symbols_load(const char *path, struct inspect_symbols *symbols, struct inspect_why *why);

/*
 * Where x86-64 Linux has that code: from the VMCOREINFO note of an ELF core. -ENODATA: the file has no such note, or
 * the note not both numbers.
 */
int inspect_symbols_locate(const char *core, const struct inspect_symbols *symbols, struct inspect_extent *kernel,
                           struct inspect_why *why);

#endif
