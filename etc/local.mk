# SPDX-License-Identifier: GPL-3.0-or-later
# What an installation is made of besides programs. Nothing is enabled here: that is up to whoever
# installs, with systemctl and pam-auth-update.
dist_systemdsystemunit_DATA = \
	etc/sessmgrd-login.socket \
	etc/sessmgrd-session.socket
nodist_systemdsystemunit_DATA = etc/sessmgrd.service
dist_catalog_DATA = etc/sessmgr.catalog
dist_pamconfigs_DATA = etc/pam-configs/sessmgr

examplesdir = $(docdir)/examples/pam.d
dist_examples_DATA = \
	etc/examples/pam.d/README \
	etc/examples/pam.d/login.open \
	etc/examples/pam.d/login.strict \
	etc/examples/pam.d/sshd.open \
	etc/examples/pam.d/sshd.strict \
	etc/examples/pam.d/sudo.open \
	etc/examples/pam.d/sudo.strict

policyexamplesdir = $(docdir)/examples/policy.d
dist_policyexamples_DATA = \
	etc/examples/policy.d/README \
	etc/examples/policy.d/10-robots.conf \
	etc/examples/policy.d/20-contractors.conf \
	etc/examples/policy.d/30-laptops.conf \
	etc/examples/policy.d/40-administrators.conf \
	etc/examples/policy.d/50-certificates.conf \
	etc/examples/policy.d/90-everybody.conf

EXTRA_DIST += \
	etc/sessmgr.sysusers.conf \
	etc/sessmgr.tmpfiles.conf \
	etc/sessmgrd.conf \
	etc/sessmgrd.service.in
CLEANFILES += etc/sessmgrd.service

etc/sessmgrd.service: etc/sessmgrd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && \
		$(SED) 's,@sbindir[@],$(sbindir),g' $(srcdir)/etc/sessmgrd.service.in >$@.tmp && \
		mv $@.tmp $@

confdir = $(sysconfdir)/sessmgr

# The administrator's sessmgrd.conf is never overwritten, and is only removed while it is as shipped.
install-data-local:
	$(MKDIR_P) "$(DESTDIR)$(sysusersdir)" "$(DESTDIR)$(tmpfilesdir)" \
		"$(DESTDIR)$(confdir)/sessmgrd.conf.d" "$(DESTDIR)$(confdir)/policy.d"
	$(INSTALL_DATA) $(srcdir)/etc/sessmgr.sysusers.conf "$(DESTDIR)$(sysusersdir)/sessmgr.conf"
	$(INSTALL_DATA) $(srcdir)/etc/sessmgr.tmpfiles.conf "$(DESTDIR)$(tmpfilesdir)/sessmgr.conf"
	test -e "$(DESTDIR)$(confdir)/sessmgrd.conf" || \
		$(INSTALL_DATA) $(srcdir)/etc/sessmgrd.conf "$(DESTDIR)$(confdir)/sessmgrd.conf"

uninstall-local:
	rm -f "$(DESTDIR)$(sysusersdir)/sessmgr.conf" "$(DESTDIR)$(tmpfilesdir)/sessmgr.conf"
	if cmp -s $(srcdir)/etc/sessmgrd.conf "$(DESTDIR)$(confdir)/sessmgrd.conf"; then \
		rm -f "$(DESTDIR)$(confdir)/sessmgrd.conf"; fi
	rmdir "$(DESTDIR)$(confdir)/policy.d" "$(DESTDIR)$(confdir)/sessmgrd.conf.d" "$(DESTDIR)$(confdir)" \
		2>/dev/null || :
