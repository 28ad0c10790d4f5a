/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the question which session a process is in; see locate.h.
 */
#include <config.h>

#include "daemon/locate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/leader.h"
#include "daemon/logind.h"
#include "daemon/manager.h"

enum {
    ANCESTORS_MAX = 4096, /* a chain of parents is followed no further, whatever /proc says */
    SCOPES_MAX_DEPTH = 8, /* scopes in scopes: containers, and a session's in them */
};

/* Whether a cgroup is a scope or lies below it. */
static bool cgroup_is_in(const char *cgroup, const char *scope)
{
    size_t length = strlen(scope);

    return strncmp(cgroup, scope, length) == 0 && (cgroup[length] == '\0' || cgroup[length] == '/');
}

static struct session *nearest_leader(struct manager *manager, const struct process *from)
{
    struct process process = *from;

    for (int i = 0; i < ANCESTORS_MAX; i++) {
        struct session *session =
            leader_find_session(&manager->sessions, process.pid, process.start_ticks);

        if (session != NULL)
            return session;
        if (process.ppid <= 1 || process_read(&manager->proc, process.ppid, &process) < 0)
            return NULL;
    }
    return NULL;
}

/* Those cgroups above a process that could be a session's scope. Users make more of them below
 * their own only. */
struct scopes {
    uint32_t hashes[SCOPES_MAX_DEPTH];
    size_t count;
};

static void find_scopes(const char *cgroup, struct scopes *ret)
{
    static const char suffix[] = ".scope";
    const char *end = cgroup;

    ret->count = 0;
    while (*end != '\0' && ret->count < SCOPES_MAX_DEPTH) {
        end += 1 + strcspn(end + 1, "/");
        if (end - cgroup > (ptrdiff_t)strlen(suffix) &&
            strncmp(end - strlen(suffix), suffix, strlen(suffix)) == 0)
            ret->hashes[ret->count++] = live_scope_hash(cgroup, (size_t)(end - cgroup));
    }
}

static bool has_scope(const struct scopes *scopes, const struct live_entry *entry)
{
    for (size_t i = 0; i < scopes->count; i++)
        if (scopes->hashes[i] == entry->scope_hash)
            return true;
    return false;
}

static bool is_in_audit_session(const struct live_entry *entry, const struct process *process)
{
    return process->audit_session >= 0 && entry->audit_session == process->audit_session;
}

/* The session that a process without such an ancestor (daemonized, handed to another parent) is in
 * by its scope or its audit session. */
static struct session *holder_of(struct manager *manager, const struct process *process)
{
    const struct live_set *live = &manager->sessions.live;
    struct session *by_audit = NULL;
    struct scopes scopes;

    find_scopes(process->cgroup, &scopes);
    for (size_t i = 0; i < live->count; i++) {
        const struct live_entry *entry = &live->items[i];
        struct session *session = entry->session;

        if (has_scope(&scopes, entry) && !session_is_nested(session) &&
            cgroup_is_in(process->cgroup, session->record.scope))
            return session;
        if (is_in_audit_session(entry, process) && !session_is_nested(session) &&
            session->record.members_by == MEMBERS_BY_AUDIT)
            by_audit = session;
    }
    return by_audit;
}

struct session *locate_session_of(struct manager *manager, pid_t pid)
{
    struct process process;
    struct session *session;

    if (pid <= 1 || process_read(&manager->proc, pid, &process) < 0)
        return NULL;
    session = nearest_leader(manager, &process);
    return session != NULL ? session : holder_of(manager, &process);
}

struct session *locate_session_of_peer(struct manager *manager, const struct peer *peer)
{
    struct session *session = locate_session_of(manager, peer->pid);

    /* Asked last: one that has not exited by now is the one that was looked at. */
    return pidfd_exited(peer->pidfd) ? NULL : session;
}

/*
 * Whether logind made the process's scope for this very login. The ID that the module sends came
 * through the PAM environment, which users may be able to fill (pam_env with user_readenv), so the
 * scope's own name, its user and its service have to agree, and nobody else may have it.
 */
static bool has_own_scope(struct manager *manager, const struct process *process, int64_t uid,
                          const char *service, const char *logind_session)
{
    CLEANUP(logind_session_done) struct logind_session known = {.is_user = false};
    char leaf[128];
    const char *slash = strrchr(process->cgroup, '/');
    const struct live_set *live = &manager->sessions.live;
    uint32_t hash;
    int n;

    if (logind_session == NULL || slash == NULL)
        return false;
    n = snprintf(leaf, sizeof(leaf), "session-%s.scope", logind_session);
    if (n < 0 || (size_t)n >= sizeof(leaf) || strcmp(slash + 1, leaf) != 0)
        return false;
    if (logind_find(logind_session, &known) < 0 || (int64_t)known.uid != uid ||
        known.service == NULL || strcmp(known.service, service) != 0)
        return false;
    hash = live_scope_hash(process->cgroup, strlen(process->cgroup));
    for (size_t i = 0; i < live->count; i++) {
        if (live->items[i].scope_hash == hash &&
            strcmp(live->items[i].session->record.scope, process->cgroup) == 0)
            return false;
    }
    return true;
}

/*
 * Whether a login's audit session is somebody else's too: a session's, or that of what the login
 * was started from, which may be a whole login that nobody told the daemon about.
 */
static bool shares_audit_session(struct manager *manager, const struct process *leader)
{
    const struct live_set *live = &manager->sessions.live;
    struct process parent;

    if (process_read(&manager->proc, leader->ppid, &parent) < 0 ||
        parent.audit_session == leader->audit_session)
        return true;
    for (size_t i = 0; i < live->count; i++)
        if (is_in_audit_session(&live->items[i], leader))
            return true;
    return false;
}

/*
 * A login below a leader's process is nested in its session, unless the kernel shows that it got a
 * place of its own: a daemon that somebody restarted by hand inside a session logs in people who
 * have nothing to do with it.
 */
static struct session *parent_of(struct manager *manager, const struct process *process,
                                 bool own_scope)
{
    struct session *parent;

    if (own_scope)
        return NULL;
    parent = locate_session_of(manager, process->pid);
    if (parent == NULL)
        return NULL;
    if (parent->record.info.audit_session >= 0 && process->audit_session >= 0 &&
        parent->record.info.audit_session != process->audit_session)
        return NULL;
    return parent;
}

void locate_login(struct manager *manager, pid_t pid, int64_t uid, const char *service,
                  const char *logind_session, struct login_place *ret)
{
    bool own_scope;

    memset(ret, 0, sizeof(*ret));
    ret->by = MEMBERS_BY_TREE;
    if (process_read(&manager->proc, pid, &ret->leader) < 0) {
        ret->leader.pid = pid;
        ret->leader.audit_session = PROCESS_AUDIT_SESSION_NONE;
        return;
    }
    ret->leader_visible = true;
    ret->began_usec = process_began_usec(&ret->leader);
    own_scope = has_own_scope(manager, &ret->leader, uid, service, logind_session);
    ret->parent = parent_of(manager, &ret->leader, own_scope);
    if (ret->parent != NULL)
        return;
    if (own_scope) {
        ret->by = MEMBERS_BY_SCOPE;
        ret->scope = ret->leader.cgroup;
    } else if (ret->leader.audit_session >= 0 && !shares_audit_session(manager, &ret->leader)) {
        ret->by = MEMBERS_BY_AUDIT;
    }
}
