/* SPDX-License-Identifier: MIT */
/* system_config.h - configuration space of one PCI function, decoded. */
#ifndef INSPECT_SYSTEM_CONFIG_H
#define INSPECT_SYSTEM_CONFIG_H

#include "inspect/system.h"

#define INSPECT_CONFIG_MAX 4096u

/* `length` bytes could be read; nothing in them is believed. */
void inspect_config_decode(const uint8_t *bytes, unsigned length, struct inspect_config *config);

#endif
