/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Backups: one file with all that a store is made of, but for the master key; and how one takes the
 * place of a store. The format is in doc/store.md.
 */
#ifndef SESSMGR_STORE_BACKUP_H
#define SESSMGR_STORE_BACKUP_H

#include "daemon/store-io.h"
#include "daemon/store-key.h"
#include "daemon/store-manifest.h"
#include "daemon/store-work.h"
#include "daemon/store.h"

/* Tells how far a long work is, in bytes. */
typedef void (*store_progress_t)(uint64_t done_bytes, uint64_t total_bytes, void *userdata);

/*
 * Puts a backup in the place of the store in a directory, which must exist and may be empty; nobody
 * may hold it. The backup is proven first, under the master key of the credentials (or the
 * directory's own key, which is left as it is); then it is copied, and from that moment on it is
 * the store, also after a crash. progress: may be NULL. Blocks on the disk. Errors: -EBUSY a
 * process holds the store; -EBADMSG the backup is damaged or was sealed under another master key;
 * -EPROTONOSUPPORT it is of another format; other -errno of the system calls. *ret_error explains;
 * nothing has changed.
 */
int store_restore(const char *directory, const struct store_credentials *credentials, int backup_fd,
                  const char *backup_name, store_progress_t progress, void *userdata,
                  struct store_error *ret_error);

/*
 * Writes a backup of a checkpoint, whose files nobody changes meanwhile, into a new file without a
 * name, in the same directory. *ret_fd: open for reading from its start, owned by the caller;
 * *ret_bytes: how long it is. Blocks on the disk. Errors: -EBADMSG the checkpoint is damaged;
 * -ECANCELED; -errno.
 */
int store_backup_write(const struct store_directory *directory, const struct store_keys *keys,
                       const struct store_manifest *manifest, struct store_work *work, int *ret_fd,
                       uint64_t *ret_bytes, struct store_error *ret_error);

/*
 * Finishes a restore that was begun in a directory that the caller holds the lock of; does nothing
 * where none was. Blocks on the disk. Errors: as store_restore().
 */
int store_restore_finish(const struct store_directory *directory,
                         const struct store_credentials *credentials,
                         struct store_error *ret_error);

#endif
