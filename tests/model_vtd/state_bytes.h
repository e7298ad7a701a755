/* SPDX-License-Identifier: MIT */
/*
 * platform: model
 *
 * tests/model_vtd/state_bytes.h - saved states by the format's document (docs/STATE.md), written a second time: to
 * find a field, to change it, and to make the lengths and the check sum right again.
 */
#ifndef TESTS_MODEL_VTD_STATE_BYTES_H
#define TESTS_MODEL_VTD_STATE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#define SB_HEADER 40u
#define SB_REGISTERS 1u
#define SB_ROOT 2u
#define SB_FAULTS 3u
#define SB_QUEUE 4u
#define SB_COMMANDS 5u
#define SB_DICE 0x80000001u
#define SB_STATISTICS 0x80000002u

uint64_t sb_get(const uint8_t *bytes, size_t at, unsigned width);
void sb_put(uint8_t *bytes, size_t at, unsigned width, uint64_t value);
uint32_t sb_crc(const uint8_t *bytes, size_t size);
/* Total length and check sum as they should be; anything of at least header and check sum. */
void sb_seal(uint8_t *bytes, size_t size);
/* Where the section's content begins; 0: there is none. */
size_t sb_section(const uint8_t *bytes, size_t size, uint32_t type);
/* Where the value of the register at this offset is; 0: not saved. */
size_t sb_register(const uint8_t *bytes, size_t size, uint32_t offset);

#endif
