/* SPDX-License-Identifier: MIT */
/*
 * view.h - the platform that the rig hands to the driver: probes, and the device's view of table
 * pages.
 */
#ifndef IOMMUKIT_TEST_VIEW_H
#define IOMMUKIT_TEST_VIEW_H

#include "tests/stack/rig.h"

void rig_view_wrap(struct rig *rig);
void rig_view_unwrap(struct rig *rig);
/* Over all table pages and their contents, whatever their order (track_flushes). */
uint64_t rig_view_hash(struct rig *rig);

#endif
