# SPDX-License-Identifier: GPL-3.0-or-later
# What make check runs. A test of one area is one program, tests/unit/test-AREA.c, and needs no root.
LDADD = libdaemon.la libpammodule.la libctlformat.la libsessmgr.la libprogress.la libcommon.la $(PAM_LIBS) \
	$(CMOCKA_LIBS)

unit_tests = \
	tests/unit/test-activity \
	tests/unit/test-activity-clock \
	tests/unit/test-address \
	tests/unit/test-adopt \
	tests/unit/test-audit \
	tests/unit/test-auth-info \
	tests/unit/test-auth-info-certificate \
	tests/unit/test-base64url \
	tests/unit/test-config \
	tests/unit/test-config-check \
	tests/unit/test-config-save \
	tests/unit/test-connection \
	tests/unit/test-ctl-check-config \
	tests/unit/test-ctl-format \
	tests/unit/test-ctl-keys \
	tests/unit/test-ctl-lock \
	tests/unit/test-ctl-policy \
	tests/unit/test-ctl-secret \
	tests/unit/test-ctl-session \
	tests/unit/test-ctl-store \
	tests/unit/test-ctl-terminate \
	tests/unit/test-ctl-token \
	tests/unit/test-ctl-validate \
	tests/unit/test-ctl-when \
	tests/unit/test-deadline \
	tests/unit/test-enforcement \
	tests/unit/test-enforcement-warning \
	tests/unit/test-fields \
	tests/unit/test-fields-encode \
	tests/unit/test-filter \
	tests/unit/test-handoff \
	tests/unit/test-hours \
	tests/unit/test-json \
	tests/unit/test-json-values \
	tests/unit/test-json-writer \
	tests/unit/test-leader \
	tests/unit/test-libsessmgr \
	tests/unit/test-libsessmgr-calls \
	tests/unit/test-libsessmgr-connection \
	tests/unit/test-libsessmgr-keys \
	tests/unit/test-libsessmgr-locks \
	tests/unit/test-libsessmgr-offline \
	tests/unit/test-libsessmgr-peer \
	tests/unit/test-libsessmgr-policy \
	tests/unit/test-libsessmgr-store \
	tests/unit/test-libsessmgr-threads \
	tests/unit/test-libsessmgr-token \
	tests/unit/test-libsessmgr-validate \
	tests/unit/test-jwk \
	tests/unit/test-jws \
	tests/unit/test-jwt \
	tests/unit/test-jwt-check \
	tests/unit/test-jwt-forged \
	tests/unit/test-locate \
	tests/unit/test-lock \
	tests/unit/test-log \
	tests/unit/test-members \
	tests/unit/test-method-table \
	tests/unit/test-pam-login \
	tests/unit/test-pam-options \
	tests/unit/test-pattern \
	tests/unit/test-peer \
	tests/unit/test-policy \
	tests/unit/test-policy-record \
	tests/unit/test-process \
	tests/unit/test-progress \
	tests/unit/test-protocol \
	tests/unit/test-protocol-bounds \
	tests/unit/test-rate-limit \
	tests/unit/test-rule \
	tests/unit/test-rule-keys \
	tests/unit/test-schedule \
	tests/unit/test-seal \
	tests/unit/test-session \
	tests/unit/test-session-record \
	tests/unit/test-signing-key \
	tests/unit/test-standing \
	tests/unit/test-store \
	tests/unit/test-store-backup \
	tests/unit/test-store-damage \
	tests/unit/test-store-fault \
	tests/unit/test-store-job \
	tests/unit/test-store-log \
	tests/unit/test-store-record \
	tests/unit/test-terminal \
	tests/unit/test-token-clock \
	tests/unit/test-user-count \
	tests/unit/test-varlink \
	tests/unit/test-wall-clock \
	tests/unit/test-watch

tests_unit_test_audit_CPPFLAGS = $(AM_CPPFLAGS) -DTOP_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_test_auth_info_certificate_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
ctl_run = tests/unit/ctl-run.h ctl/ctl.h ctl/failure.c ctl/help.c ctl/help.h \
	ctl/options.c ctl/options.h ctl/secret.c ctl/user.c
tests_unit_test_ctl_check_config_SOURCES = tests/unit/test-ctl-check-config.c \
	ctl/command-check-config.c ctl/sessmgrd.c ctl/sessmgrd.h $(ctl_run)
tests_unit_test_ctl_keys_SOURCES = tests/unit/test-ctl-keys.c ctl/command-keys.c $(ctl_run)
tests_unit_test_ctl_lock_SOURCES = tests/unit/test-ctl-lock.c ctl/command-lock.c ctl/login.c \
	$(ctl_run)
tests_unit_test_ctl_policy_SOURCES = tests/unit/test-ctl-policy.c \
	ctl/command-explain.c ctl/command-extend.c ctl/command-list.c ctl/command-show.c \
	ctl/login.c ctl/pager.c ctl/pager.h ctl/session-list.c ctl/session-list.h \
	ctl/settings.c ctl/settings.h $(ctl_run)
tests_unit_test_ctl_secret_SOURCES = tests/unit/test-ctl-secret.c ctl/ctl.h ctl/secret.c
tests_unit_test_ctl_session_SOURCES = tests/unit/test-ctl-session.c ctl/command-context.c \
	ctl/command-show.c ctl/command-whoami.c ctl/pager.c ctl/pager.h \
	ctl/settings.c ctl/settings.h $(ctl_run)
tests_unit_test_ctl_store_SOURCES = tests/unit/test-ctl-store.c ctl/command-status.c \
	ctl/command-store.c ctl/sessmgrd.c ctl/sessmgrd.h ctl/store.h \
	ctl/store-backup.c ctl/store-file.c ctl/store-offline.c ctl/store-stat.c ctl/store-watcher.c \
	$(ctl_run)
tests_unit_test_ctl_terminate_SOURCES = tests/unit/test-ctl-terminate.c \
	ctl/command-terminate.c ctl/session-list.c ctl/session-list.h $(ctl_run)
tests_unit_test_ctl_token_SOURCES = tests/unit/test-ctl-token.c ctl/command-token.c $(ctl_run)
tests_unit_test_ctl_validate_SOURCES = tests/unit/test-ctl-validate.c ctl/command-validate.c \
	$(ctl_run)
clock_fixture = tests/unit/clock-fixture.c tests/unit/clock-fixture.h
tests_unit_test_lock_SOURCES = tests/unit/test-lock.c $(clock_fixture)
tests_unit_test_signing_key_SOURCES = tests/unit/test-signing-key.c $(clock_fixture)
tests_unit_test_token_clock_SOURCES = tests/unit/test-token-clock.c $(clock_fixture)
config_fixture = tests/unit/config-fixture.c tests/unit/config-fixture.h
tests_unit_test_config_check_SOURCES = tests/unit/test-config-check.c $(config_fixture)
tests_unit_test_config_save_SOURCES = tests/unit/test-config-save.c $(config_fixture)
tests_unit_test_rule_SOURCES = tests/unit/test-rule.c $(config_fixture)
tests_unit_test_rule_keys_SOURCES = tests/unit/test-rule-keys.c $(config_fixture)
manager_fixture = tests/unit/manager-fixture.c tests/unit/manager-fixture-terminal.c \
	tests/unit/manager-fixture.h
tests_unit_test_activity_SOURCES = tests/unit/test-activity.c $(manager_fixture)
tests_unit_test_activity_clock_SOURCES = tests/unit/test-activity-clock.c $(manager_fixture)
tests_unit_test_adopt_SOURCES = tests/unit/test-adopt.c $(manager_fixture)
tests_unit_test_enforcement_SOURCES = tests/unit/test-enforcement.c $(manager_fixture)
tests_unit_test_enforcement_warning_SOURCES = tests/unit/test-enforcement-warning.c \
	$(manager_fixture)
tests_unit_test_policy_SOURCES = tests/unit/test-policy.c $(manager_fixture)
tests_unit_test_policy_record_SOURCES = tests/unit/test-policy-record.c $(manager_fixture)
store_fixture = tests/unit/fault-io.c tests/unit/fault-io.h \
	tests/unit/store-fixture.c tests/unit/store-fixture.h
tests_unit_test_store_SOURCES = tests/unit/test-store.c $(store_fixture)
tests_unit_test_store_backup_SOURCES = tests/unit/test-store-backup.c $(store_fixture)
tests_unit_test_store_damage_SOURCES = tests/unit/test-store-damage.c $(store_fixture)
tests_unit_test_store_fault_SOURCES = tests/unit/test-store-fault.c $(store_fixture)
tests_unit_test_store_job_SOURCES = tests/unit/test-store-job.c $(store_fixture)
tests_unit_test_store_log_SOURCES = tests/unit/test-store-log.c $(store_fixture)

check_PROGRAMS += tests/demo/pam-login tests/demo/ask-resource
tests_demo_ask_resource_SOURCES = tests/demo/ask-resource.c
tests_demo_pam_login_SOURCES = tests/demo/pam-login.c
tests_demo_pam_login_LDADD = $(PAM_LIBS)

check_PROGRAMS += tests/bench/session-memory tests/bench/token-memory tests/bench/token-rate
bench_support = tests/bench/bench.c tests/bench/bench.h
bench_daemon = tests/bench/daemon.c tests/bench/daemon.h $(bench_support)
tests_bench_session_memory_SOURCES = tests/bench/session-memory.c $(bench_daemon)
tests_bench_session_memory_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_bench_session_memory_LDADD = libdaemon.la
tests_bench_token_memory_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_bench_token_memory_LDADD = libdaemon.la
tests_bench_token_rate_LDADD = libsessmgr.la

check_PROGRAMS += tests/bench/open-many tests/bench/store-rate tests/bench/store-scale
tests_bench_open_many_SOURCES = tests/bench/open-many.c $(bench_support)
tests_bench_store_rate_SOURCES = tests/bench/store-rate.c $(bench_support)
tests_bench_store_scale_SOURCES = tests/bench/store-scale.c $(bench_support)
tests_bench_store_rate_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_bench_store_rate_LDADD = libdaemon.la
tests_bench_store_scale_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_bench_store_scale_LDADD = libdaemon.la

check_PROGRAMS += tests/bench/expiry
tests_bench_expiry_SOURCES = tests/bench/expiry.c $(bench_daemon)
tests_bench_expiry_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_bench_expiry_LDADD = libdaemon.la

check_PROGRAMS += tests/bench/idle
tests_bench_idle_SOURCES = tests/bench/idle.c tests/bench/idle.h tests/bench/idle-real.c \
	tests/bench/idle-tree.c $(bench_daemon)
tests_bench_idle_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_bench_idle_LDADD = libdaemon.la

check_PROGRAMS += tests/bench/jwt-verify
tests_bench_jwt_verify_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
tests_bench_jwt_verify_LDADD = libjose.la libcommon.la

check_PROGRAMS += tests/interop/jwt-tool
tests_interop_jwt_tool_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
tests_interop_jwt_tool_LDADD = libjose.la libcommon.la
if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
include tests/pam/local.mk
include tests/daemon/local.mk
endif
include tests/crash/local.mk

# For valgrind, which wants the programs and not their wrappers.
print-unit-programs:
	@echo $(unit_tests)
# For tests/check, which runs these as root.
print-root-programs:
	@echo $(root_tests)
.PHONY: print-unit-programs print-root-programs

TESTS += tests/daemon/test-ctl-usage.sh
AM_TESTS_ENVIRONMENT = SESSMGRCTL=$(abs_top_builddir)/sessmgrctl; export SESSMGRCTL; \
	SESSMGRD=$(abs_top_builddir)/sessmgrd; export SESSMGRD; \
	SESSMGR_PAM_MODULE=$(abs_top_builddir)/.libs/pam_sessmgr.so; export SESSMGR_PAM_MODULE;

EXTRA_DIST += \
	tests/.clang-tidy \
	tests/bench \
	tests/check \
	tests/checks \
	tests/crash/run \
	tests/daemon/test-ctl-usage.sh \
	tests/demo/run \
	tests/e2e \
	tests/interop/package.json \
	tests/interop/package-lock.json \
	tests/interop/run \
	tests/interop/with-jose.mjs \
	tests/interop/with-pyjwt.py \
	tests/machine \
	tests/packages \
	tests/unit/fake-daemon.h \
	tests/unit/fake-session.h \
	tests/unit/fields-sample.h \
	tests/unit/signed-token.h \
	tests/unit/jwt-sample.h \
	tests/unit/varlink-text.h
