/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Brings lines to the journal, syslog or standard error, and owns the one piece of state that this
 * takes: where they go. Everything is escaped here, whoever it came from: control characters and
 * bytes that are not UTF-8 become \xNN, so that a line is one line and shows what it is.
 */
#include <config.h>

#include "daemon/log.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION 1 /* this file's own lines would say nothing */
#include <systemd/sd-journal.h>

#include "common/macro.h"
#include "common/utf8.h"

enum {
    LINE_MAX_BYTES = 2048,    /* before escaping */
    ESCAPED_MAX_BYTES = 8192, /* four bytes for one, at worst */
    ENTRY_MAX_BYTES = 24576,
    NUMBER_MAX_BYTES = 64,
};

enum destination { TO_STDERR, TO_SYSLOG, TO_JOURNAL };

static enum destination destination = TO_STDERR;
static bool debug_lines = false;

/* Text that is cut at its end when it grows too long, always with a NUL. */
struct text {
    char *buffer;
    size_t size;
    size_t length;
};

static void append(struct text *text, const char *bytes, size_t count)
{
    if (count > text->size - 1 - text->length) {
        text->size = text->length + 1; /* full from now on; only whole characters are in it */
        return;
    }
    memcpy(text->buffer + text->length, bytes, count);
    text->length += count;
    text->buffer[text->length] = '\0';
}

/* Length of the printable character at bytes, 0 where there is none. */
static size_t printable_bytes(const char *bytes, size_t available)
{
    char character[UTF8_SEQUENCE_MAX_BYTES + 1] = "";
    size_t length = utf8_sequence_bytes(bytes, available);

    memcpy(character, bytes, length);
    return utf8_is_printable(character) ? length : 0;
}

/* How many ASCII characters at the beginning can be printed, at most as many as there is room for:
 * in general all there are. */
static size_t plain_bytes(const struct text *text, const char *value, size_t remaining)
{
    size_t room = text->size - 1 - text->length, bytes = 0;

    while (bytes < remaining && bytes < room && value[bytes] >= 0x20 && value[bytes] < 0x7f)
        bytes++;
    return bytes;
}

static void append_escaped(struct text *text, const char *value, size_t remaining)
{
    while (remaining > 0) {
        size_t bytes = plain_bytes(text, value, remaining);

        if (bytes == 0)
            bytes = printable_bytes(value, remaining);
        if (bytes > 0) {
            append(text, value, bytes);
        } else {
            char escape[NUMBER_MAX_BYTES];
            int n = snprintf(escape, sizeof(escape), "\\x%02x", (unsigned char)*value);

            append(text, escape, n > 0 ? (size_t)n : 0);
            bytes = 1;
        }
        value += bytes;
        remaining -= bytes;
    }
}

/* A field as a word of a line: a value that could be taken for more than one word is quoted. */
static void append_word(struct text *text, const char *field)
{
    const char *value = strchr(field, '=');
    size_t name_bytes;

    if (value == NULL)
        return;
    value++;
    name_bytes = (size_t)(value - field);
    append(text, " ", 1);
    append(text, field, name_bytes);
    if (value[0] != '\0' && strpbrk(value, " =\"\\") == NULL) {
        append_escaped(text, value, strlen(value));
        return;
    }
    append(text, "\"", 1);
    while (*value != '\0') {
        size_t bytes = strcspn(value, "\"\\");

        append_escaped(text, value, bytes);
        value += bytes;
        if (*value != '\0') {
            append(text, "\\", 1);
            append(text, value++, 1);
        }
    }
    append(text, "\"", 1);
}

/* Whether somebody listens at a Unix datagram (or, with some syslogs, stream) socket. */
static bool somebody_listens(const char *path)
{
    CLEANUP(closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
        return false;
    memcpy(address.sun_path, path, strlen(path));
    return connect(fd, (const struct sockaddr *)&address, sizeof(address)) >= 0 ||
           errno == EPROTOTYPE;
}

void log_open(bool verbose)
{
    debug_lines = verbose;
    if (somebody_listens("/run/systemd/journal/socket"))
        destination = TO_JOURNAL;
    else if (somebody_listens("/dev/log"))
        destination = TO_SYSLOG;
    else
        destination = TO_STDERR;
    if (destination == TO_SYSLOG)
        openlog("sessmgrd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

/* One write(2), so that lines of several processes do not mix. */
static void write_stderr(int priority, const char *line)
{
    char buffer[ENTRY_MAX_BYTES + NUMBER_MAX_BYTES];
    int n = snprintf(buffer, sizeof(buffer), "<%d>%s\n", priority, line);

    if (n > 0)
        (void)!write(STDERR_FILENO, buffer, (size_t)n); /* there is nowhere to complain */
}

/* Writes an escaped line to where there are no fields. */
static void write_line(int priority, int facility, const char *line)
{
    if (destination == TO_SYSLOG)
        syslog(facility | priority, "%s", line);
    else
        write_stderr(priority, line);
}

/* Writes an escaped message and fields to the journal. */
static void write_journal(int priority, int facility, const char *message,
                          const char *const *fields, size_t field_count)
{
    char numbers[2][NUMBER_MAX_BYTES], buffer[ENTRY_MAX_BYTES] = "";
    struct text text = {buffer, sizeof(buffer), 0};
    struct iovec vector[LOG_FIELDS_MAX + 3];
    int count = 0;

    append(&text, "MESSAGE=", strlen("MESSAGE="));
    append(&text, message, strlen(message));
    vector[count++] = (struct iovec){buffer, text.length};
    (void)snprintf(numbers[0], sizeof(numbers[0]), "PRIORITY=%d", priority);
    (void)snprintf(numbers[1], sizeof(numbers[1]), "SYSLOG_FACILITY=%d", LOG_FAC(facility));
    for (size_t i = 0; i < ELEMENTS(numbers); i++)
        vector[count++] = (struct iovec){numbers[i], strlen(numbers[i])};
    for (size_t i = 0; i < field_count; i++) {
        size_t start = text.length;

        append_escaped(&text, fields[i], strlen(fields[i]));
        if (text.length > start)
            vector[count++] = (struct iovec){buffer + start, text.length - start};
    }
    (void)sd_journal_sendv(vector, count); /* the log cannot log that it failed */
}

void log_line(int priority, const char *format, ...)
{
    int saved_errno = errno;
    char raw[LINE_MAX_BYTES], escaped[ESCAPED_MAX_BYTES] = "";
    struct text text = {escaped, sizeof(escaped), 0};
    va_list arguments;
    int n;

    if (priority == LOG_DEBUG && !debug_lines)
        return;
    errno = saved_errno; /* for %m */
    va_start(arguments, format);
    n = vsnprintf(raw, sizeof(raw), format, arguments);
    va_end(arguments);
    if (n >= 0) {
        append_escaped(&text, raw, strlen(raw));
        if (destination == TO_JOURNAL)
            write_journal(priority, LOG_DAEMON, escaped, NULL, 0);
        else
            write_line(priority, LOG_DAEMON, escaped);
    }
    errno = saved_errno;
}

void log_send(const struct log_entry *entry)
{
    int saved_errno = errno;
    char buffer[ENTRY_MAX_BYTES] = "";
    struct text text = {buffer, sizeof(buffer), 0};

    assert(entry->field_count <= LOG_FIELDS_MAX);
    append_escaped(&text, entry->message, strlen(entry->message));
    if (destination == TO_JOURNAL) {
        write_journal(entry->priority, LOG_AUTHPRIV, buffer, entry->fields, entry->field_count);
    } else {
        for (size_t i = 0; i < entry->field_count; i++)
            append_word(&text, entry->fields[i]);
        write_line(entry->priority, LOG_AUTHPRIV, buffer);
    }
    errno = saved_errno;
}
