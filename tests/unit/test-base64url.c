/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base64url, one text for each sequence of bytes (jose/base64url.h). */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "jose/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const struct {
    const char *bytes;
    const char *text;
} pairs[] = {
    {"", ""},
    {"f", "Zg"},
    {"fo", "Zm8"},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg"},
    {"fooba", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy"},              /* RFC 4648 section 10, without the padding */
    {"\x03\xec\xff\xe0\xc1", "A-z_4ME"}, /* RFC 7515 appendix C */
};

static void test_base64url_encode__the_standards_examples__their_texts(void **state)
{
    char buffer[16];
    (void)state;

    for (size_t i = 0; i < ELEMENTS(pairs); i++) {
        assert_int_equal(
            base64url_encode(pairs[i].bytes, strlen(pairs[i].bytes), buffer, sizeof(buffer)),
            strlen(pairs[i].text));
        assert_string_equal(buffer, pairs[i].text);
    }
}

static void test_base64url_encode__room_for_text_and_nul__no_byte_more_is_touched(void **state)
{
    char buffer[] = "......";
    (void)state;

    assert_int_equal(base64url_encode("foo", 3, buffer, 4), -ENOBUFS);
    assert_int_equal(base64url_encode("foo", 3, buffer, 0), -ENOBUFS);
    assert_int_equal(base64url_encode("foo", 3, buffer, 5), 4);
    assert_memory_equal(buffer, "Zm9v\0.", 6);
    assert_int_equal(base64url_encode("foo", 3, buffer, 6), 4);
    assert_memory_equal(buffer, "Zm9v\0.", 6);
}

static void test_base64url_decode__the_standards_examples__their_bytes(void **state)
{
    char buffer[16];
    (void)state;

    for (size_t i = 0; i < ELEMENTS(pairs); i++) {
        const size_t count = strlen(pairs[i].bytes);

        assert_int_equal(
            base64url_decode(pairs[i].text, strlen(pairs[i].text), buffer, sizeof(buffer)), count);
        assert_memory_equal(buffer, pairs[i].bytes, count);
    }
}

static void test_base64url_decode__any_character__only_those_of_the_alphabet(void **state)
{
    (void)state;

    /* as long as what is decoded at once, and a little more */
    for (size_t place = 0; place < 20; place++)
        for (int c = 0; c < 256; c++) {
            const bool known = c != 0 && strchr(alphabet, c);
            char text[] = "AAAAAAAAAAAAAAAAAAAA", buffer[15];

            text[place] = (char)c;
            assert_int_equal(base64url_decode(text, 20, buffer, sizeof(buffer)),
                             known ? 15 : -EBADMSG);
        }
}

static void test_base64url_decode__any_ending__only_with_unused_bits_zero(void **state)
{
    (void)state;

    for (int last = 0; last < 64; last++) {
        const char one[] = {'A', alphabet[last]}, two[] = {'A', 'A', alphabet[last]};
        char buffer[2];

        assert_int_equal(base64url_decode(one, 2, buffer, sizeof(buffer)),
                         last % 16 == 0 ? 1 : -EBADMSG);
        assert_int_equal(base64url_decode(two, 3, buffer, sizeof(buffer)),
                         last % 4 == 0 ? 2 : -EBADMSG);
    }
}

static void test_base64url_decode__not_as_encoded_here__refused(void **state)
{
    static const char *const texts[] = {
        "Z",      "Zm9vY",  "Zg==", "Zm8=", "Zm9v=", " Zm9v", "Zm9v ",
        "Zm9v\n", "Zm\n9v", "Zm+v", "Zm/v", "=",     "Zm.v",  "A==="};
    char buffer[16];
    (void)state;

    for (size_t i = 0; i < ELEMENTS(texts); i++)
        assert_int_equal(base64url_decode(texts[i], strlen(texts[i]), buffer, sizeof(buffer)),
                         -EBADMSG);
}

static void test_base64url_decode__a_byte_more_than_there_is_room_for__an_error(void **state)
{
    char buffer[] = "...";
    (void)state;

    assert_int_equal(base64url_decode("Zm9v", 4, buffer, 2), -ENOBUFS);
    assert_int_equal(base64url_decode("Zm8", 3, buffer, 2), 2);
    assert_memory_equal(buffer, "fo.", 3);
    assert_int_equal(base64url_decode("Zm9v", BASE64URL_LENGTH(BASE64URL_MAX_BYTES) + 4, buffer, 3),
                     -ENOBUFS);
}

static void test_base64url_decode__all_lengths__what_was_encoded(void **state)
{
    unsigned char bytes[256], read[256];
    char text[BASE64URL_LENGTH(sizeof(bytes)) + 1];
    (void)state;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 167 + 13);
    for (size_t count = 0; count <= sizeof(bytes); count++) {
        const int length = base64url_encode(bytes, count, text, sizeof(text));

        assert_int_equal(length, BASE64URL_LENGTH(count));
        assert_int_equal(base64url_decode(text, (size_t)length, read, count), count);
        assert_memory_equal(read, bytes, count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64url_encode__the_standards_examples__their_texts),
        cmocka_unit_test(test_base64url_encode__room_for_text_and_nul__no_byte_more_is_touched),
        cmocka_unit_test(test_base64url_decode__the_standards_examples__their_bytes),
        cmocka_unit_test(test_base64url_decode__any_character__only_those_of_the_alphabet),
        cmocka_unit_test(test_base64url_decode__any_ending__only_with_unused_bits_zero),
        cmocka_unit_test(test_base64url_decode__not_as_encoded_here__refused),
        cmocka_unit_test(test_base64url_decode__a_byte_more_than_there_is_room_for__an_error),
        cmocka_unit_test(test_base64url_decode__all_lengths__what_was_encoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
