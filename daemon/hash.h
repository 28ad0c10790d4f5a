/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * uthash, told not to end the process when memory is short: an element that could not be put into a
 * table has its member `unplaced` set instead, and is not in it.
 */
#ifndef SESSMGR_HASH_H
#define SESSMGR_HASH_H

#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) ((element)->unplaced = true)
#include <uthash.h>

#endif
