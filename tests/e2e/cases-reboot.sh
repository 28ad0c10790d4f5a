# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The machine goes down and comes up with its disk.

# reboot_machine down|kill
reboot_machine() {
    "machine_$1" "$machine_name"
    boot_machine
}

case_crash_of_the_host() {
    local id nested
    log_in shell alice
    id=$(shell_session shell)
    type_at shell 'sudo -s'
    nested=$(only_session ".parentSession == \"$id\"")
    reboot_machine kill
    expect_ended "$id" rebooted
    expect_ended "$nested" rebooted
    live_count 0
    run_ssh alice true
    expect_opened 3
}

case_orderly_reboot() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    reboot_machine down
    expect_ended "$id" logout
    live_count 0
    run_ssh alice true
    expect_opened 2
}

case_sessions_are_kept_after_a_reboot() {
    local id
    # shellcheck disable=SC2016
    id=$(run_ssh alice 'echo $SESSMGR_SESSION_ID')
    expect_ended "$id" logout
    reboot_machine down
    expect_fields "$id" .state ended .endReason logout .user alice
}
