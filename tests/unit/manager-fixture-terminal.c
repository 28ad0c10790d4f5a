/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The terminal of a session in a manager for tests; see manager-fixture.h. */
#include <config.h>

#include "tests/unit/manager-fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"

#define PATIENCE_MSEC 10000  /* for what has been written */
#define MARK          '\001' /* behind what was shown */

void fixture_open_terminal(struct manager_fixture *fixture)
{
    struct termios raw;
    struct stat status;
    char pids[32];

    assert_int_equal(openpty(&fixture->master, &fixture->slave, NULL, NULL, NULL), 0);
    assert_int_equal(tcgetattr(fixture->slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(fixture->slave, TCSANOW, &raw), 0);
    assert_int_equal(fchmod(fixture->slave, 0620), 0);
    assert_int_equal(fstat(fixture->slave, &status), 0);
    /* as in field 7 of /proc/PID/stat */
    fixture->device = (minor(status.st_rdev) & 0xff) | major(status.st_rdev) << 8 |
                      (minor(status.st_rdev) & ~0xffu) << 12;
    fixture_use_terminal(fixture, fixture->realtime_usec - HOUR, fixture->realtime_usec - HOUR);
    fixture_process(fixture, TERMINAL_PID, fixture->device, 0);
    (void)snprintf(pids, sizeof(pids), "%d\n%d\n", (int)fixture->leader, TERMINAL_PID);
    fixture_write_in_scope(fixture, "cgroup.procs", pids);
}

void fixture_leave_terminal(struct manager_fixture *fixture)
{
    fixture_process(fixture, TERMINAL_PID, 0, 0);
}

void fixture_close_terminal(struct manager_fixture *fixture)
{
    closep(&fixture->master);
    closep(&fixture->slave);
    fixture->master = fixture->slave = -1;
}

void fixture_use_terminal(const struct manager_fixture *fixture, int64_t read_usec,
                          int64_t written_usec)
{
    const struct timespec times[2] = {{.tv_sec = (time_t)(read_usec / SEC)},
                                      {.tv_sec = (time_t)(written_usec / SEC)}};

    assert_int_equal(futimens(fixture->slave, times), 0);
}

/* A mark of our own is the end of what there is to be read. */
const char *fixture_shown(const struct manager_fixture *fixture, char *buffer, size_t size)
{
    static const char mark = MARK;
    struct pollfd readable = {.fd = fixture->master, .events = POLLIN};
    struct stat status;
    size_t length = 0;

    assert_int_equal(fstat(fixture->slave, &status), 0);
    assert_int_equal(write(fixture->slave, &mark, 1), 1);
    fixture_use_terminal(fixture, status.st_atim.tv_sec * SEC, status.st_mtim.tv_sec * SEC);
    while (length == 0 || buffer[length - 1] != mark) {
        ssize_t n;

        assert_int_equal(poll(&readable, 1, PATIENCE_MSEC), 1);
        n = read(fixture->master, buffer + length, size - length);
        assert_true(n > 0);
        length += (size_t)n;
    }
    buffer[length - 1] = '\0';
    return buffer;
}

void fixture_assert_shown(const struct manager_fixture *fixture, const char *line)
{
    char shown[4096], expected[1024] = "";

    if (line != NULL)
        (void)snprintf(expected, sizeof(expected), "\r\n%s\r\n", line);
    assert_string_equal(fixture_shown(fixture, shown, sizeof(shown)), expected);
}
