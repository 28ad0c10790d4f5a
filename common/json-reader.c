/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walks JSON text that json_parse() has proven, and may therefore trust it; see json.h. It skips
 * values by counting brackets and does not recurse.
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "common/json-string.h"
#include "common/json.h"

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

    while (text < cursor->end && (json_is_space(*text) || *text == ',' || *text == ':'))
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
    struct json_string u = {.next = NULL};
    size_t length = 0;
    int byte;

    if (json_type(value) != JSON_STRING)
        return -EINVAL;
    u.next = value.text + 1;
    while ((byte = json_string_next(&u)) > 0) {
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
    struct json_string u = {.next = NULL};
    int byte;

    if (json_type(value) != JSON_STRING)
        return false;
    u.next = value.text + 1;
    while ((byte = json_string_next(&u)) > 0)
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
