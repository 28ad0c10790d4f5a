/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The session object, and the table of all of them: the live set, and the ended ones that are kept
 * for a while. How a session goes from one state to the next is in lifecycle.h; nothing here writes
 * to the store or tells anybody.
 */
#ifndef SESSMGR_SESSION_H
#define SESSMGR_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/protocol.h"
#include "daemon/config-table.h"
#include "daemon/deadline.h"
#include "daemon/intern.h"
#include "daemon/live.h"
#include "daemon/members.h"
#include "daemon/tree.h"
#include "daemon/user-count.h"

struct ending;
struct leader;
struct manager;
struct policy;
struct session_tokens;
struct token_file;

/* What the store keeps of a session. Times on boottime belong to info.boot_id. */
struct session_record {
    struct session_info info;
    int members_by;     /* enum members_by */
    int kill_processes; /* enum kill_processes */
    const char *scope;  /* MEMBERS_BY_SCOPE, else NULL */
    /* of process 1: with the boot ID it names the boot, in a container too; -1 where /proc hid it
     */
    int64_t init_start_ticks;
    int64_t leader_start_ticks; /* -1 where /proc hid the leader */
    int64_t opened_boottime_usec;
    int64_t deadline_boottime_usec; /* -1 for none */
    /* CLOCK_REALTIME: the end of the hours that held when it was opened, or the clock was set; -1:
     * they never end. By so much it was put off. */
    int64_t hours_end_usec;
    int64_t hours_extended_usec; /* -1: not at all */
    int64_t extended_count; /* how often somebody other than an administrator put off the end */
    int64_t active_boottime_usec; /* when it was last seen to be active; -1: of a version before */
    int64_t notice_boottime_usec; /* no end but by idleness comes before; -1: any may */
    int64_t told_sec;      /* CLOCK_REALTIME: its terminals were last written to by us; -1: never */
    const char *policy_id; /* of the policy it was opened under; NULL: of a version before */
    int64_t grace_usec;
    int64_t token_family; /* of its refresh tokens; counts up when all of them are revoked */
    int64_t jwt_revoked_until_sec; /* JWTs that were issued up to then are revoked; -1: none */
    bool token_file;               /* its user finds an access token in a file */
};

enum { TOKEN_FAMILY_FIRST = 1 };

struct session {
    struct manager *manager;      /* borrowed: for what calls back */
    struct session_record record; /* its strings are in a block, or shared: see session.c */
    void *block;                  /* owned; NULL while the first one will do */
    struct leader *leader;        /* see leader.h; NULL once it has gone */
    struct policy *policy;        /* a reference; NULL once it has ended */
    struct deadline deadline;     /* enforcement.c's while active; end of retention once ended */
    /* Of its activity and its warnings, while it is active; on boottime. */
    int64_t looked_usec;     /* when that was last looked for */
    unsigned clock_steps;    /* of the wall clock, that its times of day follow */
    int64_t cpu_used;        /* what its processes had used then, in whatever unit they are asked */
    int64_t warned_end_usec; /* the end that people know of; 0: just opened, USEC_INFINITY: none */
    int64_t warned_left_usec; /* the last warning of it: with so much time left */
    struct ending *ending;    /* owned; while its processes are being ended */
    unsigned nested_count;    /* sessions opened inside this one that are not ended */
    unsigned writes;          /* submissions to the store that are not complete */
    bool unsubmitted;         /* its newest record did not get to the store, for want of memory */
    bool end_told;            /* the audit trail and the stream have its end */
    bool retired;             /* it has ended, and leaves the table soon */
    bool sorted;              /* session_table_sort()'s own */
    uint8_t terminal_count;   /* as it was when its activity was last looked for */
    unsigned live_index;      /* the live set's own */
    int64_t duration_usec;    /* on boottime, once it is ended; -1 where not known */
    struct session_tokens *tokens; /* see token.h; NULL while it has none */
    struct token_file *file;       /* see token-file.h; NULL where it has none */
    int64_t activity_stored_usec;  /* info.last_activity_usec as the store has it */
    RB_ENTRY(session) by_id;
    TAILQ_ENTRY(session) in_all;
    /* Of its leader's, while it has one; of the ended ones, once it has ended. */
    TAILQ_ENTRY(session) in_state;
    _Alignas(int64_t) char first_block[];
};

RB_HEAD(session_tree, session);
TAILQ_HEAD(session_list, session);

RB_HEAD(leader_tree, leader);

struct session_table {
    struct session_tree by_id;
    struct session_list all;   /* in the order in which they were put in */
    struct live_set live;      /* those that are not ended */
    struct session_list ended; /* in the order of their end; those that are retired are not in it */
    struct user_tree users;
    struct intern_table texts;  /* that many sessions have in common */
    struct leader_tree leaders; /* leader.h's */
    size_t ended_count;
};

void session_table_init(struct session_table *table);

/*
 * Makes a session of a record, whose strings are copied, or shared by the sessions of a table. Not
 * in the table yet. To be freed with session_free(). Error: -ENOMEM.
 */
int session_new(struct session_table *table, const struct session_record *record,
                struct session **ret);

/* Frees a session that is not in the table any more and has no write under way. Accepts NULL. */
void session_free(struct session_table *table, struct session *session);

/* Puts a session into the table by its state. Error: -ENOMEM, and then it is not in. */
int session_table_add(struct session_table *table, struct session *session);

/* Takes a session out again. */
void session_table_remove(struct session_table *table, struct session *session);

/* Moves a session that is active to STATE_ENDING, or one that is not ended to STATE_ENDED, and the
 * counts with it. */
void session_table_set_state(struct session_table *table, struct session *session,
                             enum session_state state);

/* Frees the table and every session in it. */
void session_table_done(struct session_table *table);

/* The session with a full ID, or NULL. Borrowed. */
struct session *session_table_find(const struct session_table *table, const char *id);

/* The session that one is nested in, or NULL where it is in none or that is forgotten. Borrowed. */
struct session *session_table_find_parent(const struct session_table *table,
                                          const struct session *session);

/*
 * Walks all sessions, in the order in which they were put in: `for (s = session_table_first(t); s;
 * s = session_table_next(s))`; the current one may be removed after its next was taken.
 */
struct session *session_table_first(const struct session_table *table);
struct session *session_table_next(const struct session *session);

/*
 * Brings the walk into the order of opening, and ended sessions into that of their end, after they
 * came in any other. Wall clocks step; a session stands before those nested in it all the same.
 * Error: -ENOMEM.
 */
int session_table_sort(struct session_table *table);

/* Takes the one that ended first from the ended ones, of which there must be some: it is not
 * counted any more, and stays in the table until it is removed. Borrowed. */
struct session *session_table_retire(struct session_table *table);

/* Replaces a session's record with a copy of one that has the same ID, state and leader; its
 * strings may be the session's own. Error: -ENOMEM, and nothing has changed. */
int session_set_record(struct session_table *table, struct session *session,
                       const struct session_record *record);

/* Replaces a session's context with a copy. Error: -ENOMEM, and nothing has changed. */
int session_set_context(struct session_table *table, struct session *session,
                        const struct string_map *context);

/* Gives a session of the table that has no policy one, a reference that it takes over, and counts
 * it accordingly. Error: -ENOMEM, and it has none. */
int session_set_policy(struct session_table *table, struct session *session, struct policy *policy);

/* Whether a session is opened inside another one. */
static inline bool session_is_nested(const struct session *session)
{
    return session->record.info.parent_session != NULL;
}

/* Whether it takes a place among its user's sessions while it is active. */
bool session_is_counted(const struct session *session);

static inline bool session_is_ended(const struct session *session)
{
    return session->record.info.state == STATE_ENDED;
}

#endif
