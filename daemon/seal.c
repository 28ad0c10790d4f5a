/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sealing, hashing and guarded keys by libsodium. What is sealed and what it is tied to is decided
 * by the callers.
 */
#include <config.h>

#include "daemon/seal.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "daemon/log.h"

static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES &&
                  SEAL_KEY_BYTES == crypto_kdf_KEYBYTES,
              "key size");
static_assert(SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce size");
static_assert(SEAL_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag size");
static_assert(SEAL_CHECKSUM_BYTES >= crypto_generichash_BYTES_MIN &&
                  SEAL_HASH_BYTES <= crypto_generichash_BYTES_MAX,
              "hash sizes");
static_assert(SEAL_KEY_BYTES == crypto_onetimeauth_poly1305_KEYBYTES &&
                  SEAL_TAG_BYTES == crypto_onetimeauth_poly1305_BYTES,
              "code size");
static_assert(sizeof(struct seal_mac) >= sizeof(crypto_onetimeauth_poly1305_state),
              "code state size");
static_assert(sizeof(struct seal_hash) >= sizeof(crypto_generichash_state), "hash state size");
static_assert(_Alignof(struct seal_hash) >= _Alignof(crypto_generichash_state), "its alignment");

int seal_init(void)
{
    return sodium_init() < 0 ? -ENOSYS : 0;
}

unsigned char *seal_secret_new(size_t bytes)
{
    unsigned char *secret = sodium_malloc(bytes);
    if (!secret)
        return NULL;
    /* sodium_malloc() locks too but keeps quiet where RLIMIT_MEMLOCK forbids it. */
    if (sodium_mlock(secret, bytes) < 0)
        log_line(LOG_DEBUG, "a key cannot be locked into memory (RLIMIT_MEMLOCK): %s",
                 strerror(errno));
    return secret;
}

unsigned char *seal_key_new(void)
{
    return seal_secret_new(SEAL_KEY_BYTES);
}

void seal_key_free(unsigned char *key)
{
    sodium_free(key);
}

void seal_key_freep(unsigned char **key)
{
    seal_key_free(*key);
}

void seal_derive(const unsigned char *key, uint64_t purpose, unsigned char *ret)
{
    int r = crypto_kdf_derive_from_key(ret, SEAL_KEY_BYTES, purpose, "sessmgrS", key);
    assert(r == 0); /* it checks the size alone */
    (void)r;        /* without assertions */
}

void seal_close(const unsigned char *key, const unsigned char *nonce, const void *associated,
                size_t associated_bytes, unsigned char *buffer, size_t plain_bytes)
{
    unsigned char *text = buffer + SEAL_NONCE_BYTES;

    if (nonce)
        memcpy(buffer, nonce, SEAL_NONCE_BYTES);
    else
        randombytes_buf(buffer, SEAL_NONCE_BYTES);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(text, NULL, text, plain_bytes, associated,
                                                     associated_bytes, NULL, buffer,
                                                     key); /* always 0 */
}

int seal_open(const unsigned char *key, const void *associated, size_t associated_bytes,
              unsigned char *buffer, size_t sealed_bytes, size_t *ret_plain_bytes)
{
    unsigned char *text = buffer + SEAL_NONCE_BYTES;

    if (sealed_bytes < SEAL_OVERHEAD_BYTES)
        return -EBADMSG;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(text, NULL, NULL, text,
                                                   sealed_bytes - SEAL_NONCE_BYTES, associated,
                                                   associated_bytes, buffer, key) != 0)
        return -EBADMSG;
    *ret_plain_bytes = sealed_bytes - SEAL_OVERHEAD_BYTES;
    return 0;
}

static crypto_generichash_state *hash_state(struct seal_hash *hash)
{
    return (crypto_generichash_state *)(void *)hash->opaque;
}

void seal_hash_start(struct seal_hash *hash, const unsigned char *key, size_t hash_bytes)
{
    (void)crypto_generichash_init(hash_state(hash), key, key ? SEAL_KEY_BYTES : 0,
                                  hash_bytes); /* 0 for sizes within its limits */
}

void seal_hash_add(struct seal_hash *hash, const void *data, size_t bytes)
{
    (void)crypto_generichash_update(hash_state(hash), data, bytes); /* always 0 */
}

void seal_hash_end(struct seal_hash *hash, unsigned char *ret, size_t hash_bytes)
{
    (void)crypto_generichash_final(hash_state(hash), ret, hash_bytes); /* 0, as above */
    sodium_memzero(hash, sizeof(*hash));
}

void seal_hash_all(const unsigned char *key, const void *data, size_t bytes, unsigned char *ret,
                   size_t hash_bytes)
{
    (void)crypto_generichash(ret, hash_bytes, data, bytes, key,
                             key ? SEAL_KEY_BYTES : 0); /* 0 for sizes within its limits */
}

static crypto_onetimeauth_poly1305_state *mac_state(struct seal_mac *mac)
{
    return (crypto_onetimeauth_poly1305_state *)(void *)mac->opaque;
}

void seal_mac_start(struct seal_mac *mac, const unsigned char *key, const void *context,
                    size_t context_bytes)
{
    unsigned char derived[SEAL_KEY_BYTES];

    seal_hash_all(key, context, context_bytes, derived, sizeof(derived));
    (void)crypto_onetimeauth_poly1305_init(mac_state(mac), derived); /* always 0 */
    sodium_memzero(derived, sizeof(derived));
}

void seal_mac_add(struct seal_mac *mac, const void *data, size_t bytes)
{
    (void)crypto_onetimeauth_poly1305_update(mac_state(mac), data, bytes); /* always 0 */
}

void seal_mac_end(struct seal_mac *mac, unsigned char *ret)
{
    (void)crypto_onetimeauth_poly1305_final(mac_state(mac), ret); /* always 0 */
    sodium_memzero(mac, sizeof(*mac));
}

bool seal_equal(const void *a, const void *b, size_t bytes)
{
    return sodium_memcmp(a, b, bytes) == 0;
}

void seal_random(void *ret, size_t bytes)
{
    randombytes_buf(ret, bytes);
}

void seal_wipe(void *data, size_t bytes)
{
    sodium_memzero(data, bytes);
}
