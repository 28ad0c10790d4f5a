/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key sets of libsessmgr, and tokens checked by them alone (libsessmgr/sessmgr.h). */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/signed-token.h"

static struct sessmgr_keys *keys_of(unsigned char number, const char *kid)
{
    struct sessmgr_keys *keys = NULL;
    char text[1024];

    assert_true(signed_keys(number, kid, text, sizeof(text)));
    assert_int_equal(sessmgr_keys_new(text, strlen(text), &keys), 0);
    return keys;
}

static int setup(void **state)
{
    *state = keys_of(1, "key-1");
    return 0;
}

static int teardown(void **state)
{
    sessmgr_keys_free(*state);
    return 0;
}

static struct sessmgr_expectation expected(void)
{
    struct sessmgr_expectation expectation = SESSMGR_EXPECTATION_INIT;

    expectation.issuer = SIGNED_ISSUER;
    return expectation;
}

/* What is said of a token that key 1 has signed. */
static int validate(const struct sessmgr_keys *keys, const struct jwt_claims *claims,
                    const struct sessmgr_expectation *expectation)
{
    struct sessmgr_validation *validation = NULL;
    char token[JWT_MAX_BYTES + 1];
    int r;

    assert_true(signed_token(claims, 1, "key-1", token));
    r = sessmgr_validate_offline(keys, token, expectation, &validation);
    if (r != 1)
        assert_null(validation);
    sessmgr_validation_free(validation);
    return r;
}

static void test_validate_offline__good_token__what_it_says(void **state)
{
    const struct jwt_claims claims = signed_claims();
    struct sessmgr_expectation expectation = expected();
    struct sessmgr_validation *validation = NULL;
    char token[JWT_MAX_BYTES + 1];

    assert_true(signed_token(&claims, 1, "key-1", token));
    expectation.audience = "backup";
    expectation.scope = "write";
    expectation.uid = 1000;
    assert_int_equal(sessmgr_validate_offline(*state, token, &expectation, &validation), 1);
    memset(token, 'x', sizeof(token)); /* nothing is borrowed from it */
    assert_string_equal(sessmgr_validation_get_session_id(validation), SIGNED_ID);
    assert_string_equal(sessmgr_validation_get_user(validation), "alice");
    assert_int_equal(sessmgr_validation_get_uid(validation), 1000);
    assert_string_equal(sessmgr_validation_get_audience(validation), "backup");
    assert_int_equal(sessmgr_validation_get_expires_usec(validation), claims.expires_sec * 1000000);
    assert_int_equal(sessmgr_validation_get_scope_count(validation), 2);
    assert_string_equal(sessmgr_validation_get_scope(validation, 0), "read");
    assert_true(sessmgr_validation_has_scope(validation, "write"));
    assert_false(sessmgr_validation_has_scope(validation, "writ"));
    sessmgr_validation_free(validation);
}

static void test_validate_offline__no_audience_expected_no_scope_there__first_and_none(void **state)
{
    const struct sessmgr_expectation expectation = expected();
    struct jwt_claims claims = signed_claims();
    struct sessmgr_validation *validation = NULL;
    char token[JWT_MAX_BYTES + 1];

    claims.scope = NULL;
    assert_true(signed_token(&claims, 1, "key-1", token));
    assert_int_equal(sessmgr_validate_offline(*state, token, &expectation, &validation), 1);
    assert_string_equal(sessmgr_validation_get_audience(validation), "sessmgr:host");
    assert_int_equal(sessmgr_validation_get_scope_count(validation), 0);
    assert_null(sessmgr_validation_get_scope(validation, 0));
    sessmgr_validation_free(validation);
}

static void test_validate_offline__claims_that_do_not_do__inactive(void **state)
{
    const struct sessmgr_expectation expectation = expected();
    struct jwt_claims bad[8];

    for (size_t i = 0; i < ELEMENTS(bad); i++)
        bad[i] = signed_claims();
    bad[0].expires_sec = bad[0].issued_sec - 1;
    bad[1].not_before_sec += 200;
    bad[2].issuer = "sessmgr:other";
    bad[3].session_id = NULL;
    bad[4].session_id = "0123";
    bad[5].uid = -1;
    bad[6].uid = UINT32_MAX;
    bad[7].bind_uid = true;
    for (size_t i = 0; i < ELEMENTS(bad); i++) {
        /* a claim that no token can have is as good as a token that is refused */
        char token[JWT_MAX_BYTES + 1];

        if (signed_token(&bad[i], 1, "key-1", token))
            assert_int_equal(validate(*state, &bad[i], &expectation), 0);
        else
            assert_int_equal(i, 6);
    }
}

static void test_validate_offline__more_expected_than_there_is__inactive(void **state)
{
    const struct jwt_claims claims = signed_claims();
    struct sessmgr_expectation expectations[4];

    for (size_t i = 0; i < ELEMENTS(expectations); i++)
        expectations[i] = expected();
    expectations[0].scope = "read delete";
    expectations[1].audience = "mail";
    expectations[2].uid = 1001;
    expectations[3].issuer = "sessmgr:hos";
    for (size_t i = 0; i < ELEMENTS(expectations); i++)
        assert_int_equal(validate(*state, &claims, &expectations[i]), 0);
}

static void test_validate_offline__clocks_apart__leeway_decides(void **state)
{
    struct sessmgr_expectation expectation = expected();
    struct jwt_claims claims = signed_claims();

    claims.not_before_sec += 200;
    claims.issued_sec += 200;
    assert_int_equal(validate(*state, &claims, &expectation), 0);
    expectation.leeway_sec = 300;
    assert_int_equal(validate(*state, &claims, &expectation), 1);
}

static void test_validate_offline__bound_to_its_user__needs_the_uid(void **state)
{
    struct sessmgr_expectation expectation = expected();
    struct jwt_claims claims = signed_claims();

    claims.bind_uid = true;
    assert_int_equal(validate(*state, &claims, &expectation), 0);
    expectation.uid = 1000;
    assert_int_equal(validate(*state, &claims, &expectation), 1);
}

static void test_validate_offline__other_keys__inactive(void **state)
{
    const struct sessmgr_expectation expectation = expected();
    const struct jwt_claims claims = signed_claims();
    struct sessmgr_keys *same_name = keys_of(2, "key-1");
    struct sessmgr_keys *same_key = keys_of(1, "key-2");
    struct sessmgr_keys *none = NULL;

    assert_int_equal(sessmgr_keys_new("{\"keys\":[]}", 11, &none), 0);
    assert_int_equal(validate(*state, &claims, &expectation), 1);
    assert_int_equal(validate(same_name, &claims, &expectation), 0);
    assert_int_equal(validate(same_key, &claims, &expectation), 0);
    assert_int_equal(validate(none, &claims, &expectation), 0);
    sessmgr_keys_free(none);
    sessmgr_keys_free(same_key);
    sessmgr_keys_free(same_name);
}

static void test_validate_offline__no_token_of_this_kind__inactive(void **state)
{
    static const char *const texts[] = {"", "sms_c2VjcmV0", "a.b.c", "..", "\xff"};
    const struct sessmgr_expectation expectation = expected();
    const struct jwt_claims claims = signed_claims();
    struct sessmgr_validation *validation = NULL;
    char token[JWT_MAX_BYTES + 1];
    size_t length;

    for (size_t i = 0; i < ELEMENTS(texts); i++)
        assert_int_equal(sessmgr_validate_offline(*state, texts[i], &expectation, &validation), 0);
    assert_true(signed_token(&claims, 1, "key-1", token));
    length = strlen(token);
    token[length - 10] = token[length - 10] == 'A' ? 'B' : 'A'; /* in the signature */
    assert_int_equal(sessmgr_validate_offline(*state, token, &expectation, &validation), 0);
    memset(token, 'a', JWT_MAX_BYTES);
    token[JWT_MAX_BYTES] = '\0';
    assert_int_equal(sessmgr_validate_offline(*state, token, &expectation, &validation), 0);
    assert_null(validation);
}

static void test_validate_offline__wrong_arguments__refused(void **state)
{
    const struct sessmgr_expectation good = expected();
    const struct jwt_claims claims = signed_claims();
    struct sessmgr_validation *validation = NULL;
    struct sessmgr_expectation bad[7];
    char token[JWT_MAX_BYTES + 1];

    for (size_t i = 0; i < ELEMENTS(bad); i++)
        bad[i] = good;
    bad[0].issuer = NULL;
    bad[1].issuer = "";
    bad[2].size += sizeof(void *);
    bad[3].leeway_sec = -1;
    bad[4].leeway_sec = 301;
    bad[5].scope = "";
    bad[6].uid = (uid_t)-1;
    for (size_t i = 0; i < ELEMENTS(bad); i++)
        assert_int_equal(validate(*state, &claims, &bad[i]), -EINVAL);
    assert_true(signed_token(&claims, 1, "key-1", token));
    assert_int_equal(sessmgr_validate_offline(NULL, token, &good, &validation), -EINVAL);
    assert_int_equal(sessmgr_validate_offline(*state, NULL, &good, &validation), -EINVAL);
    assert_int_equal(sessmgr_validate_offline(*state, token, NULL, &validation), -EINVAL);
    assert_int_equal(sessmgr_validate_offline(*state, token, &good, NULL), -EINVAL);
    assert_null(validation);
}

static void test_keys_new__no_key_set__refused(void **state)
{
    static const char *const texts[] = {"", "{", "[]", "{}", "{\"keys\":{}}"};
    struct sessmgr_keys *keys = NULL;

    (void)state;
    for (size_t i = 0; i < ELEMENTS(texts); i++)
        assert_int_equal(sessmgr_keys_new(texts[i], strlen(texts[i]), &keys), -EBADMSG);
    assert_int_equal(sessmgr_keys_new(NULL, 0, &keys), -EINVAL);
    assert_int_equal(sessmgr_keys_new("{\"keys\":[]}", 11, NULL), -EINVAL);
    assert_null(keys);
    sessmgr_keys_free(NULL);
}

#define WITH_KEYS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_KEYS(test_validate_offline__good_token__what_it_says),
        WITH_KEYS(test_validate_offline__no_audience_expected_no_scope_there__first_and_none),
        WITH_KEYS(test_validate_offline__claims_that_do_not_do__inactive),
        WITH_KEYS(test_validate_offline__more_expected_than_there_is__inactive),
        WITH_KEYS(test_validate_offline__clocks_apart__leeway_decides),
        WITH_KEYS(test_validate_offline__bound_to_its_user__needs_the_uid),
        WITH_KEYS(test_validate_offline__other_keys__inactive),
        WITH_KEYS(test_validate_offline__no_token_of_this_kind__inactive),
        WITH_KEYS(test_validate_offline__wrong_arguments__refused),
        cmocka_unit_test(test_keys_new__no_key_set__refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
