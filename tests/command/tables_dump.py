# SPDX-License-Identifier: MIT
"""Small memory dumps with remapping tables in them, every bit by hand.

    dump = Dump(folder)                      scalable mode; Dump(folder, legacy=True)
    dump.second('00:01.0', None, did=3, leaves={0x1000: 0xa0000 | RW})
    dump.save()                              dump.memory, dump.registers: paths

Numbers are written out here, and on purpose not taken from the headers of the code that is tested."""

import json
import struct
from pathlib import Path

R, W, RW, PS = 1, 2, 3, 0x80
FIRST_RW = 0x67  # present, writable, user, accessed, dirty
CAP = 0x1900000000380e06 | 0x3 << 34 | 0x22 << 24 | 1 << 39  # 57 bits, 3 to 5 levels, 2 MiB, 1 GiB
ECAP = 0x3 << 48 | 0xf << 44 & ~(1 << 44) & ~(1 << 45) | 1 << 43 | 1 << 40 | 19 << 35 | 1 << 31 | 1 << 26 | 0xf00 | 0xc7
GSTS = 0xc0000000


def rid_of(bdf):
    bus, rest = bdf.split(':')
    device, function = rest.split('.')
    return int(bus, 16) << 8 | int(device, 16) << 3 | int(function)


class Dump:
    def __init__(self, folder, legacy=False, base=0x100000):
        self.folder, self.legacy, self.next = Path(folder), legacy, base
        self.page = {}
        self.root = self.fresh()
        self.values = {'CAP': CAP, 'ECAP': ECAP, 'GSTS': GSTS, 'RTADDR': self.root | (0 if legacy else 0x400)}
        self.memory, self.registers = self.folder / 'memory.elf', self.folder / 'regs.json'

    def fresh(self):
        self.next += 4096
        self.page[self.next - 4096] = bytearray(4096)
        return self.next - 4096

    def get(self, at):
        return struct.unpack_from('<Q', self.page[at & ~4095], at & 4095)[0]

    def put(self, at, *words):
        struct.pack_into(f'<{len(words)}Q', self.page[at & ~4095], at & 4095, *words)

    def below(self, at, bits=1):
        if not self.get(at):
            self.put(at, self.fresh() | bits)
        return self.get(at) & ~0xfff & (1 << 52) - 1

    def table(self, leaves, levels=4, upper=RW, top=None):
        """leaves: {iova: entry} of 4 KiB pages, or {(iova, level): entry}."""
        top = self.fresh() if top is None else top
        for where, entry in leaves.items():
            iova, level = where if isinstance(where, tuple) else (where, 1)
            at = top
            for now in range(levels, level, -1):
                at = self.below(at + (iova >> 9 * now + 3 & 511) * 8, upper)
            self.put(at + (iova >> 9 * level + 3 & 511) * 8, entry | (PS if level > 1 else 0))
        return top

    def pasid_entry(self, bdf, pasid, *words):
        rid = rid_of(bdf)
        context = self.below(self.root + (rid >> 8) * 16 + (8 if rid & 0x80 else 0)) + (rid & 127) * 32
        directory = self.below(context, 0x9)
        table = self.below(directory + ((pasid or 0) >> 6) * 8)
        self.put(table + ((pasid or 0) & 63) * 64, *words)

    def context(self, bdf, low, high):
        rid = rid_of(bdf)
        self.put(self.below(self.root + (rid >> 8) * 16) + (rid & 255) * 16, low, high)

    def second(self, bdf, pasid, did, leaves=None, top=None):
        top = self.table(leaves or {}) if top is None else top
        if self.legacy:
            self.context(bdf, top | 1, did << 8 | 2)
        else:
            self.pasid_entry(bdf, pasid, top | 2 << 2 | 2 << 6 | 1, did)
        return top

    def first(self, bdf, pasid, did, leaves=None, top=None):
        top = self.table(leaves or {}, upper=0x27) if top is None else top
        self.pasid_entry(bdf, pasid, 1 << 6 | 1, did, top)
        return top

    def passes(self, bdf, pasid, did):
        if self.legacy:
            self.context(bdf, 2 << 2 | 1, did << 8 | 2)
        else:
            self.pasid_entry(bdf, pasid, 4 << 6 | 1, did)

    def runs(self):
        """[(address, bytes)] of neighbouring pages."""
        runs = []
        for pa in sorted(self.page):
            if runs and runs[-1][0] + len(runs[-1][1]) == pa:
                runs[-1][1].extend(self.page[pa])
            else:
                runs.append((pa, bytearray(self.page[pa])))
        return runs

    def save(self):
        runs = self.runs()
        offset = 64 + 56 * len(runs)
        head = b'\x7fELF\2\1\1' + bytes(9) + struct.pack('<HHIQQQIHHHHHH', 4, 62, 1, 0, 64, 0, 0, 64, 56, len(runs), 0,
                                                         0, 0)
        with open(self.memory, 'wb') as out:
            out.write(head)
            for pa, data in runs:
                out.write(struct.pack('<IIQQQQQQ', 1, 0, offset, 0, pa, len(data), len(data), 0))
                offset += len(data)
            for _, data in runs:
                out.write(data)
        self.registers.write_text(json.dumps({name: hex(value) for name, value in self.values.items()}))
        return self

    def raw(self, path):
        base, last = min(self.page), max(self.page)
        Path(path).write_bytes(b''.join(self.page.get(pa, bytes(4096)) for pa in range(base, last + 1, 4096)))
        return base


def dmar(units, bits=46):
    """units: [(segment, base)]"""
    body = b''.join(struct.pack('<HHBBHQ', 0, 16, 1, 0, segment, base) for segment, base in units)
    table = bytearray(struct.pack('<4sIBB6s8sI4sIBB10x', b'DMAR', 48 + len(body), 1, 0, b'IOMKIT', b'TEST    ', 1,
                                  b'IKIT', 1, bits - 1, 1) + body)
    table[9] = -sum(table) & 0xff
    return bytes(table)
