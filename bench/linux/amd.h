/* SPDX-License-Identifier: MIT */
/*
 * bench/linux/amd.h - what AMD's two table formats share: a protection domain that no device uses. Included behind one
 * of the formats, with INIT_FNS and prepare() defined.
 */
#ifndef BENCH_LINUX_AMD_H
#define BENCH_LINUX_AMD_H

#include "pgtable.h"

static struct io_pgtable_ops *amd_ops(void *table)
{
    return &((struct protection_domain *)table)->iop.iop.ops;
}

static void *amd_create(void)
{
    struct protection_domain *domain = calloc(1, sizeof *domain);
    if (!domain)
        return NULL;
    if (!prepare(domain) || !INIT_FNS.alloc(&domain->iop.pgtbl_cfg, domain)) {
        free(domain);
        return NULL;
    }
    domain->iop.iop.cfg = domain->iop.pgtbl_cfg;
    return domain;
}

static void amd_destroy(void *table)
{
    INIT_FNS.free(&((struct protection_domain *)table)->iop.iop);
    free(table);
}

static int amd_map(void *table, const struct bench_sweep *sweep)
{
    return pgtable_map(amd_ops(table), sweep);
}

static int amd_unmap(void *table, const struct bench_sweep *sweep)
{
    return pgtable_unmap(amd_ops(table), sweep);
}

#endif
