/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What comes before any other call of this folder: libsodium's own beginning. Signing, hashing and
 * their encodings are in the other files.
 */
#ifndef SESSMGR_JOSE_H
#define SESSMGR_JOSE_H

/* Makes libsodium ready (sodium_init); to be called before anything else of jose/, any number of
 * times, from any thread. Error: -ENOSYS it cannot be used on this machine. May block until the
 * kernel has random bytes. */
int jose_init(void);

#endif
