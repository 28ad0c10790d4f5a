/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon's configuration as the rest of it sees it. How the files are read is in config-file.h;
 * every key's meaning is in sessmgrd.conf(5).
 */
#ifndef SESSMGR_CONFIG_H
#define SESSMGR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kill_processes {
    KILL_ENFORCED, /* the session's processes are ended on an enforced end (default) */
    KILL_ALWAYS,   /* also on logout */
    KILL_NO,       /* never: the end is recorded and the leader is asked to close, no more */
    KILL_ALL,      /* on an enforced end every process of the uid, its user manager too */
};

/* [Session]: what a session gets. Times in microseconds, USEC_INFINITY for none. */
struct session_settings {
    int64_t lifetime_usec; /* LifetimeSec=, default infinity */
    int64_t
        max_sessions; /* MaxSessions=, a user's, nested ones not counted; INT64_MAX for no limit */
    int64_t grace_usec; /* GraceSec=, from the first signal to SIGKILL, default 10s */
    enum kill_processes kill_processes; /* KillProcesses= */
};

enum token_rotation {
    ROTATION_EACH_USE, /* a refresh token is good once (default) */
    ROTATION_NEVER,    /* it stays the same */
};

enum token_reuse {
    REUSE_REVOKE_FAMILY, /* every refresh token of the session is revoked (default) */
    REUSE_END_SESSION,   /* the session ends too */
};

enum token_bind {
    BIND_NONE, /* a token is good for whoever holds it (default) */
    BIND_UID,  /* only where the resource names the session's user */
};

enum token_at_login {
    TOKEN_AT_LOGIN_NONE, /* default */
    TOKEN_AT_LOGIN_FILE, /* the user finds one in a file */
};

/* [Tokens]: what the tokens of a session are like, from when one is issued. Times in microseconds.
 */
struct token_settings {
    int type;              /* TokenType=, enum token_kind: what is issued unless asked otherwise */
    int64_t lifetime_usec; /* TokenLifetimeSec=; CONFIG_DURATION_AUTO; USEC_INFINITY */
    int at_login;          /* TokenAtLogin=, enum token_at_login */
    int refresh;           /* RefreshToken=, 0 or 1: whether refresh tokens are issued at all */
    int64_t refresh_lifetime_usec; /* RefreshLifetimeSec=, default 12h */
    int rotation;                  /* Rotation=, enum token_rotation */
    int64_t rotation_grace_usec;   /* RotationGraceSec=, default 30s */
    int reuse_action;              /* ReuseAction=, enum token_reuse */
    int bind;                      /* Bind=, enum token_bind */
    int64_t key_rotation_usec;     /* KeyRotationSec=, default 30d, at least 1h */
    char *issuer;                  /* Issuer=; NULL: "sessmgr:" and the host's ID */
    char **audiences; /* Audience=, ended by NULL: whom tokens may be for; empty: the issuer */
    char **scopes;    /* Scopes=, ended by NULL: what tokens may be used for, default none */
};

struct config {
    char **services;        /* [Manager] Services=, ended by NULL */
    int64_t sessions_max;   /* [Manager] SessionsMax=, live sessions of the host, default 65536 */
    int64_t retention_usec; /* [Manager] RetentionSec=, default 7d */
    int64_t tokens_max;     /* [Manager] TokensMax=, live tokens of the host, default 1000000 */
    struct session_settings session;
    struct token_settings tokens;
};

/* Where a configuration is wrong. line is 0 where it means nothing. */
struct config_error {
    char file[256];
    int line;
    char key[64];
    char message[256]; /* what was found and what was expected */
};

/* A configuration of defaults alone. Error: -ENOMEM. */
int config_new(struct config **ret);

/* Accepts NULL. */
void config_free(struct config *config);

/*
 * Reads path and its drop-ins (path ".d/", each "*.conf" in the order of their names), later ones
 * overriding earlier ones key by key. A missing file is an empty one. Blocks on the disk. Errors:
 * -EINVAL (see *ret_error), -ENOMEM, or -errno of reading (see *ret_error too).
 */
int config_load(const char *path, struct config **ret, struct config_error *ret_error);

/*
 * Writes a configuration to path, atomically and durably, in the syntax that config_load() reads:
 * the last good one. Blocks on the disk. Errors: -errno.
 */
int config_save(const struct config *config, const char *path);

/* Whether a PAM service is a login by Services=. */
bool config_tracks_service(const struct config *config, const char *service);

#endif
