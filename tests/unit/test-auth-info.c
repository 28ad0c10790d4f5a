/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is made of SSH_AUTH_INFO_0 (daemon/auth-info.h). The keys, the certificates and their
 * fingerprints are ssh-keygen's (OpenSSH 9.2); the private halves were thrown away.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/auth-info.h"

static const struct vector {
    const char *type;
    const char *base64;
    const char *fingerprint; /* "ssh-keygen -l" */
} vectors[] = {
    {"ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIEeY1MzVR3xYVZjL/o2EqORJGnRqL9Y1LoEvBgOqhcgX",
     "SHA256:l1rXiqyOt2TIlTN2aNquTzQ94dkr86xj+1jtgZAP7iU"},
    {"ssh-ed25519-cert-v01@openssh.com",
     "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAINOrW/wPOICIXApIT1xvOslPYok5"
     "X8MJj2sCEU+BbEM2AAAAIEeY1MzVR3xYVZjL/o2EqORJGnRqL9Y1LoEvBgOqhcgXAAAAAAAAAAAAAAAB"
     "AAAAAmlkAAAACQAAAAVhbGljZQAAAAAAAAAA//////////8AAAAAAAAAggAAABVwZXJtaXQtWDExLWZv"
     "cndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9ydC1m"
     "b3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAAAAAA"
     "MwAAAAtzc2gtZWQyNTUxOQAAACA+DVuw19m1+80I3qfxhAKo7eJFnWnrh2+KERrINnoUTwAAAFMAAAAL"
     "c3NoLWVkMjU1MTkAAABAwuEgJB9YPv41fSlDccX6Y1TQuT16skRPRxg/iexiOSYgqqkb1/yRcFXcOGLW"
     "xAWMhxdS5MCyZK+faQGK9OQSAg==",
     "SHA256:l1rXiqyOt2TIlTN2aNquTzQ94dkr86xj+1jtgZAP7iU"},
    {"ssh-rsa",
     "AAAAB3NzaC1yc2EAAAADAQABAAAAgQD7PF4V3xdLZpH/W47nDtGOEMcF09y5cO9TzFLviWEQhuWTCHOe"
     "eBhMUaSR/16H17D59b4RgS09OjH4cYK5qyuTXlrNhb6Yano482stAUDEL8M0W9uIreegM8IH7l9u/TK1"
     "PRdvolDcw6/m1Q2O60WLpn1XgVozsiQwovTuQHp2Ow==",
     "SHA256:o4RVVHAcXxF4rFVr2MjBcekAbiCDun8eaDrLr9Vc/aM"},
    {"ssh-rsa-cert-v01@openssh.com",
     "AAAAHHNzaC1yc2EtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgxNPncaHBT3AxKXtC5Tk5O22EXo//sA7V"
     "Y+zXjXi96dsAAAADAQABAAAAgQD7PF4V3xdLZpH/W47nDtGOEMcF09y5cO9TzFLviWEQhuWTCHOeeBhM"
     "UaSR/16H17D59b4RgS09OjH4cYK5qyuTXlrNhb6Yano482stAUDEL8M0W9uIreegM8IH7l9u/TK1PRdv"
     "olDcw6/m1Q2O60WLpn1XgVozsiQwovTuQHp2OwAAAAAAAAAAAAAAAQAAAAJpZAAAAAkAAAAFYWxpY2UA"
     "AAAAAAAAAP//////////AAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJt"
     "aXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVy"
     "bWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAg"
     "Pg1bsNfZtfvNCN6n8YQCqO3iRZ1p64dvihEayDZ6FE8AAABTAAAAC3NzaC1lZDI1NTE5AAAAQO+l5hX4"
     "Vg5NPYDViCIPGCpkBP2PxTtq//DieLb9vk7Fe9GSGtGmNItB3qeS6PwunhSt814rkH1GV1KVp82XKQI=",
     "SHA256:o4RVVHAcXxF4rFVr2MjBcekAbiCDun8eaDrLr9Vc/aM"},
    {"ecdsa-sha2-nistp256",
     "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGeqDqeWMtOhXqtq/6LjhuZpI4V1"
     "q32sS6EsusT9SVey2rmyiq9UpqQDJ0HZu9k1sVjjE0YbNUfpRSzPhbEC5G4=",
     "SHA256:7IVFn8TdE1qI8HsuE8PhInvZKF+8dlOVvHG1NqJn62g"},
    {"ecdsa-sha2-nistp256-cert-v01@openssh.com",
     "AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgV/1UbFL4oSWasqgc"
     "ixy48Egko693mIcTk8GNIzKPoNsAAAAIbmlzdHAyNTYAAABBBGeqDqeWMtOhXqtq/6LjhuZpI4V1q32s"
     "S6EsusT9SVey2rmyiq9UpqQDJ0HZu9k1sVjjE0YbNUfpRSzPhbEC5G4AAAAAAAAAAAAAAAEAAAACaWQA"
     "AAAJAAAABWFsaWNlAAAAAAAAAAD//////////wAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGlu"
     "ZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRp"
     "bmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3Nz"
     "aC1lZDI1NTE5AAAAID4NW7DX2bX7zQjep/GEAqjt4kWdaeuHb4oRGsg2ehRPAAAAUwAAAAtzc2gtZWQy"
     "NTUxOQAAAEBN70r+jJrRFDXByzXXIyxUVHPjgM0l8G+E1lMYfO0fuZ3HEVPD91Hi1bcDRGHMO2s04oy5"
     "m6GN5u5XmLyNvZQN",
     "SHA256:7IVFn8TdE1qI8HsuE8PhInvZKF+8dlOVvHG1NqJn62g"},
    {"sk-ssh-ed25519@openssh.com",
     "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIEeY1MzVR3xYVZjL/o2EqORJGnRqL9Y1LoEv"
     "BgOqhcgXAAAABHNzaDo=",
     "SHA256:T2NOFKoMCom7Ve1gER6C3V5wgp9aorl5zflgSytBOLk"},
    {"sk-ssh-ed25519-cert-v01@openssh.com",
     "AAAAI3NrLXNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIFIGIctrjH7gCjZFm6S27DFy"
     "1Nkv9ilA4vZj3sDgOwy8AAAAIEeY1MzVR3xYVZjL/o2EqORJGnRqL9Y1LoEvBgOqhcgXAAAABHNzaDoA"
     "AAAAAAAAAAAAAAEAAAACaWQAAAAJAAAABWFsaWNlAAAAAAAAAAD//////////wAAAAAAAACCAAAAFXBl"
     "cm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBl"
     "cm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJj"
     "AAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAID4NW7DX2bX7zQjep/GEAqjt4kWdaeuHb4oRGsg2"
     "ehRPAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEAma4OhKBAJN54N0zUHuNFyJ1baRcnYA8dG8t5aj2yuGIKL"
     "kKfHJLGBmozjKHI8WbSrEGEiQcqMCrSznH0yJaUB",
     "SHA256:T2NOFKoMCom7Ve1gER6C3V5wgp9aorl5zflgSytBOLk"},
    {"sk-ecdsa-sha2-nistp256@openssh.com",
     "AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBGeqDqeW"
     "MtOhXqtq/6LjhuZpI4V1q32sS6EsusT9SVey2rmyiq9UpqQDJ0HZu9k1sVjjE0YbNUfpRSzPhbEC5G4A"
     "AAAEc3NoOg==",
     "SHA256:WJW3yU4zNWxwfy7nkpjMjm7jGvAnpiZZDocwp9hRKpE"},
    {"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
     "AAAAK3NrLWVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgyWmqASzKtEWB"
     "GH+MC8oObCgEV6Xvl+IBe1iWUjaVz8AAAAAIbmlzdHAyNTYAAABBBGeqDqeWMtOhXqtq/6LjhuZpI4V1"
     "q32sS6EsusT9SVey2rmyiq9UpqQDJ0HZu9k1sVjjE0YbNUfpRSzPhbEC5G4AAAAEc3NoOgAAAAAAAAAA"
     "AAAAAQAAAAJpZAAAAAkAAAAFYWxpY2UAAAAAAAAAAP//////////AAAAAAAAAIIAAAAVcGVybWl0LVgx"
     "MS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBv"
     "cnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAA"
     "AAAAADMAAAALc3NoLWVkMjU1MTkAAAAgPg1bsNfZtfvNCN6n8YQCqO3iRZ1p64dvihEayDZ6FE8AAABT"
     "AAAAC3NzaC1lZDI1NTE5AAAAQGdoPFWOymbykilJyIXGM3jawfi01oG1lO7tpbASMq7+9L1Pu9IcokIU"
     "B254hcXI1901EKw9y67oTx0eL+RTbQ8=",
     "SHA256:WJW3yU4zNWxwfy7nkpjMjm7jGvAnpiZZDocwp9hRKpE"},
};

static const struct vector *const ed25519 = &vectors[0], *const certificate = &vectors[1];

enum { TEXT_BYTES = 8192, KEY_TEXT_BYTES = 2048 };

/* A line about a key, with what stands before and behind it. */
static void parse_between(const char *before, const struct vector *key, const char *behind,
                          struct auth_info *ret)
{
    char text[TEXT_BYTES];

    (void)snprintf(text, sizeof(text), "%spublickey %s %s%s", before, key->type, key->base64,
                   behind);
    auth_info_parse(text, ret);
}

static void parse_key(const char *type, const char *base64, struct auth_info *ret)
{
    parse_between("", &(struct vector){.type = type, .base64 = base64}, "\n", ret);
}

/* A key that is not good: the method is told, a fingerprint is not. */
static void assert_malformed(const char *type, const char *base64)
{
    struct auth_info info;

    parse_key(type, base64, &info);
    assert_true(info.malformed);
    assert_int_equal(info.expires_usec, -1);
    assert_string_equal(info.method, "publickey");
    assert_string_equal(info.fingerprint, "");
}

static void test_auth_info_parse__keys_and_certificates__as_ssh_keygen(void **state)
{
    (void)state;
    for (size_t i = 0; i < ELEMENTS(vectors); i++) {
        struct auth_info info;

        parse_key(vectors[i].type, vectors[i].base64, &info);
        assert_string_equal(info.method, "publickey");
        assert_string_equal(info.fingerprint, vectors[i].fingerprint);
        assert_int_equal(info.expires_usec, -1); /* the certificates are for ever */
        assert_false(info.malformed);
    }
}

static void test_auth_info_parse__nothing__nothing(void **state)
{
    static const char *const texts[] = {NULL, "", "\n", "\\n", "\n\\n\n"};

    (void)state;
    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        struct auth_info info = {.method = "old", .fingerprint = "old", .malformed = true};

        auth_info_parse(texts[i], &info);
        assert_string_equal(info.method, "");
        assert_string_equal(info.fingerprint, "");
        assert_int_equal(info.expires_usec, -1);
        assert_false(info.malformed);
    }
}

static void test_auth_info_parse__method_alone__no_fingerprint(void **state)
{
    static const struct {
        const char *text, *method;
        bool malformed;
    } cases[] = {
        {"password", "password", false},
        {"password\n", "password", false},
        {"keyboard-interactive/pam\\n", "keyboard-interactive/pam", false},
        {"gssapi-with-mic alice@EXAMPLE.ORG\n", "gssapi-with-mic", false},
        {"gssapi-with-mic alice liddell@EXAMPLE.ORG\n", "gssapi-with-mic", false},
        {"publickey", "publickey", true},
        {"publickey ssh-ed25519", "publickey", true},
        {"publickey ssh-ed25519 ", "publickey", true},
        {"hostbased", "hostbased", true},
        {"x x-cert-v01@openssh.com", "x", true},
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct auth_info info;

        auth_info_parse(cases[i].text, &info);
        assert_string_equal(info.method, cases[i].method);
        assert_string_equal(info.fingerprint, "");
        assert_int_equal(info.expires_usec, -1);
        assert_int_equal(info.malformed, cases[i].malformed);
    }
}

static void test_auth_info_parse__several_lines__last_method_and_last_key(void **state)
{
    static const struct {
        const char *before, *behind, *method;
    } cases[] = {
        {"password\n", "\n", "publickey"},
        {"password\\n", "", "publickey"},
        {"", "\npassword\n", "password"},
        {"", "\\nkeyboard-interactive/pam\\npassword", "password"},
        {"publickey x AAAAAXgAAAAA\n", "\npassword", "password"}, /* a key of type x */
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct auth_info info;

        parse_between(cases[i].before, ed25519, cases[i].behind, &info);
        assert_string_equal(info.method, cases[i].method);
        assert_string_equal(info.fingerprint, ed25519->fingerprint);
        assert_false(info.malformed);
    }
}

static void test_auth_info_parse__one_of_several_lines_bad__malformed(void **state)
{
    static const char *const lines[] = {"\npublickey ssh-ed25519 AAAA\n", "\npublickey\n",
                                        "\npass,word\n", "\n password\n", "\n \n"};

    (void)state;
    for (size_t i = 0; i < ELEMENTS(lines); i++) {
        struct auth_info info;

        parse_between(lines[i], ed25519, "\npassword", &info);
        assert_true(info.malformed);
        assert_string_equal(info.fingerprint, ed25519->fingerprint);
        parse_between("password\n", ed25519, lines[i], &info);
        assert_true(info.malformed);
        assert_string_equal(info.method, i < 2 ? "publickey" : "");
        assert_string_equal(info.fingerprint, ed25519->fingerprint);
    }
}

static void test_auth_info_parse__words_behind_the_key__passed_over(void **state)
{
    struct auth_info info;
    char text[TEXT_BYTES];

    (void)state;
    (void)snprintf(text, sizeof(text), "hostbased %s %s alice@host", ed25519->type,
                   ed25519->base64);
    auth_info_parse(text, &info);
    assert_string_equal(info.method, "hostbased");
    assert_string_equal(info.fingerprint, ed25519->fingerprint);
    assert_false(info.malformed);
}

static void test_auth_info_parse__method_that_is_no_name__nothing_is_believed(void **state)
{
    static const char *const methods[] = {
        "public,key",
        "public\tkey",
        "public\x1bkey",
        "pu\\blickey",
        "public\xc3\xa9",
        "",
        "0123456789012345678901234567890123456789012345678901234567890123",
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(methods); i++) {
        struct auth_info info;
        char text[TEXT_BYTES];

        (void)snprintf(text, sizeof(text), "%s %s %s", methods[i], ed25519->type, ed25519->base64);
        auth_info_parse(text, &info);
        assert_string_equal(info.method, "");
        assert_string_equal(info.fingerprint, "");
        assert_true(info.malformed);
    }
}

static void test_auth_info_parse__type_does_not_match_the_key__malformed(void **state)
{
    (void)state;
    assert_malformed("ssh-rsa", ed25519->base64);
    assert_malformed("ssh-ed2551", ed25519->base64);
    assert_malformed("ssh-ed255199", ed25519->base64);
    assert_malformed(certificate->type, ed25519->base64);
    assert_malformed(ed25519->type, certificate->base64);
}

static void test_auth_info_parse__key_cut_off__malformed(void **state)
{
    char base64[KEY_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < strlen(ed25519->base64); i++) {
        (void)snprintf(base64, sizeof(base64), "%.*s", (int)i, ed25519->base64);
        assert_malformed(ed25519->type, base64);
    }
}

static void test_auth_info_parse__base64_spoiled__malformed(void **state)
{
    static const char wrong[] = "-_=.\t\x80";
    char base64[KEY_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < strlen(wrong); i++) {
        (void)snprintf(base64, sizeof(base64), "%s", ed25519->base64);
        base64[20] = wrong[i];
        assert_malformed(ed25519->type, base64);
    }
}

/* This base64 has no padding: four more digits are three more bytes behind a good key. */
static void test_auth_info_parse__bytes_behind_the_key__malformed(void **state)
{
    char base64[KEY_TEXT_BYTES];

    (void)state;
    (void)snprintf(base64, sizeof(base64), "%sAAAA", ed25519->base64);
    assert_malformed(ed25519->type, base64);
}

static void test_auth_info_parse__lengths_that_lie__malformed(void **state)
{
    static const char *const keys[] = {
        "/////3NzaC1lZDI1NTE5AAAA",     /* the type would take 4 GiB */
        "AAAADHNzaC1lZDI1NTE5AAAA",     /* one byte more than its name */
        "AAAAC3NzaC1lZDI1NTE5/////w==", /* the key would */
        "AAAAC3NzaC1lZDI1NTE5AAAA",     /* half a length */
        "AAAAC3NzaC1lZDI1NTE5",         /* no key */
        "AAAA",
        "AA==",
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(keys); i++)
        assert_malformed("ssh-ed25519", keys[i]);
}

static void test_auth_info_parse__unknown_certificate__malformed(void **state)
{
    (void)state;
    /* well-formed: the type and one field */
    assert_malformed("x-cert-v01@openssh.com", "AAAAFngtY2VydC12MDFAb3BlbnNzaC5jb20AAAABAA==");
}

/* As the module leaves it: lines that came behind are lost. */
static void test_auth_info_parse__cut_by_the_module__malformed(void **state)
{
    static const char *const ends[] = {" alice...", "\\n...", "\\npassw..."};
    struct auth_info info;

    (void)state;
    for (size_t i = 0; i < ELEMENTS(ends); i++) {
        parse_between("", ed25519, ends[i], &info);
        assert_true(info.malformed);
        assert_string_equal(info.fingerprint, ed25519->fingerprint);
    }
    parse_between("", ed25519, "...", &info);
    assert_true(info.malformed);
    assert_string_equal(info.fingerprint, "");
}

static void test_auth_info_parse__too_long__not_looked_at(void **state)
{
    char text[TEXT_BYTES];
    struct auth_info info;

    (void)state;
    memset(text, ' ', sizeof(text));
    memcpy(text, "password", strlen("password"));
    text[4097] = '\0';
    auth_info_parse(text, &info);
    assert_string_equal(info.method, "");
    assert_true(info.malformed);
    /* the longest that is read */
    text[4096] = '\0';
    auth_info_parse(text, &info);
    assert_string_equal(info.method, "password");
    assert_false(info.malformed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auth_info_parse__keys_and_certificates__as_ssh_keygen),
        cmocka_unit_test(test_auth_info_parse__nothing__nothing),
        cmocka_unit_test(test_auth_info_parse__method_alone__no_fingerprint),
        cmocka_unit_test(test_auth_info_parse__several_lines__last_method_and_last_key),
        cmocka_unit_test(test_auth_info_parse__one_of_several_lines_bad__malformed),
        cmocka_unit_test(test_auth_info_parse__words_behind_the_key__passed_over),
        cmocka_unit_test(test_auth_info_parse__method_that_is_no_name__nothing_is_believed),
        cmocka_unit_test(test_auth_info_parse__type_does_not_match_the_key__malformed),
        cmocka_unit_test(test_auth_info_parse__key_cut_off__malformed),
        cmocka_unit_test(test_auth_info_parse__base64_spoiled__malformed),
        cmocka_unit_test(test_auth_info_parse__bytes_behind_the_key__malformed),
        cmocka_unit_test(test_auth_info_parse__lengths_that_lie__malformed),
        cmocka_unit_test(test_auth_info_parse__unknown_certificate__malformed),
        cmocka_unit_test(test_auth_info_parse__cut_by_the_module__malformed),
        cmocka_unit_test(test_auth_info_parse__too_long__not_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
