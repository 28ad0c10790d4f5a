/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How somebody was authenticated, out of what sshd says in SSH_AUTH_INFO_0.
 */
#ifndef SESSMGR_AUTH_INFO_H
#define SESSMGR_AUTH_INFO_H

#include <stddef.h>

struct auth_info {
    char method[64];      /* "publickey", "password", ...; "" where unknown */
    char fingerprint[64]; /* "SHA256:" and unpadded base64, as ssh-keygen -l prints it; "" where
                             there is no key or it is malformed */
};

/*
 * Parses the last line of SSH_AUTH_INFO_0 (sshd(8) ExposeAuthInfo: "publickey ssh-ed25519 AAAA...";
 * lines may have been escaped as \n by the module). text may be NULL. What is malformed gives ""
 * and is never trusted. For a certificate the fingerprint is that of the key in it, as
 * ssh-keygen(1) prints it.
 */
void auth_info_parse(const char *text, struct auth_info *ret);

#endif
