/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libsessmgr asks of the daemon's store (libsessmgr/sessmgr.h), against a daemon that follows
 * a script. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "common/macro.h"
#include "libsessmgr/sessmgr.h"
#include "tests/unit/fake-daemon.h"
#include "tests/unit/fake-session.h"

#define LONG_USEC UINT64_C(10000000) /* never reached in a test that goes well */
#define MANAGER   "io.sessmgr.Manager."

/* What one call says when the daemon answers it with a reply. */
struct ask {
    const char *method;
    enum fake_action send;
    const char *reply;
};

static struct sessmgr *start(struct fake_daemon *daemon, const struct ask *ask,
                             struct fake_step script[static 6])
{
    struct sessmgr *handle = NULL;

    script[0] = (struct fake_step){FAKE_ACCEPT, NULL};
    script[1] = (struct fake_step){FAKE_READ, ask->method};
    script[2] = (struct fake_step){ask->send, ask->reply};
    script[3] = (struct fake_step){FAKE_WAIT, NULL};
    script[4] = (struct fake_step){FAKE_CLOSE, NULL};
    script[5] = (struct fake_step){FAKE_END, NULL};
    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    fake_start(daemon, script);
    return handle;
}

static int verify(struct fake_daemon *daemon, const char *reply, struct sessmgr_store_info *ret,
                  char *message, size_t size)
{
    struct fake_step script[6];
    struct sessmgr *handle =
        start(daemon, &(struct ask){MANAGER "VerifyStore", FAKE_SEND, reply}, script);
    int r = sessmgr_store_verify(handle, ret);

    (void)snprintf(message, size, "%s", sessmgr_get_error_message(handle));
    sessmgr_close(handle);
    assert_null(fake_finish(daemon));
    return r;
}

static void test_store_verify__numbers__all_of_them(void **state)
{
    struct sessmgr_store_info info = {0};
    char message[256];

    assert_int_equal(verify(*state, "{\"parameters\":{\"records\":3,\"bytes\":70,\"sequence\":9}}",
                            &info, message, sizeof(message)),
                     0);
    assert_int_equal(info.records, 3);
    assert_int_equal(info.bytes, 70);
    assert_int_equal(info.sequence, 9);
}

static void test_store_verify__other_answers__errors(void **state)
{
    static const struct {
        const char *reply;
        int error;
        const char *said;
    } cases[] = {
        {"{\"parameters\":{\"records\":3,\"bytes\":70}}", -EPROTO, ""},
        {"{\"parameters\":{\"records\":3,\"bytes\":70,\"sequence\":-1}}", -EPROTO, ""},
        {"{\"error\":\"io.sessmgr.Manager.StoreDamaged\",\"parameters\":{\"file\":\"log-7\","
         "\"offset\":4096,\"message\":\"a record is damaged\"}}",
         -EUCLEAN, "log-7, byte 4096: a record is damaged"},
        {"{\"error\":\"io.sessmgr.Manager.StoreDamaged\",\"parameters\":{\"file\":\"manifest\","
         "\"message\":\"it is missing\"}}",
         -EUCLEAN, "manifest: it is missing"},
        {"{\"error\":\"io.sessmgr.Manager.StoreUnavailable\",\"parameters\":{\"message\":\"full\"}"
         "}",
         -EIO, "full"},
        {FAKE_ERROR("org.varlink.service.PermissionDenied"), -EACCES, ""},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct sessmgr_store_info info = {.records = 77};
        char message[256];

        assert_int_equal(verify(*state, cases[i].reply, &info, message, sizeof(message)),
                         cases[i].error);
        assert_string_equal(message, cases[i].said);
        assert_int_equal(info.records, 77);
    }
}

static void test_store_checkpoint__numbers__without_a_sequence(void **state)
{
    struct sessmgr_store_info info = {0};
    struct fake_step script[6];
    struct sessmgr *handle = start(*state,
                                   &(struct ask){MANAGER "Checkpoint", FAKE_SEND,
                                                 "{\"parameters\":{\"records\":3,\"bytes\":70}}"},
                                   script);

    assert_int_equal(sessmgr_store_checkpoint(handle, &info), 0);
    assert_int_equal(info.bytes, 70);
    assert_int_equal(info.sequence, -1);
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

static void test_store_rekey__answers__the_id_or_why_not(void **state)
{
    static const struct {
        const char *reply;
        int result;
    } cases[] = {
        {"{\"parameters\":{\"keyId\":\"0123456789abcdef\"}}", 0},
        {"{\"parameters\":{\"keyId\":\"\"}}", -EPROTO},
        {"{\"error\":\"io.sessmgr.Manager.NoKey\",\"parameters\":{\"message\":\"none\"}}", -ENOKEY},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct fake_step script[6];
        struct sessmgr *handle =
            start(*state, &(struct ask){MANAGER "RekeyStore", FAKE_SEND, cases[i].reply}, script);
        char *id = NULL;

        assert_int_equal(sessmgr_store_rekey(handle, &id), cases[i].result);
        assert_true(cases[i].result < 0 ? id == NULL : strcmp(id, "0123456789abcdef") == 0);
        free(id);
        sessmgr_close(handle);
        assert_null(fake_finish(*state));
    }
}

static void test_store_forget__uid__how_many(void **state)
{
    struct fake_step script[6];
    struct sessmgr *handle = start(*state,
                                   &(struct ask){"ForgetUser\",\"parameters\":{\"uid\":4001}",
                                                 FAKE_SEND, "{\"parameters\":{\"sessions\":5}}"},
                                   script);

    assert_int_equal(sessmgr_store_forget(handle, (uid_t)-1), -EINVAL);
    assert_int_equal(sessmgr_store_forget(handle, 4001), 5);
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
}

static int backup(struct fake_daemon *daemon, enum fake_action send, const char *reply, int *ret_fd,
                  int64_t *ret_bytes)
{
    struct fake_step script[6];
    struct sessmgr *handle =
        start(daemon, &(struct ask){MANAGER "BackupStore", send, reply}, script);
    int r = sessmgr_store_backup(handle, ret_fd, ret_bytes);

    sessmgr_close(handle);
    assert_null(fake_finish(daemon));
    return r;
}

static void test_store_backup__with_a_file__it_is_the_callers(void **state)
{
    static const char reply[] = "{\"parameters\":{\"bytes\":35}}";
    char text[64] = "";
    int64_t bytes = 0;
    int fd = -1;

    assert_int_equal(backup(*state, FAKE_GIVE, reply, &fd, &bytes), 0);
    assert_int_equal(bytes, 35);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(pread(fd, text, sizeof(text) - 1, 0), (ssize_t)strlen(reply));
    assert_string_equal(text, reply);
    closep(&fd);
}

static void test_store_backup__no_file_or_an_error__nothing(void **state)
{
    int64_t bytes = 77;
    int fd = -2;

    assert_int_equal(backup(*state, FAKE_SEND, "{\"parameters\":{\"bytes\":1}}", &fd, &bytes),
                     -EPROTO);
    assert_int_equal(backup(*state, FAKE_GIVE, "{}", &fd, &bytes), -EPROTO);
    assert_int_equal(
        backup(*state, FAKE_GIVE, FAKE_ERROR("io.sessmgr.Manager.StoreUnavailable"), &fd, &bytes),
        -EIO);
    assert_int_equal(fd, -2);
    assert_int_equal(bytes, 77);
}

/* Whoever asks for no descriptor gets none into their table. */
static void test_store_verify__a_file_comes_unasked__is_dropped(void **state)
{
    struct sessmgr_store_info info;
    struct fake_step script[6];
    struct sessmgr *handle =
        start(*state,
              &(struct ask){MANAGER "VerifyStore", FAKE_GIVE,
                            "{\"parameters\":{\"records\":3,\"bytes\":70,\"sequence\":9}}"},
              script);
    int before = dup(0), after;

    closep(&before);
    assert_int_equal(sessmgr_store_verify(handle, &info), 0);
    sessmgr_close(handle);
    assert_null(fake_finish(*state));
    after = dup(0);
    assert_true(after <= before);
    closep(&after);
}

static void test_store__wrong_arguments__refused(void **state)
{
    struct fake_daemon *daemon = *state;
    struct sessmgr *handle = NULL;
    struct sessmgr_store_info info;
    int fd;

    assert_int_equal(sessmgr_open(&handle, daemon->path, LONG_USEC), 0);
    assert_int_equal(sessmgr_store_verify(handle, NULL), -EINVAL);
    assert_int_equal(sessmgr_store_verify(NULL, &info), -EINVAL);
    assert_int_equal(sessmgr_store_checkpoint(handle, NULL), -EINVAL);
    assert_int_equal(sessmgr_store_rekey(handle, NULL), -EINVAL);
    assert_int_equal(sessmgr_store_backup(handle, NULL, NULL), -EINVAL);
    assert_int_equal(sessmgr_store_backup(NULL, &fd, NULL), -EINVAL);
    sessmgr_close(handle);
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_DAEMON(test_store_verify__numbers__all_of_them),
        WITH_DAEMON(test_store_verify__other_answers__errors),
        WITH_DAEMON(test_store_checkpoint__numbers__without_a_sequence),
        WITH_DAEMON(test_store_rekey__answers__the_id_or_why_not),
        WITH_DAEMON(test_store_forget__uid__how_many),
        WITH_DAEMON(test_store_backup__with_a_file__it_is_the_callers),
        WITH_DAEMON(test_store_backup__no_file_or_an_error__nothing),
        WITH_DAEMON(test_store_verify__a_file_comes_unasked__is_dropped),
        WITH_DAEMON(test_store__wrong_arguments__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
