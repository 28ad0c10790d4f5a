/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store makes the daemon's live set last: changes go in, a completion comes out once they are
 * on the disk.
 *
 * It keeps keyed records: a key is a path-like name in the clear ("session/<id>"), a value opaque
 * bytes that are sealed before they are written. What is live is kept in memory by the caller; the
 * store keeps nothing but what is on its way to the disk. Every disk access after store_load() is
 * made by threads of the store's own: nothing here blocks but where it says so. What the files look
 * like is in doc/store.md.
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
    STORE_CHANGES_MAX = 64,                  /* changes of one submission, */
    STORE_SUBMISSION_MAX_BYTES = 512 * 1024, /* and how long they may be together when sealed */
    STORE_KEY_ID_BYTES = 8,                  /* of a data key, and of a master key */
};

struct store;

/* Where the master keys are that systemd hands over: paths of files of 32 bytes, or NULL. */
struct store_credentials {
    const char
        *key; /* sessmgr.key; NULL: the store's own `key`, made with mode 0400 at first start */
    const char *next; /* sessmgr.key.next: what STORE_JOB_REKEY seals under, and a start accepts */
};

struct store_change {
    const char *key;   /* C string, 1..STORE_KEY_MAX_BYTES */
    const void *value; /* NULL: the record is removed */
    size_t value_bytes;
};

/* What a submission may use when the disk is full. */
enum store_urgency {
    STORE_ORDINARY,  /* not the reserve */
    STORE_ESSENTIAL, /* the reserve too: an end, a revocation, a lock */
};

/* What is wrong with the store, for the person who has to mend it. */
struct store_error {
    char file[256];
    int64_t offset; /* -1 where it means nothing */
    char message[256];
};

struct store_statistics {
    uint64_t sequence;           /* of the last durable change */
    uint64_t log_bytes;          /* of the log's files behind the newest checkpoint */
    uint64_t commits;            /* fdatasync calls that succeeded */
    uint64_t changes;            /* durable changes since start */
    uint64_t failures;           /* times that the disk did not take something */
    uint64_t checkpoints;        /* made since start */
    uint64_t checkpoint_records; /* in the newest one */
    uint64_t checkpoint_bytes;   /* of the newest one */
    uint64_t job_done_bytes;     /* progress of the job under way, */
    uint64_t job_total_bytes;    /* out of these; 0: none is */
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
    /* The disk stopped taking changes (result: -errno), or takes them again (0), and everything
     * that failed meanwhile is durable now. */
    void (*availability)(int result, void *userdata);
    void *userdata;
};

/* What takes long and is done beside everything else. */
enum store_job {
    /* everything so far goes into a new checkpoint; of what was before nothing is left in any file,
     * old segments that wait to be used again included */
    STORE_JOB_CHECKPOINT,
    STORE_JOB_VERIFY, /* every file is read and proven */
    STORE_JOB_BACKUP, /* a checkpoint, then a copy of it for store_restore() */
    STORE_JOB_REKEY,  /* the data key is sealed under credentials.next */
};

/* What came of a job; what it does not speak of is 0. */
struct store_job_result {
    uint64_t records;  /* that are in the store */
    uint64_t bytes;    /* read (verify), of the checkpoint, or of the backup */
    uint64_t sequence; /* of the last change that was looked at */
    int fd;            /* backup: an unnamed file, open for reading from its start, owned by the
                          receiver, who takes it by setting -1; else -1 */
    char key_id[2 * STORE_KEY_ID_BYTES + 1]; /* rekey: of the new master key, a keyed one-way hash
                                                of it in hexadecimal digits */
    struct store_error error;                /* what was wrong, where the result is negative */
};

/* result: 0 or -errno. -EBADMSG: something is damaged, and *job->error says what. */
typedef void (*store_job_done_t)(int result, struct store_job_result *job, void *userdata);

/*
 * Opens the store in a directory (which must exist and belong to the caller), making it on first
 * use; takes its lock file, so that no second process can. Blocks on the disk. Errors: -EBUSY
 * another process holds it; -EBADMSG a key file is damaged, missing or sealed under another master
 * key; -EPROTONOSUPPORT a format of another version (nothing was touched); other -errno of the
 * system calls. *ret_error explains.
 */
int store_open(struct store **ret, sd_event *event, const char *directory,
               const struct store_credentials *credentials, const struct store_callbacks *callbacks,
               struct store_error *ret_error);

/*
 * Reads the checkpoint and the log behind it, and visits every record that is left (each key once,
 * with its last value); starts the store's threads. To be called once, after store_open() and
 * before the first submission. Blocks. What is damaged is left out, put aside and told by
 * store_damage(). Errors as store_open()'s, and visit's.
 */
int store_load(struct store *store, store_visit_t visit, void *userdata,
               struct store_error *ret_error);

/* What store_load() had to leave out because it was damaged, or NULL. Borrowed, for as long as the
 * store lives. Changes may be missing then, removals among them. */
const struct store_error *store_damage(const struct store *store);

/* Whether the files were restored from a backup since the last start: changes that came after it
 * are missing, removals among them. */
bool store_was_restored(const struct store *store);

/*
 * Takes changes to be made durable together (all or none after a crash), in the order of
 * submissions; none at all (count 0) is a barrier, complete when everything before it is, and
 * failed where any of that is not durable now (an essential one: any of that which is essential).
 * The values are copied before it returns. done is called from the event loop, exactly once, in
 * order of submission; NULL where nobody waits. Does not block. Errors (then done is not called):
 * -EINVAL a key or value beyond its limits or more than STORE_CHANGES_MAX; -EMSGSIZE they are
 * longer than STORE_SUBMISSION_MAX_BYTES; -ENOMEM.
 */
int store_submit(struct store *store, enum store_urgency urgency,
                 const struct store_change *changes, size_t count, store_done_t done,
                 void *userdata);

/*
 * Starts a job; jobs are done one after the other. done is called from the event loop, exactly
 * once. Does not block. Error (then done is not called): -ENOMEM. Those of done: -errno of the
 * system calls; -ENOKEY STORE_JOB_REKEY without a key in credentials.next; -EIO the disk takes
 * nothing at the moment; -ECANCELED store_close() was called.
 */
int store_start_job(struct store *store, enum store_job kind, store_job_done_t done,
                    void *userdata);

/*
 * A key of the owner's own (SEAL_KEY_BYTES), the same for as long as the store lives: for what has
 * to be recognised after a restart. Put into ret, guarded memory; purpose: a number from 1 for each
 * use.
 */
void store_derive_key(const struct store *store, uint64_t purpose, unsigned char *ret);

/* Numbers that other threads count: each is right, all together need not be of one moment. */
void store_get_statistics(const struct store *store, struct store_statistics *ret);

/* Commits what waits, completes it, cancels jobs, and closes. Accepts NULL. Blocks on the disk. */
void store_close(struct store *store);

#endif
