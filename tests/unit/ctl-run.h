/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A command of sessmgrctl against a daemon that follows a script: its command line goes through
 * ctl/options.c, its input comes from a pipe, and what it prints and its exit code are kept.
 */
#ifndef SESSMGR_TEST_CTL_RUN_H
#define SESSMGR_TEST_CTL_RUN_H

#include <fcntl.h>
#include <getopt.h>
#include <pty.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/options.h"
#include "tests/unit/fake-daemon.h"

enum { CTL_RUN_TEXT_BYTES = 8192, CTL_RUN_WORDS_MAX = 20 };

struct ctl_run {
    command_function *command;
    const char
        *words[CTL_RUN_WORDS_MAX];  /* options and arguments behind its name; NULL ends them */
    const char *input;              /* on standard input; NULL: nothing */
    const struct fake_step *script; /* NULL: the daemon is away */
    bool full;                      /* standard output cannot be written to */
    bool terminal;                  /* standard input and error are one, where the input is typed */
};

struct ctl_result {
    int code;
    char out[CTL_RUN_TEXT_BYTES];
    char err[CTL_RUN_TEXT_BYTES];
};

/* Puts a file in place of a standard descriptor, which is kept aside. */
static inline int ctl_put(int fd, int standard)
{
    int aside = fcntl(standard, F_DUPFD_CLOEXEC, 10);

    if (fd < 0 || aside < 0 || dup2(fd, standard) < 0)
        abort(); /* nothing could be said of it any more */
    return aside;
}

static inline void ctl_put_back(int aside, int standard)
{
    if (dup2(aside, standard) < 0)
        abort();
    (void)close(aside);
}

/* A descriptor from which the input can be read once. */
static inline int ctl_input(const char *input)
{
    size_t length = input ? strlen(input) : 0;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    if (write(ends[1], input ? input : "", length) != (ssize_t)length)
        abort();
    (void)close(ends[1]);
    return ends[0];
}

static inline void ctl_take(int fd, char *text)
{
    size_t length = 0;
    ssize_t n;

    (void)lseek(fd, 0, SEEK_SET); /* a terminal has no place */
    while ((n = read(fd, text + length, CTL_RUN_TEXT_BYTES - 1 - length)) > 0)
        length += (size_t)n;
    text[length] = '\0';
    (void)close(fd);
}

/* Makes the two files a terminal. Returns where to read what it shows, what is typed included. */
static inline int ctl_terminal(const char *input, int *in, int *err)
{
    int shows;

    if (openpty(&shows, in, NULL, NULL, NULL) < 0 ||
        write(shows, input, strlen(input)) != (ssize_t)strlen(input))
        abort();
    *err = fcntl(*in, F_DUPFD_CLOEXEC, 0);
    return shows;
}

/* As main() does it, without the table of commands. */
static inline int ctl_call(const struct ctl_run *run, const char *socket_path)
{
    static char name[] = "sessmgrctl";
    char *words[CTL_RUN_WORDS_MAX + 1] = {name};
    struct sessmgr *handle = NULL;
    struct options options;
    bool done = false;
    int count = 1, code;

    for (; run->words[count - 1]; count++)
        words[count] = strdup(run->words[count - 1]);
    optind = 0; /* begins anew, getopt(3) */
    code = (int)options_parse(count, words, &options, &done);
    if (code == CODE_OK && sessmgr_open(&handle, socket_path, UINT64_C(10000000)) == 0)
        code = (int)run->command(handle, &options, words + optind, (size_t)(count - optind));
    sessmgr_close(handle);
    while (--count > 0)
        free(words[count]);
    return code;
}

/* Runs it. Asserts nothing while the standard descriptors are others. Returns what went wrong in
 * the daemon's script; NULL: nothing. */
static inline const char *ctl_run(struct fake_daemon *daemon, const struct ctl_run *run,
                                  struct ctl_result *ret)
{
    int files[] = {-1, memfd_create("out", MFD_CLOEXEC | MFD_ALLOW_SEALING), -1};
    int aside[3], shows;

    if (run->terminal) {
        shows = ctl_terminal(run->input, &files[0], &files[2]);
    } else {
        files[0] = ctl_input(run->input);
        files[2] = memfd_create("err", MFD_CLOEXEC);
        shows = fcntl(files[2], F_DUPFD_CLOEXEC, 0);
    }
    if (run->full && fcntl(files[1], F_ADD_SEALS, F_SEAL_WRITE) < 0)
        return "it cannot be made full";
    if (run->script)
        fake_start(daemon, run->script);
    (void)fflush(stdout);
    for (int i = 0; i < 3; i++)
        aside[i] = ctl_put(files[i], i);
    clearerr(stdin);
    ret->code = ctl_call(run, run->script ? daemon->path : daemon->folder);
    (void)fflush(stdout);
    for (int i = 0; i < 3; i++)
        ctl_put_back(aside[i], i);
    clearerr(stdout);
    (void)close(files[0]);
    (void)close(files[2]);
    ctl_take(files[1], ret->out);
    ctl_take(shows, ret->err);
    return run->script ? fake_finish(daemon) : NULL;
}

/* The script of a daemon that answers one call. The call has to contain wanted. */
#define CTL_ANSWER(wanted, reply)                                                            \
    {                                                                                        \
        {FAKE_ACCEPT, NULL}, {FAKE_READ, (wanted)}, {FAKE_SEND, (reply)}, {FAKE_WAIT, NULL}, \
            {FAKE_CLOSE, NULL}, {FAKE_END, NULL},                                            \
    }

/* The script of one that nobody calls. */
#define CTL_SILENCE        \
    {                      \
        {                  \
            FAKE_END, NULL \
        }                  \
    }

#endif
