/* SPDX-License-Identifier: MIT */
/* tests/inspect/audit_check.c - see audit_check.h. */
#include "tests/inspect/audit_check.h"

#include <stdlib.h>
#include <string.h>

#include "inspect/iomem.h"

void audit_run(struct world *world, struct audit_run *run)
{
    struct inspect_registers registers;
    struct inspect_iomem iomem = {.count = 0};
    struct inspect_why why = {""};
    struct inspect_audit_input input = run->input;
    world_save(world, run->pages);
    const struct inspect_memory_options options = {.path = world->path.memory};
    if (inspect_memory_open(&options, &input.machine.memory, &why) != 0 ||
        inspect_registers_load(world->path.registers, &registers, &why) != 0 ||
        inspect_iomem_load(world->path.iomem, &iomem, &why) != 0)
        fail_msg("%s", why.text);
    input.machine.registers = &registers;
    if (input.dmar == NULL && !run->no_dmar)
        input.dmar = iommu_model_machine_dmar(world->machine, &input.dmar_bytes);
    if (input.ram == NULL && !run->no_iomem) {
        input.ram = iomem.ram;
        input.ram_count = iomem.count;
    }
    if (inspect_audit(&input, &run->findings, &why) != 0)
        fail_msg("%s", why.text);
    inspect_iomem_free(&iomem);
    inspect_registers_free(&registers);
    inspect_memory_close(input.machine.memory);
}

void audit_run_done(struct audit_run *run)
{
    inspect_findings_free(&run->findings);
}

static bool names(const char *ids, const char *id)
{
    size_t length = strlen(id);
    for (const char *at = ids; (at = strstr(at, id)) != NULL; at += length)
        if ((at == ids || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static void say(const struct inspect_finding *finding)
{
    char device[INSPECT_BDF_TEXT] = "-";
    if (finding->has_device)
        inspect_bdf_print(finding->device, device);
    print_error("found: %s (%s) %s PASID %x: %s\n", finding->kind->id, inspect_severity_name(finding->severity), device,
                finding->has_pasid ? finding->pasid : 0, finding->evidence);
}

void audit_expect(const struct audit_run *run, const char *ids)
{
    char *copy = strdup(ids != NULL ? ids : ""), *rest = copy;
    bool wrong = false;
    for (size_t i = 0; i < run->findings.count; i++)
        wrong |= !names(ids != NULL ? ids : "", run->findings.finding[i].kind->id);
    for (char *id = strtok_r(copy, " ", &rest); id != NULL; id = strtok_r(NULL, " ", &rest)) {
        bool found = false;
        for (size_t i = 0; i < run->findings.count; i++)
            found |= strcmp(run->findings.finding[i].kind->id, id) == 0;
        if (!found)
            print_error("not found: %s\n", id);
        wrong |= !found;
    }
    free(copy);
    for (size_t i = 0; wrong && i < run->findings.count; i++)
        say(&run->findings.finding[i]);
    assert_false(wrong);
}

const struct inspect_finding *audit_first(const struct audit_run *run, const char *id)
{
    for (size_t i = 0; i < run->findings.count; i++)
        if (strcmp(run->findings.finding[i].kind->id, id) == 0)
            return &run->findings.finding[i];
    fail_msg("no finding %s", id);
    return NULL;
}

void audit_check(struct world *world, const char *ids)
{
    struct audit_run run = {.pages = WORLD_ALL};
    audit_run(world, &run);
    audit_expect(&run, ids);
    audit_run_done(&run);
    world_close(world);
}
