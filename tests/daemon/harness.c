/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs the daemon: see harness.h. What cannot be done ends the test program by abort(). */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"

enum { BACKLOG = 2048, LOG_LINE_MAX_BYTES = 32768, LISTEN_FDS_START = 3 };

static void check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

static void write_file(const char *path, const char *text)
{
    CLEANUP(closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    check(fd >= 0, path);
    check(write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
}

static int make_socket(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    check(fd >= 0, "socket");
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    check(bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0, path);
    if (type != SOCK_DGRAM)
        check(listen(fd, BACKLOG) == 0, "listen");
    return fd;
}

int harness_setup(void **state)
{
    struct harness *harness = calloc(1, sizeof(*harness));
    char path[128];

    check(harness != NULL, "calloc");
    (void)snprintf(harness->folder, sizeof(harness->folder), "/tmp/sessmgr-daemon-XXXXXX");
    check(mkdtemp(harness->folder) != NULL, "mkdtemp");
    check(chmod(harness->folder, 0755) == 0, "chmod");
    (void)snprintf(harness->sockets[SOCKET_LOGIN], sizeof(harness->sockets[0]), "%s/login",
                   harness->folder);
    (void)snprintf(harness->sockets[SOCKET_SESSION], sizeof(harness->sockets[0]), "%s/session",
                   harness->folder);
    (void)snprintf(harness->state, sizeof(harness->state), "%s/state", harness->folder);
    (void)snprintf(harness->runtime, sizeof(harness->runtime), "%s/runtime", harness->folder);
    (void)snprintf(harness->credentials, sizeof(harness->credentials), "%s/credentials",
                   harness->folder);
    (void)snprintf(harness->config, sizeof(harness->config), "%s/sessmgrd.conf", harness->folder);
    (void)snprintf(harness->log, sizeof(harness->log), "%s/log", harness->folder);
    (void)snprintf(harness->control, sizeof(harness->control), "%s/control", harness->folder);
    check(mkdir(harness->state, 0700) == 0, "mkdir");
    check(mkdir(harness->runtime, 0755) == 0, "mkdir");
    check(mkdir(harness->credentials, 0755) == 0, "mkdir");
    write_file(harness->log, "");
    for (int kind = SOCKET_LOGIN; kind <= SOCKET_SESSION; kind++)
        harness->listeners[kind] = make_socket(harness->sockets[kind], SOCK_STREAM);
    check(chmod(harness->sockets[SOCKET_SESSION], 0666) == 0, "chmod");
    (void)snprintf(path, sizeof(path), "%s/notify", harness->folder);
    harness->notify = make_socket(path, SOCK_DGRAM);
    harness->control_listener = make_socket(harness->control, SOCK_SEQPACKET);
    check(chmod(harness->control, 0666) == 0, "chmod");
    harness_configure(harness, "[Session]\nGraceSec=1s\n");
    (void)snprintf(path, sizeof(path), "%s.d", harness->config);
    check(mkdir(path, 0755) == 0, "mkdir");
    (void)snprintf(path, sizeof(path), "%s.d/00-harness.conf", harness->config);
    write_file(path,
               "[Manager]\nAdopt=no\n"); /* who works on this machine is nobody of the test's */
    *state = harness;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int harness_teardown(void **state)
{
    struct harness *harness = *state;

    actor_free_all(harness);
    if (harness->pid > 0)
        harness_stop(harness); /* a leak that the sanitizers see fails the test */
    for (int kind = SOCKET_LOGIN; kind <= SOCKET_SESSION; kind++)
        closep(&harness->listeners[kind]);
    closep(&harness->notify);
    closep(&harness->control_listener);
    (void)nftw(harness->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(harness);
    return 0;
}

void harness_configure(struct harness *harness, const char *text)
{
    write_file(harness->config, text);
}

void harness_rule(const struct harness *harness, const char *name, const char *text)
{
    char folder[96], path[192];

    (void)snprintf(folder, sizeof(folder), "%s/policy.d", harness->folder);
    (void)snprintf(path, sizeof(path), "%s/%s.conf", folder, name);
    check(mkdir(folder, 0755) == 0 || errno == EEXIST, folder);
    if (text == NULL)
        check(unlink(path) == 0, path);
    else
        write_file(path, text);
}

void harness_credential(const struct harness *harness, const char *name, unsigned char filling)
{
    char path[160], bytes[33] = "";

    (void)snprintf(path, sizeof(path), "%s/%s", harness->credentials, name);
    memset(bytes, filling, sizeof(bytes) - 1);
    if (filling == 0)
        check(unlink(path) == 0, path);
    else
        write_file(path, bytes);
}

static void put_number(const char *name, long number)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%ld", number);
    check(setenv(name, text, 1) == 0, "setenv");
}

/* In the child: becomes the daemon. */
static void become_daemon(const struct harness *harness)
{
    const char *program = getenv("SESSMGRD");
    const struct rlimit limit = {.rlim_cur = (rlim_t)harness->descriptors_max,
                                 .rlim_max = (rlim_t)harness->descriptors_max};
    char notify[96];
    int output = open(harness->stderr_to != NULL ? harness->stderr_to : harness->log,
                      O_WRONLY | O_APPEND | O_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(notify, sizeof(notify), "%s/notify", harness->folder);
    check(output >= 0 && dup2(output, STDERR_FILENO) >= 0, "log");
    check(signal(SIGPIPE, SIG_DFL) != SIG_ERR, "signal");
    put_number("LISTEN_PID", getpid());
    put_number("LISTEN_FDS", 2);
    check(setenv("LISTEN_FDNAMES", "login:session", 1) == 0, "setenv");
    check(setenv("NOTIFY_SOCKET", notify, 1) == 0, "setenv");
    check(setenv("CREDENTIALS_DIRECTORY", harness->credentials, 1) == 0, "setenv");
    for (const char *const *entry = harness->environment; entry != NULL && *entry != NULL; entry++)
        check(putenv((char *)*entry) == 0, "putenv"); /* which does not change it */
    /* Out of the way of where they go. */
    int login = fcntl(harness->listeners[SOCKET_LOGIN], F_DUPFD_CLOEXEC, 16);
    int session = fcntl(harness->listeners[SOCKET_SESSION], F_DUPFD_CLOEXEC, 16);
    check(dup2(login, LISTEN_FDS_START) >= 0 && dup2(session, LISTEN_FDS_START + 1) >= 0, "dup2");
    if (harness->descriptors_max > 0)
        check(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    program = program != NULL ? program : "./sessmgrd";
    (void)execl(program, program, "--config", harness->config, "--state", harness->state,
                "--runtime", harness->runtime, NULL);
    perror(program);
    _exit(127);
}

static void spawn(struct harness *harness)
{
    assert_int_equal(harness->pid, 0);
    harness->pid = fork();
    check(harness->pid >= 0, "fork");
    if (harness->pid == 0)
        become_daemon(harness);
}

static int wait_for_exit(struct harness *harness)
{
    int status = 0;

    for (int left = HARNESS_PATIENCE_MSEC; left > 0; left -= 10) {
        if (waitpid(harness->pid, &status, WNOHANG) == harness->pid) {
            harness->pid = 0;
            return status;
        }
        harness_pause(10);
    }
    fail_msg("the daemon does not stop");
    return -1;
}

static void show_log(const struct harness *harness)
{
    char line[LOG_LINE_MAX_BYTES];
    FILE *stream = fopen(harness->log, "re");

    check(stream != NULL, harness->log);
    while (fgets(line, sizeof(line), stream) != NULL)
        print_error("    %s", line);
    (void)fclose(stream); /* only ever read from */
}

void harness_start(struct harness *harness)
{
    struct pollfd entry = {.fd = harness->notify, .events = POLLIN};
    char text[256];

    spawn(harness);
    do {
        ssize_t length;

        if (poll(&entry, 1, HARNESS_PATIENCE_MSEC) != 1) {
            show_log(harness);
            fail_msg("the daemon does not become ready");
        }
        length = recv(harness->notify, text, sizeof(text) - 1, 0);
        check(length >= 0, "recv");
        text[length] = '\0';
    } while (strstr(text, "READY=1") == NULL);
}

int harness_start_failing(struct harness *harness)
{
    int status;

    spawn(harness);
    status = wait_for_exit(harness);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

void harness_stop(struct harness *harness)
{
    int status;

    check(kill(harness->pid, SIGTERM) == 0, "kill");
    status = wait_for_exit(harness);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        show_log(harness);
        fail_msg("the daemon stopped with status %#x", (unsigned)status);
    }
}

void harness_kill(struct harness *harness)
{
    check(kill(harness->pid, SIGKILL) == 0, "kill");
    check(waitpid(harness->pid, NULL, 0) == harness->pid, "waitpid");
    harness->pid = 0;
}

size_t harness_log_lines(const struct harness *harness, const char *const *texts)
{
    char line[LOG_LINE_MAX_BYTES];
    FILE *stream = fopen(harness->log, "re");
    size_t count = 0;

    check(stream != NULL, harness->log);
    while (fgets(line, sizeof(line), stream) != NULL) {
        const char *const *text = texts;

        while (*text != NULL && strstr(line, *text) != NULL)
            text++;
        count += *text == NULL ? 1 : 0;
    }
    (void)fclose(stream); /* only ever read from */
    return count;
}

long harness_entries(const char *path)
{
    DIR *folder = opendir(path);
    long count = 0;

    check(folder != NULL, path);
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder); /* only ever read from */
    return count;
}

void harness_pause(int msec)
{
    const struct timespec time = {.tv_sec = msec / 1000, .tv_nsec = (msec % 1000) * 1000000L};

    (void)nanosleep(&time, NULL);
}

long harness_now_msec(void)
{
    struct timespec now;

    check(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "clock_gettime");
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
