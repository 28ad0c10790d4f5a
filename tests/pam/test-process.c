/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module and the processes around it: what crosses from one to another, what a forked child may
 * not do, and that the process is left as it was.
 */
#include "config.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
/* cmocka's header needs those above */
#include <cmocka.h>

#include "tests/pam/interpose.h"
#include "tests/pam/scene.h"

#define MODULE_TEST(function) cmocka_unit_test_setup_teardown(function, scene_setup, scene_teardown)

#define RESERVED "SESSMGR_RESERVATION=" SCENE_OTHER_ID

static int account_and_check_environment(struct scene *scene)
{
    const char *reservation;

    if (pam_acct_mgmt(scene->handle, 0) != PAM_SUCCESS)
        return 1;
    reservation = pam_getenv(scene->handle, "SESSMGR_RESERVATION");
    return reservation != NULL && strcmp(reservation, SCENE_OTHER_ID) == 0 ? 0 : 2;
}

/* As sshd does under keyboard-interactive: account in a child, of which the environment comes back.
 */
static void test_open__account_in_a_child__reservation_crosses_in_environment(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_TRACKED, SCENE_OPENED, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(scene_in_child(scene, account_and_check_environment), 0);
    assert_int_equal(pam_putenv(scene->handle, RESERVED), PAM_SUCCESS);
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 1, "\"reservation\":\"" SCENE_OTHER_ID "\""));
    assert_null(pam_getenv(scene->handle, "SESSMGR_RESERVATION"));
}

static void test_open__reservation_overwritten_in_environment__own_is_used(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_TRACKED, SCENE_OPENED, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(pam_putenv(scene->handle, "SESSMGR_RESERVATION=another"), PAM_SUCCESS);
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 1, "\"reservation\":\"" SCENE_OTHER_ID "\""));
    assert_null(pam_getenv(scene->handle, "SESSMGR_RESERVATION"));
}

static void test_open__unprintable_reservation_in_environment__not_sent(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_OPENED, NULL, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_putenv(scene->handle, "SESSMGR_RESERVATION=a\nb"), PAM_SUCCESS);
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_false(scene_asked(scene, 0, "\"reservation\""));
    assert_null(pam_getenv(scene->handle, "SESSMGR_RESERVATION"));
}

static void test_open__fails__reservation_out_of_environment_and_kept_for_the_next(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_DENIED, SCENE_OPENED, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_putenv(scene->handle, RESERVED), PAM_SUCCESS);
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SESSION_ERR);
    assert_null(pam_getenv(scene->handle, "SESSMGR_RESERVATION"));
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 1, "\"reservation\":\"" SCENE_OTHER_ID "\""));
}

static void test_open__wrong_argument__reservation_out_of_environment(void **state)
{
    struct scene *scene = *state;

    scene_start(scene, "root", "nonsense");
    assert_int_equal(pam_putenv(scene->handle, RESERVED), PAM_SUCCESS);
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SESSION_ERR);
    assert_null(pam_getenv(scene->handle, "SESSMGR_RESERVATION"));
}

static int end_handle(struct scene *scene)
{
    return pam_end(scene->handle, PAM_SUCCESS | (int)PAM_DATA_SILENT) == PAM_SUCCESS ? 0 : 1;
}

static void test_pam_end__in_a_forked_child__session_goes_on(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_OPENED, SCENE_CLOSED, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(scene_in_child(scene, end_handle), 0);
    assert_int_equal(fake_count(&scene->fake), 1);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(fake_count(&scene->fake), 2);
}

static void test_pam_end__without_close__daemon_not_asked(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_OPENED, SCENE_CLOSED, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(pam_end(scene->handle, PAM_SUCCESS), PAM_SUCCESS);
    scene->handle = NULL;
    assert_int_equal(fake_count(&scene->fake), 1);
}

static int close_handle(struct scene *scene)
{
    return pam_close_session(scene->handle, 0) == PAM_SUCCESS ? 0 : 1;
}

static void test_close__in_a_forked_child__session_goes_on(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_OPENED, SCENE_CLOSED, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(scene_in_child(scene, close_handle), 0);
    assert_int_equal(fake_count(&scene->fake), 1);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 1, SCENE_ID));
}

static int open_and_close(struct scene *scene)
{
    if (pam_open_session(scene->handle, 0) != PAM_SUCCESS)
        return 1;
    return pam_close_session(scene->handle, 0) == PAM_SUCCESS ? 0 : 2;
}

static void test_open__in_a_forked_child__a_session_of_its_own(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_OPENED,
                 "{\"parameters\":{\"sessionId\":\"" SCENE_OTHER_ID "\",\"messages\":[]}}",
                 SCENE_CLOSED, SCENE_CLOSED);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(scene_in_child(scene, open_and_close), 0);
    assert_true(scene_asked(scene, 2, SCENE_OTHER_ID));
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 3, SCENE_ID));
}

static void test_close__id_overwritten_in_environment__own_is_closed(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_OPENED, SCENE_CLOSED, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(pam_putenv(scene->handle, "SESSMGR_SESSION_ID=" SCENE_OTHER_ID), PAM_SUCCESS);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 1, SCENE_ID));
    assert_false(scene_asked(scene, 1, SCENE_OTHER_ID));
}

static void test_close__id_only_in_environment__daemon_not_asked(void **state)
{
    struct scene *scene = *state;

    scene_answer(scene, SCENE_CLOSED, NULL, NULL, NULL);
    scene_start(scene, "root", "");
    assert_int_equal(pam_putenv(scene->handle, "SESSMGR_SESSION_ID=" SCENE_ID), PAM_SUCCESS);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(fake_count(&scene->fake), 0);
}

static void test_two_handles__sessions__each_its_own(void **state)
{
    struct scene *scene = *state;
    pam_handle_t *second;

    scene_answer(scene, SCENE_OPENED,
                 "{\"parameters\":{\"sessionId\":\"" SCENE_OTHER_ID "\",\"messages\":[]}}",
                 SCENE_CLOSED, SCENE_CLOSED);
    scene_start(scene, "root", "");
    second = scene_start_handle(scene, "root");
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(pam_open_session(second, 0), PAM_SUCCESS);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 2, SCENE_ID));
    assert_int_equal(pam_close_session(second, 0), PAM_SUCCESS);
    assert_true(scene_asked(scene, 3, SCENE_OTHER_ID));
    assert_int_equal(pam_end(second, PAM_SUCCESS), PAM_SUCCESS);
}

static size_t count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    assert_int_equal(closedir(directory), 0);
    return count;
}

static void test_every_phase__done__no_descriptor_left(void **state)
{
    struct scene *scene = *state;
    size_t before;

    scene_answer(scene, SCENE_DENIED, SCENE_OPENED, SCENE_CLOSED, NULL);
    scene_start(scene, "root", "");
    before = count_descriptors();
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(pam_open_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(pam_close_session(scene->handle, 0), PAM_SUCCESS);
    assert_int_equal(count_descriptors(), before);
}

static void test_account__daemon_hangs_up__signal_dispositions_as_they_were(void **state)
{
    const struct fake_step step = {FAKE_HANG_UP, NULL};
    struct scene *scene = *state;
    struct sigaction action;

    assert_int_equal(signal(SIGPIPE, SIG_DFL) == SIG_ERR, 0);
    scene_serve(scene, &step, 1);
    scene_start(scene, "root", "");
    assert_int_equal(pam_acct_mgmt(scene->handle, 0), PAM_AUTHINFO_UNAVAIL);
    assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_DFL);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
    (void)number;
    alarms = alarms + 1;
}

/* An interval timer without SA_RESTART interrupts every wait of the call. */
static void test_account__signals_meanwhile__neither_fails_nor_lasts(void **state)
{
    const struct fake_step steps[] = {{FAKE_DRIP, SCENE_UNTRACKED}, {FAKE_SILENT, NULL}};
    const struct itimerval often = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000};
    const struct itimerval never = {.it_value.tv_usec = 0};
    const struct sigaction action = {.sa_handler = count_alarm};
    struct scene *scene = *state;
    struct sigaction old;

    scene_serve(scene, steps, 2);
    scene_start(scene, "root", "timeout=1000");
    assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    long start = scene_now_msec();
    int dripped = pam_acct_mgmt(scene->handle, 0);
    int silent = pam_acct_mgmt(scene->handle, 0);
    long elapsed = scene_now_msec() - start;
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);

    assert_int_equal(dripped, PAM_SUCCESS);
    assert_int_equal(silent, PAM_AUTHINFO_UNAVAIL);
    assert_true(alarms > 10);
    assert_true(elapsed < SCENE_BOUND_MSEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MODULE_TEST(test_open__account_in_a_child__reservation_crosses_in_environment),
        MODULE_TEST(test_open__reservation_overwritten_in_environment__own_is_used),
        MODULE_TEST(test_open__unprintable_reservation_in_environment__not_sent),
        MODULE_TEST(test_open__fails__reservation_out_of_environment_and_kept_for_the_next),
        MODULE_TEST(test_open__wrong_argument__reservation_out_of_environment),
        MODULE_TEST(test_pam_end__in_a_forked_child__session_goes_on),
        MODULE_TEST(test_pam_end__without_close__daemon_not_asked),
        MODULE_TEST(test_close__in_a_forked_child__session_goes_on),
        MODULE_TEST(test_open__in_a_forked_child__a_session_of_its_own),
        MODULE_TEST(test_close__id_overwritten_in_environment__own_is_closed),
        MODULE_TEST(test_close__id_only_in_environment__daemon_not_asked),
        MODULE_TEST(test_two_handles__sessions__each_its_own),
        MODULE_TEST(test_every_phase__done__no_descriptor_left),
        MODULE_TEST(test_account__daemon_hangs_up__signal_dispositions_as_they_were),
        MODULE_TEST(test_account__signals_meanwhile__neither_fails_nor_lasts),
    };

    scene_become_root();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
