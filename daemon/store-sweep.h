/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Removes what the store no longer needs from its directory.
 */
#ifndef SESSMGR_STORE_SWEEP_H
#define SESSMGR_STORE_SWEEP_H

#include <stdint.h>

#include "daemon/store-io.h"

/*
 * Removes every checkpoint and log but the current ones, and temporary files. To be called only
 * when the manifest that names the checkpoint is proven and durable, and no temporary file is in
 * use. damaged_log: the first sequence of a log that was cut when it was loaded, or 0; it is kept
 * as "damaged-log-<sequence>", the newest only, for whoever wants to know what was lost. Other
 * files are left alone. What cannot be removed is said in a warning and tried again next time.
 * Blocks on the disk.
 */
void store_sweep(const struct store_directory *directory, uint64_t checkpoint_sequence,
                 uint64_t log_first_sequence, uint64_t damaged_log);

#endif
