#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""build.py OUT TARBALL COMPILER... - build the Linux peer, once with each compiler, from the distribution's package.

The kernel's text goes from the package into OUT and nowhere else. Files that compile as a whole are compiled as they
are, between declarations of our own (shim.h); of the others single functions are taken by name. OUT/bench-linux-COMPILER.so is
what the bench loads."""

import re
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
WHOLE = (
    'drivers/iommu/io-pgtable-arm.c', 'drivers/iommu/io-pgtable-arm.h',
    'drivers/iommu/amd/io_pgtable.c', 'drivers/iommu/amd/io_pgtable_v2.c', 'drivers/iommu/amd/amd_iommu.h',
    'drivers/iommu/amd/amd_iommu_types.h', 'drivers/iommu/intel/iommu.h', 'drivers/iommu/intel/pasid.h',
    'drivers/iommu/intel/pasid.c', 'drivers/iommu/iova.c', 'lib/rbtree.c', 'include/linux/rbtree.h',
    'include/linux/rbtree_augmented.h', 'include/linux/rbtree_types.h', 'include/linux/iova.h',
    'include/linux/io-pgtable.h', 'include/linux/iommu.h', 'include/uapi/linux/iommu.h')
IN_PARTS = {
    'drivers/iommu/intel/iommu.c': (
        'agaw_to_level', 'agaw_to_width', 'width_to_agaw', 'level_to_offset_bits', 'pfn_level_offset', 'level_mask',
        'level_size', 'align_to_level', 'lvl_to_nr_pages', 'mm_to_dma_pfn_start', 'page_to_dma_pfn', 'virt_to_dma_pfn',
        'alloc_pgtable_page', 'free_pgtable_page', 'domain_use_first_level', 'domain_pfn_supported',
        'domain_flush_cache', 'pfn_to_dma_pte', 'dma_pfn_level_pte', 'dma_pte_clear_range', 'dma_pte_free_level',
        'dma_pte_free_pagetable', 'dma_pte_list_pagetables', 'dma_pte_clear_level', 'domain_unmap',
        'hardware_largepage_caps', 'switch_to_super_page', '__domain_mapping', 'iommu_flush_write_buffer'),
    'drivers/iommu/intel/dmar.c': (
        'reclaim_free_desc', 'qi_check_fault', 'qi_submit_sync', 'qi_flush_iotlb', 'qi_flush_piotlb',
        'qi_flush_dev_iotlb', 'qi_flush_dev_iotlb_pasid'),
}
DEFINES = {'drivers/iommu/intel/iommu.c': ('DOMAIN_MAX_PFN', '__DOMAIN_MAX_PFN', '__DOMAIN_MAX_ADDR', 'DOMAIN_MAX_ADDR',
                                           'LEVEL_STRIDE', 'LEVEL_MASK', 'MAX_AGAW_WIDTH', 'MAX_AGAW_PFN_WIDTH')}
SOURCES = ('arm.c', 'amd_v1.c', 'amd_v2.c', 'intel.c', 'iova.c', 'module.c')


def extract(tarball, out):
    """The files named above, into out/source."""
    wanted = {name: out / 'source' / name for name in (*WHOLE, *IN_PARTS)}
    if all(path.exists() for path in wanted.values()):
        return
    left = set(wanted)
    with tarfile.open(tarball) as archive:
        for member in archive:
            name = member.name.partition('/')[2]
            if name not in left:
                continue
            wanted[name].parent.mkdir(parents=True, exist_ok=True)
            wanted[name].write_bytes(archive.extractfile(member).read())
            left.remove(name)
            if not left:
                return
    sys.exit(f'{tarball}: not in there: {", ".join(sorted(left))}')


def function(text, name, source):
    """A function's definition: from the line after the blank or closing line before its name to the brace in column 0."""
    for found in re.finditer(rf'^[A-Za-z_][^;{{}}()]*?\b{name}\([^;{{}}]*\)\s*\n\{{\n.*?^\}}\n', text, re.M | re.S):
        return found.group(0)
    sys.exit(f'{source}: no function {name}')


def macro(text, name):
    found = re.search(rf'^#define {name}\b(?:[^\n]*\\\n)*[^\n]*\n', text, re.M)
    return found.group(0) if found else ''


def take_parts(out):
    for source, names in IN_PARTS.items():
        text = (out / 'source' / source).read_text(encoding='utf-8', errors='replace')
        parts = [macro(text, name) for name in DEFINES.get(source, ())]
        bodies = [function(text, name, source) for name in names]
        heads = [body.partition('\n{')[0] + ';\n' for body in bodies]
        (out / 'source' / source).with_suffix('.parts.c').write_text('\n'.join(parts + heads + bodies))


def write_stubs(out):
    """For each header that is not from the package one that includes the shim."""
    for path in (out / 'source').rglob('*.[ch]'):
        text = path.read_text(encoding='utf-8', errors='replace')
        for angle, name in re.findall(r'^#include\s*([<"])([^>"]+)[>"]', text, re.M):
            if angle == '"' or (out / 'source/include' / name).exists():
                continue
            stub = out / 'stubs' / name
            stub.parent.mkdir(parents=True, exist_ok=True)
            stub.write_text('#include "shim.h"\n')


def compile_with(compiler, out):
    name = Path(compiler).name
    flags = ['-O2', '-g', '-std=gnu11', '-w', '-fPIC', '-fvisibility=hidden', '-ftls-model=initial-exec',
             '-fno-strict-aliasing', '-fno-strict-overflow', '-fwrapv', '-D_GNU_SOURCE']
    paths = [out / 'source/include', out / 'stubs', out / 'source', HERE, HERE.parent.parent]
    includes = [f'-I{path}' for path in paths]
    objects = []
    for source in SOURCES:
        target = out / f'{Path(source).stem}-{name}.o'
        subprocess.run([compiler, *flags, *includes, '-include', 'shim.h', '-c', HERE / source, '-o', target], check=True)
        objects.append(target)
    subprocess.run([compiler, '-shared', '-Wl,-Bsymbolic', '-Wl,-z,defs', *objects, '-o', out / f'bench-linux-{name}.so'],
                   check=True)


def main():
    if len(sys.argv) < 4:
        sys.exit('usage: build.py OUT TARBALL COMPILER...')
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    extract(sys.argv[2], out)
    take_parts(out)
    write_stubs(out)
    for compiler in sys.argv[3:]:
        compile_with(compiler, out)


main()
