/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the names of the store's statistics; see store-report.h.
 */
#include <config.h>

#include "daemon/store-report.h"

#include "common/macro.h"

void store_report_statistics(struct json_writer *writer, const struct store *store, bool damaged)
{
    struct store_statistics statistics;

    store_get_statistics(store, &statistics);

    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"storeSequence", statistics.sequence},
        {"storeLogBytes", statistics.log_bytes},
        {"storeCommits", statistics.commits},
        {"storeChanges", statistics.changes},
        {"storeFailures", statistics.failures},
        {"storeCheckpoints", statistics.checkpoints},
        {"storeCheckpointRecords", statistics.checkpoint_records},
        {"storeCheckpointBytes", statistics.checkpoint_bytes},
        {"storeJobDoneBytes", statistics.job_done_bytes},
        {"storeJobTotalBytes", statistics.job_total_bytes},
    };

    json_key(writer, "storeAvailable");
    json_bool(writer, statistics.available);
    json_key(writer, "storeDamaged");
    json_bool(writer, damaged);
    for (size_t i = 0; i < ELEMENTS(numbers); i++) {
        json_key(writer, numbers[i].name);
        json_int(writer, (int64_t)numbers[i].value);
    }
}
