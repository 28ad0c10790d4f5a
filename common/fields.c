/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Typed parameters by tables: see fields.h. Tables hold each other without cycles, so the recursion
 * into sub-tables goes no deeper than they do, whatever a peer sends.
 *
 * Long because what a type means in each direction (clearing, decoding, encoding, copying) is one
 * switch each, and a new type has to be added to all of them.
 */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/fields.h"
#include "common/utf8.h"

enum { FIELDS_MAX = 64 }; /* in a table: one bit each tells which were met */

static const size_t arena_alignment = _Alignof(max_align_t);

/* What a decoding function needs beside the field and the value. */
struct decoder {
    struct arena *arena;
    const char *bad; /* the member that was wrong */
};

void *arena_take(struct arena *arena, size_t size)
{
    const size_t padding = -arena->used & (arena_alignment - 1);
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

/* Where a field lives. One place turns offsets into pointers. */
static void *member_of(void *structure, const struct field *field)
{
    return (char *)structure + field->offset;
}

static const void *const_member_of(const void *structure, const struct field *field)
{
    return (const char *)structure + field->offset;
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
    *ret = (struct string_list){.count = count, .items = items};
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
        if (!(table->fields[i].flags & FIELD_OPTIONAL) && !(met & UINT64_C(1) << i)) {
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

static bool is_present(const struct field *field, const void *member)
{
    switch (field->type) {
    case FIELD_STRING:
        return *(const char *const *)member;
    case FIELD_UINT:
        return *(const int64_t *)member >= 0;
    case FIELD_BOOL:
        return *(const bool *)member;
    case FIELD_ENUM:
        return *(const int *)member >= 0;
    case FIELD_UINT_LIST:
        return ((const struct uint_list *)member)->count > 0;
    case FIELD_STRING_LIST:
        return ((const struct string_list *)member)->count > 0;
    case FIELD_STRING_MAP:
        return ((const struct string_map *)member)->count > 0;
    case FIELD_OBJECT:
        for (size_t i = 0; i < field->sub->count; i++) {
            const struct field *inner = &field->sub->fields[i];

            if (is_present(inner, const_member_of(member, inner)))
                return true;
        }
        return false;
    case FIELD_JSON:
        return ((const struct json *)member)->text;
    }
    return false;
}

static void encode_uint_list(const struct uint_list *list, struct json_writer *writer)
{
    json_begin_array(writer);
    for (size_t i = 0; i < list->count; i++)
        json_int(writer, list->items[i]);
    json_end_array(writer);
}

static void encode_string_list(const struct string_list *list, struct json_writer *writer)
{
    json_begin_array(writer);
    for (size_t i = 0; i < list->count; i++)
        json_string(writer, list->items[i]);
    json_end_array(writer);
}

static void encode_string_map(const struct string_map *map, struct json_writer *writer)
{
    json_begin_object(writer);
    for (size_t i = 0; i < map->count; i++) {
        json_key(writer, map->items[i].key);
        json_string(writer, map->items[i].value);
    }
    json_end_object(writer);
}

static void encode_member(const struct field *field, const void *member, struct json_writer *writer)
{
    switch (field->type) {
    case FIELD_STRING:
        json_string(writer, *(const char *const *)member);
        break;
    case FIELD_UINT:
        json_int(writer, *(const int64_t *)member);
        break;
    case FIELD_BOOL:
        json_bool(writer, *(const bool *)member);
        break;
    case FIELD_ENUM:
        json_string(writer, field->names[*(const int *)member]);
        break;
    case FIELD_UINT_LIST:
        encode_uint_list(member, writer);
        break;
    case FIELD_STRING_LIST:
        encode_string_list(member, writer);
        break;
    case FIELD_STRING_MAP:
        encode_string_map(member, writer);
        break;
    case FIELD_OBJECT:
        fields_encode(field->sub, member, writer);
        break;
    case FIELD_JSON:
        json_raw(writer, *(const struct json *)member);
        break;
    }
}

/* Whether "absent" is no value of the type: a required member of it has to be there. */
static bool has_absence(enum field_type type)
{
    return type == FIELD_STRING || type == FIELD_UINT || type == FIELD_ENUM || type == FIELD_JSON;
}

void fields_encode(const struct field_table *table, const void *structure,
                   struct json_writer *writer)
{
    json_begin_object(writer);
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        const void *member = const_member_of(structure, field);
        const bool present = is_present(field, member);
        bool lacking;

        if ((field->flags & FIELD_OPTIONAL) && !present)
            continue;
        lacking = !present && has_absence(field->type);
        assert(!lacking);
        (void)lacking; /* without assertions */
        json_key(writer, field->name);
        encode_member(field, member, writer);
    }
    json_end_object(writer);
}

/*
 * Copying takes two passes over the same functions: the first counts the bytes (block->base and
 * target are NULL), the second copies. target may be source: a member is read before it is written.
 */
static void *copy_bytes(struct arena *block, const void *bytes, size_t size, bool aligned)
{
    char *copy;

    if (size == 0)
        return NULL;
    if (aligned)
        block->used += -block->used & (arena_alignment - 1);
    copy = block->base ? block->base + block->used : NULL;
    block->used += size;
    if (copy)
        memcpy(copy, bytes, size);
    return copy;
}

static const char *copy_text(struct arena *block, const char *text)
{
    return text ? copy_bytes(block, text, strlen(text) + 1, false) : NULL;
}

static struct string_list copy_string_list(struct arena *block, struct string_list list)
{
    const char **items = copy_bytes(block, list.items, list.count * sizeof(*items), true);

    for (size_t i = 0; i < list.count; i++) {
        const char *copy = copy_text(block, list.items[i]);

        if (items)
            items[i] = copy;
    }
    return (struct string_list){.count = list.count, .items = items};
}

static struct string_map copy_string_map(struct arena *block, struct string_map map)
{
    struct string_pair *items = copy_bytes(block, map.items, map.count * sizeof(*items), true);

    for (size_t i = 0; i < map.count; i++) {
        const struct string_pair copy = {
            .key = copy_text(block, map.items[i].key),
            .value = copy_text(block, map.items[i].value),
        };

        if (items)
            items[i] = copy;
    }
    return (struct string_map){.count = map.count, .items = items};
}

static void copy_members(struct arena *block, const struct field_table *table, const void *source,
                         void *target);

static void copy_member(struct arena *block, const struct field *field, const void *source,
                        void *target)
{
    union {
        const char *text;
        struct uint_list uints;
        struct string_list strings;
        struct string_map map;
        struct json json;
    } copy;
    size_t size = 0;

    switch (field->type) {
    case FIELD_UINT:
    case FIELD_BOOL:
    case FIELD_ENUM:
        break; /* has come with the structure */
    case FIELD_STRING:
        copy.text = copy_text(block, *(const char *const *)source);
        size = sizeof(copy.text);
        break;
    case FIELD_UINT_LIST:
        copy.uints = *(const struct uint_list *)source;
        copy.uints.items =
            copy_bytes(block, copy.uints.items, copy.uints.count * sizeof(*copy.uints.items), true);
        size = sizeof(copy.uints);
        break;
    case FIELD_STRING_LIST:
        copy.strings = copy_string_list(block, *(const struct string_list *)source);
        size = sizeof(copy.strings);
        break;
    case FIELD_STRING_MAP:
        copy.map = copy_string_map(block, *(const struct string_map *)source);
        size = sizeof(copy.map);
        break;
    case FIELD_JSON:
        copy.json = *(const struct json *)source;
        copy.json.text = copy_bytes(block, copy.json.text, copy.json.length, false);
        size = sizeof(copy.json);
        break;
    case FIELD_OBJECT:
        copy_members(block, field->sub, source, target);
        break;
    }
    if (target && size > 0)
        memcpy(target, &copy, size);
}

static void copy_members(struct arena *block, const struct field_table *table, const void *source,
                         void *target)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];

        copy_member(block, field, const_member_of(source, field),
                    target ? member_of(target, field) : NULL);
    }
}

int fields_copy(const struct field_table *table, const void *structure, void *copy,
                void **ret_block)
{
    struct arena block = {0};
    char *base;

    copy_members(&block, table, structure, NULL);
    /* never 0 bytes, so that NULL always means that there was no memory */
    base = malloc(block.used + 1);
    if (!base)
        return -ENOMEM;

    block = (struct arena){.base = base, .size = block.used};
    if (copy != structure && table->struct_size > 0)
        memcpy(copy, structure, table->struct_size);
    copy_members(&block, table, structure, copy);
    assert(block.used == block.size);
    *ret_block = base;
    return 0;
}
