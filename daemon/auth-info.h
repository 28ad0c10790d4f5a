/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How somebody was authenticated, out of what sshd says in SSH_AUTH_INFO_0.
 */
#ifndef SESSMGR_AUTH_INFO_H
#define SESSMGR_AUTH_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct auth_info {
    char method[64];      /* "publickey", "password", ...: the last line's; "" where unknown */
    char fingerprint[64]; /* "SHA256:" and unpadded base64, as ssh-keygen -l prints it: that of the
                             last key that could be read; "" where there is none */
    int64_t expires_usec; /* CLOCK_REALTIME: end of validity of the certificate that ends first; -1
                             where none ends, or there is none */
    bool malformed;       /* not all of the text could be read: there may be an earlier end of
                             validity, or another key */
};

/*
 * Parses SSH_AUTH_INFO_0 (ExposeAuthInfo of sshd_config(5)): a line for each authentication that it
 * took, the last one last ("publickey ssh-ed25519 AAAA...", then "password"); lines may have been
 * escaped as \n by the module. text: any C string, or NULL where there is none, which like the
 * empty one is not malformed.
 *
 * What cannot be read to its end is malformed, and gives no fingerprint and no expires_usec: a
 * method that is no name; "publickey" or "hostbased" without a key; a key or certificate (whatever
 * has "-cert-v" in its type, known or not) that is cut, followed by something, or of another type
 * than stands before it; and a certificate that cannot have been good for a user, since it is a
 * host's or its validity ends before it begins. A text that the module cut is malformed, as it may
 * have lost lines; one longer than LOGIN_AUTH_INFO_MAX_BYTES is malformed too, and not looked at.
 *
 * For a certificate (OpenSSH's PROTOCOL.certkeys) the fingerprint is that of the key in it, as
 * ssh-keygen(1) prints it, and expires_usec its "valid before", at which it is good no more. One
 * that is valid for ever, or until later than an int64_t can tell, does not end. Signatures are not
 * checked: sshd did.
 */
void auth_info_parse(const char *text, struct auth_info *ret);

#endif
