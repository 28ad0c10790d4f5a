/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where lines go and how they are escaped (daemon/log.h). The sockets, the journal and syslog are
 * this file's own; standard error is a pipe.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/log.h"

/* How connect(2) ends for each of the two sockets, and what the sinks were given. */
static struct {
    int journal_error, syslog_error;
    char journal[4096]; /* the fields, a newline behind each */
    char syslog[4096];
    int syslog_priority;
    int saved_stderr, pipe[2];
} world;

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    const struct sockaddr_un *local = (const struct sockaddr_un *)address;

    (void)fd;
    (void)size;
    errno = strcmp(local->sun_path, "/dev/log") == 0 ? world.syslog_error : world.journal_error;
    return errno == 0 ? 0 : -1;
}

/* Stands in for libsystemd's. */
int sd_journal_sendv(const struct iovec *vector, int count);
int sd_journal_sendv(const struct iovec *vector, int count)
{
    size_t length = 0;

    for (int i = 0; i < count; i++) {
        assert_in_range(length + vector[i].iov_len, 0, sizeof(world.journal) - 2);
        memcpy(world.journal + length, vector[i].iov_base, vector[i].iov_len);
        length += vector[i].iov_len;
        world.journal[length++] = '\n';
    }
    world.journal[length] = '\0';
    return 0;
}

/* Stand in for the C library's; the second is what the first becomes under _FORTIFY_SOURCE. */
#undef syslog /* a macro where the headers are fortified and the compiler is clang */
void syslog(int priority, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(world.syslog, sizeof(world.syslog), format, arguments);
    va_end(arguments);
    world.syslog_priority = priority;
}

__attribute__((format(printf, 3, 4))) void __syslog_chk(int priority, int flag, const char *format,
                                                        ...);
void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list arguments;

    (void)flag;
    va_start(arguments, format);
    (void)vsnprintf(world.syslog, sizeof(world.syslog), format, arguments);
    va_end(arguments);
    world.syslog_priority = priority;
}

/* A host with neither journal nor syslog. */
static int setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    world.journal_error = ENOENT;
    world.syslog_error = ENOENT;
    world.saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    assert_true(world.saved_stderr >= 0);
    assert_int_equal(pipe2(world.pipe, O_CLOEXEC | O_NONBLOCK), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)close(world.pipe[0]);
    (void)close(world.pipe[1]);
    (void)close(world.saved_stderr);
    return 0;
}

static void redirect_stderr(void)
{
    assert_int_equal(dup2(world.pipe[1], STDERR_FILENO), STDERR_FILENO);
}

/* Puts standard error back and yields what was written to it. */
static const char *written(void)
{
    static char text[16384];
    ssize_t n;

    assert_int_equal(dup2(world.saved_stderr, STDERR_FILENO), STDERR_FILENO);
    n = read(world.pipe[0], text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static const char *const fields[] = {"SESSMGR_USER=alice", "SESSMGR_REASON=lifetime"};

static void send_entry(const char *message, const char *const *items, size_t count)
{
    log_send(&(struct log_entry){
        .priority = LOG_NOTICE, .message = message, .fields = items, .field_count = count});
}

static void test_log_line__nothing_listens__standard_error_with_priority(void **state)
{
    (void)state;
    log_open(false);
    redirect_stderr();
    log_line(LOG_ERR, "cannot open %s", "x");
    log_line(LOG_DEBUG, "not shown");
    assert_string_equal(written(), "<3>cannot open x\n");
}

static void test_log_line__verbose__debug_lines_too(void **state)
{
    (void)state;
    log_open(true);
    redirect_stderr();
    log_line(LOG_DEBUG, "shown");
    assert_string_equal(written(), "<7>shown\n");
}

static void test_log_line__errno__told_and_kept(void **state)
{
    int kept;

    (void)state;
    log_open(false);
    redirect_stderr();
    errno = ENOSPC;
    log_line(LOG_ERR, "%m");
    kept = errno;
    assert_string_equal(written(), "<3>No space left on device\n");
    assert_int_equal(kept, ENOSPC);
}

static void test_log_line__bytes_of_a_peer__escaped(void **state)
{
    (void)state;
    log_open(false);
    redirect_stderr();
    log_line(LOG_ERR, "%s",
             "a\n<0>b\x1b[2J\x7f\tgr\xc3\xbc\xc3\x9f"
             "\xc2\x9b"
             "\xff\xc3");
    assert_string_equal(written(), "<3>a\\x0a<0>b\\x1b[2J\\x7f\\x09gr\xc3\xbc\xc3\x9f"
                                   "\\xc2\\x9b\\xff\\xc3\n");
}

static void test_log_line__too_long__cut(void **state)
{
    char text[3000];

    (void)state;
    memset(text, '\n', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    log_open(false);
    redirect_stderr();
    log_line(LOG_ERR, "%s", text);
    assert_int_equal(strlen(written()), strlen("<3>\n") + 4 * 2047);
}

static void test_log_send__standard_error__fields_follow_as_words(void **state)
{
    (void)state;
    log_open(false);
    redirect_stderr();
    send_entry("Session ended", fields, ELEMENTS(fields));
    assert_string_equal(written(), "<5>Session ended SESSMGR_USER=alice SESSMGR_REASON=lifetime\n");
}

static void test_log_send__value_that_could_be_words__quoted(void **state)
{
    static const char *const hostile[] = {"A=x B=y", "C=", "D=\"\\", "E=a\nF=b", "G=x=y", "none"};

    (void)state;
    log_open(false);
    redirect_stderr();
    send_entry("m", hostile, ELEMENTS(hostile));
    assert_string_equal(written(), "<5>m A=\"x B=y\" C=\"\" D=\"\\\"\\\\\" E=\"a\\x0aF=b\" "
                                   "G=\"x=y\"\n");
}

static void test_log_open__syslog_listens__goes_there(void **state)
{
    static const int errors[] = {0, EPROTOTYPE}; /* EPROTOTYPE: it is a stream socket */

    (void)state;
    for (size_t i = 0; i < ELEMENTS(errors); i++) {
        world.syslog_error = errors[i];
        log_open(false);
        redirect_stderr();
        log_line(LOG_WARNING, "100%%s\n");
        assert_string_equal(written(), "");
        assert_string_equal(world.syslog, "100%s\\x0a");
        assert_int_equal(world.syslog_priority, LOG_DAEMON | LOG_WARNING);
        send_entry("m", fields, ELEMENTS(fields));
        assert_string_equal(world.syslog, "m SESSMGR_USER=alice SESSMGR_REASON=lifetime");
        assert_int_equal(world.syslog_priority, LOG_AUTHPRIV | LOG_NOTICE);
    }
}

static void test_log_open__journal_listens__goes_there_with_fields(void **state)
{
    (void)state;
    world.journal_error = 0;
    world.syslog_error = 0;
    log_open(false);
    send_entry("a\nb", fields, ELEMENTS(fields));
    assert_string_equal(world.journal, "MESSAGE=a\\x0ab\nPRIORITY=5\nSYSLOG_FACILITY=10\n"
                                       "SESSMGR_USER=alice\nSESSMGR_REASON=lifetime\n");
    log_line(LOG_INFO, "x");
    assert_string_equal(world.journal, "MESSAGE=x\nPRIORITY=6\nSYSLOG_FACILITY=3\n");
    assert_string_equal(world.syslog, "");
}

static void test_log_open__socket_left_behind__not_taken(void **state)
{
    (void)state;
    world.journal_error = ECONNREFUSED;
    world.syslog_error = ECONNREFUSED;
    log_open(false);
    redirect_stderr();
    log_line(LOG_ERR, "x");
    assert_string_equal(written(), "<3>x\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
        TEST(log_line__nothing_listens__standard_error_with_priority),
        TEST(log_line__verbose__debug_lines_too),
        TEST(log_line__errno__told_and_kept),
        TEST(log_line__bytes_of_a_peer__escaped),
        TEST(log_line__too_long__cut),
        TEST(log_send__standard_error__fields_follow_as_words),
        TEST(log_send__value_that_could_be_words__quoted),
        TEST(log_open__syslog_listens__goes_there),
        TEST(log_open__journal_listens__goes_there_with_fields),
        TEST(log_open__socket_left_behind__not_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
