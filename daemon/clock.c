/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine's own clocks. Whoever tells the time in a test brings another struct clock.
 */
#include <config.h>

#include "daemon/clock.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

static int64_t read_usec(clockid_t id)
{
    struct timespec now;
    int r = clock_gettime(id, &now);

    assert(r == 0); /* both clocks are in every kernel that has pidfds */
    (void)r;
    return (int64_t)now.tv_sec * USEC_PER_SEC + (int64_t)now.tv_nsec / 1000;
}

static int64_t system_realtime_usec(const struct clock *clock)
{
    (void)clock;
    return read_usec(CLOCK_REALTIME);
}

static int64_t system_boottime_usec(const struct clock *clock)
{
    (void)clock;
    return read_usec(CLOCK_BOOTTIME);
}

const struct clock clock_system = {
    .realtime_usec = system_realtime_usec,
    .boottime_usec = system_boottime_usec,
};

const char *clock_text(int64_t realtime_usec, char buffer[static CLOCK_TEXT_MAX_BYTES])
{
    const time_t seconds = (time_t)(realtime_usec / USEC_PER_SEC + 59);
    struct tm local;

    if (localtime_r(&seconds, &local) == NULL ||
        strftime(buffer, CLOCK_TEXT_MAX_BYTES, "%a %Y-%m-%d %H:%M %Z", &local) == 0)
        (void)snprintf(buffer, CLOCK_TEXT_MAX_BYTES, "a time far away");
    return buffer;
}
