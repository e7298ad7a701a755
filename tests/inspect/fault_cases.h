/* SPDX-License-Identifier: MIT */
/* fault_cases.h - log lines of our own making in the formats of kernels and hypervisors, and what they say. */
#ifndef TESTS_FAULT_CASES_H
#define TESTS_FAULT_CASES_H

#include <stddef.h>

struct fault_case {
    const char *lines;                                     /* several are separated by \n */
    const char *vendor, *kind, *device, *access, *address; /* NULL: none */
    long pasid;                                            /* -1: none */
    const char *code;
    const char *meaning; /* a part of it; NULL: whatever it is */
};

extern const struct fault_case fault_cases_vtd[], fault_cases_amd[], fault_cases_arm[], fault_cases_others[];
extern const unsigned fault_cases_vtd_count, fault_cases_amd_count, fault_cases_arm_count, fault_cases_others_count;

#endif
