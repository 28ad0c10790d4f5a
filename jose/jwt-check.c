/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether claims that were well signed are good for a purpose: see jwt.h.
 */
#include <config.h>

#include <string.h>

#include "jose/jwt.h"

/* The next word of a scope: what is between spaces. Returns its length, 0 at the end. */
static size_t next_word(const char **scope)
{
    *scope += strspn(*scope, " ");
    return strcspn(*scope, " ");
}

/* Whether a scope has a word. granted: NULL has none. */
static bool has_word(const char *granted, const char *word, size_t length)
{
    size_t there;

    for (; granted && (there = next_word(&granted)) > 0; granted += there)
        if (there == length && memcmp(granted, word, length) == 0)
            return true;
    return false;
}

/* Whether a scope has every word of another one. */
static bool covers(const char *granted, const char *wanted)
{
    size_t length;

    for (; (length = next_word(&wanted)) > 0; wanted += length)
        if (!has_word(granted, wanted, length))
            return false;
    return true;
}

static bool has_audience(const struct string_list *audiences, const char *audience)
{
    for (size_t i = 0; i < audiences->count; i++)
        if (strcmp(audiences->items[i], audience) == 0)
            return true;
    return false;
}

int jwt_check(const struct jwt_claims *claims, const struct jwt_expectation *expectation)
{
    const int64_t now = expectation->now_sec, leeway = expectation->leeway_sec;
    const int64_t uid = expectation->uid;

    if (claims->expires_sec <= now - leeway)
        return JWT_EXPIRED;
    /* an nbf that is absent is -1 */
    if (claims->not_before_sec > now + leeway || claims->issued_sec > now + leeway)
        return JWT_NOT_YET;
    if (expectation->issuer && strcmp(claims->issuer, expectation->issuer) != 0)
        return JWT_ISSUER;
    if (expectation->audience && !has_audience(&claims->audiences, expectation->audience))
        return JWT_AUDIENCE;
    if (expectation->scope && !covers(claims->scope, expectation->scope))
        return JWT_SCOPE;
    if (uid >= 0 ? claims->uid != uid : claims->bind_uid)
        return JWT_UID;
    return 0;
}

const char *jwt_fault_name(enum jwt_fault fault)
{
    switch (fault) {
    case JWT_MALFORMED:
        return "malformed";
    case JWT_HEADER:
        return "header";
    case JWT_KEY:
        return "key";
    case JWT_SIGNATURE:
        return "signature";
    case JWT_CLAIMS:
        return "claims";
    case JWT_EXPIRED:
        return "expired";
    case JWT_NOT_YET:
        return "not-yet";
    case JWT_ISSUER:
        return "issuer";
    case JWT_AUDIENCE:
        return "audience";
    case JWT_SCOPE:
        return "scope";
    case JWT_UID:
        return "uid";
    }
    return "unknown";
}
