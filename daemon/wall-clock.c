/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the difference between the two clocks; see wall-clock.h.
 */
#include <config.h>

#include "daemon/wall-clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/macro.h"

static int64_t offset_now(const struct clock *clock)
{
    int64_t boottime = clock->boottime_usec(clock);

    return clock->realtime_usec(clock) - boottime;
}

void wall_clock_check(struct wall_clock *wall)
{
    int64_t old = wall->offset_usec, now = offset_now(wall->clock);

    if (llabs(now - old) < WALL_CLOCK_STEP_USEC)
        return;
    wall->offset_usec = now;
    wall->step_count++;
    wall->step(old, now, wall->userdata);
}

/* A timer that never expires: it is there to be cancelled when the clock is set. */
static int arm(int fd)
{
    const struct itimerspec never = {.it_value.tv_sec = INT64_MAX};

    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0
               ? -errno
               : 0;
}

static int on_set(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    uint64_t expirations;

    (void)source;
    (void)revents;
    (void)!read(fd, &expirations, sizeof(expirations)); /* ECANCELED is what it has to say */
    (void)arm(fd);                                      /* it worked before */
    wall_clock_check(userdata);
    return 0;
}

static int on_round(sd_event_source *source, void *userdata)
{
    (void)source;
    wall_clock_check(userdata);
    return 0;
}

int wall_clock_init(struct wall_clock *ret, sd_event *event, const struct clock *clock,
                    wall_clock_step_t step, void *userdata)
{
    int r;

    *ret = (struct wall_clock){.clock = clock,
                               .offset_usec = offset_now(clock),
                               .step = step,
                               .userdata = userdata,
                               .fd = -1};
    if (event == NULL)
        return 0;
    ret->fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (ret->fd < 0)
        return -errno;
    r = arm(ret->fd);
    if (r >= 0)
        r = sd_event_add_io(event, &ret->set, ret->fd, EPOLLIN, on_set, ret);
    if (r >= 0)
        r = sd_event_add_post(event, &ret->round, on_round, ret);
    return r;
}

void wall_clock_done(struct wall_clock *wall)
{
    wall->set = sd_event_source_disable_unref(wall->set);
    wall->round = sd_event_source_disable_unref(wall->round);
    closep(&wall->fd);
    wall->fd = -1;
}
