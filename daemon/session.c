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
#include "daemon/session-record.h"

int session_new(const struct session_record *record, struct session **ret)
{
    struct session *session = calloc(1, sizeof(*session));
    int r;

    if (session == NULL)
        return -ENOMEM;
    r = fields_copy(&session_record_fields, record, &session->record, &session->block);
    if (r < 0) {
        free(session);
        return r;
    }
    session->leader_pidfd = -1;
    session->duration_usec = -1;
    session->token_file_expires_usec = -1;
    *ret = session;
    return 0;
}

void session_free(struct session *session)
{
    if (session == NULL)
        return;
    assert(session->writes == 0);
    assert(session->deadline.index == 0);
    assert(session->tokens == NULL);
    ending_free(session->ending);
    sd_event_source_disable_unref(session->leader_exit);
    closep(&session->leader_pidfd);
    free(session->block);
    free(session);
}

static bool counts_for_user(const struct session *session)
{
    return session->record.info.state == STATE_ACTIVE && !session_is_nested(session);
}

int session_table_add(struct session_table *table, struct session *session)
{
    const struct session_record *record = &session->record;

    HASH_ADD_KEYPTR(by_id, table->by_id, record->info.session_id, SESSION_ID_BYTES, session);
    if (session->unplaced)
        return -ENOMEM;
    if (session_is_ended(session)) {
        table->ended_count++;
        return 0;
    }
    session->leader_key[0] = record->info.leader_pid;
    session->leader_key[1] = record->leader_start_ticks;
    HASH_ADD(by_leader, table->by_leader, leader_key, sizeof(session->leader_key), session);
    if (session->unplaced) {
        HASH_DELETE(by_id, table->by_id, session);
        return -ENOMEM;
    }
    if (counts_for_user(session) && session_table_adjust_user(table, record->info.uid, 1) < 0) {
        HASH_DELETE(by_leader, table->by_leader, session);
        HASH_DELETE(by_id, table->by_id, session);
        return -ENOMEM;
    }
    table->live_count++;
    return 0;
}

static void leave_live_set(struct session_table *table, struct session *session)
{
    HASH_DELETE(by_leader, table->by_leader, session);
    table->live_count--;
    if (counts_for_user(session))
        (void)session_table_adjust_user(table, session->record.info.uid,
                                        -1); /* taking away needs no memory */
}

void session_table_remove(struct session_table *table, struct session *session)
{
    HASH_DELETE(by_id, table->by_id, session);
    if (session_is_ended(session))
        table->ended_count--;
    else
        leave_live_set(table, session);
}

void session_table_set_state(struct session_table *table, struct session *session,
                             enum session_state state)
{
    assert((int)state > session->record.info.state);

    if (state == STATE_ENDED) {
        leave_live_set(table, session);
        table->ended_count++;
    } else if (counts_for_user(session)) {
        (void)session_table_adjust_user(table, session->record.info.uid,
                                        -1); /* taking away needs no memory */
    }
    session->record.info.state = (int)state;
}

void session_table_done(struct session_table *table)
{
    struct session *session = session_table_first(table);

    while (session != NULL) {
        struct session *next = session_table_next(session);

        session_table_remove(table, session);
        session_free(session);
        session = next;
    }
    assert(table->users == NULL || table->live_count == 0);
}

struct session *session_table_find(const struct session_table *table, const char *id)
{
    struct session *session = NULL;

    HASH_FIND(by_id, table->by_id, id, strlen(id), session);
    return session;
}

struct session *session_table_find_leader(const struct session_table *table, pid_t pid,
                                          uint64_t start_ticks)
{
    const int64_t key[2] = {pid, (int64_t)start_ticks};
    struct session *session = NULL;

    /* The analyzer does not see that an integer has bytes.
     * NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
    HASH_FIND(by_leader, table->by_leader, key, sizeof(key), session);
    return session;
}

static struct user_count *find_user(const struct session_table *table, int64_t uid)
{
    struct user_count *user = NULL;

    HASH_FIND(by_uid, table->users, &uid, sizeof(uid), user);
    return user;
}

int64_t session_table_count_user(const struct session_table *table, int64_t uid)
{
    const struct user_count *user = find_user(table, uid);

    return user == NULL ? 0 : user->count;
}

int session_table_adjust_user(struct session_table *table, int64_t uid, int64_t delta)
{
    struct user_count *user = find_user(table, uid);

    if (user == NULL) {
        assert(delta > 0);
        user = calloc(1, sizeof(*user));
        if (user == NULL)
            return -ENOMEM;
        user->uid = uid;
        HASH_ADD(by_uid, table->users, uid, sizeof(user->uid), user);
        if (user->unplaced) {
            free(user);
            return -ENOMEM;
        }
    }
    user->count += delta;
    assert(user->count >= 0);
    if (user->count == 0) {
        HASH_DELETE(by_uid, table->users, user);
        free(user);
    }
    return 0;
}

struct session *session_table_first(const struct session_table *table)
{
    return table->by_id; /* uthash keeps the order of insertion */
}

struct session *session_table_next(const struct session *session)
{
    return session->by_id.next;
}

struct session *session_table_first_live(const struct session_table *table)
{
    return table->by_leader;
}

struct session *session_table_next_live(const struct session *session)
{
    return session->by_leader.next;
}

/* Within a boot by the clock that nobody sets: a nested session has to come behind its parent. */
static int compare_opened(const struct session *a, const struct session *b)
{
    const struct session_record *left = &a->record, *right = &b->record;

    if (strcmp(left->info.boot_id, right->info.boot_id) == 0)
        return (left->opened_boottime_usec > right->opened_boottime_usec) -
               (left->opened_boottime_usec < right->opened_boottime_usec);
    return (left->info.opened_usec > right->info.opened_usec) -
           (left->info.opened_usec < right->info.opened_usec);
}

void session_table_sort(struct session_table *table)
{
    HASH_SRT(by_id, table->by_id, compare_opened);
    HASH_SRT(by_leader, table->by_leader, compare_opened);
}

int session_set_context(struct session *session, const struct string_map *context)
{
    struct session_record changed = session->record;
    struct session_record copy;
    void *block;
    int r;

    changed.info.context = *context;
    r = fields_copy(&session_record_fields, &changed, &copy, &block);
    if (r < 0)
        return r;
    /* The ID is the table's key and stays where it was until the new block has it. */
    session->by_id.key = (void *)(uintptr_t)copy.info.session_id;
    session->record = copy;
    free(session->block);
    session->block = block;
    return 0;
}
