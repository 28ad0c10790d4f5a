/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the commands on the store share: what came of one, the offline modes of sessmgrd, and the
 * file of a backup.
 */
#ifndef SESSMGRCTL_STORE_H
#define SESSMGRCTL_STORE_H

#include "ctl/ctl.h"

enum { STORE_KEY_ID_MAX_BYTES = 64, STORE_TEXT_MAX_BYTES = 16384, STORE_PATH_MAX_BYTES = 4096 };

/* What came of a command; -1 and "" where it says nothing of it. */
struct store_answer {
    int64_t records;
    int64_t bytes;
    int64_t sequence;
    char key_id[STORE_KEY_ID_MAX_BYTES];
};

/* One command on the store. */
struct store_request {
    const char *word; /* the command behind "store" */
    const struct options *options;
    const char *argument;            /* NULL: it takes none */
    struct sessmgr *handle;          /* borrowed */
    struct sessmgr *slow;            /* one without a time-out; NULL until store_open_slow() */
    char text[STORE_TEXT_MAX_BYTES]; /* what an offline mode printed */
    struct store_answer answer;
};

#define STORE_ANSWER_NONE ((struct store_answer){.records = -1, .bytes = -1, .sequence = -1})

/* Makes a handle for a call that waits for the disk. Errors: sessmgr_open()'s. */
int store_open_slow(struct store_request *request);

/* Tells of a call that failed; handle: the one it was made with. Returns the exit code. */
enum exit_code store_fail(const struct store_request *request, struct sessmgr *handle, int error);

/* Prints the answer as JSON, or a sentence that says it. */
enum exit_code store_print_answer(const struct store_request *request, const char *sentence);

/* Commands that have files of their own: store-backup.c, store-stat.c. */
enum exit_code store_command_backup(struct store_request *request);
enum exit_code store_command_restore(struct store_request *request);
enum exit_code store_command_stat(struct store_request *request);

/*
 * Runs `sessmgrd --store=WORD` and waits for it. in, out: what its standard input and output are,
 * borrowed; out -1: what it prints is read into the request's text. What it says on standard error
 * is the user's to read. Returns its exit status as an exit code.
 */
enum exit_code store_offline_run(struct store_request *request, int in, int out);

/* Reads what an offline mode printed: an object with the members of a daemon's reply. */
void store_answer_read(const char *text, struct store_answer *ret);

/* A file that is being written beside its place. */
struct store_file {
    const char *path; /* of its place; borrowed */
    int fd;           /* open for writing, mode 0600 */
    char temporary[STORE_PATH_MAX_BYTES];
};

/* Begins a file. replace: one that is there already will be replaced, else it is an error. Says
 * what is wrong and returns false where it cannot. */
bool store_file_begin(struct store_file *file, const char *path, bool replace);

/* Copies all of a descriptor into the file, with a bar for a long one. Says what is wrong. */
bool store_file_copy(struct store_file *file, int fd);

/* Makes the file durable and puts it in its place. *ret_bytes: how long it is. Says what is wrong;
 * it is gone then. */
bool store_file_commit(struct store_file *file, bool replace, int64_t *ret_bytes);

/* Takes a file away that is not in its place; scope attribute. Does nothing to one that is, or was
 * never begun (a structure of zeros). */
void store_file_drop(struct store_file *file);

/* Shows a bar while the daemon does something with its store, by asking it how far it is over a
 * connection of its own. Where standard error is no terminal nothing is asked. */
struct store_watcher;
struct store_watcher *store_watcher_start(const char *what, const char *socket_path);
void store_watcher_stop(struct store_watcher *watcher); /* accepts NULL */

#endif
