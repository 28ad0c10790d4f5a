/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A signing key as the store keeps it: a JSON object with the seed while it signs, and with the
 * public key alone after that. The store seals it.
 */
#ifndef SESSMGR_SIGNING_KEY_RECORD_H
#define SESSMGR_SIGNING_KEY_RECORD_H

#include "common/fields.h"
#include "daemon/signing-key.h"

#define KEY_PREFIX "key/"

enum {
    SIGNING_KEY_NAME_BYTES = sizeof(KEY_PREFIX) + JWK_THUMBPRINT_LENGTH, /* with the NUL */
    SIGNING_KEY_RECORD_MAX_BYTES = 512,                                  /* longer than any */
};

/* Writes the store's key of a signing key. */
void signing_key_name(const struct jwk *jwk, char ret[static SIGNING_KEY_NAME_BYTES]);

/* Makes the pair and the ID of a seed, JWK_SEED_BYTES. Error: -ENOMEM. */
int signing_key_pair(struct signing_key *key, const unsigned char *seed, struct jwk *jwk);

/* Encodes a key into buffer[0..size), which holds a secret then. Returns the length in bytes, or
 * json_writer_finish()'s errors. */
int signing_key_encode(const struct signing_key *key, const struct jwk *jwk, char *buffer,
                       size_t size);

/* Decodes a record; the arena holds a secret then. Errors: json_parse()'s and fields_decode()'s;
 * -EINVAL it is no key; -ENOMEM. */
int signing_key_decode(const void *value, size_t value_bytes, struct arena *arena,
                       struct signing_key *key, struct jwk *jwk);

#endif
