/* SPDX-License-Identifier: MIT */
/*
 * Two readers of the same tables that share no code: the enumerator lists what is mapped, the model translates one
 * address. On random tables, with random bits flipped in them, each range must translate as told and nothing else may.
 * On dumps of real machines, also what QEMU still held when it was stopped must be found, by the command too.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "inspect/walk.h"
#include "tests/common/seed.h"
#include "tests/dumps/dump.h"
#include "tests/inspect/tables_made.h"

#define PASID  3u
#define ROUNDS 600u
#define LEAVES 12u

static struct seed seed;
static struct made made;

/* ---- random tables ------------------------------------------------------------------------------------------------ */

static uint64_t random_page(unsigned bits)
{
    return seed_next(&seed) & ((UINT64_C(1) << bits) - 1) & ~UINT64_C(0xfff);
}

/* Addresses that share upper tables now and then. */
static uint64_t random_iova(unsigned levels)
{
    static const uint64_t bases[] = {0, 0x40000000, 0x7fffe00000, 0x123400000000};
    uint64_t iova = bases[seed_below(&seed, 4)] + random_page(12 + 1 + (unsigned)seed_below(&seed, 20));
    return iova & ((UINT64_C(1) << (12 + 9 * levels - 1)) - 1);
}

static unsigned random_level(void)
{
    uint64_t draw = seed_below(&seed, 10);
    return draw == 0 ? 3 : draw < 3 ? 2 : 1;
}

static void random_second(uint64_t top, unsigned levels)
{
    unsigned level = random_level();
    uint64_t iova = random_iova(levels), *slot = made_slot(&made, top, levels, level, iova, MADE_RW_SECOND);
    uint64_t pa = random_page(44) & ~((UINT64_C(1) << VTD_LEVEL_SHIFT(level)) - 1);
    if (*slot == 0)
        *slot = pa | (1 + seed_below(&seed, 3)) | (level > 1 ? VTD_SS_PS : 0);
}

static void random_first(uint64_t top, unsigned levels, unsigned output_bits)
{
    unsigned level = random_level();
    uint64_t iova = random_iova(levels), upper = MADE_RW_FIRST & ~VTD_FS_D;
    uint64_t *slot = made_slot(&made, top, levels, level, iova, upper);
    uint64_t pa = random_page(output_bits) & ~((UINT64_C(1) << VTD_LEVEL_SHIFT(level)) - 1);
    uint64_t drop = seed_below(&seed, 4) == 0 ? VTD_FS_RW : seed_below(&seed, 6) == 0 ? VTD_FS_US : 0;
    if (*slot == 0)
        *slot = pa | (MADE_RW_FIRST & ~drop) | (level > 1 ? VTD_FS_PS : 0);
}

/* Under nesting, guest addresses below 1 GiB are the host's, so that the first stage's tables are where they say. */
static void nested_world(void)
{
    uint64_t first = made_page(&made), second = made_page(&made);
    for (unsigned i = 0; i < LEAVES; i++)
        random_first(first, 4, 38);
    *made_slot(&made, second, 4, 3, 0, MADE_RW_SECOND) = VTD_SS_PS | MADE_RW_SECOND;
    for (unsigned i = 0; i < LEAVES * 3; i++)
        random_second(second, 4);
    for (unsigned i = 0; i < 512; i++) { /* guest leaves hit something */
        uint64_t at = (uint64_t)i << 30;
        uint64_t *slot = made_slot(&made, second, 4, 3, at, MADE_RW_SECOND);
        if (*slot == 0 && seed_below(&seed, 2))
            *slot = random_page(44) >> 30 << 30 | VTD_SS_PS | (1 + seed_below(&seed, 3));
    }
    made_pasid_first(&made, MADE_RID, PASID, first, 4);
    made_pasid(&made, MADE_RID, PASID)[0] =
        second | SPEC_PUT(VTD_PE0_AW, UINT64_C(2)) | SPEC_PUT(VTD_PE0_PGTT, UINT64_C(3)) | VTD_PE0_P;
}

static void first_world(void)
{
    unsigned levels = 4 + (unsigned)seed_below(&seed, 2);
    uint64_t top = made_page(&made);
    for (unsigned i = 0; i < LEAVES; i++)
        random_first(top, levels, 44);
    made_pasid_first(&made, MADE_RID, PASID, top, 4);
    uint64_t *words = made_pasid(&made, MADE_RID, PASID);
    words[1] |= VTD_PE1_PWSNP;
    words[2] |= SPEC_PUT(VTD_PE2_FSPM, (uint64_t)levels - 4) | (seed_below(&seed, 2) ? VTD_PE2_SRE : 0) |
                (seed_below(&seed, 2) ? VTD_PE2_WPE : 0);
}

static void second_world(bool legacy)
{
    unsigned levels = 3 + (unsigned)seed_below(&seed, 3);
    uint64_t top = made_page(&made), aw = levels - 2;
    for (unsigned i = 0; i < LEAVES; i++)
        random_second(top, levels);
    if (legacy) {
        made_legacy_context(&made, MADE_RID, top | VTD_LCE0_P,
                            SPEC_PUT(VTD_LCE1_AW, aw) | SPEC_PUT(VTD_LCE1_DID, UINT64_C(4)));
        return;
    }
    made_pasid_second(&made, MADE_RID, PASID, top, 4);
    made_pasid(&made, MADE_RID, PASID)[0] &= ~VTD_PE0_AW;
    made_pasid(&made, MADE_RID, PASID)[0] |= SPEC_PUT(VTD_PE0_AW, aw);
}

/* Bits of some entry that is there; not accessed and dirty, which the enumerator does not look at. */
static void spoil(void)
{
    for (unsigned tries = 0; tries < 100; tries++) {
        uint64_t *word = &made.page[seed_below(&seed, made.pages)][seed_below(&seed, 512)];
        unsigned bit = (unsigned)seed_below(&seed, 64);
        if ((*word == 0 && seed_below(&seed, 50)) || bit == 5 || bit == 6)
            continue;
        *word ^= UINT64_C(1) << bit;
        return;
    }
}

static void random_capabilities(void)
{
    uint64_t *cap = &made.unit[0].value[INSPECT_CAP], *ecap = &made.unit[0].value[INSPECT_ECAP];
    if (seed_below(&seed, 4) == 0)
        *cap &= ~SPEC_PUT(VTD_CAP_SSLPS, UINT64_C(2));
    if (seed_below(&seed, 4) == 0)
        *cap &= ~VTD_CAP_FS1GP;
    if (seed_below(&seed, 4) == 0)
        *ecap &= ~VTD_ECAP_SC;
    if (seed_below(&seed, 4) == 0)
        *cap = (*cap & ~VTD_CAP_MGAW) | SPEC_PUT(VTD_CAP_MGAW, UINT64_C(38));
}

static void random_world(void)
{
    unsigned kind = (unsigned)seed_below(&seed, 4);
    made_open(&made, kind == 0 ? MADE_LEGACY_MODE : MADE_SCALABLE_MODE);
    if (kind < 2)
        second_world(kind == 0);
    else if (kind == 2)
        first_world();
    else
        nested_world();
    random_capabilities();
    for (uint64_t left = seed_below(&seed, 6); left > 0; left--)
        spoil();
}

/* ---- comparing ---------------------------------------------------------------------------------------------------- */

struct counts {
    unsigned mapped, refused, gaps, absent;
};

static bool in_window(uint64_t address)
{
    return address >= VTD_INTERRUPT_FIRST && address <= VTD_INTERRUPT_LAST;
}

static struct inspect_walk_result ask(struct inspect_walk *walk, const struct inspect_route *route, uint64_t iova,
                                      bool write, bool privileged)
{
    const struct inspect_walk_request request = {
        .device = {0, route->rid}, .has_pasid = route->has_pasid, .pasid = route->pasid, .iova = iova, .write = write,
        .privileged = privileged && route->has_pasid,
    };
    struct inspect_walk_result result;
    struct inspect_why why;
    assert_int_equal(inspect_walk_look(walk, &request, &result, &why), 0);
    return result;
}

static void check_at(struct inspect_walk *walk, const struct inspect_route *route, const struct inspect_range *range,
                     uint64_t offset, struct counts *counts)
{
    bool allowed[2], privileged = route->supervisor && !range->user;
    uint64_t iova = range->iova + offset, pa = range->pa + offset;
    if ((!route->has_pasid && in_window(iova)) || in_window(pa))
        return;
    inspect_route_rights(route, range, &allowed[0], &allowed[1]);
    for (unsigned write = 0; write < 2; write++) {
        struct inspect_walk_result result = ask(walk, route, iova, write, privileged);
        bool mapped = result.outcome == INSPECT_WALK_MAPPED;
        if (mapped != allowed[write] || (mapped && result.pa != pa))
            fail_msg("%s at %#" PRIx64 ": told %s %#" PRIx64 ", walked %d %#" PRIx64 " %s", write ? "write" : "read",
                     iova, allowed[write] ? "mapped" : "refused", pa, result.outcome, result.pa, result.fault_name);
        if (mapped && (result.bytes < UINT64_C(1) << range->smallest_lg2 ||
                       result.bytes > UINT64_C(1) << range->largest_lg2))
            fail_msg("%#" PRIx64 ": page of %" PRIu64 " bytes", iova, result.bytes);
        counts->mapped += mapped;
        counts->refused += !mapped;
    }
}

static const struct inspect_range *covering(const struct told *told, unsigned domain, uint64_t iova)
{
    for (unsigned i = 0; i < told->ranges; i++)
        if (told->range[i].domain == domain && iova >= told->range[i].iova &&
            iova - told->range[i].iova < told->range[i].bytes)
            return &told->range[i];
    return NULL;
}

static void check_gap(struct inspect_walk *walk, const struct told *told, const struct inspect_route *route,
                      uint64_t iova, struct counts *counts)
{
    if (in_window(iova) || covering(told, route->domain, iova) != NULL)
        return;
    struct inspect_walk_result result = ask(walk, route, iova, false, false);
    struct inspect_walk_result written = ask(walk, route, iova, true, false);
    if (result.outcome == INSPECT_WALK_MAPPED || written.outcome == INSPECT_WALK_MAPPED)
        fail_msg("%#" PRIx64 " is not told, but mapped to %#" PRIx64, iova, result.pa);
    counts->gaps++;
    counts->absent += result.outcome == INSPECT_WALK_ABSENT;
    if (result.outcome == INSPECT_WALK_ABSENT)
        assert_non_null(told_trouble(told, INSPECT_TROUBLE_ABSENT));
}

static void compare(struct inspect_walk *walk, const struct told *told, const struct inspect_route *route,
                    struct counts *counts)
{
    for (unsigned i = 0; i < told->ranges; i++) {
        const struct inspect_range *range = &told->range[i];
        if (range->domain != route->domain)
            continue;
        check_at(walk, route, range, 0, counts);
        check_at(walk, route, range, range->bytes - 1, counts);
        check_at(walk, route, range, seed_next(&seed) % range->bytes, counts);
        check_gap(walk, told, route, range->iova - 1, counts);
        check_gap(walk, told, route, range->iova + range->bytes, counts);
    }
    for (unsigned i = 0; i < 40; i++)
        check_gap(walk, told, route, random_iova(5), counts);
}

/* Tables that are told once although hardware goes round in them do not tell everything. */
static bool tells_all(const struct told *told)
{
    return told_trouble(told, INSPECT_TROUBLE_LOOP) == NULL && told_trouble(told, INSPECT_TROUBLE_LIMIT) == NULL;
}

static void test_walk_agrees_with_the_enumerator(void **state)
{
    struct counts counts = {0};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct inspect_walk *walk;
        struct inspect_why why;
        random_world();
        const struct told *told = made_walk(&made, NULL);
        assert_int_equal(told->result, 0);
        assert_int_equal(inspect_walk_open(&made.machine, &walk, &why), 0);
        for (unsigned i = 0; i < told->routes && tells_all(told); i++)
            compare(walk, told, &told->route[i], &counts);
        inspect_walk_close(walk);
        made_close(&made);
    }
    printf("# %u accesses through, %u refused, %u in between (%u not in the dump)\n", counts.mapped, counts.refused,
           counts.gaps, counts.absent);
    assert_true(counts.mapped > 1000 && counts.refused > 100 && counts.gaps > 1000);
}

/* ---- dumps -------------------------------------------------------------------------------------------------------- */

static struct inspect_machine machine;
static struct inspect_registers registers;
static char memory_path[1100], registers_path[1100];

static void open_machine(const char *folder)
{
    struct inspect_memory_options options = {.path = memory_path};
    struct inspect_why why = {.text = ""};
    snprintf(memory_path, sizeof memory_path, "%s/tables.elf.zst", folder);
    snprintf(registers_path, sizeof registers_path, "%s/regs.json", folder);
    machine = (struct inspect_machine){.registers = &registers};
    if (inspect_memory_open(&options, &machine.memory, &why) != 0 ||
        inspect_registers_load(registers_path, &registers, &why) != 0)
        fail_msg("%s", why.text);
}

static void close_machine(void)
{
    inspect_memory_close(machine.memory);
    inspect_registers_free(&registers);
}

static bool allows(const struct requester *requester, uint64_t entry, bool write)
{
    if (requester->first_stage)
        return (entry & VTD_FS_P) && (!write || (entry & VTD_FS_RW));
    return entry & (write ? VTD_SS_W : VTD_SS_R);
}

static void check_page(struct inspect_walk *walk, const struct requester *requester, uint64_t iova, uint64_t pa,
                       uint64_t entry)
{
    const struct inspect_route route = {.rid = requester->rid};
    for (unsigned write = 0; write < 2; write++) {
        struct inspect_walk_result result = ask(walk, &route, iova, write, false);
        assert_int_equal(result.outcome == INSPECT_WALK_MAPPED, allows(requester, entry, write));
        if (result.outcome == INSPECT_WALK_MAPPED)
            assert_int_equal(result.pa, pa);
    }
}

static const struct requester *requester_of(const struct dump *dump, uint16_t rid)
{
    for (size_t i = 0; i < dump->requesters; i++)
        if (dump->requester[i].rid == rid)
            return &dump->requester[i];
    fail_msg("requester %#x is in the trace only", rid);
    return NULL;
}

/* What QEMU still held, unless it was unmapped before a lazy flush. */
static bool is_live(const struct dump *dump, const struct live *live)
{
    return !dump->lazy || dump_find(requester_of(dump, live->rid), live->iova) != NULL;
}

static unsigned check_library(const struct dump *dump)
{
    struct inspect_walk *walk;
    struct inspect_why why;
    unsigned lives = 0;
    assert_int_equal(inspect_walk_open(&machine, &walk, &why), 0);
    for (size_t i = 0; i < dump->requesters; i++)
        for (size_t k = 0; k < dump->requester[i].mappings; k++) {
            const struct mapping *mapping = &dump->requester[i].mapping[k];
            check_page(walk, &dump->requester[i], mapping->iova, mapping->pa, mapping->entry);
        }
    for (size_t i = 0; i < dump->lives; i++) {
        const struct live *live = &dump->live[i];
        if (!is_live(dump, live))
            continue;
        check_page(walk, requester_of(dump, live->rid), live->iova, live->entry & VTD_SS_ADDR, live->entry);
        lives++;
    }
    inspect_walk_close(walk);
    return lives;
}

static char *temporary(char *name, size_t bytes)
{
    const char *folder = getenv("TMPDIR");
    snprintf(name, bytes, "%s/iommukit-walk-XXXXXX", folder ? folder : "/tmp");
    return name;
}

/* The command, asked for all live addresses of one requester at once. */
static void check_command(const struct dump *dump, const struct requester *requester)
{
    char path[256], command[4096], *line = NULL;
    size_t room = 0;
    int file = mkstemp(temporary(path, sizeof path));
    FILE *asked = fdopen(file, "w");
    assert_non_null(asked);
    for (size_t i = 0; i < dump->lives; i++)
        if (dump->live[i].rid == requester->rid && is_live(dump, &dump->live[i]))
            fprintf(asked, "0x%" PRIx64 "\n", dump->live[i].iova);
    fclose(asked);
    snprintf(command, sizeof command, "%s walk --memory %s --regs %s --device %02x:%02x.%x --iova - --json < %s",
             TEST_COMMAND, memory_path, registers_path, requester->rid >> 8, requester->rid >> 3 & 31,
             requester->rid & 7, path);
    FILE *answers = popen(command, "r"); /* NOLINT(cert-env33-c): the command under test, with our own arguments */
    for (size_t i = 0; i < dump->lives; i++) {
        const struct live *live = &dump->live[i];
        if (live->rid != requester->rid || !is_live(dump, live))
            continue;
        assert_true(getline(&line, &room, answers) > 0);
        json_t *answer = json_loads(line, 0, NULL);
        assert_string_equal(json_string_value(json_object_get(answer, "result")), "mapped");
        assert_int_equal(strtoull(json_string_value(json_object_get(answer, "pa")), NULL, 0), live->entry & VTD_SS_ADDR);
        assert_int_equal(json_is_true(json_object_get(answer, "read")), allows(requester, live->entry, false));
        assert_int_equal(json_is_true(json_object_get(answer, "write")), allows(requester, live->entry, true));
        json_decref(answer);
    }
    assert_true(getline(&line, &room, answers) < 0);
    assert_int_equal(pclose(answers), 0);
    free(line);
    unlink(path);
}

static void check_dump(const char *folder, unsigned lives)
{
    struct dump dump;
    const char *wrong = dump_load(&dump, folder);
    if (wrong)
        fail_msg("%s: %s", folder, wrong);
    open_machine(folder);
    assert_true(check_library(&dump) >= lives);
    for (size_t i = 0; i < dump.requesters; i++)
        check_command(&dump, &dump.requester[i]);
    close_machine();
    dump_free(&dump);
}

static void test_walk_agrees_with_qemus_trace(void **state)
{
    static const char *const names[] = {"sm-72", "legacy-72", "fl-10"};
    const char *shared = getenv("IOMMUKIT_SHARED");
    char folder[1024];
    for (unsigned i = 0; i < 3; i++) {
        snprintf(folder, sizeof folder, "%s/dumps/%s", shared ? shared : "", names[i]);
        if (!shared || access(folder, R_OK))
            skip();
        check_dump(folder, 10);
    }
}

static void test_walk_agrees_with_made_dumps(void **state)
{
    static const char *const files[] = {"tables.elf.zst", "regs.json", "maps.json", "trace.log.zst"};
    for (unsigned kind = 0; kind < 3; kind++) {
        char folder[256], path[300];
        assert_non_null(mkdtemp(temporary(folder, sizeof folder)));
        assert_true(made_write(folder, (enum made_kind)kind));
        check_dump(folder, 1);
        for (unsigned i = 0; i < 4; i++) {
            snprintf(path, sizeof path, "%s/%s", folder, files[i]);
            unlink(path);
        }
        rmdir(folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk_agrees_with_the_enumerator),
        cmocka_unit_test(test_walk_agrees_with_qemus_trace),
        cmocka_unit_test(test_walk_agrees_with_made_dumps),
    };
    seed = seed_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
