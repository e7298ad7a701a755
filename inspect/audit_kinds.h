/* SPDX-License-Identifier: MIT */
/*
 * audit_kinds.h - every kind of finding: AUDIT_KINDS(X), X(NAME, "id", usual severity, "what it means", "what to do").
 *
 * Ids are what scripts depend on: one is never renamed and never used for something else.
 */
#ifndef INSPECT_AUDIT_KINDS_H
#define INSPECT_AUDIT_KINDS_H

#define AUDIT_KINDS(X)                                                                                                 \
    /* The unit as a whole */                                                                                          \
    X(TRANSLATION_OFF, "translation-off", INSPECT_HIGH,                                                                \
      "The unit translates nothing: every device behind it reaches all memory.",                                       \
      "Boot with intel_iommu=on, and check that firmware does not switch VT-d off.")                                   \
    X(TABLE_MODE, "table-mode-invalid", INSPECT_MEDIUM,                                                                \
      "The root table's mode is one that the unit does not have: all DMA faults.",                                     \
      "Let the driver set the root table again, with a mode that ECAP reports.")                                       \
    X(INTERRUPTS_OFF, "interrupt-remapping-off", INSPECT_MEDIUM,                                                       \
      "Interrupt remapping is there and off: any device can raise any interrupt on any CPU.",                          \
      "Remove intremap=off from the kernel's command line and enable x2APIC or interrupt remapping in firmware.")      \
    X(INTERRUPTS_MISSING, "interrupt-remapping-missing", INSPECT_INFO,                                                 \
      "The unit cannot remap interrupts: any device can raise any interrupt.",                                         \
      "Give such a machine's devices to trusted owners only; in a virtual machine, switch intremap on.")               \
    X(INTERRUPTS_COMPATIBLE, "compatibility-interrupts", INSPECT_MEDIUM,                                               \
      "Interrupts in the old format bypass remapping.",                                                                \
      "Clear GCMD.CFI, as an operating system does that uses interrupt remapping.")                                    \
    X(INTERRUPTS_EIM, "interrupt-eim-required", INSPECT_MEDIUM,                                                        \
      "The unit demands x2APIC-format interrupt entries and they are off: interrupts are refused.",                    \
      "Enable x2APIC mode and set IRTA.EIME.")                                                                         \
    X(INTERRUPT_SOURCE, "interrupt-source-unchecked", INSPECT_MEDIUM,                                                  \
      "Interrupt remapping entries that any device may use: none is held to be the interrupt's source.",               \
      "Let the operating system verify sources; remove intremap=nosid.")                                               \
    X(QUEUE_OFF, "invalidation-queue-off", INSPECT_LOW,                                                                \
      "The invalidation queue is there and off while the unit translates; scalable mode cannot do without.",           \
      "Enable queued invalidation; find out who switched it off.")                                                     \
    X(QUEUE_ERROR, "invalidation-queue-error", INSPECT_HIGH,                                                           \
      "The invalidation queue has stopped: what was unmapped since may still be cached and reached.",                  \
      "Reset the machine; report the descriptor to the driver's authors.")                                             \
    X(QUEUE_TIMEOUT, "device-tlb-timeout", INSPECT_MEDIUM,                                                             \
      "A device did not confirm an invalidation: it may still use translations that were taken back.",                 \
      "Reset or remove the device, and keep its ATS off.")                                                             \
    X(QUEUE_COMPLETION, "device-tlb-unexpected-completion", INSPECT_LOW,                                               \
      "A device confirmed an invalidation that nobody had asked it for.",                                              \
      "Update the device's firmware or keep its ATS off.")                                                             \
    X(QUEUE_PENDING, "invalidation-pending", INSPECT_INFO,                                                             \
      "Invalidations had not been fetched when the registers were read.",                                              \
      "Normal in a machine that was stopped in mid-work; read the registers again otherwise.")                         \
    X(FAULT_PENDING, "fault-pending", INSPECT_LOW,                                                                     \
      "A fault record that nobody has read: a device tried what it may not.",                                          \
      "Look at the access with `iommukit walk`; check the device and its driver.")                                     \
    X(FAULT_OVERFLOW, "fault-overflow", INSPECT_MEDIUM,                                                                \
      "Faults were lost because all records were in use.",                                                             \
      "Find the device that faults in the kernel's log, and see that fault events are handled.")                       \
    X(FAULT_MASKED, "fault-events-masked", INSPECT_LOW,                                                                \
      "The unit raises no event for a fault: refused DMA goes unnoticed.",                                             \
      "Clear FECTL.IM, or poll the fault records.")                                                                    \
    X(FAULT_SILENCED, "fault-processing-disabled", INSPECT_LOW,                                                        \
      "Faults of this device are not recorded.",                                                                       \
      "Clear FPD in the entry, unless the device is known to fault harmlessly.")                                       \
    X(PROTECTED_MEMORY, "protected-memory-enabled", INSPECT_LOW,                                                       \
      "Firmware's protected memory regions are still on beside translation: DMA into them is refused.",                \
      "Clear PMEN.EPM once translation is on.")                                                                        \
    X(PAGE_REQUEST_OVERFLOW, "page-request-overflow", INSPECT_LOW,                                                     \
      "Page requests were dropped because the queue was full.",                                                        \
      "Enlarge the page request queue, or find the device that floods it.")                                            \
    X(PAGE_REQUEST_QUEUE, "page-request-queue-missing", INSPECT_LOW,                                                   \
      "A device may send page requests and the unit has no queue for them.",                                           \
      "Set PQA before PRE in a context entry.")                                                                        \
    X(UNIT_MISSING, "unit-without-registers", INSPECT_INFO,                                                            \
      "The DMAR table has a unit whose registers were not given: its devices were not judged.",                        \
      "Add the unit's registers to --regs.")                                                                           \
    X(REGISTERS, "registers-incomplete", INSPECT_INFO,                                                                 \
      "Registers are missing or make no sense: the unit was not judged.",                                              \
      "Read CAP, ECAP, GSTS, RTADDR, FSTS and FECTL of the unit.")                                                     \
    /* Routes */                                                                                                       \
    X(PASS_THROUGH, "pass-through", INSPECT_HIGH,                                                                      \
      "Requests go through untranslated: the device reaches all memory.",                                              \
      "Boot without iommu=pt, or give the device a domain of its own.")                                                \
    X(ATS, "ats-trusted", INSPECT_INFO,                                                                                \
      "The device may send translated requests: a device that lies reaches all memory.",                               \
      "Allow ATS only for devices that cannot be exchanged; on external ports never.")                                 \
    X(SUPERVISOR, "supervisor-requests", INSPECT_MEDIUM,                                                               \
      "The PASID accepts supervisor requests: the device passes user rights of first-stage pages.",                    \
      "Clear SRE in PASID entries that serve user processes.")                                                         \
    X(DID_TWO_TABLES, "did-two-tables", INSPECT_HIGH,                                                                  \
      "Two tables share a domain id: what is cached for one answers for the other.",                                   \
      "Give each table a domain id of its own.")                                                                       \
    X(DID_STAGES, "did-mixed-stages", INSPECT_MEDIUM,                                                                  \
      "A domain id serves first-stage or pass-through entries and second-stage entries.",                              \
      "Keep the ids of first-stage and pass-through entries apart from those of second-stage ones.")                   \
    X(TABLE_TWO_DIDS, "table-two-dids", INSPECT_LOW,                                                                   \
      "One table has two domain ids on one unit: an invalidation by one leaves the other's translations.",             \
      "Use one domain id for a table on a unit, or invalidate all of them.")                                           \
    X(DID_ZERO, "did-zero", INSPECT_MEDIUM,                                                                            \
      "Domain id 0 on a unit in caching mode, which tags faulting entries with it.",                                   \
      "Reserve domain id 0 where CAP.CM is set.")                                                                      \
    X(PASID_BEYOND, "pasid-stale", INSPECT_LOW,                                                                        \
      "PASID entries that no request can reach: beyond the directory or the PASID width, or with PASIDs off.",         \
      "Clear entries when their PASID is freed, before the directory shrinks or PASIDs are switched off.")             \
    X(PASID_SHARED, "pasid-table-shared", INSPECT_MEDIUM,                                                              \
      "Two devices share a PASID table: whoever attaches to one attaches to both.",                                    \
      "Give each device a PASID table of its own, aliases of one device excepted.")                                    \
    X(SCOPE, "device-outside-scope", INSPECT_MEDIUM,                                                                   \
      "The tables have an entry for a device that the DMAR table puts behind another unit, or behind none.",           \
      "Remove the entry; check the DMAR table with `iommukit dmar`.")                                                  \
    X(DEVICE_MISSING, "device-missing", INSPECT_LOW,                                                                   \
      "The tables have an entry for a device that does not exist: whoever takes its address inherits it.",             \
      "Remove the entry, unless it is the alias of a bridge or of a quirky device.")                                   \
    /* What mappings reach */                                                                                          \
    X(RAM_WRITABLE, "ram-wide-writable", INSPECT_HIGH,                                                                 \
      "The domain may write nearly all memory: its translation protects nothing.",                                     \
      "Map only what the device needs; boot without iommu=pt.")                                                        \
    X(RAM_READABLE, "ram-wide-readable", INSPECT_MEDIUM,                                                               \
      "The domain may read nearly all memory.", "Map only what the device needs.")                                     \
    X(IDENTITY, "identity-mapping", INSPECT_LOW,                                                                       \
      "Memory is mapped one to one beside the reserved regions of firmware.",                                          \
      "Linux does so with the first 16 MiB for ISA bridges (INTEL_IOMMU_FLOPPY_WA); else find out who wants it.")      \
    X(ROOT_WRITABLE, "device-table-writable", INSPECT_HIGH,                                                            \
      "The device may write root, context or PASID tables: it can give itself any domain.",                            \
      "Unmap them; find out why a driver's buffer and a table share a page.")                                          \
    X(ROOT_READABLE, "device-table-readable", INSPECT_LOW,                                                             \
      "The device may read root, context or PASID tables.", "Unmap them.")                                             \
    X(PAGE_TABLE_WRITABLE, "page-table-writable", INSPECT_HIGH,                                                        \
      "The device may write page tables: it can map what it likes.",                                                   \
      "Unmap them; find out why a driver's buffer and a table share a page.")                                          \
    X(PAGE_TABLE_READABLE, "page-table-readable", INSPECT_LOW,                                                         \
      "The device may read page tables.", "Unmap them.")                                                               \
    X(QUEUE_WRITABLE, "invalidation-queue-writable", INSPECT_HIGH,                                                     \
      "The device may write the invalidation queue: it can suppress invalidations and write anywhere.",                \
      "Unmap it.")                                                                                                     \
    X(QUEUE_READABLE, "invalidation-queue-readable", INSPECT_LOW,                                                      \
      "The device may read the invalidation queue.", "Unmap it.")                                                      \
    X(INTERRUPT_WRITABLE, "interrupt-table-writable", INSPECT_HIGH,                                                    \
      "The device may write the interrupt remapping table: it can raise any interrupt.", "Unmap it.")                  \
    X(INTERRUPT_READABLE, "interrupt-table-readable", INSPECT_LOW,                                                     \
      "The device may read the interrupt remapping table.", "Unmap it.")                                               \
    X(REQUEST_WRITABLE, "page-request-queue-writable", INSPECT_HIGH,                                                   \
      "The device may write the page request queue: it can ask for pages in others' names.", "Unmap it.")              \
    X(REQUEST_READABLE, "page-request-queue-readable", INSPECT_LOW,                                                    \
      "The device may read the page request queue.", "Unmap it.")                                                      \
    X(REGISTERS_WRITABLE, "unit-registers-writable", INSPECT_HIGH,                                                     \
      "A mapping leads to a remapping unit's registers: a device could switch it off.", "Unmap them.")                 \
    X(KERNEL_WRITABLE, "kernel-text-writable", INSPECT_HIGH,                                                           \
      "The device may write the kernel's code.", "Unmap it; map only what the device needs.")                          \
    X(KERNEL_READABLE, "kernel-text-readable", INSPECT_LOW,                                                            \
      "The device may read the kernel's code.", "Unmap it; map only what the device needs.")                           \
    X(FRAME_WRITABLE, "frame-writable-twice", INSPECT_MEDIUM,                                                          \
      "Memory is writable in two domains: their devices are not isolated from one another.",                           \
      "Unmap it in the domain that does not own it, unless the sharing is meant.")                                     \
    X(FRAME_READABLE, "frame-readable-elsewhere", INSPECT_LOW,                                                         \
      "Memory that one domain writes can be read in another.",                                                         \
      "Unmap it in the domain that does not own it, unless the sharing is meant.")                                     \
    X(WINDOW_INPUT, "interrupt-window-mapped", INSPECT_LOW,                                                            \
      "Addresses fee00000 to feefffff are mapped: requests without PASID to them are interrupts, not DMA.",            \
      "Keep that range out of the domain's addresses.")                                                                \
    X(WINDOW_OUTPUT, "interrupt-window-target", INSPECT_MEDIUM,                                                        \
      "A mapping leads into fee00000 to feefffff: hardware that checks refuses it, other hardware interrupts.",        \
      "Unmap it.")                                                                                                     \
    X(INPUT_WIDTH, "address-beyond-width", INSPECT_LOW,                                                                \
      "Something is mapped above the input width of the unit: it cannot be reached.",                                  \
      "Hand out addresses below 2^(CAP.MGAW + 1) only.")                                                               \
    /* Entries that hardware refuses */                                                                                \
    X(RESERVED_ROOT, "root-entry-reserved-bits", INSPECT_LOW,                                                          \
      "A root entry has reserved bits set: all requests of its bus fault.",                                            \
      "The table is damaged, or was written for another mode; see who writes to it.")                                  \
    X(RESERVED_CONTEXT, "context-entry-reserved-bits", INSPECT_LOW,                                                    \
      "A context entry has reserved bits set: the device's requests fault.",                                           \
      "The table is damaged, or uses a feature that ECAP does not report.")                                            \
    X(RESERVED_PASID, "pasid-entry-reserved-bits", INSPECT_LOW,                                                        \
      "A PASID directory or table entry has reserved bits set: its requests fault.",                                   \
      "The table is damaged, or uses a feature that ECAP does not report.")                                            \
    X(RESERVED_PAGE, "page-entry-reserved-bits", INSPECT_LOW,                                                          \
      "A page-table entry has reserved bits set: accesses below it fault.",                                            \
      "The table is damaged, or uses a feature or page size that CAP does not report.")                                \
    X(PAGE_SIZE, "page-size-unsupported", INSPECT_MEDIUM,                                                              \
      "A large page of a size that the unit does not have.", "Use page sizes that CAP reports.")                       \
    X(PAGE_MISALIGNED, "page-misaligned", INSPECT_LOW,                                                                 \
      "A large page whose address is not a multiple of its size: accesses fault.", "Align the page.")                  \
    X(ENTRY_INVALID, "entry-invalid", INSPECT_LOW,                                                                     \
      "A context or PASID entry asks for what the unit does not have: requests fault.",                                \
      "Use translation types and widths that CAP and ECAP report.")                                                    \
    X(POINTER_WIDE, "pointer-beyond-width", INSPECT_LOW,                                                               \
      "An entry points above the host's address width: accesses fault.",                                               \
      "The table is damaged, or the address width is given wrong.")                                                    \
    X(LOOP, "page-table-loop", INSPECT_HIGH,                                                                           \
      "A page table is its own ancestor: it was damaged or tampered with.",                                            \
      "Find out who wrote it; reset the machine.")                                                                     \
    X(NESTED_DENIED, "nested-table-unmapped", INSPECT_LOW,                                                             \
      "A nested first-stage table that the second stage does not map: requests fault.",                                \
      "Map the guest's tables in the second stage.")                                                                   \
    /* Firmware's table */                                                                                             \
    X(REGION_UNMAPPED, "reserved-region-unmapped", INSPECT_MEDIUM,                                                     \
      "A device lacks its reserved region: what firmware lets it do there faults.",                                    \
      "Map the region one to one, readable and writable, while the device is attached.")                               \
    X(REGION_RAM, "reserved-region-in-ram", INSPECT_MEDIUM,                                                            \
      "A reserved region lies in RAM that is in use: its device reaches what the system stores there.",                \
      "Update firmware, or take the region out of the system's memory (memmap=).")                                     \
    X(REGION_ELSEWHERE, "reserved-region-foreign", INSPECT_MEDIUM,                                                     \
      "A reserved region is writable for a device that it does not belong to.", "Unmap it there.")                     \
    X(REGION_WIDE, "reserved-region-wide", INSPECT_LOW,                                                                \
      "A reserved region is larger than 512 MiB: so much is always open to its device.",                               \
      "Ask the vendor for firmware with a smaller region; do not give the device away.")                               \
    /* The dump */                                                                                                     \
    X(ABSENT, "table-absent", INSPECT_INFO,                                                                            \
      "Tables are not in the dump: what they map was not judged.",                                                     \
      "Dump the kernel's pages too, without filtering (makedumpfile -d 0).")                                           \
    X(STOPPED, "stopped-here", INSPECT_LOW,                                                                            \
      "A limit was reached: there is more than was looked at or told.",                                                \
      "Judge what was told first; tables of this size are most likely damaged.")

#endif
