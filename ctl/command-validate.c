/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `validate`: whether a token is good. It has exit codes of its own: whatever is not a clear answer
 * is "unknown", and so is neither.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"
#include "ctl/options.h"

enum { CODE_ACTIVE = 0, CODE_INACTIVE = 1, CODE_UNKNOWN = 2, KEY_SET_MAX_BYTES = 65536 };

static void validation_freep(struct sessmgr_validation **validation)
{
    sessmgr_validation_free(*validation);
}

static void keys_freep(struct sessmgr_keys **keys)
{
    sessmgr_keys_free(*keys);
}

static void closefp(FILE **stream)
{
    if (*stream)
        (void)fclose(*stream); /* it was only read */
}

static void print_line(const char *key, const char *value)
{
    CLEANUP(freep) char *printable = value ? format_printable(value) : NULL;

    if (printable && printable[0] != '\0')
        printf("%8s: %s\n", key, printable);
}

static void print_scopes(const struct sessmgr_validation *validation)
{
    size_t count = sessmgr_validation_get_scope_count(validation);

    if (count > 0)
        printf("%8s:", "Scopes");
    for (size_t i = 0; i < count; i++) {
        CLEANUP(freep) char *scope = format_printable(sessmgr_validation_get_scope(validation, i));

        printf(" %s", scope ? scope : "(out of memory)");
    }
    if (count > 0)
        putchar('\n');
}

static void print_active(const struct sessmgr_validation *validation)
{
    char time[FORMAT_TIME_BYTES];
    int64_t expires = sessmgr_validation_get_expires_usec(validation);

    puts("active");
    print_line("Session", sessmgr_validation_get_session_id(validation));
    print_line("User", sessmgr_validation_get_user(validation));
    printf("%8s: %u\n", "UID", (unsigned)sessmgr_validation_get_uid(validation));
    print_line("Audience", sessmgr_validation_get_audience(validation));
    print_scopes(validation);
    print_line("Expires", expires >= 0 ? format_time(expires, time) : "with its session");
}

static void print_member(FILE *stream, const char *key, const char *value)
{
    if (!value)
        return;
    fprintf(stream, ",\"%s\":", key);
    json_print_string(stream, value);
}

/* validation: NULL for a token that is not good. Returns whether there was memory for it. */
static bool print_json(const struct sessmgr_validation *validation, enum json_mode mode)
{
    CLEANUP(freep) char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return false;
    fprintf(stream, "{\"active\":%s", validation ? "true" : "false");
    if (validation) {
        print_member(stream, "sessionId", sessmgr_validation_get_session_id(validation));
        print_member(stream, "user", sessmgr_validation_get_user(validation));
        fprintf(stream, ",\"uid\":%u", (unsigned)sessmgr_validation_get_uid(validation));
        print_member(stream, "audience", sessmgr_validation_get_audience(validation));
        fputs(",\"scopes\":[", stream);
        for (size_t i = 0; i < sessmgr_validation_get_scope_count(validation); i++) {
            if (i > 0)
                fputc(',', stream);
            json_print_string(stream, sessmgr_validation_get_scope(validation, i));
        }
        fputc(']', stream);
        if (sessmgr_validation_get_expires_usec(validation) >= 0)
            fprintf(stream, ",\"expiresUsec\":%" PRId64,
                    sessmgr_validation_get_expires_usec(validation));
    }
    fputc('}', stream);
    if (fclose(stream) != 0)
        return false;
    json_print(stdout, text, mode);
    return true;
}

/*
 * Prints the answer. Returns whether it has arrived: half an answer is none, and what main() makes
 * of output that was not written is the exit code of a token that is not good.
 */
static bool print_answer(const struct sessmgr_validation *validation, const struct options *options)
{
    if (options->quiet)
        return true;
    if (options->json != JSON_OFF && !print_json(validation, options->json)) {
        (void)failure_tell("validate", -ENOMEM, "");
        return false;
    }
    if (options->json == JSON_OFF && validation)
        print_active(validation);
    else if (options->json == JSON_OFF)
        puts("inactive");
    return fflush(stdout) == 0 && !ferror(stdout);
}

/* Reads the key set of --offline=. Says what is wrong with it. */
static int read_keys(const char *path, struct sessmgr_keys **ret)
{
    CLEANUP(closefp) FILE *stream = fopen(path, "re");
    CLEANUP(freep) char *text = malloc(KEY_SET_MAX_BYTES);
    size_t length;
    int r;

    if (!stream || !text) {
        r = -errno;
        (void)failure_tell(path, r, "");
        return r;
    }
    length = fread(text, 1, KEY_SET_MAX_BYTES, stream);
    r = ferror(stream) ? -EIO : sessmgr_keys_new(text, length, ret);
    if (r < 0)
        fputs("sessmgrctl: the file of --offline= is no key set that can be read\n", stderr);
    return r;
}

static int ask(struct sessmgr *handle, const struct options *options, const char *token,
               struct sessmgr_validation **ret)
{
    CLEANUP(keys_freep) struct sessmgr_keys *keys = NULL;
    struct sessmgr_expectation expectation = SESSMGR_EXPECTATION_INIT;
    int r;

    expectation.scope = options->scopes[0] != '\0' ? options->scopes : NULL;
    expectation.audience = options->audience;
    expectation.uid = options->uid;
    expectation.touch = options->touch;
    expectation.issuer = options->issuer;
    if (options->offline) {
        r = read_keys(options->offline, &keys);
        if (r < 0)
            return r;
        r = sessmgr_validate_offline(keys, token, &expectation, ret);
        if (r < 0)
            (void)failure_tell("validate", r, "");
        return r;
    }
    r = sessmgr_validate(handle, token, &expectation, ret);
    if (r < 0)
        (void)failure_tell("validate", r, sessmgr_get_error_message(handle));
    return r;
}

enum exit_code command_validate_unknown(int error)
{
    (void)failure_tell("validate", error, "");
    return (enum exit_code)CODE_UNKNOWN;
}

enum exit_code command_validate(struct sessmgr *handle, const struct options *options,
                                char *const *arguments, size_t count)
{
    CLEANUP(validation_freep) struct sessmgr_validation *validation = NULL;
    char secret[SECRET_MAX_BYTES + 1];
    int r;

    (void)arguments; /* "-" */
    (void)count;
    if (!options->offline != !options->issuer)
        return usage_error("--offline= and --issuer= go together", "");
    if (options->offline && options->touch)
        return usage_error("--touch is not for --offline=", "");
    if (!secret_read(stdin, secret))
        return CODE_USAGE;
    r = ask(handle, options, secret, &validation);
    explicit_bzero(secret, sizeof(secret));
    if (r < 0 || !print_answer(validation, options))
        return (enum exit_code)CODE_UNKNOWN;
    return (enum exit_code)(r > 0 ? CODE_ACTIVE : CODE_INACTIVE);
}
