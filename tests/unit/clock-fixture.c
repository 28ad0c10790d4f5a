/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon by clocks of the test's own: see clock-fixture.h. */
#include <config.h>

#include "tests/unit/clock-fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PATIENCE_USEC (10 * USEC_PER_SEC) /* for whatever must happen */

static int64_t realtime(const struct clock *clock)
{
    return clock_system.realtime_usec(&clock_system) +
           ((const struct clock_fixture *)(const void *)clock)->realtime_passed_usec;
}

static int64_t boottime(const struct clock *clock)
{
    return clock_system.boottime_usec(&clock_system) +
           ((const struct clock_fixture *)(const void *)clock)->boottime_passed_usec;
}

void clock_fixture_configure(const struct clock_fixture *fixture, const char *text)
{
    FILE *stream = fopen(fixture->config, "we");

    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

/* Who works on this machine is nobody of the test's. */
static void adopt_nobody(const struct clock_fixture *fixture)
{
    char path[sizeof(fixture->config) + sizeof(".d/00-fixture.conf")];
    FILE *stream;

    (void)snprintf(path, sizeof(path), "%s.d", fixture->config);
    (void)mkdir(path, 0700); /* it may be there */
    (void)snprintf(path, sizeof(path), "%s.d/00-fixture.conf", fixture->config);
    stream = fopen(path, "we");
    assert_non_null(stream);
    assert_true(fputs("[Manager]\nAdopt=no\n", stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

void clock_fixture_start(struct clock_fixture *fixture)
{
    const struct manager_options options = {
        .config_path = fixture->config,
        .state_directory = fixture->folder,
        .runtime_directory = fixture->folder,
        .proc_path = "/proc",
        .clock = &fixture->clock,
    };

    adopt_nobody(fixture);
    assert_int_equal(manager_new(&options, &fixture->manager), 0);
}

void clock_fixture_stop(struct clock_fixture *fixture)
{
    manager_free(fixture->manager);
    fixture->manager = NULL;
}

void clock_fixture_open(struct clock_fixture *fixture, const char *config)
{
    fixture->clock = (struct clock){.realtime_usec = realtime, .boottime_usec = boottime};
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/sessmgr-unit-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->config, sizeof(fixture->config), "%s/sessmgrd.conf", fixture->folder);
    if (config != NULL)
        clock_fixture_configure(fixture, config);
    clock_fixture_start(fixture);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void clock_fixture_close(struct clock_fixture *fixture)
{
    clock_fixture_stop(fixture);
    (void)nftw(fixture->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int clock_fixture_setup(void **state)
{
    struct clock_fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    clock_fixture_open(fixture, NULL);
    *state = fixture;
    return 0;
}

int clock_fixture_teardown(void **state)
{
    clock_fixture_close(*state);
    free(*state);
    return 0;
}

static void on_barrier(int result, void *userdata)
{
    bool *passed = userdata;

    assert_int_equal(result, 0);
    *passed = true;
}

void clock_fixture_run(const struct clock_fixture *fixture)
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

void clock_fixture_pass(struct clock_fixture *fixture, int64_t usec)
{
    fixture->realtime_passed_usec += usec;
    fixture->boottime_passed_usec += usec;
    clock_fixture_run(fixture);
}
