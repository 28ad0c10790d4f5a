/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON text (RFC 8259), read and written without allocation and without recursion.
 *
 * Reading is in two steps. json_parse() proves once that a text is one well-formed value within the
 * limits below; after that the cursor functions walk it and cannot meet malformed text. Values are
 * slices of the caller's text, which must stay as it is for as long as they are used. Mapping of
 * members to C structures is in fields.h; nothing here knows about messages.
 */
#ifndef SESSMGR_JSON_H
#define SESSMGR_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    JSON_TEXT_MAX_BYTES = 65536, /* longest text that is read or written */
    JSON_DEPTH_MAX = 32,         /* arrays and objects inside each other */
    JSON_MEMBERS_MAX = 128,      /* members of one object: bounds the search for duplicate keys */
};

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* One value: a slice of a text that json_parse() has accepted, without surrounding white space. */
struct json {
    const char *text; /* borrowed, not NUL-terminated */
    size_t length;    /* bytes */
};

/* A walk through the elements of an array or the members of an object. */
struct json_cursor {
    const char *next;
    const char *end;
};

/*
 * Checks that text[0..length) is exactly one JSON value (RFC 8259, strict: UTF-8 without surrogates
 * and overlong forms, no lone \u surrogates, no duplicate keys (compared after decoding escapes),
 * no trailing bytes but white space) within the limits above, and yields it. Errors: -EBADMSG
 * malformed, not UTF-8, or a duplicate key; -E2BIG longer than JSON_TEXT_MAX_BYTES, deeper than
 * JSON_DEPTH_MAX or an object with more than JSON_MEMBERS_MAX members. Never blocks.
 */
int json_parse(const char *text, size_t length, struct json *ret);

/* The type of a value. */
enum json_type json_type(struct json value);

/* Starts a walk. The value must be an array or an object; else -EINVAL. */
int json_open(struct json container, struct json_cursor *ret);

/* The next element of an array: 1 and *ret_value, or 0 at the end. */
int json_next_element(struct json_cursor *cursor, struct json *ret_value);

/* The next member of an object: 1, *ret_key (a string value) and *ret_value, or 0 at the end. */
int json_next_member(struct json_cursor *cursor, struct json *ret_key, struct json *ret_value);

/*
 * Decodes a string's escapes into buffer[0..size), with a terminating NUL. Returns the length
 * without it. Errors: -EINVAL not a string, or it contains U+0000; -ENOBUFS longer than size - 1
 * bytes. value.length bytes always do.
 */
int json_get_string(struct json value, char *buffer, size_t size);

/* Whether a string value equals a C string after decoding. False for anything but a string. */
bool json_string_equals(struct json value, const char *text);

/* An integer. Errors: -EINVAL not a number, or with a fraction or an exponent; -ERANGE not in
 * int64_t. "-0" is 0. */
int json_get_int(struct json value, int64_t *ret);

/* A boolean. Error: -EINVAL not one. */
int json_get_bool(struct json value, bool *ret);

/*
 * A writer of one JSON value into a caller's buffer. Commas are its business; nesting is the
 * caller's. Errors are kept and told once, by json_writer_finish(), so calls can follow each other
 * without checks.
 */
struct json_writer {
    char *buffer;   /* borrowed */
    size_t size;    /* bytes */
    size_t length;  /* bytes written so far */
    int error;      /* 0, or the first error met, negative */
    unsigned depth; /* open arrays and objects */
    bool comma;     /* the next value needs a comma before it */
};

/* Begins to write into buffer[0..size). */
void json_writer_init(struct json_writer *writer, char *buffer, size_t size);

void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);

/* A member's key, to be followed by its value. key: a C string of UTF-8. */
void json_key(struct json_writer *writer, const char *key);

/* A string; text: a C string of UTF-8 (else the error -EILSEQ is kept), escaped as RFC 8259 section
 * 7 asks, and no more. */
void json_string(struct json_writer *writer, const char *text);
void json_int(struct json_writer *writer, int64_t value);
void json_bool(struct json_writer *writer, bool value);
void json_null(struct json_writer *writer);

/* A value that json_parse() has accepted or a writer has made, as it is. */
void json_raw(struct json_writer *writer, struct json value);

/*
 * Ends writing and yields the value. The text is NUL-terminated too. Errors: -ENOBUFS the buffer
 * (one byte is kept for the NUL) or JSON_TEXT_MAX_BYTES was too small; -EILSEQ a string was not
 * UTF-8; -E2BIG deeper than JSON_DEPTH_MAX.
 */
int json_writer_finish(struct json_writer *writer, struct json *ret);

#endif
