/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A record as every file of the store holds it: a value, sealed under the data key, that opens only
 * with the key and the sequence that it was made for; and the changes of a submission, in a row.
 * Which file they stand in, and where, is decided by others. Formats: doc/store.md.
 */
#ifndef SESSMGR_STORE_RECORD_H
#define SESSMGR_STORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/seal.h"
#include "daemon/store-key.h"
#include "daemon/store.h"

enum {
    STORE_RECORD_VERSION = 2,
    STORE_RECORD_HEAD_BYTES = 1 + STORE_KEY_ID_BYTES + 8, /* version, key ID, sequence */
    STORE_RECORD_OVERHEAD_BYTES = STORE_RECORD_HEAD_BYTES + SEAL_OVERHEAD_BYTES,
    STORE_RECORD_MAX_BYTES = STORE_RECORD_OVERHEAD_BYTES + STORE_VALUE_MAX_BYTES,
};

/* One change as it stands in a file. Pointers are borrowed from where it was read. */
struct store_entry {
    const unsigned char *key; /* not ended by a NUL */
    size_t key_bytes;
    const unsigned char *record; /* sealed; NULL: removed */
    size_t record_bytes;
    uint64_t sequence;
};

/* Takes one entry; a negative result ends the walk and is returned by it. */
typedef int (*store_entry_visit_t)(const struct store_entry *entry, void *userdata);

/*
 * Opens a record in place: *ret_value points to the plain value, *ret_bytes of it. The owner of the
 * memory wipes it. Errors: -EBADMSG it is not of this key, sequence or data key, or was changed;
 * -EPROTONOSUPPORT it is of another version.
 */
int store_record_open(const struct store_keys *keys, const struct store_entry *entry,
                      unsigned char *record, const unsigned char **ret_value, size_t *ret_bytes);

/* The sequence that a record says it was made for, proven by store_record_open(); 0 where it is too
 * short to say. */
uint64_t store_record_sequence(const unsigned char *record, size_t record_bytes);

/* How many bytes the changes of a submission take; 0 for none. */
size_t store_changes_bytes(const struct store_change *changes, size_t count);

/* Writes the changes into store_changes_bytes() of memory, which is to be sealed before anything
 * else is done with it. */
void store_changes_encode(uint64_t sequence, const struct store_change *changes, size_t count,
                          unsigned char *ret);

/* Seals, in place, what store_changes_encode() has written. Nobody else has used this sequence
 * since the keys were opened. */
void store_changes_seal(const struct store_keys *keys, unsigned char *data);

/* How many bytes store_entry_encode() writes. */
size_t store_entry_bytes(const struct store_entry *entry);

/* Writes a submission of this one entry, as it is sealed already. */
void store_entry_encode(const struct store_entry *entry, unsigned char *ret);

/*
 * Visits the changes of submissions that stand in a row. Error: -EBADMSG they make no sense (what
 * stands before has been visited); others are visit's, with *ret_visit_failed set.
 */
int store_changes_walk(const unsigned char *data, size_t bytes, store_entry_visit_t visit,
                       void *userdata, bool *ret_visit_failed);

#endif
