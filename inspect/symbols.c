/* SPDX-License-Identifier: MIT */
/* symbols.c - System.map and the VMCOREINFO note: where x86-64 Linux has its code in physical memory. */
#include "inspect/iomem.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KERNEL_MAP UINT64_C(0xffffffff80000000) /* where the kernel's image is mapped, less phys_base */
#define NOTE       "VMCOREINFO"

/* ---- System.map */

/* "ADDRESS T NAME" */
static bool parse_line(const char *line, uint64_t *value, char name[64])
{
    char *end;
    *value = strtoull(line, &end, 16);
    return end != line && sscanf(end, " %*c %63s", name) == 1;
}

int inspect_symbols_load(const char *path, struct inspect_symbols *symbols, struct inspect_why *why)
{
    uint64_t text = 0, stext = 0, etext = 0, value;
    char line[512], name[64];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return inspect_fail(why, -errno, "%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, file) != NULL) {
        if (!parse_line(line, &value, name))
            continue;
        if (strcmp(name, "_text") == 0)
            text = value;
        else if (strcmp(name, "_stext") == 0)
            stext = value;
        else if (strcmp(name, "_etext") == 0)
            etext = value;
    }
    fclose(file);
    if (text == 0)
        text = stext;
    if (text == 0 || etext <= text)
        return inspect_fail(why, -EINVAL, "%s: no _text and _etext with addresses (as from kallsyms without root?)",
                            path);
    *symbols = (struct inspect_symbols){text, etext};
    return 0;
}

/* ---- VMCOREINFO */

/* The value behind "KEY=" at the beginning of a line. */
static const char *line_of(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0)
            return line + length;
    }
    return NULL;
}

/* A copy of the note's text that ends with 0; the caller's. NULL: this segment has no such note. */
static char *note_of(Elf *elf, const GElf_Phdr *segment)
{
    Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)segment->p_offset, segment->p_filesz, ELF_T_NHDR);
    size_t offset = 0, name, description;
    GElf_Nhdr header;
    while (data != NULL && (offset = gelf_getnote(data, offset, &header, &name, &description)) > 0) {
        const char *bytes = data->d_buf;
        if (header.n_namesz < sizeof NOTE || strncmp(bytes + name, NOTE, sizeof NOTE) != 0)
            continue;
        return strndup(bytes + description, header.n_descsz);
    }
    return NULL;
}

static char *vmcoreinfo(int file)
{
    char *text = NULL;
    size_t count;
    GElf_Phdr segment;
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(file, ELF_C_READ, NULL);
    if (elf != NULL && elf_kind(elf) == ELF_K_ELF && elf_getphdrnum(elf, &count) == 0)
        for (size_t i = 0; i < count && text == NULL; i++)
            if (gelf_getphdr(elf, (int)i, &segment) != NULL && segment.p_type == PT_NOTE)
                text = note_of(elf, &segment);
    elf_end(elf);
    return text;
}

int inspect_symbols_locate(const char *core, const struct inspect_symbols *symbols, struct inspect_extent *kernel,
                           struct inspect_why *why)
{
    int file = open(core, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return inspect_fail(why, -errno, "%s: %s", core, strerror(errno));
    char *text = vmcoreinfo(file);
    const char *base = text != NULL ? line_of(text, "NUMBER(phys_base)=") : NULL;
    const char *offset = text != NULL ? line_of(text, "KERNELOFFSET=") : NULL;
    int result = base != NULL ? 0 : -ENODATA;
    if (result == 0) {
        uint64_t moved = (offset != NULL ? strtoull(offset, NULL, 16) : 0) + (uint64_t)strtoll(base, NULL, 10);
        kernel->base = symbols->text - KERNEL_MAP + moved;
        kernel->last = symbols->etext - KERNEL_MAP + moved - 1;
    }
    free(text);
    close(file);
    if (result != 0)
        return inspect_fail(why, result, "%s does not say where the kernel was (no VMCOREINFO with phys_base)", core);
    return 0;
}
