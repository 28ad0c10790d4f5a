/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns what is asked about policies: which one a login would get, and more time within one.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/admission.h"
#include "daemon/config-value.h"
#include "daemon/enforcement.h"
#include "daemon/lifecycle.h"
#include "daemon/manager.h"
#include "daemon/method.h"
#include "daemon/policy.h"
#include "daemon/publish.h"

enum { SETTINGS_TEXT_MAX_BYTES = 32768 };

int method_explain(struct call *call)
{
    const struct explain_in *in = call->in;
    const struct login_request login = {
        .user = in->user,
        .uid = in->uid,
        .groups = in->groups,
        .service = in->service,
        .remote_host = in->remote_host,
        .terminal = in->terminal,
    };
    const char *evicts[ADMISSION_EVICTED_MAX];
    char settings[SETTINGS_TEXT_MAX_BYTES];
    struct explain_out out = {.line = 0};
    struct admission admission;
    struct json_writer writer;
    int r;

    admission_decide(call->manager, &login, NULL, ADMISSION_NEW, &admission);
    json_writer_init(&writer, settings, sizeof(settings));
    json_begin_object(&writer);
    settings_write_members(&settings_table, &admission.rule->settings, rule_origins(admission.rule),
                           &writer);
    json_end_object(&writer);
    r = json_writer_finish(&writer, &out.settings);
    if (r < 0)
        return r;
    for (size_t i = 0; i < admission.evicted_count; i++)
        evicts[i] = admission.evicted[i]->record.info.session_id;
    out.admitted = admission.reason == NULL;
    out.tracked = admission.is_tracked;
    out.reason = admission.reason;
    out.message = admission.reason == NULL ? NULL : admission.message;
    out.policy = admission.rule->name;
    out.file = admission.rule->file;
    out.line = admission.rule->line;
    out.evicts = (struct string_list){.count = admission.evicted_count, .items = evicts};
    call_reply(call, &out);
    return 0;
}

static void deny_by_policy(struct call *call, const char *setting)
{
    const struct policy_error error = {.rule = setting};

    call_error(call, ERROR_NOT_ALLOWED_BY_POLICY, &policy_error_fields, &error);
}

static void on_extended_durable(struct call *call, int result)
{
    struct session *session = session_table_find(&call->manager->sessions, call->subject);
    struct extend_out out;

    if (result >= 0 && session == NULL)
        result = -ENOENT;
    if (result < 0) {
        call_fail(call, result);
        return;
    }
    publish_refresh(call->manager, session);
    out.deadline_usec = session->record.info.deadline_usec;
    if (out.deadline_usec < 0)
        call_fail(call, -ENOENT); /* it has ended meanwhile */
    else
        call_reply(call, &out);
}

/* How much a caller gets; 0 where the policy gives nothing, and that has been answered. */
static int64_t allowed_usec(struct call *call, int64_t asked_sec, bool *ret_counts)
{
    const struct session *session = call->session;
    const struct extension *extension = &session->policy->settings.extension;
    bool admin = method_is_admin(call);
    int64_t usec = asked_sec < 0 ? extension->amount_usec : asked_sec * USEC_PER_SEC;

    *ret_counts = !admin;
    if (usec > 0 && admin)
        return usec;
    if (extension->amount_usec == 0 || usec > extension->amount_usec ||
        session->record.extended_count >= extension->count ||
        (extension->by == EXTEND_BY_MEMBER && !method_is_member(call))) {
        deny_by_policy(call, "Extend");
        return 0;
    }
    return usec;
}

static int64_t end_of(const struct manager *manager, const struct session *session)
{
    struct schedule schedule;

    enforcement_schedule(manager, session, &schedule);
    return schedule.end_usec;
}

/* Who names no session means what is about to end around them: of their own session and of those
 * that it is inside of, as far as they may, the one that ends first. */
static struct session *first_to_end(struct call *call)
{
    const struct session_table *table = &call->manager->sessions;
    struct session *first = call->session, *outer = call->session;

    while ((outer = session_table_find_parent(table, outer)) != NULL)
        if (outer->record.info.state == STATE_ACTIVE && method_may(call, outer) &&
            end_of(call->manager, outer) < end_of(call->manager, first))
            first = outer;
    return first;
}

int method_extend(struct call *call)
{
    const struct extend_in *in = call->in;
    struct session *session;
    bool counts;
    int64_t usec;

    if (call->session->record.info.state != STATE_ACTIVE)
        return -ENOENT;
    if (in->session_id == NULL)
        call->session = first_to_end(call);
    session = call->session;
    if (in->seconds == 0 || in->seconds > CONFIG_DURATION_MAX_USEC / USEC_PER_SEC) {
        call_invalid(call, "seconds");
        return 0;
    }
    publish_refresh(call->manager, session);
    if (session->record.info.deadline_reason == END_NONE ||
        session->record.info.deadline_reason == END_CREDENTIAL_EXPIRED) {
        /* there is no end, or none that could be put off */
        deny_by_policy(call, session->record.info.deadline_reason == END_NONE
                                 ? "LifetimeSec"
                                 : "EndWithCredential");
        return 0;
    }
    usec = allowed_usec(call, in->seconds, &counts);
    if (usec == 0)
        return 0;
    memcpy(call->subject, session->record.info.session_id, sizeof(call->subject));
    lifecycle_extend(call->manager, session, usec, call->peer, counts);
    return call_wait_durable(call, STORE_ORDINARY, on_extended_durable);
}
