# SPDX-License-Identifier: GPL-3.0-or-later
# The module through the real libpam. The programs export their own syslog() and fstatat(), which thus
# come before the C library's for libpam and the module too.
pam_tests = \
	tests/pam/test-module \
	tests/pam/test-outage \
	tests/pam/test-process \
	tests/pam/test-session
pam_tests_support = \
	tests/pam/fake-daemon.c tests/pam/fake-daemon.h \
	tests/pam/interpose.c tests/pam/interpose.h \
	tests/pam/scene.c tests/pam/scene.h
pam_tests_flags = $(AM_LDFLAGS) -export-dynamic
pam_tests_libs = libcommon.la $(CMOCKA_LIBS) $(PAM_LIBS) -ldl

tests_pam_test_module_SOURCES = tests/pam/test-module.c $(pam_tests_support)
tests_pam_test_module_LDFLAGS = $(pam_tests_flags)
tests_pam_test_module_LDADD = $(pam_tests_libs)
tests_pam_test_outage_SOURCES = tests/pam/test-outage.c $(pam_tests_support)
tests_pam_test_outage_LDFLAGS = $(pam_tests_flags)
tests_pam_test_outage_LDADD = $(pam_tests_libs)
tests_pam_test_process_SOURCES = tests/pam/test-process.c $(pam_tests_support)
tests_pam_test_process_LDFLAGS = $(pam_tests_flags)
tests_pam_test_process_LDADD = $(pam_tests_libs)
tests_pam_test_session_SOURCES = tests/pam/test-session.c $(pam_tests_support)
tests_pam_test_session_LDFLAGS = $(pam_tests_flags)
tests_pam_test_session_LDADD = $(pam_tests_libs)

check_PROGRAMS += $(pam_tests)
TESTS += $(pam_tests)
