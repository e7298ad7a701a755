/* SPDX-License-Identifier: MIT */
/*
 * play.h - plays calls against the library and the oracle at once. Nothing here ends the program: a disagreement is
 * a text.
 */
#ifndef IOMMUKIT_TEST_PLAY_H
#define IOMMUKIT_TEST_PLAY_H

#include "tests/random/oracle.h"

#define PLAY_TEXT 400u
#define PLAY_HOT  16u

struct player {
    struct oracle oracle;
    uint64_t random;
    bool threaded;        /* only calls that others do not disturb */
    uint32_t rid_changed; /* see struct checker_facts */
    const char *failure;  /* what kind, the same for the same kind; NULL: all is well */
    char text[PLAY_TEXT];
    /* Routes and addresses that worked once: where stale translations would be. */
    struct {
        uint8_t device;
        uint32_t pasid;
        uint64_t iova;
    } hot[PLAY_HOT];
    unsigned hots;
    uint64_t landed, blocked;
    uint64_t made[OP_COUNT], refused[OP_COUNT]; /* calls */
};

void play_init(struct player *player, struct world *world, unsigned domains, uint64_t seed);
/* False: the library and the oracle disagree. */
bool play(struct player *player, const struct op *op);
/* Everything out again. */
bool play_end(struct player *player);
/* Tables and books of all players' objects. */
bool play_check(struct player *player, unsigned count, enum checker_depth depth);
/* The next call, by chance. */
void choose_op(struct player *player, struct op *op);

/* Devices are going to read between the stores of calls. */
void play_between_prepare(struct world *world);

/* For its files. */
void play_between_begin(struct player *player, const struct op *op);
void play_between_end(struct player *player);
void play_fail(struct player *player, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A call has returned: is that what may be? True: it has succeeded. */
bool play_judge(struct player *player, const struct op *op, const struct verdict *verdict,
                int result);
unsigned play_hots(const struct player *player); /* in hot[] */
struct iommu_device *play_device(const struct player *player, unsigned slot);
struct iommu_domain *play_domain(const struct player *player, unsigned slot);

void play_map(struct player *player, const struct op *op);
void play_unmap(struct player *player, const struct op *op);
void play_sync(struct player *player, const struct op *op);
void play_to_phys(struct player *player, const struct op *op);
void play_dma(struct player *player, const struct op *op);
void play_events(struct player *player);
void play_aux(struct player *player, const struct op *op);
bool play_has_room(const struct player *player); /* for a route more */
bool play_detach_route(struct player *player, const struct op *op, struct oracle_route *route);

#endif
