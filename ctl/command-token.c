/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `token`, `refresh` and `revoke`: tokens and nothing else on standard output.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "ctl/ctl.h"

/* None is dropped: each takes a byte, and one that parts it from the next. */
enum { SCOPES_MAX = sizeof(((struct options *)NULL)->scopes) / 2 };

static void token_freep(struct sessmgr_token **token)
{
    sessmgr_token_free(*token);
}

/* Returns whether there was memory for it. */
static bool print_json_token(const struct sessmgr_token *token, enum json_mode mode)
{
    CLEANUP(freep) char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    const char *refresh = sessmgr_token_get_refresh_token(token);
    int64_t expires = sessmgr_token_get_expires_usec(token);
    bool whole;

    if (!stream)
        return false;
    fputs("{\"token\":", stream);
    json_print_string(stream, sessmgr_token_get_access_token(token));
    if (expires >= 0)
        fprintf(stream, ",\"expiresUsec\":%" PRId64, expires);
    if (refresh) {
        fputs(",\"refreshToken\":", stream);
        json_print_string(stream, refresh);
    }
    fputc('}', stream);
    whole = fclose(stream) == 0;
    if (whole)
        json_print(stdout, text, mode);
    if (text)
        explicit_bzero(text, size);
    return whole;
}

static enum exit_code print_token(const char *command, const struct sessmgr_token *token,
                                  const struct options *options)
{
    const char *refresh = sessmgr_token_get_refresh_token(token);

    if (options->json != JSON_OFF)
        return print_json_token(token, options->json) ? CODE_OK
                                                      : failure_tell(command, -ENOMEM, "");
    puts(sessmgr_token_get_access_token(token));
    if (refresh)
        puts(refresh);
    return CODE_OK;
}

/* Takes scopes apart in place. Returns how many. */
static size_t split_scopes(char *text, const char *ret[static SCOPES_MAX])
{
    size_t count = 0;
    char *scope;

    while (count < SCOPES_MAX && (scope = strsep(&text, " ")) != NULL)
        if (*scope != '\0')
            ret[count++] = scope;
    return count;
}

enum exit_code command_token(struct sessmgr *handle, const struct options *options,
                             char *const *arguments, size_t count)
{
    CLEANUP(token_freep) struct sessmgr_token *token = NULL;
    struct sessmgr_token_request request = SESSMGR_TOKEN_REQUEST_INIT;
    const char *scopes[SCOPES_MAX];
    char text[sizeof(options->scopes)];
    int r;

    (void)arguments; /* there are none */
    (void)count;
    memcpy(text, options->scopes, sizeof(text));
    request.session_id = options->session_id;
    request.kind = options->kind;
    request.audience = options->audience;
    request.scopes = scopes;
    request.scope_count = split_scopes(text, scopes);
    request.lifetime_sec = options->lifetime_sec;
    request.refresh = options->refresh;
    r = sessmgr_issue(handle, &request, &token);
    if (r < 0)
        return failure_tell("token", r, sessmgr_get_error_message(handle));
    return print_token("token", token, options);
}

enum exit_code command_refresh(struct sessmgr *handle, const struct options *options,
                               char *const *arguments, size_t count)
{
    CLEANUP(token_freep) struct sessmgr_token *token = NULL;
    char secret[SECRET_MAX_BYTES + 1];
    int r;

    (void)arguments; /* there are none */
    (void)count;
    if (!secret_read(stdin, secret))
        return CODE_USAGE;
    r = sessmgr_refresh(handle, secret, options->request_id, &token);
    explicit_bzero(secret, sizeof(secret));
    if (r < 0)
        return failure_tell("refresh", r, sessmgr_get_error_message(handle));
    return print_token("refresh", token, options);
}

enum exit_code command_revoke(struct sessmgr *handle, const struct options *options,
                              char *const *arguments, size_t count)
{
    char secret[SECRET_MAX_BYTES + 1];
    int r;

    (void)options;   /* none is for it */
    (void)arguments; /* there are none */
    (void)count;
    if (!secret_read(stdin, secret))
        return CODE_USAGE;
    r = sessmgr_revoke(handle, secret);
    explicit_bzero(secret, sizeof(secret));
    return r < 0 ? failure_tell("revoke", r, sessmgr_get_error_message(handle)) : CODE_OK;
}
