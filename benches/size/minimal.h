/*
 * What the minimal profile can hold, and the memory that this takes on Cortex-M4. benches/harness/exchange.c checks
 * there that it suffices; minimal.c counts it.
 */
#ifndef WHIMBREL_BENCH_MINIMAL_H
#define WHIMBREL_BENCH_MINIMAL_H

#include "../../include/whimbrel.h"

#define MINIMAL_BYTES 2728

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

#endif
