/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/save.c - a unit's state, written: a header, sections of type and length, a check sum.
 *
 * What has no meaning at the moment (the command that has finished) is written as 0, so that equal states are equal
 * bytes. Lock: taken by the public call. Called by hosts.
 */
#include "models/vtd/state.h"

#define ERROR_NO_SPACE (-28)
#define ERROR_BUSY     (-16)

/* Counts what does not fit, too. */
struct writer {
    uint8_t *at;
    size_t size, used;
};

static void put(struct writer *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++, out->used++)
        if (out->used < out->size)
            out->at[out->used] = (uint8_t)(value >> 8 * i);
}

static void put32(struct writer *out, uint32_t value)
{
    put(out, value, 4);
}

static void put64(struct writer *out, uint64_t value)
{
    put(out, value, 8);
}

/* A length that is known only afterwards: of everything from `from` on, less `less`. */
static void put_length(struct writer *out, size_t place, size_t from)
{
    struct writer back = { out->at, out->size, place };
    put32(&back, (uint32_t)(out->used - from));
}

/* Returns where the length goes. */
static size_t begin_section(struct writer *out, uint32_t type)
{
    put32(out, type);
    put32(out, 0);
    return out->used - 4;
}

static void end_section(struct writer *out, size_t place)
{
    put_length(out, place, place + 4);
}

static void put_header(struct writer *out, const struct iommu_model_vtd *m)
{
    put64(out, STATE_MAGIC);
    put32(out, STATE_VERSION);
    put32(out, 0);
    put64(out, m->config.cap);
    put64(out, m->config.ecap);
    put32(out, (uint32_t)m->reg[VTDM_VER]);
    put32(out, m->config.address_bits);
}

static void put_registers(struct writer *out, const struct iommu_model_vtd *m)
{
    size_t section = begin_section(out, STATE_REGISTERS);
    for (unsigned id = 0; id < VTDM_REGISTERS; id++) {
        if (!vtdm_register_holds(m, id))
            continue;
        put32(out, vtdm_register_offset(m, id));
        put32(out, 0);
        put64(out, m->reg[id]);
    }
    end_section(out, section);
}

static void put_root(struct writer *out, const struct iommu_model_vtd *m)
{
    size_t section = begin_section(out, STATE_ROOT);
    put64(out, m->root_table | SPEC_PUT(VTD_RTADDR_TTM, (uint64_t)m->table_mode));
    end_section(out, section);
}

static void put_faults(struct writer *out, const struct iommu_model_vtd *m)
{
    size_t section = begin_section(out, STATE_FAULTS);
    put32(out, m->next_record);
    put32(out, m->records);
    for (unsigned i = 0; i < m->records; i++) {
        put64(out, m->record[i].lo);
        put64(out, m->record[i].hi);
    }
    end_section(out, section);
}

static void put_late(struct writer *out, const struct vtdm_late *late)
{
    const struct iommu_model_devtlb_invalidation *request = &late->request;
    put32(out, request->rid);
    put32(out, (request->has_pasid ? STATE_LATE_PASID : 0) | (request->global ? STATE_LATE_GLOBAL : 0));
    put32(out, request->pasid);
    put32(out, late->looks);
    put64(out, request->address);
    put64(out, request->bytes);
}

static void put_queue(struct writer *out, const struct iommu_model_vtd *m)
{
    const struct vtdm_queue *queue = &m->queue;
    size_t section = begin_section(out, STATE_QUEUE);
    put32(out, (queue->executed_any ? STATE_QUEUE_EXECUTED : 0) |
                   (queue->wait_was_last ? STATE_QUEUE_WAIT_LAST : 0) |
                   (queue->timed_out ? STATE_QUEUE_TIMED_OUT : 0) | (queue->held ? STATE_QUEUE_HELD : 0) |
                   (queue->stalled ? STATE_QUEUE_STALLED : 0) | (queue->spared ? STATE_QUEUE_SPARED : 0));
    put32(out, queue->timed_out ? queue->timed_out_sid : 0);
    put32(out, queue->held ? queue->looks : 0);
    put32(out, queue->late_count);
    for (unsigned i = 0; i < queue->late_count; i++)
        put_late(out, &queue->late[i]);
    end_section(out, section);
}

static void put_commands(struct writer *out, const struct iommu_model_vtd *m)
{
    const struct vtdm_pace *pace = &m->pace;
    size_t section = begin_section(out, STATE_COMMANDS);
    put32(out, pace->gcmd);
    put32(out, pace->gcmd ? pace->command : 0);
    put32(out, pace->gcmd ? pace->changes : 0);
    put32(out, pace->gcmd ? pace->starts : 0);
    put32(out, pace->ccmd);
    put32(out, pace->iotlb);
    put32(out, pace->pmen);
    put32(out, 0);
    end_section(out, section);
}

/* An honest unit throws no dice. */
static void put_dice(struct writer *out, const struct iommu_model_vtd *m)
{
    if (!m->lies.allowed)
        return;
    size_t section = begin_section(out, STATE_DICE);
    put32(out, m->lies.enabled);
    put32(out, 0);
    put64(out, m->lies.state);
    end_section(out, section);
}

void vtdm_state_counts(struct iommu_model_vtd_stats *stats, uint64_t *counts[STATE_COUNTS])
{
    uint64_t *const all[STATE_COUNTS] = {
        &stats->register_reads, &stats->register_writes, &stats->descriptors, &stats->translations,
        &stats->iotlb_hits, &stats->context_hits, &stats->pasid_hits, &stats->faults,
        &stats->faults_recorded, &stats->faults_lost, &stats->table_reads, &stats->commands,
        &stats->write_buffer_flushes, &stats->page_requests, &stats->page_responses, &stats->misuse,
    };
    __builtin_memcpy(counts, all, sizeof(all));
}

static void put_statistics(struct writer *out, const struct iommu_model_vtd *m)
{
    uint64_t *counts[STATE_COUNTS];
    struct iommu_model_vtd_stats stats = vtdm_counts(m);
    size_t section = begin_section(out, STATE_STATISTICS);
    vtdm_state_counts(&stats, counts);
    for (unsigned i = 0; i < STATE_COUNTS; i++)
        put64(out, *counts[i]);
    end_section(out, section);
}

/* CRC-32 as in Ethernet, a bit at a time: states are small and rare. */
uint32_t vtdm_state_check_sum(const uint8_t *bytes, size_t size)
{
    uint32_t sum = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        sum ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xEDB88320u : 0);
    }
    return ~sum;
}

static void put_state(struct writer *out, struct iommu_model_vtd *m)
{
    put_header(out, m);
    put_registers(out, m);
    put_root(out, m);
    put_faults(out, m);
    put_queue(out, m);
    put_commands(out, m);
    put_dice(out, m);
    put_statistics(out, m);
    out->used += STATE_CHECK_BYTES; /* the total counts it */
    put_length(out, STATE_BYTES_AT, 0);
    out->used -= STATE_CHECK_BYTES;
}

int iommu_model_vtd_save(struct iommu_model_vtd *m, void *buffer, size_t size, size_t *needed)
{
    struct writer out = { buffer, buffer ? size : 0, 0 };
    vtdm_lock(m);
    bool busy = m->queue.running;
    if (!busy)
        put_state(&out, m);
    vtdm_unlock(m);
    *needed = busy ? 0 : out.used + STATE_CHECK_BYTES;
    if (busy)
        return ERROR_BUSY;
    if (*needed > out.size)
        return ERROR_NO_SPACE;
    put32(&out, vtdm_state_check_sum(out.at, out.used));
    return 0;
}
