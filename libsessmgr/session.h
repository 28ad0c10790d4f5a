/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sessions as this library keeps them: decoded once from what the daemon sent.
 */
#ifndef SESSMGR_SESSION_H
#define SESSMGR_SESSION_H

#include "common/json.h"
#include "libsessmgr/sessmgr.h"

/*
 * Decodes a session. Members that are not known are passed over, and states and end reasons are
 * kept as text, so that a newer daemon's sessions can be read. *ret is to be freed with
 * sessmgr_session_free(). Errors: -EPROTO not a session; -ENOMEM.
 */
int session_decode(struct json object, struct sessmgr_session **ret);

/* Keeps what gave a session its limits with it, once. object: a Rule. Errors: -EPROTO it is none;
 * -ENOMEM. */
int session_take_rule(struct sessmgr_session *session, struct json object);

/* Scope attribute of a session. */
void session_freep(struct sessmgr_session **session);

#endif
