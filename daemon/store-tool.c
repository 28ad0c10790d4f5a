/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the offline modes; see store-tool.h. What they do is done by the store itself.
 */
#include <config.h>

#include "daemon/store-tool.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json.h"
#include "common/macro.h"
#include "common/progress.h"
#include "daemon/clock.h"
#include "daemon/distrust.h"
#include "daemon/store-backup.h"
#include "daemon/store-key.h"
#include "daemon/store-report.h"

enum { TICK_USEC = 100 * USEC_PER_MSEC, RESULT_MAX_BYTES = 4096, COPY_BYTES = 65536 };

struct mode;

struct tool {
    const struct mode *mode;
    const char *directory;
    const struct store_credentials *credentials;
    sd_event *event;
    struct store *store;
    struct progress progress;
    struct distrust distrust;
    struct json_writer *writer;    /* of the members of the result */
    enum store_tool_status status; /* of a job that is done */
};

static const struct mode {
    const char *name;
    enum store_job job; /* where has_job */
    bool has_job;
} modes[] = {
    {"verify", STORE_JOB_VERIFY, true}, {"checkpoint", STORE_JOB_CHECKPOINT, true},
    {"rekey", STORE_JOB_REKEY, true},   {"backup", STORE_JOB_BACKUP, true},
    {"stat", STORE_JOB_VERIFY, false},  {"restore", STORE_JOB_VERIFY, false},
};

__attribute__((format(printf, 1, 2))) static enum store_tool_status fail(const char *format, ...)
{
    va_list arguments;

    (void)fputs("sessmgrd: ", stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    return STORE_TOOL_FAILED;
}

/* Whether a file is missing in the directory. */
static bool is_missing(const struct tool *tool, const char *name)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/%s", tool->directory, name);

    return n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) < 0 && errno == ENOENT;
}

/* Tells of an error of the store, and what to do where that is known. */
static enum store_tool_status fail_store(const struct tool *tool, int r,
                                         const struct store_error *error)
{
    char text[STORE_REPORT_ERROR_BYTES];

    if (r == -EBUSY)
        return fail("%s: a process holds the store. Stop the daemon first: systemctl stop "
                    "sessmgrd.service sessmgrd-login.socket sessmgrd-session.socket",
                    tool->directory);
    store_report_error(error, text);
    if (error->file[0] != '\0')
        (void)fail("%s (%s)", text, strerror(-r));
    else
        (void)fail("%s: %s (%s)", tool->directory, text[0] != '\0' ? text : "it cannot be used",
                   strerror(-r));
    if (tool->credentials->key == NULL && is_missing(tool, STORE_MASTER_KEY_FILE))
        return fail("the master key is not in %s. If it was, put a copy back, as "
                    "%s/" STORE_MASTER_KEY_FILE
                    "; if it is a credential of the service, call this by systemd-run with "
                    "LoadCredential=sessmgr.key, as sessmgrd(8) says",
                    tool->directory, tool->directory);
    return r == -EBADMSG ? STORE_TOOL_DAMAGED : STORE_TOOL_FAILED;
}

/* Root takes the identity of the directory's owner, lest the daemon finds files that it cannot
 * write. */
static bool take_identity(const struct tool *tool)
{
    const char *const paths[] = {tool->credentials->key, tool->credentials->next};
    struct stat status;

    if (stat(tool->directory, &status) < 0) {
        (void)fail("%s: %s", tool->directory, strerror(errno));
        return false;
    }
    if (geteuid() != 0 || status.st_uid == 0)
        return true;
    if (setgroups(0, NULL) < 0 || setgid(status.st_gid) < 0 || setuid(status.st_uid) < 0) {
        (void)fail("cannot become uid %u, which %s belongs to: %s", (unsigned)status.st_uid,
                   tool->directory, strerror(errno));
        return false;
    }
    for (size_t i = 0; i < ELEMENTS(paths); i++)
        if (paths[i] != NULL && access(paths[i], R_OK) < 0) {
            (void)fail("%s: cannot be read by uid %u, which %s belongs to: start this as that user "
                       "(systemd-run with User=)",
                       paths[i], (unsigned)status.st_uid, tool->directory);
            return false;
        }
    return true;
}

static int load_note(const char *key, const void *value, size_t value_bytes, void *userdata)
{
    struct tool *tool = userdata;
    _Alignas(max_align_t) char memory[8 * RESULT_MAX_BYTES + 4096];
    struct arena arena = {.base = memory, .size = sizeof(memory)};

    /* What an earlier call found is still to be acted on. */
    if (distrust_is_record(key))
        distrust_load(&tool->distrust, key, value, value_bytes, &arena);
    return 0;
}

/* The job that is under way fails by itself where the disk takes nothing. */
static void on_availability(int result, void *userdata)
{
    (void)result;
    (void)userdata;
}

/* Writes all of a file to standard output. */
static int copy_out(int fd)
{
    char buffer[COPY_BYTES];
    ssize_t n;

    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        for (ssize_t done = 0; done < n;) {
            ssize_t written = write(STDOUT_FILENO, buffer + done, (size_t)(n - done));

            if (written < 0)
                return -errno;
            done += written;
        }
    return n < 0 ? -errno : 0;
}

static void put_number(struct json_writer *writer, const char *name, uint64_t value)
{
    json_key(writer, name);
    json_int(writer, (int64_t)value);
}

/* What a job came to, as the daemon's replies have it. */
static void write_job(const struct tool *tool, const struct store_job_result *job)
{
    if (tool->mode->job == STORE_JOB_REKEY) {
        json_key(tool->writer, "keyId");
        json_string(tool->writer, job->key_id);
        return;
    }
    if (tool->mode->job != STORE_JOB_BACKUP)
        put_number(tool->writer, "records", job->records);
    put_number(tool->writer, "bytes", job->bytes);
    if (tool->mode->job == STORE_JOB_VERIFY)
        put_number(tool->writer, "sequence", job->sequence);
}

static void on_job_done(int result, struct store_job_result *job, void *userdata)
{
    struct tool *tool = userdata;

    progress_end(&tool->progress);
    if (result >= 0)
        write_job(tool, job);
    else
        tool->status = fail_store(tool, result, &job->error);
    if (result >= 0 && job->fd >= 0) {
        result = copy_out(job->fd);
        if (result < 0)
            tool->status = fail("the backup cannot be written: %s", strerror(-result));
    }
    (void)sd_event_exit(tool->event, 0); /* of a loop that runs */
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct tool *tool = userdata;
    struct store_statistics statistics;

    store_get_statistics(tool->store, &statistics);
    progress_show(&tool->progress, statistics.job_done_bytes, statistics.job_total_bytes);
    return sd_event_source_set_time(source, usec + TICK_USEC);
}

static enum store_tool_status run_job(struct tool *tool)
{
    sd_event_source *tick = NULL;
    int r;

    progress_begin(&tool->progress, tool->mode->name, STDERR_FILENO);
    r = sd_event_add_time_relative(tool->event, &tick, CLOCK_MONOTONIC, TICK_USEC, 0, on_tick,
                                   tool);
    if (r >= 0)
        r = sd_event_source_set_enabled(tick, SD_EVENT_ON);
    if (r >= 0)
        r = store_start_job(tool->store, tool->mode->job, on_job_done, tool);
    if (r >= 0)
        r = sd_event_loop(tool->event);
    sd_event_source_disable_unref(tick);
    return r < 0 ? fail("%s: %s", tool->mode->name, strerror(-r)) : tool->status;
}

/* What was damaged has been put aside by now: nobody else will be told of it. */
static enum store_tool_status tell_distrust(const struct tool *tool)
{
    char text[STORE_REPORT_ERROR_BYTES];

    if (!tool->distrust.damaged)
        return STORE_TOOL_DONE;
    store_report_error(&tool->distrust.error, text);
    (void)fail("%s. It was left out and put aside; the daemon revokes every token when it starts",
               text);
    return STORE_TOOL_DAMAGED;
}

static enum store_tool_status use_store(struct tool *tool)
{
    const struct store_callbacks callbacks = {.availability = on_availability, .userdata = tool};
    struct store_error error = {.offset = -1};
    enum store_tool_status status, distrust;
    int r;

    if (is_missing(tool, STORE_DATA_KEY_FILE))
        return fail("%s: there is no store", tool->directory);
    r = store_open(&tool->store, tool->event, tool->directory, tool->credentials, &callbacks,
                   &error);
    if (r < 0)
        return fail_store(tool, r, &error);
    r = store_load(tool->store, load_note, tool, &error);
    if (r >= 0)
        r = distrust_note(&tool->distrust, tool->store);
    if (r < 0)
        return fail_store(tool, r, &error);
    distrust = tell_distrust(tool);
    if (tool->mode->has_job) {
        status = run_job(tool);
    } else {
        store_report_statistics(tool->writer, tool->store, tool->distrust.damaged);
        status = STORE_TOOL_DONE;
    }
    /* Whoever asked for something else has got it. */
    if (status == STORE_TOOL_DONE && tool->mode->job == STORE_JOB_VERIFY)
        status = distrust;
    return status;
}

static void on_restoring(uint64_t done_bytes, uint64_t total_bytes, void *userdata)
{
    struct tool *tool = userdata;

    progress_show(&tool->progress, done_bytes, total_bytes);
}

static enum store_tool_status restore(struct tool *tool)
{
    struct store_error error = {.offset = -1};
    struct stat status;
    int r;

    if (fstat(STDIN_FILENO, &status) < 0 || !S_ISREG(status.st_mode))
        return fail("restore reads the backup from standard input, which has to be a file: "
                    "sessmgrd --store=restore <FILE");
    progress_begin(&tool->progress, tool->mode->name, STDERR_FILENO);
    r = store_restore(tool->directory, tool->credentials, STDIN_FILENO, "the backup", on_restoring,
                      tool, &error);
    progress_end(&tool->progress);
    if (r < 0)
        return fail_store(tool, r, &error);
    put_number(tool->writer, "bytes", (uint64_t)status.st_size);
    return STORE_TOOL_DONE;
}

static enum store_tool_status run(struct tool *tool)
{
    enum store_tool_status status;
    int r;

    if (!take_identity(tool))
        return STORE_TOOL_FAILED;
    if (strcmp(tool->mode->name, "restore") == 0)
        return restore(tool);
    r = sd_event_new(&tool->event);
    if (r < 0)
        return fail("%s: %s", tool->mode->name, strerror(-r));
    status = use_store(tool);
    store_close(tool->store);
    sd_event_unref(tool->event);
    return status;
}

enum store_tool_status store_tool_run(const char *mode, const char *directory,
                                      const struct store_credentials *credentials)
{
    struct tool tool = {.directory = directory, .credentials = credentials};
    const bool to_stdout = strcmp(mode, "backup") == 0;
    char buffer[RESULT_MAX_BYTES];
    struct json_writer writer;
    enum store_tool_status status;
    struct json text;

    for (size_t i = 0; i < ELEMENTS(modes) && tool.mode == NULL; i++)
        if (strcmp(modes[i].name, mode) == 0)
            tool.mode = &modes[i];
    if (tool.mode == NULL)
        return fail("--store= takes verify, stat, checkpoint, rekey, backup or restore, not %s",
                    mode);
    if (to_stdout && isatty(STDOUT_FILENO))
        return fail("backup writes to standard output: sessmgrd --store=backup >FILE");
    json_writer_init(&writer, buffer, sizeof(buffer));
    json_begin_object(&writer);
    tool.writer = &writer;
    status = run(&tool);
    json_end_object(&writer);
    if (status == STORE_TOOL_FAILED || json_writer_finish(&writer, &text) < 0)
        return STORE_TOOL_FAILED;
    if (text.length > strlen("{}"))
        (void)fprintf(to_stdout ? stderr : stdout, "%.*s\n", (int)text.length, text.text);
    return status;
}
