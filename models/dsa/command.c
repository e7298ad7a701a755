/* SPDX-License-Identifier: MIT */
/*
 * models/dsa/command.c - the command register: device and queues on and off, drain, abort, reset. A
 * command is over when the write to CMD returns, so CMDSTS never shows one that is active. ("Device
 * commands".)
 *
 * Draining carries out what was there when the command came; new submissions cannot prolong it. An
 * abort throws descriptors away: no DMA, no completion record. Where the facts give a range of
 * codes or none, the choice is named beside it.
 *
 * Lock: `engine` for the whole command, `lock` for moments. Called by writes to CMD.
 */
#include "models/dsa/dsa.h"

#include "spec/bits.h"

/* The four codes for groups, given their meaning by this model. */
#define GROUP_QUEUE_TWICE  (SPEC_DSA_CMDERR_DEV_GROUP_FIRST + 0)
#define GROUP_ENGINE_TWICE (SPEC_DSA_CMDERR_DEV_GROUP_FIRST + 1)
#define GROUP_NO_ENGINE    (SPEC_DSA_CMDERR_DEV_GROUP_FIRST + 2)
#define GROUP_NO_GROUP     SPEC_DSA_CMDERR_DEV_GROUP_LAST /* a queue with a size is in none */

static bool pasid_enabled(const struct iommu_model_dsa *dsa)
{
    return !dsa->config.pasid_enabled || dsa->config.pasid_enabled(dsa->config.ctx);
}

static bool bus_master(const struct iommu_model_dsa *dsa)
{
    return !dsa->config.bus_master || dsa->config.bus_master(dsa->config.ctx);
}

static uint32_t mode_of(const struct dsa_queue *queue)
{
    return queue->config[SPEC_DSA_WQCFG_MODE / 4];
}

/* ---- work on sets of queues --------------------------------------------------------------- */

static void set_accepting(struct iommu_model_dsa *dsa, uint64_t queues, bool accepting)
{
    unsigned index;

    for (index = 0; index < dsa->config.queues; index++)
        if (queues >> index & 1)
            dsa->queues[index].accepting = accepting;
}

static void turn_off(struct iommu_model_dsa *dsa, uint64_t queues)
{
    unsigned index;

    for (index = 0; index < dsa->config.queues; index++)
        if (queues >> index & 1)
            dsa->queues[index].enabled = dsa->queues[index].accepting = false;
}

static void drain_queue(struct iommu_model_dsa *dsa, struct dsa_queue *queue)
{
    struct dsa_work work;
    uint32_t left;

    model_lock_take(&dsa->lock);
    for (left = queue->list.count; left; left--) {
        if (!dsa_pop_locked(dsa, &queue->list, &work))
            break;
        model_lock_give(&dsa->lock);
        dsa_execute(dsa, &work);
        model_lock_take(&dsa->lock);
    }
    model_lock_give(&dsa->lock);
}

static void drain(struct iommu_model_dsa *dsa, uint64_t queues)
{
    unsigned index;

    for (index = 0; index < dsa->config.queues; index++)
        if (queues >> index & 1)
            drain_queue(dsa, &dsa->queues[index]);
}

static void abort_locked(struct iommu_model_dsa *dsa, uint64_t queues)
{
    unsigned index;

    for (index = 0; index < dsa->config.queues; index++)
        if (queues >> index & 1)
            dsa_abort_locked(dsa, &dsa->queues[index].list);
}

/* Refuse submissions first, so that the queue is empty when it goes off. */
static void drain_and_turn_off(struct iommu_model_dsa *dsa, uint64_t queues)
{
    model_lock_take(&dsa->lock);
    set_accepting(dsa, queues, false);
    model_lock_give(&dsa->lock);
    drain(dsa, queues);
    model_lock_take(&dsa->lock);
    turn_off(dsa, queues);
    model_lock_give(&dsa->lock);
}

/* ---- the device --------------------------------------------------------------------------- */

static uint8_t check_groups(const struct iommu_model_dsa *dsa, uint64_t *queues)
{
    uint64_t engines = 0;
    unsigned index;

    for (index = 0; index < dsa->config.groups; index++) {
        const struct dsa_group *group = &dsa->groups[index];

        if (group->queues & *queues)
            return GROUP_QUEUE_TWICE;
        if (group->engines & engines)
            return GROUP_ENGINE_TWICE;
        if (group->queues && !group->engines)
            return GROUP_NO_ENGINE;
        *queues |= group->queues;
        engines |= group->engines;
    }
    return engines ? SPEC_DSA_CMDERR_NONE : SPEC_DSA_CMDERR_DEV_CONFIG;
}

/* PASIDs asked for that the function may not send, and more entries than there are. */
static uint8_t check_queues(const struct iommu_model_dsa *dsa, bool pasids, uint64_t grouped)
{
    uint32_t total = 0;
    unsigned index;

    for (index = 0; index < dsa->config.queues; index++) {
        const struct dsa_queue *queue = &dsa->queues[index];

        if (mode_of(queue) & SPEC_DSA_WQCFG_MODE_PASID_ENABLE && !pasids)
            return SPEC_DSA_CMDERR_DEV_PASID;
        if (dsa_queue_size(queue) && !(grouped >> index & 1))
            return GROUP_NO_GROUP;
        total += dsa_queue_size(queue);
    }
    return total > dsa->config.total_size ? SPEC_DSA_CMDERR_DEV_WQ_SIZES : SPEC_DSA_CMDERR_NONE;
}

static uint8_t enable_device_locked(struct iommu_model_dsa *dsa, bool master, bool pasids)
{
    uint64_t grouped = 0;
    uint8_t error;

    if (dsa->state != SPEC_DSA_STATE_DISABLED)
        return SPEC_DSA_CMDERR_DEV_ENABLED;
    if (!master)
        return SPEC_DSA_CMDERR_DEV_MASTER_OFF;
    error = check_groups(dsa, &grouped);
    if (!error)
        error = check_queues(dsa, pasids, grouped);
    if (!error)
        dsa->state = SPEC_DSA_STATE_ENABLED;
    return error;
}

static uint8_t enable_device(struct iommu_model_dsa *dsa, uint32_t operand)
{
    bool master = bus_master(dsa), pasids = pasid_enabled(dsa);
    uint8_t error;

    (void)operand;
    model_lock_take(&dsa->lock);
    error = enable_device_locked(dsa, master, pasids);
    model_lock_give(&dsa->lock);
    return error;
}

static void set_state(struct iommu_model_dsa *dsa, enum spec_dsa_state state)
{
    model_lock_take(&dsa->lock);
    dsa->state = state;
    model_lock_give(&dsa->lock);
}

static uint8_t disable_device(struct iommu_model_dsa *dsa, uint32_t operand)
{
    (void)operand;
    if (dsa->state != SPEC_DSA_STATE_ENABLED)
        return SPEC_DSA_CMDERR_DISABLE_NOT_ENABLED;
    set_state(dsa, SPEC_DSA_STATE_DRAINING);
    drain_and_turn_off(dsa, dsa_all_queues(dsa));
    set_state(dsa, SPEC_DSA_STATE_DISABLED);
    return SPEC_DSA_CMDERR_NONE;
}

static uint8_t reset_device(struct iommu_model_dsa *dsa, uint32_t operand)
{
    (void)operand;
    model_lock_take(&dsa->lock);
    abort_locked(dsa, dsa_all_queues(dsa));
    dsa_reset_locked(dsa);
    model_lock_give(&dsa->lock);
    return SPEC_DSA_CMDERR_NONE;
}

static uint8_t drain_all(struct iommu_model_dsa *dsa, uint32_t operand)
{
    (void)operand;
    drain(dsa, dsa_all_queues(dsa));
    return SPEC_DSA_CMDERR_NONE;
}

static uint8_t abort_all(struct iommu_model_dsa *dsa, uint32_t operand)
{
    (void)operand;
    model_lock_take(&dsa->lock);
    abort_locked(dsa, dsa_all_queues(dsa));
    model_lock_give(&dsa->lock);
    return SPEC_DSA_CMDERR_NONE;
}

/* ---- one queue on ------------------------------------------------------------------------- */

static bool has_engine(const struct iommu_model_dsa *dsa, unsigned queue)
{
    unsigned index;

    for (index = 0; index < dsa->config.groups; index++)
        if (dsa->groups[index].queues >> queue & 1)
            return dsa->groups[index].engines != 0;
    return false;
}

static uint32_t entries_in_use(const struct iommu_model_dsa *dsa)
{
    uint32_t total = 0;
    unsigned index;

    for (index = 0; index < dsa->config.queues; index++)
        if (dsa->queues[index].enabled)
            total += dsa_queue_size(&dsa->queues[index]);
    return total;
}

/* A size that would not leave the other queues theirs is as bad as none. */
static bool size_possible(const struct iommu_model_dsa *dsa, const struct dsa_queue *queue)
{
    uint32_t size = dsa_queue_size(queue);

    return size && size <= dsa->config.total_size - entries_in_use(dsa);
}

/* A shared queue is nothing without PASIDs; no queue may ask for what the function may not send. */
static bool pasid_possible(const struct dsa_queue *queue, bool pasids)
{
    if (mode_of(queue) & SPEC_DSA_WQCFG_MODE_PASID_ENABLE)
        return pasids;
    return dsa_queue_dedicated(queue);
}

static uint8_t check_queue(const struct iommu_model_dsa *dsa, const struct dsa_queue *queue,
                           bool pasids)
{
    uint32_t limits = queue->config[SPEC_DSA_WQCFG_LIMITS / 4];

    if (!size_possible(dsa, queue))
        return SPEC_DSA_CMDERR_WQ_SIZE;
    if (!SPEC_GET(SPEC_DSA_WQCFG_MODE_PRIORITY, mode_of(queue)))
        return SPEC_DSA_CMDERR_WQ_PRIORITY;
    if (!dsa_queue_dedicated(queue) && dsa->config.dedicated_only)
        return SPEC_DSA_CMDERR_WQ_MODE;
    if (mode_of(queue) & SPEC_DSA_WQCFG_MODE_BLOCK_ON_FAULT)
        return SPEC_DSA_CMDERR_WQ_BLOCK_ON_FAULT; /* GENCAP does not offer it */
    if (!pasid_possible(queue, pasids))
        return SPEC_DSA_CMDERR_WQ_PASID;
    if (SPEC_GET(SPEC_DSA_WQCFG_LIMITS_BATCH_LG2, limits))
        return SPEC_DSA_CMDERR_WQ_BATCH; /* GENCAP: no batches */
    if (SPEC_GET(SPEC_DSA_WQCFG_LIMITS_XFER_LG2, limits) > dsa->config.max_transfer_lg2)
        return SPEC_DSA_CMDERR_WQ_XFER;
    return SPEC_DSA_CMDERR_NONE;
}

/* A queue that no engine serves has no code of its own: it is reported as invalid. */
static uint8_t enable_queue_locked(struct iommu_model_dsa *dsa, uint32_t index, bool pasids)
{
    struct dsa_queue *queue;
    uint8_t error;

    if (index >= dsa->config.queues)
        return SPEC_DSA_CMDERR_INVALID_WQ;
    queue = &dsa->queues[index];
    if (dsa->state != SPEC_DSA_STATE_ENABLED)
        return SPEC_DSA_CMDERR_WQ_DEV_DISABLED;
    if (queue->enabled)
        return SPEC_DSA_CMDERR_WQ_ENABLED;
    error = check_queue(dsa, queue, pasids);
    if (error)
        return error;
    if (!has_engine(dsa, index))
        return SPEC_DSA_CMDERR_INVALID_WQ;
    queue->enabled = queue->accepting = true;
    return SPEC_DSA_CMDERR_NONE;
}

static uint8_t enable_queue(struct iommu_model_dsa *dsa, uint32_t operand)
{
    bool pasids = pasid_enabled(dsa);
    uint8_t error;

    model_lock_take(&dsa->lock);
    error = enable_queue_locked(dsa, operand, pasids);
    model_lock_give(&dsa->lock);
    return error;
}

/* ---- some queues: drain, abort, off, reset ------------------------------------------------- */

/* 0: the operand names a queue that is not there, or none at all. */
static uint64_t named_queues(const struct iommu_model_dsa *dsa, uint32_t operand)
{
    uint32_t group = SPEC_GET(SPEC_DSA_OPERAND_WQ_GROUP, operand);
    uint64_t queues = SPEC_GET(SPEC_DSA_OPERAND_WQ_MASK, operand);

    if (group >= IOMMU_MODEL_DSA_QUEUES_MAX / 16)
        return 0;
    queues <<= 16 * group;
    return (queues & ~dsa_all_queues(dsa)) ? 0 : queues;
}

static uint8_t disable_queues(struct iommu_model_dsa *dsa, uint32_t operand)
{
    uint64_t queues = named_queues(dsa, operand);

    if (!queues)
        return SPEC_DSA_CMDERR_INVALID_WQ;
    drain_and_turn_off(dsa, queues);
    return SPEC_DSA_CMDERR_NONE;
}

static uint8_t drain_queues(struct iommu_model_dsa *dsa, uint32_t operand)
{
    uint64_t queues = named_queues(dsa, operand);

    if (!queues)
        return SPEC_DSA_CMDERR_INVALID_WQ;
    drain(dsa, queues);
    return SPEC_DSA_CMDERR_NONE;
}

static uint8_t abort_queues(struct iommu_model_dsa *dsa, uint32_t operand)
{
    uint64_t queues = named_queues(dsa, operand);

    if (!queues)
        return SPEC_DSA_CMDERR_INVALID_WQ;
    model_lock_take(&dsa->lock);
    abort_locked(dsa, queues);
    model_lock_give(&dsa->lock);
    return SPEC_DSA_CMDERR_NONE;
}

static uint8_t reset_queues(struct iommu_model_dsa *dsa, uint32_t operand)
{
    uint64_t queues = named_queues(dsa, operand);
    unsigned index;

    if (!queues)
        return SPEC_DSA_CMDERR_INVALID_WQ;
    model_lock_take(&dsa->lock);
    abort_locked(dsa, queues);
    turn_off(dsa, queues);
    for (index = 0; index < dsa->config.queues; index++)
        if (queues >> index & 1)
            __builtin_memset(dsa->queues[index].config, 0, sizeof(dsa->queues[index].config));
    model_lock_give(&dsa->lock);
    return SPEC_DSA_CMDERR_NONE;
}

/* ---- one PASID, in whatever queue ---------------------------------------------------------- */

/* Its descriptors overtake those of other tenants in a shared queue, who never notice. */
static void drain_list(struct iommu_model_dsa *dsa, struct dsa_list *list)
{
    struct dsa_work work;

    model_lock_take(&dsa->lock);
    while (dsa_pop_locked(dsa, list, &work)) {
        model_lock_give(&dsa->lock);
        dsa_execute(dsa, &work);
        model_lock_take(&dsa->lock);
    }
    model_lock_give(&dsa->lock);
}

static uint8_t end_pasid(struct iommu_model_dsa *dsa, uint32_t pasid, bool carry_out)
{
    struct dsa_list list;
    unsigned index;

    for (index = 0; index < dsa->config.queues; index++) {
        model_lock_take(&dsa->lock);
        list = dsa_take_pasid_locked(dsa, &dsa->queues[index], pasid);
        if (!carry_out)
            dsa_abort_locked(dsa, &list);
        model_lock_give(&dsa->lock);
        drain_list(dsa, &list);
    }
    return SPEC_DSA_CMDERR_NONE;
}

static uint8_t drain_pasid(struct iommu_model_dsa *dsa, uint32_t operand)
{
    return end_pasid(dsa, operand, true);
}

static uint8_t abort_pasid(struct iommu_model_dsa *dsa, uint32_t operand)
{
    return end_pasid(dsa, operand, false);
}

/* ---- the register ------------------------------------------------------------------------- */

static const struct {
    uint8_t (*run)(struct iommu_model_dsa *dsa, uint32_t operand);
    bool wants_device; /* refused while the device is off */
} commands[] = {
    [SPEC_DSA_CMD_ENABLE_DEVICE] = {enable_device, false},
    [SPEC_DSA_CMD_DISABLE_DEVICE] = {disable_device, false},
    [SPEC_DSA_CMD_DRAIN_ALL] = {drain_all, true},
    [SPEC_DSA_CMD_ABORT_ALL] = {abort_all, true},
    [SPEC_DSA_CMD_RESET_DEVICE] = {reset_device, false},
    [SPEC_DSA_CMD_ENABLE_WQ] = {enable_queue, false},
    [SPEC_DSA_CMD_DISABLE_WQ] = {disable_queues, true},
    [SPEC_DSA_CMD_DRAIN_WQ] = {drain_queues, true},
    [SPEC_DSA_CMD_ABORT_WQ] = {abort_queues, true},
    [SPEC_DSA_CMD_RESET_WQ] = {reset_queues, true},
    [SPEC_DSA_CMD_DRAIN_PASID] = {drain_pasid, true},
    [SPEC_DSA_CMD_ABORT_PASID] = {abort_pasid, true},
};

static uint8_t run_command(struct iommu_model_dsa *dsa, uint32_t command, uint32_t operand)
{
    if (command >= sizeof(commands) / sizeof(commands[0]) || !commands[command].run)
        return SPEC_DSA_CMDERR_INVALID_COMMAND;
    if (commands[command].wants_device && dsa->state != SPEC_DSA_STATE_ENABLED)
        return SPEC_DSA_CMDERR_DEV_NOT_ENABLED;
    return commands[command].run(dsa, operand);
}

/* `state` changes only here, under `engine`, so commands may read it with that alone. */
void dsa_command(struct iommu_model_dsa *dsa, uint32_t value)
{
    uint8_t error;

    model_lock_take(&dsa->engine);
    error = run_command(dsa, SPEC_GET(SPEC_DSA_CMD_COMMAND, value),
                        SPEC_GET(SPEC_DSA_CMD_OPERAND, value));
    model_lock_take(&dsa->lock);
    dsa->cmdsts = SPEC_PUT(SPEC_DSA_CMDSTS_ERROR, (uint32_t)error);
    if (value & SPEC_DSA_CMD_INT)
        dsa_cause_locked(dsa, SPEC_DSA_INTCAUSE_CMD, true);
    model_lock_give(&dsa->lock);
    model_lock_give(&dsa->engine);
}
