/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signed texts (jose/jws.h), by the examples of RFC 8037 and by what must not pass for a signature.
 */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "jose/jose.h"
#include "jose/jws.h"

/* RFC 8037 appendix A.1, A.4 and A.5 */
#define RFC_SEED    "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define RFC_PAYLOAD "Example of Ed25519 signing"
#define RFC_INPUT   "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
#define RFC_TOKEN \
    RFC_INPUT     \
    ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

struct pair {
    unsigned char public_key[JWK_PUBLIC_BYTES];
    unsigned char secret[JWK_SECRET_BYTES];
};

static int setup(void **state)
{
    static struct pair pair;
    unsigned char seed[JWK_SEED_BYTES];

    if (jose_init() < 0 || base64url_decode(RFC_SEED, strlen(RFC_SEED), seed, sizeof(seed)) < 0)
        return -1;
    jwk_pair_from_seed(seed, pair.public_key, pair.secret);
    *state = &pair;
    return 0;
}

static void test_jws_sign__rfc8037_a4__its_token(void **state)
{
    const struct pair *pair = *state;
    char token[256];

    assert_int_equal(jws_sign("{\"alg\":\"EdDSA\"}", RFC_PAYLOAD, strlen(RFC_PAYLOAD), pair->secret,
                              token, sizeof(token)),
                     strlen(RFC_TOKEN));
    assert_string_equal(token, RFC_TOKEN);
}

static void test_jws_sign__each_size_too_small__an_error_and_nothing_behind_it(void **state)
{
    const struct pair *pair = *state;
    char token[sizeof(RFC_TOKEN) + 1];

    for (size_t size = 0; size < sizeof(RFC_TOKEN); size++) {
        memset(token, '#', sizeof(token));
        assert_int_equal(jws_sign("{\"alg\":\"EdDSA\"}", RFC_PAYLOAD, strlen(RFC_PAYLOAD),
                                  pair->secret, token, size),
                         -ENOBUFS);
        assert_int_equal(token[size], '#');
    }
    assert_int_equal(jws_sign("{\"alg\":\"EdDSA\"}", RFC_PAYLOAD, strlen(RFC_PAYLOAD), pair->secret,
                              token, sizeof(RFC_TOKEN)),
                     strlen(RFC_TOKEN));
}

static void test_jws_sign__longer_than_a_token_may_be__an_error(void **state)
{
    static char token[2 * JWS_MAX_BYTES], payload[JWS_MAX_BYTES];
    const struct pair *pair = *state;
    /* what a header of two characters and a signature leave */
    const size_t most = BASE64URL_BYTES(JWS_MAX_BYTES - (2 + 1 + 1 + 86));
    unsigned char decoded[JWS_DECODED_MAX_BYTES];
    struct jws jws;
    int r;

    r = jws_sign("h", payload, most, pair->secret, token, sizeof(token));
    assert_in_range(r, JWS_MAX_BYTES, JWS_MAX_BYTES);
    assert_int_equal(jws_split(token, (size_t)r, decoded, sizeof(decoded), &jws), 0);
    assert_int_equal(jws_sign("h", payload, most + 1, pair->secret, token, sizeof(token)),
                     -ENOBUFS);
    assert_int_equal(jws_sign("h", payload, sizeof(payload), pair->secret, token, sizeof(token)),
                     -ENOBUFS);
}

static int split(const char *token, struct jws *ret)
{
    static unsigned char decoded[JWS_DECODED_MAX_BYTES];

    return jws_split(token, strlen(token), decoded, sizeof(decoded), ret);
}

static void test_jws_verify__rfc8037_a5__good(void **state)
{
    const struct pair *pair = *state;
    struct jws jws;

    assert_int_equal(split(RFC_TOKEN, &jws), 0);
    assert_int_equal(jws.signing_input_length, strlen(RFC_INPUT));
    assert_memory_equal(jws.signing_input, RFC_INPUT, strlen(RFC_INPUT));
    assert_int_equal(jws.header_length, strlen("{\"alg\":\"EdDSA\"}"));
    assert_memory_equal(jws.header, "{\"alg\":\"EdDSA\"}", jws.header_length);
    assert_int_equal(jws.payload_length, strlen(RFC_PAYLOAD));
    assert_memory_equal(jws.payload, RFC_PAYLOAD, jws.payload_length);
    assert_int_equal(jws_verify(&jws, pair->public_key), 0);
}

static void test_jws_split__parts_of_any_kind__three_of_strict_base64url(void **state)
{
    static const struct {
        const char *token;
        int result;
    } cases[] = {
        {"AAAA.AAAA.AAAA", 0},
        {"AAAA..AAAA", 0},
        {"AAAA.AAAA.", 0},
        {"AAAA..", 0},
        {"", -EBADMSG},
        {".", -EBADMSG},
        {"..", -EBADMSG},
        {".AAAA.AAAA", -EBADMSG},
        {"AAAA", -EBADMSG},
        {"AAAA.AAAA", -EBADMSG},
        {"AAAA.", -EBADMSG},
        {"AAAA.AAAA.AAAA.", -EBADMSG},
        {"AAAA.AAAA.AAAA.AAAA", -EBADMSG},
        {"AAAA...", -EBADMSG},
        {"AAA=.AAAA.AAAA", -EBADMSG},
        {"AAAA.AA==.AAAA", -EBADMSG},
        {"AAAA.AAAA.AA==", -EBADMSG},
        {"AB.AAAA.AAAA", -EBADMSG},
        {"AAAA.AB.AAAA", -EBADMSG},
        {"AAAA.AAAA.AB", -EBADMSG},
        {" AAAA.AAAA.AAAA", -EBADMSG},
        {"AAAA.AAAA.AAAA\n", -EBADMSG},
        {"AA+A.AAAA.AAAA", -EBADMSG},
        {"AAAA.AA/A.AAAA", -EBADMSG},
    };
    struct jws jws;
    (void)state;

    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_int_equal(split(cases[i].token, &jws), cases[i].result);
}

static void test_jws_split__over_long_or_too_little_room__errors(void **state)
{
    static char token[JWS_MAX_BYTES + 2];
    unsigned char decoded[9];
    struct jws jws;
    (void)state;

    memset(token, 'A', sizeof(token) - 1);
    token[4] = token[9] = '.';
    token[JWS_MAX_BYTES - 1] = '\0'; /* parts of 4, 4 and 8,181 characters; the last is no length */
    assert_int_equal(split(token, &jws), -EBADMSG);
    token[JWS_MAX_BYTES - 2] = '\0';
    assert_int_equal(split(token, &jws), 0);
    token[JWS_MAX_BYTES - 2] = 'A';
    token[JWS_MAX_BYTES - 1] = 'A';
    token[JWS_MAX_BYTES] = '\0';
    assert_int_equal(split(token, &jws), 0);
    token[JWS_MAX_BYTES] = 'A';
    assert_int_equal(split(token, &jws), -EBADMSG);

    assert_int_equal(jws_split("AAAA.AAAA.AAAA", 14, decoded, 9, &jws), 0);
    assert_int_equal(jws_split("AAAA.AAAA.AAAA", 14, decoded, 8, &jws), -ENOBUFS);
}

static void test_jws_verify__signatures_of_other_sizes__refused(void **state)
{
    const struct pair *pair = *state;
    struct jws jws;

    assert_int_equal(split(RFC_INPUT ".", &jws), 0);
    assert_int_equal(jws_verify(&jws, pair->public_key), -EBADMSG);
    assert_int_equal(split(RFC_TOKEN, &jws), 0);
    jws.signature_length = 63;
    assert_int_equal(jws_verify(&jws, pair->public_key), -EBADMSG);
    jws.signature_length = 65;
    assert_int_equal(jws_verify(&jws, pair->public_key), -EBADMSG);
}

/* S and S plus the group's order are the same number to a verifier that does not look (RFC 8032
 * section 8.4). */
static void test_jws_verify__the_order_added_to_s__refused(void **state)
{
    static const unsigned char order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a,       0x63,
                                            0x12, 0x58, 0xd6, 0x9c, 0xf7,       0xa2,
                                            0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    const struct pair *pair = *state;
    unsigned char signature[JWS_SIGNATURE_BYTES];
    unsigned carry = 0;
    struct jws jws;

    assert_int_equal(split(RFC_TOKEN, &jws), 0);
    memcpy(signature, jws.signature, sizeof(signature));
    jws.signature = signature;
    assert_int_equal(jws_verify(&jws, pair->public_key), 0);
    for (size_t i = 0; i < 32; i++) {
        carry += signature[32 + i] + (unsigned)order[i];
        signature[32 + i] = (unsigned char)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_int_equal(jws_verify(&jws, pair->public_key), -EBADMSG);
}

/*
 * With a public key of small order, R = B and S = 1 are a signature of every message, or of every
 * second, fourth or eighth, to a verifier that takes such keys.
 */
static void test_jws_verify__public_keys_of_small_order__refused(void **state)
{
    static const unsigned char keys[][JWK_PUBLIC_BYTES] = {
        {1},                                    /* order 1 */
        {0xec, [1 ... 30] = 0xff, [31] = 0x7f}, /* order 2 */
        {0},                                    /* order 4 */
        {[31] = 0x80},                          /* order 4 */
        {0xee, [1 ... 30] = 0xff, [31] = 0x7f}, /* order 1, not canonical */
        {0xed, [1 ... 30] = 0xff, [31] = 0x7f}, /* order 4, not canonical */
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
         0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
         0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05}, /* order 8 */
    };
    unsigned char signature[JWS_SIGNATURE_BYTES] = {0x58, [1 ... 31] = 0x66, [32] = 1};
    char input[] = "AAAA.AAAA";
    struct jws jws;
    (void)state;

    assert_int_equal(split(RFC_TOKEN, &jws), 0);
    jws.signing_input = input;
    jws.signing_input_length = strlen(input);
    jws.signature = signature;
    for (size_t i = 0; i < ELEMENTS(keys); i++)
        for (int c = 'A'; c <= 'Z'; c++)
            for (int d = 'A'; d <= 'D'; d++) {
                input[3] = (char)c;
                input[8] = (char)d;
                assert_int_equal(jws_verify(&jws, keys[i]), -EBADMSG);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jws_sign__rfc8037_a4__its_token),
        cmocka_unit_test(test_jws_sign__each_size_too_small__an_error_and_nothing_behind_it),
        cmocka_unit_test(test_jws_sign__longer_than_a_token_may_be__an_error),
        cmocka_unit_test(test_jws_verify__rfc8037_a5__good),
        cmocka_unit_test(test_jws_split__parts_of_any_kind__three_of_strict_base64url),
        cmocka_unit_test(test_jws_split__over_long_or_too_little_room__errors),
        cmocka_unit_test(test_jws_verify__signatures_of_other_sizes__refused),
        cmocka_unit_test(test_jws_verify__the_order_added_to_s__refused),
        cmocka_unit_test(test_jws_verify__public_keys_of_small_order__refused),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
