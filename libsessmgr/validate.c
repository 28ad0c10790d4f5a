/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asking the daemon about a token, and the accessors of what it says.
 */
#include "config.h"

#include "libsessmgr/validate.h"

#include <errno.h>
#include <string.h>

#include "common/macro.h"
#include "libsessmgr/call.h"
#include "libsessmgr/handle.h"
#include "libsessmgr/member.h"
#include "libsessmgr/token.h"

struct sessmgr_validation {
    struct validate_out facts;
    void *block; /* what the facts point to */
};

void sessmgr_validation_free(struct sessmgr_validation *validation)
{
    if (!validation)
        return;
    free(validation->block);
    free(validation);
}

static void validation_freep(struct sessmgr_validation **validation)
{
    sessmgr_validation_free(*validation);
}

int validation_new(const struct validate_out *facts, struct sessmgr_validation **ret)
{
    CLEANUP(validation_freep) struct sessmgr_validation *validation = NULL;
    int r;

    validation = calloc(1, sizeof(*validation));
    if (!validation)
        return -ENOMEM;
    r = fields_copy(&validate_out_fields, facts, &validation->facts, &validation->block);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(validation);
    return 0;
}

int expectation_check(const struct sessmgr_expectation *expectation)
{
    const char *scope = expectation->scope;

    if (expectation->size != sizeof(*expectation))
        return -EINVAL;
    /* (uid_t)-1 is nobody, and would be taken for anybody if it were -1 here */
    if (expectation->uid < -1 || expectation->uid >= UINT32_MAX)
        return -EINVAL;
    if (scope && scope[strspn(scope, " ")] == '\0')
        return -EINVAL;
    if (expectation->audience && expectation->audience[0] == '\0')
        return -EINVAL;
    return 0;
}

/* What the daemon says: 1, 0, or that it makes no sense. uid: whose it was asked to be; -1:
 * anybody's.
 */
static int answer_decode(struct json answer, int64_t uid, struct sessmgr_validation **ret)
{
    CLEANUP(memory_done) struct arena memory = {0};
    struct validate_out out;
    int r;

    r = member_decode(&validate_out_fields, answer, &out, &memory);
    if (r < 0)
        return r;
    if (!out.active)
        return 0;
    if (!is_session_id(out.session_id) || !out.user || out.uid < 0)
        return -EPROTO;
    if (uid >= 0 && out.uid != uid)
        return -EPROTO;
    r = validation_new(&out, ret);
    return r < 0 ? r : 1;
}

int sessmgr_validate(struct sessmgr *handle, const char *token,
                     const struct sessmgr_expectation *expectation, struct sessmgr_validation **ret)
{
    struct validate_in in = {.token = token, .uid = -1};
    struct json answer;
    int r;

    r = handle_check(handle, token && ret);
    if (r < 0)
        return r;
    if (expectation) {
        r = expectation_check(expectation);
        if (r < 0)
            return r;
        in.scope = expectation->scope;
        in.audience = expectation->audience;
        in.uid = expectation->uid;
        in.touch = expectation->touch;
    }
    if (!token_is_plausible(token))
        return 0;
    r = call_once(&handle->connection, SESSION_INTERFACE ".Validate", &validate_in_fields, &in,
                  &answer);
    if (r >= 0)
        r = answer_decode(answer, in.uid, ret);
    connection_wipe(&handle->connection);
    return r;
}

const char *sessmgr_validation_get_session_id(const struct sessmgr_validation *validation)
{
    return validation->facts.session_id;
}

const char *sessmgr_validation_get_user(const struct sessmgr_validation *validation)
{
    return validation->facts.user;
}

uid_t sessmgr_validation_get_uid(const struct sessmgr_validation *validation)
{
    return (uid_t)validation->facts.uid; /* the decoder has made sure that it fits */
}

const char *sessmgr_validation_get_audience(const struct sessmgr_validation *validation)
{
    return validation->facts.audience;
}

int64_t sessmgr_validation_get_expires_usec(const struct sessmgr_validation *validation)
{
    return validation->facts.expires_usec;
}

size_t sessmgr_validation_get_scope_count(const struct sessmgr_validation *validation)
{
    return validation->facts.scopes.count;
}

const char *sessmgr_validation_get_scope(const struct sessmgr_validation *validation, size_t index)
{
    const struct string_list *scopes = &validation->facts.scopes;

    return index < scopes->count ? scopes->items[index] : NULL;
}

bool sessmgr_validation_has_scope(const struct sessmgr_validation *validation, const char *scope)
{
    const struct string_list *scopes = &validation->facts.scopes;

    for (size_t i = 0; i < scopes->count; i++)
        if (strcmp(scopes->items[i], scope) == 0)
            return true;
    return false;
}
