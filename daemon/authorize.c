/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the question who a caller is; see authorize.h.
 */
#include <config.h>

#include "daemon/authorize.h"

#include "daemon/locate.h"
#include "daemon/manager.h"

static unsigned classify_self(const struct manager *manager, const struct peer *peer)
{
    unsigned callers = CALLER_ANYONE;

    if (peer->uid == 0)
        callers |= CALLER_ROOT;
    if (manager->admin_group != (gid_t)-1 && peer_in_group(peer, manager->admin_group))
        callers |= CALLER_ADMIN;
    if (manager->verifier_group != (gid_t)-1 && peer_in_group(peer, manager->verifier_group))
        callers |= CALLER_VERIFIER;
    return callers;
}

static bool is_owner(const struct peer *peer, const struct session *session)
{
    return (int64_t)peer->uid == session->record.info.uid;
}

bool authorize_speaks_for(uid_t uid, const struct session *session)
{
    return uid == 0 || (int64_t)uid == session->record.info.uid;
}

static bool is_member(struct manager *manager, const struct peer *peer,
                      const struct session *session)
{
    return authorize_speaks_for(peer->uid, session) &&
           locate_session_of_peer(manager, peer) == session;
}

unsigned authorize_classify(struct manager *manager, const struct peer *peer,
                            const struct session *session)
{
    unsigned callers = classify_self(manager, peer);

    if (session != NULL && is_owner(peer, session))
        callers |= CALLER_OWNER;
    if (session != NULL && is_member(manager, peer, session))
        callers |= CALLER_MEMBER;
    return callers;
}

bool authorize_session(struct manager *manager, const struct peer *peer, unsigned callers,
                       const struct session *session)
{
    /* Membership is asked last: it reads /proc. */
    if ((classify_self(manager, peer) & callers) != 0)
        return true;
    if ((callers & CALLER_OWNER) != 0 && is_owner(peer, session))
        return true;
    return (callers & CALLER_MEMBER) != 0 && is_member(manager, peer, session);
}
