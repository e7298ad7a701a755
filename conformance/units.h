/* SPDX-License-Identifier: MIT */
/* units.h - the matrix of units: presets of the model, changed a bit, one or two of them in a machine. */
#ifndef IOMMUKIT_CONFORMANCE_UNITS_H
#define IOMMUKIT_CONFORMANCE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#define UNITS_MAX 2u

#define CAP_RWBF    (UINT64_C(1) << 4)
#define CAP_PLMR    (UINT64_C(1) << 5)
#define CAP_CM      (UINT64_C(1) << 7)
#define CAP_PSI     (UINT64_C(1) << 39)
#define CAP_ND      UINT64_C(7)
#define CAP_SSLPS   (UINT64_C(15) << 34)
#define ECAP_C      UINT64_C(1)
#define ECAP_QI     (UINT64_C(1) << 1)
#define ECAP_DT     (UINT64_C(1) << 2)
#define ECAP_IR     (UINT64_C(1) << 3)
#define ECAP_SC     (UINT64_C(1) << 7)
#define ECAP_PSS    (UINT64_C(31) << 35)
#define ECAP_PASID  (UINT64_C(1) << 40)
#define ECAP_SMTS   (UINT64_C(1) << 43)
#define ECAP_SSADS  (UINT64_C(1) << 45)
#define ECAP_EAFS   (UINT64_C(1) << 34)
#define ECAP_SSTS   (UINT64_C(1) << 46)
#define ECAP_SMPWCS (UINT64_C(1) << 48)
#define ECAP_NWFS   (UINT64_C(1) << 33)

struct unit_changes {
    const char *preset; /* NULL: no such unit */
    uint64_t cap_clear, cap_set, ecap_clear, ecap_set;
};

struct unit_row {
    const char *name, *about;
    struct unit_changes unit[UNITS_MAX];
    bool firmware_ir; /* firmware left interrupt remapping on */
};

const struct unit_row *unit_at(unsigned index); /* NULL after the last */
/* CAP and ECAP of one of its units; false: no such unit. */
bool unit_capabilities(const struct unit_row *row, unsigned unit, uint64_t *cap, uint64_t *ecap);

#endif
