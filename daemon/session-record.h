/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session as the store keeps it: a JSON object with the wire form of the session in it and what
 * only the daemon needs beside it. Members that a version does not know are passed over, so that a
 * daemon can be taken back one version.
 */
#ifndef SESSMGR_SESSION_RECORD_H
#define SESSMGR_SESSION_RECORD_H

#include "common/fields.h"
#include "daemon/session.h"

enum {
    SESSION_KEY_MAX_BYTES = sizeof("session/") + SESSION_ID_BYTES, /* with the NUL */
};

/* The members of struct session_record. */
extern const struct field_table session_record_fields;

/* Writes the store's key of a session into buffer. */
void session_record_key(const char *session_id, char buffer[static SESSION_KEY_MAX_BYTES]);

/* Whether a key of the store is a session's. */
bool session_record_is_key(const char *key);

/* Encodes a record into buffer[0..size). Returns its length in bytes, or json_writer_finish()'s
 * errors. */
int session_record_encode(const struct session_record *record, char *buffer, size_t size);

/*
 * Decodes a record; its strings live in the arena. Errors: json_parse()'s and fields_decode()'s;
 * -EINVAL also for an ID or a state that no session has, and for a scope or a user that is missing.
 */
int session_record_decode(const void *value, size_t value_bytes, struct arena *arena,
                          struct session_record *ret);

#endif
