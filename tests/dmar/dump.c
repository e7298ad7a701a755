/* SPDX-License-Identifier: MIT */
/*
 * dump FILE...      print what the parser saw in each table, a line for each record and scope
 * dump --own DIR    write the tables of machines.c into DIR, one NAME.bin each
 *
 * compare_iasl.py reads the lines. Names come last in theirs and are hexadecimal.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommukit/dmar.h"
#include "tests/dmar/build.h"

static void print_warning(void *ctx, enum iommu_dmar_warning warning, size_t offset)
{
    (void)ctx;
    printf("warning offset=%zu number=%d %s\n", offset, (int)warning,
           iommu_dmar_warning_text(warning));
}

static void print_scope(const struct iommu_dmar_scope *s)
{
    printf("scope offset=%zu length=%zu type=%d flags=%u id=%u bus=%u path=", s->offset, s->length,
           (int)s->type, s->flags, s->enumeration_id, s->start_bus);
    for (size_t i = 0; i < s->path_length; i++)
        printf("%s%u.%u", i ? "," : "", s->path[2 * i], s->path[2 * i + 1]);
    printf("\n");
}

static void print_record(const struct iommu_dmar_record *r)
{
    printf("record offset=%zu length=%zu type=%d flags=%u size_lg2=%u segment=%u base=%" PRIu64
           " limit=%" PRIu64 " proximity=%" PRIu32 " device=%u scopes=%zu name=",
           r->offset, r->length, (int)r->type, r->flags, r->size_lg2, r->segment, r->base, r->limit,
           r->proximity, r->device_number, r->scopes);
    for (const char *p = r->name; p && *p; p++)
        printf("%02x", (unsigned)(uint8_t)*p);
    printf("\n");
}

static void print_table(const void *bytes, size_t size)
{
    struct iommu_dmar dmar;
    struct iommu_dmar_record r = {0};
    int result = iommu_dmar_open(bytes, size, &dmar, print_warning, NULL);

    if (result != 0) {
        printf("refused result=%d\n", result);
        return;
    }
    printf("table length=%zu bits=%u flags=%u\n", dmar.length, dmar.address_bits, dmar.flags);
    while (iommu_dmar_next(&dmar, &r)) {
        struct iommu_dmar_scope s = {0};

        print_record(&r);
        while (iommu_dmar_next_scope(&dmar, &r, &s))
            print_scope(&s);
    }
}

static int dump(const char *name)
{
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(name, "rb");
    size_t size;

    if (!file) {
        perror(name);
        return 1;
    }
    size = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    printf("file %s\n", name);
    print_table(bytes, size);
    return 0;
}

static int write_own(const char *directory, const struct dmar_machine *machine)
{
    struct dmar_build b;
    char name[4096];
    FILE *file;
    int bad;

    (void)snprintf(name, sizeof(name), "%s/%s.bin", directory, machine->name);
    file = fopen(name, "wb");
    if (!file) {
        perror(name);
        return 1;
    }
    machine->build(&b);
    dmar_end(&b);
    bad = fwrite(b.bytes, 1, b.length, file) != b.length;
    bad |= fclose(file) != 0;
    dmar_free(&b);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = 0;

    if (argc == 3 && strcmp(argv[1], "--own") == 0) {
        for (size_t i = 0; i < dmar_machine_count; i++)
            bad |= write_own(argv[2], &dmar_machines[i]);
        return bad;
    }
    for (int i = 1; i < argc; i++)
        bad |= dump(argv[i]);
    return bad;
}
