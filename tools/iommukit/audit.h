/* SPDX-License-Identifier: MIT */
/* audit.h - `iommukit audit`: what is wrong with the isolation of the machine in a dump. */
#ifndef TOOLS_AUDIT_H
#define TOOLS_AUDIT_H

#include "inspect/audit.h"

int audit_main(int argc, char **argv);

/* audit_report.c; each returns an exit status. */
int audit_report(const struct inspect_findings *findings, bool json);
int audit_report_kinds(bool json);

#endif
