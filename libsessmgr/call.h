/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One Varlink call over a connection: connects where there is no usable connection, sends, and
 * yields the replies one by one. All errors are those of sessmgr.h. After any of them but the ones
 * that the daemon itself answered, and -ETIMEDOUT of call_next(), the connection is closed.
 */
#ifndef SESSMGR_CALL_H
#define SESSMGR_CALL_H

#include "common/fields.h"
#include "libsessmgr/connection.h"

/*
 * Sends a call. method: fully qualified. parameters: the structure that table describes, or NULL
 * for none. more: several replies are welcome.
 */
int call_begin(struct connection *connection, const char *method, bool more,
               const struct field_table *table, const void *parameters, uint64_t deadline);

/*
 * Waits for the next reply. *ret_parameters is borrowed from the connection until the next receive,
 * call or close. *ret_continues: further replies follow. A call that the daemon hung up on before
 * it had read it is sent once more, over a new connection: that is what a restart of the daemon
 * looks like.
 */
int call_next(struct connection *connection, uint64_t deadline, struct json *ret_parameters,
              bool *ret_continues);

/* Waits for the one reply of a call, and drops the connection where there is none in time or more
 * are to come. */
int call_finish(struct connection *connection, uint64_t deadline, struct json *ret_parameters);

/* A whole call with exactly one reply, within the connection's time-out. */
int call_once(struct connection *connection, const char *method, const struct field_table *table,
              const void *parameters, struct json *ret_parameters);

/*
 * A call that is answered in as many replies as it takes, within the connection's time-out. visit:
 * gets the parameters of each, borrowed, and userdata; anything but 0 from it ends the call and is
 * returned. The time that it takes does not count.
 */
int call_each(struct connection *connection, const char *method, const struct field_table *table,
              const void *parameters, int (*visit)(struct json answer, void *userdata),
              void *userdata);

/* As call_once(), for a call without parameters that a descriptor goes with. fd: borrowed; it is
 * sent again where the call is. */
int call_once_with_fd(struct connection *connection, const char *method, int fd,
                      struct json *ret_parameters);

/* As call_once(), for a call without parameters that is answered with a descriptor too. *ret_fd:
 * the caller's, close-on-exec. Error: -EPROTO also where none came. */
int call_once_for_fd(struct connection *connection, const char *method, struct json *ret_parameters,
                     int *ret_fd);

/* Whether an error means that the daemon is not there just now, as while it is restarted. */
bool call_is_away(int error);

/* Waits a little before the next attempt to reach a daemon that is away, not beyond the deadline.
 */
void call_pause(uint64_t deadline);

#endif
