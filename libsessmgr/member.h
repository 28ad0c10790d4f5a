/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Members of a reply's object, by name. Replies are read this way, and not by a strict table, so
 * that a newer daemon may say more than this library knows.
 */
#ifndef SESSMGR_MEMBER_H
#define SESSMGR_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"

/* Finds a member; false when there is none, or object is no object. */
bool member_find(struct json object, const char *name, struct json *ret);

/* A member's string into buffer[0..size); a member that is absent, no string, or longer yields "".
 * Returns buffer. */
const char *member_string(struct json object, const char *name, char *buffer, size_t size);

/* A member's integer; -1 when it is absent or no integer. */
int64_t member_int(struct json object, const char *name);

/* Copies a value's text into a fresh C string, to be freed with free(), or NULL: no memory. */
char *member_text(struct json value);

#endif
