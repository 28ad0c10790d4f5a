/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is told of the store: by the methods, in the journal, and by the offline modes, in the same
 * words.
 */
#ifndef SESSMGR_STORE_REPORT_H
#define SESSMGR_STORE_REPORT_H

#include <stdbool.h>

#include "common/json.h"
#include "daemon/store.h"

enum { STORE_REPORT_ERROR_BYTES = sizeof(struct store_error) + 32 };

/* Writes the store's statistics as members of the object that is open. damaged: something was, when
 * the store was loaded. */
void store_report_statistics(struct json_writer *writer, const struct store *store, bool damaged);

/* Says what is wrong, and where that is known: `FILE, byte N: MESSAGE`. "" where nothing is. */
void store_report_error(const struct store_error *error,
                        char text[static STORE_REPORT_ERROR_BYTES]);

#endif
