/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the ladder; see ending.h. The order and what each kind of leader obeys were measured on real
 * systems: doc/logins.md.
 */
#include <config.h>

#include "daemon/ending.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/activity.h"
#include "daemon/audit.h"
#include "daemon/leader.h"
#include "daemon/lifecycle.h"
#include "daemon/log.h"
#include "daemon/targets.h"
#include "daemon/terminal.h"

#define POLL_FIRST_USEC (20 * USEC_PER_MSEC)
/* In STAGE_KILL, where what runs could fork. */
#define POLL_KILL_USEC (10 * USEC_PER_MSEC)
/* A scan of /proc of this age will do where no signal has been sent since. */
#define LOOK_MAX_AGE_USEC (50 * USEC_PER_MSEC)
#define POLL_USEC         (100 * USEC_PER_MSEC)
/* A leader whose last process has gone closes the session itself; only then it is told to. */
#define LEADER_PATIENCE_USEC (500 * USEC_PER_MSEC)
/* What SIGKILL has not ended by then (a process in uninterruptible sleep) is left, and reported. */
#define KILL_PATIENCE_USEC (5 * USEC_PER_SEC)
/* A grace of zero still lets a leader run its close. */
#define LEADER_GRACE_MIN_USEC (1 * USEC_PER_SEC)

enum {
    STOP_ROUNDS_MAX =
        32, /* looks for processes that were forked while their parents were being stopped */
};

enum ending_stage {
    STAGE_HUP,
    STAGE_TERM,
    STAGE_KILL,
    STAGE_LEADER_WAIT, /* only the connection is left */
    STAGE_LEADER_TERM,
    STAGE_LEADER_KILL,
};

struct ending {
    struct manager *manager;
    struct session *session; /* borrowed; owns this */
    enum ending_stage stage;
    int64_t stage_usec;   /* boottime: when the stage began */
    struct deadline next; /* the next look */
    char *message;        /* owned; for the first look, NULL for none */
    bool looked;          /* the first look has been taken */
    bool had_others;      /* there was more than the connection */
    struct id_list seen;  /* MEMBERS_BY_TREE: members so far, whose descendants stay members */
    unsigned stop_rounds; /* of STAGE_KILL */
    int64_t started_usec; /* boottime */
    int64_t told_usec;    /* boottime: a scan from before is too old; when signals were last sent */
    struct id_list told;  /* processes that have had this stage's signal: each gets it once */
};

static int64_t now(const struct ending *ending)
{
    return ending->manager->clock->boottime_usec(ending->manager->clock);
}

/* As it was when the last signals were sent, or a little later: many ladders share one scan. */
static int look(struct ending *ending, struct targets *ret)
{
    int64_t recent = manager_recent(ending->manager, LOOK_MAX_AGE_USEC);

    return targets_look(ending->manager, ending->session, &ending->seen,
                        ending->told_usec > recent ? ending->told_usec : recent, ret);
}

static void signal_all(struct ending *ending, const struct targets *targets, const size_t *indexes,
                       size_t count, int number)
{
    for (size_t i = 0; i < count; i++)
        targets_signal(ending->manager, &targets->table->items[indexes[i]], number);
}

/*
 * Gives each of the others a stage's signal once; CONT lets those that are stopped take it. Returns
 * how many had not had it.
 */
static size_t tell_others(struct ending *ending, const struct targets *targets, int number)
{
    size_t count = 0;

    for (size_t i = 0; i < targets->other_count; i++) {
        const struct process *process = &targets->table->items[targets->others[i]];

        if (id_list_has(&ending->told, process))
            continue;
        targets_signal(ending->manager, process, number);
        if (number != SIGSTOP)
            targets_signal(ending->manager, process, SIGCONT);
        count++;
    }
    if (count > 0)
        ending->told_usec = now(ending);
    /* Without memory they are told once more at the next look. */
    (void)id_list_set(&ending->told, targets->table, targets->others, targets->other_count);
    return count;
}

/*
 * Stops everything before killing it: what is stopped cannot fork, so once a look after the signals
 * finds nobody new, nothing can escape. One look a step, so that a session with many processes does
 * not keep the others waiting.
 */
static void kill_others(struct ending *ending, const struct targets *targets)
{
    if (tell_others(ending, targets, SIGSTOP) > 0 && ending->stop_rounds++ < STOP_ROUNDS_MAX)
        return;
    signal_all(ending, targets, targets->others, targets->other_count, SIGKILL);
    ending->told_usec = now(ending);
}

static void enter(struct ending *ending, enum ending_stage stage)
{
    ending->stage = stage;
    ending->stage_usec = now(ending);
    ending->told.count = 0;
    ending->stop_rounds = 0;
    if (stage != STAGE_LEADER_TERM)
        return;
    leader_signal(ending->session, SIGTERM);
    ending->told_usec = now(ending);
}

static int64_t passed_usec(const struct ending *ending)
{
    return now(ending) - ending->stage_usec;
}

/*
 * HUP, TERM, KILL: there is more than the connection. What KILL does not end, or what keeps coming,
 * does not keep the connection: its turn comes all the same.
 */
static void step_others(struct ending *ending, const struct targets *targets)
{
    int64_t grace = ending->session->record.grace_usec;

    ending->had_others = true;
    if (ending->stage == STAGE_HUP && passed_usec(ending) >= grace / 2)
        enter(ending, STAGE_TERM);
    if (ending->stage == STAGE_TERM && passed_usec(ending) >= grace - grace / 2)
        enter(ending, STAGE_KILL);
    if (ending->stage == STAGE_KILL && passed_usec(ending) >= KILL_PATIENCE_USEC)
        enter(ending, STAGE_LEADER_TERM);
    if (ending->stage == STAGE_HUP)
        tell_others(ending, targets, SIGHUP);
    else if (ending->stage == STAGE_TERM)
        tell_others(ending, targets, SIGTERM);
    else
        kill_others(ending, targets);
}

static int64_t leader_grace_usec(const struct session *session)
{
    int64_t grace = session->record.grace_usec;

    return grace < LEADER_GRACE_MIN_USEC ? LEADER_GRACE_MIN_USEC : grace;
}

/* The connection alone is left. Yields whether there is still hope. */
static bool step_connection(struct ending *ending, const struct targets *targets)
{
    if (ending->stage < STAGE_LEADER_WAIT)
        enter(ending, ending->had_others ? STAGE_LEADER_WAIT : STAGE_LEADER_TERM);
    if (ending->stage == STAGE_LEADER_WAIT && passed_usec(ending) >= LEADER_PATIENCE_USEC)
        enter(ending, STAGE_LEADER_TERM);
    if (ending->stage == STAGE_LEADER_TERM &&
        passed_usec(ending) >= leader_grace_usec(ending->session))
        enter(ending, STAGE_LEADER_KILL);
    if (ending->stage != STAGE_LEADER_KILL)
        return true;
    leader_signal(ending->session, SIGKILL);
    signal_all(ending, targets, targets->connection, targets->connection_count, SIGKILL);
    ending->told_usec = now(ending);
    return passed_usec(ending) < KILL_PATIENCE_USEC;
}

/*
 * Nothing but the leader may be touched: by policy, or because /proc does not show what belongs to
 * the session. It is asked to close, never killed: that would leave a shell behind that nothing
 * holds any more.
 */
static bool leader_only(const struct ending *ending)
{
    return ending->session->record.kill_processes == KILL_NO || !ending->manager->sees_processes;
}

static void finish(struct ending *ending, bool left)
{
    if (left)
        audit_write(AUDIT_LEFT_PROCESSES, &AUDIT_DETAILS(.session = &ending->session->record.info));
    lifecycle_finish(ending->manager, ending->session); /* frees the ladder */
}

static void wait_for_next(struct ending *ending, int64_t delay_usec)
{
    /* The array of the queue has a place for it: it was in there before. */
    if (deadline_arm(ending->manager->deadlines, &ending->next, now(ending) + delay_usec) < 0)
        log_line(LOG_ERR, "session %s: out of memory while ending it",
                 ending->session->record.info.session_id);
}

static void step_leader_only(struct ending *ending)
{
    if (ending->stage != STAGE_LEADER_TERM)
        enter(ending, STAGE_LEADER_TERM);
    if (!leader_lives(ending->session))
        finish(ending, !ending->manager->sees_processes);
    else if (passed_usec(ending) >= leader_grace_usec(ending->session))
        finish(ending, true);
    else
        wait_for_next(ending, POLL_USEC);
}

/* What the session began last may be missing in the scan, and would be lost with the leader. */
static bool is_look_too_old(const struct ending *ending)
{
    return ending->manager->processes_read_usec < ending->started_usec;
}

static void step_ladder(struct ending *ending)
{
    CLEANUP(targets_done) struct targets targets;
    bool hope = true;

    if (look(ending, &targets) >= 0) {
        if (targets.other_count > 0) {
            step_others(ending, &targets);
            if (ending->stage > STAGE_KILL)
                hope = step_connection(ending, &targets);
        } else if (is_look_too_old(ending)) {
            ending->told_usec = ending->started_usec; /* the next one is not */
        } else if (targets.connection_count > 0 || leader_lives(ending->session)) {
            hope = step_connection(ending, &targets);
        } else {
            finish(ending, false);
            return;
        }
    }
    if (hope)
        wait_for_next(ending, ending->stage == STAGE_KILL ? POLL_KILL_USEC : POLL_USEC);
    else
        finish(ending, true);
}

/* Shows the message, if there is one, on each own terminal that a process of the session has, once.
 */
static void show_message(struct ending *ending, const struct targets *targets)
{
    unsigned shown[16];
    size_t shown_count = 0;

    for (size_t i = 0; i < targets->other_count && shown_count < ELEMENTS(shown); i++) {
        unsigned tty = targets->table->items[targets->others[i]].tty;
        struct terminal_times terminal;
        bool seen = tty == 0;

        for (size_t j = 0; j < shown_count; j++)
            seen = seen || shown[j] == tty;
        if (seen)
            continue;
        shown[shown_count++] = tty;
        if (terminal_read_times(tty, &terminal) >= 0 &&
            activity_is_own_terminal(ending->manager, ending->session, &terminal))
            (void)terminal_write(tty, ending->message); /* people may refuse messages */
    }
}

/* Learns who is a descendant of the leader while the leader still lives. */
static void look_first(struct ending *ending)
{
    CLEANUP(targets_done) struct targets targets;

    ending->looked = true;
    if (look(ending, &targets) >= 0 && ending->message != NULL)
        show_message(ending, &targets);
    wait_for_next(ending, 0);
}

static void on_next(struct deadline *deadline, void *userdata)
{
    struct ending *ending = userdata;

    (void)deadline;
    if (!ending->looked)
        look_first(ending);
    else if (leader_only(ending))
        step_leader_only(ending);
    else
        step_ladder(ending);
}

/*
 * The first look is a step of its own, and in general not taken here: so those whose ends begin
 * together do not keep the loop, however many they are, and all of them are seen before the first
 * is signalled.
 */
void ending_start(struct manager *manager, struct session *session, const char *message)
{
    struct ending *ending = calloc(1, sizeof(*ending));

    if (ending != NULL) {
        ending->manager = manager;
        ending->session = session;
        ending->started_usec = ending->stage_usec = now(ending);
        /* In a scan from before it was opened there is nothing of it; and the leader of one that is
         * closed exits next. */
        ending->told_usec = session->record.info.end_reason == END_LOGOUT
                                ? ending->started_usec
                                : session->record.opened_boottime_usec;
        ending->next.fire = on_next;
        ending->next.userdata = ending;
        ending->message = message == NULL ? NULL : strdup(message); /* without memory: none */
        session->ending = ending;
        if (deadline_arm(manager->deadlines, &ending->next, now(ending)) >= 0) {
            if (session->record.info.end_reason == END_LOGOUT)
                look_first(ending); /* the leader exits next */
            return;
        }
    }
    audit_write(AUDIT_LEFT_PROCESSES, &AUDIT_DETAILS(.session = &session->record.info));
    lifecycle_finish(manager, session);
}

void ending_poke(struct session *session)
{
    if (session->ending == NULL)
        return;
    if (!session->ending->looked)
        look_first(session->ending);
    wait_for_next(session->ending, POLL_FIRST_USEC);
}

void ending_free(struct ending *ending)
{
    if (ending == NULL)
        return;
    deadline_disarm(ending->manager->deadlines, &ending->next);
    free(ending->message);
    free(ending->seen.items);
    free(ending->told.items);
    free(ending);
}
