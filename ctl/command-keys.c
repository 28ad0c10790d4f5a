/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `keys`: the keys that sign JWTs.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"

/* What print_key() needs beside the key. */
struct listing {
    bool legend;
    size_t count;
};

static int print_key(const struct sessmgr_key *key, void *userdata)
{
    struct listing *listing = userdata;
    CLEANUP(freep) char *id = format_printable(key->key_id);
    CLEANUP(freep) char *algorithm = format_printable(key->algorithm);
    char created[FORMAT_TIME_BYTES], retires[FORMAT_TIME_BYTES];

    if (listing->count++ == 0 && listing->legend)
        printf("%-43s  %-9s  %-27s  %s\n", "ID", "ALGORITHM", "CREATED", "KEPT UNTIL");
    printf("%-43s  %-9s  %-27s  %s\n", id ? id : "", algorithm ? algorithm : "",
           format_time(key->created_usec, created),
           key->retire_usec >= 0 ? format_time(key->retire_usec, retires) : "signs");
    return 0;
}

static enum exit_code print_set(struct sessmgr *handle, enum json_mode mode)
{
    CLEANUP(freep) char *text = NULL;
    int r;

    r = sessmgr_get_keys(handle, &text);
    if (r < 0)
        return failure_tell("keys", r, sessmgr_get_error_message(handle));
    json_print(stdout, text, mode == JSON_OFF ? JSON_SHORT : mode);
    return CODE_OK;
}

static enum exit_code rotate(struct sessmgr *handle, enum json_mode mode)
{
    CLEANUP(freep) char *id = NULL;
    int r;

    r = sessmgr_rotate_keys(handle, &id);
    if (r < 0)
        return failure_tell("keys", r, sessmgr_get_error_message(handle));
    if (mode != JSON_OFF) /* base64url has nothing to be escaped */
        printf("{\"keyId\":\"%s\"}\n", id);
    else
        puts(id);
    return CODE_OK;
}

enum exit_code command_keys(struct sessmgr *handle, const struct options *options,
                            char *const *arguments, size_t count)
{
    struct listing listing = {.legend = options->legend};
    enum exit_code code;
    int r;

    (void)arguments; /* there are none */
    (void)count;
    if (options->rotate) {
        code = rotate(handle, options->jwks ? JSON_OFF : options->json);
        if (code != CODE_OK || !options->jwks)
            return code;
    }
    if (options->jwks || options->json != JSON_OFF)
        return print_set(handle, options->json);
    r = sessmgr_list_keys(handle, print_key, &listing);
    return r < 0 ? failure_tell("keys", r, sessmgr_get_error_message(handle)) : CODE_OK;
}
