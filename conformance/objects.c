/* SPDX-License-Identifier: MIT */
/* objects.c - the driver's objects, linked, so that those of a run that was left in the middle can be freed. */
#include <stdlib.h>

#include "conformance/bench.h"

struct bench_object {
    struct bench_object *next, **link; /* link: what points here */
    size_t bytes;
    _Alignas(max_align_t) unsigned char data[];
};

void *bench_object_alloc(struct bench *bench, size_t bytes)
{
    struct bench_object *object = calloc(1, sizeof *object + bytes);
    if (object == NULL)
        return NULL;
    object->bytes = bytes;
    object->next = bench->objects;
    object->link = &bench->objects;
    if (object->next != NULL)
        object->next->link = &object->next;
    bench->objects = object;
    return object->data;
}

static struct bench_object *find(const struct bench *bench, const void *data)
{
    struct bench_object *object = bench->objects;
    while (object != NULL && object->data != data)
        object = object->next;
    return object;
}

void bench_object_free(struct bench *bench, void *data, size_t bytes)
{
    struct bench_object *object = find(bench, data);
    if (object == NULL) {
        bench_note(bench, FINDING_FREED_TWICE,
                   "an object was freed that is not allocated (any more)");
        return;
    }
    if (object->bytes != bytes)
        bench_note(bench, FINDING_FREED_TWICE, "an object of %zu bytes was freed as one of %zu",
                   object->bytes, bytes);
    *object->link = object->next;
    if (object->next != NULL)
        object->next->link = object->link;
    free(object);
}

void bench_objects_drop(struct bench *bench)
{
    while (bench->objects != NULL) {
        struct bench_object *object = bench->objects;
        bench->objects = object->next;
        free(object);
    }
}
