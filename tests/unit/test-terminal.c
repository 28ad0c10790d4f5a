/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines written to terminals (daemon/terminal.h), with pseudo-terminals of the test's own. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/terminal.h"

struct fixture {
    int master, slave;
    unsigned device;
};

/* As the kernel writes it into field 7 of /proc/PID/stat. */
static unsigned encode_device(unsigned device_major, unsigned device_minor)
{
    return (device_minor & 0xff) | device_major << 8 | (device_minor & ~0xffu) << 12;
}

/* A terminal that permits messages and passes bytes as they are. */
static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct termios raw;
    struct stat status;

    assert_non_null(fixture);
    assert_int_equal(openpty(&fixture->master, &fixture->slave, NULL, NULL, NULL), 0);
    assert_int_equal(tcgetattr(fixture->slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(fixture->slave, TCSANOW, &raw), 0);
    assert_int_equal(fchmod(fixture->slave, 0620), 0);
    assert_int_equal(fcntl(fixture->master, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(fstat(fixture->slave, &status), 0);
    fixture->device = encode_device(major(status.st_rdev), minor(status.st_rdev));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    if (fixture->master >= 0)
        (void)close(fixture->master);
    (void)close(fixture->slave);
    free(fixture);
    return 0;
}

static void assert_shown(const struct fixture *fixture, const char *expected)
{
    char shown[8192];
    ssize_t n = read(fixture->master, shown, sizeof(shown) - 1);

    assert_in_range(n, 0, sizeof(shown) - 1);
    shown[n] = '\0';
    assert_string_equal(shown, expected);
}

static void assert_nothing_shown(const struct fixture *fixture)
{
    char byte;

    assert_int_equal(read(fixture->master, &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
}

static void test_terminal_write__message__lines_of_its_own(void **state)
{
    const struct fixture *fixture = *state;

    assert_int_equal(terminal_write(fixture->device, "Your session ends in 10s."), 0);
    assert_shown(fixture, "\r\nYour session ends in 10s.\r\n");
    assert_int_equal(terminal_write(fixture->device, "one\ntwo"), 0);
    assert_shown(fixture, "\r\none\r\ntwo\r\n");
}

static void test_terminal_write__control_characters__replaced(void **state)
{
    const struct fixture *fixture = *state;

    assert_int_equal(terminal_write(fixture->device, "\x1b]0;x\a\x7f\tb\r"), 0);
    assert_shown(fixture, "\r\n?]0;x???b?\r\n");
    /* C1 controls, and what is not UTF-8 */
    assert_int_equal(terminal_write(fixture->device, "a\xc2\x9b"
                                                     "b\x9b"
                                                     "c\xc3"),
                     0);
    assert_shown(fixture, "\r\na?b?c?\r\n");
}

static void test_terminal_write__utf8__as_it_is(void **state)
{
    const struct fixture *fixture = *state;

    assert_int_equal(terminal_write(fixture->device, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac"), 0);
    assert_shown(fixture, "\r\ngr\xc3\xbc\xc3\x9f \xe2\x82\xac\r\n");
}

static void test_terminal_write__very_long_message__cut(void **state)
{
    const struct fixture *fixture = *state;
    char message[6000];
    char shown[8192];
    ssize_t n = 0, r;

    memset(message, 'x', sizeof(message));
    message[sizeof(message) - 1] = '\0';
    assert_int_equal(terminal_write(fixture->device, message), 0);
    /* a busy host hands it over in pieces; the first line feed stands before the message */
    do {
        r = read(fixture->master, shown + n, sizeof(shown) - (size_t)n);
        assert_true(r > 0);
        n += r;
    } while (n <= 2 || memcmp(shown + n - 2, "\r\n", 2) != 0);
    assert_in_range(n, 3000, 4096);
    assert_memory_equal(shown + n - 3, "x\r\n", 3);
}

static void test_terminal_write__messages_not_permitted__refused(void **state)
{
    const struct fixture *fixture = *state;

    assert_int_equal(fchmod(fixture->slave, 0600), 0);
    assert_int_equal(terminal_write(fixture->device, "x"), -EACCES);
    assert_nothing_shown(fixture);
    assert_int_equal(fchmod(fixture->slave, 0622), 0);
    assert_int_equal(terminal_write(fixture->device, "x"), 0);
}

static void test_terminal_write__no_terminal_of_ours__refused(void **state)
{
    const unsigned devices[] = {
        0,                     /* none */
        encode_device(1, 3),   /* /dev/null */
        encode_device(4, 0),   /* the console in front, whichever that is */
        encode_device(188, 0), /* a serial line by USB */
        encode_device(5, 0),   /* /dev/tty */
        encode_device(5, 1),   /* /dev/console */
        encode_device(135, 0),
        encode_device(144, 0),
        encode_device(136, 0xfffff), /* no such pseudo-terminal */
        encode_device(137, 0xffeff),
        UINT32_MAX,
    };

    (void)state;
    for (size_t i = 0; i < ELEMENTS(devices); i++)
        assert_int_equal(terminal_write(devices[i], "x"), -ENXIO);
}

static void test_terminal_write__hung_up__gone(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(close(TAKE_FD(fixture->master)), 0);
    assert_int_equal(terminal_write(fixture->device, "x"), -ENXIO);
}

static void test_terminal_write__nobody_reads__gives_up(void **state)
{
    const struct fixture *fixture = *state;
    char message[4000];
    int r = 0;

    memset(message, 'x', sizeof(message));
    message[sizeof(message) - 1] = '\0';
    for (int i = 0; i < 1000 && r == 0; i++)
        r = terminal_write(fixture->device, message);
    assert_int_equal(r, -EAGAIN);
}

/* Only the leader of a session that has no terminal could get one by opening it. */
static void test_terminal_write__leader_without_terminal__still_without(void **state)
{
    const struct fixture *fixture = *state;
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (setsid() < 0 || terminal_write(fixture->device, "x") < 0)
            _exit(2);
        _exit(tcgetsid(fixture->slave) < 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
        TEST(terminal_write__message__lines_of_its_own),
        TEST(terminal_write__control_characters__replaced),
        TEST(terminal_write__utf8__as_it_is),
        TEST(terminal_write__very_long_message__cut),
        TEST(terminal_write__messages_not_permitted__refused),
        TEST(terminal_write__no_terminal_of_ours__refused),
        TEST(terminal_write__hung_up__gone),
        TEST(terminal_write__nobody_reads__gives_up),
        TEST(terminal_write__leader_without_terminal__still_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
