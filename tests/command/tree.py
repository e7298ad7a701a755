# SPDX-License-Identifier: MIT
"""Copies of machines' /sys and /proc, as Linux writes them, built from short descriptions.

    tree = Tree(folder)
    tree.host(cmdline='intel_iommu=on', config='CONFIG_INTEL_IOMMU=y')
    tree.unit('dmar0', 0xfed90000, cap=..., ecap=...)
    port = tree.function('00:1c.0', kind='root', secondary=1, acs=(0x1f, 0x1d), group=3)
    tree.function('01:00.0', above=port, pasid=20, driver='idxd', unit='dmar0', group=4)

Numbers are written out here, and on purpose not taken from the headers of the code that is tested."""

import struct
from pathlib import Path

KINDS = dict(endpoint=0, legacy=1, root=4, upstream=5, downstream=6, to_pci=7, to_express=8, integrated=9, collector=10)


def config_space(vendor=0x8086, device=0x1234, class_=0x088000, kind='endpoint', bridge=None, multifunction=False,
                 prefixes=True, pasid=None, pasid_on=False, ats=None, pri=None, siov=False, acs=None, sriov=False,
                 size=4096):
    """kind None: conventional. bridge: (primary, secondary, subordinate). ats, pri: None or whether enabled; acs:
    (capability, control)."""
    space = bytearray(4096 if kind is not None else 256)
    struct.pack_into('<HHHH', space, 0, vendor, device, 0x0546, 0x0010)
    struct.pack_into('<I', space, 8, class_ << 8 | 1)
    space[0x0e] = (1 if bridge else 0) | (0x80 if multifunction else 0)
    if bridge:
        space[0x18:0x1b] = bytes(bridge)
    space[0x34] = 0x40
    space[0x40:0x42] = bytes((0x01, 0x60)) # power management
    if kind is None:
        space[0x41] = 0
        return bytes(space[:size])
    space[0x60:0x62] = bytes((0x10, 0x00))
    struct.pack_into('<H', space, 0x62, 2 | KINDS[kind] << 4)
    struct.pack_into('<I', space, 0x60 + 0x24, 1 << 21 if prefixes else 0)
    extended = [(0x01, 2, bytes(0x44))] # error reporting comes first, as it must
    if ats is not None:
        extended.append((0x0f, 1, struct.pack('<HH', 0x20, 0x8000 if ats else 0)))
    if pri is not None:
        extended.append((0x13, 1, struct.pack('<HHII', 1 if pri else 0, 0x0100, 512, 32)))
    if pasid is not None:
        extended.append((0x1b, 1, struct.pack('<HH', pasid << 8 | 4, 1 if pasid_on else 0)))
    if acs is not None:
        extended.append((0x0d, 1, struct.pack('<HH', *acs)))
    if sriov:
        extended.append((0x10, 1, bytes(0x3c)))
    if siov:
        extended.append((0x23, 1, struct.pack('<IHHIIIII', 0x0180_8086, 5, 0, 0, 1, 0, 0, 0)))
    at = 0x100
    for number, (id_, version, body) in enumerate(extended):
        following = at + (4 + len(body) + 15) // 16 * 16
        last = number + 1 == len(extended)
        struct.pack_into('<I', space, at, id_ | version << 16 | (0 if last else following) << 20)
        space[at + 4:at + 4 + len(body)] = body
        at = following
    return bytes(space[:size])


def dmar(*units, bits=46, flags=1):
    """A table with units (base, include_all, [(type, bus, [(device, function)])])."""
    records = b''
    for base, include_all, scopes in units:
        body = b''.join(struct.pack('<BBHBB', kind, 6 + 2 * len(path), 0, 0, bus) + bytes(sum(path, ()))
                        for kind, bus, path in scopes)
        records += struct.pack('<HHBBHQ', 0, 16 + len(body), include_all, 0, 0, base) + body
    table = bytearray(b'DMAR' + struct.pack('<IBB6s8sI4sI', 48 + len(records), 1, 0, b'TESTED', b'MACHINE ', 1,
                                            b'INTL', 1) + bytes((bits - 1, flags)) + bytes(10) + records)
    table[9] = -sum(table) & 0xff
    return bytes(table)


class Tree:
    def __init__(self, folder):
        self.root = Path(folder)
        for name in ('sys/class/iommu', 'sys/kernel/iommu_groups', 'sys/bus/pci/devices', 'sys/bus/pci/drivers',
                     'sys/devices/virtual/iommu', 'proc'):
            self.mkdir(name)

    def mkdir(self, name):
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def link(self, name, target):
        """A relative link, as sysfs has them."""
        path, to = self.root / name, self.root / target
        path.parent.mkdir(parents=True, exist_ok=True)
        up = len(path.parent.relative_to(self.root).parts)
        path.symlink_to('../' * up + str(to.relative_to(self.root)))

    def host(self, cmdline='ro quiet', release='6.8.0-45-generic', config=None, table=None, hypervisor=False,
             vendor='GenuineIntel'):
        self.write('proc/cmdline', f'BOOT_IMAGE=/vmlinuz-{release} root=/dev/mapper/vg-root {cmdline}\n')
        self.write('proc/sys/kernel/osrelease', release + '\n')
        self.write('proc/cpuinfo', f'processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: 6\n'
                   f'flags\t\t: fpu vme de msr{" hypervisor" if hypervisor else ""} lahf_lm\nbogomips\t: 4000.00\n\n')
        if config is not None:
            self.write(f'boot/config-{release}', '#\n# Linux/x86 Kernel Configuration\n#\n' + config + '\n')
        self.write('sys/firmware/acpi/tables/FACP', b'FACP')
        if table is not None:
            self.write('sys/firmware/acpi/tables/DMAR', table)

    def unit(self, name, address=0, version='6:0', cap=0, ecap=0, supported=65536, used=7):
        real = f'sys/devices/virtual/iommu/{name}'
        self.mkdir(real + '/devices')
        for file, value in (('version', version), ('address', f'{address:x}'), ('cap', f'{cap:x}'),
                            ('ecap', f'{ecap:x}'), ('domains_supported', supported), ('domains_used', used)):
            self.write(f'{real}/intel-iommu/{file}', f'{value}\n')
        self.link(f'sys/class/iommu/{name}', real)

    def function(self, bdf, above=None, driver=None, unit=None, group=None, secondary=None, subordinate=None, physfn=None,
                 **space):
        """Returns its path, to be `above` of others."""
        name = f'0000:{bdf}'
        bus = int(bdf[:2], 16)
        if secondary is not None:
            space.setdefault('class_', 0x060400)
            space['bridge'] = (bus, secondary, subordinate if subordinate is not None else secondary)
        real = f'{above or f"sys/devices/pci0000:{bus:02x}"}/{name}'
        content = config_space(**space)
        self.write(f'{real}/config', content)
        vendor, device = space.get('vendor', 0x8086), space.get('device', 0x1234)
        self.write(f'{real}/vendor', f'0x{vendor:04x}\n')
        self.write(f'{real}/device', f'0x{device:04x}\n')
        self.write(f'{real}/uevent', (f'DRIVER={driver}\n' if driver else '') +
                   f'PCI_CLASS=88000\nPCI_ID={vendor:04X}:{device:04X}\nPCI_SLOT_NAME={name}\n')
        self.link(f'sys/bus/pci/devices/{name}', real)
        if driver:
            self.mkdir(f'sys/bus/pci/drivers/{driver}')
            self.link(f'{real}/driver', f'sys/bus/pci/drivers/{driver}')
        if physfn:
            self.link(f'{real}/physfn', physfn)
        if unit:
            self.link(f'{real}/iommu', f'sys/devices/virtual/iommu/{unit}')
            self.link(f'sys/devices/virtual/iommu/{unit}/devices/{name}', real)
        if group is not None:
            self.group(group)
            self.link(f'{real}/iommu_group', f'sys/kernel/iommu_groups/{group}')
            self.link(f'sys/kernel/iommu_groups/{group}/devices/{name}', real)
        return real

    def group(self, number, type_='DMA-FQ', regions=(('fee00000', 'feefffff', 'msi'),)):
        if (self.root / f'sys/kernel/iommu_groups/{number}/type').exists():
            return
        self.write(f'sys/kernel/iommu_groups/{number}/type', type_ + '\n')
        self.write(f'sys/kernel/iommu_groups/{number}/reserved_regions',
                   ''.join(f'0x{int(a, 16):016x} 0x{int(b, 16):016x} {c}\n' for a, b, c in regions))
