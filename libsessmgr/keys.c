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

struct key_visitor {
    int (*visit)(const struct sessmgr_key *key, void *userdata);
    void *userdata;
};

static int visit_key(struct json item, void *userdata)
{
    CLEANUP(memory_done) struct arena memory = {0};
    const struct key_visitor *visitor = userdata;
    struct key_info info;
    int r;

    r = member_decode(&key_info_fields, item, &info, &memory);
    if (r < 0)
        return r;
    return visitor->visit(&(const struct sessmgr_key){.key_id = info.key_id,
                                                      .algorithm = info.algorithm,
                                                      .created_usec = info.created_usec,
                                                      .retire_usec = info.retire_usec},
                          visitor->userdata);
}

int sessmgr_list_keys(struct sessmgr *handle,
                      int (*visit)(const struct sessmgr_key *key, void *userdata), void *userdata)
{
    struct key_visitor visitor = {.visit = visit, .userdata = userdata};
    struct json answer;
    int r;

    r = handle_check(handle, visit);
    if (r < 0)
        return r;
    r = call_once(&handle->connection, MANAGER_INTERFACE ".GetKeys", NULL, NULL, &answer);
    if (r < 0)
        return r;
    handle->busy = true;
    r = member_each(answer, "keys", visit_key, &visitor);
    handle->busy = false;
    return r;
}
