/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module through the real libpam, with a daemon that answers: what is asked, what becomes of
 * each answer, what is shown and logged. What a daemon that does not answer does is in
 * test-outage.c.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka's header needs those above */
#include <cmocka.h>

#include "common/macro.h"
#include "tests/pam/interpose.h"
#include "tests/pam/scene.h"

#define MODULE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_setup, scene_teardown)

static void test_account__admitted__reservation_in_environment(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_TRACKED, NULL, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 0, "\"method\":\"io.sessmgr.Login.Admit\""));
    assert_true(scene_asked(scene, 0, "\"service\":\"sshd\""));
    assert_true(scene_asked(scene, 0, "\"user\":\"root\""));
    assert_true(scene_asked(scene, 0, "\"uid\":0,"));
    assert_true(scene_asked(scene, 0, "\"groups\":[0"));
    assert_string_equal(pam_getenv(scene->handle, "SESSMGR_RESERVATION"), SCENE_OTHER_ID);
    assert_int_equal(interpose_lines(true), 0);
    assert_string_equal(scene->shown, "");
}

static void test_account__more_groups_than_fit__admitted_and_logged(void **state)
{
    struct scene *scene = *state;

    interpose_put_into_groups(6000);
    scene_answer(scene, SCENE_TRACKED, NULL, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 0, "\"groups\":[0,1,2,"));
    assert_int_equal(interpose_lines(true), 1);
    assert_true(
        interpose_logged("root is in more groups than sessmgrd is told: 1904 are left out"));
}

static void test_account__not_tracked__success_and_nothing_kept(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_UNTRACKED, NULL, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_SUCCESS);
    assert_null(pam_getenv(scene->handle, "SESSMGR_RESERVATION"));
    assert_int_equal(interpose_lines(true), 0);
}

static void test_account__second_answer_not_tracked__first_reservation_forgotten(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_TRACKED, SCENE_UNTRACKED, SCENE_NOTHING, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_SUCCESS);
    assert_null(pam_getenv(scene->handle, "SESSMGR_RESERVATION"));
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_false(scene_asked(scene, 2, "\"reservation\""));
    assert_int_equal(interpose_lines(true), 0);
}

static void test_account__refused__denied_shown_and_logged(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_REFUSED, NULL, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_PERM_DENIED);
    assert_string_equal(scene->shown, "E Too many\\x1b[2J sessions\n");
    assert_int_equal(interpose_lines(true), 1);
    assert_true(interpose_logged("login of root refused: Too many\\x1b[2J sessions (limit)"));
}

static void test_account__refused_in_silence__nothing_shown(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_REFUSED, NULL, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, PAM_SILENT), PAM_PERM_DENIED);
    assert_string_equal(scene->shown, "");
    assert_int_equal(interpose_lines(true), 1);
}

static void test_account__refused_and_quiet__nothing_shown(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_REFUSED, NULL, NULL, NULL);
    scene_start(scene, "root", "quiet");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_PERM_DENIED);
    assert_string_equal(scene->shown, "");
}

static void test_account__refused_without_conversation__one_line(void **state)
{
    struct scene *scene = *state;
    const struct pam_conv none = {.conv = NULL};

    scene_answer(scene, SCENE_REFUSED, NULL, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_set_item(scene->handle, PAM_CONV, &none), PAM_SUCCESS);
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_PERM_DENIED);
    assert_int_equal(interpose_lines(true), 1);
}

static void test_account__refused_with_unreadable_members__still_denied(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, "{\"error\":\"io.sessmgr.Login.Refused\",\"parameters\":{\"reason\":7}}",
                 NULL, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_PERM_DENIED);
    assert_int_equal(interpose_lines(true), 1);
}

static void test_account__user_unknown__said_so_and_daemon_not_asked(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_TRACKED, NULL, NULL, NULL);
    scene_start(scene, "no-such-user-anywhere", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_USER_UNKNOWN);
    assert_int_equal(interpose_lines(true), 1);
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SESSION_ERR);
    assert_int_equal(interpose_lines(true), 2);
    assert_int_equal(fake_count(&scene->fake), 0);
}

static void test_account__hostile_items__escaped(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_TRACKED, NULL, NULL, NULL);
    scene_start(scene, "root", "");
    (void)pam_set_item(scene->handle, PAM_RHOST, "evil\n\x1b]0;\xff\"}");
    (void)pam_set_item(scene->handle, PAM_TTY, "ssh");
    (void)pam_putenv(scene->handle, "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\npassword\n");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 0, "\"remoteHost\":\"evil\\\\n\\\\x1b]0;\\\\xff\\\"}\""));
    assert_true(scene_asked(scene, 0, "\"terminal\":\"ssh\""));
    assert_true(scene_asked(scene, 0, "\"authInfo\":\"publickey ssh-ed25519 AAAA\\\\npassword\""));
}

static void test_account__debug__question_and_answer_logged(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_TRACKED, NULL, NULL, NULL);
    scene_start(scene, "root", "debug");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(interpose_lines(false), 0);
    assert_int_equal(interpose_lines(true), 2);
    assert_true(interpose_logged("io.sessmgr.Login.Admit: {\"login\":{\"service\":\"sshd\""));
    assert_true(interpose_logged("answer: " SCENE_TRACKED));
}

static void test_every_phase__wrong_argument__fails_and_is_named(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_TRACKED, NULL, NULL, NULL);
    scene_start(scene, "root", "users=alice");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(interpose_lines(true), 1);
    assert_true(interpose_logged("unknown or malformed argument: users=alice"));
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SESSION_ERR);
    assert_int_equal(interpose_lines(true), 2);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SESSION_ERR);
    assert_int_equal(interpose_lines(true), 3);
    assert_int_equal(fake_count(&scene->fake), 0);
}

/* libpam turns PAM_IGNORE into something else, so the entry points are called as they are. */
static void test_other_entry_points__called__ignore(void **state)
{
    static const char *const names[] = {"pam_sm_authenticate", "pam_sm_setcred",
                                        "pam_sm_chauthtok"};
    struct scene *scene = *state;
    const char *bad[] = {"nonsense"};

    scene_start(scene, "root", "");
    void *module = dlopen(scene->module, RTLD_NOW);
    assert_non_null(module);
    for (size_t i = 0; i < ELEMENTS(names); i++) {
        int (*entry)(pam_handle_t *, int, int, const char **) =
            (int (*)(pam_handle_t *, int, int, const char **))dlsym(module, names[i]);

        assert_non_null(entry);
        assert_int_equal(entry(scene->handle, 0, 1, bad), PAM_IGNORE);
    }
    assert_int_equal(interpose_lines(true), 0);
    (void)dlclose(module);
}

/* Called as it is, since libpam's own audit sets errno after the module. Outside of libpam there is
 * no pam data either, so that this open fails for want of memory. */
static void test_open__fails__errno_as_it_was(void **state)
{
    struct scene *scene = *state;

    scene_start(scene, "root", "");
    (void)pam_putenv(scene->handle, "SESSMGR_RESERVATION=" SCENE_OTHER_ID);
    void *module = dlopen(scene->module, RTLD_NOW);
    assert_non_null(module);
    int (*entry)(pam_handle_t *, int, int, const char **) =
        (int (*)(pam_handle_t *, int, int, const char **))dlsym(module, "pam_sm_open_session");
    assert_non_null(entry);
    errno = EXFULL;
    int code = entry(scene->handle, 0, 0, NULL);
    int error = errno;
    assert_int_equal(code, PAM_SESSION_ERR);
    assert_int_equal(error, EXFULL);
    assert_true(interpose_logged("cannot keep the reservation: Cannot allocate memory"));
    (void)dlclose(module);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MODULE_TEST(test_account__admitted__reservation_in_environment),
        MODULE_TEST(test_account__more_groups_than_fit__admitted_and_logged),
        MODULE_TEST(test_account__not_tracked__success_and_nothing_kept),
        MODULE_TEST(test_account__second_answer_not_tracked__first_reservation_forgotten),
        MODULE_TEST(test_account__refused__denied_shown_and_logged),
        MODULE_TEST(test_account__refused_in_silence__nothing_shown),
        MODULE_TEST(test_account__refused_and_quiet__nothing_shown),
        MODULE_TEST(test_account__refused_without_conversation__one_line),
        MODULE_TEST(test_account__refused_with_unreadable_members__still_denied),
        MODULE_TEST(test_account__user_unknown__said_so_and_daemon_not_asked),
        MODULE_TEST(test_account__hostile_items__escaped),
        MODULE_TEST(test_account__debug__question_and_answer_logged),
        MODULE_TEST(test_every_phase__wrong_argument__fails_and_is_named),
        MODULE_TEST(test_other_entry_points__called__ignore),
        MODULE_TEST(test_open__fails__errno_as_it_was),
    };

    scene_become_root();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
