/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a LoginRequest may hold (common/protocol.h). */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "common/protocol.h"

/* A LoginRequest with one member more, or the same once more where it replaces `member`. */
static int decode_login(const char *member, const char *value)
{
    static const char *const members[][2] = {
        {"service", "\"sshd\""}, {"user", "\"u\""}, {"uid", "1000"}, {"groups", "[1000]"}};
    char text[8192], memory[16384] __attribute__((aligned(16)));
    struct arena arena = {.base = memory, .size = sizeof(memory)};
    struct login_request login;
    struct json_writer writer;
    struct json object;

    json_writer_init(&writer, text, sizeof(text));
    json_begin_object(&writer);
    for (size_t i = 0; i < ELEMENTS(members); i++) {
        if (strcmp(members[i][0], member) == 0)
            continue;
        json_key(&writer, members[i][0]);
        json_raw(&writer, (struct json){.text = members[i][1], .length = strlen(members[i][1])});
    }
    json_key(&writer, member);
    json_raw(&writer, (struct json){.text = value, .length = strlen(value)});
    json_end_object(&writer);
    assert_int_equal(json_writer_finish(&writer, &object), 0);
    return fields_decode(&login_request_fields, object, &arena, &login, NULL);
}

/* The same with a string of that many bytes. */
static int decode_login_long(const char *member, size_t bytes)
{
    char value[LOGIN_AUTH_INFO_MAX_BYTES + 8];

    assert_true(bytes + 3 <= sizeof(value));
    memset(value, 'x', bytes + 2);
    value[0] = value[bytes + 1] = '"';
    value[bytes + 2] = '\0';
    return decode_login(member, value);
}

static void test_login_request__strings__bounded_and_printable(void **state)
{
    static const char *const names[] = {"service",    "user",       "terminal",     "remoteHost",
                                        "remoteUser", "connection", "logindSession"};
    (void)state;

    for (size_t i = 0; i < ELEMENTS(names); i++) {
        assert_int_equal(decode_login_long(names[i], LOGIN_STRING_MAX_BYTES), 0);
        assert_int_equal(decode_login_long(names[i], LOGIN_STRING_MAX_BYTES + 1), -EINVAL);
        assert_int_equal(decode_login(names[i], "\"a\\u001bb\""), -EINVAL);
        assert_int_equal(decode_login(names[i], "\"a\\u009bb\""), -EINVAL);
        assert_int_equal(decode_login(names[i], "1"), -EINVAL);
    }
    assert_int_equal(decode_login_long("authInfo", LOGIN_AUTH_INFO_MAX_BYTES), 0);
    assert_int_equal(decode_login_long("authInfo", LOGIN_AUTH_INFO_MAX_BYTES + 1), -EINVAL);
    assert_int_equal(decode_login("authInfo", "\"a\\nb\""), -EINVAL);
}

static void test_login_request__ids__in_the_kernels_range(void **state)
{
    (void)state;

    assert_int_equal(decode_login("uid", "0"), 0);
    assert_int_equal(decode_login("uid", "4294967294"), 0);
    assert_int_equal(decode_login("uid", "4294967295"), -EINVAL);
    assert_int_equal(decode_login("uid", "-1"), -EINVAL);
    assert_int_equal(decode_login("groups", "[]"), 0);
    assert_int_equal(decode_login("groups", "[0,4294967295]"), 0);
    assert_int_equal(decode_login("groups", "[4294967296]"), -EINVAL);
    assert_int_equal(decode_login("groups", "[-1]"), -EINVAL);
}

static void test_login_request__unknown_member__passed(void **state)
{
    (void)state;

    assert_int_equal(decode_login("newInALaterModule", "{\"a\":[]}"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login_request__strings__bounded_and_printable),
        cmocka_unit_test(test_login_request__ids__in_the_kernels_range),
        cmocka_unit_test(test_login_request__unknown_member__passed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
