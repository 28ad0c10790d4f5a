/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Owns nothing but code; see daemon.h. */
#include <config.h>

#include "tests/bench/daemon.h"

#include <errno.h>
#include <ftw.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/auth-info.h"
#include "daemon/seal.h"
#include "tests/bench/bench.h"

/* No login of the machine itself becomes a session. */
#define MANAGER_SECTION "[Manager]\nAdopt=no\nSessionsMax=1000000\n"

enum {
    ROUND = 256, /* logins that may come in one round of the loop */
    USERS = 1000,
    HOSTS = 250,
};

static void on_checkpoint(int result, struct store_job_result *job, void *userdata)
{
    bool *done = userdata;

    (void)job;
    errno = -result;
    bench_need(result >= 0, "no checkpoint");
    *done = true;
}

void bench_daemon_settle(const struct bench_daemon *daemon)
{
    bool done = false;

    bench_need(
        store_start_job(daemon->manager->store, STORE_JOB_CHECKPOINT, on_checkpoint, &done) >= 0,
        "no memory");
    while (!done)
        bench_need(sd_event_run(daemon->manager->event, UINT64_MAX) >= 0, "the loop has ended");
}

size_t bench_daemon_heap(const struct bench_daemon *daemon)
{
    struct watch_log *watch = &daemon->manager->watch;
    const struct watch_log before = *watch;

    bench_daemon_settle(daemon);
    watch_done(watch);
    watch_init(watch, before.next);
    watch->notify = before.notify;
    watch->userdata = before.userdata;
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

void bench_daemon_run(const struct bench_daemon *daemon)
{
    int r;

    do
        r = sd_event_run(daemon->manager->event, 0);
    while (r > 0);
    errno = -r;
    bench_need(r >= 0, "the loop has ended");
}

/* A process that does nothing, and what the daemon knows of it when it logs somebody in. */
static void lead(const struct bench_daemon *daemon, struct bench_leader *leader)
{
    struct proc proc;
    pid_t pid = fork();

    bench_need(pid >= 0, "no process for a leader");
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it cannot fail for this */
        (void)signal(SIGTERM, SIG_IGN);         /* nor this */
        for (;;)
            (void)pause();
    }
    leader->peer.pid = pid;
    leader->peer.pidfd = pidfd_open_pid(pid);
    bench_need(leader->peer.pidfd >= 0, "no pidfd for a leader");
    bench_need(proc_open("/proc", &proc) >= 0 &&
                   process_read(&proc, pid, &leader->place.leader) >= 0,
               "no /proc");
    proc_close(&proc);
    leader->place.leader_visible = daemon->manager->sees_processes;
    leader->place.by = MEMBERS_BY_AUDIT;
}

void bench_daemon_open(struct bench_daemon *daemon, size_t number)
{
    struct bench_leader *leader = &daemon->leaders[number % daemon->leader_count];
    char user[32], terminal[32], host[32], connection[64];
    struct auth_info auth;
    const struct login_request login = {
        .user = user,
        .uid = BENCH_FIRST_UID + (int64_t)(number % daemon->user_count),
        .service = "sshd",
        .terminal = terminal,
        .remote_host = host,
        .connection = connection,
        .auth_info = "publickey ssh-ed25519 "
                     "AAAAC3NzaC1lZDI1NTE5AAAAIJ2Xv8wcFdB4XU9aZ8qFJt0Q0l6yq3e9N2M4b5c6d7e8\n",
    };
    const struct opening opening = {.request = &login,
                                    .place = &leader->place,
                                    .rule = &daemon->manager->config->fallback,
                                    .auth = &auth};

    (void)snprintf(terminal, sizeof(terminal), "pts/%zu", number);
    (void)snprintf(user, sizeof(user), "user%zu", number % daemon->user_count);
    (void)snprintf(host, sizeof(host), "192.0.%zu.17", number % HOSTS);
    (void)snprintf(connection, sizeof(connection), "%s %zu 192.0.2.1 22", host,
                   1024 + number % 60000);
    if (leader->place.by == MEMBERS_BY_AUDIT)
        leader->place.leader.audit_session = (int64_t)number;
    auth_info_parse(login.auth_info, &auth);
    bench_need(lifecycle_open(daemon->manager, &opening, leader->peer.pidfd,
                              &daemon->sessions[number]) >= 0,
               "a session cannot be opened");
}

void bench_daemon_open_all(struct bench_daemon *daemon)
{
    for (size_t i = 0; i < daemon->count; i++) {
        bench_daemon_open(daemon, i);
        if (i % ROUND == 0)
            bench_daemon_run(daemon);
    }
    bench_daemon_run(daemon);
}

static void start_manager(const struct bench_daemon_options *given, struct bench_daemon *daemon)
{
    char config[sizeof(daemon->folder) + sizeof("/sessmgrd.conf")];
    const struct manager_options options = {
        .config_path = config,
        .state_directory = daemon->folder,
        .runtime_directory = daemon->folder,
        .proc_path = given->proc_path != NULL ? given->proc_path : "/proc",
        .cgroup_path = given->cgroup_path != NULL ? given->cgroup_path : "/sys/fs/cgroup",
        .clock = given->clock != NULL ? given->clock : &clock_system,
    };
    FILE *stream;

    (void)snprintf(config, sizeof(config), "%s/sessmgrd.conf", daemon->folder);
    stream = fopen(config, "we");
    bench_need(stream != NULL && fputs(MANAGER_SECTION, stream) >= 0 &&
                   fputs(given->config, stream) >= 0 && fclose(stream) == 0,
               config);
    bench_need(seal_init() >= 0 && manager_new(&options, &daemon->manager) >= 0, "no daemon");
    daemon->manager->options.config_path = ""; /* it has been read, and config goes */
}

void bench_daemon_start(const struct bench_daemon_options *options, struct bench_daemon *ret)
{
    static const struct rlimit many = {.rlim_cur = 40000, .rlim_max = 40000};

    (void)setrlimit(RLIMIT_NOFILE, &many); /* more leaders than there may be fail, and say so */
    *ret =
        (struct bench_daemon){.leader_count = options->leader_count,
                              .user_count = options->user_count > 0 ? options->user_count : USERS,
                              .count = options->session_count};
    ret->leaders = calloc(ret->leader_count, sizeof(*ret->leaders));
    ret->sessions = calloc(ret->count, sizeof(*ret->sessions));
    bench_need(ret->leaders != NULL && ret->sessions != NULL, "no memory");
    (void)snprintf(ret->folder, sizeof(ret->folder), "/var/tmp/sessmgr-bench-XXXXXX");
    bench_need(mkdtemp(ret->folder) != NULL, "no folder in /var/tmp");
    start_manager(options, ret);
    for (size_t i = 0; i < ret->leader_count; i++)
        lead(ret, &ret->leaders[i]);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void bench_daemon_stop(struct bench_daemon *daemon)
{
    manager_free(daemon->manager);
    for (size_t i = 0; i < daemon->leader_count; i++) {
        (void)kill(daemon->leaders[i].peer.pid, SIGKILL);
        (void)waitpid(daemon->leaders[i].peer.pid, NULL, 0);
        (void)close(daemon->leaders[i].peer.pidfd);
    }
    (void)nftw(daemon->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(daemon->leaders);
    free(daemon->sessions);
}
