/* SPDX-License-Identifier: MIT */
/*
 * main.c - iommukit.efi: what this machine's remapping units can do, what firmware reserved, and for each PCI function
 * whether it could have many domains; if not, the first link that fails. From a USB stick as \EFI\BOOT\BOOTX64.EFI, or
 * from the UEFI shell, where `iommukit.efi > report.txt` keeps it. It reads, and changes nothing.
 *
 * Words are those of `iommukit regs` and `iommukit caps`: their sources (inspect/) are linked in.
 */
#include <efi.h>
#include <efilib.h>
#include <iommukit/dmar.h>
#include <iommukit/vtd.h>
#include <stdio.h>
#include <string.h>

#include "inspect/fields.h"
#include "inspect/registers_parse.h"
#include "inspect/system_links.h"
#include "uefi.h"

#define CLASS_BRIDGE 6u

EFI_SYSTEM_TABLE *ST; /* declared in efilib.h, of which nothing else is used */
EFI_BOOT_SERVICES *BS;

/* Firmware takes an image without a table of relocations for one that cannot be moved. gnu-efi's start code has this
 * empty one, too, but --gc-sections drops it. */
__asm__(".pushsection .reloc, \"aR\"; .long 0, 10; .short 0; .popsection");

static struct inspect_system machine;
static struct inspect_iommu units[INSPECT_UNITS_MAX];
static struct iommu *iommu; /* NULL: the table is of no use */

/* No kernel runs yet. */
bool inspect_command_line_has(const struct inspect_kernel *kernel, const char *name, const char *word)
{
    return false;
}

/* ---- units ------------------------------------------------------------------------------------------------ */

static uint64_t read_register(uint64_t base, enum inspect_register reg)
{
    uint64_t address = base + register_offset(reg);

    if (inspect_register_bits(reg) == 32)
        return *(const volatile uint32_t *)(uintptr_t)address;
    return *(const volatile uint64_t *)(uintptr_t)address;
}

static void say_register(struct inspect_unit *unit, enum inspect_register reg)
{
    struct inspect_field field;

    unit->value[reg] = read_register(unit->base, reg);
    unit->known |= (uint64_t)1 << reg;
    say("  %s 0x%lx: %s", inspect_register_name(reg), unit->value[reg], inspect_register_meaning(reg));
    for (size_t i = 0; inspect_register_field(unit, reg, i, &field); i++)
        say("    %s %u:%u = 0x%lx: %s; %s", field.name, field.high, field.low, field.value, field.words, field.meaning);
}

/* What the links of a device's chain look at. */
static void remember_unit(const struct inspect_unit *unit)
{
    struct inspect_iommu *about = &units[machine.iommu_count];
    uint64_t version = unit->value[INSPECT_VER];

    about->vendor = INSPECT_VENDOR_INTEL;
    snprintf(about->name, sizeof about->name, "unit %u", machine.iommu_count);
    about->has_address = about->has_version = about->has_capabilities = true;
    about->address = unit->base;
    about->major = (unsigned)(version >> 4 & 15);
    about->minor = (unsigned)(version & 15);
    about->cap = unit->value[INSPECT_CAP];
    about->ecap = unit->value[INSPECT_ECAP];
}

static void say_unit(const struct iommu_dmar_record *record)
{
    static struct inspect_unit unit;
    uint64_t version = read_register(record->base, INSPECT_VER);

    memset(&unit, 0, sizeof unit);
    unit.base = record->base;
    unit.segment = record->segment;
    say("Unit %u: registers at 0x%lx, segment %u%s", machine.iommu_count, unit.base, unit.segment,
        record->flags & 1 ? ", every device that no other unit has" : "");
    if (version == 0 || version == UINT32_MAX) {
        say("  nothing answers there");
    } else {
        say_register(&unit, INSPECT_VER);
        say_register(&unit, INSPECT_CAP);
        say_register(&unit, INSPECT_ECAP);
        say_register(&unit, INSPECT_GSTS);
    }
    remember_unit(&unit);
    machine.iommu_count++;
}

/* ---- the firmware's table --------------------------------------------------------------------------------- */

static void say_region(const struct iommu_dmar *dmar, const struct iommu_dmar_record *record)
{
    struct iommu_dmar_scope scope = {0};

    say("Reserved region 0x%lx to 0x%lx, segment %u, of", record->base, record->limit, record->segment);
    while (iommu_dmar_next_scope(dmar, record, &scope))
        say("  %s, bus %x, device %x, function %x%s", scope.type == IOMMU_DMAR_SCOPE_BRIDGE ? "all below the bridge" : "the device",
            scope.start_bus, scope.path[0], scope.path[1], scope.path_length > 1 ? ", and on from there" : "");
}

static void say_warning(void *ctx, enum iommu_dmar_warning warning, size_t offset)
{
    say("DMAR table, offset 0x%lx: %s", (uint64_t)offset, iommu_dmar_warning_text(warning));
}

static void say_records(const struct iommu_dmar *dmar)
{
    struct iommu_dmar_record record = {0};
    bool regions = false;

    while (iommu_dmar_next(dmar, &record))
        if (record.type == IOMMU_DMAR_UNIT && machine.iommu_count < INSPECT_UNITS_MAX)
            say_unit(&record);
    for (record = (struct iommu_dmar_record){0}; iommu_dmar_next(dmar, &record);)
        if (record.type == IOMMU_DMAR_RESERVED) {
            say_region(dmar, &record);
            regions = true;
        }
    if (!regions)
        say("Reserved regions: none");
}

/* The instance is never started: it only tells which unit a device belongs to. */
static void say_table(void)
{
    struct iommu_vtd_config config = {0};
    struct iommu_dmar dmar;
    int result;

    config.dmar = machine_table("DMAR", &config.dmar_bytes);
    if (!config.dmar) {
        say("There is no ACPI DMAR table: no unit, or VT-d is off in the firmware setup.");
        return;
    }
    result = iommu_dmar_open(config.dmar, config.dmar_bytes, &dmar, say_warning, NULL);
    if (result) {
        say("The ACPI DMAR table is of no use: %s", iommu_strerror(result));
        return;
    }
    say("DMAR table: %u-bit addresses, interrupt remapping %s", dmar.address_bits,
        dmar.flags & 1 ? "supported" : "not supported");
    say_records(&dmar);
    result = iommu_vtd_create(memory_platform(), &config, &iommu);
    if (result)
        say("A driver would not take these units: %s", iommu_strerror(result));
}

/* ---- devices ---------------------------------------------------------------------------------------------- */

static int unit_of(struct inspect_bdf bdf)
{
    struct iommu_device *device;
    int unit = INSPECT_NONE;

    if (!iommu ||
        iommu_device_add(iommu, &(struct iommu_device_config){.segment = bdf.segment, .rid = bdf.rid}, &device) != 0)
        return INSPECT_NONE;
    unit = iommu_vtd_device_unit(device);
    iommu_device_remove(device);
    return unit >= 0 && (unsigned)unit < machine.iommu_count ? unit : INSPECT_NONE;
}

static void say_function(int index)
{
    static struct inspect_chain chain;
    struct inspect_function *function = &machine.function[index];
    const struct inspect_link *broken;

    function->iommu = unit_of(function->bdf);
    say("Device %s: %04x:%04x, class %06x, %s", function->name, function->config.vendor, function->config.device,
        function->config.class_code, function->iommu != INSPECT_NONE ? units[function->iommu].name : "no unit");
    if (function->config.class_code >> 16 == CLASS_BRIDGE)
        return; /* sends nothing of its own */
    if (function->iommu == INSPECT_NONE) {
        say("  no domain: no unit translates for it");
        return;
    }
    chain.count = 0;
    inspect_links_unit(&machine, index, &chain);
    inspect_links_path(&machine, index, &chain);
    inspect_links_device(&machine, index, &chain);
    broken = inspect_chain_break(&chain);
    if (broken)
        say("  one domain: %s: %s", broken->name, broken->detail);
    else
        say("  many domains: every link from the unit to the device holds");
}

/* ---- the program ------------------------------------------------------------------------------------------ */

static int report(void)
{
    int result = machine_find(&machine);

    if (result)
        return result;
    machine.iommu = units;
    say_table();
    if (machine.function_count == 0)
        say("There is no ACPI MCFG table: PCI functions cannot be looked at.");
    for (unsigned i = 0; i < machine.function_count; i++)
        say_function((int)i);
    return iommu ? iommu_destroy(iommu) : 0;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
    UINTN index;
    int result;

    ST = table;
    BS = table->BootServices;
    BS->SetWatchdogTimer(0, 0, 0, NULL);
    say("iommukit %u.%u.%u: what the IOMMU of this machine can do", IOMMUKIT_VERSION_MAJOR, IOMMUKIT_VERSION_MINOR,
        IOMMUKIT_VERSION_PATCH);
    result = memory_init();
    if (result == 0) {
        result = report();
        memory_fini();
    }
    if (result)
        say("It ends early: %s", iommu_strerror(result));
    if (memory_writes_refused())
        say("%u writes were asked for and refused: this is a mistake of iommukit.", memory_writes_refused());
    say("That is all; nothing was changed. Press a key.");
    BS->WaitForEvent(1, &ST->ConIn->WaitForKey, &index);
    return result ? EFI_OUT_OF_RESOURCES : EFI_SUCCESS;
}
