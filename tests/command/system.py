#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""system.py COMMAND: `iommukit caps`, `dmar` and `groups` on copies of machines, one for each thing that can be
wrong, and on the machine this runs on.

Prints TAP. system.py COMMAND NAME... runs only the tests named."""

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tap
from server import (ACS_OFF, ACS_ON, CAP_LAPTOP, CAP_SERVER, CONFIG, DEVICE, ECAP_LAPTOP, ECAP_SERVER,
                    ECAP_WITHOUT_PASID, FSTS, ON, QI, SMTS, SSTS, server)
from tree import Tree, config_space, dmar

COMMAND = sys.argv[1]
FINE, FINDINGS, USAGE = 0, 1, 2

def run(*arguments, timeout=20, **others):
    return subprocess.run([COMMAND, *map(str, arguments)], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout, errors='replace', **others)


def shown(result):
    return f'{" ".join(result.args)}: exit {result.returncode}\n{result.stdout}{result.stderr}'


def check(condition, result):
    assert condition, shown(result)


def said(*arguments, status=FINE):
    result = run(*arguments, '--json')
    check(result.returncode == status, result)
    return json.loads(result.stdout)


def refused(words, *arguments):
    """Exit 2, nothing on standard output, one line with these words."""
    result = run(*arguments)
    check(result.returncode == USAGE and result.stdout == '' and words in result.stderr, result)


def one_sentence(result, *words):
    check(result.stdout.count('\n') + result.stderr.count('\n') == 1, result)
    for word in words:
        check(word in result.stdout + result.stderr, result)


# ---- caps --why: a server, then one thing wrong with it


def chain(folder, device=DEVICE):
    answer = said('caps', '--root', folder, device)
    assert [one['device'] for one in answer['devices']] == [device], answer
    return answer['devices'][0]


def links(device):
    return {link['link']: link for link in device['aux']['chain']}


def fails(name, *words, detail=(), at=DEVICE, **wrong):
    """This link is the first to fail, in JSON and in words, and --require aux fails with exit 1."""
    with tempfile.TemporaryDirectory() as folder:
        server(folder, **wrong)
        one = chain(folder, at)
        assert one['aux']['capable'] is False and one['aux']['fails_at'] == name, json.dumps(one, indent=1)
        link = links(one)[name]
        for word in detail:
            assert word in link['detail'], link
        for word in words:
            assert word in link['change'], link
        result = run('caps', '--root', folder, at, '--why')
        check(result.returncode == FINE and f'First link that fails: {name}.' in result.stdout, result)
        check(f'To change: {link["change"]}.' in result.stdout, result)
        result = run('caps', '--root', folder, at, '--require', 'aux')
        check(result.returncode == FINDINGS and 'lacks aux' in result.stderr, result)
        return one


def test_why_all_links_hold():
    with tempfile.TemporaryDirectory() as folder:
        server(folder)
        one = chain(folder)
        assert one['aux']['capable'] is True and one['aux']['fails_at'] is None, json.dumps(one, indent=1)
        assert all(link['ok'] is True and link['change'] is None for link in one['aux']['chain']), one
        assert (one['pasid_bits'], one['ats'], one['pri'], one['siov']) == (20, True, True, True), one
        assert (one['pasid_enabled'], one['ats_enabled'], one['pri_enabled']) == (True, True, True), one
        assert (one['unit'], one['group'], one['driver'], one['kind']) == ('dmar0', 13, 'accel', 'endpoint'), one
        result = run('caps', '--root', folder, DEVICE, '--why')
        check(result.returncode == FINE and 'can serve many domains.' in result.stdout, result)
        for names in ('aux', 'pasid,ats,pri,siov,acs,aux', 'scalable,nested,first-stage,unit-pasid'):
            result = run('caps', '--root', folder, DEVICE, '--require', names)
            check(result.returncode == FINE, result)


def test_why_no_table():
    fails('firmware table', 'firmware setup', 'VT-d', table=False, unit=False)


def test_why_no_table_in_a_virtual_machine():
    fails('firmware table', 'virtual machine', 'intel-iommu', table=False, unit=False, hypervisor=True)


def test_why_table_of_no_use():
    bad = bytearray(dmar((0xd1ffc000, 1, [])))
    bad[9] ^= 1
    fails('firmware table', 'update the firmware', detail=('checksum',), table=bytes(bad), unit=False)
    fails('firmware table', detail=('register base',), table=dmar((0, 1, [])), unit=False)


def test_why_kernel_without_the_driver():
    fails('kernel', 'CONFIG_INTEL_IOMMU=y', detail=('without CONFIG_INTEL_IOMMU',), unit=False,
          config='# CONFIG_INTEL_IOMMU is not set\nCONFIG_PCI_PASID=y')


def test_why_kernel_without_pasids():
    fails('kernel', detail=('without CONFIG_PCI_PASID',), config='CONFIG_INTEL_IOMMU=y\n# CONFIG_PCI_PASID is not set')


def test_why_switched_off():
    fails('command line', 'boot without intel_iommu=off', cmdline='ro intel_iommu=off', unit=False)
    fails('command line', 'boot without iommu=off', cmdline='iommu=off intel_iommu=on', unit=False)


def test_why_graphics_left_out():
    fails('command line', 'boot without intel_iommu=igfx_off', cmdline='intel_iommu=on,sm_on,igfx_off',
          device={'class_': 0x030000})
    with tempfile.TemporaryDirectory() as folder: # of another class it does not matter
        server(folder, cmdline='intel_iommu=on,sm_on,igfx_off')
        assert chain(folder)['aux']['capable'] is True


def test_why_not_switched_on():
    fails('command line', 'intel_iommu=on,sm_on', detail=('off by default',), cmdline='ro quiet', unit=False)
    fails('command line', detail=('default is not known',), cmdline='ro -- intel_iommu=on', config=None, unit=False)


def test_why_on_by_default():
    with tempfile.TemporaryDirectory() as folder:
        config = CONFIG.replace('# CONFIG_INTEL_IOMMU_SCALABLE_MODE_DEFAULT_ON is not set',
                                'CONFIG_INTEL_IOMMU_SCALABLE_MODE_DEFAULT_ON=y')
        server(folder, cmdline='ro', config=config.replace('# CONFIG_INTEL_IOMMU_DEFAULT_ON is not set',
                                                           'CONFIG_INTEL_IOMMU_DEFAULT_ON=y'),
               device={'pasid_on': False})
        one = chain(folder)
        assert one['aux']['capable'] is True, json.dumps(one, indent=1)
        assert 'on by default' in links(one)['command line']['detail'], one
        assert 'on by default' in links(one)['scalable mode used']['detail'], one
        assert 'not enabled yet' in links(one)['state']['detail'], one


def test_why_on_for_there_are_units():
    with tempfile.TemporaryDirectory() as folder:
        server(folder, cmdline='ro', config=None)
        assert links(chain(folder))['command line']['ok'] is True


def test_why_linux_runs_no_unit():
    fails('unit', 'dmesg', detail=('Linux runs no remapping unit',), unit=False)


def test_why_no_unit_serves_it():
    fails('unit', detail=('none serves',), served=None, groups=(None,) * 4)


def test_why_no_scalable_mode():
    fails('scalable mode', 'firmware setup', detail=('ECAP.SMTS',), ecap=ECAP_LAPTOP)
    fails('scalable mode', 'QEMU', ecap=ECAP_LAPTOP, hypervisor=True)


def test_why_scalable_mode_not_used():
    off = {'pasid_on': False}
    fails('scalable mode used', 'sm_on', detail=('off by default',), cmdline='intel_iommu=on', device=off)
    fails('scalable mode used', 'sm_on', detail=('sm_off',), cmdline='intel_iommu=on,sm_off', device=off)


def test_why_scalable_mode_seen_in_the_device():
    with tempfile.TemporaryDirectory() as folder:
        server(folder, cmdline='intel_iommu=on', config=None)
        one = chain(folder)
        assert one['aux']['capable'] is True and 'so it is' in links(one)['scalable mode used']['detail'], one
    with tempfile.TemporaryDirectory() as folder:
        server(folder, cmdline='intel_iommu=on', config=None, device={'pasid_on': False})
        assert chain(folder)['aux']['capable'] is None


def test_why_unit_without_pasids():
    fails('PASIDs in the unit', 'firmware setup', detail=('ECAP.PASID',), ecap=ECAP_WITHOUT_PASID)


def test_why_unit_without_stages():
    fails('page tables', detail=('FSTS',), ecap=ECAP_SERVER & ~(SSTS | FSTS))


def test_why_unit_with_one_stage():
    for bits, word in ((SSTS, 'first stage for'), (FSTS, 'second stage for')):
        with tempfile.TemporaryDirectory() as folder:
            server(folder, ecap=ECAP_SERVER & ~(bits | 1 << 26))
            one = chain(folder)
            assert one['aux']['capable'] is True and word in links(one)['page tables']['detail'], one


def test_why_unit_without_queue():
    fails('invalidation queue', detail=('ECAP.QI',), ecap=ECAP_SERVER & ~QI)


def test_why_unit_narrower_than_the_device():
    with tempfile.TemporaryDirectory() as folder:
        server(folder, ecap=ECAP_SERVER & ~(31 << 35) | 9 << 35)
        one = chain(folder)
        assert one['aux']['capable'] is True and '1024 PASIDs' in links(one)['PASIDs in the device']['detail'], one


def test_why_conventional_bridge():
    fails('bridges', 'PCI Express slot', detail=('17:00.0', 'PCI Express to PCI bridge'), upstream={'kind': 'to_pci'})


def test_why_acs_missing_on_a_port():
    fails('ACS', 'slot', detail=('18:00.0', 'no ACS capability'), downstream={'acs': None}, groups=(10, 11, 12, 12))


def test_why_acs_off_on_a_port():
    fails('ACS', 'disable_acs_redir', detail=('16:01.0', 'request redirect, upstream forwarding'),
          root={'acs': (0x5f, 0x09)}, groups=(10, 10, 10, 10))


def test_why_acs_bit_that_a_port_need_not_have():
    with tempfile.TemporaryDirectory() as folder:
        server(folder, root={'acs': (0x49, 0x09)})
        assert chain(folder)['aux']['capable'] is True


def test_why_acs_bits_that_only_groups_need():
    """For PASIDs, Linux wants requests redirected and forwarded; for a group of its own, more."""
    some = {'acs': (0x5f, 0x14)}
    one = fails('group', root=some, downstream=some, groups=(10, 10, 10, 10))
    assert links(one)['ACS']['ok'] is True, one


def test_why_linux_vouches_for_a_port():
    with tempfile.TemporaryDirectory() as folder:
        server(folder, root={'acs': None})
        one = chain(folder)
        assert one['aux']['capable'] is True and 'vouches' in links(one)['ACS']['detail'], json.dumps(one, indent=1)


def test_why_functions_without_acs():
    fails('ACS', detail=('19:00.0 is one of several functions',), device={'multifunction': True}, siblings=True)


def test_why_bridge_without_prefixes():
    fails('TLP prefixes', 'slot', detail=('18:00.0',), downstream={'prefixes': False})
    fails('TLP prefixes', detail=('16:01.0', 'root port'), root={'prefixes': False})


def test_why_device_without_prefixes():
    fails('TLP prefixes', 'cannot send PASIDs', detail=('19:00.0',), device={'prefixes': False})


def test_why_device_without_pasids():
    fails('PASIDs in the device', 'one domain', detail=('no PASID capability',), device={'pasid': None})
    fails('PASIDs in the device', 'SR-IOV', device={'pasid': None, 'sriov': True})
    fails('PASIDs in the device', detail=('0 bits',), device={'pasid': 0})


def test_why_no_driver():
    fails('driver', 'bind', device={'driver': None})


def test_why_group_shared():
    fails('group', 'iommukit groups', detail=('1 other device',), groups=(10, 11, 12, 13), siblings=True,
          device={'multifunction': True, 'acs': ACS_ON})


def test_why_group_of_type_identity():
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(folder)
        tree.group(13, 'identity')
        server(folder)
        one = chain(folder)
        assert one['aux']['capable'] is True and 'not translated' in links(one)['group']['detail'], one


def test_why_idxd_without_pasids():
    """An accelerator inside the root complex, as idxd leaves it where it could not turn PASIDs on."""
    for pasids in (0, 1):
        with tempfile.TemporaryDirectory() as folder:
            tree = Tree(folder)
            tree.host(ON, config=CONFIG, table=dmar((0xd1ffc000, 1, [])))
            tree.unit('dmar0', 0xd1ffc000, cap=CAP_SERVER, ecap=ECAP_SERVER)
            device = tree.function('6a:01.0', kind='integrated', pasid=20, pasid_on=bool(pasids), ats=True, siov=True,
                                   device=0x0b25, driver='idxd', unit='dmar0', group=5)
            tree.write(f'{device}/dsa0/pasid_enabled', f'{pasids}\n')
            tree.write(f'{device}/dsa0/wq0.0/state', 'enabled\n')
            tree.write(f'{device}/dsa0/wq0.1/state', 'disabled\n')
            one = chain(folder, '6a:01.0')
            assert '1 work queue enabled' in links(one)['state']['detail'], one
            assert one['aux']['capable'] is bool(pasids), one
            assert one['aux']['fails_at'] == (None if pasids else 'state'), one
            assert pasids or 'Unable to turn on' in links(one)['state']['change'], one


def test_why_without_root():
    """Of every function the first 64 bytes, and the table is unreadable: nothing is called wrong, all is unknown."""
    with tempfile.TemporaryDirectory() as folder:
        server(folder, root={'size': 64}, upstream={'size': 64}, downstream={'size': 64}, device={'size': 64})
        one = chain(folder)
        assert one['aux']['capable'] is None and one['pasid_bits'] is None and one['ats'] is None, one
        assert [name for name, link in links(one).items() if link['ok'] is False] == [], one
        assert 'root' in links(one)['TLP prefixes']['change'], one
        result = run('caps', '--root', folder, DEVICE, '--why')
        check('first 64 bytes' in result.stderr and 'No link is known to fail' in result.stdout, result)
        result = run('caps', '--root', folder, DEVICE, '--require', 'pasid')
        check(result.returncode == FINDINGS and 'pasid (could not be read)' in result.stderr, result)


def test_without_root():
    """What only root may read: said, with how to get it, and nothing is called wrong for it."""
    other = {'user': 65534} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        tree = server(folder)
        table = tree.root / 'sys/firmware/acpi/tables/DMAR'
        table.chmod(0)
        (tree.root / 'sys/bus/pci/devices' / f'0000:{DEVICE}' / 'config').chmod(0)
        try:
            result = run('dmar', '--root', folder, **other)
        except PermissionError as why:
            raise tap.Skip('the command is out of reach for other users') from why
        check(result.returncode == USAGE and 'root only: run it with sudo' in result.stderr, result)
        result = run('dmar', table, **other)
        check(result.returncode == USAGE and 'run it with sudo' in result.stderr, result)
        result = run('caps', '--root', folder, DEVICE, '--json', **other)
        one = json.loads(result.stdout)['devices'][0]
        check(result.returncode == FINE and one['aux']['capable'] is None and one['pasid_bits'] is None, result)
        assert not any(link['ok'] is False for link in one['aux']['chain']), one
        result = run('caps', '--root', folder, DEVICE, '--why', **other)
        check(result.returncode == FINE and 'run it with sudo' in result.stderr and 'copy the tree as root' in result.stderr,
              result)
        for command in ('caps', 'groups'): # the machine this is
            check(run(command, **other).returncode == FINE, run(command, **other))


def test_why_table_unreadable():
    with tempfile.TemporaryDirectory() as folder:
        tree = server(folder)
        table = tree.root / 'sys/firmware/acpi/tables/DMAR'
        table.unlink()
        table.mkdir()
        one = chain(folder)
        assert one['aux']['capable'] is True and 'was not readable' in links(one)['firmware table']['detail'], one


def test_why_links_lost():
    """A copy that followed no link, or all: unit, group and driver are found another way."""
    with tempfile.TemporaryDirectory() as folder:
        tree = server(folder)
        for name in ('driver', 'iommu', 'iommu_group'):
            for link in tree.root.glob(f'sys/devices/pci*/**/{name}'):
                link.unlink()
        one = chain(folder)
        assert (one['unit'], one['group'], one['driver']) == ('dmar0', 13, 'accel'), one
        assert one['aux']['capable'] is True, one
    with tempfile.TemporaryDirectory() as folder:
        tree = server(folder)
        for name in tree.root.glob('sys/devices/pci*/**/uevent'):
            name.unlink()
        for link in tree.root.glob('sys/devices/virtual/iommu/dmar0/devices/*'):
            link.unlink()
        one = chain(folder)
        assert (one['unit'], one['group'], one['driver']) == ('dmar0', 13, 'accel'), one


def test_why_virtual_function():
    """It has ATS of its own; PASIDs are its physical function's. Its own numbers read as ones."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(folder)
        tree.host(ON, config=CONFIG, table=dmar((0xd1ffc000, 1, [])))
        tree.unit('dmar0', 0xd1ffc000, cap=CAP_SERVER, ecap=ECAP_SERVER)
        port = tree.function('00:1c.0', kind='root', secondary=1, subordinate=2, acs=ACS_ON, unit='dmar0', group=1)
        physical = tree.function('01:00.0', above=port, pasid=20, sriov=True, driver='ice', unit='dmar0', group=2)
        virtual = tree.function('02:10.0', above=port, ats=False, driver='vfio-pci', unit='dmar0', group=3,
                                physfn=physical, device=0x1889)
        content = bytearray((tree.root / virtual / 'config').read_bytes())
        content[:4] = b'\xff' * 4
        tree.write(f'{virtual}/config', bytes(content))
        tree.function('02:10.1', above=port, ats=False, driver='vfio-pci', unit='dmar0', group=4, physfn=physical)
        one = chain(folder, '02:10.0') # not one of several functions without ACS
        assert one['aux']['capable'] is True and one['pasid_bits'] == 20 and one['ats'] is True, one
        assert '1889' in one['name'] or 'Virtual' in one['name'] or 'Adaptive' in one['name'], one['name']


def test_why_of_other_vendors():
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(folder)
        tree.host('ro', vendor='AuthenticAMD')
        tree.write('sys/firmware/acpi/tables/IVRS', b'IVRS')
        tree.write('sys/devices/virtual/iommu/ivhd0/amd-iommu/cap', '40c0b190\n')
        tree.write('sys/devices/virtual/iommu/ivhd0/amd-iommu/features', '246577efa2254afa:0\n')
        tree.link('sys/class/iommu/ivhd0', 'sys/devices/virtual/iommu/ivhd0')
        tree.function('03:00.0', unit='ivhd0', group=7, pasid=16, driver='amdgpu')
        answer = said('caps', '--root', folder)
        assert answer['units'][0]['vendor'] == 'AMD-Vi' and answer['units'][0]['ecap'] == '0x246577efa2254afa', answer
        assert answer['units'][0]['pasid_bits'] is None and 'PASIDs of 16 bits' in answer['units'][0]['words'], answer
        aux = answer['devices'][0]['aux']
        assert aux['capable'] is None and 'only Intel VT-d is examined' in aux['chain'][0]['detail'], aux
        result = run('caps', '--root', folder, '03:00.0', '--why')
        check('only Intel VT-d is examined' in result.stdout and result.returncode == FINE, result)
        refused('is not Intel', 'dmar', '--root', folder)
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(folder)
        tree.host('ro')
        tree.mkdir('sys/devices/platform/arm-smmu-v3.0.auto/iommu/smmu3.0x000000002b400000')
        tree.link('sys/class/iommu/smmu3.0x000000002b400000',
                  'sys/devices/platform/arm-smmu-v3.0.auto/iommu/smmu3.0x000000002b400000')
        answer = said('caps', '--root', folder)
        assert (answer['units'][0]['vendor'], answer['units'][0]['address']) == ('Arm SMMU', '0x2b400000'), answer


# ---- caps without --why

def test_caps_words():
    with tempfile.TemporaryDirectory() as folder:
        tree = server(folder)
        tree.unit('dmar1', 0xfed91000, '1:0', CAP_LAPTOP, ECAP_LAPTOP)
        answer = said('caps', '--root', folder)
        first, second = answer['units']
        assert (first['unit'], first['address'], first['version']) == ('dmar0', '0xd1ffc000', '6.0'), first
        assert (first['cap'], first['ecap']) == (hex(CAP_SERVER), hex(ECAP_SERVER)), first
        assert (first['pasid_bits'], first['domains_supported'], first['domains_used']) == (20, 65536, 7), first
        assert {'scalable', 'nested', 'device-tlb', 'posted-interrupts', 'x2apic'} <= set(first['abilities']), first
        assert second['pasid_bits'] == 0 and 'scalable' not in second['abilities'], second
        assert 'one domain a device' in second['words'] and '39-bit addresses' in second['words'], second
        assert second['address_bits'] == 39 and answer['absence'] is None and answer['notes'] == [], answer
        result = run('caps', '--root', folder)
        check(result.returncode == FINE and result.stderr == '', result)
        for word in ('dmar0', 'dmar1', 'scalable mode', '20 bits, on', '19:00.0', 'yes'):
            check(word in result.stdout, result)
        check('16:01.0' not in result.stdout, result) # bridges serve nobody
        check('\x1b' not in result.stdout, result)


def test_caps_old_units_hold_older_kernels_back():
    with tempfile.TemporaryDirectory() as folder:
        tree = server(folder)
        tree.unit('dmar1', 0xfed91000, '1:0', CAP_LAPTOP, ECAP_LAPTOP)
        assert '1 other unit has not' in links(chain(folder))['scalable mode']['detail']


def test_caps_require_of_any_device():
    with tempfile.TemporaryDirectory() as folder:
        server(folder)
        check(run('caps', '--root', folder, '--require', 'pasid,aux').returncode == FINE, run('caps', '--root', folder))
        result = run('caps', '--root', folder, '--require', 'pasid,posted-interrupts,caching-mode')
        check(result.returncode == FINDINGS and 'closest, 19:00.0 lacks caching-mode' in result.stderr, result)
        assert said('caps', '--root', folder, '--require', 'caching-mode', status=FINDINGS)['unmet'] == ['caching-mode']
        with tempfile.TemporaryDirectory() as bridges: # which serve nobody
            tree = bare(bridges)
            tree.function('00:1c.0', kind='root', secondary=1, group=4, unit='dmar0')
            result = run('caps', '--root', bridges, '--require', 'scalable')
            check(result.returncode == FINDINGS and 'bridges only' in result.stderr, result)
        refused("no 'pasidd'; there are pasid, ats", 'caps', '--root', folder, '--require', 'pasidd')
        refused('takes one name', 'caps', '--root', folder, '--require', ',')


def test_caps_usage():
    with tempfile.TemporaryDirectory() as folder:
        server(folder)
        refused('is no PCI address', 'caps', '--root', folder, '19:00')
        refused('there is no device 20:00.0', 'caps', '--root', folder, '20:00.0')
        refused('--why is about one device', 'caps', '--root', folder, '--why')
        refused('neither sys nor proc', 'caps', '--root', folder + '/sys')
        refused('too long', 'caps', '--root', folder + '/' * 10 + 'a' * 600)
        check(run('caps', '--root', folder + '///', DEVICE).returncode == FINE, run('caps', '--root', folder + '///'))


def test_absence():
    """Without units, one sentence says what is missing."""
    for words, wrong in ((('turn on VT-d',), {'table': False}), (('virtual machine',), {'table': False, 'hypervisor': True}),
                         (('switches it off',), {'cmdline': 'intel_iommu=off'}),
                         (('boot with intel_iommu=on',), {'cmdline': 'ro'}),
                         (('CONFIG_INTEL_IOMMU',), {'config': 'CONFIG_PCI=y'}), (('dmesg',), {'cmdline': ON})):
        with tempfile.TemporaryDirectory() as folder:
            server(folder, unit=False, **wrong)
            for command in ('caps', 'groups'):
                result = run(command, '--root', folder)
                check(result.returncode == FINE, result)
                one_sentence(result, 'IOMMU', *words)
                assert words[0] in said(command, '--root', folder)['absence']
            result = run('caps', '--root', folder, '--require', 'aux')
            check(result.returncode == FINDINGS, result)
    with tempfile.TemporaryDirectory() as folder:
        Tree(folder)
        one_sentence(run('caps', '--root', folder), 'no ACPI tables')


def test_this_machine():
    """Whatever it is: an answer, quickly, and never a crash."""
    for command, statuses in (('caps', (FINE,)), ('groups', (FINE,)), ('dmar', (FINE, USAGE))):
        result = run(command)
        check(result.returncode in statuses, result)
        if not os.path.isdir('/sys/class/iommu') or not os.listdir('/sys/class/iommu'):
            one_sentence(result, 'IOMMU')


# ---- dmar

def test_dmar_of_a_machine():
    """Scopes become devices: through a bridge by its secondary bus."""
    with tempfile.TemporaryDirectory() as folder:
        tree = server(folder)
        table = dmar((0xd1ffc000, 0, [(1, 0x16, [(1, 0), (0, 0), (0, 0), (0, 0)]), (2, 0x16, [(1, 0)])]),
                     (0xfed91000, 1, [(3, 0xf0, [(0x1f, 0)]), (1, 0, [(2, 0)])]), flags=7)
        tree.write('sys/firmware/acpi/tables/DMAR', table)
        answer = said('dmar', '--root', folder)
        scopes = [(s['type'], s['device'], s['present']) for unit in answer['units'] for s in unit['scopes']]
        assert scopes == [('endpoint', '19:00.0', True), ('bridge', '16:01.0', True), ('I/O APIC', 'f0:1f.0', False),
                          ('endpoint', '00:02.0', False)], scopes
        assert (answer['address_bits'], answer['interrupt_remapping'], answer['x2apic_opt_out'],
                answer['dma_control_opt_in']) == (46, True, True, True), answer
        assert ['does not show' in warning['text'] for warning in answer['warnings']] == [True], answer
        result = run('dmar', '--root', folder)
        for word in ('0xd1ffc000', '19:00.0 (', 'all behind 16:01.0', 'every other device of the segment', '1 warning'):
            check(word in result.stdout, result)
        wrong = dmar((0xd1ffc000, 1, [(2, 0x19, [(0, 0)]), (1, 0x16, [(1, 0)])]))
        (Path(folder) / 'wrong').write_bytes(wrong)
        texts = [warning['text'] for warning in said('dmar', '--root', folder, Path(folder) / 'wrong')['warnings']]
        assert 'a bridge, but it is none' in texts[0] and 'an endpoint, but it is a bridge' in texts[1], texts
        # The same file as a file: nothing is known of its machine.
        answer = said('dmar', tree.root / 'sys/firmware/acpi/tables/DMAR')
        scope = answer['units'][0]['scopes'][0]
        assert (scope['device'], scope['present'], scope['path']) == (None, None, ['01.0'] + ['00.0'] * 3), scope
        assert answer['warnings'] == [], answer


def test_dmar_malformed():
    """Every record stays visible beside what is wrong with it."""
    good = dmar((0xd1ffc000, 1, [(1, 0, [(2, 0)])]), (0, 0, [(1, 0, [(3, 0)])]), (0xd1ffc000, 0, [(1, 0, [(4, 0)])]),
                (0xfed91000, 0, [(1, 0, [(5, 0)])]))
    with tempfile.TemporaryDirectory() as folder:
        def warnings(data):
            path = Path(folder) / 'table'
            path.write_bytes(data)
            answer = said('dmar', path)
            assert run('dmar', path).returncode == FINE
            return answer, [(w['offset'], w['text']) for w in answer['warnings']]

        answer, texts = warnings(good)
        assert [unit['address'] for unit in answer['units']] == ['0xd1ffc000', '0x0', '0xd1ffc000', '0xfed91000'], answer
        assert [at for at, _ in texts] == [48, 72, 96] and 'not last' in texts[0][1], texts
        assert 'register base' in texts[1][1] and 'earlier one' in texts[2][1], texts
        answer, texts = warnings(good[:-10])
        assert len(answer['units']) == 3 and 'there are only' in texts[0][1], texts
        assert 'impossible record length' in texts[-1][1] and 'length 24' in texts[-1][1], texts
        bad = bytearray(good)
        bad[9] += 1
        assert 'wrong checksum' in warnings(bytes(bad))[1][0][1]
        bad = bytearray(dmar((0xd1ffc000, 1, [(9, 0, [(2, 0)]), (1, 0, [(0x25, 9)])])))
        answer, texts = warnings(bytes(bad))
        assert [s['type'] for s in answer['units'][0]['scopes']] == ['unknown', 'endpoint'], answer
        assert 'unknown type' in texts[0][1] and 'device 25 function 9' in texts[1][1], texts
        unknown = bytearray(good + bytes((77, 0, 6, 0, 0xab, 0xcd)))
        unknown[4:8] = len(unknown).to_bytes(4, 'little')
        unknown[9] = (unknown[9] - sum(unknown)) & 0xff
        answer, texts = warnings(bytes(unknown))
        assert [(u['type'], u['bytes']) for u in answer['unknown']] == [(77, 'abcd')], answer
        empty = warnings(dmar(bits=8))[1]
        assert any('address width of 8 bits' in text for _, text in empty), empty
        assert any('no unit that can be used' in text for _, text in warnings(dmar())[1])


def test_dmar_unreadable():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'file'
        refused('there is no such file', 'dmar', path)
        path.write_bytes(b'FACP' * 30)
        refused('no DMAR table', 'dmar', path)
        path.write_bytes(b'DMAR' + bytes(20))
        refused('at least 48 bytes', 'dmar', path)
        path.write_bytes(b'')
        refused('no DMAR table', 'dmar', path)
        with open(path, 'wb') as file:
            file.truncate(1 << 40)
        refused('longer than 1 MiB', 'dmar', path)
        refused('no regular file', 'dmar', folder)
        refused('no regular file', 'dmar', '/dev/zero')
        fifo = Path(folder) / 'fifo'
        os.mkfifo(fifo)
        refused('no regular file', 'dmar', fifo)
        refused('unexpected argument', 'dmar', path, path)
        Tree(folder)
        refused('no DMAR table', 'dmar', '--root', folder)
        if os.getuid() != 0:
            path.write_bytes(dmar())
            path.chmod(0)
            refused('sudo', 'dmar', path)


# ---- groups

def group(folder, number):
    answer = said('groups', '--root', folder)
    return next(one for one in answer['groups'] if one['group'] == number)


def reasons(one):
    return [(r['kind'], r['culprit'], r['devices']) for r in one['reasons']]


def explained(folder, *words):
    result = run('groups', '--root', folder, '--explain')
    check(result.returncode == FINE, result)
    for word in words:
        check(word in result.stdout, result)


def bare(folder):
    tree = Tree(folder)
    tree.host(ON, config=CONFIG, table=dmar((0xd1ffc000, 1, [])))
    tree.unit('dmar0', 0xd1ffc000, cap=CAP_SERVER, ecap=ECAP_SERVER)
    return tree


def test_groups_each_alone():
    with tempfile.TemporaryDirectory() as folder:
        server(folder)
        answer = said('groups', '--root', folder)
        assert [one['group'] for one in answer['groups']] == [10, 11, 12, 13], answer
        assert all(one['alone'] and one['reasons'] == [] and one['type'] == 'DMA-FQ' for one in answer['groups']), answer
        assert answer['groups'][0]['reserved'] == [{'base': '0xfee00000', 'last': '0xfeefffff', 'type': 'msi'}], answer
        explained(folder, '4 groups of one device each: fine.')
        result = run('groups', '--root', folder, DEVICE)
        check('19:00.0' in result.stdout and '18:00.0' not in result.stdout, result)
        result = run('groups', '--root', folder, DEVICE, '--explain')
        check('alone: fine' in result.stdout, result)


def test_groups_port_without_acs():
    with tempfile.TemporaryDirectory() as folder:
        tree = bare(folder)
        port = tree.function('00:1c.0', kind='root', secondary=1, group=5)
        tree.function('01:00.0', above=port, group=5, multifunction=True, acs=ACS_ON)
        tree.function('01:00.1', above=port, group=5, multifunction=True, acs=ACS_ON)
        one = group(folder, 5)
        assert reasons(one) == [('bridge-without-acs', '00:1c.0', ['01:00.0', '01:00.1'])], one
        assert one['reasons'][0]['acs_missing'] == 'all' and 'has no ACS' in one['reasons'][0]['detail'], one
        explained(folder, 'Group 5', '0000:00:1c.0 (root port) has no ACS', '01:00.0, 01:00.1')


def test_groups_port_with_acs_off():
    with tempfile.TemporaryDirectory() as folder:
        tree = bare(folder)
        port = tree.function('00:1c.0', kind='root', secondary=1, group=5, acs=(0x5f, 0x01))
        tree.function('01:00.0', above=port, group=5)
        one = group(folder, 5)
        assert reasons(one) == [('bridge-without-acs', '00:1c.0', ['01:00.0'])], one
        assert one['reasons'][0]['acs_missing'] == '0x1c', one
        explained(folder, 'request redirect, completion redirect, upstream forwarding')


def test_groups_functions_without_acs():
    with tempfile.TemporaryDirectory() as folder:
        tree = bare(folder)
        port = tree.function('00:1c.0', kind='root', secondary=1, group=4, acs=ACS_ON)
        for function in (0, 1, 2):
            tree.function(f'01:00.{function}', above=port, group=5, multifunction=True)
        one = group(folder, 5)
        assert reasons(one) == [('functions-without-acs', '01:00.0', ['01:00.0', '01:00.1', '01:00.2'])], one
        explained(folder, 'one of several functions (endpoint) without ACS', '1 group of one device each: fine.')


def test_groups_functions_below_a_port_of_another_group():
    """The port has no ACS, but Linux knows that it isolates: only the functions are named."""
    with tempfile.TemporaryDirectory() as folder:
        tree = bare(folder)
        port = tree.function('00:1c.0', kind='root', secondary=1, group=4)
        for function in (0, 1):
            tree.function(f'01:00.{function}', above=port, group=5, multifunction=True)
        assert reasons(group(folder, 5)) == [('functions-without-acs', '01:00.0', ['01:00.0', '01:00.1'])]


def test_groups_chipset_functions():
    """Conventional functions of one slot on the root bus, as chipsets have them."""
    with tempfile.TemporaryDirectory() as folder:
        tree = bare(folder)
        for function in (0, 3, 4):
            tree.function(f'00:1f.{function}', kind=None, group=9, multifunction=True)
        one = group(folder, 9)
        assert reasons(one) == [('functions-without-acs', '00:1f.0', ['00:1f.0', '00:1f.3', '00:1f.4'])], one


def test_groups_conventional_bridge():
    with tempfile.TemporaryDirectory() as folder:
        tree = bare(folder)
        port = tree.function('00:1c.0', kind='root', secondary=5, subordinate=6, group=7, acs=ACS_ON)
        bridge = tree.function('05:00.0', above=port, kind='to_pci', secondary=6, group=8)
        tree.function('06:00.0', above=bridge, kind=None, group=8)
        tree.function('06:01.0', above=bridge, kind=None, group=8)
        one = group(folder, 8)
        assert reasons(one) == [('conventional-bridge', '05:00.0', ['06:00.0', '06:01.0'])], one
        explained(folder, 'PCI Express to PCI bridge', 'appears to the IOMMU as 06:00.0')


def test_groups_alias():
    with tempfile.TemporaryDirectory() as folder:
        tree = bare(folder)
        port = tree.function('00:1c.0', kind='root', secondary=1, group=4, acs=ACS_ON)
        tree.function('01:00.0', above=port, group=5, vendor=0x1b4b, device=0x9230, multifunction=True, acs=ACS_ON)
        tree.function('01:00.1', above=port, group=5, vendor=0x1b4b, device=0x91a4, multifunction=True, acs=ACS_ON)
        one = group(folder, 5)
        assert reasons(one) == [('alias', '01:00.1', ['01:00.0'])], one
        explained(folder, '1b4b:9230', 'under the address of 01:00.1')


def test_groups_alias_that_ties_nothing():
    """It is the function itself, or one of another group."""
    for quirky, other, elsewhere in (('01:00.1', '01:00.0', '02:00.0'), ('01:00.0', '02:00.0', '01:00.1')):
        with tempfile.TemporaryDirectory() as folder:
            tree = bare(folder)
            tree.function(quirky, group=5, vendor=0x1b4b, device=0x9230, multifunction=True, acs=ACS_ON)
            tree.function(other, group=5, multifunction=True, acs=ACS_ON)
            tree.function(elsewhere, group=6, multifunction=True, acs=ACS_ON)
            assert [kind for kind, _, _ in reasons(group(folder, 5))] == ['unexplained'], group(folder, 5)


def test_groups_port_unreadable():
    with tempfile.TemporaryDirectory() as folder:
        tree = bare(folder)
        port = tree.function('00:1c.0', kind='root', secondary=1, group=5, size=64)
        tree.function('01:00.0', above=port, group=5)
        assert reasons(group(folder, 5)) == [('unreadable', None, ['00:1c.0', '01:00.0'])], group(folder, 5)


def test_groups_unexplained_and_unreadable():
    for size, kind in ((4096, 'unexplained'), (64, 'unreadable')):
        with tempfile.TemporaryDirectory() as folder:
            tree = bare(folder)
            tree.function('03:00.0', group=5, size=size)
            tree.function('04:00.0', group=5, size=size)
            assert reasons(group(folder, 5)) == [(kind, None, ['03:00.0', '04:00.0'])], group(folder, 5)
            explained(folder, 'Tied by')


def test_groups_reserved_memory():
    with tempfile.TemporaryDirectory() as folder:
        tree = bare(folder)
        tree.group(5, 'DMA', (('8d800000', '8fffffff', 'direct'), ('fee00000', 'feefffff', 'msi')))
        tree.function('00:02.0', kind='integrated', group=5)
        explained(folder, 'Group 5', '0x8d800000-0x8fffffff', 'RMRR')


def test_groups_usage():
    with tempfile.TemporaryDirectory() as folder:
        tree = server(folder)
        tree.function('40:00.0')
        refused('in no group', 'groups', '--root', folder, '40:00.0')
        refused('no device 41:00.0', 'groups', '--root', folder, '41:00.0')
        refused('no PCI address', 'groups', '--root', folder, 'x')


# ---- trees that mean harm

def test_hostile_tree():
    """Loops, pipes, endless and huge files, garbage: an answer in bounded time."""
    with tempfile.TemporaryDirectory() as folder:
        tree = server(folder)
        root = tree.root
        (root / 'sys/class/iommu/loop').symlink_to('loop')
        (root / 'sys/class/iommu/dmar9').symlink_to('..')
        tree.write('sys/class/iommu/dmar5/intel-iommu/cap', b'\xff\xfe\x00garbage')
        tree.write('sys/class/iommu/dmar6/intel-iommu/ecap', '9' * 100000)
        (root / 'sys/class/iommu' / ('d' * 200)).mkdir()
        devices = root / 'sys/bus/pci/devices'
        (devices / '0000:20:00.0').symlink_to('0000:20:00.0')
        (devices / 'not-an-address').mkdir()
        (devices / '10000:e1:00.0').mkdir()
        for name, content in (('0000:21:00.0', b''), ('0000:22:00.0', b'\xff' * 4096), ('0000:23:00.0', b'\0' * 4096),
                              ('0000:24:00.0', os.urandom(4096))):
            tree.write(f'sys/bus/pci/devices/{name}/config', content)
        # capability lists that lead back to themselves
        loop = bytearray(config_space(pasid=20))
        loop[0x41], loop[0x61] = 0x40, 0x40
        loop[0x60] = 0x11
        loop[0x103] = 0x10
        tree.write('sys/bus/pci/devices/0000:25:00.0/config', bytes(loop))
        (devices / '0000:26:00.0').mkdir()
        os.mkfifo(devices / '0000:26:00.0/config')
        (devices / '0000:27:00.0').mkdir()
        (devices / '0000:27:00.0/config').symlink_to('/dev/zero')
        with open(devices / '0000:24:00.0/uevent', 'wb') as file:
            file.truncate(1 << 40)
        # bridges that claim each other's buses
        tree.function('30:00.0', kind='root', secondary=0x31, subordinate=0xff)
        tree.function('31:00.0', kind='downstream', secondary=0x30, subordinate=0xff)
        tree.write('sys/kernel/iommu_groups/abc/type', 'x')
        tree.write('sys/kernel/iommu_groups/99999999999999999999/type', 'x')
        tree.write('sys/kernel/iommu_groups/77/reserved_regions', 'nothing\n\n0x1 2\n0x0 0xffffffffffffffff direct\n\xff')
        (root / 'proc/cmdline').unlink()
        os.mkfifo(root / 'proc/cmdline')
        with gzip.open(root / 'proc/config.gz', 'wb') as file:
            file.write(b'A' * 100_000_000)
        start = time.monotonic()
        answer = said('caps', '--root', folder)
        names = {one['device']: one for one in answer['devices']}
        assert set(names) >= {DEVICE, '20:00.0', '21:00.0', '22:00.0', '23:00.0', '24:00.0', '25:00.0', '26:00.0'}, names
        assert any('left out' in note for note in answer['notes']), answer['notes']
        assert names['22:00.0']['kind'] == 'unknown' and names['26:00.0']['pasid_bits'] is None, names
        for command in (('caps',), ('groups', '--explain'), ('caps', '24:00.0', '--why'), ('caps', '31:00.0', '--why')):
            result = run(*command, '--root', folder)
            check(result.returncode == FINE, result)
        json.loads(run('groups', '--root', folder, '--json').stdout)
        assert time.monotonic() - start < 20


def test_garbage_in_every_file():
    """One file at a time is replaced by noise; nothing but an answer may come of it."""
    with tempfile.TemporaryDirectory() as folder:
        tree = server(folder)
        tree.write('sys/devices/virtual/iommu/dmar0/intel-iommu/extra', '')
        files = [path for path in tree.root.rglob('*') if path.is_file() and not path.is_symlink()]
        assert len(files) > 30
        for path in files:
            kept = path.read_bytes()
            for noise in (b'', b'\0' * 8, b'\xff' * 70, os.urandom(5000), kept[:-3], b'-1\n', b'0x\n', b'%s%n' * 50):
                path.write_bytes(noise)
                result = run('caps', '--root', folder, '--json')
                check(result.returncode in (FINE, USAGE), result)
                json.loads(result.stdout)
            result = run('groups', '--root', folder, '--explain')
            check(result.returncode == FINE, result)
            path.write_bytes(kept)


# ---- completion

def test_completion_is_complete():
    """The completion names every subcommand and every long option that --help prints."""
    usage = run('--help').stdout
    commands = re.findall(r'^  (\w+) ', usage, re.M)
    assert len(commands) >= 5, usage
    for command in commands:
        listed = set(re.findall(r'^ {2,6}(?:-., )?(--[a-z][a-z-]*)', run(command, '--help').stdout, re.M))
        words = complete('iommukit', command, '-')
        assert len(words) >= 3 and set(words) == listed, f'{command}: {sorted(listed)}, {sorted(words)}'
    assert sorted(complete('iommukit', '')) == sorted(commands + ['--help', '--version'])
    assert complete('iommukit', 'cap') == ['caps'] and complete('iommukit', 'caps', '--requ') == ['--require']
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / 'dump.elf').write_bytes(b'')
        assert complete('iommukit', 'dmar', folder + '/du') == [folder + '/dump.elf']


def complete(*words):
    """What bash would offer for the last word."""
    script = Path(__file__).resolve().parents[2] / 'tools/iommukit/iommukit.bash-completion'
    program = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _iommukit; printf "%s\\n" "${COMPREPLY[@]}"'
    result = subprocess.run(['bash', '-c', program, str(script), COMMAND, *words[1:]], text=True, timeout=20,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert result.returncode == 0 and result.stderr == '', result
    return [word.strip() for word in result.stdout.splitlines() if word.strip()]


tap.main(globals())
