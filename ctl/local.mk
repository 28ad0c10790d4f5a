# SPDX-License-Identifier: GPL-3.0-or-later
# What the tests reach too, without the commands.
noinst_LTLIBRARIES += libctlformat.la
libctlformat_la_SOURCES = \
	ctl/format.c ctl/format.h \
	ctl/json.c ctl/json.h \
	ctl/table.c ctl/table.h \
	ctl/when.c ctl/when.h
libctlformat_la_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)

bin_PROGRAMS += sessmgrctl
sessmgrctl_SOURCES = \
	ctl/command-check-config.c \
	ctl/command-context.c \
	ctl/command-explain.c \
	ctl/command-extend.c \
	ctl/command-keys.c \
	ctl/command-list.c \
	ctl/command-lock.c \
	ctl/command-show.c \
	ctl/command-status.c \
	ctl/command-store.c \
	ctl/command-terminate.c \
	ctl/command-token.c \
	ctl/command-validate.c \
	ctl/command-watch.c \
	ctl/command-whoami.c \
	ctl/ctl.h \
	ctl/failure.c \
	ctl/help.c ctl/help.h \
	ctl/login.c \
	ctl/main.c \
	ctl/options.c ctl/options.h \
	ctl/pager.c ctl/pager.h \
	ctl/secret.c \
	ctl/session-list.c ctl/session-list.h \
	ctl/sessmgrd.c ctl/sessmgrd.h \
	ctl/settings.c ctl/settings.h \
	ctl/store.h \
	ctl/store-backup.c \
	ctl/store-file.c \
	ctl/store-offline.c \
	ctl/store-stat.c \
	ctl/store-watcher.c \
	ctl/user.c
sessmgrctl_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
sessmgrctl_LDFLAGS = $(AM_LDFLAGS) $(PROGRAM_LDFLAGS)
sessmgrctl_LDADD = libctlformat.la libprogress.la libsessmgr.la
