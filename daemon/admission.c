/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the decision about a login; see admission.h.
 */
#include <config.h>

#include "daemon/admission.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/macro.h"
#include "daemon/enforcement.h"
#include "daemon/manager.h"
#include "daemon/policy.h"
#include "daemon/reservation.h"

enum {
    ID_SHOWN_BYTES = 8, /* digits of a session's ID in a message */
    SESSIONS_SHOWN = 5, /* of a user who has too many */
};

void admission_refuse(struct admission *admission, const char *reason, const char *format, ...)
{
    const char *more = admission->rule->settings.session.message;
    va_list arguments;
    int n;

    admission->reason = reason;
    va_start(arguments, format);
    n = vsnprintf(admission->message, sizeof(admission->message), format, arguments);
    va_end(arguments);
    if (more != NULL && n >= 0 && (size_t)n < sizeof(admission->message))
        (void)snprintf(admission->message + n, sizeof(admission->message) - (size_t)n, " %s", more);
}

/* A virtual console, a serial line, or what stands for one: "/dev/tty1", "ttyS0", "console". A
 * pseudo-terminal is none: anybody can make one. */
static bool is_console(const char *terminal)
{
    static const char directory[] = "/dev/";

    if (terminal == NULL)
        return false;
    if (strncmp(terminal, directory, strlen(directory)) == 0)
        terminal += strlen(directory);
    return strcmp(terminal, "console") == 0 || strncmp(terminal, "tty", 3) == 0 ||
           strncmp(terminal, "hvc", 3) == 0;
}

static bool is_local(const struct login_request *login)
{
    return login->remote_host == NULL || login->remote_host[0] == '\0';
}

static bool is_break_glass(const struct session *session)
{
    return session->policy != NULL && strcmp(session->policy->name, RULE_BREAK_GLASS) == 0;
}

/* Whether a login is one that nothing keeps out: also what somebody opens inside of such a session,
 * who is there to mend something. parent: the session that it is inside of, or NULL. */
static bool breaks_glass(const struct config *config, const struct login_request *login,
                         const struct session *parent)
{
    const struct break_glass *rule = &config->break_glass;

    if (rule->users.count > 0 && pattern_list_matches_user(&rule->users, login->user, login->uid))
        return true;
    if (rule->groups.count > 0 && pattern_list_matches_groups(&rule->groups, &login->groups))
        return true;
    if (parent != NULL)
        return is_break_glass(parent);
    return rule->root_on_console && login->uid == 0 && is_local(login) &&
           is_console(login->terminal);
}

/* Also for services that open no session: cron would run the user's programs all the same. */
static void check_lock(const struct manager *manager, const struct login_request *login,
                       struct admission *admission)
{
    const struct user_lock *lock = lock_find(manager, login->uid);

    if (lock == NULL)
        return;
    admission->reason = "locked";
    lock_words(lock, admission->message);
}

/* A session that is being ended takes no others into it: they would outlive it. */
static void check_parent(const struct session *parent, struct admission *admission)
{
    if (parent != NULL && parent->record.info.state != STATE_ACTIVE)
        admission_refuse(admission, "policy", "This session is being ended.");
}

static void check_hours(const struct manager *manager, struct admission *admission)
{
    const struct hours *hours = &admission->rule->settings.session.hours;
    int64_t now = manager->clock->realtime_usec(manager->clock);
    time_t next_sec;
    struct tm next;
    char text[64] = "";

    if (hours_allows(hours, now))
        return;
    next_sec = (time_t)(hours_next(hours, now) / USEC_PER_SEC);
    if (localtime_r(&next_sec, &next) != NULL)
        (void)strftime(text, sizeof(text), "%a %Y-%m-%d %H:%M", &next);
    admission_refuse(admission, "hours",
                     "No session is allowed now; the next is from %s on (policy %s).", text,
                     admission->rule->name);
}

static void check_host(const struct manager *manager, struct admission *admission)
{
    size_t live = manager->sessions.live.count + reservation_count(&manager->reservations);

    if (live >= (size_t)manager->config->sessions_max + admission->evicted_count)
        admission_refuse(admission, "full",
                         "This host has reached its limit of %" PRId64 " sessions.",
                         manager->config->sessions_max);
}

/* Whether a session takes one of a user's places; service: of that service alone, NULL: any. */
static bool takes_place(const struct session *session, const struct login_request *login,
                        const char *service)
{
    const struct session_info *info = &session->record.info;

    return info->uid == login->uid && info->state == STATE_ACTIVE && session_is_counted(session) &&
           (service == NULL || strcmp(service, info->service) == 0);
}

/* Whether a session makes room already: it was named, or is inside of one that was. */
static bool makes_room(const struct manager *manager, const struct session *session,
                       const struct admission *admission)
{
    for (; session != NULL; session = session_table_find_parent(&manager->sessions, session))
        for (size_t i = 0; i < admission->evicted_count; i++)
            if (admission->evicted[i] == session)
                return true;
    return false;
}

/* What breaks glass is not ended by a policy, and nobody makes room for what is inside of them. */
static bool can_make_room(const struct manager *manager, const struct session *session,
                          const struct admission *admission)
{
    for (const struct session *outer = admission->parent; outer != NULL;
         outer = session_table_find_parent(&manager->sessions, outer))
        if (outer == session)
            return false;
    return !is_break_glass(session) && !makes_room(manager, session, admission);
}

/* The next session to make room, or NULL: the one that was opened first, or used last before the
 * others. */
static struct session *find_evicted(struct manager *manager, const struct login_request *login,
                                    const char *service, const struct admission *admission)
{
    bool idlest = admission->rule->settings.session.on_limit == ON_LIMIT_END_IDLEST;
    const struct live_set *live = &manager->sessions.live;
    struct session *found = NULL;
    int64_t first = USEC_INFINITY;

    for (size_t i = 0; i < live->count; i++) {
        struct session *session = live->items[i].session;
        int64_t since;

        if (!takes_place(session, login, service) || !can_make_room(manager, session, admission))
            continue;
        if (idlest && admission->evicted_count == 0)
            enforcement_look(manager, session);
        since =
            idlest ? session->record.active_boottime_usec : session->record.opened_boottime_usec;
        if (since >= first)
            continue;
        first = since;
        found = session;
    }
    return found;
}

/* What counts for a limit when those that make room have gone. */
static int64_t count_places(const struct manager *manager, const struct login_request *login,
                            const char *service, const struct admission *admission)
{
    const struct live_set *live = &manager->sessions.live;
    int64_t count = user_count_get(&manager->sessions.users, login->uid, service);

    for (size_t i = 0; admission->evicted_count > 0 && i < live->count; i++)
        if (takes_place(live->items[i].session, login, service) &&
            makes_room(manager, live->items[i].session, admission))
            count--;
    return count;
}

/* Names who has to make room. Returns false where there are not enough. */
static bool evict(struct manager *manager, const struct login_request *login, const char *service,
                  int64_t limit, struct admission *admission)
{
    while (count_places(manager, login, service, admission) >= limit &&
           admission->evicted_count < ADMISSION_EVICTED_MAX) {
        struct session *session = find_evicted(manager, login, service, admission);

        if (session == NULL)
            return false; /* places that are held for logins are nobody's to take */
        admission->evicted[admission->evicted_count++] = session;
    }
    return true;
}

/* "1a2b3c4d (sshd from 192.0.2.1), ...": some of the sessions that take a user's places. */
static void list_sessions(const struct manager *manager, const struct login_request *login,
                          const char *service, char *buffer, size_t size)
{
    const struct live_set *live = &manager->sessions.live;
    size_t used = 0, count = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < live->count && count < SESSIONS_SHOWN; i++) {
        const struct session_info *info = &live->items[i].session->record.info;
        const char *host = info->remote_host;
        int n;

        if (!takes_place(live->items[i].session, login, service))
            continue;
        n = snprintf(buffer + used, size - used, "%s%.*s (%s%s%s)", count > 0 ? ", " : "",
                     ID_SHOWN_BYTES, info->session_id, info->service, host == NULL ? "" : " from ",
                     host == NULL ? "" : host);
        if (n < 0 || (size_t)n >= size - used) {
            buffer[used] = '\0'; /* no half of one */
            return;
        }
        used += (size_t)n;
        count++;
    }
}

static void refuse_limit(const struct manager *manager, const struct login_request *login,
                         const char *service, int64_t count, int64_t limit,
                         struct admission *admission)
{
    char sessions[512];

    list_sessions(manager, login, service, sessions, sizeof(sessions));
    admission_refuse(
        admission, "limit",
        "You have %" PRId64 " of at most %" PRId64
        " sessions%s%s (policy %s): %s. \"sessmgrctl terminate ID\" in one of them ends one.",
        count, limit, service == NULL ? "" : " by ", service == NULL ? "" : service,
        admission->rule->name, sessions);
}

static void check_limit(struct manager *manager, const struct login_request *login,
                        const char *service, int64_t limit, struct admission *admission)
{
    int64_t count = count_places(manager, login, service, admission);

    if (admission->reason != NULL || count < limit)
        return;
    if (admission->rule->settings.session.on_limit != ON_LIMIT_REFUSE &&
        evict(manager, login, service, limit, admission))
        return;
    admission->evicted_count = 0;
    refuse_limit(manager, login, service, count, limit, admission);
}

/*
 * Whether a login takes a place among its user's. Who calls sudo (or su for themselves) outside of
 * any session is asked about before it is known whether a session is opened at all, and for whom:
 * that needs no place, and nobody has to make room for it.
 */
static bool takes_a_place(const struct admission *admission, const struct login_request *login,
                          enum admission_of of)
{
    bool calls = login->remote_user != NULL && strcmp(login->remote_user, login->user) == 0 &&
                 is_local(login);

    if (admission->parent != NULL)
        return admission->rule->settings.session.count_nested != 0;
    return of != ADMISSION_ASKED || !calls;
}

void admission_decide(struct manager *manager, const struct login_request *login,
                      const struct session *parent, enum admission_of of, struct admission *ret)
{
    const struct config *config = manager->config;
    const struct session_settings *settings;

    *ret =
        (struct admission){.parent = parent, .breaks_glass = breaks_glass(config, login, parent)};
    ret->rule = ret->breaks_glass ? &config->unlimited : config_rule_for(config, login);
    settings = &ret->rule->settings.session;
    ret->is_tracked = config_tracks_service(config, login->service) && settings->track != 0;
    ret->is_counted = takes_a_place(ret, login, of);
    if (!ret->breaks_glass)
        check_lock(manager, login, ret);
    if (!ret->is_tracked || ret->reason != NULL)
        return;
    check_parent(parent, ret);
    if (ret->reason != NULL || ret->breaks_glass || of == ADMISSION_HELD)
        return;
    check_hours(manager, ret);
    if (ret->is_counted) {
        check_limit(manager, login, NULL, settings->max_sessions, ret);
        check_limit(manager, login, login->service, settings->max_sessions_per_service, ret);
    }
    if (ret->reason == NULL && login->uid != 0)
        check_host(manager, ret);
}
