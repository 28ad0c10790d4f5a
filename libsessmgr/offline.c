/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Key sets, and tokens checked by one without the daemon. What a JWT has to be like is jose/'s;
 * what it says about a session, and in which form the caller hears it, is decided here.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/macro.h"
#include "jose/jose.h"
#include "jose/jwt.h"
#include "libsessmgr/member.h"
#include "libsessmgr/token.h"
#include "libsessmgr/validate.h"

#define USEC_PER_SEC INT64_C(1000000)

enum { LEEWAY_MAX_SEC = 300 };

struct sessmgr_keys {
    struct jwk_set set;
};

int sessmgr_keys_new(const char *text, size_t length, struct sessmgr_keys **ret)
{
    CLEANUP(freep) struct sessmgr_keys *keys = NULL;
    int r;

    if (!text || !ret)
        return -EINVAL;
    r = jose_init();
    if (r < 0)
        return r;
    keys = malloc(sizeof(*keys));
    if (!keys)
        return -ENOMEM;
    r = jwk_set_decode(text, length, &keys->set);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(keys);
    return 0;
}

void sessmgr_keys_free(struct sessmgr_keys *keys)
{
    free(keys);
}

/* Cuts text, which is changed, into its words, at most as many as it has room for. */
static size_t split(char *text, const char **words)
{
    char *rest = text;
    size_t count = 0;
    char *word;

    while ((word = strsep(&rest, " ")))
        if (word[0] != '\0')
            words[count++] = word;
    return count;
}

/* Claims as the facts that the daemon would have told. wanted_audience: NULL: the token's first. */
static int facts_of(const struct jwt_claims *claims, const char *wanted_audience,
                    struct sessmgr_validation **ret)
{
    CLEANUP(freep) char *scope = NULL;
    CLEANUP(freep) const char **words = NULL;
    struct validate_out facts = {
        .active = true,
        .session_id = claims->session_id,
        .user = claims->subject,
        .uid = claims->uid,
        .audience = wanted_audience ? wanted_audience : claims->audiences.items[0],
        .expires_usec = claims->expires_sec * USEC_PER_SEC,
    };

    scope = strdup(claims->scope ? claims->scope : "");
    if (!scope)
        return -ENOMEM;
    /* every second character can begin a word */
    words = calloc(strlen(scope) / 2 + 1, sizeof(*words));
    if (!words)
        return -ENOMEM;
    facts.scopes.count = split(scope, words);
    facts.scopes.items = facts.scopes.count > 0 ? words : NULL;
    return validation_new(&facts, ret);
}

static int64_t now_sec(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    return now.tv_sec;
}

/* Whether the claims are those of a session of this kind of host, and what is expected. */
static bool is_good(const struct jwt_claims *claims, const struct sessmgr_expectation *expectation)
{
    const struct jwt_expectation wanted = {
        .now_sec = now_sec(),
        .leeway_sec = expectation->leeway_sec,
        .issuer = expectation->issuer,
        .audience = expectation->audience,
        .scope = expectation->scope,
        .uid = expectation->uid,
    };

    return jwt_check(claims, &wanted) == 0 && is_session_id(claims->session_id) &&
           claims->uid >= 0 && claims->uid < UINT32_MAX &&
           claims->expires_sec <= INT64_MAX / USEC_PER_SEC;
}

int sessmgr_validate_offline(const struct sessmgr_keys *keys, const char *token,
                             const struct sessmgr_expectation *expectation,
                             struct sessmgr_validation **ret)
{
    CLEANUP(memory_done) struct arena memory = {0};
    struct jwt_claims claims;
    int r;

    if (!keys || !token || !expectation || !ret)
        return -EINVAL;
    r = expectation_check(expectation);
    if (r < 0)
        return r;
    if (!expectation->issuer || expectation->issuer[0] == '\0' || expectation->leeway_sec < 0 ||
        expectation->leeway_sec > LEEWAY_MAX_SEC)
        return -EINVAL;
    if (!token_is_plausible(token))
        return 0;
    memory.size = JWT_ARENA_BYTES;
    memory.base = malloc(memory.size);
    if (!memory.base)
        return -ENOMEM;
    /* why it is not good is nobody's business but its issuer's */
    if (jwt_decode(token, strlen(token), &keys->set, &memory, &claims) != 0 ||
        !is_good(&claims, expectation))
        return 0;
    r = facts_of(&claims, expectation->audience, ret);
    return r < 0 ? r : 1;
}
