/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the look at a session's processes; see targets.h. Which process is a member is decided in
 * members.c, when to signal in ending.c.
 */
#include <config.h>

#include "daemon/targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "common/macro.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/peer.h"

void targets_done(struct targets *targets)
{
    free(targets->others);
    free(targets->connection);
}

/* KillProcesses=all reaches every process of the user; root's user is the system's own, and a
 * nested session's user has not logged in. */
static bool ends_whole_user(const struct session *session)
{
    return session->record.kill_processes == KILL_ALL && session->record.info.uid != 0 &&
           !session_is_nested(session);
}

int id_list_set(struct id_list *list, const struct process_table *table, const size_t *indexes,
                size_t count)
{
    struct member_seen *items = calloc(count + 1, sizeof(*items));

    if (items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        items[i].pid = table->items[indexes[i]].pid;
        items[i].start_ticks = table->items[indexes[i]].start_ticks;
    }
    free(list->items);
    list->items = items;
    list->count = count;
    return 0;
}

static int compare_pid(const void *a, const void *b)
{
    pid_t left = ((const struct member_seen *)a)->pid;
    pid_t right = ((const struct member_seen *)b)->pid;

    return (left > right) - (left < right);
}

bool id_list_has(const struct id_list *list, const struct process *process)
{
    const struct member_seen key = {.pid = process->pid};
    const struct member_seen *found;

    if (list->count == 0)
        return false;
    found = bsearch(&key, list->items, list->count, sizeof(key), compare_pid);
    return found != NULL && found->start_ticks == process->start_ticks;
}

/* Parts the members (and, where asked for, the user's other processes) into connection and others.
 */
static int part(const struct manager *manager, const struct session *session,
                const struct process_table *table, const size_t *members, size_t member_count,
                struct targets *ret)
{
    bool whole_user = ends_whole_user(session);
    pid_t leader = (pid_t)session->record.info.leader_pid;
    size_t m = 0;

    ret->table = table;
    ret->others = calloc(table->count + 1, sizeof(*ret->others));
    ret->connection = calloc(member_count + 1, sizeof(*ret->connection));
    if (ret->others == NULL || ret->connection == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < table->count; i++) { /* members are in the table's order */
        const struct process *process = &table->items[i];
        bool member = m < member_count && members[m] == i;

        if (member && members_is_connection(table, process, leader))
            ret->connection[ret->connection_count++] = i;
        else if (member || (whole_user && process->uid == (uid_t)session->record.info.uid &&
                            process->state != 'Z' && process->pid != manager->self))
            ret->others[ret->other_count++] = i;
        m += member ? 1 : 0;
    }
    return 0;
}

int targets_look(struct manager *manager, const struct session *session, struct id_list *seen,
                 int64_t not_before_usec, struct targets *ret)
{
    const struct session_record *record = &session->record;
    const struct members_query query = {
        .by = (enum members_by)record->members_by,
        .scope = record->scope,
        .audit_session = record->info.audit_session,
        .leader = (pid_t)record->info.leader_pid,
        .leader_start_ticks = (uint64_t)record->leader_start_ticks,
        .seen = seen->items,
        .seen_count = seen->count,
        .self = manager->self,
    };
    CLEANUP(freep) size_t *members = NULL;
    const struct process_table *table;
    int count, r;

    memset(ret, 0, sizeof(*ret));
    r = manager_processes(manager, not_before_usec, &table);
    if (r < 0)
        return r;
    count = members_find(table, &query, &members);
    if (count < 0)
        return count;
    if (record->members_by == MEMBERS_BY_TREE) {
        r = id_list_set(seen, table, members, (size_t)count);
        if (r < 0)
            return r;
    }
    return part(manager, session, table, members, (size_t)count, ret);
}

void targets_signal(struct manager *manager, const struct process *process, int number)
{
    CLEANUP(closep) int pidfd = pidfd_open_pid(process->pid);
    struct process again;
    int r;

    if (pidfd < 0)
        return; /* gone */
    if (process_read(&manager->proc, process->pid, &again) < 0 ||
        again.start_ticks != process->start_ticks)
        return;
    r = pidfd_signal(pidfd, number);
    if (r < 0 && r != -ESRCH)
        log_line(LOG_WARNING, "cannot signal process %d: %s", (int)process->pid, strerror(-r));
}
