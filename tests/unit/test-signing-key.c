/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When signing keys are made and forgotten, on a clock of the test's own: daemon/signing-key.c. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/manager.h"

#define HOUR_USEC     (3600 * USEC_PER_SEC)
#define DAY_USEC      (24 * HOUR_USEC)
#define PATIENCE_USEC (10 * USEC_PER_SEC) /* for whatever must happen */

struct fixture {
    struct clock clock;                                 /* first: what the callbacks get */
    int64_t realtime_passed_usec, boottime_passed_usec; /* beyond the machine's own */
    char folder[32], config[64];
    struct manager *manager;
};

static int64_t realtime(const struct clock *clock)
{
    return clock_system.realtime_usec(&clock_system) +
           ((const struct fixture *)(const void *)clock)->realtime_passed_usec;
}

static int64_t boottime(const struct clock *clock)
{
    return clock_system.boottime_usec(&clock_system) +
           ((const struct fixture *)(const void *)clock)->boottime_passed_usec;
}

static void start(struct fixture *fixture)
{
    const struct manager_options options = {
        .config_path = fixture->config,
        .state_directory = fixture->folder,
        .runtime_directory = fixture->folder,
        .proc_path = "/proc",
        .clock = &fixture->clock,
    };

    assert_int_equal(manager_new(&options, &fixture->manager), 0);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    fixture->clock = (struct clock){.realtime_usec = realtime, .boottime_usec = boottime};
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/sessmgr-unit-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->config, sizeof(fixture->config), "%s/missing.conf", fixture->folder);
    start(fixture);
    *state = fixture;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    manager_free(fixture->manager);
    (void)nftw(fixture->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

static void on_barrier(int result, void *userdata)
{
    bool *passed = userdata;

    assert_int_equal(result, 0);
    *passed = true;
}

/* Lets what is due happen, and what is on its way to the disk get there. */
static void run(struct fixture *fixture)
{
    bool passed = false;

    (void)deadline_queue_run(fixture->manager->deadlines);
    assert_int_equal(
        store_submit(fixture->manager->store, STORE_ORDINARY, NULL, 0, on_barrier, &passed), 0);
    while (!passed)
        assert_true(sd_event_run(fixture->manager->event, PATIENCE_USEC) > 0);
    while (sd_event_run(fixture->manager->event, 0) > 0)
        (void)deadline_queue_run(fixture->manager->deadlines);
}

/* Time passes on both clocks, an hour after the other. */
static void pass(struct fixture *fixture, int64_t usec)
{
    run(fixture);
    for (; usec > 0; usec -= HOUR_USEC) {
        fixture->realtime_passed_usec += HOUR_USEC;
        fixture->boottime_passed_usec += HOUR_USEC;
        run(fixture);
    }
}

static size_t count(const struct fixture *fixture)
{
    return fixture->manager->signing.set.count;
}

static void test_signing_keys__thirty_days__another_signs(void **state)
{
    struct fixture *fixture = *state;
    char first[JWK_KID_MAX_BYTES + 1];

    (void)snprintf(first, sizeof(first), "%s", signing_keys_current_id(&fixture->manager->signing));
    pass(fixture, 30 * DAY_USEC - HOUR_USEC);
    assert_int_equal(count(fixture), 1);
    assert_string_equal(signing_keys_current_id(&fixture->manager->signing), first);
    pass(fixture, HOUR_USEC);
    assert_int_equal(count(fixture), 2);
    assert_string_not_equal(signing_keys_current_id(&fixture->manager->signing), first);
    assert_null(fixture->manager->signing.keys[0]->secret); /* it signs no more */
    assert_non_null(jwk_set_find(&fixture->manager->signing.set, first));
    assert_true(signing_keys_current(&fixture->manager->signing)->durable);
}

static void test_signing_keys__a_day_after__old_one_is_forgotten(void **state)
{
    struct fixture *fixture = *state;

    run(fixture);
    assert_int_equal(signing_keys_rotate(fixture->manager), 0);
    pass(fixture, DAY_USEC - HOUR_USEC);
    assert_int_equal(count(fixture), 2);
    pass(fixture, HOUR_USEC);
    assert_int_equal(count(fixture), 1);
    manager_free(fixture->manager);
    start(fixture);
    assert_int_equal(count(fixture), 1);
}

static void test_signing_keys__restart__same_and_due_at_the_same_time(void **state)
{
    struct fixture *fixture = *state;
    char first[JWK_KID_MAX_BYTES + 1];

    (void)snprintf(first, sizeof(first), "%s", signing_keys_current_id(&fixture->manager->signing));
    pass(fixture, 20 * DAY_USEC);
    manager_free(fixture->manager);
    fixture->realtime_passed_usec += 11 * DAY_USEC; /* the host was down */
    start(fixture);
    assert_int_equal(count(fixture), 2);
    assert_non_null(jwk_set_find(&fixture->manager->signing.set, first));
    assert_string_not_equal(signing_keys_current_id(&fixture->manager->signing), first);
}

static void test_signing_keys__clock_set_back__none_is_lost(void **state)
{
    struct fixture *fixture = *state;

    run(fixture);
    assert_int_equal(signing_keys_rotate(fixture->manager), 0);
    fixture->realtime_passed_usec -= 365 * DAY_USEC;
    pass(fixture, DAY_USEC);
    assert_int_equal(count(fixture), 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_signing_keys__thirty_days__another_signs),
        TEST(test_signing_keys__a_day_after__old_one_is_forgotten),
        TEST(test_signing_keys__restart__same_and_due_at_the_same_time),
        TEST(test_signing_keys__clock_set_back__none_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
