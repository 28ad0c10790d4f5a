/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The time that one call of the module may take, and waiting within it.
 */
#ifndef SESSMGR_PAM_BUDGET_H
#define SESSMGR_PAM_BUDGET_H

#include <stdint.h>

struct budget {
    int64_t end_usec; /* CLOCK_MONOTONIC */
};

/* Begins a budget of that many milliseconds. */
void budget_start(struct budget *budget, unsigned msec);

/* Whether some of it is left: 0, or -ETIMEDOUT. Never blocks. */
int budget_check(const struct budget *budget);

/*
 * Waits until poll(2) reports something of events (POLLIN, POLLOUT), an error or a hang-up at fd,
 * at most as long as the budget lasts. A signal handler that runs meanwhile neither ends the wait
 * nor prolongs it. Errors: -ETIMEDOUT; -errno of poll.
 */
int budget_wait(const struct budget *budget, int fd, short events);

/* Sleeps that many milliseconds, or until the budget is used up: then -ETIMEDOUT. */
int budget_sleep(const struct budget *budget, int msec);

#endif
