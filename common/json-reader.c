/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading of JSON text: see json.h. The first half proves a text, the second walks proven text and
 * may therefore trust it. Nothing here recurses: json_parse() has an explicit stack, and the walk
 * skips values by counting brackets.
 *
 * Long because both halves rest on the same decoding of strings, and the second is right only
 * because of what the first refuses.
 */
#include <config.h>

#include <errno.h>
#include <string.h>

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

/* The bytes of a string after decoding, one at a time. The string has been proven: its closing
 * quote ends the walk. */
struct unescape {
    const char *next;
    unsigned char pending[UTF8_SEQUENCE_MAX_BYTES]; /* what an escape stands for, not yet told */
    size_t told;
    size_t count;
};

static bool is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_high_surrogate(uint32_t code)
{
    return code >= 0xD800 && code <= 0xDBFF;
}

static bool is_low_surrogate(uint32_t code)
{
    return code >= 0xDC00 && code <= 0xDFFF;
}

/* The value of one hexadecimal digit, or -1. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The value of four hexadecimal digits, or -1. */
static int hex_quad(const char *text)
{
    int value = 0;

    for (size_t i = 0; i < 4; i++) {
        const int digit = hex_digit(text[i]);

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Decodes the escape that u->next stands on into u->pending. */
static void unescape_sequence(struct unescape *u)
{
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    const char kind = u->next[1];
    const char *letter = memchr(letters, kind, sizeof(letters) - 1);
    uint32_t code = (unsigned char)kind; /* a quote, a slash or a backslash */

    u->next += 2;
    if (letter)
        code = (unsigned char)meanings[letter - letters];
    if (kind == 'u') {
        code = (uint32_t)hex_quad(u->next);
        u->next += 4;
        if (is_high_surrogate(code)) {
            const uint32_t low = (uint32_t)hex_quad(u->next + 2);

            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            u->next += 6;
        }
    }
    u->told = 0;
    u->count = utf8_encode(code, u->pending);
}

/* The next byte (0 to 255), or -1 at the end of the string. */
static int unescape_next(struct unescape *u)
{
    if (u->told == u->count) {
        if (*u->next == '"')
            return -1;
        if (*u->next != '\\')
            return (unsigned char)*u->next++;
        unescape_sequence(u);
    }
    return u->pending[u->told++];
}

/* Orders two proven strings, given by their opening quotes: below, equal to or above 0. */
static int compare_strings(const char *a, const char *b)
{
    struct unescape left = {.next = a + 1}, right = {.next = b + 1};
    int one, other;

    do {
        one = unescape_next(&left);
        other = unescape_next(&right);
    } while (one == other && one >= 0);
    return one - other;
}

static int peek(const struct parser *p)
{
    return p->at < p->length ? (unsigned char)p->text[p->at] : -1;
}

static void skip_space(struct parser *p)
{
    while (is_space(peek(p)))
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
    code = hex_quad(text + 2);
    if (code < 0 || is_low_surrogate((uint32_t)code))
        return -EBADMSG;
    p->at += 6;
    if (!is_high_surrogate((uint32_t)code))
        return 0;

    if (left < 12 || text[6] != '\\' || text[7] != 'u')
        return -EBADMSG;
    code = hex_quad(text + 8);
    if (code < 0 || !is_low_surrogate((uint32_t)code))
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
        const int order = compare_strings(p->text + offset, p->text + level->keys[middle]);

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

enum json_type json_type(struct json value)
{
    switch (value.length > 0 ? value.text[0] : 'n') {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

int json_open(struct json container, struct json_cursor *ret)
{
    const enum json_type type = json_type(container);

    if (type != JSON_ARRAY && type != JSON_OBJECT)
        return -EINVAL;
    *ret = (struct json_cursor){
        .next = container.text + 1,
        .end = container.text + container.length - 1,
    };
    return 0;
}

/* The end of the string whose opening quote is at text. */
static const char *string_end(const char *text, const char *end)
{
    for (text++; text < end && *text != '"'; text++)
        if (*text == '\\')
            text++;
    return text < end ? text + 1 : end;
}

/* The end of the value that begins at text. */
static const char *value_end(const char *text, const char *end)
{
    unsigned depth = 0;

    do {
        if (*text == '"') {
            text = string_end(text, end);
            continue;
        }
        if (*text == '{' || *text == '[')
            depth++;
        else if (*text == '}' || *text == ']')
            depth--;
        text++;
        /* a number or a literal goes on to the next mark; inside of brackets marks mean nothing */
    } while (text < end && (depth > 0 || !memchr(",]} \t\r\n:", *text, 8)));
    return text;
}

/* Takes the value that is next, past white space and the comma or colon before it. */
static int take_value(struct json_cursor *cursor, struct json *ret)
{
    const char *text = cursor->next;

    while (text < cursor->end && (is_space(*text) || *text == ',' || *text == ':'))
        text++;
    if (text == cursor->end) {
        cursor->next = text;
        return 0;
    }
    cursor->next = value_end(text, cursor->end);
    *ret = (struct json){.text = text, .length = (size_t)(cursor->next - text)};
    return 1;
}

int json_next_element(struct json_cursor *cursor, struct json *ret_value)
{
    return take_value(cursor, ret_value);
}

int json_next_member(struct json_cursor *cursor, struct json *ret_key, struct json *ret_value)
{
    struct json key;

    if (take_value(cursor, &key) == 0)
        return 0;
    if (take_value(cursor, ret_value) == 0)
        return 0;
    *ret_key = key;
    return 1;
}

int json_get_string(struct json value, char *buffer, size_t size)
{
    struct unescape u = {.next = NULL};
    size_t length = 0;
    int byte;

    if (json_type(value) != JSON_STRING)
        return -EINVAL;
    u.next = value.text + 1;
    while ((byte = unescape_next(&u)) > 0) {
        /* one byte is kept for the NUL */
        if (length + 1 >= size)
            return -ENOBUFS;
        buffer[length++] = (char)byte;
    }
    if (byte == 0)
        return -EINVAL;
    if (size == 0)
        return -ENOBUFS;
    buffer[length] = '\0';
    return (int)length;
}

bool json_string_equals(struct json value, const char *text)
{
    struct unescape u = {.next = NULL};
    int byte;

    if (json_type(value) != JSON_STRING)
        return false;
    u.next = value.text + 1;
    while ((byte = unescape_next(&u)) > 0)
        if ((unsigned char)*text++ != byte)
            return false;
    return byte < 0 && *text == '\0';
}

int json_get_int(struct json value, int64_t *ret)
{
    const bool negative = value.length > 0 && value.text[0] == '-';
    int64_t number = 0;

    if (json_type(value) != JSON_NUMBER)
        return -EINVAL;
    for (size_t i = 0; i < value.length; i++)
        if (strchr(".eE", value.text[i]))
            return -EINVAL;
    /* towards the number's own sign, since INT64_MIN has no positive counterpart */
    for (size_t i = negative; i < value.length; i++) {
        const int digit = value.text[i] - '0';

        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, negative ? -digit : digit, &number))
            return -ERANGE;
    }
    *ret = number;
    return 0;
}

int json_get_bool(struct json value, bool *ret)
{
    if (json_type(value) != JSON_BOOL)
        return -EINVAL;
    *ret = value.text[0] == 't';
    return 0;
}
