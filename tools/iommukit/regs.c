/* SPDX-License-Identifier: MIT */
/* regs.c - see regs.h. */
#include "regs.h"

#include "output.h"

static int show(const struct regs_options *options)
{
    struct source source;
    int result = source_open("regs", &options->source, &source);
    if (result != EXIT_FINE)
        return result;
    if (source.registers.count == 0)
        result = output_error("regs", "nothing to decode: give a FILE, registers such as --cap X, or --memory and --dmar");
    else
        result = options->json ? regs_json(&source.registers) : regs_table(&source.registers);
    source_close(&source);
    return result;
}

int regs_main(int argc, char **argv)
{
    struct regs_options options = {.json = false};
    regs_parse(argc, argv, &options);
    int result = show(&options);
    regs_options_free(&options);
    return result;
}
