/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `check-config`: has sessmgrd look at a configuration, and at no daemon.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/macro.h"
#include "ctl/ctl.h"
#include "ctl/format.h"
#include "ctl/options.h"
#include "ctl/sessmgrd.h"

/* To sessmgrd a configuration that is not there is an empty one, with which nothing is wrong. */
static enum exit_code check_directory(const char *path)
{
    CLEANUP(closep) int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? failure_tell_system(path, -errno, "") : CODE_OK;
}

enum exit_code command_check_config(struct sessmgr *handle, const struct options *options,
                                    char *const *arguments, size_t count)
{
    CLEANUP(freep) char *config = NULL;
    CLEANUP(freep) char *printable = NULL;
    const char *directory = count > 0 ? arguments[0] : SYSCONFDIR "/sessmgr";
    const char *program = sessmgrd_path(options);
    int status;

    (void)handle; /* needs no daemon */
    if (options->json != JSON_OFF)
        return usage_error("--json= is not for ", "check-config");
    if (count > 0 && check_directory(directory) != CODE_OK)
        return CODE_FAILED;
    if (asprintf(&config, "--config=%s/sessmgrd.conf", directory) < 0)
        return failure_tell("check-config", -ENOMEM, "");
    status = sessmgrd_run(&(const struct sessmgrd_run){.program = program,
                                                       .options = {"--check-config", config},
                                                       .in = STDIN_FILENO,
                                                       .out = STDOUT_FILENO});
    printable = format_printable(program);
    if (status == SESSMGRD_NOT_RUN)
        fprintf(stderr, "sessmgrctl: %s cannot be run\n", printable ? printable : "sessmgrd");
    return status == 0 ? CODE_OK : CODE_FAILED;
}
