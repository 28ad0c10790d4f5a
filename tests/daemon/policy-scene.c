/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logins as rules see them: see policy-scene.h. */
#include <config.h>

#include "tests/daemon/policy-scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct policy_login policy_alice = {.user = "alice", .uid = 4001};
const struct policy_login policy_bob = {.user = "bob", .uid = 4002};

int policy_setup(void **state)
{
    int r = setenv("TZ", "UTC0", 1); /* where no clock is changed in summer */

    if (r == 0)
        r = harness_setup(state);
    if (r == 0)
        harness_start(*state);
    return r;
}

void policy_restart(struct harness *harness, const char *config)
{
    harness_configure(harness, config);
    harness_stop(harness);
    harness_start(harness);
}

/* Parameters of Admit and Open; further: members beside the login. Borrowed until the next call. */
static const char *parameters(const struct policy_login *login, const char *further)
{
    static char text[8000];
    int n =
        snprintf(text, sizeof(text),
                 "{\"login\":{\"service\":\"%s\",\"user\":\"%s\",\"uid\":%u,\"groups\":[%s]%s}%s}",
                 login->service != NULL ? login->service : "sshd", login->user, login->uid,
                 login->groups != NULL ? login->groups : "",
                 login->members != NULL ? login->members : "", further);

    assert_in_range(n, 1, sizeof(text) - 1);
    return text;
}

const char *policy_admit(struct actor *actor, const struct policy_login *login)
{
    return actor_ask(actor, SOCKET_LOGIN, LOGIN_INTERFACE ".Admit", parameters(login, ""));
}

const char *policy_open(struct actor *actor, const struct policy_login *login, const char *admitted)
{
    char reservation[128] = "";

    if (admitted != NULL)
        (void)snprintf(reservation, sizeof(reservation), ",\"reservation\":\"%s\"",
                       reply_text(admitted, "parameters.reservation"));
    return actor_ask(actor, SOCKET_LOGIN, LOGIN_INTERFACE ".Open", parameters(login, reservation));
}

struct actor *policy_enter(struct harness *harness, const struct policy_login *login,
                           char id[static SESSION_ID_BYTES + 1])
{
    struct actor *actor = actor_new(harness, "login");
    const char *reply;

    actor_setsid(actor); /* whoever runs the test has a terminal that somebody may be using */
    reply = policy_admit(actor, login);
    assert_string_equal(reply_error(reply), "");
    reply = policy_open(actor, login, reply);
    assert_string_equal(reply_error(reply), "");
    (void)snprintf(id, SESSION_ID_BYTES + 1, "%s", reply_text(reply, "parameters.sessionId"));
    assert_int_equal(strlen(id), SESSION_ID_BYTES);
    return actor;
}

void policy_expect_refused(const char *reply, const char *reason)
{
    assert_string_equal(reply_error(reply), "Refused");
    assert_string_equal(reply_text(reply, "parameters.reason"), reason);
    assert_string_not_equal(reply_text(reply, "parameters.message"), "");
}

const char *policy_text(struct harness *harness, const char *id, const char *path)
{
    char whole[256];

    (void)snprintf(whole, sizeof(whole), "parameters.%s", path);
    return reply_text(harness_describe(harness, id), whole);
}

void policy_expect_ended(struct harness *harness, const char *id, const char *reason)
{
    HARNESS_AWAIT(strcmp(policy_text(harness, id, "session.state"), "ended") == 0);
    assert_string_equal(reply_text(harness->reply, "parameters.session.endReason"), reason);
    HARNESS_AWAIT(harness_log_count(harness, "SESSMGR_EVENT=ended", id, reason, NULL) == 1);
}

const char *policy_hours(int64_t from_sec, int64_t to_sec)
{
    static char text[16];
    const time_t from = (time_t)from_sec, to = (time_t)to_sec;
    struct tm first, last;

    assert_non_null(localtime_r(&from, &first));
    assert_non_null(localtime_r(&to, &last));
    (void)snprintf(text, sizeof(text), "%02d:%02d-%02d:%02d", first.tm_hour % 24, first.tm_min % 60,
                   last.tm_hour % 24, last.tm_min % 60);
    return text;
}

void policy_closed_hours(char *buffer, size_t size)
{
    const int64_t then = (int64_t)time(NULL) + 12 * 3600;

    (void)snprintf(buffer, size, "[Session]\nHours=%s\n", policy_hours(then, then + 60));
}

bool policy_is_active(struct harness *harness, const char *id)
{
    return strcmp(policy_text(harness, id, "session.state"), "active") == 0;
}
