/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which processes belong to a session, and which never do (daemon/members.h). Long because a wrong
 * guess kills a host: each way of being taken for a member has a test of its own.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"
#include "daemon/members.h"

#define USER_SLICE "/user.slice/user-1000.slice"
#define SCOPE_3    USER_SLICE "/session-3.scope"
#define SCOPE_4    USER_SLICE "/session-4.scope"
#define MANAGER    USER_SLICE "/user@1000.service"

enum { SELF = 500, CHAIN_COUNT = 10000 };

/* audit_: an audit session, or PROCESS_AUDIT_SESSION_NONE */
#define PROCESS(pid_, ppid_, uid_, start_, audit_, comm_, cgroup_)                               \
    {                                                                                            \
        .pid = (pid_), .ppid = (ppid_), .uid = (uid_), .euid = (uid_), .state = 'S',             \
        .start_ticks = (start_), .audit_session = (audit_), .comm = (comm_), .cgroup = (cgroup_) \
    }

/*
 * A host: two logins of one user, a sudo in the first, and programs of the user in neither. 205 was
 * nohup'ed, its parent has gone; 206 is a zombie.
 */
static const struct process host[] = {
    PROCESS(1, 0, 0, 1, -1, "systemd", "/init.scope"),
    PROCESS(100, 1, 0, 50, -1, "sshd", "/system.slice/ssh.service"),
    PROCESS(200, 100, 0, 200, 3, "sshd", SCOPE_3),
    PROCESS(201, 200, 1000, 201, 3, "sshd", SCOPE_3),
    PROCESS(202, 201, 1000, 202, 3, "bash", SCOPE_3),
    PROCESS(203, 202, 0, 203, 3, "sudo", SCOPE_3),
    PROCESS(204, 203, 0, 204, 3, "bash", SCOPE_3),
    PROCESS(205, 1, 1000, 205, 3, "sleep", SCOPE_3 "/below"),
    PROCESS(206, 202, 1000, 206, 3, "true", SCOPE_3),
    PROCESS(300, 100, 0, 300, 4, "sshd", SCOPE_4),
    PROCESS(301, 300, 1000, 301, 4, "sshd", SCOPE_4),
    PROCESS(302, 301, 1000, 302, 4, "bash", SCOPE_4),
    PROCESS(350, 100, 1000, 350, 30, "bash", USER_SLICE "/session-30.scope"),
    PROCESS(400, 1, 1000, 199, 5, "systemd", MANAGER "/init.scope"),
    PROCESS(401, 400, 1000, 401, 5, "bystander", MANAGER "/app.slice"),
    PROCESS(SELF, 1, 999, 100, -1, "sessmgrd", "/system.slice/sessmgrd.service"),
};

/* A copy of the host that a test may spoil. */
struct fixture {
    struct process items[ELEMENTS(host)];
    struct process_table table;
    struct members_query query;
};

static struct process *item(struct fixture *fixture, pid_t pid)
{
    const struct process *found = process_table_find(&fixture->table, pid);

    assert_non_null(found);
    return &fixture->items[found - fixture->items];
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    memcpy(fixture->items, host, sizeof(host));
    fixture->table = (struct process_table){fixture->items, ELEMENTS(host)};
    fixture->query.self = SELF;
    item(fixture, 206)->state = 'Z';
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void use_scope(struct fixture *fixture, const char *scope)
{
    fixture->query.by = MEMBERS_BY_SCOPE;
    fixture->query.scope = scope;
}

static void use_audit(struct fixture *fixture, int64_t audit_session)
{
    fixture->query.by = MEMBERS_BY_AUDIT;
    fixture->query.audit_session = audit_session;
}

static void use_tree(struct fixture *fixture, pid_t leader)
{
    fixture->query.by = MEMBERS_BY_TREE;
    fixture->query.leader = leader;
    fixture->query.leader_start_ticks = item(fixture, leader)->start_ticks;
}

/* Compares the members with pids, which end with 0. */
static void assert_members(const struct fixture *fixture, const pid_t *pids)
{
    pid_t found[ELEMENTS(host) + 1] = {0};
    size_t *indexes = NULL;
    int count = members_find(&fixture->table, &fixture->query, &indexes);

    assert_in_range(count, 0, ELEMENTS(host));
    for (int i = 0; i < count; i++)
        found[i] = fixture->items[indexes[i]].pid;
    free(indexes);
    for (size_t i = 0; i == 0 || pids[i - 1] != 0; i++)
        assert_int_equal(found[i], pids[i]);
}

#define ASSERT_MEMBERS(fixture, ...) assert_members(fixture, (const pid_t[]){__VA_ARGS__, 0})
#define ASSERT_NO_MEMBERS(fixture)   assert_members(fixture, (const pid_t[]){0})

static void test_members_find__scope__all_in_and_below_it_and_no_bystander(void **state)
{
    struct fixture *fixture = *state;

    use_scope(fixture, SCOPE_3);
    ASSERT_MEMBERS(fixture, 200, 201, 202, 203, 204, 205);
    use_scope(fixture, SCOPE_3 "/");
    ASSERT_MEMBERS(fixture, 200, 201, 202, 203, 204, 205);
}

static void test_members_find__scope_that_names_nothing__nobody(void **state)
{
    static const char *const scopes[] = {
        NULL,
        "",
        "/",
        "//",
        "///",
        "session-3.scope",
        "relative/",
        "/user.slice/user-1000.slic",
        SCOPE_3 "/nobody",
        USER_SLICE "/session-3.scop",
        USER_SLICE "/session-",
    };

    for (size_t i = 0; i < ELEMENTS(scopes); i++) {
        use_scope(*state, scopes[i]);
        ASSERT_NO_MEMBERS((struct fixture *)*state);
    }
}

static void test_members_find__process_without_cgroup__never_in_a_scope(void **state)
{
    struct fixture *fixture = *state;

    item(fixture, 202)->cgroup[0] = '\0';
    use_scope(fixture, SCOPE_3);
    ASSERT_MEMBERS(fixture, 200, 201, 203, 204, 205);
}

static void test_members_find__scope_of_process_1__nobody(void **state)
{
    struct fixture *fixture = *state;

    memcpy(item(fixture, 1)->cgroup, SCOPE_3, sizeof(SCOPE_3));
    use_scope(fixture, SCOPE_3);
    ASSERT_NO_MEMBERS(fixture);
    use_scope(fixture, "/user.slice");
    ASSERT_NO_MEMBERS(fixture);
}

static void test_members_find__daemon_inside_the_scope__spared_with_all_above_it(void **state)
{
    struct fixture *fixture = *state;
    struct process *self = item(fixture, SELF);

    self->ppid = 204;
    memcpy(self->cgroup, SCOPE_3, sizeof(SCOPE_3));
    self->audit_session = 3;
    use_scope(fixture, SCOPE_3);
    ASSERT_MEMBERS(fixture, 205);
    use_audit(fixture, 3);
    ASSERT_MEMBERS(fixture, 205);
    use_tree(fixture, 200);
    ASSERT_NO_MEMBERS(fixture);
    use_tree(fixture, SELF);
    ASSERT_NO_MEMBERS(fixture);
}

static void test_members_find__audit_session__its_own_and_no_other_login(void **state)
{
    struct fixture *fixture = *state;

    use_audit(fixture, 3);
    ASSERT_MEMBERS(fixture, 200, 201, 202, 203, 204, 205);
    use_audit(fixture, 4);
    ASSERT_MEMBERS(fixture, 300, 301, 302);
}

static void test_members_find__no_audit_session__nobody(void **state)
{
    static const int64_t none[] = {PROCESS_AUDIT_SESSION_NONE, -2, INT64_MIN, 4294967295, 77};
    struct fixture *fixture = *state;

    /* not only because process 1 has none; and where a table holds the kernel's number as it is */
    item(fixture, 1)->audit_session = 9;
    item(fixture, 401)->audit_session = 4294967295;
    for (size_t i = 0; i < ELEMENTS(none); i++) {
        use_audit(fixture, none[i]);
        ASSERT_NO_MEMBERS(fixture);
    }
}

static void test_members_find__audit_session_of_process_1__nobody(void **state)
{
    struct fixture *fixture = *state;

    item(fixture, 1)->audit_session = 3;
    use_audit(fixture, 3);
    ASSERT_NO_MEMBERS(fixture);
}

static void test_members_find__nested_sudo__not_the_outer_session(void **state)
{
    struct fixture *fixture = *state;

    use_tree(fixture, 203);
    ASSERT_MEMBERS(fixture, 203, 204);
}

static void test_members_find__tree__descendants_and_neither_zombie_nor_orphan(void **state)
{
    struct fixture *fixture = *state;

    use_tree(fixture, 200);
    ASSERT_MEMBERS(fixture, 200, 201, 202, 203, 204);
}

static void test_members_find__tree_of_process_1__nobody(void **state)
{
    static const struct member_seen seen[] = {{1, 1}};
    struct fixture *fixture = *state;

    use_tree(fixture, 1);
    ASSERT_NO_MEMBERS(fixture);
    use_tree(fixture, 203);
    fixture->query.seen = seen;
    fixture->query.seen_count = ELEMENTS(seen);
    ASSERT_MEMBERS(fixture, 203, 204);
}

static void test_members_find__leader_reused__nobody(void **state)
{
    struct fixture *fixture = *state;

    use_tree(fixture, 200);
    fixture->query.leader_start_ticks--;
    ASSERT_NO_MEMBERS(fixture);
    fixture->query.leader_start_ticks = 0;
    ASSERT_NO_MEMBERS(fixture);
}

static void test_members_find__leader_zombie__its_children_only(void **state)
{
    struct fixture *fixture = *state;

    item(fixture, 203)->state = 'Z';
    use_tree(fixture, 203);
    ASSERT_MEMBERS(fixture, 204);
}

static void test_members_find__seen_before__stays_with_its_new_children(void **state)
{
    static const struct member_seen seen[] = {{205, 205}, {203, 203}};
    struct fixture *fixture = *state;

    item(fixture, 401)->ppid = 205;
    use_tree(fixture, 203);
    fixture->query.leader = 9999; /* gone */
    fixture->query.seen = seen;
    fixture->query.seen_count = ELEMENTS(seen);
    ASSERT_MEMBERS(fixture, 203, 204, 205, 401);
}

static void test_members_find__seen_but_reused__not_a_member(void **state)
{
    static const struct member_seen seen[] = {{205, 204}, {302, 1}, {9999, 1}};
    struct fixture *fixture = *state;

    use_tree(fixture, 203);
    fixture->query.seen = seen;
    fixture->query.seen_count = ELEMENTS(seen);
    ASSERT_MEMBERS(fixture, 203, 204);
}

static void test_members_find__parent_younger_than_child__no_relation(void **state)
{
    struct fixture *fixture = *state;

    /* 401's parent exited while the table was read, and 204 got its number */
    item(fixture, 401)->ppid = 204;
    item(fixture, 401)->start_ticks = 150;
    use_tree(fixture, 203);
    ASSERT_MEMBERS(fixture, 203, 204);
}

static void test_members_find__cycle__ends_and_adds_nobody(void **state)
{
    struct fixture *fixture = *state;

    item(fixture, 302)->ppid = 401;
    item(fixture, 401)->ppid = 302;
    item(fixture, 302)->start_ticks = item(fixture, 401)->start_ticks;
    item(fixture, 300)->ppid = 300;
    use_tree(fixture, 203);
    ASSERT_MEMBERS(fixture, 203, 204);
}

static void test_members_find__leader_in_a_cycle__ends_with_the_cycle(void **state)
{
    struct fixture *fixture = *state;

    item(fixture, 203)->ppid = 204;
    item(fixture, 203)->start_ticks = item(fixture, 204)->start_ticks;
    use_tree(fixture, 203);
    ASSERT_MEMBERS(fixture, 203, 204);
}

static void test_members_find__daemon_in_a_cycle__ends_and_spares_the_cycle(void **state)
{
    struct fixture *fixture = *state;

    item(fixture, SELF)->ppid = 204;
    item(fixture, 203)->ppid = SELF;
    use_scope(fixture, SCOPE_3);
    ASSERT_MEMBERS(fixture, 200, 201, 202, 205);
}

static void test_members_find__children_of_the_daemon__nobodys(void **state)
{
    struct fixture *fixture = *state;

    item(fixture, SELF)->ppid = 202;
    item(fixture, SELF)->start_ticks = 300;
    item(fixture, 401)->ppid = SELF;
    use_tree(fixture, 200);
    ASSERT_MEMBERS(fixture, 203, 204);
}

static void test_members_find__empty_table__nobody(void **state)
{
    struct fixture *fixture = *state;

    use_tree(fixture, 200);
    fixture->table.count = 0;
    ASSERT_NO_MEMBERS(fixture);
    use_scope(fixture, SCOPE_3);
    ASSERT_NO_MEMBERS(fixture);
}

/* A chain CHAIN_COUNT deep, in which each child has the lower number. */
static struct process *make_chain(void)
{
    struct process *items = calloc(CHAIN_COUNT, sizeof(*items));

    assert_non_null(items);
    for (int i = 0; i < CHAIN_COUNT; i++)
        items[i] = (struct process){.pid = i + 10,
                                    .ppid = i + 11,
                                    .state = 'S',
                                    .start_ticks = (uint64_t)(CHAIN_COUNT - i),
                                    .audit_session = -1};
    return items;
}

static void test_members_find__deep_chain__all_of_it(void **state)
{
    struct process *items = make_chain();
    const struct process_table table = {items, CHAIN_COUNT};
    const struct members_query query = {
        .by = MEMBERS_BY_TREE, .leader = CHAIN_COUNT + 9, .leader_start_ticks = 1, .self = 1};
    size_t *indexes = NULL;
    int count = members_find(&table, &query, &indexes);

    (void)state;
    free(indexes);
    free(items);
    assert_int_equal(count, CHAIN_COUNT);
}

/* Whether a process is the leader or below it, found in the plainest way. */
static bool descends_from(const struct process_table *table, pid_t pid, pid_t leader, pid_t self)
{
    for (size_t i = 0; i <= table->count; i++) {
        const struct process *process = process_table_find(table, pid), *parent;

        if (process == NULL || pid == 1 || pid == self)
            return false;
        if (pid == leader)
            return true;
        parent = process_table_find(table, process->ppid);
        if (parent == NULL || parent->start_ticks > process->start_ticks)
            return false;
        pid = process->ppid;
    }
    return false;
}

/* Whether a process is the daemon or above it. */
static bool is_own(const struct process_table *table, pid_t pid, pid_t self)
{
    const struct process *process = process_table_find(table, self);

    for (size_t i = 0; process != NULL && i <= table->count; i++) {
        if (process->pid == pid)
            return true;
        process = process_table_find(table, process->ppid);
    }
    return false;
}

static void check_hostile_table(const struct process_table *table, pid_t leader, pid_t self)
{
    const struct process *found = process_table_find(table, leader);
    const struct members_query query = {.by = MEMBERS_BY_TREE,
                                        .leader = leader,
                                        .leader_start_ticks = found->start_ticks,
                                        .self = self};
    size_t *indexes = NULL, next = 0;
    int count = members_find(table, &query, &indexes);

    for (size_t i = 0; i < table->count; i++) {
        const struct process *process = &table->items[i];
        bool expected = process->state != 'Z' && !is_own(table, process->pid, self) &&
                        descends_from(table, process->pid, leader, self);
        bool member = next < (size_t)count && indexes[next] == i;

        if (member)
            next++;
        if (member != expected) {
            free(indexes);
            fail_msg("process %d of leader %d", (int)process->pid, (int)leader);
        }
    }
    free(indexes);
}

static void test_members_find__hostile_tables__as_the_plainest_walk(void **state)
{
    enum { COUNT = 24, TABLES = 2000 };
    uint32_t random = 1; /* the same tables at each run */

    (void)state;
    for (int round = 0; round < TABLES; round++) {
        struct process items[COUNT];
        const struct process_table table = {items, COUNT};

        for (int i = 0; i < COUNT; i++) {
            random = random * 1664525 + 1013904223;
            items[i] = (struct process){.pid = i + 1,
                                        .ppid = (pid_t)(random >> 8) % (COUNT + 2),
                                        .start_ticks = random >> 29,
                                        .state = (random >> 16) % 8 == 0 ? 'Z' : 'S'};
        }
        check_hostile_table(&table, (pid_t)(random >> 12) % COUNT + 1, round % (COUNT + 2));
    }
}

static void test_members_is_connection__sshd__both_halves_and_nothing_else(void **state)
{
    struct fixture *fixture = *state;

    assert_true(members_is_connection(&fixture->table, item(fixture, 200), 200));
    assert_true(members_is_connection(&fixture->table, item(fixture, 201), 200));
    assert_false(members_is_connection(&fixture->table, item(fixture, 202), 200));
    /* of another login, and a program that calls itself like the leader but is no child of it */
    assert_false(members_is_connection(&fixture->table, item(fixture, 301), 200));
    memcpy(item(fixture, 202)->comm, "sshd", sizeof("sshd"));
    assert_false(members_is_connection(&fixture->table, item(fixture, 202), 200));
    /* a shell right below the leader, as login has it */
    memcpy(item(fixture, 201)->comm, "bash", sizeof("bash"));
    assert_false(members_is_connection(&fixture->table, item(fixture, 201), 200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
        TEST(members_find__scope__all_in_and_below_it_and_no_bystander),
        TEST(members_find__scope_that_names_nothing__nobody),
        TEST(members_find__process_without_cgroup__never_in_a_scope),
        TEST(members_find__scope_of_process_1__nobody),
        TEST(members_find__daemon_inside_the_scope__spared_with_all_above_it),
        TEST(members_find__audit_session__its_own_and_no_other_login),
        TEST(members_find__no_audit_session__nobody),
        TEST(members_find__audit_session_of_process_1__nobody),
        TEST(members_find__nested_sudo__not_the_outer_session),
        TEST(members_find__tree__descendants_and_neither_zombie_nor_orphan),
        TEST(members_find__tree_of_process_1__nobody),
        TEST(members_find__leader_reused__nobody),
        TEST(members_find__leader_zombie__its_children_only),
        TEST(members_find__seen_before__stays_with_its_new_children),
        TEST(members_find__seen_but_reused__not_a_member),
        TEST(members_find__parent_younger_than_child__no_relation),
        TEST(members_find__cycle__ends_and_adds_nobody),
        TEST(members_find__leader_in_a_cycle__ends_with_the_cycle),
        TEST(members_find__daemon_in_a_cycle__ends_and_spares_the_cycle),
        TEST(members_find__children_of_the_daemon__nobodys),
        TEST(members_find__empty_table__nobody),
        TEST(members_find__deep_chain__all_of_it),
        TEST(members_find__hostile_tables__as_the_plainest_walk),
        TEST(members_is_connection__sshd__both_halves_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
