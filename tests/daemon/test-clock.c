/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The real daemon while its wall clock is set: libfaketime stands before the C library, for the
 * daemon alone, and reads how far the clock is off from a file at each call, so the test sets the
 * clock by writing that file. CLOCK_BOOTTIME and CLOCK_MONOTONIC stay the kernel's
 * (FAKETIME_DONT_FAKE_MONOTONIC), and file times (NO_FAKE_STAT).
 *
 * The event loop's timers on CLOCK_BOOTTIME do not stay real by that: libfaketime moves whatever
 * timerfd_settime(2) is given, and the loop ends or sleeps on. real-timers.c is preloaded before it
 * and puts that right. The kernel does not tell the daemon of such a step as it does of a real one,
 * so it is noticed when somebody asks anything.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>

#include "common/macro.h"
#include "daemon/clock.h"
#include "tests/daemon/certificate.h"
#include "tests/daemon/policy-scene.h"

#define HOUR_SEC INT64_C(3600)

enum { AT_ONCE_MSEC = 1000 };

struct scene {
    struct harness *harness;
    char file[96];      /* how far the clock is off */
    int64_t offset_sec; /* the same */
    char preload[512], timestamp_file[160], sanitizer[512];
    const char *environment[8];
};

/* Where Debian has it; a test that cannot be done fails. The one for programs with threads. */
static void find_libfaketime(char *buffer, size_t size)
{
    glob_t found;

    if (glob("/usr/lib/*/faketime/libfaketimeMT.so.1", 0, NULL, &found) != 0) {
        (void)fprintf(stderr, "test-clock: libfaketime is missing (Debian: libfaketime)\n");
        exit(EXIT_FAILURE);
    }
    (void)snprintf(buffer, size, "LD_PRELOAD=%s:%s", REAL_TIMERS, found.gl_pathv[0]);
    globfree(&found);
}

/* Sets the clock without a word to the daemon, so far off the machine's. In one step: it may look
 * at any time. */
static void set_clock(struct scene *scene, int64_t offset_sec)
{
    char path[128];
    FILE *stream;

    (void)snprintf(path, sizeof(path), "%s.new", scene->file);
    stream = fopen(path, "we");
    assert_non_null(stream);
    assert_true(fprintf(stream, "%+" PRId64 "\n", offset_sec) > 0);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(rename(path, scene->file), 0);
    scene->offset_sec = offset_sec;
}

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    void *harness = NULL;
    size_t count = 0;

    if (scene == NULL || harness_setup(&harness) < 0)
        return -1;
    scene->harness = harness;
    if (setenv("TZ", "UTC0", 1) < 0) /* where no clock is changed in summer */
        return -1;
    find_libfaketime(scene->preload, sizeof(scene->preload));
    (void)snprintf(scene->file, sizeof(scene->file), "%s/clock", scene->harness->folder);
    (void)snprintf(scene->timestamp_file, sizeof(scene->timestamp_file),
                   "FAKETIME_TIMESTAMP_FILE=%s", scene->file);
    /* Of a daemon that has one: it wants to be first in front of the C library, and need not. */
    (void)snprintf(scene->sanitizer, sizeof(scene->sanitizer),
                   "ASAN_OPTIONS=%s:verify_asan_link_order=0",
                   getenv("ASAN_OPTIONS") != NULL ? getenv("ASAN_OPTIONS") : "");
    scene->environment[count++] = scene->preload;
    scene->environment[count++] = scene->timestamp_file;
    scene->environment[count++] = "FAKETIME_NO_CACHE=1";
    scene->environment[count++] = "FAKETIME_DONT_FAKE_MONOTONIC=1";
    scene->environment[count++] = "NO_FAKE_STAT=1";
    scene->environment[count++] = scene->sanitizer;
    scene->harness->environment = scene->environment;
    set_clock(scene, 0);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    void *harness = scene->harness;
    int r = harness_teardown(&harness);

    free(scene);
    return r;
}

/* By the daemon's clock. */
static int64_t now_sec(const struct scene *scene)
{
    return (int64_t)time(NULL) + scene->offset_sec;
}

/* Sets the clock forward, or back, and asks something. */
static void step(struct scene *scene, int64_t sec)
{
    set_clock(scene, scene->offset_sec + sec);
    (void)harness_statistic(scene->harness, "sessionsLive");
}

static struct actor *enter(struct scene *scene, const char *settings, const char *members,
                           session_id id)
{
    struct policy_login login = policy_alice;
    char config[512];

    login.members = members;
    (void)snprintf(config, sizeof(config), "[Session]\nGraceSec=1s\n%s", settings);
    harness_configure(scene->harness, config);
    harness_start(scene->harness);
    return policy_enter(scene->harness, &login, id);
}

static int64_t read_usec(struct scene *scene, const char *id, const char *name)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "parameters.session.%s", name);
    return reply_int(harness_describe(scene->harness, id), path);
}

static bool is_near(int64_t usec, int64_t wanted_usec)
{
    return llabs(usec - wanted_usec) < 2 * USEC_PER_SEC; /* seconds are rounded here and there */
}

/* Its end begins within a second. */
static void expect_end_at_once(struct scene *scene, const char *id, const char *reason)
{
    long start = harness_now_msec();

    HARNESS_AWAIT(!policy_is_active(scene->harness, id));
    assert_true(harness_now_msec() - start < AT_ONCE_MSEC);
    policy_expect_ended(scene->harness, id, reason);
}

/* Its end begins so long after it was opened, in real time; nobody asks anything meanwhile, which
 * would let the daemon look at its clocks. */
static void expect_lifetime(struct scene *scene, const struct actor *login, const char *id,
                            long opened_msec, long msec)
{
    HARNESS_AWAIT(!actor_lives(login));
    assert_in_range(harness_now_msec() - opened_msec, msec - 100, msec + AT_ONCE_MSEC);
    policy_expect_ended(scene->harness, id, "lifetime");
}

static void test_lifetime__clock_is_set_meanwhile__lasts_as_long(void **state)
{
    static const int64_t steps[] = {HOUR_SEC, -HOUR_SEC, 20 * 365 * 24 * HOUR_SEC};
    struct scene *scene = *state;

    for (size_t i = 0; i < ELEMENTS(steps); i++) {
        long opened = harness_now_msec();
        struct actor *login;
        session_id id;

        login = enter(scene, "LifetimeSec=2s\n", NULL, id);
        step(scene, steps[i]);
        expect_lifetime(scene, login, id, opened, 2000);
        harness_stop(scene->harness);
    }
}

static void test_clock__an_hour_ahead__ends_neither_by_lifetime_nor_as_idle(void **state)
{
    struct scene *scene = *state;
    int64_t deadline, idle_deadline;
    session_id id;

    (void)enter(scene, "LifetimeSec=30min\nIdleSecWithoutTerminal=20min\nWarn=none\n", NULL, id);
    deadline = read_usec(scene, id, "deadlineUsec");
    idle_deadline = read_usec(scene, id, "idleDeadlineUsec");
    assert_true(is_near(deadline, (now_sec(scene) + 1800) * USEC_PER_SEC));
    assert_true(is_near(idle_deadline, (now_sec(scene) + 1200) * USEC_PER_SEC));
    step(scene, HOUR_SEC);
    harness_pause(300);
    assert_true(policy_is_active(scene->harness, id));
    assert_true(is_near(read_usec(scene, id, "deadlineUsec"), deadline + HOUR_SEC * USEC_PER_SEC));
    assert_true(
        is_near(read_usec(scene, id, "idleDeadlineUsec"), idle_deadline + HOUR_SEC * USEC_PER_SEC));
    harness_kill(scene->harness);
    harness_start(scene->harness);
    harness_pause(300);
    assert_true(policy_is_active(scene->harness, id));
    assert_true(is_near(read_usec(scene, id, "deadlineUsec"), deadline + HOUR_SEC * USEC_PER_SEC));
}

/* Hours= from some hours ago to the next whole half hour or hour, which comes in *ret_end_sec. */
static void make_hours(const struct scene *scene, char *buffer, size_t size, int64_t *ret_end_sec)
{
    const int64_t now = now_sec(scene);

    *ret_end_sec = (now / 60 + 30) * 60;
    (void)snprintf(buffer, size, "Warn=none\nLifetimeSec=8h\nHours=%s\n",
                   policy_hours(now - 4 * HOUR_SEC, *ret_end_sec));
}

static void test_clock__an_hour_ahead__is_after_hours(void **state)
{
    struct scene *scene = *state;
    char settings[128];
    struct actor *login;
    session_id id;
    int64_t end;

    make_hours(scene, settings, sizeof(settings), &end);
    login = enter(scene, settings, NULL, id);
    assert_string_equal(policy_text(scene->harness, id, "session.deadlineReason"), "hours");
    assert_true(is_near(read_usec(scene, id, "deadlineUsec"), end * USEC_PER_SEC));
    harness_pause(300);
    assert_true(policy_is_active(scene->harness, id));
    step(scene, HOUR_SEC);
    expect_end_at_once(scene, id, "hours");
    HARNESS_AWAIT(!actor_lives(login));
    policy_expect_refused(policy_admit(actor_new(scene->harness, "login"), &policy_alice), "hours");
}

static void test_clock__just_before_the_end_of_the_hours__ends_in_time(void **state)
{
    struct scene *scene = *state;
    char settings[128];
    struct actor *login;
    session_id id;
    int64_t end;

    make_hours(scene, settings, sizeof(settings), &end);
    login = enter(scene, settings, NULL, id);
    step(scene, end - now_sec(scene) - 3);
    assert_true(policy_is_active(scene->harness, id));
    HARNESS_AWAIT(!actor_lives(login));
    assert_in_range(now_sec(scene), end, end + 2);
    policy_expect_ended(scene->harness, id, "hours");
}

static void test_clock__an_hour_back__ends_nothing_and_hours_come_later(void **state)
{
    struct scene *scene = *state;
    char settings[128];
    session_id id;
    int64_t end;

    make_hours(scene, settings, sizeof(settings), &end);
    (void)enter(scene, settings, NULL, id);
    step(scene, -HOUR_SEC);
    harness_pause(300);
    assert_true(policy_is_active(scene->harness, id));
    assert_true(is_near(read_usec(scene, id, "deadlineUsec"), end * USEC_PER_SEC));
    step(scene, end - now_sec(scene) - 600); /* what it was armed for first is over */
    harness_pause(300);
    assert_true(policy_is_active(scene->harness, id));
    step(scene, 700);
    expect_end_at_once(scene, id, "hours");
}

static void test_clock__in_1970__lifetime_is_as_long_as_ever(void **state)
{
    struct scene *scene = *state;
    struct actor *login;
    session_id id;
    long opened;

    set_clock(scene, 60 - (int64_t)time(NULL));
    opened = harness_now_msec();
    login = enter(scene, "LifetimeSec=2s\n", NULL, id);
    assert_true(is_near(read_usec(scene, id, "openedUsec"), now_sec(scene) * USEC_PER_SEC));
    expect_lifetime(scene, login, id, opened, 2000);
}

/* As on a machine whose clock is set by the network once it is up. */
static void test_clock__from_1970_to_now__ends_nothing(void **state)
{
    struct scene *scene = *state;
    session_id id;

    set_clock(scene, 60 - (int64_t)time(NULL));
    (void)enter(scene, "LifetimeSec=1h\nIdleSecWithoutTerminal=30min\nWarn=none\n", NULL, id);
    step(scene, -scene->offset_sec);
    harness_pause(300);
    assert_true(policy_is_active(scene->harness, id));
    assert_true(
        is_near(read_usec(scene, id, "deadlineUsec"), (now_sec(scene) + HOUR_SEC) * USEC_PER_SEC));
}

static void test_start__lifetime_over_and_clock_set_back_meanwhile__ends_it(void **state)
{
    struct scene *scene = *state;
    struct actor *login;
    session_id id;

    login = enter(scene, "LifetimeSec=2s\n", NULL, id);
    harness_kill(scene->harness);
    harness_pause(2100);
    assert_true(actor_lives(login));
    set_clock(scene, -HOUR_SEC);
    harness_start(scene->harness);
    expect_end_at_once(scene, id, "lifetime");
    HARNESS_AWAIT(!actor_lives(login));
}

static void test_start__hours_over_meanwhile__ends_it(void **state)
{
    struct scene *scene = *state;
    char settings[128];
    session_id id;
    int64_t end;

    make_hours(scene, settings, sizeof(settings), &end);
    (void)enter(scene, settings, NULL, id);
    harness_kill(scene->harness);
    set_clock(scene, HOUR_SEC);
    harness_start(scene->harness);
    expect_end_at_once(scene, id, "hours");
}

static void test_certificate__its_end_comes_by_a_step__ends_with_it(void **state)
{
    struct scene *scene = *state;
    session_id id;

    (void)enter(scene, "EndWithCredential=yes\nWarn=none\n",
                ",\"authInfo\":\"" CERTIFICATE_OF_2030 "\"", id);
    step(scene, CERTIFICATE_OF_2030_ENDS_SEC - now_sec(scene) - 600);
    harness_pause(300);
    assert_true(policy_is_active(scene->harness, id));
    step(scene, 601);
    expect_end_at_once(scene, id, "credential_expired");
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_lifetime__clock_is_set_meanwhile__lasts_as_long),
        TEST(test_clock__an_hour_ahead__ends_neither_by_lifetime_nor_as_idle),
        TEST(test_clock__an_hour_ahead__is_after_hours),
        TEST(test_clock__just_before_the_end_of_the_hours__ends_in_time),
        TEST(test_clock__an_hour_back__ends_nothing_and_hours_come_later),
        TEST(test_clock__in_1970__lifetime_is_as_long_as_ever),
        TEST(test_clock__from_1970_to_now__ends_nothing),
        TEST(test_start__lifetime_over_and_clock_set_back_meanwhile__ends_it),
        TEST(test_start__hours_over_meanwhile__ends_it),
        TEST(test_certificate__its_end_comes_by_a_step__ends_with_it),
    };

    namespace_enter();
    if (mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL) < 0) { /* libfaketime leaves files there */
        perror("/dev/shm");
        return EXIT_FAILURE;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
