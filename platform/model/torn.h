/* SPDX-License-Identifier: MIT */
/*
 * platform/model/torn.h - the moments between two stores of the driver. Used by model.c alone.
 */
#ifndef PLATFORM_MODEL_TORN_H
#define PLATFORM_MODEL_TORN_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: nothing can be watched. */
struct torn {
    int fd;           /* of the memory; valid if alias */
    uint8_t *alias;   /* the memory as the models see it: never protected; NULL: not told to lie */
    uint8_t *ram;     /* as the driver sees it */
    uint64_t bytes;
    uint8_t *watched; /* a byte a page: it holds tables */
    void (*fn)(void *ctx);
    void *fn_ctx;
    void *ctx;        /* of the two below */
    void (*storing)(void *ctx, uint64_t pa);
    void (*stored)(void *ctx, bool begins);
};

/* Makes memory that can be mapped twice, and its second mapping; *fd is the file for the first. 0, -ENOMEM. */
int torn_init(struct torn *torn, uint64_t bytes, int *fd);
void torn_attach(struct torn *torn, void *ram, void *ctx, void (*storing)(void *ctx, uint64_t pa),
                 void (*stored)(void *ctx, bool begins));
void torn_fini(struct torn *torn);

/* Pages that hold tables from now on, or no longer. */
void torn_watch(struct torn *torn, uint64_t pa, uint64_t bytes);
void torn_unwatch(struct torn *torn, uint64_t pa, uint64_t bytes);

/* 0; -EINVAL: not told to lie; -EBUSY: another host of this process is watching; -EOPNOTSUPP: not on this system. */
int torn_start(struct torn *torn, void (*fn)(void *ctx), void *ctx);
void torn_stop(struct torn *torn);

#endif
