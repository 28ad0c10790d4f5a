/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judging claims, and what claims can be made into a token (jose/jwt.h). */
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

static const char *const audiences[] = {"host", "backup"};

static struct jwt_claims good_claims(void)
{
    struct jwt_claims claims = JWT_CLAIMS_NONE;

    claims.issuer = "sessmgr:host";
    claims.subject = "alice";
    claims.audiences = (struct string_list){.count = 2, .items = audiences};
    claims.client_id = "sshd";
    claims.expires_sec = 1300;
    claims.issued_sec = 1000;
    claims.token_id = "0123";
    claims.uid = 1000;
    claims.scope = "read write:all";
    return claims;
}

static int check_at(const struct jwt_claims *claims, int64_t now_sec, int64_t leeway_sec)
{
    struct jwt_expectation expectation = JWT_EXPECTATION_ANY(now_sec);

    expectation.leeway_sec = leeway_sec;
    return jwt_check(claims, &expectation);
}

static void test_jwt_check__around_the_times__good_from_the_latest_to_before_exp(void **state)
{
    struct jwt_claims claims = good_claims();
    (void)state;

    assert_int_equal(check_at(&claims, 999, 0), JWT_NOT_YET);
    assert_int_equal(check_at(&claims, 1000, 0), 0);
    assert_int_equal(check_at(&claims, 1299, 0), 0);
    assert_int_equal(check_at(&claims, 1300, 0), JWT_EXPIRED);
    assert_int_equal(check_at(&claims, 1301, 0), JWT_EXPIRED);
    claims.not_before_sec = 1010;
    assert_int_equal(check_at(&claims, 1009, 0), JWT_NOT_YET);
    assert_int_equal(check_at(&claims, 1010, 0), 0);
    claims.not_before_sec = 0;
    claims.issued_sec = 1020;
    assert_int_equal(check_at(&claims, 1019, 0), JWT_NOT_YET);
    assert_int_equal(check_at(&claims, 1020, 0), 0);
    claims.expires_sec = JWT_SECONDS_MAX;
    assert_int_equal(check_at(&claims, INT64_C(4000000000), 0), 0);
}

static void test_jwt_check__a_leeway__widens_both_ends(void **state)
{
    struct jwt_claims claims = good_claims();
    (void)state;

    claims.not_before_sec = 1000;
    assert_int_equal(check_at(&claims, 989, 10), JWT_NOT_YET);
    assert_int_equal(check_at(&claims, 990, 10), 0);
    assert_int_equal(check_at(&claims, 1309, 10), 0);
    assert_int_equal(check_at(&claims, 1310, 10), JWT_EXPIRED);
}

static void test_jwt_check__issuer_and_audience__the_very_same(void **state)
{
    static const struct {
        const char *issuer;
        const char *audience;
        int result;
    } cases[] = {
        {"sessmgr:host", NULL, 0},
        {"sessmgr:hos", NULL, JWT_ISSUER},
        {"sessmgr:host2", NULL, JWT_ISSUER},
        {"SESSMGR:host", NULL, JWT_ISSUER},
        {"", NULL, JWT_ISSUER},
        {NULL, "host", 0},
        {NULL, "backup", 0},
        {"sessmgr:host", "backup", 0},
        {NULL, "back", JWT_AUDIENCE},
        {NULL, "backups", JWT_AUDIENCE},
        {NULL, "host backup", JWT_AUDIENCE},
        {NULL, "", JWT_AUDIENCE},
    };
    const struct jwt_claims claims = good_claims();
    (void)state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct jwt_expectation expectation = JWT_EXPECTATION_ANY(1000);

        expectation.issuer = cases[i].issuer;
        expectation.audience = cases[i].audience;
        assert_int_equal(jwt_check(&claims, &expectation), cases[i].result);
    }
}

static void test_jwt_check__scopes__every_word_that_is_asked_for(void **state)
{
    static const struct {
        const char *granted;
        const char *wanted;
        int result;
    } cases[] = {
        {"read write:all", "read", 0},
        {"read write:all", "write:all", 0},
        {"read write:all", "write:all read", 0},
        {" read  write:all ", " write:all  ", 0},
        {"read write:all", "", 0},
        {NULL, "", 0},
        {NULL, "read", JWT_SCOPE},
        {"", "read", JWT_SCOPE},
        {"read write:all", "write", JWT_SCOPE}, /* a prefix of one that is there */
        {"read write:all", "write:all2", JWT_SCOPE},
        {"read", "rea", JWT_SCOPE},
        {"read", "Read", JWT_SCOPE},
        {"read write:all", "read admin", JWT_SCOPE},
        {"reader", "read er", JWT_SCOPE},
    };
    struct jwt_claims claims = good_claims();
    (void)state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct jwt_expectation expectation = JWT_EXPECTATION_ANY(1000);

        claims.scope = cases[i].granted;
        expectation.scope = cases[i].wanted;
        assert_int_equal(jwt_check(&claims, &expectation), cases[i].result);
    }
}

static void test_jwt_check__uids__the_same_where_one_is_named_or_has_to_be(void **state)
{
    static const struct {
        int64_t claimed;
        bool bound;
        int64_t named;
        int result;
    } cases[] = {
        {1000, false, -1, 0},      {1000, false, 1000, 0},    {1000, false, 1001, JWT_UID},
        {1000, true, 1000, 0},     {1000, true, -1, JWT_UID}, {1000, true, 1001, JWT_UID},
        {-1, false, -1, 0},        {-1, false, 0, JWT_UID},   {-1, true, -1, JWT_UID},
        {-1, true, 1000, JWT_UID}, {0, true, 0, 0},           {0, true, -1, JWT_UID},
        {0, false, 1000, JWT_UID},
    };
    struct jwt_claims claims = good_claims();
    (void)state;

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct jwt_expectation expectation = JWT_EXPECTATION_ANY(1000);

        claims.uid = cases[i].claimed;
        claims.bind_uid = cases[i].bound;
        expectation.uid = cases[i].named;
        assert_int_equal(jwt_check(&claims, &expectation), cases[i].result);
    }
}

static void test_jwt_fault_name__each__a_name_of_its_own(void **state)
{
    (void)state;

    for (int i = JWT_MALFORMED; i <= JWT_UID; i++) {
        assert_string_not_equal(jwt_fault_name((enum jwt_fault)i), "unknown");
        for (int j = JWT_MALFORMED; j < i; j++)
            assert_string_not_equal(jwt_fault_name((enum jwt_fault)i),
                                    jwt_fault_name((enum jwt_fault)j));
    }
}

static int encode(struct jwt_sample *sample, const struct jwt_claims *claims)
{
    return jwt_encode(claims, SAMPLE_KID, sample->secret, sample->token, sizeof(sample->token));
}

static void test_jwt_encode__one_audience__a_string_and_no_array(void **state)
{
    struct jwt_sample *sample = *state;
    struct jwt_claims claims = good_claims();
    unsigned char decoded[JWS_DECODED_MAX_BYTES];
    struct jws jws;
    int r;

    claims.audiences.count = 1;
    claims.audiences.items = &audiences[1];
    r = encode(sample, &claims);
    assert_int_equal(jws_split(sample->token, (size_t)r, decoded, sizeof(decoded), &jws), 0);
    assert_non_null(memmem(jws.payload, jws.payload_length, "\"aud\":\"backup\"", 14));
    claims = good_claims();
    r = encode(sample, &claims);
    assert_int_equal(jws_split(sample->token, (size_t)r, decoded, sizeof(decoded), &jws), 0);
    assert_non_null(memmem(jws.payload, jws.payload_length, "\"aud\":[\"host\",\"backup\"]", 23));
}

/* A claim that is spoiled, by its place in the structure. */
static void test_jwt_encode__claims_that_nobody_would_read__refused(void **state)
{
    static const size_t strings[] = {
        offsetof(struct jwt_claims, issuer), offsetof(struct jwt_claims, subject),
        offsetof(struct jwt_claims, client_id), offsetof(struct jwt_claims, token_id)};
    static const size_t numbers[] = {offsetof(struct jwt_claims, expires_sec),
                                     offsetof(struct jwt_claims, issued_sec)};
    static const char *const wrong_audience[] = {"host", "a\nb"};
    struct jwt_claims claims = good_claims();

    for (size_t i = 0; i < ELEMENTS(strings); i++) {
        const char *const wrong[] = {NULL, "a\nb", "\xff"};

        for (size_t j = 0; j < ELEMENTS(wrong); j++) {
            claims = good_claims();
            memcpy((char *)&claims + strings[i], &wrong[j], sizeof(wrong[j]));
            assert_int_equal(encode(*state, &claims), -EINVAL);
        }
    }
    for (size_t i = 0; i < ELEMENTS(numbers); i++) {
        const int64_t wrong[] = {-1, JWT_SECONDS_MAX + 1};

        for (size_t j = 0; j < ELEMENTS(wrong); j++) {
            claims = good_claims();
            memcpy((char *)&claims + numbers[i], &wrong[j], sizeof(wrong[j]));
            assert_int_equal(encode(*state, &claims), -EINVAL);
        }
    }
    claims = good_claims();
    claims.audiences.count = 0;
    assert_int_equal(encode(*state, &claims), -EINVAL);
    claims.audiences = (struct string_list){.count = 2, .items = wrong_audience};
    assert_int_equal(encode(*state, &claims), -EINVAL);
    claims = good_claims();
    claims.uid = UINT32_MAX;
    assert_int_equal(encode(*state, &claims), -EINVAL);
}

static void test_jwt_encode__kids_and_sizes_that_do_not_fit__errors(void **state)
{
    struct jwt_sample *sample = *state;
    const struct jwt_claims claims = good_claims();
    char kid[JWK_KID_MAX_BYTES + 2] = "", token[JWT_MAX_BYTES];
    int r;

    assert_int_equal(jwt_encode(&claims, "", sample->secret, token, sizeof(token)), -EINVAL);
    assert_int_equal(jwt_encode(&claims, "\xff", sample->secret, token, sizeof(token)), -EINVAL);
    memset(kid, 1, JWK_KID_MAX_BYTES); /* each is escaped in six bytes */
    assert_true(jwt_encode(&claims, kid, sample->secret, token, sizeof(token)) > 0);
    kid[JWK_KID_MAX_BYTES] = 'k';
    assert_int_equal(jwt_encode(&claims, kid, sample->secret, token, sizeof(token)), -EINVAL);
    r = encode(sample, &claims);
    assert_int_equal(jwt_encode(&claims, SAMPLE_KID, sample->secret, token, (size_t)r), -ENOBUFS);
    assert_int_equal(jwt_encode(&claims, SAMPLE_KID, sample->secret, token, (size_t)r + 1), r);
}

/* The longest token that can be made is read in an arena of the size that is said to be enough. */
static void test_jwt_encode__as_long_as_it_gets__read_back(void **state)
{
    static char longest[JWT_CLAIM_MAX_BYTES + 1], scope[JWT_SCOPE_MAX_BYTES + 1];
    struct jwt_sample *sample = *state;
    struct jwt_claims claims = good_claims(), read;
    int r;

    memset(longest, 'x', JWT_CLAIM_MAX_BYTES);
    memset(scope, 'y', 1024);
    claims.issuer = claims.subject = claims.client_id = claims.token_id = longest;
    claims.scope = scope;
    r = encode(sample, &claims);
    assert_true(r > 7000);
    assert_int_equal(jwt_sample_read(sample, sample->token, (size_t)r, &read), 0);
    assert_string_equal(read.token_id, longest);
    assert_string_equal(read.scope, scope);
    memset(scope, 'y', JWT_SCOPE_MAX_BYTES);
    assert_int_equal(encode(sample, &claims), -ENOBUFS);
    claims = good_claims();
    claims.scope = scope;
    assert_true(encode(sample, &claims) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jwt_check__around_the_times__good_from_the_latest_to_before_exp),
        cmocka_unit_test(test_jwt_check__a_leeway__widens_both_ends),
        cmocka_unit_test(test_jwt_check__issuer_and_audience__the_very_same),
        cmocka_unit_test(test_jwt_check__scopes__every_word_that_is_asked_for),
        cmocka_unit_test(test_jwt_check__uids__the_same_where_one_is_named_or_has_to_be),
        cmocka_unit_test(test_jwt_fault_name__each__a_name_of_its_own),
        cmocka_unit_test(test_jwt_encode__one_audience__a_string_and_no_array),
        cmocka_unit_test(test_jwt_encode__claims_that_nobody_would_read__refused),
        cmocka_unit_test(test_jwt_encode__kids_and_sizes_that_do_not_fit__errors),
        cmocka_unit_test(test_jwt_encode__as_long_as_it_gets__read_back),
    };

    return cmocka_run_group_tests(tests, jwt_sample_setup, jwt_sample_teardown);
}
