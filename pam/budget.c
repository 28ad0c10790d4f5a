/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A time budget: see budget.h. */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "pam/budget.h"

static int64_t now_usec(void)
{
    struct timespec now;
    int r = clock_gettime(CLOCK_MONOTONIC, &now);

    assert(r == 0); /* it fails for unknown clocks only */
    (void)r;
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Rounded up, lest the last fraction of a millisecond become a busy loop. */
static int left_msec(const struct budget *budget)
{
    int64_t left_usec = budget->end_usec - now_usec();

    return left_usec <= 0 ? 0 : (int)((left_usec + 999) / 1000);
}

void budget_start(struct budget *budget, unsigned msec)
{
    budget->end_usec = now_usec() + (int64_t)msec * 1000;
}

int budget_check(const struct budget *budget)
{
    return left_msec(budget) == 0 ? -ETIMEDOUT : 0;
}

int budget_wait(const struct budget *budget, int fd, short events)
{
    struct pollfd pollfd = {.fd = fd, .events = events};

    for (;;) {
        int left = left_msec(budget);

        if (left == 0)
            return -ETIMEDOUT;
        int r = poll(&pollfd, 1, left);
        if (r > 0)
            return 0;
        if (r < 0 && errno != EINTR)
            return -errno;
    }
}

int budget_sleep(const struct budget *budget, int msec)
{
    int left = left_msec(budget);

    if (left == 0)
        return -ETIMEDOUT;
    /* Woken early by a signal is good enough: the caller tries again. */
    (void)poll(NULL, 0, msec < left ? msec : left);
    return 0;
}
