/* SPDX-License-Identifier: MIT */
/*
 * models/dsa/operation.c - what descriptors do to memory: move, fill, compare, compare with a
 * pattern; no-op and drain do nothing, as a queue's descriptors end in the order they came. OPCAP
 * is made from the table at the end, so what is claimed is what is here. ("Descriptor format",
 * opcodes.)
 *
 * Bytes pass through a small buffer. Where the bus refuses one, the operation ends as a page fault:
 * the record has the bytes that are done, the address, and whether it was a write; software may go
 * on from there.
 *
 * Lock: `engine` is held by the caller, dsa_execute.
 */
#include "models/dsa/dsa.h"

#include "models/pci/le.h"
#include "spec/bits.h"

#define BUFFER_BYTES  4096u
#define COMPARE_BYTES (BUFFER_BYTES / 2)
#define PATTERN_BYTES 8u

/* ---- access ------------------------------------------------------------------------------- */

size_t dsa_access(const struct dsa_job *job, uint64_t address, bool write, void *data, size_t bytes,
                  uint64_t *fault_address)
{
    const struct iommu_model_dsa_config *config = &job->dsa->config;
    struct iommu_model_dma access = {
        .has_pasid = job->work->has_pasid,
        .privileged = job->work->privileged,
        .pasid = job->work->pasid,
        .address = address,
        .write = write,
        .data = data,
        .bytes = bytes,
    };
    struct iommu_model_dma_result result = {0};

    if (!bytes)
        return 0;
    config->dma(config->ctx, &access, &result);
    if (result.ok)
        return bytes;
    *fault_address = result.fault_address;
    return result.done < bytes ? result.done : bytes - 1;
}

/* Note the fault, if the access fell short. */
static uint32_t transfer(struct dsa_job *job, uint64_t address, bool write, uint8_t *data,
                         uint32_t bytes)
{
    uint64_t fault = 0;
    uint32_t done = (uint32_t)dsa_access(job, address, write, data, bytes, &fault);

    if (done < bytes) {
        job->record.status = SPEC_DSA_STATUS_PAGE_FAULT;
        if (write)
            job->record.status |= (uint8_t)SPEC_DSA_COMP_STATUS_WRITE;
        job->record.fault = fault;
    }
    return done;
}

static uint32_t chunk(const struct dsa_job *job, uint32_t most)
{
    uint32_t left = job->size - job->record.done;

    return left < most ? left : most;
}

static bool unfinished(const struct dsa_job *job)
{
    return !job->record.status && job->record.done < job->size;
}

static void succeed(struct dsa_job *job)
{
    if (!job->record.status)
        job->record.status = SPEC_DSA_STATUS_SUCCESS;
}

/* ---- operations --------------------------------------------------------------------------- */

static void run_nothing(struct dsa_job *job)
{
    succeed(job);
}

/* What could be read is written before a read fault ends it; a write fault comes first then. */
static void run_move(struct dsa_job *job)
{
    uint8_t buffer[BUFFER_BYTES];

    while (unfinished(job)) {
        uint32_t done = job->record.done, bytes = chunk(job, sizeof(buffer));

        bytes = transfer(job, job->source + done, false, buffer, bytes);
        job->record.done += transfer(job, job->dest + done, true, buffer, bytes);
    }
    succeed(job);
}

static void repeat_pattern(uint8_t *buffer, uint32_t bytes, uint64_t pattern)
{
    uint32_t at;

    for (at = 0; at + PATTERN_BYTES <= bytes; at += PATTERN_BYTES)
        le_put64(buffer + at, pattern);
}

/* The buffer's size is a multiple of the pattern's, so every chunk begins at its first byte. */
static void run_fill(struct dsa_job *job)
{
    uint8_t buffer[BUFFER_BYTES];

    repeat_pattern(buffer, sizeof(buffer), job->source);
    while (unfinished(job)) {
        uint32_t done = job->record.done;

        job->record.done +=
            transfer(job, job->dest + done, true, buffer, chunk(job, sizeof(buffer)));
    }
    succeed(job);
}

static uint32_t equal_bytes(const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
    uint32_t at = 0;

    while (at < bytes && a[at] == b[at])
        at++;
    return at;
}

/* A difference is found before a fault that lies behind it. */
static void compared(struct dsa_job *job, const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
    uint32_t equal = equal_bytes(a, b, bytes);

    job->record.done += equal;
    if (equal == bytes)
        return;
    job->record.result = 1;
    job->record.status = SPEC_DSA_STATUS_SUCCESS;
    job->record.fault = 0;
}

static void run_compare(struct dsa_job *job)
{
    uint8_t a[COMPARE_BYTES], b[COMPARE_BYTES];

    while (unfinished(job)) {
        uint32_t done = job->record.done, bytes = chunk(job, COMPARE_BYTES);

        bytes = transfer(job, job->source + done, false, a, bytes);
        bytes = transfer(job, job->dest + done, false, b, bytes);
        compared(job, a, b, bytes);
    }
    succeed(job);
}

static void run_compare_pattern(struct dsa_job *job)
{
    uint8_t a[COMPARE_BYTES], pattern[COMPARE_BYTES];

    repeat_pattern(pattern, COMPARE_BYTES, job->dest);
    while (unfinished(job)) {
        uint32_t bytes = chunk(job, COMPARE_BYTES);

        bytes = transfer(job, job->source + job->record.done, false, a, bytes);
        compared(job, a, pattern, bytes);
    }
    succeed(job);
}

/* ---- what there is ------------------------------------------------------------------------ */

static const struct dsa_operation operations[] = {
    [SPEC_DSA_OP_NOOP] = {run_nothing, 0},
    [SPEC_DSA_OP_DRAIN] = {run_nothing, 0},
    [SPEC_DSA_OP_MOVE] = {run_move, DSA_SOURCE | DSA_DEST | DSA_DISTINCT},
    [SPEC_DSA_OP_FILL] = {run_fill, DSA_DEST},
    [SPEC_DSA_OP_COMPARE] = {run_compare, DSA_SOURCE | DSA_DEST},
    [SPEC_DSA_OP_COMPARE_PATTERN] = {run_compare_pattern, DSA_SOURCE},
};

const struct dsa_operation *dsa_operation(uint32_t opcode)
{
    if (opcode >= sizeof(operations) / sizeof(operations[0]) || !operations[opcode].run)
        return NULL;
    return &operations[opcode];
}

uint64_t dsa_opcap(void)
{
    uint64_t capability = 0;
    uint32_t opcode;

    for (opcode = 0; opcode < sizeof(operations) / sizeof(operations[0]); opcode++)
        if (dsa_operation(opcode))
            capability |= SPEC_BIT64(opcode);
    return capability;
}
