/* SPDX-License-Identifier: MIT */
/* walk.c - see walk.h: a model for each unit, with the dump as memory. */
#include "inspect/walk.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spec/vtd_faults.h"
#include "spec/vtd_regs.h"
#include "spec/vtd_tables.h"

#define ADDRESS_BITS_MIN 32u
#define ADDRESS_BITS_MAX 52u

/* Where the model's own registers go; nobody looks for them where the real unit has them. */
#define IOTLB_OFFSET 0x500u
#define FAULT_OFFSET 0x600u

struct inspect_walk {
    const struct inspect_machine *machine;
    struct iommu_model_host host;
    struct iommu_model_vtd **model; /* one for each unit; NULL: its RTADDR is not known */
    /* Of the translation under way. */
    bool absent, unreadable;
    uint64_t absent_address;
};

/* ---- the dump as memory ---------------------------------------------------------------------------------------- */

static int dump_read64(void *ctx, uint64_t pa, uint64_t *value)
{
    struct inspect_walk *walk = ctx;
    int result = inspect_memory_read(walk->machine->memory, pa, value, sizeof *value);
    *value = le64toh(*value);
    if (result == 0)
        return 0;
    if (!walk->absent) {
        walk->absent_address = pa;
        walk->unreadable = result != -ENODATA;
    }
    walk->absent = true;
    return -1;
}

/* A look never writes. */
static int dump_write64(void *ctx, uint64_t pa, uint64_t value)
{
    (void)ctx, (void)pa, (void)value;
    return -1;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the platform's signature */
static int dump_cas64(void *ctx, uint64_t pa, uint64_t *expected, uint64_t desired)
{
    (void)ctx, (void)pa, (void)expected, (void)desired;
    return -1;
}

static void *allocate(void *ctx, size_t bytes)
{
    (void)ctx;
    return calloc(1, bytes);
}

static void release(void *ctx, void *object, size_t bytes)
{
    (void)ctx, (void)bytes;
    free(object);
}

/* ---- the unit -------------------------------------------------------------------------------------------------- */

static bool knows(const struct inspect_unit *unit, enum inspect_register reg)
{
    return unit->known >> reg & 1;
}

/* Without what the model refuses to claim and what does not change a translation; own registers elsewhere. */
static uint64_t model_cap(const struct inspect_unit *unit)
{
    uint64_t cap = inspect_unit_cap(unit), sagaw = SPEC_GET(VTD_CAP_SAGAW, cap);
    cap &= ~(VTD_CAP_AFL | VTD_CAP_ECMDS | VTD_CAP_RSVD | VTD_CAP_FRO | VTD_CAP_NFR | VTD_CAP_SAGAW | VTD_CAP_RWBF);
    cap |= SPEC_PUT(VTD_CAP_SAGAW, sagaw & (VTD_SAGAW_39 | VTD_SAGAW_48 | VTD_SAGAW_57));
    return cap | SPEC_PUT(VTD_CAP_FRO, (uint64_t)(FAULT_OFFSET / VTD_FRO_UNIT));
}

static uint64_t model_ecap(const struct inspect_unit *unit)
{
    uint64_t ecap = inspect_unit_ecap(unit);
    ecap &= ~(VTD_ECAP_ERS | VTD_ECAP_VCS | VTD_ECAP_PMS | VTD_ECAP_TDXCS | VTD_ECAP_HPTS | VTD_ECAP_HPT1GPS |
              VTD_ECAP_PTRS | VTD_ECAP_SSIRWS | VTD_ECAP_RDTS | VTD_ECAP_EIMER | VTD_ECAP_IRREQ | VTD_ECAP_RSVD |
              VTD_ECAP_IRO);
    if (!(ecap & VTD_ECAP_PASID))
        ecap &= ~VTD_ECAP_PSS;
    else if (SPEC_GET(VTD_ECAP_PSS, ecap) >= VTD_PASID_BITS)
        ecap = (ecap & ~VTD_ECAP_PSS) | SPEC_PUT(VTD_ECAP_PSS, (uint64_t)(VTD_PASID_BITS - 1));
    return ecap | SPEC_PUT(VTD_ECAP_IRO, (uint64_t)(IOTLB_OFFSET / VTD_IRO_UNIT));
}

static uint8_t address_bits(const struct inspect_machine *machine)
{
    unsigned bits = machine->address_bits;
    if (bits == 0 || bits > ADDRESS_BITS_MAX)
        return ADDRESS_BITS_MAX;
    return (uint8_t)(bits < ADDRESS_BITS_MIN ? ADDRESS_BITS_MIN : bits);
}

static void command(struct iommu_model_vtd *model, uint32_t bit)
{
    uint32_t state = iommu_model_vtd_read32(model, VTD_REG_GSTS) & VTD_GCMD_KEEP;
    iommu_model_vtd_write32(model, VTD_REG_GCMD, state | bit);
}

static void restore_protection(struct iommu_model_vtd *model, const struct inspect_unit *unit)
{
    if (!knows(unit, INSPECT_PMEN) || !(unit->value[INSPECT_PMEN] & VTD_PMEN_PRS))
        return;
    iommu_model_vtd_write32(model, VTD_REG_PLMBASE, (uint32_t)unit->value[INSPECT_PLMBASE]);
    iommu_model_vtd_write32(model, VTD_REG_PLMLIMIT, (uint32_t)unit->value[INSPECT_PLMLIMIT]);
    iommu_model_vtd_write64(model, VTD_REG_PHMBASE, unit->value[INSPECT_PHMBASE]);
    iommu_model_vtd_write64(model, VTD_REG_PHMLIMIT, unit->value[INSPECT_PHMLIMIT]);
    iommu_model_vtd_write32(model, VTD_REG_PMEN, VTD_PMEN_EPM);
}

/* One command after the other, as software brought it there. Without GSTS: on. */
static void restore(struct iommu_model_vtd *model, const struct inspect_unit *unit)
{
    uint64_t status = knows(unit, INSPECT_GSTS) ? unit->value[INSPECT_GSTS] : VTD_GSTS_TES | VTD_GSTS_RTPS;
    iommu_model_vtd_write64(model, VTD_REG_RTADDR, unit->value[INSPECT_RTADDR]);
    if (status & VTD_GSTS_RTPS)
        command(model, VTD_GCMD_SRTP);
    if (status & VTD_GSTS_TES)
        command(model, VTD_GCMD_TE);
    restore_protection(model, unit);
}

static int make_model(struct inspect_walk *walk, unsigned index, struct inspect_why *why)
{
    const struct inspect_unit *unit = &walk->machine->registers->unit[index];
    uint64_t version = knows(unit, INSPECT_VER) ? unit->value[INSPECT_VER] : 0x10;
    const char *problem = "out of memory";
    struct iommu_model_vtd_config config = {
        .host = &walk->host,
        .major = (uint8_t)SPEC_GET(VTD_VER_MAJOR, (uint32_t)version),
        .minor = (uint8_t)SPEC_GET(VTD_VER_MINOR, (uint32_t)version),
        .cap = model_cap(unit),
        .ecap = model_ecap(unit),
        .address_bits = address_bits(walk->machine),
    };
    if (!knows(unit, INSPECT_RTADDR))
        return 0;
    int result = iommu_model_vtd_create(&config, &walk->model[index], &problem);
    if (result == -ENOMEM)
        return inspect_fail(why, result, "out of memory");
    if (result != 0)
        return inspect_fail(why, -EINVAL, "no unit has the capabilities of unit %u: %s", index, problem);
    restore(walk->model[index], unit);
    return 0;
}

/* ---- all of them ----------------------------------------------------------------------------------------------- */

static bool any_model(const struct inspect_walk *walk)
{
    for (unsigned i = 0; i < walk->machine->registers->count; i++)
        if (walk->model[i] != NULL)
            return true;
    return false;
}

static int make_models(struct inspect_walk *walk, struct inspect_why *why)
{
    int result = 0;
    for (unsigned i = 0; i < walk->machine->registers->count && result == 0; i++)
        result = make_model(walk, i, why);
    if (result == 0 && !any_model(walk))
        result = inspect_fail(why, -EINVAL, "no unit's RTADDR is known, so there is no telling where its tables begin");
    return result;
}

int inspect_walk_open(const struct inspect_machine *machine, struct inspect_walk **walk, struct inspect_why *why)
{
    struct inspect_walk *opened = calloc(1, sizeof *opened);
    int result = -ENOMEM;
    if (opened != NULL) {
        opened->machine = machine;
        opened->host = (struct iommu_model_host){
            .memory = {.ctx = opened, .read64 = dump_read64, .write64 = dump_write64, .cas64 = dump_cas64},
            .alloc = allocate,
            .free = release,
        };
        opened->model = calloc(machine->registers->count + 1u, sizeof(struct iommu_model_vtd *));
    }
    if (opened != NULL && opened->model != NULL)
        result = make_models(opened, why);
    else
        inspect_fail(why, result, "out of memory");
    if (result == 0)
        *walk = opened;
    else
        inspect_walk_close(opened);
    return result;
}

void inspect_walk_close(struct inspect_walk *walk)
{
    if (walk == NULL)
        return;
    for (unsigned i = 0; walk->model != NULL && i < walk->machine->registers->count; i++)
        iommu_model_vtd_destroy(walk->model[i]);
    free(walk->model);
    free(walk);
}

/* ---- one translation ------------------------------------------------------------------------------------------- */

/* An aligned dword is what an interrupt message writes; anywhere else it is like any other size. */
static struct iommu_model_request model_request(const struct inspect_walk_request *request)
{
    return (struct iommu_model_request){
        .rid = request->device.rid,
        .has_pasid = request->has_pasid,
        .pasid = request->pasid,
        .privileged = request->privileged,
        .execute = request->execute,
        .access = request->write ? IOMMU_MODEL_WRITE : IOMMU_MODEL_READ,
        .address = request->iova,
        .bytes = (request->iova & 3) == 0 ? 4 : 1,
    };
}

static void take(const struct iommu_model_result *answer, struct inspect_walk_result *result)
{
    result->fault = answer->fault;
    result->fault_name = answer->fault ? iommu_model_vtd_fault_name(answer->fault) : "protected memory region";
    switch (answer->outcome) {
    case IOMMU_MODEL_OK:
        result->outcome = INSPECT_WALK_MAPPED;
        result->pa = answer->pa;
        result->bytes = SPEC_BIT64(answer->page_lg2);
        result->read = answer->read;
        result->write = answer->write;
        break;
    case IOMMU_MODEL_INTERRUPT:
        result->outcome = INSPECT_WALK_INTERRUPT;
        break;
    default:
        result->outcome = INSPECT_WALK_FAULT;
        break;
    }
}

/* Whatever the model made of it, a page that the dump lacks is no fault. */
static void take_absent(const struct inspect_walk *walk, struct inspect_walk_result *result)
{
    struct iommu_model_explanation *steps = &result->explanation;
    if (!walk->absent)
        return;
    result->outcome = INSPECT_WALK_ABSENT;
    result->absent = walk->absent_address;
    result->unreadable = walk->unreadable;
    if (steps->count == 0)
        return;
    steps->step[steps->count - 1].decision = walk->unreadable ? "could not be read from the file" : "not in the dump";
    steps->step[steps->count - 1].words = 0;
}

static void ask(struct inspect_walk *walk, unsigned unit, const struct inspect_walk_request *request,
                struct inspect_walk_result *result)
{
    struct iommu_model_request asked = model_request(request);
    struct iommu_model_result answer;
    *result = (struct inspect_walk_result){.unit = unit};
    walk->absent = false;
    iommu_model_vtd_explain(walk->model[unit], &asked, &answer, &result->explanation);
    take(&answer, result);
    take_absent(walk, result);
}

/* Does this unit's root or context table say nothing about the device? */
static bool unknown_device(const struct inspect_walk_result *result)
{
    return result->outcome == INSPECT_WALK_FAULT &&
           (result->fault == VTD_FAULT_LRT_NOT_PRESENT || result->fault == VTD_FAULT_LCT_NOT_PRESENT ||
            result->fault == VTD_FAULT_SRT_NOT_PRESENT || result->fault == VTD_FAULT_SCT_NOT_PRESENT);
}

int inspect_walk_look(struct inspect_walk *walk, const struct inspect_walk_request *request,
                      struct inspect_walk_result *result, struct inspect_why *why)
{
    const struct inspect_registers *registers = walk->machine->registers;
    long first = -1;
    for (unsigned i = 0; i < registers->count; i++) {
        if (walk->model[i] == NULL || registers->unit[i].segment != request->device.segment)
            continue;
        if (first < 0)
            first = (long)i;
        ask(walk, i, request, result);
        if (!unknown_device(result))
            return 0;
    }
    if (first < 0)
        return inspect_fail(why, -ENODEV, "segment %04x has no unit whose RTADDR is known", request->device.segment);
    ask(walk, (unsigned)first, request, result);
    return 0;
}
