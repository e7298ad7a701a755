/* SPDX-License-Identifier: MIT */
/*
 * Tables in the manner of machines there are, made for the tests. Each shows something that the
 * others do not; together they use every record and scope type. What iasl 20200925 does not know
 * (SATC, SIDP) comes last in its table, for it stops there.
 */
#include "tests/dmar/build.h"

enum { ENDPOINT = 1, BRIDGE = 2, IOAPIC = 3, HPET = 4, NAMED = 5 };

/* The smallest table there can be: one unit for all, and it names nobody. */
static void single_unit(struct dmar_build *b)
{
    dmar_begin(b, 36, 0);
    dmar_unit(b, 1, 0, 0xfed90000);
}

/* A unit for the graphics device and one for the rest; regions for USB and for graphics. */
static void laptop(struct dmar_build *b)
{
    dmar_begin(b, 39, 1);
    dmar_unit(b, 0, 0, 0xfed90000);
    dmar_scope(b, ENDPOINT, 0, 0, "2.0");
    dmar_unit(b, 1, 0, 0xfed91000);
    dmar_scope(b, IOAPIC, 2, 0xf0, "1f.0");
    dmar_scope(b, HPET, 0, 0, "1f.0");
    dmar_region(b, 0, 0x9d2e8000, 0x9d307fff);
    dmar_scope(b, ENDPOINT, 0, 0, "14.0");
    dmar_region(b, 0, 0x9f800000, 0xbfffffff);
    dmar_scope(b, ENDPOINT, 0, 0, "2.0");
}

/*
 * Serial buses without PCI numbers of their own; DMA control is asked for before the system
 * starts.
 */
static void tablet_with_named_devices(struct dmar_build *b)
{
    dmar_begin(b, 39, 5);
    dmar_unit(b, 0, 0, 0xfed90000);
    dmar_scope(b, ENDPOINT, 0, 0, "2.0");
    dmar_unit(b, 1, 0, 0xfed91000);
    dmar_scope(b, IOAPIC, 2, 0, "1e.7");
    dmar_scope(b, HPET, 0, 0, "1e.6");
    dmar_scope(b, NAMED, 1, 0, "15.0");
    dmar_scope(b, NAMED, 2, 0, "15.1");
    dmar_scope(b, NAMED, 9, 0, "1e.0");
    dmar_namespace(b, 1, "\\_SB.PCI0.I2C0");
    dmar_namespace(b, 2, "\\_SB.PCI0.I2C1");
    dmar_namespace(b, 9, "\\_SB.PCI0.UA00");
    dmar_put(b, 0, 5); /* some firmware fills up to a multiple of 4 */
}

/* Units behind the ports that a stranger's device can be plugged into. */
static void laptop_with_external_ports(struct dmar_build *b)
{
    dmar_begin(b, 39, 5);
    dmar_unit(b, 0, 0, 0xfed90000);
    dmar_scope(b, ENDPOINT, 0, 0, "2.0");
    dmar_unit(b, 0, 0, 0xfed84000);
    dmar_scope(b, BRIDGE, 0, 0, "7.0");
    dmar_unit(b, 0, 0, 0xfed85000);
    dmar_scope(b, BRIDGE, 0, 0, "7.1");
    dmar_unit(b, 1, 0, 0xfed91000);
    dmar_scope(b, IOAPIC, 2, 0, "1e.7");
    dmar_scope(b, HPET, 0, 0, "1e.6");
    dmar_region(b, 0, 0x6b800000, 0x6fffffff);
    dmar_scope(b, ENDPOINT, 0, 0, "2.0");
    dmar_atc(b, 0, 0);
    dmar_scope(b, ENDPOINT, 0, 0, "2.0");
}

/*
 * Nothing but interrupts is to be remapped: the units name only what raises them, and nobody
 * includes all.
 */
static void interrupts_only(struct dmar_build *b)
{
    dmar_begin(b, 46, 3);
    dmar_unit(b, 0, 0, 0xfbffc000);
    dmar_scope(b, IOAPIC, 8, 0xf0, "1f.7");
    dmar_scope(b, IOAPIC, 9, 0, "5.4");
    dmar_unit(b, 0, 0, 0xfbffe000);
    dmar_scope(b, IOAPIC, 10, 0x80, "5.4");
    dmar_scope(b, HPET, 0, 0xf0, "f.0");
    dmar_scope(b, HPET, 1, 0xf0, "f.1");
}

/* Four sockets, a unit and root ports with ATS each; a baseboard controller behind two bridges. */
static void server_four_sockets(struct dmar_build *b)
{
    static const uint64_t base[] = {0xd37fc000, 0xe0ffc000, 0xee7fc000, 0xfbffc000};
    static const unsigned bus[] = {0x3a, 0x5d, 0x85, 0x00};

    dmar_begin(b, 46, 1);
    for (unsigned i = 0; i < 4; i++) {
        dmar_unit(b, i == 3, 0, base[i]);
        dmar_scope(b, IOAPIC, 8 + i, bus[i], "5.4");
        if (i < 3)
            dmar_scope(b, BRIDGE, 0, bus[i], "0.0");
    }
    dmar_scope(b, HPET, 0, 0, "1f.0");
    dmar_region(b, 0, 0x6e2ba000, 0x6e2bcfff);
    dmar_scope(b, ENDPOINT, 0, 0, "1c.0 0.0 0.0");
    dmar_scope(b, ENDPOINT, 0, 0, "1c.0 0.0 0.2");
    dmar_scope(b, BRIDGE, 0, 0, "1c.4");
    dmar_ats(b, 0, 0);
    for (unsigned i = 0; i < 4; i++)
        dmar_scope(b, BRIDGE, 0, bus[i], "0.0");
    for (unsigned i = 0; i < 4; i++)
        dmar_affinity(b, base[i], i);
}

/* Bus numbers repeat: each segment has its own bus 0, its own catch-all, its own rule for ATS. */
static void server_four_segments(struct dmar_build *b)
{
    dmar_begin(b, 48, 1);
    for (unsigned segment = 0; segment < 4; segment++) {
        dmar_unit(b, 0, segment, 0xc5ffc000 + 0x2000 * segment);
        dmar_scope(b, ENDPOINT, 0, 0, "1.0");
        dmar_unit(b, 1, segment, 0xc6ffc000 + 0x2000 * segment);
        dmar_scope(b, IOAPIC, 8 + segment, 0, "5.4");
    }
    dmar_region(b, 2, 0x79000000, 0x7901ffff);
    dmar_scope(b, ENDPOINT, 0, 0, "14.0");
    dmar_ats(b, 1, 0);
    dmar_ats(b, 0, 3);
    dmar_scope(b, BRIDGE, 0, 0, "3.0");
    dmar_affinity(b, 0xc5ffc000, 0);
    dmar_affinity(b, 0xc6ffe000, 0xfffffffe);
}

/*
 * Accelerators on the chip with translation caches of their own, and what they may not be used
 * for.
 */
static void server_with_accelerators(struct dmar_build *b)
{
    dmar_begin(b, 52, 1);
    dmar_unit(b, 0, 0, 0x2007fffc000);
    dmar_scope(b, ENDPOINT, 0, 0x6a, "1.0");
    dmar_scope(b, ENDPOINT, 0, 0x6a, "2.0");
    dmar_unit(b, 1, 0, 0x2027fffc000);
    dmar_scope(b, IOAPIC, 8, 0xf0, "1f.0");
    dmar_ats(b, 0, 0);
    dmar_scope(b, BRIDGE, 0, 0x15, "1.0");
    dmar_atc(b, 1, 0);
    dmar_scope(b, ENDPOINT, 0, 0x6a, "1.0");
    dmar_scope(b, ENDPOINT, 0, 0x6a, "2.0");
    dmar_property(b, 0);
    dmar_scope(b, ENDPOINT, 0, 0x6a, "1.0");
    dmar_poke(b, b->scope + 2, 0x1f, 1);
    dmar_scope(b, ENDPOINT, 0, 0x6a, "2.0");
    dmar_poke(b, b->scope + 2, 0x0c, 1);
}

/* Sixty-four units, each with a bridge and an interrupt controller, and the memory that is near. */
static void server_eight_sockets(struct dmar_build *b)
{
    dmar_begin(b, 52, 1);
    for (unsigned i = 0; i < 64; i++) {
        dmar_unit(b, i == 63, 0, 0xff80000000 + 0x100000ull * i);
        dmar_scope(b, IOAPIC, 8 + i, 4 * i, "5.4");
        dmar_scope(b, BRIDGE, 0, 4 * i, "1.0");
    }
    for (unsigned i = 0; i < 64; i++)
        dmar_affinity(b, 0xff80000000 + 0x100000ull * i, i / 8);
}

/* Register blocks of more than a page, all addresses above 4 GiB, the widest bus there is. */
static void wide_addresses(struct dmar_build *b)
{
    dmar_begin(b, 64, 1);
    dmar_unit(b, 0, 0, 0xfd00000000000000);
    dmar_poke(b, b->record + 5, 3, 1);
    dmar_scope(b, ENDPOINT, 0, 0xff, "1f.7");
    dmar_unit(b, 1, 0, 0xfffffffff8000000);
    dmar_poke(b, b->record + 5, 15, 1);
    dmar_region(b, 0, 0xfffffffffffff000, 0xffffffffffffffff);
    dmar_scope(b, ENDPOINT, 0, 0xff, "1f.7");
}

/* What an emulator offers its guest. */
static void virtual_machine(struct dmar_build *b)
{
    dmar_begin(b, 39, 1);
    dmar_unit(b, 1, 0, 0xfed90000);
    dmar_scope(b, IOAPIC, 0, 0xff, "0.0");
    dmar_ats(b, 1, 0);
}

/* The longest path that a scope can name: 124 bridges. */
static void deep_bridges(struct dmar_build *b)
{
    dmar_begin(b, 42, 0);
    dmar_unit(b, 0, 0, 0xfe710000);
    dmar_scope(b, BRIDGE, 0, 0, "1c.0");
    for (unsigned i = 1; i < 124; i++) {
        dmar_put(b, i % 32, 1);
        dmar_put(b, i % 8, 1);
    }
    dmar_poke(b, b->scope + 1, 6 + 2 * 124, 1);
    dmar_scope(b, ENDPOINT, 0, 0, "1.0");
    dmar_unit(b, 1, 0, 0xfe711000);
    dmar_region(b, 0, 0xbf7dc000, 0xbf7dcfff);
    dmar_scope(b, ENDPOINT, 0, 0x11, "0.1");
}

const struct dmar_machine dmar_machines[] = {
    {"single-unit", single_unit},
    {"laptop", laptop},
    {"tablet-with-named-devices", tablet_with_named_devices},
    {"laptop-with-external-ports", laptop_with_external_ports},
    {"interrupts-only", interrupts_only},
    {"server-four-sockets", server_four_sockets},
    {"server-four-segments", server_four_segments},
    {"server-with-accelerators", server_with_accelerators},
    {"server-eight-sockets", server_eight_sockets},
    {"wide-addresses", wide_addresses},
    {"virtual-machine", virtual_machine},
    {"deep-bridges", deep_bridges},
};
const size_t dmar_machine_count = sizeof(dmar_machines) / sizeof(dmar_machines[0]);
