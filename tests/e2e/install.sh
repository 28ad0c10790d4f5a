# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The built project into a machine, as an administrator would. Read by the suites that need it.
#
#   stage_build BUILDDIR FOLDER    make install DESTDIR=FOLDER, as the one who built it
#   stage_build_in_machine NAME SOURCE FOLDER    the same of a build that is made in a machine
#   install_stage NAME FOLDER      puts that into the machine NAME and switches it on

# What a build needs in a root of its own, beside what tests/packages names.
build_packages=(autoconf automake libtool pkgconf gcc libc6-dev make scdoc libpam0g-dev libsystemd-dev
    systemd-dev libsodium-dev libgdbm-dev libinih-dev libbsd-dev libacl1-dev)

stage_build() {
    local build=$1 stage=$2 owner
    [ -e "$build/config.status" ] || {
        echo "$build is no configured build: set BUILDDIR" >&2
        return 1
    }
    owner=$(stat -c %u "$build/config.status")
    mkdir -p "$stage"
    chown "$owner" "$stage"
    # setpriv: nothing in somebody's build shall become root's
    setpriv --reuid="$owner" --regid="$(stat -c %g "$build/config.status")" --clear-groups \
        env -u MAKEFLAGS -u MAKELEVEL make -s -C "$build" install DESTDIR="$stage" >"$stage.log" 2>&1 || {
        tail -n 20 "$stage.log" >&2
        return 1
    }
    [ -e "$stage/etc/sessmgr/sessmgrd.conf" ] || {
        echo "$build is not configured with --sysconfdir=/etc" >&2
        return 1
    }
}

stage_build_in_machine() {
    local name=$1 source=$2 stage=$3
    tar --create --directory="$source" --exclude='./build*' --exclude=./.git . |
        machine_raw "$name" sh -eu -c 'mkdir /root/source; tar --extract --directory=/root/source'
    machine_raw "$name" sh -eu -c '
        cd /root/source
        if [ -e Makefile ]; then make -s distclean; fi
        ./bootstrap
        mkdir /root/build
        cd /root/build
        ../source/configure --prefix=/usr --sysconfdir=/etc --localstatedir=/var
        make -j "$(nproc)"
        make install DESTDIR=/root/stage
    ' >"$stage.log" 2>&1 || {
        tail -n 20 "$stage.log" >&2
        return 1
    }
    mkdir -p "$stage"
    machine_raw "$name" tar --create --directory=/root/stage . | tar --extract --directory="$stage"
    machine_raw "$name" rm -rf /root/source /root/build /root/stage
}

install_stage() {
    local name=$1 stage=$2
    # The folders that are there stay as they are: /lib may be a link, / has a mode of its own.
    tar --create --directory="$stage" --owner=0 --group=0 . |
        machine_raw "$name" tar --extract --directory=/ --keep-directory-symlink --no-overwrite-dir
    machine_raw "$name" sh -eu -c '
        ldconfig
        said=$(systemd-sysusers sessmgr.conf 2>&1) || { echo "$said" >&2; exit 1; }
        systemd-tmpfiles --create sessmgr.conf
        journalctl --quiet --update-catalog
        DEBIAN_FRONTEND=noninteractive pam-auth-update --package
        systemctl daemon-reload
        systemctl --quiet enable --now sessmgrd.service
        systemctl --quiet is-active sessmgrd.service sessmgrd-login.socket sessmgrd-session.socket
    '
}
