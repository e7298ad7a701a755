/* SPDX-License-Identifier: MIT */
/*
 * Data Streaming Accelerator: registers, queue configuration, descriptors and completion records,
 * as far as a model of a shared device needs them. All are little-endian.
 * Topics: "Memory-mapped registers", "Device commands", "Work queue configuration",
 * "Descriptor format", "Completion record". Registers are in BAR0, portals in BAR2.
 *
 * SPEC_DSA_REG_<name>       byte offset in BAR0
 * SPEC_DSA_<reg>_<field>    mask inside that register
 * SPEC_DSA_WQCFG_, _GRPCFG_, _DESC_, _COMP_  byte offsets inside those structures, and masks
 */
#ifndef IOMMUKIT_SPEC_DSA_H
#define IOMMUKIT_SPEC_DSA_H

#include <stdint.h>

#include "spec/bits.h"

/* ---- Registers --------------------------------------------------------------------------- */
#define SPEC_DSA_BAR_REGISTERS 0
#define SPEC_DSA_BAR_PORTALS 2

#define SPEC_DSA_REG_VERSION 0x00  /* u32 */
#define SPEC_DSA_REG_GENCAP 0x10   /* u64 */
#define SPEC_DSA_REG_WQCAP 0x20    /* u64 */
#define SPEC_DSA_REG_GRPCAP 0x30   /* u64 */
#define SPEC_DSA_REG_ENGCAP 0x38   /* u64 */
#define SPEC_DSA_REG_OPCAP 0x40    /* 256 bits: bit n = opcode n */
#define SPEC_DSA_REG_OFFSETS 0x60  /* 128 bits */
#define SPEC_DSA_REG_GENCFG 0x80   /* u32 */
#define SPEC_DSA_REG_GENCTRL 0x88  /* u32 */
#define SPEC_DSA_REG_GENSTS 0x90   /* u32 */
#define SPEC_DSA_REG_INTCAUSE 0x98 /* u32, write 1 clears */
#define SPEC_DSA_REG_CMD 0xA0      /* u32 */
#define SPEC_DSA_REG_CMDSTS 0xA8   /* u32 */
#define SPEC_DSA_REG_CMDCAP 0xB0   /* u32: bit n = command n */
#define SPEC_DSA_REG_SWERR 0xC0    /* 256 bits */

#define SPEC_DSA_VERSION_1 0x100
#define SPEC_DSA_VERSION_2 0x200

#define SPEC_DSA_GENCAP_BLOCK_ON_FAULT SPEC_BIT64(0)
#define SPEC_DSA_GENCAP_OVERLAP SPEC_BIT64(1)
#define SPEC_DSA_GENCAP_CMDCAP SPEC_BIT64(4)
#define SPEC_DSA_GENCAP_DEST_READBACK SPEC_BIT64(8)
#define SPEC_DSA_GENCAP_DRAIN_READBACK SPEC_BIT64(9)
#define SPEC_DSA_GENCAP_MAX_XFER_LG2 SPEC_MASK64(20, 16)
#define SPEC_DSA_GENCAP_MAX_BATCH_LG2 SPEC_MASK64(24, 21)
#define SPEC_DSA_GENCAP_IMS_SIZE SPEC_MASK64(30, 25)
#define SPEC_DSA_GENCAP_CONFIGURABLE SPEC_BIT64(31)

#define SPEC_DSA_WQCAP_TOTAL_SIZE SPEC_MASK64(15, 0) /* entries over all queues */
#define SPEC_DSA_WQCAP_COUNT SPEC_MASK64(23, 16)
#define SPEC_DSA_WQCAP_CFG_LG2 SPEC_MASK64(27, 24) /* log2 of bytes a WQCFG, minus 5 */
#define SPEC_DSA_WQCAP_SHARED SPEC_BIT64(48)
#define SPEC_DSA_WQCAP_DEDICATED SPEC_BIT64(49)
#define SPEC_DSA_WQCAP_ATS_CONTROL SPEC_BIT64(50)
#define SPEC_DSA_WQCAP_PRIORITY SPEC_BIT64(51)
#define SPEC_DSA_WQCAP_OCCUPANCY SPEC_BIT64(52)
#define SPEC_DSA_WQCAP_OCCUPANCY_INT SPEC_BIT64(53)

#define SPEC_DSA_GRPCAP_COUNT SPEC_MASK64(7, 0)
#define SPEC_DSA_ENGCAP_COUNT SPEC_MASK64(7, 0)

/* Table offsets: two qwords, in units of 256 bytes. */
#define SPEC_DSA_OFFSET_UNIT 0x100
#define SPEC_DSA_OFFSETS0_GRPCFG SPEC_MASK64(15, 0)
#define SPEC_DSA_OFFSETS0_WQCFG SPEC_MASK64(31, 16)
#define SPEC_DSA_OFFSETS0_MSIX_PERM SPEC_MASK64(47, 32)
#define SPEC_DSA_OFFSETS0_IMS SPEC_MASK64(63, 48)
#define SPEC_DSA_OFFSETS1_PERFMON SPEC_MASK64(15, 0)

#define SPEC_DSA_GENCTRL_SWERR_INT SPEC_BIT32(0)
#define SPEC_DSA_GENCTRL_HALT_INT SPEC_BIT32(1)

#define SPEC_DSA_GENSTS_STATE SPEC_MASK32(1, 0)
#define SPEC_DSA_GENSTS_RESET SPEC_MASK32(3, 2) /* which kind of reset is needed */

enum spec_dsa_state {
    SPEC_DSA_STATE_DISABLED = 0,
    SPEC_DSA_STATE_ENABLED = 1,
    SPEC_DSA_STATE_DRAINING = 2,
    SPEC_DSA_STATE_HALTED = 3,
};

#define SPEC_DSA_INTCAUSE_ERROR SPEC_BIT32(0)
#define SPEC_DSA_INTCAUSE_CMD SPEC_BIT32(1)
#define SPEC_DSA_INTCAUSE_OCCUPANCY SPEC_BIT32(2)
#define SPEC_DSA_INTCAUSE_HALT SPEC_BIT32(4)

#define SPEC_DSA_CMD_OPERAND SPEC_MASK32(19, 0)
#define SPEC_DSA_CMD_COMMAND SPEC_MASK32(24, 20)
#define SPEC_DSA_CMD_INT SPEC_BIT32(31)

#define SPEC_DSA_CMDSTS_ERROR SPEC_MASK32(7, 0)
#define SPEC_DSA_CMDSTS_RESULT SPEC_MASK32(23, 8)
#define SPEC_DSA_CMDSTS_ACTIVE SPEC_BIT32(31)

/* Software error, qword 0; written with VALID and OVERFLOW to acknowledge. */
#define SPEC_DSA_SWERR0_VALID SPEC_BIT64(0)
#define SPEC_DSA_SWERR0_OVERFLOW SPEC_BIT64(1)
#define SPEC_DSA_SWERR0_DESC_VALID SPEC_BIT64(2)
#define SPEC_DSA_SWERR0_WQ_VALID SPEC_BIT64(3)
#define SPEC_DSA_SWERR0_BATCH SPEC_BIT64(4)
#define SPEC_DSA_SWERR0_WRITE SPEC_BIT64(5)
#define SPEC_DSA_SWERR0_PRIV SPEC_BIT64(6)
#define SPEC_DSA_SWERR0_ERROR SPEC_MASK64(15, 8)
#define SPEC_DSA_SWERR0_WQ SPEC_MASK64(23, 16)
#define SPEC_DSA_SWERR0_OPERATION SPEC_MASK64(39, 32)
#define SPEC_DSA_SWERR0_PASID SPEC_MASK64(59, 40)
#define SPEC_DSA_SWERR1_BATCH_INDEX SPEC_MASK64(15, 0)
#define SPEC_DSA_SWERR1_INVALID_FLAGS SPEC_MASK64(63, 32)
/* Qword 2 is the fault address. */
#define SPEC_DSA_SWERR_ACK (SPEC_DSA_SWERR0_VALID | SPEC_DSA_SWERR0_OVERFLOW)

/* ---- Commands ---------------------------------------------------------------------------- */
enum spec_dsa_command {
    SPEC_DSA_CMD_ENABLE_DEVICE = 1,
    SPEC_DSA_CMD_DISABLE_DEVICE = 2,
    SPEC_DSA_CMD_DRAIN_ALL = 3,
    SPEC_DSA_CMD_ABORT_ALL = 4,
    SPEC_DSA_CMD_RESET_DEVICE = 5,
    SPEC_DSA_CMD_ENABLE_WQ = 6, /* operand: queue number */
    SPEC_DSA_CMD_DISABLE_WQ = 7, /* 7 to 10: mask of queues, see below */
    SPEC_DSA_CMD_DRAIN_WQ = 8,
    SPEC_DSA_CMD_ABORT_WQ = 9,
    SPEC_DSA_CMD_RESET_WQ = 10,
    SPEC_DSA_CMD_DRAIN_PASID = 11, /* operand: the PASID */
    SPEC_DSA_CMD_ABORT_PASID = 12,
    SPEC_DSA_CMD_REQUEST_HANDLE = 13,
    SPEC_DSA_CMD_RELEASE_HANDLE = 14,
};

/* Operand of commands 7 to 10: sixteen queues, and which sixteen. */
#define SPEC_DSA_OPERAND_WQ_MASK SPEC_MASK32(15, 0)
#define SPEC_DSA_OPERAND_WQ_GROUP SPEC_MASK32(19, 16)

enum spec_dsa_cmd_error {
    SPEC_DSA_CMDERR_NONE = 0,
    SPEC_DSA_CMDERR_INVALID_COMMAND = 0x01,
    SPEC_DSA_CMDERR_INVALID_WQ = 0x02,
    SPEC_DSA_CMDERR_HARDWARE = 0x03,
    /* enabling the device */
    SPEC_DSA_CMDERR_DEV_ENABLED = 0x10,
    SPEC_DSA_CMDERR_DEV_CONFIG = 0x11,
    SPEC_DSA_CMDERR_DEV_MASTER_OFF = 0x12,
    SPEC_DSA_CMDERR_DEV_PASID = 0x13,
    SPEC_DSA_CMDERR_DEV_WQ_SIZES = 0x14,
    SPEC_DSA_CMDERR_DEV_GROUP_FIRST = 0x15, /* group configuration, up to ... */
    SPEC_DSA_CMDERR_DEV_GROUP_LAST = 0x18,
    /* enabling a queue */
    SPEC_DSA_CMDERR_WQ_DEV_DISABLED = 0x20,
    SPEC_DSA_CMDERR_WQ_ENABLED = 0x21,
    SPEC_DSA_CMDERR_WQ_SIZE = 0x22,
    SPEC_DSA_CMDERR_WQ_PRIORITY = 0x23,
    SPEC_DSA_CMDERR_WQ_MODE = 0x24,
    SPEC_DSA_CMDERR_WQ_BLOCK_ON_FAULT = 0x25,
    SPEC_DSA_CMDERR_WQ_PASID = 0x26,
    SPEC_DSA_CMDERR_WQ_BATCH = 0x27,
    SPEC_DSA_CMDERR_WQ_XFER = 0x28,
    /* disabling and the rest */
    SPEC_DSA_CMDERR_DISABLE_NOT_ENABLED = 0x31,
    SPEC_DSA_CMDERR_DEV_NOT_ENABLED = 0x32,
};

/* ---- Group configuration: 64 bytes a group ----------------------------------------------- */
#define SPEC_DSA_GRPCFG_BYTES 64
#define SPEC_DSA_GRPCFG_WQS 0      /* four qwords, one bit a queue */
#define SPEC_DSA_GRPCFG_WQS_QWORDS 4
#define SPEC_DSA_GRPCFG_ENGINES 32 /* one qword, one bit an engine */
#define SPEC_DSA_GRPCFG_FLAGS 40

/* ---- Queue configuration: 32 or 64 bytes a queue, changeable while it is off ------------- */
#define SPEC_DSA_WQCFG_MIN_BYTES 32
#define SPEC_DSA_WQCFG_SIZE 0      /* u32, dword 0 */
#define SPEC_DSA_WQCFG_SIZE_ENTRIES SPEC_MASK32(15, 0)
#define SPEC_DSA_WQCFG_THRESHOLD 4 /* u32, dword 1 */
#define SPEC_DSA_WQCFG_THRESHOLD_ENTRIES SPEC_MASK32(15, 0)
#define SPEC_DSA_WQCFG_MODE 8      /* u32, dword 2 */
#define SPEC_DSA_WQCFG_MODE_DEDICATED SPEC_BIT32(0)
#define SPEC_DSA_WQCFG_MODE_BLOCK_ON_FAULT SPEC_BIT32(1)
#define SPEC_DSA_WQCFG_MODE_ATS_DISABLE SPEC_BIT32(2)
#define SPEC_DSA_WQCFG_MODE_PRIORITY SPEC_MASK32(7, 4)
#define SPEC_DSA_WQCFG_MODE_PASID SPEC_MASK32(27, 8) /* dedicated queues tag with it */
#define SPEC_DSA_WQCFG_MODE_PASID_ENABLE SPEC_BIT32(28)
#define SPEC_DSA_WQCFG_MODE_PRIV SPEC_BIT32(29)
#define SPEC_DSA_WQCFG_LIMITS 12   /* u32, dword 3 */
#define SPEC_DSA_WQCFG_LIMITS_XFER_LG2 SPEC_MASK32(4, 0)
#define SPEC_DSA_WQCFG_LIMITS_BATCH_LG2 SPEC_MASK32(8, 5)
#define SPEC_DSA_WQCFG_STATE 24    /* u32, dword 6 */
#define SPEC_DSA_WQCFG_STATE_OCCUPANCY SPEC_MASK32(15, 0)
#define SPEC_DSA_WQCFG_STATE_MODE_SUPPORT SPEC_BIT32(29)
#define SPEC_DSA_WQCFG_STATE_STATE SPEC_MASK32(31, 30)

#define SPEC_DSA_WQ_STATE_OFF 0
#define SPEC_DSA_WQ_STATE_ON 1

/* ---- Portals ----------------------------------------------------------------------------- */
#define SPEC_DSA_PORTAL_BYTES 4096
#define SPEC_DSA_PORTALS_PER_WQ 4 /* unlimited and limited, for MSI-X and for IMS */
#define SPEC_DSA_PORTAL_UNLIMITED 0
#define SPEC_DSA_PORTAL_LIMITED 1
#define SPEC_DSA_PORTAL_IMS 2 /* add to either */
#define SPEC_DSA_WQ_PORTAL(wq) ((wq) * SPEC_DSA_PORTALS_PER_WQ * SPEC_DSA_PORTAL_BYTES)

/* ---- Descriptor: 64 bytes ---------------------------------------------------------------- */
#define SPEC_DSA_DESC_BYTES 64
#define SPEC_DSA_DESC_PASID 0 /* u32 */
#define SPEC_DSA_DESC_PASID_PASID SPEC_MASK32(19, 0)
#define SPEC_DSA_DESC_PASID_PRIV SPEC_BIT32(31)
#define SPEC_DSA_DESC_OP 4 /* u32 */
#define SPEC_DSA_DESC_OP_FLAGS SPEC_MASK32(23, 0)
#define SPEC_DSA_DESC_OP_OPCODE SPEC_MASK32(31, 24)
#define SPEC_DSA_DESC_COMPLETION 8 /* u64 */
#define SPEC_DSA_DESC_SOURCE 16    /* u64; fill pattern; list of a batch */
#define SPEC_DSA_DESC_DEST 24      /* u64; second source of a compare */
#define SPEC_DSA_DESC_SIZE 32      /* u32; batch: count */
#define SPEC_DSA_DESC_INT_HANDLE 36 /* u16 */
#define SPEC_DSA_DESC_SPECIFIC 40   /* 24 bytes by operation */

enum spec_dsa_opcode {
    SPEC_DSA_OP_NOOP = 0x00,
    SPEC_DSA_OP_BATCH = 0x01,
    SPEC_DSA_OP_DRAIN = 0x02,
    SPEC_DSA_OP_MOVE = 0x03,
    SPEC_DSA_OP_FILL = 0x04,
    SPEC_DSA_OP_COMPARE = 0x05,
    SPEC_DSA_OP_COMPARE_PATTERN = 0x06,
    SPEC_DSA_OP_DUALCAST = 0x09,
    SPEC_DSA_OP_CRC = 0x10,
    SPEC_DSA_OP_COPY_CRC = 0x11,
};

#define SPEC_DSA_FLAG_FENCE SPEC_BIT32(0)
#define SPEC_DSA_FLAG_BLOCK_ON_FAULT SPEC_BIT32(1)
#define SPEC_DSA_FLAG_COMPLETION_VALID SPEC_BIT32(2)
#define SPEC_DSA_FLAG_REQUEST_COMPLETION SPEC_BIT32(3)
#define SPEC_DSA_FLAG_INTERRUPT SPEC_BIT32(4)

/* ---- Completion record: 32 bytes, aligned to 32 ------------------------------------------ */
#define SPEC_DSA_COMP_BYTES 32
#define SPEC_DSA_COMP_ALIGN 32
#define SPEC_DSA_COMP_STATUS 0 /* u8 */
#define SPEC_DSA_COMP_STATUS_CODE SPEC_MASK32(6, 0)
#define SPEC_DSA_COMP_STATUS_WRITE SPEC_BIT32(7) /* the fault was a write */
#define SPEC_DSA_COMP_RESULT 1      /* u8; compare: 0 equal */
#define SPEC_DSA_COMP_DONE 4        /* u32, bytes completed */
#define SPEC_DSA_COMP_FAULT 8       /* u64 */
#define SPEC_DSA_COMP_SPECIFIC 16   /* 16 bytes by operation */

enum spec_dsa_status {
    SPEC_DSA_STATUS_NONE = 0x00,
    SPEC_DSA_STATUS_SUCCESS = 0x01,
    SPEC_DSA_STATUS_SUCCESS_FALSE = 0x02, /* success, predicate false */
    SPEC_DSA_STATUS_PAGE_FAULT = 0x03,    /* did not block; may be continued */
    SPEC_DSA_STATUS_PAGE_FAULT_READBACK = 0x04,
    SPEC_DSA_STATUS_BATCH_FAILED = 0x05,
    SPEC_DSA_STATUS_BAD_OPCODE = 0x10,
    SPEC_DSA_STATUS_BAD_FLAGS = 0x11,
    SPEC_DSA_STATUS_RESERVED = 0x12,
    SPEC_DSA_STATUS_SIZE = 0x13,
    SPEC_DSA_STATUS_COUNT = 0x14,
    SPEC_DSA_STATUS_OVERLAP = 0x16,
    SPEC_DSA_STATUS_COMPLETION_FAULT = 0x1A, /* the record's address did not translate */
    SPEC_DSA_STATUS_COMPLETION_ALIGN = 0x1B,
};

#endif
