/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store's tools for tests: see store-scene.h. What cannot be done ends the test program. */
#include <config.h>

#include "tests/daemon/store-scene.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"

static void check(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

static void read_text(int fd, char *text)
{
    ssize_t n = pread(fd, text, STORE_SCENE_TEXT_BYTES - 1, 0);

    check(n >= 0, "pread");
    text[n] = '\0';
}

static void become_tool(const struct harness *harness, const char *mode, int in, int out, int err)
{
    const char *program = getenv("SESSMGRD");
    char option[64];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(option, sizeof(option), "--store=%s", mode);
    check(dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
              dup2(err, STDERR_FILENO) >= 0 &&
              setenv("CREDENTIALS_DIRECTORY", harness->credentials, 1) == 0,
          "dup2");
    program = program != NULL ? program : "./sessmgrd";
    (void)execl(program, program, option, "--state", harness->state, NULL);
    _exit(127);
}

const struct store_tool_result *store_scene_tool(const struct harness *harness, const char *mode,
                                                 int in, int out)
{
    static struct store_tool_result result;
    CLEANUP(closep) int text = memfd_create("out", MFD_CLOEXEC);
    CLEANUP(closep) int err = memfd_create("err", MFD_CLOEXEC);
    CLEANUP(closep) int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int status = 0;
    pid_t pid;

    check(text >= 0 && err >= 0 && nothing >= 0, "memfd_create");
    pid = fork();
    check(pid >= 0, "fork");
    if (pid == 0)
        become_tool(harness, mode, in < 0 ? nothing : in, out < 0 ? text : out, err);
    check(waitpid(pid, &status, 0) == pid, "waitpid");
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_text(text, result.out);
    read_text(err, result.err);
    return &result;
}

int store_scene_backup(struct harness *harness)
{
    union {
        struct cmsghdr header; /* for its alignment */
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec vector = {.iov_base = harness->reply, .iov_len = sizeof(harness->reply) - 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    CLEANUP(closep) int fd = harness_connect(harness, SOCKET_SESSION);
    int received = -1;
    ssize_t n;

    harness_send_text(fd, "{\"method\":\"io.sessmgr.Manager.BackupStore\"}");
    n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    check(n > 0, "recvmsg");
    harness->reply[n] = '\0';
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
         header = CMSG_NXTHDR(&message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
            memcpy(&received, CMSG_DATA(header), sizeof(received));
    return received;
}

int store_scene_keep(int fd)
{
    int copy = memfd_create("copy", MFD_CLOEXEC);
    char buffer[4096];
    off_t offset = 0;
    ssize_t n;

    while ((n = pread(fd, buffer, sizeof(buffer), offset)) > 0) {
        check(write(copy, buffer, (size_t)n) == n, "write");
        offset += n;
    }
    check(n == 0 && lseek(copy, 0, SEEK_SET) == 0, "pread");
    closep(&fd);
    return copy;
}

/* Calls visit (which may be NULL) for files; how many there were that it was true of. */
static size_t for_each(const struct harness *harness, const char *prefix,
                       bool (*visit)(const char *path, off_t offset, void *userdata), off_t offset,
                       void *userdata)
{
    DIR *folder = opendir(harness->state);
    size_t count = 0;

    check(folder != NULL, harness->state);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[400];

        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", harness->state, entry->d_name);
        count += visit == NULL || visit(path, offset, userdata) ? 1 : 0;
    }
    (void)closedir(folder); /* only ever read from */
    return count;
}

size_t store_scene_files(const struct harness *harness, const char *prefix)
{
    return for_each(harness, prefix, NULL, 0, NULL);
}

static const char zeros[64];

static bool hold(const char *path, off_t offset, void *userdata)
{
    struct store_scene_held *held = userdata;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    check(fd >= 0 && held->count < ELEMENTS(held->files), path);
    held->files[held->count].fd = fd;
    check(pread(fd, held->files[held->count].bytes, sizeof(zeros), offset) >= 0, path);
    held->count++;
    return true;
}

void store_scene_hold(const struct harness *harness, off_t offset, struct store_scene_held *ret)
{
    *ret = (struct store_scene_held){.count = 0};
    (void)for_each(harness, "checkpoint-", hold, offset, ret);
    (void)for_each(harness, "log-", hold, offset, ret);
}

size_t store_scene_let_go(struct store_scene_held *held, off_t offset)
{
    size_t left = 0;

    for (size_t i = 0; i < held->count; i++) {
        const char *before = held->files[i].bytes;
        char now[sizeof(zeros)] = "";
        struct stat status;

        check(fstat(held->files[i].fd, &status) == 0, "fstat");
        check(pread(held->files[i].fd, now, sizeof(now), offset) >= 0, "pread");
        left += status.st_nlink > 0 && memcmp(before, zeros, sizeof(zeros)) != 0 &&
                memcmp(before, now, sizeof(now)) == 0;
        closep(&held->files[i].fd);
    }
    return left;
}

static bool spoil(const char *path, off_t offset, void *userdata)
{
    CLEANUP(closep) int fd = open(path, O_RDWR | O_CLOEXEC);
    char bytes[sizeof(zeros)];

    (void)userdata;
    check(fd >= 0 && pread(fd, bytes, sizeof(bytes), offset) == (ssize_t)sizeof(bytes), path);
    if (memcmp(bytes, zeros, sizeof(bytes)) == 0)
        return false;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)~bytes[i];
    check(pwrite(fd, bytes, sizeof(bytes), offset) == (ssize_t)sizeof(bytes), path);
    return true;
}

size_t store_scene_damage(const struct harness *harness, const char *prefix, off_t offset)
{
    return for_each(harness, prefix, spoil, offset, NULL);
}
