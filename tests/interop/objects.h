/* The objects of the interop client that the Leshan suite drives: 3, 3303, 26241 and 26242 (see README.md). */
#ifndef INTEROP_OBJECTS_H
#define INTEROP_OBJECTS_H

#include <whimbrel.h>

/* Adds all objects with their first instances; a negative status if that fails. */
int32_t objects_add(whimbrel_client_t *client);

/* Changes a resource as the device would and reports it. 0, or -1 for what it cannot set. */
int objects_set(whimbrel_client_t *client, whimbrel_path_t path, const char *value);

/* Whether the device's clock goes on by a second each time that it is looked at: no two blocks of /3/0 show one time. */
void objects_hurry(int on);

/* Answers what was deferred and is due. */
void objects_poll(whimbrel_client_t *client, uint64_t (*now)(void));

/* When objects_poll() has something to do; a whimbrel_client_poll() may change it. */
uint64_t objects_due(void);

/* Object 26241 (values.c). */
int32_t values_add(whimbrel_client_t *client);

#endif
