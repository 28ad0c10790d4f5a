/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of claims. Two of them are more than a member of a structure: aud, which is a string or
 * an array of them (RFC 7519 section 4.1.3), and bind, whose values are a closed list.
 */
#include <config.h>

#include "jose/jwt-claims.h"

#include <errno.h>
#include <string.h>

#include "common/fields-member.h"
#include "common/macro.h"
#include "common/utf8.h"

enum { BIND_UID = 0 }; /* index into bind_names; -1 is absent */

/* The claims as they are in the text. */
struct payload {
    struct jwt_claims claims; /* without audiences and bind_uid */
    struct json audience;
    int bind;
};

static const char *const bind_names[] = {[BIND_UID] = "uid", NULL};

#define CLAIM(name_, type_, flags_, member_, max_)                          \
    {                                                                       \
        .name = (name_), .type = (type_), .flags = (flags_), .max = (max_), \
        .offset = offsetof(struct payload, member_)                         \
    }
#define TEXT(name_, flags_, member_) \
    CLAIM(name_, FIELD_STRING, (flags_) | FIELD_PRINTABLE, claims.member_, JWT_CLAIM_MAX_BYTES)
#define NUMBER(name_, flags_, member_, max_) CLAIM(name_, FIELD_UINT, flags_, claims.member_, max_)

static const struct field payload_fields[] = {
    TEXT("iss", 0, issuer),
    TEXT("sub", 0, subject),
    CLAIM("aud", FIELD_JSON, 0, audience, 0),
    TEXT("client_id", 0, client_id),
    NUMBER("exp", 0, expires_sec, JWT_SECONDS_MAX),
    NUMBER("iat", 0, issued_sec, JWT_SECONDS_MAX),
    NUMBER("nbf", FIELD_OPTIONAL, not_before_sec, JWT_SECONDS_MAX),
    TEXT("jti", 0, token_id),
    TEXT("sid", FIELD_OPTIONAL, session_id),
    /* the last one is (uid_t)-1, nobody's */
    NUMBER("uid", FIELD_OPTIONAL, uid, UINT32_MAX - 1),
    CLAIM("scope", FIELD_STRING, FIELD_OPTIONAL | FIELD_PRINTABLE, claims.scope,
          JWT_SCOPE_MAX_BYTES),
    NUMBER("fam", FIELD_OPTIONAL, family, JWT_SECONDS_MAX),
    {
        .name = "bind",
        .type = FIELD_ENUM,
        .flags = FIELD_OPTIONAL,
        .offset = offsetof(struct payload, bind),
        .names = bind_names,
    },
};

static const struct field_table payload_table = {
    .fields = payload_fields,
    .count = ELEMENTS(payload_fields),
    .struct_size = sizeof(struct payload),
    .tolerant = true,
};

/* Whether a string is one that is read back. */
static bool is_good_text(const char *text, size_t max)
{
    return strnlen(text, max + 1) <= max && utf8_is_printable(text);
}

/* Whether the strings and numbers of a structure are what the table asks for. */
static bool is_complete(const struct payload *payload)
{
    for (size_t i = 0; i < ELEMENTS(payload_fields); i++) {
        const struct field *field = &payload_fields[i];
        const void *member = const_member_of(payload, field);
        bool present = true, good = true;

        if (field->type == FIELD_STRING) {
            const char *text = *(const char *const *)member;

            present = text;
            good = !text || is_good_text(text, field->max);
        } else if (field->type == FIELD_UINT) {
            const int64_t number = *(const int64_t *)member;

            present = number >= 0;
            good = number <= (int64_t)field->max;
        }
        if (!good || (!present && !(field->flags & FIELD_OPTIONAL)))
            return false;
    }
    return true;
}

/* Writes aud: one of them as a string, since not everybody reads an array. */
static int encode_audience(const struct string_list *audiences, char *buffer, size_t size,
                           struct json *ret)
{
    struct json_writer writer;

    if (audiences->count == 0 || audiences->count > JWT_AUDIENCES_MAX)
        return -EINVAL;
    for (size_t i = 0; i < audiences->count; i++)
        if (!is_good_text(audiences->items[i], JWT_CLAIM_MAX_BYTES))
            return -EINVAL;

    json_writer_init(&writer, buffer, size);
    if (audiences->count > 1)
        json_begin_array(&writer);
    for (size_t i = 0; i < audiences->count; i++)
        json_string(&writer, audiences->items[i]);
    if (audiences->count > 1)
        json_end_array(&writer);
    return json_writer_finish(&writer, ret);
}

int jwt_claims_encode(const struct jwt_claims *claims, char *buffer, size_t size, struct json *ret)
{
    struct payload payload = {.claims = *claims, .bind = claims->bind_uid ? BIND_UID : -1};
    char audience[JWS_DECODED_MAX_BYTES];
    struct json_writer writer;
    int r;

    if (!is_complete(&payload))
        return -EINVAL;
    r = encode_audience(&claims->audiences, audience, sizeof(audience), &payload.audience);
    if (r < 0)
        return r;
    json_writer_init(&writer, buffer, size);
    fields_encode(&payload_table, &payload, &writer);
    return json_writer_finish(&writer, ret);
}

/* Decodes a string into the arena. */
static int take_text(struct json value, struct arena *arena, const char **ret)
{
    char text[JWT_CLAIM_MAX_BYTES + 1];
    const char *copy;

    if (json_get_string(value, text, sizeof(text)) < 0 || !utf8_is_printable(text))
        return -EINVAL;
    copy = arena_copy(arena, text);
    if (!copy)
        return -ENOBUFS;
    *ret = copy;
    return 0;
}

/* Reads aud, a string or an array of strings, of which there has to be one. */
static int decode_audience(struct json value, struct arena *arena, struct string_list *ret)
{
    const bool is_array = json_type(value) == JSON_ARRAY;
    const char **items;
    struct json_cursor cursor;
    struct json element = value;
    size_t count = is_array ? 0 : 1;
    int r;

    if (is_array && json_open(value, &cursor) == 0)
        while (json_next_element(&cursor, &element) > 0)
            count++;
    if (count == 0 || count > JWT_AUDIENCES_MAX)
        return -EINVAL;
    items = arena_take(arena, count * sizeof(*items));
    if (!items)
        return -ENOBUFS;
    if (is_array)
        (void)json_open(value, &cursor); /* as before */
    for (size_t i = 0; i < count; i++) {
        if (is_array)
            (void)json_next_element(&cursor, &element); /* counted above */
        r = take_text(element, arena, &items[i]);
        if (r < 0)
            return r;
    }
    *ret = (struct string_list){.count = count, .items = items};
    return 0;
}

/* Whether a claim that is known is null: optional ones may be left out, but are not null. */
static bool has_null(struct json object)
{
    struct json_cursor cursor;
    struct json key, value;

    /* hardly any token has one, and then there is nothing to walk for */
    if (!memmem(object.text, object.length, "null", 4) || json_open(object, &cursor) < 0)
        return false;
    while (json_next_member(&cursor, &key, &value) > 0) {
        if (json_type(value) != JSON_NULL)
            continue;
        for (size_t i = 0; i < ELEMENTS(payload_fields); i++)
            if (json_string_equals(key, payload_fields[i].name))
                return true;
    }
    return false;
}

int jwt_claims_decode(const char *text, size_t length, struct arena *arena, struct jwt_claims *ret)
{
    struct payload payload;
    struct json object;
    int r;

    if (json_parse(text, length, &object) < 0 || json_type(object) != JSON_OBJECT ||
        has_null(object))
        return -EINVAL;
    r = fields_decode(&payload_table, object, arena, &payload, NULL);
    if (r < 0)
        return r;
    r = decode_audience(payload.audience, arena, &payload.claims.audiences);
    if (r < 0)
        return r;
    payload.claims.bind_uid = payload.bind == BIND_UID;
    *ret = payload.claims;
    return 0;
}
