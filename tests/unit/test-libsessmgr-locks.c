/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locks of users, as libsessmgr asks for them (libsessmgr/sessmgr.h), against a daemon that follows
 * a script. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"
#include "libsessmgr/sessmgr.h"
#include "tests/unit/fake-daemon.h"
#include "tests/unit/fake-session.h"

#define LONG_USEC   UINT64_C(10000000) /* never reached in a test that goes well */
#define LOCK        "io.sessmgr.Manager.Lock\""
#define UNLOCK      "io.sessmgr.Manager.Unlock\""
#define LIST        "io.sessmgr.Manager.ListLocks\""
#define ENDED(text) "{\"parameters\":{" text "}}"
#define BARE        "{\"user\":\"bob\",\"uid\":0,\"sinceUsec\":0}"
#define FULL                                                                                    \
    "{\"user\":\"alice\",\"uid\":4294967294,\"sinceUsec\":1,\"untilUsec\":2,\"message\":\"m\"," \
    "\"mood\":\"fine\"}"

struct visited {
    char text[512]; /* of each visit, followed by a space */
    int answer;     /* of the visitor */
};

static int visit_id(const char *id, void *userdata)
{
    struct visited *visited = userdata;
    size_t length = strlen(visited->text);

    (void)snprintf(visited->text + length, sizeof(visited->text) - length, "%s ", id);
    return visited->answer;
}

static int visit_lock(const struct sessmgr_lock *lock, void *userdata)
{
    char text[128];

    (void)snprintf(text, sizeof(text), "%s,%u,%d,%d,%s", lock->user, (unsigned)lock->uid,
                   (int)lock->since_usec, (int)lock->until_usec,
                   lock->message ? lock->message : "NULL");
    return visit_id(text, userdata);
}

/* A handle whose first call is answered with a reply. */
static struct sessmgr *open_handle(struct fake_daemon *daemon, const char *wanted,
                                   const char *reply)
{
    static struct fake_step script[] = {
        {FAKE_ACCEPT, NULL}, {FAKE_READ, NULL},  {FAKE_SEND, NULL},
        {FAKE_WAIT, NULL},   {FAKE_CLOSE, NULL}, {FAKE_END, NULL},
    };
    struct sessmgr *handle = NULL;

    script[1].text = wanted;
    script[2].text = reply;
    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    fake_start(daemon, script);
    return handle;
}

static void close_handle(struct fake_daemon *daemon, struct sessmgr *handle)
{
    sessmgr_close(handle);
    assert_null(fake_finish(daemon));
}

static int lock(struct fake_daemon *daemon, const char *wanted, const char *reply,
                struct visited *visited)
{
    struct sessmgr *handle = open_handle(daemon, wanted, reply);
    int r;

    r = sessmgr_lock(handle, "alice", 1000, 5, "Go.", true, visited ? visit_id : NULL, visited);
    close_handle(daemon, handle);
    return r;
}

static void test_lock__all_arguments__sent(void **state)
{
    assert_int_equal(lock(*state,
                          LOCK ",\"parameters\":{\"user\":\"alice\",\"uid\":1000,\"untilUsec\":5,"
                               "\"message\":\"Go.\",\"terminate\":true}}",
                          ENDED("\"sessions\":[],\"sessionCount\":0"), NULL),
                     0);
}

static void test_lock__fewest_arguments__nothing_else_sent(void **state)
{
    struct sessmgr *handle = open_handle(*state, LOCK ",\"parameters\":{\"user\":\"\",\"uid\":0}}",
                                         ENDED("\"sessions\":[],\"sessionCount\":0"));

    assert_int_equal(sessmgr_lock(handle, "", 0, -1, NULL, false, NULL, NULL), 0);
    close_handle(*state, handle);
}

static void test_lock__sessions_ended__visited_and_counted(void **state)
{
    static const char reply[] =
        ENDED("\"sessions\":[\"" FAKE_ID "\",\"" FAKE_ID_2 "\"],\"sessionCount\":7");
    struct visited visited = {.answer = 0};

    assert_int_equal(lock(*state, LOCK, reply, &visited), 7);
    assert_string_equal(visited.text, FAKE_ID " " FAKE_ID_2 " ");
    visited = (struct visited){.answer = -5};
    assert_int_equal(lock(*state, LOCK, reply, &visited), -5);
    assert_string_equal(visited.text, FAKE_ID " ");
    assert_int_equal(lock(*state, LOCK, reply, NULL), 7);
}

static void test_lock__other_answers__errors(void **state)
{
    static const struct {
        const char *reply;
        int error;
    } cases[] = {
        {"{}", -EPROTO},
        {ENDED("\"sessions\":[]"), -EPROTO},
        {ENDED("\"sessionCount\":0"), -EPROTO},
        {ENDED("\"sessions\":[\"" FAKE_ID FAKE_ID "\"],\"sessionCount\":1"), -EPROTO},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), -EACCES},
        {FAKE_ERROR("org.varlink.service.InvalidParameter"), -EINVAL},
        {FAKE_ERROR("org.varlink.service.MethodNotFound"), -EOPNOTSUPP},
        {FAKE_ERROR("io.sessmgr.Manager.TooMany"), -E2BIG},
        {FAKE_ERROR("io.sessmgr.Manager.StoreUnavailable"), -EIO},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_int_equal(lock(*state, LOCK, cases[i].reply, NULL), cases[i].error);
}

static void test_unlock__answers__understood(void **state)
{
    static const struct {
        const char *reply;
        int error;
    } cases[] = {
        {"{}", 0},
        {FAKE_ERROR("io.sessmgr.Manager.NoSuchLock"), -ENOLCK},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), -EACCES},
        {FAKE_ERROR("io.sessmgr.Manager.StoreUnavailable"), -EIO},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct sessmgr *handle =
            open_handle(*state, UNLOCK ",\"parameters\":{\"uid\":1000}}", cases[i].reply);

        assert_int_equal(sessmgr_unlock(handle, 1000), cases[i].error);
        close_handle(*state, handle);
    }
    assert_string_equal(sessmgr_strerror(-ENOLCK), "The user is not locked");
}

static void test_list_locks__several_replies__each_lock_visited(void **state)
{
    const struct fake_step script[] = {
        {FAKE_ACCEPT, NULL},
        {FAKE_READ, "ListLocks\",\"more\":true}"},
        {FAKE_SEND, "{\"continues\":true,\"parameters\":{\"locks\":[" BARE "]}}"},
        {FAKE_SEND, "{\"parameters\":{\"locks\":[" FULL "]}}"},
        {FAKE_WAIT, NULL},
        {FAKE_CLOSE, NULL},
        {FAKE_END, NULL},
    };
    struct fake_daemon *daemon = *state;
    struct visited visited = {.answer = 0};
    struct sessmgr *handle = NULL;

    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    fake_start(daemon, script);
    assert_int_equal(sessmgr_list_locks(handle, visit_lock, &visited), 0);
    assert_string_equal(visited.text, "bob,0,0,-1,NULL alice,4294967294,1,2,m ");
    close_handle(daemon, handle);
}

static void test_list_locks__other_answers__errors(void **state)
{
    static const struct {
        const char *reply;
        int answer, error;
    } cases[] = {
        {"{\"parameters\":{\"locks\":[]}}", 0, 0},
        {"{\"parameters\":{\"locks\":[" BARE "," FULL "]}}", 3, 3},
        {"{}", 0, -EPROTO},
        {"{\"parameters\":{\"locks\":{}}}", 0, -EPROTO},
        {"{\"parameters\":{\"locks\":[{\"user\":\"a\",\"uid\":4294967295,\"sinceUsec\":1}]}}", 0,
         -EPROTO},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), 0, -EACCES},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct visited visited = {.answer = cases[i].answer};
        struct sessmgr *handle = open_handle(*state, LIST, cases[i].reply);

        assert_int_equal(sessmgr_list_locks(handle, visit_lock, &visited), cases[i].error);
        close_handle(*state, handle);
    }
}

static void test_locks__wrong_arguments__nothing_sent(void **state)
{
    const struct fake_daemon *daemon = *state;
    struct sessmgr *handle = NULL;

    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    assert_int_equal(sessmgr_lock(NULL, "a", 1, -1, NULL, false, NULL, NULL), -EINVAL);
    assert_int_equal(sessmgr_lock(handle, NULL, 1, -1, NULL, false, NULL, NULL), -EINVAL);
    assert_int_equal(sessmgr_lock(handle, "a", (uid_t)-1, -1, NULL, false, NULL, NULL), -EINVAL);
    assert_int_equal(sessmgr_lock(handle, "a", 1, -2, NULL, false, NULL, NULL), -EINVAL);
    assert_int_equal(sessmgr_lock(handle, "\xff", 1, -1, NULL, false, NULL, NULL), -EINVAL);
    assert_int_equal(sessmgr_unlock(NULL, 1), -EINVAL);
    assert_int_equal(sessmgr_unlock(handle, (uid_t)-1), -EINVAL);
    assert_int_equal(sessmgr_list_locks(handle, NULL, NULL), -EINVAL);
    assert_int_equal(sessmgr_list_locks(NULL, visit_lock, NULL), -EINVAL);
    sessmgr_close(handle);
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_lock__all_arguments__sent),
        WITH_DAEMON(test_lock__fewest_arguments__nothing_else_sent),
        WITH_DAEMON(test_lock__sessions_ended__visited_and_counted),
        WITH_DAEMON(test_lock__other_answers__errors),
        WITH_DAEMON(test_unlock__answers__understood),
        WITH_DAEMON(test_list_locks__several_replies__each_lock_visited),
        WITH_DAEMON(test_list_locks__other_answers__errors),
        WITH_DAEMON(test_locks__wrong_arguments__nothing_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
