/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Users: names are only spellings, what counts is the user ID.
 */
#include "config.h"

#include <pwd.h>
#include <stdlib.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"
#include "ctl/options.h"

enum { PASSWD_BUFFER_BYTES = 65536 }; /* of getpwnam_r(3): longer than any entry */

bool user_find(const char *text, uid_t *ret)
{
    CLEANUP(freep) char *buffer = malloc(PASSWD_BUFFER_BYTES);
    struct passwd user, *found = NULL;
    int64_t number;

    if (buffer && getpwnam_r(text, &user, buffer, PASSWD_BUFFER_BYTES, &found) == 0 && found) {
        *ret = found->pw_uid;
        return true;
    }
    if (!options_parse_uid(text, &number))
        return false;
    *ret = (uid_t)number;
    return true;
}

enum exit_code user_unknown(const char *text)
{
    CLEANUP(freep) char *printable = format_printable(text);

    fprintf(stderr, "sessmgrctl: there is no user %s; of one who is gone, the user ID is needed\n",
            printable ? printable : "");
    return CODE_FAILED;
}

const char *user_name(uid_t uid, char buffer[static USER_NAME_BYTES])
{
    CLEANUP(freep) char *entry = malloc(PASSWD_BUFFER_BYTES);
    struct passwd user, *found = NULL;

    if (entry && getpwuid_r(uid, &user, entry, PASSWD_BUFFER_BYTES, &found) == 0 && found)
        (void)snprintf(buffer, USER_NAME_BYTES, "%s", found->pw_name);
    else
        (void)snprintf(buffer, USER_NAME_BYTES, "%u", (unsigned)uid);
    return buffer;
}
