/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Adopting: logins that were opened while no daemon was there to be told (the module's line lets an
 * outage pass) are found by the scopes that systemd made for them, with what logind knows of each,
 * and become sessions.
 */
#ifndef SESSMGR_ADOPT_H
#define SESSMGR_ADOPT_H

#include <sys/types.h>

struct login_request;
struct manager;

/*
 * Looks for logins that are no sessions, and opens sessions for those that the policy tracks. To be
 * called at start, once all sessions of the store are there; asks name services, and may block for
 * as long as they do. What cannot be adopted is logged. Never fails.
 */
void adopt_all(struct manager *manager);

/*
 * Ends, as a logout, the session that was made for the login of a process, if there is one: the
 * login was under way when it was found, and now tells of itself. None of its processes is touched.
 * To be called before the login is looked at.
 */
void adopt_give_way(struct manager *manager, pid_t leader, const struct login_request *login);

#endif
