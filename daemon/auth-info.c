/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the line that sshd wrote about the authentication, and computes OpenSSH fingerprints:
 * SHA-256 of the public key's wire format (RFC 4253 section 6.6), of a certificate (OpenSSH's
 * PROTOCOL.certkeys) that of the key in it. The text comes by way of PAM's environment, so nothing
 * in it is believed before it has been parsed to its end.
 */
#include <config.h>

#include "daemon/auth-info.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "common/protocol.h"

enum {
    KEY_MAX_BYTES = LOGIN_AUTH_INFO_MAX_BYTES, /* base64 makes it longer, never shorter */
    TYPE_MAX_BYTES = 64,
    FINGERPRINT_BASE64_BYTES = 44, /* 43 digits and the NUL */
};

/* Bytes of a text or of a key. */
struct slice {
    const unsigned char *data;
    size_t length;
};

/* Certificates that OpenSSH knows, and how many strings make up the key in each. */
static const struct certificate_type {
    const char *name;
    const char *key_name;
    unsigned key_fields;
} certificate_types[] = {
    {"ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1},
    {"ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2},
    {"ssh-dss-cert-v01@openssh.com", "ssh-dss", 4},
    {"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", 2},
    {"ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2},
    {"ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2},
    {"sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com", 2},
    {"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", 3},
};

/* Takes a string of the wire format (RFC 4251 section 5) off the front, its length included. */
static bool take_string(struct slice *from, struct slice *ret)
{
    size_t length;

    if (from->length < 4)
        return false;
    length = (size_t)from->data[0] << 24 | (size_t)from->data[1] << 16 |
             (size_t)from->data[2] << 8 | (size_t)from->data[3];
    if (length > from->length - 4)
        return false;
    *ret = (struct slice){from->data, length + 4};
    from->data += length + 4;
    from->length -= length + 4;
    return true;
}

/* Whether a string of the wire format holds a text. */
static bool string_equals(struct slice string, const char *text)
{
    return string.length - 4 == strlen(text) &&
           memcmp(string.data + 4, text, string.length - 4) == 0;
}

static const struct certificate_type *find_certificate_type(const char *name)
{
    for (size_t i = 0; i < ELEMENTS(certificate_types); i++)
        if (strcmp(certificate_types[i].name, name) == 0)
            return &certificate_types[i];
    return NULL;
}

static bool skip_bytes(struct slice *from, size_t count)
{
    if (from->length < count)
        return false;
    from->data += count;
    from->length -= count;
    return true;
}

static bool skip_strings(struct slice *from, unsigned count)
{
    struct slice string;

    while (count-- > 0)
        if (!take_string(from, &string))
            return false;
    return true;
}

/*
 * Whether all that follows the key in a certificate is there: serial number and type; key ID and
 * principals; validity; critical options, extensions, a reserved string, the authority's key and
 * the signature. What it says is not ours to judge: sshd did.
 */
static bool is_certificate_rest(struct slice rest)
{
    return skip_bytes(&rest, 8 + 4) && skip_strings(&rest, 2) && skip_bytes(&rest, 8 + 8) &&
           skip_strings(&rest, 5) && rest.length == 0;
}

/* Hashes what the plain key's wire format would be: the name of its type, and its own fields. */
static bool hash_certificate(const struct certificate_type *type, struct slice rest,
                             unsigned char hash[static crypto_hash_sha256_BYTES])
{
    size_t name_length = strlen(type->key_name);
    const unsigned char prefix[4] = {0, 0, 0, (unsigned char)name_length};
    crypto_hash_sha256_state state;
    struct slice field;

    if (!skip_strings(&rest, 1)) /* the nonce */
        return false;
    (void)crypto_hash_sha256_init(&state); /* these three always return 0 */
    (void)crypto_hash_sha256_update(&state, prefix, sizeof(prefix));
    (void)crypto_hash_sha256_update(&state, (const unsigned char *)type->key_name, name_length);
    for (unsigned i = 0; i < type->key_fields; i++) {
        if (!take_string(&rest, &field))
            return false;
        (void)crypto_hash_sha256_update(&state, field.data, field.length);
    }
    (void)crypto_hash_sha256_final(&state, hash);
    return is_certificate_rest(rest);
}

/* Hashes a plain key, which must be strings up to its end. */
static bool hash_key(struct slice key, struct slice rest,
                     unsigned char hash[static crypto_hash_sha256_BYTES])
{
    struct slice field;

    if (rest.length == 0)
        return false;
    while (rest.length > 0)
        if (!take_string(&rest, &field))
            return false;
    return crypto_hash_sha256(hash, key.data, key.length) == 0;
}

/* The fingerprint of a key in base64, whose type must be the one that stands before it. */
static bool fingerprint(const char *type_name, struct slice base64, char *buffer, size_t size)
{
    const struct certificate_type *type = find_certificate_type(type_name);
    unsigned char key[KEY_MAX_BYTES], hash[crypto_hash_sha256_BYTES];
    char text[FINGERPRINT_BASE64_BYTES];
    struct slice name, whole = {.data = key}, rest;
    bool good;

    if (sodium_base642bin(key, sizeof(key), (const char *)base64.data, base64.length, NULL,
                          &whole.length, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    rest = whole;
    if (!take_string(&rest, &name) || !string_equals(name, type_name))
        return false;
    if (type != NULL)
        good = hash_certificate(type, rest, hash);
    else
        good = strstr(type_name, "-cert-v") == NULL && hash_key(whole, rest, hash);
    if (!good)
        return false;
    (void)sodium_bin2base64(text, sizeof(text), hash, sizeof(hash),
                            sodium_base64_VARIANT_ORIGINAL_NO_PADDING); /* yields text */
    (void)snprintf(buffer, size, "SHA256:%s", text);                    /* 50 bytes, it fits */
    return true;
}

/* Length of the line end at text: a newline, or as the module escapes it. 0 where there is none. */
static size_t line_end_bytes(const char *text, const char *end)
{
    if (text < end && text[0] == '\n')
        return 1;
    return end - text >= 2 && text[0] == '\\' && text[1] == 'n' ? 2 : 0;
}

/* The last line that is not empty. */
static struct slice last_line(const char *text)
{
    const char *end = text + strlen(text), *start = text;
    struct slice line = {(const unsigned char *)text, 0};

    for (const char *p = text;; p++) {
        size_t bytes = line_end_bytes(p, end);

        if (bytes == 0 && p < end)
            continue;
        if (p > start)
            line = (struct slice){(const unsigned char *)start, (size_t)(p - start)};
        if (p == end)
            return line;
        start = p + bytes;
        p = start - 1;
    }
}

/* Takes a word off the front, with the space behind it. */
static struct slice take_word(struct slice *line)
{
    struct slice word = {line->data, 0};

    while (word.length < line->length && line->data[word.length] != ' ')
        word.length++;
    line->data += word.length;
    line->length -= word.length;
    if (line->length > 0) {
        line->data++;
        line->length--;
    }
    return word;
}

/* Copies a name of the SSH protocol (RFC 4251 section 6: printable US-ASCII without spaces and
 * commas, here without quotes and backslashes too). */
static bool copy_name(struct slice word, char *buffer, size_t size)
{
    if (word.length == 0 || word.length >= size)
        return false;
    for (size_t i = 0; i < word.length; i++)
        if (word.data[i] <= ' ' || word.data[i] > '~' || strchr(",\"'\\", word.data[i]) != NULL)
            return false;
    memcpy(buffer, word.data, word.length);
    buffer[word.length] = '\0';
    return true;
}

void auth_info_parse(const char *text, struct auth_info *ret)
{
    struct slice line, key;
    char type[TYPE_MAX_BYTES];

    *ret = (struct auth_info){0};
    if (text == NULL || strnlen(text, LOGIN_AUTH_INFO_MAX_BYTES + 1) > LOGIN_AUTH_INFO_MAX_BYTES)
        return;
    line = last_line(text);
    if (!copy_name(take_word(&line), ret->method, sizeof(ret->method)))
        return;
    /* What may stand behind the key (the host of "hostbased") is not part of it. */
    if (!copy_name(take_word(&line), type, sizeof(type)))
        return;
    key = take_word(&line);
    if (key.length > 0)
        (void)fingerprint(type, key, ret->fingerprint, sizeof(ret->fingerprint)); /* "" then */
}
