/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sessmgrctl: the table of commands, what is wrong with their arguments, and whether the output
 * arrived. Options are in options.c.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"
#include "ctl/options.h"

enum { ID_DIGITS_TO_END = 4 }; /* the daemon ends nothing by fewer */

/* What the arguments of a command are. */
enum arguments {
    ARGUMENTS_NONE,
    ARGUMENTS_IDS,     /* session IDs, any number */
    ARGUMENTS_IDS_END, /* session IDs to be ended, one at least; or options that say which */
    ARGUMENTS_DASH,    /* "-": a secret comes on standard input */
    ARGUMENTS_SECRET,  /* none, since the secret comes on standard input */
    ARGUMENTS_OWN,     /* the command looks at them */
    ARGUMENTS_USER,    /* a user */
    ARGUMENTS_ONE,     /* one, or none */
};

static const struct command {
    const char *name;
    command_function *function;
    enum arguments arguments;
    unsigned takes;
} commands[] = {
    {"list", command_list, ARGUMENTS_NONE, TAKES_ALL | TAKES_NO_LEGEND | TAKES_NO_PAGER},
    {"show", command_show, ARGUMENTS_IDS, TAKES_NO_PAGER},
    {"whoami", command_whoami, ARGUMENTS_NONE, 0},
    {"terminate", command_terminate, ARGUMENTS_IDS_END,
     TAKES_MESSAGE | TAKES_TERMINATE | TAKES_ORIGIN},
    {"context", command_context, ARGUMENTS_OWN, TAKES_SESSION},
    {"token", command_token, ARGUMENTS_NONE,
     TAKES_SESSION | TAKES_KIND | TAKES_EXPECTATION | TAKES_LIFETIME | TAKES_REFRESH},
    {"refresh", command_refresh, ARGUMENTS_SECRET, TAKES_REQUEST_ID},
    {"revoke", command_revoke, ARGUMENTS_SECRET, 0},
    {"validate", command_validate, ARGUMENTS_DASH, TAKES_EXPECTATION | TAKES_VALIDATION},
    {"keys", command_keys, ARGUMENTS_NONE, TAKES_KEYS | TAKES_NO_LEGEND},
    {"store", command_store, ARGUMENTS_OWN, TAKES_STORE | TAKES_SESSMGRD},
    {"watch", command_watch, ARGUMENTS_NONE, 0},
    {"status", command_status, ARGUMENTS_NONE, 0},
    {"reload", command_reload, ARGUMENTS_NONE, 0},
    {"lock", command_lock, ARGUMENTS_USER, TAKES_MESSAGE | TAKES_LOCK},
    {"unlock", command_unlock, ARGUMENTS_USER, 0},
    {"locks", command_locks, ARGUMENTS_NONE, TAKES_NO_LEGEND},
    {"extend", command_extend, ARGUMENTS_ONE, TAKES_SESSION},
    {"explain", command_explain, ARGUMENTS_USER, TAKES_ORIGIN | TAKES_TTY},
    {"check-config", command_check_config, ARGUMENTS_ONE, TAKES_SESSMGRD},
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ELEMENTS(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static enum exit_code check_ids(char *const *arguments, size_t count, size_t digits_min)
{
    for (size_t i = 0; i < count; i++)
        if (!options_is_id(arguments[i], digits_min))
            return usage_error(digits_min > 1 ? "an ID is 4 to 32 digits 0-9a-f here, not "
                                              : "an ID is 1 to 32 digits 0-9a-f, not ",
                               arguments[i]);
    return CODE_OK;
}

/* Nobody is to wonder whether IDs and a filter mean more sessions than either, or fewer. */
static enum exit_code check_ids_end(const struct command *command, const struct options *options,
                                    char *const *arguments, size_t count)
{
    bool filter = options_have_filter(options);

    if (filter && count > 0)
        return usage_error("session IDs and --key=, --user=, --service=, --from= or --policy= "
                           "exclude each other",
                           "");
    if (!filter && count == 0)
        return usage_error("a session ID is missing after ", command->name);
    return check_ids(arguments, count, ID_DIGITS_TO_END);
}

static enum exit_code check_arguments(const struct command *command, const struct options *options,
                                      char *const *arguments, size_t count)
{
    switch (command->arguments) {
    case ARGUMENTS_NONE:
        return count > 0 ? usage_error("too many arguments after ", command->name) : CODE_OK;
    case ARGUMENTS_IDS:
        return check_ids(arguments, count, 1);
    case ARGUMENTS_IDS_END:
        return check_ids_end(command, options, arguments, count);
    case ARGUMENTS_DASH:
        if (count == 1 && strcmp(arguments[0], "-") == 0)
            return CODE_OK;
        __attribute__((fallthrough));
    case ARGUMENTS_SECRET: /* others can read arguments, so they are not shown here either */
        if (command->arguments == ARGUMENTS_SECRET && count == 0)
            return CODE_OK;
        return usage_error("a token comes on standard input and never as an argument, where others "
                           "could read it; write: sessmgrctl ",
                           command->arguments == ARGUMENTS_DASH ? "validate -" : command->name);
    case ARGUMENTS_USER:
        if (count == 0)
            return usage_error("a user is missing after ", command->name);
        __attribute__((fallthrough));
    case ARGUMENTS_ONE:
        return count > 1 ? usage_error("too many arguments after ", command->name) : CODE_OK;
    case ARGUMENTS_OWN:
        break;
    }
    return CODE_OK;
}

/* What is wrong with a command's arguments and options is said before anything is done. */
static enum exit_code check_command(const struct command *command, const struct options *options,
                                    char *const *arguments, size_t count)
{
    enum exit_code code = check_arguments(command, options, arguments, count);

    return code != CODE_OK ? code : options_check(options, command->name, command->takes);
}

static void handle_closep(struct sessmgr **handle)
{
    sessmgr_close(*handle);
}

static enum exit_code run(int argc, char **argv)
{
    CLEANUP(handle_closep) struct sessmgr *handle = NULL;
    struct options options;
    const struct command *command;
    const char *name;
    bool done = false;
    enum exit_code code;
    int r;

    code = options_parse(argc, argv, &options, &done);
    if (code != CODE_OK || done)
        return code;
    name = optind < argc ? argv[optind++] : commands[0].name;
    command = find_command(name);
    if (!command)
        return usage_error("there is no command ", name);
    code = check_command(command, &options, argv + optind, (size_t)(argc - optind));
    if (code != CODE_OK)
        return code;
    options.colours = format_colour_wanted(STDOUT_FILENO);
    r = sessmgr_open(&handle, options.socket_path, 0);
    if (r == -EINVAL)
        return usage_error("--socket= takes a path of 1 to 107 bytes, not ",
                           options.socket_path ? options.socket_path : "");
    if (r < 0 && command->function == command_validate)
        return command_validate_unknown(r);
    if (r < 0)
        return failure_tell(NULL, r, "");
    return command->function(handle, &options, argv + optind, (size_t)(argc - optind));
}

/* Whoever started us without one of the three standard descriptors must not have its number taken
 * by the daemon's socket. What stands in for it can be read and not written, so that output fails.
 */
static void hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", O_RDONLY); /* takes the lowest number that is free: fd */
}

int main(int argc, char **argv)
{
    enum exit_code code;

    hold_standard_descriptors();
    (void)setlocale(LC_CTYPE, ""); /* for the width of characters; without it they count as one */
    code = run(argc, argv);
    if (ferror(stdout) || fflush(stdout) != 0) {
        fprintf(stderr, "sessmgrctl: the output could not be written\n");
        if (code == CODE_OK)
            code = CODE_FAILED;
    }
    return (int)code;
}
