/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What opening and closing a session through PAM costs: pam-cost CONFDIR SERVICE USER COUNT
 *
 * Each login is a process of its own, as sshd's is: a session manager keeps state by process and by
 * cgroup, so a second session of the same process would be another, cheaper thing. Prints one line
 * for each login, "ACCOUNT OPEN CLOSE", in microseconds. tests/bench/login-cost makes medians of
 * it.
 */
#include <errno.h>
#include <security/pam_appl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct cost {
    int64_t account_usec;
    int64_t open_usec;
    int64_t close_usec;
};

static int64_t now_nsec(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* There is nobody to talk to: what modules say is thrown away, and questions fail. */
static int converse(int count, const struct pam_message **messages,
                    struct pam_response **ret_responses, void *data)
{
    struct pam_response *responses;

    (void)data;
    for (int i = 0; i < count; i++)
        if (messages[i]->msg_style != PAM_TEXT_INFO && messages[i]->msg_style != PAM_ERROR_MSG)
            return PAM_CONV_ERR;
    responses = calloc((size_t)count, sizeof(*responses));
    if (responses == NULL)
        return PAM_BUF_ERR;
    *ret_responses = responses;
    return PAM_SUCCESS;
}

/* Calls one PAM function and takes its time. Returns its PAM code. */
static int timed(int (*call)(pam_handle_t *, int), pam_handle_t *pam, const char *what,
                 int64_t *ret_usec)
{
    int64_t start = now_nsec();
    int code = call(pam, PAM_SILENT);

    if (code != PAM_SUCCESS)
        fprintf(stderr, "pam-cost: %s: %s\n", what, pam_strerror(pam, code));
    else
        *ret_usec = (now_nsec() - start + 500) / 1000;
    return code;
}

static int login_once(const char *confdir, const char *service, const char *user, struct cost *ret)
{
    const struct pam_conv conversation = {converse, NULL};
    pam_handle_t *pam = NULL;
    int code;

    code = pam_start_confdir(service, user, &conversation, confdir, &pam);
    if (code != PAM_SUCCESS) {
        fprintf(stderr, "pam-cost: %s/%s: %s\n", confdir, service, pam_strerror(pam, code));
        return code;
    }
    code = pam_set_item(pam, PAM_TTY, "ssh");
    if (code == PAM_SUCCESS)
        code = pam_set_item(pam, PAM_RHOST, "192.0.2.1");
    if (code == PAM_SUCCESS)
        code = timed(pam_acct_mgmt, pam, "account", &ret->account_usec);
    if (code == PAM_SUCCESS)
        code = timed(pam_open_session, pam, "open", &ret->open_usec);
    if (code == PAM_SUCCESS)
        code = timed(pam_close_session, pam, "close", &ret->close_usec);
    (void)pam_end(pam, code); /* the process ends next */
    return code;
}

static int login_in_child(const char *confdir, const char *service, const char *user)
{
    struct cost cost = {0};
    int status;
    pid_t child;

    (void)fflush(stdout); /* or the child would print it again */
    child = fork();
    if (child < 0) {
        perror("pam-cost: fork");
        return -1;
    }
    if (child == 0) {
        if (login_once(confdir, service, user, &cost) != PAM_SUCCESS)
            exit(EXIT_FAILURE);
        printf("%lld %lld %lld\n", (long long)cost.account_usec, (long long)cost.open_usec,
               (long long)cost.close_usec);
        exit(EXIT_SUCCESS);
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) {
            perror("pam-cost: waitpid");
            return -1;
        }
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS ? 0 : -1;
}

int main(int argc, char **argv)
{
    long count;

    if (argc != 5 || (count = strtol(argv[4], NULL, 10)) <= 0) {
        fprintf(stderr, "usage: pam-cost CONFDIR SERVICE USER COUNT\n");
        return EXIT_FAILURE;
    }
    for (long i = 0; i < count; i++)
        if (login_in_child(argv[1], argv[2], argv[3]) < 0)
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
