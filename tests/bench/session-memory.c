/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session-memory [SESSIONS [LEADERS]]: what a live session costs sessmgrd in memory and time, by a
 * whole daemon in this process that opens so many (default: 100000), led by so many processes
 * (default: 100), and closes them. Prints bytes a session of the heap, and the rates and the
 * longest single step of opening, finding and closing. Standard error has the audit trail.
 */
#include <config.h>

#include <ftw.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/auth-info.h"
#include "daemon/lifecycle.h"
#include "daemon/manager.h"
#include "daemon/seal.h"

/* How often the store gets its turn: as many logins may come in one round of the loop. */
enum { ROUND = 256 };

/* Who logs in, and from where. */
enum { USERS = 1000, HOSTS = 250 };

struct leading {
    struct peer peer;
    struct login_place place;
};

struct bench {
    char folder[64];
    struct manager *manager;
    struct leading *leaders;
    size_t leader_count;
    struct session **sessions;
    size_t count;
};

static void need(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "session-memory: %s\n", what);
    (void)printf("session-memory: %s\n", what);
    exit(EXIT_FAILURE);
}

static int64_t now_nsec(void)
{
    struct timespec now = {0};

    /* Of the thread: what else runs on the host is none of its steps. Cannot fail for this clock.
     */
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Without the texts of the latest changes, which are as many however many sessions there are. */
static size_t heap_bytes(const struct bench *bench)
{
    struct watch_log *watch = &bench->manager->watch;
    const struct watch_log before = *watch;

    watch_done(watch);
    watch_init(watch, before.next);
    watch->notify = before.notify;
    watch->userdata = before.userdata;
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

/* Lets the store write, and what is due happen. */
static void run_loop(const struct bench *bench)
{
    int r;

    do
        r = sd_event_run(bench->manager->event, 0);
    while (r > 0);
    need(r >= 0, "the loop has ended");
}

/* A process that does nothing, and what the daemon knows of it when it logs somebody in. */
static void lead(struct bench *bench, struct leading *leading)
{
    pid_t pid = fork();

    need(pid >= 0, "no process for a leader");
    if (pid == 0)
        for (;;)
            (void)pause();
    leading->peer.pid = pid;
    leading->peer.pidfd = pidfd_open_pid(pid);
    need(leading->peer.pidfd >= 0, "no pidfd for a leader");
    need(process_read(&bench->manager->proc, pid, &leading->place.leader) >= 0, "no /proc");
    leading->place.leader_visible = true;
    leading->place.by = MEMBERS_BY_AUDIT;
}

static void open_one(struct bench *bench, size_t number)
{
    struct leading *leading = &bench->leaders[number % bench->leader_count];
    char user[32], terminal[32], host[32], connection[64];
    struct auth_info auth;
    const struct login_request login = {
        .user = user,
        .uid = 1000 + (int64_t)(number % USERS),
        .service = "sshd",
        .terminal = terminal,
        .remote_host = host,
        .connection = connection,
        .auth_info = "publickey ssh-ed25519 "
                     "AAAAC3NzaC1lZDI1NTE5AAAAIJ2Xv8wcFdB4XU9aZ8qFJt0Q0l6yq3e9N2M4b5c6d7e8\n",
    };

    const struct opening opening = {.request = &login,
                                    .place = &leading->place,
                                    .rule = &bench->manager->config->fallback,
                                    .auth = &auth};

    (void)snprintf(terminal, sizeof(terminal), "pts/%zu", number);
    (void)snprintf(user, sizeof(user), "user%zu", number % USERS);
    (void)snprintf(host, sizeof(host), "192.0.%zu.17", number % HOSTS);
    (void)snprintf(connection, sizeof(connection), "%s %zu 192.0.2.1 22", host,
                   1024 + number % 60000);
    leading->place.leader.audit_session = (int64_t)number;
    auth_info_parse(login.auth_info, &auth);
    need(lifecycle_open(bench->manager, &opening, leading->peer.pidfd, &bench->sessions[number]) >=
             0,
         "a session cannot be opened");
}

static void find_one(struct bench *bench, size_t number)
{
    struct session *session = bench->sessions[number];

    need(session_table_find(&bench->manager->sessions, session->record.info.session_id) == session,
         "a session is missing");
}

/* What a login asks before it is opened, of a process in no session; some times are enough. */
static void place_one(struct bench *bench, size_t number)
{
    struct login_place place;

    if (number % 500 == 0)
        locate_login(bench->manager, getpid(), 1000, "sshd", NULL, &place);
}

static void close_one(struct bench *bench, size_t number)
{
    lifecycle_close(bench->manager, bench->sessions[number]);
}

/* A walk over all numbers: prints the rate and the longest step. */
static void measure(const char *what, struct bench *bench,
                    void (*step)(struct bench *bench, size_t number))
{
    int64_t sum = 0, longest = 0;

    for (size_t i = 0; i < bench->count; i++) {
        int64_t before = now_nsec(), took;

        step(bench, i);
        took = now_nsec() - before;
        sum += took;
        longest = took > longest ? took : longest;
        if (i % ROUND == 0)
            run_loop(bench);
    }
    run_loop(bench);
    (void)printf("%-8s %10.0f a second, longest step %" PRId64 " us\n", what,
                 (double)bench->count * 1e9 / (double)sum, longest / 1000);
}

static void start(struct bench *bench)
{
    static const struct rlimit many = {.rlim_cur = 20000, .rlim_max = 20000};
    struct manager_options options = {.proc_path = "/proc", .clock = &clock_system};
    static char config[sizeof(bench->folder) + sizeof("/sessmgrd.conf")];
    FILE *stream;

    (void)setrlimit(RLIMIT_NOFILE, &many); /* more leaders than there may be fail, and say so */
    (void)snprintf(bench->folder, sizeof(bench->folder), "/var/tmp/sessmgr-bench-XXXXXX");
    need(mkdtemp(bench->folder) != NULL, "no folder in /var/tmp");
    (void)snprintf(config, sizeof(config), "%s/sessmgrd.conf", bench->folder);
    stream = fopen(config, "we");
    need(stream != NULL &&
             fputs("[Session]\nLifetimeSec=12h\n[Manager]\nAdopt=no\n", stream) >= 0 &&
             fclose(stream) == 0,
         "no configuration");
    options.config_path = config;
    options.state_directory = options.runtime_directory = bench->folder;
    need(seal_init() >= 0 && manager_new(&options, &bench->manager) >= 0, "no daemon");
    for (size_t i = 0; i < bench->leader_count; i++)
        lead(bench, &bench->leaders[i]);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static void stop(struct bench *bench)
{
    manager_free(bench->manager);
    for (size_t i = 0; i < bench->leader_count; i++) {
        (void)kill(bench->leaders[i].peer.pid, SIGKILL);
        (void)waitpid(bench->leaders[i].peer.pid, NULL, 0);
        (void)close(bench->leaders[i].peer.pidfd);
    }
    (void)nftw(bench->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(bench->leaders);
    free(bench->sessions);
}

int main(int argc, char *argv[])
{
    struct bench bench = {
        .count = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 100000,
        .leader_count = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 100,
    };
    size_t before;

    need(bench.count > 0 && bench.leader_count > 0, "usage: session-memory [SESSIONS [LEADERS]]");
    bench.leaders = calloc(bench.leader_count, sizeof(*bench.leaders));
    bench.sessions = calloc(bench.count, sizeof(*bench.sessions));
    need(bench.leaders != NULL && bench.sessions != NULL, "no memory");
    start(&bench);
    run_loop(&bench);
    before = heap_bytes(&bench);
    measure("opened", &bench, open_one);
    (void)printf("memory   %10.1f bytes a session, with %zu of them led by %zu processes\n",
                 (double)(heap_bytes(&bench) - before) / (double)bench.count, bench.count,
                 bench.leader_count);
    measure("found", &bench, find_one);
    measure("placed", &bench, place_one);
    measure("closed", &bench, close_one);
    stop(&bench);
    return EXIT_SUCCESS;
}
