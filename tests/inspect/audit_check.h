/* SPDX-License-Identifier: MIT */
/* tests/inspect/audit_check.h - an audit of a world's files, and whether it finds what it should and nothing else. */
#ifndef TESTS_INSPECT_AUDIT_CHECK_H
#define TESTS_INSPECT_AUDIT_CHECK_H

#include "inspect/audit.h"
#include "tests/inspect/world.h"

/* Saves the world and audits it, with its DMAR table and /proc/iomem unless told otherwise; again after changes. */
struct audit_run {
    struct inspect_audit_input input; /* beside memory and registers, which are the world's */
    enum world_pages pages;
    bool no_iomem, no_dmar;
    struct inspect_findings findings;
};
void audit_run(struct world *world, struct audit_run *run);
void audit_run_done(struct audit_run *run);
/* The run's ids are these, separated by blanks, each at least once; NULL or "": none. */
void audit_expect(const struct audit_run *run, const char *ids);
/* The first finding of this kind; fails without. */
const struct inspect_finding *audit_first(const struct audit_run *run, const char *id);

/* All of it with nothing but defaults; closes the world. */
void audit_check(struct world *world, const char *ids);

#endif
