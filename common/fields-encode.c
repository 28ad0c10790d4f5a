/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Encoding and copying of structures by tables: see fields.h.
 */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/fields-member.h"
#include "common/fields.h"

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
        block->used += -block->used & (ARENA_ALIGNMENT - 1);
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

size_t fields_copy_bytes(const struct field_table *table, const void *structure)
{
    struct arena block = {0};

    copy_members(&block, table, structure, NULL);
    return block.used;
}

void fields_copy_into(const struct field_table *table, const void *structure, void *copy,
                      void *memory, size_t bytes)
{
    struct arena block = {.base = memory, .size = bytes};

    if (copy != structure && table->struct_size > 0)
        memcpy(copy, structure, table->struct_size);
    copy_members(&block, table, structure, copy);
    assert(block.used == block.size);
}

int fields_copy(const struct field_table *table, const void *structure, void *copy,
                void **ret_block)
{
    size_t bytes = fields_copy_bytes(table, structure);
    /* never 0 bytes, so that NULL always means that there was no memory */
    void *block = malloc(bytes + 1);

    if (!block)
        return -ENOMEM;
    fields_copy_into(table, structure, copy, block, bytes);
    *ret_block = block;
    return 0;
}
