/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the leaders and their pidfds; see leader.h. What a leader's exit means for its sessions is
 * decided in lifecycle.c.
 */
#include <config.h>

#include "daemon/leader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <systemd/sd-event.h>

#include "common/macro.h"
#include "daemon/lifecycle.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/peer.h"

/* When to try again where a leader could not be watched. */
#define RETRY_USEC (5 * USEC_PER_SEC)

enum {
    /* Descriptors that leaders from the store leave: the daemon has to start, and to serve those
     * who end sessions and give some back. */
    DESCRIPTORS_LEFT = 64,
};

struct leader {
    struct manager *manager; /* borrowed */
    pid_t pid;
    int pidfd;                    /* owned; -1 while it could not be had */
    int64_t start_ticks;          /* -1: /proc hid it */
    sd_event_source *exit;        /* owned */
    struct deadline retry;        /* while there is no pidfd */
    struct session_list sessions; /* that it leads, in the order of their opening; never empty */
    bool proven; /* the pidfd's process is known to be the one that opened the sessions */
    bool placed; /* in the tree: one that nobody can be proven to share is not */
    bool gone;   /* found out without a pidfd */
    RB_ENTRY(leader) by_process;
};

static int compare_process(const struct leader *a, const struct leader *b)
{
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return (a->start_ticks > b->start_ticks) - (a->start_ticks < b->start_ticks);
}

TREE_GENERATE(leader_tree, leader, by_process, compare_process)

static struct leader *find(const struct session_table *table, pid_t pid, int64_t start_ticks)
{
    struct leader_tree tree = table->leaders; /* to look, a copy of the root will do */
    struct leader key;

    key.pid = pid;
    key.start_ticks = start_ticks;
    return RB_FIND(leader_tree, &tree, &key);
}

struct session *leader_find_session(const struct session_table *table, pid_t pid,
                                    uint64_t start_ticks)
{
    const struct leader *leader = find(table, pid, (int64_t)start_ticks);

    return leader == NULL ? NULL : TAILQ_LAST(&leader->sessions, session_list);
}

static void displace(struct leader *leader)
{
    if (leader->placed)
        (void)RB_REMOVE(leader_tree, &leader->manager->sessions.leaders, leader);
    leader->placed = false;
}

/*
 * Whether a leader of the right pid and start time is the process that a session names; pidfd: that
 * process, alive, or -1 where the session is from the store. One pid is one living process, and two
 * pidfds that have not exited are the same one's.
 */
static bool is_same(const struct leader *leader, int pidfd)
{
    if (pidfd >= 0 && leader->pidfd >= 0)
        return !pidfd_exited(leader->pidfd);
    return leader->start_ticks >= 0;
}

/* Puts a session among those of its leader, which is made where there is none. NULL: no memory. */
static struct leader *join(struct manager *manager, struct session *session, int pidfd)
{
    pid_t pid = (pid_t)session->record.info.leader_pid;
    int64_t start_ticks = session->record.leader_start_ticks;
    bool shareable = pidfd >= 0 || start_ticks >= 0;
    struct leader *leader = shareable ? find(&manager->sessions, pid, start_ticks) : NULL;

    if (leader != NULL && !is_same(leader, pidfd)) {
        displace(leader); /* its sessions hear of its exit all the same */
        leader = NULL;
    }
    if (leader == NULL) {
        leader = calloc(1, sizeof(*leader));
        if (leader == NULL)
            return NULL;
        leader->manager = manager;
        leader->pid = pid;
        leader->pidfd = -1;
        leader->start_ticks = start_ticks;
        TAILQ_INIT(&leader->sessions);
        if (shareable)
            (void)RB_INSERT(leader_tree, &manager->sessions.leaders,
                            leader); /* its place is free */
        leader->placed = shareable;
    }
    TAILQ_INSERT_TAIL(&leader->sessions, session, in_state);
    session->leader = leader;
    return leader;
}

void leader_leave(struct session *session)
{
    struct leader *leader = session->leader;

    if (leader == NULL)
        return;
    TAILQ_REMOVE(&leader->sessions, session, in_state);
    session->leader = NULL;
    if (!TAILQ_EMPTY(&leader->sessions))
        return;
    displace(leader);
    deadline_disarm(leader->manager->deadlines, &leader->retry);
    (void)sd_event_source_disable_unref(leader->exit); /* yields NULL */
    closep(&leader->pidfd);
    free(leader);
}

/* Tells one of the sessions of a leader that has exited, and frees it after the last. */
static void tell_exit(struct leader *leader)
{
    struct session *session = TAILQ_FIRST(&leader->sessions);
    struct manager *manager = leader->manager;

    leader_leave(session);
    lifecycle_leader_exited(manager, session);
}

/* The pidfd stays readable while sessions are left to be told: others get their turn in between. */
static int on_pidfd(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    (void)source;
    (void)fd;
    (void)revents; /* a pidfd tells nothing but the exit */
    tell_exit(userdata);
    return 0;
}

/* Takes pidfd over, also on failure. */
static int watch(struct leader *leader, int pidfd)
{
    int r =
        sd_event_add_io(leader->manager->event, &leader->exit, pidfd, EPOLLIN, on_pidfd, leader);

    if (r < 0) {
        closep(&pidfd);
        return r;
    }
    deadline_disarm(leader->manager->deadlines, &leader->retry);
    leader->pidfd = pidfd;
    return 0;
}

int leader_open(struct manager *manager, struct session *session, int pidfd)
{
    struct leader *leader = join(manager, session, pidfd);
    int own, r = 0;

    if (leader == NULL)
        return -ENOMEM;
    if (leader->pidfd < 0) {
        own = fcntl(pidfd, F_DUPFD_CLOEXEC, 3);
        r = own < 0 ? -errno : watch(leader, own);
    }
    if (r < 0)
        leader_leave(session);
    else
        leader->proven = true;
    return r;
}

static int open_pidfd(pid_t pid)
{
    CLEANUP(closep) int pidfd = pidfd_open_pid(pid);
    struct rlimit limit;

    if (pidfd < 0)
        return pidfd;
    /* The kernel gives the lowest number that is free. */
    if (getrlimit(RLIMIT_NOFILE, &limit) >= 0 && (rlim_t)pidfd + DESCRIPTORS_LEFT >= limit.rlim_cur)
        return -EMFILE;
    return TAKE_FD(pidfd);
}

/* Whether the process of its pid is the leader that was recorded: 1 it is, 0 it is not, or -errno
 * where that cannot be seen. */
static int is_recorded(const struct leader *leader)
{
    const struct manager *manager = leader->manager;
    struct process process;
    int r;

    r = process_read(&manager->proc, leader->pid, &process);
    if (r == -ESRCH && manager->sees_processes)
        return 0;
    if (r < 0)
        return r;
    if (leader->start_ticks < 0)
        return -ENODATA; /* /proc hid it when the sessions were opened */
    return process.state != 'Z' && (int64_t)process.start_ticks == leader->start_ticks;
}

static bool is_shortage(int r)
{
    return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

/*
 * The pidfd is opened first and the process looked at after: so what was looked at is what the
 * pidfd means. Returns 1, 0 where the leader has gone, or -errno where it is to be tried again.
 */
static int take_hold(struct leader *leader)
{
    CLEANUP(closep) int pidfd = open_pidfd(leader->pid);
    int r;

    if (pidfd < 0)
        return pidfd == -ESRCH ? 0 : pidfd;
    r = is_recorded(leader);
    if (r == 0 || is_shortage(r))
        return r;
    leader->proven = r > 0;
    r = watch(leader, TAKE_FD(pidfd));
    return r < 0 ? r : 1;
}

static void retry_after(struct leader *leader, int64_t usec)
{
    const struct clock *clock = leader->manager->clock;

    if (deadline_arm(leader->manager->deadlines, &leader->retry,
                     clock->boottime_usec(clock) + usec) < 0)
        log_line(LOG_ERR, "out of memory: process %d, which leads sessions, is not watched",
                 (int)leader->pid);
}

static void on_retry(struct deadline *deadline, void *userdata)
{
    struct leader *leader = userdata;
    int r = leader->gone ? 0 : take_hold(leader);

    (void)deadline;
    if (r > 0)
        return;
    leader->gone = r == 0;
    retry_after(leader, leader->gone ? 0 : RETRY_USEC);
    if (leader->gone)
        tell_exit(leader); /* the others in the next rounds */
}

int leader_recover(struct manager *manager, struct session *session)
{
    struct leader *leader = join(manager, session, -1);
    int r;

    if (leader == NULL)
        return -ENOMEM;
    if (leader->pidfd >= 0 || leader->retry.index > 0)
        return 1; /* it was found for another session */
    r = take_hold(leader);
    if (r >= 0) {
        if (r == 0)
            leader_leave(session);
        return r;
    }
    log_line(LOG_ERR, "session %s: its leader cannot be watched yet: %s",
             session->record.info.session_id, strerror(-r));
    leader->retry.fire = on_retry;
    leader->retry.userdata = leader;
    retry_after(leader, RETRY_USEC);
    return 1;
}

bool leader_lives(const struct session *session)
{
    const struct leader *leader = session->leader;

    return leader != NULL && (leader->pidfd < 0 || !pidfd_exited(leader->pidfd));
}

void leader_signal(const struct session *session, int number)
{
    const struct leader *leader = session->leader;

    if (leader != NULL && leader->pidfd >= 0 && leader->proven)
        (void)pidfd_signal(leader->pidfd, number); /* it may be gone by now */
}
