/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens while the clocks go on and the wall clock is set: a whole daemon in this process, with one
 * session, by clocks that the test moves. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/session-record.h"
#include "daemon/token-file.h"
#include "daemon/token-issue.h"
#include "daemon/token-refresh.h"
#include "daemon/token-validate.h"
#include "tests/unit/clock-fixture.h"

#define ID       "0123456789abcdef0123456789abcdef"
#define MIN_USEC (60 * USEC_PER_SEC)

static const struct peer nobody = {.pidfd = -1};

static int setup(void **state)
{
    struct clock_fixture *fixture = calloc(1, sizeof(*fixture));
    struct session_record record;
    struct session *session;

    if (fixture == NULL)
        return -1;
    clock_fixture_open(fixture, "[Tokens]\nTokenType=jwt\nRefreshToken=yes\n");
    fields_clear(&session_record_fields, &record);
    record.info = (struct session_info){.session_id = ID,
                                        .user = "alice",
                                        .uid = getuid(),
                                        .service = "sshd",
                                        .host_id = "h",
                                        .boot_id = "b",
                                        .policy = "default",
                                        .audit_session = -1,
                                        .deadline_usec = -1,
                                        .ended_usec = -1,
                                        .end_reason = END_NONE};
    record.token_family = TOKEN_FAMILY_FIRST;
    record.token_file = true;
    record.opened_boottime_usec = record.grace_usec = 1;
    record.members_by = MEMBERS_BY_TREE;
    record.kill_processes = KILL_ENFORCED;
    assert_int_equal(session_new(&fixture->manager->sessions, &record, &session), 0);
    session->manager = fixture->manager;
    session->policy = policy_take(fixture->manager, fixture->manager->config->fallback.policy);
    assert_int_equal(session_table_add(&fixture->manager->sessions, session), 0);
    *state = fixture;
    return 0;
}

/* The one there is. */
static struct session *session_of(const struct clock_fixture *fixture)
{
    return session_table_first(&fixture->manager->sessions);
}

static struct token_issued *issue(struct clock_fixture *fixture, const struct issue_token_in *in)
{
    const struct token_source random = {.text = NULL};
    struct token_issued *issued = token_issued_new();
    struct token_order order;
    const char *what;

    assert_non_null(issued);
    assert_int_equal(token_order(fixture->manager, session_of(fixture), in, &order, &what), 0);
    assert_int_equal(token_issue(fixture->manager, session_of(fixture), &order, &random, issued),
                     0);
    return issued;
}

static bool is_active(struct clock_fixture *fixture, const char *token)
{
    const struct validate_in in = {.token = token, .uid = -1};
    struct token_answer answer;
    struct session *session;

    return token_validate(fixture->manager, NULL, &in, &answer, &session) == 1;
}

static int revoke_token(struct clock_fixture *fixture, const char *token)
{
    struct session *session = NULL;

    return token_revoke(fixture->manager, &nobody, token, &session);
}

/* Revoked while the clock says that it is not good yet, or no more: it stays so when it is set. */
static void test_revoke__clock_is_wrong__jwt_stays_revoked(void **state)
{
    static const int64_t steps_usec[] = {-MIN_USEC, 10 * MIN_USEC, -100 * 24 * 60 * MIN_USEC,
                                         100 * 24 * 60 * MIN_USEC};
    struct clock_fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(steps_usec) / sizeof(steps_usec[0]); i++) {
        struct token_issued *issued = issue(fixture, NULL);

        assert_true(is_active(fixture, issued->access));
        fixture->realtime_passed_usec += steps_usec[i];
        assert_false(is_active(fixture, issued->access));
        assert_int_equal(revoke_token(fixture, issued->access), 0);
        fixture->realtime_passed_usec -= steps_usec[i];
        clock_fixture_run(fixture);
        assert_false(is_active(fixture, issued->access));
        token_issued_free(issued);
    }
}

static void test_revoke__other_issuer_meanwhile__jwt_stays_revoked(void **state)
{
    struct clock_fixture *fixture = *state;
    struct token_issued *issued = issue(fixture, NULL);
    struct config_error error;

    clock_fixture_configure(fixture, "[Tokens]\nIssuer=another\n");
    assert_int_equal(manager_reload(fixture->manager, &error), 0);
    assert_false(is_active(fixture, issued->access));
    assert_int_equal(revoke_token(fixture, issued->access), 0);
    clock_fixture_configure(fixture, "");
    assert_int_equal(manager_reload(fixture->manager, &error), 0);
    assert_false(is_active(fixture, issued->access));
    token_issued_free(issued);
}

static void test_validate__time_passes__over_by_the_second(void **state)
{
    const struct issue_token_in opaque = {
        .kind = TOKEN_OPAQUE, .lifetime_sec = 300, .refresh = true};
    struct clock_fixture *fixture = *state;
    struct token_issued *jwt = issue(fixture, NULL), *other = issue(fixture, &opaque);

    clock_fixture_pass(fixture, 298 * USEC_PER_SEC);
    assert_true(is_active(fixture, jwt->access));
    assert_true(is_active(fixture, other->access));
    fixture->realtime_passed_usec -= 60 * MIN_USEC; /* moves no opaque one */
    clock_fixture_pass(fixture, 3 * USEC_PER_SEC);
    assert_false(is_active(fixture, other->access));
    fixture->realtime_passed_usec += 60 * MIN_USEC;
    assert_false(is_active(fixture, jwt->access));
    assert_int_equal(fixture->manager->tokens.count, 1); /* the refresh token */
    token_issued_free(jwt);
    token_issued_free(other);
}

/* A repeat in the grace gets the same; the first moment after it, it is a reuse. */
static void test_refresh__around_the_grace__same_or_reuse(void **state)
{
    const struct issue_token_in order = {
        .kind = TOKEN_KIND_NONE, .lifetime_sec = -1, .refresh = true};
    struct clock_fixture *fixture = *state;
    struct token_issued *first = issue(fixture, &order), *next = token_issued_new(),
                        *again = token_issued_new();
    struct session *session;
    const char *what;

    assert_int_equal(
        token_refresh(fixture->manager, &nobody, first->refresh, "r", next, &session, &what), 0);
    clock_fixture_pass(fixture, 29 * USEC_PER_SEC);
    assert_int_equal(
        token_refresh(fixture->manager, &nobody, first->refresh, "r", again, &session, &what), 0);
    assert_string_equal(again->refresh, next->refresh);
    assert_true(is_active(fixture, next->access));
    clock_fixture_pass(fixture, 2 * USEC_PER_SEC);
    assert_int_equal(
        token_refresh(fixture->manager, &nobody, first->refresh, "r", again, &session, &what),
        -EKEYREJECTED);
    assert_false(is_active(fixture, next->access));
    clock_fixture_run(fixture);
    token_issued_free(first);
    token_issued_free(next);
    token_issued_free(again);
}

/* Reads the session's file; whether what is in it is good. */
static bool file_is_good(struct clock_fixture *fixture)
{
    char text[TOKEN_MAX_BYTES + 1];

    return runtime_read_token(&fixture->manager->runtime, ID, text, sizeof(text)) == 0 &&
           is_active(fixture, text);
}

static void test_token_file__wall_clock_is_set__good_again_soon(void **state)
{
    static const int64_t steps_usec[] = {10 * MIN_USEC, -10 * MIN_USEC, 24 * 60 * MIN_USEC};
    struct clock_fixture *fixture = *state;

    token_file_renew(fixture->manager, session_of(fixture));
    clock_fixture_run(fixture);
    assert_true(file_is_good(fixture));
    for (size_t i = 0; i < sizeof(steps_usec) / sizeof(steps_usec[0]); i++) {
        fixture->realtime_passed_usec += steps_usec[i];
        assert_false(file_is_good(fixture));
        for (int64_t passed = 0; passed <= 200; passed += 10)
            clock_fixture_pass(fixture, 10 * USEC_PER_SEC);
        assert_true(file_is_good(fixture));
    }
    fixture->realtime_passed_usec += 10 * MIN_USEC;
    for (int64_t passed = 0; passed < 40; passed += 10)
        clock_fixture_pass(fixture, 10 * USEC_PER_SEC);
    assert_true(file_is_good(fixture)); /* forward: within half a minute */
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, clock_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_revoke__clock_is_wrong__jwt_stays_revoked),
        TEST(test_revoke__other_issuer_meanwhile__jwt_stays_revoked),
        TEST(test_validate__time_passes__over_by_the_second),
        TEST(test_refresh__around_the_grace__same_or_reuse),
        TEST(test_token_file__wall_clock_is_set__good_again_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
