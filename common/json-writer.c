/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing of JSON text: see json.h. What comes out is always something that json_parse() takes, as
 * long as the caller nests rightly and gives no key twice.
 */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"

static void fail(struct json_writer *writer, int error)
{
    if (writer->error == 0)
        writer->error = error;
}

static void put(struct json_writer *writer, const char *text, size_t length)
{
    size_t limit;

    if (writer->error < 0)
        return;
    /* one byte is kept for the NUL */
    limit = writer->size > 0 ? writer->size - 1 : 0;
    if (limit > JSON_TEXT_MAX_BYTES)
        limit = JSON_TEXT_MAX_BYTES;
    if (length > limit - writer->length) {
        fail(writer, -ENOBUFS);
        return;
    }
    memcpy(writer->buffer + writer->length, text, length);
    writer->length += length;
}

/* The comma before a value or a key, where one is due. */
static void separate(struct json_writer *writer)
{
    if (writer->comma)
        put(writer, ",", 1);
    writer->comma = false;
}

static void put_value(struct json_writer *writer, const char *text, size_t length)
{
    separate(writer);
    put(writer, text, length);
    writer->comma = true;
}

static void begin(struct json_writer *writer, const char *bracket)
{
    separate(writer);
    if (++writer->depth > JSON_DEPTH_MAX)
        fail(writer, -E2BIG);
    put(writer, bracket, 1);
}

static void end(struct json_writer *writer, const char *bracket)
{
    assert(writer->depth > 0);
    writer->depth--;
    put(writer, bracket, 1);
    writer->comma = true;
}

void json_writer_init(struct json_writer *writer, char *buffer, size_t size)
{
    *writer = (struct json_writer){.buffer = buffer, .size = size};
}

void json_begin_object(struct json_writer *writer)
{
    begin(writer, "{");
}

void json_end_object(struct json_writer *writer)
{
    end(writer, "}");
}

void json_begin_array(struct json_writer *writer)
{
    begin(writer, "[");
}

void json_end_array(struct json_writer *writer)
{
    end(writer, "]");
}

static void put_escape(struct json_writer *writer, char c)
{
    static const char meanings[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *meaning = memchr(meanings, c, sizeof(meanings) - 1);
    char escape[sizeof("\\u0000")];

    if (meaning)
        (void)snprintf(escape, sizeof(escape), "\\%c", letters[meaning - meanings]); /* fits */
    else
        (void)snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)(unsigned char)c); /* fits */
    put(writer, escape, strlen(escape));
}

/* How many ASCII characters at the beginning stand for themselves: in general all there are. */
static size_t plain_bytes(const char *text)
{
    size_t bytes = 0;

    while ((unsigned char)text[bytes] >= 0x20 && (unsigned char)text[bytes] < 0x80 &&
           text[bytes] != '"' && text[bytes] != '\\')
        bytes++;
    return bytes;
}

/* Puts the first characters of a text that is not empty. Returns the bytes that they are. */
static size_t put_characters(struct json_writer *writer, const char *text)
{
    size_t bytes = plain_bytes(text);

    if (bytes > 0) {
        put(writer, text, bytes);
        return bytes;
    }
    bytes = utf8_sequence_bytes(text, strnlen(text, UTF8_SEQUENCE_MAX_BYTES));
    if (bytes == 0)
        fail(writer, -EILSEQ);
    else if (bytes == 1)
        put_escape(writer, *text);
    else
        put(writer, text, bytes);
    return bytes;
}

static void put_string(struct json_writer *writer, const char *text)
{
    separate(writer);
    put(writer, "\"", 1);
    while (*text != '\0' && writer->error == 0)
        text += put_characters(writer, text);
    put(writer, "\"", 1);
}

void json_key(struct json_writer *writer, const char *key)
{
    put_string(writer, key);
    put(writer, ":", 1);
    writer->comma = false;
}

void json_string(struct json_writer *writer, const char *text)
{
    put_string(writer, text);
    writer->comma = true;
}

void json_int(struct json_writer *writer, int64_t value)
{
    char digits[sizeof("-9223372036854775808")];

    (void)snprintf(digits, sizeof(digits), "%" PRId64, value); /* fits */
    put_value(writer, digits, strlen(digits));
}

void json_bool(struct json_writer *writer, bool value)
{
    put_value(writer, value ? "true" : "false", value ? 4 : 5);
}

void json_null(struct json_writer *writer)
{
    put_value(writer, "null", 4);
}

/* How deep a well-formed text nests. */
static unsigned depth_of(struct json value)
{
    unsigned depth = 0, deepest = 0;
    bool in_string = false;

    for (size_t i = 0; i < value.length; i++) {
        const char c = value.text[i];

        if (c == '"')
            in_string = !in_string;
        else if (in_string)
            i += c == '\\'; /* what is escaped is passed over too */
        else if (c == '{' || c == '[')
            deepest = ++depth > deepest ? depth : deepest;
        else if (c == '}' || c == ']')
            depth--;
    }
    return deepest;
}

void json_raw(struct json_writer *writer, struct json value)
{
    assert(value.length > 0);
    if (writer->depth + depth_of(value) > JSON_DEPTH_MAX)
        fail(writer, -E2BIG);
    put_value(writer, value.text, value.length);
}

int json_writer_finish(struct json_writer *writer, struct json *ret)
{
    assert(writer->depth == 0);
    if (writer->error < 0)
        return writer->error;
    assert(writer->length > 0);
    writer->buffer[writer->length] = '\0';
    *ret = (struct json){.text = writer->buffer, .length = writer->length};
    return 0;
}
