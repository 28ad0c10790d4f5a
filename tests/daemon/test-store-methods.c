/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an administrator has the daemon do with its store, by the methods of io.sessmgr.Manager. Who
 * may call them is in test-callers. Long because there are many ways to be remembered. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"
#include "tests/daemon/seed.h"
#include "tests/daemon/store-scene.h"

static const char *ask(struct harness *harness, const char *method, const char *parameters)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "io.sessmgr.Manager.%s", method);
    return harness_ask(harness, SOCKET_SESSION, name, parameters);
}

static void test_verify_store__whole__counts_what_there_is(void **state)
{
    struct harness *harness = *state;
    struct seed seeds[3];
    const char *answer;

    for (unsigned i = 0; i < ELEMENTS(seeds); i++)
        seed_init(&seeds[i], i + 1);
    seed_store(harness, seeds, ELEMENTS(seeds));
    harness_start(harness);
    answer = ask(harness, "VerifyStore", "{}");
    assert_string_equal(reply_error(answer), "");
    assert_int_equal(reply_int(answer, "parameters.records"),
                     3 + 2); /* and a signing key, and a policy */
    assert_true(reply_int(answer, "parameters.bytes") > 0);
    assert_true(reply_int(answer, "parameters.sequence") > 0);
    assert_int_equal(harness_statistic(harness, "storeJobTotalBytes"), 0); /* it is over */
}

static void test_checkpoint__after_changes__has_them(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    char id[SESSION_ID_BYTES + 1];
    const char *answer;
    long before;

    harness_start(harness);
    actor_log_in(login, "alice", 4001, "sshd", id);
    before = harness_statistic(harness, "storeCheckpoints");
    answer = ask(harness, "Checkpoint", "{}");
    /* a signing key, a policy, a session */
    assert_int_equal(reply_int(answer, "parameters.records"), 3);
    assert_true(reply_int(answer, "parameters.bytes") > 0);
    assert_int_equal(harness_statistic(harness, "storeCheckpoints"), before + 1);
    assert_int_equal(harness_statistic(harness, "storeCheckpointRecords"), 3);
    assert_true(harness_statistic(harness, "storeCheckpointBytes") > 0);
    harness_kill(harness);
    harness_start(harness);
    assert_string_equal(reply_text(harness_describe(harness, id), "parameters.session.user"),
                        "alice");
}

static void test_rekey_store__no_new_key__says_so(void **state)
{
    struct harness *harness = *state;
    const char *answer;

    harness_start(harness);
    answer = ask(harness, "RekeyStore", "{}");
    assert_string_equal(reply_text(answer, "error"), "io.sessmgr.Manager.NoKey");
    assert_non_null(strstr(reply_text(answer, "parameters.message"), "credential"));
}

static void test_rekey_store__new_key_is_none__says_so(void **state)
{
    struct harness *harness = *state;
    const char *answer;
    char path[160];

    harness_credential(harness, "sessmgr.key.next", 'n');
    (void)snprintf(path, sizeof(path), "%s/sessmgr.key.next", harness->credentials);
    assert_int_equal(truncate(path, 31), 0);
    harness_start(harness);
    answer = ask(harness, "RekeyStore", "{}");
    assert_string_equal(reply_text(answer, "error"), "io.sessmgr.Manager.NoKey");
    assert_non_null(strstr(reply_text(answer, "parameters.message"), "32 bytes"));
}

static void test_rekey_store__new_key__opens_with_that_one_alone(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login");
    char id[SESSION_ID_BYTES + 1], key_id[64];

    harness_credential(harness, "sessmgr.key", 'o');
    harness_credential(harness, "sessmgr.key.next", 'n');
    harness_start(harness);
    actor_log_in(login, "alice", 4001, "sshd", id);
    (void)snprintf(key_id, sizeof(key_id), "%s",
                   reply_text(ask(harness, "RekeyStore", "{}"), "parameters.keyId"));
    assert_int_equal(strspn(key_id, "0123456789abcdef"), 16);
    assert_int_equal(strlen(key_id), 16);
    assert_int_equal(
        harness_log_count(harness, "SESSMGR_EVENT=store-rekey", "SESSMGR_ACTOR_UID=0", NULL), 1);
    harness_stop(harness);
    harness_start(harness); /* with both */
    assert_string_equal(reply_text(ask(harness, "RekeyStore", "{}"), "parameters.keyId"), key_id);
    harness_stop(harness);
    harness_credential(harness, "sessmgr.key.next", 0);
    assert_int_not_equal(harness_start_failing(harness), 0); /* with the old one */
    harness_credential(harness, "sessmgr.key", 'n');
    harness_start(harness);
    assert_string_equal(reply_text(harness_describe(harness, id), "parameters.session.state"),
                        "active");
}

static void test_backup_store__reply__comes_with_a_file(void **state)
{
    struct harness *harness = *state;
    struct stat status;
    int fd;

    harness_start(harness);
    fd = store_scene_backup(harness);
    assert_string_equal(reply_error(harness->reply), "");
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_size, reply_int(harness->reply, "parameters.bytes"));
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
    assert_int_equal(status.st_nlink, 0); /* nothing of it stays behind */
    closep(&fd);
    assert_int_equal(
        harness_log_count(harness, "SESSMGR_EVENT=store-backup", "SESSMGR_ACTOR_UID=0", NULL), 1);
}

/* Until so many calls of a kind were begun: without a pause, lest they are over too. */
static void await_begun(struct harness *harness, const char *event, size_t count)
{
    long until = harness_now_msec() + HARNESS_PATIENCE_MSEC;

    while (harness_log_count(harness, event, NULL) < count)
        assert_true(harness_now_msec() < until);
}

/* A call that waits for the disk is in nobody's way, and may lose its caller. */
static void test_backup_store__caller_goes__daemon_goes_on(void **state)
{
    struct harness *harness = *state;

    harness_start(harness);
    for (size_t i = 1; i <= 10; i++) {
        CLEANUP(closep) int fd = harness_connect(harness, SOCKET_SESSION);

        harness_send_text(fd, "{\"method\":\"io.sessmgr.Manager.BackupStore\"}");
        /* a call is not even begun whose caller has gone by then */
        await_begun(harness, "SESSMGR_EVENT=store-backup", i);
    }
    assert_string_equal(reply_error(ask(harness, "VerifyStore", "{}")), "");
    HARNESS_AWAIT(harness_statistic(harness, "sessionConnections") == 1);
}

/* --- forgetting */

#define PERSONAL                                                                                 \
    ",\"terminal\":\"/dev/pts/alices\",\"remoteHost\":\"192.0.2.77\",\"remoteUser\":\"alicia\"," \
    "\"connection\":\"192.0.2.77 40000 192.0.2.1 22\",\"authInfo\":\"publickey ssh-ed25519 "     \
    "AAAAC3NzaC1lZDI1NTE5AAAAIEeY1MzVR3xYVZjL/o2EqORJGnRqL9Y1LoEvBgOqhcgX\""

static const char *const personal[] = {"alice",   "4001",      "alicia",  "alices",
                                       "192.0.2", "publickey", "SHA256:", "a-note"};

/* A session of alice's that has ended. */
static void have_ended(struct harness *harness, char id[static SESSION_ID_BYTES + 1])
{
    struct actor *login = actor_new(harness, "login");
    char parameters[4096], context[256];
    const char *answer;

    (void)snprintf(parameters, sizeof(parameters),
                   "{\"login\":{\"service\":\"sshd\",\"user\":\"alice\",\"uid\":4001,\"groups\":[]"
                   "%s}}",
                   PERSONAL);
    answer = actor_ask(login, SOCKET_LOGIN, "io.sessmgr.Login.Open", parameters);
    assert_string_equal(reply_error(answer), "");
    (void)snprintf(id, SESSION_ID_BYTES + 1, "%s", reply_text(answer, "parameters.sessionId"));
    (void)snprintf(context, sizeof(context),
                   "{\"sessionId\":\"%s\",\"context\":{\"note\":\"a-note\"}}", id);
    assert_string_equal(reply_error(harness_ask_session(harness, "SetContext", context)), "");
    (void)actor_close(login, id);
}

static void assert_nothing_personal(const char *text)
{
    for (size_t i = 0; i < ELEMENTS(personal); i++)
        if (strstr(text, personal[i]) != NULL)
            fail_msg("%s is in %s", personal[i], text);
}

static int look_for_personal(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    size_t *records = userdata;
    char text[65536];

    (void)snprintf(text, sizeof(text), "%.*s", (int)value_bytes, (const char *)value);
    if (session_record_is_key(key)) {
        assert_nothing_personal(text);
        (*records)++;
    }
    return 0;
}

static const char *list_all(struct harness *harness, const char *filter)
{
    char parameters[128];

    (void)snprintf(parameters, sizeof(parameters), "{\"includeEnded\":true,\"filter\":{%s}}",
                   filter);
    return harness_ask_session(harness, "List", parameters);
}

static void test_forget_user__ended_session__only_that_there_was_one(void **state)
{
    struct harness *harness = *state;
    char id[SESSION_ID_BYTES + 1];
    const char *answer;
    size_t records = 0;

    harness_start(harness);
    have_ended(harness, id);
    (void)harness_describe(harness, id);
    for (size_t i = 0; i < ELEMENTS(personal); i++)
        assert_non_null(strstr(harness->reply, personal[i]));
    answer = ask(harness, "ForgetUser", "{\"uid\":4001}");
    assert_string_equal(reply_error(answer), "");
    assert_int_equal(reply_int(answer, "parameters.sessions"), 1);
    for (int round = 0; round < 2; round++) {
        answer = harness_describe(harness, id);
        assert_nothing_personal(answer);
        assert_string_equal(reply_text(answer, "parameters.session.sessionId"), id);
        assert_string_equal(reply_text(answer, "parameters.session.service"), "sshd");
        assert_string_equal(reply_text(answer, "parameters.session.endReason"), "logout");
        assert_true(reply_int(answer, "parameters.session.openedUsec") > 0);
        assert_true(reply_int(answer, "parameters.session.endedUsec") > 0);
        assert_false(reply_has(answer, "parameters.session.uid"));
        assert_nothing_personal(list_all(harness, ""));
        harness_kill(harness);
        harness_start(harness);
    }
    harness_stop(harness);
    seed_visit(harness, look_for_personal, &records);
    assert_int_equal(records, 1);
}

static void test_forget_user__forgotten_session__is_found_by_no_user(void **state)
{
    static const char *const filters[] = {"\"uid\":4001", "\"user\":\"alice\"", "\"user\":\"\"",
                                          "\"remoteHost\":\"192.0.2.77\""};
    struct harness *harness = *state;
    char id[SESSION_ID_BYTES + 1];

    harness_start(harness);
    have_ended(harness, id);
    assert_int_equal(reply_count(list_all(harness, filters[0]), "parameters.sessions"), 1);
    (void)ask(harness, "ForgetUser", "{\"uid\":4001}");
    for (size_t i = 0; i < ELEMENTS(filters); i++)
        assert_int_equal(reply_count(list_all(harness, filters[i]), "parameters.sessions"), 0);
    assert_int_equal(reply_count(list_all(harness, ""), "parameters.sessions"), 1);
    assert_int_equal(reply_int(ask(harness, "ForgetUser", "{\"uid\":4001}"), "parameters.sessions"),
                     0);
}

static void test_forget_user__live_and_other_sessions__as_they_were(void **state)
{
    struct harness *harness = *state;
    struct actor *bob = actor_new(harness, "login");
    char live[SESSION_ID_BYTES + 1], ended[SESSION_ID_BYTES + 1], other[SESSION_ID_BYTES + 1];

    harness_start(harness);
    actor_log_in(actor_new(harness, "login"), "alice", 4001, "sshd", live);
    have_ended(harness, ended);
    actor_log_in(bob, "bob", 4002, "sshd", other);
    (void)actor_close(bob, other);
    assert_int_equal(reply_int(ask(harness, "ForgetUser", "{\"uid\":4001}"), "parameters.sessions"),
                     1);
    assert_string_equal(reply_text(harness_describe(harness, live), "parameters.session.user"),
                        "alice");
    assert_string_equal(reply_text(harness_describe(harness, other), "parameters.session.user"),
                        "bob");
    assert_string_equal(reply_text(harness_describe(harness, ended), "parameters.session.user"),
                        "");
}

/* sudo tells who became root. */
static void test_forget_user__nested_session__does_not_tell_the_name(void **state)
{
    struct harness *harness = *state;
    struct actor *login = actor_new(harness, "login"), *sudo;
    char outer[SESSION_ID_BYTES + 1], inner[SESSION_ID_BYTES + 1];
    const char *answer;

    harness_start(harness);
    actor_log_in(login, "alice", 4001, "sshd", outer);
    sudo = actor_fork(harness, login, "sudo");
    answer = actor_ask(sudo, SOCKET_LOGIN, "io.sessmgr.Login.Open",
                       "{\"login\":{\"service\":\"sudo\",\"user\":\"root\",\"uid\":0,\"groups\":[],"
                       "\"remoteUser\":\"alice\"}}");
    (void)snprintf(inner, sizeof(inner), "%s", reply_text(answer, "parameters.sessionId"));
    (void)actor_close(sudo, inner);
    (void)actor_close(login, outer);
    assert_string_equal(
        reply_text(harness_describe(harness, inner), "parameters.session.remoteUser"), "alice");
    assert_int_equal(reply_int(ask(harness, "ForgetUser", "{\"uid\":4001}"), "parameters.sessions"),
                     1);
    answer = harness_describe(harness, inner);
    assert_string_equal(reply_text(answer, "parameters.session.user"), "root");
    assert_false(reply_has(answer, "parameters.session.remoteUser"));
}

/* Values are sealed, so it is the files from before that must be gone. */
static void test_forget_user__reply__files_from_before_are_gone(void **state)
{
    enum { RECORD = 4096 + 64 }; /* in the first block behind a segment's header */
    struct harness *harness = *state;
    struct store_scene_held held;
    char id[SESSION_ID_BYTES + 1];

    harness_start(harness);
    have_ended(harness, id);
    (void)ask(harness, "Checkpoint", "{}"); /* a checkpoint has it, and then a log */
    have_ended(harness, id);
    store_scene_hold(harness, RECORD, &held);
    assert_int_equal(reply_int(ask(harness, "ForgetUser", "{\"uid\":4001}"), "parameters.sessions"),
                     2);
    assert_int_equal(store_scene_let_go(&held, RECORD), 0);
    assert_int_equal(store_scene_files(harness, "checkpoint-"), 1);
}

static void test_forget_user__caller_goes__off_the_disk_all_the_same(void **state)
{
    struct harness *harness = *state;
    char id[SESSION_ID_BYTES + 1];
    long before;

    harness_start(harness);
    before = harness_statistic(harness, "storeCheckpoints");
    for (size_t i = 1; i <= 10; i++) {
        CLEANUP(closep) int fd = harness_connect(harness, SOCKET_SESSION);

        have_ended(harness, id);
        harness_send_text(
            fd, "{\"method\":\"io.sessmgr.Manager.ForgetUser\",\"parameters\":{\"uid\":4001}}");
        await_begun(harness, "SESSMGR_EVENT=forgotten", i);
    }
    HARNESS_AWAIT(harness_statistic(harness, "storeCheckpoints") == before + 10);
}

/* Who it was is asked of the journal later on. */
static void test_forget_user__end_waits_for_the_disk__audit_knows_the_user(void **state)
{
    enum { ROUNDS = 20 };
    struct harness *harness = *state;

    harness_start(harness);
    for (int i = 0; i < ROUNDS; i++) {
        struct actor *login = actor_new(harness, "login");
        char id[SESSION_ID_BYTES + 1], parameters[128];

        actor_log_in(login, "alice", 4001, "sshd", id);
        (void)snprintf(parameters, sizeof(parameters), "{\"sessionId\":\"%s\"}", id);
        actor_send(login, SOCKET_LOGIN, "io.sessmgr.Login.Close", parameters);
        (void)ask(harness, "ForgetUser", "{\"uid\":4001}");
        (void)actor_receive(login);
        actor_exit(login);
    }
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=ended", "SESSMGR_USER=alice", NULL),
                     ROUNDS);
}

static void test_forget_user__audit__has_the_count_and_no_name(void **state)
{
    struct harness *harness = *state;
    char id[SESSION_ID_BYTES + 1];

    harness_start(harness);
    have_ended(harness, id);
    (void)ask(harness, "ForgetUser", "{\"uid\":4001}");
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=forgotten", "SESSMGR_ACTOR_UID=0",
                                       "1 sessions", NULL),
                     1);
    assert_int_equal(harness_log_count(harness, "SESSMGR_EVENT=forgotten", "alice", NULL), 0);
}

static void test_forget_user__stream__has_no_changes_from_before(void **state)
{
    struct harness *harness = *state;
    char id[SESSION_ID_BYTES + 1];
    CLEANUP(closep) int fd = -1;
    char text[128];
    int64_t first;

    harness_start(harness);
    fd = harness_connect(harness, SOCKET_SESSION);
    harness_send_text(fd, "{\"method\":\"io.sessmgr.Session.Watch\",\"more\":true}");
    have_ended(harness, id);
    assert_true(harness_read(fd, harness->reply, sizeof(harness->reply)));
    first = reply_int(harness->reply, "parameters.sequence");
    (void)ask(harness, "ForgetUser", "{\"uid\":4001}");
    closep(&fd);
    fd = harness_connect(harness, SOCKET_SESSION);
    (void)snprintf(text, sizeof(text),
                   "{\"method\":\"io.sessmgr.Session.Watch\",\"more\":true,\"parameters\":{"
                   "\"fromSequence\":%lld}}",
                   (long long)first);
    harness_send_text(fd, text);
    assert_true(harness_read(fd, harness->reply, sizeof(harness->reply)));
    assert_string_equal(reply_error(harness->reply), "Gap");
}

/* --- what is over */

static int count_sessions(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    (void)value;
    (void)value_bytes;
    *(size_t *)userdata += session_record_is_key(key) ? 1 : 0;
    return 0;
}

static void test_retention__over__gone_from_the_disk_with_a_checkpoint(void **state)
{
    struct harness *harness = *state;
    struct seed seeds[2];
    size_t records = 0;

    for (unsigned i = 0; i < ELEMENTS(seeds); i++)
        seed_init(&seeds[i], i + 1);
    seed_end(&seeds[0], 3600 * USEC_PER_SEC);
    seed_end(&seeds[1], 0);
    seed_store(harness, seeds, ELEMENTS(seeds));
    harness_configure(harness, "[Manager]\nRetentionSec=10min\n");
    harness_start(harness);
    HARNESS_AWAIT(reply_count(list_all(harness, ""), "parameters.sessions") == 1);
    assert_int_equal(reply_int(ask(harness, "Checkpoint", "{}"), "parameters.records"), 1 + 1);
    harness_kill(harness); /* nothing is tidied up on the way out */
    seed_visit(harness, count_sessions, &records);
    assert_int_equal(records, 1);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, harness_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_verify_store__whole__counts_what_there_is),
        TEST(test_checkpoint__after_changes__has_them),
        TEST(test_rekey_store__no_new_key__says_so),
        TEST(test_rekey_store__new_key_is_none__says_so),
        TEST(test_rekey_store__new_key__opens_with_that_one_alone),
        TEST(test_backup_store__reply__comes_with_a_file),
        TEST(test_backup_store__caller_goes__daemon_goes_on),
        TEST(test_forget_user__ended_session__only_that_there_was_one),
        TEST(test_forget_user__forgotten_session__is_found_by_no_user),
        TEST(test_forget_user__live_and_other_sessions__as_they_were),
        TEST(test_forget_user__nested_session__does_not_tell_the_name),
        TEST(test_forget_user__reply__files_from_before_are_gone),
        TEST(test_forget_user__caller_goes__off_the_disk_all_the_same),
        TEST(test_forget_user__end_waits_for_the_disk__audit_knows_the_user),
        TEST(test_forget_user__audit__has_the_count_and_no_name),
        TEST(test_forget_user__stream__has_no_changes_from_before),
        TEST(test_retention__over__gone_from_the_disk_with_a_checkpoint),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
