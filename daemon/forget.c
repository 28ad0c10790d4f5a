/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns what is personal in a session's record; see forget.h.
 */
#include <config.h>

#include "daemon/forget.h"

#include <string.h>

#include "common/macro.h"
#include "daemon/manager.h"
#include "daemon/publish.h"
#include "daemon/session-record.h"

/* Keeps what is named here, so that a member which is added one day is forgotten. The strings are
 * the old record's. */
static void strip(const struct session_record *old, struct session_record *ret)
{
    fields_clear(&session_record_fields, ret);
    ret->info.session_id = old->info.session_id;
    ret->info.user = "";
    ret->info.service = old->info.service;
    ret->info.leader_pid = 0;
    ret->info.host_id = old->info.host_id;
    ret->info.boot_id = old->info.boot_id;
    ret->info.state = old->info.state;
    ret->info.durable = old->info.durable;
    ret->info.opened_usec = old->info.opened_usec;
    ret->info.last_activity_usec = old->info.last_activity_usec;
    ret->info.policy = old->info.policy;
    ret->info.ended_usec = old->info.ended_usec;
    ret->info.end_reason = old->info.end_reason;
    ret->members_by = MEMBERS_BY_TREE;
    ret->opened_boottime_usec = old->opened_boottime_usec;
    ret->grace_usec = old->grace_usec;
    ret->kill_processes = old->kill_processes;
    ret->token_family = old->token_family;
}

static int replace(struct manager *manager, struct session *session,
                   const struct session_record *record)
{
    int r;

    r = session_set_record(&manager->sessions, session, record);
    if (r >= 0)
        publish_quietly(manager, session);
    return r;
}

/* The names under which a user ID has sessions, borrowed from these. Two are rare, and more than
 * there is room for are no user's. */
struct names {
    size_t count;
    const char *items[16];
};

static bool has_name(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

static void find_names(const struct manager *manager, int64_t uid, struct names *ret)
{
    ret->count = 0;
    for (struct session *s = session_table_first(&manager->sessions);
         s != NULL && ret->count < ELEMENTS(ret->items); s = session_table_next(s))
        if (s->record.info.uid == uid && !has_name(ret, s->record.info.user))
            ret->items[ret->count++] = s->record.info.user;
}

/* One whose end waits for the disk is not over: its last audit event needs to know whose it was. */
static bool is_over(const struct session *session)
{
    return session_is_ended(session) && session->end_told;
}

/*
 * Takes a user's name from others' ended sessions: su and sudo tell who called them. A remote user
 * of another host is somebody else. Before the sessions themselves are forgotten, and with them the
 * names.
 */
static int forget_names(struct manager *manager, int64_t uid)
{
    struct names names;
    int r = 0;

    find_names(manager, uid, &names);
    for (struct session *s = session_table_first(&manager->sessions); s != NULL && r >= 0;
         s = session_table_next(s)) {
        struct session_record record = s->record;

        if (!is_over(s) || record.info.uid == uid || record.info.remote_user == NULL ||
            record.info.remote_host != NULL || !has_name(&names, record.info.remote_user))
            continue;
        record.info.remote_user = NULL;
        r = replace(manager, s, &record);
    }
    return r;
}

int forget_user(struct manager *manager, int64_t uid, size_t *ret_count)
{
    size_t count = 0;
    int r;

    r = forget_names(manager, uid);
    for (struct session *s = session_table_first(&manager->sessions); s != NULL && r >= 0;
         s = session_table_next(s)) {
        struct session_record record;

        if (!is_over(s) || s->record.info.uid != uid)
            continue;
        strip(&s->record, &record);
        r = replace(manager, s, &record);
        count++;
    }
    if (r < 0)
        return r;
    watch_forget(&manager->watch); /* the changes that others may still read have names in them */
    *ret_count = count;
    return 0;
}
