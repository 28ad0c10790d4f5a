/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Computes ends; see schedule.h. No clock is read here, and nothing is changed.
 */
#include <config.h>

#include "daemon/schedule.h"

#include "daemon/clock.h"

/* Between two looks at the CPU time of a session, which tells that it moved and not when. */
#define LOOK_MIN_USEC  (1 * USEC_PER_SEC)
#define LOOK_MAX_USEC  (60 * USEC_PER_SEC)
#define LOOKS_PER_IDLE 16

static int64_t add(int64_t usec, int64_t more)
{
    return more >= USEC_INFINITY - usec ? USEC_INFINITY : usec + more;
}

static void take_earlier(struct schedule *schedule, int64_t usec, enum end_reason reason)
{
    if (usec >= schedule->end_usec)
        return;
    schedule->end_usec = usec;
    schedule->end_reason = reason;
}

/* A wall-clock time on boottime. One that no clock will reach stays out of reach. */
static int64_t on_boottime(const struct schedule_input *input, int64_t realtime_usec)
{
    int64_t usec;

    if (realtime_usec == USEC_INFINITY ||
        __builtin_sub_overflow(realtime_usec, input->realtime_usec, &usec))
        return USEC_INFINITY;
    return add(input->boottime_usec, usec);
}

static void compute_end(const struct schedule_input *input, struct schedule *schedule)
{
    const struct session_settings *settings = input->settings;
    /* A credential may have ended before the machine was started: that is over then. */
    int64_t first = input->notice_usec > 0 ? input->notice_usec : 0;
    schedule->end_usec = USEC_INFINITY;
    schedule->end_reason = END_NONE;
    if (input->lifetime_end_usec >= 0)
        take_earlier(schedule, input->lifetime_end_usec, END_LIFETIME);
    if (input->hours_end_usec >= 0)
        take_earlier(schedule, on_boottime(input, input->hours_end_usec), END_HOURS);
    if (settings->end_with_credential && input->credential_expires_usec >= 0)
        take_earlier(schedule, on_boottime(input, input->credential_expires_usec),
                     END_CREDENTIAL_EXPIRED);
    if (schedule->end_usec < first)
        schedule->end_usec = first;
}

/* The longest time before an end at which people who have so much time at all are warned. */
static int64_t first_warning(const struct warnings *warnings, int64_t most_usec)
{
    for (size_t i = 0; i < warnings->count; i++)
        if (warnings->left_usec[i] < most_usec)
            return warnings->left_usec[i];
    return 0;
}

/*
 * Between two looks lies no more than leaves time for the first warning: whether it has a terminal,
 * and so which of the two limits holds, is known by looking alone.
 */
static void compute_idle(const struct schedule_input *input, struct schedule *schedule)
{
    const struct session_settings *settings = input->settings;
    int64_t shortest = settings->idle_usec < settings->idle_without_terminal_usec
                           ? settings->idle_usec
                           : settings->idle_without_terminal_usec;
    int64_t idle = input->has_terminal ? settings->idle_usec : settings->idle_without_terminal_usec;
    int64_t step = shortest / LOOKS_PER_IDLE;

    schedule->idle_end_usec = idle == USEC_INFINITY ? USEC_INFINITY : add(input->active_usec, idle);
    schedule->look_usec = USEC_INFINITY;
    if (shortest == USEC_INFINITY)
        return;
    if ((settings->idle_activity & ACTIVITY_PROCESSES) == 0)
        step = shortest - first_warning(&settings->warnings, shortest);
    else if (step > LOOK_MAX_USEC)
        step = LOOK_MAX_USEC;
    schedule->look_usec = add(input->looked_usec, step < LOOK_MIN_USEC ? LOOK_MIN_USEC : step);
}

void schedule_compute(const struct schedule_input *input, struct schedule *ret)
{
    compute_end(input, ret);
    compute_idle(input, ret);
}

int64_t schedule_next_end(const struct schedule *schedule, enum end_reason *ret_reason)
{
    bool idle = schedule->idle_end_usec < schedule->end_usec;

    *ret_reason = idle ? END_IDLE : schedule->end_reason;
    return idle ? schedule->idle_end_usec : schedule->end_usec;
}

int64_t schedule_next_warning(const struct warnings *warnings, int64_t end_usec, int64_t given_usec)
{
    for (size_t i = 0; i < warnings->count && end_usec != USEC_INFINITY; i++)
        if (warnings->left_usec[i] < given_usec)
            return end_usec - warnings->left_usec[i];
    return USEC_INFINITY;
}
