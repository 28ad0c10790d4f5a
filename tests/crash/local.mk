# SPDX-License-Identifier: GPL-3.0-or-later
# What a crash, a failing disk, a failing allocation and damaged files may do to the store. Not part of
# make check, which they would hold up: tests/crash/run runs them. The programs export the C library's
# calls that change files, which thus come before the C library's own for GDBM too.
check_LTLIBRARIES += tests/crash/libcrash.la
tests_crash_libcrash_la_SOURCES = \
	tests/crash/checker.c tests/crash/checker.h \
	tests/crash/claims.c tests/crash/claims.h \
	tests/crash/disk.c tests/crash/disk.h \
	tests/crash/enumerator.c tests/crash/enumerator.h \
	tests/crash/image.c tests/crash/image.h \
	tests/crash/interpose.c tests/crash/interpose.h \
	tests/crash/kill.c tests/crash/kill.h \
	tests/crash/life.c tests/crash/life.h \
	tests/crash/must.c tests/crash/must.h \
	tests/crash/nested.c tests/crash/nested.h \
	tests/crash/owner.c tests/crash/owner.h \
	tests/crash/random.h \
	tests/crash/recorder.c tests/crash/recorder.h \
	tests/crash/records.c tests/crash/records.h \
	tests/crash/trace.c tests/crash/trace.h \
	tests/crash/workload.c tests/crash/workload.h
crash_cflags = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
crash_ldflags = $(AM_LDFLAGS) -export-dynamic
crash_libs = tests/crash/libcrash.la libdaemon.la -ldl
tests_crash_libcrash_la_CFLAGS = $(crash_cflags)

tests_crash_crash_states_SOURCES = tests/crash/crash-states.c
tests_crash_crash_states_CFLAGS = $(crash_cflags)
tests_crash_crash_states_LDFLAGS = $(crash_ldflags)
tests_crash_crash_states_LDADD = $(crash_libs)

tests_crash_faults_SOURCES = tests/crash/faults.c
tests_crash_faults_CFLAGS = $(crash_cflags)
tests_crash_faults_LDFLAGS = $(crash_ldflags)
tests_crash_faults_LDADD = $(crash_libs)

tests_crash_mutate_SOURCES = tests/crash/mutate.c \
	tests/crash/mutation.c tests/crash/mutation.h \
	tests/crash/vouch.c tests/crash/vouch.h
tests_crash_mutate_CFLAGS = $(crash_cflags)
tests_crash_mutate_LDFLAGS = $(crash_ldflags)
tests_crash_mutate_LDADD = $(crash_libs)

check_PROGRAMS += tests/crash/crash-states tests/crash/faults tests/crash/mutate

if !SANITIZERS
# with an allocator of its own
tests_crash_allocations_SOURCES = tests/crash/allocations.c
tests_crash_allocations_CFLAGS = $(crash_cflags)
tests_crash_allocations_LDFLAGS = $(crash_ldflags)
tests_crash_allocations_LDADD = $(crash_libs)
check_PROGRAMS += tests/crash/allocations
endif

if HAVE_CMOCKA
tests_crash_sigkill_SOURCES = tests/crash/sigkill.c $(daemon_tests_support)
check_PROGRAMS += tests/crash/sigkill
endif
