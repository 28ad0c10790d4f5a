/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A login without a daemon around it: pam-login CONFDIR SERVICE USER COMMAND [ARGUMENT...]
 *
 * Does what sshd and login do after the password was right: account, credentials, session, the
 * command as that user with PAM's environment in a session of its own, close. The PAM configuration
 * is read from CONFDIR alone. Exit status: the command's, 128 and the signal's number where one
 * ended it; 77 when PAM refused, 1 for anything else.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_REFUSED = 77 };

/* What modules have to say goes to standard error; nobody answers questions. */
static int converse(int count, const struct pam_message **messages,
                    struct pam_response **ret_responses, void *data)
{
    struct pam_response *responses;

    (void)data;
    for (int i = 0; i < count; i++) {
        if (messages[i]->msg_style != PAM_TEXT_INFO && messages[i]->msg_style != PAM_ERROR_MSG)
            return PAM_CONV_ERR;
        (void)fprintf(stderr, "%s\n", messages[i]->msg);
    }
    responses = calloc((size_t)count, sizeof(*responses));
    if (responses == NULL)
        return PAM_BUF_ERR;
    *ret_responses = responses;
    return PAM_SUCCESS;
}

static void run_command(pam_handle_t *pam, const struct passwd *user, char *const command[])
{
    char **environment = pam_getenvlist(pam);

    if (setsid() < 0 || initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0 ||
        setuid(user->pw_uid) < 0) {
        (void)fprintf(stderr, "pam-login: cannot become %s: %s\n", user->pw_name, strerror(errno));
        _exit(EXIT_FAILURE);
    }
    for (char **entry = environment; entry != NULL && *entry != NULL; entry++)
        (void)putenv(*entry); /* without memory the command runs without the variable */
    (void)execvp(command[0], command);
    (void)fprintf(stderr, "pam-login: %s: %s\n", command[0], strerror(errno));
    _exit(127);
}

static int wait_for(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return EXIT_FAILURE;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int log_in(pam_handle_t *pam, const struct passwd *user, char *const command[])
{
    int code, status = EXIT_FAILURE;
    pid_t child;

    code = pam_acct_mgmt(pam, 0);
    if (code == PAM_SUCCESS)
        code = pam_open_session(pam, 0);
    if (code != PAM_SUCCESS) {
        (void)fprintf(stderr, "pam-login: %s\n", pam_strerror(pam, code));
        (void)pam_end(pam, code);
        return EXIT_REFUSED;
    }
    child = fork();
    if (child == 0)
        run_command(pam, user, command);
    if (child > 0)
        status = wait_for(child);
    code = pam_close_session(pam, 0);
    if (code != PAM_SUCCESS)
        (void)fprintf(stderr, "pam-login: close: %s\n", pam_strerror(pam, code));
    (void)pam_end(pam, code);
    return status;
}

int main(int argc, char *argv[])
{
    const struct pam_conv conversation = {.conv = converse};
    const struct passwd *user;
    pam_handle_t *pam;
    int code;

    if (argc < 5) {
        (void)fprintf(stderr, "Usage: pam-login CONFDIR SERVICE USER COMMAND [ARGUMENT...]\n");
        return EXIT_FAILURE;
    }
    user = getpwnam(argv[3]);
    if (user == NULL) {
        (void)fprintf(stderr, "pam-login: there is no user %s\n", argv[3]);
        return EXIT_FAILURE;
    }
    code = pam_start_confdir(argv[2], argv[3], &conversation, argv[1], &pam);
    if (code != PAM_SUCCESS) {
        (void)fprintf(stderr, "pam-login: PAM does not start\n");
        return EXIT_FAILURE;
    }
    return log_in(pam, user, argv + 4);
}
