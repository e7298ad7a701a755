/* SPDX-License-Identifier: MIT */
/*
 * models/dsa/descriptor.c - one descriptor from check to completion record. ("Descriptor format",
 * "Completion record".)
 *
 * What is wrong with a descriptor is told in its record; when there is no record, or it cannot be
 * written, in the software error register. The status goes out last, in one store of eight bytes,
 * so that whoever polls it finds the rest of the record there.
 *
 * Lock: `engine` is held by the callers (run and the draining commands), `lock` is taken for the
 * counters.
 */
#include "models/dsa/dsa.h"

#include "models/pci/le.h"
#include "spec/bits.h"

#define DESC_RESERVED \
    38u /* after the interrupt handle, up to the end: nothing that is offered uses it */
#define RECORD_HEAD 8u /* status, result, bytes done */
#define FLAGS_OFFERED                                                                          \
    (SPEC_DSA_FLAG_FENCE | SPEC_DSA_FLAG_COMPLETION_VALID | SPEC_DSA_FLAG_REQUEST_COMPLETION | \
     SPEC_DSA_FLAG_INTERRUPT)

static uint32_t flags_of(const struct dsa_work *work)
{
    return SPEC_GET(SPEC_DSA_DESC_OP_FLAGS, le_get32(work->descriptor + SPEC_DSA_DESC_OP));
}

static uint32_t opcode_of(const struct dsa_work *work)
{
    return SPEC_GET(SPEC_DSA_DESC_OP_OPCODE, le_get32(work->descriptor + SPEC_DSA_DESC_OP));
}

static uint64_t record_address(const struct dsa_work *work)
{
    return le_get64(work->descriptor + SPEC_DSA_DESC_COMPLETION);
}

/* ---- checks ------------------------------------------------------------------------------- */

/* A fence is always kept: descriptors of a queue are carried out one after the other. */
static uint32_t invalid_flags(uint32_t flags)
{
    uint32_t invalid = flags & ~FLAGS_OFFERED;

    if (flags & SPEC_DSA_FLAG_REQUEST_COMPLETION && !(flags & SPEC_DSA_FLAG_COMPLETION_VALID))
        invalid |= SPEC_DSA_FLAG_REQUEST_COMPLETION;
    return invalid;
}

static bool all_zero(const uint8_t *from, const uint8_t *end)
{
    while (from < end)
        if (*from++)
            return false;
    return true;
}

static bool reserved_set(const struct dsa_work *work, const struct dsa_operation *operation)
{
    const uint8_t *at = work->descriptor;

    if (!operation->uses && !all_zero(at + SPEC_DSA_DESC_SOURCE, at + SPEC_DSA_DESC_INT_HANDLE))
        return true;
    return !all_zero(at + DESC_RESERVED, at + SPEC_DSA_DESC_BYTES);
}

/* Also too large: what would run over the end of the address space. */
static bool size_possible(const struct dsa_job *job, unsigned uses)
{
    uint64_t most = UINT64_MAX;

    if (uses & DSA_SOURCE)
        most = UINT64_MAX - job->source;
    if (uses & DSA_DEST && UINT64_MAX - job->dest < most)
        most = UINT64_MAX - job->dest;
    return job->size && job->size <= (uint32_t)1 << job->work->transfer_lg2 &&
           job->size - 1u <= most;
}

static bool overlapping(const struct dsa_job *job)
{
    uint64_t apart = job->source < job->dest ? job->dest - job->source : job->source - job->dest;

    return apart < job->size;
}

static uint8_t check(struct dsa_job *job, const struct dsa_operation *operation)
{
    if (!operation)
        return SPEC_DSA_STATUS_BAD_OPCODE;
    job->record.invalid_flags = invalid_flags(flags_of(job->work));
    if (job->record.invalid_flags)
        return SPEC_DSA_STATUS_BAD_FLAGS;
    if (reserved_set(job->work, operation))
        return SPEC_DSA_STATUS_RESERVED;
    if (operation->uses && !size_possible(job, operation->uses))
        return SPEC_DSA_STATUS_SIZE;
    if (operation->uses & DSA_DISTINCT && overlapping(job))
        return SPEC_DSA_STATUS_OVERLAP;
    return SPEC_DSA_STATUS_NONE;
}

/* ---- completion --------------------------------------------------------------------------- */

static void report_error(struct dsa_job *job, struct dsa_error error)
{
    model_lock_take(&job->dsa->lock);
    dsa_error_locked(job->dsa, job->work, &error);
    model_lock_give(&job->dsa->lock);
}

static bool write_record(const struct dsa_job *job, uint64_t *fault)
{
    uint8_t record[SPEC_DSA_COMP_BYTES] = {0};
    uint64_t address = record_address(job->work);
    size_t rest = SPEC_DSA_COMP_BYTES - RECORD_HEAD;

    record[SPEC_DSA_COMP_STATUS] = job->record.status;
    record[SPEC_DSA_COMP_RESULT] = job->record.result;
    le_put32(record + SPEC_DSA_COMP_DONE, job->record.done);
    le_put64(record + SPEC_DSA_COMP_FAULT, job->record.fault);
    le_put32(record + SPEC_DSA_COMP_SPECIFIC, job->record.invalid_flags);
    if (dsa_access(job, address + RECORD_HEAD, true, record + RECORD_HEAD, rest, fault) < rest)
        return false;
    return dsa_access(job, address, true, record, RECORD_HEAD, fault) == RECORD_HEAD;
}

static void complete(struct dsa_job *job)
{
    uint32_t flags = flags_of(job->work);
    struct dsa_error error = {.code = (uint8_t)(job->record.status & SPEC_DSA_COMP_STATUS_CODE),
                              .write = job->record.status & SPEC_DSA_COMP_STATUS_WRITE,
                              .fault = job->record.fault,
                              .invalid_flags = job->record.invalid_flags};
    bool failed = error.code != SPEC_DSA_STATUS_SUCCESS;

    if (!(flags & SPEC_DSA_FLAG_COMPLETION_VALID)) {
        if (failed)
            report_error(job, error);
        return;
    }
    if (!failed && !(flags & SPEC_DSA_FLAG_REQUEST_COMPLETION))
        return;
    if (write_record(job, &error.fault))
        return;
    error.code = SPEC_DSA_STATUS_COMPLETION_FAULT;
    error.write = true;
    report_error(job, error);
}

static void count(struct dsa_job *job)
{
    uint8_t code = (uint8_t)(job->record.status & SPEC_DSA_COMP_STATUS_CODE);

    model_lock_take(&job->dsa->lock);
    job->dsa->stats.completed++;
    if (code == SPEC_DSA_STATUS_PAGE_FAULT)
        job->dsa->stats.page_faults++;
    if (flags_of(job->work) & SPEC_DSA_FLAG_INTERRUPT)
        job->dsa->pending |= IOMMU_MODEL_DSA_INTERRUPT_DESCRIPTOR;
    model_lock_give(&job->dsa->lock);
}

/* A misaligned record leaves nowhere to report to but the register; nothing is carried out then. */
void dsa_execute(struct iommu_model_dsa *dsa, const struct dsa_work *work)
{
    const struct dsa_operation *operation = dsa_operation(opcode_of(work));
    struct dsa_job job = {
        .dsa = dsa,
        .work = work,
        .source = le_get64(work->descriptor + SPEC_DSA_DESC_SOURCE),
        .dest = le_get64(work->descriptor + SPEC_DSA_DESC_DEST),
        .size = le_get32(work->descriptor + SPEC_DSA_DESC_SIZE),
    };

    if (flags_of(work) & SPEC_DSA_FLAG_COMPLETION_VALID &&
        record_address(work) % SPEC_DSA_COMP_ALIGN) {
        report_error(&job, (struct dsa_error){.code = SPEC_DSA_STATUS_COMPLETION_ALIGN});
    } else {
        job.record.status = check(&job, operation);
        if (!job.record.status)
            operation->run(&job);
        complete(&job);
    }
    count(&job);
}
