/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Owns the form of a session in the store; see session-record.h.
 */
#include <config.h>

#include "daemon/session-record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/macro.h"
#include "daemon/policy.h"

#define SESSION_KEY_PREFIX "session/"

static const char *const members_by_names[] = {
    [MEMBERS_BY_SCOPE] = "scope",
    [MEMBERS_BY_AUDIT] = "audit",
    [MEMBERS_BY_TREE] = "tree",
    NULL,
};

#define AT(member) .offset = offsetof(struct session_record, member)
static const struct field record_fields[] = {
    {"session", FIELD_OBJECT, 0, AT(info), .sub = &session_info_fields},
    {"membersBy", FIELD_ENUM, 0, AT(members_by), .names = members_by_names},
    {"scope", FIELD_STRING, FIELD_OPTIONAL, AT(scope), .max = PROCESS_CGROUP_MAX_BYTES},
    {"initStartTicks", FIELD_UINT, FIELD_OPTIONAL, AT(init_start_ticks)},
    {"leaderStartTicks", FIELD_UINT, FIELD_OPTIONAL, AT(leader_start_ticks)},
    {"openedBoottimeUsec", FIELD_UINT, 0, AT(opened_boottime_usec)},
    {"deadlineBoottimeUsec", FIELD_UINT, FIELD_OPTIONAL, AT(deadline_boottime_usec)},
    {"hoursEndUsec", FIELD_UINT, FIELD_OPTIONAL, AT(hours_end_usec)},
    {"hoursExtendedUsec", FIELD_UINT, FIELD_OPTIONAL, AT(hours_extended_usec)},
    {"extendedCount", FIELD_UINT, FIELD_OPTIONAL, AT(extended_count)},
    {"activeBoottimeUsec", FIELD_UINT, FIELD_OPTIONAL, AT(active_boottime_usec)},
    {"noticeBoottimeUsec", FIELD_UINT, FIELD_OPTIONAL, AT(notice_boottime_usec)},
    {"toldSec", FIELD_UINT, FIELD_OPTIONAL, AT(told_sec)},
    {"policyId", FIELD_STRING, FIELD_OPTIONAL | FIELD_PRINTABLE, AT(policy_id),
     .max = POLICY_ID_BYTES},
    {"graceUsec", FIELD_UINT, 0, AT(grace_usec)},
    {"killProcesses", FIELD_ENUM, 0, AT(kill_processes), .names = kill_processes_names},
    {"tokenFamily", FIELD_UINT, FIELD_ADDED, AT(token_family)},
    {"jwtRevokedUntilSec", FIELD_UINT, FIELD_OPTIONAL, AT(jwt_revoked_until_sec)},
    {"tokenFile", FIELD_BOOL, FIELD_ADDED, AT(token_file)},
};
#undef AT

const struct field_table session_record_fields = {
    .fields = record_fields,
    .count = ELEMENTS(record_fields),
    .struct_size = sizeof(struct session_record),
    .tolerant = true,
};

void session_record_key(const char *session_id, char buffer[static SESSION_KEY_MAX_BYTES])
{
    (void)snprintf(buffer, SESSION_KEY_MAX_BYTES, SESSION_KEY_PREFIX "%s",
                   session_id); /* an ID always fits */
}

bool session_record_is_key(const char *key)
{
    return strncmp(key, SESSION_KEY_PREFIX, strlen(SESSION_KEY_PREFIX)) == 0;
}

int session_record_encode(const struct session_record *record, char *buffer, size_t size)
{
    struct json_writer writer;
    struct json text;
    int r;

    json_writer_init(&writer, buffer, size);
    fields_encode(&session_record_fields, record, &writer);
    r = json_writer_finish(&writer, &text);
    if (r < 0)
        return r;
    return (int)text.length;
}

int session_record_decode(const void *value, size_t value_bytes, struct arena *arena,
                          struct session_record *ret)
{
    struct session_record record;
    struct json text;
    int r;

    r = json_parse(value, value_bytes, &text);
    if (r < 0)
        return r;
    r = fields_decode(&session_record_fields, text, arena, &record, NULL);
    if (r < 0)
        return r;
    if (strlen(record.info.session_id) != SESSION_ID_BYTES)
        return -EINVAL;
    if (record.info.state != STATE_ACTIVE && record.info.end_reason == END_NONE)
        return -EINVAL;
    if (record.info.uid < 0 && record.info.state != STATE_ENDED)
        return -EINVAL;
    if (record.members_by == MEMBERS_BY_SCOPE && record.scope == NULL)
        return -EINVAL;
    if (record.info.last_activity_usec < 0) /* of a version before */
        record.info.last_activity_usec = record.info.opened_usec;
    if (record.extended_count < 0)
        record.extended_count = 0;
    if (record.token_family < 0)
        record.token_family = TOKEN_FAMILY_FIRST;
    *ret = record;
    return 0;
}
