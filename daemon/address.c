/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parses addresses and ranges, and compares hosts with them. Sessions are ended and logins refused
 * by what this says, so what is not clear is refused, not guessed.
 */
#include <config.h>

#include "daemon/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

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
static bool parse_plain_address(const char *text, size_t length, struct address *ret)
{
    struct address address = {.family = AF_INET};
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
static void unmap(struct address *address)
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
static bool is_network(const struct address *address, unsigned prefix_bits)
{
    struct address network = *address;

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
static int parse_range(const char *text, const char *slash, struct address *ret,
                       unsigned *ret_prefix_bits)
{
    struct address address;
    unsigned prefix_bits;

    if (!parse_plain_address(text, (size_t)(slash - text), &address) ||
        !parse_prefix(slash + 1, family_bits(address.family), &prefix_bits) ||
        !is_network(&address, prefix_bits))
        return -EINVAL;
    if (address.family == AF_INET6 && prefix_bits >= MAPPED_PREFIX_BITS) {
        unmap(&address);
        if (address.family == AF_INET)
            prefix_bits -= MAPPED_PREFIX_BITS;
    }
    *ret = address;
    *ret_prefix_bits = prefix_bits;
    return 0;
}

/* No host's name is made of nothing but these. */
static bool is_meant_as_address(const char *text)
{
    size_t length = strlen(text);

    return strspn(text, "0123456789.") == length ||
           (strchr(text, ':') != NULL && strspn(text, "0123456789abcdefABCDEF:.") == length);
}

int address_parse(const char *text, struct address *ret, unsigned *ret_prefix_bits)
{
    struct address address;
    const char *slash = strchr(text, '/');

    if (slash != NULL)
        return parse_range(text, slash, ret, ret_prefix_bits);
    if (!parse_plain_address(text, strlen(text), &address)) {
        if (is_meant_as_address(text)) /* or empty */
            return -EINVAL;
        *ret = (struct address){.family = AF_UNSPEC};
        *ret_prefix_bits = 0;
        return 0;
    }
    unmap(&address);
    *ret = address;
    *ret_prefix_bits = family_bits(address.family);
    return 0;
}

bool address_contains(const struct address *range, unsigned prefix_bits, const char *host)
{
    struct address address;

    if (!parse_plain_address(host, strcspn(host, "%"), &address))
        return false;
    unmap(&address);
    return address.family == range->family && bits_equal(address.bytes, range->bytes, prefix_bits);
}
