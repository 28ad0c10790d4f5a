/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the reservations; see reservation.h. Who is admitted is decided elsewhere.
 */
#include <config.h>

#include "daemon/reservation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/macro.h"
#include "daemon/identity.h"
#include "daemon/manager.h"
#include "daemon/process.h"

static int compare_id(const struct reservation *a, const struct reservation *b)
{
    return strcmp(a->id, b->id);
}

TREE_GENERATE(reservation_tree, reservation, by_id, compare_id)

static void holder_done(struct reservation_holder *holder)
{
    holder->exit = sd_event_source_disable_unref(holder->exit);
    closep(&holder->pidfd);
    holder->pidfd = -1;
}

void reservation_release(struct reservation *reservation)
{
    struct manager *manager = reservation->manager;

    if (reservation->counted)
        (void)user_count_adjust(&manager->sessions.users, reservation->uid, reservation->service,
                                -1); /* taking away needs no memory */
    deadline_disarm(manager->deadlines, &reservation->expiry);
    for (size_t i = 0; i < ELEMENTS(reservation->holders); i++)
        holder_done(&reservation->holders[i]);
    (void)RB_REMOVE(reservation_tree, &manager->reservations.by_id, reservation);
    manager->reservations.count--;
    free(reservation->service);
    free(reservation);
}

static int on_holder_exit(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct reservation *reservation = userdata;
    bool held = false;

    (void)source;
    (void)revents; /* a pidfd tells nothing but the exit */
    for (size_t i = 0; i < ELEMENTS(reservation->holders); i++) {
        if (reservation->holders[i].pidfd == fd)
            holder_done(&reservation->holders[i]);
        held = held || reservation->holders[i].pidfd >= 0;
    }
    if (!held)
        reservation_release(reservation);
    return 0;
}

static void on_expiry(struct deadline *deadline, void *userdata)
{
    (void)deadline;
    reservation_release(userdata);
}

/* Watches a process; pidfd is taken over also on failure. */
static int holder_watch(struct reservation *reservation, size_t which, pid_t pid, int pidfd)
{
    struct reservation_holder *holder = &reservation->holders[which];

    holder->pid = pid;
    holder->pidfd = pidfd;
    return sd_event_add_io(reservation->manager->event, &holder->exit, pidfd, EPOLLIN,
                           on_holder_exit, reservation);
}

/*
 * Gives the parent a hold too, where it is the root program that forked the asker to ask. A parent
 * that has gone, or cannot be seen, holds nothing.
 */
static int watch_parent(struct reservation *reservation, pid_t child_pid)
{
    const struct proc *proc = &reservation->manager->proc;
    struct process child, parent, again;
    int pidfd;

    if (process_read(proc, child_pid, &child) < 0 || child.sid == child.pid || child.ppid <= 1)
        return 0;
    if (process_read(proc, child.ppid, &parent) < 0)
        return 0;
    if (parent.uid != 0 || parent.euid != 0 || strcmp(parent.comm, child.comm) != 0)
        return 0;
    pidfd = pidfd_open_pid(parent.pid);
    if (pidfd < 0)
        return 0;
    /* Still the child's parent: so the pid was not used again between the two looks. */
    if (process_read(proc, child_pid, &again) < 0 || again.ppid != parent.pid ||
        again.start_ticks != child.start_ticks) {
        closep(&pidfd);
        return 0;
    }
    return holder_watch(reservation, 1, parent.pid, pidfd);
}

static int hold(struct reservation *reservation, const struct peer *peer)
{
    int pidfd, r;

    pidfd = fcntl(peer->pidfd, F_DUPFD_CLOEXEC, 3);
    if (pidfd < 0)
        return -errno;
    r = holder_watch(reservation, 0, peer->pid, pidfd);
    if (r < 0)
        return r;
    r = watch_parent(reservation, peer->pid);
    if (r < 0)
        return r;
    return deadline_arm(reservation->manager->deadlines, &reservation->expiry,
                        reservation->manager->clock->boottime_usec(reservation->manager->clock) +
                            RESERVATION_MAX_USEC);
}

int reservation_take(struct manager *manager, const struct peer *peer,
                     const struct login_request *login, bool counted, struct reservation **ret)
{
    struct reservation *reservation;
    int r;

    if (peer->pidfd < 0)
        return -ESRCH;
    reservation = calloc(1, sizeof(*reservation));
    if (reservation == NULL)
        return -ENOMEM;
    reservation->service = strdup(login->service);
    r = reservation->service == NULL ? -ENOMEM : identity_new_id(reservation->id);
    if (r >= 0 && counted)
        r = user_count_adjust(&manager->sessions.users, login->uid, login->service, 1);
    if (r < 0) {
        free(reservation->service);
        free(reservation);
        return r;
    }
    reservation->manager = manager;
    reservation->uid = login->uid;
    reservation->counted = counted;
    reservation->expiry.fire = on_expiry;
    reservation->expiry.userdata = reservation;
    for (size_t i = 0; i < ELEMENTS(reservation->holders); i++)
        reservation->holders[i].pidfd = -1;
    (void)RB_INSERT(reservation_tree, &manager->reservations.by_id,
                    reservation); /* IDs are random: none is there twice */
    manager->reservations.count++;
    r = hold(reservation, peer);
    if (r < 0) {
        reservation_release(reservation);
        return r;
    }
    *ret = reservation;
    return 0;
}

static bool is_holder(const struct reservation *reservation, const struct peer *peer)
{
    for (size_t i = 0; i < ELEMENTS(reservation->holders); i++) {
        const struct reservation_holder *holder = &reservation->holders[i];

        /* A pid means a process only as long as the pidfd says that it has not exited. */
        if (holder->pidfd >= 0 && holder->pid == peer->pid && !pidfd_exited(holder->pidfd))
            return true;
    }
    return false;
}

struct reservation *reservation_find(const struct reservation_table *table, const char *id)
{
    struct reservation_tree tree = table->by_id; /* to look, a copy of the root will do */
    struct reservation key;

    if (strlen(id) != RESERVATION_ID_BYTES)
        return NULL;
    memcpy(key.id, id, sizeof(key.id));
    return RB_FIND(reservation_tree, &tree, &key);
}

int reservation_claim(struct manager *manager, const char *id, const struct peer *peer, int64_t uid,
                      struct reservation_claim *ret)
{
    struct reservation *reservation = reservation_find(&manager->reservations, id);

    if (reservation == NULL)
        return -ENOENT;
    if (!is_holder(reservation, peer))
        return -EACCES;
    ret->place = reservation->uid == uid;
    ret->counted = reservation->counted;
    ret->taken_usec = reservation->expiry.at_usec - RESERVATION_MAX_USEC;
    reservation_release(reservation);
    return 0;
}

size_t reservation_count(const struct reservation_table *table)
{
    return table->count;
}

void reservation_table_done(struct manager *manager)
{
    while (!RB_EMPTY(&manager->reservations.by_id))
        reservation_release(RB_ROOT(&manager->reservations.by_id));
}
