/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What root and administrators ask of the daemon about locks of users.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "libsessmgr/call.h"
#include "libsessmgr/handle.h"
#include "libsessmgr/member.h"
#include "libsessmgr/sessmgr.h"

int sessmgr_lock(struct sessmgr *handle, const char *user, uid_t uid, int64_t until_usec,
                 const char *message, bool terminate,
                 int (*visit)(const char *session_id, void *userdata), void *userdata)
{
    const struct lock_in in = {
        .user = user,
        .uid = uid,
        .until_usec = until_usec,
        .message = message,
        .terminate = terminate,
    };
    struct json answer;
    int64_t count;
    int r;

    r = handle_check(handle, user && uid != (uid_t)-1 && until_usec >= -1);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, MANAGER_INTERFACE ".Lock", &lock_in_fields, &in, &answer);
    if (r < 0)
        return r;
    count = member_int(answer, "sessionCount");
    if (count < 0)
        return -EPROTO;
    handle->busy = true;
    r = member_each_id(answer, visit, userdata);
    handle->busy = false;
    if (r != 0)
        return r;
    return count < INT_MAX ? (int)count : INT_MAX;
}

int sessmgr_unlock(struct sessmgr *handle, uid_t uid)
{
    const struct unlock_in in = {.uid = uid};
    struct json answer;
    int r;

    r = handle_check(handle, uid != (uid_t)-1);
    if (r < 0)
        return r;
    return call_once(&handle->connection, MANAGER_INTERFACE ".Unlock", &unlock_in_fields, &in,
                     &answer);
}

struct lock_visitor {
    int (*visit)(const struct sessmgr_lock *lock, void *userdata);
    void *userdata;
};

static int visit_lock(struct json item, void *userdata)
{
    CLEANUP(memory_done) struct arena memory = {0};
    const struct lock_visitor *visitor = userdata;
    struct lock_info info;
    int r;

    r = member_decode(&lock_info_fields, item, &info, &memory);
    if (r < 0)
        return r;
    return visitor->visit(&(const struct sessmgr_lock){.user = info.user,
                                                       .uid = (uid_t)info.uid,
                                                       .since_usec = info.since_usec,
                                                       .until_usec = info.until_usec,
                                                       .message = info.message},
                          visitor->userdata);
}

static int visit_locks(struct json answer, void *userdata)
{
    return member_each(answer, "locks", visit_lock, userdata);
}

int sessmgr_list_locks(struct sessmgr *handle,
                       int (*visit)(const struct sessmgr_lock *lock, void *userdata),
                       void *userdata)
{
    struct lock_visitor visitor = {.visit = visit, .userdata = userdata};
    int r;

    r = handle_check(handle, visit);
    if (r < 0)
        return r;
    handle->busy = true;
    r = call_each(&handle->connection, MANAGER_INTERFACE ".ListLocks", NULL, NULL, visit_locks,
                  &visitor);
    handle->busy = false;
    return r;
}
