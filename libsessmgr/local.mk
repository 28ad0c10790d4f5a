# SPDX-License-Identifier: GPL-3.0-or-later
# The client library that is installed for other programs.
lib_LTLIBRARIES += libsessmgr.la
include_HEADERS = libsessmgr/sessmgr.h
libsessmgr_la_SOURCES = \
	libsessmgr/call.c libsessmgr/call.h \
	libsessmgr/connection.c libsessmgr/connection.h \
	libsessmgr/error.c libsessmgr/error.h \
	libsessmgr/handle.h \
	libsessmgr/keys.c \
	libsessmgr/locks.c \
	libsessmgr/member.c libsessmgr/member.h \
	libsessmgr/offline.c \
	libsessmgr/peer.c \
	libsessmgr/policy.c \
	libsessmgr/session.c libsessmgr/session.h \
	libsessmgr/sessmgr.c libsessmgr/sessmgr.h \
	libsessmgr/store.c \
	libsessmgr/token.c libsessmgr/token.h \
	libsessmgr/validate.c libsessmgr/validate.h \
	libsessmgr/watch.c
libsessmgr_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
libsessmgr_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 \
	-Wl,--version-script=$(srcdir)/libsessmgr/libsessmgr.map -Wl,-z,defs
libsessmgr_la_LIBADD = libjose.la libcommon.la
EXTRA_libsessmgr_la_DEPENDENCIES = libsessmgr/libsessmgr.map
EXTRA_DIST += libsessmgr/libsessmgr.map
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = libsessmgr/sessmgr.pc
