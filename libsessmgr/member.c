/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking into objects of replies by name.
 */
#include "config.h"

#include "libsessmgr/member.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "common/protocol.h"

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

int member_each(struct json object, const char *name,
                int (*visit)(struct json item, void *userdata), void *userdata)
{
    struct json_cursor cursor;
    struct json list;
    struct json item;
    int r = 0;

    if (!member_find(object, name, &list) || json_type(list) != JSON_ARRAY ||
        json_open(list, &cursor) < 0)
        return -EPROTO;
    while (r == 0 && json_next_element(&cursor, &item) > 0)
        r = visit(item, userdata);
    return r;
}

struct id_visitor {
    int (*visit)(const char *session_id, void *userdata);
    void *userdata;
};

static int visit_id(struct json item, void *userdata)
{
    const struct id_visitor *visitor = userdata;
    char id[SESSION_ID_BYTES + 1];

    if (json_get_string(item, id, sizeof(id)) < 0)
        return -EPROTO;
    return visitor->visit ? visitor->visit(id, visitor->userdata) : 0;
}

int member_each_id(struct json object, int (*visit)(const char *session_id, void *userdata),
                   void *userdata)
{
    return member_each(object, "sessions", visit_id,
                       &(struct id_visitor){.visit = visit, .userdata = userdata});
}

char *member_text(struct json value)
{
    return strndup(value.text, value.length);
}

int member_decode(const struct field_table *table, struct json object, void *ret_structure,
                  struct arena *ret_memory)
{
    CLEANUP(memory_done) struct arena memory = {0};

    /* as much as fields_decode() can ever need */
    memory.size = 8 * object.length + 4096;
    memory.base = malloc(memory.size);
    if (!memory.base)
        return -ENOMEM;
    if (fields_decode(table, object, &memory, ret_structure, NULL) < 0)
        return -EPROTO;
    *ret_memory = memory;
    memory.base = NULL;
    return 0;
}

void memory_done(struct arena *memory)
{
    if (!memory->base)
        return;
    explicit_bzero(memory->base, memory->used);
    free(memory->base);
}

bool is_session_id(const char *text)
{
    return text && strlen(text) == SESSION_ID_BYTES &&
           strspn(text, "0123456789abcdef") == SESSION_ID_BYTES;
}
