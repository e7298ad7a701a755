/* SPDX-License-Identifier: MIT */
/* tests/inspect/test_iomem.c - /proc/iomem, System.map, and where a core says the kernel was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/iomem.h"

static char path[256];

static void save(const void *data, size_t bytes)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/iommukit-iomem-XXXXXX", folder != NULL ? folder : P_tmpdir);
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, data, bytes), (ssize_t)bytes);
    close(file);
}

static int load(const char *text, struct inspect_iomem *iomem, struct inspect_why *why)
{
    save(text, strlen(text));
    int result = inspect_iomem_load(path, iomem, why);
    unlink(path);
    return result;
}

static void test_iomem(void **state)
{
    struct inspect_iomem iomem;
    struct inspect_why why;
    assert_int_equal(load("00000000-00000fff : Reserved\n"
                          "100000000-47fffffff : System RAM\n"
                          "  101000000-101e02566 : Kernel code\n"
                          "  102000000-1029fffff : Kernel rodata\n"
                          "00001000-0009fbff : System RAM\n"
                          "0009fc00-0009ffff : Reserved\n"
                          "000a0000-000bffff : System RAM Buffer\n"
                          "00100000-7ffd9fff : System RAM\n"
                          "7ffda000-7fffffff : System RAM",
                          &iomem, &why),
                     0);
    assert_int_equal(iomem.count, 3); /* in order, joined */
    assert_int_equal(iomem.ram[0].base, 0x1000);
    assert_int_equal(iomem.ram[1].base, 0x100000);
    assert_int_equal(iomem.ram[1].last, 0x7fffffff);
    assert_int_equal(iomem.ram[2].last, 0x47fffffff);
    assert_true(iomem.has_kernel);
    assert_int_equal(iomem.kernel.base, 0x101000000);
    assert_int_equal(iomem.kernel.last, 0x101e02566);
    inspect_iomem_free(&iomem);
}

static void test_iomem_refused(void **state)
{
    struct inspect_iomem iomem;
    struct inspect_why why;
    assert_true(load("00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n", &iomem, &why) < 0);
    assert_non_null(strstr(why.text, "as root"));
    assert_true(load("hello\n\n-\n1-0 : System RAM\n", &iomem, &why) < 0);
    assert_non_null(strstr(why.text, "System RAM"));
    assert_true(inspect_iomem_load("no/such/file", &iomem, &why) < 0);
}

static void test_symbols(void **state)
{
    static const char map[] = "0000000000000000 A VDSO32_PRELINK\n"
                              "ffffffff81000000 T _stext\n"
                              "ffffffff81000000 T _text\n"
                              "ffffffff81e02567 T _etext\n";
    static const char hidden[] = "0000000000000000 T _text\n0000000000000000 T _etext\n";
    struct inspect_symbols symbols;
    struct inspect_why why;
    save(map, sizeof map - 1);
    assert_int_equal(inspect_symbols_load(path, &symbols, &why), 0);
    unlink(path);
    assert_int_equal(symbols.text, 0xffffffff81000000);
    assert_int_equal(symbols.etext, 0xffffffff81e02567);
    save(hidden, sizeof hidden - 1);
    assert_true(inspect_symbols_load(path, &symbols, &why) < 0);
    unlink(path);
}

/* A core that consists of one note. */
static void save_core(const char *text)
{
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segment;
        Elf64_Nhdr note;
        char name[12];
        char text[256];
    } core = {
        .header = {.e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_phoff = sizeof(Elf64_Ehdr),
                   .e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1},
        .segment = {.p_type = PT_NOTE, .p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr)},
        .note = {.n_namesz = 11, .n_descsz = (Elf64_Word)strlen(text)},
        .name = "VMCOREINFO",
    };
    static const unsigned char identity[] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
    memcpy(core.header.e_ident, identity, sizeof identity);
    memcpy(core.text, text, strlen(text));
    core.segment.p_filesz = sizeof core - core.segment.p_offset;
    save(&core, sizeof core);
}

static void test_locate(void **state)
{
    const struct inspect_symbols symbols = {0xffffffff81000000, 0xffffffff81e02567};
    struct inspect_extent kernel;
    struct inspect_why why;
    save_core("OSRELEASE=6.1.0\nNUMBER(phys_base)=-16777216\nSYMBOL(x)=0\nKERNELOFFSET=1c000000\n");
    assert_int_equal(inspect_symbols_locate(path, &symbols, &kernel, &why), 0);
    unlink(path);
    assert_int_equal(kernel.base, 0x1000000 + 0x1c000000 - 0x1000000);
    assert_int_equal(kernel.last, 0x1e02566 + 0x1c000000 - 0x1000000);
    save_core("OSRELEASE=6.1.0\nXNUMBER(phys_base)=0\n");
    assert_true(inspect_symbols_locate(path, &symbols, &kernel, &why) < 0);
    unlink(path);
    save("nothing", 7);
    assert_true(inspect_symbols_locate(path, &symbols, &kernel, &why) < 0);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iomem),
        cmocka_unit_test(test_iomem_refused),
        cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_locate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
