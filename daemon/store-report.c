/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the names of the store's statistics and the form of its errors; see store-report.h.
 */
#include <config.h>

#include "daemon/store-report.h"

#include <inttypes.h>
#include <stdio.h>

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

void store_report_error(const struct store_error *error, char text[static STORE_REPORT_ERROR_BYTES])
{
    char at[32] = "";

    if (error->offset >= 0)
        (void)snprintf(at, sizeof(at), ", byte %" PRId64, error->offset);
    (void)snprintf(text, STORE_REPORT_ERROR_BYTES, "%s%s%s%s", error->file, at,
                   error->file[0] != '\0' ? ": " : "", error->message); /* it fits */
}
