/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scripted daemon: see fake-daemon.h. What it can't do ends the test program by abort(). */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"
#include "common/varlink.h"
#include "tests/pam/fake-daemon.h"

enum { DRIP_USEC = 10000, LATE_USEC = 50000 };

static void check(bool good)
{
    if (!good)
        abort();
}

void fake_listen(struct fake_daemon *fake, const char *path, const char *calls, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CLEANUP(closep) int file = open(calls, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    check(file >= 0);
    check((size_t)snprintf(fake->calls, sizeof(fake->calls), "%s", calls) < sizeof(fake->calls));
    check((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) <
          sizeof(address.sun_path));
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(fake->listener >= 0);
    check(bind(fake->listener, (const struct sockaddr *)&address, sizeof(address)) == 0);
    check(listen(fake->listener, backlog) == 0);
}

/* Takes one call and writes it down, before anybody can see an answer. */
static void take_call(const struct fake_daemon *fake, int connection)
{
    static char call[VARLINK_MESSAGE_MAX_BYTES + 1];
    size_t length = 0;
    CLEANUP(closep) int file = open(fake->calls, O_WRONLY | O_APPEND | O_CLOEXEC);

    do {
        ssize_t received = recv(connection, call + length, sizeof(call) - length, 0);
        check(received > 0);
        length += (size_t)received;
    } while (call[length - 1] != '\0');
    check(write(file, call, length) == (ssize_t)length);
}

/* The other end may be gone already: that is the module's business. */
static void say(int connection, const char *text, size_t length)
{
    (void)send(connection, text, length, MSG_NOSIGNAL);
}

static void flood(int connection)
{
    static char text[VARLINK_MESSAGE_MAX_BYTES + 2];

    memset(text, ' ', sizeof(text));
    say(connection, text, sizeof(text));
}

static void drip(int connection, const char *text)
{
    for (size_t i = 0; i <= strlen(text); i++) {
        say(connection, text + i, 1);
        (void)usleep(DRIP_USEC);
    }
}

static void say_twice(int connection, const char *text)
{
    const size_t length = strlen(text) + 1;
    CLEANUP(freep) char *twice = malloc(2 * length);

    check(twice != NULL);
    memcpy(twice, text, length);
    memcpy(twice + length, text, length);
    say(connection, twice, 2 * length);
}

static void serve_one(const struct fake_daemon *fake, const struct fake_step *step)
{
    char byte;

    if (step->how == FAKE_HANG_UP_LATE)
        (void)usleep(LATE_USEC);

    CLEANUP(closep) int connection = accept(fake->listener, NULL, NULL);
    check(connection >= 0);
    if (step->how == FAKE_HANG_UP || step->how == FAKE_HANG_UP_LATE)
        return;

    take_call(fake, connection);
    if (step->how == FAKE_REPLY)
        say(connection, step->text, strlen(step->text) + 1);
    else if (step->how == FAKE_TWICE)
        say_twice(connection, step->text);
    else if (step->how == FAKE_CUT_OFF)
        say(connection, step->text, strlen(step->text));
    else if (step->how == FAKE_DRIP)
        drip(connection, step->text);
    else if (step->how == FAKE_FLOOD)
        flood(connection);
    if (step->how != FAKE_CUT_OFF)
        (void)recv(connection, &byte, 1, 0); /* until the other end closes */
}

void fake_serve(struct fake_daemon *fake, const struct fake_step *steps, size_t count)
{
    pid_t parent = getpid();

    fake->pid = fork();
    check(fake->pid >= 0);
    if (fake->pid > 0) {
        (void)close(TAKE_FD(fake->listener));
        return;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    for (size_t i = 0; i < count; i++)
        serve_one(fake, &steps[i]);
    _exit(0);
}

/* Reads the file of calls; *ret_length with the NULs in it. To be freed. */
static char *read_calls(const struct fake_daemon *fake, size_t *ret_length)
{
    CLEANUP(closep) int file = open(fake->calls, O_RDONLY | O_CLOEXEC);
    const size_t size = 8 * VARLINK_MESSAGE_MAX_BYTES;
    char *calls = malloc(size);
    ssize_t length;

    check(file >= 0 && calls != NULL);
    length = read(file, calls, size);
    check(length >= 0);
    *ret_length = (size_t)length;
    return calls;
}

size_t fake_count(const struct fake_daemon *fake)
{
    size_t length = 0, count = 0;
    CLEANUP(freep) char *calls = read_calls(fake, &length);

    for (size_t i = 0; i < length; i++)
        if (calls[i] == '\0')
            count++;
    return count;
}

void fake_get_call(const struct fake_daemon *fake, size_t index, char *buffer, size_t size)
{
    size_t length = 0, start = 0;
    CLEANUP(freep) char *calls = read_calls(fake, &length);

    for (size_t i = 0; i < length && index > 0; i++) {
        if (calls[i] == '\0') {
            index--;
            start = i + 1;
        }
    }
    buffer[0] = '\0';
    if (start < length && index == 0)
        check((size_t)snprintf(buffer, size, "%s", calls + start) < size);
}

void fake_stop(struct fake_daemon *fake)
{
    if (fake->listener >= 0)
        (void)close(TAKE_FD(fake->listener));
    if (fake->pid > 0) {
        (void)kill(fake->pid, SIGKILL);
        (void)waitpid(fake->pid, NULL, 0);
        fake->pid = 0;
    }
}
