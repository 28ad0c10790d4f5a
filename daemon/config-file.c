/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads configuration files by inih, line by line through a reader of our own: what inih would get
 * wrong without a word never reaches it. What a value means is config-value.c's, which keys there
 * are is the table's.
 */
#include <config.h>

#include "daemon/config-file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "common/macro.h"
#include "common/utf8.h"

enum { FOUND_MAX_BYTES = 80 }; /* of what was found, in a message */

struct reader {
    const struct config_table *table;
    void *structure;
    struct config_error *error;
    const char *path;
    const char *at, *end;   /* what is left of the file */
    int line;               /* of the current line, from 1 */
    const char *section;    /* the table's name of it; NULL before the first */
    uint64_t seen_keys;     /* a bit for each row of the table */
    uint64_t seen_sections; /* a bit for the first row of each section */
    int result;             /* 0, or -errno: *error is filled in */
};

int config_explain(struct config_error *error, int result, const char *file, int line,
                   const char *key, const char *format, ...)
{
    va_list arguments;

    error->line = line;
    /* all three are cut where they are too long */
    (void)snprintf(error->file, sizeof(error->file), "%s", file);
    (void)snprintf(error->key, sizeof(error->key), "%s", key ? key : "");
    va_start(arguments, format);
    (void)vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    return result;
}

/* How much of a text a message shows: not more than it has room for, and no half characters. */
static int shown(const char *text, size_t bytes)
{
    if (bytes <= FOUND_MAX_BYTES)
        return (int)bytes;
    bytes = FOUND_MAX_BYTES;
    while (bytes > 0 && ((unsigned char)text[bytes] & 0xc0) == 0x80)
        bytes--;
    return (int)bytes;
}

#define REFUSE(reader, key, ...)                                                                 \
    ((reader)->result = config_explain((reader)->error, -EINVAL, (reader)->path, (reader)->line, \
                                       (key), __VA_ARGS__))

static const struct config_key *find_key(const struct config_table *table, const char *section,
                                         const char *name, size_t name_bytes)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct config_key *key = &table->keys[i];

        if (strcmp(key->section, section) == 0 && strlen(key->name) == name_bytes &&
            memcmp(key->name, name, name_bytes) == 0)
            return key;
    }
    return NULL;
}

/* Refuses bytes that have no place in a line. */
static int check_bytes(struct reader *reader, const char *line, size_t bytes)
{
    if (bytes > CONFIG_LINE_MAX_BYTES)
        return REFUSE(reader, NULL, "found a line of %zu bytes, expected %d at most", bytes,
                      CONFIG_LINE_MAX_BYTES);
    for (size_t i = 0, length; i < bytes; i += length) {
        unsigned char byte = (unsigned char)line[i];

        length = utf8_sequence_bytes(line + i, bytes - i);
        if (length == 0)
            return REFUSE(reader, NULL, "found byte 0x%02x, expected UTF-8", byte);
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f ||
            (byte == 0xc2 && (unsigned char)line[i + 1] < 0xa0))
            return REFUSE(reader, NULL, "found %s (0x%02x), expected plain text",
                          byte == '\r'   ? "a carriage return, as in files from Windows"
                          : byte == '\0' ? "a NUL byte"
                                         : "a control character",
                          byte == 0xc2 ? (unsigned char)line[i + 1] : byte);
    }
    return 0;
}

static int check_section(struct reader *reader, const char *line, size_t bytes)
{
    const struct config_table *table = reader->table;
    const char *close = memchr(line, ']', bytes);

    if (!close || close != line + bytes - 1)
        return REFUSE(reader, NULL, "found \"%.*s\", expected \"[Section]\" and nothing else",
                      shown(line, bytes), line);
    line++;
    bytes -= 2;
    for (size_t i = 0; i < table->count; i++) {
        const char *section = table->keys[i].section;

        if (strlen(section) != bytes || memcmp(section, line, bytes) != 0)
            continue;
        if (reader->seen_sections & UINT64_C(1) << i)
            return REFUSE(reader, NULL, "found section [%s] a second time, expected it once",
                          section);
        reader->seen_sections |= UINT64_C(1) << i;
        reader->section = section;
        return 0;
    }
    return REFUSE(reader, NULL, "found unknown section [%.*s], expected one of those in the manual",
                  shown(line, bytes), line);
}

/* Refuses a comment behind a value: inih would cut at " ;" and keep " #". */
static int check_no_comment(struct reader *reader, const char *key, const char *line, size_t bytes)
{
    for (size_t i = 1; i < bytes; i++)
        if ((line[i] == ';' || line[i] == '#') && (line[i - 1] == ' ' || line[i - 1] == '\t'))
            return REFUSE(
                reader, key,
                "found \"%c\" behind white space, expected comments on lines of their own",
                line[i]);
    return 0;
}

/* Checks and counts a Key=value line; the value is the handler's. */
static int check_key(struct reader *reader, const char *line, size_t bytes)
{
    const char *equals = memchr(line, '=', bytes);
    const struct config_key *key;

    if (!equals)
        return REFUSE(reader, NULL, "found \"%.*s\", expected \"Key=value\"", shown(line, bytes),
                      line);
    size_t name_bytes = (size_t)(equals - line);
    while (name_bytes > 0 && (line[name_bytes - 1] == ' ' || line[name_bytes - 1] == '\t'))
        name_bytes--;
    if (!reader->section)
        return REFUSE(reader, NULL,
                      "found \"%.*s\" before any section, expected \"[Section]\" first",
                      shown(line, bytes), line);
    key = find_key(reader->table, reader->section, line, name_bytes);
    if (!key)
        return REFUSE(reader, NULL,
                      "found unknown key \"%.*s\" in [%s], expected one of those in the manual",
                      shown(line, name_bytes), line, reader->section);

    size_t row = (size_t)(key - reader->table->keys);
    if (reader->seen_keys & UINT64_C(1) << row)
        return REFUSE(reader, key->name,
                      "found the key a second time in this file, expected it once");
    reader->seen_keys |= UINT64_C(1) << row;
    return check_no_comment(reader, key->name, line, bytes);
}

/* Checks a line without its end. Returns 1 where inih is to see it, 0 for a blank or a comment. */
static int check_line(struct reader *reader, const char *line, size_t bytes)
{
    int r;

    r = check_bytes(reader, line, bytes);
    if (r < 0)
        return r;
    while (bytes > 0 && (line[bytes - 1] == ' ' || line[bytes - 1] == '\t'))
        bytes--;
    if (bytes == 0 || line[0] == '#' || line[0] == ';')
        return 0;
    if (line[0] == ' ' || line[0] == '\t')
        return REFUSE(reader, NULL,
                      "found white space at the beginning of the line, expected none");
    if (bytes >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
        return REFUSE(reader, NULL, "found a byte order mark, expected plain UTF-8");
    if (line[0] == '[') {
        r = check_no_comment(reader, NULL, line, bytes);
        if (r >= 0)
            r = check_section(reader, line, bytes);
    } else {
        r = check_key(reader, line, bytes);
    }
    return r < 0 ? r : 1;
}

/* inih's way to the next line: as fgets(3). */
static char *read_line(char *buffer, int size, void *userdata)
{
    struct reader *reader = userdata;
    int r;

    if (reader->result < 0 || reader->at == reader->end)
        return NULL;
    const char *line = reader->at;
    size_t left = (size_t)(reader->end - line);
    const char *newline = memchr(line, '\n', left);
    size_t bytes = newline ? (size_t)(newline - line) : left;

    reader->at = newline ? newline + 1 : reader->end;
    reader->line++;
    r = check_line(reader, line, bytes);
    if (r < 0)
        return NULL;
    if (r == 0)
        bytes = 0;                     /* nothing that inih needs to see */
    assert(bytes + 2 <= (size_t)size); /* inih's own limit is above ours */
    memcpy(buffer, line, bytes);
    memcpy(buffer + bytes, "\n", 2);
    return buffer;
}

/* inih found a key and its value. 0 is an error. */
static int take_value(void *userdata, const char *section, const char *name, const char *value)
{
    struct reader *reader = userdata;
    int r;

    if (reader->result < 0)
        return 0;
    if (!name)
        return 1; /* the start of a section, where inih was built to tell */
    const struct config_key *key = find_key(reader->table, section, name, strlen(name));
    assert(key); /* the line was checked */
    r = key->type->parse(key, *value ? value : key->default_text,
                         (char *)reader->structure + key->offset);
    if (r == -ENOMEM)
        reader->result =
            config_explain(reader->error, r, reader->path, reader->line, name, "out of memory");
    else if (r < 0)
        (void)REFUSE(reader, name, "found \"%.*s\", expected %s", shown(value, strlen(value)),
                     value, key->expected);
    return r >= 0;
}

/* Reads a whole regular file. *ret is to be freed. */
static int read_whole(const char *path, char **ret, size_t *ret_bytes,
                      struct config_error *ret_error)
{
    struct stat status;
    size_t bytes = 0;

    CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        int r = -errno;
        if (r == -ENOENT && lstat(path, &status) == 0)
            return config_explain(ret_error, -EINVAL, path, 0, NULL,
                                  "found a link to nothing, expected a file");
        return config_explain(ret_error, r, path, 0, NULL, "cannot be opened: %s", strerror(-r));
    }
    if (fstat(fd, &status) < 0)
        return config_explain(ret_error, -errno, path, 0, NULL, "cannot be looked at");
    if (!S_ISREG(status.st_mode))
        return config_explain(ret_error, -EINVAL, path, 0, NULL,
                              "found %s, expected a regular file",
                              S_ISDIR(status.st_mode) ? "a directory" : "a special file");

    CLEANUP(freep) char *text = malloc(CONFIG_FILE_MAX_BYTES + 1);
    if (!text)
        return config_explain(ret_error, -ENOMEM, path, 0, NULL, "out of memory");
    while (bytes <= CONFIG_FILE_MAX_BYTES) {
        ssize_t count = read(fd, text + bytes, CONFIG_FILE_MAX_BYTES + 1 - bytes);
        if (count < 0) {
            int r = -errno;
            return config_explain(ret_error, r, path, 0, NULL, "cannot be read: %s", strerror(-r));
        }
        if (count == 0)
            break;
        bytes += (size_t)count;
    }
    if (bytes > CONFIG_FILE_MAX_BYTES)
        return config_explain(ret_error, -EINVAL, path, 0, NULL,
                              "found more than %d bytes, expected fewer", CONFIG_FILE_MAX_BYTES);
    *ret = TAKE_PTR(text);
    *ret_bytes = bytes;
    return 0;
}

int config_file_read(const char *path, const struct config_table *table, void *structure,
                     struct config_error *ret_error)
{
    struct reader reader = {
        .table = table, .structure = structure, .error = ret_error, .path = path};
    CLEANUP(freep) char *text = NULL;
    size_t bytes = 0;
    int r;

    assert(table->count <= CONFIG_KEYS_MAX);
    r = read_whole(path, &text, &bytes, ret_error);
    if (r < 0)
        return r;
    reader.at = text;
    reader.end = text + bytes;
    r = ini_parse_stream(read_line, &reader, take_value, &reader);
    if (reader.result < 0)
        return reader.result;
    if (r == -2)
        return config_explain(ret_error, -ENOMEM, path, 0, NULL, "out of memory");
    if (r != 0)
        return config_explain(ret_error, -EINVAL, path, r > 0 ? r : 0, NULL,
                              "found a line that inih does not take, expected \"Key=value\"");
    return 0;
}

int config_table_defaults(const struct config_table *table, void *structure)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct config_key *key = &table->keys[i];

        int r = key->type->parse(key, key->default_text, (char *)structure + key->offset);
        assert(r != -EINVAL); /* the table is wrong */
        if (r < 0)
            return r;
    }
    return 0;
}

void config_table_release(const struct config_table *table, void *structure)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->keys[i].type->release)
            table->keys[i].type->release((char *)structure + table->keys[i].offset);
}

void config_file_print(const struct config_table *table, const void *structure, FILE *stream)
{
    const char *section = "";

    for (size_t i = 0; i < table->count; i++) {
        const struct config_key *key = &table->keys[i];

        /* what cannot be written stays with the stream as its error */
        if (strcmp(section, key->section) != 0)
            (void)fprintf(stream, "%s[%s]\n", i > 0 ? "\n" : "", key->section);
        section = key->section;
        (void)fprintf(stream, "%s=", key->name);
        key->type->print(key, (const char *)structure + key->offset, stream);
        (void)fputc('\n', stream);
    }
}
