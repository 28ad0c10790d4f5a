# SPDX-License-Identifier: GPL-3.0-or-later
# The daemon is a library without main(), which its tests link too, and main().
noinst_LTLIBRARIES += libdaemon.la
libdaemon_la_SOURCES = \
	daemon/activity.c daemon/activity.h \
	daemon/address.c daemon/address.h \
	daemon/admission.c daemon/admission.h \
	daemon/adopt.c daemon/adopt.h \
	daemon/audit.c daemon/audit.h \
	daemon/auth-info.c daemon/auth-info.h \
	daemon/authorize.c daemon/authorize.h \
	daemon/buffer.c daemon/buffer.h \
	daemon/call.c daemon/call.h \
	daemon/clock.c daemon/clock.h \
	daemon/config.c daemon/config-keys.c daemon/config-save.c daemon/config.h \
	daemon/config-internal.h \
	daemon/config-file.c daemon/config-file.h \
	daemon/config-table.c daemon/config-table.h \
	daemon/config-value.c daemon/config-list.c daemon/config-match-value.c \
	daemon/config-session-value.c daemon/config-value.h \
	daemon/connection.c daemon/connection.h \
	daemon/deadline.c daemon/deadline.h \
	daemon/descriptor.c daemon/descriptor.h \
	daemon/distrust.c daemon/distrust.h \
	daemon/ending.c daemon/ending.h \
	daemon/enforcement.c daemon/enforcement.h \
	daemon/filter.c daemon/filter.h \
	daemon/handoff.c daemon/handoff.h \
	daemon/forget.c daemon/forget.h \
	daemon/hours.c daemon/hours.h \
	daemon/identity.c daemon/identity.h \
	daemon/intern.c daemon/intern.h \
	daemon/leader.c daemon/leader.h \
	daemon/lifecycle.c daemon/lifecycle.h \
	daemon/live.c daemon/live.h \
	daemon/locate.c daemon/locate.h \
	daemon/lock.c daemon/lock.h \
	daemon/log.c daemon/log.h \
	daemon/logind.c daemon/logind.h \
	daemon/manager.c daemon/manager.h \
	daemon/members.c daemon/members.h \
	daemon/method.c daemon/method.h \
	daemon/method-lock.c \
	daemon/method-login.c \
	daemon/method-manager.c \
	daemon/method-peer.c \
	daemon/method-policy.c \
	daemon/method-service.c \
	daemon/method-session.c \
	daemon/method-store.c \
	daemon/method-terminate.c \
	daemon/method-token.c \
	daemon/method-watch.c \
	daemon/opening.c daemon/opening.h \
	daemon/pattern.c daemon/pattern-groups.c daemon/pattern.h \
	daemon/peer.c daemon/peer.h \
	daemon/policy.c daemon/policy.h \
	daemon/process.c daemon/process-table.c daemon/process.h \
	daemon/publish.c daemon/publish.h \
	daemon/rate-limit.c daemon/rate-limit.h \
	daemon/recover.c daemon/recover.h \
	daemon/reservation.c daemon/reservation.h \
	daemon/rule.c daemon/rule.h \
	daemon/runtime.c daemon/runtime.h \
	daemon/schedule.c daemon/schedule.h \
	daemon/seal.c daemon/seal.h \
	daemon/selection.c daemon/selection.h \
	daemon/server.c daemon/server.h \
	daemon/session.c daemon/session.h \
	daemon/session-record.c daemon/session-record.h \
	daemon/settings.c daemon/settings.h \
	daemon/signing-key.c daemon/signing-key.h \
	daemon/signing-key-record.c daemon/signing-key-record.h \
	daemon/standing.c daemon/standing.h \
	daemon/store.c daemon/store.h daemon/store-internal.h \
	daemon/store-backup.c daemon/store-backup.h \
	daemon/store-checkpoint.c daemon/store-checkpoint.h \
	daemon/store-commit.c \
	daemon/store-compact.c daemon/store-compact.h \
	daemon/store-files.c daemon/store-files.h \
	daemon/store-io.c daemon/store-io.h \
	daemon/store-job.c daemon/store-job.h \
	daemon/store-key.c daemon/store-key.h \
	daemon/store-listing.c daemon/store-listing.h \
	daemon/store-log.c daemon/store-log-read.c daemon/store-log.h \
	daemon/store-manifest.c daemon/store-manifest.h \
	daemon/store-map.c daemon/store-map.h \
	daemon/store-read.c daemon/store-read.h \
	daemon/store-record.c daemon/store-record.h \
	daemon/store-message.h \
	daemon/store-schedule.c \
	daemon/store-segment.c daemon/store-segment.h \
	daemon/store-space.c daemon/store-space.h \
	daemon/store-stream.c daemon/store-stream.h \
	daemon/store-work.h \
	daemon/store-worker.c daemon/store-worker.h \
	daemon/store-writer.c daemon/store-writer.h daemon/store-writer-internal.h \
	daemon/store-report.c daemon/store-report.h \
	daemon/store-tool.c daemon/store-tool.h \
	daemon/targets.c daemon/targets.h \
	daemon/terminal.c daemon/terminal.h \
	daemon/token.c daemon/token.h daemon/token-record.c \
	daemon/token-file.c daemon/token-file.h \
	daemon/token-issue.c daemon/token-issue.h daemon/token-order.c \
	daemon/token-refresh.c daemon/token-refresh.h \
	daemon/token-text.c daemon/token-text.h \
	daemon/token-validate.c daemon/token-validate.h \
	daemon/tree.h \
	daemon/usage.c daemon/usage.h \
	daemon/user-count.c daemon/user-count.h \
	daemon/wall-clock.c daemon/wall-clock.h \
	daemon/watch.c daemon/watch.h
libdaemon_la_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS) $(SYSTEMD_CFLAGS) $(SODIUM_CFLAGS) $(INIH_CFLAGS)
libdaemon_la_LIBADD = libjose.la libprogress.la libcommon.la $(SYSTEMD_LIBS) $(SODIUM_LIBS) $(INIH_LIBS) $(GDBM_LIBS) $(ACL_LIBS)

sbin_PROGRAMS += sessmgrd
sessmgrd_SOURCES = daemon/main.c
sessmgrd_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS) $(SYSTEMD_CFLAGS)
sessmgrd_LDFLAGS = $(AM_LDFLAGS) $(PROGRAM_LDFLAGS)
sessmgrd_LDADD = libdaemon.la
