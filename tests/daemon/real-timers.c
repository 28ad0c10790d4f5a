/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Preloaded before libfaketime by test-clock: the timerfd_settime() of that (0.9.10) takes every
 * absolute time for one of CLOCK_REALTIME and moves it by as much as the wall clock is off, on
 * CLOCK_BOOTTIME too. Measured with a timer of a second there: an hour ahead it expires at once,
 * further than the system is up it cannot be set at all (EINVAL), a minute back it expires a minute
 * late. Timers stay the kernel's.
 */
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *ret_old)
{
    return (int)syscall(SYS_timerfd_settime, fd, flags, value, ret_old);
}
