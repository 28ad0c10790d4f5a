/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sessions through the real libpam, with a daemon that answers: opening, closing, and both in an
 * order that nobody should use.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka's header needs those above */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/pam/interpose.h"
#include "tests/pam/scene.h"

#define MODULE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_setup, scene_teardown)

static void test_open__opened__id_in_environment_and_reservation_gone(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_TRACKED, SCENE_OPENED, SCENE_CLOSED, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 1, "\"method\":\"io.sessmgr.Login.Open\""));
    assert_true(scene_asked(scene, 1, "\"reservation\":\"" SCENE_OTHER_ID "\""));
    assert_string_equal(pam_getenv(scene->handle, "SESSMGR_SESSION_ID"), SCENE_ID);
    assert_null(pam_getenv(scene->handle, "SESSMGR_RESERVATION"));
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 2, "\"method\":\"io.sessmgr.Login.Close\""));
    assert_true(scene_asked(scene, 2, "\"sessionId\":\"" SCENE_ID "\""));
    assert_null(pam_getenv(scene->handle, "SESSMGR_SESSION_ID"));
    assert_int_equal(interpose_lines(true), 0);
}

/* The path of the file with the session's token, and what the module makes of it. */
static void test_open__token_file__in_environment_where_it_is_a_path(void **state)
{
    static char long_path[5000];
    static const struct {
        const char *path, *wanted;
        int lines;
    } rows[] = {
        {"/run/sessmgr/state/tokens/x", "/run/sessmgr/state/tokens/x", 0},
        {"tokens/x", NULL, 1},
        {"/run/a\\u0007b", NULL, 1},
        {long_path, NULL, 1},
        {"", NULL, 1},
    };
    struct scene *scene = *state;

    memset(long_path, '/', sizeof(long_path) - 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static char answer[sizeof(long_path) + 512];
        void *again = scene;

        (void)snprintf(answer, sizeof(answer),
                       "{\"parameters\":{\"sessionId\":\"" SCENE_ID
                       "\",\"policy\":\"default\",\"tokenFile\":\"%s\",\"messages\":[]}}",
                       rows[i].path);
        scene_answer(scene, answer, SCENE_CLOSED, NULL, NULL);
        scene_start(scene, "root", "");
        assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
        assert_string_equal(pam_getenv(scene->handle, "SESSMGR_SESSION_ID"), SCENE_ID);
        if (rows[i].wanted != NULL)
            assert_string_equal(pam_getenv(scene->handle, "SESSMGR_TOKEN_FILE"), rows[i].wanted);
        else
            assert_null(pam_getenv(scene->handle, "SESSMGR_TOKEN_FILE"));
        assert_int_equal(interpose_lines(true), rows[i].lines);
        assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
        assert_null(pam_getenv(scene->handle, "SESSMGR_TOKEN_FILE"));
        assert_int_equal(scene_teardown(&again), 0);
        assert_int_equal(scene_setup(&again), 0);
        scene = again;
        *state = scene;
    }
}

static void test_open__not_tracked__success_and_nothing_to_close(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_NOTHING, NULL, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_null(pam_getenv(scene->handle, "SESSMGR_SESSION_ID"));
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(fake_count(&scene->fake), 1);
    assert_int_equal(interpose_lines(true), 0);
}

static void test_open__refused__denied_shown_and_logged(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_REFUSED, NULL, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_PERM_DENIED);
    assert_string_equal(scene->shown, "E Too many\\x1b[2J sessions\n");
    assert_null(pam_getenv(scene->handle, "SESSMGR_SESSION_ID"));
    assert_int_equal(interpose_lines(true), 1);
}

static void test_open__not_stored__error_told_but_session_held(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_NOT_STORED, SCENE_CLOSED, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SESSION_ERR);
    assert_int_equal(interpose_lines(true), 1);
    assert_string_equal(pam_getenv(scene->handle, "SESSMGR_SESSION_ID"), SCENE_ID);
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SESSION_ERR);
    assert_int_equal(fake_count(&scene->fake), 1);
    (void)pam_close_session(scene->handle, 0); /* after a failed open libpam turns success around */
    assert_true(scene_asked(scene, 1, "\"sessionId\":\"" SCENE_ID "\""));
}

static void test_open__messages__shown_on_a_terminal_only(void **state)
{
    struct scene *scene = *state;
    const char *answer = "{\"parameters\":{\"messages\":[\"Ends at 5\",\"a\\u0007b\"]}}";

    scene_answer(scene, answer, answer, answer, answer);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    (void)pam_set_item(scene->handle, PAM_TTY, "ssh");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    (void)pam_set_item(scene->handle, PAM_TTY, "/dev/pts/3");
    assert_int_equal(pam_open_session(scene->handle, PAM_SILENT), PAM_SUCCESS);
    assert_string_equal(scene->shown, "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_string_equal(scene->shown, "I Ends at 5\nI a\\x07b\n");
}

static void test_open__twice__one_session(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_OPENED, SCENE_CLOSED, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(fake_count(&scene->fake), 1);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(fake_count(&scene->fake), 2);
    assert_int_equal(interpose_lines(true), 0);
}

static void test_open__second_for_another_user__fails_and_first_is_kept(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_OPENED, SCENE_CLOSED, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    (void)pam_set_item(scene->handle, PAM_USER, "nobody");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SESSION_ERR);
    assert_int_equal(interpose_lines(true), 1);
    assert_int_equal(fake_count(&scene->fake), 1);
    (void)pam_close_session(scene->handle, 0); /* after a failed open libpam turns success around */
    assert_true(scene_asked(scene, 1, SCENE_ID));
}

static void test_open__after_close__a_new_session(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_OPENED, SCENE_CLOSED, SCENE_OPENED, SCENE_CLOSED);
    scene_start(scene, "root", "");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
        assert_string_equal(pam_getenv(scene->handle, "SESSMGR_SESSION_ID"), SCENE_ID);
        assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    }
    assert_int_equal(fake_count(&scene->fake), 4);
}

static void test_close__ended_already__success(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_OPENED, SCENE_NO_SESSION, NULL, NULL);
    scene_start(scene, "root", "debug");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(interpose_lines(false), 0);
    assert_true(interpose_logged("session " SCENE_ID " has ended already"));
}

static void test_close__end_not_stored__error_told_once(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_OPENED, SCENE_NOT_STORED, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SESSION_ERR);
    assert_int_equal(interpose_lines(true), 1);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(fake_count(&scene->fake), 2);
}

static void test_close__daemon_gone__error_and_can_be_repeated(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_OPENED, SCENE_DENIED, SCENE_CLOSED, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SESSION_ERR);
    assert_int_equal(interpose_lines(true), 1);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 2, SCENE_ID));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MODULE_TEST(test_open__opened__id_in_environment_and_reservation_gone),
        MODULE_TEST(test_open__token_file__in_environment_where_it_is_a_path),
        MODULE_TEST(test_open__not_tracked__success_and_nothing_to_close),
        MODULE_TEST(test_open__refused__denied_shown_and_logged),
        MODULE_TEST(test_open__not_stored__error_told_but_session_held),
        MODULE_TEST(test_open__messages__shown_on_a_terminal_only),
        MODULE_TEST(test_open__twice__one_session),
        MODULE_TEST(test_open__second_for_another_user__fails_and_first_is_kept),
        MODULE_TEST(test_open__after_close__a_new_session),
        MODULE_TEST(test_close__ended_already__success),
        MODULE_TEST(test_close__end_not_stored__error_told_once),
        MODULE_TEST(test_close__daemon_gone__error_and_can_be_repeated),
    };

    scene_become_root();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
