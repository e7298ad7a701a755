/* SPDX-License-Identifier: MIT */
/* bench/peers.c - the peers' shared objects, and the host that they get. */
#include <dirent.h>
#include <dlfcn.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/peers.h"
#include "bench/rig.h"

static struct bench_peer_host hosts[BENCH_PEERS_MAX];
static struct iommu_posix *peer_posix;

/* As scalable hardware presents itself; each peer has a unit, which takes its queue's addresses as CPU addresses. */
static int open_host(struct bench_peer_host *host)
{
    struct iommu_model_unit_config unit = {0};
    const struct iommu_platform *platform;
    if (!iommu_model_unit_preset("scalable", &unit))
        return -1;
    if (peer_posix == NULL && iommu_posix_create(NULL, &peer_posix) < 0)
        return -1;
    platform = iommu_posix_platform(peer_posix);
    *host = (struct bench_peer_host){
        .ctx = platform->ctx, .page_alloc = platform->page_alloc, .page_free = platform->page_free,
        .memory = iommu_posix_memory(peer_posix, 0, 0), .memory_bytes = (size_t)8 << 30,
        .unit = bench_unit_create(NULL, (uint32_t)unit.major << 4 | unit.minor, unit.cap, unit.ecap),
        .read32 = bench_unit_read32, .read64 = bench_unit_read64,
        .write32 = bench_unit_write32, .write64 = bench_unit_write64, .cap = unit.cap, .ecap = unit.ecap};
    return host->unit == NULL ? -1 : 0;
}

static void load(struct bench *bench, const char *path)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct bench_peer *peer = object == NULL ? NULL : dlsym(object, "iommukit_bench_peer");
    if (peer == NULL || peer->version != BENCH_PEER_VERSION) {
        fprintf(stderr, "iommukit bench: %s is not loaded: %s\n", path, peer == NULL ? dlerror() : "it is of another version");
        return;
    }
    if (open_host(&hosts[bench->peer_count]) != 0)
        return;
    peer->open(&hosts[bench->peer_count]);
    bench->peers[bench->peer_count++] = peer;
}

static int is_object(const struct dirent *entry)
{
    return fnmatch("bench-*.so", entry->d_name, 0) == 0;
}

void bench_peers_load(struct bench *bench, const char *directory)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, is_object, alphasort);
    for (int i = 0; i < count; i++) {
        char path[4096];
        int length = snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        if (length > 0 && (size_t)length < sizeof path && bench->peer_count < BENCH_PEERS_MAX)
            load(bench, path);
        free(entries[i]);
    }
    free(entries);
}

void bench_peers_set_cpu(const struct bench *bench, unsigned cpu)
{
    for (unsigned i = 0; i < bench->peer_count; i++)
        if (bench->peers[i]->set_cpu != NULL)
            bench->peers[i]->set_cpu(cpu);
}
