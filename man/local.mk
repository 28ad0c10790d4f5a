# SPDX-License-Identifier: GPL-3.0-or-later
# Manual pages are written in scdoc, one way for all, and made at build time.
MANUALS = \
	man/pam_sessmgr.8 \
	man/sessmgr-policy.5 \
	man/sessmgr.3 \
	man/sessmgr.7 \
	man/sessmgrctl.1 \
	man/sessmgrd.8 \
	man/sessmgrd.conf.5

nodist_man_MANS = $(MANUALS)
EXTRA_DIST += $(MANUALS:=.scd)
CLEANFILES += $(MANUALS)

$(MANUALS): man/%: man/%.scd
	$(AM_V_GEN)$(MKDIR_P) man && $(SCDOC) <$< >$@.tmp && mv $@.tmp $@
