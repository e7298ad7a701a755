/* SPDX-License-Identifier: MIT */
/* bench/linux/module.c - the Linux peer as the bench sees it. */
#include "shim.h"

#include <sys/mman.h>

#include "linux.h"

#ifdef __clang__
#define TEXT(number) #number
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)
#define BUILD "clang " VERSION(__clang_major__, __clang_minor__, __clang_patchlevel__) " -O2"
#else
#define BUILD "gcc " __VERSION__ " -O2"
#endif

const struct bench_peer_host *bench_linux_host;
struct page *bench_linux_pages;
__thread unsigned bench_linux_cpu;

static void open_peer(const struct bench_peer_host *host)
{
    size_t bytes = (host->memory_bytes >> PAGE_SHIFT) * sizeof(struct page);
    bench_linux_host = host;
    bench_linux_pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    BUG_ON(bench_linux_pages == MAP_FAILED);
}

static void set_cpu(unsigned cpu)
{
    bench_linux_cpu = cpu % BENCH_CPUS;
}

static struct bench_peer_table tables[4];
__attribute__((visibility("default"))) struct bench_peer iommukit_bench_peer = {
    .version = BENCH_PEER_VERSION,
    .name = "Linux 6.1",
    .build = BUILD,
    .open = open_peer,
    .set_cpu = set_cpu,
    .tables = tables,
    .table_count = ARRAY_SIZE(tables),
    .iova = &bench_linux_iova,
    .driver = &bench_linux_driver,
};

__attribute__((constructor)) static void fill(void)
{
    tables[0] = bench_linux_arm;
    tables[1] = bench_linux_amd_v1;
    tables[2] = bench_linux_amd_v2;
    tables[3] = bench_linux_vtd;
}
