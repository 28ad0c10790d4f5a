/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * IP addresses and ranges of them, and which remote hosts, as PAM was told them, they mean. Texts
 * only: no name is ever looked up, and nothing here blocks.
 */
#ifndef SESSMGR_ADDRESS_H
#define SESSMGR_ADDRESS_H

#include <stdbool.h>

/* An IPv4 or IPv6 address; an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) is the IPv4
 * address in it. */
struct address {
    int family; /* AF_INET, AF_INET6, or AF_UNSPEC for none */
    unsigned char bytes[16];
};

/*
 * Parses what remote hosts are compared with: an IPv4 or IPv6 address, or a range in CIDR notation
 * (as in sshd_config(5), without bits behind its prefix). *ret_prefix_bits: how many of the first
 * bits a host has to share, all of them for a single address. Any other text without a slash is no
 * address but may be a host's name: no error, *ret is AF_UNSPEC. Error: -EINVAL it is empty, has a
 * slash and is no range, or can only be meant as an address and is none ("10.1.2.300").
 */
int address_parse(const char *text, struct address *ret, unsigned *ret_prefix_bits);

/*
 * Whether a remote host (a text, never NULL) is an address that shares the first prefix_bits of
 * `range`, both as address_parse() gave them. A link-local address may name its interface behind a
 * percent sign (RFC 4007). A name is in no range, and nothing is in AF_UNSPEC.
 */
bool address_contains(const struct address *range, unsigned prefix_bits, const char *host);

#endif
