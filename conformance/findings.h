/* SPDX-License-Identifier: MIT */
/* findings.h - everything that can be wrong with a driver, by name: X(NAME, "name", "behaviour", "section", "rule"). */
#ifndef IOMMUKIT_CONFORMANCE_FINDINGS_H
#define IOMMUKIT_CONFORMANCE_FINDINGS_H

#define FINDINGS(X)                                                                                                \
    X(INIT_FAILED, "init-failed", "B20", "Enabling DMA remapping",                                                 \
      "a unit that the architecture allows can be brought up")                                                     \
    X(UNIT_LEFT_OFF, "unit-left-off", "B24", "DMA-remapping hardware unit definition",                             \
      "every unit of the table is brought up, not the first alone")                                                \
    X(REFUSED, "refused", "B13", "DMA remapping", "an ordinary request is carried out")                            \
    X(BAD_ACCEPTED, "bad-request-accepted", "B36", "DMA remapping", "a request that cannot work is refused")       \
    X(UNREACHABLE, "unreachable", "B13", "Address translation", "a mapped page is reached")                        \
    X(WRONG_PAGE, "wrong-page", "B13", "Tagging of cached translations", "a page is reached through its own domain only") \
    X(WRONG_RIGHTS, "wrong-rights", "B15", "Access rights", "a read-only mapping blocks writes")                   \
    X(OPEN_ROUTE, "open-route", "B56", "Requests with and without PASID", "a route without attachment is blocked") \
    X(ENTRY_NOT_FLUSHED, "entry-not-flushed", "B75", "Memory coherency of table walks",                            \
      "where walks do not snoop, an entry is written back before hardware may read it")                            \
    X(WRITE_BUFFER, "write-buffer-not-flushed", "B43", "Write-buffer flushing",                                    \
      "with RWBF set, a new entry is followed by a flush of the write buffer")                                     \
    X(CACHED_PAGE, "cached-absent-page", "B43", "Caching Mode",                                                    \
      "with CM set, mapping what was not present is followed by an IOTLB invalidation")                            \
    X(CACHED_ENTRY, "cached-absent-entry", "B43", "Caching Mode",                                                  \
      "with CM set, a new context or PASID entry is followed by invalidations")                                    \
    X(HALF_BUILT, "half-built-entry", "B57", "Atomicity of entry updates", "the present bit is set last")          \
    X(CHANGED_IN_PLACE, "entry-changed-in-place", "B57", "Atomicity of entry updates",                             \
      "a present entry is not edited: hardware may see old and new fields together")                               \
    X(RESERVED_BIT, "reserved-bit-set", "B20", "Translation structure formats",                                    \
      "fields whose capability is not reported, and bits above the address width, are 0")                          \
    X(BAD_POINTER, "bad-table-pointer", "B20", "Translation structure formats", "entries hold physical addresses") \
    X(WRONG_WIDTH, "wrong-width", "B39", "Address width and levels",                                               \
      "levels and table types are those that this very unit supports")                                             \
    X(STALE_PAGE, "stale-page", "B45", "IOTLB invalidation", "an unmapped page is out of every cache on return")   \
    X(STALE_TABLE, "stale-table-pointer", "B45", "Invalidation hint",                                              \
      "the hint is given only when no table page went")                                                            \
    X(FREED_TABLE, "freed-table-in-reach", "B45", "Invalidation completion",                                       \
      "a table page is freed after the wait of its invalidation")                                                  \
    X(STALE_ENTRY, "stale-entry", "B44", "Context-cache and PASID-cache invalidation",                             \
      "on return from detach the entry is out of every cache")                                                     \
    X(REUSED_EARLY, "id-reused-early", "B58", "Context-cache and PASID-cache invalidation",                        \
      "a PASID or domain id is used again when its caches are clean, not before")                                  \
    X(LIVE_ENTRY, "entry-left-live", "B44", "Tearing down an entry", "detach clears the entry")                    \
    X(LIVE_PAGE, "page-left-mapped", "B45", "Tearing down an entry", "unmap clears the leaf")                      \
    X(NEIGHBOUR_LOST, "neighbour-lost", "B44", "Tearing down an entry", "what was not taken away still works")     \
    X(STALE_DEVICE_TLB, "stale-device-tlb", "B59", "Device-TLB invalidation",                                      \
      "a device with ATS on is told of every page that goes, with its PASID")                                      \
    X(PASID_RANGE, "pasid-out-of-range", "B31", "PASID width", "PASIDs are above 0 and within the unit's width")   \
    X(PASID_CLASH, "pasid-clash", "B12", "PASID width", "two domains of one device never share a PASID")           \
    X(RESERVED_DEAD, "reserved-region-dead", "B71", "Reserved memory regions",                                     \
      "firmware's DMA never stops, from the moment of enabling on, first byte to last")                            \
    X(RESERVED_OPEN, "reserved-region-open", "B71", "Reserved memory regions",                                     \
      "a reserved region is open to its own device, no further than its pages")                                    \
    X(WINDOW_MAPPED, "interrupt-window-mapped", "B71", "Interrupt address range",                                  \
      "the interrupt window is never handed out as an IOVA")                                                       \
    X(TAKEOVER, "stale-takeover", "B76", "Setting the root table pointer",                                         \
      "caches that an earlier driver filled are invalidated with the root table")                                  \
    X(COMMAND_DROPS, "command-drops-enable", "B20", "Global command register",                                     \
      "a command keeps the enable bits that are set")                                                              \
    X(COMMAND_TWO, "command-two-changes", "B20", "Global command register", "one change in one write")             \
    X(MISUSE, "register-misuse", "B20", "Register access rules", "registers are used as the architecture says")    \
    X(HANG, "endless-wait", "B60", "Queued invalidation errors", "every wait has a limit")                         \
    X(FALSE_SUCCESS, "false-success", "B60", "Queued invalidation errors",                                         \
      "what the hardware did not confirm is not reported as done")                                                 \
    X(NO_RECOVERY, "no-recovery", "B60", "Queued invalidation errors",                                             \
      "after an error that hardware recovers from, the driver goes on")                                            \
    X(FAULT_LOST, "fault-lost", "B62", "Fault recording", "a blocked request is reported")                         \
    X(FAULT_WRONG, "fault-wrong", "B62", "Fault recording", "a fault carries requester, PASID, page, direction, reason") \
    X(FAULT_STORM, "fault-storm", "B63", "Fault recording", "after an overflow faults are recorded again")         \
    X(FREED_TWICE, "freed-wrongly", "B42", "Host memory", "what is freed was allocated, with this size, once")     \
    X(FREED_WRITTEN, "freed-page-written", "B45", "Host memory", "nobody writes to a page after it was freed")     \
    X(LEAK, "leak", "B42", "Host memory", "after tear-down every page has come back")                              \
    X(CRASH, "crash", "B42", "Host memory", "the driver survives")                                                 \
    X(FAILURE_LEFT, "failure-left-traces", "B42", "Error handling", "a call that failed has changed nothing")

#define FINDING_ENUM(name, ...) FINDING_##name,
enum finding { FINDINGS(FINDING_ENUM) FINDING_COUNT };

struct finding_about {
    const char *name, *behaviour, *section, *rule;
};
extern const struct finding_about finding_about[FINDING_COUNT];

#endif
