#!/bin/bash
# deb: Debian packages from firmware-config/debian, built in a folder of their own.
#
#     [O=build] tools/dev/deb.sh build [dpkg-buildpackage's options…]    packages into $O/deb, lintian on them
#     [O=build] tools/dev/deb.sh test [CHROOT]                          root: they install, run, purge in a chroot
#
# A package whose program is not there is left out. CHROOT is a bookworm made by debootstrap before; without it one
# is made. Ends 0 when all is well, 1 when not.
# shellcheck disable=SC2317 # check calls the functions
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1
mkdir -p "${O:=build}/deb" && O=$(cd "$O" && pwd) || exit 1
version=$(sed -n 's/^.define SOTTO_VERSION_[MP][A-Z]* \([0-9]*\)$/\1/p' include/sotto.h | paste -sd.)
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR
failures=0

build() {
    local at=$O/deb/sotto-$version program
    rm -rf "$at" && find "$O/deb" -maxdepth 1 -type f -delete && mkdir -p "$at" || return 1
    git ls-files -co --exclude-standard -z | tar --null --ignore-failed-read -T - -cf - 2>/dev/null | tar -xf - -C "$at" || return 1
    cp -R "$at/firmware-config/debian" "$at/debian" && rm -rf "$at/firmware-config/debian" "$at/.ci"
    [ "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$at/debian/changelog")" = "$version" ] || {
        echo "deb: the changelog is not of version $version" >&2
        return 1
    }
    for program in sottod sotto-web sotto-upload; do
        if [ -f "tools/$program/main.c" ]; then
            cp "firmware-config/systemd/$program.service" "$at/debian/$program.service"
            continue
        fi
        awk -v gone="Package: $program" 'BEGIN {RS = ""; ORS = "\n\n"} $0 !~ gone "(\n|$)"' "$at/debian/control" >"$at/debian/control.new" &&
            mv "$at/debian/control.new" "$at/debian/control" && rm -f "$at/debian/$program".*
    done
    if [ -f tools/sottod/main.c ]; then
        cp firmware-config/systemd/sysusers.conf "$at/debian/sottod.sysusers"
        cp firmware-config/systemd/tmpfiles.conf "$at/debian/sottod.tmpfiles"
        sed -i 's/libjansson-dev/libjansson-dev, libmicrohttpd-dev, libcurl4-openssl-dev/' "$at/debian/control"
    fi
    (cd "$at" && dpkg-buildpackage -us -uc -b "$@") || return 1
    rm -rf "$at"
}

check() {
    local sentence=$1
    shift
    if "$@" >"$work/log" 2>&1 </dev/null; then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence"
        tail -n 30 "$work/log" | sed 's/^/#   /'
        failures=$((failures + 1))
    fi
}
linted() { lintian --fail-on error,warning --profile debian "$O"/deb/*.changes; }
inside() { chroot "$root" env LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
installed() {
    rm -rf "$root/debs" && mkdir "$root/debs" && cp "$O"/deb/*.deb "$root/debs/" && rm -f "$root"/debs/*-dbgsym_* "$root"/debs/libsotto-dev_* &&
        inside sh -c 'dpkg -i /debs/*.deb'
}
runs() { inside rm -f /tmp/key.key /tmp/key.pub && inside sotto --version && inside sotto-pack keygen --no-password --out /tmp/key && inside ls /usr/share/man/man1/sotto.1.gz /usr/share/bash-completion/completions/sotto; }
has_users() { inside id sotto && inside id sotto-upload && inside getent group sotto-ui && inside systemd-tmpfiles --create sottod.conf; [ "$(inside stat -c '%a %U' /var/lib/sotto/keys)" = '700 sotto' ]; }
# It opens its pages before it listens, and makes its token then.
web_starts() {
    timeout 3 chroot "$root" sotto-web --port 18471 --token-file /tmp/token
    [ $? -eq 124 ] && [ -f "$root/usr/share/sotto/web/sotto.js" ]
}
enabled() { inside test -L /etc/systemd/system/multi-user.target.wants/sottod.service; }
plants_keys() { inside sh -c 'echo secret >/var/lib/sotto/keys/device.key && echo vault >/var/lib/sotto/vault.db'; }
removed() { inside dpkg -r "$@" && inside test -f /var/lib/sotto/keys/device.key; }
purged_kept() { inside dpkg -P "$@" && inside test -f /var/lib/sotto/keys/device.key && inside test ! -e /etc/sotto/sotto.conf; }
# The documented place of the data partition: a file system of its own.
on_a_medium() {
    mkdir -p "$root/var/lib/sotto" && mount -t tmpfs -o mode=711 sotto "$root/var/lib/sotto" || return 1
    inside systemd-tmpfiles --create sottod.conf
    [ "$(inside stat -c %U /var/lib/sotto/keys)" = sotto ] && plants_keys
}
emptied() { inside touch /etc/sotto/erase-on-purge && inside dpkg -P "$@" && [ -z "$(ls -A "$root/var/lib/sotto")" ] && inside test ! -e /etc/sotto && umount "$root/var/lib/sotto" && rm -rf "$root/var/lib/sotto"; }
purged_erased() { inside touch /etc/sotto/erase-on-purge && inside dpkg -P "$@" && inside test ! -e /var/lib/sotto && inside test ! -e /etc/sotto; }
gone() { ! inside sh -c 'dpkg -L libsotto0 sotto-tools 2>/dev/null; ls /usr/bin/sotto* /usr/lib/*/libsotto* /usr/share/sotto 2>/dev/null' | grep .; }

work=$(mktemp -d) || exit 1
trap 'for at in proc var/lib/sotto; do umount "${root:-$work}/$at" 2>/dev/null; done; rm -rf "$work"' EXIT
case ${1:-} in
build)
    shift
    build "$@" || exit 1
    check "lintian finds nothing in the packages" linted
    (cd "$O/deb" && ls -l ./*.deb)
    ;;
test)
    [ "$(id -u)" -eq 0 ] || {
        echo "skip - the packages in a chroot: this needs root"
        exit 0
    }
    ls "$O"/deb/libsotto0_*.deb >/dev/null || exit 1
    root=${2:-$work/root}
    if [ ! -e "$root/etc/debian_version" ]; then
        # shellcheck disable=SC2016 # apt's own variable
        site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' | head -n 1)
        debootstrap --variant=minbase --include=systemd,libsodium23,libsqlite3-0,libinih1,libjansson4,liblzma5,libzstd1,libopenblas0,libmicrohttpd12,libcurl4 \
            bookworm "$root" "${site:-http://deb.debian.org/debian}" >"$work/log" 2>&1 || {
            tail -n 5 "$work/log"
            echo "skip - the packages in a chroot: debootstrap could not make one"
            exit 0
        }
    fi
    # systemd-tmpfiles opens what it makes by way of it.
    mount -t proc proc "$root/proc" || exit 1
    check "the packages install" installed
    check "the tools run" runs
    daemons=
    for name in sotto-upload sotto-web sottod; do [ ! -e "$root/debs/${name}_${version}_$(dpkg --print-architecture).deb" ] || daemons="$daemons $name"; done
    if [ -n "$daemons" ]; then
        # shellcheck disable=SC2086 # names
        {
            check "users and folders are made" has_users
            check "sottod is enabled" enabled
            check "sotto-web starts with what is installed" web_starts
            check "people's data is there" plants_keys
            check "removing keeps it" removed $daemons
            check "purging keeps it too" purged_kept $daemons
            check "the packages install again" installed
            check "purging erases it when asked to" purged_erased $daemons
            check "the packages install once more" installed
            if mount -t tmpfs sotto "$root/mnt" 2>/dev/null && umount "$root/mnt"; then
                check "people's data is on a medium of its own" on_a_medium
                check "purging erases it there too, and comes to its end" emptied $daemons
            else
                check "and is purged" purged_erased $daemons
                echo "skip - data on a medium of its own: nothing can be mounted here"
            fi
        }
    else
        echo "skip - what becomes of people's data: there is no sottod yet"
    fi
    check "the rest is purged" inside dpkg -P sotto-tools libsotto0
    check "nothing is left" gone
    ;;
*)
    echo "usage: tools/dev/deb.sh build|test" >&2
    exit 2
    ;;
esac
exit $((failures > 0))
