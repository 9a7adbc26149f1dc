/*
 * What the profiles can hold, and the memory that this takes on Cortex-M4. benches/harness/exchange.c checks there that it
 * suffices; the profiles count it.
 */
#ifndef WHIMBREL_BENCH_LIMITS_H
#define WHIMBREL_BENCH_LIMITS_H

#include "../../include/whimbrel.h"

#define MINIMAL_BYTES   2384
#define PRODUCT_BYTES   4440
#define BOOTSTRAP_BYTES 6224
#define SMS_BYTES       5832
#define SMS_MODEM_BYTES 2448
#define UICC_BYTES      7576

static const whimbrel_limits_t minimal_limits = {
    .size = sizeof minimal_limits,
    .servers = 1,
    .objects = 1,
    .instances = 1,
    .observations = 2,
    .attributes = 2,
    .recent = 2,
    .deferred = 1,
    .changes = 2,
    .datagram = 320,
    .credentials = 48,
    .undo = 64,
};

static const whimbrel_limits_t product_limits = {
    .size = sizeof product_limits,
    .servers = 1,
    .objects = 3,
    .instances = 4,
    .datagram = 640,
    .mtu = 720,
};

static const whimbrel_limits_t bootstrap_limits = {
    .size = sizeof bootstrap_limits,
    .servers = 2,
    .objects = 3,
    .instances = 4,
    .datagram = 640,
    .mtu = 720,
    .bootstrap = 512,
};

static const whimbrel_limits_t uicc_limits = {
    .size = sizeof uicc_limits,
    .servers = 2,
    .objects = 3,
    .instances = 4,
    .datagram = 640,
    .mtu = 720,
    .bootstrap = 512,
    .uicc = 400,
};

static const whimbrel_limits_t sms_limits = {
    .size = sizeof sms_limits,
    .servers = 1,
    .objects = 1,
    .instances = 1,
    .datagram = 512,
    .bootstrap = 128,
    .sms = 1,
};

#endif
