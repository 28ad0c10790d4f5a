/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tokens look like. An opaque access token is "sms_", a refresh token "smr_", then 32 bytes in
 * base64url (RFC 4648 section 5, without padding), then 6 characters of checksum: so a token is
 * recognised where it should not be, and a slip of the hand without asking anybody. Whatever else
 * there is may be a JWT.
 */
#ifndef SESSMGR_TOKEN_TEXT_H
#define SESSMGR_TOKEN_TEXT_H

#include <stddef.h>

enum {
    TOKEN_SECRET_BYTES = 32,
    TOKEN_CHECKSUM_BYTES = 6,
    TOKEN_TEXT_BYTES = 4 + 43 + TOKEN_CHECKSUM_BYTES, /* without the NUL */
};

enum token_form {
    TOKEN_FORM_NONE,    /* no token of ours: malformed, or its checksum is wrong */
    TOKEN_FORM_ACCESS,  /* "sms_" */
    TOKEN_FORM_REFRESH, /* "smr_" */
    TOKEN_FORM_JWT,     /* something else with dots in it */
};

/* Writes the text of a secret, as TOKEN_FORM_ACCESS or TOKEN_FORM_REFRESH. */
void token_text_make(enum token_form form, const unsigned char secret[static TOKEN_SECRET_BYTES],
                     char ret[static TOKEN_TEXT_BYTES + 1]);

/* What a text is. Only its one spelling is a token: any other character is TOKEN_FORM_NONE. */
enum token_form token_text_form(const char *text);

#endif
