/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checks filters and matches sessions against them. Sessions are ended by what this says, so what
 * is not clear is refused, not guessed.
 */
#include <config.h>

#include "daemon/filter.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static bool is_id_prefix(const char *text)
{
    size_t length = strlen(text);

    if (length < FILTER_SESSION_ID_MIN_BYTES || length > SESSION_ID_BYTES)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isxdigit((unsigned char)text[i]))
            return false;
    return true;
}

int filter_parse(const struct session_filter *wire, struct filter *ret, const char **ret_bad)
{
    struct filter filter = {.wire = *wire, .address.family = AF_UNSPEC};
    const char *bad = NULL;

    if (wire->session_id != NULL && !is_id_prefix(wire->session_id))
        bad = "sessionId";
    else if (wire->remote_host != NULL &&
             address_parse(wire->remote_host, &filter.address, &filter.prefix_bits) < 0)
        bad = "remoteHost";
    if (bad != NULL) {
        if (ret_bad != NULL)
            *ret_bad = bad;
        return -EINVAL;
    }
    *ret = filter;
    return 0;
}

/* An absent member agrees with everything. */
static bool text_matches(const char *wanted, const char *value)
{
    return wanted == NULL || (value != NULL && strcmp(wanted, value) == 0);
}

static bool id_matches(const char *wanted, const char *value)
{
    return wanted == NULL || (value != NULL && strncasecmp(wanted, value, strlen(wanted)) == 0);
}

static bool host_matches(const struct filter *filter, const char *host)
{
    if (filter->wire.remote_host == NULL)
        return true;
    if (host == NULL)
        return false;
    if (filter->address.family == AF_UNSPEC)
        return strcasecmp(filter->wire.remote_host, host) == 0;
    return address_contains(&filter->address, filter->prefix_bits, host);
}

bool filter_matches(const struct filter *filter, const struct session_info *session)
{
    const struct session_filter *wire = &filter->wire;

    return id_matches(wire->session_id, session->session_id) &&
           (wire->user == NULL || session->uid >= 0) && text_matches(wire->user, session->user) &&
           (wire->uid < 0 || wire->uid == session->uid) &&
           text_matches(wire->service, session->service) &&
           text_matches(wire->auth_key, session->auth_key) &&
           text_matches(wire->policy, session->policy) &&
           host_matches(filter, session->remote_host);
}

bool filter_is_empty(const struct filter *filter)
{
    const struct session_filter *wire = &filter->wire;

    return wire->session_id == NULL && wire->user == NULL && wire->uid < 0 &&
           wire->service == NULL && wire->remote_host == NULL && wire->auth_key == NULL &&
           wire->policy == NULL;
}
