# SPDX-License-Identifier: GPL-3.0-or-later
# JSON Web Tokens, for those who make them and those who check them. Installed nowhere.
noinst_LTLIBRARIES += libjose.la
libjose_la_SOURCES = \
	jose/base64url.c jose/base64url.h \
	jose/jose.c jose/jose.h \
	jose/jwk.c jose/jwk-set.c jose/jwk.h \
	jose/jws.c jose/jws.h \
	jose/jwt.c jose/jwt-check.c jose/jwt-claims.c jose/jwt-claims.h jose/jwt.h
libjose_la_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS) -fvisibility=hidden
# whoever links it brings libcommon.la, which can be in a shared library only once
libjose_la_LIBADD = $(SODIUM_LIBS)
