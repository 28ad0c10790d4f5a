/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tokens as their holder has them: issuing, exchanging, revoking. Nothing of one stays behind in
 * memory of this library when it has been freed.
 */
#include "config.h"

#include "libsessmgr/token.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "libsessmgr/call.h"
#include "libsessmgr/handle.h"
#include "libsessmgr/member.h"
#include "libsessmgr/sessmgr.h"

enum { REQUEST_ID_RANDOM_BYTES = 16 };

struct sessmgr_token {
    char *access_token;
    char *refresh_token; /* NULL: none */
    int64_t expires_usec;
};

bool token_is_plausible(const char *token)
{
    size_t length = strnlen(token, TOKEN_MAX_BYTES + 1);

    return length > 0 && length <= TOKEN_MAX_BYTES &&
           strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=") ==
               length;
}

static void wipe_and_free(char *text)
{
    if (!text)
        return;
    explicit_bzero(text, strlen(text));
    free(text);
}

void sessmgr_token_free(struct sessmgr_token *token)
{
    if (!token)
        return;
    wipe_and_free(token->access_token);
    wipe_and_free(token->refresh_token);
    free(token);
}

static void token_freep(struct sessmgr_token **token)
{
    sessmgr_token_free(*token);
}

/* Makes a token of the daemon's answer. with_refresh: a refresh token has to be there. */
static int token_decode(struct json answer, const struct field_table *table, bool with_refresh,
                        struct sessmgr_token **ret)
{
    CLEANUP(token_freep) struct sessmgr_token *token = NULL;
    CLEANUP(memory_done) struct arena memory = {0};
    struct token_out out;
    int r;

    r = member_decode(table, answer, &out, &memory);
    if (r < 0)
        return r;
    if (!token_is_plausible(out.token) || (with_refresh && !out.refresh_token) ||
        (out.refresh_token && !token_is_plausible(out.refresh_token)))
        return -EPROTO;
    token = calloc(1, sizeof(*token));
    if (!token)
        return -ENOMEM;
    token->expires_usec = out.expires_usec;
    token->access_token = strdup(out.token);
    if (!token->access_token)
        return -ENOMEM;
    if (out.refresh_token) {
        token->refresh_token = strdup(out.refresh_token);
        if (!token->refresh_token)
            return -ENOMEM;
    }
    *ret = TAKE_PTR(token);
    return 0;
}

/* A request as the protocol has it. */
static int request_encode(const struct sessmgr_token_request *request, struct issue_token_in *ret)
{
    if (request->size != sizeof(*request) || request->lifetime_sec < -1)
        return -EINVAL;
    if (request->scope_count > 0 && !request->scopes)
        return -EINVAL;
    for (size_t i = 0; i < request->scope_count; i++)
        if (!request->scopes[i])
            return -EINVAL;
    switch (request->kind) {
    case SESSMGR_TOKEN_DEFAULT:
        ret->kind = TOKEN_KIND_NONE;
        break;
    case SESSMGR_TOKEN_OPAQUE:
        ret->kind = TOKEN_OPAQUE;
        break;
    case SESSMGR_TOKEN_JWT:
        ret->kind = TOKEN_JWT;
        break;
    default:
        return -EINVAL;
    }
    ret->session_id = request->session_id;
    ret->audience = request->audience;
    ret->scopes.count = request->scope_count;
    ret->scopes.items = request->scope_count > 0 ? request->scopes : NULL;
    ret->lifetime_sec = request->lifetime_sec;
    ret->refresh = request->refresh;
    return 0;
}

int sessmgr_issue(struct sessmgr *handle, const struct sessmgr_token_request *request,
                  struct sessmgr_token **ret)
{
    static const struct sessmgr_token_request plain = SESSMGR_TOKEN_REQUEST_INIT;
    struct issue_token_in in = {0};
    struct json answer;
    int r;

    r = handle_check(handle, ret);
    if (r < 0)
        return r;
    r = request_encode(request ? request : &plain, &in);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, SESSION_INTERFACE ".IssueToken", &issue_token_in_fields, &in,
                  &answer);
    if (r >= 0)
        r = token_decode(answer, &issue_token_out_fields, in.refresh, ret);
    connection_wipe(&handle->connection);
    return r;
}

/* An ID that nobody else has and nobody can guess: whoever repeats a request with its ID gets the
 * same answer. Where there are refresh tokens, random numbers have long been there: no wait. */
static int make_request_id(char ret[static 2 * REQUEST_ID_RANDOM_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[REQUEST_ID_RANDOM_BYTES];

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -EIO;
    for (size_t i = 0; i < sizeof(random); i++) {
        ret[2 * i] = digits[random[i] >> 4];
        ret[2 * i + 1] = digits[random[i] & 15];
    }
    ret[2 * sizeof(random)] = '\0';
    return 0;
}

/*
 * Sends the call until there is an answer: whether the daemon did what it was asked before the
 * connection broke does not matter, since the same request ID gets the same answer. A daemon that
 * was not there to begin with is not waited for. Where it does not come back, what it did is
 * unknown, and -ECONNREFUSED would not say so.
 */
static int call_until_answered(struct connection *connection, const struct refresh_in *in,
                               bool repeat, struct json *ret_answer)
{
    uint64_t deadline = deadline_after(connection->timeout_usec);
    bool broke = false;

    for (;;) {
        bool begun;
        int r;

        r = call_begin(connection, SESSION_INTERFACE ".Refresh", false, &refresh_in_fields, in,
                       deadline);
        begun = r >= 0;
        if (begun)
            r = call_finish(connection, deadline, ret_answer);
        if (!call_is_away(r))
            return r;
        broke = broke || begun || r == -ECONNRESET;
        if (!broke || !repeat)
            return r;
        if (deadline_now() >= deadline)
            return -ECONNRESET;
        call_pause(deadline);
    }
}

int sessmgr_refresh(struct sessmgr *handle, const char *refresh_token, const char *request_id,
                    struct sessmgr_token **ret)
{
    char own_id[2 * REQUEST_ID_RANDOM_BYTES + 1];
    struct refresh_in in = {.refresh_token = refresh_token, .request_id = request_id};
    struct json answer;
    int r;

    r = handle_check(handle, refresh_token && ret);
    if (r < 0)
        return r;
    if (request_id && (request_id[0] == '\0' || strlen(request_id) > REQUEST_ID_MAX_BYTES))
        return -EINVAL;
    if (!token_is_plausible(refresh_token))
        return -EKEYREJECTED;
    if (!request_id) {
        r = make_request_id(own_id);
        if (r < 0)
            return r;
        in.request_id = own_id;
    }
    r = call_until_answered(&handle->connection, &in, !request_id, &answer);
    if (r >= 0)
        r = token_decode(answer, &refresh_out_fields, true, ret);
    connection_wipe(&handle->connection);
    return r;
}

int sessmgr_revoke(struct sessmgr *handle, const char *token)
{
    struct revoke_in in = {.token = token};
    struct json answer;
    int r;

    r = handle_check(handle, token);
    if (r < 0)
        return r;
    if (!token_is_plausible(token))
        return 0;
    r = call_once(&handle->connection, SESSION_INTERFACE ".Revoke", &revoke_in_fields, &in,
                  &answer);
    connection_wipe(&handle->connection);
    return r;
}

const char *sessmgr_token_get_access_token(const struct sessmgr_token *token)
{
    return token->access_token;
}

const char *sessmgr_token_get_refresh_token(const struct sessmgr_token *token)
{
    return token->refresh_token;
}

int64_t sessmgr_token_get_expires_usec(const struct sessmgr_token *token)
{
    return token->expires_usec;
}
