/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Claims as a JSON object, both ways: between jwt.c, which signs and checks, and a payload's text.
 */
#ifndef SESSMGR_JWT_CLAIMS_H
#define SESSMGR_JWT_CLAIMS_H

#include "jose/jwt.h"

/* Writes claims as JSON into buffer[0..size). Errors: -EINVAL as jwt_encode(); -ENOBUFS. */
int jwt_claims_encode(const struct jwt_claims *claims, char *buffer, size_t size, struct json *ret);

/*
 * Reads a payload, text[0..length), which need not even be JSON. Strings go into the arena. Errors:
 * -EINVAL it is not what jwt_decode() wants; -ENOBUFS the arena is full.
 */
int jwt_claims_decode(const char *text, size_t length, struct arena *arena, struct jwt_claims *ret);

#endif
