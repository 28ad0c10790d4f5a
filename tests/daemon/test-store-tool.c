/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sessmgrd --store=: the offline modes. What follows from damage is in test-store-damage. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/macro.h"
#include "tests/daemon/actor.h"
#include "tests/daemon/harness.h"
#include "tests/daemon/namespace.h"
#include "tests/daemon/reply.h"
#include "tests/daemon/seed.h"
#include "tests/daemon/store-scene.h"

/* A store with three ended sessions, and none that a process leads. */
static void fill(const struct harness *harness)
{
    struct seed seeds[3];

    for (unsigned i = 0; i < ELEMENTS(seeds); i++) {
        seed_init(&seeds[i], i + 1);
        seed_end(&seeds[i], 0);
    }
    seed_store(harness, seeds, ELEMENTS(seeds));
}

static void test_tool__modes_that_look__say_what_there_is(void **state)
{
    struct harness *harness = *state;
    const struct store_tool_result *result;

    fill(harness);
    result = store_scene_tool(harness, "verify", -1, -1);
    assert_string_equal(result->err, "");
    assert_int_equal(result->status, 0);
    assert_int_equal(reply_int(result->out, "records"), 3);
    assert_true(reply_int(result->out, "bytes") > 0);
    assert_true(reply_int(result->out, "sequence") > 0);
    result = store_scene_tool(harness, "checkpoint", -1, -1);
    assert_int_equal(result->status, 0);
    assert_int_equal(reply_int(result->out, "records"), 3);
    result = store_scene_tool(harness, "stat", -1, -1);
    assert_int_equal(result->status, 0);
    assert_int_equal(reply_int(result->out, "storeCheckpointRecords"), 3);
    assert_non_null(strstr(result->out, "\"storeDamaged\":false"));
}

static void test_tool__daemon_runs__refused(void **state)
{
    static const char *const modes[] = {"verify", "stat", "checkpoint", "rekey", "backup"};
    struct harness *harness = *state;
    const struct store_tool_result *result;
    CLEANUP(closep) int backup = -1;

    harness_start(harness);
    for (size_t i = 0; i < ELEMENTS(modes); i++) {
        result = store_scene_tool(harness, modes[i], -1, -1);
        assert_int_equal(result->status, 1);
        assert_string_equal(result->out, "");
        assert_non_null(strstr(result->err, "a process holds the store. Stop the daemon first"));
    }
    backup = store_scene_keep(store_scene_backup(harness));
    result = store_scene_tool(harness, "restore", backup, -1);
    assert_int_equal(result->status, 1);
    assert_non_null(strstr(result->err, "a process holds the store. Stop the daemon first"));
    assert_string_equal(
        reply_error(harness_ask(harness, SOCKET_SESSION, "io.sessmgr.Manager.VerifyStore", "{}")),
        "");
}

static void test_tool__no_store__makes_none(void **state)
{
    struct harness *harness = *state;
    const struct store_tool_result *result = store_scene_tool(harness, "verify", -1, -1);

    assert_int_equal(result->status, 1);
    assert_non_null(strstr(result->err, "there is no store"));
    assert_int_equal(harness_entries(harness->state), 2); /* . and .. */
    (void)snprintf(harness->state, sizeof(harness->state), "%.64s/none", harness->folder);
    result = store_scene_tool(harness, "verify", -1, -1);
    assert_int_equal(result->status, 1);
    assert_non_null(strstr(result->err, "/none: No such file or directory"));
}

static void test_tool__no_such_mode__says_which_there_are(void **state)
{
    const struct store_tool_result *result = store_scene_tool(*state, "mend", -1, -1);

    assert_int_equal(result->status, 1);
    assert_non_null(strstr(result->err, "backup or restore, not mend"));
}

static void test_tool__master_key_is_a_credential__says_what_to_do(void **state)
{
    struct harness *harness = *state;
    const struct store_tool_result *result;

    harness_credential(harness, "sessmgr.key", 'o');
    harness_start(harness);
    harness_stop(harness);
    harness_credential(harness, "sessmgr.key", 0);
    result = store_scene_tool(harness, "verify", -1, -1);
    assert_int_equal(result->status, 1); /* nothing is damaged */
    assert_non_null(strstr(result->err, "LoadCredential=sessmgr.key"));
    harness_credential(harness, "sessmgr.key", 'x');
    assert_int_not_equal(store_scene_tool(harness, "verify", -1, -1)->status, 0);
    harness_credential(harness, "sessmgr.key", 'o');
    assert_int_equal(store_scene_tool(harness, "verify", -1, -1)->status, 0);
}

static void test_rekey__new_key__opens_with_that_one_alone(void **state)
{
    struct harness *harness = *state;
    const struct store_tool_result *result;

    harness_credential(harness, "sessmgr.key", 'o');
    harness_start(harness);
    harness_stop(harness);
    result = store_scene_tool(harness, "rekey", -1, -1);
    assert_int_equal(result->status, 1);
    assert_non_null(strstr(result->err, "sessmgr.key.next"));
    harness_credential(harness, "sessmgr.key.next", 'n');
    result = store_scene_tool(harness, "rekey", -1, -1);
    assert_string_equal(result->err, "");
    assert_int_equal(strlen(reply_text(result->out, "keyId")), 16);
    harness_credential(harness, "sessmgr.key.next", 0);
    assert_int_not_equal(store_scene_tool(harness, "verify", -1, -1)->status, 0);
    harness_credential(harness, "sessmgr.key", 'n');
    assert_int_equal(store_scene_tool(harness, "verify", -1, -1)->status, 0);
    harness_start(harness);
}

static void test_backup__restored_elsewhere__is_the_same_store(void **state)
{
    struct harness *harness = *state;
    const struct store_tool_result *result;
    CLEANUP(closep) int backup = memfd_create("backup", MFD_CLOEXEC);
    struct stat status;

    harness_credential(harness, "sessmgr.key", 'o');
    harness_start(harness);
    harness_stop(harness);
    result = store_scene_tool(harness, "backup", -1, backup);
    assert_int_equal(result->status, 0);
    assert_int_equal(fstat(backup, &status), 0);
    assert_int_equal(reply_int(result->err, "bytes"), status.st_size);
    (void)snprintf(harness->state, sizeof(harness->state), "%.64s/other", harness->folder);
    assert_int_equal(mkdir(harness->state, 0700), 0);
    assert_int_equal(lseek(backup, 0, SEEK_SET), 0);
    result = store_scene_tool(harness, "restore", backup, -1);
    assert_string_equal(result->err, "");
    assert_int_equal(result->status, 0);
    assert_int_equal(reply_int(result->out, "bytes"), status.st_size);
    result = store_scene_tool(harness, "verify", -1, -1);
    assert_int_equal(result->status, 0);
    assert_int_equal(reply_int(result->out, "records"), 1 + 1); /* a signing key, and the note that
                                                                   it was restored */
    harness_start(harness);
}

static void test_restore__no_good_backup__changes_nothing(void **state)
{
    struct harness *harness = *state;
    const struct store_tool_result *result;
    CLEANUP(closep) int backup = memfd_create("backup", MFD_CLOEXEC);
    char byte;

    fill(harness);
    result = store_scene_tool(harness, "backup", -1, backup);
    assert_int_equal(result->status, 0);
    assert_int_equal(pread(backup, &byte, 1, 300), 1);
    byte = (char)~byte;
    assert_int_equal(pwrite(backup, &byte, 1, 300), 1);
    assert_int_equal(lseek(backup, 0, SEEK_SET), 0);
    result = store_scene_tool(harness, "restore", backup, -1);
    assert_int_equal(result->status, 3);
    assert_non_null(strstr(result->err, "the backup"));
    assert_int_equal(ftruncate(backup, 0), 0);
    assert_int_not_equal(store_scene_tool(harness, "restore", backup, -1)->status, 0);
    result = store_scene_tool(harness, "restore", -1, -1); /* /dev/null is no file */
    assert_int_equal(result->status, 1);
    assert_non_null(strstr(result->err, "has to be a file"));
    assert_int_equal(reply_int(store_scene_tool(harness, "verify", -1, -1)->out, "records"), 3);
}

static void test_backup__output_is_full__says_so(void **state)
{
    struct harness *harness = *state;
    const struct store_tool_result *result;
    CLEANUP(closep) int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    fill(harness);
    result = store_scene_tool(harness, "backup", -1, full);
    assert_int_equal(result->status, 1);
    assert_non_null(strstr(result->err, "No space left on device"));
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, harness_setup, harness_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_tool__modes_that_look__say_what_there_is),
        TEST(test_tool__daemon_runs__refused),
        TEST(test_tool__no_store__makes_none),
        TEST(test_tool__no_such_mode__says_which_there_are),
        TEST(test_tool__master_key_is_a_credential__says_what_to_do),
        TEST(test_rekey__new_key__opens_with_that_one_alone),
        TEST(test_backup__restored_elsewhere__is_the_same_store),
        TEST(test_restore__no_good_backup__changes_nothing),
        TEST(test_backup__output_is_full__says_so),
    };

    namespace_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
