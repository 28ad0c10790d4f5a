/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the tests of the daemon run: as root, with mounts of their own.
 */
#ifndef SESSMGR_TESTS_DAEMON_NAMESPACE_H
#define SESSMGR_TESTS_DAEMON_NAMESPACE_H

/*
 * To be called first in main(): makes the program root, where it is not in a user namespace of its
 * own, gives it a mount namespace, and hides the host's journal and syslog from what it starts.
 * Ends the program where that cannot be done.
 */
void namespace_enter(void);

#endif
