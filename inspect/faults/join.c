/* SPDX-License-Identifier: MIT */
/*
 * join.c - the reader: cuts bytes into lines, gives each to the parsers, and joins the lines of one fault.
 *
 * At most one fault is open. A line that continues it is merged; any other recognised line closes it. Lines that are
 * nobody's may come in between (other processors print too): a few are kept back, so that the order of the log stays,
 * and then the fault is told as it is.
 */
#include <stdlib.h>
#include <string.h>

#include "inspect/faults/draft.h"

#define LINE_ROOM (INSPECT_FAULT_LINE + 4)
#define STRANGERS 4u
#define RAW_ROOM  (INSPECT_FAULT_LINE + 1) /* one byte more shows that the line is longer */

struct inspect_fault_reader {
    inspect_fault_tell tell;
    void *ctx;
    bool open; /* `draft` waits for more lines */
    struct fault_draft draft;
    char lines[1 + INSPECT_FAULT_FOLLOWING][LINE_ROOM];
    unsigned strangers;
    struct {
        char line[LINE_ROOM];
        bool truncated;
    } stranger[STRANGERS];
    char raw[RAW_ROOM]; /* the line that is not complete yet */
    size_t raw_bytes;
    char line[LINE_ROOM], text[LINE_ROOM]; /* the line at hand */
};

struct inspect_fault_reader *inspect_fault_reader_new(inspect_fault_tell tell, void *ctx)
{
    struct inspect_fault_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL)
        return NULL;
    reader->tell = tell;
    reader->ctx = ctx;
    return reader;
}

void inspect_fault_reader_free(struct inspect_fault_reader *reader)
{
    free(reader);
}

static void tell_stranger(struct inspect_fault_reader *reader, const char *line, bool truncated)
{
    struct inspect_fault fault = {.line = line, .truncated = truncated};
    reader->tell(reader->ctx, &fault);
}

static void tell_draft(struct inspect_fault_reader *reader, struct fault_draft *draft)
{
    fault_finish(draft);
    /* Words of the line may have been cut to fit. */
    fault_whole(draft->fault.device);
    fault_whole(draft->fault.code);
    fault_whole(draft->fault.meaning);
    reader->tell(reader->ctx, &draft->fault);
}

static void close_fault(struct inspect_fault_reader *reader)
{
    if (reader->open)
        tell_draft(reader, &reader->draft);
    reader->open = false;
    for (unsigned i = 0; i < reader->strangers; i++)
        tell_stranger(reader, reader->stranger[i].line, reader->stranger[i].truncated);
    reader->strangers = 0;
}

static fault_parser *const parsers[] = {
    fault_parse_suppressed, fault_parse_vtd,    fault_parse_vtd_queue, fault_parse_vtd_dump, fault_parse_amd,
    fault_parse_smmuv3,     fault_parse_smmuv2, fault_parse_jailhouse, fault_parse_others,
};

static bool parse(const char *text, struct fault_draft *draft)
{
    for (unsigned i = 0; i < sizeof parsers / sizeof parsers[0]; i++) {
        memset(draft, 0, sizeof *draft);
        if (parsers[i](text, draft))
            return true;
    }
    return false;
}

/* Whether `further` continues the open fault. */
static bool continues(const struct fault_draft *draft, const struct fault_draft *further)
{
    if ((draft->takes & (unsigned)further->part) == 0 || draft->fault.following_count == INSPECT_FAULT_FOLLOWING)
        return false;
    return draft->unit[0] == '\0' || further->unit[0] == '\0' || strcmp(draft->unit, further->unit) == 0;
}

/* Raw words come one a line: the first free place. An SMMUv3 event has four, a command two. */
static void take_word(struct fault_draft *draft, uint64_t word)
{
    bool event = draft->fault.kind != INSPECT_FAULT_COMMAND;
    unsigned last = event ? FAULT_WORD_3 : FAULT_WORD_1, place = FAULT_WORD_0;

    while (place < last && fault_knows(draft, (enum fault_number)place))
        place++;
    fault_set(draft, (enum fault_number)place, word);
    if (place < last)
        return;
    draft->takes &= ~(unsigned)FAULT_PART_WORD;
    if (event)
        fault_decode_smmuv3(draft);
}

static void join(struct fault_draft *draft, const struct fault_draft *further)
{
    const unsigned repeated = FAULT_PART_AMD_ENTRY | FAULT_PART_WORD | FAULT_PART_CONTEXT | FAULT_PART_JAILHOUSE;

    if (further->part == FAULT_PART_WORD) {
        take_word(draft, further->number[FAULT_WORD_0]);
        return;
    }
    if (draft->fault.kind == INSPECT_FAULT_DETAIL && further->fault.kind != INSPECT_FAULT_DETAIL) {
        draft->fault.kind = further->fault.kind;
        draft->describe = further->describe;
    }
    fault_merge(draft, further);
    if (further->part == FAULT_PART_AMD_FIELDS)
        fault_use_amd_flags(draft);
    draft->takes = (draft->takes & ~((unsigned)further->part & ~repeated)) | further->takes;
}

static void keep_line(struct inspect_fault_reader *reader, bool truncated)
{
    struct inspect_fault *fault = &reader->draft.fault;
    unsigned place = fault->line == NULL ? 0 : 1 + fault->following_count;

    memcpy(reader->lines[place], reader->line, LINE_ROOM);
    fault->truncated = fault->truncated || truncated;
    if (place == 0)
        fault->line = reader->lines[0];
    else
        fault->following[fault->following_count++] = reader->lines[place];
}

static void unknown_line(struct inspect_fault_reader *reader, bool truncated)
{
    if (reader->open && reader->strangers < STRANGERS) {
        memcpy(reader->stranger[reader->strangers].line, reader->line, LINE_ROOM);
        reader->stranger[reader->strangers++].truncated = truncated;
        return;
    }
    close_fault(reader);
    tell_stranger(reader, reader->line, truncated);
}

void inspect_fault_reader_line(struct inspect_fault_reader *reader, const char *line, size_t bytes)
{
    struct fault_draft draft;
    bool truncated = !fault_clean(line, bytes, reader->line, reader->text);

    if (!parse(reader->text, &draft)) {
        unknown_line(reader, truncated);
        return;
    }
    if (reader->open && continues(&reader->draft, &draft)) {
        join(&reader->draft, &draft);
    } else {
        close_fault(reader);
        reader->draft = draft;
        reader->open = true;
    }
    keep_line(reader, truncated);
    if (reader->draft.takes == 0)
        close_fault(reader);
}

static void end_of_line(struct inspect_fault_reader *reader)
{
    size_t bytes = reader->raw_bytes;
    reader->raw_bytes = 0;
    inspect_fault_reader_line(reader, reader->raw, bytes);
}

void inspect_fault_reader_bytes(struct inspect_fault_reader *reader, const char *bytes, size_t count)
{
    while (count > 0) {
        const char *newline = memchr(bytes, '\n', count);
        size_t part = newline != NULL ? (size_t)(newline - bytes) : count;
        size_t room = RAW_ROOM - reader->raw_bytes, kept = part < room ? part : room;

        memcpy(reader->raw + reader->raw_bytes, bytes, kept);
        reader->raw_bytes += kept;
        if (newline == NULL)
            return;
        end_of_line(reader);
        bytes += part + 1;
        count -= part + 1;
    }
}

void inspect_fault_reader_pause(struct inspect_fault_reader *reader)
{
    close_fault(reader);
}

void inspect_fault_reader_end(struct inspect_fault_reader *reader)
{
    if (reader->raw_bytes > 0)
        end_of_line(reader);
    close_fault(reader);
}
