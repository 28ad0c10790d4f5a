/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tokens that the daemon keeps, in memory and in the store: opaque access tokens, refresh
 * tokens, and JWTs that were revoked before their time. Each belongs to a session that is active
 * and goes with it. A token itself is nowhere: it is known by its keyed BLAKE2b hash. What may be
 * issued and what is good is decided elsewhere (token-issue.h, token-refresh.h, token-validate.h).
 */
#ifndef SESSMGR_TOKEN_H
#define SESSMGR_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/intern.h"
#include "daemon/seal.h"
#include "daemon/session.h"
#include "daemon/store.h"
#include "daemon/tree.h"

struct manager;

enum {
    TOKEN_SESSION_MAX = 256, /* access and unused refresh tokens of one session */
    TOKEN_ROTATED_MAX =
        128, /* used refresh tokens that a session remembers; older ones are strangers */
    TOKEN_REVOKED_MAX = 1024,                                     /* revoked JWTs of one session */
    TOKEN_KEY_MAX_BYTES = sizeof("token/") + 2 * SEAL_HASH_BYTES, /* with the NUL */
    TOKEN_VALUE_MAX_BYTES = 4096,                                 /* of a record: longer than any */
    TOKEN_TERMS_MAX_BYTES = AUDIENCE_MAX_BYTES + 1 + SCOPES_TEXT_MAX_BYTES, /* with the NUL */
};

enum token_role {
    TOKEN_ACCESS,  /* an opaque access token */
    TOKEN_REFRESH, /* a refresh token that has not been used */
    TOKEN_ROTATED, /* one that was, and has a successor */
    TOKEN_REVOKED, /* a JWT that is good no more, though its time is not over */
    TOKEN_ROLES,
};

/* A token as the store keeps it. */
struct token_record {
    const char *session_id;
    int role;              /* enum token_role */
    int64_t expires_usec;  /* boottime; -1: with the session */
    const char *terms;     /* the audience, then each scope behind a space */
    bool bind_uid;         /* good only for a resource that names the session's user */
    int64_t family;        /* the session's token_family; 0: not by a refresh token */
    int kind;              /* enum token_kind: what the refresh token is exchanged for */
    int64_t lifetime_usec; /* the same: how long that may live; -1: what the policy gives */
    int64_t rotated_usec;  /* TOKEN_ROTATED: when, boottime */
};

/* What only refresh tokens need. */
struct token_refreshing {
    int kind;
    int64_t lifetime_usec;
    int64_t rotated_usec;
};

struct token {
    unsigned char hash[SEAL_HASH_BYTES];
    struct session *session; /* borrowed */
    struct token *next;      /* of the session, newer ones first */
    int64_t expires_usec;    /* boottime; USEC_INFINITY: with the session */
    int64_t family;
    const char *terms;                   /* interned */
    struct token_refreshing *refreshing; /* owned; TOKEN_REFRESH and TOKEN_ROTATED alone */
    unsigned char role;                  /* enum token_role */
    bool bind_uid;
    RB_ENTRY(token) by_hash;
};

RB_HEAD(token_tree, token);

/* The tokens of one session, of which there are some. */
struct session_tokens {
    struct token *first; /* newer ones first */
    unsigned counts[TOKEN_ROLES];
    struct deadline expiry; /* of the earliest */
};

/* A token of the store whose session is not known yet. */
struct token_loaded;

struct token_table {
    struct token_tree by_hash;
    struct intern_table terms;
    struct token_loaded *loaded; /* owned; until token_table_settle() */
    size_t count;                /* access and unused refresh tokens */
    unsigned char *hash_key;     /* guarded */
    unsigned char *derive_key;   /* guarded: of successors */
    bool incomplete;             /* a record could not be read: a stranger may be a token of ours */
};

/* Makes the table's keys out of the store's. Error: -ENOMEM. */
int token_table_init(struct token_table *table, const struct store *store);

/* Frees what the table holds; the tokens have gone with their sessions. */
void token_table_done(struct token_table *table);

/* The hash by which a text is known. */
void token_hash(const struct token_table *table, const char *text,
                unsigned char ret[static SEAL_HASH_BYTES]);

/* The token of a hash, or NULL. Borrowed. */
struct token *token_table_find(const struct token_table *table,
                               const unsigned char hash[static SEAL_HASH_BYTES]);

/*
 * Puts a token of an active session into the table. Where a role has a limit by forgetting
 * (TOKEN_ROTATED), the oldest goes. *ret (may be NULL) is borrowed. Errors: -EEXIST it is there;
 * -ENOMEM.
 */
int token_add(struct manager *manager, struct session *session, const struct token_record *record,
              const unsigned char hash[static SEAL_HASH_BYTES], struct token **ret);

/* Marks a refresh token as used, now; or takes that back. */
void token_set_rotated(struct manager *manager, struct token *token, bool rotated);

/* Takes a token out and frees it; its record is the caller's business. */
void token_remove(struct manager *manager, struct token *token);

/* Takes out every token of a session; or those that came by a refresh token alone; or what is
 * remembered of revoked JWTs. Their records go from the store. */
void token_remove_all(struct manager *manager, struct session *session);
void token_remove_family(struct manager *manager, struct session *session);
void token_remove_revoked(struct manager *manager, struct session *session);

/* How many tokens of a role a session has. */
unsigned token_count(const struct session *session, enum token_role role);

/* Whether a session and the host have room for so many more access and refresh tokens: 0, or the
 * limit that is met. */
int64_t token_limit_met(const struct manager *manager, const struct session *session,
                        unsigned more);

/* When a token is over as wall-clock time, by its session's deadline too; -1: never by a clock. */
int64_t token_expires_realtime(const struct manager *manager, const struct session *session,
                               int64_t expires_usec);

/* The record of a token. Its strings are borrowed from the token and its session. */
void token_get_record(const struct token *token, struct token_record *ret);

/* Writes the store's key of a token into buffer. */
void token_record_key(const unsigned char hash[static SEAL_HASH_BYTES],
                      char buffer[static TOKEN_KEY_MAX_BYTES]);

/* Whether a key of the store is a token's. */
bool token_record_is_key(const char *key);

/* Encodes a record into buffer[0..size). Returns its length in bytes, or json_writer_finish()'s
 * errors. */
int token_record_encode(const struct token_record *record, char *buffer, size_t size);

/* Keeps a record that the store held until its session is known. What cannot be read is logged and
 * makes the table incomplete. Error: -ENOMEM. */
int token_table_load(struct token_table *table, const char *key, const void *value,
                     size_t value_bytes, struct arena *arena);

/* Gives the loaded tokens to their sessions; those of sessions that are not active, of families
 * that were revoked, and those whose time is over go, from the store too. Error: -ENOMEM. */
int token_table_settle(struct manager *manager);

/* Forgets what was loaded and not settled. */
void token_table_forget_loaded(struct token_table *table);

/* Has the record of a token removed from the store. Error: -ENOMEM, nothing was submitted. */
int token_record_remove(struct manager *manager, const unsigned char hash[static SEAL_HASH_BYTES]);

/* Records that go from the store, a batch of them at a time. */
struct token_removals {
    size_t count; /* that wait; begins as 0 */
    char keys[STORE_CHANGES_MAX][TOKEN_KEY_MAX_BYTES];
};

/* Adds the record of a token to those that go. */
void token_removals_add(struct manager *manager, struct token_removals *removals,
                        const unsigned char hash[static SEAL_HASH_BYTES]);

/* Has those that wait removed from the store; what it does not take, for want of memory, is logged
 * and goes at the next start. Does nothing once the store is closed: at the daemon's end tokens are
 * freed and stay good. */
void token_removals_submit(struct manager *manager, struct token_removals *removals);

#endif
