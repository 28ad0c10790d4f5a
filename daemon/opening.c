/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns what a new session's record says; see opening.h.
 */
#include <config.h>

#include "daemon/opening.h"

#include "daemon/auth-info.h"
#include "daemon/locate.h"
#include "daemon/manager.h"
#include "daemon/policy.h"
#include "daemon/session-record.h"

/* What people of an adopted session have at the least, where the policy warns of nothing. */
#define ADOPTED_NOTICE_USEC (60 * USEC_PER_SEC)

static int64_t realtime(const struct manager *manager)
{
    return manager->clock->realtime_usec(manager->clock);
}

static int64_t boottime(const struct manager *manager)
{
    return manager->clock->boottime_usec(manager->clock);
}

static const char *or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static size_t count_names(char *const *names)
{
    size_t count = 0;

    while (names[count] != NULL)
        count++;
    return count;
}

/* The time from which a session's lifetime counts. One that is adopted has been there before. */
static int64_t began_usec(const struct manager *manager, const struct login_place *place,
                          bool adopted)
{
    int64_t now = boottime(manager);

    return adopted && place->began_usec < now ? place->began_usec : now;
}

/* How long people who could not know of an end are left: as long as the first warning. */
static int64_t notice_usec(const struct session_settings *settings)
{
    return settings->warnings.count > 0 ? settings->warnings.left_usec[0] : ADOPTED_NOTICE_USEC;
}

int64_t opening_hours_end(const struct session_settings *settings, int64_t realtime_usec)
{
    int64_t end = hours_end(&settings->hours, realtime_usec);

    return end == USEC_INFINITY ? -1 : end < 0 ? 0 : end;
}

/* What a rule gives, into a new session's record. */
static void fill_settings(const struct manager *manager, const struct rule *rule,
                          struct session_record *record)
{
    const struct session_settings *settings = &rule->settings.session;
    const struct token_settings *tokens = &rule->settings.tokens;

    record->info.policy = rule->name;
    record->policy_id = rule->policy->id;
    record->info.scopes = (struct string_list){
        .count = count_names(tokens->scopes),
        .items = (const char *const *)tokens->scopes,
    };
    if (settings->lifetime_usec < USEC_INFINITY - record->opened_boottime_usec)
        record->deadline_boottime_usec = record->opened_boottime_usec + settings->lifetime_usec;
    record->hours_end_usec = opening_hours_end(settings, realtime(manager));
    if (record->info.adopted)
        record->notice_boottime_usec = boottime(manager) + notice_usec(settings);
    record->extended_count = 0;
    record->grace_usec = settings->grace_usec;
    record->kill_processes = settings->kill_processes;
    record->token_family = TOKEN_FAMILY_FIRST;
    record->token_file = tokens->at_login == TOKEN_AT_LOGIN_FILE;
}

void opening_fill_record(struct manager *manager, const struct opening *opening, const char *id,
                         bool adopted, struct session_record *record)
{
    const struct login_request *login = opening->request;
    const struct login_place *place = opening->place;
    const struct auth_info *auth = opening->auth;
    struct session_info *info = &record->info;

    fields_clear(&session_record_fields, record);
    record->opened_boottime_usec = began_usec(manager, place, adopted);
    info->session_id = id;
    info->user = login->user;
    info->uid = login->uid;
    info->service = login->service;
    info->terminal = or_null(login->terminal);
    info->remote_host = or_null(login->remote_host);
    info->remote_user = or_null(login->remote_user);
    info->connection = or_null(login->connection);
    info->auth_method = or_null(auth->method);
    info->auth_key = or_null(auth->fingerprint);
    info->auth_expires_usec = auth->expires_usec;
    info->logind_session = place->by == MEMBERS_BY_SCOPE ? login->logind_session : NULL;
    info->audit_session = place->leader.audit_session;
    info->parent_session = place->parent == NULL ? NULL : place->parent->record.info.session_id;
    info->leader_pid = place->leader.pid;
    info->host_id = manager->host_id;
    info->boot_id = manager->boot_id;
    info->state = STATE_ACTIVE;
    info->adopted = adopted;
    info->opened_usec = manager->wall.offset_usec + record->opened_boottime_usec;
    info->last_activity_usec = realtime(manager);
    record->members_by = (int)place->by;
    record->scope = place->scope;
    record->init_start_ticks = manager->init_start_ticks;
    record->leader_start_ticks = place->leader_visible ? (int64_t)place->leader.start_ticks : -1;
    fill_settings(manager, opening->rule, record);
}
