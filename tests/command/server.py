# SPDX-License-Identifier: MIT
"""A server whose 19:00.0 is a device with PASIDs behind a switch; whatever is asked for can be wrong with it."""

from tree import Tree, dmar

# Registers as real units have them. The server's second value is the same unit with PASIDs switched off by firmware.
CAP_SERVER, ECAP_SERVER, ECAP_WITHOUT_PASID = 0x19ed008c40780c66, 0x3ef9e86f050df, 0x3ee9e86f050df
CAP_LAPTOP, ECAP_LAPTOP = 0xd2008c40660462, 0xf050da
SMTS, SSTS, FSTS, QI = 1 << 43, 1 << 46, 1 << 47, 1 << 1

CONFIG = '\n'.join(('CONFIG_INTEL_IOMMU=y', 'CONFIG_INTEL_IOMMU_SVM=y', '# CONFIG_INTEL_IOMMU_DEFAULT_ON is not set',
                    '# CONFIG_INTEL_IOMMU_SCALABLE_MODE_DEFAULT_ON is not set', 'CONFIG_PCI_ATS=y', 'CONFIG_PCI_PASID=y'))
DEVICE = '19:00.0'
ON = 'ro intel_iommu=on,sm_on'
ACS_ON, ACS_OFF = (0x5f, 0x1d), (0x5f, 0)


def server(folder, cmdline=ON, config=CONFIG, table=True, hypervisor=False, unit=True, ecap=ECAP_SERVER, root={},
           upstream={}, downstream={}, device={}, groups=(10, 11, 12, 13), served='dmar0', siblings=False):
    """`root` ... `device`: what is different in configuration space."""
    tree = Tree(folder)
    tree.host(cmdline, config=config, hypervisor=hypervisor,
              table=dmar((0xd1ffc000, 1, [(3, 0, [(0x1f, 0)])])) if table is True else table or None)
    if unit:
        tree.unit('dmar0', 0xd1ffc000, cap=CAP_SERVER, ecap=ecap)
    else:
        served, groups = None, (None,) * 4
    ports = dict(vendor=0x8086, acs=ACS_ON)
    at = tree.function('16:01.0', secondary=0x17, subordinate=0x19, unit=served, group=groups[0], driver='pcieport',
                       **{**ports, 'kind': 'root', **root})
    at = tree.function('17:00.0', above=at, secondary=0x18, subordinate=0x19, unit=served, group=groups[1],
                       **{'kind': 'upstream', **upstream})
    at = tree.function('18:00.0', above=at, secondary=0x19, unit=served, group=groups[2],
                       **{**ports, 'kind': 'downstream', **downstream})
    tree.function('19:00.0', above=at, unit=served, group=groups[3],
                  **{'kind': 'endpoint', 'driver': 'accel', 'pasid': 20, 'pasid_on': True, 'ats': True, 'pri': True,
                     'siov': True, 'device': 0x0b25, **device})
    if siblings:
        tree.function('19:00.1', above=at, unit=served, group=groups[3], multifunction=True)
    return tree
