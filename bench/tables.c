/* SPDX-License-Identifier: MIT */
/* bench/tables.c - see tables.h. */
#include "bench/tables.h"

#include <stdio.h>

#include "bench/rig.h"

static uint64_t run(void *ctx, unsigned times)
{
    const struct bench_table_run *run = ctx;
    uint64_t mapping = 0, unmapping = 0;
    for (unsigned i = 0; i < times; i++) {
        uint64_t start = bench_now(), middle;
        if (run->ops->map(run->table, &run->sweep) != 0)
            return BENCH_FAILED;
        middle = bench_now();
        if (run->ops->unmap(run->table, &run->sweep) != 0)
            return BENCH_FAILED;
        unmapping += bench_now() - middle;
        mapping += middle - start;
    }
    return run->timed == BENCH_MAP ? mapping : run->timed == BENCH_UNMAP ? unmapping : mapping + unmapping;
}

static bool add(struct bench_tables *tables, const struct bench_tables_config *config, const struct bench_peer_table *ops,
                const char *build)
{
    struct bench_table_run *made = &tables->runs[tables->count];
    struct bench_op *op = &tables->ops[tables->count];
    *made = (struct bench_table_run){.ops = ops, .table = ops->create(), .sweep = config->sweep, .timed = config->timed};
    if (made->table == NULL)
        return false;
    *op = (struct bench_op){.run = run, .ctx = made, .each = config->sweep.count};
    snprintf(op->name, sizeof op->name, "%.24s%s%.24s", ops->name, build[0] ? ", " : "", build);
    tables->count++;
    return config->anchors.count == 0 || ops->map(made->table, &config->anchors) == 0;
}

int bench_tables_open(struct bench *bench, const struct bench_tables_config *config, struct bench_tables *tables)
{
    bool fine;
    tables->count = 0;
    fine = add(tables, config, &bench_own_table, "");
    for (unsigned i = 0; fine && i < bench->peer_count; i++)
        for (unsigned j = 0; fine && j < bench->peers[i]->table_count && tables->count < BENCH_OPS_MAX; j++)
            fine = add(tables, config, &bench->peers[i]->tables[j], bench->peers[i]->build);
    if (!fine)
        bench_tables_close(tables);
    return fine ? 0 : -1;
}

void bench_tables_close(struct bench_tables *tables)
{
    for (unsigned i = 0; i < tables->count; i++)
        tables->runs[i].ops->destroy(tables->runs[i].table);
    tables->count = 0;
}
