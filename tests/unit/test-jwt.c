/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making, reading and judging tokens (jose/jwt.h). */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "jose/jose.h"
#include "jose/jwt.h"

static void test_jwt_decode__a_token_of_ours__the_claims_it_was_made_of(void **state)
{
    static const char *const audiences[] = {"sessmgr:host", "backup"};
    static const unsigned char seed[JWK_SEED_BYTES] = {1};
    static struct jwk_set keys = {.count = 1, .keys = {{.kid = "key-1"}}};
    _Alignas(ARENA_ALIGNMENT) char memory[JWT_ARENA_BYTES];
    struct arena arena = {.base = memory, .size = sizeof(memory)};
    struct jwt_claims claims = JWT_CLAIMS_NONE, read = JWT_CLAIMS_NONE;
    unsigned char secret[JWK_SECRET_BYTES];
    char token[JWT_MAX_BYTES + 1];
    int r;
    (void)state;

    jwk_pair_from_seed(seed, keys.keys[0].public_key, secret);
    claims.issuer = "sessmgr:host";
    claims.subject = "alice";
    claims.audiences = (struct string_list){.count = ELEMENTS(audiences), .items = audiences};
    claims.client_id = "sshd";
    claims.expires_sec = 1300;
    claims.issued_sec = 1000;
    claims.token_id = "0123";
    claims.uid = 1000;
    claims.bind_uid = true;
    r = jwt_encode(&claims, "key-1", secret, token, sizeof(token));
    assert_true(r > 0);
    assert_int_equal(strlen(token), r);
    assert_int_equal(jwt_decode(token, (size_t)r, &keys, &arena, &read), 0);
    assert_string_equal(read.issuer, "sessmgr:host");
    assert_string_equal(read.subject, "alice");
    assert_int_equal(read.audiences.count, 2);
    assert_string_equal(read.audiences.items[1], "backup");
    assert_int_equal(read.uid, 1000);
    assert_int_equal(read.family, -1);
    assert_true(read.bind_uid);
}

static int setup(void **state)
{
    (void)state;
    return jose_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jwt_decode__a_token_of_ours__the_claims_it_was_made_of),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
