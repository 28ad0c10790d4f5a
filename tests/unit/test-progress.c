/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bar of long works (common/progress.h): its line, and who gets to see it. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/macro.h"
#include "common/progress.h"

static void test_progress_line__parts__bar_and_percent(void **state)
{
    static const struct {
        uint64_t done, total;
        const char *line;
    } cases[] = {
        {0, 0, "verify ..."},
        {0, 2 << 20, "verify [..............................]   0% 0.0 of 2.0 MiB"},
        {1 << 20, 2 << 20, "verify [###############...............]  50% 1.0 of 2.0 MiB"},
        {2 << 20, 2 << 20, "verify [##############################] 100% 2.0 of 2.0 MiB"},
        /* what is being written to meanwhile has grown */
        {3 << 20, 2 << 20, "verify [##############################] 100% 3.0 of 2.0 MiB"},
    };
    char line[PROGRESS_LINE_BYTES];

    (void)state;
    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_string_equal(progress_line("verify", cases[i].done, cases[i].total, line),
                            cases[i].line);
}

static void test_progress_line__largest_numbers__fit(void **state)
{
    char line[PROGRESS_LINE_BYTES];

    (void)state;
    (void)progress_line("a-word-that-is-longer-than-others", UINT64_MAX, UINT64_MAX, line);
    assert_non_null(strstr(line, "MiB"));
}

/* How many bytes have come out of a descriptor. */
static int waiting(int fd)
{
    int count = -1;

    assert_int_equal(ioctl(fd, FIONREAD, &count), 0);
    return count;
}

static void test_progress_show__no_terminal__nothing(void **state)
{
    struct progress progress;
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    progress_begin(&progress, "verify", ends[1]);
    progress.started_msec -= 60000;
    progress_show(&progress, 1, 2);
    progress_end(&progress);
    assert_int_equal(waiting(ends[0]), 0);
    closep(&ends[0]);
    closep(&ends[1]);
}

/* A terminal hands over what was written in whatever pieces. */
static void read_until(int fd, const char *end, char *text, size_t size)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    size_t length = 0;

    do {
        assert_int_equal(poll(&ready, 1, 10000), 1);
        ssize_t count = read(fd, text + length, size - 1 - length);
        assert_true(count > 0);
        length += (size_t)count;
        text[length] = '\0';
    } while (!strstr(text, end));
}

static void test_progress_show__terminal__after_a_second(void **state)
{
    struct progress progress;
    int master, slave;
    char text[256] = "";

    (void)state;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    progress_begin(&progress, "verify", slave);
    progress_show(&progress, 1, 2);
    progress_end(&progress);
    assert_int_equal(waiting(master), 0);
    progress.started_msec -= 60000;
    progress_show(&progress, 1, 2);
    progress_show(&progress, 2, 2); /* too soon for another look */
    progress_end(&progress);
    read_until(master, "MiB\r\033[K", text, sizeof(text)); /* taken away */
    assert_non_null(strstr(text, " 50% "));
    assert_null(strstr(text, " 100% "));
    closep(&master);
    closep(&slave);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_progress_line__parts__bar_and_percent),
        cmocka_unit_test(test_progress_line__largest_numbers__fit),
        cmocka_unit_test(test_progress_show__no_terminal__nothing),
        cmocka_unit_test(test_progress_show__terminal__after_a_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
