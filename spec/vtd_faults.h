/* SPDX-License-Identifier: MIT */
/*
 * VT-d fault reasons. Topic in the architecture: "Fault reason codes".
 *
 * VTD_FAULTS(X): X(code, NAME, "SYMBOL", qualified, "meaning", ATS answer)
 *
 * SYMBOL is the architecture's short name of the condition where we know one; "IR" stands for
 * interrupt remapping, "rev5" for conditions of rev 5 whose short name we do not use.
 * qualified = 1: not recorded if FPD = 1 in any entry consulted so far (context, PASID directory,
 * PASID table; even an entry with P = 0).
 * The ATS answer is what a translation request gets; an untranslated request is always refused.
 */
#ifndef IOMMUKIT_SPEC_VTD_FAULTS_H
#define IOMMUKIT_SPEC_VTD_FAULTS_H

/* What the unit answers to a translation request that hit the condition. */
enum vtd_ats_answer {
    VTD_ATS_NONE,   /* does not apply to translation requests */
    VTD_ATS_UR,     /* unsupported request */
    VTD_ATS_CA,     /* completer abort */
    VTD_ATS_EMPTY,  /* success without rights: recoverable, not recorded */
    VTD_ATS_RIGHTS, /* success with the rights that are there */
};

#define VTD_FAULTS(X)                                                                            \
    /* Legacy mode: root, context, paging */                                                     \
    X(0x01, LRT_NOT_PRESENT, "LRT.2", 0, "root entry not present", VTD_ATS_UR)                   \
    X(0x02, LCT_NOT_PRESENT, "LCT.2", 1, "context entry not present", VTD_ATS_UR)                \
    X(0x03, LCT_INVALID, "LCT.4", 1,                                                             \
      "context entry invalid: width or type unsupported, or table unreachable", VTD_ATS_CA)      \
    X(0x04, LGN_BEYOND_LIMIT, "LGN.1", 1, "address beyond the input limit", VTD_ATS_EMPTY)       \
    X(0x05, LGN_NO_WRITE, "LGN.2", 1, "write without write right", VTD_ATS_RIGHTS)               \
    X(0x06, LGN_NO_READ, "LGN.3", 1, "read without read right", VTD_ATS_RIGHTS)                  \
    X(0x07, LSS_ACCESS, "LSS.1", 1, "page-table entry could not be read", VTD_ATS_CA)            \
    X(0x08, LRT_ACCESS, "LRT.1", 0, "root entry could not be read", VTD_ATS_CA)                  \
    X(0x09, LCT_ACCESS, "LCT.1", 0, "context entry could not be read", VTD_ATS_CA)               \
    X(0x0A, LRT_RESERVED, "LRT.3", 0, "reserved bit set in root entry", VTD_ATS_CA)              \
    X(0x0B, LCT_RESERVED, "LCT.3", 1, "reserved bit set in context entry", VTD_ATS_CA)           \
    X(0x0C, LSS_RESERVED, "LSS.2", 1, "reserved bit set in page-table entry", VTD_ATS_CA)        \
    X(0x0D, LCT_BLOCKED, "LCT.5", 1,                                                             \
      "context entry blocks translation and translated requests", VTD_ATS_UR)                    \
    X(0x0E, LGN_INTERRUPT_RANGE, "LGN.4", 1, "output in the interrupt range", VTD_ATS_CA)        \
    /* Interrupt remapping */                                                                    \
    X(0x20, IR_REQUEST_RESERVED, "IR", 0, "reserved bit set in interrupt request", VTD_ATS_NONE) \
    X(0x21, IR_INDEX, "IR", 0, "interrupt index beyond the table", VTD_ATS_NONE)                 \
    X(0x22, IR_NOT_PRESENT, "IR", 1, "interrupt entry not present", VTD_ATS_NONE)                \
    X(0x23, IR_ACCESS, "IR", 0, "interrupt entry could not be read", VTD_ATS_NONE)               \
    X(0x24, IR_RESERVED, "IR", 1, "reserved bit set in interrupt entry", VTD_ATS_NONE)           \
    X(0x25, IR_COMPATIBILITY, "IR", 0, "compatibility-format interrupt blocked", VTD_ATS_NONE)   \
    X(0x26, IR_SID, "IR", 1, "requester not allowed to use the entry", VTD_ATS_NONE)             \
    X(0x27, IR_POSTED_ACCESS, "IR", 1, "posted descriptor could not be accessed", VTD_ATS_NONE)  \
    X(0x28, IR_POSTED_RESERVED, "IR", 1, "reserved bit set in posted descriptor", VTD_ATS_NONE)  \
    X(0x29, IR_MALFORMED, "IR", 0, "request to the interrupt range is no interrupt",             \
      VTD_ATS_NONE)                                                                              \
    X(0x2A, IR_EIM_REQUIRED, "IR", 0, "32-bit APIC id mode required but off", VTD_ATS_NONE)      \
    X(0x2B, IR_REQUIRED, "IR", 0, "interrupt remapping required but off", VTD_ATS_NONE)          \
    /* Root table mode */                                                                        \
    X(0x30, RTA_BAD_MODE, "RTA.1", 0, "table mode invalid", VTD_ATS_CA)                          \
    X(0x31, RTA_PASID_IN_LEGACY, "RTA.2", 0, "request with PASID in legacy mode", VTD_ATS_UR)    \
    X(0x32, RTA_PAGE_REQUEST_IN_LEGACY, "RTA.3", 0, "page request in legacy mode", VTD_ATS_NONE) \
    X(0x33, RTA_ABORT_MODE, "RTA.4", 0, "all DMA is being aborted", VTD_ATS_UR)                  \
    X(0x34, RTA_EXECUTE, "RTA.5", 0, "execute request on a unit without them", VTD_ATS_NONE)     \
    /* Scalable mode: root, context, PASID directory, PASID entry */                             \
    X(0x38, SRT_ACCESS, "SRT.1", 0, "scalable root entry could not be read", VTD_ATS_CA)         \
    X(0x39, SRT_NOT_PRESENT, "SRT.2", 0, "scalable root entry not present", VTD_ATS_UR)          \
    X(0x3A, SRT_RESERVED, "SRT.3", 0, "reserved bit set in scalable root entry", VTD_ATS_CA)     \
    X(0x40, SCT_ACCESS, "SCT.1", 0, "scalable context entry could not be read", VTD_ATS_CA)      \
    X(0x41, SCT_NOT_PRESENT, "SCT.2", 1, "scalable context entry not present", VTD_ATS_UR)       \
    X(0x42, SCT_RESERVED, "SCT.3", 1, "reserved bit set in scalable context entry", VTD_ATS_CA)  \
    X(0x43, SCT_INVALID, "SCT.4", 1,                                                             \
      "context entry invalid: PRE without DTE, or RID_PASID beyond the directory", VTD_ATS_CA)   \
    X(0x44, SCT_NO_DTE, "SCT.5", 1, "translation or translated request while DTE = 0",           \
      VTD_ATS_UR)                                                                                \
    X(0x45, SCT_NO_PASIDE, "SCT.6", 1, "request with PASID while PASIDE = 0", VTD_ATS_UR)        \
    X(0x46, SCT_PASID_BEYOND, "SCT.7", 1, "PASID beyond the directory", VTD_ATS_UR)              \
    X(0x47, SCT_NO_PRE, "SCT.8", 1, "page request while PRE = 0", VTD_ATS_NONE)                  \
    X(0x48, SCT_RID_PASID_USED, "SCT.9", 1, "request carried the PASID of plain requests",       \
      VTD_ATS_UR)                                                                                \
    X(0x49, SCT_NO_EPTR, "rev5", 1, "PASID in translated request while EPTR = 0", VTD_ATS_NONE)  \
    X(0x50, SPD_ACCESS, "SPD.1", 0, "PASID directory entry could not be read", VTD_ATS_CA)       \
    X(0x51, SPD_NOT_PRESENT, "SPD.2", 1, "PASID directory entry not present", VTD_ATS_EMPTY)     \
    X(0x52, SPD_RESERVED, "SPD.3", 1, "reserved bit set in PASID directory entry", VTD_ATS_CA)   \
    X(0x58, SPT_ACCESS, "SPT.1", 0, "PASID entry could not be read", VTD_ATS_CA)                 \
    X(0x59, SPT_NOT_PRESENT, "SPT.2", 1, "PASID entry not present", VTD_ATS_EMPTY)               \
    X(0x5A, SPT_RESERVED, "SPT.3", 1, "reserved bit set in PASID entry", VTD_ATS_CA)             \
    X(0x5B, SPT_INVALID, "SPT.4", 1,                                                             \
      "PASID entry invalid: AW, PGTT or FSPM unsupported, or nested pointer beyond limit",       \
      VTD_ATS_CA)                                                                                \
    X(0x5C, SPT_NO_EXECUTE, "SPT.5", 1, "execute request not allowed (old)", VTD_ATS_EMPTY)      \
    X(0x5D, SPT_NO_SUPERVISOR, "SPT.6", 1, "supervisor request while SRE = 0", VTD_ATS_EMPTY)    \
    X(0x60, HPT_SIZE, "rev5", 1, "host permission table size invalid", VTD_ATS_NONE)             \
    /* First-stage walk */                                                                       \
    X(0x70, SFS_ACCESS, "SFS.1", 1, "first-stage entry could not be read", VTD_ATS_EMPTY)        \
    X(0x71, SFS_NOT_PRESENT, "SFS.2", 1, "first-stage entry not present", VTD_ATS_EMPTY)         \
    X(0x72, SFS_RESERVED, "SFS.3", 1, "reserved bit set in first-stage entry", VTD_ATS_EMPTY)    \
    X(0x73, SFS_TOP_ACCESS, "SFS.4", 1, "first-stage top table could not be read",               \
      VTD_ATS_EMPTY)                                                                             \
    X(0x74, SFS_POINTER_BEYOND, "SFS.5", 1,                                                      \
      "nested: first-stage pointer beyond the second-stage limit", VTD_ATS_EMPTY)                \
    X(0x75, SFS_TOP_NO_READ, "SFS.6", 1,                                                         \
      "nested: second stage denies reading the top first-stage table", VTD_ATS_EMPTY)            \
    X(0x76, SFS_NO_READ, "SFS.7", 1,                                                             \
      "nested: second stage denies reading a first-stage table", VTD_ATS_EMPTY)                  \
    X(0x77, SFS_NO_WRITE, "SFS.8", 1,                                                            \
      "nested: second stage denies updating a first-stage entry", VTD_ATS_EMPTY)                 \
    /* Second-stage walk in scalable mode */                                                     \
    X(0x78, SSS_ACCESS, "SSS.1", 1, "second-stage entry could not be read", VTD_ATS_CA)          \
    X(0x79, SSS_NOT_PRESENT, "SSS.2", 1, "second-stage entry not present", VTD_ATS_EMPTY)        \
    X(0x7A, SSS_RESERVED, "SSS.3", 1, "reserved bit set in second-stage entry", VTD_ATS_CA)      \
    X(0x7B, SSS_TOP_ACCESS, "SSS.4", 1, "second-stage top table could not be read", VTD_ATS_CA)  \
    X(0x7C, SSS_UPDATE_NOT_SNOOPED, "SSS.5", 1,                                                  \
      "second-stage flags need an update but walks are not snooped", VTD_ATS_CA)                 \
    X(0x7D, SSS_UPDATE_FAILED, "SSS.6", 1, "second-stage flag update failed", VTD_ATS_CA)        \
    /* General, scalable mode */                                                                 \
    X(0x80, SGN_NOT_CANONICAL, "SGN.1", 1, "first-stage input not canonical", VTD_ATS_EMPTY)     \
    X(0x81, SGN_USER, "SGN.2", 1, "user request to a supervisor page", VTD_ATS_EMPTY)            \
    X(0x82, SGN_NO_EXECUTE, "SGN.3", 1, "execute without execute right (old)", VTD_ATS_NONE)     \
    X(0x83, SGN_BEYOND_HAW, "SGN.4", 1,                                                          \
      "pass-through or translated address beyond the host width", VTD_ATS_EMPTY)                 \
    X(0x84, SGN_BEYOND_LIMIT, "SGN.5", 1, "second-stage input beyond the limit", VTD_ATS_EMPTY)  \
    X(0x85, SGN_NO_WRITE, "SGN.6", 1, "write without write right", VTD_ATS_RIGHTS)               \
    X(0x86, SGN_NO_READ, "SGN.7", 1, "read without read right", VTD_ATS_RIGHTS)                  \
    X(0x87, SGN_INTERRUPT_RANGE, "SGN.8", 1, "output in the interrupt range", VTD_ATS_CA)        \
    X(0x88, SGN_EXECUTE, "SGN.9", 1, "execute request refused (old)", VTD_ATS_NONE)              \
    X(0x89, SGN_PASID_TOO_WIDE, "SGN.10", 1, "PASID wider than the unit supports", VTD_ATS_UR)   \
    X(0x90, SFS_UPDATE_NOT_SNOOPED, "SFS.9", 1,                                                  \
      "first-stage flags need an update but walks are not snooped", VTD_ATS_EMPTY)               \
    /* 91h is recorded even for a translation request */                                         \
    X(0x91, SFS_UPDATE_FAILED, "SFS.10", 1, "first-stage flag update failed", VTD_ATS_EMPTY)     \
    /* Rev 5: walk of the host permission table; known by number only */                         \
    X(0xA0, HPT_WALK_A0, "rev5", 1, "host permission table walk, A0h", VTD_ATS_NONE)             \
    X(0xA1, HPT_WALK_A1, "rev5", 1, "host permission table walk, A1h", VTD_ATS_NONE)             \
    X(0xA2, HPT_WALK_A2, "rev5", 1, "host permission table walk, A2h", VTD_ATS_NONE)             \
    X(0xA3, HPT_WALK_A3, "rev5", 1, "host permission table walk, A3h", VTD_ATS_NONE)             \
    X(0xA4, HPT_WALK_A4, "rev5", 1, "host permission table walk, A4h", VTD_ATS_NONE)             \
    X(0xA5, HPT_WALK_A5, "rev5", 1, "host permission table walk, A5h", VTD_ATS_NONE)

#define VTD_FAULT_ENUM(code, name, symbol, qualified, meaning, ats) VTD_FAULT_##name = (code),
enum vtd_fault {
    VTD_FAULT_NONE = 0,
    VTD_FAULTS(VTD_FAULT_ENUM)
};
#undef VTD_FAULT_ENUM

/* Page requests that end in one of these are answered "invalid" if LPIG, else dropped; recorded. */
#define VTD_FAULT_PAGE_INVALID_MODE_FIRST 0x30
#define VTD_FAULT_PAGE_INVALID_MODE_LAST 0x34
#define VTD_FAULT_PAGE_INVALID_TABLE_FIRST 0x38
#define VTD_FAULT_PAGE_INVALID_TABLE_LAST 0x5B

/* Codes from here to VTD_FAULT_IR_LAST belong to interrupt remapping. */
#define VTD_FAULT_IR_FIRST 0x20
#define VTD_FAULT_IR_LAST 0x2B

#endif
