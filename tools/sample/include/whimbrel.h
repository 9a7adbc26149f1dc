/*
 * A sample of the C API.
 *
 * Two lines of introduction, which stand at the top of the header.
 *
 * Written by `make header` from src/capi. Edit the comments there.
 */
#ifndef WHIMBREL_H
#define WHIMBREL_H

#include <stddef.h>
#include <stdint.h>

/** The version of this header; whimbrel_version() tells the library's. */
#define WHIMBREL_VERSION_MAJOR 0
#define WHIMBREL_VERSION_MINOR 1
#define WHIMBREL_VERSION_PATCH 0
#define WHIMBREL_VERSION_STRING "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* -------------------------------------------------------------------------------------------------------- */
/* Status codes: what every function answers.                                                               */
/* -------------------------------------------------------------------------------------------------------- */

/** It worked. */
#define WHIMBREL_OK 0
/** An argument is NULL or makes no sense. */
#define WHIMBREL_ERR_ARGUMENT (-1)
/** A deadline that never comes. */
#define WHIMBREL_NEVER UINT64_MAX
/** May be read. */
#define WHIMBREL_READ 1
/** No number: a constant that the crate has under another name. */
#define WHIMBREL_NONE 65535

/* -------------------------------------------------------------------------------------------------------- */
/* Objects: constant tables that the application names.                                                     */
/* -------------------------------------------------------------------------------------------------------- */

/** A request being answered. Opaque; valid until the handler returns. */
typedef struct whimbrel_call_t whimbrel_call_t;

/** A format, chosen by naming it. */
typedef struct whimbrel_format_t {
    uint16_t id;
    int32_t (*write)(uint8_t *buffer, size_t size, int32_t value);
} whimbrel_format_t;

/**
 * Answers a Read.
 *
 * @param context  As given to whimbrel_object_add().
 * @return WHIMBREL_OK or a negative status.
 */
typedef int32_t (*whimbrel_read_t)(void *context, whimbrel_call_t *call, uint16_t instance);

/** A path of up to four numbers. */
typedef struct whimbrel_path_t {
    uint16_t ids[4];
    uint8_t length;
} whimbrel_path_t;

/** One resource of an object. */
typedef struct whimbrel_resource_t {
    /** Resource ID. */
    uint16_t id;
    /** WHIMBREL_READ and so on, or-ed. */
    uint8_t operations;
    /** A variable, or NULL. */
    void *value;
    /** A handler, or NULL. */
    whimbrel_read_t read;
    /** A handler whose type has no name of its own. */
    int32_t (*execute)(void *context, const char *arguments);
} whimbrel_resource_t;

/** An object. */
typedef struct whimbrel_object_t {
    /** sizeof(whimbrel_object_t). */
    uint32_t size;
    uint16_t id;
    uint16_t resource_count;
    const whimbrel_resource_t *resources;
} whimbrel_object_t;

/** A list, which names itself. */
typedef struct whimbrel_list_t {
    struct whimbrel_list_t *next;
    const whimbrel_object_t *object;
} whimbrel_list_t;

/** Plain text. */
extern const whimbrel_format_t whimbrel_format_text;

/* -------------------------------------------------------------------------------------------------------- */
/* The client.                                                                                              */
/* -------------------------------------------------------------------------------------------------------- */

/** A client. Opaque, in memory of the caller. */
typedef struct whimbrel_client_t whimbrel_client_t;

/** Run-time limits. */
typedef struct whimbrel_limits_t {
    /** sizeof(whimbrel_limits_t). */
    uint32_t size;
    /** Servers at once. */
    uint16_t servers;
} whimbrel_limits_t;

/** Bytes that whimbrel_client_init() needs for these limits; 0 if limits is NULL. */
size_t whimbrel_client_size(const whimbrel_limits_t *limits);

/**
 * Adds an object.
 *
 * @param client   May not be NULL.
 * @param object   Kept; must outlive the client.
 * @param context  Passed on to the handlers.
 */
int32_t whimbrel_object_add(whimbrel_client_t *client, const whimbrel_object_t *object, void *context);

/** Whether two paths are the same: 1 or 0. */
int32_t whimbrel_path_equal(whimbrel_path_t left, whimbrel_path_t right);

/** Handles one datagram: the sample's packet entry. Returns the length of the answer. */
int32_t whimbrel_packet(const whimbrel_format_t *format,
                        const uint8_t *datagram,
                        size_t length,
                        uint8_t *answer,
                        size_t size);

#ifdef __cplusplus
}
#endif

#endif /* WHIMBREL_H */
