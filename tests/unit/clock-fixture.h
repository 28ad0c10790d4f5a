/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A whole daemon in the test's process, without sockets, by clocks that the test moves.
 */
#ifndef SESSMGR_TESTS_UNIT_CLOCK_FIXTURE_H
#define SESSMGR_TESTS_UNIT_CLOCK_FIXTURE_H

#include "daemon/manager.h"

struct clock_fixture {
    struct clock clock;                                 /* first: what the callbacks get */
    int64_t realtime_passed_usec, boottime_passed_usec; /* beyond the machine's own */
    char folder[32];                                    /* holds the rest */
    char config[64];                                    /* the daemon's configuration */
    struct manager *manager;
};

/* Starts the daemon in a folder of its own with this configuration; NULL: without any. Stops it and
 * removes the folder. */
void clock_fixture_open(struct clock_fixture *fixture, const char *config);
void clock_fixture_close(struct clock_fixture *fixture);

/* cmocka's setup and teardown of a test that needs no more: *state is the fixture. */
int clock_fixture_setup(void **state);
int clock_fixture_teardown(void **state);

/* Writes the configuration: whole text of the file. */
void clock_fixture_configure(const struct clock_fixture *fixture, const char *text);

/* Stops the daemon and starts it again on the same folder; in two steps for what happens between.
 */
void clock_fixture_stop(struct clock_fixture *fixture);
void clock_fixture_start(struct clock_fixture *fixture);

/* Lets what is due happen, and what is on its way to the disk get there. */
void clock_fixture_run(const struct clock_fixture *fixture);

/* Time passes on both clocks, and what is due then happens. */
void clock_fixture_pass(struct clock_fixture *fixture, int64_t usec);

#endif
