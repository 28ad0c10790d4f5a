/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reservations: a place among a user's sessions that an admitted login holds until it opens its
 * session. Held for the process that asked, and for its parent where that is the same root program
 * and the asker no session leader: so sshd's keyboard-interactive child, which dies before the
 * session is opened, hands its place to the process that opens it, and neither a shell that ran
 * `sudo -v` nor sshd's listener keeps one.
 */
#ifndef SESSMGR_RESERVATION_H
#define SESSMGR_RESERVATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemon/clock.h"
#include "daemon/deadline.h"
#include "daemon/peer.h"
#include "daemon/tree.h"

#define RESERVATION_MAX_USEC (10 * 60 * USEC_PER_SEC)

enum { RESERVATION_ID_BYTES = 32 }; /* hexadecimal digits, without the NUL */

struct login_request;
struct manager;

struct reservation_holder {
    pid_t pid;
    int pidfd;             /* owned; -1 when there is none or it has exited */
    sd_event_source *exit; /* owned */
};

struct reservation {
    struct manager *manager; /* borrowed */
    char id[RESERVATION_ID_BYTES + 1];
    int64_t uid;
    char *service;                        /* owned */
    bool counted;                         /* takes a place among the user's sessions */
    struct reservation_holder holders[2]; /* the asker, its parent */
    struct deadline expiry;
    RB_ENTRY(reservation) by_id;
};

RB_HEAD(reservation_tree, reservation);

struct reservation_table {
    struct reservation_tree by_id;
    size_t count;
};

/*
 * Takes a place for the process of a peer. *ret is borrowed from the table and lives until it is
 * released, its holders are gone, or RESERVATION_MAX_USEC have passed. Errors: -ESRCH the peer has
 * exited; -ENOMEM; those of pidfd_open(2) and sd_event_add_io(3).
 */
int reservation_take(struct manager *manager, const struct peer *peer,
                     const struct login_request *login, bool counted, struct reservation **ret);

/* Releases it. */
void reservation_release(struct reservation *reservation);

/* The reservation of an ID, or NULL. Borrowed. */
struct reservation *reservation_find(const struct reservation_table *table, const char *id);

/* What a reservation was. */
struct reservation_claim {
    bool place;   /* it was that user's: sudo asks to admit the one who calls it and opens a session
                     for somebody else, about whom nothing was decided */
    bool counted; /* it took one of the user's places */
    int64_t taken_usec; /* boottime */
};

/*
 * Releases a reservation for a peer that opens its session. Errors: -ENOENT there is none
 * of that ID; -EACCES it is another process's: then it stays.
 */
int reservation_claim(struct manager *manager, const char *id, const struct peer *peer, int64_t uid,
                      struct reservation_claim *ret);

/* Number of reservations. */
size_t reservation_count(const struct reservation_table *table);

/* Releases all of them. */
void reservation_table_done(struct manager *manager);

#endif
