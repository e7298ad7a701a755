/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/restore.c - a unit's state, read: first into a place of its own, then as a whole into the model.
 *
 * Every length is compared with what is left before anything is read. Sections come in any order, each once; one of
 * an unknown type is passed over if its type says so. Whether the unit could be in this state is decided in
 * state_check.c; only then the model changes. Lock: taken by the public call. Called by hosts.
 */
#include "models/vtd/drop.h"
#include "models/vtd/state.h"

#define ERROR_MEMORY  (-12)
#define ERROR_BUSY    (-16)
#define ERROR_INVALID (-22)

/* Past the end everything reads as 0, and `broken` says so. */
struct reader {
    const uint8_t *at;
    size_t left;
    bool broken;
};

static uint64_t get(struct reader *in, unsigned bytes)
{
    uint64_t value = 0;
    if (in->left < bytes) {
        in->broken = true;
        in->left = 0;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)in->at[i] << 8 * i;
    in->at += bytes;
    in->left -= bytes;
    return value;
}

static uint32_t get32(struct reader *in)
{
    return (uint32_t)get(in, 4);
}

static uint64_t get64(struct reader *in)
{
    return get(in, 8);
}

/* ---- Sections: each returns NULL, or what is wrong ------------------------------------------------ */

static const char *get_registers(struct reader *in, const struct iommu_model_vtd *m, struct vtdm_state *state)
{
    while (in->left) {
        unsigned id = vtdm_register_at(m, get32(in));
        if (get32(in))
            return "a register's reserved field is not 0";
        uint64_t value = get64(in);
        if (!vtdm_register_holds(m, id))
            return "a register that this unit does not have, or that never changes";
        if (state->registers_seen & SPEC_BIT64(id))
            return "a register twice";
        state->registers_seen |= SPEC_BIT64(id);
        state->reg[id] = value;
    }
    return NULL;
}

static const char *get_root(struct reader *in, const struct iommu_model_vtd *m, struct vtdm_state *state)
{
    (void)m;
    state->root = get64(in);
    return NULL;
}

static const char *get_faults(struct reader *in, const struct iommu_model_vtd *m, struct vtdm_state *state)
{
    state->next_record = get32(in);
    if (get32(in) != m->records)
        return "not as many fault records as the unit has";
    for (unsigned i = 0; i < m->records; i++) {
        state->record[i].lo = get64(in);
        state->record[i].hi = get64(in);
    }
    return NULL;
}

static const char *get_late(struct reader *in, struct vtdm_late *late)
{
    uint32_t rid = get32(in), flags = get32(in);
    late->request.rid = (uint16_t)rid;
    late->request.has_pasid = flags & STATE_LATE_PASID;
    late->request.global = flags & STATE_LATE_GLOBAL;
    late->request.pasid = get32(in);
    late->looks = get32(in);
    late->request.address = get64(in);
    late->request.bytes = get64(in);
    if (rid > UINT16_MAX || (flags & ~(STATE_LATE_PASID | STATE_LATE_GLOBAL)))
        return "a device-TLB request with a flag or a requester id that there is not";
    return NULL;
}

static const char *get_queue(struct reader *in, const struct iommu_model_vtd *m, struct vtdm_state *state)
{
    struct vtdm_queue *queue = &state->queue;
    uint32_t flags = get32(in), sid = get32(in);
    const char *problem = NULL;
    (void)m;
    if (flags >= STATE_QUEUE_SPARED << 1 || sid > UINT16_MAX)
        return "a flag or a requester id of the queue that there is not";
    queue->executed_any = flags & STATE_QUEUE_EXECUTED;
    queue->wait_was_last = flags & STATE_QUEUE_WAIT_LAST;
    queue->timed_out = flags & STATE_QUEUE_TIMED_OUT;
    queue->held = flags & STATE_QUEUE_HELD;
    queue->stalled = flags & STATE_QUEUE_STALLED;
    queue->spared = flags & STATE_QUEUE_SPARED;
    queue->timed_out_sid = (uint16_t)sid;
    queue->looks = get32(in);
    queue->late_count = get32(in);
    if (queue->late_count > VTDM_LATE)
        return "more device-TLB requests than may wait";
    for (unsigned i = 0; i < queue->late_count && !problem; i++)
        problem = get_late(in, &queue->late[i]);
    return problem;
}

static const char *get_commands(struct reader *in, const struct iommu_model_vtd *m, struct vtdm_state *state)
{
    struct vtdm_pace *pace = &state->pace;
    (void)m;
    pace->gcmd = get32(in);
    pace->command = get32(in);
    pace->changes = get32(in);
    pace->starts = get32(in);
    pace->ccmd = get32(in);
    pace->iotlb = get32(in);
    pace->pmen = get32(in);
    return get32(in) ? "a reserved field of the commands is not 0" : NULL;
}

static const char *get_dice(struct reader *in, const struct iommu_model_vtd *m, struct vtdm_state *state)
{
    (void)m;
    if (state->has_dice)
        return "a section twice";
    state->has_dice = true;
    state->lies = get32(in);
    if (get32(in))
        return "a reserved field of the dice is not 0";
    state->dice = get64(in);
    return NULL;
}

static const char *get_statistics(struct reader *in, const struct iommu_model_vtd *m, struct vtdm_state *state)
{
    uint64_t *counts[STATE_COUNTS];
    (void)m;
    if (state->has_statistics)
        return "a section twice";
    state->has_statistics = true;
    vtdm_state_counts(&state->stats, counts);
    for (unsigned i = 0; i < STATE_COUNTS; i++)
        *counts[i] = get64(in);
    return NULL;
}

typedef const char *(*get_section)(struct reader *in, const struct iommu_model_vtd *m, struct vtdm_state *state);

static const get_section required[STATE_REQUIRED_LAST + 1] = {
    [STATE_REGISTERS] = get_registers, [STATE_ROOT] = get_root, [STATE_FAULTS] = get_faults,
    [STATE_QUEUE] = get_queue, [STATE_COMMANDS] = get_commands,
};

static get_section section_of(uint32_t type, struct vtdm_state *state, const char **problem)
{
    if (type == STATE_DICE)
        return get_dice;
    if (type == STATE_STATISTICS)
        return get_statistics;
    if (type & STATE_MAY_SKIP)
        return NULL;
    if (type == 0 || type > STATE_REQUIRED_LAST)
        *problem = "a section that must be understood and is not known here";
    else if (state->required_seen & 1u << type)
        *problem = "a section twice";
    else
        state->required_seen |= 1u << type;
    return *problem ? NULL : required[type];
}

static const char *get_one(struct reader *in, const struct iommu_model_vtd *m, struct vtdm_state *state)
{
    uint32_t type = get32(in), bytes = get32(in);
    const char *problem = NULL;
    if (in->broken || bytes > in->left)
        return "a section that ends behind the end";
    struct reader section = { in->at, bytes, false };
    in->at += bytes;
    in->left -= bytes;
    get_section get_it = section_of(type, state, &problem);
    if (get_it)
        problem = get_it(&section, m, state);
    if (!problem && get_it && (section.broken || section.left))
        problem = "a section of the wrong length";
    return problem;
}

/* ---- The whole ------------------------------------------------------------------------------------ */

static const char *get_header(struct reader *in, const struct iommu_model_vtd *m)
{
    size_t size = in->left;
    if (size < STATE_HEADER_BYTES + STATE_CHECK_BYTES || get64(in) != STATE_MAGIC)
        return "no state of a VT-d unit";
    if (get32(in) != STATE_VERSION)
        return "a version of the format that is not known here";
    if (get32(in) != size)
        return "not as many bytes as there should be";
    struct reader sum = { in->at - 16 + size - STATE_CHECK_BYTES, STATE_CHECK_BYTES, false };
    if (get32(&sum) != vtdm_state_check_sum(in->at - 16, size - STATE_CHECK_BYTES))
        return "the check sum is wrong";
    if (get64(in) != m->config.cap || get64(in) != m->config.ecap)
        return "the state is of a unit with other capabilities";
    if (get32(in) != m->reg[VTDM_VER])
        return "the state is of a unit of another version";
    if (get32(in) != m->config.address_bits)
        return "the state is of a unit with another address width";
    in->left -= STATE_CHECK_BYTES;
    return NULL;
}

static const char *get_state(struct reader *in, const struct iommu_model_vtd *m, struct vtdm_state *state)
{
    const unsigned all = (2u << STATE_REQUIRED_LAST) - 2;
    const char *problem = get_header(in, m);
    while (!problem && in->left)
        problem = get_one(in, m, state);
    if (!problem && state->required_seen != all)
        problem = "a section is missing";
    return problem ? problem : vtdm_state_problem(m, state);
}

static void apply_statistics(struct iommu_model_vtd *m, const struct vtdm_state *state)
{
    vtdm_set_counts(m, &state->stats);
    m->stats.last_misuse = state->stats.misuse ? "something before the state was saved" : NULL;
}

static void apply(struct iommu_model_vtd *m, const struct vtdm_state *state)
{
    vtdm_drop_all(m);
    vtdm_settled(m);
    for (unsigned id = 0; id < VTDM_REGISTERS; id++)
        if (vtdm_register_holds(m, id))
            m->reg[id] = state->reg[id];
    __builtin_memcpy(m->record, state->record, sizeof(m->record));
    m->next_record = state->next_record;
    m->root_table = state->root & VTD_RTADDR_RTA;
    m->table_mode = (unsigned)SPEC_GET(VTD_RTADDR_TTM, state->root);
    m->queue = state->queue;
    m->pace = state->pace;
    if (state->has_dice) {
        m->lies.enabled = state->lies;
        m->lies.state = state->dice;
    }
    if (state->has_statistics)
        apply_statistics(m, state);
}

static int restore(struct iommu_model_vtd *m, struct reader *in, struct vtdm_state *state, const char **problem)
{
    if (m->queue.running)
        return ERROR_BUSY;
    *problem = get_state(in, m, state);
    if (*problem)
        return ERROR_INVALID;
    apply(m, state);
    return 0;
}

int iommu_model_vtd_restore(struct iommu_model_vtd *m, const void *bytes, size_t size, const char **why)
{
    const struct iommu_model_host *host = m->host;
    struct vtdm_state *state = host->alloc(host->ctx, sizeof(*state));
    struct reader in = { bytes, size, false };
    const char *problem = NULL;
    int result = ERROR_MEMORY;
    if (state) {
        vtdm_lock(m);
        result = restore(m, &in, state, &problem);
        vtdm_unlock(m);
        host->free(host->ctx, state, sizeof(*state));
    }
    if (why)
        *why = problem;
    return result;
}
