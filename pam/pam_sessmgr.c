/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The entry points of the PAM module, and the only place where -errno and answers of the daemon
 * become PAM's codes. Collecting what is sent is left to login.c, asking to exchange.c.
 *
 * The module tells the truth and the administrator's control field decides: refused by policy is
 * PAM_PERM_DENIED in both phases; a daemon that can't be asked is PAM_AUTHINFO_UNAVAIL in account
 * and PAM_SESSION_ERR in session. It has no static state, forks nothing and leaves signals, stdio
 * and errno as they are: it is a guest in the most privileged processes of the host.
 */
#include "config.h"

#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <string.h>
#include <syslog.h>

#include "common/macro.h"
#include "pam/escape.h"
#include "pam/exchange.h"
#include "pam/held.h"
#include "pam/login.h"
#include "pam/options.h"
#include "pam/show.h"

/* The rest of the module is hidden; the symbol map lists these names. */
#define EXPORTED __attribute__((visibility("default")))

enum { LOG_ARGUMENT_SIZE = 256 };

/* One call of libpam. */
struct pam_call {
    pam_handle_t *pamh;
    int saved_errno;
    unsigned flags;
    struct options options;
};

/*
 * The map of -errno to PAM's codes. A refusal is -EKEYREJECTED, which no system call on our way
 * yields.
 */
static int pam_code(int r, int unavailable)
{
    if (r >= 0)
        return PAM_SUCCESS;
    if (r == -EKEYREJECTED)
        return PAM_PERM_DENIED;
    if (r == -ESRCH && unavailable == PAM_AUTHINFO_UNAVAIL)
        return PAM_USER_UNKNOWN;
    return unavailable;
}

/* Ends a call: yields its code and leaves errno as the service had it. */
static int end_call(const struct pam_call *call, int r, int unavailable)
{
    errno = call->saved_errno;
    return pam_code(r, unavailable);
}

static int begin_call(struct pam_call *call, pam_handle_t *pamh, int flags, int argc,
                      const char **argv)
{
    char escaped[LOG_ARGUMENT_SIZE];
    const char *bad = "";
    int r;

    call->pamh = pamh;
    call->flags = (unsigned)flags;
    r = options_parse(argc, argv, &call->options, &bad);
    if (r < 0) {
        escape_text(bad, escaped, sizeof(escaped));
        pam_syslog(pamh, LOG_ERR, "unknown or malformed argument: %s", escaped);
    }
    return r;
}

static int collect(const struct pam_call *call, struct login *login)
{
    int r;

    r = login_collect(call->pamh, login);
    if (r == -ESRCH) {
        pam_syslog(call->pamh, LOG_ERR, "the user database does not know the user");
    } else if (r < 0) {
        errno = -r;
        pam_syslog(call->pamh, LOG_ERR, "cannot find out who logs in: %m");
    } else if (login->groups_left_out > 0) {
        pam_syslog(call->pamh, LOG_WARNING,
                   "%s is in more groups than sessmgrd is told: %zu are left out", login->user,
                   login->groups_left_out);
    }
    return r;
}

static int refuse(const struct pam_call *call, const struct login *login,
                  const struct answer *answer)
{
    const char *message = answer->refused.message;
    const char *reason = answer->refused.reason;
    char escaped_message[MESSAGE_MAX_BYTES + 1];
    char escaped_reason[LOG_ARGUMENT_SIZE];

    escape_text(message != NULL ? message : "no message", escaped_message, sizeof(escaped_message));
    escape_text(reason != NULL ? reason : "no reason", escaped_reason, sizeof(escaped_reason));
    pam_syslog(call->pamh, LOG_NOTICE, "login of %s refused: %s (%s)", login->user, escaped_message,
               escaped_reason);
    show_refusal(call->pamh, &call->options, call->flags, message);
    return -EKEYREJECTED;
}

/* A failure behind the daemon's answer: the line of the log says what could not be done. */
static int fail(const struct pam_call *call, int r, const char *what)
{
    errno = -r;
    pam_syslog(call->pamh, LOG_ERR, "%s: %m", what);
    return r;
}

static int admit(const struct pam_call *call)
{
    CLEANUP(login_done) struct login login = {.groups = NULL};
    CLEANUP(answer_done) struct answer answer = {.memory = NULL};
    int r;

    r = collect(call, &login);
    if (r < 0)
        return r;
    r = exchange_admit(call->pamh, &call->options, &login.request, &answer);
    if (r < 0)
        return r;
    if (answer.kind == ANSWER_REFUSED)
        return refuse(call, &login, &answer);
    r = held_set_reservation(call->pamh, answer.admit.reservation);
    if (r < 0)
        return fail(call, r, "cannot keep the reservation");
    return 0;
}

/*
 * A handle holds one session. Where the module stands twice in a stack, the second open is told
 * what the first one was; for another user it would have to say yes to somebody nobody has asked
 * about.
 */
static int open_again(const struct pam_call *call, const struct login *login,
                      const struct held_session *session)
{
    if (session->uid != login->request.uid) {
        pam_syslog(call->pamh, LOG_ERR, "session %s of another user is still open", session->id);
        return -EBUSY;
    }
    if (!session->durable) {
        pam_syslog(call->pamh, LOG_ERR, "session %s is held, but not stored", session->id);
        return -EIO;
    }
    if (call->options.debug)
        pam_syslog(call->pamh, LOG_DEBUG, "session %s is open already", session->id);
    return 0;
}

/* Keeps what the daemon has opened; where it opened nothing, neither do we. */
static int keep_session(const struct pam_call *call, const struct login *login, const char *id,
                        bool durable, struct held_session *session)
{
    int r;

    r = held_set_reservation(call->pamh, NULL); /* used up */
    if (r < 0)
        return fail(call, r, "cannot forget the reservation");
    if (id == NULL)
        return 0;
    memcpy(session->id, id, SESSION_ID_BYTES + 1);
    session->uid = login->request.uid;
    session->durable = durable;
    r = held_announce_session(call->pamh, session);
    if (r < 0)
        return fail(call, r, "cannot put " HELD_SESSION_VARIABLE " into the environment");
    return 0;
}

/* A login without its token file is a login all the same. */
static void announce_token_file(const struct pam_call *call, const char *path)
{
    int r;

    if (path == NULL)
        return;
    r = held_announce_token_file(call->pamh, path);
    if (r < 0)
        (void)fail(call, r, "cannot put " HELD_TOKEN_VARIABLE " into the environment");
}

static int open_new(const struct pam_call *call, const struct login *login)
{
    CLEANUP(answer_done) struct answer answer = {.memory = NULL};
    struct held_session *session = NULL;
    int r;

    r = held_prepare_session(call->pamh, &session);
    if (r < 0)
        return fail(call, r, "cannot keep a session");
    r = exchange_open(call->pamh, &call->options, &login->request, held_get_reservation(call->pamh),
                      &answer);
    if (r < 0)
        return r;
    if (answer.kind == ANSWER_REFUSED)
        return refuse(call, login, &answer);

    if (answer.kind == ANSWER_STORE_UNAVAILABLE) {
        r = keep_session(call, login, answer.store.session_id, false, session);
        return r < 0 ? r : fail(call, -EIO, "sessmgrd could not store the session");
    }
    r = keep_session(call, login, answer.open.session_id, true, session);
    if (r < 0)
        return r;
    announce_token_file(call, answer.open.token_file);
    show_messages(call->pamh, &call->options, call->flags, login->request.terminal,
                  &answer.open.messages);
    return 0;
}

static int open_session(const struct pam_call *call)
{
    CLEANUP(login_done) struct login login = {.groups = NULL};
    const struct held_session *session;
    int r;

    r = collect(call, &login);
    if (r < 0)
        return r;
    session = held_get_session(call->pamh);
    return session != NULL ? open_again(call, &login, session) : open_new(call, &login);
}

/*
 * Only the process that opened the session ends it: others that got hold of the handle by fork()
 * (systemd's "(sd-pam)", which runs as the user) have none. What could not be asked is kept, so
 * that it can be asked again.
 */
static int close_session(const struct pam_call *call)
{
    CLEANUP(answer_done) struct answer answer = {.memory = NULL};
    struct held_session *session = held_get_session(call->pamh);
    int r;

    if (session == NULL) {
        if (call->options.debug)
            pam_syslog(call->pamh, LOG_DEBUG, "no session was opened here");
        return 0;
    }
    r = exchange_close(call->pamh, &call->options, session->id, &answer);
    if (r < 0)
        return r;
    if (answer.kind == ANSWER_NO_SUCH_SESSION && call->options.debug)
        pam_syslog(call->pamh, LOG_DEBUG, "session %s has ended already", session->id);
    held_drop_session(call->pamh);
    if (answer.kind == ANSWER_STORE_UNAVAILABLE)
        return fail(call, -EIO, "sessmgrd could not store the end of the session");
    return 0;
}

EXPORTED int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct pam_call call = {.saved_errno = errno};
    int r;

    r = begin_call(&call, pamh, flags, argc, argv);
    if (r == 0)
        r = admit(&call);
    return end_call(&call, r, PAM_AUTHINFO_UNAVAIL);
}

EXPORTED int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct pam_call call = {.saved_errno = errno};
    int adopted, r;

    /* First, since it must not reach the user's programs, whatever comes of this call. */
    adopted = held_adopt_reservation(pamh);
    r = begin_call(&call, pamh, flags, argc, argv);
    if (r == 0 && adopted < 0)
        r = fail(&call, adopted, "cannot keep the reservation");
    if (r == 0)
        r = open_session(&call);
    return end_call(&call, r, PAM_SESSION_ERR);
}

EXPORTED int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct pam_call call = {.saved_errno = errno};
    int r;

    r = begin_call(&call, pamh, flags, argc, argv);
    if (r == 0)
        r = close_session(&call);
    return end_call(&call, r, PAM_SESSION_ERR);
}

/* Who somebody is, others find out; these say so by design, lest a line in the wrong group count.
 */
EXPORTED int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_IGNORE;
}

EXPORTED int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_IGNORE;
}

EXPORTED int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_IGNORE;
}
