# SPDX-License-Identifier: GPL-3.0-or-later
check_PROGRAMS += tests/demo/pam-login
tests_demo_pam_login_SOURCES = tests/demo/pam-login.c
tests_demo_pam_login_LDADD = $(PAM_LIBS)
