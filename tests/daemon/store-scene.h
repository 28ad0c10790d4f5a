/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tests of the store's tools share: sessmgrd's offline modes, a backup of the daemon's, and
 * damage.
 */
#ifndef SESSMGR_TESTS_DAEMON_STORE_SCENE_H
#define SESSMGR_TESTS_DAEMON_STORE_SCENE_H

#include "tests/daemon/harness.h"

enum { STORE_SCENE_TEXT_BYTES = 4096 };

/* What an offline mode came to. */
struct store_tool_result {
    int status; /* its exit status; -1: ended by a signal */
    char out[STORE_SCENE_TEXT_BYTES];
    char err[STORE_SCENE_TEXT_BYTES];
};

/* Runs `sessmgrd --store=MODE` on the daemon's folder. in: its standard input, or -1 for none; out:
 * its standard output, or -1 for the result's text; both stay the caller's. The result is borrowed
 * until the next call. */
const struct store_tool_result *store_scene_tool(const struct harness *harness, const char *mode,
                                                 int in, int out);

/* Calls BackupStore; the descriptor that came with the reply (the caller's), -1 for none. The reply
 * is in harness->reply. */
int store_scene_backup(struct harness *harness);

/* Copies an open file from its start into an unnamed one, and closes it. */
int store_scene_keep(int fd);

/* How many files of the daemon's folder have names that begin like this. */
size_t store_scene_files(const struct harness *harness, const char *prefix);

/* The files of a checkpoint and of the log, held open, and some of what is in each. */
struct store_scene_held {
    struct {
        int fd;
        char bytes[64];
    } files[64];
    size_t count;
};

/* Holds all there are now. offset: of the bytes that are remembered. */
void store_scene_hold(const struct harness *harness, off_t offset, struct store_scene_held *ret);

/* Lets go of them; how many are there still with what was in them. */
size_t store_scene_let_go(struct store_scene_held *held, off_t offset);

/* Spoils some bytes from an offset on of every file whose name begins like this, but where there
 * are zeros: room that nothing was written to. Returns how many files were spoiled. */
size_t store_scene_damage(const struct harness *harness, const char *prefix, off_t offset);

#endif
