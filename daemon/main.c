/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sessmgrd: options, the sockets that systemd (or systemd-socket-activate) hands over, signals, and
 * the loop.
 */
#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/server.h"
#include "daemon/store-tool.h"

#define DEFAULT_CONFIG_PATH       SYSCONFDIR "/sessmgr/sessmgrd.conf"
#define DEFAULT_STATE_DIRECTORY   "/var/lib/sessmgr"
#define DEFAULT_RUNTIME_DIRECTORY "/run/sessmgr/state"

struct options {
    const char *config_path;
    const char *state_directory;
    const char *runtime_directory;
    const char *store_mode; /* NULL: the daemon */
    bool check_config;
    bool debug;
};

static void print_key(const char *section, const char *key, const char *default_text,
                      void *userdata)
{
    (void)userdata;
    (void)printf("%s %s %s\n", section, key, default_text);
}

static void print_help(void)
{
    (void)printf(
        "Usage: sessmgrd [OPTION...]\n"
        "       sessmgrd --store=MODE [OPTION...]\n"
        "Holds the sessions of this host, ends them on time, and accounts for them.\n"
        "\n"
        "It is started by its sockets: sessmgrd-login.socket and sessmgrd-session.socket, or\n"
        "systemd-socket-activate with --fdname=login:session.\n"
        "\n"
        "  --config=PATH  Read this configuration and the drop-ins in PATH.d/\n"
        "                 (default: " DEFAULT_CONFIG_PATH ")\n"
        "  --state=DIR    Keep the store in this directory\n"
        "                 (default: $STATE_DIRECTORY, else " DEFAULT_STATE_DIRECTORY ")\n"
        "  --runtime=DIR  Write keys and tokens for others into this directory\n"
        "                 (default: $RUNTIME_DIRECTORY, else " DEFAULT_RUNTIME_DIRECTORY ")\n"
        "  --store=MODE   Do this with the store while no daemon uses it, and print what came of\n"
        "                 it: verify, stat, checkpoint, rekey, backup (to standard output), "
        "restore\n"
        "                 (from standard input). Status 0: done, 1: failed, 3: damaged\n"
        "  --debug        Log more\n"
        "  --check-config Read the configuration and the rules beside it (see --config), say what\n"
        "                 is wrong, and stop. Status 0: nothing is\n"
        "  --list-keys    Print every key of the configuration with its section and default\n"
        "  --list-rule-keys\n"
        "                 Print those of a rule\n"
        "  --help         Print this\n"
        "  --version      Print the version\n"
        "\n"
        "Signals: HUP reads the configuration again; TERM and INT stop it and end no session.\n");
}

enum {
    OPT_CONFIG = 256,
    OPT_STATE,
    OPT_RUNTIME,
    OPT_STORE,
    OPT_DEBUG,
    OPT_CHECK_CONFIG,
    OPT_LIST_KEYS,
    OPT_LIST_RULE_KEYS,
    OPT_HELP,
    OPT_VERSION
};
static const struct option long_options[] = {
    {"config", required_argument, NULL, OPT_CONFIG},
    {"state", required_argument, NULL, OPT_STATE},
    {"runtime", required_argument, NULL, OPT_RUNTIME},
    {"store", required_argument, NULL, OPT_STORE},
    {"debug", no_argument, NULL, OPT_DEBUG},
    {"check-config", no_argument, NULL, OPT_CHECK_CONFIG},
    {"list-rule-keys", no_argument, NULL, OPT_LIST_RULE_KEYS},
    {"list-keys", no_argument, NULL, OPT_LIST_KEYS},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

/* Returns 1 to go on, 0 when all is done, -EINVAL for a wrong call. */
static int parse_options(int argc, char *argv[], struct options *ret)
{
    int c;

    while ((c = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
        switch (c) {
        case OPT_CONFIG:
            ret->config_path = optarg;
            break;
        case OPT_STATE:
            ret->state_directory = optarg;
            break;
        case OPT_RUNTIME:
            ret->runtime_directory = optarg;
            break;
        case OPT_STORE:
            ret->store_mode = optarg;
            break;
        case OPT_DEBUG:
            ret->debug = true;
            break;
        case OPT_CHECK_CONFIG:
            ret->check_config = true;
            break;
        case OPT_LIST_KEYS:
        case OPT_LIST_RULE_KEYS:
            config_list_keys(c == OPT_LIST_RULE_KEYS, print_key, NULL);
            return 0;
        case OPT_HELP:
            print_help();
            return 0;
        case OPT_VERSION:
            (void)printf("sessmgrd %s\n", PACKAGE_VERSION);
            return 0;
        default:
            return -EINVAL; /* getopt has said what is wrong */
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "sessmgrd: unexpected argument '%s'; see --help\n", argv[optind]);
        return -EINVAL;
    }
    return 1;
}

static void print_report(const struct config_error *error, bool is_warning, void *userdata)
{
    char text[CONFIG_ERROR_TEXT_BYTES];

    (void)userdata;
    (void)fprintf(stderr, "%s%s\n", config_error_text(error, text), is_warning ? " (warning)" : "");
}

static int check_config(const char *path)
{
    int r = config_check(path, print_report, NULL);

    if (r < 0)
        (void)fprintf(stderr, "sessmgrd: %s\n", strerror(-r));
    else if (r == 0)
        (void)printf("%s and the rules beside it can be used\n", path);
    return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    struct config_error error; /* the audit trail has it */

    (void)source;
    (void)info;
    (void)sd_notify(false, "RELOADING=1");
    (void)manager_reload(userdata, &error);
    (void)sd_notify(false, "READY=1");
    return 0;
}

static int add_signals(struct manager *manager)
{
    sigset_t signals;
    int r;

    if (sigemptyset(&signals) < 0 || sigaddset(&signals, SIGTERM) < 0 ||
        sigaddset(&signals, SIGINT) < 0 || sigaddset(&signals, SIGHUP) < 0 ||
        sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        return -errno;
    /* Whoever reads standard error may go; sessions stay. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -errno;
    r = sd_event_add_signal(manager->event, NULL, SIGTERM, NULL, NULL);
    if (r >= 0)
        r = sd_event_add_signal(manager->event, NULL, SIGINT, NULL, NULL);
    if (r >= 0)
        r = sd_event_add_signal(manager->event, NULL, SIGHUP, on_reload, manager);
    return r;
}

static void free_names(char ***names)
{
    for (char **name = *names; name != NULL && *name != NULL; name++)
        free(*name);
    free(*names);
}

/* Takes the sockets by their names, in whatever order they come. */
static int take_sockets(struct manager *manager)
{
    CLEANUP(free_names) char **names = NULL;
    unsigned found = 0;
    int count, r;

    count = sd_listen_fds_with_names(true, &names);
    if (count < 0)
        return count;
    for (int i = 0; i < count; i++) {
        enum socket_kind kind;

        if (strcmp(names[i], "login") == 0) {
            kind = SOCKET_LOGIN;
        } else if (strcmp(names[i], "session") == 0) {
            kind = SOCKET_SESSION;
        } else {
            log_line(LOG_ERR, "a socket is named %s; login and session are expected", names[i]);
            return -EINVAL;
        }
        r = server_listen(manager->server, kind, SD_LISTEN_FDS_START + i);
        if (r < 0) {
            log_line(LOG_ERR, "the socket %s cannot be served: %s", names[i], strerror(-r));
            return r;
        }
        found |= 1U << kind;
    }
    if (found != (1U << SOCKET_LOGIN | 1U << SOCKET_SESSION)) {
        log_line(LOG_ERR, "the sockets login and session were not both handed over; "
                          "start the .socket units, or see --help");
        return -ENOENT;
    }
    return 0;
}

/* A file among the service's credentials, or NULL. Borrowed from buffer. */
static const char *find_credential(const char *name, char *buffer, size_t size)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    int n;

    if (directory == NULL)
        return NULL;
    n = snprintf(buffer, size, "%s/%s", directory, name);
    if (n < 0 || (size_t)n >= size || access(buffer, F_OK) < 0)
        return NULL;
    return buffer;
}

/* A leader takes a descriptor, and nothing here uses select(2): as many as there may be. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        log_line(LOG_WARNING, "the number of descriptors cannot be raised: %s", strerror(errno));
}

static int run(const struct options *options, const struct store_credentials *credentials)
{
    const struct manager_options manager_options = {
        .config_path = options->config_path,
        .state_directory = options->state_directory,
        .credentials = *credentials,
        .runtime_directory = options->runtime_directory,
        .proc_path = "/proc",
        .cgroup_path = "/sys/fs/cgroup",
        .clock = &clock_system,
    };
    struct manager *manager;
    int r;

    r = manager_new(&manager_options, &manager);
    if (r < 0)
        return r;
    r = add_signals(manager);
    if (r >= 0)
        r = take_sockets(manager);
    if (r >= 0)
        r = sd_event_set_watchdog(manager->event, true);
    if (r >= 0) {
        (void)sd_notify(false, "READY=1");
        r = sd_event_loop(manager->event);
        (void)sd_notify(false, "STOPPING=1");
    }
    manager_free(manager);
    return r;
}

int main(int argc, char *argv[])
{
    struct options options = {
        .config_path = DEFAULT_CONFIG_PATH,
        .state_directory = getenv("STATE_DIRECTORY"),
        .runtime_directory = getenv("RUNTIME_DIRECTORY"),
    };
    char key[4096], next[4096];
    const struct store_credentials credentials = {
        .key = find_credential("sessmgr.key", key, sizeof(key)),
        .next = find_credential("sessmgr.key.next", next, sizeof(next)),
    };
    int r;

    r = parse_options(argc, argv, &options);
    if (r <= 0)
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (options.state_directory == NULL)
        options.state_directory = DEFAULT_STATE_DIRECTORY;
    if (options.runtime_directory == NULL)
        options.runtime_directory = DEFAULT_RUNTIME_DIRECTORY;
    if (options.check_config)
        return check_config(options.config_path);
    if (options.store_mode != NULL)
        return (int)store_tool_run(options.store_mode, options.state_directory, &credentials);
    log_open(options.debug);
    raise_descriptors();
    r = run(&options, &credentials);
    if (r < 0) {
        log_line(LOG_ERR, "sessmgrd stops: %s", strerror(-r));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
