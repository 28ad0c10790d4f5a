/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The offline modes of sessmgrd: what is done with a store that no daemon uses. Says what is wrong
 * on standard error and prints what came of it, a JSON object, on standard output.
 */
#ifndef SESSMGR_STORE_TOOL_H
#define SESSMGR_STORE_TOOL_H

#include "daemon/store.h"

/* Exit statuses: part of the interface, written down in sessmgrd(8). */
enum store_tool_status {
    STORE_TOOL_DONE = 0,
    STORE_TOOL_FAILED = 1,
    STORE_TOOL_DAMAGED = 3,
};

/*
 * Does what a mode says ("verify", "stat", "checkpoint", "rekey", "backup", "restore") with the
 * store in a directory, as the directory's owner where root calls. Returns an exit status. Blocks
 * until it is done. For a process of its own: the identity stays changed.
 */
enum store_tool_status store_tool_run(const char *mode, const char *directory,
                                      const struct store_credentials *credentials);

#endif
