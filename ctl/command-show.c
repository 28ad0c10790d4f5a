/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `show`: all that is known of a session.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"
#include "ctl/pager.h"
#include "ctl/settings.h"

enum { KEY_COLUMNS = 14 }; /* of the longest key */

static void print_line(const char *key, const char *value)
{
    CLEANUP(freep) char *printable = NULL;

    if (!value || value[0] == '\0')
        return;
    printable = format_printable(value);
    printf("%*s: %s\n", KEY_COLUMNS, key, printable ? printable : "(out of memory)");
}

static void print_number(const char *key, int64_t value)
{
    if (value >= 0)
        printf("%*s: %" PRId64 "\n", KEY_COLUMNS, key, value);
}

/* A time and how far away it is. */
static void print_time(const char *key, int64_t usec,
                       const char *(*distance)(int64_t usec, int64_t now, char *buffer))
{
    char absolute[FORMAT_TIME_BYTES];
    char relative[FORMAT_TIME_BYTES];
    int64_t now = format_now();

    if (usec >= 0)
        printf("%*s: %s (%s)\n", KEY_COLUMNS, key, format_time(usec, absolute),
               distance(usec, now, relative));
}

/* An end that is to come, with its reason (NULL: not known). over: the session has ended, or does,
 * and how far away it is means nothing any more. */
static void print_deadline(const char *key, int64_t usec, const char *reason, bool over)
{
    char absolute[FORMAT_TIME_BYTES], relative[FORMAT_TIME_BYTES], left[FORMAT_TIME_BYTES + 3] = "";
    CLEANUP(freep) char *text = NULL;

    if (usec < 0)
        return;
    if (!over)
        (void)snprintf(left, sizeof(left), " (%s)", format_left(usec, format_now(), relative));
    if (asprintf(&text, "%s%s%s%s", format_time(usec, absolute), left, reason ? ", " : "",
                 reason ? reason : "") >= 0)
        print_line(key, text);
}

static void print_life(const struct sessmgr_session *session, bool colours)
{
    const char *state = sessmgr_session_get_state(session);
    const bool ending = strcmp(state, "ending") == 0;
    const bool over = ending || sessmgr_session_get_ended_usec(session) >= 0;
    enum colour colour = strcmp(state, "active") == 0 ? COLOUR_GREEN
                         : ending                     ? COLOUR_YELLOW
                                                      : COLOUR_GREY;
    int64_t deadline = sessmgr_session_get_deadline_usec(session);

    fputs(format_colour_on(colours, colour), stdout);
    print_line("State", state);
    fputs(format_colour_off(colours, colour), stdout);
    print_time("Opened", sessmgr_session_get_opened_usec(session), format_ago);
    print_time("Last activity", sessmgr_session_get_last_activity_usec(session), format_ago);
    print_line("Deadline", deadline < 0 ? "none" : NULL);
    print_deadline("Deadline", deadline, sessmgr_session_get_deadline_reason(session), over);
    print_deadline("Idle deadline", sessmgr_session_get_idle_deadline_usec(session), NULL, over);
    print_time("Ended", sessmgr_session_get_ended_usec(session), format_ago);
    print_line("End reason", sessmgr_session_get_end_reason(session));
}

static void print_policy(const struct sessmgr_session *session)
{
    const char *name = sessmgr_session_get_policy(session);
    const char *file = sessmgr_session_get_rule_file(session);
    int64_t line = sessmgr_session_get_rule_line(session);
    CLEANUP(freep) char *text = settings_policy(name, file, line);

    print_line("Policy", text);
}

static void print_settings(const struct sessmgr_session *session, bool colours)
{
    const char *settings = sessmgr_session_get_settings_json(session);

    if (!settings)
        return;
    putchar('\n');
    (void)settings_print(settings, colours); /* without memory they are missing */
}

static void print_scopes(const struct sessmgr_session *session)
{
    size_t count = sessmgr_session_get_scope_count(session);

    for (size_t i = 0; i < count; i++)
        print_line(i == 0 ? "Scopes" : "", sessmgr_session_get_scope(session, i));
}

static void print_context(const struct sessmgr_session *session)
{
    size_t count = sessmgr_session_get_context_count(session);

    for (size_t i = 0; i < count; i++) {
        struct sessmgr_context_entry entry;
        CLEANUP(freep) char *key = NULL;
        CLEANUP(freep) char *value = NULL;

        if (sessmgr_session_get_context_entry(session, i, &entry) < 0)
            continue;
        key = format_printable(entry.key);
        value = format_printable(entry.value);
        if (key && value)
            printf("%*s%s %s=%s\n", KEY_COLUMNS, i == 0 ? "Context" : "", i == 0 ? ":" : " ", key,
                   value);
    }
}

static void print_session(const struct sessmgr_session *session, bool colours)
{
    int64_t expires = sessmgr_session_get_auth_expires_usec(session);

    print_line("Session", sessmgr_session_get_id(session));
    if (sessmgr_session_get_uid(session) == (uid_t)-1) {
        print_line("User", "(forgotten)");
    } else {
        print_line("User", sessmgr_session_get_user(session));
        print_number("UID", sessmgr_session_get_uid(session));
    }
    print_life(session, colours);
    print_policy(session);
    print_line("Service", sessmgr_session_get_service(session));
    print_line("Terminal", sessmgr_session_get_terminal(session));
    print_line("Remote host", sessmgr_session_get_remote_host(session));
    print_line("Remote user", sessmgr_session_get_remote_user(session));
    print_line("Connection", sessmgr_session_get_connection(session));
    print_line("Auth method", sessmgr_session_get_auth_method(session));
    print_line("Auth key", sessmgr_session_get_auth_key(session));
    print_time("Auth expires", expires, expires > format_now() ? format_left : format_ago);
    print_line("Parent", sessmgr_session_get_parent(session));
    if (sessmgr_session_get_leader_pid(session) > 0)
        print_number("Leader PID", sessmgr_session_get_leader_pid(session));
    print_line("Logind session", sessmgr_session_get_logind_session(session));
    print_number("Audit session", sessmgr_session_get_audit_session(session));
    print_line("Host", sessmgr_session_get_host_id(session));
    print_line("Boot", sessmgr_session_get_boot_id(session));
    print_line("Durable", sessmgr_session_is_durable(session) ? "yes" : "no");
    print_line("Adopted", sessmgr_session_is_adopted(session) ? "yes" : NULL);
    print_scopes(session);
    print_context(session);
    print_settings(session, colours);
}

static void print_sessions(struct sessmgr_session *const *sessions, size_t count,
                           const struct options *options)
{
    for (size_t i = 0; i < count; i++) {
        if (options->json != JSON_OFF) {
            json_print(stdout, sessmgr_session_get_json(sessions[i]), options->json);
            continue;
        }
        if (i > 0)
            putchar('\n');
        print_session(sessions[i], options->colours);
    }
}

enum exit_code command_show(struct sessmgr *handle, const struct options *options,
                            char *const *arguments, size_t count)
{
    CLEANUP(pager_close) struct pager pager = {0};
    CLEANUP(freep) struct sessmgr_session **sessions = NULL;
    size_t wanted = count > 0 ? count : 1;
    size_t found = 0;
    enum exit_code code = CODE_OK;

    sessions = calloc(wanted, sizeof(*sessions));
    if (!sessions)
        return failure_tell("show", -ENOMEM, "");
    for (size_t i = 0; i < wanted; i++) {
        const char *id = count > 0 ? arguments[i] : NULL;
        int r;

        r = sessmgr_describe(handle, id, &sessions[found]);
        if (r < 0)
            code = failure_tell(id, r, sessmgr_get_error_message(handle));
        else
            found++;
    }
    if (found > 0)
        pager_open(&pager, options->pager);
    print_sessions(sessions, found, options);
    for (size_t i = 0; i < found; i++)
        sessmgr_session_free(sessions[i]);
    return code;
}
