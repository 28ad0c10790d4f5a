/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store makes the daemon's live set last: changes go in, a completion comes out once they are
 * on the disk.
 *
 * It keeps keyed records: a key is a path-like name in the clear ("session/<id>"), a value opaque
 * bytes that are sealed before they are written. The live set itself belongs to the caller; the
 * store asks for it (snapshot) when it makes a checkpoint. What the files look like is in
 * doc/store.md.
 */
#ifndef SESSMGR_STORE_H
#define SESSMGR_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

enum {
    STORE_KEY_MAX_BYTES = 128, /* without the NUL */
    STORE_VALUE_MAX_BYTES = 65536,
    STORE_CHANGES_MAX = 64, /* changes of one submission */
};

struct store;

struct store_change {
    const char *key;   /* C string, 1..STORE_KEY_MAX_BYTES */
    const void *value; /* NULL: the record is removed */
    size_t value_bytes;
};

struct store_statistics {
    uint64_t sequence;           /* of the last durable change */
    uint64_t log_bytes;          /* in the current log */
    uint64_t commits;            /* fdatasync calls that succeeded */
    uint64_t changes;            /* durable changes since start */
    uint64_t failures;           /* times that the disk did not take something */
    uint64_t checkpoints;        /* made since start */
    uint64_t checkpoint_records; /* in the newest one */
    bool available;
};

/* A completion: 0 once every change of the submission is durable, else -errno (never to be retried
 * into success). */
typedef void (*store_done_t)(int result, void *userdata);

/* Takes one record; a negative result stops the walk and is returned by it. key and value live
 * during the call. */
typedef int (*store_visit_t)(const char *key, const void *value, size_t value_bytes,
                             void *userdata);

/* What the store needs of its owner. Called from the event loop, never from inside store_submit().
 */
struct store_callbacks {
    /* Hands every record of the live set to visit; the state that all submitted changes lead to. */
    int (*snapshot)(store_visit_t visit, void *visit_userdata, void *userdata);
    /* The disk stopped taking changes (result: -errno), or takes them again (0), by a checkpoint
     * that holds the whole live set. */
    void (*availability)(int result, void *userdata);
    void *userdata;
};

/* What is wrong with the store, for the person who has to mend it. */
struct store_error {
    char file[256];
    int64_t offset; /* -1 where it means nothing */
    char message[256];
};

/*
 * Opens the store in a directory (which must exist and belong to the caller), making it on first
 * use; takes its lock file, so that no second daemon can. credential_path: a file with the 32-byte
 * master key, or NULL for the store's own `key`, made with mode 0400 at first start. Blocks on the
 * disk. Errors: -EBUSY another process holds it; -EBADMSG damaged or sealed under another key;
 * -EPROTONOSUPPORT a format of another version (nothing was touched); other -errno of the system
 * calls. *ret_error explains.
 */
int store_open(struct store **ret, sd_event *event, const char *directory,
               const char *credential_path, const struct store_callbacks *callbacks,
               struct store_error *ret_error);

/*
 * Reads the newest whole checkpoint and the log behind it up to its first torn record, and visits
 * every record that is left (each key once, with its last value). To be called once, after
 * store_open() and before the first submission. Blocks. Errors as store_open()'s, and visit's.
 */
int store_load(struct store *store, store_visit_t visit, void *userdata,
               struct store_error *ret_error);

/*
 * Takes changes to be made durable together (all or none after a crash), in the order of
 * submissions; none at all (count 0) is a barrier, complete when everything before it is. The
 * values are copied before it returns. done is called from the event loop, exactly once, in order
 * of submission; NULL where nobody waits. Does not block on the disk. Errors (then done is not
 * called): -EINVAL a key or value beyond its limits or more than STORE_CHANGES_MAX, -ENOMEM.
 */
int store_submit(struct store *store, const struct store_change *changes, size_t count,
                 store_done_t done, void *userdata);

/* Makes a checkpoint of the snapshot and starts a new log. Blocks on the disk. Errors: -errno; the
 * old files stay. */
int store_checkpoint(struct store *store);

/*
 * A key of the owner's own (SEAL_KEY_BYTES), the same for as long as the store lives: for what has
 * to be recognised after a restart. Put into ret, guarded memory; purpose: a number from 1 for each
 * use.
 */
void store_derive_key(const struct store *store, uint64_t purpose, unsigned char *ret);

/* Whether the disk takes changes. */
bool store_available(const struct store *store);

void store_get_statistics(const struct store *store, struct store_statistics *ret);

/* Commits what waits, completes it, and closes. Accepts NULL. Blocks on the disk. */
void store_close(struct store *store);

#endif
