/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What root and administrators have done with the daemon's store.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "libsessmgr/call.h"
#include "libsessmgr/handle.h"
#include "libsessmgr/member.h"
#include "libsessmgr/sessmgr.h"

/* A call whose answer is numbers: those that are to be there. */
static int ask_info(struct sessmgr *handle, const char *method, bool has_sequence,
                    struct sessmgr_store_info *ret)
{
    struct sessmgr_store_info info;
    struct json answer;
    int r;

    r = handle_check(handle, ret);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, method, NULL, NULL, &answer);
    if (r < 0)
        return r;
    info.records = member_int(answer, "records");
    info.bytes = member_int(answer, "bytes");
    info.sequence = has_sequence ? member_int(answer, "sequence") : -1;
    if (info.records < 0 || info.bytes < 0 || (has_sequence && info.sequence < 0))
        return -EPROTO;
    *ret = info;
    return 0;
}

int sessmgr_store_verify(struct sessmgr *handle, struct sessmgr_store_info *ret)
{
    return ask_info(handle, MANAGER_INTERFACE ".VerifyStore", true, ret);
}

int sessmgr_store_checkpoint(struct sessmgr *handle, struct sessmgr_store_info *ret)
{
    return ask_info(handle, MANAGER_INTERFACE ".Checkpoint", false, ret);
}

int sessmgr_store_rekey(struct sessmgr *handle, char **ret_key_id)
{
    char id[256];
    struct json answer;
    char *key_id;
    int r;

    r = handle_check(handle, ret_key_id);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, MANAGER_INTERFACE ".RekeyStore", NULL, NULL, &answer);
    if (r < 0)
        return r;
    if (member_string(answer, "keyId", id, sizeof(id))[0] == '\0')
        return -EPROTO;
    key_id = strdup(id);
    if (!key_id)
        return -ENOMEM;
    *ret_key_id = key_id;
    return 0;
}

int sessmgr_store_forget(struct sessmgr *handle, uid_t uid)
{
    const struct forget_user_in in = {.uid = uid};
    struct json answer;
    int64_t sessions;
    int r;

    r = handle_check(handle, uid != (uid_t)-1);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, MANAGER_INTERFACE ".ForgetUser", &forget_user_in_fields, &in,
                  &answer);
    if (r < 0)
        return r;
    sessions = member_int(answer, "sessions");
    if (sessions < 0)
        return -EPROTO;
    return sessions < INT_MAX ? (int)sessions : INT_MAX;
}

int sessmgr_store_backup(struct sessmgr *handle, int *ret_fd, int64_t *ret_bytes)
{
    CLEANUP(closep) int fd = -1;
    struct json answer;
    int64_t bytes;
    int r;

    r = handle_check(handle, ret_fd);
    if (r < 0)
        return r;
    r = call_once_for_fd(&handle->connection, MANAGER_INTERFACE ".BackupStore", &answer, &fd);
    if (r < 0)
        return r;
    bytes = member_int(answer, "bytes");
    if (bytes < 0)
        return -EPROTO;
    if (ret_bytes)
        *ret_bytes = bytes;
    *ret_fd = TAKE_FD(fd);
    return 0;
}
