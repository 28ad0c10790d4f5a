/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads proc(5). All that users control there (names of programs, of cgroups) is parsed so that it
 * cannot stand for anything else; what follows from it is decided elsewhere.
 *
 * Every file of a process is opened below one descriptor of its directory, which stays bound to
 * that process: when it exits, reads fail, and never tell about another one with the same number.
 */
#include <config.h>

#include "daemon/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/clock.h"

enum {
    TEXT_MAX_BYTES = 2048, /* stat: about 400; status: "Uid:" precedes all that has no bound */
    CGROUP_FILE_MAX_BYTES = 65536, /* 15 lines or fewer, each with a path of 4096 at most */
    NUMBER_MAX_BYTES = 32,
};

/* Of the kernel's include/linux/sched.h; the same in all versions since 2.6.27. */
static const int64_t PF_KTHREAD = 0x00200000;

static const int64_t AUDIT_SESSION_UNSET = UINT32_MAX;

/* What is gone, and what hidepid= makes look so. */
static int gone_if_hidden(int r)
{
    return r == -ENOENT || r == -EACCES || r == -EPERM ? -ESRCH : r;
}

/* Reads a file from its beginning, size - 1 bytes at most, and adds a NUL. Returns the length. */
static int read_text(int directory_fd, const char *name, char *buffer, size_t size)
{
    CLEANUP(closep) int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    size_t length = 0;

    buffer[0] = '\0';
    if (fd < 0)
        return -errno;
    while (length < size - 1) {
        ssize_t n = read(fd, buffer + length, size - 1 - length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        length += (size_t)n;
    }
    buffer[length] = '\0';
    return (int)length;
}

/* The same for a file that a kernel may not have: 0 and an empty text then. */
static int read_optional_text(int directory_fd, const char *name, char *buffer, size_t size)
{
    int r = read_text(directory_fd, name, buffer, size);
    if (r != -ENOENT)
        return gone_if_hidden(r);
    /* A process that has just exited has no files at all. */
    if (faccessat(directory_fd, "stat", F_OK, 0) < 0)
        return gone_if_hidden(-errno);
    buffer[0] = '\0';
    return 0;
}

/* Reads a decimal number, which a space, a tab, a newline or the end must follow. Moves *text. */
static int parse_number(const char **text, int64_t minimum, int64_t maximum, int64_t *ret)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(*text, &end, 10);
    if (end == *text || errno != 0 || strchr(" \t\n", *end) == NULL)
        return -EBADMSG;
    if (value < minimum || value > maximum)
        return -EBADMSG;
    *text = end;
    *ret = value;
    return 0;
}

/* Fields of stat that we use, numbered as in proc(5). All from the fourth on are integers. */
enum stat_field {
    STAT_PPID = 4,
    STAT_SESSION = 6,
    STAT_TTY = 7,
    STAT_FLAGS = 9,
    STAT_UTIME = 14,
    STAT_STIME = 15,
    STAT_THREADS = 20,
    STAT_START = 22,
    STAT_FIELDS,
};

/*
 * "pid (comm) state ppid ...". comm is whatever the process calls itself, parentheses, spaces and
 * newlines included; what follows it has no parenthesis, so the last one ends it.
 */
static int parse_stat(const char *text, struct process *process, bool *ret_kernel_thread)
{
    const char *open = strchr(text, '('), *close = strrchr(text, ')');
    int64_t fields[STAT_FIELDS];
    size_t comm_bytes;

    if (open == NULL || close == NULL || close < open || close[1] != ' ' || close[2] == '\0' ||
        close[3] != ' ')
        return -EBADMSG;
    text = close + 3;
    for (int i = STAT_PPID; i < STAT_FIELDS; i++) {
        int r = parse_number(&text, INT64_MIN, INT64_MAX, &fields[i]);
        if (r < 0)
            return r;
    }
    if (fields[STAT_PPID] < 0 || fields[STAT_PPID] > INT_MAX || fields[STAT_START] < 0)
        return -EBADMSG;

    comm_bytes = (size_t)(close - open - 1);
    if (comm_bytes >= sizeof(process->comm))
        comm_bytes = sizeof(process->comm) - 1;
    memcpy(process->comm, open + 1, comm_bytes);
    process->comm[comm_bytes] = '\0';

    process->state = close[2];
    /* The kernel shows a process whose first thread has exited as a zombie, though its other
     * threads live on. It must not escape being taken for the living process that it is. */
    if (process->state == 'Z' && fields[STAT_THREADS] > 1)
        process->state = 'S';
    process->ppid = (pid_t)fields[STAT_PPID];
    process->sid = (pid_t)fields[STAT_SESSION];
    process->tty = (unsigned)fields[STAT_TTY];
    process->cpu_ticks = fields[STAT_UTIME] + fields[STAT_STIME];
    process->start_ticks = (uint64_t)fields[STAT_START];
    *ret_kernel_thread = (fields[STAT_FLAGS] & PF_KTHREAD) != 0;
    return 0;
}

/* "Uid:\treal\teffective\t...". No other line can begin so: the kernel escapes the newlines of the
 * one text that a process chooses, "Name:". */
static int parse_status(const char *text, struct process *process)
{
    const char *line = strstr(text, "\nUid:");
    int64_t uids[2];

    if (line == NULL)
        return -EBADMSG;
    line += strlen("\nUid:");
    for (size_t i = 0; i < ELEMENTS(uids); i++) {
        int r = parse_number(&line, 0, UINT32_MAX, &uids[i]);
        if (r < 0)
            return r;
    }
    process->uid = (uid_t)uids[0];
    process->euid = (uid_t)uids[1];
    return 0;
}

/* Copies a path that ends at a newline. */
static void copy_cgroup(const char *path, struct process *process)
{
    size_t length = strcspn(path, "\n");

    if (length >= sizeof(process->cgroup)) {
        length = sizeof(process->cgroup) - 1;
        while (length > 0 && path[length] != '/')
            length--;
    }
    memcpy(process->cgroup, path, length);
    process->cgroup[length] = '\0';
}

/*
 * Takes the path of the unified hierarchy, where systemd keeps its scopes; on a host that has that
 * one empty or not at all, systemd's own of version 1. A path that does not fit is cut behind a
 * whole component: a cgroup above it, which the process is in as well, and never the name of
 * another.
 */
static void parse_cgroup(const char *text, struct process *process)
{
    const char *unified = NULL, *named = NULL;

    for (const char *line = text; *line != '\0';) {
        const char *end = strchrnul(line, '\n'), *controllers = strchr(line, ':');
        if (strncmp(line, "0::/", strlen("0::/")) == 0)
            unified = line + strlen("0::");
        else if (controllers != NULL && controllers < end &&
                 strncmp(controllers, ":name=systemd:/", strlen(":name=systemd:/")) == 0)
            named = strchr(controllers + 1, ':') + 1;
        line = *end == '\0' ? end : end + 1;
    }
    if (named != NULL && (unified == NULL || strcspn(unified, "\n") == strlen("/")))
        unified = named;
    copy_cgroup(unified != NULL ? unified : "", process);
}

static int read_cgroup(int directory_fd, struct process *process)
{
    char text[CGROUP_FILE_MAX_BYTES];
    int r = read_optional_text(directory_fd, "cgroup", text, sizeof(text));
    if (r < 0)
        return r;
    parse_cgroup(text, process);
    return 0;
}

static int read_audit_session(int directory_fd, struct process *process)
{
    char text[NUMBER_MAX_BYTES];
    const char *position = text;
    int64_t value = AUDIT_SESSION_UNSET;
    int r = read_optional_text(directory_fd, "sessionid", text, sizeof(text));
    if (r < 0)
        return r;
    if (r > 0) {
        r = parse_number(&position, 0, UINT32_MAX, &value);
        if (r < 0)
            return r;
    }
    process->audit_session =
        value == AUDIT_SESSION_UNSET ? (int64_t)PROCESS_AUDIT_SESSION_NONE : value;
    return 0;
}

/* Opens the directory of a process, and reads its stat. Returns the descriptor. */
static int read_stat(const struct proc *proc, pid_t pid, struct process *ret,
                     bool *ret_kernel_thread)
{
    CLEANUP(closep) int directory_fd = -1;
    char text[TEXT_MAX_BYTES], name[NUMBER_MAX_BYTES];
    int r;

    if (pid <= 0)
        return -ESRCH;
    (void)snprintf(name, sizeof(name), "%d", (int)pid); /* any int fits */
    directory_fd = openat(proc->fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (directory_fd < 0)
        return gone_if_hidden(-errno);
    r = read_text(directory_fd, "stat", text, sizeof(text));
    if (r < 0)
        return gone_if_hidden(r);
    r = parse_stat(text, ret, ret_kernel_thread);
    return r < 0 ? r : TAKE_FD(directory_fd);
}

/* Reads one process, of a kernel thread only what stat says. */
static int read_process(const struct proc *proc, pid_t pid, struct process *ret,
                        bool *ret_kernel_thread)
{
    CLEANUP(closep) int directory_fd = read_stat(proc, pid, ret, ret_kernel_thread);
    char text[TEXT_MAX_BYTES];
    int r;

    if (directory_fd < 0 || *ret_kernel_thread)
        return directory_fd < 0 ? directory_fd : 0;
    r = read_text(directory_fd, "status", text, sizeof(text));
    if (r < 0)
        return gone_if_hidden(r);
    r = parse_status(text, ret);
    if (r < 0)
        return r;
    r = read_cgroup(directory_fd, ret);
    if (r < 0)
        return r;
    return read_audit_session(directory_fd, ret);
}

int proc_open(const char *path, struct proc *ret)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    ret->fd = fd;
    return 0;
}

void proc_close(struct proc *proc)
{
    if (proc->fd >= 0)
        (void)close(proc->fd); /* only ever read from */
    proc->fd = -1;
}

bool proc_shows_others(const struct proc *proc)
{
    struct process first;

    return process_read(proc, 1, &first) >= 0;
}

int64_t process_began_usec(const struct process *process)
{
    return (int64_t)process->start_ticks * USEC_PER_SEC / sysconf(_SC_CLK_TCK);
}

static const struct process unread = {.audit_session = PROCESS_AUDIT_SESSION_NONE, .cpu_ticks = -1};

int process_read_any(const struct proc *proc, pid_t pid, struct process *ret,
                     bool *ret_kernel_thread)
{
    struct process process = unread;
    bool kernel_thread = false;
    int r;

    process.pid = pid;
    r = read_process(proc, pid, &process, &kernel_thread);
    if (r < 0)
        return r;
    *ret = process;
    *ret_kernel_thread = kernel_thread;
    return 0;
}

/* One file alone needs no descriptor of its directory: this is asked about all processes of idle
 * sessions again and again. */
int process_read_stat(const struct proc *proc, pid_t pid, struct process *ret)
{
    char text[TEXT_MAX_BYTES], name[NUMBER_MAX_BYTES];
    struct process process = unread;
    bool kernel_thread; /* a session's process is none */
    int r;

    if (pid <= 0)
        return -ESRCH;
    (void)snprintf(name, sizeof(name), "%d/stat", (int)pid); /* any int fits */
    r = read_text(proc->fd, name, text, sizeof(text));
    if (r < 0)
        return gone_if_hidden(r);
    r = parse_stat(text, &process, &kernel_thread);
    if (r < 0)
        return r;
    process.pid = pid;
    *ret = process;
    return 0;
}

int process_read(const struct proc *proc, pid_t pid, struct process *ret)
{
    bool kernel_thread; /* a session's process is none */

    return process_read_any(proc, pid, ret, &kernel_thread);
}
