/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checks filters and matches sessions against them. Sessions are ended by what this says, so what
 * is not clear is refused, not guessed.
 */
#include <config.h>

#include "daemon/filter.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "common/macro.h"

enum {
    ADDRESS_TEXT_MAX_BYTES = 64, /* INET6_ADDRSTRLEN, and the name of an interface */
    MAPPED_PREFIX_BITS = 96,
    IPV6_BITS = 128,
    IPV4_BITS = 32,
};

static unsigned family_bits(int family)
{
    return family == AF_INET ? IPV4_BITS : IPV6_BITS;
}

/* Parses text[0..length) without taking IPv4-mapped addresses apart. */
static bool parse_plain_address(const char *text, size_t length, struct filter_address *ret)
{
    struct filter_address address = {.family = AF_INET};
    char copy[ADDRESS_TEXT_MAX_BYTES];

    if (length >= sizeof(copy))
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (inet_pton(AF_INET, copy, address.bytes) != 1) {
        address.family = AF_INET6;
        if (inet_pton(AF_INET6, copy, address.bytes) != 1)
            return false;
    }
    *ret = address;
    return true;
}

/* Makes the IPv4 address of an IPv4-mapped one. */
static void unmap(struct filter_address *address)
{
    if (address->family != AF_INET6 ||
        memcmp(address->bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) != 0)
        return;
    memmove(address->bytes, address->bytes + 12, 4);
    memset(address->bytes + 4, 0, 12);
    address->family = AF_INET;
}

/* Whether the first bits of two addresses agree; of a whole byte's rest only the upper ones. */
static bool bits_equal(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned rest = bits % 8;

    if (memcmp(a, b, bits / 8) != 0)
        return false;
    return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

/* Whether all bits behind the prefix are zero. */
static bool is_network(const struct filter_address *address, unsigned prefix_bits)
{
    struct filter_address network = *address;

    for (unsigned i = prefix_bits; i < family_bits(address->family); i++)
        network.bytes[i / 8] &= (unsigned char)~(0x80u >> (i % 8));
    return memcmp(network.bytes, address->bytes, sizeof(network.bytes)) == 0;
}

/* A prefix length: one to three digits, no sign, no needless zero. */
static bool parse_prefix(const char *text, unsigned maximum, unsigned *ret)
{
    unsigned value = 0;
    size_t length = strlen(text);

    if (length < 1 || length > 3 || (length > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    if (value > maximum)
        return false;
    *ret = value;
    return true;
}

/* An IPv6 range that holds nothing but IPv4-mapped addresses is an IPv4 range; one that holds more,
 * as ::/0, is about IPv6 and matches no IPv4 address. */
static bool parse_range(const char *text, const char *slash, struct filter *filter)
{
    struct filter_address address;
    unsigned prefix_bits;

    if (!parse_plain_address(text, (size_t)(slash - text), &address) ||
        !parse_prefix(slash + 1, family_bits(address.family), &prefix_bits) ||
        !is_network(&address, prefix_bits))
        return false;
    if (address.family == AF_INET6 && prefix_bits >= MAPPED_PREFIX_BITS) {
        unmap(&address);
        if (address.family == AF_INET)
            prefix_bits -= MAPPED_PREFIX_BITS;
    }
    filter->address = address;
    filter->prefix_bits = prefix_bits;
    return true;
}

static bool parse_remote_host(const char *text, struct filter *filter)
{
    const char *slash = strchr(text, '/');

    if (slash != NULL)
        return parse_range(text, slash, filter);
    if (parse_plain_address(text, strlen(text), &filter->address)) {
        unmap(&filter->address);
        filter->prefix_bits = family_bits(filter->address.family);
    }
    return text[0] != '\0';
}

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
    else if (wire->remote_host != NULL && !parse_remote_host(wire->remote_host, &filter))
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
    struct filter_address address;

    if (filter->wire.remote_host == NULL)
        return true;
    if (host == NULL)
        return false;
    if (filter->address.family == AF_UNSPEC)
        return strcasecmp(filter->wire.remote_host, host) == 0;
    /* A link-local address may name its interface behind a percent sign (RFC 4007). */
    if (!parse_plain_address(host, strcspn(host, "%"), &address))
        return false;
    unmap(&address);
    return address.family == filter->address.family &&
           bits_equal(address.bytes, filter->address.bytes, filter->prefix_bits);
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
