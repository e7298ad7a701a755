/* SPDX-License-Identifier: MIT */
/* op.c - calls in words. */
#include "tests/random/op.h"

#include <stdio.h>

#include "iommukit/iommu.h"

static void print_route(char *text, size_t bytes, uint32_t min, uint32_t max)
{
    if (min == IOMMU_NO_PASID && max == IOMMU_NO_PASID)
        snprintf(text, bytes, "iommu_route_rid()");
    else if (min == max)
        snprintf(text, bytes, "iommu_route_pasid(%#x)", min);
    else
        snprintf(text, bytes, "iommu_route_auto(%#x, %#x)", min, max);
}

static void print_pasid(char *text, size_t bytes, uint32_t pasid)
{
    if (pasid == IOMMU_NO_PASID)
        snprintf(text, bytes, "IOMMU_NO_PASID");
    else
        snprintf(text, bytes, "%#x", pasid);
}

/* How a route's attachment is found. */
static void print_attachment(char *text, size_t bytes, const struct op *op)
{
    char pasid[24];

    print_pasid(pasid, sizeof pasid, op->min);
    snprintf(text, bytes, "attachment(device[%u], %s)", op->device, pasid);
}

static void print_device(const struct op *op, char *text, size_t bytes)
{
    char at[80], route[80];

    print_attachment(at, sizeof at, op);
    print_route(route, sizeof route, op->min, op->max);
    switch ((enum op_kind)op->kind) {
    case OP_DEVICE_ADD:
        snprintf(text, bytes,
                 "iommu_device_add(iommu, &(...){.rid = rig_rid(%u), .dma_bits = %u}, &device[%u])",
                 op->device, op->bits, op->device);
        break;
    case OP_DEVICE_REMOVE:
        snprintf(text, bytes, "iommu_device_remove(device[%u])", op->device);
        break;
    case OP_ATTACH:
        snprintf(text, bytes, "iommu_attach(domain[%u], device[%u], %s, NULL, &attachment)",
                 op->domain, op->device, route);
        break;
    case OP_REPLACE:
        snprintf(text, bytes, "iommu_replace(%s, domain[%u])", at, op->domain);
        break;
    case OP_DETACH:
        snprintf(text, bytes, "iommu_detach(%s)", at);
        break;
    case OP_ENABLE:
        snprintf(text, bytes,
                 op->flag ? "iommu_enable_aux_domain(device[%u])"
                          : "iommu_dev_enable_feature(device[%u], IOMMU_DEV_FEAT_AUX)",
                 op->device);
        break;
    case OP_DISABLE:
        snprintf(text, bytes,
                 op->flag ? "iommu_disable_aux_domain(device[%u])"
                          : "iommu_dev_disable_feature(device[%u], IOMMU_DEV_FEAT_AUX)",
                 op->device);
        break;
    case OP_CLAIM:
    case OP_UNCLAIM:
        snprintf(text, bytes, "iommu_device_%s(device[%u], owner[%u])",
                 op->kind == OP_CLAIM ? "claim" : "unclaim", op->device, op->flag);
        break;
    case OP_DMA:
        print_pasid(at, sizeof at, op->min);
        snprintf(text, bytes, "rig_%s(rig, %u, %s, %#llx, ...)", op->flag ? "write" : "read",
                 op->device, at, (unsigned long long)op->iova);
        break;
    default:
        break;
    }
}

static void print_pair(const struct op *op, char *text, size_t bytes)
{
    static const char *const call[OP_COUNT] = {[OP_AUX_ATTACH] = "aux_attach_device",
                                               [OP_AUX_DETACH] = "aux_detach_device",
                                               [OP_AUX_IDS] = "aux_get_pasid",
                                               [OP_ATTACH_DEVICE] = "attach_device",
                                               [OP_DETACH_DEVICE] = "detach_device"};

    snprintf(text, bytes, "iommu_%s(domain[%u], device[%u])", call[op->kind], op->domain,
             op->device);
}

static void print_domain(const struct op *op, char *text, size_t bytes)
{
    static const char *const stage[] = {"AUTO", "FIRST", "SECOND"};
    unsigned long long iova = op->iova, pa = op->pa, len = op->len;
    char device[24] = "NULL";

    switch ((enum op_kind)op->kind) {
    case OP_DOMAIN_ALLOC:
        if (op->device != OP_ANY)
            snprintf(device, sizeof device, "device[%u]", op->device);
        snprintf(
            text, bytes,
            "iommu_domain_alloc(iommu, &(...){.type = %s, .stage = IOMMU_STAGE_%s, .device = %s, "
            ".iova_bits = %u}, &domain[%u])",
            op->flag ? "IOMMU_DOMAIN_IDENTITY" : "IOMMU_DOMAIN_UNMANAGED", stage[op->stage % 3],
            device, op->bits, op->domain);
        break;
    case OP_DOMAIN_FREE:
        snprintf(text, bytes, "iommu_domain_free(domain[%u])", op->domain);
        break;
    case OP_MAP:
        snprintf(text, bytes, "iommu_map(domain[%u], %#llx, %#llx, %#llx, %#x)", op->domain, iova,
                 pa, len, op->prot);
        break;
    case OP_UNMAP:
        snprintf(text, bytes, "iommu_unmap(domain[%u], %#llx, %#llx, NULL)", op->domain, iova, len);
        break;
    case OP_UNMAP_LATE:
        snprintf(text, bytes, "iommu_unmap(domain[%u], %#llx, %#llx, &gather[%u])", op->domain,
                 iova, len, op->gather);
        break;
    case OP_SYNC:
        snprintf(text, bytes, "iommu_sync(domain[%u], &gather[%u])", op->domain, op->gather);
        break;
    case OP_TO_PHYS:
        snprintf(text, bytes, "iommu_iova_to_phys(domain[%u], %#llx, &pa)", op->domain, iova);
        break;
    default:
        snprintf(text, bytes,
                 op->kind == OP_EVENTS ? "iommu_handle_events(iommu)"
                 : op->kind == OP_STOP ? "iommu_stop(iommu)"
                                       : "iommu_start(iommu)");
        break;
    }
}

void op_print(const struct op *op, char *text, size_t bytes)
{
    size_t used = 0;

    if (op->fail != 0)
        used = (size_t)snprintf(text, bytes, "iommu_strict_fail_nth(strict, %u), ", op->fail);
    switch ((enum op_kind)op->kind) {
    case OP_AUX_ATTACH:
    case OP_AUX_DETACH:
    case OP_AUX_IDS:
    case OP_ATTACH_DEVICE:
    case OP_DETACH_DEVICE:
        print_pair(op, text + used, bytes - used);
        break;
    case OP_DOMAIN_ALLOC:
    case OP_DOMAIN_FREE:
    case OP_MAP:
    case OP_UNMAP:
    case OP_UNMAP_LATE:
    case OP_SYNC:
    case OP_TO_PHYS:
    case OP_EVENTS:
    case OP_STOP:
    case OP_START:
        print_domain(op, text + used, bytes - used);
        break;
    default:
        print_device(op, text + used, bytes - used);
        break;
    }
}
