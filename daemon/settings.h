/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a session gets: the keys of [Session] and [Tokens], which sessmgrd.conf and every rule have.
 * Their meaning is in sessmgr-policy(5).
 */
#ifndef SESSMGR_SETTINGS_H
#define SESSMGR_SETTINGS_H

#include <stdint.h>

#include "common/json.h"
#include "daemon/config-table.h"
#include "daemon/hours.h"

enum kill_processes {
    KILL_ENFORCED, /* the session's processes are ended on an enforced end (default) */
    KILL_ALWAYS,   /* also on logout */
    KILL_NO,       /* never: the end is recorded and the leader is asked to close, no more */
    KILL_ALL,      /* on an enforced end every process of the uid, its user manager too */
};

extern const char *const kill_processes_names[]; /* by enum kill_processes, ended by NULL */

/* What a login at the limit of its user leads to. */
enum on_limit {
    ON_LIMIT_REFUSE,     /* the new one is refused (default) */
    ON_LIMIT_END_OLDEST, /* the one that was opened first makes room */
    ON_LIMIT_END_IDLEST, /* the one that has been idle for longest does */
};

/* What keeps a session from being idle, as bits. */
enum activity {
    ACTIVITY_TTY_INPUT = 1 << 0,  /* a program has read what somebody typed */
    ACTIVITY_TTY_OUTPUT = 1 << 1, /* a program has written to a terminal */
    ACTIVITY_TOKEN = 1 << 2,      /* a resource has counted one of its tokens as activity */
    ACTIVITY_PROCESSES = 1 << 3,  /* its processes have used the CPU */
};

enum { WARNINGS_MAX = 8 };

/* Times before the end at which people are warned, the longest first; microseconds above 0. */
struct warnings {
    size_t count;
    int64_t left_usec[WARNINGS_MAX];
};

enum extend_by {
    EXTEND_BY_OWNER,  /* any process of the session's user */
    EXTEND_BY_MEMBER, /* processes of the session alone */
};

/* How far somebody other than an administrator may put off the end of a session. */
struct extension {
    int64_t amount_usec; /* at a time, at the most; 0: not at all */
    int64_t count;       /* how often; INT64_MAX for no bound */
    enum extend_by by;
};

/* [Session]. Times in microseconds, USEC_INFINITY for none; 0 or 1 where it is a yes or no. */
struct session_settings {
    int track;                          /* Track=: these logins are sessions at all */
    int64_t lifetime_usec;              /* LifetimeSec= */
    int64_t idle_usec;                  /* IdleSec= */
    int64_t idle_without_terminal_usec; /* IdleSecWithoutTerminal= */
    unsigned idle_activity;             /* IdleActivity=, bits of enum activity */
    int64_t max_sessions; /* MaxSessions=, of a user; INT64_MAX for no limit, here and below */
    int64_t max_sessions_per_service; /* MaxSessionsPerService=, of a user */
    int on_limit;                     /* OnLimit=, enum on_limit */
    int count_nested;                 /* CountNested=: su and sudo inside a session count too */
    struct warnings warnings;         /* Warn= */
    struct extension extension;       /* Extend= */
    struct hours hours;               /* Hours= */
    int end_with_credential;          /* EndWithCredential= */
    int64_t grace_usec;               /* GraceSec=, from the first signal to SIGKILL */
    int kill_processes;               /* KillProcesses=, enum kill_processes */
    char *message;                    /* Message=, owned; NULL: none */
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
    char *issuer;                  /* Issuer=; NULL: "sessmgr:" and the host's ID */
    char **audiences; /* Audience=, ended by NULL: whom tokens may be for; empty: the issuer */
    char **scopes;    /* Scopes=, ended by NULL: what tokens may be used for, default none */
};

struct settings {
    struct session_settings session;
    struct token_settings tokens;
};

enum { SESSION_KEYS = 16, TOKEN_KEYS = 12 };

extern const struct config_key session_keys[SESSION_KEYS]; /* of struct session_settings */
extern const struct config_key token_keys[TOKEN_KEYS];     /* of struct token_settings */

/* The groups of both, for a table whose structure has a struct settings at an offset. */
#define SETTINGS_GROUPS(offset_)                                \
    {.keys = session_keys,                                      \
     .count = SESSION_KEYS,                                     \
     .offset = (offset_) + offsetof(struct settings, session)}, \
    {                                                           \
        .keys = token_keys, .count = TOKEN_KEYS,                \
        .offset = (offset_) + offsetof(struct settings, tokens) \
    }

extern const struct config_table settings_table;         /* of a struct settings */
extern const struct config_table session_settings_table; /* of a struct session_settings */

/* Writes the members {"LifetimeSec": {"value": "8h", "file": "/etc/...", "line": 3}, ...} of an
 * object that is open; without file and line where the default stands. table: one of the two above.
 */
void settings_write_members(const struct config_table *table, const void *structure,
                            const struct config_origin *origins, struct json_writer *writer);

#endif
