/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Snapshots of all processes; see process.h. What is read of each is process.c's.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/process.h"

/* A process ID out of a directory's name, or 0. */
static pid_t parse_pid(const char *name)
{
    char *end;
    long pid;

    if (name[0] < '1' || name[0] > '9')
        return 0;
    errno = 0;
    pid = strtol(name, &end, 10);
    return errno != 0 || *end != '\0' || pid > INT_MAX ? 0 : (pid_t)pid;
}

static int compare_pid(const void *key, const void *item)
{
    pid_t pid = *(const pid_t *)key, other = ((const struct process *)item)->pid;

    return (pid > other) - (pid < other);
}

static int compare_items(const void *a, const void *b)
{
    return compare_pid(&((const struct process *)a)->pid, b);
}

/* Makes room for one more process. */
static int reserve_item(struct process_table *table, size_t *capacity)
{
    size_t wanted = *capacity == 0 ? 128 : *capacity * 2;
    struct process *items;

    if (table->count < *capacity)
        return 0;
    items = reallocarray(table->items, wanted, sizeof(*items));
    if (items == NULL)
        return -ENOMEM;
    table->items = items;
    *capacity = wanted;
    return 0;
}

static int read_items(const struct proc *proc, DIR *directory, struct process_table *table)
{
    size_t capacity = 0;

    for (;;) {
        const struct dirent *entry;
        bool kernel_thread = false;
        pid_t pid;
        int r;

        errno = 0;
        entry = readdir(directory);
        if (entry == NULL)
            return -errno;
        pid = parse_pid(entry->d_name);
        if (pid == 0)
            continue;
        r = reserve_item(table, &capacity);
        if (r < 0)
            return r;
        r = process_read_any(proc, pid, &table->items[table->count], &kernel_thread);
        /* One that has gone in the meantime, or makes no sense, is no reason to give up the rest;
         * but no descriptors or no memory means that nothing is known. */
        if (r == -ESRCH || r == -EBADMSG || (r >= 0 && kernel_thread))
            continue;
        if (r < 0)
            return r;
        table->count++;
    }
}

int process_table_read(const struct proc *proc, struct process_table *ret)
{
    struct process_table table = {0};
    int r, fd = openat(proc->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;

    if (directory == NULL) {
        r = -errno;
        closep(&fd);
        return r;
    }
    r = read_items(proc, directory, &table);
    (void)closedir(directory); /* only ever read from; closes fd */
    if (r < 0) {
        process_table_done(&table);
        return r;
    }
    if (table.count > 0)
        qsort(table.items, table.count, sizeof(*table.items), compare_items);
    *ret = table;
    return 0;
}

void process_table_done(struct process_table *table)
{
    free(table->items);
    *table = (struct process_table){0};
}

const struct process *process_table_find(const struct process_table *table, pid_t pid)
{
    if (table->count == 0)
        return NULL;
    return bsearch(&pid, table->items, table->count, sizeof(*table->items), compare_pid);
}
