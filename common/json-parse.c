/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Proves that a text is JSON within the limits: json_parse() of json.h. It does not recurse but has
 * a stack of its own.
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "common/json-string.h"
#include "common/json.h"
#include "common/utf8.h"

/* Offsets of keys are kept in 16 bits. */
_Static_assert(JSON_TEXT_MAX_BYTES <= UINT16_MAX + 1, "an offset fits");

struct parser {
    const char *text;
    size_t length;
    size_t at;
    unsigned depth; /* levels in use */
    struct level {
        bool is_object;
        unsigned members;
        uint16_t keys[JSON_MEMBERS_MAX]; /* offsets of the opening quotes, by the keys' order */
    } levels[JSON_DEPTH_MAX];
};

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int peek(const struct parser *p)
{
    return p->at < p->length ? (unsigned char)p->text[p->at] : -1;
}

static void skip_space(struct parser *p)
{
    while (json_is_space(peek(p)))
        p->at++;
}

/* Passes an escape; p->at is on its backslash. */
static int parse_escape(struct parser *p)
{
    const char *text = p->text + p->at;
    const size_t left = p->length - p->at;
    int code;

    if (left < 2)
        return -EBADMSG;
    if (text[1] != 'u') {
        if (!memchr("\"\\/bfnrt", text[1], 8))
            return -EBADMSG;
        p->at += 2;
        return 0;
    }
    if (left < 6)
        return -EBADMSG;
    code = json_string_quad(text + 2);
    if (code < 0 || json_is_low_surrogate((uint32_t)code))
        return -EBADMSG;
    p->at += 6;
    if (!json_is_high_surrogate((uint32_t)code))
        return 0;

    if (left < 12 || text[6] != '\\' || text[7] != 'u')
        return -EBADMSG;
    code = json_string_quad(text + 8);
    if (code < 0 || !json_is_low_surrogate((uint32_t)code))
        return -EBADMSG;
    p->at += 6;
    return 0;
}

/* Passes a string; p->at is on its opening quote. */
static int parse_string(struct parser *p)
{
    p->at++;
    for (;;) {
        const int c = peek(p);

        if (c == '"') {
            p->at++;
            return 0;
        }
        if (c == '\\') {
            const int r = parse_escape(p);
            if (r < 0)
                return r;
        } else {
            const size_t bytes =
                c < 0x20 ? 0 : utf8_sequence_bytes(p->text + p->at, p->length - p->at);

            if (bytes == 0)
                return -EBADMSG;
            p->at += bytes;
        }
    }
}

/* Passes one digit or more. */
static int parse_digits(struct parser *p)
{
    if (!is_digit(peek(p)))
        return -EBADMSG;
    while (is_digit(peek(p)))
        p->at++;
    return 0;
}

static int parse_number(struct parser *p)
{
    int r = 0;

    if (peek(p) == '-')
        p->at++;
    if (peek(p) == '0')
        p->at++; /* a digit behind it is found by whoever looks for what follows a value */
    else
        r = parse_digits(p);
    if (r >= 0 && peek(p) == '.') {
        p->at++;
        r = parse_digits(p);
    }
    if (r >= 0 && (peek(p) == 'e' || peek(p) == 'E')) {
        p->at++;
        if (peek(p) == '+' || peek(p) == '-')
            p->at++;
        r = parse_digits(p);
    }
    return r;
}

static int parse_literal(struct parser *p, const char *literal)
{
    const size_t length = strlen(literal);

    if (p->length - p->at < length || memcmp(p->text + p->at, literal, length) != 0)
        return -EBADMSG;
    p->at += length;
    return 0;
}

/* Adds the key at an offset to a level's. Keys are kept in order, so that even the longest of them
 * cost a hostile text no more than a few comparisons each. */
static int add_key(const struct parser *p, struct level *level, size_t offset)
{
    unsigned low = 0, high = level->members;

    while (low < high) {
        const unsigned middle = (low + high) / 2;
        const int order = json_string_compare(p->text + offset, p->text + level->keys[middle]);

        if (order == 0)
            return -EBADMSG;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    memmove(level->keys + low + 1, level->keys + low,
            (level->members - low) * sizeof(*level->keys));
    level->keys[low] = (uint16_t)offset;
    level->members++;
    return 0;
}

/* Passes a member's key and the colon, and remembers the key. */
static int parse_key(struct parser *p)
{
    struct level *level = &p->levels[p->depth - 1];
    const size_t start = p->at;
    int r;

    if (peek(p) != '"')
        return -EBADMSG;
    if (level->members == JSON_MEMBERS_MAX)
        return -E2BIG;
    r = parse_string(p);
    if (r < 0)
        return r;
    r = add_key(p, level, start);
    if (r < 0)
        return r;

    skip_space(p);
    if (peek(p) != ':')
        return -EBADMSG;
    p->at++;
    return 0;
}

/* Enters an array or object. Returns 1 when a value must follow, 0 when it is empty and passed. */
static int parse_open(struct parser *p)
{
    const bool is_object = peek(p) == '{';
    struct level *level;

    if (p->depth == JSON_DEPTH_MAX)
        return -E2BIG;
    level = &p->levels[p->depth++];
    level->is_object = is_object;
    level->members = 0;
    p->at++;

    skip_space(p);
    if (peek(p) == (is_object ? '}' : ']')) {
        p->at++;
        p->depth--;
        return 0;
    }
    if (is_object) {
        const int r = parse_key(p);
        if (r < 0)
            return r;
    }
    return 1;
}

/* Passes a simple value, or enters an array or object: then 1 as parse_open(). */
static int parse_value(struct parser *p)
{
    skip_space(p);
    switch (peek(p)) {
    case '{':
    case '[':
        return parse_open(p);
    case '"':
        return parse_string(p);
    case 't':
        return parse_literal(p, "true");
    case 'f':
        return parse_literal(p, "false");
    case 'n':
        return parse_literal(p, "null");
    default:
        return parse_number(p);
    }
}

/* Behind a value: leaves what is closed there. Returns 1 when another value must follow, 0 when the
 * outermost value is complete. */
static int parse_after_value(struct parser *p)
{
    while (p->depth > 0) {
        const struct level *level = &p->levels[p->depth - 1];
        const int closing = level->is_object ? '}' : ']';
        int c;

        skip_space(p);
        c = peek(p);
        if (c != ',' && c != closing)
            return -EBADMSG;
        p->at++;
        if (c == closing) {
            p->depth--;
            continue;
        }
        skip_space(p);
        if (level->is_object) {
            const int r = parse_key(p);
            if (r < 0)
                return r;
        }
        return 1;
    }
    return 0;
}

int json_parse(const char *text, size_t length, struct json *ret)
{
    struct parser p;
    size_t start;
    int r;

    if (length > JSON_TEXT_MAX_BYTES)
        return -E2BIG;
    /* member by member: the key tables are large and need no clearing */
    p.text = text;
    p.length = length;
    p.at = 0;
    p.depth = 0;
    skip_space(&p);
    start = p.at;
    do {
        r = parse_value(&p);
        if (r == 0)
            r = parse_after_value(&p);
        if (r < 0)
            return r;
    } while (r > 0);

    length = p.at - start;
    skip_space(&p);
    if (p.at != p.length)
        return -EBADMSG;
    *ret = (struct json){.text = text + start, .length = length};
    return 0;
}
