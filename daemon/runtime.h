/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the daemon shows to others in files: the key set that checks JWTs, and a token for each
 * session that wants one. Below its runtime directory (RuntimeDirectory= of the unit), which is in
 * memory and gone after a reboot. Each file is replaced whole, so a reader never meets half of one.
 */
#ifndef SESSMGR_RUNTIME_H
#define SESSMGR_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/protocol.h"

struct manager;

#define RUNTIME_KEYS_FILE       "jwks.json"
#define RUNTIME_TOKEN_DIRECTORY "tokens"

enum { RUNTIME_PATH_MAX_BYTES = 1024 };

struct runtime {
    const char *path; /* borrowed */
    int fd;           /* of the directory; -1: there is none, and no files */
    int tokens_fd;    /* of the directory of tokens in it */
};

/* Opens the directory, which has to be there, and makes the one of tokens in it. Never fails:
 * without them there are no files, and the log says why. */
void runtime_open(const char *path, struct runtime *ret);
void runtime_close(struct runtime *runtime);

/* Writes the key set, readable by everybody. What goes wrong is logged. */
void runtime_write_keys(const struct manager *manager);

/*
 * Writes a session's token, readable by the daemon and by one user alone, who can neither write it
 * nor change who may. Errors: -EOPNOTSUPP no directory, or no POSIX ACLs in it; -ENOSPC and others
 * of the system calls; then the file is as it was.
 */
int runtime_write_token(const struct runtime *runtime, const char *session_id, uid_t reader,
                        const char *token);

/* Reads a session's token into buffer[0..size), with a NUL. Errors: -ENOENT and others of open(2);
 * -EFBIG. */
int runtime_read_token(const struct runtime *runtime, const char *session_id, char *buffer,
                       size_t size);

/* Removes a session's token, if there is one. */
void runtime_remove_token(const struct runtime *runtime, const char *session_id);

/* The path of a session's token. */
void runtime_token_path(const struct runtime *runtime, const char *session_id,
                        char ret[static RUNTIME_PATH_MAX_BYTES]);

/* Removes every file among the tokens whose name is not wanted. */
void runtime_sweep_tokens(const struct runtime *runtime,
                          bool (*wanted)(const char *name, void *userdata), void *userdata);

#endif
