/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the module's tests stand on: see scene.h. */
#include "config.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"
#include "common/varlink.h"
#include "tests/pam/interpose.h"
#include "tests/pam/scene.h"

#define SERVICE        "sshd"
#define MODULE_DEFAULT "./.libs/pam_sessmgr.so"

static void check(bool good)
{
    if (!good)
        abort();
}

static void write_file(const char *path, const char *text)
{
    CLEANUP(closep) int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    check(file >= 0);
    check(write(file, text, strlen(text)) == (ssize_t)strlen(text));
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int scene_setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        return -1;
    scene->fake.listener = -1;
    (void)snprintf(scene->folder, sizeof(scene->folder), "/tmp/sessmgr-pam-XXXXXX");
    check(mkdtemp(scene->folder) != NULL);
    (void)snprintf(scene->socket_folder, sizeof(scene->socket_folder), "%s/run", scene->folder);
    (void)snprintf(scene->socket, sizeof(scene->socket), "%s/login", scene->socket_folder);
    check(mkdir(scene->socket_folder, 0755) == 0);
    interpose_reset();
    *state = scene;
    return 0;
}

int scene_teardown(void **state)
{
    struct scene *scene = *state;

    if (scene->handle != NULL)
        (void)pam_end(scene->handle, PAM_SUCCESS);
    fake_stop(&scene->fake);
    (void)nftw(scene->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(scene);
    return 0;
}

void scene_serve(struct scene *scene, const struct fake_step *steps, size_t count)
{
    char calls[128];

    (void)snprintf(calls, sizeof(calls), "%s/calls", scene->folder);
    fake_listen(&scene->fake, scene->socket, calls, 8);
    fake_serve(&scene->fake, steps, count);
}

void scene_answer(struct scene *scene, const char *first, const char *second, const char *third,
                  const char *fourth)
{
    const char *const texts[] = {first, second, third, fourth};
    struct fake_step steps[ELEMENTS(texts)];
    size_t count = 0;

    while (count < ELEMENTS(texts) && texts[count] != NULL) {
        steps[count] = (struct fake_step){FAKE_REPLY, texts[count]};
        count++;
    }
    scene_serve(scene, steps, count);
}

/* Keeps what is shown, and answers nothing. */
static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    struct scene *scene = data;

    for (int i = 0; i < count; i++) {
        size_t used = strlen(scene->shown);

        (void)snprintf(scene->shown + used, sizeof(scene->shown) - used, "%c %s\n",
                       messages[i]->msg_style == PAM_ERROR_MSG ? 'E' : 'I', messages[i]->msg);
    }
    *responses = calloc((size_t)count, sizeof(**responses));
    return *responses == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

pam_handle_t *scene_start_handle(struct scene *scene, const char *user)
{
    const struct pam_conv conversation = {.conv = converse, .appdata_ptr = scene};
    pam_handle_t *handle = NULL;

    check(pam_start_confdir(SERVICE, user, &conversation, scene->folder, &handle) == PAM_SUCCESS);
    return handle;
}

void scene_start(struct scene *scene, const char *user, const char *extra)
{
    const char *named = getenv("SESSMGR_PAM_MODULE");
    CLEANUP(freep) char *text = NULL;
    char path[128];

    if (realpath(named != NULL ? named : MODULE_DEFAULT, scene->module) == NULL) {
        (void)fprintf(stderr, "there is no module: set SESSMGR_PAM_MODULE\n");
        exit(EXIT_FAILURE);
    }
    (void)snprintf(scene->arguments, sizeof(scene->arguments), "socket=%s %s", scene->socket,
                   extra);
    check(asprintf(&text, "account required %s %s\nsession required %s %s\n", scene->module,
                   scene->arguments, scene->module, scene->arguments) > 0);
    (void)snprintf(path, sizeof(path), "%s/" SERVICE, scene->folder);
    write_file(path, text);
    /* libpam logs its absence */
    (void)snprintf(path, sizeof(path), "%s/other", scene->folder);
    write_file(path, "account required pam_deny.so\n");
    scene->handle = scene_start_handle(scene, user);
}

bool scene_asked(const struct scene *scene, size_t index, const char *text)
{
    char call[VARLINK_MESSAGE_MAX_BYTES + 1];

    fake_get_call(&scene->fake, index, call, sizeof(call));
    return strstr(call, text) != NULL;
}

int scene_in_child(struct scene *scene, int (*function)(struct scene *scene))
{
    int status = 0;
    pid_t pid = fork();

    check(pid >= 0);
    if (pid == 0)
        _exit(function(scene));
    check(waitpid(pid, &status, 0) == pid);
    check(WIFEXITED(status));
    return WEXITSTATUS(status);
}

long scene_now_msec(void)
{
    struct timespec now;

    check(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void scene_become_root(void)
{
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    char map[64];

    if (uid == 0)
        return;
    if (unshare(CLONE_NEWUSER) < 0) {
        perror("these tests need root or a user namespace");
        exit(EXIT_FAILURE);
    }
    write_file("/proc/self/setgroups", "deny");
    (void)snprintf(map, sizeof(map), "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    (void)snprintf(map, sizeof(map), "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
    check(geteuid() == 0);
}
