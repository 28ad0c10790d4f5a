/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens that were tampered with, that are of another kind, or that are no tokens (jose/jwt.h). */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "tests/unit/jwt-sample.h"

/* Makes the sample's token and returns its length. */
static size_t make(struct jwt_sample *sample)
{
    assert_int_equal(jwt_sample_try(sample, SAMPLE_HEADER, SAMPLE_PAYLOAD, NULL), 0);
    return strlen(sample->token);
}

static void test_jwt_decode__each_bit_of_a_token_turned__refused(void **state)
{
    struct jwt_sample *sample = *state;
    const size_t length = make(sample);

    for (size_t i = 0; i < length; i++)
        for (int bit = 0; bit < 8; bit++) {
            sample->token[i] = (char)(sample->token[i] ^ 1 << bit);
            assert_true(jwt_sample_read(sample, sample->token, length, NULL) > 0);
            sample->token[i] = (char)(sample->token[i] ^ 1 << bit);
        }
    assert_int_equal(jwt_sample_read(sample, sample->token, length, NULL), 0);
}

static void test_jwt_decode__a_token_cut_off_anywhere__refused(void **state)
{
    struct jwt_sample *sample = *state;
    const size_t length = make(sample);

    for (size_t i = 0; i < length; i++)
        assert_true(jwt_sample_read(sample, sample->token, i, NULL) > 0);
    for (size_t i = 1; i < length; i++)
        assert_true(jwt_sample_read(sample, sample->token + i, length - i, NULL) > 0);
}

static void test_jwt_decode__something_put_in_anywhere__refused(void **state)
{
    static const char more[] = "A=.+/ \n\r\t";
    struct jwt_sample *sample = *state;
    const size_t length = make(sample);
    char token[JWT_MAX_BYTES + 16];

    for (size_t i = 0; i <= length; i++)
        for (size_t j = 0; j < sizeof(more); j++) { /* the NUL too */
            memcpy(token, sample->token, i);
            token[i] = more[j];
            memcpy(token + i + 1, sample->token + i, length - i);
            assert_true(jwt_sample_read(sample, token, length + 1, NULL) > 0);
        }
}

static void test_jwt_decode__parts_too_many_or_too_few__malformed(void **state)
{
    struct jwt_sample *sample = *state;
    const size_t length = make(sample);
    char *first = strchr(sample->token, '.'), *second = strchr(first + 1, '.');
    char token[JWT_MAX_BYTES + 16];

    (void)snprintf(token, sizeof(token), "%s.AAAA", sample->token);
    assert_int_equal(jwt_sample_read(sample, token, strlen(token), NULL), JWT_MALFORMED);
    (void)snprintf(token, sizeof(token), "%s.", sample->token);
    assert_int_equal(jwt_sample_read(sample, token, strlen(token), NULL), JWT_MALFORMED);
    assert_int_equal(jwt_sample_read(sample, sample->token, (size_t)(second - sample->token), NULL),
                     JWT_MALFORMED);
    assert_int_equal(jwt_sample_read(sample, first, length - (size_t)(first - sample->token), NULL),
                     JWT_MALFORMED);
    /* without a signature, and without a payload */
    assert_int_equal(
        jwt_sample_read(sample, sample->token, (size_t)(second - sample->token) + 1, NULL),
        JWT_SIGNATURE);
    (void)snprintf(token, sizeof(token), "%.*s.%s", (int)(first - sample->token), sample->token,
                   second);
    assert_int_equal(jwt_sample_read(sample, token, strlen(token), NULL), JWT_SIGNATURE);
}

static void test_jwt_decode__the_parts_of_two_good_tokens__refused(void **state)
{
    struct jwt_sample *sample = *state;
    char one[2048], mixed[4096];
    size_t signature;

    (void)make(sample);
    memcpy(one, sample->token, strlen(sample->token) + 1);
    assert_int_equal(jwt_sample_try(sample,
                                    "{\"kid\":\"key-1\",\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"}",
                                    SAMPLE_PAYLOAD, NULL),
                     0);
    signature = (size_t)(strrchr(one, '.') - one);
    (void)snprintf(mixed, sizeof(mixed), "%.*s%s", (int)signature, one,
                   strrchr(sample->token, '.'));
    assert_int_equal(jwt_sample_read(sample, mixed, strlen(mixed), NULL), JWT_SIGNATURE);
}

static void test_jwt_decode__longer_than_a_token_may_be__malformed(void **state)
{
    struct jwt_sample *sample = *state;
    static char token[JWT_MAX_BYTES + 2];

    memset(token, 'A', sizeof(token) - 1);
    assert_int_equal(jwt_sample_read(sample, token, sizeof(token) - 1, NULL), JWT_MALFORMED);
    token[4] = token[9] = '.'; /* a third part of a possible length */
    assert_int_equal(jwt_sample_read(sample, token, sizeof(token) - 1, NULL), JWT_MALFORMED);
}

/* Good tokens of the standards: an HMAC (RFC 7515 appendix A.1, RFC 7519 section 3.1), no signature
 * at all (RFC 7515 appendix A.5, RFC 7519 section 6.1), and a signed text that is no access token
 * (RFC 8037 appendix A.4). */
static void test_jwt_decode__the_standards_examples__refused_for_their_headers(void **state)
{
    static const char payload[] =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0c"
        "nVlfQ";
    static const struct {
        const char *header;
        const char *payload;
        const char *signature;
    } tokens[] = {
        {"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", payload,
         "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
        {"eyJhbGciOiJub25lIn0", payload, ""},
        {"eyJhbGciOiJFZERTQSJ9", "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
         "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
    };
    struct jwt_sample *sample = *state;
    char token[512];

    for (size_t i = 0; i < ELEMENTS(tokens); i++) {
        (void)snprintf(token, sizeof(token), "%s.%s.%s", tokens[i].header, tokens[i].payload,
                       tokens[i].signature);
        assert_int_equal(jwt_sample_read(sample, token, strlen(token), NULL), JWT_HEADER);
    }
}

static void test_jwt_decode__a_set_without_keys__no_key(void **state)
{
    struct jwt_sample *sample = *state;
    const size_t length = make(sample);

    sample->keys.count = 0;
    assert_int_equal(jwt_sample_read(sample, sample->token, length, NULL), JWT_KEY);
    sample->keys.count = 2;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jwt_decode__each_bit_of_a_token_turned__refused),
        cmocka_unit_test(test_jwt_decode__a_token_cut_off_anywhere__refused),
        cmocka_unit_test(test_jwt_decode__something_put_in_anywhere__refused),
        cmocka_unit_test(test_jwt_decode__parts_too_many_or_too_few__malformed),
        cmocka_unit_test(test_jwt_decode__the_parts_of_two_good_tokens__refused),
        cmocka_unit_test(test_jwt_decode__longer_than_a_token_may_be__malformed),
        cmocka_unit_test(test_jwt_decode__the_standards_examples__refused_for_their_headers),
        cmocka_unit_test(test_jwt_decode__a_set_without_keys__no_key),
    };

    return cmocka_run_group_tests(tests, jwt_sample_setup, jwt_sample_teardown);
}
