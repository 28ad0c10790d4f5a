/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads configuration files by inih, line by line through a reader of our own: what inih would get
 * wrong without a word never reaches it. What a value means is config-value.c's, which keys there
 * are is the table's.
 */
#include <config.h>

#include "daemon/config-file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "common/macro.h"
#include "common/utf8.h"

#define FILE_SUFFIX ".conf"

enum { FOUND_MAX_BYTES = 80 }; /* of what was found, in a message */

struct reader {
    const struct config_table *table;
    void *structure;
    struct config_origin *origins; /* NULL: nobody asks */
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

const char *config_error_text(const struct config_error *error,
                              char buffer[static CONFIG_ERROR_TEXT_BYTES])
{
    char line[16] = "";

    if (error->line > 0)
        (void)snprintf(line, sizeof(line), ":%d", error->line);
    (void)snprintf(buffer, CONFIG_ERROR_TEXT_BYTES, "%s%s: %s%s%s", error->file, line, error->key,
                   error->key[0] != '\0' ? ": " : "", error->message); /* all of it fits */
    return buffer;
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

static const struct config_key *key_at(const struct config_table *table, size_t number)
{
    size_t offset;

    return config_table_key(table, number, &offset);
}

/* The number of a key, or that of none (key_count). */
static size_t find_key(const struct config_table *table, const char *section, const char *name,
                       size_t name_bytes)
{
    size_t number = 0;

    for (; number < table->key_count; number++) {
        const struct config_key *key = key_at(table, number);

        if (strcmp(key->section, section) == 0 && strlen(key->name) == name_bytes &&
            memcmp(key->name, name, name_bytes) == 0)
            break;
    }
    return number;
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
    for (size_t i = 0; i < table->key_count; i++) {
        const char *section = key_at(table, i)->section;

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
    const char *name;
    size_t number;

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
    number = find_key(reader->table, reader->section, line, name_bytes);
    if (number == reader->table->key_count)
        return REFUSE(reader, NULL,
                      "found unknown key \"%.*s\" in [%s], expected one of those in the manual",
                      shown(line, name_bytes), line, reader->section);

    name = key_at(reader->table, number)->name;
    if (reader->seen_keys & UINT64_C(1) << number)
        return REFUSE(reader, name, "found the key a second time in this file, expected it once");
    reader->seen_keys |= UINT64_C(1) << number;
    return check_no_comment(reader, name, line, bytes);
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
    size_t number, offset;
    int r;

    if (reader->result < 0)
        return 0;
    if (!name)
        return 1; /* the start of a section, where inih was built to tell */
    number = find_key(reader->table, section, name, strlen(name));
    assert(number < reader->table->key_count); /* the line was checked */
    const struct config_key *key = config_table_key(reader->table, number, &offset);
    r = key->type->parse(key, *value ? value : key->default_text,
                         (char *)reader->structure + offset);
    if (r >= 0 && reader->origins)
        reader->origins[number] =
            (struct config_origin){.file = reader->path, .line = reader->line};
    if (r == -ENOMEM)
        reader->result =
            config_explain(reader->error, r, reader->path, reader->line, name, "out of memory");
    else if (r == -ENOENT)
        (void)REFUSE(reader, name, "found \"%.*s\" with a name that is not known here, expected %s",
                     shown(value, strlen(value)), value, key->expected);
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
                     struct config_origin *origins, struct config_error *ret_error)
{
    struct reader reader = {.table = table,
                            .structure = structure,
                            .origins = origins,
                            .error = ret_error,
                            .path = path};
    CLEANUP(freep) char *text = NULL;
    size_t bytes = 0;
    int r;

    assert(table->key_count <= CONFIG_KEYS_MAX);
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

static int is_configuration(const struct dirent *entry)
{
    size_t bytes = strlen(entry->d_name), suffix = strlen(FILE_SUFFIX);

    return entry->d_name[0] != '.' && bytes > suffix &&
           strcmp(entry->d_name + bytes - suffix, FILE_SUFFIX) == 0;
}

/* By bytes: the order must not depend on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int config_each_file(const char *folder, int (*visit)(const char *path, void *userdata),
                     void *userdata, struct config_error *ret_error)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_configuration, by_name), r = 0;

    if (count < 0 && errno == ENOENT)
        return 0;
    if (count < 0) {
        r = -errno;
        return config_explain(ret_error, r, folder, 0, NULL, "cannot be listed: %s", strerror(-r));
    }
    for (int i = 0; i < count; i++) {
        CLEANUP(freep) struct dirent *entry = entries[i];
        CLEANUP(freep) char *path = NULL;

        if (r < 0)
            continue; /* only to free what is left */
        if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0) {
            path = NULL; /* it is undefined then */
            r = config_explain(ret_error, -ENOMEM, folder, 0, NULL, "out of memory");
            continue;
        }
        r = visit(path, userdata);
    }
    free(entries);
    return r;
}
