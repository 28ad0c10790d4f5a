/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs the offline modes of sessmgrd, which alone knows the store's files; see store.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"
#include "ctl/format.h"
#include "ctl/store.h"

enum { STATUS_CANNOT_RUN = 127 };

/* In the child: becomes sessmgrd. */
static void become(const char *program, const char *mode, int in, int out)
{
    char option[64];

    (void)snprintf(option, sizeof(option), "--store=%s", mode); /* a word of ours */
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
        (void)execl(program, program, option, NULL);
    _exit(STATUS_CANNOT_RUN);
}

static enum exit_code wait_for(pid_t pid, const char *program)
{
    CLEANUP(freep) char *printable = NULL;
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return failure_tell_system(program, -errno, "");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return CODE_OK;
    if (WIFEXITED(status) && WEXITSTATUS(status) == CODE_DAMAGED)
        return CODE_DAMAGED;
    printable = format_printable(program);
    if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_CANNOT_RUN)
        fprintf(stderr, "sessmgrctl: the daemon cannot be reached, and %s cannot be run\n",
                printable ? printable : "sessmgrd");
    else if (WIFSIGNALED(status))
        fprintf(stderr, "sessmgrctl: %s was ended by signal %d\n",
                printable ? printable : "sessmgrd", WTERMSIG(status));
    return CODE_FAILED;
}

/* Reads to the end; what does not fit is left out. */
static void read_all(int fd, char *text, size_t size)
{
    char rest[256] = "";
    size_t length = 0;
    ssize_t n;

    do {
        bool full = length == size - 1;

        n = read(fd, full ? rest : text + length, full ? sizeof(rest) : size - 1 - length);
        if (n > 0 && !full)
            length += (size_t)n;
    } while (n > 0 || (n < 0 && errno == EINTR));
    text[length] = '\0';
}

enum exit_code store_offline_run(const char *program, const char *mode, int in, int out, char *text,
                                 size_t size)
{
    int ends[2] = {-1, -1};
    pid_t pid;

    if (out < 0 && pipe2(ends, O_CLOEXEC) < 0)
        return failure_tell_system(mode, -errno, "");
    pid = fork();
    if (pid == 0)
        become(program, mode, in, out < 0 ? ends[1] : out);
    closep(&ends[1]);
    if (pid < 0) {
        closep(&ends[0]);
        return failure_tell_system(mode, -errno, "");
    }
    if (out < 0)
        read_all(ends[0], text, size);
    closep(&ends[0]);
    return wait_for(pid, program);
}

static void read_member(const char *key, const char *value, void *userdata)
{
    struct store_answer *answer = userdata;
    const struct {
        const char *name;
        int64_t *number;
    } numbers[] = {
        {"records", &answer->records}, {"bytes", &answer->bytes}, {"sequence", &answer->sequence}};
    size_t length = strlen(value);

    for (size_t i = 0; i < ELEMENTS(numbers); i++)
        if (strcmp(key, numbers[i].name) == 0)
            *numbers[i].number = strtoimax(value, NULL, 10);
    if (strcmp(key, "keyId") == 0 && length >= 2 && length - 2 < sizeof(answer->key_id))
        (void)snprintf(answer->key_id, sizeof(answer->key_id), "%.*s", (int)length - 2, value + 1);
}

void store_answer_read(const char *text, struct store_answer *ret)
{
    *ret = STORE_ANSWER_NONE;
    (void)json_for_each(text, read_member, ret); /* what cannot be read is not told */
}
