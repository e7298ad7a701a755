/* SPDX-License-Identifier: MIT */
/* attempt.c - running, shrinking, printing. */
#include "tests/random/attempt.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIME_LIMIT_S 120u
#define SHRINK_S     60

struct attempt *attempt_new(void)
{
    struct attempt *attempt =
        mmap(NULL, sizeof *attempt, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return attempt == MAP_FAILED ? NULL : attempt;
}

void attempt_delete(struct attempt *attempt)
{
    munmap(attempt, sizeof *attempt);
}

/* ---- in the child --------------------------------------------------------------------------------------- */

static void note_failure(struct attempt *attempt, const char *failure, const char *text)
{
    attempt->failed = true;
    attempt->failure = failure;
    snprintf(attempt->text, sizeof attempt->text, "%s", text);
}

static bool play_one(struct attempt *attempt, struct player *player, unsigned index)
{
    bool thorough = index % attempt->check_every == 0;

    attempt->step = index;
    if (!attempt->replay) {
        choose_op(player, &attempt->op[index]);
        attempt->count = index + 1;
    }
    return play(player, &attempt->op[index]) &&
           play_check(player, 1, thorough ? CHECKER_ALL : CHECKER_ROUTES);
}

static bool play_all(struct attempt *attempt, struct player *player)
{
    unsigned steps = attempt->replay ? attempt->count : attempt->steps;

    for (unsigned i = 0; i < steps; i++)
        if (!play_one(attempt, player, i))
            return false;
    attempt->step = steps;
    return play_check(player, 1, CHECKER_ALL) && play_end(player);
}

static void live(struct attempt *attempt)
{
    static struct world world;
    static struct player player;
    const char *why = NULL;

    if (!world_open(&world, &attempt->setup, &why)) {
        note_failure(attempt, why, why);
        return;
    }
    if (attempt->setup.between)
        play_between_prepare(&world);
    play_init(&player, &world, attempt->setup.domains, attempt->seed ^ UINT64_C(0x5eed));
    if (!play_all(attempt, &player)) {
        note_failure(attempt, player.failure, player.text);
        return;
    }
    why = world_close(&world);
    if (why != NULL)
        note_failure(attempt, why, why);
    attempt->landed = player.landed;
    attempt->blocked = player.blocked;
    memcpy(attempt->made, player.made, sizeof player.made);
    memcpy(attempt->refused, player.refused, sizeof player.refused);
}

static void child(struct attempt *attempt)
{
    static const int signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

    /* cmocka's handlers would go on with the next test. */
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], SIG_DFL);
    alarm(TIME_LIMIT_S);
    live(attempt);
    attempt->finished = true;
    _exit(0);
}

/* ---- in the parent -------------------------------------------------------------------------------------- */

bool attempt_run(struct attempt *attempt)
{
    char text[80];
    int status = 0;

    attempt->finished = attempt->failed = false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        child(attempt);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        note_failure(attempt, "fork", "no process for it");
    } else if (!attempt->finished) {
        snprintf(text, sizeof text,
                 WIFSIGNALED(status) ? "ended by signal %d" : "ended with status %d",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        note_failure(attempt, "crash", text);
    }
    return !attempt->failed;
}

/* ---- shrinking ------------------------------------------------------------------------------------------ */

struct shrink {
    struct attempt *attempt; /* the best so far */
    struct attempt *trial;
    struct timespec until;
};

static bool in_time(const struct shrink *shrink)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec < shrink->until.tv_sec;
}

/* The trial's ops are set: do they fail in the same way? Then they are the best so far. */
static bool try(struct shrink *shrink)
{
    struct attempt *best = shrink->attempt, *trial = shrink->trial;

    trial->seed = best->seed;
    trial->setup = best->setup;
    trial->steps = best->steps;
    trial->check_every = 1;
    trial->replay = true;
    if (attempt_run(trial) || trial->failure != best->failure)
        return false;
    if (trial->step < trial->count)
        trial->count = trial->step + 1;
    memcpy(best, trial, sizeof *best);
    return true;
}

/* Leave out ops [from, from + count). */
static bool try_without(struct shrink *shrink, unsigned from, unsigned count)
{
    const struct attempt *best = shrink->attempt;
    struct attempt *trial = shrink->trial;
    unsigned left = best->count - from - count;

    memcpy(trial->op, best->op, from * sizeof best->op[0]);
    memcpy(trial->op + from, best->op + from + count, left * sizeof best->op[0]);
    trial->count = from + left;
    return try(shrink);
}

static bool leave_out(struct shrink *shrink)
{
    bool left_out = false;

    for (unsigned chunk = (shrink->attempt->count + 1) / 2; chunk > 0; chunk /= 2)
        for (unsigned at = shrink->attempt->count; at > 0 && in_time(shrink);) {
            unsigned count = chunk < at ? chunk : at;
            at -= count;
            if (at + count <= shrink->attempt->count)
                left_out |= try_without(shrink, at, count);
            else
                at = shrink->attempt->count;
        }
    return left_out;
}

/* The best so far, to be changed. */
static struct op *copy(struct shrink *shrink)
{
    const struct attempt *best = shrink->attempt;

    memcpy(shrink->trial->op, best->op, best->count * sizeof best->op[0]);
    shrink->trial->count = best->count;
    return shrink->trial->op;
}

/* Plainer arguments: no failing allocation, one page. */
static bool simplify(struct shrink *shrink)
{
    bool simpler = false;

    for (unsigned i = 0; i < shrink->attempt->count && in_time(shrink); i++) {
        for (unsigned what = 0; what < 2 && i < shrink->attempt->count; what++) {
            struct op *op = &copy(shrink)[i];
            if (what == 0 ? op->fail == 0 : op->kind != OP_MAP || op->len <= RIG_PAGE)
                continue;
            op->fail = what == 0 ? 0 : op->fail;
            op->len = what == 0 ? op->len : RIG_PAGE;
            simpler |= try(shrink);
        }
    }
    return simpler;
}

static bool lets_choose(const struct op *op)
{
    return op->kind == OP_AUX_ATTACH || op->kind == OP_ATTACH_DEVICE ||
           (op->kind == OP_ATTACH && op->min != op->max);
}

static bool names_pasid(const struct op *op, unsigned device)
{
    return op->device == device && op->min != IOMMU_NO_PASID &&
           (op->kind == OP_DMA || op->kind == OP_REPLACE || op->kind == OP_DETACH);
}

/*
 * Left to choose, the library takes the lowest free PASID. Then no attach can go without which a later one would get
 * another PASID than the ops after it name. So the later one asks for the PASID that they name.
 */
static bool pin_pasids(struct shrink *shrink)
{
    const struct attempt *best = shrink->attempt;
    bool pinned = false;

    for (unsigned i = 0; i < best->count; i++)
        for (unsigned by = i + 1; by < best->count && in_time(shrink); by++) {
            if (!lets_choose(&best->op[i]) || !names_pasid(&best->op[by], best->op[i].device))
                continue;
            struct op *op = &copy(shrink)[i];
            op->kind = OP_ATTACH;
            op->min = op->max = best->op[by].min;
            pinned |= try(shrink);
        }
    return pinned;
}

void attempt_shrink(struct attempt *attempt)
{
    struct shrink shrink = {.attempt = attempt, .trial = attempt_new()};

    if (shrink.trial == NULL)
        return;
    clock_gettime(CLOCK_MONOTONIC, &shrink.until);
    shrink.until.tv_sec += SHRINK_S;
    if (attempt->step < attempt->count)
        attempt->count = attempt->step + 1;
    for (bool again = true; again && in_time(&shrink);) {
        again = leave_out(&shrink);
        again |= simplify(&shrink);
        again |= pin_pasids(&shrink);
    }
    attempt_delete(shrink.trial);
}

/* ---- printing ------------------------------------------------------------------------------------------- */

void attempt_print(const struct attempt *attempt, const char *program)
{
    char line[400];

    print_message("    %s\n", attempt->text);
    print_message("    unit: %s; %u domain slots\n", attempt->setup.name, attempt->setup.domains);
    for (unsigned i = 0; i < attempt->count; i++) {
        op_print(&attempt->op[i], line, sizeof line);
        print_message("    %s;%s\n", line, i == attempt->step ? " /* fails */" : "");
    }
    if (attempt->step >= attempt->count)
        print_message("    ... and the end fails\n");
    print_message("    replay: IOMMUKIT_SEED=%llu IOMMUKIT_SEEDS=1 IOMMUKIT_STEPS=%u %s\n",
                  (unsigned long long)attempt->seed, attempt->steps, program);
}
