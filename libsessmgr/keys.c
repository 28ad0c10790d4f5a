/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is asked of the daemon about its signing keys. Checking by them is offline.c's.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "libsessmgr/call.h"
#include "libsessmgr/handle.h"
#include "libsessmgr/member.h"
#include "libsessmgr/sessmgr.h"

int sessmgr_get_keys(struct sessmgr *handle, char **ret_jwks)
{
    struct json answer;
    struct json jwks;
    char *text;
    int r;

    r = handle_check(handle, ret_jwks);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, MANAGER_INTERFACE ".GetKeys", NULL, NULL, &answer);
    if (r < 0)
        return r;
    if (!member_find(answer, "jwks", &jwks) || json_type(jwks) != JSON_OBJECT)
        return -EPROTO;
    text = member_text(jwks);
    if (!text)
        return -ENOMEM;
    *ret_jwks = text;
    return 0;
}

int sessmgr_rotate_keys(struct sessmgr *handle, char **ret_key_id)
{
    CLEANUP(memory_done) struct arena memory = {0};
    struct rotate_keys_out out;
    struct json answer;
    char *key_id;
    int r;

    r = handle_check(handle, ret_key_id);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, MANAGER_INTERFACE ".RotateKeys", NULL, NULL, &answer);
    if (r < 0)
        return r;
    r = member_decode(&rotate_keys_out_fields, answer, &out, &memory);
    if (r < 0)
        return r;
    key_id = strdup(out.key.key_id);
    if (!key_id)
        return -ENOMEM;
    *ret_key_id = key_id;
    return 0;
}

static int visit_key(struct json item, int (*visit)(const struct sessmgr_key *key, void *userdata),
                     void *userdata)
{
    CLEANUP(memory_done) struct arena memory = {0};
    struct key_info info;
    int r;

    r = member_decode(&key_info_fields, item, &info, &memory);
    if (r < 0)
        return r;
    return visit(&(const struct sessmgr_key){.key_id = info.key_id,
                                             .algorithm = info.algorithm,
                                             .created_usec = info.created_usec,
                                             .retire_usec = info.retire_usec},
                 userdata);
}

int sessmgr_list_keys(struct sessmgr *handle,
                      int (*visit)(const struct sessmgr_key *key, void *userdata), void *userdata)
{
    struct json_cursor cursor;
    struct json answer, keys, item;
    int r;

    r = handle_check(handle, visit);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, MANAGER_INTERFACE ".GetKeys", NULL, NULL, &answer);
    if (r < 0)
        return r;
    if (!member_find(answer, "keys", &keys) || json_type(keys) != JSON_ARRAY ||
        json_open(keys, &cursor) < 0)
        return -EPROTO;
    handle->busy = true;
    while (r == 0 && json_next_element(&cursor, &item) > 0)
        r = visit_key(item, visit, userdata);
    handle->busy = false;
    return r;
}
