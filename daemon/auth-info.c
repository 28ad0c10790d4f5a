/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the lines that sshd wrote about the authentication, and out of the keys in them OpenSSH
 * fingerprints: SHA-256 of the public key's wire format (RFC 4253 section 6.6), of a certificate
 * (OpenSSH's PROTOCOL.certkeys) that of the key in it; and the end of a certificate's validity. The
 * text comes by way of PAM's environment, so nothing in it is believed before it has been parsed to
 * its end.
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
#include "daemon/clock.h"

enum {
    KEY_MAX_BYTES = LOGIN_AUTH_INFO_MAX_BYTES, /* base64 makes it longer, never shorter */
    FINGERPRINT_BASE64_BYTES = 44,             /* 43 digits and the NUL */
    CERTIFICATE_OF_USER = 1,                   /* SSH2_CERT_TYPE_USER */
};

/* Bytes of a key. */
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

/* Takes a uint32 or a uint64 of the wire format (RFC 4251 section 5) off the front. */
static bool take_number(struct slice *from, size_t bytes, uint64_t *ret)
{
    if (from->length < bytes)
        return false;
    *ret = 0;
    for (size_t i = 0; i < bytes; i++)
        *ret = *ret << 8 | from->data[i];
    from->data += bytes;
    from->length -= bytes;
    return true;
}

/* Takes a string off the front, its length included. */
static bool take_string(struct slice *from, struct slice *ret)
{
    const unsigned char *start = from->data;
    uint64_t length;

    if (!take_number(from, 4, &length) || length > from->length)
        return false;
    *ret = (struct slice){start, length + 4};
    from->data += length;
    from->length -= length;
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

static bool skip_strings(struct slice *from, unsigned count)
{
    struct slice string;

    while (count-- > 0)
        if (!take_string(from, &string))
            return false;
    return true;
}

/* Whether a text names a type of certificate, be it one that is not known here. */
static bool names_certificate(const char *text)
{
    return strstr(text, "-cert-v") != NULL;
}

/*
 * Parses what follows the key in a certificate: serial number and type; key ID and principals;
 * validity; critical options, extensions, a reserved string, the authority's key and the signature.
 * Whether it was good is not ours to judge: sshd did. But one that cannot have been good for a user
 * is not what sshd saw.
 */
static bool parse_certificate(struct slice rest, int64_t *ret_expires_usec)
{
    uint64_t serial, type, valid_after, valid_before;

    if (!take_number(&rest, 8, &serial) || !take_number(&rest, 4, &type) ||
        !skip_strings(&rest, 2) || !take_number(&rest, 8, &valid_after) ||
        !take_number(&rest, 8, &valid_before) || !skip_strings(&rest, 5) || rest.length > 0)
        return false;
    if (type != CERTIFICATE_OF_USER || valid_after >= valid_before)
        return false;
    /* "for ever" is UINT64_MAX */
    *ret_expires_usec = valid_before > (uint64_t)(INT64_MAX / USEC_PER_SEC)
                            ? -1
                            : (int64_t)valid_before * USEC_PER_SEC;
    return true;
}

/* Hashes what the plain key's wire format would be: the name of its type, and its own fields. Takes
 * them off the front, with the nonce before them. */
static bool hash_certificate(const struct certificate_type *type, struct slice *rest,
                             unsigned char hash[static crypto_hash_sha256_BYTES])
{
    size_t name_length = strlen(type->key_name);
    const unsigned char prefix[4] = {0, 0, 0, (unsigned char)name_length};
    crypto_hash_sha256_state state;
    struct slice field;

    if (!skip_strings(rest, 1))
        return false;
    (void)crypto_hash_sha256_init(&state); /* these three always return 0 */
    (void)crypto_hash_sha256_update(&state, prefix, sizeof(prefix));
    (void)crypto_hash_sha256_update(&state, (const unsigned char *)type->key_name, name_length);
    for (unsigned i = 0; i < type->key_fields; i++) {
        if (!take_string(rest, &field))
            return false;
        (void)crypto_hash_sha256_update(&state, field.data, field.length);
    }
    (void)crypto_hash_sha256_final(&state, hash);
    return true;
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

/* Adds a key in base64 to what is known, whose type must be the one that stands before it. */
static bool add_key(const char *type_name, const char *base64, struct auth_info *info)
{
    const struct certificate_type *type = find_certificate_type(type_name);
    unsigned char key[KEY_MAX_BYTES], hash[crypto_hash_sha256_BYTES];
    char text[FINGERPRINT_BASE64_BYTES];
    struct slice name, whole = {.data = key}, rest;
    int64_t expires_usec = -1;
    bool good;

    if (sodium_base642bin(key, sizeof(key), base64, strlen(base64), NULL, &whole.length, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    rest = whole;
    if (!take_string(&rest, &name) || !string_equals(name, type_name))
        return false;
    if (type != NULL)
        good = hash_certificate(type, &rest, hash) && parse_certificate(rest, &expires_usec);
    else
        good = !names_certificate(type_name) && hash_key(whole, rest, hash);
    if (!good)
        return false;
    (void)sodium_bin2base64(text, sizeof(text), hash, sizeof(hash),
                            sodium_base64_VARIANT_ORIGINAL_NO_PADDING); /* yields text */
    (void)snprintf(info->fingerprint, sizeof(info->fingerprint), "SHA256:%s", text); /* it fits */
    if (expires_usec >= 0 && (info->expires_usec < 0 || expires_usec < info->expires_usec))
        info->expires_usec = expires_usec;
    return true;
}

/* Whether a word is a name of the SSH protocol (RFC 4251 section 6: printable US-ASCII without
 * spaces and commas, here without quotes and backslashes too) that fits into size bytes. */
static bool is_name(const char *word, size_t size)
{
    size_t length = strlen(word);

    if (length == 0 || length >= size)
        return false;
    for (size_t i = 0; i < length; i++)
        if (word[i] <= ' ' || word[i] > '~' || strchr(",\"'\\", word[i]) != NULL)
            return false;
    return true;
}

/* Whether sshd tells the key of each authentication by this method. */
static bool has_key(const char *method)
{
    return strcmp(method, "publickey") == 0 || strcmp(method, "hostbased") == 0;
}

/* Adds a line to what is known. Yields whether it can be believed. Cuts the line into words. */
static bool add_line(char *line, struct auth_info *info)
{
    const char *method = strsep(&line, " ");
    const char *type = strsep(&line, " ");
    const char *base64 = strsep(&line, " "); /* behind it "hostbased" tells the host */

    info->method[0] = '\0';
    if (!is_name(method, sizeof(info->method)))
        return false;
    (void)snprintf(info->method, sizeof(info->method), "%s", method);
    if (base64 != NULL && add_key(type, base64, info))
        return true;
    /* else it is what the method has to say: gssapi-with-mic names the principal */
    return !has_key(method) && (type == NULL || !names_certificate(type));
}

/* Whether the module cut a text: it leaves a mark at the end then (pam/escape.h). */
static bool was_cut(const char *text)
{
    size_t length = strlen(text);

    return length >= 3 && strcmp(text + length - 3, "...") == 0;
}

void auth_info_parse(const char *text, struct auth_info *ret)
{
    char buffer[LOGIN_AUTH_INFO_MAX_BYTES + 1];
    char *line, *rest = buffer;

    *ret = (struct auth_info){.expires_usec = -1};
    if (text == NULL)
        return;
    if (memccpy(buffer, text, '\0', sizeof(buffer)) == NULL) {
        ret->malformed = true;
        return;
    }
    ret->malformed = was_cut(buffer);
    for (char *end = buffer; (end = strstr(end, "\\n")) != NULL;)
        memset(end, '\n', 2); /* an empty line more is none */
    while ((line = strsep(&rest, "\n")) != NULL)
        if (line[0] != '\0' && !add_line(line, ret))
            ret->malformed = true;
}
