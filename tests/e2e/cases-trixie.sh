# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What Debian 13 has and Debian 12 lacks: varlinkctl, a Varlink client that is not ours.

session_socket=/run/sessmgr/io.sessmgr.Session
login_socket=/run/sessmgr/io.sessmgr.Login

case_varlinkctl_reads_the_interfaces() {
    local interface
    in_machine varlinkctl info "unix:$session_socket" >"$work/info"
    grep -q sessmgr "$work/info"
    for interface in io.sessmgr.Session io.sessmgr.Manager org.varlink.service; do
        grep -q "$interface" "$work/info"
        in_machine varlinkctl introspect "unix:$session_socket" "$interface" >"$work/text"
        grep -q "^interface $interface" "$work/text"
    done
    in_machine varlinkctl introspect "unix:$login_socket" io.sessmgr.Login >"$work/text"
    grep -q 'method Admit' "$work/text"
}

case_varlinkctl_calls_the_daemon() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    check_equal "user by Describe" alice "$(in_machine varlinkctl --json=short call \
        "unix:$session_socket" io.sessmgr.Session.Describe "{\"sessionId\":\"$id\"}" |
        jq -r .session.user)"
    check_equal "sessions by List" 1 "$(in_machine varlinkctl --json=short call --more \
        "unix:$session_socket" io.sessmgr.Session.List '{}' | jq -s '[.[].sessions[]?] | length')"
    in_machine varlinkctl --json=short call "unix:$session_socket" \
        io.sessmgr.Manager.GetStatistics '{}' | jq -e .statistics
    never_was in_machine varlinkctl call "unix:$session_socket" io.sessmgr.Session.NoMethod '{}'
    # a user's own view: what they may not see is denied by the daemon, whatever the client
    never_was in_machine runuser -u bob -- varlinkctl call "unix:$session_socket" \
        io.sessmgr.Session.Describe "{\"sessionId\":\"$id\"}"
    never_was in_machine runuser -u bob -- varlinkctl info "unix:$login_socket"
    in_machine varlinkctl call "unix:$session_socket" io.sessmgr.Session.Terminate \
        "{\"filter\":{\"sessionId\":\"$id\"}}"
    expect_ended "$id" terminated
}
