/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Starting a pager and waiting for it.
 */
#include "config.h"

#include "ctl/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"

enum { WORDS_MAX = 16 }; /* of a pager's command line */

/* Whether a pager would run with privileges that the person at the keyboard does not have. */
static bool is_privileged(void)
{
    if (geteuid() != getuid() || getegid() != getgid())
        return true;
    return geteuid() == 0 && (getenv("SUDO_UID") || getenv("PKEXEC_UID") || getenv("DOAS_USER"));
}

/* Splits at white space into words, ended by NULL; what is too much is left out. */
static void split(char *command, char *words[static WORDS_MAX + 1])
{
    size_t count = 0;
    char *rest = NULL;

    for (char *word = strtok_r(command, " \t\n", &rest); word && count < WORDS_MAX;
         word = strtok_r(NULL, " \t\n", &rest))
        words[count++] = word;
    words[count] = NULL;
}

/* In the child: becomes the pager. Never returns. */
static void run(const char *chosen, bool secure)
{
    static const char *const defaults[] = {"less", "more", "cat"};
    char *words[WORDS_MAX + 1];
    char *command = chosen ? strdup(chosen) : NULL;

    /* F: ends by itself when all fits on the screen; R: colours; S: long lines are cut; X: the
     * screen is not cleared; M: a long prompt; K: ^C ends it */
    (void)setenv("LESS", "FRSXMK", 0);
    if (secure)
        (void)setenv("LESSSECURE", "1", 1);
    if (command) {
        split(command, words);
        if (words[0])
            (void)execvp(words[0], words);
    }
    for (size_t i = 0; i < ELEMENTS(defaults); i++)
        if (!secure || strcmp(defaults[i], "more") != 0)
            (void)execlp(defaults[i], defaults[i], (char *)NULL);
    _exit(127);
}

/* Where nothing but lines can be shown, a pager would wait for keys that nobody knows of. */
static bool is_dumb_terminal(void)
{
    const char *terminal = getenv("TERM");

    return !terminal || terminal[0] == '\0' || strcmp(terminal, "dumb") == 0;
}

void pager_open(struct pager *pager, bool wanted)
{
    bool secure = is_privileged();
    const char *chosen = getenv("SYSTEMD_PAGER");
    int ends[2];

    pager->pid = 0;
    if (!chosen)
        chosen = getenv("PAGER");
    if (!wanted || !isatty(STDOUT_FILENO) || is_dumb_terminal() ||
        (chosen && (chosen[0] == '\0' || strcmp(chosen, "cat") == 0)))
        return;
    (void)fflush(stdout); /* an error is kept by the stream and looked at in the end */
    if (pipe2(ends, O_CLOEXEC) < 0)
        return;
    pager->pid = fork();
    if (pager->pid == 0) {
        if (dup2(ends[0], STDIN_FILENO) >= 0)
            run(secure ? NULL : chosen, secure);
        _exit(127);
    }
    if (pager->pid > 0 && dup2(ends[1], STDOUT_FILENO) >= 0) {
        /* ^C is for the pager; a person who has seen enough closes the pipe */
        (void)signal(SIGINT, SIG_IGN);
        (void)signal(SIGPIPE, SIG_IGN);
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
}

void pager_close(struct pager *pager)
{
    if (pager->pid <= 0)
        return;
    (void)fflush(stdout); /* nobody is left to be told that the pager did not want it all */
    clearerr(stdout);
    (void)close(STDOUT_FILENO);
    while (waitpid(pager->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    pager->pid = 0;
}
