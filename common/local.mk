# SPDX-License-Identifier: GPL-3.0-or-later
# The room that everybody builds on: linked into each of them, installed nowhere.
noinst_LTLIBRARIES += libcommon.la
libcommon_la_SOURCES = \
	common/fields.c common/fields.h \
	common/fields-encode.c common/fields-member.h \
	common/json-parse.c common/json-reader.c common/json-writer.c common/json.h \
	common/json-string.c common/json-string.h \
	common/macro.h \
	common/protocol.c common/protocol.h \
	common/utf8.c common/utf8.h \
	common/varlink.c common/varlink.h
nodist_libcommon_la_SOURCES = common/interface-texts.c
libcommon_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden

INTERFACE_TEXTS = \
	common/io.sessmgr.Login.varlink \
	common/io.sessmgr.Manager.varlink \
	common/io.sessmgr.Session.varlink \
	common/org.varlink.service.varlink

# For programs that people wait for; not for the module, which is a guest.
noinst_LTLIBRARIES += libprogress.la
libprogress_la_SOURCES = common/progress.c common/progress.h
libprogress_la_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)

# The texts become C strings, so that the daemon can tell them to any Varlink client.
common/interface-texts.c: $(INTERFACE_TEXTS) common/embed-texts.sh
	$(AM_V_GEN)$(MKDIR_P) common && sh $(srcdir)/common/embed-texts.sh \
		$(addprefix $(srcdir)/,$(INTERFACE_TEXTS)) >$@.tmp && mv $@.tmp $@

BUILT_SOURCES += common/interface-texts.c
CLEANFILES += common/interface-texts.c
EXTRA_DIST += $(INTERFACE_TEXTS) common/embed-texts.sh
