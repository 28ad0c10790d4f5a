/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs sessmgrd; see sessmgrd.h.
 */
#include "config.h"

#include "ctl/sessmgrd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"
#include "ctl/format.h"

const char *sessmgrd_path(const struct options *options)
{
    return options->sessmgrd ? options->sessmgrd : SBINDIR "/sessmgrd";
}

/* In the child: becomes sessmgrd. */
static void become(const struct sessmgrd_run *run, int out)
{
    if (dup2(run->in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
        (void)execl(run->program, run->program, run->options[0], run->options[1], NULL);
    _exit(SESSMGRD_NOT_RUN);
}

static int wait_for(pid_t pid, const char *program)
{
    CLEANUP(freep) char *printable = NULL;
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) {
            (void)failure_tell_system(program, -errno, "");
            return -1;
        }
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    printable = format_printable(program);
    fprintf(stderr, "sessmgrctl: %s was ended by signal %d\n", printable ? printable : "sessmgrd",
            WTERMSIG(status));
    return -1;
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

int sessmgrd_run(const struct sessmgrd_run *run)
{
    int ends[2] = {-1, -1};
    pid_t pid = -1;

    if (run->out >= 0 || pipe2(ends, O_CLOEXEC) == 0)
        pid = fork();
    if (pid == 0)
        become(run, run->out < 0 ? ends[1] : run->out);
    if (pid < 0)
        (void)failure_tell_system(run->program, -errno, "");
    closep(&ends[1]);
    if (pid > 0 && run->out < 0)
        read_all(ends[0], run->text, run->size);
    closep(&ends[0]);
    return pid < 0 ? -1 : wait_for(pid, run->program);
}
