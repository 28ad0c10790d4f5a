/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the question when a session was last used; see activity.h. What follows from it is
 * enforcement.c's.
 */
#include <config.h>

#include "daemon/activity.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/policy.h"
#include "daemon/usage.h"

static int64_t boottime(const struct manager *manager)
{
    return manager->clock->boottime_usec(manager->clock);
}

/* A session was active at a time: that is what people see, and what counts. */
static void set_active(struct manager *manager, struct session *session, int64_t usec)
{
    if (usec <= session->record.active_boottime_usec)
        return;
    session->record.active_boottime_usec = usec;
    session->record.info.last_activity_usec = manager->wall.offset_usec + usec;
}

void activity_start(struct manager *manager, struct session *session)
{
    session->record.active_boottime_usec = boottime(manager);
    session->looked_usec = session->record.active_boottime_usec;
    session->cpu_used = -1;
    session->warned_left_usec = USEC_INFINITY;
    session->clock_steps = manager->wall.step_count;
}

/* By what its record says. A version before had the wall clock's time alone: where that was set
 * meanwhile, it may be anywhere. */
static int64_t recorded_activity(const struct manager *manager, const struct session_record *record)
{
    return record->active_boottime_usec >= 0
               ? record->active_boottime_usec
               : record->info.last_activity_usec - manager->wall.offset_usec;
}

void activity_recover(struct manager *manager, struct session *session)
{
    struct session_record *record = &session->record;
    int64_t now = boottime(manager), usec = recorded_activity(manager, record);

    activity_start(manager, session);
    session->warned_end_usec = USEC_INFINITY; /* a warning may have been due meanwhile */
    session->looked_usec = 0; /* one is due: that it has a terminal is known by looking alone */
    if ((session->policy->settings.idle_activity & ACTIVITY_PROCESSES) != 0)
        return; /* what its processes did meanwhile nobody has seen */
    record->active_boottime_usec = usec > now ? now
                                   : usec < record->opened_boottime_usec
                                       ? record->opened_boottime_usec
                                       : usec;
}

void activity_note(struct manager *manager, struct session *session, enum activity source)
{
    if ((session->policy->settings.idle_activity & (unsigned)source) != 0)
        set_active(manager, session, boottime(manager));
}

static struct terminal_mark *find_mark(const struct terminal_marks *marks, unsigned device,
                                       size_t *ret_index)
{
    size_t low = 0, high = marks->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (marks->items[middle].device < device)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_index = low;
    return low < marks->count && marks->items[low].device == device ? &marks->items[low] : NULL;
}

/* Without memory a terminal has no mark, and looks used. */
static void set_mark(struct terminal_marks *marks, const struct terminal_mark *mark)
{
    size_t index;
    struct terminal_mark *old = find_mark(marks, mark->device, &index);

    if (old != NULL) {
        *old = *mark;
        return;
    }
    if (marks->count == marks->capacity) {
        size_t capacity = marks->capacity == 0 ? 64 : 2 * marks->capacity;
        struct terminal_mark *items = reallocarray(marks->items, capacity, sizeof(*items));

        if (items == NULL)
            return;
        marks->items = items;
        marks->capacity = capacity;
    }
    memmove(&marks->items[index + 1], &marks->items[index],
            (marks->count - index) * sizeof(marks->items[0]));
    marks->items[index] = *mark;
    marks->count++;
}

/* The last moment that a time of a terminal can mean, on boottime. */
static int64_t last_moment(int64_t sec, int64_t offset_usec, int64_t now_usec)
{
    int64_t end = (sec / TERMINAL_TIME_STEP_SEC + 1) * TERMINAL_TIME_STEP_SEC * USEC_PER_SEC;

    return end - offset_usec < now_usec ? end - offset_usec : now_usec;
}

/* When a terminal was last used, by its times as they are now. */
static struct terminal_mark read_terminal(struct manager *manager, unsigned device,
                                          const struct terminal_times *times, int64_t offset_usec)
{
    struct terminal_mark mark = {.device = device, .times = *times};
    int64_t now = boottime(manager);
    size_t index;
    const struct terminal_mark *old = find_mark(&manager->terminal_marks, device, &index);

    mark.read_usec = old != NULL && old->times.read_sec == times->read_sec
                         ? old->read_usec
                         : last_moment(times->read_sec, offset_usec, now);
    mark.written_usec = old != NULL && old->times.written_sec == times->written_sec
                            ? old->written_usec
                            : last_moment(times->written_sec, offset_usec, now);
    return mark;
}

static bool is_ahead(const struct manager *manager, const struct terminal_times *times)
{
    int64_t now_sec = (manager->wall.offset_usec + boottime(manager)) / USEC_PER_SEC;

    return times->read_sec > now_sec || times->written_sec > now_sec;
}

static bool is_inside(const struct manager *manager, const struct session *session,
                      const struct session *outer)
{
    while (session != NULL && session != outer)
        session = session_table_find_parent(&manager->sessions, session);
    return session != NULL;
}

bool activity_is_own_terminal(const struct manager *manager, const struct session *session,
                              const struct terminal_times *terminal)
{
    const struct live_set *live = &manager->sessions.live;
    const struct session *outer = session;

    do {
        if (outer->record.info.uid == (int64_t)terminal->owner)
            return true;
        outer = session_table_find_parent(&manager->sessions, outer);
    } while (outer != NULL);
    for (size_t i = 0; session->nested_count > 0 && i < live->count; i++)
        if (live->items[i].nested &&
            live->items[i].session->record.info.uid == (int64_t)terminal->owner &&
            is_inside(manager, live->items[i].session, session))
            return true;
    return false;
}

static void look_at_terminal(struct manager *manager, struct session *session, unsigned device)
{
    unsigned sources = session->policy->settings.idle_activity;
    struct terminal_times times;
    struct terminal_mark used;

    if (terminal_read_times(device, &times) < 0) {
        /* What its people do there cannot be known: that ends nobody's session. */
        if ((sources & (ACTIVITY_TTY_INPUT | ACTIVITY_TTY_OUTPUT)) != 0)
            set_active(manager, session, session->looked_usec);
        return;
    }
    if (!activity_is_own_terminal(manager, session, &times))
        return;
    used = read_terminal(manager, device, &times, manager->wall.offset_usec);
    if (is_ahead(manager, &times)) /* by touch(1): used when that is first seen */
        set_mark(&manager->terminal_marks, &used);
    if ((sources & ACTIVITY_TTY_INPUT) != 0)
        set_active(manager, session, used.read_usec);
    if ((sources & ACTIVITY_TTY_OUTPUT) != 0 && times.written_sec != session->record.told_sec)
        set_active(manager, session, used.written_usec);
}

/* When a terminal was last used that has gone since the last look is not known any more. The moment
 * of this look is not too early. */
static void note_terminals(struct manager *manager, struct session *session, size_t count)
{
    static_assert(USAGE_TERMINALS_MAX <= UINT8_MAX, "terminal_count holds them");
    unsigned sources = session->policy->settings.idle_activity;

    if (count < session->terminal_count &&
        (sources & (ACTIVITY_TTY_INPUT | ACTIVITY_TTY_OUTPUT)) != 0)
        set_active(manager, session, session->looked_usec);
    session->terminal_count = (uint8_t)count;
}

void activity_look(struct manager *manager, struct session *session)
{
    bool cpu = (session->policy->settings.idle_activity & ACTIVITY_PROCESSES) != 0;
    struct usage usage;

    session->looked_usec = boottime(manager);
    if (!manager->sees_processes) { /* nor terminals: that ends nobody's session */
        set_active(manager, session, session->looked_usec);
        return;
    }
    if (usage_read(manager, session, cpu, &usage) < 0)
        return;
    if (usage.is_cut) /* whoever has so many is not idle, or is not known to be */
        set_active(manager, session, session->looked_usec);
    note_terminals(manager, session, usage.terminal_count);
    for (size_t i = 0; i < usage.terminal_count; i++)
        look_at_terminal(manager, session, usage.terminals[i]);
    if (cpu && session->cpu_used >= 0 && usage.cpu_used != session->cpu_used)
        set_active(manager, session, session->looked_usec);
    session->cpu_used = cpu ? usage.cpu_used : -1;
}

/*
 * Our own words are nobody's activity: the mark says so to all sessions at this terminal, and the
 * record after a restart.
 */
static void tell_terminal(struct manager *manager, struct session *session, unsigned device,
                          const char *message)
{
    struct terminal_times before, after;
    struct terminal_mark mark;

    if (terminal_read_times(device, &before) < 0 ||
        !activity_is_own_terminal(manager, session, &before))
        return;
    mark = read_terminal(manager, device, &before, manager->wall.offset_usec);
    if (terminal_write(device, message) < 0 || terminal_read_times(device, &after) < 0)
        return; /* people may refuse messages */
    mark.times = after;
    set_mark(&manager->terminal_marks, &mark);
    session->record.told_sec = after.written_sec;
}

void activity_tell(struct manager *manager, struct session *session, const char *message)
{
    struct usage usage;

    if (usage_read(manager, session, false, &usage) < 0)
        return;
    for (size_t i = 0; i < usage.terminal_count; i++)
        tell_terminal(manager, session, usage.terminals[i], message);
}

struct marking {
    struct manager *manager;
    int64_t old_offset_usec;
    struct terminal_marks marks;
};

static void mark_terminal(unsigned device, const struct terminal_times *times, void *userdata)
{
    struct marking *marking = userdata;
    struct terminal_mark mark =
        read_terminal(marking->manager, device, times, marking->old_offset_usec);

    set_mark(&marking->marks, &mark);
}

void activity_clock_was_set(struct manager *manager, int64_t old_offset_usec)
{
    struct marking marking = {.manager = manager, .old_offset_usec = old_offset_usec};

    terminal_each(mark_terminal, &marking); /* terminals that have gone lose their marks */
    activity_done(&manager->terminal_marks);
    manager->terminal_marks = marking.marks;
}

void activity_done(struct terminal_marks *marks)
{
    free(marks->items);
    *marks = (struct terminal_marks){.items = NULL};
}
