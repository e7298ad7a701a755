/* SPDX-License-Identifier: MIT */
/* caps_json.c - the machine as JSON; the members are documented in iommukit-caps.1. */
#include "caps.h"
#include "inspect/system_abilities.h"
#include "inspect/system_chain.h"
#include "system_output.h"

#define ADD(object, key, value) json_object_set_new(object, key, value)

static json_t *maybe_hex(bool known, uint64_t value)
{
    return known ? output_hex(value) : json_null();
}

static json_t *maybe_number(bool known, uint64_t value)
{
    return known ? json_integer((json_int_t)value) : json_null();
}

static json_t *abilities_json(const struct inspect_iommu *iommu)
{
    json_t *abilities = json_array();
    for (unsigned i = 0; i < INSPECT_ABILITY_COUNT; i++)
        if (inspect_iommu_can(iommu, (enum inspect_ability)i) == INSPECT_YES)
            json_array_append_new(abilities, json_string(inspect_ability_name((enum inspect_ability)i)));
    return abilities;
}

static json_t *unit_json(const struct inspect_iommu *iommu)
{
    char words[800];
    json_t *object = json_object();
    bool intel = iommu->vendor == INSPECT_VENDOR_INTEL && iommu->has_capabilities;
    inspect_iommu_words(iommu, words, sizeof words);
    ADD(object, "unit", json_string(iommu->name));
    ADD(object, "vendor", json_string(inspect_vendor_name(iommu->vendor)));
    ADD(object, "address", maybe_hex(iommu->has_address, iommu->address));
    ADD(object, "version",
        iommu->has_version ? json_sprintf("%u.%u", iommu->major, iommu->minor) : json_null());
    ADD(object, "cap", maybe_hex(iommu->has_capabilities, iommu->cap));
    ADD(object, "ecap", maybe_hex(iommu->has_capabilities, iommu->ecap));
    ADD(object, "domains_supported", maybe_number(iommu->has_domains, iommu->domains_supported));
    ADD(object, "domains_used", maybe_number(iommu->has_domains, iommu->domains_used));
    ADD(object, "pasid_bits", maybe_number(intel, inspect_iommu_pasid_bits(iommu)));
    ADD(object, "address_bits", maybe_number(intel, inspect_iommu_address_bits(iommu)));
    ADD(object, "abilities", abilities_json(iommu));
    ADD(object, "words", json_string(words));
    return object;
}

static json_t *chain_json(const struct inspect_chain *chain)
{
    json_t *links = json_array();
    for (unsigned i = 0; i < chain->count; i++) {
        const struct inspect_link *link = &chain->link[i];
        json_t *object = json_object();
        ADD(object, "link", json_string(link->name));
        ADD(object, "ok", system_answer(link->ok));
        ADD(object, "detail", json_string(link->detail));
        ADD(object, "change", link->change[0] != '\0' ? json_string(link->change) : json_null());
        json_array_append_new(links, object);
    }
    return links;
}

static json_t *aux_json(const struct inspect_system *system, int function)
{
    struct inspect_chain chain;
    json_t *aux = json_object();
    inspect_chain_walk(system, function, &chain);
    const struct inspect_link *broken = inspect_chain_break(&chain);
    ADD(aux, "capable", system_answer(inspect_chain_holds(&chain)));
    ADD(aux, "fails_at", broken != NULL ? json_string(broken->name) : json_null());
    ADD(aux, "chain", chain_json(&chain));
    return aux;
}

static json_t *capability(const struct inspect_config *config, bool has)
{
    return config->extended == INSPECT_UNKNOWN ? json_null() : json_boolean(has);
}

static json_t *device_json(const struct inspect_system *system, int index)
{
    const struct inspect_function *function = &system->function[index];
    const struct inspect_config *config = &function->config;
    char name[INSPECT_BDF_TEXT];
    json_t *object = json_object();
    ADD(object, "device", json_string(inspect_bdf_print(function->bdf, name)));
    ADD(object, "name", json_string(function->text));
    ADD(object, "kind", json_string(inspect_port_name(config->port)));
    ADD(object, "unit",
        function->iommu != INSPECT_NONE ? json_string(system->iommu[function->iommu].name) : json_null());
    ADD(object, "group", maybe_number(function->group != INSPECT_NONE, (uint64_t)function->group));
    ADD(object, "driver", function->driver[0] != '\0' ? json_string(function->driver) : json_null());
    ADD(object, "pasid_bits", maybe_number(config->extended != INSPECT_UNKNOWN, config->pasid ? config->pasid_bits : 0));
    ADD(object, "pasid_enabled", capability(config, config->pasid_enabled));
    ADD(object, "ats", capability(config, config->ats));
    ADD(object, "ats_enabled", capability(config, config->ats_enabled));
    ADD(object, "pri", capability(config, config->pri));
    ADD(object, "pri_enabled", capability(config, config->pri_enabled));
    ADD(object, "siov", capability(config, config->siov));
    ADD(object, "acs", capability(config, config->acs));
    ADD(object, "aux", aux_json(system, index));
    return object;
}

static void add_unmet(json_t *object, const struct caps_options *options, const struct inspect_system *system,
                      int function)
{
    int closest;
    json_t *unmet = json_array();
    if (!caps_require_all(options, system, function, &closest))
        for (unsigned i = 0; i < options->require_count; i++)
            if (closest == INSPECT_NONE || caps_require_met(system, closest, options->require[i]) != INSPECT_YES)
                json_array_append_new(unmet, json_string(caps_require_name(options->require[i])));
    ADD(object, "unmet", unmet);
}

int caps_print_json(const struct caps_options *options, const struct inspect_system *system, int function)
{
    json_t *object = json_object(), *units = json_array(), *devices = json_array();
    for (unsigned i = 0; i < system->iommu_count; i++)
        json_array_append_new(units, unit_json(&system->iommu[i]));
    for (unsigned i = 0; i < system->function_count; i++)
        if (function == INSPECT_NONE || function == (int)i)
            json_array_append_new(devices, device_json(system, (int)i));
    ADD(object, "units", units);
    ADD(object, "devices", devices);
    ADD(object, "absence", system_absence_json(system));
    if (options->require_count > 0)
        add_unmet(object, options, system, function);
    ADD(object, "notes", system_notes_json(system));
    return output_json(object);
}
