/* SPDX-License-Identifier: MIT */
/* fields_table.c - which fields each register has. Places are the architecture's, from spec/vtd_regs.h. */
#include "inspect/fields_table.h"
#include "spec/vtd_regs.h"

#define FLAG(NAME, MASK, MEANING)               {#NAME, MASK, MEANING, NULL},
#define FIELD(REGISTER, NAME, MEANING, WORDS)   {#NAME, VTD_##REGISTER##_##NAME, MEANING, WORDS}
#define WHOLE(MEANING)                          {"ADDRESS", SPEC_MASK64(63, 0), MEANING, words_address}

/* ---- what the unit can do, and whether it does --------------------------------------------- */

static const struct field_row ver[] = {
    FIELD(VER, MINOR, "minor version", NULL),
    FIELD(VER, MAJOR, "major version", NULL),
};
static const struct field_row cap[] = {VTD_CAP_FIELDS(FLAG)};
static const struct field_row ecap[] = {VTD_ECAP_FIELDS(FLAG)};
static const struct field_row gsts[] = {VTD_GSTS_FIELDS(FLAG)};
static const struct field_row rtaddr[] = {
    FIELD(RTADDR, SSIRWE, "second-stage indirect rights enabled, rev 5", NULL),
    FIELD(RTADDR, TTM, "table mode", words_table_mode),
    FIELD(RTADDR, RTA, "root table", words_page_address),
};
static const struct field_row ccmd[] = {
    FIELD(CCMD, DID, "domain id", NULL),
    FIELD(CCMD, SID, "requester", words_device),
    FIELD(CCMD, FM, "requester-id bits to ignore", words_function_mask),
    FIELD(CCMD, CAIG, "granularity done", words_granularity_done),
    FIELD(CCMD, CIRG, "granularity asked for", words_granularity),
    FIELD(CCMD, ICC, "invalidation in progress", NULL),
};
static const struct field_row pmen[] = {
    FIELD(PMEN, PRS, "protected regions are active", NULL),
    FIELD(PMEN, EPM, "protection of the regions asked for", NULL),
};
static const struct field_row base[] = {WHOLE("first address; the low bits that cannot be set read as 0")};
static const struct field_row limit[] = {WHOLE("last address; the low bits that cannot be set count as 1")};

/* ---- events -------------------------------------------------------------------------------- */

static const struct field_row event_control[] = {
    FIELD(FECTL, IP, "event waits to be sent", NULL),
    FIELD(FECTL, IM, "event masked", NULL),
};
static const struct field_row event_data[] = {
    {"VECTOR", VTD_MSI_DATA_VECTOR, "interrupt vector", NULL},
    {"DM", VTD_MSI_DATA_DELIVERY, "delivery mode", words_delivery},
};
static const struct field_row event_address[] = {
    {"DESTMODE", VTD_MSI_ADDR_LOGICAL, "destination mode", words_destination},
    {"RH", VTD_MSI_ADDR_HINT, "redirection hint", NULL},
    {"APICID", VTD_MSI_ADDR_APICID, "destination, bits 7:0", NULL},
    {"FEE", VTD_MSI_ADDR_FEE, "interrupt range", words_address_byte},
};
static const struct field_row event_upper[] = {
    {"APICID", VTD_MSI_UADDR_APICID, "destination, bits 31:8", words_apic_high},
};

/* ---- queues -------------------------------------------------------------------------------- */

static const struct field_row iqh[] = {FIELD(IQH, QH, "next descriptor that hardware takes", words_queue_slot)};
static const struct field_row iqt[] = {FIELD(IQT, QT, "next descriptor that software writes", words_queue_slot)};
static const struct field_row iqa[] = {
    FIELD(IQA, QS, "queue size", words_queue_size),
    FIELD(IQA, DW, "descriptor width", words_queue_width),
    FIELD(IQA, IQA, "queue", words_page_address),
};
static const struct field_row ics[] = {FIELD(ICS, IWC, "a wait descriptor with interrupt has completed", NULL)};
static const struct field_row iqercd[] = {
    FIELD(IQERCD, IQEI, "invalidation queue error", words_queue_error),
    FIELD(IQERCD, ITESID, "device whose invalidation timed out", words_error_device),
    FIELD(IQERCD, ICESID, "device that completed unexpectedly", words_error_device),
};
static const struct field_row irta[] = {
    FIELD(IRTA, S, "table size", words_interrupt_entries),
    FIELD(IRTA, EIME, "32-bit APIC ids", NULL),
    FIELD(IRTA, IRTA, "interrupt remapping table", words_page_address),
};
static const struct field_row pqh[] = {FIELD(PQH, PQH, "next request that software takes", words_request_slot)};
static const struct field_row pqt[] = {FIELD(PQT, PQT, "next request that hardware writes", words_request_slot)};
static const struct field_row pqa[] = {
    FIELD(PQA, PQS, "queue size", words_request_size),
    FIELD(PQA, PQA, "page request queue", words_page_address),
};
static const struct field_row prs[] = {
    FIELD(PRS, PPR, "page requests pending", NULL),
    FIELD(PRS, PRO, "page request queue overflowed", NULL),
};

/* ---- faults -------------------------------------------------------------------------------- */

static const struct field_row fsts[] = {VTD_FSTS_FIELDS(FLAG)};
static const struct field_row fault_low[] = {FIELD(FRCD_LO, FI, "what was accessed", words_fault_address)};
static const struct field_row fault_high[] = {
    FIELD(FRCD_HI, SID, "requester", words_device),
    FIELD(FRCD_HI, T2, "request type, lower bit", NULL),
    FIELD(FRCD_HI, PRIV, "privileged", words_with_pasid),
    FIELD(FRCD_HI, EXE, "execute", words_with_pasid),
    FIELD(FRCD_HI, PP, "the request carried a PASID", NULL),
    FIELD(FRCD_HI, FR, "reason", words_fault_reason),
    FIELD(FRCD_HI, PV, "PASID", words_fault_pasid),
    FIELD(FRCD_HI, AT, "address type", words_address_type),
    FIELD(FRCD_HI, T1, "request type, upper bit", words_fault_type),
    FIELD(FRCD_HI, F, "this record holds a fault", NULL),
};

/* ---- all of them --------------------------------------------------------------------------- */

#define ROWS(ARRAY) {ARRAY, sizeof(ARRAY) / sizeof((ARRAY)[0])}

static const struct field_rows rows[INSPECT_REGISTER_COUNT] = {
    [INSPECT_VER] = ROWS(ver),
    [INSPECT_CAP] = ROWS(cap),
    [INSPECT_ECAP] = ROWS(ecap),
    [INSPECT_GSTS] = ROWS(gsts),
    [INSPECT_RTADDR] = ROWS(rtaddr),
    [INSPECT_CCMD] = ROWS(ccmd),
    [INSPECT_FSTS] = ROWS(fsts),
    [INSPECT_FECTL] = ROWS(event_control),
    [INSPECT_FEDATA] = ROWS(event_data),
    [INSPECT_FEADDR] = ROWS(event_address),
    [INSPECT_FEUADDR] = ROWS(event_upper),
    [INSPECT_PMEN] = ROWS(pmen),
    [INSPECT_PLMBASE] = ROWS(base),
    [INSPECT_PLMLIMIT] = ROWS(limit),
    [INSPECT_PHMBASE] = ROWS(base),
    [INSPECT_PHMLIMIT] = ROWS(limit),
    [INSPECT_IQH] = ROWS(iqh),
    [INSPECT_IQT] = ROWS(iqt),
    [INSPECT_IQA] = ROWS(iqa),
    [INSPECT_ICS] = ROWS(ics),
    [INSPECT_IECTL] = ROWS(event_control),
    [INSPECT_IEDATA] = ROWS(event_data),
    [INSPECT_IEADDR] = ROWS(event_address),
    [INSPECT_IEUADDR] = ROWS(event_upper),
    [INSPECT_IQERCD] = ROWS(iqercd),
    [INSPECT_IRTA] = ROWS(irta),
    [INSPECT_PQH] = ROWS(pqh),
    [INSPECT_PQT] = ROWS(pqt),
    [INSPECT_PQA] = ROWS(pqa),
    [INSPECT_PRS] = ROWS(prs),
    [INSPECT_PECTL] = ROWS(event_control),
    [INSPECT_PEDATA] = ROWS(event_data),
    [INSPECT_PEADDR] = ROWS(event_address),
    [INSPECT_PEUADDR] = ROWS(event_upper),
};

struct field_rows field_register_rows(enum inspect_register reg)
{
    return rows[reg];
}

struct field_rows field_fault_rows(bool high)
{
    return high ? (struct field_rows)ROWS(fault_high) : (struct field_rows)ROWS(fault_low);
}

/* Those of the lists in spec/ that are more than a flag. */
static const struct {
    enum inspect_register reg;
    uint64_t mask;
    field_words_fn *words;
} numbers[] = {
    {INSPECT_CAP, VTD_CAP_ND, words_domain_ids},
    {INSPECT_CAP, VTD_CAP_SAGAW, words_widths},
    {INSPECT_CAP, VTD_CAP_MGAW, words_width},
    {INSPECT_CAP, VTD_CAP_FRO, words_place},
    {INSPECT_CAP, VTD_CAP_SSLPS, words_page_sizes},
    {INSPECT_CAP, VTD_CAP_NFR, words_fault_count},
    {INSPECT_CAP, VTD_CAP_MAMV, words_page_mask},
    {INSPECT_ECAP, VTD_ECAP_IRO, words_place},
    {INSPECT_ECAP, VTD_ECAP_MHMV, words_entry_mask},
    {INSPECT_ECAP, VTD_ECAP_PSS, words_pasid_width},
    {INSPECT_FSTS, VTD_FSTS_FRI, words_fault_index},
};

field_words_fn *field_words(enum inspect_register reg, const struct field_row *row)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (numbers[i].reg == reg && numbers[i].mask == row->mask)
            return numbers[i].words;
    if (row->words != NULL)
        return row->words;
    return (row->mask & (row->mask - 1)) == 0 ? words_flag : words_number;
}
