/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the session objects and the table that holds them; see session.h.
 */
#include <config.h>

#include "daemon/session.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/ending.h"
#include "daemon/leader.h"
#include "daemon/policy.h"
#include "daemon/session-record.h"

static int compare_id(const struct session *a, const struct session *b)
{
    return strcmp(a->record.info.session_id, b->record.info.session_id);
}

TREE_GENERATE(session_tree, session, by_id, compare_id)

/* The strings that many sessions have in common, and share. */
static const size_t shared_strings[] = {
    offsetof(struct session_record, info.user),
    offsetof(struct session_record, info.remote_host),
    offsetof(struct session_record, info.service),
    offsetof(struct session_record, info.auth_method),
    offsetof(struct session_record, info.auth_key),
    offsetof(struct session_record, info.host_id),
    offsetof(struct session_record, info.boot_id),
    offsetof(struct session_record, info.policy),
    offsetof(struct session_record, policy_id),
};

static const char **shared_string(struct session_record *record, size_t number)
{
    return (const char **)(void *)((char *)record + shared_strings[number]);
}

static void release_shared(struct session_table *table, struct session_record *record)
{
    for (size_t i = 0; i < ELEMENTS(shared_strings); i++)
        intern_release(&table->texts, *shared_string(record, i));
}

/* Takes the shared strings out of a record into one that has nothing else. Error: -ENOMEM. */
static int share_strings(struct session_table *table, struct session_record *record,
                         struct session_record *ret_shared)
{
    struct session_record shared = {0};

    for (size_t i = 0; i < ELEMENTS(shared_strings); i++) {
        const char *text = *shared_string(record, i);

        *shared_string(record, i) = NULL;
        if (text == NULL)
            continue;
        text = intern_take(&table->texts, text);
        if (text == NULL) {
            release_shared(table, &shared);
            return -ENOMEM;
        }
        *shared_string(&shared, i) = text;
    }
    *ret_shared = shared;
    return 0;
}

static void set_shared(struct session_record *record, struct session_record *shared)
{
    for (size_t i = 0; i < ELEMENTS(shared_strings); i++)
        *shared_string(record, i) = *shared_string(shared, i);
}

int session_new(struct session_table *table, const struct session_record *record,
                struct session **ret)
{
    struct session_record own = *record, shared;
    struct session *session;
    size_t bytes;
    int r;

    r = share_strings(table, &own, &shared);
    if (r < 0)
        return r;
    bytes = fields_copy_bytes(&session_record_fields, &own);
    session = calloc(1, sizeof(*session) + bytes);
    if (session == NULL) {
        release_shared(table, &shared);
        return -ENOMEM;
    }
    fields_copy_into(&session_record_fields, &own, &session->record, session->first_block, bytes);
    set_shared(&session->record, &shared);
    session->duration_usec = -1;
    *ret = session;
    return 0;
}

void session_free(struct session_table *table, struct session *session)
{
    if (session == NULL)
        return;
    assert(session->writes == 0);
    assert(session->deadline.index == 0);
    assert(session->tokens == NULL && session->file == NULL && session->policy == NULL);
    ending_free(session->ending);
    leader_leave(session);
    release_shared(table, &session->record);
    free(session->block);
    free(session);
}

void session_table_init(struct session_table *table)
{
    *table = (struct session_table){.ended_count = 0};
    TAILQ_INIT(&table->all);
    TAILQ_INIT(&table->ended);
}

bool session_is_counted(const struct session *session)
{
    if (session->policy == NULL)
        return !session_is_nested(session);
    return !session_is_nested(session) || session->policy->settings.count_nested != 0;
}

/* Counts or uncounts a session among its user's, where it counts there. */
static int count_for_user(struct session_table *table, const struct session *session, int64_t delta)
{
    const struct session_info *info = &session->record.info;

    if (info->state != STATE_ACTIVE || !session_is_counted(session))
        return 0;
    return user_count_adjust(&table->users, info->uid, info->service, delta);
}

int session_table_add(struct session_table *table, struct session *session)
{
    int r;

    if (!session_is_ended(session)) {
        r = live_add(&table->live, session);
        if (r < 0)
            return r;
    }
    r = count_for_user(table, session, 1);
    if (r < 0) {
        live_remove(&table->live, session);
        return r;
    }
    (void)RB_INSERT(session_tree, &table->by_id, session); /* IDs are random: none is there twice */
    TAILQ_INSERT_TAIL(&table->all, session, in_all);
    if (session_is_ended(session)) {
        TAILQ_INSERT_TAIL(&table->ended, session, in_state);
        table->ended_count++;
    }
    return 0;
}

static void leave_live_set(struct session_table *table, struct session *session)
{
    leader_leave(session);
    live_remove(&table->live, session);
    (void)count_for_user(table, session, -1); /* taking away needs no memory */
}

struct session *session_table_retire(struct session_table *table)
{
    struct session *session = TAILQ_FIRST(&table->ended);

    assert(session != NULL);
    TAILQ_REMOVE(&table->ended, session, in_state);
    table->ended_count--;
    session->retired = true;
    return session;
}

void session_table_remove(struct session_table *table, struct session *session)
{
    if (!session_is_ended(session)) {
        leave_live_set(table, session);
    } else if (!session->retired) {
        TAILQ_REMOVE(&table->ended, session, in_state);
        table->ended_count--;
    }
    TAILQ_REMOVE(&table->all, session, in_all);
    (void)RB_REMOVE(session_tree, &table->by_id, session);
}

void session_table_set_state(struct session_table *table, struct session *session,
                             enum session_state state)
{
    assert((int)state > session->record.info.state);

    if (state == STATE_ENDED) {
        leave_live_set(table, session);
        TAILQ_INSERT_TAIL(&table->ended, session, in_state);
        table->ended_count++;
    } else {
        (void)count_for_user(table, session, -1); /* taking away needs no memory */
    }
    session->record.info.state = (int)state;
}

void session_table_done(struct session_table *table)
{
    struct session *session;

    while ((session = session_table_first(table)) != NULL) {
        session_table_remove(table, session);
        session_free(table, session);
    }
    live_done(&table->live);
    assert(RB_EMPTY(&table->users) && RB_EMPTY(&table->leaders) && RB_EMPTY(&table->texts));
}

struct session *session_table_find(const struct session_table *table, const char *id)
{
    struct session_tree tree = table->by_id; /* to look, a copy of the root will do */
    struct session key;

    key.record.info.session_id = id;
    return RB_FIND(session_tree, &tree, &key);
}

struct session *session_table_find_parent(const struct session_table *table,
                                          const struct session *session)
{
    const char *id = session->record.info.parent_session;

    return id == NULL ? NULL : session_table_find(table, id);
}

struct session *session_table_first(const struct session_table *table)
{
    return TAILQ_FIRST(&table->all);
}

struct session *session_table_next(const struct session *session)
{
    return TAILQ_NEXT(session, in_all);
}

static int compare_times(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Total, whatever clocks did: where times are equal, the IDs, of which no two are, decide. */
static int compare_opened(const void *a, const void *b)
{
    const struct session *left = *(struct session *const *)a, *right = *(struct session *const *)b;
    int order = compare_times(left->record.info.opened_usec, right->record.info.opened_usec);

    return order != 0 ? order : compare_id(left, right);
}

static int compare_ended(const void *a, const void *b)
{
    const struct session *left = *(struct session *const *)a, *right = *(struct session *const *)b;
    int order = compare_times(left->record.info.ended_usec, right->record.info.ended_usec);

    return order != 0 ? order : compare_id(left, right);
}

/* Puts a session behind the others, and before it what it is nested in. */
static void append_sorted(struct session_table *table, struct session *session)
{
    while (!session->sorted) {
        struct session *outermost = session, *parent;

        while ((parent = session_table_find_parent(table, outermost)) != NULL && !parent->sorted)
            outermost = parent;
        outermost->sorted = true;
        TAILQ_INSERT_TAIL(&table->all, outermost, in_all);
    }
}

int session_table_sort(struct session_table *table)
{
    size_t count = table->live.count + table->ended_count, ended = 0, i = 0;
    CLEANUP(freep) struct session **sessions = calloc(count + 1, sizeof(struct session *));

    if (sessions == NULL)
        return -ENOMEM;
    for (struct session *s = session_table_first(table); s != NULL; s = session_table_next(s)) {
        assert(!s->retired);
        s->sorted = false;
        sessions[i++] = s;
    }
    assert(i == count);
    TAILQ_INIT(&table->all);
    TAILQ_INIT(&table->ended);
    qsort(sessions, count, sizeof(struct session *), compare_opened);
    for (i = 0; i < count; i++)
        append_sorted(table, sessions[i]);
    for (i = 0; i < count; i++)
        if (session_is_ended(sessions[i]))
            sessions[ended++] = sessions[i];
    qsort(sessions, ended, sizeof(struct session *), compare_ended);
    for (i = 0; i < ended; i++)
        TAILQ_INSERT_TAIL(&table->ended, sessions[i], in_state);
    return 0;
}

int session_set_record(struct session_table *table, struct session *session,
                       const struct session_record *record)
{
    struct session_record own = *record, shared;
    void *block;
    int r;

    r = share_strings(table, &own, &shared);
    if (r < 0)
        return r;
    r = fields_copy(&session_record_fields, &own, &own, &block);
    if (r < 0) {
        release_shared(table, &shared);
        return r;
    }
    set_shared(&own, &shared);
    release_shared(table, &session->record);
    free(session->block);
    session->record = own;
    session->block = block;
    return 0;
}

int session_set_context(struct session_table *table, struct session *session,
                        const struct string_map *context)
{
    struct session_record changed = session->record;

    changed.info.context = *context;
    return session_set_record(table, session, &changed);
}

int session_set_policy(struct session_table *table, struct session *session, struct policy *policy)
{
    int r;

    (void)count_for_user(table, session, -1); /* taking away needs no memory */
    session->policy = policy;
    r = count_for_user(table, session, 1);
    if (r < 0) {
        session->policy = NULL;
        (void)count_for_user(table, session, 1); /* no more than there was: but for memory */
    }
    return r;
}
