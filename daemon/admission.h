/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who may log in: the one decision that Admit, Open and Explain ask for. It changes nothing; who
 * has to make room for an admitted login is named, and ended by whoever acts on it.
 */
#ifndef SESSMGR_ADMISSION_H
#define SESSMGR_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/protocol.h"
#include "daemon/lock.h"

struct manager;
struct rule;
struct session;

/* Of a user's sessions no more make room for one login; a limit that was lowered by more than that
 * takes several logins to be kept again. */
enum { ADMISSION_EVICTED_MAX = 16 };

struct admission {
    const struct rule *rule;      /* borrowed until the next reload */
    const struct session *parent; /* that it is inside of, or NULL; borrowed */
    bool is_tracked;              /* it becomes a session */
    bool breaks_glass;            /* nothing keeps it out */
    bool is_counted;              /* takes a place among its user's sessions */
    const char *reason;           /* of a refusal, as the protocol has it; NULL: admitted. Static */
    char message[LOCK_WORDS_MAX_BYTES];             /* words for the person who is refused */
    struct session *evicted[ADMISSION_EVICTED_MAX]; /* borrowed: they have to end first */
    size_t evicted_count;
};

enum admission_of {
    ADMISSION_ASKED, /* a login asks for a place in its account phase */
    ADMISSION_NEW,   /* it opens a session that no place is held for */
    ADMISSION_HELD,  /* it got one when it asked: only what has been done since is looked at */
};

/*
 * Decides about a login. parent: the session that it is inside of, or NULL. Looks at the sessions'
 * activity where the idlest is to be found, and does not block otherwise.
 */
void admission_decide(struct manager *manager, const struct login_request *login,
                      const struct session *parent, enum admission_of of, struct admission *ret);

/* Refuses a login for a reason of the protocol (static), with words for the person, to which the
 * rule's Message= is added. */
__attribute__((format(printf, 3, 4))) void
admission_refuse(struct admission *admission, const char *reason, const char *format, ...);

#endif
