/* SPDX-License-Identifier: MIT */
/*
 * ACPI DMAR table: where the remapping units are and which devices they serve.
 * Topic in the architecture: "BIOS considerations - DMA remapping reporting structure".
 *
 * SPEC_DMAR_<structure>_<field>  byte offset from the start of that structure
 * SPEC_DMAR_<structure>_BYTES    size of its fixed part; device scopes follow there
 * SPEC_DMAR_<...>_F_<flag>       a bit of its flags byte
 * All numbers are little-endian and need not be aligned.
 */
#ifndef IOMMUKIT_SPEC_DMAR_H
#define IOMMUKIT_SPEC_DMAR_H

#include <stdint.h>

#include "spec/bits.h"

/* ---- ACPI table header ------------------------------------------------------------------ */
#define SPEC_ACPI_SIGNATURE 0 /* 4 characters */
#define SPEC_ACPI_LENGTH 4    /* u32, whole table */
#define SPEC_ACPI_REVISION 8
#define SPEC_ACPI_CHECKSUM 9 /* all bytes add up to 0 */
#define SPEC_ACPI_OEM_ID 10
#define SPEC_ACPI_OEM_TABLE_ID 16
#define SPEC_ACPI_OEM_REVISION 24
#define SPEC_ACPI_CREATOR_ID 28
#define SPEC_ACPI_CREATOR_REVISION 32
#define SPEC_ACPI_HEADER_BYTES 36

/* ---- DMAR table -------------------------------------------------------------------------- */
#define SPEC_DMAR_SIGNATURE "DMAR"
#define SPEC_DMAR_HAW 36 /* u8, host address width - 1 */
#define SPEC_DMAR_FLAGS 37
#define SPEC_DMAR_RSVD 38
#define SPEC_DMAR_STRUCTURES 48 /* the first remapping structure */
#define SPEC_DMAR_BYTES 48
#define SPEC_DMAR_HAW_MIN 11 /* a smaller HAW field means there is no IOMMU */

#define SPEC_DMAR_F_INTR_REMAP SPEC_BIT32(0)
#define SPEC_DMAR_F_X2APIC_OPT_OUT SPEC_BIT32(1) /* valid only with INTR_REMAP */
#define SPEC_DMAR_F_DMA_CTRL_OPT_IN SPEC_BIT32(2)

/* ---- Remapping structures: header -------------------------------------------------------- */
#define SPEC_DMAR_TYPE 0   /* u16 */
#define SPEC_DMAR_LENGTH 2 /* u16 */
#define SPEC_DMAR_HEADER_BYTES 4

enum spec_dmar_type {
    SPEC_DMAR_TYPE_DRHD = 0, /* a remapping unit */
    SPEC_DMAR_TYPE_RMRR = 1, /* memory that devices use behind the system's back */
    SPEC_DMAR_TYPE_ATSR = 2, /* root ports that pass ATS */
    SPEC_DMAR_TYPE_RHSA = 3, /* proximity of a unit */
    SPEC_DMAR_TYPE_ANDD = 4, /* ACPI name of a device */
    SPEC_DMAR_TYPE_SATC = 5, /* integrated devices with a translation cache */
    SPEC_DMAR_TYPE_SIDP = 6, /* properties of integrated devices */
};

#define SPEC_DMAR_DRHD_FLAGS 4
#define SPEC_DMAR_DRHD_SIZE 5    /* u8: bits 3:0 = N, register block of 2^N pages */
#define SPEC_DMAR_DRHD_SEGMENT 6 /* u16 */
#define SPEC_DMAR_DRHD_BASE 8    /* u64 */
#define SPEC_DMAR_DRHD_BYTES 16
#define SPEC_DMAR_DRHD_F_INCLUDE_PCI_ALL SPEC_BIT32(0)
#define SPEC_DMAR_DRHD_SIZE_N SPEC_MASK32(3, 0)

#define SPEC_DMAR_RMRR_SEGMENT 6 /* u16 */
#define SPEC_DMAR_RMRR_BASE 8    /* u64 */
#define SPEC_DMAR_RMRR_LIMIT 16  /* u64, included */
#define SPEC_DMAR_RMRR_BYTES 24

#define SPEC_DMAR_ATSR_FLAGS 4
#define SPEC_DMAR_ATSR_SEGMENT 6 /* u16 */
#define SPEC_DMAR_ATSR_BYTES 8
#define SPEC_DMAR_ATSR_F_ALL_PORTS SPEC_BIT32(0)

#define SPEC_DMAR_RHSA_BASE 8       /* u64, equals a DRHD's */
#define SPEC_DMAR_RHSA_PROXIMITY 16 /* u32 */
#define SPEC_DMAR_RHSA_BYTES 20

#define SPEC_DMAR_ANDD_NUMBER 7
#define SPEC_DMAR_ANDD_NAME 8 /* NUL-terminated ACPI path */
#define SPEC_DMAR_ANDD_BYTES 9

#define SPEC_DMAR_SATC_FLAGS 4
#define SPEC_DMAR_SATC_SEGMENT 6 /* u16 */
#define SPEC_DMAR_SATC_BYTES 8
#define SPEC_DMAR_SATC_F_ATC_REQUIRED SPEC_BIT32(0)

#define SPEC_DMAR_SIDP_SEGMENT 6 /* u16 */
#define SPEC_DMAR_SIDP_BYTES 8

/* ---- Device scope ------------------------------------------------------------------------ */
#define SPEC_DMAR_SCOPE_TYPE 0
#define SPEC_DMAR_SCOPE_LENGTH 1 /* 6 + 2 * path pairs */
#define SPEC_DMAR_SCOPE_FLAGS 2  /* only in SIDP */
#define SPEC_DMAR_SCOPE_ENUM_ID 4
#define SPEC_DMAR_SCOPE_BUS 5
#define SPEC_DMAR_SCOPE_PATH 6 /* pairs of device, function */
#define SPEC_DMAR_SCOPE_PATH_BYTES 2
#define SPEC_DMAR_SCOPE_BYTES 6
#define SPEC_DMAR_SCOPE_MIN_BYTES 8 /* with one path pair */

enum spec_dmar_scope {
    SPEC_DMAR_SCOPE_ENDPOINT = 1,
    SPEC_DMAR_SCOPE_BRIDGE = 2, /* and everything below it */
    SPEC_DMAR_SCOPE_IOAPIC = 3,
    SPEC_DMAR_SCOPE_HPET = 4,
    SPEC_DMAR_SCOPE_NAMESPACE = 5,
};

#define SPEC_DMAR_SCOPE_F_NO_NESTING SPEC_BIT32(0) /* for the PASID of plain requests */
#define SPEC_DMAR_SCOPE_F_NO_PWSNP SPEC_BIT32(1)
#define SPEC_DMAR_SCOPE_F_NO_PGSNP SPEC_BIT32(2) /* nor SNP in leaves */
#define SPEC_DMAR_SCOPE_F_ATC_HARDENED SPEC_BIT32(3)
#define SPEC_DMAR_SCOPE_F_ATC_REQUIRED SPEC_BIT32(4)

#endif
