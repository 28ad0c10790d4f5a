/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs the offline modes of sessmgrd, which alone knows the store's files; see store.h.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "ctl/format.h"
#include "ctl/sessmgrd.h"
#include "ctl/store.h"

enum exit_code store_offline_run(struct store_request *request, int in, int out)
{
    CLEANUP(freep) char *printable = NULL;
    const char *program = sessmgrd_path(request->options);
    char mode[64];
    int status;

    (void)snprintf(mode, sizeof(mode), "--store=%s", request->word); /* a word of ours */
    status = sessmgrd_run(&(const struct sessmgrd_run){.program = program,
                                                       .options = {mode},
                                                       .in = in,
                                                       .out = out,
                                                       .text = request->text,
                                                       .size = sizeof(request->text)});
    if (status == CODE_OK || status == CODE_DAMAGED)
        return (enum exit_code)status;
    printable = format_printable(program);
    if (status == SESSMGRD_NOT_RUN)
        fprintf(stderr, "sessmgrctl: the daemon cannot be reached, and %s cannot be run\n",
                printable ? printable : "sessmgrd");
    return CODE_FAILED;
}

static void read_member(const char *key, const char *value, void *userdata)
{
    struct store_answer *answer = userdata;
    const struct {
        const char *name;
        int64_t *number;
    } numbers[] = {
        {"records", &answer->records}, {"bytes", &answer->bytes}, {"sequence", &answer->sequence}};
    size_t length = strlen(value);

    for (size_t i = 0; i < ELEMENTS(numbers); i++)
        if (strcmp(key, numbers[i].name) == 0)
            *numbers[i].number = strtoimax(value, NULL, 10);
    if (strcmp(key, "keyId") == 0 && length >= 2 && length - 2 < sizeof(answer->key_id))
        (void)snprintf(answer->key_id, sizeof(answer->key_id), "%.*s", (int)length - 2, value + 1);
}

void store_answer_read(const char *text, struct store_answer *ret)
{
    *ret = STORE_ANSWER_NONE;
    (void)json_for_each(text, read_member, ret); /* what cannot be read is not told */
}
