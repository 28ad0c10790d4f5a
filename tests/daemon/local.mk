# SPDX-License-Identifier: GPL-3.0-or-later
# The daemon as it is built, over real sockets. None of these needs to be root but those that play
# several users ($(root_tests)): tests/check runs them in a step of their own.
daemon_tests = \
	tests/daemon/test-break-glass \
	tests/daemon/test-clock \
	tests/daemon/test-config \
	tests/daemon/test-descriptors \
	tests/daemon/test-describe-peer \
	tests/daemon/test-disk \
	tests/daemon/test-enforcement \
	tests/daemon/test-evict \
	tests/daemon/test-explain \
	tests/daemon/test-framing \
	tests/daemon/test-lifecycle \
	tests/daemon/test-limits \
	tests/daemon/test-locks \
	tests/daemon/test-pam-race \
	tests/daemon/test-places \
	tests/daemon/test-policy \
	tests/daemon/test-recovery \
	tests/daemon/test-refresh \
	tests/daemon/test-refresh-race \
	tests/daemon/test-secrets \
	tests/daemon/test-session-methods \
	tests/daemon/test-standing \
	tests/daemon/test-store-damage \
	tests/daemon/test-store-methods \
	tests/daemon/test-store-tool \
	tests/daemon/test-stream \
	tests/daemon/test-times \
	tests/daemon/test-token-files \
	tests/daemon/test-tokens
daemon_tests_support = \
	tests/daemon/actor.c tests/daemon/actor.h \
	tests/daemon/harness.c tests/daemon/harness-client.c tests/daemon/harness.h \
	tests/daemon/namespace.c tests/daemon/namespace.h \
	tests/daemon/reply.c tests/daemon/reply.h \
	tests/daemon/seed.c tests/daemon/seed.h

policy_scene = tests/daemon/policy-scene.c tests/daemon/policy-scene.h
store_scene = tests/daemon/store-scene.c tests/daemon/store-scene.h
token_scene = tests/daemon/token-scene.c tests/daemon/token-scene.h

tests_daemon_test_break_glass_SOURCES = tests/daemon/test-break-glass.c $(policy_scene) \
	$(daemon_tests_support)
tests_daemon_test_callers_SOURCES = tests/daemon/test-callers.c $(daemon_tests_support)
# Preloaded into the daemon: without a sanitizer, which would want to be first; -rpath makes it shared.
check_LTLIBRARIES += tests/daemon/real-timers.la
tests_daemon_real_timers_la_SOURCES = tests/daemon/real-timers.c
tests_daemon_real_timers_la_CFLAGS = -Wall -Wextra
tests_daemon_real_timers_la_LDFLAGS = -module -avoid-version -shared -rpath $(abs_top_builddir)
tests_daemon_test_clock_SOURCES = tests/daemon/test-clock.c tests/daemon/certificate.h \
	$(policy_scene) $(daemon_tests_support)
tests_daemon_test_clock_CPPFLAGS = $(AM_CPPFLAGS) \
	-DREAL_TIMERS='"$(abs_top_builddir)/tests/daemon/.libs/real-timers.so"'
tests_daemon_test_config_SOURCES = tests/daemon/test-config.c $(daemon_tests_support)
tests_daemon_test_descriptors_SOURCES = tests/daemon/test-descriptors.c $(daemon_tests_support)
tests_daemon_test_disk_SOURCES = tests/daemon/test-disk.c $(daemon_tests_support)
tests_daemon_test_enforcement_SOURCES = tests/daemon/test-enforcement.c $(daemon_tests_support)
tests_daemon_test_evict_SOURCES = tests/daemon/test-evict.c $(policy_scene) $(daemon_tests_support)
tests_daemon_test_explain_SOURCES = tests/daemon/test-explain.c $(policy_scene) $(daemon_tests_support)
tests_daemon_test_extend_SOURCES = tests/daemon/test-extend.c tests/daemon/certificate.h \
	$(policy_scene) $(daemon_tests_support)
tests_daemon_test_framing_SOURCES = tests/daemon/test-framing.c $(daemon_tests_support)
tests_daemon_test_lifecycle_SOURCES = tests/daemon/test-lifecycle.c $(daemon_tests_support)
tests_daemon_test_limits_SOURCES = tests/daemon/test-limits.c $(daemon_tests_support)
tests_daemon_test_locks_SOURCES = tests/daemon/test-locks.c $(token_scene) $(daemon_tests_support)
tests_daemon_test_pam_race_SOURCES = tests/daemon/test-pam-race.c $(daemon_tests_support)
tests_daemon_test_places_SOURCES = tests/daemon/test-places.c $(daemon_tests_support)
tests_daemon_test_policy_SOURCES = tests/daemon/test-policy.c $(policy_scene) $(daemon_tests_support)
tests_daemon_test_recovery_SOURCES = tests/daemon/test-recovery.c $(daemon_tests_support)
tests_daemon_test_refresh_SOURCES = tests/daemon/test-refresh.c $(token_scene) $(daemon_tests_support)
tests_daemon_test_refresh_race_SOURCES = tests/daemon/test-refresh-race.c $(token_scene) \
	$(daemon_tests_support)
tests_daemon_test_describe_peer_SOURCES = tests/daemon/test-describe-peer.c $(token_scene) \
	$(daemon_tests_support)
tests_daemon_test_secrets_SOURCES = tests/daemon/test-secrets.c $(token_scene) $(daemon_tests_support)
tests_daemon_test_session_methods_SOURCES = tests/daemon/test-session-methods.c \
	$(daemon_tests_support)
tests_daemon_test_standing_SOURCES = tests/daemon/test-standing.c $(daemon_tests_support)
tests_daemon_test_store_damage_SOURCES = tests/daemon/test-store-damage.c $(store_scene) \
	$(token_scene) $(daemon_tests_support)
tests_daemon_test_store_methods_SOURCES = tests/daemon/test-store-methods.c $(store_scene) \
	$(daemon_tests_support)
tests_daemon_test_store_tool_SOURCES = tests/daemon/test-store-tool.c $(store_scene) \
	$(daemon_tests_support)
tests_daemon_test_stream_SOURCES = tests/daemon/test-stream.c $(daemon_tests_support)
tests_daemon_test_times_SOURCES = tests/daemon/test-times.c tests/daemon/certificate.h \
	$(policy_scene) $(daemon_tests_support)
tests_daemon_test_token_files_SOURCES = tests/daemon/test-token-files.c $(token_scene) \
	$(daemon_tests_support)
tests_daemon_test_tokens_SOURCES = tests/daemon/test-tokens.c $(token_scene) $(daemon_tests_support)
tests_daemon_test_users_SOURCES = tests/daemon/test-users.c $(daemon_tests_support)

root_tests = tests/daemon/test-callers tests/daemon/test-extend tests/daemon/test-users
check_PROGRAMS += $(daemon_tests) $(root_tests)
TESTS += $(daemon_tests)
