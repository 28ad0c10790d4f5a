/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments of the module: see options.h. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "common/protocol.h"
#include "pam/options.h"

/* What stands behind "key=", or NULL where the argument is not of that key. */
static const char *value_of(const char *argument, const char *key)
{
    size_t length = strlen(key);

    if (strncmp(argument, key, length) != 0 || argument[length] != '=')
        return NULL;
    return argument + length + 1;
}

/* A folder and a name in it: "/name" and "/folder/name", but not "/folder/" and "/folder/..". */
static bool is_socket_path(const char *path)
{
    const char *name = strrchr(path, '/');

    if (path[0] != '/' || strlen(path) >= PATH_MAX)
        return false;
    name++;
    return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           strlen(name) <= OPTIONS_SOCKET_NAME_MAX_BYTES;
}

/* Digits alone: strtoul() would let signs and spaces pass. */
static bool parse_timeout(const char *text, unsigned *ret_msec)
{
    unsigned msec = 0;

    for (const char *next = text; *next != '\0'; next++) {
        if (*next < '0' || *next > '9')
            return false;
        msec = msec * 10 + (unsigned)(*next - '0');
        if (msec > OPTIONS_TIMEOUT_MAX_MSEC)
            return false;
    }
    if (msec == 0)
        return false;
    *ret_msec = msec;
    return true;
}

static bool parse_one(const char *argument, struct options *options)
{
    const char *value;

    if ((value = value_of(argument, "socket")) != NULL) {
        options->socket_path = value;
        return is_socket_path(value);
    }
    if ((value = value_of(argument, "timeout")) != NULL)
        return parse_timeout(value, &options->timeout_msec);
    if (strcmp(argument, "debug") == 0)
        options->debug = true;
    else if (strcmp(argument, "quiet") == 0)
        options->quiet = true;
    else
        return false;
    return true;
}

int options_parse(int argc, const char *const *argv, struct options *ret, const char **ret_bad)
{
    struct options options = {
        .socket_path = SESSMGR_LOGIN_SOCKET,
        .timeout_msec = OPTIONS_TIMEOUT_DEFAULT_MSEC,
    };

    for (int i = 0; i < argc; i++) {
        if (!parse_one(argv[i], &options)) {
            *ret_bad = argv[i];
            return -EINVAL;
        }
    }
    *ret = options;
    return 0;
}
