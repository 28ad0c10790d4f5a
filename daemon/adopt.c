/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the search for logins that nobody told of; see adopt.h.
 */
#include <config.h>

#include "daemon/adopt.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "common/utf8.h"
#include "daemon/admission.h"
#include "daemon/auth-info.h"
#include "daemon/leader.h"
#include "daemon/lifecycle.h"
#include "daemon/locate.h"
#include "daemon/log.h"
#include "daemon/logind.h"
#include "daemon/manager.h"
#include "daemon/peer.h"

enum {
    ID_MAX_BYTES = 64, /* of logind's names of sessions */
    PASSWD_BUFFER_BYTES = 16384,
    GROUPS_MAX = 1024, /* of a user that are looked at */
};

/* The last component of a process's cgroup, if it is the scope of a login, and whose. */
struct scope {
    char id[ID_MAX_BYTES + 1];
    int64_t uid;
};

/* What cgroups of this system begin with: those of a container have the container's before it. */
struct root {
    char cgroup[PROCESS_CGROUP_MAX_BYTES];
};

static void find_root(const struct process_table *table, struct root *ret)
{
    static const char init[] = "/init.scope";
    const struct process *first = process_table_find(table, 1);
    size_t bytes = first == NULL ? 0 : strlen(first->cgroup);

    if (bytes >= strlen(init) && strcmp(first->cgroup + bytes - strlen(init), init) == 0)
        bytes -= strlen(init);
    while (bytes > 0 && first->cgroup[bytes - 1] == '/')
        bytes--;
    (void)snprintf(ret->cgroup, sizeof(ret->cgroup), "%.*s", (int)bytes,
                   first == NULL ? "" : first->cgroup);
}

/* "ROOT/user.slice/user-UID.slice/session-ID.scope". */
static bool parse_scope(const struct root *root, const char *cgroup, struct scope *ret)
{
    static const char slice[] = "/user.slice/user-", prefix[] = ".slice/session-",
                      suffix[] = ".scope";
    size_t bytes = strlen(root->cgroup);
    const char *user, *id;
    char *end;

    if (strncmp(cgroup, root->cgroup, bytes) != 0 ||
        strncmp(cgroup + bytes, slice, strlen(slice)) != 0)
        return false;
    user = cgroup + bytes + strlen(slice);
    ret->uid = strtoimax(user, &end, 10);
    if (end == user || ret->uid < 0 || ret->uid >= UINT32_MAX ||
        strncmp(end, prefix, strlen(prefix)) != 0)
        return false;
    id = end + strlen(prefix);
    bytes = strlen(id);
    if (bytes <= strlen(suffix) || strcmp(id + bytes - strlen(suffix), suffix) != 0 ||
        strchr(id, '/') != NULL || bytes - strlen(suffix) > ID_MAX_BYTES)
        return false;
    (void)snprintf(ret->id, sizeof(ret->id), "%.*s", (int)(bytes - strlen(suffix)), id);
    return true;
}

/* By scope, and the process that began first before the others: it opened the login. */
static int compare(const void *a, const void *b)
{
    const struct process *left = *(const struct process *const *)a;
    const struct process *right = *(const struct process *const *)b;
    int order = strcmp(left->cgroup, right->cgroup);

    if (order != 0)
        return order;
    return (left->start_ticks > right->start_ticks) - (left->start_ticks < right->start_ticks);
}

/* The service that a leader is of where logind does not say. */
static const char *service_of(const struct process *leader)
{
    if (strncmp(leader->comm, "sshd", strlen("sshd")) == 0) /* and sshd-session */
        return "sshd";
    return strcmp(leader->comm, "login") == 0 ? "login" : NULL;
}

/* What can be in a record; anything else is left out. */
static const char *usable(const char *text)
{
    return text != NULL && text[0] != '\0' && strlen(text) <= LOGIN_STRING_MAX_BYTES &&
                   utf8_is_printable(text)
               ? text
               : NULL;
}

/* Who a user is, as the module would have said it. */
struct user {
    char buffer[PASSWD_BUFFER_BYTES];
    const char *name;
    int64_t groups[GROUPS_MAX];
    size_t group_count;
};

static int find_user(uid_t uid, struct user *ret)
{
    gid_t groups[GROUPS_MAX];
    struct passwd passwd, *found = NULL;
    int count = GROUPS_MAX, r;

    r = getpwuid_r(uid, &passwd, ret->buffer, sizeof(ret->buffer), &found);
    if (r != 0 || found == NULL)
        return r != 0 ? -r : -ENOENT;
    ret->name = passwd.pw_name;
    if (getgrouplist(passwd.pw_name, passwd.pw_gid, groups, &count) < 0)
        count = GROUPS_MAX; /* it has filled in so many */
    for (int i = 0; i < count; i++)
        ret->groups[i] = groups[i];
    ret->group_count = (size_t)count;
    return 0;
}

/* Opens a session for a login that is none. Returns 0 also where it is not to be one. */
static int open_found(struct manager *manager, const struct login_request *login,
                      const struct process *leader)
{
    CLEANUP(closep) int pidfd = pidfd_open_pid(leader->pid);
    struct opening opening = {.request = login};
    struct admission admission;
    struct auth_info auth;
    struct login_place place;
    const struct user_lock *lock;
    struct session *session;
    int r;

    if (pidfd < 0)
        return pidfd == -ESRCH ? 0 : pidfd;
    locate_login(manager, leader->pid, login->uid, login->service, login->logind_session, &place);
    admission_decide(manager, login, place.parent, ADMISSION_HELD, &admission);
    if (!place.leader_visible || place.leader.start_ticks != leader->start_ticks ||
        place.parent != NULL || !admission.is_tracked)
        return 0;
    auth_info_parse(NULL, &auth);
    opening.place = &place;
    opening.rule = admission.rule;
    opening.auth = &auth;
    r = lifecycle_adopt(manager, &opening, pidfd, &session);
    lock = admission.breaks_glass ? NULL : lock_find(manager, login->uid);
    /* An outage let them in, and nobody else would have. */
    if (r >= 0 && lock != NULL && session->record.info.opened_usec >= lock->info.since_usec)
        lifecycle_end(manager, session, END_LOCKED, lock->info.message, NULL);
    return r;
}

static int adopt(struct manager *manager, const struct process *leader, const struct scope *scope)
{
    CLEANUP(logind_session_done) struct logind_session known = {.is_user = false};
    CLEANUP(freep) struct user *user = calloc(1, sizeof(*user));
    struct login_request login = {.logind_session = scope->id, .uid = scope->uid};
    int r;

    if (user == NULL)
        return -ENOMEM;
    r = logind_find(scope->id, &known);
    if (r >= 0 && (!known.is_user || known.is_over || (int64_t)known.uid != scope->uid))
        return 0; /* a greeter, what was left behind, a cgroup that only looks like a login's */
    login.service = known.service != NULL ? usable(known.service) : service_of(leader);
    if (login.service == NULL)
        return 0;
    r = find_user((uid_t)scope->uid, user);
    if (r < 0)
        return r;
    login.user = user->name;
    login.groups = (struct uint_list){.count = user->group_count, .items = user->groups};
    login.terminal = usable(known.terminal);
    login.remote_host = usable(known.remote_host);
    login.remote_user = usable(known.remote_user);
    return usable(login.user) == NULL ? -EINVAL : open_found(manager, &login, leader);
}

/* The first of the processes of a scope that is no session's. */
static void look_at_scope(struct manager *manager, const struct root *root,
                          const struct process *leader)
{
    struct scope scope;
    int r;

    if (!parse_scope(root, leader->cgroup, &scope) ||
        locate_session_of(manager, leader->pid) != NULL)
        return;
    r = adopt(manager, leader, &scope);
    if (r < 0)
        log_line(LOG_WARNING, "the login of process %d (logind's session %s) cannot be adopted: %s",
                 (int)leader->pid, scope.id, strerror(-r));
}

void adopt_all(struct manager *manager)
{
    CLEANUP(freep) const struct process **found = NULL;
    const struct process_table *table;
    struct scope scope;
    struct root root;
    size_t count = 0;

    if (manager_processes(manager, manager->clock->boottime_usec(manager->clock), &table) < 0)
        return;
    found = calloc(table->count + 1, sizeof(const struct process *));
    if (found == NULL)
        return;
    find_root(table, &root);
    for (size_t i = 0; i < table->count; i++)
        if (table->items[i].state != 'Z' && parse_scope(&root, table->items[i].cgroup, &scope))
            found[count++] = &table->items[i];
    qsort(found, count, sizeof(const struct process *), compare);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(found[i - 1]->cgroup, found[i]->cgroup) != 0)
            look_at_scope(manager, &root, found[i]);
}

void adopt_give_way(struct manager *manager, pid_t leader, const struct login_request *login)
{
    struct process process;
    struct session *found;

    if (process_read(&manager->proc, leader, &process) < 0)
        return;
    found = leader_find_session(&manager->sessions, process.pid, process.start_ticks);
    if (found == NULL || !found->record.info.adopted || session_is_nested(found) ||
        found->record.info.state != STATE_ACTIVE || found->record.info.uid != login->uid ||
        strcmp(found->record.info.service, login->service) != 0)
        return;
    found->record.kill_processes = KILL_NO;
    lifecycle_close(manager, found);
}
