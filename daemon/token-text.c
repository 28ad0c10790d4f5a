/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the spelling of opaque tokens; see token-text.h.
 */
#include <config.h>

#include "daemon/token-text.h"

#include <assert.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/seal.h"
#include "jose/base64url.h"

enum { PREFIX_BYTES = 4, BODY_BYTES = TOKEN_TEXT_BYTES - TOKEN_CHECKSUM_BYTES };
_Static_assert(BODY_BYTES == PREFIX_BYTES + BASE64URL_LENGTH(TOKEN_SECRET_BYTES), "a token's size");

static const struct {
    enum token_form form;
    char prefix[PREFIX_BYTES + 1];
} prefixes[] = {{TOKEN_FORM_ACCESS, "sms_"}, {TOKEN_FORM_REFRESH, "smr_"}};

/* The first characters of the base64url of a hash of all that stands before. */
static void make_checksum(const char *text, char ret[static TOKEN_CHECKSUM_BYTES])
{
    unsigned char hash[SEAL_CHECKSUM_BYTES];
    char encoded[BASE64URL_LENGTH(SEAL_CHECKSUM_BYTES) + 1];
    struct seal_hash state;

    seal_hash_start(&state, NULL, sizeof(hash));
    seal_hash_add(&state, text, BODY_BYTES);
    seal_hash_end(&state, hash, sizeof(hash));
    (void)base64url_encode(hash, sizeof(hash), encoded, sizeof(encoded)); /* it fits */
    memcpy(ret, encoded, TOKEN_CHECKSUM_BYTES);
}

void token_text_make(enum token_form form, const unsigned char secret[static TOKEN_SECRET_BYTES],
                     char ret[static TOKEN_TEXT_BYTES + 1])
{
    size_t i = 0;

    while (prefixes[i].form != form) {
        i++;
        assert(i < ELEMENTS(prefixes));
    }
    memcpy(ret, prefixes[i].prefix, PREFIX_BYTES);
    (void)base64url_encode(secret, TOKEN_SECRET_BYTES, ret + PREFIX_BYTES,
                           TOKEN_TEXT_BYTES + 1 - PREFIX_BYTES); /* it fits */
    make_checksum(ret, ret + BODY_BYTES);
    ret[TOKEN_TEXT_BYTES] = '\0';
}

enum token_form token_text_form(const char *text)
{
    unsigned char secret[TOKEN_SECRET_BYTES];
    char checksum[TOKEN_CHECKSUM_BYTES];
    size_t i = 0;
    int r;

    while (i < ELEMENTS(prefixes) && strncmp(text, prefixes[i].prefix, PREFIX_BYTES) != 0)
        i++;
    if (i == ELEMENTS(prefixes))
        return strchr(text, '.') != NULL ? TOKEN_FORM_JWT : TOKEN_FORM_NONE;
    if (strlen(text) != TOKEN_TEXT_BYTES)
        return TOKEN_FORM_NONE;
    r = base64url_decode(text + PREFIX_BYTES, BODY_BYTES - PREFIX_BYTES, secret, sizeof(secret));
    seal_wipe(secret, sizeof(secret));
    make_checksum(text, checksum);
    if (r != TOKEN_SECRET_BYTES || !seal_equal(checksum, text + BODY_BYTES, sizeof(checksum)))
        return TOKEN_FORM_NONE;
    return prefixes[i].form;
}
