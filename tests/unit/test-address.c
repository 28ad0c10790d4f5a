/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What address_parse() makes of a text (daemon/address.h); which hosts match is in test-filter.c.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/address.h"

static void test_address_parse__address_or_range__family_and_prefix(void **state)
{
    static const struct {
        const char *text;
        int family;
        unsigned prefix_bits;
    } cases[] = {
        {"10.1.2.3", AF_INET, 32},        {"10.0.0.0/8", AF_INET, 8},
        {"0.0.0.0/0", AF_INET, 0},        {"2001:db8::1", AF_INET6, 128},
        {"2001:db8::/33", AF_INET6, 33},  {"::/0", AF_INET6, 0},
        {"::ffff:10.1.2.3", AF_INET, 32}, {"::ffff:10.0.0.0/104", AF_INET, 8},
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct address address;
        unsigned prefix_bits;

        assert_int_equal(address_parse(cases[i].text, &address, &prefix_bits), 0);
        assert_int_equal(address.family, cases[i].family);
        assert_int_equal(prefix_bits, cases[i].prefix_bits);
    }
}

static void test_address_parse__name__no_address_and_contains_nothing(void **state)
{
    static const char *const names[] = {"host",           "10.1.2.*",      "face",
                                        "10.example.org", "*.example.org", "fe80::1%lo"};

    (void)state;
    for (size_t i = 0; i < ELEMENTS(names); i++) {
        struct address address = {.family = AF_INET};
        unsigned prefix_bits;

        assert_int_equal(address_parse(names[i], &address, &prefix_bits), 0);
        assert_int_equal(address.family, AF_UNSPEC);
        assert_false(address_contains(&address, prefix_bits, names[i]));
        assert_false(address_contains(&address, prefix_bits, "10.1.2.3"));
    }
}

static void test_address_parse__empty_or_wrong_address__refused(void **state)
{
    static const char *const texts[] = {
        "",           "host/8",       "10.0.0.1/8", "10.1.2", "10.1.2.",
        "10.1.2.300", "2001:db8:::1", "::1::",      "12345::"};

    (void)state;
    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        struct address address = {.family = 77};
        unsigned prefix_bits = 77;

        assert_int_equal(address_parse(texts[i], &address, &prefix_bits), -EINVAL);
        assert_int_equal(address.family, 77);
        assert_int_equal(prefix_bits, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_parse__address_or_range__family_and_prefix),
        cmocka_unit_test(test_address_parse__name__no_address_and_contains_nothing),
        cmocka_unit_test(test_address_parse__empty_or_wrong_address__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
