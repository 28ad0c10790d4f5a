/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing: what is closed opens under the same key and the same associated bytes, and under no
 * others.
 */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/seal.h"

static const char plain[] = "what nobody else may read";
static const char associated[] = "what it is tied to";

struct fixture {
    unsigned char *key;
    unsigned char buffer[sizeof(plain) + SEAL_OVERHEAD_BYTES];
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    if (!fixture || seal_init() < 0)
        return -1;
    fixture->key = seal_key_new();
    if (!fixture->key)
        return -1;
    seal_random(fixture->key, SEAL_KEY_BYTES);
    memcpy(fixture->buffer + SEAL_NONCE_BYTES, plain, sizeof(plain));
    seal_close(fixture->key, NULL, associated, sizeof(associated), fixture->buffer, sizeof(plain));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    seal_key_free(fixture->key);
    free(fixture);
    return 0;
}

static int open_it(struct fixture *fixture)
{
    size_t bytes = 0;

    return seal_open(fixture->key, associated, sizeof(associated), fixture->buffer,
                     sizeof(fixture->buffer), &bytes);
}

static void test_seal_open__as_closed__plain_again(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes = 0;

    assert_null(memmem(fixture->buffer, sizeof(fixture->buffer), "nobody", 6));
    assert_int_equal(seal_open(fixture->key, associated, sizeof(associated), fixture->buffer,
                               sizeof(fixture->buffer), &bytes),
                     0);
    assert_int_equal(bytes, sizeof(plain));
    assert_memory_equal(fixture->buffer + SEAL_NONCE_BYTES, plain, sizeof(plain));
}

static void test_seal_open__any_bit_flipped__refused(void **state)
{
    struct fixture *fixture = *state;
    unsigned char closed[sizeof(fixture->buffer)];

    memcpy(closed, fixture->buffer, sizeof(closed));
    for (size_t bit = 0; bit < sizeof(closed) * 8; bit++) {
        memcpy(fixture->buffer, closed, sizeof(closed));
        fixture->buffer[bit / 8] ^= (unsigned char)(1U << bit % 8);
        assert_int_equal(open_it(fixture), -EBADMSG);
    }
}

static void test_seal_open__other_key__refused(void **state)
{
    struct fixture *fixture = *state;

    fixture->key[0] ^= 1;
    assert_int_equal(open_it(fixture), -EBADMSG);
}

static void test_seal_open__other_associated_bytes__refused(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes = 0;

    assert_int_equal(seal_open(fixture->key, associated, sizeof(associated) - 1, fixture->buffer,
                               sizeof(fixture->buffer), &bytes),
                     -EBADMSG);
}

static void test_seal_open__shorter_than_a_seal__refused(void **state)
{
    struct fixture *fixture = *state;
    size_t bytes = 0;

    for (size_t size = 0; size <= SEAL_OVERHEAD_BYTES; size++)
        assert_int_equal(
            seal_open(fixture->key, associated, sizeof(associated), fixture->buffer, size, &bytes),
            -EBADMSG);
}

static void test_seal_close__twice__never_the_same(void **state)
{
    struct fixture *fixture = *state;
    unsigned char again[sizeof(fixture->buffer)];

    memcpy(again + SEAL_NONCE_BYTES, plain, sizeof(plain));
    seal_close(fixture->key, NULL, associated, sizeof(associated), again, sizeof(plain));
    assert_memory_not_equal(again, fixture->buffer, sizeof(again));
}

static void test_seal_close__nonce_given__is_the_one_used(void **state)
{
    static const unsigned char nonce[SEAL_NONCE_BYTES] = "a nonce for one message";
    struct fixture *fixture = *state;
    size_t bytes = 0;

    memcpy(fixture->buffer + SEAL_NONCE_BYTES, plain, sizeof(plain));
    seal_close(fixture->key, nonce, associated, sizeof(associated), fixture->buffer, sizeof(plain));
    assert_memory_equal(fixture->buffer, nonce, sizeof(nonce));
    assert_int_equal(seal_open(fixture->key, associated, sizeof(associated), fixture->buffer,
                               sizeof(fixture->buffer), &bytes),
                     0);
    assert_memory_equal(fixture->buffer + SEAL_NONCE_BYTES, plain, sizeof(plain));
}

static void code_of(const unsigned char *key, const char *context, const char *text, size_t first,
                    unsigned char *ret)
{
    struct seal_mac mac;

    seal_mac_start(&mac, key, context, strlen(context));
    seal_mac_add(&mac, text, first);
    seal_mac_add(&mac, text + first, strlen(text) - first);
    seal_mac_end(&mac, ret);
}

static void test_seal_mac__pieces_contexts_and_texts__only_the_last_two_count(void **state)
{
    struct fixture *fixture = *state;
    unsigned char whole[SEAL_TAG_BYTES], other[SEAL_TAG_BYTES];

    code_of(fixture->key, "batch 1", "some text", 0, whole);
    code_of(fixture->key, "batch 1", "some text", 4, other);
    assert_true(seal_equal(whole, other, sizeof(whole)));
    code_of(fixture->key, "batch 2", "some text", 4, other);
    assert_false(seal_equal(whole, other, sizeof(whole)));
    code_of(fixture->key, "batch 1", "some test", 4, other);
    assert_false(seal_equal(whole, other, sizeof(whole)));
}

static void test_seal_derive__each_purpose__another_key(void **state)
{
    struct fixture *fixture = *state;
    unsigned char one[SEAL_KEY_BYTES], two[SEAL_KEY_BYTES], again[SEAL_KEY_BYTES];

    seal_derive(fixture->key, 1, one);
    seal_derive(fixture->key, 2, two);
    seal_derive(fixture->key, 1, again);
    assert_memory_not_equal(one, two, sizeof(one));
    assert_memory_not_equal(one, fixture->key, sizeof(one));
    assert_memory_equal(one, again, sizeof(one));
}

static void hash_of(const unsigned char *key, const char *text, size_t first, unsigned char *ret)
{
    struct seal_hash hash;

    seal_hash_start(&hash, key, SEAL_HASH_BYTES);
    seal_hash_add(&hash, text, first);
    seal_hash_add(&hash, text + first, strlen(text) - first);
    seal_hash_end(&hash, ret, SEAL_HASH_BYTES);
}

static void test_seal_hash__pieces_and_keys__only_the_key_counts(void **state)
{
    struct fixture *fixture = *state;
    unsigned char whole[SEAL_HASH_BYTES], pieces[SEAL_HASH_BYTES], plain_hash[SEAL_HASH_BYTES];

    hash_of(fixture->key, "some text", 0, whole);
    hash_of(fixture->key, "some text", 4, pieces);
    hash_of(NULL, "some text", 0, plain_hash);
    assert_true(seal_equal(whole, pieces, sizeof(whole)));
    assert_false(seal_equal(whole, plain_hash, sizeof(whole)));
}

static void test_seal_hash__abc__is_blake2b_256(void **state)
{
    /* b2sum -l 256 of "abc" */
    static const unsigned char expected[SEAL_HASH_BYTES] = {
        0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31, 0x71, 0xef,
        0x3f, 0xee, 0x98, 0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb,
        0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19};
    unsigned char hash[SEAL_HASH_BYTES];

    (void)state; /* no key */
    hash_of(NULL, "abc", 1, hash);
    assert_memory_equal(hash, expected, sizeof(hash));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_seal_open__as_closed__plain_again),
        TEST(test_seal_open__any_bit_flipped__refused),
        TEST(test_seal_open__other_key__refused),
        TEST(test_seal_open__other_associated_bytes__refused),
        TEST(test_seal_open__shorter_than_a_seal__refused),
        TEST(test_seal_close__twice__never_the_same),
        TEST(test_seal_close__nonce_given__is_the_one_used),
        TEST(test_seal_mac__pieces_contexts_and_texts__only_the_last_two_count),
        TEST(test_seal_derive__each_purpose__another_key),
        TEST(test_seal_hash__pieces_and_keys__only_the_key_counts),
        TEST(test_seal_hash__abc__is_blake2b_256),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
