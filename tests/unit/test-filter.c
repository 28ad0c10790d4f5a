/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which sessions a filter means (daemon/filter.h). */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/filter.h"

#define ID "3f2a91c0d5e84b7796ab01cd23ef4567"

static const struct session_info session = {
    .session_id = ID,
    .user = "alice",
    .uid = 1000,
    .service = "sshd",
    .remote_host = "10.1.2.3",
    .auth_key = "SHA256:l1rXiqyOt2TIlTN2aNquTzQ94dkr86xj+1jtgZAP7iU",
    .policy = "default",
};

/* A filter with everything absent but what is named. */
#define FILTER(...) (&(struct session_filter){.uid = -1, __VA_ARGS__})

static bool matches(const struct session_filter *wire, const struct session_info *info)
{
    struct filter filter;

    assert_int_equal(filter_parse(wire, &filter, NULL), 0);
    return filter_matches(&filter, info);
}

static bool host_matches(const char *wanted, const char *host)
{
    struct session_info info = session;

    info.remote_host = host;
    return matches(FILTER(.remote_host = wanted), &info);
}

static void assert_refused(const struct session_filter *wire, const char *member)
{
    struct filter filter = {.prefix_bits = 77};
    const char *bad = NULL;

    assert_int_equal(filter_parse(wire, &filter, &bad), -EINVAL);
    assert_string_equal(bad, member);
    assert_int_equal(filter.prefix_bits, 77);
    assert_int_equal(filter_parse(wire, &filter, NULL), -EINVAL);
}

static void test_filter_matches__empty__every_session(void **state)
{
    const struct session_info bare = {.uid = -1};
    struct filter filter;

    (void)state;
    assert_true(matches(FILTER(), &session));
    assert_true(matches(FILTER(), &bare));
    assert_int_equal(filter_parse(FILTER(), &filter, NULL), 0);
    assert_true(filter_is_empty(&filter));
}

static void test_filter_is_empty__any_member__false(void **state)
{
    const struct session_filter *const wires[] = {
        FILTER(.session_id = "3f2a"),       FILTER(.user = "alice"), FILTER(.service = "sshd"),
        FILTER(.remote_host = "h"),         FILTER(.auth_key = ""),  FILTER(.policy = "default"),
        &(struct session_filter){.uid = 0},
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(wires); i++) {
        struct filter filter;

        assert_int_equal(filter_parse(wires[i], &filter, NULL), 0);
        assert_false(filter_is_empty(&filter));
    }
}

static void test_filter_matches__each_member__exactly(void **state)
{
    (void)state;
    assert_true(matches(FILTER(.user = "alice"), &session));
    assert_false(matches(FILTER(.user = "Alice"), &session));
    assert_false(matches(FILTER(.user = "alic"), &session));
    assert_true(matches(&(struct session_filter){.uid = 1000}, &session));
    assert_false(matches(&(struct session_filter){.uid = 0}, &session));
    assert_true(matches(FILTER(.service = "sshd"), &session));
    assert_false(matches(FILTER(.service = "sshd2"), &session));
    assert_true(matches(FILTER(.policy = "default"), &session));
    assert_false(matches(FILTER(.policy = ""), &session));
    assert_true(matches(FILTER(.auth_key = session.auth_key), &session));
    assert_false(matches(FILTER(.auth_key = "SHA256:l1rXiqyOt2TIlTN2"), &session));
}

static void test_filter_matches__several_members__all_must_agree(void **state)
{
    struct session_filter wire = {.session_id = "3f2a",
                                  .user = "alice",
                                  .uid = 1000,
                                  .service = "sshd",
                                  .remote_host = "10.0.0.0/8",
                                  .auth_key = session.auth_key,
                                  .policy = "default"};

    (void)state;
    assert_true(matches(&wire, &session));
    wire.policy = "other";
    assert_false(matches(&wire, &session));
    wire.policy = "default";
    wire.uid = 1001;
    assert_false(matches(&wire, &session));
}

static void test_filter_matches__session_without_the_member__false(void **state)
{
    const struct session_info bare = {.uid = -1};

    (void)state;
    assert_false(matches(FILTER(.session_id = "0000"), &bare));
    assert_false(matches(FILTER(.user = ""), &bare));
    assert_false(matches(&(struct session_filter){.uid = 0}, &bare));
    assert_false(matches(FILTER(.service = ""), &bare));
    assert_false(matches(FILTER(.remote_host = "h"), &bare));
    assert_false(matches(FILTER(.remote_host = "0.0.0.0/0"), &bare));
    assert_false(matches(FILTER(.auth_key = ""), &bare));
    assert_false(matches(FILTER(.policy = ""), &bare));
}

static void test_filter_matches__session_id__by_its_beginning(void **state)
{
    (void)state;
    assert_true(matches(FILTER(.session_id = ID), &session));
    assert_true(matches(FILTER(.session_id = "3f2a"), &session));
    assert_true(matches(FILTER(.session_id = "3F2A91C0"), &session));
    assert_false(matches(FILTER(.session_id = "f2a9"), &session));
    assert_false(matches(FILTER(.session_id = "3f2a91c1"), &session));
}

static void test_filter_parse__session_id_that_is_none__refused(void **state)
{
    static const char *const ids[] = {
        "",          "3f2",   "3f2g",
        "3f2a ",     " 3f2a", "0x3f2a",
        "3f2a-91c0", "3f2%",  "3f2a91c0d5e84b7796ab01cd23ef45670",
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(ids); i++)
        assert_refused(FILTER(.session_id = ids[i]), "sessionId");
}

static void test_filter_matches__address__as_an_address(void **state)
{
    (void)state;
    assert_true(host_matches("10.1.2.3", "10.1.2.3"));
    assert_false(host_matches("10.1.2.3", "10.1.2.33"));
    assert_true(host_matches("2001:db8::1", "2001:DB8:0:0::1"));
    assert_false(host_matches("2001:db8::1", "2001:db8::2"));
    assert_true(host_matches("10.1.2.3", "::ffff:10.1.2.3"));
    assert_true(host_matches("::ffff:a01:203", "10.1.2.3"));
    assert_false(host_matches("::10.1.2.3", "10.1.2.3"));
    assert_false(host_matches("10.1.2.3", "host"));
    assert_true(host_matches("fe80::1", "fe80::1%eth0"));
    assert_false(host_matches("fe80::1%eth1", "fe80::1%eth0"));
    assert_true(host_matches("fe80::1%eth0", "fe80::1%eth0"));
}

static void test_filter_matches__ipv4_range__inside_only(void **state)
{
    (void)state;
    assert_true(host_matches("10.0.0.0/8", "10.255.255.255"));
    assert_false(host_matches("10.0.0.0/8", "11.0.0.0"));
    assert_true(host_matches("10.1.2.0/23", "10.1.3.4"));
    assert_false(host_matches("10.1.2.0/23", "10.1.4.0"));
    assert_true(host_matches("10.1.2.3/32", "10.1.2.3"));
    assert_false(host_matches("10.1.2.3/32", "10.1.2.2"));
    assert_true(host_matches("10.1.2.2/31", "::ffff:10.1.2.3"));
    assert_true(host_matches("0.0.0.0/0", "192.0.2.1"));
    assert_false(host_matches("0.0.0.0/0", "2001:db8::1"));
    assert_false(host_matches("0.0.0.0/0", "host"));
    assert_false(host_matches("10.0.0.0/8", ""));
    assert_false(host_matches("10.0.0.0/8", "10.1.2.3/32"));
}

static void test_filter_matches__ipv6_range__inside_only(void **state)
{
    (void)state;
    assert_true(host_matches("2001:db8::/32", "2001:db8:ffff::1"));
    assert_false(host_matches("2001:db8::/32", "2001:db9::1"));
    assert_true(host_matches("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(host_matches("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(host_matches("2001:db8::1/128", "2001:db8::1"));
    assert_true(host_matches("fe80::/10", "fe80::1%eth0"));
    assert_true(host_matches("::/0", "2001:db8::1"));
    /* about IPv6: no IPv4 login may be ended by it */
    assert_false(host_matches("::/0", "10.1.2.3"));
    assert_false(host_matches("::/0", "::ffff:10.1.2.3"));
    /* but one that holds nothing else is about IPv4 */
    assert_true(host_matches("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert_false(host_matches("::ffff:10.0.0.0/104", "11.1.2.3"));
    assert_true(host_matches("::ffff:0:0/96", "11.1.2.3"));
}

static void test_filter_matches__name__as_text_in_either_case(void **state)
{
    (void)state;
    assert_true(host_matches("Bastion.Example.org", "bastion.example.ORG"));
    assert_false(host_matches("bastion", "bastion.example.org"));
    assert_false(host_matches("bastion", "10.1.2.3"));
    assert_true(host_matches("10.example", "10.example"));
}

static void test_filter_parse__address_or_range_that_is_none__refused(void **state)
{
    static const char *const texts[] = {
        "",
        "10.1.2",
        "10.1.2.300",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/ 8",
        "10.0.0.0/8 ",
        "10.0.0.0/08",
        "10.0.0.0/8x",
        "10.0.0.0/8/8",
        "10.0.0.0/4294967304",
        "10.0.0/8",
        "10/8",
        "host/8",
        "10.0.0.0/255.0.0.0",
        "2001:db8::/129",
        "2001:db8::/32/",
        "fe80::%eth0/10",
        /* bits behind the prefix: which range is meant? */
        "10.0.0.1/8",
        "0.0.0.1/0",
        "2001:db8::1/32",
        "::ffff:10.0.0.1/104",
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(texts); i++)
        assert_refused(FILTER(.remote_host = texts[i]), "remoteHost");
}

static void test_filter_parse__very_long_host__a_name(void **state)
{
    char host[257];

    (void)state;
    memset(host, 'a', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    assert_true(host_matches(host, host));
    host[100] = '/';
    assert_refused(FILTER(.remote_host = host), "remoteHost");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filter_matches__empty__every_session),
        cmocka_unit_test(test_filter_is_empty__any_member__false),
        cmocka_unit_test(test_filter_matches__each_member__exactly),
        cmocka_unit_test(test_filter_matches__several_members__all_must_agree),
        cmocka_unit_test(test_filter_matches__session_without_the_member__false),
        cmocka_unit_test(test_filter_matches__session_id__by_its_beginning),
        cmocka_unit_test(test_filter_parse__session_id_that_is_none__refused),
        cmocka_unit_test(test_filter_matches__address__as_an_address),
        cmocka_unit_test(test_filter_matches__ipv4_range__inside_only),
        cmocka_unit_test(test_filter_matches__ipv6_range__inside_only),
        cmocka_unit_test(test_filter_matches__name__as_text_in_either_case),
        cmocka_unit_test(test_filter_parse__address_or_range_that_is_none__refused),
        cmocka_unit_test(test_filter_parse__very_long_host__a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
