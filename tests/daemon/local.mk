# SPDX-License-Identifier: GPL-3.0-or-later
# The daemon as it is built, over real sockets. Nothing here needs root but test-callers, which needs
# other users' IDs and is a step of tests/check of its own.
daemon_tests = \
	tests/daemon/test-framing \
	tests/daemon/test-lifecycle
daemon_tests_as_root = tests/daemon/test-callers
daemon_tests_support = \
	tests/daemon/actor.c tests/daemon/actor.h \
	tests/daemon/harness.c tests/daemon/harness.h \
	tests/daemon/reply.c tests/daemon/reply.h
