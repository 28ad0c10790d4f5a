/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is made of the certificates in SSH_AUTH_INFO_0 (daemon/auth-info.h): the end of their
 * validity, and that nothing but that can be got out of them by spoiling them. They are
 * ssh-keygen's (OpenSSH 9.2), for the keys in test-auth-info.c; the authority's private half was
 * thrown away.
 */
#include "config.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/auth-info.h"
#include "daemon/clock.h"

enum { WIRE_MAX_BYTES = 1024, TEXT_BYTES = 4096 };

#define SERIAL      UINT64_C(0x1122334455667788)
#define VALID_AFTER UINT64_C(1893456000) /* seconds, 2030-01-01 */
#define DAY         UINT64_C(86400)

#define PLAIN_KEY "publickey x AAAAAXgAAAAA\n" /* its type, and an empty string */

struct certificate {
    const char *type;
    const char *base64;
    uint64_t valid_before; /* seconds */
};

/* ssh-keygen -s CA -I alice@2030 -n alice,ops -z 1234605616436508552 -O clear -O permit-pty
 * -O source-address=192.0.2.0/24 -V 20300101000000Z:20300102000000Z; the other two a day more each
 */
static const struct certificate certificates[] = {
    {"ssh-ed25519-cert-v01@openssh.com",
     "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIDP+YsImuJNn6pbYSZECAEua4QDX"
     "Ddy2nWq6VgFxCOe9AAAAIEeY1MzVR3xYVZjL/o2EqORJGnRqL9Y1LoEvBgOqhcgXESIzRFVmd4gAAAAB"
     "AAAACmFsaWNlQDIwMzAAAAAQAAAABWFsaWNlAAAAA29wcwAAAABw29iAAAAAAHDdKgAAAAAmAAAADnNv"
     "dXJjZS1hZGRyZXNzAAAAEAAAAAwxOTIuMC4yLjAvMjQAAAASAAAACnBlcm1pdC1wdHkAAAAAAAAAAAAA"
     "ADMAAAALc3NoLWVkMjU1MTkAAAAg+MXYg5UGR0s0W7DJ1wksruibKbBO+LbapgSTYQBDZQQAAABTAAAA"
     "C3NzaC1lZDI1NTE5AAAAQF9fonzWJb05ffyzX7Z6UgX6A45xvi3wXNBVVIVwS3JwLXYV9kxda/8d7KG+"
     "AqMKq32yHyEKxd6d5rH997qDeQ4=",
     VALID_AFTER + 1 * DAY},
    {"ecdsa-sha2-nistp256-cert-v01@openssh.com",
     "AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgqM4y46YuMttVvdeu"
     "a06WoluHQEbhfn+Y3kFK/t4/3nIAAAAIbmlzdHAyNTYAAABBBGeqDqeWMtOhXqtq/6LjhuZpI4V1q32s"
     "S6EsusT9SVey2rmyiq9UpqQDJ0HZu9k1sVjjE0YbNUfpRSzPhbEC5G4RIjNEVWZ3iAAAAAEAAAAKYWxp"
     "Y2VAMjAzMAAAABAAAAAFYWxpY2UAAAADb3BzAAAAAHDb2IAAAAAAcN57gAAAACYAAAAOc291cmNlLWFk"
     "ZHJlc3MAAAAQAAAADDE5Mi4wLjIuMC8yNAAAABIAAAAKcGVybWl0LXB0eQAAAAAAAAAAAAAAMwAAAAtz"
     "c2gtZWQyNTUxOQAAACD4xdiDlQZHSzRbsMnXCSyu6JspsE74ttqmBJNhAENlBAAAAFMAAAALc3NoLWVk"
     "MjU1MTkAAABA7qzd+vt/w+R8HzXDbE4lMCiR4T60nZuBn9+Sd5UHOnr4hYZdi8fji3jsROQuDAWqm9Y9"
     "4Y8NPTkvNY2bZ7ZyAA==",
     VALID_AFTER + 2 * DAY},
    {"ssh-rsa-cert-v01@openssh.com",
     "AAAAHHNzaC1yc2EtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgVea8Qa8Pk1XpB7H5qGEdkeeKmmge9Kum"
     "T4202mOssBkAAAADAQABAAAAgQD7PF4V3xdLZpH/W47nDtGOEMcF09y5cO9TzFLviWEQhuWTCHOeeBhM"
     "UaSR/16H17D59b4RgS09OjH4cYK5qyuTXlrNhb6Yano482stAUDEL8M0W9uIreegM8IH7l9u/TK1PRdv"
     "olDcw6/m1Q2O60WLpn1XgVozsiQwovTuQHp2OxEiM0RVZneIAAAAAQAAAAphbGljZUAyMDMwAAAAEAAA"
     "AAVhbGljZQAAAANvcHMAAAAAcNvYgAAAAABw380AAAAAJgAAAA5zb3VyY2UtYWRkcmVzcwAAABAAAAAM"
     "MTkyLjAuMi4wLzI0AAAAEgAAAApwZXJtaXQtcHR5AAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAA"
     "IPjF2IOVBkdLNFuwydcJLK7omymwTvi22qYEk2EAQ2UEAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEArP7oM"
     "acixJb1XPZx+Z8O4/J3vPsuBLW/0Iyczi1wsf9TJOgMGXEKoF4lsJnILKcWgm/vimbDj6XEkDNcYcnAM",
     VALID_AFTER + 3 * DAY},
};

static const struct certificate *const ed25519 = &certificates[0], *const ecdsa = &certificates[1];

/* ssh-keygen -s CA -h, and the rest like the first of the above */
static const struct certificate host = {
    "ssh-ed25519-cert-v01@openssh.com",
    "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAID68zi6NUAFFXkMWOYpWGvUEh6Tr"
    "wURW7cdWC4X6WN/zAAAAIEeY1MzVR3xYVZjL/o2EqORJGnRqL9Y1LoEvBgOqhcgXESIzRFVmd4gAAAAC"
    "AAAACmFsaWNlQDIwMzAAAAAQAAAABWFsaWNlAAAAA29wcwAAAABw29iAAAAAAHDdKgAAAAAAAAAAAAAA"
    "AAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIPjF2IOVBkdLNFuwydcJLK7omymwTvi22qYEk2EAQ2UEAAAA"
    "UwAAAAtzc2gtZWQyNTUxOQAAAEBiNeU80Cs2eZbJm+nYgWlNVLoWF5QuKLhqbPt/hp98u36TmRIF5Kfj"
    "Yb6zh7zFGwhbApHSVgJs6sHORuCZXRcG",
    VALID_AFTER + DAY};

/* A certificate's bytes, and where in them is what the tests spoil. */
struct wire {
    unsigned char bytes[WIRE_MAX_BYTES];
    size_t length;
    size_t serial, valid_after, valid_before;
};

static void put_number(unsigned char *bytes, size_t count, uint64_t number)
{
    for (size_t i = count; i-- > 0; number >>= 8)
        bytes[i] = (unsigned char)number;
}

static uint64_t get_number(const unsigned char *bytes, size_t count)
{
    uint64_t number = 0;

    for (size_t i = 0; i < count; i++)
        number = number << 8 | bytes[i];
    return number;
}

static size_t find_number(const struct wire *wire, uint64_t number)
{
    unsigned char bytes[8];
    const unsigned char *found;

    put_number(bytes, sizeof(bytes), number);
    found = memmem(wire->bytes, wire->length, bytes, sizeof(bytes));
    assert_non_null(found);
    return (size_t)(found - wire->bytes);
}

static struct wire decode(const struct certificate *certificate)
{
    struct wire wire = {.length = 0};

    assert_int_equal(sodium_base642bin(wire.bytes, sizeof(wire.bytes), certificate->base64,
                                       strlen(certificate->base64), NULL, &wire.length, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    wire.serial = find_number(&wire, SERIAL);
    wire.valid_after = find_number(&wire, VALID_AFTER);
    wire.valid_before = find_number(&wire, certificate->valid_before);
    return wire;
}

static struct auth_info parse_wire(const char *type, const struct wire *wire)
{
    char base64[TEXT_BYTES / 2], text[TEXT_BYTES];
    struct auth_info info;

    (void)sodium_bin2base64(base64, sizeof(base64), wire->bytes, wire->length,
                            sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(text, sizeof(text), "publickey %s %s\n", type, base64);
    auth_info_parse(text, &info);
    return info;
}

static void assert_malformed(const char *type, const struct wire *wire)
{
    struct auth_info info = parse_wire(type, wire);

    assert_true(info.malformed);
    assert_int_equal(info.expires_usec, -1);
    assert_string_equal(info.fingerprint, "");
}

static void assert_expires(const char *type, const struct wire *wire, int64_t usec)
{
    struct auth_info info = parse_wire(type, wire);

    assert_false(info.malformed);
    assert_int_equal(info.expires_usec, usec);
    assert_string_not_equal(info.fingerprint, "");
}

static int64_t usec_of(uint64_t seconds)
{
    return (int64_t)seconds * USEC_PER_SEC;
}

static void test_auth_info_parse__certificate__expires_with_its_validity(void **state)
{
    (void)state;
    for (size_t i = 0; i < ELEMENTS(certificates); i++) {
        struct wire wire = decode(&certificates[i]);

        assert_expires(certificates[i].type, &wire, usec_of(certificates[i].valid_before));
    }
}

static void test_auth_info_parse__several_certificates__the_earliest_end(void **state)
{
    static const char *const between[] = {"\n", "\\n", "\npassword\n"};

    (void)state;
    for (size_t i = 0; i < ELEMENTS(between) * 2; i++) {
        const struct certificate *first = i % 2 == 0 ? ed25519 : ecdsa;
        const struct certificate *second = i % 2 == 0 ? ecdsa : ed25519;
        struct auth_info info;
        char text[TEXT_BYTES];

        (void)snprintf(text, sizeof(text), "publickey %s %s%spublickey %s %s\n" PLAIN_KEY,
                       first->type, first->base64, between[i / 2], second->type, second->base64);
        auth_info_parse(text, &info);
        assert_false(info.malformed);
        assert_int_equal(info.expires_usec, usec_of(ed25519->valid_before));
    }
}

static void test_auth_info_parse__one_of_two_certificates_cut__malformed(void **state)
{
    struct auth_info info;
    char text[TEXT_BYTES];

    (void)state;
    (void)snprintf(text, sizeof(text), "publickey %s %.40s\npublickey %s %s\n", ed25519->type,
                   ed25519->base64, ecdsa->type, ecdsa->base64);
    auth_info_parse(text, &info);
    assert_true(info.malformed);
    assert_int_equal(info.expires_usec, usec_of(ecdsa->valid_before));
}

static void test_auth_info_parse__certificate_by_another_method__counts(void **state)
{
    struct auth_info info;
    char text[TEXT_BYTES];

    (void)state;
    (void)snprintf(text, sizeof(text), "x %s %s", ed25519->type, ed25519->base64);
    auth_info_parse(text, &info);
    assert_false(info.malformed);
    assert_int_equal(info.expires_usec, usec_of(ed25519->valid_before));
    text[strlen(text) - 4] = '\0';
    auth_info_parse(text, &info);
    assert_true(info.malformed);
    assert_int_equal(info.expires_usec, -1);
}

static void test_auth_info_parse__valid_before_at_the_limits__usec_or_for_ever(void **state)
{
    static const uint64_t longest = INT64_MAX / USEC_PER_SEC;
    struct wire wire = decode(ed25519);

    (void)state;
    put_number(wire.bytes + wire.valid_before, 8, VALID_AFTER + 1);
    assert_expires(ed25519->type, &wire, usec_of(VALID_AFTER + 1));
    put_number(wire.bytes + wire.valid_before, 8, longest);
    assert_expires(ed25519->type, &wire, usec_of(longest));
    put_number(wire.bytes + wire.valid_before, 8, longest + 1);
    assert_expires(ed25519->type, &wire, -1);
    put_number(wire.bytes + wire.valid_before, 8, UINT64_MAX);
    assert_expires(ed25519->type, &wire, -1);
}

static void test_auth_info_parse__never_valid__malformed(void **state)
{
    static const uint64_t ends[] = {0, 1, VALID_AFTER - 1, VALID_AFTER};
    struct wire wire = decode(ed25519);

    (void)state;
    for (size_t i = 0; i < ELEMENTS(ends); i++) {
        put_number(wire.bytes + wire.valid_before, 8, ends[i]);
        assert_malformed(ed25519->type, &wire);
    }
    put_number(wire.bytes + wire.valid_after, 8, UINT64_MAX);
    put_number(wire.bytes + wire.valid_before, 8, UINT64_MAX);
    assert_malformed(ed25519->type, &wire);
}

static void test_auth_info_parse__not_a_users__malformed(void **state)
{
    static const uint64_t kinds[] = {0, 2, 3, 0x01000000, UINT32_MAX};
    struct wire wire = decode(&host);

    (void)state;
    assert_malformed(host.type, &wire);
    wire = decode(ed25519);
    for (size_t i = 0; i < ELEMENTS(kinds); i++) {
        put_number(wire.bytes + wire.serial + 8, 4, kinds[i]);
        assert_malformed(ed25519->type, &wire);
    }
}

static void test_auth_info_parse__certificate_cut_anywhere__malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ELEMENTS(certificates); i++) {
        struct wire wire = decode(&certificates[i]);

        while (wire.length-- > 0)
            assert_malformed(certificates[i].type, &wire);
    }
}

static void test_auth_info_parse__bytes_behind_a_certificate__malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ELEMENTS(certificates); i++) {
        struct wire wire = decode(&certificates[i]);

        for (size_t more = 1; more <= 8; more++) { /* zeros: two of them are empty strings */
            wire.length++;
            assert_malformed(certificates[i].type, &wire);
        }
    }
}

/* Spoils the length of a string. Yields where the next one would be. */
static size_t spoil_length(const char *type, struct wire *wire, size_t at)
{
    unsigned char *length = wire->bytes + at;
    uint64_t good = get_number(length, 4);
    const uint64_t lies[] = {good + 1, good - 1, good + 4, wire->length, INT32_MAX, UINT32_MAX};

    for (size_t i = 0; i < ELEMENTS(lies); i++) {
        put_number(length, 4, lies[i]);
        assert_malformed(type, wire);
    }
    put_number(length, 4, good);
    return at + 4 + good;
}

static void test_auth_info_parse__certificate_whose_lengths_lie__malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ELEMENTS(certificates); i++) {
        const char *type = certificates[i].type;
        struct wire wire = decode(&certificates[i]);
        size_t at = 0;

        while (at < wire.serial) /* type, nonce, key */
            at = spoil_length(type, &wire, at);
        assert_int_equal(at, wire.serial);
        for (at += 8 + 4; at < wire.valid_after;) /* ID, principals */
            at = spoil_length(type, &wire, at);
        assert_int_equal(at, wire.valid_after);
        for (at += 8 + 8; at < wire.length;)
            at = spoil_length(type, &wire, at);
        assert_int_equal(at, wire.length);
    }
}

static void test_auth_info_parse__another_type_before_the_certificate__malformed(void **state)
{
    static const char *const others[] = {"ssh-ed25519", "x-cert-v01@openssh.com",
                                         "ssh-ed25519-cert-v00@openssh.com",
                                         "sk-ssh-ed25519-cert-v01@openssh.com"};
    struct wire wire = decode(ed25519);

    (void)state;
    for (size_t i = 0; i < ELEMENTS(others); i++)
        assert_malformed(others[i], &wire);
    for (size_t i = 1; i < ELEMENTS(certificates); i++)
        assert_malformed(certificates[i].type, &wire);
}

/* One byte is wrong: the certificate ends when it did, or when that byte says, or is malformed. */
static void assert_byte_is_harmless(const char *type, const struct wire *wire, size_t at,
                                    uint64_t valid_before)
{
    struct auth_info info = parse_wire(type, wire);
    uint64_t changed = get_number(wire->bytes + wire->valid_before, 8);

    if (at < wire->valid_before || at >= wire->valid_before + 8)
        assert_int_equal(changed, valid_before);
    else
        assert_int_equal(info.malformed, changed <= VALID_AFTER);
    if (info.malformed || changed > (uint64_t)(INT64_MAX / USEC_PER_SEC))
        assert_int_equal(info.expires_usec, -1);
    else
        assert_int_equal(info.expires_usec, usec_of(changed));
}

static void test_auth_info_parse__any_byte_wrong__no_other_end_is_made_of_it(void **state)
{
    static const unsigned char flips[] = {0x01, 0x04, 0x80, 0xFF};

    (void)state;
    for (size_t i = 0; i < ELEMENTS(certificates); i++) {
        struct wire wire = decode(&certificates[i]);

        for (size_t at = 0; at < wire.length * ELEMENTS(flips); at++) {
            unsigned char *byte = wire.bytes + at / ELEMENTS(flips);

            *byte ^= flips[at % ELEMENTS(flips)];
            assert_byte_is_harmless(certificates[i].type, &wire, at / ELEMENTS(flips),
                                    certificates[i].valid_before);
            *byte ^= flips[at % ELEMENTS(flips)];
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auth_info_parse__certificate__expires_with_its_validity),
        cmocka_unit_test(test_auth_info_parse__several_certificates__the_earliest_end),
        cmocka_unit_test(test_auth_info_parse__one_of_two_certificates_cut__malformed),
        cmocka_unit_test(test_auth_info_parse__certificate_by_another_method__counts),
        cmocka_unit_test(test_auth_info_parse__valid_before_at_the_limits__usec_or_for_ever),
        cmocka_unit_test(test_auth_info_parse__never_valid__malformed),
        cmocka_unit_test(test_auth_info_parse__not_a_users__malformed),
        cmocka_unit_test(test_auth_info_parse__certificate_cut_anywhere__malformed),
        cmocka_unit_test(test_auth_info_parse__bytes_behind_a_certificate__malformed),
        cmocka_unit_test(test_auth_info_parse__certificate_whose_lengths_lie__malformed),
        cmocka_unit_test(test_auth_info_parse__another_type_before_the_certificate__malformed),
        cmocka_unit_test(test_auth_info_parse__any_byte_wrong__no_other_end_is_made_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
