/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking into objects of replies by name.
 */
#include "config.h"

#include "libsessmgr/member.h"

#include <string.h>

bool member_find(struct json object, const char *name, struct json *ret)
{
    struct json_cursor cursor;
    struct json key;
    struct json value;

    if (json_type(object) != JSON_OBJECT || json_open(object, &cursor) < 0)
        return false;
    while (json_next_member(&cursor, &key, &value) > 0)
        if (json_string_equals(key, name)) {
            *ret = value;
            return true;
        }
    return false;
}

const char *member_string(struct json object, const char *name, char *buffer, size_t size)
{
    struct json value;

    if (!member_find(object, name, &value) || json_get_string(value, buffer, size) < 0)
        buffer[0] = '\0';
    return buffer;
}

int64_t member_int(struct json object, const char *name)
{
    struct json value;
    int64_t number;

    if (!member_find(object, name, &value) || json_get_int(value, &number) < 0)
        return -1;
    return number;
}

char *member_text(struct json value)
{
    return strndup(value.text, value.length);
}
