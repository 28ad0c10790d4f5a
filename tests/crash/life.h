/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A short life of a store in which something fails, and what has to hold all the same: nothing
 * acknowledged is lost, nothing is acknowledged that failed, the store says once that it is out of
 * order and comes back, and nothing takes for ever.
 */
#ifndef SESSMGR_TESTS_CRASH_LIFE_H
#define SESSMGR_TESTS_CRASH_LIFE_H

#include "tests/crash/owner.h"

/* What makes things fail, and stops it. */
struct life_fault {
    void (*arm)(void *userdata);
    void (*heal)(void *userdata);
    /* The hook of all calls, or NULL: the recorder's own. */
    ssize_t (*hook)(const struct interpose_call *call, void *userdata);
    struct recorder *recorder; /* for the hook; set by the life */
    void *userdata;
    bool may_wait;   /* until it is healed, nothing has to be completed */
    bool may_damage; /* what fails is told as damage, with reason */
};

/*
 * Lives it, in a process of its own, and prints what is wrong on standard error, after name.
 * Returns 0, or -1: something is wrong, it died, or it had no end.
 */
int life_run(const char *name, struct life_fault *fault);

#endif
