/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decides which processes belong to a session. Pure: no system calls, so every case can be tested
 * with a table made by hand. Whatever is doubtful is no member: who is left over can be ended
 * later, who was ended by mistake is gone.
 */
#include <config.h>

#include "daemon/members.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/macro.h"

enum mark {
    MARK_UNKNOWN,
    MARK_WALKING, /* on the path that is walked right now: meeting it again is a cycle */
    MARK_OUTSIDE,
    MARK_MEMBER,
};

static bool is_dead(const struct process *process)
{
    return process->state == 'Z' || process->state == 'X';
}

/*
 * The parent of a process, or NULL. A snapshot is not taken in one instant: the parent may have
 * exited and its number may be another's by the time that it is read. The other one began later
 * than the child, and a true parent never does (neither does a process that adopts).
 */
static const struct process *parent_of(const struct process_table *table,
                                       const struct process *process)
{
    const struct process *parent = process_table_find(table, process->ppid);

    if (parent == NULL || parent->start_ticks > process->start_ticks)
        return NULL;
    return parent;
}

/* Length of a scope without slashes at its end; 0 where it names no cgroup below the root. */
static size_t scope_length(const char *scope)
{
    size_t length;

    if (scope == NULL || scope[0] != '/')
        return 0;
    length = strlen(scope);
    while (length > 0 && scope[length - 1] == '/')
        length--;
    return length;
}

static bool in_scope(const struct process *process, const char *scope)
{
    size_t length = scope_length(scope);

    return length > 0 && strncmp(process->cgroup, scope, length) == 0 &&
           (process->cgroup[length] == '\0' || process->cgroup[length] == '/');
}

static bool in_audit_session(const struct process *process, int64_t audit_session)
{
    return audit_session >= 0 && audit_session != UINT32_MAX &&
           process->audit_session == audit_session;
}

static bool matches_directly(const struct process *process, const struct members_query *query)
{
    switch (query->by) {
    case MEMBERS_BY_SCOPE:
        return in_scope(process, query->scope);
    case MEMBERS_BY_AUDIT:
        return in_audit_session(process, query->audit_session);
    case MEMBERS_BY_TREE:
        break; /* not a matter of one process alone */
    }
    return false;
}

/*
 * What process 1 is in was not made for a login: in a container everything may share one cgroup, or
 * the audit session of whoever started it.
 */
static void mark_directly(const struct process_table *table, const struct members_query *query,
                          unsigned char *marks)
{
    const struct process *first = process_table_find(table, 1);

    if (first != NULL && matches_directly(first, query))
        return;
    for (size_t i = 0; i < table->count; i++)
        if (matches_directly(&table->items[i], query))
            marks[i] = MARK_MEMBER;
}

/* Makes a process, if it is still the same, one whose descendants count. */
static void mark_root(const struct process_table *table, pid_t pid, uint64_t start_ticks,
                      unsigned char *marks)
{
    const struct process *root = process_table_find(table, pid);

    /* What was settled before stays: process 1 and the daemon are nobody's. */
    if (root == NULL || root->start_ticks != start_ticks ||
        marks[root - table->items] != MARK_UNKNOWN)
        return;
    marks[root - table->items] = MARK_MEMBER;
}

static void mark_outside(const struct process_table *table, pid_t pid, unsigned char *marks)
{
    const struct process *process = process_table_find(table, pid);

    if (process != NULL)
        marks[process - table->items] = MARK_OUTSIDE;
}

/*
 * Finds out about one process by walking up to an ancestor about whom it is known, and gives the
 * answer to all on the path: every process is walked over twice in all, however deep the chains.
 */
static void mark_path(const struct process_table *table, size_t index, unsigned char *marks)
{
    const struct process *process = &table->items[index];
    unsigned char answer = MARK_OUTSIDE;

    while (process != NULL && marks[process - table->items] == MARK_UNKNOWN) {
        marks[process - table->items] = MARK_WALKING;
        process = parent_of(table, process);
    }
    if (process != NULL && marks[process - table->items] == MARK_MEMBER)
        answer = MARK_MEMBER;
    for (process = &table->items[index];
         process != NULL && marks[process - table->items] == MARK_WALKING;
         process = parent_of(table, process))
        marks[process - table->items] = answer;
}

static void mark_tree(const struct process_table *table, const struct members_query *query,
                      unsigned char *marks)
{
    mark_outside(table, 1, marks);
    mark_outside(table, query->self, marks);
    mark_root(table, query->leader, query->leader_start_ticks, marks);
    for (size_t i = 0; i < query->seen_count; i++)
        mark_root(table, query->seen[i].pid, query->seen[i].start_ticks, marks);
    for (size_t i = 0; i < table->count; i++)
        mark_path(table, i, marks);
}

/* Takes out process 1, the daemon, and those whose end could be the daemon's: all above it. */
static void spare_own(const struct process_table *table, pid_t self, unsigned char *marks)
{
    const struct process *process = process_table_find(table, self);

    mark_outside(table, 1, marks);
    for (size_t steps = 0; process != NULL && steps < table->count; steps++) {
        marks[process - table->items] = MARK_OUTSIDE;
        process = process_table_find(table, process->ppid);
    }
}

int members_find(const struct process_table *table, const struct members_query *query,
                 size_t **ret_indexes)
{
    CLEANUP(freep) unsigned char *marks = calloc(table->count + 1, sizeof(*marks));
    CLEANUP(freep) size_t *indexes = calloc(table->count + 1, sizeof(*indexes));
    size_t count = 0;

    if (marks == NULL || indexes == NULL)
        return -ENOMEM;
    if (query->by == MEMBERS_BY_TREE)
        mark_tree(table, query, marks);
    else
        mark_directly(table, query, marks);
    spare_own(table, query->self, marks);

    for (size_t i = 0; i < table->count; i++)
        if (marks[i] == MARK_MEMBER && !is_dead(&table->items[i]))
            indexes[count++] = i;
    *ret_indexes = TAKE_PTR(indexes);
    return (int)count;
}

bool members_is_connection(const struct process_table *table, const struct process *process,
                           pid_t leader)
{
    const struct process *parent;

    if (process->pid == leader)
        return true;
    parent = parent_of(table, process);
    return parent != NULL && parent->pid == leader && strcmp(process->comm, parent->comm) == 0;
}
