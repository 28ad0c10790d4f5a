/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libsessmgr: what a program on this host asks sessmgrd, the session manager.
 *
 * A session is one login, from the moment PAM opens it until it ends. Its ID is 128 random bits,
 * written as 32 lower-case hexadecimal digits; where a call takes an ID it also takes a prefix that
 * fits one session only. What a caller may see and do is the daemon's decision, by the kernel's
 * word on who calls: root and the group sessmgr-admin everything, everybody else their own
 * sessions. Long because all that a program may call is in the one header that it includes.
 *
 * Conventions
 *  - Strings are UTF-8, ended by NUL. Those of a session come from the network and from users; they
 *    can hold any character but NUL, so escape them before they reach a terminal or a log.
 *  - Times are microseconds since the epoch (CLOCK_REALTIME), -1 for none. Time-outs are
 *    microseconds.
 *  - A function that returns int returns 0 or more for success and a negative errno value
 *    otherwise, and writes its `ret` parameters on success only. errno itself is left undefined.
 *  - No call raises SIGPIPE, changes a signal or a locale, starts a thread or a process, or writes
 *    to a file or a log. Descriptors are closed at exec. A signal does not shorten a wait.
 *
 * Threads: a handle (struct sessmgr, struct sessmgr_watch) is for one thread at a time: one each,
 * or a lock of the caller's. Handles share nothing. A session, a token, a validation or a key set
 * may be read by several threads at once.
 *
 * fork(): handles go on working in the parent and in the child; the child opens a connection of its
 * own at its next call.
 *
 * Errors, for every function that talks to the daemon:
 *  -EINVAL        an argument is NULL, out of range or not UTF-8, or the daemon calls it invalid
 *  -ENOENT        no such session, as far as the caller may see
 *  -ENOTUNIQ      the prefix fits several sessions (candidates in the error message)
 *  -ESRCH         the caller's own session was asked for, and it belongs to none
 *  -EACCES        the daemon does not permit this to the caller
 *  -EPERM         the session's policy does not (which setting: error message)
 *  -EKEYREJECTED  (refresh) the refresh token is not good
 *  -EAGAIN        (validate, validate_peer) it cannot be known just now
 *  -EIO           the daemon could not write it to disk: a lock, or the end of a session or of a
 *                 token, or that it was put off, takes effect all the same, but may be forgotten in
 * a crash -EBADMSG       (reload) the configuration is wrong; the old one stays (where: error
 * message) -EUCLEAN       (those of the store) the store is damaged (where: error message) -ENOKEY
 * (store_rekey) the daemon was not given a new master key -ENOLCK        (unlock) the user is not
 * locked -ESTALE        (watch) changes as old as this are no longer kept -E2BIG         the answer
 * is longer than one message can hold, or there are as many tokens, keys or locks as the daemon
 * keeps (how many: error message) -EMSGSIZE      the call is: 64 KiB -ECONNREFUSED  the daemon
 * cannot be reached: no socket, nobody listening, or no permission to connect (which: error
 * message) -ECONNRESET    the daemon took the call and closed the connection without an answer;
 * whether it did what was asked is unknown -ETIMEDOUT     no answer in time; the same is unknown
 *  -EPROTO        the answer makes no sense
 *  -EOPNOTSUPP    the daemon, older than this library, does not know this call
 *  -EREMOTEIO     the daemon, newer than this library, answered with an error it does not know
 *  -EBUSY         the handle is in use: a callback called with the handle that called it
 *  -ENOMEM        no memory; also -EMFILE and -ENFILE: no file descriptor
 */
#ifndef SESSMGR_SESSMGR_H
#define SESSMGR_SESSMGR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The library itself is built with everything else hidden. */
#pragma GCC visibility push(default)

/* A handle: a connection to the daemon, made when it is first needed and again when the daemon was
 * restarted. */
struct sessmgr;

/* What is known of one session at one moment. */
struct sessmgr_session;

/* A stream of changes. */
struct sessmgr_watch;

/* One change. */
struct sessmgr_event;

/* The sessions that a call is about: those that fit every member that is given. */
struct sessmgr_filter {
    size_t size;             /* sizeof(struct sessmgr_filter): lets later versions add members */
    const char *session_id;  /* an ID or a unique prefix of 4 digits or more; NULL: any */
    const char *user;        /* a user name; NULL: any */
    int64_t uid;             /* a user ID; -1: any */
    const char *service;     /* a PAM service, "sshd"; NULL: any */
    const char *remote_host; /* an IP address, or a range "192.0.2.0/24"; NULL: any */
    const char *auth_key;    /* a key's OpenSSH fingerprint, "SHA256:..."; NULL: any */
    const char *policy;      /* the name of a policy; NULL: any */
};

/* Start value of a filter: every session that the caller may see. */
#define SESSMGR_FILTER_INIT                                                   \
    {                                                                         \
        sizeof(struct sessmgr_filter), NULL, NULL, -1, NULL, NULL, NULL, NULL \
    }

/* A login as PAM would tell the daemon of it. */
struct sessmgr_login {
    size_t size;             /* sizeof(struct sessmgr_login): lets later versions add members */
    const char *user;        /* the name as PAM has it; not NULL */
    uid_t uid;               /* not (uid_t)-1 */
    const gid_t *groups;     /* groups[0..group_count): all that the user is in */
    size_t group_count;      /* at most 65536, and what fits a message: about 5,000 */
    const char *service;     /* the PAM service, "sshd"; not NULL */
    const char *remote_host; /* where from: a name or an address; NULL: from this host */
    const char *terminal;    /* as PAM has it, "/dev/tty1"; NULL: none */
};

/* Start value of a login, in which user, uid and service are still to be set. */
#define SESSMGR_LOGIN_INIT                                                       \
    {                                                                            \
        sizeof(struct sessmgr_login), NULL, (uid_t)-1, NULL, 0, NULL, NULL, NULL \
    }

/* What would become of a login. */
struct sessmgr_explanation;

/* A token that the daemon has issued. */
struct sessmgr_token;

/* What is known of a token that is good. */
struct sessmgr_validation;

/* A set of keys by which JWTs are checked without the daemon. */
struct sessmgr_keys;

/* What a resource asks of a token beside that it is good. */
struct sessmgr_expectation {
    size_t size;       /* sizeof(struct sessmgr_expectation): lets later versions add members */
    const char *scope; /* one or more, separated by spaces, which all have to be the token's; NULL:
                          none; without a word: -EINVAL */
    const char *audience; /* whom the token has to be for, the resource's own name; NULL: anybody;
                             "": -EINVAL */
    int64_t uid; /* whose it has to be, and (uid_t)-1 is nobody's: -EINVAL; -1: anybody's, but never
                    a token that is bound to its user */
    bool touch;  /* counts as activity of the session; not by sessmgr_validate_offline() */
    const char *issuer; /* offline only, and not NULL there: who has to have issued it */
    int64_t leeway_sec; /* offline only: how far the two clocks may be apart, 0 to 300 */
};

/* Start value of an expectation: nothing but a good token. */
#define SESSMGR_EXPECTATION_INIT                                           \
    {                                                                      \
        sizeof(struct sessmgr_expectation), NULL, NULL, -1, false, NULL, 0 \
    }

enum sessmgr_token_kind {
    SESSMGR_TOKEN_DEFAULT = -1, /* what the policy gives */
    SESSMGR_TOKEN_OPAQUE = 0,
    SESSMGR_TOKEN_JWT = 1,
};

/* What is asked of a new token. The daemon gives nothing beyond the policy. */
struct sessmgr_token_request {
    size_t size;               /* sizeof(struct sessmgr_token_request) */
    const char *session_id;    /* an ID or a unique prefix, another than the caller's own for root
                                  alone; NULL: the caller's own session */
    int kind;                  /* enum sessmgr_token_kind */
    const char *audience;      /* whom it is for; NULL: the policy's first */
    const char *const *scopes; /* scopes[0..scope_count) */
    size_t scope_count;        /* 0: all that the session may have */
    int64_t lifetime_sec;      /* -1: what the policy gives; less may be asked for */
    bool refresh;              /* with a refresh token */
};

/* Start value of a request: what the policy gives, for the caller's own session. */
#define SESSMGR_TOKEN_REQUEST_INIT                                                            \
    {                                                                                         \
        sizeof(struct sessmgr_token_request), NULL, SESSMGR_TOKEN_DEFAULT, NULL, NULL, 0, -1, \
            false                                                                             \
    }

/* One entry of a session's context: notes of at most 64 (key) and 256 (value) bytes without control
 * characters, 16 a session. */
struct sessmgr_context_entry {
    const char *key;
    const char *value; /* "" removes the entry */
};

/*
 * Makes a handle. Connects nothing: a daemon that is not there yet is no error.
 * socket_path: of the daemon's public socket, at most 107 bytes; NULL: the one of an ordinary
 * installation, /run/sessmgr/io.sessmgr.Session. timeout_usec: the longest that one call waits for
 * the daemon, connecting included; 0: 5 seconds; UINT64_MAX: no limit.
 * *ret is to be closed with sessmgr_close(). Does not block. Errors: -EINVAL, -ENOMEM.
 */
int sessmgr_open(struct sessmgr **ret, const char *socket_path, uint64_t timeout_usec);

/* Closes a handle; NULL is allowed. Not from inside a callback of the same handle. */
void sessmgr_close(struct sessmgr *handle);

/* One sentence for an error of this library, with or without its minus sign, in English and without
 * a full stop. Static; never NULL. */
const char *sessmgr_strerror(int error);

/*
 * What more is known of the handle's last failed call, on one line and for people: the candidates
 * of an ambiguous prefix, separated by ", "; file, line and message of a wrong configuration; why
 * the socket did not connect. "" when nothing is, or when the last call succeeded. May hold text of
 * other people's making: escape it. Borrowed until the next call on the handle.
 */
const char *sessmgr_get_error_message(const struct sessmgr *handle);

/*
 * Asks for one session, ended ones included for as long as the daemon keeps them.
 * id_or_prefix: an ID or a unique prefix; NULL: the session that the calling process belongs to.
 * *ret is to be freed with sessmgr_session_free(). Blocks up to the handle's time-out. Errors:
 * those above, among them -ENOENT, -ENOTUNIQ, -ESRCH.
 */
int sessmgr_describe(struct sessmgr *handle, const char *id_or_prefix,
                     struct sessmgr_session **ret);

/*
 * Calls visit for every session that fits and that the caller may see, in no particular order.
 * filter: NULL for all. include_ended: also those that have ended and are still kept.
 * visit: gets a session borrowed for the call (sessmgr_session_copy() keeps one) and userdata;
 * returns 0 to go on; anything else ends the list and is returned.
 * Blocks up to the handle's time-out; the time spent in visit does not count. On an error sessions
 * may have been visited already.
 */
int sessmgr_list(struct sessmgr *handle, const struct sessmgr_filter *filter, bool include_ended,
                 int (*visit)(const struct sessmgr_session *session, void *userdata),
                 void *userdata);

/*
 * Ends every session that fits and that the caller may end. Returns when the ends have begun: the
 * processes get the daemon's grace period, and a watch tells when each is over. Unless the filter
 * has a session_id, that also stands for logins under way: for ten minutes, one that began before,
 * and whose session would fit and be the caller's to end, is refused.
 * filter: not NULL, and with a member that is given, else -EINVAL. message: shown on the sessions'
 * terminals, at most 1024 bytes; NULL: the daemon's own words. dry_run: ends nothing.
 * visit: is called with the ID of each session that was ended (or would be), borrowed for the call;
 * returns 0 to go on, anything else is returned (the ends have begun all the same). NULL: none.
 * A filter that fits nothing is success without a visit. Blocks up to the handle's time-out; the
 * time spent in visit does not count. Errors: those above; after -EIO the ends hold, and visit has
 * not been called; -E2BIG more than 1024 fit, the daemon is older than this library, and nothing
 * was ended.
 */
int sessmgr_terminate(struct sessmgr *handle, const struct sessmgr_filter *filter,
                      const char *message, bool dry_run,
                      int (*visit)(const char *session_id, void *userdata), void *userdata);

/*
 * Sets entries of a session's context; entries that are not named stay as they are.
 * id_or_prefix: as in sessmgr_describe(). entries[0..count): count at most 16,
 * each key once. Blocks up to the handle's time-out. Errors: those above; -EINVAL also for a key
 * that is given twice, and nothing is sent then.
 */
int sessmgr_set_context(struct sessmgr *handle, const char *id_or_prefix,
                        const struct sessmgr_context_entry *entries, size_t count);

/*
 * Puts off the end of a session. id_or_prefix: as in sessmgr_describe(). seconds: by how much,
 * above 0; -1: by as much as the session's policy gives at a time. More than it gives is for root
 * and the group sessmgr-admin. *ret_deadline_usec (may be NULL): when the session ends now. An end
 * that comes with a credential, or of one that is idle, is not put off. Blocks up to the handle's
 * time-out. Errors: those above, among them -EPERM the policy does not give it, or there is no end
 * to put off (the setting: error message); -ENOENT also for a session that has ended or is ending.
 */
int sessmgr_extend(struct sessmgr *handle, const char *id_or_prefix, int64_t seconds,
                   int64_t *ret_deadline_usec);

/*
 * Asks what would become of a login, without any: the same decision that PAM would get, of this
 * moment, and nothing is changed by it. login: not NULL. *ret is to be freed with
 * sessmgr_explanation_free(). For root and the group sessmgr-admin. Blocks up to the handle's
 * time-out. Errors: those above, among them -EACCES; -EMSGSIZE too many groups.
 */
int sessmgr_explain(struct sessmgr *handle, const struct sessmgr_login *login,
                    struct sessmgr_explanation **ret);

/* Members of an explanation. Strings are borrowed from it. */

/* Whether the login would be let in. */
bool sessmgr_explanation_is_admitted(const struct sessmgr_explanation *explanation);
/* Whether it would become a session at all. */
bool sessmgr_explanation_is_tracked(const struct sessmgr_explanation *explanation);
/* Why it would be refused: "limit", "locked", "hours", "policy", "full"; a newer daemon may have
 * further ones. NULL: it would not be. */
const char *sessmgr_explanation_get_reason(const struct sessmgr_explanation *explanation);
/* What the person who is refused would read; NULL: nothing. */
const char *sessmgr_explanation_get_message(const struct sessmgr_explanation *explanation);
/* The name of the policy that decides; where it is: a file of the policy, or sessmgrd.conf
 * ("default"), and a line of it, 0 where that means nothing. */
const char *sessmgr_explanation_get_policy(const struct sessmgr_explanation *explanation);
const char *sessmgr_explanation_get_file(const struct sessmgr_explanation *explanation);
int64_t sessmgr_explanation_get_line(const struct sessmgr_explanation *explanation);
/* What the session would get, as the text of a JSON object: by the name of each setting an object
 * with its "value" and, where it was set, "file" and "line". */
const char *sessmgr_explanation_get_settings_json(const struct sessmgr_explanation *explanation);
/* The IDs of the sessions that would have to end to make room: their number, and one of them (NULL:
 * no such index). */
size_t sessmgr_explanation_get_evicted_count(const struct sessmgr_explanation *explanation);
const char *sessmgr_explanation_get_evicted(const struct sessmgr_explanation *explanation,
                                            size_t index);
/* All of it as the text of the JSON object that the daemon sent. */
const char *sessmgr_explanation_get_json(const struct sessmgr_explanation *explanation);
/* Frees an explanation; NULL is allowed. */
void sessmgr_explanation_free(struct sessmgr_explanation *explanation);

/*
 * Asks whether a token is good. Three answers: 1 it is, and *ret says what is known of it, to be
 * freed with sessmgr_validation_free(); 0 it is not, and nothing says why; negative: it is not
 * known, and must be taken for neither (-EAGAIN the daemon itself cannot know, or any other error).
 * token: opaque or JWT; whatever else somebody presents for one, too long or not even UTF-8, is not
 * good, and no error. expectation: NULL for nothing but a good token. Blocks up to the handle's
 * time-out. Anyone may ask.
 */
int sessmgr_validate(struct sessmgr *handle, const char *token,
                     const struct sessmgr_expectation *expectation,
                     struct sessmgr_validation **ret);

/*
 * Asks whose session is on the other end of a connected Unix socket, without any token: 1 and *ret,
 * to be freed with sessmgr_session_free(), when the process that connected (unix(7), SO_PEERPIDFD)
 * is in a session that has not ended; 0 when it is in none or has exited; negative: not known.
 * fd: of SOCK_STREAM or SOCK_SEQPACKET, and borrowed; anything else, such as a socket that listens,
 * is -EINVAL. Where the kernel has no SO_PEERPIDFD (Linux before 6.5) the process is found by its
 * number, which is no proof once the other end is closed: -EAGAIN then. A connection that was
 * handed on counts for the process that made it. For root and the group sessmgr-verifier. Blocks up
 * to the handle's time-out.
 */
int sessmgr_validate_peer(struct sessmgr *handle, int fd, struct sessmgr_session **ret);

/*
 * Checks a JWT by a key set alone, without the daemon: a session that has ended, or a token that
 * was revoked, is not noticed until the token expires. Answers as sessmgr_validate(); 0 also for a
 * token whose key is not in the set, and for one that is no JWT. expectation: not NULL, with an
 * issuer. Does not block. Errors: -EINVAL, -ENOMEM. RFC 8725, RFC 9068.
 */
int sessmgr_validate_offline(const struct sessmgr_keys *keys, const char *token,
                             const struct sessmgr_expectation *expectation,
                             struct sessmgr_validation **ret);

/*
 * Issues a token. request: NULL for what the policy gives. *ret is to be freed with
 * sessmgr_token_free(). Blocks up to the handle's time-out. Errors: those above, among them -EPERM
 * the policy forbids it (the setting: error message), -ESRCH, -EACCES, -E2BIG the session has too
 * many tokens.
 */
int sessmgr_issue(struct sessmgr *handle, const struct sessmgr_token_request *request,
                  struct sessmgr_token **ret);

/*
 * Exchanges a refresh token for a new access token and the refresh token that comes after it.
 * request_id: at most 128 bytes; a repeat with the same one gets the same answer for some seconds,
 * so that an answer that was lost can be asked for again; NULL: one is made for this call, and the
 * call is repeated by itself, within the time-out, where the connection broke, as in a restart of
 * the daemon. *ret is to be freed with sessmgr_token_free(). Blocks up to the handle's time-out.
 * Errors: those above, among them -EKEYREJECTED the refresh token is not good. After -ECONNRESET or
 * -ETIMEDOUT the old one may be used up: whoever wants to ask again then gives a request_id.
 */
int sessmgr_refresh(struct sessmgr *handle, const char *refresh_token, const char *request_id,
                    struct sessmgr_token **ret);

/* Revokes a token, of any kind; with a refresh token go all that it led to. One that is not good is
 * success (RFC 7009). Blocks up to the handle's time-out. Errors: those above; after -EIO it holds.
 */
int sessmgr_revoke(struct sessmgr *handle, const char *token);

/* The daemon's keys as the text of an RFC 7517 key set, to be freed with free(). Anyone may ask.
 * Blocks up to the handle's time-out. */
int sessmgr_get_keys(struct sessmgr *handle, char **ret_jwks);

/* One of the daemon's signing keys. */
struct sessmgr_key {
    const char *key_id;    /* its RFC 7638 thumbprint, the kid of what it signs */
    const char *algorithm; /* "EdDSA" */
    int64_t created_usec;
    int64_t retire_usec; /* until when it is kept; -1: it signs */
};

/*
 * Calls visit for every signing key, the one that signs last. visit: gets a key borrowed for the
 * call, and userdata; returns 0 to go on; anything else ends the list and is returned. Anyone may
 * ask. Blocks up to the handle's time-out.
 */
int sessmgr_list_keys(struct sessmgr *handle,
                      int (*visit)(const struct sessmgr_key *key, void *userdata), void *userdata);

/* Makes a new signing key; *ret_key_id is to be freed with free(). Blocks up to the handle's
 * time-out. Errors: those above, among them -EACCES, -E2BIG. */
int sessmgr_rotate_keys(struct sessmgr *handle, char **ret_key_id);

/*
 * Reads a key set: text[0..length), RFC 7517, as sessmgr_get_keys() or /run/sessmgr/state/jwks.json
 * have it. *ret is to be freed with sessmgr_keys_free() and may be used by several threads at once.
 * Keys that are not for EdDSA with Ed25519 are passed over. Blocks only while the kernel, early in
 * its boot, has no random numbers yet. Errors: -EINVAL; -EBADMSG it is none; -E2BIG more than 64
 * keys, or too long; -ENOSYS no cryptography on this machine; -ENOMEM.
 */
int sessmgr_keys_new(const char *text, size_t length, struct sessmgr_keys **ret);

/* Frees a key set; NULL is allowed. */
void sessmgr_keys_free(struct sessmgr_keys *keys);

/* The access token. Borrowed from the token, as what follows. */
const char *sessmgr_token_get_access_token(const struct sessmgr_token *token);
/* The refresh token; NULL: none was asked for. */
const char *sessmgr_token_get_refresh_token(const struct sessmgr_token *token);
/* When the access token expires; -1: with its session, which has no deadline. */
int64_t sessmgr_token_get_expires_usec(const struct sessmgr_token *token);
/* Overwrites and frees a token; NULL is allowed. */
void sessmgr_token_free(struct sessmgr_token *token);

/* Members of a validation. Strings are borrowed from it. */

/* The session's ID, and its user. */
const char *sessmgr_validation_get_session_id(const struct sessmgr_validation *validation);
const char *sessmgr_validation_get_user(const struct sessmgr_validation *validation);
uid_t sessmgr_validation_get_uid(const struct sessmgr_validation *validation);
/* Whom the token is for: the one that was expected, or its first; may be NULL. */
const char *sessmgr_validation_get_audience(const struct sessmgr_validation *validation);
/* When it expires; -1: with its session, which has no deadline. */
int64_t sessmgr_validation_get_expires_usec(const struct sessmgr_validation *validation);
/* The token's scopes: their number, one of them (NULL: no such index), whether one is among them.
 */
size_t sessmgr_validation_get_scope_count(const struct sessmgr_validation *validation);
const char *sessmgr_validation_get_scope(const struct sessmgr_validation *validation, size_t index);
bool sessmgr_validation_has_scope(const struct sessmgr_validation *validation, const char *scope);
/* Frees a validation; NULL is allowed. */
void sessmgr_validation_free(struct sessmgr_validation *validation);

/* A user who is not let in. */
struct sessmgr_lock {
    const char *user;    /* as whoever locked them called them */
    uid_t uid;           /* who they are: a lock counts for all names of it */
    int64_t since_usec;  /* of this lock, which may have taken the place of another */
    int64_t until_usec;  /* -1: until it is taken away */
    const char *message; /* for the person; NULL: none */
};

/*
 * Locks a user: no login is let in any more, by any service. Takes the place of a lock before.
 * user: how to call them, at most 256 bytes; uid: who they are. until_usec: a time to come; -1:
 * until sessmgr_unlock(). message: for the person, at most 1024 bytes; NULL: none. terminate: ends
 * all their sessions too, as "locked".
 * visit: is called with the ID of each session that was ended, borrowed for the call, but of no
 * more than 1024 of them; returns 0 to go on, anything else is returned (the lock and the ends hold
 * all the same). NULL: none. Returns how many sessions were ended, at most INT_MAX. For root and
 * the group sessmgr-admin. Blocks up to the handle's time-out. Errors: those above; after -EIO lock
 * and ends hold, and visit has not been called; -E2BIG as many users are locked as the daemon
 * keeps.
 */
int sessmgr_lock(struct sessmgr *handle, const char *user, uid_t uid, int64_t until_usec,
                 const char *message, bool terminate,
                 int (*visit)(const char *session_id, void *userdata), void *userdata);

/* Takes a user's lock away. For root and the group sessmgr-admin. Blocks up to the handle's
 * time-out. Errors: those above, among them -ENOLCK. */
int sessmgr_unlock(struct sessmgr *handle, uid_t uid);

/*
 * Calls visit for every user who is locked, by user ID. visit: gets a lock borrowed for the call,
 * and userdata; returns 0 to go on; anything else ends the list and is returned. For root and the
 * group sessmgr-admin. Blocks up to the handle's time-out; the time spent in visit does not count.
 */
int sessmgr_list_locks(struct sessmgr *handle,
                       int (*visit)(const struct sessmgr_lock *lock, void *userdata),
                       void *userdata);

/* Lets the daemon read its configuration again. Blocks up to the handle's time-out. Errors: those
 * above, among them -EBADMSG, -EACCES. */
int sessmgr_reload(struct sessmgr *handle);

/* The daemon's counters, as the text of one JSON object, to be freed with free(). Blocks up to the
 * handle's time-out. Errors: those above, among them -EACCES. */
int sessmgr_get_statistics(struct sessmgr *handle, char **ret_json);

/* The daemon's version, "0.1.0", to be freed with free(). Anyone may ask. Blocks up to the handle's
 * time-out. */
int sessmgr_get_version(struct sessmgr *handle, char **ret_version);

/* What came of a look at the daemon's store. */
struct sessmgr_store_info {
    int64_t records;  /* that are in the store */
    int64_t bytes;    /* that were read (verify), or of the checkpoint */
    int64_t sequence; /* of the last change that was looked at (verify); else -1 */
};

/*
 * What is done with the daemon's store. Each waits for the disk, for as long as the store is large:
 * a handle with a time-out of its own is for that. store_verify and store_checkpoint are for root
 * and the group sessmgr-admin, the others for root. Errors: those above, among them -EUCLEAN, -EIO.
 */

/* Has every file of the store read and proven. */
int sessmgr_store_verify(struct sessmgr *handle, struct sessmgr_store_info *ret);

/* Has everything put into a new checkpoint, and the log begun anew. */
int sessmgr_store_checkpoint(struct sessmgr *handle, struct sessmgr_store_info *ret);

/* Has the store's key sealed under the daemon's new master key (sessmgrd(8)), of which *ret_key_id,
 * to be freed with free(), is an ID. Error: also -ENOKEY. */
int sessmgr_store_rekey(struct sessmgr *handle, char **ret_key_id);

/* Has what is personal in a user's ended sessions removed, from the disk too. Returns how many
 * sessions there were, at most INT_MAX. */
int sessmgr_store_forget(struct sessmgr *handle, uid_t uid);

/* Has a backup made. *ret_fd: a file with it, at its beginning, close-on-exec and the caller's;
 * *ret_bytes (may be NULL): its size. */
int sessmgr_store_backup(struct sessmgr *handle, int *ret_fd, int64_t *ret_bytes);

/*
 * Follows changes of all sessions that the caller may see, until visit ends it or the stream
 * breaks: sessmgr_watch_open() and sessmgr_watch_next() in a loop, with a connection of its own, so
 * that visit may use the handle. visit: gets an event borrowed for the call, and userdata; returns
 * 0 to go on; anything else ends the watch and is returned. Blocks without limit. Errors: those of
 * sessmgr_watch_open() and sessmgr_watch_next(), explained by sessmgr_get_error_message().
 */
int sessmgr_watch(struct sessmgr *handle, int64_t from_sequence,
                  int (*visit)(const struct sessmgr_event *event, void *userdata), void *userdata);

/*
 * Opens a stream of changes. handle: its socket and time-out are used; the watch lives on its own
 * and may outlive it. from_sequence: the number of the first change wanted; -1: from now.
 * *ret is to be closed with sessmgr_watch_close(). Blocks up to the handle's time-out, to connect
 * and to send. Errors: those above; what the daemon has against the stream, such as -ESTALE, comes
 * from sessmgr_watch_next().
 */
int sessmgr_watch_open(struct sessmgr *handle, int64_t from_sequence, struct sessmgr_watch **ret);

/*
 * The next change: returns 1 and *ret, borrowed until the next call on this watch, or 0 when there
 * was none within timeout_usec (0: does not wait; UINT64_MAX: waits for ever).
 * When the daemon goes away (a restart), the stream is taken up again behind the last change seen,
 * or from now if there was none yet; this is tried for as long as the handle's time-out (but not
 * beyond timeout_usec: with 0, once). Errors: those above, among them -ECONNREFUSED or -ECONNRESET
 * when the daemon has not come back (a further call tries again), -ESTALE, -EACCES.
 */
int sessmgr_watch_next(struct sessmgr_watch *watch, uint64_t timeout_usec,
                       const struct sessmgr_event **ret);

/*
 * A descriptor that poll(2) reports as readable when something has arrived; only to be polled. -1
 * while there is no connection. It may be another one after each sessmgr_watch_next(), which is to
 * be called with timeout 0 until it returns 0 before each poll: changes may be waiting in memory.
 */
int sessmgr_watch_get_fd(const struct sessmgr_watch *watch);

/* As sessmgr_get_error_message(), for a watch. */
const char *sessmgr_watch_get_error_message(const struct sessmgr_watch *watch);

/* Ends a stream; NULL is allowed. */
void sessmgr_watch_close(struct sessmgr_watch *watch);

/* The number of a change: a later one has a larger number. */
int64_t sessmgr_event_get_sequence(const struct sessmgr_event *event);

/* What happened, as the daemon calls it: "opened", "ended", ... Borrowed from the event. */
const char *sessmgr_event_get_name(const struct sessmgr_event *event);

/* The session as it was after the change. Borrowed from the event. */
const struct sessmgr_session *sessmgr_event_get_session(const struct sessmgr_event *event);

/* The whole change as the text of a JSON object: "sequence", "event", "session". Borrowed from the
 * event. */
const char *sessmgr_event_get_json(const struct sessmgr_event *event);

/*
 * Members of a session. Strings are borrowed from it; those that may be missing are NULL then.
 */

/* Its ID: 32 lower-case hexadecimal digits. */
const char *sessmgr_session_get_id(const struct sessmgr_session *session);
/* Who logged in: the name as PAM has it, and the user ID; "" and (uid_t)-1 of a session that has
 * ended and whose user was forgotten. */
const char *sessmgr_session_get_user(const struct sessmgr_session *session);
uid_t sessmgr_session_get_uid(const struct sessmgr_session *session);
/* The PAM service, "sshd". */
const char *sessmgr_session_get_service(const struct sessmgr_session *session);
/* The terminal as PAM has it, "/dev/pts/3"; may be NULL. */
const char *sessmgr_session_get_terminal(const struct sessmgr_session *session);
/* Host and user at the other end, as the service told PAM; may be NULL. */
const char *sessmgr_session_get_remote_host(const struct sessmgr_session *session);
const char *sessmgr_session_get_remote_user(const struct sessmgr_session *session);
/* Addresses and ports as sshd's SSH_CONNECTION has them; may be NULL. */
const char *sessmgr_session_get_connection(const struct sessmgr_session *session);
/* How the user proved who they are, "publickey", and the key's fingerprint; may be NULL. */
const char *sessmgr_session_get_auth_method(const struct sessmgr_session *session);
const char *sessmgr_session_get_auth_key(const struct sessmgr_session *session);
/* When the first of the certificates that it was proved with expires; -1: there was none, or the
 * daemon, older than this library, does not say. */
int64_t sessmgr_session_get_auth_expires_usec(const struct sessmgr_session *session);
/* logind's ID of the session; may be NULL. */
const char *sessmgr_session_get_logind_session(const struct sessmgr_session *session);
/* The kernel's audit session; -1: none. */
int64_t sessmgr_session_get_audit_session(const struct sessmgr_session *session);
/* The ID of the session that this one was opened inside (su, sudo); may be NULL. */
const char *sessmgr_session_get_parent(const struct sessmgr_session *session);
/* The process that opened the session. It may be gone and the number in use by another. */
pid_t sessmgr_session_get_leader_pid(const struct sessmgr_session *session);
/* IDs of the host (an application-specific machine ID) and of its boot. */
const char *sessmgr_session_get_host_id(const struct sessmgr_session *session);
const char *sessmgr_session_get_boot_id(const struct sessmgr_session *session);
/* "active", "ending" or "ended"; a newer daemon may have further ones. */
const char *sessmgr_session_get_state(const struct sessmgr_session *session);
/* False while the daemon's disk has not taken the session. */
bool sessmgr_session_is_durable(const struct sessmgr_session *session);
/* When it was opened. */
int64_t sessmgr_session_get_opened_usec(const struct sessmgr_session *session);
/* When it last showed activity; -1: the daemon, older than this library, does not say. */
int64_t sessmgr_session_get_last_activity_usec(const struct sessmgr_session *session);
/* When it will be ended whatever happens; -1: it has no deadline. For which reason, one of those
 * below; NULL: none, or not known. */
int64_t sessmgr_session_get_deadline_usec(const struct sessmgr_session *session);
const char *sessmgr_session_get_deadline_reason(const struct sessmgr_session *session);
/* When it will be ended if it shows no activity until then; -1: never, or not known. */
int64_t sessmgr_session_get_idle_deadline_usec(const struct sessmgr_session *session);
/* Whether it was opened while the daemon was away, and found later. False also where that is not
 * known. */
bool sessmgr_session_is_adopted(const struct sessmgr_session *session);
/* The name of the policy that gave it its limits. */
const char *sessmgr_session_get_policy(const struct sessmgr_session *session);
/* Where that policy is: a file of its own, or sessmgrd.conf ("default"), and a line of it, 0 where
 * that means nothing. NULL and -1: not known. Known only of a session that sessmgr_describe() gave
 * and that had not ended, and of its copies; the settings, too. */
const char *sessmgr_session_get_rule_file(const struct sessmgr_session *session);
int64_t sessmgr_session_get_rule_line(const struct sessmgr_session *session);
/* What the policy gave it, as sessmgr_explanation_get_settings_json(); NULL: not known. */
const char *sessmgr_session_get_settings_json(const struct sessmgr_session *session);
/* When it ended; -1: it has not. */
int64_t sessmgr_session_get_ended_usec(const struct sessmgr_session *session);
/* Why it ended, or is ending: "logout", "leader_exited", "lifetime", "credential_expired", "idle",
 * "hours", "evicted", "terminated", "locked", "token_reuse", "rebooted"; a newer daemon may have
 * further ones. NULL: it has not ended. */
const char *sessmgr_session_get_end_reason(const struct sessmgr_session *session);
/* What its tokens may be used for: the number of scopes, and one of them (NULL: no such index). */
size_t sessmgr_session_get_scope_count(const struct sessmgr_session *session);
const char *sessmgr_session_get_scope(const struct sessmgr_session *session, size_t index);
/* The number of entries of its context. */
size_t sessmgr_session_get_context_count(const struct sessmgr_session *session);
/* One of them, 0 <= index < count, borrowed from the session. Error: -EINVAL. */
int sessmgr_session_get_context_entry(const struct sessmgr_session *session, size_t index,
                                      struct sessmgr_context_entry *ret);
/* The value of a key of its context; NULL: no such key. */
const char *sessmgr_session_get_context(const struct sessmgr_session *session, const char *key);
/* The session, without its rule, as the text of the JSON object that the daemon sent, with members
 * that this library may not know. */
const char *sessmgr_session_get_json(const struct sessmgr_session *session);

/* Copies a session. *ret is to be freed with sessmgr_session_free(). Error: -ENOMEM. */
int sessmgr_session_copy(const struct sessmgr_session *session, struct sessmgr_session **ret);

/* Frees a session; NULL is allowed. */
void sessmgr_session_free(struct sessmgr_session *session);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
