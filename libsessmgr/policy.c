/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is asked of the daemon about its policy: what would become of a login, and more time for a
 * session. What the policy gave a session comes with the session (session.c).
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "libsessmgr/call.h"
#include "libsessmgr/handle.h"
#include "libsessmgr/member.h"
#include "libsessmgr/sessmgr.h"

struct sessmgr_explanation {
    struct explain_out facts; /* but the settings, which are kept as a text */
    void *block;              /* what the facts point to */
    char *settings;
    char *json;
};

int sessmgr_extend(struct sessmgr *handle, const char *id_or_prefix, int64_t seconds,
                   int64_t *ret_deadline_usec)
{
    const struct extend_in in = {.session_id = id_or_prefix, .seconds = seconds};
    struct json answer;
    int64_t deadline;
    int r;

    r = handle_check(handle, seconds == -1 || seconds > 0);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, SESSION_INTERFACE ".Extend", &extend_in_fields, &in,
                  &answer);
    if (r < 0)
        return r;
    deadline = member_int(answer, "deadlineUsec");
    if (deadline < 0)
        return -EPROTO;
    if (ret_deadline_usec)
        *ret_deadline_usec = deadline;
    return 0;
}

void sessmgr_explanation_free(struct sessmgr_explanation *explanation)
{
    if (!explanation)
        return;
    free(explanation->block);
    free(explanation->settings);
    free(explanation->json);
    free(explanation);
}

static void explanation_freep(struct sessmgr_explanation **explanation)
{
    sessmgr_explanation_free(*explanation);
}

static int explanation_decode(struct json answer, struct sessmgr_explanation **ret)
{
    CLEANUP(explanation_freep) struct sessmgr_explanation *explanation = NULL;
    CLEANUP(memory_done) struct arena memory = {0};
    struct explain_out out;
    int r;

    r = member_decode(&explain_out_fields, answer, &out, &memory);
    if (r < 0)
        return r;
    if (json_type(out.settings) != JSON_OBJECT)
        return -EPROTO;
    explanation = calloc(1, sizeof(*explanation));
    if (!explanation)
        return -ENOMEM;
    explanation->settings = member_text(out.settings);
    explanation->json = member_text(answer);
    if (!explanation->settings || !explanation->json)
        return -ENOMEM;
    out.settings = (struct json){0};
    r = fields_copy(&explain_out_fields, &out, &explanation->facts, &explanation->block);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(explanation);
    return 0;
}

/* A login as the protocol has it. *ret_groups: the caller's, who frees it after the call. */
static int login_encode(const struct sessmgr_login *login, struct explain_in *ret,
                        int64_t **ret_groups)
{
    int64_t *groups;

    if (login->size != sizeof(*login) || !login->user || login->uid == (uid_t)-1 ||
        !login->service || (login->group_count > 0 && !login->groups))
        return -EINVAL;
    if (login->group_count > LOGIN_GROUPS_MAX)
        return -EMSGSIZE;
    groups = calloc(login->group_count + 1, sizeof(*groups)); /* never of size 0 */
    if (!groups)
        return -ENOMEM;
    for (size_t i = 0; i < login->group_count; i++)
        groups[i] = login->groups[i];
    *ret = (struct explain_in){
        .user = login->user,
        .uid = login->uid,
        .groups = {.count = login->group_count, .items = groups},
        .service = login->service,
        .remote_host = login->remote_host,
        .terminal = login->terminal,
    };
    *ret_groups = groups;
    return 0;
}

int sessmgr_explain(struct sessmgr *handle, const struct sessmgr_login *login,
                    struct sessmgr_explanation **ret)
{
    CLEANUP(freep) int64_t *groups = NULL;
    struct explain_in in;
    struct json answer;
    int r;

    r = handle_check(handle, login && ret);
    if (r < 0)
        return r;
    r = login_encode(login, &in, &groups);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, MANAGER_INTERFACE ".Explain", &explain_in_fields, &in,
                  &answer);
    if (r < 0)
        return r;
    return explanation_decode(answer, ret);
}

bool sessmgr_explanation_is_admitted(const struct sessmgr_explanation *explanation)
{
    return explanation->facts.admitted;
}

bool sessmgr_explanation_is_tracked(const struct sessmgr_explanation *explanation)
{
    return explanation->facts.tracked;
}

const char *sessmgr_explanation_get_reason(const struct sessmgr_explanation *explanation)
{
    return explanation->facts.reason;
}

const char *sessmgr_explanation_get_message(const struct sessmgr_explanation *explanation)
{
    return explanation->facts.message;
}

const char *sessmgr_explanation_get_policy(const struct sessmgr_explanation *explanation)
{
    return explanation->facts.policy;
}

const char *sessmgr_explanation_get_file(const struct sessmgr_explanation *explanation)
{
    return explanation->facts.file;
}

int64_t sessmgr_explanation_get_line(const struct sessmgr_explanation *explanation)
{
    return explanation->facts.line;
}

const char *sessmgr_explanation_get_settings_json(const struct sessmgr_explanation *explanation)
{
    return explanation->settings;
}

size_t sessmgr_explanation_get_evicted_count(const struct sessmgr_explanation *explanation)
{
    return explanation->facts.evicts.count;
}

const char *sessmgr_explanation_get_evicted(const struct sessmgr_explanation *explanation,
                                            size_t index)
{
    const struct string_list *evicts = &explanation->facts.evicts;

    return index < evicts->count ? evicts->items[index] : NULL;
}

const char *sessmgr_explanation_get_json(const struct sessmgr_explanation *explanation)
{
    return explanation->json;
}
