/* SPDX-License-Identifier: MIT */
/* fields_words.c - what the values of fields mean, a few words each. */
#include <inttypes.h>
#include <iommukit/vtd.h>
#include <stdio.h>

#include "inspect/bdf.h"
#include "inspect/fields_table.h"
#include "spec/vtd_regs.h"

#define WORDS(NAME) void words_##NAME(const struct field_source *source, uint64_t value, char *text, size_t bytes)
#define SAY(...)    snprintf(text, bytes, __VA_ARGS__)
#define UNUSED      (void)source

/* "4 KiB", "1 GiB": 2^lg2 bytes. */
static void say_size(unsigned lg2, char *text, size_t bytes)
{
    static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    snprintf(text, bytes, "%u %s", 1u << lg2 % 10, unit[lg2 / 10]);
}

static const char *pick(const char *const *words, size_t count, uint64_t value)
{
    return value < count ? words[value] : "reserved";
}

#define PICK(...) pick((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), value)

/* ---- any register -------------------------------------------------------------------------- */

WORDS(flag)
{
    UNUSED;
    SAY("%s", value != 0 ? "yes" : "no");
}

WORDS(number)
{
    UNUSED;
    SAY("%" PRIu64, value);
}

WORDS(address)
{
    UNUSED;
    SAY("0x%" PRIx64, value);
}

WORDS(page_address)
{
    UNUSED;
    SAY("at 0x%" PRIx64, value << 12);
}

WORDS(device)
{
    char name[INSPECT_BDF_TEXT];
    uint16_t segment = source->unit != NULL ? source->unit->segment : 0;
    SAY("%s", inspect_bdf_print((struct inspect_bdf){segment, (uint16_t)value}, name));
}

/* ---- CAP, ECAP ----------------------------------------------------------------------------- */

WORDS(domain_ids)
{
    UNUSED;
    unsigned bits = 4 + 2 * (unsigned)value;
    if (value > VTD_CAP_ND_MAX)
        SAY("reserved");
    else
        SAY("%u bits: %u domain ids", bits, 1u << bits);
}

WORDS(widths)
{
    static const char *const width[] = {"30 (obsolete)", "39", "48", "57", "64 (obsolete)"};
    UNUSED;
    size_t at = 0;
    SAY("none: interrupts only");
    for (unsigned i = 0; i < 5; i++)
        if (value >> i & 1)
            at += (size_t)snprintf(text + at, bytes - at, "%s%s", at != 0 ? ", " : "", width[i]);
    if (at != 0)
        snprintf(text + at, bytes - at, " bits");
}

WORDS(width)
{
    UNUSED;
    SAY("%" PRIu64 " bits", value + 1);
}

WORDS(page_sizes)
{
    UNUSED;
    SAY("4 KiB%s%s%s", value & VTD_SSLPS_2M ? ", 2 MiB" : "", value & VTD_SSLPS_1G ? ", 1 GiB" : "",
        value > (VTD_SSLPS_2M | VTD_SSLPS_1G) ? ", reserved bits set" : "");
}

WORDS(place)
{
    UNUSED;
    SAY("at offset 0x%" PRIx64, value * 16);
}

WORDS(fault_count)
{
    UNUSED;
    SAY("%" PRIu64 " fault record%s", value + 1, value != 0 ? "s" : "");
}

WORDS(page_mask)
{
    char size[16];
    UNUSED;
    if (value > 51) {
        SAY("everything");
        return;
    }
    say_size(12 + (unsigned)value, size, sizeof size);
    SAY("up to %s at once", size);
}

WORDS(entry_mask)
{
    UNUSED;
    SAY("up to %u entries at once", 1u << value);
}

WORDS(pasid_width)
{
    if ((source->low & VTD_ECAP_PASID) == 0)
        SAY("no PASIDs");
    else
        SAY("%" PRIu64 " bits: PASIDs up to 0x%" PRIx64, value + 1, ((uint64_t)2 << value) - 1);
}

/* ---- RTADDR, CCMD, event messages ---------------------------------------------------------- */

WORDS(table_mode)
{
    UNUSED;
    SAY("%s", PICK("legacy", "scalable", "reserved (once the extended mode)", "all DMA is aborted"));
}

WORDS(granularity)
{
    UNUSED;
    SAY("%s", PICK("reserved", "everything", "one domain", "one device"));
}

WORDS(granularity_done)
{
    UNUSED;
    SAY("%s", PICK("nothing done yet, or an error", "everything", "one domain", "one device"));
}

WORDS(function_mask)
{
    UNUSED;
    SAY("%s", PICK("none", "bit 2", "bits 2:1", "bits 2:0"));
}

WORDS(delivery)
{
    UNUSED;
    SAY("%s", PICK("fixed", "lowest priority"));
}

WORDS(destination)
{
    UNUSED;
    SAY("%s", PICK("physical", "logical"));
}

WORDS(address_byte)
{
    UNUSED;
    SAY("%s", value == VTD_MSI_ADDR_BASE >> 20 ? "as it must be" : value == 0 ? "not set up" : "no interrupt address");
}

WORDS(apic_high)
{
    UNUSED;
    SAY("0x%" PRIx64, value << 8);
}

/* ---- queues and the interrupt table -------------------------------------------------------- */

static bool wide_descriptors(const struct field_source *source)
{
    return source->unit != NULL && (source->unit->value[INSPECT_IQA] & VTD_IQA_DW) != 0;
}

/* The field is bits 18:4 of a byte offset; slots are 16 or 32 bytes. */
WORDS(queue_slot)
{
    bool wide = wide_descriptors(source);
    if (wide && (value & 1) != 0)
        SAY("misaligned: descriptors have 32 bytes");
    else
        SAY("slot %" PRIu64, wide ? value / 2 : value);
}

WORDS(queue_width)
{
    UNUSED;
    SAY("%s", PICK("128 bits", "256 bits"));
}

WORDS(queue_size)
{
    unsigned pages = 1u << value;
    SAY("%u page%s: %u descriptors", pages, pages != 1 ? "s" : "", pages * ((source->low & VTD_IQA_DW) != 0 ? 128u : 256u));
}

WORDS(queue_error)
{
    UNUSED;
    SAY("%s", PICK("none", "the tail is beyond the queue", "a descriptor could not be read",
                   "descriptor type or granularity is invalid", "reserved bits set in a descriptor",
                   "descriptor width does not fit the mode", "the tail is misaligned", "the table mode is invalid"));
}

WORDS(error_device)
{
    if (value == 0)
        SAY("not recorded");
    else
        words_device(source, value, text, bytes);
}

WORDS(interrupt_entries)
{
    UNUSED;
    SAY("%u entries", 2u << value);
}

/* Bits 18:5 of a byte offset, entries of 32 bytes. */
WORDS(request_slot)
{
    UNUSED;
    SAY("slot %" PRIu64, value);
}

WORDS(request_size)
{
    UNUSED;
    unsigned pages = 1u << value;
    SAY("%u page%s: %u requests", pages, pages != 1 ? "s" : "", pages * 128);
}

/* ---- faults -------------------------------------------------------------------------------- */

WORDS(fault_index)
{
    if ((source->low & VTD_FSTS_PPF) == 0)
        SAY("no record pending");
    else
        SAY("record %" PRIu64, value);
}

static bool is_interrupt_fault(uint64_t high)
{
    uint64_t reason = SPEC_GET(VTD_FRCD_HI_FR, high);
    return reason >= 0x20 && reason <= 0x2b;
}

WORDS(fault_address)
{
    if (is_interrupt_fault(source->high))
        SAY("interrupt entry %" PRIu64, SPEC_GET(VTD_FRCD_LO_IIDX, source->low));
    else
        SAY("page 0x%" PRIx64, value << 12);
}

WORDS(fault_type)
{
    uint64_t t2 = SPEC_GET(VTD_FRCD_HI_T2, source->high);
    value = value << 1 | t2;
    SAY("%s", PICK("write", "page request", "read", "atomic operation"));
}

WORDS(fault_reason)
{
    const char *reason = iommu_vtd_fault_name((uint8_t)value);
    UNUSED;
    if (value == 0)
        SAY("none");
    else
        SAY("%02" PRIx64 "h: %s", value, reason);
}

WORDS(fault_pasid)
{
    if ((source->high & VTD_FRCD_HI_PP) != 0)
        SAY("0x%" PRIx64, value);
    else
        SAY("none");
}

WORDS(with_pasid)
{
    if ((source->high & VTD_FRCD_HI_PP) != 0)
        SAY("%s", value != 0 ? "yes" : "no");
    else
        SAY("not told: no PASID");
}

WORDS(address_type)
{
    UNUSED;
    SAY("%s", PICK("untranslated", "translation request", "translated"));
}
