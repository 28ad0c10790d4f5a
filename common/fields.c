/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clearing and decoding of structures by tables: see fields.h. Tables hold each other without
 * cycles, so the recursion into sub-tables goes no deeper than they do, whatever a peer sends.
 */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/fields-member.h"
#include "common/fields.h"
#include "common/utf8.h"

enum { FIELDS_MAX = 64 }; /* in a table: one bit each tells which were met */

/* What a decoding function needs beside the field and the value. */
struct decoder {
    struct arena *arena;
    const char *bad; /* the member that was wrong */
};

void *arena_take(struct arena *arena, size_t size)
{
    const size_t padding = -arena->used & (ARENA_ALIGNMENT - 1);
    void *taken;

    if (padding > arena->size - arena->used || size > arena->size - arena->used - padding)
        return NULL;
    taken = arena->base + arena->used + padding;
    arena->used += padding + size;
    return taken;
}

/* Text needs no alignment: padding it would break the promise of fields_decode() about sizes. */
static char *take_bytes(struct arena *arena, size_t size)
{
    char *taken = arena->base + arena->used;

    if (size > arena->size - arena->used)
        return NULL;
    arena->used += size;
    return taken;
}

const char *arena_copy(struct arena *arena, const char *text)
{
    const size_t size = text ? strlen(text) + 1 : 0;
    char *copy;

    if (!text)
        return NULL;
    copy = take_bytes(arena, size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

static void clear_member(const struct field *field, void *member)
{
    switch (field->type) {
    case FIELD_STRING:
        *(const char **)member = NULL;
        break;
    case FIELD_UINT:
        *(int64_t *)member = -1;
        break;
    case FIELD_BOOL:
        *(bool *)member = false;
        break;
    case FIELD_ENUM:
        *(int *)member = -1;
        break;
    case FIELD_UINT_LIST:
        *(struct uint_list *)member = (struct uint_list){0};
        break;
    case FIELD_STRING_LIST:
        *(struct string_list *)member = (struct string_list){0};
        break;
    case FIELD_STRING_MAP:
        *(struct string_map *)member = (struct string_map){0};
        break;
    case FIELD_OBJECT:
        fields_clear(field->sub, member);
        break;
    case FIELD_JSON:
        *(struct json *)member = (struct json){0};
        break;
    }
}

void fields_clear(const struct field_table *table, void *structure)
{
    for (size_t i = 0; i < table->count; i++)
        clear_member(&table->fields[i], member_of(structure, &table->fields[i]));
}

/* Decodes a string straight into the arena's free part. */
static int decode_text(struct decoder *decoder, struct json value, size_t max_bytes, unsigned flags,
                       const char **ret)
{
    struct arena *arena = decoder->arena;
    const size_t left = arena->size - arena->used;
    char *text = arena->base + arena->used;
    int r;

    r = json_get_string(value, text, left < max_bytes + 1 ? left : max_bytes + 1);
    if (r == -ENOBUFS && left > max_bytes)
        return -EINVAL; /* not the arena's end but the field's bound was met */
    if (r < 0)
        return r;
    if ((flags & FIELD_PRINTABLE) && !utf8_is_printable(text))
        return -EINVAL;
    arena->used += (size_t)r + 1;
    *ret = text;
    return 0;
}

static int decode_uint(struct json value, size_t max, int64_t *ret)
{
    int64_t number;
    int r;

    r = json_get_int(value, &number);
    if (r < 0 || number < 0 || (max > 0 && (uint64_t)number > max))
        return -EINVAL;
    *ret = number;
    return 0;
}

static int decode_enum(const struct field *field, struct json value, int *ret)
{
    for (int i = 0; field->names[i]; i++)
        if (json_string_equals(value, field->names[i])) {
            *ret = i;
            return 0;
        }
    return -EINVAL;
}

/* Opens a list or map (type: an array or an object) of at most max elements and takes room for
 * them: *ret_items is NULL where there are none. */
static int decode_items(struct decoder *decoder, struct json value, enum json_type type, size_t max,
                        size_t item_size, struct json_cursor *ret_cursor, size_t *ret_count,
                        void **ret_items)
{
    struct json_cursor cursor;
    struct json element, key;
    size_t count = 0;
    void *items = NULL;

    if (json_type(value) != type || json_open(value, &cursor) < 0)
        return -EINVAL;
    *ret_cursor = cursor;
    while ((type == JSON_OBJECT ? json_next_member(&cursor, &key, &element)
                                : json_next_element(&cursor, &element)) > 0)
        if (++count > max)
            return -EINVAL;
    if (count > 0) {
        items = arena_take(decoder->arena, count * item_size);
        if (!items)
            return -ENOBUFS;
    }
    *ret_count = count;
    *ret_items = items;
    return 0;
}

static int decode_uint_list(struct decoder *decoder, const struct field *field, struct json value,
                            struct uint_list *ret)
{
    struct json_cursor cursor;
    struct json element;
    int64_t *items;
    size_t count;
    void *room;
    int r;

    r = decode_items(decoder, value, JSON_ARRAY, field->max, sizeof(*items), &cursor, &count,
                     &room);
    if (r < 0)
        return r;
    items = room;
    for (size_t i = 0; i < count && json_next_element(&cursor, &element) > 0; i++) {
        r = decode_uint(element, FIELD_LIST_UINT_MAX, &items[i]);
        if (r < 0)
            return r;
    }
    *ret = (struct uint_list){.count = count, .items = items};
    return 0;
}

static int decode_string_list(struct decoder *decoder, const struct field *field, struct json value,
                              struct string_list *ret)
{
    struct json_cursor cursor;
    struct json element;
    static const char *const none[] = {NULL};
    const char **items;
    size_t count;
    void *room;
    int r;

    r = decode_items(decoder, value, JSON_ARRAY, field->max, sizeof(*items), &cursor, &count,
                     &room);
    if (r < 0)
        return r;
    items = room;
    for (size_t i = 0; i < count && json_next_element(&cursor, &element) > 0; i++) {
        r = decode_text(decoder, element, FIELD_LIST_STRING_MAX_BYTES, field->flags, &items[i]);
        if (r < 0)
            return r;
    }
    *ret = (struct string_list){.count = count, .items = count > 0 ? items : none};
    return 0;
}

static int decode_string_map(struct decoder *decoder, const struct field *field, struct json value,
                             struct string_map *ret)
{
    struct json_cursor cursor;
    struct json key, element;
    struct string_pair *items;
    size_t count;
    void *room;
    int r;

    r = decode_items(decoder, value, JSON_OBJECT, field->max, sizeof(*items), &cursor, &count,
                     &room);
    if (r < 0)
        return r;
    items = room;
    for (size_t i = 0; i < count && json_next_member(&cursor, &key, &element) > 0; i++) {
        r = decode_text(decoder, key, FIELD_MAP_KEY_MAX_BYTES, field->flags, &items[i].key);
        if (r < 0)
            return r;
        r = decode_text(decoder, element, FIELD_MAP_VALUE_MAX_BYTES, field->flags, &items[i].value);
        if (r < 0)
            return r;
    }
    *ret = (struct string_map){.count = count, .items = items};
    return 0;
}

static int decode_table(struct decoder *decoder, const struct field_table *table,
                        struct json object, void *structure);

static int decode_member(struct decoder *decoder, const struct field *field, struct json value,
                         void *member)
{
    switch (field->type) {
    case FIELD_STRING:
        return decode_text(decoder, value, field->max, field->flags, member);
    case FIELD_UINT:
        return decode_uint(value, field->max, member);
    case FIELD_BOOL:
        return json_get_bool(value, member);
    case FIELD_ENUM:
        return decode_enum(field, value, member);
    case FIELD_UINT_LIST:
        return decode_uint_list(decoder, field, value, member);
    case FIELD_STRING_LIST:
        return decode_string_list(decoder, field, value, member);
    case FIELD_STRING_MAP:
        return decode_string_map(decoder, field, value, member);
    case FIELD_OBJECT:
        return decode_table(decoder, field->sub, value, member);
    case FIELD_JSON:
        *(struct json *)member = value;
        return 0;
    }
    return -EINVAL;
}

/* The name of a member that no table knows, where it can be shown. */
static const char *unknown_name(struct arena *arena, struct json key)
{
    char name[FIELD_MAP_KEY_MAX_BYTES + 1];
    const char *copy = NULL;

    if (json_get_string(key, name, sizeof(name)) >= 0 && utf8_is_printable(name))
        copy = arena_copy(arena, name);
    return copy ? copy : "";
}

static int decode_table(struct decoder *decoder, const struct field_table *table,
                        struct json object, void *structure)
{
    struct json_cursor cursor;
    struct json key, value;
    uint64_t met = 0;
    int r;

    assert(table->count <= FIELDS_MAX);
    if (json_type(object) != JSON_OBJECT || json_open(object, &cursor) < 0)
        return -EINVAL;
    while (json_next_member(&cursor, &key, &value) > 0) {
        const struct field *field;
        size_t i = 0;

        while (i < table->count && !json_string_equals(key, table->fields[i].name))
            i++;
        if (i == table->count) {
            if (table->tolerant)
                continue;
            decoder->bad = unknown_name(decoder->arena, key);
            return -EINVAL;
        }
        field = &table->fields[i];
        if ((field->flags & FIELD_OPTIONAL) && json_type(value) == JSON_NULL)
            continue;
        r = decode_member(decoder, field, value, member_of(structure, field));
        if (r < 0) {
            if (!decoder->bad)
                decoder->bad = field->name;
            return r;
        }
        met |= UINT64_C(1) << i;
    }
    for (size_t i = 0; i < table->count; i++)
        if (!(table->fields[i].flags & (FIELD_OPTIONAL | FIELD_ADDED)) &&
            !(met & UINT64_C(1) << i)) {
            decoder->bad = table->fields[i].name;
            return -EINVAL;
        }
    return 0;
}

int fields_decode(const struct field_table *table, struct json object, struct arena *arena,
                  void *structure, const char **ret_bad)
{
    struct decoder decoder = {.arena = arena};
    int r;

    fields_clear(table, structure);
    r = decode_table(&decoder, table, object, structure);
    if (r < 0) {
        /* nothing half-decoded is left to be taken for something */
        fields_clear(table, structure);
        if (ret_bad)
            *ret_bad = decoder.bad ? decoder.bad : "";
    }
    return r;
}
