/* SPDX-License-Identifier: MIT */
/* explain.h - `iommukit explain`: IOMMU fault lines and raw fault records in words. */
#ifndef TOOLS_EXPLAIN_H
#define TOOLS_EXPLAIN_H

#include <stdbool.h>

#include "inspect/faults/faults.h"
#include "inspect/walk.h"
#include "source.h"

#define EXPLAIN_WORDS_MAX 4u

struct explain_options {
    struct source_options source;
    const char *file; /* NULL: standard input */
    bool json, follow;
    bool faults_only;                 /* lines that are no faults are left out */
    const char *record;               /* as given; NULL: read a log */
    enum inspect_fault_vendor vendor; /* of the record */
    uint64_t words[EXPLAIN_WORDS_MAX];
    unsigned word_count;
};

struct explain {
    const struct explain_options *options;
    const struct source *source; /* NULL: nothing of the machine was given */
    struct inspect_walk *walk;   /* NULL: no dump was given */
};

int explain_main(int argc, char **argv);

/* explain_options.c */
void explain_parse(int argc, char **argv, struct explain_options *options);

/* explain_log.c: feeds a log to a reader that tells explain_print. 0, or EXIT_USAGE after saying what is wrong. */
int explain_log(const struct explain *explain);

/* explain_print.c: one line of the log, recognised or not; ctx is a struct explain. */
void explain_print(void *ctx, const struct inspect_fault *fault);

/* explain_region.c: better advice where the DMAR table says that the address is reserved. */
void explain_region(const struct explain *explain, struct inspect_fault *fault);

#endif
