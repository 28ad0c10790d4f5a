/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads what a session uses; see usage.h.
 */
#include <config.h>

#include "daemon/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/manager.h"
#include "daemon/members.h"

/* How old a look at all processes may be. */
#define TABLE_MAX_AGE_USEC (1 * USEC_PER_SEC)

enum {
    PIDS_TEXT_MAX_BYTES = 8192, /* of a cgroup, a thousand processes: the rest is not looked at */
    STAT_TEXT_MAX_BYTES = 4096,
};

static void add_terminal(struct usage *usage, unsigned device)
{
    if (device == 0 || usage->terminal_count == USAGE_TERMINALS_MAX)
        return;
    for (size_t i = 0; i < usage->terminal_count; i++)
        if (usage->terminals[i] == device)
            return;
    usage->terminals[usage->terminal_count++] = device;
}

/* Reads a file of a cgroup, size - 1 bytes at most, and adds a NUL. */
static int read_cgroup_file(const struct manager *manager, const char *cgroup, const char *name,
                            char *buffer, size_t size)
{
    CLEANUP(freep) char *path = NULL;
    CLEANUP(closep) int fd = -1;
    size_t length = 0;
    ssize_t n;

    if (asprintf(&path, "%s%s/%s", manager->options.cgroup_path, cgroup, name) < 0) {
        path = NULL; /* it is undefined then */
        return -ENOMEM;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    while ((n = read(fd, buffer + length, size - 1 - length)) > 0)
        length += (size_t)n;
    buffer[length] = '\0';
    return n < 0 ? -errno : 0;
}

/* cgroup.procs: a pid a line. */
static int read_terminals(struct manager *manager, const char *scope, struct usage *usage)
{
    CLEANUP(freep) char *text = malloc(PIDS_TEXT_MAX_BYTES);
    char *next;
    int r;

    if (text == NULL)
        return -ENOMEM;
    r = read_cgroup_file(manager, scope, "cgroup.procs", text, PIDS_TEXT_MAX_BYTES);
    if (r < 0)
        return r;
    usage->is_cut = strlen(text) == PIDS_TEXT_MAX_BYTES - 1;
    for (char *line = text; (next = strchr(line, '\n')) != NULL; line = next + 1) {
        struct process process;

        if (process_read_stat(&manager->proc, (pid_t)strtol(line, NULL, 10), &process) >= 0)
            add_terminal(usage, process.tty);
    }
    return 0;
}

/* cpu.stat: "usage_usec N" is there with and without a controller, and counts what has exited. */
static int read_cpu(struct manager *manager, const char *scope, struct usage *usage)
{
    static const char key[] = "usage_usec ";
    char text[STAT_TEXT_MAX_BYTES];
    int r;

    r = read_cgroup_file(manager, scope, "cpu.stat", text, sizeof(text));
    if (r < 0)
        return r;
    if (strncmp(text, key, strlen(key)) != 0)
        return -EBADMSG;
    usage->cpu_used = strtoimax(text + strlen(key), NULL, 10);
    return 0;
}

/* By the processes that there are: where there is no cgroup of version 2, or none of its own. */
static int read_members(struct manager *manager, const struct session *session, struct usage *usage)
{
    const struct session_record *record = &session->record;
    const struct members_query query = {
        .by = (enum members_by)record->members_by,
        .scope = record->scope,
        .audit_session = record->info.audit_session,
        .leader = (pid_t)record->info.leader_pid,
        .leader_start_ticks = (uint64_t)record->leader_start_ticks,
        .self = manager->self,
    };
    CLEANUP(freep) size_t *members = NULL;
    const struct process_table *table;
    int count, r;

    r = manager_processes(manager, manager_recent(manager, TABLE_MAX_AGE_USEC), &table);
    if (r < 0)
        return r;
    count = members_find(table, &query, &members);
    for (int i = 0; i < count; i++) {
        const struct process *process = &table->items[members[i]];

        add_terminal(usage, process->tty);
        usage->cpu_used += process->cpu_ticks;
    }
    return count < 0 ? count : 0;
}

int usage_read(struct manager *manager, const struct session *session, bool cpu, struct usage *ret)
{
    const char *scope = session->record.scope;
    struct usage usage = {.terminal_count = 0};
    int r = -ENOENT;

    if (scope != NULL)
        r = read_terminals(manager, scope, &usage);
    if (r >= 0 && cpu)
        r = read_cpu(manager, scope, &usage);
    if (r < 0) {
        usage = (struct usage){.terminal_count = 0};
        r = read_members(manager, session, &usage);
    }
    if (r >= 0)
        *ret = usage;
    return r;
}
