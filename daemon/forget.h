/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Forgetting a user: what is personal in the records of ended sessions goes, and that there was a
 * session stays, so that counts and times of the past remain right.
 */
#ifndef SESSMGR_FORGET_H
#define SESSMGR_FORGET_H

#include <stddef.h>
#include <stdint.h>

struct manager;

/*
 * Removes from a user's ended sessions, here and in the store, all but the ID, the service, the
 * times, the policy, host and boot, and the end reason; and the user's name from others' ended
 * sessions that it opened (su, sudo). One whose end is not told yet has not ended. What is left on
 * the disk of the records from before is gone once all that was submitted is durable and a
 * checkpoint has followed. *ret_count: how many sessions were the user's. Error: -ENOMEM, and then
 * some may have been left; a repeat takes them up.
 */
int forget_user(struct manager *manager, int64_t uid, size_t *ret_count);

#endif
