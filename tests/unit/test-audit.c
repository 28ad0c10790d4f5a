/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Audit events (daemon/audit.h): their sentences and fields, and that the message catalog explains
 * each of them. The log is this file's own and keeps what it is sent.
 */
#include "config.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/audit.h"
#include "daemon/log.h"

#ifndef TOP_SRCDIR
#error "TOP_SRCDIR must be the folder of the sources"
#endif

#define ID "3f2a91c0d5e84b7796ab01cd23ef4567"

enum { CATALOG_MAX_BYTES = 65536 };

static struct {
    int priority;
    char message[4096];
    char fields[LOG_FIELDS_MAX][512];
    size_t field_count;
} sent;

void log_send(const struct log_entry *entry)
{
    assert_in_range(entry->field_count, 0, LOG_FIELDS_MAX);
    assert_non_null(entry->message);
    sent.priority = entry->priority;
    (void)snprintf(sent.message, sizeof(sent.message), "%s", entry->message);
    sent.field_count = entry->field_count;
    for (size_t i = 0; i < entry->field_count; i++)
        (void)snprintf(sent.fields[i], sizeof(sent.fields[i]), "%s", entry->fields[i]);
}

void log_open(bool verbose)
{
    (void)verbose;
}

void log_line(int priority, const char *format, ...)
{
    (void)priority;
    (void)format;
}

/* The value of a field of what was sent, or NULL. */
static const char *field(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < sent.field_count; i++)
        if (strncmp(sent.fields[i], name, length) == 0 && sent.fields[i][length] == '=')
            return sent.fields[i] + length + 1;
    return NULL;
}

static const struct session_info ended = {
    .session_id = ID,
    .user = "alice",
    .uid = 1000,
    .service = "sshd",
    .terminal = "pts/3",
    .remote_host = "10.0.0.1",
    .audit_session = -1,
    .state = STATE_ENDED,
    .opened_usec = 1000000,
    .deadline_usec = 4000000,
    .policy = "default",
    .ended_usec = 4000000,
    .end_reason = END_LIFETIME,
};

static const struct session_info bare = {
    .uid = -1, .opened_usec = -1, .ended_usec = -1, .end_reason = END_NONE};

static const struct login_request login = {
    .service = "sshd", .user = "alice", .uid = 1000, .remote_host = "10.0.0.1"};

static void test_audit_write__ended__sentence_and_all_fields(void **state)
{
    (void)state;
    audit_write(AUDIT_ENDED, &AUDIT_DETAILS(.session = &ended, .duration_usec = 3000000));
    assert_string_equal(sent.message, "Session 3f2a91c0 of alice (uid 1000) from 10.0.0.1 by sshd "
                                      "ended: lifetime (policy default, after 3s)");
    assert_int_equal(sent.priority, LOG_INFO);
    assert_string_equal(field("MESSAGE_ID"), audit_event_message_id(AUDIT_ENDED));
    assert_string_equal(field("SESSMGR_EVENT"), "ended");
    assert_string_equal(field("SESSMGR_SESSION_ID"), ID);
    assert_string_equal(field("SESSMGR_USER"), "alice");
    assert_string_equal(field("SESSMGR_UID"), "1000");
    assert_string_equal(field("SESSMGR_SERVICE"), "sshd");
    assert_string_equal(field("SESSMGR_TTY"), "pts/3");
    assert_string_equal(field("SESSMGR_RHOST"), "10.0.0.1");
    assert_string_equal(field("SESSMGR_REASON"), "lifetime");
    assert_string_equal(field("SESSMGR_POLICY"), "default");
    assert_string_equal(field("SESSMGR_DURATION_USEC"), "3000000");
    assert_int_equal(sent.field_count, 11);
}

static void test_audit_write__each_end_reason__named(void **state)
{
    struct session_info info = ended;

    (void)state;
    for (info.end_reason = 0; end_reason_names[info.end_reason] != NULL; info.end_reason++) {
        audit_write(AUDIT_ENDED, &AUDIT_DETAILS(.session = &info, .reason = "not this"));
        assert_string_equal(field("SESSMGR_REASON"), end_reason_names[info.end_reason]);
        assert_non_null(strstr(sent.message, end_reason_names[info.end_reason]));
    }
    info.end_reason = END_NONE;
    audit_write(AUDIT_ENDING, &AUDIT_DETAILS(.session = &info, .reason = "lifetime"));
    assert_string_equal(field("SESSMGR_REASON"), "lifetime");
}

static void test_audit_write__refused_login__who_and_why(void **state)
{
    (void)state;
    audit_write(AUDIT_REFUSED, &AUDIT_DETAILS(.login = &login, .reason = "limit",
                                              .policy = "default", .text = "2 of 2"));
    assert_string_equal(sent.message, "Login of alice (uid 1000) from 10.0.0.1 by sshd refused: "
                                      "limit (policy default): 2 of 2");
    assert_int_equal(sent.priority, LOG_WARNING);
    assert_string_equal(field("SESSMGR_USER"), "alice");
    assert_string_equal(field("SESSMGR_REASON"), "limit");
    assert_string_equal(field("SESSMGR_POLICY"), "default");
    assert_null(field("SESSMGR_SESSION_ID"));
    assert_null(field("SESSMGR_TTY"));
    assert_null(field("SESSMGR_DURATION_USEC"));
    assert_null(field("SESSMGR_ACTOR_UID"));
}

static void test_audit_write__actor__who_asked(void **state)
{
    (void)state;
    audit_write(AUDIT_TERMINATED,
                &(struct audit_details){.session = &ended, .actor_uid = 0, .actor_pid = 77});
    assert_string_equal(field("SESSMGR_ACTOR_UID"), "0");
    assert_string_equal(field("SESSMGR_ACTOR_PID"), "77");
    assert_non_null(strstr(sent.message, "to be ended, uid 0 (process 77) asked for it"));
    audit_write(AUDIT_DENIED,
                &(struct audit_details){.actor_uid = 1001, .actor_pid = -1, .text = "List"});
    assert_string_equal(sent.message, "Request of uid 1001 denied: List");
}

static void test_audit_write__locked__who_by_whom_until_when(void **state)
{
    const struct login_request who = {.user = "alice", .uid = 1000};
    struct audit_details details = {.login = &who,
                                    .until_usec = INT64_C(1795466880000000),
                                    .actor_uid = 0,
                                    .actor_pid = 77,
                                    .text = "Ask Bob."};

    (void)state;
    audit_write(AUDIT_LOCKED, &details);
    assert_string_equal(sent.message, "The account of alice (uid 1000) is locked until Mon "
                                      "2026-11-23 20:48 UTC, uid 0 (process 77) asked for it: "
                                      "Ask Bob.");
    assert_int_equal(sent.priority, LOG_NOTICE);
    assert_string_equal(field("SESSMGR_USER"), "alice");
    assert_string_equal(field("SESSMGR_UNTIL_USEC"), "1795466880000000");
    assert_string_equal(field("SESSMGR_ACTOR_UID"), "0");
    details.until_usec = -1;
    details.text = NULL;
    audit_write(AUDIT_LOCKED, &details);
    assert_string_equal(sent.message, "The account of alice (uid 1000) is locked, uid 0 (process "
                                      "77) asked for it");
    assert_null(field("SESSMGR_UNTIL_USEC"));
    audit_write(AUDIT_UNLOCKED, &details);
    assert_string_equal(sent.message, "The account of alice (uid 1000) is unlocked, uid 0 (process "
                                      "77) asked for it");
}

static void test_audit_write_limited__beyond_the_burst__said_in_the_next_window(void **state)
{
    const struct audit_details details = {.actor_uid = 1001, .actor_pid = -1, .text = "List"};
    struct rate_limit limit = {0};

    (void)state;
    for (int i = 0; i < RATE_LIMIT_BURST; i++)
        audit_write_limited(&limit, 1, AUDIT_DENIED, &details);
    assert_string_equal(sent.message, "Request of uid 1001 denied: List");
    sent.message[0] = '\0';
    for (int i = 0; i < 3; i++)
        audit_write_limited(&limit, 1, AUDIT_DENIED, &details);
    assert_string_equal(sent.message, "");
    audit_write_limited(&limit, 1 + RATE_LIMIT_WINDOW_USEC, AUDIT_DENIED, &details);
    assert_string_equal(sent.message,
                        "Request of uid 1001 denied: List; 3 more like it were not written");
}

static void test_audit_write__durations__two_units(void **state)
{
    static const struct {
        int64_t usec;
        const char *text;
    } cases[] = {
        {999, "(after 0ms)"},           {120000, "(after 120ms)"},
        {3400000, "(after 3s)"},        {60000000, "(after 1min)"},
        {185000000, "(after 3min 5s)"}, {7380000000, "(after 2h 3min)"},
        {7205000000, "(after 2h)"},     {5 * 86400000000 + 4 * 3600000000, "(after 5d 4h)"},
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        audit_write(AUDIT_ENDED, &AUDIT_DETAILS(.session = &bare, .duration_usec = cases[i].usec));
        assert_non_null(strstr(sent.message, cases[i].text));
    }
}

static void test_audit_write__duration_unknown__left_out(void **state)
{
    (void)state;
    audit_write(AUDIT_ENDED, &AUDIT_DETAILS(.session = &ended));
    assert_null(field("SESSMGR_DURATION_USEC"));
    assert_null(strstr(sent.message, "after"));
}

static void test_audit_write__nothing_known__still_a_sentence(void **state)
{
    (void)state;
    for (enum audit_event event = 0; event < AUDIT_EVENTS_COUNT; event++) {
        for (int round = 0; round < 2; round++) {
            audit_write(event, round == 0 ? &AUDIT_DETAILS(.text = NULL)
                                          : &AUDIT_DETAILS(.session = &bare));
            assert_true(strlen(sent.message) > 10);
            assert_null(strpbrk(sent.message, "{}%"));
            assert_null(strstr(sent.message, "(null)"));
            assert_null(strstr(sent.message, "  "));
            assert_int_equal(sent.field_count, 2); /* MESSAGE_ID and SESSMGR_EVENT */
        }
    }
}

static void test_audit_write__very_long_text__cut_and_fields_whole(void **state)
{
    char text[9000];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    audit_write(AUDIT_ENDED, &AUDIT_DETAILS(.session = &ended, .text = text));
    assert_int_equal(strlen(sent.message), 4095);
    assert_string_equal(field("SESSMGR_REASON"), "lifetime");
    /* a value that does not fit is left out, and those behind it are not */
    audit_write(AUDIT_DENIED, &(struct audit_details){.reason = text, .actor_uid = 5});
    assert_null(field("SESSMGR_REASON"));
    assert_string_equal(field("SESSMGR_ACTOR_UID"), "5");
}

static void test_audit_event_message_id__all__ids_of_their_own(void **state)
{
    (void)state;
    for (enum audit_event i = 0; i < AUDIT_EVENTS_COUNT; i++) {
        const char *id = audit_event_message_id(i);

        assert_int_equal(strlen(id), 32);
        for (size_t n = 0; n < 32; n++)
            assert_true(isdigit((unsigned char)id[n]) || (id[n] >= 'a' && id[n] <= 'f'));
        for (enum audit_event j = 0; j < i; j++) {
            assert_string_not_equal(id, audit_event_message_id(j));
            assert_string_not_equal(audit_event_name(i), audit_event_name(j));
        }
    }
}

/* Reads the catalog; to be freed. */
static char *read_catalog(void)
{
    char *text = calloc(1, CATALOG_MAX_BYTES);
    FILE *file = fopen(TOP_SRCDIR "/etc/sessmgr.catalog", "re");
    size_t length;

    assert_non_null(text);
    assert_non_null(file);
    length = fread(text, 1, CATALOG_MAX_BYTES - 1, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(length, 1, CATALOG_MAX_BYTES - 2);
    return text;
}

static size_t count(const char *text, const char *wanted)
{
    size_t found = 0;

    for (; (text = strstr(text, wanted)) != NULL; text += strlen(wanted))
        found++;
    return found;
}

static void test_catalog__entries__exactly_the_events(void **state)
{
    char *catalog = read_catalog();
    size_t entries = count(catalog, "\n-- ");

    (void)state;
    for (enum audit_event event = 0; event < AUDIT_EVENTS_COUNT; event++) {
        char heading[128];

        (void)snprintf(heading, sizeof(heading),
                       "\n# %s\n-- %s\nSubject: ", audit_event_name(event),
                       audit_event_message_id(event));
        if (count(catalog, heading) != 1) {
            free(catalog);
            fail_msg("the catalog has no entry \"%s\"", audit_event_name(event));
        }
    }
    free(catalog);
    assert_int_equal(entries, AUDIT_EVENTS_COUNT);
}

static void test_catalog__end_reasons__all_explained(void **state)
{
    char *catalog = read_catalog();
    const char *section = strstr(catalog, "\n# ended\n"); /* refusals have reasons too */

    (void)state;
    for (size_t i = 0; end_reason_names[i] != NULL; i++) {
        char line[64];

        (void)snprintf(line, sizeof(line), "\n  %s ", end_reason_names[i]);
        if (section == NULL || count(section, line) != 1) {
            free(catalog);
            fail_msg("the catalog does not explain \"%s\"", end_reason_names[i]);
        }
    }
    free(catalog);
}

/* Each @FIELD@ in the catalog is one that entries have. */
static void test_catalog__fields__ours(void **state)
{
    static const char *const known[] = {
        "SESSMGR_SESSION_ID", "SESSMGR_USER",      "SESSMGR_SERVICE",   "SESSMGR_REASON",
        "SESSMGR_POLICY",     "SESSMGR_ACTOR_UID", "SESSMGR_ACTOR_PID",
    };
    char *catalog = read_catalog();
    size_t marks = count(catalog, "@"), found = 0;

    (void)state;
    for (size_t i = 0; i < ELEMENTS(known); i++) {
        char mark[64];

        (void)snprintf(mark, sizeof(mark), "@%s@", known[i]);
        found += count(catalog, mark);
    }
    free(catalog);
    assert_true(found > 0);
    assert_int_equal(marks, 2 * found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_audit_write__ended__sentence_and_all_fields),
        cmocka_unit_test(test_audit_write__each_end_reason__named),
        cmocka_unit_test(test_audit_write__refused_login__who_and_why),
        cmocka_unit_test(test_audit_write__actor__who_asked),
        cmocka_unit_test(test_audit_write__locked__who_by_whom_until_when),
        cmocka_unit_test(test_audit_write_limited__beyond_the_burst__said_in_the_next_window),
        cmocka_unit_test(test_audit_write__durations__two_units),
        cmocka_unit_test(test_audit_write__duration_unknown__left_out),
        cmocka_unit_test(test_audit_write__nothing_known__still_a_sentence),
        cmocka_unit_test(test_audit_write__very_long_text__cut_and_fields_whole),
        cmocka_unit_test(test_audit_event_message_id__all__ids_of_their_own),
        cmocka_unit_test(test_catalog__entries__exactly_the_events),
        cmocka_unit_test(test_catalog__end_reasons__all_explained),
        cmocka_unit_test(test_catalog__fields__ours),
    };

    if (setenv("TZ", "UTC", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
