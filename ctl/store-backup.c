/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `store backup` and `store restore`.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/macro.h"
#include "ctl/format.h"
#include "ctl/store.h"

static enum exit_code backup_online(struct store_request *request, struct store_file *file)
{
    CLEANUP(closep) int fd = -1;
    struct store_watcher *watcher;
    int r;

    r = store_open_slow(request);
    if (r < 0)
        return failure_tell(request->word, r, "");
    watcher = store_watcher_start(request->word, request->options->socket_path);
    r = sessmgr_store_backup(request->slow, &fd, NULL);
    store_watcher_stop(watcher);
    if (r < 0)
        return store_fail(request, request->slow, r);
    return store_file_copy(file, fd) ? CODE_OK : CODE_FAILED;
}

enum exit_code store_command_backup(struct store_request *request)
{
    CLEANUP(store_file_drop) struct store_file file = {.fd = -1};
    CLEANUP(freep) char *version = NULL;
    CLEANUP(freep) char *path = format_printable(request->argument);
    const bool replace = request->options->force;
    char sentence[STORE_PATH_MAX_BYTES];
    enum exit_code code;
    int r;

    if (!store_file_begin(&file, request->argument, replace))
        return CODE_FAILED;
    r = sessmgr_get_version(request->handle, &version);
    if (r >= 0)
        code = backup_online(request, &file);
    else if (failure_code(r) == CODE_UNREACHABLE)
        code = store_offline_run(request, STDIN_FILENO, file.fd);
    else
        code = store_fail(request, request->handle, r);
    if (code != CODE_OK)
        return code;
    if (!store_file_commit(&file, replace, &request->answer.bytes))
        return CODE_FAILED;
    (void)snprintf(sentence, sizeof(sentence), "The backup is in %s: %" PRId64 " bytes.",
                   path ? path : "its file", request->answer.bytes);
    return store_print_answer(request, sentence);
}

enum exit_code store_command_restore(struct store_request *request)
{
    CLEANUP(closep) int fd = open(request->argument, O_RDONLY | O_CLOEXEC);
    enum exit_code code;
    char sentence[256];

    if (fd < 0)
        return failure_tell_system(request->argument, -errno, "");
    code = store_offline_run(request, fd, -1);
    store_answer_read(request->text, &request->answer);
    (void)snprintf(sentence, sizeof(sentence),
                   "The store is that of the backup now: %" PRId64
                   " bytes. When the daemon starts, "
                   "it revokes every token from before.",
                   request->answer.bytes);
    return code == CODE_OK ? store_print_answer(request, sentence) : code;
}
