/* SPDX-License-Identifier: MIT */
/* memory.c - zeroed blocks of 2^order pages, aligned to their size; and the functions that compilers call unasked. */
#include "kernel.h"

#define ORDERS 10u /* the library asks for 2 MiB at most */

extern char _end[]; /* the linker's: of this kernel */

static uint64_t unused, end;
static void *free_list[ORDERS]; /* the first word of a free page points to the next */

/* The largest piece of memory below 4 GiB. PVH: map at byte 40 of the start info, entries of 24 bytes, type 1. */
void memory_init(const uint8_t *boot_info)
{
    const uint8_t *entry = at(load(boot_info + 40, 8)), *last = entry + 24 * load(boot_info + 48, 4);

    for (; entry < last; entry += 24) {
        uint64_t base = load(entry, 8), bytes = load(entry + 8, 8);

        if (load(entry + 16, 4) == 1 && (base + bytes) >> 32 == 0 && bytes > end - unused) {
            unused = base;
            end = base + bytes;
        }
    }
    if (unused < (uintptr_t)_end)
        unused = (uintptr_t)_end;
}

/* What alignment skips is lost: a kernel that lives longer would keep it. */
void *page_alloc(void *ctx, unsigned order)
{
    uint64_t bytes = IOMMU_PAGE_SIZE << order, first = (unused + bytes - 1) & ~(bytes - 1);
    void **page = order < ORDERS ? free_list[order] : NULL;

    if (page) {
        free_list[order] = *page;
    } else {
        if (order >= ORDERS || first + bytes > end)
            return NULL;
        page = at(first);
        unused = first + bytes;
    }
    return memset(page, 0, bytes);
}

void page_free(void *ctx, void *page, unsigned order)
{
    *(void **)page = free_list[order];
    free_list[order] = page;
}

static unsigned order_of(size_t bytes)
{
    unsigned order = 0;

    while (IOMMU_PAGE_SIZE << order < bytes)
        order++;
    return order;
}

/* Objects take whole pages, too: not thrifty, but short. */
void *object_alloc(void *ctx, size_t bytes)
{
    return page_alloc(ctx, order_of(bytes));
}

void object_free(void *ctx, void *object, size_t bytes)
{
    page_free(ctx, object, order_of(bytes));
}

/* QEMU's unit, as many real ones, says that its table walks do not snoop the caches. */
void cache_flush(void *ctx, const void *va, size_t bytes)
{
    for (uint64_t line = (uintptr_t)va & ~63ul; line < (uintptr_t)va + bytes; line += 64)
        __asm__ volatile("clflush %0" : : "m"(*(char *)at(line)) : "memory");
    __asm__ volatile("mfence" : : : "memory");
}

/* String instructions, or the compiler would turn a loop into a call of the function that it stands in. */
void *memset(void *to, int value, size_t bytes)
{
    void *next = to;

    __asm__ volatile("rep stosb" : "+D"(next), "+c"(bytes) : "a"(value) : "memory");
    return to;
}

void *memcpy(void *to, const void *from, size_t bytes)
{
    void *next = to;

    __asm__ volatile("rep movsb" : "+D"(next), "+S"(from), "+c"(bytes) : : "memory");
    return to;
}

int memcmp(const void *left, const void *right, size_t bytes)
{
    const uint8_t *a = left, *b = right;

    for (; bytes; bytes--, a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}
