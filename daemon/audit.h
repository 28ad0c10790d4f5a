/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Audit events: who, what, decision, why. One table gives each kind its name, MESSAGE_ID and
 * priority; etc/sessmgr.catalog explains each to `journalctl -x`, and a test compares the two.
 */
#ifndef SESSMGR_AUDIT_H
#define SESSMGR_AUDIT_H

#include <stdint.h>

#include "common/protocol.h"
#include "daemon/rate-limit.h"

enum audit_event {
    AUDIT_STARTED,     /* the daemon serves; how many sessions it picked up */
    AUDIT_ADMITTED,    /* account phase: yes */
    AUDIT_REFUSED,     /* account or session phase: no */
    AUDIT_BREAK_GLASS, /* the same, for whom nothing keeps out */
    AUDIT_OPENED,
    AUDIT_ADOPTED,        /* found open: nobody was told when that was done */
    AUDIT_EXTENDED,       /* somebody put off the end of a session */
    AUDIT_TERMINATED,     /* somebody asked for the end of a session */
    AUDIT_ENDING,         /* an enforced end began: reason */
    AUDIT_ENDED,          /* the one end, with its reason */
    AUDIT_LEFT_PROCESSES, /* an ended session's processes could not be ended */
    AUDIT_LOCKED,         /* somebody locked a user */
    AUDIT_UNLOCKED,       /* took a lock away */
    AUDIT_DENIED,         /* a caller asked for what it may not have */
    AUDIT_STORE_FAILED,   /* the disk does not take changes */
    AUDIT_STORE_RECOVERED,
    AUDIT_STORE_DAMAGED,  /* changes may be missing from the store: every token is revoked, */
    AUDIT_STORE_RESTORED, /* and also after a restore */
    AUDIT_STORE_BACKUP,   /* somebody asked for a backup, */
    AUDIT_STORE_REKEY,    /* or for the use of a new master key */
    AUDIT_FORGOTTEN,      /* what was personal in a user's ended sessions was removed */
    AUDIT_TOKEN_ISSUED,
    AUDIT_TOKEN_REFUSED,   /* somebody presented one that is not good: reason */
    AUDIT_TOKEN_REVOKED,   /* somebody who held it asked for it */
    AUDIT_TOKEN_REUSED,    /* a refresh token was used twice */
    AUDIT_KEY_MADE,        /* JWTs are signed by a new key from now on */
    AUDIT_CONFIG_REJECTED, /* a wrong configuration; the old or last good one is in force */
    AUDIT_CONFIG_LOADED,
    AUDIT_HIDDEN_PROCESSES, /* /proc hides other users' processes */
    AUDIT_EVENTS_COUNT,
};

/* What an event is about; any pointer may be NULL, any number -1. All borrowed. */
struct audit_details {
    const struct session_info
        *session; /* its fields become SESSMGR_SESSION_ID, _USER, _UID, _SERVICE, _TTY, _RHOST,
                     _POLICY, _REASON, _DURATION_USEC */
    const struct login_request *login; /* the same of a login, or a user, without a session (yet) */
    const char *reason;                /* SESSMGR_REASON where the session has no end reason */
    const char *policy;                /* SESSMGR_POLICY where there is no session */
    int64_t duration_usec;             /* SESSMGR_DURATION_USEC: how long it lasted; 0: unknown */
    int64_t until_usec;                /* SESSMGR_UNTIL_USEC: when it is over; 0: unknown */
    int64_t actor_uid;                 /* SESSMGR_ACTOR_UID: who asked */
    int64_t actor_pid;                 /* SESSMGR_ACTOR_PID */
    const char *text;                  /* free text for the end of MESSAGE */
};

/* An audit_details with everything absent but what is named. With an actor the structure is written
 * out, since compilers warn of a member that is set twice. */
#define AUDIT_DETAILS(...) ((struct audit_details){.actor_uid = -1, .actor_pid = -1, __VA_ARGS__})

/* Writes one event. Never fails; blocks only as sd_journal_sendv(3) does. */
void audit_write(enum audit_event event, const struct audit_details *details);

/* The same of what anybody can cause, as often as they like: no more than the limit lets through
 * for the actor, and how many were left out is in the next one. now_usec: boottime. */
void audit_write_limited(struct rate_limit *limit, int64_t now_usec, enum audit_event event,
                         const struct audit_details *details);

/* The table's row, for tests and documentation. */
const char *audit_event_name(enum audit_event event);
const char *audit_event_message_id(enum audit_event event); /* 32 hexadecimal digits */

#endif
