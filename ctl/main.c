/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sessmgrctl: the command line. Options, the table of commands, and whether the output arrived.
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

enum {
    ID_DIGITS = 32,
    ID_DIGITS_TO_END = 4, /* the daemon ends nothing by fewer */
};

enum {
    OPTION_JSON = 0x100,
    OPTION_NO_LEGEND,
    OPTION_NO_PAGER,
    OPTION_SOCKET,
    OPTION_VERSION,
};

/* Options that mean something to some commands only. */
enum {
    TAKES_ALL = 1 << 0,
    TAKES_MESSAGE = 1 << 1,
    TAKES_NO_LEGEND = 1 << 2,
    TAKES_NO_PAGER = 1 << 3,
};

static const struct command {
    const char *name;
    command_function *function;
    size_t arguments_min, arguments_max; /* all arguments are session IDs */
    size_t digits_min;                   /* of an ID */
    unsigned takes;
} commands[] = {
    {"list", command_list, 0, 0, 0, TAKES_ALL | TAKES_NO_LEGEND | TAKES_NO_PAGER},
    {"show", command_show, 0, SIZE_MAX, 1, TAKES_NO_PAGER},
    {"terminate", command_terminate, 1, SIZE_MAX, ID_DIGITS_TO_END, TAKES_MESSAGE},
    {"watch", command_watch, 0, 0, 0, 0},
    {"status", command_status, 0, 0, 0, 0},
    {"reload", command_reload, 0, 0, 0, 0},
};

static const char help[] =
    "Usage: sessmgrctl [OPTIONS] [COMMAND]\n"
    "\n"
    "See and end login sessions.\n"
    "\n"
    "Commands:\n"
    "  list                 List sessions (the default)\n"
    "  show [ID...]         Show all that is known of sessions, or of the caller's own\n"
    "  terminate ID...      End sessions\n"
    "  watch                Print every change until interrupted\n"
    "  status               Show whether the daemon answers, and its statistics\n"
    "  reload               Let the daemon read its configuration again\n"
    "\n"
    "An ID is 32 hexadecimal digits, or as many of the first as fit one session only;\n"
    "to end one, at least 4. terminate looks among the sessions that have not ended.\n"
    "Ordinary users see and end their own sessions; root and members of the group\n"
    "sessmgr-admin everybody's.\n"
    "\n"
    "Options:\n"
    "  -a, --all            list: also sessions that have ended, with the reason\n"
    "  -m, --message=TEXT   terminate: show this on the sessions' terminals\n"
    "      --json=MODE      Print JSON: short, pretty, or off\n"
    "      --no-legend      list: print no column heads and no count\n"
    "      --no-pager       list, show: do not use a pager\n"
    "      --socket=PATH    The daemon's socket\n"
    "  -h, --help           Show this help\n"
    "      --version        Show the version\n"
    "\n"
    "Exit codes:\n"
    "  0  success\n"
    "  1  refused by the daemon, or failed in another way\n"
    "  2  wrong usage; nothing was done\n"
    "  3  no such session, or it has ended already, or the caller is in none\n"
    "  4  the daemon cannot be reached or did not answer in time\n"
    "  5  an ID fits several sessions; nothing was done to them\n";

static enum exit_code usage_error(const char *what, const char *text)
{
    CLEANUP(freep) char *printable = format_printable(text);

    fprintf(stderr, "sessmgrctl: %s%s\nTry 'sessmgrctl --help'.\n", what,
            printable ? printable : "");
    return CODE_USAGE;
}

static bool parse_json_mode(const char *text, enum json_mode *ret)
{
    static const char *const names[] = {
        [JSON_OFF] = "off", [JSON_SHORT] = "short", [JSON_PRETTY] = "pretty"};

    for (size_t i = 0; i < ELEMENTS(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = (enum json_mode)i;
            return true;
        }
    return false;
}

/* Returns CODE_OK with *ret_done set when --help or --version was all that was asked for. getopt
 * itself tells of options that it does not know. */
static enum exit_code parse_options(int argc, char **argv, struct options *ret, bool *ret_done)
{
    static const struct option long_options[] = {
        {"all", no_argument, NULL, 'a'},
        {"message", required_argument, NULL, 'm'},
        {"json", required_argument, NULL, OPTION_JSON},
        {"no-legend", no_argument, NULL, OPTION_NO_LEGEND},
        {"no-pager", no_argument, NULL, OPTION_NO_PAGER},
        {"socket", required_argument, NULL, OPTION_SOCKET},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, OPTION_VERSION},
        {0},
    };
    struct options options = {.json = JSON_OFF, .legend = true, .pager = true};
    int option;

    while ((option = getopt_long(argc, argv, "am:h", long_options, NULL)) >= 0)
        switch (option) {
        case 'a':
            options.all = true;
            break;
        case 'm':
            options.message = optarg;
            break;
        case OPTION_JSON:
            if (!parse_json_mode(optarg, &options.json))
                return usage_error("--json= takes short, pretty or off, not ", optarg);
            break;
        case OPTION_NO_LEGEND:
            options.legend = false;
            break;
        case OPTION_NO_PAGER:
            options.pager = false;
            break;
        case OPTION_SOCKET:
            options.socket_path = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            *ret_done = true;
            return CODE_OK;
        case OPTION_VERSION:
            puts("sessmgrctl " PACKAGE_VERSION);
            *ret_done = true;
            return CODE_OK;
        default:
            fputs("Try 'sessmgrctl --help'.\n", stderr);
            return CODE_USAGE;
        }
    *ret = options;
    return CODE_OK;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ELEMENTS(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static bool is_id(const char *text, size_t digits_min)
{
    size_t length = strlen(text);

    return length >= digits_min && length <= ID_DIGITS &&
           strspn(text, "0123456789abcdef") == length;
}

static enum exit_code check_options(const struct command *command, const struct options *options)
{
    if (options->all && (command->takes & TAKES_ALL) == 0)
        return usage_error("--all is not for ", command->name);
    if (options->message && (command->takes & TAKES_MESSAGE) == 0)
        return usage_error("--message= is not for ", command->name);
    if (!options->legend && (command->takes & TAKES_NO_LEGEND) == 0)
        return usage_error("--no-legend is not for ", command->name);
    if (!options->pager && (command->takes & TAKES_NO_PAGER) == 0)
        return usage_error("--no-pager is not for ", command->name);
    return CODE_OK;
}

/* What is wrong with a command's arguments and options is said before anything is done. */
static enum exit_code check_command(const struct command *command, const struct options *options,
                                    char *const *arguments, size_t count)
{
    if (count < command->arguments_min)
        return usage_error("a session ID is missing after ", command->name);
    if (count > command->arguments_max)
        return usage_error("too many arguments after ", command->name);
    for (size_t i = 0; i < count; i++)
        if (!is_id(arguments[i], command->digits_min))
            return usage_error(command->digits_min > 1 ? "an ID is 4 to 32 digits 0-9a-f here, not "
                                                       : "an ID is 1 to 32 digits 0-9a-f, not ",
                               arguments[i]);
    return check_options(command, options);
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

    code = parse_options(argc, argv, &options, &done);
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
