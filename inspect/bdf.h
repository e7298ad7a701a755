/* SPDX-License-Identifier: MIT */
/* bdf.h - PCI addresses as people write them. */
#ifndef INSPECT_BDF_H
#define INSPECT_BDF_H

#include <stdbool.h>
#include <stdint.h>

struct inspect_bdf {
    uint16_t segment;
    uint16_t rid; /* bus 15:8, device 7:3, function 2:0 */
};

#define INSPECT_BDF_TEXT 16

/* "bb:dd.f" or "ssss:bb:dd.f", hexadecimal. False: it is not one, and *bdf is untouched. */
bool inspect_bdf_parse(const char *text, struct inspect_bdf *bdf);

/* "bb:dd.f", with "ssss:" in front where the segment is not 0. Returns text. */
const char *inspect_bdf_print(struct inspect_bdf bdf, char text[INSPECT_BDF_TEXT]);

#endif
