/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a handle is made of: shared by the calls (sessmgr.c) and the stream (watch.c).
 */
#ifndef SESSMGR_HANDLE_H
#define SESSMGR_HANDLE_H

#include "libsessmgr/connection.h"

struct sessmgr {
    bool busy; /* a callback is running: replies of its call are still on the connection */
    struct connection connection;
};

#endif
