/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the form of a signing key in the store; see signing-key-record.h.
 */
#include <config.h>

#include "daemon/signing-key-record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/seal.h"
#include "jose/base64url.h"

/* A key in the store: the seed while it signs, the public key after that. Both base64url. */
struct key_record {
    const char *seed;
    const char *public_key;
    int64_t created_usec;
    int64_t retire_usec;
};

#define AT(member) .offset = offsetof(struct key_record, member)
static const struct field record_fields[] = {
    {"seed", FIELD_STRING, FIELD_OPTIONAL, AT(seed), .max = BASE64URL_LENGTH(JWK_SEED_BYTES)},
    {"public", FIELD_STRING, FIELD_OPTIONAL, AT(public_key),
     .max = BASE64URL_LENGTH(JWK_PUBLIC_BYTES)},
    {"createdUsec", FIELD_UINT, 0, AT(created_usec)},
    {"retireUsec", FIELD_UINT, FIELD_OPTIONAL, AT(retire_usec)},
};
#undef AT

static const struct field_table key_record_fields = {
    .fields = record_fields,
    .count = ELEMENTS(record_fields),
    .struct_size = sizeof(struct key_record),
    .tolerant = true,
};

int signing_key_encode(const struct signing_key *key, const struct jwk *jwk, char *buffer,
                       size_t size)
{
    char text[BASE64URL_LENGTH(JWK_SEED_BYTES) + 1];
    struct key_record record = {.created_usec = key->created_usec, .retire_usec = key->retire_usec};
    struct json_writer writer;
    struct json json;
    int r;

    /* the seed is the first half of the secret */
    (void)base64url_encode(key->secret != NULL ? key->secret : jwk->public_key, JWK_SEED_BYTES,
                           text, sizeof(text)); /* it fits */
    if (key->secret != NULL)
        record.seed = text;
    else
        record.public_key = text;
    json_writer_init(&writer, buffer, size);
    fields_encode(&key_record_fields, &record, &writer);
    r = json_writer_finish(&writer, &json);
    seal_wipe(text, sizeof(text));
    return r < 0 ? r : (int)json.length;
}

void signing_key_name(const struct jwk *jwk, char ret[static SIGNING_KEY_NAME_BYTES])
{
    (void)snprintf(ret, SIGNING_KEY_NAME_BYTES, KEY_PREFIX "%.*s", JWK_THUMBPRINT_LENGTH,
                   jwk->kid); /* a thumbprint always fits */
}

int signing_key_pair(struct signing_key *key, const unsigned char *seed, struct jwk *jwk)
{
    key->secret = seal_secret_new(JWK_SECRET_BYTES);
    if (key->secret == NULL)
        return -ENOMEM;
    jwk_pair_from_seed(seed, jwk->public_key, key->secret);
    jwk_thumbprint(jwk->public_key, jwk->kid);
    return 0;
}

bool signing_keys_is_record(const char *key)
{
    return strncmp(key, KEY_PREFIX, strlen(KEY_PREFIX)) == 0;
}

int signing_key_decode(const void *value, size_t value_bytes, struct arena *arena,
                       struct signing_key *key, struct jwk *jwk)
{
    struct key_record record;
    struct json text;
    int r;

    r = json_parse(value, value_bytes, &text);
    if (r >= 0)
        r = fields_decode(&key_record_fields, text, arena, &record, NULL);
    if (r < 0)
        return r;
    key->created_usec = record.created_usec;
    key->retire_usec = record.retire_usec;
    if (record.seed != NULL) {
        unsigned char seed[JWK_SEED_BYTES];

        r = base64url_decode(record.seed, strlen(record.seed), seed, sizeof(seed));
        r = r == JWK_SEED_BYTES ? signing_key_pair(key, seed, jwk) : -EINVAL;
        seal_wipe(seed, sizeof(seed));
        return r;
    }
    if (record.public_key == NULL || record.retire_usec < 0 ||
        base64url_decode(record.public_key, strlen(record.public_key), jwk->public_key,
                         JWK_PUBLIC_BYTES) != JWK_PUBLIC_BYTES)
        return -EINVAL;
    jwk_thumbprint(jwk->public_key, jwk->kid);
    return 0;
}
