/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the files of the runtime directory; see runtime.h. The only file that sets ACLs.
 */
#include <config.h>

#include "daemon/runtime.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/acl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/macro.h"
#include "daemon/log.h"
#include "daemon/manager.h"

enum { KEYS_TEXT_MAX_BYTES = 32768, NAME_BYTES_MAX = 64 };

static int open_directory(int parent_fd, const char *name)
{
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    return fd < 0 ? -errno : fd;
}

/* Others may pass through, and see no names. */
static int make_token_directory(int parent_fd)
{
    CLEANUP(closep) int fd = -1;

    if (mkdirat(parent_fd, RUNTIME_TOKEN_DIRECTORY, 0711) < 0 && errno != EEXIST)
        return -errno;
    fd = open_directory(parent_fd, RUNTIME_TOKEN_DIRECTORY);
    if (fd < 0)
        return fd;
    if (fchmod(fd, 0711) < 0)
        return -errno;
    return TAKE_FD(fd);
}

void runtime_open(const char *path, struct runtime *ret)
{
    int r;

    *ret = (struct runtime){.path = path, .fd = -1, .tokens_fd = -1};
    r = open_directory(AT_FDCWD, path);
    if (r >= 0) {
        ret->fd = r;
        r = make_token_directory(ret->fd);
    }
    if (r < 0) {
        log_line(LOG_WARNING,
                 "%s cannot be used (%s): there is no " RUNTIME_KEYS_FILE
                 " and no file with a token",
                 path, strerror(-r));
        runtime_close(ret);
        return;
    }
    ret->tokens_fd = r;
}

void runtime_close(struct runtime *runtime)
{
    closep(&runtime->fd);
    closep(&runtime->tokens_fd);
    runtime->fd = -1;
    runtime->tokens_fd = -1;
}

static void acl_freep(acl_t *acl)
{
    if (*acl != NULL)
        (void)acl_free(*acl); /* nothing can be done about it here */
}

static int add_entry(acl_t *acl, acl_tag_t tag, const uid_t *uid, bool reads, bool writes)
{
    acl_permset_t permissions;
    acl_entry_t entry;

    if (acl_create_entry(acl, &entry) < 0 || acl_set_tag_type(entry, tag) < 0 ||
        (uid != NULL && acl_set_qualifier(entry, uid) < 0) ||
        acl_get_permset(entry, &permissions) < 0 || acl_clear_perms(permissions) < 0 ||
        (reads && acl_add_perm(permissions, ACL_READ) < 0) ||
        (writes && acl_add_perm(permissions, ACL_WRITE) < 0))
        return -errno;
    return 0;
}

/* The owner reads and writes, one user reads, nobody else anything; see acl(5). */
static int let_read(int fd, uid_t reader)
{
    CLEANUP(acl_freep) acl_t acl = acl_init(5);
    int r;

    if (acl == NULL)
        return -errno;
    r = add_entry(&acl, ACL_USER_OBJ, NULL, true, true);
    if (r >= 0)
        r = add_entry(&acl, ACL_USER, &reader, true, false);
    if (r >= 0)
        r = add_entry(&acl, ACL_GROUP_OBJ, NULL, false, false);
    if (r >= 0)
        r = add_entry(&acl, ACL_MASK, NULL, true, false);
    if (r >= 0)
        r = add_entry(&acl, ACL_OTHER, NULL, false, false);
    if (r < 0)
        return r;
    return acl_set_fd(fd, acl) < 0 ? -errno : 0;
}

static int write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, text, length);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            text += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

/* Puts a file with this text in the place of a name. reader: who may read it beside the daemon,
 * NULL for everybody. */
static int replace(int directory_fd, const char *name, const uid_t *reader, const char *text,
                   size_t length)
{
    CLEANUP(closep) int fd = -1;
    char temporary[NAME_BYTES_MAX + sizeof(".new")];
    int r;

    if (directory_fd < 0)
        return -EOPNOTSUPP;
    (void)snprintf(temporary, sizeof(temporary), "%s.new", name); /* our own names fit */
    if (unlinkat(directory_fd, temporary, 0) < 0 && errno != ENOENT)
        return -errno;
    fd =
        openat(directory_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    /* before there is anything to be read */
    r = reader != NULL ? let_read(fd, *reader) : fchmod(fd, 0644) < 0 ? -errno : 0;
    if (r >= 0)
        r = write_all(fd, text, length);
    if (r >= 0 && renameat(directory_fd, temporary, directory_fd, name) < 0)
        r = -errno;
    if (r < 0)
        (void)unlinkat(directory_fd, temporary, 0); /* the next one replaces it */
    return r;
}

void runtime_write_keys(const struct manager *manager)
{
    CLEANUP(freep) char *buffer = malloc(KEYS_TEXT_MAX_BYTES);
    struct json_writer writer;
    struct json text = {.text = NULL};
    int r = -ENOMEM;

    if (manager->runtime.fd < 0)
        return; /* that was said */
    if (buffer != NULL) {
        json_writer_init(&writer, buffer, KEYS_TEXT_MAX_BYTES);
        jwk_set_encode(&manager->signing.set, &writer);
        r = json_writer_finish(&writer, &text);
    }
    if (r >= 0)
        r = replace(manager->runtime.fd, RUNTIME_KEYS_FILE, NULL, text.text, text.length);
    if (r < 0)
        log_line(LOG_ERR, "%s/" RUNTIME_KEYS_FILE " cannot be written: %s", manager->runtime.path,
                 strerror(-r));
}

int runtime_write_token(const struct runtime *runtime, const char *session_id, uid_t reader,
                        const char *token)
{
    return replace(runtime->tokens_fd, session_id, &reader, token, strlen(token));
}

int runtime_read_token(const struct runtime *runtime, const char *session_id, char *buffer,
                       size_t size)
{
    CLEANUP(closep) int fd = -1;
    ssize_t n;

    if (runtime->tokens_fd < 0)
        return -EOPNOTSUPP;
    fd = openat(runtime->tokens_fd, session_id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    n = read(fd, buffer, size);
    if (n < 0)
        return -errno;
    if ((size_t)n == size)
        return -EFBIG;
    buffer[n] = '\0';
    return 0;
}

void runtime_remove_token(const struct runtime *runtime, const char *session_id)
{
    if (runtime->tokens_fd >= 0 && unlinkat(runtime->tokens_fd, session_id, 0) < 0 &&
        errno != ENOENT)
        log_line(LOG_ERR, "session %s: its file with a token cannot be removed: %s", session_id,
                 strerror(errno));
}

void runtime_token_path(const struct runtime *runtime, const char *session_id,
                        char ret[static RUNTIME_PATH_MAX_BYTES])
{
    (void)snprintf(ret, RUNTIME_PATH_MAX_BYTES, "%s/" RUNTIME_TOKEN_DIRECTORY "/%s", runtime->path,
                   session_id); /* the directory has been opened by it, so it is no longer path */
}

static void closedirp(DIR **stream)
{
    if (*stream != NULL)
        (void)closedir(*stream); /* nothing can be done about it here */
}

void runtime_sweep_tokens(const struct runtime *runtime,
                          bool (*wanted)(const char *name, void *userdata), void *userdata)
{
    CLEANUP(closedirp) DIR *stream = NULL;
    const struct dirent *entry;
    int fd;

    if (runtime->tokens_fd < 0)
        return;
    fd = open_directory(runtime->tokens_fd, ".");
    if (fd >= 0)
        stream = fdopendir(fd);
    if (stream == NULL) {
        closep(&fd);
        log_line(LOG_ERR, "%s/" RUNTIME_TOKEN_DIRECTORY " cannot be listed", runtime->path);
        return;
    }
    while ((entry = readdir(stream)) != NULL)
        if (entry->d_name[0] != '.' && !wanted(entry->d_name, userdata))
            runtime_remove_token(runtime, entry->d_name);
}
