/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens on standard input (ctl/secret.c). */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "ctl/ctl.h"

/* What is read of a text of so many bytes; buffer: as secret_read() has left it. */
static bool read_text(const char *text, size_t length, char buffer[static SECRET_MAX_BYTES + 1])
{
    FILE *stream = tmpfile();
    bool good;

    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, length, stream), length);
    rewind(stream);
    memset(buffer, '#', SECRET_MAX_BYTES + 1);
    good = secret_read(stream, buffer);
    (void)fclose(stream);
    return good;
}

static void test_secret_read__one_line__without_its_end(void **state)
{
    static const char *const texts[] = {"sms_x", "sms_x\n", "sms_x\r\n", "sms_x\nsms_y\n"};
    char buffer[SECRET_MAX_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        assert_true(read_text(texts[i], strlen(texts[i]), buffer));
        assert_string_equal(buffer, "sms_x");
    }
}

static void test_secret_read__nothing_on_the_first_line__refused(void **state)
{
    static const char *const texts[] = {"", "\n", "\r\n", "\nsms_x\n"};
    char buffer[SECRET_MAX_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < ELEMENTS(texts); i++)
        assert_false(read_text(texts[i], strlen(texts[i]), buffer));
}

static void test_secret_read__longest__read_and_one_byte_more_refused(void **state)
{
    char text[SECRET_MAX_BYTES + 1], buffer[SECRET_MAX_BYTES + 1];

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_true(read_text(text, SECRET_MAX_BYTES, buffer));
    assert_int_equal(strlen(buffer), SECRET_MAX_BYTES);
    assert_false(read_text(text, SECRET_MAX_BYTES + 1, buffer));
    for (size_t i = 0; i < SECRET_MAX_BYTES; i++)
        assert_int_equal(buffer[i], 0); /* what was read of it is gone */
}

static void test_secret_read__nul_in_it__refused_and_wiped(void **state)
{
    static const char text[] = "sms_x\0y";
    char buffer[SECRET_MAX_BYTES + 1];

    (void)state;
    assert_false(read_text(text, sizeof(text) - 1, buffer));
    assert_null(memmem(buffer, sizeof(buffer), "sms", 3));
}

/* Yields a few bytes, and then fails. */
static ssize_t read_and_fail(void *cookie, char *buffer, size_t size)
{
    bool *failing = cookie;

    if (*failing) {
        errno = EIO;
        return -1;
    }
    *failing = true;
    memcpy(buffer, "sms_x", size < 5 ? size : 5);
    return size < 5 ? (ssize_t)size : 5;
}

/* What came of it may be a part of a token only. */
static void test_secret_read__input_fails__refused_and_wiped(void **state)
{
    bool failing = false;
    FILE *stream = fopencookie(&failing, "r", (cookie_io_functions_t){.read = read_and_fail});
    char buffer[SECRET_MAX_BYTES + 1] = {0};

    (void)state;
    assert_non_null(stream);
    assert_false(secret_read(stream, buffer));
    assert_int_equal(buffer[0], 0);
    (void)fclose(stream);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret_read__one_line__without_its_end),
        cmocka_unit_test(test_secret_read__nothing_on_the_first_line__refused),
        cmocka_unit_test(test_secret_read__longest__read_and_one_byte_more_refused),
        cmocka_unit_test(test_secret_read__nul_in_it__refused_and_wiped),
        cmocka_unit_test(test_secret_read__input_fails__refused_and_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
