/* SPDX-License-Identifier: MIT */
/* kernel.h - what the files of this kernel have of one another. All of memory is mapped one to one. */
#ifndef KERNEL_H
#define KERNEL_H

#include <iommukit/platform.h>

static inline void *at(uint64_t address)
{
    return (void *)(uintptr_t)address; /* NOLINT(performance-no-int-to-ptr): a kernel's trade */
}

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* serial.c: print knows %s, %u, %x, %lu, %lx. */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);
_Noreturn void leave(bool good);
_Noreturn void fail(const char *what);

/* The hooks have the shape that the library calls them in; the kernel uses them as they are. */
void log_line(void *ctx, enum iommu_log_level level, const char *text);
void *object_alloc(void *ctx, size_t bytes); /* memory.c */
void object_free(void *ctx, void *object, size_t bytes);
void *page_alloc(void *ctx, unsigned order);
void page_free(void *ctx, void *page, unsigned order);
void cache_flush(void *ctx, const void *va, size_t bytes);
uint32_t pci_read32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset); /* pci.c */
void pci_write32(void *ctx, uint16_t segment, uint16_t rid, uint32_t offset, uint32_t value);

/* memory.c */
void memory_init(const uint8_t *boot_info);
void *memset(void *to, int value, size_t bytes);
void *memcpy(void *to, const void *from, size_t bytes);
int memcmp(const void *left, const void *right, size_t bytes);

/* acpi.c: a sound table, header included, or fail(). */
void acpi_init(const uint8_t *boot_info);
const uint8_t *acpi_find(const char *signature);
uint8_t acpi_sum(const uint8_t *bytes, size_t length); /* 0 for a sound table */
uint64_t load(const uint8_t *bytes, unsigned count); /* a little-endian number, wherever it lies */

/* pci.c */
void pci_init(void);
uint16_t pci_find(uint32_t id, unsigned index); /* of several with that id */

/* interrupt.c */
void interrupt_init(void);
void interrupt_message(uint64_t *address, uint32_t *data); /* who writes this there raises the interrupt */
bool interrupt_came(void); /* since the last call; waits a while before it says no */

/* edu.c: QEMU's educational device, a DMA engine with a buffer that only the engine sees. */
#define EDU_BYTES 2048u /* what each transfer moves; 4096 end QEMU 7.2 */
enum edu_direction { EDU_READS = 1, EDU_WRITES = 3 };
struct edu {
    uint16_t rid;
    volatile uint64_t *registers;
};
void edu_init(struct edu *edu, unsigned index);
void edu_begin(const struct edu *edu, enum edu_direction direction, uint64_t address);
void edu_end(const struct edu *edu);

#endif
