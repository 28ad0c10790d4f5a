/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of keys, read and written. Which keys are taken of what others publish is decided here.
 */
#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/fields.h"
#include "common/macro.h"
#include "jose/base64url.h"
#include "jose/jwk.h"

/* What is looked at of a key of any kind. */
struct candidate {
    const char *kty;
    const char *crv;
    const char *x;
    const char *kid;
    const char *use;
    const char *alg;
    struct json key_ops;
};

#define TEXT(name_, flags_, max_)                                               \
    {                                                                           \
        .name = #name_, .type = FIELD_STRING, .flags = (flags_), .max = (max_), \
        .offset = offsetof(struct candidate, name_)                             \
    }

/* Longer values than these are none that is wanted. */
static const struct field candidate_fields[] = {
    TEXT(kty, 0, 16),
    TEXT(crv, 0, 16),
    TEXT(x, 0, BASE64URL_LENGTH(JWK_PUBLIC_BYTES)),
    TEXT(kid, FIELD_PRINTABLE, JWK_KID_MAX_BYTES),
    TEXT(use, FIELD_OPTIONAL, 16),
    TEXT(alg, FIELD_OPTIONAL, 16),
    {
        .name = "key_ops",
        .type = FIELD_JSON,
        .flags = FIELD_OPTIONAL,
        .offset = offsetof(struct candidate, key_ops),
    },
};

static const struct field_table candidate_table = {
    .fields = candidate_fields,
    .count = ELEMENTS(candidate_fields),
    .struct_size = sizeof(struct candidate),
    .tolerant = true,
};

/* Whether the operations of a key (RFC 7517 section 4.3) let it check signatures. */
static bool may_verify(struct json key_ops)
{
    struct json_cursor cursor;
    struct json operation;

    if (!key_ops.text)
        return true;
    if (json_type(key_ops) != JSON_ARRAY || json_open(key_ops, &cursor) < 0)
        return false;
    while (json_next_element(&cursor, &operation) > 0)
        if (json_string_equals(operation, "verify"))
            return true;
    return false;
}

/* Reads one key of a set. Returns whether it is one to take. */
static bool take_key(struct json object, struct jwk *ret)
{
    _Alignas(ARENA_ALIGNMENT) char memory[512]; /* more than the strings of all fields */
    struct arena arena = {.base = memory, .size = sizeof(memory)};
    struct candidate key;

    if (fields_decode(&candidate_table, object, &arena, &key, NULL) < 0)
        return false;
    if (strcmp(key.kty, "OKP") != 0 || strcmp(key.crv, "Ed25519") != 0 || key.kid[0] == '\0')
        return false;
    if ((key.use && strcmp(key.use, "sig") != 0) || (key.alg && strcmp(key.alg, "EdDSA") != 0) ||
        !may_verify(key.key_ops))
        return false;
    if (base64url_decode(key.x, strlen(key.x), ret->public_key, sizeof(ret->public_key)) !=
        JWK_PUBLIC_BYTES)
        return false;
    memcpy(ret->kid, key.kid, strlen(key.kid) + 1); /* fits: the table limits it */
    return true;
}

/* Adds the keys of an array. */
static int take_keys(struct json array, struct jwk_set *set)
{
    struct json_cursor cursor;
    struct json object;
    int r;

    r = json_open(array, &cursor);
    if (r < 0)
        return -EBADMSG;
    while (json_next_element(&cursor, &object) > 0) {
        struct jwk key;

        if (json_type(object) != JSON_OBJECT)
            return -EBADMSG;
        if (!take_key(object, &key))
            continue;
        if (jwk_set_find(set, key.kid))
            return -EBADMSG;
        if (set->count == JWK_SET_MAX)
            return -E2BIG;
        set->keys[set->count++] = key;
    }
    return 0;
}

int jwk_set_decode(const char *text, size_t length, struct jwk_set *ret_set)
{
    static const struct field field = {.name = "keys", .type = FIELD_JSON};
    static const struct field_table table = {
        .fields = &field, .count = 1, .struct_size = sizeof(struct json), .tolerant = true};
    struct arena arena = {.base = NULL}; /* a value as it is takes nothing of it */
    struct jwk_set set = {.count = 0};
    struct json root, array;
    int r;

    r = json_parse(text, length, &root);
    if (r < 0)
        return r;
    if (fields_decode(&table, root, &arena, &array, NULL) < 0 || json_type(array) != JSON_ARRAY)
        return -EBADMSG;
    r = take_keys(array, &set);
    if (r < 0)
        return r;
    *ret_set = set;
    return 0;
}

const struct jwk *jwk_set_find(const struct jwk_set *set, const char *kid)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->keys[i].kid, kid) == 0)
            return &set->keys[i];
    return NULL;
}

void jwk_set_encode(const struct jwk_set *set, struct json_writer *writer)
{
    json_begin_object(writer);
    json_key(writer, "keys");
    json_begin_array(writer);
    for (size_t i = 0; i < set->count; i++)
        jwk_encode(&set->keys[i], writer);
    json_end_array(writer);
    json_end_object(writer);
}
