/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The token that a session's user finds in a file (TokenAtLogin=file): issued when the session
 * opens, renewed before it is over, removed when the session ends.
 */
#ifndef SESSMGR_TOKEN_FILE_H
#define SESSMGR_TOKEN_FILE_H

#include <stdbool.h>

struct manager;
struct session;

/*
 * Issues a token for a session's file; it is written when the token is durable, which is before
 * everything that is submitted to the store after this call. What goes wrong is logged, and tried
 * again.
 */
void token_file_renew(struct manager *manager, struct session *session);

/* The path of a session's file; false where there is none, or it could not be written. ret:
 * RUNTIME_PATH_MAX_BYTES. */
bool token_file_path(const struct manager *manager, const struct session *session, char *ret);

/* The session's tokens are good no more: neither is the file. */
void token_file_remove(struct manager *manager, struct session *session);

/* Stops looking after a session's file, and leaves it where it is. */
void token_file_forget(struct manager *manager, struct session *session);

/* At start: files without a session go, those whose token is good stay, others are made anew. */
void token_file_start(struct manager *manager);

#endif
