/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts of a valid session, for tests of the client.
 */
#ifndef SESSMGR_TEST_FAKE_SESSION_H
#define SESSMGR_TEST_FAKE_SESSION_H

#define FAKE_ID    "0123456789abcdef0123456789abcdef"
#define FAKE_ID_2  "fedcba9876543210fedcba9876543210"
#define FAKE_HOST  "11111111111111111111111111111111"
#define FAKE_BOOT  "22222222222222222222222222222222"
#define FAKE_HEAD  "\"user\":\"alice\",\"uid\":1000,\"service\":\"sshd\""
#define FAKE_PLACE "\"leaderPid\":42,\"hostId\":\"" FAKE_HOST "\",\"bootId\":\"" FAKE_BOOT "\""
#define FAKE_LIFE  "\"state\":\"active\",\"durable\":true,\"openedUsec\":1700000000000000"

/* A session with the members that every session has. */
#define FAKE_SESSION_OF(id)                                                                        \
    "{\"sessionId\":\"" id "\"," FAKE_HEAD "," FAKE_PLACE "," FAKE_LIFE ",\"policy\":\"default\"," \
    "\"context\":{}}"
#define FAKE_SESSION FAKE_SESSION_OF(FAKE_ID)

/* One with all members, of a daemon that is newer than the library. */
#define FAKE_SESSION_FULL                                                                         \
    "{\"sessionId\":\"" FAKE_ID "\"," FAKE_HEAD "," FAKE_PLACE ",\"state\":\"frozen\","           \
    "\"durable\":false,\"openedUsec\":1,\"policy\":\"p\",\"context\":{\"ticket\":\"42\",\"a\":"   \
    "\"b\"},"                                                                                     \
    "\"terminal\":\"/dev/pts/3\",\"remoteHost\":\"192.0.2.1\",\"remoteUser\":\"bob\","            \
    "\"connection\":\"c\",\"authMethod\":\"publickey\",\"authKey\":\"SHA256:k\","                 \
    "\"logindSession\":\"7\",\"auditSession\":8,\"parentSession\":\"" FAKE_ID_2 "\","             \
    "\"deadlineUsec\":2,\"endedUsec\":3,\"endReason\":\"boredom\",\"lastActivityUsec\":9,"        \
    "\"authExpiresUsec\":4,\"deadlineReason\":\"hours\",\"idleDeadlineUsec\":5,\"adopted\":true," \
    "\"scopes\":[\"read\",\"write\"],\"mood\":\"fine\"}"

#define FAKE_DESCRIBED(session) "{\"parameters\":{\"session\":" session "}}"
#define FAKE_DESCRIBED_WITH(session, rule) \
    "{\"parameters\":{\"session\":" session ",\"rule\":" rule "}}"
#define FAKE_ERROR(name) "{\"error\":\"" name "\"}"

#endif
