/* SPDX-License-Identifier: MIT */
/*
 * models/memory/past.c - the last few states of lines that software changes, so that an entry of
 * several 16-byte pieces can be read the way a unit may that takes its time: each piece from
 * another moment. ("Atomicity of structure entries", "Entry update discipline".)
 *
 * The piece with Present is taken first, and only if it is present do others follow, from that
 * moment or later: a unit that took it last could be served by no software at all, because to
 * publish an entry is to store that piece last. What an invalidation has waited for is forgotten:
 * no fetch spans that. Lock: the view's, held.
 */
#include "models/memory/view.h"

#define PIECE_WORDS 2u
#define PRESENT     1u

void view_remember(struct model_view *view, uint64_t line, bool device, const uint64_t *words)
{
    struct view_past *past = &view->past[view->next_past % VIEW_PAST];

    if (!model_lies_on(&view->lies, IOMMU_MODEL_LIE_TORN_FETCH))
        return;
    past->line = line;
    past->device = device;
    __builtin_memcpy(past->words, words, VIEW_LINE);
    view->next_past++;
}

void view_forget(struct model_view *view)
{
    __builtin_memset(view->past, 0, sizeof(view->past));
}

/* The states of this line, oldest first, ending with the present one (NULL). */
static unsigned states(const struct model_view *view, uint64_t line, bool device,
                       const struct view_past *found[VIEW_PAST + 1])
{
    unsigned count = 0, index;

    for (index = 0; index < VIEW_PAST; index++) {
        const struct view_past *past = &view->past[(view->next_past + index) % VIEW_PAST];

        if (past->line == line && past->device == device)
            found[count++] = past;
    }
    found[count++] = NULL;
    return count;
}

static void take_piece(const struct view_past *state, unsigned first, unsigned piece,
                       uint64_t *words)
{
    unsigned at = piece * PIECE_WORDS;

    if (state)
        __builtin_memcpy(&words[at], &state->words[first + at], PIECE_WORDS * sizeof(*words));
}

/* A fetch that began at `start`: the other pieces may be from then or from any later moment. */
static bool tear(struct model_view *view, const struct view_past *const *found, unsigned count,
                 unsigned start, unsigned first, uint64_t *words, unsigned pieces)
{
    unsigned piece;
    bool mixed = false;

    take_piece(found[start], first, 0, words);
    for (piece = 1; piece < pieces; piece++) {
        unsigned moment = start + model_below(&view->lies, count - start);

        take_piece(found[moment], first, piece, words);
        mixed = mixed || moment != start;
    }
    return mixed;
}

void view_tear(struct model_view *view, uint64_t pa, uint64_t *words, unsigned count, bool device)
{
    const struct view_past *found[VIEW_PAST + 1];
    uint64_t line = pa & ~(uint64_t)(VIEW_LINE - 1);
    unsigned first = (unsigned)(pa - line) / 8, moments, start;

    if (!view->between || count <= PIECE_WORDS || first + count > VIEW_LINE / 8)
        return;
    moments = states(view, line, device, found);
    start = model_below(&view->lies, moments);
    if (!found[start] || !(found[start]->words[first] & PRESENT))
        return;
    if (tear(view, found, moments, start, first, words, count / PIECE_WORDS))
        view_strike(view, IOMMU_MODEL_LIE_TORN_FETCH,
                    "an entry was read in pieces while it changed", pa);
}
