/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looks into replies: see reply.h. What is not JSON ends the test program. */
#include <config.h>

#include "tests/daemon/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

enum { TEXTS_KEPT = 8 };

static bool find_member(struct json container, const char *name, size_t length, struct json *ret)
{
    struct json_cursor cursor;
    struct json key;
    char text[128];

    if (json_open(container, &cursor) < 0)
        return false;
    if (json_type(container) == JSON_ARRAY) {
        for (long index = strtol(name, NULL, 10); index >= 0; index--)
            if (json_next_element(&cursor, ret) <= 0)
                return false;
        return true;
    }
    while (json_next_member(&cursor, &key, ret) > 0)
        if (json_get_string(key, text, sizeof(text)) == (int)length &&
            strncmp(text, name, length) == 0)
            return true;
    return false;
}

static bool find(const char *reply, const char *path, struct json *ret)
{
    struct json value;

    if (reply[0] == '\0')
        return false; /* closed instead */
    if (json_parse(reply, strlen(reply), &value) < 0) {
        (void)fprintf(stderr, "no reply: %s\n", reply);
        abort();
    }
    while (*path != '\0') {
        size_t length = strcspn(path, ".");

        if (!find_member(value, path, length, &value))
            return false;
        path += length + (path[length] == '.' ? 1 : 0);
    }
    *ret = value;
    return true;
}

bool reply_has(const char *reply, const char *path)
{
    struct json value;

    return find(reply, path, &value);
}

const char *reply_text(const char *reply, const char *path)
{
    static char texts[TEXTS_KEPT][REPLY_TEXT_MAX_BYTES];
    static unsigned next;
    char *text = texts[next++ % TEXTS_KEPT];
    struct json value;

    if (!find(reply, path, &value) || json_get_string(value, text, REPLY_TEXT_MAX_BYTES) < 0)
        text[0] = '\0';
    return text;
}

int64_t reply_int(const char *reply, const char *path)
{
    struct json value;
    int64_t number;

    return find(reply, path, &value) && json_get_int(value, &number) >= 0 ? number : -1;
}

size_t reply_count(const char *reply, const char *path)
{
    struct json value, key, item;
    struct json_cursor cursor;
    size_t count = 0;

    if (!find(reply, path, &value) || json_open(value, &cursor) < 0)
        return 0;
    if (json_type(value) == JSON_ARRAY)
        while (json_next_element(&cursor, &item) > 0)
            count++;
    else
        while (json_next_member(&cursor, &key, &item) > 0)
            count++;
    return count;
}

const char *reply_error(const char *reply)
{
    const char *error = reply_text(reply, "error"), *dot = strrchr(error, '.');

    if (reply[0] == '\0')
        return "closed";
    return dot == NULL ? error : dot + 1;
}
