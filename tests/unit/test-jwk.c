/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and sets of them (jose/jwk.h), by the examples of RFC 8037 and RFC 7638. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "jose/base64url.h"
#include "jose/jose.h"
#include "jose/jwk.h"

/* RFC 8037 appendix A.1 and A.2 */
#define RFC_SEED   "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define RFC_PUBLIC "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define GOOD_KEY   "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_PUBLIC "\""

static void decode_key(const char *text, unsigned char ret[static JWK_PUBLIC_BYTES])
{
    assert_int_equal(base64url_decode(text, strlen(text), ret, JWK_PUBLIC_BYTES), JWK_PUBLIC_BYTES);
}

static void test_jwk_pair_from_seed__rfc8037_a1__its_public_key(void **state)
{
    unsigned char seed[JWK_SEED_BYTES], public[JWK_PUBLIC_BYTES], wanted[JWK_PUBLIC_BYTES];
    unsigned char secret[JWK_SECRET_BYTES];
    (void)state;

    decode_key(RFC_SEED, seed);
    decode_key(RFC_PUBLIC, wanted);
    jwk_pair_from_seed(seed, public, secret);
    assert_memory_equal(public, wanted, sizeof(wanted));
    assert_memory_equal(secret, seed, sizeof(seed));
    assert_memory_equal(secret + sizeof(seed), wanted, sizeof(wanted));
}

static void test_jwk_thumbprint__rfc8037_a3__its_thumbprint(void **state)
{
    unsigned char public[JWK_PUBLIC_BYTES];
    char print[JWK_THUMBPRINT_LENGTH + 1];
    (void)state;

    decode_key(RFC_PUBLIC, public);
    jwk_thumbprint(public, print);
    assert_string_equal(print, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

static void test_jwk_thumbprint_of_text__rfc7638_section_3_1__its_thumbprint(void **state)
{
    static const char text[] =
        "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":"
        "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4"
        "cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArw"
        "l93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr"
        "n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCu"
        "r-kEgU8awapJzKnqDKgw\"}";
    char print[JWK_THUMBPRINT_LENGTH + 1];
    (void)state;

    jwk_thumbprint_of_text(text, strlen(text), print);
    assert_string_equal(print, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

static void test_jwk_encode__a_key__all_that_a_reader_asks_for(void **state)
{
    struct jwk jwk = {.kid = "key-1"};
    struct json_writer writer;
    struct json value;
    char buffer[512];
    (void)state;

    decode_key(RFC_PUBLIC, jwk.public_key);
    json_writer_init(&writer, buffer, sizeof(buffer));
    jwk_encode(&jwk, &writer);
    assert_int_equal(json_writer_finish(&writer, &value), 0);
    assert_string_equal(buffer,
                        "{" GOOD_KEY ",\"kid\":\"key-1\",\"alg\":\"EdDSA\",\"use\":\"sig\"}");
}

static int decode(const char *text, struct jwk_set *ret)
{
    return jwk_set_decode(text, strlen(text), ret);
}

/* Decodes a set of one key that has these further members; whether it was taken. */
static bool takes(const char *members)
{
    struct jwk_set set;
    char text[1024];

    (void)snprintf(text, sizeof(text), "{\"keys\":[{%s}]}", members);
    assert_int_equal(decode(text, &set), 0);
    return set.count == 1;
}

static void test_jwk_set_decode__keys_for_signatures_of_ours__taken(void **state)
{
    static const char *const members[] = {
        GOOD_KEY ",\"kid\":\"k\"",
        GOOD_KEY ",\"kid\":\"k\",\"use\":\"sig\",\"alg\":\"EdDSA\"",
        GOOD_KEY ",\"kid\":\"k\",\"key_ops\":[\"verify\"]",
        GOOD_KEY ",\"kid\":\"k\",\"key_ops\":[\"sign\",\"verify\"],\"d\":\"" RFC_SEED "\"",
        GOOD_KEY ",\"kid\":\"k\",\"d\":[1,2],\"ext\":true,\"x5c\":{}",
        "\"kid\":\"k\"," GOOD_KEY,
    };
    (void)state;

    for (size_t i = 0; i < ELEMENTS(members); i++)
        assert_true(takes(members[i]));
}

static void test_jwk_set_decode__keys_for_something_else__passed_over(void **state)
{
    static const char *const members[] = {
        GOOD_KEY, /* no kid */
        GOOD_KEY ",\"kid\":\"\"",
        GOOD_KEY ",\"kid\":1",
        GOOD_KEY ",\"kid\":\"a\\nb\"",
        GOOD_KEY ",\"kid\":\"k\",\"use\":\"enc\"",
        GOOD_KEY ",\"kid\":\"k\",\"use\":1",
        GOOD_KEY ",\"kid\":\"k\",\"alg\":\"ECDH-ES\"",
        GOOD_KEY ",\"kid\":\"k\",\"alg\":\"eddsa\"",
        GOOD_KEY ",\"kid\":\"k\",\"alg\":\"an algorithm with a name that is long\"",
        GOOD_KEY ",\"kid\":\"k\",\"key_ops\":[\"sign\"]",
        GOOD_KEY ",\"kid\":\"k\",\"key_ops\":[]",
        GOOD_KEY ",\"kid\":\"k\",\"key_ops\":\"verify\"",
        "\"kid\":\"k\",\"crv\":\"Ed25519\",\"x\":\"" RFC_PUBLIC "\"",
        "\"kid\":\"k\",\"kty\":\"okp\",\"crv\":\"Ed25519\",\"x\":\"" RFC_PUBLIC "\"",
        "\"kid\":\"k\",\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" RFC_PUBLIC "\"",
        "\"kid\":\"k\",\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" RFC_PUBLIC "\"",
        "\"kid\":\"k\",\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" RFC_PUBLIC "\"",
        "\"kid\":\"k\",\"kty\":\"OKP\",\"x\":\"" RFC_PUBLIC "\"",
        "\"kid\":\"k\",\"kty\":\"OKP\",\"crv\":\"Ed25519\"",
        "\"kid\":\"k\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_PUBLIC "=\"",
        "\"kid\":\"k\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
        "7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"",
        "\"kid\":\"k\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
        "7TyWQHOg7hcvPapiMlrwIaaPcHURp\"",
    };
    (void)state;

    for (size_t i = 0; i < ELEMENTS(members); i++)
        assert_false(takes(members[i]));
}

static void test_jwk_set_decode__kids_of_all_lengths__taken_up_to_the_limit(void **state)
{
    char kid[JWK_KID_MAX_BYTES + 2] = "", members[512];
    (void)state;

    memset(kid, 'k', JWK_KID_MAX_BYTES);
    (void)snprintf(members, sizeof(members), "%s,\"kid\":\"%s\"", GOOD_KEY, kid);
    assert_true(takes(members));
    kid[JWK_KID_MAX_BYTES] = 'k';
    (void)snprintf(members, sizeof(members), "%s,\"kid\":\"%s\"", GOOD_KEY, kid);
    assert_false(takes(members));
}

static void test_jwk_set_decode__not_a_set__refused_and_nothing_written(void **state)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"keys\":{}}",
        "{\"keys\":null}",
        "{\"keys\":[1]}",
        "{\"keys\":[[]]}",
        "{\"keys\":[]",
        "{\"keys\":[]} x",
        "{\"keys\":[],\"keys\":[]}",
        "{\"keys\":[{" GOOD_KEY ",\"kid\":\"k\",\"kid\":\"k\"}]}",
        "{\"keys\":[{" GOOD_KEY ",\"kid\":\"k\"},{" GOOD_KEY ",\"kid\":\"\\u006b\"}]}",
    };
    struct jwk_set set = {.count = 77};
    (void)state;

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        assert_int_equal(decode(texts[i], &set), -EBADMSG);
        assert_int_equal(set.count, 77);
    }
}

static void test_jwk_set_encode__as_many_keys_as_fit__read_back_and_no_more(void **state)
{
    static struct jwk_set set, read;
    static char text[JSON_TEXT_MAX_BYTES];
    const char more[] = ",{" GOOD_KEY ",\"kid\":\"one more\"}]}";
    struct json_writer writer;
    struct json value;
    (void)state;

    for (set.count = 0; set.count < JWK_SET_MAX; set.count++) {
        set.keys[set.count].public_key[3] = (unsigned char)set.count;
        (void)snprintf(set.keys[set.count].kid, sizeof(set.keys[0].kid), "\"%zu\"", set.count);
    }
    json_writer_init(&writer, text, sizeof(text));
    jwk_set_encode(&set, &writer);
    assert_int_equal(json_writer_finish(&writer, &value), 0);
    assert_int_equal(jwk_set_decode(value.text, value.length, &read), 0);
    assert_int_equal(read.count, JWK_SET_MAX);
    for (size_t i = 0; i < JWK_SET_MAX; i++) {
        assert_string_equal(read.keys[i].kid, set.keys[i].kid);
        assert_memory_equal(read.keys[i].public_key, set.keys[i].public_key, JWK_PUBLIC_BYTES);
    }
    memcpy(text + value.length - 2, more, sizeof(more));
    assert_int_equal(decode(text, &read), -E2BIG);
}

static void test_jwk_set_find__kids_like_it__only_the_same_one(void **state)
{
    const struct jwk_set set = {.count = 2, .keys = {{.kid = "ab"}, {.kid = "a"}, {.kid = "c"}}};
    (void)state;

    assert_ptr_equal(jwk_set_find(&set, "a"), &set.keys[1]);
    assert_null(jwk_set_find(&set, "A"));
    assert_null(jwk_set_find(&set, "abc"));
    assert_null(jwk_set_find(&set, ""));
    assert_null(jwk_set_find(&set, "c")); /* behind the end */
}

static int setup(void **state)
{
    (void)state;
    return jose_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jwk_pair_from_seed__rfc8037_a1__its_public_key),
        cmocka_unit_test(test_jwk_thumbprint__rfc8037_a3__its_thumbprint),
        cmocka_unit_test(test_jwk_thumbprint_of_text__rfc7638_section_3_1__its_thumbprint),
        cmocka_unit_test(test_jwk_encode__a_key__all_that_a_reader_asks_for),
        cmocka_unit_test(test_jwk_set_decode__keys_for_signatures_of_ours__taken),
        cmocka_unit_test(test_jwk_set_decode__keys_for_something_else__passed_over),
        cmocka_unit_test(test_jwk_set_decode__kids_of_all_lengths__taken_up_to_the_limit),
        cmocka_unit_test(test_jwk_set_decode__not_a_set__refused_and_nothing_written),
        cmocka_unit_test(test_jwk_set_encode__as_many_keys_as_fit__read_back_and_no_more),
        cmocka_unit_test(test_jwk_set_find__kids_like_it__only_the_same_one),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
