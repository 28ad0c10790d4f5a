/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Typed parameters, both ways: one constant table describes the members of a JSON object and where
 * they live in a C structure; decoding and encoding follow the same table.
 *
 * In the structures a string is a `const char *` (NULL when absent), an unsigned integer an
 * `int64_t` (-1 when absent; the protocol has no negative ones), a boolean a `bool`. Decoded
 * strings and lists live in an arena of the caller.
 */
#ifndef SESSMGR_FIELDS_H
#define SESSMGR_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"

enum { ARENA_ALIGNMENT = _Alignof(max_align_t) };

/* A bump allocator over a caller's memory; nothing is freed one by one. */
struct arena {
    char *base;  /* borrowed, aligned as malloc aligns */
    size_t size; /* bytes */
    size_t used; /* bytes */
};

struct uint_list {
    size_t count;
    const int64_t *items; /* NULL when count is 0 */
};

struct string_list {
    size_t count;
    const char *const *items; /* NULL when absent; one that was decoded and is empty has some */
};

/* A JSON object whose values are strings, in the order of the text. */
struct string_map {
    size_t count;
    const struct string_pair {
        const char *key;
        const char *value;
    } * items; /* NULL when count is 0 */
};

enum field_type {
    FIELD_STRING,      /* const char *; max: bytes without the NUL */
    FIELD_UINT,        /* int64_t, 0..max (max 0: INT64_MAX) */
    FIELD_BOOL,        /* bool; absent is false */
    FIELD_ENUM,        /* int: an index into names; absent is -1 */
    FIELD_UINT_LIST,   /* struct uint_list; max: elements, each 0..FIELD_LIST_UINT_MAX */
    FIELD_STRING_LIST, /* struct string_list; max: elements, each within FIELD_LIST_STRING_MAX_BYTES
                        */
    FIELD_STRING_MAP,  /* struct string_map; max: entries; keys and values within the two limits
                          below */
    FIELD_OBJECT,      /* a structure in place, described by sub */
    FIELD_JSON,        /* struct json: any value, as it is; absent is .text NULL */
};

/* No enumerator: it does not fit an int. */
#define FIELD_LIST_UINT_MAX UINT32_MAX

enum {
    FIELD_LIST_STRING_MAX_BYTES = 4096,
    FIELD_MAP_KEY_MAX_BYTES = 64,
    FIELD_MAP_VALUE_MAX_BYTES = 256,
};

enum field_flags {
    FIELD_OPTIONAL = 1 << 0, /* may be absent or null */
    FIELD_PRINTABLE =
        1 << 1, /* string (or map): no control characters (U+0000..U+001F, U+007F..U+009F) */
    FIELD_ADDED = 1 << 2, /* not in texts of the first version: may be absent when one is read */
};

struct field {
    const char *name;
    enum field_type type;
    unsigned flags;
    size_t offset;                 /* of the member in the structure */
    size_t max;                    /* as the type says */
    const struct field_table *sub; /* FIELD_OBJECT */
    const char *const *names;      /* FIELD_ENUM: ended by NULL */
};

struct field_table {
    const struct field *fields;
    size_t count;       /* 64 at most */
    size_t struct_size; /* bytes of the structure */
    bool tolerant;      /* members that the table does not know are passed over */
};

/* Makes a table of an array of fields. */
#define FIELD_TABLE(fields_, type_)                                                   \
    {                                                                                 \
        .fields = (fields_), .count = ELEMENTS(fields_), .struct_size = sizeof(type_) \
    }

/*
 * Takes size bytes, aligned for any type, or NULL when the arena is full.
 */
void *arena_take(struct arena *arena, size_t size);

/* Copies a string into the arena; NULL when the arena is full. text may be NULL: then NULL. */
const char *arena_copy(struct arena *arena, const char *text);

/*
 * Sets every member of a structure to "absent" (NULL, -1, false, empty), sub-structures included.
 */
void fields_clear(const struct field_table *table, void *structure);

/*
 * Decodes an object into a structure (which is cleared first). Strings and lists are put into the
 * arena. ret_bad: the name of the member that was wrong, missing or unknown (a borrowed name of the
 * table for known ones; for an unknown one its text, in the arena, or "" where it is too long or
 * not printable); may be NULL. Errors: -EINVAL a member has the wrong type or is missing, out of
 * range, too long, has control characters where FIELD_PRINTABLE forbids them, or is unknown in a
 * table that is not tolerant; -ENOBUFS the arena is full. A text of n bytes never needs more than
 * 8 n + 4096 bytes.
 */
int fields_decode(const struct field_table *table, struct json object, struct arena *arena,
                  void *structure, const char **ret_bad);

/*
 * Writes a structure as an object. Absent optional members are left out; an optional list or map
 * that is empty too; absent required ones are a bug of the caller (assert). An optional
 * FIELD_OBJECT is written if any of its members is present.
 */
void fields_encode(const struct field_table *table, const void *structure,
                   struct json_writer *writer);

/*
 * Copies a structure with all that it points to into one freshly allocated block: *ret_block (to be
 * freed with free(), after the last use of the copy) holds what `copy` points to; `copy` is the
 * caller's structure of the same type and may be the same as the source. Error: -ENOMEM.
 */
int fields_copy(const struct field_table *table, const void *structure, void *copy,
                void **ret_block);

/* The same into memory of the caller's, of fields_copy_bytes() and aligned for any member. */
size_t fields_copy_bytes(const struct field_table *table, const void *structure);
void fields_copy_into(const struct field_table *table, const void *structure, void *copy,
                      void *memory, size_t bytes);

#endif
