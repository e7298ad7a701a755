/* SPDX-License-Identifier: MIT */
/* system_links.h - the parts of inspect_chain_walk: what adds links to a chain. */
#ifndef INSPECT_SYSTEM_LINKS_H
#define INSPECT_SYSTEM_LINKS_H

#include "inspect/system_chain.h"

/* Returns the new link, whose `change` is then set where it fails. */
struct inspect_link *inspect_link_add(struct inspect_chain *chain, const char *name, enum inspect_answer ok,
                                      const char *format, ...) __attribute__((format(printf, 4, 5)));
void inspect_link_change(struct inspect_link *link, const char *format, ...) __attribute__((format(printf, 2, 3)));

void inspect_links_host(const struct inspect_system *system, int function, struct inspect_chain *chain);
void inspect_links_unit(const struct inspect_system *system, int function, struct inspect_chain *chain);
void inspect_links_path(const struct inspect_system *system, int function, struct inspect_chain *chain);
/* What the device can do, and what it is used for: driver, group, state. */
void inspect_links_device(const struct inspect_system *system, int function, struct inspect_chain *chain);
void inspect_links_use(const struct inspect_system *system, int function, struct inspect_chain *chain);

#endif
