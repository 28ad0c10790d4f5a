/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing: the few cryptographic steps that the store takes, all of them libsodium's. A sealed
 * buffer is a random nonce, the ciphertext and its tag (XChaCha20-Poly1305, IETF variant); hashes
 * are BLAKE2b (RFC 7693). Keys are 32 bytes in guarded memory that is wiped when it is freed.
 */
#ifndef SESSMGR_SEAL_H
#define SESSMGR_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SEAL_KEY_BYTES = 32,
    SEAL_NONCE_BYTES = 24,
    SEAL_TAG_BYTES = 16,
    SEAL_OVERHEAD_BYTES = SEAL_NONCE_BYTES + SEAL_TAG_BYTES,
    SEAL_HASH_BYTES = 32,
    SEAL_CHECKSUM_BYTES = 16,
};

/* A hash in the making; what is inside belongs to libsodium. */
struct seal_hash {
    _Alignas(64) unsigned char opaque[384];
};

/* Makes libsodium ready; to be called before anything else here, any number of times. Error:
 * -ENOSYS it cannot be used on this machine. May block until the kernel has random bytes. */
int seal_init(void);

/*
 * Guarded memory for a secret of some bytes (not swapped where RLIMIT_MEMLOCK allows, never
 * dumped), to be freed with seal_key_free(); NULL when memory is short.
 */
unsigned char *seal_secret_new(size_t bytes);

/* The same of SEAL_KEY_BYTES. */
unsigned char *seal_key_new(void);

/* Wipes and frees. Accepts NULL. */
void seal_key_free(unsigned char *key);

/* Scope attribute of such a key. */
void seal_key_freep(unsigned char **key);

/* Derives a key of its own for each purpose out of one (crypto_kdf, context "sessmgrS"). purpose: a
 * number from 1. ret: SEAL_KEY_BYTES. */
void seal_derive(const unsigned char *key, uint64_t purpose, unsigned char *ret);

/*
 * Seals in place, under a nonce of SEAL_NONCE_BYTES that is used once, or, with NULL, a random one.
 * The buffer holds plain_bytes at offset SEAL_NONCE_BYTES and has room for
 * plain_bytes + SEAL_OVERHEAD_BYTES, all of which are written. associated: what the opener must
 * know to open it, any bytes.
 */
void seal_close(const unsigned char *key, const unsigned char *nonce, const void *associated,
                size_t associated_bytes, unsigned char *buffer, size_t plain_bytes);

/*
 * Opens in place. sealed_bytes: of the whole buffer. On success the plain bytes are in the buffer
 * at offset SEAL_NONCE_BYTES and *ret_plain_bytes of them. Error: -EBADMSG other key, other
 * associated bytes, or damaged; the buffer's contents are then of no use.
 */
int seal_open(const unsigned char *key, const void *associated, size_t associated_bytes,
              unsigned char *buffer, size_t sealed_bytes, size_t *ret_plain_bytes);

/* A hash of many pieces, under a key (SEAL_KEY_BYTES) or, with NULL, plain. hash_bytes, the same in
 * both calls: SEAL_HASH_BYTES or SEAL_CHECKSUM_BYTES. */
void seal_hash_start(struct seal_hash *hash, const unsigned char *key, size_t hash_bytes);
void seal_hash_add(struct seal_hash *hash, const void *data, size_t bytes);
void seal_hash_end(struct seal_hash *hash, unsigned char *ret, size_t hash_bytes);

/* The same of one piece. */
void seal_hash_all(const unsigned char *key, const void *data, size_t bytes, unsigned char *ret,
                   size_t hash_bytes);

/* A code in the making; what is inside belongs to libsodium. */
struct seal_mac {
    _Alignas(16) unsigned char opaque[256];
};

/*
 * An authentication code of many pieces (Poly1305, RFC 8439), several times as fast as a hash. It
 * is made under a key derived from key and context, which are used together for one message alone.
 * ret: SEAL_TAG_BYTES.
 */
void seal_mac_start(struct seal_mac *mac, const unsigned char *key, const void *context,
                    size_t context_bytes);
void seal_mac_add(struct seal_mac *mac, const void *data, size_t bytes);
void seal_mac_end(struct seal_mac *mac, unsigned char *ret);

/* Compares in a time that does not depend on what is in them. */
bool seal_equal(const void *a, const void *b, size_t bytes);

/* Random bytes of the kernel. */
void seal_random(void *ret, size_t bytes);

/* Overwrites; the compiler does not leave it out. */
void seal_wipe(void *data, size_t bytes);

#endif
