/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads a checkpoint with two processors: a thread takes the records out of the file, while the
 * caller opens and takes in those that came before.
 */
#ifndef SESSMGR_STORE_STREAM_H
#define SESSMGR_STORE_STREAM_H

#include "daemon/store-checkpoint.h"

/* As store_checkpoint_read(); visit is called in the calling thread. Error, too: -EAGAIN no thread
 * can be made. */
int store_stream_checkpoint(const struct store_directory *directory, const struct store_keys *keys,
                            const struct store_manifest *manifest, struct store_work *work,
                            store_entry_visit_t visit, void *userdata,
                            struct store_error *ret_error);

#endif
