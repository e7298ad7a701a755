/* SPDX-License-Identifier: MIT */
/* explain.c - `iommukit explain`: opens what is needed, then a record or a log. */
#include "explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "output.h"

static int explain_record(const struct explain *explain)
{
    const struct explain_options *options = explain->options;
    struct inspect_fault fault;

    if (!inspect_fault_record(options->vendor, options->words, options->word_count, &fault))
        return output_error("explain", "--record: %u words are no record of %s", options->word_count,
                            inspect_fault_vendor_name(options->vendor));
    fault.line = options->record;
    explain_print((void *)explain, &fault);
    return EXIT_FINE;
}

static int run(const struct explain *explain)
{
    int result = explain->options->record != NULL ? explain_record(explain) : explain_log(explain);
    if (fflush(stdout) != 0 || ferror(stdout))
        return output_error("explain", "the result could not be written: %s", strerror(errno));
    return result;
}

/* With a dump, each refused access is also looked up in its tables. */
static int run_with_dump(struct explain *explain)
{
    struct inspect_why why;

    if (inspect_walk_open(&explain->source->machine, &explain->walk, &why) != 0)
        return output_error("explain", "%s", why.text);
    int result = run(explain);
    inspect_walk_close(explain->walk);
    return result;
}

/* With the DMAR table alone, reserved regions are known. */
static int run_with_source(const struct explain_options *explain_options)
{
    const struct source_options *options = &explain_options->source;
    bool dump = options->memory.path != NULL || options->registers != NULL || options->sets > 0;
    struct source source;
    struct explain explain = {.options = explain_options, .source = &source};
    int result = dump ? source_open_dump("explain", options, &source) : source_open("explain", options, &source);

    if (result != EXIT_FINE)
        return result;
    result = dump ? run_with_dump(&explain) : run(&explain);
    source_close(&source);
    return result;
}

int explain_main(int argc, char **argv)
{
    struct explain_options options = {.vendor = INSPECT_FAULT_INTEL_VTD};
    const struct source_options *source = &options.source;

    explain_parse(argc, argv, &options);
    if (source->memory.path != NULL || source->registers != NULL || source->dmar != NULL || source->sets > 0)
        return run_with_source(&options);
    return run(&(struct explain){.options = &options});
}
