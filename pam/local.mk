# SPDX-License-Identifier: GPL-3.0-or-later
# All of the module but its entry points is a library of its own, so that unit tests can link it.
noinst_LTLIBRARIES += libpammodule.la
libpammodule_la_SOURCES = \
	pam/budget.c pam/budget.h \
	pam/client.c pam/client.h \
	pam/connection.c pam/connection.h \
	pam/escape.c pam/escape.h \
	pam/exchange.c pam/exchange.h \
	pam/held.c pam/held.h \
	pam/login.c pam/login.h \
	pam/options.c pam/options.h \
	pam/show.c pam/show.h
libpammodule_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden

pam_LTLIBRARIES = pam_sessmgr.la
pamdir = $(pammoddir)
pam_sessmgr_la_SOURCES = pam/pam_sessmgr.c
pam_sessmgr_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
pam_sessmgr_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,--version-script=$(srcdir)/pam/pam_sessmgr.map -Wl,-z,nodelete -Wl,-z,defs
pam_sessmgr_la_LIBADD = libpammodule.la libcommon.la $(PAM_LIBS)
EXTRA_pam_sessmgr_la_DEPENDENCIES = pam/pam_sessmgr.map
EXTRA_DIST += pam/pam_sessmgr.map

# libtool's .la file of a module serves nobody.
install-data-hook:
	rm -f $(DESTDIR)$(pamdir)/pam_sessmgr.la

# So uninstalling, which libtool does by that file, is done by hand.
uninstall-hook:
	rm -f $(DESTDIR)$(pamdir)/pam_sessmgr.so
