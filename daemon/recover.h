/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sessions that the store held when the daemon started: which still live, and how the others
 * ended.
 */
#ifndef SESSMGR_RECOVER_H
#define SESSMGR_RECOVER_H

struct manager;
struct session;

/*
 * Takes a session that the store held into the table. Takes ownership of it. Error: -ENOMEM, and
 * then it has been freed.
 */
int recover_session(struct manager *manager, struct session *session);

/*
 * After all of them are in the table: those of this boot go on, or end as leader_exited where the
 * leader has gone; those of another boot end as rebooted; those that were ending go on ending.
 * Error: -ENOMEM.
 */
int recover_all(struct manager *manager);

#endif
