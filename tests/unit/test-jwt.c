/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making and reading tokens (jose/jwt.h): what is taken, and all that is not. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "tests/unit/jwt-sample.h"

static void test_jwt_decode__each_claim_there__all_read(void **state)
{
    struct jwt_sample *sample = *state;
    struct jwt_claims claims;

    assert_int_equal(jwt_sample_try(sample, SAMPLE_HEADER, SAMPLE_PAYLOAD, &claims), 0);
    assert_string_equal(claims.issuer, "sessmgr:host");
    assert_string_equal(claims.subject, "alice");
    assert_int_equal(claims.audiences.count, 1);
    assert_string_equal(claims.audiences.items[0], "sessmgr:host");
    assert_string_equal(claims.client_id, "sshd");
    assert_int_equal(claims.expires_sec, 1300);
    assert_int_equal(claims.issued_sec, 1000);
    assert_int_equal(claims.not_before_sec, 1000);
    assert_string_equal(claims.token_id, "0123");
    assert_string_equal(claims.session_id, "4567");
    assert_int_equal(claims.uid, 1000);
    assert_string_equal(claims.scope, "read write");
    assert_int_equal(claims.family, 7);
    assert_true(claims.bind_uid);
}

static void test_jwt_encode__claims_that_were_read__the_same_token(void **state)
{
    struct jwt_sample *sample = *state;
    struct jwt_claims claims;
    char token[JWT_MAX_BYTES + 1];
    int r;

    assert_int_equal(jwt_sample_try(sample, SAMPLE_HEADER, SAMPLE_PAYLOAD, &claims), 0);
    r = jwt_encode(&claims, SAMPLE_KID, sample->secret, token, sizeof(token));
    assert_int_equal(r, strlen(token));
    assert_string_equal(token, sample->token);
}

#define REQUIRED                                                                          \
    "\"iss\":\"i\",\"sub\":\"s\",\"client_id\":\"c\",\"exp\":9007199254740992,\"iat\":0," \
    "\"jti\":\"j\""

static void test_jwt_decode__required_claims_alone__the_others_absent(void **state)
{
    struct jwt_claims claims;

    assert_int_equal(
        jwt_sample_try(*state, SAMPLE_HEADER, "{" REQUIRED ",\"aud\":[\"a\",\"b\"]}", &claims), 0);
    assert_int_equal(claims.audiences.count, 2);
    assert_string_equal(claims.audiences.items[1], "b");
    assert_true(claims.expires_sec == JWT_SECONDS_MAX);
    assert_int_equal(claims.issued_sec, 0);
    assert_int_equal(claims.not_before_sec, -1);
    assert_null(claims.session_id);
    assert_int_equal(claims.uid, -1);
    assert_null(claims.scope);
    assert_int_equal(claims.family, -1);
    assert_false(claims.bind_uid);
}

#define KID "\"kid\":\"key-1\""
#define ALG "\"alg\":\"EdDSA\""
#define TYP "\"typ\":\"at+jwt\""

static void test_jwt_decode__headers_of_all_kinds__by_the_rules_alone(void **state)
{
    static const struct {
        const char *header;
        int result;
    } cases[] = {
        {"{" TYP "," ALG "," KID "}", 0},
        {" { " KID " , " ALG " , " TYP " } ", 0},
        {"{\"typ\":\"at+JWT\"," ALG "," KID "}", 0},
        {"{\"typ\":\"application/at+jwt\"," ALG "," KID "}", 0},
        {"{\"typ\":\"APPLICATION/AT+JWT\"," ALG "," KID "}", 0},
        {"{\"typ\":\"at\\u002bjwt\"," ALG "," KID "}", 0},
        {"{\"typ\":\"JWT\"," ALG "," KID "}", JWT_HEADER},
        {"{\"typ\":\"at+jwt2\"," ALG "," KID "}", JWT_HEADER},
        {"{\"typ\":\"at+jw\"," ALG "," KID "}", JWT_HEADER},
        {"{\"typ\":\"\"," ALG "," KID "}", JWT_HEADER},
        {"{\"typ\":\"application/\"," ALG "," KID "}", JWT_HEADER},
        {"{\"typ\":\"application/application/at+jwt\"," ALG "," KID "}", JWT_HEADER},
        {"{\"typ\":\"secevent+jwt\"," ALG "," KID "}", JWT_HEADER},
        {"{\"typ\":1," ALG "," KID "}", JWT_HEADER},
        {"{\"typ\":null," ALG "," KID "}", JWT_HEADER},
        {"{\"typ\":[\"at+jwt\"]," ALG "," KID "}", JWT_HEADER},
        {"{" ALG "," KID "}", JWT_HEADER},
        {"{\"alg\":\"none\"," TYP "," KID "}", JWT_HEADER},
        {"{\"alg\":\"None\"," TYP "," KID "}", JWT_HEADER},
        {"{\"alg\":\"HS256\"," TYP "," KID "}", JWT_HEADER},
        {"{\"alg\":\"RS256\"," TYP "," KID "}", JWT_HEADER},
        {"{\"alg\":\"ES256\"," TYP "," KID "}", JWT_HEADER},
        {"{\"alg\":\"Ed25519\"," TYP "," KID "}", JWT_HEADER},
        {"{\"alg\":\"eddsa\"," TYP "," KID "}", JWT_HEADER},
        {"{\"alg\":\"EdDSA \"," TYP "," KID "}", JWT_HEADER},
        {"{\"alg\":\"EdDSA\\u0000\"," TYP "," KID "}", JWT_HEADER},
        {"{\"alg\":\"\"," TYP "," KID "}", JWT_HEADER},
        {"{\"alg\":1," TYP "," KID "}", JWT_HEADER},
        {"{\"alg\":null," TYP "," KID "}", JWT_HEADER},
        {"{\"alg\":[\"EdDSA\"]," TYP "," KID "}", JWT_HEADER},
        {"{" TYP "," KID "}", JWT_HEADER},
        {"{\"ALG\":\"EdDSA\"," TYP "," KID "}", JWT_HEADER},
        {"{" TYP "," ALG "}", JWT_HEADER},
        {"{" TYP "," ALG ",\"kid\":\"\"}", JWT_HEADER},
        {"{" TYP "," ALG ",\"kid\":1}", JWT_HEADER},
        {"{" TYP "," ALG ",\"kid\":null}", JWT_HEADER},
        {"{" TYP "," ALG ",\"kid\":\"key-1\\u0000\"}", JWT_HEADER},
        {"{" TYP "," ALG ",\"kid\":\"key-2\"}", JWT_KEY},
        {"{" TYP "," ALG ",\"kid\":\"key-\"}", JWT_KEY},
        {"{" TYP "," ALG ",\"kid\":\"key-0\"}", JWT_SIGNATURE},
        {"{" TYP "," ALG "," KID ",\"crit\":[\"exp\"]}", JWT_HEADER},
        {"{" TYP "," ALG "," KID ",\"crit\":[]}", JWT_HEADER},
        {"{" TYP "," ALG "," KID ",\"crit\":null}", JWT_HEADER},
        {"{" TYP "," ALG "," KID ",\"cr\\u0069t\":[]}", JWT_HEADER},
        {"{" TYP "," ALG "," KID ",\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}}", 0},
        {"{" TYP "," ALG "," KID ",\"jku\":\"http://127.0.0.1/\",\"x5u\":1,\"x5c\":[\"AA\"]}", 0},
        {"{" TYP "," ALG "," KID ",\"cty\":\"JWT\",\"b64\":false,\"zip\":\"DEF\"}", 0},
        {"{" TYP "," ALG "," ALG "," KID "}", JWT_HEADER},
        {"{" TYP ",\"alg\":\"none\"," ALG "," KID "}", JWT_HEADER},
        {"{" TYP "," ALG ",\"\\u0061lg\":\"none\"," KID "}", JWT_HEADER},
        {"{" TYP "," ALG "," KID ",\"kid\":\"key-0\"}", JWT_HEADER},
        {"{" TYP "," TYP "," ALG "," KID "}", JWT_HEADER},
        {"[" TYP "]", JWT_HEADER},
        {"[{" TYP "," ALG "," KID "}]", JWT_HEADER},
        {"\"" SAMPLE_KID "\"", JWT_HEADER},
        {"{" TYP "," ALG "," KID "} {}", JWT_HEADER},
        {"{" TYP "," ALG "," KID "}x", JWT_HEADER},
        {"{" TYP "," ALG "," KID, JWT_HEADER},
        {"{" TYP "," ALG "," KID ",\"x\":\"\xff\"}", JWT_HEADER},
        {"{}", JWT_HEADER},
        {"null", JWT_HEADER},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const int r = jwt_sample_try(*state, cases[i].header, SAMPLE_PAYLOAD, NULL);

        if (r != cases[i].result)
            fail_msg("%s: %d and not %d", cases[i].header, r, cases[i].result);
    }
}

static void test_jwt_decode__kids_longer_than_any__nobodys(void **state)
{
    char header[512] = "{" TYP "," ALG ",\"kid\":\"";
    const size_t length = strlen(header);

    for (size_t kid = JWK_KID_MAX_BYTES - 1; kid < JWK_KID_MAX_BYTES + 3; kid++) {
        memset(header + length, 'k', kid);
        memcpy(header + length + kid, "\"}", sizeof("\"}"));
        assert_int_equal(jwt_sample_try(*state, header, SAMPLE_PAYLOAD, NULL), JWT_KEY);
    }
}

#define AUD  "\"aud\":\"a\""
#define FULL REQUIRED "," AUD

static void test_jwt_decode__claims_of_all_kinds__by_the_rules_alone(void **state)
{
    static const struct {
        const char *payload;
        int result;
    } cases[] = {
        {"{" FULL "}", 0},
        {"{" FULL ",\"unknown\":{\"exp\":[1,{}]},\"email\":null}", 0},
        {"{" FULL ",\"exp\":1}", JWT_CLAIMS}, /* twice */
        {"{" FULL ",\"\\u0069ss\":\"i\"}", JWT_CLAIMS},
        {"{" FULL ",\"unknown\":1,\"unknown\":1}", JWT_CLAIMS},
        {"{" FULL "} ", 0},
        {"{" FULL "}{}", JWT_CLAIMS},
        {"{" FULL, JWT_CLAIMS},
        {"[" AUD "]", JWT_CLAIMS},
        {"[]", JWT_CLAIMS},
        {"", JWT_CLAIMS},
        {"null", JWT_CLAIMS},
        {"{}", JWT_CLAIMS},
        {"{" REQUIRED "}", JWT_CLAIMS},
        {"{" REQUIRED ",\"aud\":[]}", JWT_CLAIMS},
        {"{" REQUIRED ",\"aud\":null}", JWT_CLAIMS},
        {"{" REQUIRED ",\"aud\":1}", JWT_CLAIMS},
        {"{" REQUIRED ",\"aud\":{\"a\":\"a\"}}", JWT_CLAIMS},
        {"{" REQUIRED ",\"aud\":[\"a\",1]}", JWT_CLAIMS},
        {"{" REQUIRED ",\"aud\":[[\"a\"]]}", JWT_CLAIMS},
        {"{" REQUIRED ",\"aud\":\"a\\u0000b\"}", JWT_CLAIMS},
        {"{" REQUIRED ",\"aud\":[\"a\\nb\"]}", JWT_CLAIMS},
        {"{" FULL ",\"nbf\":-1}", JWT_CLAIMS},
        {"{" FULL ",\"nbf\":-0}", 0},
        {"{" FULL ",\"nbf\":1.0}", JWT_CLAIMS},
        {"{" FULL ",\"nbf\":1e3}", JWT_CLAIMS},
        {"{" FULL ",\"nbf\":9007199254740993}", JWT_CLAIMS},
        {"{" FULL ",\"nbf\":99999999999999999999999999}", JWT_CLAIMS},
        {"{" FULL ",\"nbf\":\"1\"}", JWT_CLAIMS},
        {"{" FULL ",\"nbf\":null}", JWT_CLAIMS},
        {"{" FULL ",\"nbf\":true}", JWT_CLAIMS},
        {"{" FULL ",\"nbf\":{\"sec\":1}}", JWT_CLAIMS},
        {"{" FULL ",\"uid\":4294967294}", 0},
        {"{" FULL ",\"uid\":4294967295}", JWT_CLAIMS},
        {"{" FULL ",\"uid\":-1}", JWT_CLAIMS},
        {"{" FULL ",\"uid\":\"0\"}", JWT_CLAIMS},
        {"{" FULL ",\"uid\":null}", JWT_CLAIMS},
        {"{" FULL ",\"fam\":-1}", JWT_CLAIMS},
        {"{" FULL ",\"fam\":\"1\"}", JWT_CLAIMS},
        {"{" FULL ",\"sid\":1}", JWT_CLAIMS},
        {"{" FULL ",\"scope\":[\"read\"]}", JWT_CLAIMS},
        {"{" FULL ",\"scope\":\"read\\twrite\"}", JWT_CLAIMS},
        {"{" FULL ",\"bind\":\"uid\"}", 0},
        {"{" FULL ",\"bind\":\"gid\"}", JWT_CLAIMS},
        {"{" FULL ",\"bind\":\"\"}", JWT_CLAIMS},
        {"{" FULL ",\"bind\":true}", JWT_CLAIMS},
        {"{" FULL ",\"bind\":null}", JWT_CLAIMS},
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        const int r = jwt_sample_try(*state, SAMPLE_HEADER, cases[i].payload, NULL);

        if (r != cases[i].result)
            fail_msg("%s: %d and not %d", cases[i].payload, r, cases[i].result);
    }
}

/* Signs SAMPLE_PAYLOAD with another text in place of a part of it. */
static int try_changed(struct jwt_sample *sample, const char *part, const char *other)
{
    char payload[sizeof(SAMPLE_PAYLOAD) + 64];
    const char *found = strstr(SAMPLE_PAYLOAD, part);

    assert_non_null(found);
    (void)snprintf(payload, sizeof(payload), "%.*s%s%s", (int)(found - SAMPLE_PAYLOAD),
                   SAMPLE_PAYLOAD, other, found + strlen(part));
    return jwt_sample_try(sample, SAMPLE_HEADER, payload, NULL);
}

static void test_jwt_decode__each_required_claim_missing_or_wrong__refused(void **state)
{
    static const struct {
        const char *name;
        const char *wrong[4];
    } claims[] = {
        {"\"iss\":", {"1,\"x\":", "null,\"x\":", "[],\"x\":"}},
        {"\"sub\":", {"1,\"x\":", "null,\"x\":", "[\"alice\"],\"x\":"}},
        {"\"aud\":", {"1,\"x\":", "null,\"x\":", "[],\"x\":"}},
        {"\"client_id\":", {"1,\"x\":", "null,\"x\":", "{},\"x\":"}},
        {"\"exp\":", {"\"1300\",\"x\":", "null,\"x\":", "1300.5,\"x\":", "-1,\"x\":"}},
        {"\"iat\":", {"\"1000\",\"x\":", "null,\"x\":", "1e3,\"x\":", "[1],\"x\":"}},
        {"\"jti\":", {"1,\"x\":", "null,\"x\":", "\"\\u0007\",\"x\":"}},
    };

    for (size_t i = 0; i < ELEMENTS(claims); i++) {
        assert_int_equal(try_changed(*state, claims[i].name, claims[i].name), 0);
        assert_int_equal(try_changed(*state, claims[i].name, "\"x\":"), JWT_CLAIMS);
        for (size_t j = 0; j < ELEMENTS(claims[i].wrong) && claims[i].wrong[j]; j++) {
            char wrong[64];

            (void)snprintf(wrong, sizeof(wrong), "%s%s", claims[i].name, claims[i].wrong[j]);
            assert_int_equal(try_changed(*state, claims[i].name, wrong), JWT_CLAIMS);
        }
    }
}

static void test_jwt_decode__more_audiences_than_are_read__refused(void **state)
{
    char payload[1024] = "{" REQUIRED ",\"aud\":[\"a\"";
    struct jwt_claims claims;

    for (size_t i = 1; i < JWT_AUDIENCES_MAX; i++)
        memcpy(payload + strlen(payload), ",\"b\"", sizeof(",\"b\""));
    memcpy(payload + strlen(payload), "]}", sizeof("]}"));
    assert_int_equal(jwt_sample_try(*state, SAMPLE_HEADER, payload, &claims), 0);
    assert_int_equal(claims.audiences.count, JWT_AUDIENCES_MAX);
    memcpy(payload + strlen(payload) - 2, ",\"b\"]}", sizeof(",\"b\"]}"));
    assert_int_equal(jwt_sample_try(*state, SAMPLE_HEADER, payload, &claims), JWT_CLAIMS);
}

static void test_jwt_decode__payload_that_is_wrong_and_badly_signed__the_signature(void **state)
{
    struct jwt_sample *sample = *state;
    const char *const payload = "not even JSON";
    int length;

    sample->secret[0] ^= 1; /* of another key */
    length = jws_sign(SAMPLE_HEADER, payload, strlen(payload), sample->secret, sample->token,
                      sizeof(sample->token));
    sample->secret[0] ^= 1;
    assert_int_equal(jwt_sample_read(sample, sample->token, (size_t)length, NULL), JWT_SIGNATURE);
}

static void test_jwt_decode__arena_that_is_too_small__as_it_was(void **state)
{
    struct jwt_sample *sample = *state;
    struct jwt_claims claims = {.uid = 77};
    struct arena arena = {.base = sample->memory, .size = 8};

    assert_int_equal(jwt_sample_try(sample, SAMPLE_HEADER, SAMPLE_PAYLOAD, NULL), 0);
    for (arena.size = 8; arena.size < 60; arena.size++) {
        arena.used = 5;
        assert_int_equal(
            jwt_decode(sample->token, strlen(sample->token), &sample->keys, &arena, &claims),
            -ENOBUFS);
        assert_int_equal(arena.used, 5);
        assert_int_equal(claims.uid, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jwt_decode__each_claim_there__all_read),
        cmocka_unit_test(test_jwt_encode__claims_that_were_read__the_same_token),
        cmocka_unit_test(test_jwt_decode__required_claims_alone__the_others_absent),
        cmocka_unit_test(test_jwt_decode__headers_of_all_kinds__by_the_rules_alone),
        cmocka_unit_test(test_jwt_decode__kids_longer_than_any__nobodys),
        cmocka_unit_test(test_jwt_decode__claims_of_all_kinds__by_the_rules_alone),
        cmocka_unit_test(test_jwt_decode__each_required_claim_missing_or_wrong__refused),
        cmocka_unit_test(test_jwt_decode__more_audiences_than_are_read__refused),
        cmocka_unit_test(test_jwt_decode__payload_that_is_wrong_and_badly_signed__the_signature),
        cmocka_unit_test(test_jwt_decode__arena_that_is_too_small__as_it_was),
    };

    return cmocka_run_group_tests(tests, jwt_sample_setup, jwt_sample_teardown);
}
