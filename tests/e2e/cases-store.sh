# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What an administrator does with the store of a running machine.

units=(sessmgrd.service sessmgrd-login.socket sessmgrd-session.socket)

verify_by_systemd_run() {
    in_machine systemd-run --quiet --pipe --wait --collect -p User=sessmgr \
        -p LoadCredential=sessmgr.key sessmgrd --store=verify
}

# The master key is what it was before: the store's own.
own_key_again() {
    undo 'systemctl restart sessmgrd.service'
    undo 'install -o sessmgr -g sessmgr -m 0400 /etc/credstore/sessmgr.key /var/lib/sessmgr/key'
    undo 'systemctl stop sessmgrd.service'
}

case_store_new_master_key() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    in_machine mkdir -p /etc/credstore
    undo 'rm -rf /etc/credstore/sessmgr.key*'
    in_machine sh -c 'umask 077; head -c 32 /dev/urandom >/etc/credstore/sessmgr.key.next'
    check_equal "rekey without the credential" 1 "$(status_of in_machine sessmgrctl store rekey)"
    in_machine systemctl restart sessmgrd.service
    in_machine sessmgrctl --json=short store rekey | jq -e '.keyId | test("^[0-9a-f]{16}$")' >/dev/null
    in_machine mv /etc/credstore/sessmgr.key.next /etc/credstore/sessmgr.key
    own_key_again
    in_machine systemctl restart sessmgrd.service
    expect_alive "$id"
    in_machine sessmgrctl store verify
    # the key of its own has gone, and a credential is systemd's to hand over
    in_machine systemctl stop "${units[@]}"
    check_equal "verify without the credential" 1 "$(status_of in_machine sessmgrctl store verify)"
    verify_by_systemd_run | jq -e '.records > 0' >/dev/null
    in_machine systemctl start "${units[@]}"
    expect_alive "$id"
}

case_store_backup_and_restore() {
    local before after
    log_in shell alice
    before=$(shell_session shell)
    undo 'rm -f /root/backup'
    in_machine sessmgrctl store backup /root/backup
    check_equal "mode of the backup" "600 root" "$(in_machine stat -c '%a %U' /root/backup)"
    check_equal "a second backup" 1 "$(status_of in_machine sessmgrctl store backup /root/backup)"
    log_in later alice
    after=$(shell_session later)
    check_equal "restore meanwhile" 1 "$(status_of in_machine sessmgrctl store restore /root/backup)"
    expect_alive "$before"
    in_machine systemctl stop "${units[@]}"
    undo "systemctl start ${units[*]}"
    in_machine sessmgrctl store restore /root/backup
    in_machine sessmgrctl store verify # without the daemon
    check_equal "files that are not the daemon's" "" \
        "$(in_machine find /var/lib/sessmgr ! -user sessmgr)"
    in_machine systemctl start "${units[@]}"
    expect_alive "$before"
    check_equal "a session from after the backup" 3 "$(status_of in_machine sessmgrctl show "$after")"
    count_events 1 store-restored
    in_machine sessmgrctl store verify
}

case_store_forgets_a_user() {
    local id
    # shellcheck disable=SC2016
    id=$(run_ssh alice 'echo $SESSMGR_SESSION_ID')
    expect_ended "$id" logout
    check_equal "asked by somebody else" 1 "$(status_of run_ssh alice sessmgrctl store forget alice)"
    expect_fields "$id" .user alice
    in_machine sessmgrctl store forget alice
    expect_fields "$id" .user "" .uid null .remoteHost null .service sshd .endReason logout
    in_machine systemctl restart sessmgrd.service
    expect_fields "$id" .user "" .uid null .remoteHost null .service sshd .endReason logout
    check_equal "sessions that name alice" "[]" \
        "$(in_machine sessmgrctl list --all --json=short | jq -c '[.[] | del(.policy) | select(tostring | test("alice"))]')"
    count_events 1 forgotten SESSMGR_ACTOR_UID=0
}
