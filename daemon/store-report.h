/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is told of the store: by GetStatistics, and by the offline modes, in the same words.
 */
#ifndef SESSMGR_STORE_REPORT_H
#define SESSMGR_STORE_REPORT_H

#include <stdbool.h>

#include "common/json.h"
#include "daemon/store.h"

/* Writes the store's statistics as members of the object that is open. damaged: something was, when
 * the store was loaded. */
void store_report_statistics(struct json_writer *writer, const struct store *store, bool damaged);

#endif
