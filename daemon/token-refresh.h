/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Refreshing and revoking. A refresh token is good once: its successor takes its place. Whoever
 * presents it again within the grace and with the same request ID is given the same successor
 * again; any other second use means that two have it, and all refresh tokens of the session are
 * revoked with what came by them.
 */
#ifndef SESSMGR_TOKEN_REFRESH_H
#define SESSMGR_TOKEN_REFRESH_H

#include "daemon/peer.h"
#include "daemon/token-issue.h"

struct manager;

/*
 * Exchanges a refresh token. request_id: NULL where a repeat is not wanted. *ret_session is
 * borrowed, and set where the token is one of a session's, also on errors; *ret_what: the setting
 * of -EPERM. What was changed is submitted to the store: wait for it before the answer, whichever
 * it is. Errors: -EKEYREJECTED the token is not good (if that was a reuse, what follows from it has
 * been done); -EAGAIN the daemon cannot know; -ENOSPC as token_limit_met() says; -EPERM, -ENOENT,
 * -ENOMEM and the like as token_issue()'s.
 */
int token_refresh(struct manager *manager, const struct peer *peer, const char *text,
                  const char *request_id, struct token_issued *issued, struct session **ret_session,
                  const char **ret_what);

/*
 * The disk did not take what token_refresh() has changed: the token is as good as before, lest who
 * tries again is taken for a thief. Nothing happens for a repeat, whose first answer may have left.
 */
void token_refresh_undo(struct manager *manager, const struct token_issued *issued);

/*
 * Revokes a token of any kind; with a refresh token every refresh token of its session and all that
 * came by them. A stranger is success. *ret_session as above. Wait for the store before the answer.
 * A session that has TOKEN_REVOKED_MAX revoked JWTs has all of them revoked
 * that were issued up to now. Errors: -ENOMEM and the like; then nothing has changed.
 */
int token_revoke(struct manager *manager, const struct peer *peer, const char *text,
                 struct session **ret_session);

#endif
