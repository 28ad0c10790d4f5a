/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes sentences and fields of events. Where they go and how they are escaped is the log's
 * business.
 */
#include <config.h>

#include "daemon/audit.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "daemon/log.h"

enum {
    MESSAGE_TEXT_MAX_BYTES = 4096,
    FIELDS_TEXT_MAX_BYTES = 8192,
    ID_SHOWN_BYTES = 8, /* digits of a session ID in a sentence; the whole one is in its field */
};

/*
 * One row per event. In a form, {name} stands for a part of the sentence (see parts below), which
 * is empty where nothing is known of it. An ID never changes its meaning and is never used again.
 */
static const struct audit_kind {
    const char *name;
    const char *message_id;
    int priority;
    const char *form;
} kinds[AUDIT_EVENTS_COUNT] = {
    [AUDIT_STARTED] = {"started", "ba55d5f4e6434d4790c4a6a47d4c2322", LOG_INFO,
                       "The session manager is serving{text}"},
    [AUDIT_ADMITTED] = {"admitted", "98a3446ab6b0464eb89470d4f1d0f36d", LOG_INFO,
                        "Login of {who} admitted{reason}{policy}{text}"},
    [AUDIT_REFUSED] = {"refused", "b14cd0cd98704d78be3aabcd9a39ad9f", LOG_WARNING,
                       "Login of {who} refused{reason}{policy}{text}"},
    [AUDIT_BREAK_GLASS] = {"break-glass", "5b466ceb50195c63feb479f0e2f01c68", LOG_WARNING,
                           "Login of {who} admitted, whom nothing keeps out{text}"},
    [AUDIT_OPENED] = {"opened", "5ffbdb209ec34eebae6480a08ad00659", LOG_INFO,
                      "Session {id}of {who} opened{policy}{text}"},
    [AUDIT_ADOPTED] = {"adopted", "ada4c7256f0fab5f6f11634a15181cf9", LOG_NOTICE,
                       "Session {id}of {who} was found open{policy}{text}"},
    [AUDIT_EXTENDED] = {"extended", "8b772a3b8c274608b8015513645364d8", LOG_NOTICE,
                        "The end of session {id}of {who} was put off by {actor}{text}"},
    [AUDIT_TERMINATED] = {"terminated", "f6fdf1d860694048b599be6db5a49e77", LOG_NOTICE,
                          "Session {id}of {who} is to be ended, {actor} asked for it{text}"},
    [AUDIT_ENDING] = {"ending", "054e4478129f4b9fae6e95ae224760a8", LOG_NOTICE,
                      "Session {id}of {who} is being ended{reason}{policy}{text}"},
    [AUDIT_ENDED] = {"ended", "548fdc161688492db7256b7ef0eee045", LOG_INFO,
                     "Session {id}of {who} ended{reason}{policy}{text}"},
    [AUDIT_LEFT_PROCESSES] = {"left-processes", "381a011e2dff4190a249e2cccfd28a0c", LOG_ERR,
                              "Session {id}of {who} ended, but not all of its processes{text}"},
    [AUDIT_LOCKED] = {"locked", "7f7ca039e5a947b683553c45ae454e7e", LOG_NOTICE,
                      "The account of {who} is locked{until}, {actor} asked for it{text}"},
    [AUDIT_UNLOCKED] = {"unlocked", "e4a10fa007bd494dac3899a168436a84", LOG_NOTICE,
                        "The account of {who} is unlocked, {actor} asked for it{text}"},
    [AUDIT_DENIED] = {"denied", "2def1390ea94434b90600d0a237def5d", LOG_WARNING,
                      "Request of {actor} denied{reason}{text}"},
    [AUDIT_STORE_FAILED] = {"store-failed", "1ee03356990f4006878bdd27d57d3893", LOG_CRIT,
                            "The disk does not take changes of sessions{reason}{text}"},
    [AUDIT_STORE_RECOVERED] = {"store-recovered", "9de8602b49db4495a44ce7fd246e38e4", LOG_NOTICE,
                               "The disk takes changes of sessions again{text}"},
    [AUDIT_STORE_DAMAGED] = {"store-damaged", "9fef1b66047b43e6bb8a6759854b1e92", LOG_CRIT,
                             "The store is damaged, and every token was revoked{text}"},
    [AUDIT_STORE_RESTORED] = {"store-restored", "2fe1dd96f1f1457da90dc97f95ffdb5a", LOG_WARNING,
                              "The store is that of a backup, and every token was revoked{text}"},
    [AUDIT_STORE_BACKUP] = {"store-backup", "ef74ffb40790481ebfe65f67cd7a5899", LOG_NOTICE,
                            "{actor} asked for a backup of the store{text}"},
    [AUDIT_STORE_REKEY] = {"store-rekey", "57efff28b34049078dc4f6749ee26c9c", LOG_NOTICE,
                           "{actor} asked for the store to be sealed under a new key{text}"},
    [AUDIT_FORGOTTEN] = {"forgotten", "f1e90feeef2b454d80ccdb73c90b3b00", LOG_NOTICE,
                         "Ended sessions of a user were forgotten, {actor} asked for it{text}"},
    [AUDIT_TOKEN_ISSUED] = {"token-issued", "a06b3ab8816d455db71ced203e231e57", LOG_INFO,
                            "Session {id}of {who}: a token was issued to {actor}{text}"},
    [AUDIT_TOKEN_REFUSED] = {"token-refused", "e9919dfedaa643be83bc17b5c80b87c7", LOG_NOTICE,
                             "A token that {actor} presented is not good{reason}{text}"},
    [AUDIT_TOKEN_REVOKED] = {"token-revoked", "2540550b28134e86b9762784c756a2ee", LOG_NOTICE,
                             "Session {id}of {who}: {actor} revoked a token{text}"},
    [AUDIT_TOKEN_REUSED] = {"token-reused", "265b13807c1a4700bf66ff5ebd269c0c", LOG_WARNING,
                            "Session {id}of {who}: {actor} presented a used refresh token{text}"},
    [AUDIT_KEY_MADE] = {"key-made", "86456762dcb24b6eb5b5fa8ba9b6dce8", LOG_NOTICE,
                        "JWTs are signed by a new key from now on{text}"},
    [AUDIT_CONFIG_REJECTED] = {"config-rejected", "5afbbe9edbfd457591067f0926f82803", LOG_ERR,
                               "The configuration is wrong and was not taken{text}"},
    [AUDIT_CONFIG_LOADED] = {"config-loaded", "84d8e36abb224283b2296c4c4280697d", LOG_INFO,
                             "The configuration was loaded{text}"},
    [AUDIT_HIDDEN_PROCESSES] = {"hidden-processes", "5d18d726000c48948eed79d1957eceba", LOG_ERR,
                                "Other users' processes are hidden from the session manager"
                                "{text}"},
};

/* What is known of an event, out of a session or a login. */
struct facts {
    const char *session_id, *user, *service, *terminal, *remote_host, *reason, *policy, *text;
    int64_t uid, duration_usec, until_usec, actor_uid, actor_pid; /* -1 where unknown */
};

static struct facts gather(const struct audit_details *details)
{
    const struct session_info *session = details->session;
    const struct login_request *login = details->login;
    struct facts facts = {.reason = details->reason,
                          .policy = details->policy,
                          .text = details->text,
                          .uid = -1,
                          .duration_usec = details->duration_usec > 0 ? details->duration_usec : -1,
                          .until_usec = details->until_usec > 0 ? details->until_usec : -1,
                          .actor_uid = details->actor_uid,
                          .actor_pid = details->actor_pid};

    if (session != NULL) {
        facts.session_id = session->session_id;
        facts.user = session->user;
        facts.uid = session->uid;
        facts.service = session->service;
        facts.terminal = session->terminal;
        facts.remote_host = session->remote_host;
        if (session->policy != NULL)
            facts.policy = session->policy;
        if (session->end_reason != END_NONE)
            facts.reason = end_reason_names[session->end_reason];
    } else if (login != NULL) {
        facts.user = login->user;
        facts.uid = login->uid;
        facts.service = login->service;
        facts.terminal = login->terminal;
        facts.remote_host = login->remote_host;
    }
    return facts;
}

/* A text that grows and is cut where it is full. */
struct text {
    char *buffer;
    size_t size;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...)
{
    size_t room = text->size - text->length;
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(text->buffer + text->length, room, format, arguments);
    va_end(arguments);
    if (n > 0)
        text->length += (size_t)n < room ? (size_t)n : room - 1;
}

static bool is_known(const char *value)
{
    return value != NULL && value[0] != '\0';
}

/* The two largest units that are not zero: "5d 4h", "3min 2s", "120ms". */
static void append_duration(struct text *text, int64_t usec)
{
    static const struct {
        const char *name;
        int64_t usec;
    } units[] = {
        {"d", 86400 * USEC_PER_SEC}, {"h", 3600 * USEC_PER_SEC}, {"min", 60 * USEC_PER_SEC},
        {"s", USEC_PER_SEC},         {"ms", USEC_PER_MSEC},
    };
    size_t i = 0;

    while (i < ELEMENTS(units) - 1 && usec < units[i].usec)
        i++;
    append(text, "%" PRId64 "%s", usec / units[i].usec, units[i].name);
    usec %= units[i].usec;
    if (i + 2 < ELEMENTS(units) && usec >= units[i + 1].usec)
        append(text, " %" PRId64 "%s", usec / units[i + 1].usec, units[i + 1].name);
}

static void append_id(struct text *text, const struct facts *facts)
{
    if (is_known(facts->session_id))
        append(text, "%.*s ", ID_SHOWN_BYTES, facts->session_id);
}

static void append_who(struct text *text, const struct facts *facts)
{
    append(text, "%s", is_known(facts->user) ? facts->user : "an unknown user");
    if (facts->uid >= 0)
        append(text, " (uid %" PRId64 ")", facts->uid);
    if (is_known(facts->remote_host))
        append(text, " from %s", facts->remote_host);
    if (is_known(facts->service))
        append(text, " by %s", facts->service);
}

static void append_actor(struct text *text, const struct facts *facts)
{
    if (facts->actor_uid < 0) {
        append(text, "an unknown caller");
        return;
    }
    append(text, "uid %" PRId64, facts->actor_uid);
    if (facts->actor_pid > 0)
        append(text, " (process %" PRId64 ")", facts->actor_pid);
}

static void append_reason(struct text *text, const struct facts *facts)
{
    if (is_known(facts->reason))
        append(text, ": %s", facts->reason);
}

/* The limits it was under, and for how long it lived under them. */
static void append_policy(struct text *text, const struct facts *facts)
{
    bool policy = is_known(facts->policy), duration = facts->duration_usec >= 0;

    if (!policy && !duration)
        return;
    append(text, " (");
    if (policy)
        append(text, "policy %s", facts->policy);
    if (duration) {
        append(text, policy ? ", after " : "after ");
        append_duration(text, facts->duration_usec);
    }
    append(text, ")");
}

static void append_until(struct text *text, const struct facts *facts)
{
    char when[CLOCK_TEXT_MAX_BYTES];

    if (facts->until_usec >= 0)
        append(text, " until %s", clock_text(facts->until_usec, when));
}

static void append_text(struct text *text, const struct facts *facts)
{
    if (is_known(facts->text))
        append(text, ": %s", facts->text);
}

static const struct {
    const char *name;
    void (*append)(struct text *text, const struct facts *facts);
} parts[] = {
    {"{id}", append_id},         {"{who}", append_who},       {"{actor}", append_actor},
    {"{reason}", append_reason}, {"{policy}", append_policy}, {"{until}", append_until},
    {"{text}", append_text},
};

static void make_sentence(const char *form, const struct facts *facts, struct text *text)
{
    while (*form != '\0') {
        size_t i = 0, plain = strcspn(form, "{");

        append(text, "%.*s", (int)plain, form);
        form += plain;
        if (*form == '\0')
            return;
        while (i < ELEMENTS(parts) && strncmp(form, parts[i].name, strlen(parts[i].name)) != 0)
            i++;
        assert(i < ELEMENTS(parts)); /* the table above names no others */
        parts[i].append(text, facts);
        form += strlen(parts[i].name);
    }
}

/* The fields of an entry, one behind the other in one buffer. */
struct fields {
    char buffer[FIELDS_TEXT_MAX_BYTES];
    size_t used;
    const char *items[LOG_FIELDS_MAX];
    size_t count;
};

/* Adds a field; one that is not known, or does not fit as a whole, is left out. */
static void add_string(struct fields *fields, const char *name, const char *value)
{
    size_t room = sizeof(fields->buffer) - fields->used;
    char *field = fields->buffer + fields->used;
    int n;

    if (!is_known(value))
        return;
    n = snprintf(field, room, "%s=%s", name, value);
    if (n < 0 || (size_t)n >= room)
        return;
    assert(fields->count < LOG_FIELDS_MAX);
    fields->items[fields->count++] = field;
    fields->used += (size_t)n + 1;
}

static void add_number(struct fields *fields, const char *name, int64_t value)
{
    char text[32];

    if (value < 0)
        return;
    (void)snprintf(text, sizeof(text), "%" PRId64, value); /* any fits */
    add_string(fields, name, text);
}

static void make_fields(const struct audit_kind *kind, const struct facts *facts,
                        struct fields *fields)
{
    add_string(fields, "MESSAGE_ID", kind->message_id);
    add_string(fields, "SESSMGR_EVENT", kind->name);
    add_string(fields, "SESSMGR_SESSION_ID", facts->session_id);
    add_string(fields, "SESSMGR_USER", facts->user);
    add_number(fields, "SESSMGR_UID", facts->uid);
    add_string(fields, "SESSMGR_SERVICE", facts->service);
    add_string(fields, "SESSMGR_TTY", facts->terminal);
    add_string(fields, "SESSMGR_RHOST", facts->remote_host);
    add_string(fields, "SESSMGR_REASON", facts->reason);
    add_string(fields, "SESSMGR_POLICY", facts->policy);
    add_number(fields, "SESSMGR_DURATION_USEC", facts->duration_usec);
    add_number(fields, "SESSMGR_UNTIL_USEC", facts->until_usec);
    add_number(fields, "SESSMGR_ACTOR_UID", facts->actor_uid);
    add_number(fields, "SESSMGR_ACTOR_PID", facts->actor_pid);
}

void audit_write(enum audit_event event, const struct audit_details *details)
{
    const struct audit_kind *kind = &kinds[event];
    struct facts facts = gather(details);
    char message[MESSAGE_TEXT_MAX_BYTES] = "";
    struct text text = {message, sizeof(message), 0};
    struct fields fields = {.used = 0};

    make_sentence(kind->form, &facts, &text);
    make_fields(kind, &facts, &fields);
    log_send(&(struct log_entry){.priority = kind->priority,
                                 .message = message,
                                 .fields = fields.items,
                                 .field_count = fields.count});
}

void audit_write_limited(struct rate_limit *limit, int64_t now_usec, enum audit_event event,
                         const struct audit_details *details)
{
    struct audit_details told = *details;
    char text[MESSAGE_TEXT_MAX_BYTES];
    unsigned left_out;

    if (!rate_limit_take(limit, details->actor_uid, now_usec, &left_out))
        return;
    if (left_out > 0) {
        (void)snprintf(text, sizeof(text), "%s%s%u more like it were not written",
                       details->text != NULL ? details->text : "",
                       details->text != NULL ? "; " : "", left_out); /* cut where it is full */
        told.text = text;
    }
    audit_write(event, &told);
}

const char *audit_event_name(enum audit_event event)
{
    return kinds[event].name;
}

const char *audit_event_message_id(enum audit_event event)
{
    return kinds[event].message_id;
}
