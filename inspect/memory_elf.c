/* SPDX-License-Identifier: MIT */
/*
 * memory_elf.c - ELF cores: QEMU's dump-guest-memory, /proc/vmcore, makedumpfile -E.
 *
 * Only the program headers are read; p_paddr says where a segment's bytes were. Bytes that a segment has in memory
 * but not in the file (p_memsz beyond p_filesz) were left out by whoever wrote it, and are absent.
 */
#include <errno.h>
#include <gelf.h>

#include "inspect/memory_image.h"

#define NO_ADDRESS UINT64_MAX /* p_paddr of memory without one physical address, such as vmalloc's in /proc/kcore */

static const char *unfit(Elf *elf, const GElf_Ehdr *header)
{
    if (header->e_type != ET_CORE)
        return "it is no core but a program or object";
    if (header->e_ident[EI_DATA] != ELFDATA2LSB)
        return "it comes from a big-endian machine, which has no VT-d";
    if (header->e_phentsize != gelf_fsize(elf, ELF_T_PHDR, 1, EV_CURRENT))
        return "its program headers have an unknown size";
    return NULL;
}

struct found {
    size_t segments; /* with bytes in the file */
    bool physical;   /* one of them has a physical address other than 0 */
};

static int take_one(struct memory_segments *segments, const GElf_Phdr *header, struct found *found,
                    struct inspect_why *why)
{
    if (header->p_type != PT_LOAD || header->p_filesz == 0 || header->p_paddr == NO_ADDRESS)
        return 0;
    found->segments++;
    found->physical |= header->p_paddr != 0;
    return memory_segments_add(segments, header->p_paddr, header->p_filesz, header->p_offset, why);
}

static int take_segments(struct memory_segments *segments, Elf *elf, const char *path, struct inspect_why *why)
{
    struct found found = {.segments = 0};
    size_t count;
    if (elf_getphdrnum(elf, &count) != 0 || count > MEMORY_SEGMENTS_MAX)
        return inspect_fail(why, -EINVAL, "%s: cannot read the ELF program headers", path);
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr header;
        if (gelf_getphdr(elf, (int)i, &header) == NULL)
            return inspect_fail(why, -EINVAL, "%s: cannot read ELF program header %zu: %s", path, i, elf_errmsg(-1));
        int result = take_one(segments, &header, &found, why);
        if (result != 0)
            return result;
    }
    if (found.segments == 0)
        return inspect_fail(why, -EINVAL, "%s: the ELF file has no memory segments", path);
    if (found.segments > 1 && !found.physical)
        return inspect_fail(why, -EINVAL, "%s: the ELF segments have no physical addresses; is it the core of a "
                            "process?", path);
    return 0;
}

int memory_elf_open(struct inspect_memory *memory, const char *path, struct inspect_why *why)
{
    GElf_Ehdr header;
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(memory->file, ELF_C_READ, NULL);
    if (elf == NULL || elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &header) == NULL) {
        elf_end(elf);
        return inspect_fail(why, -EINVAL, "%s: cannot read the ELF header", path);
    }
    const char *wrong = unfit(elf, &header);
    int result = wrong != NULL ? inspect_fail(why, -EINVAL, "%s: %s", path, wrong)
                               : take_segments(&memory->segments, elf, path, why);
    elf_end(elf);
    return result;
}
