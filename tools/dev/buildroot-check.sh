#!/bin/bash
# buildroot-check: firmware-config/buildroot in a Buildroot tree: the configuration loads and is saved as it is,
# the package describes itself, Buildroot's own linter is content, and the package's commands build and install
# with Debian's cross compiler instead of Buildroot's toolchain (which would have to be downloaded).
#
#     BUILDROOT_DIR=… tools/dev/buildroot-check.sh        (`make buildroot-check`)
#
# Writes nothing into BUILDROOT_DIR. Needs gcc-aarch64-linux-gnu and python3-magic (setup.sh package). Prints
# ok, not ok and skip lines; ends 1 when something is not ok.
# shellcheck disable=SC2317 # check calls the functions
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1
here=$PWD
external=$here/firmware-config/buildroot
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL O DESTDIR CROSS_COMPILE CC
failures=0

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
if [ ! -f "${BUILDROOT_DIR:-}/package/Makefile.in" ]; then
    echo "skip - the Buildroot tree: BUILDROOT_DIR names no checkout of Buildroot"
    exit 0
fi
triplet=aarch64-linux-gnu
sysroot=${SYSROOT:-$work/sysroot}
br() { make -s -C "$BUILDROOT_DIR" O="$work/out" BR2_EXTERNAL="$external" "$@"; }

loads() { br sotto_qemu_aarch64_defconfig && grep -qx 'BR2_PACKAGE_SOTTO_DAEMON=y' "$work/out/.config"; }
saved() { br savedefconfig BR2_DEFCONFIG="$work/saved" && diff "$external/configs/sotto_qemu_aarch64_defconfig" "$work/saved"; }
all_options() { for option in WEB UPLOAD; do echo "BR2_PACKAGE_SOTTO_$option=y"; done >>"$work/out/.config" && br olddefconfig && grep -c 'BR2_PACKAGE_SOTTO.*=y' "$work/out/.config" | grep -qx 4; }
told() {
    br show-info >"$work/info.json" && python3 - "$work/info.json" <<'END'
import json, sys

sotto = json.load(open(sys.argv[1]))["sotto"]
print(sotto)
assert sotto["licenses"] == "Apache-2.0" and sotto["install_target"] and sotto["install_staging"]
assert {"libsodium", "sqlite", "jansson", "libmicrohttpd", "libcurl"} <= set(sotto["dependencies"])
END
}
users() { br printvars VARS=PACKAGES_USERS QUOTED_VARS=YES | grep -q 'sotto-upload -1 sotto-upload'; }
linted() { (cd "$BUILDROOT_DIR" && /usr/bin/python3 utils/check-package -b "$external"/{Config.in,external.mk,external.desc} "$external"/package/sotto/* "$external"/configs/*); }
version() { grep -qx "SOTTO_VERSION = $(sed -n 's/^.define SOTTO_VERSION_[MP][A-Z]* \([0-9]*\)$/\1/p' include/sotto.h | paste -sd.)" "$external/package/sotto/sotto.mk"; }
licence() { (cd "$here" && sed -n 's/^sha256  \(.*\)  LICENSE$/\1  LICENSE/p' "$external/package/sotto/sotto.hash" | sha256sum -c); }

check "the configuration loads" loads
check "savedefconfig gives it back as it is" saved
check "every option can be chosen" all_options
check "show-info tells licence and dependencies" told
check "the users are among those that Buildroot makes" users
check "check-package finds nothing" linted
check "the version is that of sotto.h" version
check "the licence's hash is right" licence

# The package's own commands, from a rule in an override file; $(@D) is where Buildroot would have unpacked it.
# For what is there: a library that the sysroot lacks cannot be linked.
built() {
    tools/dev/sysroot.sh arm64 "$sysroot" || return 1
    mkdir -p "$work/package" "$work/target" "$work/staging"
    git ls-files -co --exclude-standard -z | tar --null --ignore-failed-read -T - -cf - 2>/dev/null | tar -xf - -C "$work/package"
    cat >"$work/pkg-config" <<END
#!/bin/sh
export PKG_CONFIG_SYSROOT_DIR=$sysroot PKG_CONFIG_LIBDIR=$sysroot/usr/lib/$triplet/pkgconfig
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
exec pkg-config "\$@"
END
    chmod +x "$work/pkg-config"
    cat >"$work/out/local.mk" <<'END'
%/.sotto_tried:
	$(SOTTO_BUILD_CMDS)
	$(SOTTO_INSTALL_STAGING_CMDS)
	$(SOTTO_INSTALL_TARGET_CMDS)
	$(SOTTO_INSTALL_INIT_SYSV)
	$(SOTTO_INSTALL_INIT_SYSTEMD)
END
    br TARGET_CROSS="/usr/bin/$triplet-" TARGET_LDFLAGS="-Wl,-rpath-link=$sysroot/usr/lib/$triplet" \
        PKG_CONFIG_HOST_BINARY="$work/pkg-config" STAGING_DIR="$work/staging" TARGET_DIR="$work/target" \
        "$work/package/.sotto_tried"
}
for_target() {
    local library=$work/target/usr/lib/libsotto.so.0
    find "$work/target" "$work/staging" -type f
    readelf -h "$library" | grep -q AArch64 && [ -x "$work/target/etc/init.d/S90sotto" ] &&
        [ -f "$work/staging/usr/include/sotto.h" ] && [ -f "$work/staging/usr/lib/pkgconfig/sotto.pc" ]
}
runs() {
    cat >"$work/hello.c" <<'END'
#include <sotto.h>
#include <stdio.h>
int main(void) { return puts(sotto_version()) < 0; }
END
    "$triplet-gcc" -I"$work/staging/usr/include" "$work/hello.c" -L"$work/staging/usr/lib" -lsotto \
        -Wl,-rpath-link="$sysroot/usr/lib/$triplet" -o "$work/hello" &&
        "qemu-aarch64" -L "/usr/$triplet" -E LD_LIBRARY_PATH="$work/target/usr/lib:$sysroot/usr/lib/$triplet" "$work/hello" | grep -qE '^[0-9.]+$'
}
if command -v "$triplet-gcc" >/dev/null; then
    check "the package's commands build and install with Debian's cross compiler" built
    check "what they install is for the target, in its place" for_target
    if command -v qemu-aarch64 >/dev/null; then
        check "a program built against the staging folder runs with the target's library" runs
    else
        echo "skip - a program built against it runs: qemu-aarch64 is not installed"
    fi
else
    echo "skip - the package's commands build: $triplet-gcc is not installed"
fi
exit $((failures > 0))
