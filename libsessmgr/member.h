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

#include "common/fields.h"

/* Finds a member; false when there is none, or object is no object. */
bool member_find(struct json object, const char *name, struct json *ret);

/* A member's string into buffer[0..size); a member that is absent, no string, or longer yields "".
 * Returns buffer. */
const char *member_string(struct json object, const char *name, char *buffer, size_t size);

/* A member's integer; -1 when it is absent or no integer. */
int64_t member_int(struct json object, const char *name);

/* Calls visit for each element of a member that is an array; anything but 0 from it ends the walk
 * and is returned. Error: -EPROTO there is no such member, or it is no array. */
int member_each(struct json object, const char *name,
                int (*visit)(struct json item, void *userdata), void *userdata);

/* The same for the session IDs in the member "sessions". visit: NULL: nobody wants to know. Error:
 * -EPROTO also for what can be no ID. */
int member_each_id(struct json object, int (*visit)(const char *session_id, void *userdata),
                   void *userdata);

/* Copies a value's text into a fresh C string, to be freed with free(), or NULL: no memory. */
char *member_text(struct json value);

/*
 * Decodes an object by a table, which is tolerant. *ret_memory holds what the structure points to:
 * freshly allocated and the caller's, to be released with memory_done(). On an error both outputs
 * are of no use and nothing is to be released. Errors: -EPROTO the object does not fit the table;
 * -ENOMEM.
 */
int member_decode(const struct field_table *table, struct json object, void *ret_structure,
                  struct arena *ret_memory);

/* Overwrites and frees what member_decode() has allocated; scope attribute of a zeroed arena. */
void memory_done(struct arena *memory);

/* Whether a text is a whole session ID: 32 lower-case hexadecimal digits. NULL is none. */
bool is_session_id(const char *text);

#endif
