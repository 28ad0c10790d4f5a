/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `store`: what an administrator does with the daemon's store: by the daemon where it answers, by
 * sessmgrd's offline modes where it does not.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macro.h"
#include "ctl/format.h"
#include "ctl/options.h"
#include "ctl/store.h"
#include "ctl/table.h"

static void write_member(FILE *stream, const char *name, int64_t value, bool *first)
{
    if (value < 0)
        return;
    fprintf(stream, "%s\"%s\":%" PRId64, *first ? "" : ",", name, value);
    *first = false;
}

enum exit_code store_print_answer(const struct store_request *request, const char *sentence)
{
    const struct store_answer *answer = &request->answer;
    CLEANUP(freep) char *text = NULL;
    bool first = true;
    size_t size;
    FILE *stream;

    if (request->options->json == JSON_OFF) {
        puts(sentence);
        return CODE_OK;
    }
    stream = open_memstream(&text, &size);
    if (!stream)
        return failure_tell(request->word, -ENOMEM, "");
    fputc('{', stream);
    write_member(stream, "records", answer->records, &first);
    write_member(stream, "bytes", answer->bytes, &first);
    write_member(stream, "sequence", answer->sequence, &first);
    if (answer->key_id[0] != '\0') {
        fprintf(stream, "%s\"keyId\":", first ? "" : ",");
        json_print_string(stream, answer->key_id);
    }
    fputc('}', stream);
    if (fclose(stream) != 0)
        return failure_tell(request->word, -ENOMEM, "");
    json_print(stdout, text, request->options->json);
    return CODE_OK;
}

enum exit_code store_fail(const struct store_request *request, struct sessmgr *handle, int error)
{
    enum exit_code code = failure_tell(request->word, error, sessmgr_get_error_message(handle));

    return error == -EUCLEAN ? CODE_DAMAGED : code;
}

int store_open_slow(struct store_request *request)
{
    return sessmgr_open(&request->slow, request->options->socket_path, UINT64_MAX);
}

/*
 * Has the daemon do it, or sessmgrd where the daemon cannot be reached. Whether it can is asked
 * first and by a call of its own, because the other one may wait for the disk for as long as that
 * takes.
 */
static enum exit_code ask(struct store_request *request,
                          int (*call)(struct sessmgr *handle, struct store_answer *ret))
{
    CLEANUP(freep) char *version = NULL;
    struct store_watcher *watcher;
    enum exit_code code;
    int r;

    r = sessmgr_get_version(request->handle, &version);
    if (failure_code(r) == CODE_UNREACHABLE) {
        code = store_offline_run(request, STDIN_FILENO, -1);
        store_answer_read(request->text, &request->answer);
        return code;
    }
    if (r < 0)
        return store_fail(request, request->handle, r);
    r = store_open_slow(request);
    if (r < 0)
        return failure_tell(request->word, r, "");
    watcher = store_watcher_start(request->word, request->options->socket_path);
    r = call(request->slow, &request->answer);
    store_watcher_stop(watcher);
    return r < 0 ? store_fail(request, request->slow, r) : CODE_OK;
}

static void take_info(const struct sessmgr_store_info *info, struct store_answer *ret)
{
    ret->records = info->records;
    ret->bytes = info->bytes;
    ret->sequence = info->sequence;
}

static int call_verify(struct sessmgr *handle, struct store_answer *ret)
{
    struct sessmgr_store_info info;
    int r;

    r = sessmgr_store_verify(handle, &info);
    if (r >= 0)
        take_info(&info, ret);
    return r;
}

static enum exit_code verify(struct store_request *request)
{
    enum exit_code code = ask(request, call_verify);
    char sentence[256];

    (void)snprintf(sentence, sizeof(sentence),
                   "The store is whole: %" PRId64 " records in %" PRId64
                   " bytes, up to change %" PRId64 ".",
                   request->answer.records, request->answer.bytes, request->answer.sequence);
    return code == CODE_OK ? store_print_answer(request, sentence) : code;
}

static int call_checkpoint(struct sessmgr *handle, struct store_answer *ret)
{
    struct sessmgr_store_info info;
    int r;

    r = sessmgr_store_checkpoint(handle, &info);
    if (r >= 0)
        take_info(&info, ret);
    return r;
}

static enum exit_code checkpoint(struct store_request *request)
{
    enum exit_code code = ask(request, call_checkpoint);
    char sentence[256];

    (void)snprintf(sentence, sizeof(sentence),
                   "A checkpoint was made: %" PRId64 " records in %" PRId64 " bytes.",
                   request->answer.records, request->answer.bytes);
    return code == CODE_OK ? store_print_answer(request, sentence) : code;
}

static int call_rekey(struct sessmgr *handle, struct store_answer *ret)
{
    CLEANUP(freep) char *id = NULL;
    int r;

    r = sessmgr_store_rekey(handle, &id);
    if (r >= 0)
        (void)snprintf(ret->key_id, sizeof(ret->key_id), "%s", id); /* 16 digits */
    return r;
}

static enum exit_code rekey(struct store_request *request)
{
    enum exit_code code = ask(request, call_rekey);
    CLEANUP(freep) char *id = format_printable(request->answer.key_id);
    char sentence[512];

    (void)snprintf(sentence, sizeof(sentence),
                   "The store's key is sealed under the new master key, %s.\n"
                   "Put that one in the place of sessmgr.key now, and take sessmgr.key.next away.",
                   id ? id : "");
    return code == CODE_OK ? store_print_answer(request, sentence) : code;
}

static enum exit_code forget(struct store_request *request)
{
    CLEANUP(freep) char *user = format_printable(request->argument);
    char sentence[512];
    uid_t uid;
    int r;

    if (!user_find(request->argument, &uid))
        return user_unknown(request->argument);
    r = store_open_slow(request);
    if (r < 0)
        return failure_tell(request->word, r, "");
    r = sessmgr_store_forget(request->slow, uid);
    if (r < 0)
        return store_fail(request, request->slow, r);
    (void)snprintf(sentence, sizeof(sentence), "%d ended session%s of %s forgotten.", r,
                   r == 1 ? "" : "s", user ? user : "the user");
    if (request->options->json == JSON_OFF)
        puts(sentence);
    else
        printf("{\"sessions\":%d}\n", r);
    return CODE_OK;
}

static const struct {
    const char *word;
    enum exit_code (*run)(struct store_request *request);
    const char *argument; /* what it takes; NULL: nothing */
} commands[] = {
    {"verify", verify, NULL},
    {"backup", store_command_backup, "a file"},
    {"restore", store_command_restore, "a file"},
    {"stat", store_command_stat, NULL},
    {"checkpoint", checkpoint, NULL},
    {"rekey", rekey, NULL},
    {"forget", forget, "a user"},
};

enum exit_code command_store(struct sessmgr *handle, const struct options *options,
                             char *const *arguments, size_t count)
{
    struct store_request request = {
        .options = options,
        .handle = handle,
        .answer = STORE_ANSWER_NONE,
    };
    enum exit_code code;
    char text[128];
    size_t i = 0;

    if (count == 0)
        return usage_error("a command is missing after ", "store");
    while (i < ELEMENTS(commands) && strcmp(commands[i].word, arguments[0]) != 0)
        i++;
    if (i == ELEMENTS(commands))
        return usage_error("there is no command store ", arguments[0]);
    request.word = commands[i].word;
    if (count > (commands[i].argument ? 2 : 1))
        return usage_error("too many arguments after store ", request.word);
    if (commands[i].argument && count < 2) {
        (void)snprintf(text, sizeof(text), "%s is missing after store ", commands[i].argument);
        return usage_error(text, request.word);
    }
    if (options->force && commands[i].run != store_command_backup)
        return usage_error("--force is not for store ", request.word);
    request.argument = commands[i].argument ? arguments[1] : NULL;
    code = commands[i].run(&request);
    sessmgr_close(request.slow);
    return code;
}
