/* SPDX-License-Identifier: MIT */
/* serial.c - the console on the first serial port, and QEMU's exit port. */
#include <stdarg.h>

#include "kernel.h"

#define SERIAL 0x3F8u /* QEMU's is always ready; a real one wants its speed set and its status looked at */
#define EXIT   0xF4u  /* isa-debug-exit: QEMU's exit status becomes 2 * value + 1 */

static void put(char letter)
{
    outb(SERIAL, (uint8_t)letter);
}

static void put_number(unsigned long value, unsigned base)
{
    char digits[20];
    unsigned count = 0;

    do
        digits[count++] = "0123456789abcdef"[value % base];
    while (value /= base);
    while (count)
        put(digits[--count]);
}

void print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    for (; *format; format++) {
        if (*format != '%')
            put(*format);
        else if (*++format == 's')
            for (const char *text = va_arg(arguments, const char *); *text; text++)
                put(*text);
        else if (*format == 'l')
            put_number(va_arg(arguments, unsigned long), *++format == 'x' ? 16 : 10);
        else
            put_number(va_arg(arguments, unsigned), *format == 'x' ? 16 : 10);
    }
    va_end(arguments);
}

void log_line(void *ctx, enum iommu_log_level level, const char *text)
{
    if (level <= IOMMU_LOG_WARNING)
        print("iommukit: %s\n", text);
}

_Noreturn void leave(bool good)
{
    for (;;)
        outb(EXIT, good ? 16 : 1);
}

_Noreturn void fail(const char *what)
{
    print("FAILED: %s\n", what);
    leave(false);
}
