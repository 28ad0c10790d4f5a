# SPDX-License-Identifier: GPL-3.0-or-later
# Examples are built with the tests and installed as sources.
check_PROGRAMS += examples/unix-resource
examples_unix_resource_LDADD = libsessmgr.la
if HAVE_MICROHTTPD
check_PROGRAMS += examples/http-resource
examples_http_resource_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS)
examples_http_resource_LDADD = libsessmgr.la $(MICROHTTPD_LIBS)
endif

sourceexamplesdir = $(docdir)/examples
dist_sourceexamples_DATA = examples/README examples/nginx.conf examples/unix-resource.c \
	examples/http-resource.c
EXTRA_DIST += tests/examples
