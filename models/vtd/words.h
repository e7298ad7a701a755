/* SPDX-License-Identifier: MIT */
/*
 * models/vtd/words.h - what the caches of iotlb.c and paging.c hold of a translation and of a pointer to a table: one
 * word each, 0 for nothing.
 */
#ifndef IOMMUKIT_MODELS_VTD_WORDS_H
#define IOMMUKIT_MODELS_VTD_WORDS_H

#include "spec/bits.h"

/* A translation: the page's address with these. */
#define VTDM_LEAF_THERE       SPEC_BIT64(0)
#define VTDM_LEAF_READ        SPEC_BIT64(1)
#define VTDM_LEAF_WRITE       SPEC_BIT64(2)
#define VTDM_LEAF_FIRST_WRITE SPEC_BIT64(3)
#define VTDM_LEAF_USER        SPEC_BIT64(4)
#define VTDM_LEAF_DIRTY       SPEC_BIT64(5)
#define VTDM_LEAF_EXTENDED    SPEC_BIT64(6)
#define VTDM_LEAF_ABSENT      SPEC_BIT64(7)
#define VTDM_LEAF_PASS        SPEC_BIT64(8) /* of pass-through */
#define VTDM_LEAF_ADDRESS     SPEC_MASK64(51, 12)
#define VTDM_LEAF_FAULT       SPEC_MASK64(59, 52)

/* A pointer: the table's address with these. A nested one has a second word, of a kind of its own. */
#define VTDM_TABLE_THERE    SPEC_BIT64(0)
#define VTDM_TABLE_READ     SPEC_BIT64(1)
#define VTDM_TABLE_WRITE    SPEC_BIT64(2)
#define VTDM_TABLE_USER     SPEC_BIT64(3)
#define VTDM_TABLE_ABSENT   SPEC_BIT64(4)
#define VTDM_TABLE_NESTED   SPEC_BIT64(5)
#define VTDM_TABLE_EXTENDED SPEC_BIT64(6)
#define VTDM_TABLE_MET      SPEC_BIT64(7) /* of a leaf table: one leaf was read since it is remembered; see short.c */
#define VTDM_TABLE_ADDRESS  SPEC_MASK64(51, 12)

#endif
