/* SPDX-License-Identifier: MIT */
/*
 * interrupt.c - the local APIC and one vector. Its handler only counts: the platform has no lock hooks, so the
 * library was promised one caller at a time, and it is main.c that calls iommu_handle_events().
 */
#include "kernel.h"

#define VECTOR 0x40u
#define APIC   0xFEE00000u

enum { ID = 0x20 / 4, END_OF_INTERRUPT = 0xB0 / 4, SPURIOUS = 0xF0 / 4 };

static struct gate {
    uint16_t low, selector, type, middle;
    uint32_t high, reserved;
} gates[256];
static volatile uint32_t *apic;
static volatile bool came;

/* It keeps off the SSE registers, which nobody saves. */
struct frame;
__attribute__((interrupt, target("general-regs-only"))) static void on_fault_event(struct frame *frame)
{
    came = true;
    apic[END_OF_INTERRUPT] = 0;
}

/* It never returns, so it can be any function. */
static void on_anything_else(void)
{
    fail("an exception, or an interrupt that nobody asked for");
}

static void set(unsigned vector, uint64_t handler)
{
    gates[vector] = (struct gate){.low = (uint16_t)handler, .middle = (uint16_t)(handler >> 16),
                                  .high = (uint32_t)(handler >> 32), .selector = 8, .type = 0x8E00};
}

void interrupt_init(void)
{
    struct {
        uint16_t limit;
        struct gate *base;
    } __attribute__((packed)) table = {sizeof gates - 1, gates};

    for (unsigned vector = 0; vector < 256; vector++)
        set(vector, (uintptr_t)on_anything_else);
    set(VECTOR, (uintptr_t)on_fault_event);
    outb(0x21, 0xFF); /* mask the old interrupt controllers, whose timer firmware left running */
    outb(0xA1, 0xFF);
    apic = at(APIC);
    apic[SPURIOUS] = 0x1FF; /* on; vector 0xFF */
    __asm__ volatile("lidt %0; sti" : : "m"(table));
}

void interrupt_message(uint64_t *address, uint32_t *data)
{
    *address = APIC | apic[ID] >> 24 << 12;
    *data = VECTOR;
}

bool interrupt_came(void)
{
    bool result;

    for (unsigned polls = 0; polls < 1000000 && !came; polls++)
        __asm__ volatile("pause");
    result = came;
    came = false;
    return result;
}
