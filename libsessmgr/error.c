/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of errors: Varlink name, errno, and a sentence for a person.
 */
#include "config.h"

#include "libsessmgr/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "common/protocol.h"
#include "libsessmgr/member.h"
#include "libsessmgr/sessmgr.h"

enum {
    WORDS_BYTES = 768,   /* of one string of the daemon's */
    CANDIDATES_TOLD = 8, /* of an ambiguous prefix; the rest is counted */
};

typedef void tell_function(struct json parameters, char *text, size_t size);

static void tell_message(struct json parameters, char *text, size_t size)
{
    (void)member_string(parameters, "message", text, size);
}

static void tell_parameter(struct json parameters, char *text, size_t size)
{
    char name[WORDS_BYTES];

    if (member_string(parameters, "parameter", name, sizeof(name))[0] != '\0')
        (void)snprintf(text, size, "parameter %s", name);
}

static void tell_rule(struct json parameters, char *text, size_t size)
{
    (void)member_string(parameters, "rule", text, size);
}

static void tell_method(struct json parameters, char *text, size_t size)
{
    (void)member_string(parameters, "method", text, size);
}

static void tell_interface(struct json parameters, char *text, size_t size)
{
    (void)member_string(parameters, "interface", text, size);
}

static void tell_configuration(struct json parameters, char *text, size_t size)
{
    char file[WORDS_BYTES / 2];
    char message[WORDS_BYTES / 2];
    int64_t line = member_int(parameters, "line");

    (void)member_string(parameters, "file", file, sizeof(file));
    (void)member_string(parameters, "message", message, sizeof(message));
    if (line > 0)
        (void)snprintf(text, size, "%s:%" PRId64 ": %s", file, line, message);
    else
        (void)snprintf(text, size, "%s: %s", file, message);
}

static void tell_damage(struct json parameters, char *text, size_t size)
{
    char file[WORDS_BYTES / 2];
    char message[WORDS_BYTES / 2];
    int64_t offset = member_int(parameters, "offset");

    (void)member_string(parameters, "file", file, sizeof(file));
    (void)member_string(parameters, "message", message, sizeof(message));
    if (offset >= 0)
        (void)snprintf(text, size, "%s, byte %" PRId64 ": %s", file, offset, message);
    else
        (void)snprintf(text, size, "%s: %s", file, message);
}

static void tell_limit(struct json parameters, char *text, size_t size)
{
    int64_t limit = member_int(parameters, "limit");

    if (limit >= 0)
        (void)snprintf(text, size, "the limit is %" PRId64, limit);
}

static void tell_oldest(struct json parameters, char *text, size_t size)
{
    int64_t oldest = member_int(parameters, "oldest");

    if (oldest >= 0)
        (void)snprintf(text, size, "the oldest change that is kept has the number %" PRId64,
                       oldest);
}

static void tell_candidates(struct json parameters, char *text, size_t size)
{
    char id[SESSION_ID_BYTES + 1];
    struct json_cursor cursor;
    struct json list;
    struct json item;
    size_t count = 0;
    size_t used = 0;

    if (!member_find(parameters, "candidates", &list) || json_type(list) != JSON_ARRAY ||
        json_open(list, &cursor) < 0)
        return;
    while (json_next_element(&cursor, &item) > 0) {
        if (json_get_string(item, id, sizeof(id)) < 0)
            continue;
        count++;
        if (count <= CANDIDATES_TOLD && used + sizeof(id) + 2 < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", count > 1 ? ", " : "", id);
    }
    if (count > CANDIDATES_TOLD && used < size)
        (void)snprintf(text + used, size - used, " and %zu more", count - CANDIDATES_TOLD);
}

static const struct {
    const char *name; /* NULL: not an error that the daemon answers */
    int error;
    const char *text;
    tell_function *tell; /* NULL: nothing more is said */
} errors[] = {
    {ERROR_NO_SUCH_SESSION, ENOENT, "No such session", NULL},
    {ERROR_AMBIGUOUS_SESSION, ENOTUNIQ, "More than one session has an ID that begins like this",
     tell_candidates},
    {ERROR_NOT_IN_SESSION, ESRCH, "The calling process belongs to no session", NULL},
    {ERROR_INVALID_TOKEN, EKEYREJECTED, "The token is not good", NULL},
    {ERROR_UNKNOWN, EAGAIN, "It cannot be known just now", NULL},
    {ERROR_NOT_ALLOWED_BY_POLICY, EPERM, "The session's policy does not permit it", tell_rule},
    {ERROR_TOO_MANY, E2BIG, "More than the daemon keeps, or can say at once", tell_limit},
    {ERROR_MANAGER_TOO_MANY, E2BIG, "More than the daemon keeps, or can say at once", tell_limit},
    {ERROR_GAP, ESTALE, "Changes as old as this are no longer kept", tell_oldest},
    {ERROR_STORE_UNAVAILABLE, EIO,
     "The daemon could not write it to disk; an end that was asked for holds all the same",
     tell_message},
    {ERROR_MANAGER_STORE_UNAVAILABLE, EIO, "The daemon could not write it to disk", tell_message},
    {ERROR_NO_SUCH_LOCK, ENOLCK, "The user is not locked", NULL},
    {ERROR_BAD_CONFIGURATION, EBADMSG, "The configuration is wrong; the one before stays in force",
     tell_configuration},
    {ERROR_STORE_DAMAGED, EUCLEAN, "The daemon's store is damaged", tell_damage},
    {ERROR_NO_KEY, ENOKEY, "The new master key is missing", tell_message},
    {VARLINK_PERMISSION_DENIED, EACCES, "Permission denied", NULL},
    {VARLINK_INVALID_PARAMETER, EINVAL, "Invalid argument", tell_parameter},
    {VARLINK_METHOD_NOT_FOUND, EOPNOTSUPP, "The daemon does not know this call", tell_method},
    {VARLINK_METHOD_NOT_IMPLEMENTED, EOPNOTSUPP, "The daemon does not know this call", tell_method},
    {VARLINK_INTERFACE_NOT_FOUND, EOPNOTSUPP, "The daemon does not know this call", tell_interface},
    {VARLINK_EXPECTED_MORE, EPROTO, "The daemon's answer makes no sense", NULL},
    {NULL, ETIMEDOUT, "The daemon did not answer in time", NULL},
    {NULL, ECONNREFUSED, "The daemon cannot be reached", NULL},
    {NULL, ECONNRESET, "The daemon closed the connection before it had answered", NULL},
    {NULL, EREMOTEIO, "The daemon answered with an error that this library does not know", NULL},
    {NULL, EMSGSIZE, "The call is too long for one message", NULL},
    {NULL, EBUSY, "The handle is in use by a call that has not returned", NULL},
};

int error_from_reply(const struct varlink_reply *reply, char *explanation, size_t size)
{
    explanation[0] = '\0';
    for (size_t i = 0; i < ELEMENTS(errors); i++) {
        if (!errors[i].name || strcmp(errors[i].name, reply->error) != 0)
            continue;
        if (errors[i].tell)
            errors[i].tell(reply->parameters, explanation, size);
        return -errors[i].error;
    }
    (void)snprintf(explanation, size, "%s", reply->error);
    return -EREMOTEIO;
}

const char *sessmgr_strerror(int error)
{
    const char *text;

    /* INT_MIN has no positive counterpart, and is no errno */
    if (error < 0 && error >= -4095)
        error = -error;
    if (error == 0)
        return "Success";
    for (size_t i = 0; i < ELEMENTS(errors); i++)
        if (errors[i].error == error)
            return errors[i].text;
    text = strerrordesc_np(error);
    return text ? text : "Unknown error";
}
