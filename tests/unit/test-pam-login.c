/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Escaping, and the login request. The functions of libpam and of the user database that login.c
 * calls are defined here, so that each test says what they know.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_modules.h>
#include <security/pam_modutil.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka's header needs those above */
#include <cmocka.h>

#include "common/macro.h"
#include "common/utf8.h"
#include "pam/escape.h"
#include "pam/login.h"

#define LOGIN_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

/* What PAM and the user database know. */
static struct world {
    const char *service, *user, *terminal, *remote_host, *remote_user;
    const char *connection, *auth_info, *logind_session;
    bool user_exists;
    gid_t group; /* the first; the others count up from it */
    int groups_count;
    bool no_memory; /* in the database */
} world;

static struct login login;

/* libpam is not there to look into it. */
static char nothing;
static pam_handle_t *const handle = (pam_handle_t *)&nothing;

int pam_get_item(const pam_handle_t *pamh, int item, const void **ret)
{
    (void)pamh;
    const char *const items[] = {
        [PAM_SERVICE] = world.service,   [PAM_USER] = world.user,
        [PAM_TTY] = world.terminal,      [PAM_RHOST] = world.remote_host,
        [PAM_RUSER] = world.remote_user,
    };

    *ret = items[item];
    return PAM_SUCCESS;
}

const char *pam_getenv(pam_handle_t *pamh, const char *name)
{
    (void)pamh;
    if (strcmp(name, "SSH_CONNECTION") == 0)
        return world.connection;
    if (strcmp(name, "SSH_AUTH_INFO_0") == 0)
        return world.auth_info;
    return strcmp(name, "XDG_SESSION_ID") == 0 ? world.logind_session : NULL;
}

struct passwd *pam_modutil_getpwnam(pam_handle_t *pamh, const char *user)
{
    static char name[] = "alice";
    static struct passwd alice = {.pw_name = name, .pw_uid = 1000, .pw_gid = 1000};

    (void)pamh;
    return world.user_exists && strcmp(user, world.user) == 0 ? &alice : NULL;
}

int getgrouplist(const char *user, gid_t group, gid_t *groups, int *count)
{
    int size = *count;

    (void)user;
    (void)group;
    if (world.no_memory)
        return -1; /* as glibc does: the count stays */
    *count = world.groups_count;
    for (int i = 0; i < world.groups_count && i < size; i++)
        groups[i] = world.group + (gid_t)i;
    return world.groups_count <= size ? world.groups_count : -1;
}

static int setup(void **state)
{
    (void)state;
    world = (struct world){
        .service = "sshd",
        .user = "alice",
        .terminal = "ssh",
        .remote_host = "203.0.113.7",
        .remote_user = "bob",
        .connection = "203.0.113.7 40000 192.0.2.1 22",
        .auth_info = "publickey ssh-ed25519 AAAA\n",
        .logind_session = "12",
        .user_exists = true,
        .group = 1000,
        .groups_count = 2,
    };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    login_done(&login);
    return 0;
}

static void test_escape_text__any_bytes__as_documented(void **state)
{
    static const struct {
        const char *text, *escaped;
    } cases[] = {
        {"", ""},
        {"alice", "alice"},
        {"DOMAIN\\alice", "DOMAIN\\alice"},
        {"J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x99\x82",
         "J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x99\x82"},
        {"a\nb", "a\\nb"},
        {"a\tb\r", "a\\x09b\\x0d"},
        {"\x1b[2J\x7f", "\\x1b[2J\\x7f"},
        {"\xc2\x9b"
         "2J",
         "\\xc2\\x9b"
         "2J"}, /* U+009B: an escape sequence's start in one */
        {"\xff\xc3", "\\xff\\xc3"},
        {"\xc0\xaf", "\\xc0\\xaf"},          /* overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"}, /* a surrogate */
        {"\xe2\x82", "\\xe2\\x82"},
    };
    char buffer[64];

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        escape_text(cases[i].text, buffer, sizeof(buffer));
        assert_string_equal(buffer, cases[i].escaped);
    }
}

static void test_escape_text__does_not_fit__cut_behind_whole_characters(void **state)
{
    char buffer[10];

    (void)state;
    escape_text("123456789", buffer, sizeof(buffer));
    assert_string_equal(buffer, "123456789");
    escape_text("1234567890", buffer, sizeof(buffer));
    assert_string_equal(buffer, "123456...");
    escape_text("12345\xc3\xbc"
                "7890",
                buffer, sizeof(buffer));
    assert_string_equal(buffer, "12345...");
    escape_text("123\x01"
                "456",
                buffer, sizeof(buffer));
    assert_string_equal(buffer, "123...");
}

static void test_login_collect__all_known__all_in_request(void **state)
{
    (void)state;
    assert_int_equal(login_collect(handle, &login), 0);
    assert_string_equal(login.request.service, "sshd");
    assert_string_equal(login.request.user, "alice");
    assert_int_equal(login.request.uid, 1000);
    assert_int_equal(login.request.groups.count, 2);
    assert_int_equal(login.request.groups.items[1], 1001);
    assert_string_equal(login.request.terminal, "ssh");
    assert_string_equal(login.request.remote_host, "203.0.113.7");
    assert_string_equal(login.request.remote_user, "bob");
    assert_string_equal(login.request.connection, "203.0.113.7 40000 192.0.2.1 22");
    assert_string_equal(login.request.auth_info, "publickey ssh-ed25519 AAAA");
    assert_string_equal(login.request.logind_session, "12");
}

static void test_login_collect__absent_or_empty__absent(void **state)
{
    (void)state;
    world.terminal = NULL;
    world.remote_host = "";
    world.remote_user = NULL;
    world.connection = NULL;
    world.auth_info = "\n";
    world.logind_session = "";
    assert_int_equal(login_collect(handle, &login), 0);
    assert_null(login.request.terminal);
    assert_null(login.request.remote_host);
    assert_null(login.request.remote_user);
    assert_null(login.request.connection);
    assert_null(login.request.auth_info);
    assert_null(login.request.logind_session);
}

static void test_login_collect__several_authentications__newlines_between_escaped(void **state)
{
    (void)state;
    world.auth_info = "publickey ssh-rsa BBBB\npassword\n";
    assert_int_equal(login_collect(handle, &login), 0);
    assert_string_equal(login.request.auth_info, "publickey ssh-rsa BBBB\\npassword");
}

static void test_login_collect__overlong_values__cut_and_encodable(void **state)
{
    static char host[1000], info[10000], request[JSON_TEXT_MAX_BYTES];
    struct json_writer writer;
    struct json json;

    (void)state;
    memset(host, '\xff', sizeof(host) - 1);
    memset(info, 'k', sizeof(info) - 1);
    world.remote_host = host;
    world.auth_info = info;
    assert_int_equal(login_collect(handle, &login), 0);
    assert_int_equal(strlen(login.request.remote_host), 252 + 3); /* 63 escapes and the mark */
    assert_int_equal(strlen(login.request.auth_info), LOGIN_AUTH_INFO_MAX_BYTES);
    assert_true(utf8_is_printable(login.request.remote_host));

    json_writer_init(&writer, request, sizeof(request));
    fields_encode(&login_request_fields, &login.request, &writer);
    assert_int_equal(json_writer_finish(&writer, &json), 0);
}

static void test_login_collect__as_many_groups_as_are_sent__all_of_them(void **state)
{
    (void)state;
    world.groups_count = LOGIN_GROUPS_SENT_MAX;
    assert_int_equal(login_collect(handle, &login), 0);
    assert_int_equal(login.request.groups.count, LOGIN_GROUPS_SENT_MAX);
    assert_int_equal(login.request.groups.items[LOGIN_GROUPS_SENT_MAX - 1],
                     1000 + LOGIN_GROUPS_SENT_MAX - 1);
    assert_int_equal(login.groups_left_out, 0);
}

static void test_login_collect__more_groups_than_are_sent__first_ones_and_rest_counted(void **state)
{
    (void)state;
    world.groups_count = LOGIN_GROUPS_MAX + 1;
    assert_int_equal(login_collect(handle, &login), 0);
    assert_int_equal(login.request.groups.count, LOGIN_GROUPS_SENT_MAX);
    assert_int_equal(login.request.groups.items[0], 1000);
    assert_int_equal(login.groups_left_out, LOGIN_GROUPS_MAX + 1 - LOGIN_GROUPS_SENT_MAX);
}

static void test_login_collect__groups_cannot_be_read__enomem(void **state)
{
    (void)state;
    world.no_memory = true;
    assert_int_equal(login_collect(handle, &login), -ENOMEM);
    assert_null(login.groups);
}

/* Every string is full of what takes two bytes in JSON, every group has ten digits. */
static void test_login_collect__all_at_their_longest__fit_into_one_message(void **state)
{
    static char text[LOGIN_AUTH_INFO_MAX_BYTES + 1], message[JSON_TEXT_MAX_BYTES + 1];
    const char *string = text + LOGIN_AUTH_INFO_MAX_BYTES - LOGIN_STRING_MAX_BYTES;
    struct json_writer writer;
    struct json json;

    (void)state;
    memset(text, '"', sizeof(text) - 1);
    world = (struct world){
        .service = string,
        .user = string,
        .terminal = string,
        .remote_host = string,
        .remote_user = string,
        .connection = string,
        .auth_info = text,
        .logind_session = string,
        .user_exists = true,
        .group = 4000000000,
        .groups_count = LOGIN_GROUPS_MAX,
    };
    assert_int_equal(login_collect(handle, &login), 0);
    assert_int_equal(strlen(login.request.user), LOGIN_STRING_MAX_BYTES);
    json_writer_init(&writer, message, sizeof(message) - 512); /* for what is around it */
    fields_encode(&login_request_fields, &login.request, &writer);
    assert_int_equal(json_writer_finish(&writer, &json), 0);
}

static void test_login_collect__no_such_user__esrch(void **state)
{
    (void)state;
    world.user_exists = false;
    assert_int_equal(login_collect(handle, &login), -ESRCH);
    world.user_exists = true;
    world.user = NULL;
    assert_int_equal(login_collect(handle, &login), -ESRCH);
    world.user = "";
    assert_int_equal(login_collect(handle, &login), -ESRCH);
}

static void test_login_collect__no_service__einval(void **state)
{
    (void)state;
    world.service = NULL;
    assert_int_equal(login_collect(handle, &login), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape_text__any_bytes__as_documented),
        cmocka_unit_test(test_escape_text__does_not_fit__cut_behind_whole_characters),

        LOGIN_TEST(test_login_collect__all_known__all_in_request),
        LOGIN_TEST(test_login_collect__absent_or_empty__absent),
        LOGIN_TEST(test_login_collect__several_authentications__newlines_between_escaped),
        LOGIN_TEST(test_login_collect__overlong_values__cut_and_encodable),
        LOGIN_TEST(test_login_collect__as_many_groups_as_are_sent__all_of_them),
        LOGIN_TEST(test_login_collect__more_groups_than_are_sent__first_ones_and_rest_counted),
        LOGIN_TEST(test_login_collect__groups_cannot_be_read__enomem),
        LOGIN_TEST(test_login_collect__all_at_their_longest__fit_into_one_message),
        LOGIN_TEST(test_login_collect__no_such_user__esrch),
        LOGIN_TEST(test_login_collect__no_service__einval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
