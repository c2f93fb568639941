#!/bin/bash
# yocto-check: what bitbake's parser and its package QA would find in firmware-config/yocto, as far as that can be
# told without bitbake: required variables, the licence's checksum, users and units that agree with systemd's
# files; and of what the recipe's own make lines install for arm64 (or here, without the cross compiler) the QA
# classes ldflags, buildpaths, already-stripped, dev-so, file-rdeps and installed-vs-shipped.
#
#     tools/dev/yocto-check.sh        (`make yocto-check`)
#
# Prints ok, not ok and skip lines; ends 1 when something is not ok.
# shellcheck disable=SC2317 # check calls the functions
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1
layer=$PWD/firmware-config/yocto/meta-sotto
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL O DESTDIR CROSS_COMPILE CC CFLAGS LDFLAGS
version=$(sed -n 's/^.define SOTTO_VERSION_[MP][A-Z]* \([0-9]*\)$/\1/p' include/sotto.h | paste -sd.)
recipe=$layer/recipes-sotto/sotto/sotto_$version.bb
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
# sets FILE NAME…: each is assigned in it.
sets() {
    local file=$1 name
    shift
    for name; do grep -qE "^$name(:[a-z\$\{\}PN-]+)? *[?+.]*= *\"[^\"]" "$file" || { echo "$file does not set $name" && return 1; }; done
}
layer_conf() { sets "$layer/conf/layer.conf" BBFILES BBFILE_COLLECTIONS BBFILE_PATTERN_sotto BBFILE_PRIORITY_sotto LAYERVERSION_sotto LAYERDEPENDS_sotto LAYERSERIES_COMPAT_sotto; }
recipe_has() {
    sets "$recipe" SUMMARY DESCRIPTION HOMEPAGE SECTION LICENSE LIC_FILES_CHKSUM DEPENDS EXTRA_OEMAKE SYSTEMD_SERVICE USERADD_PACKAGES USERADD_PARAM &&
        grep -qE '^inherit .*pkgconfig.*systemd.*useradd' "$recipe"
}
licence() { grep -q "LIC_FILES_CHKSUM = \"file://LICENSE;md5=$(md5sum LICENSE | cut -d' ' -f1)\"" "$recipe"; }
# Old forms that today's bitbake refuses, and tabs or lines that nothing closes.
form() {
    ! grep -nE '^[A-Z_]+_(append|prepend|remove|\$\{PN\})' "$layer"/recipes-*/*/*.bb && ! grep -nP '\t| $' "$layer"/recipes-*/*/*.bb &&
        awk '{n += gsub(/"/, "\"")} END {exit n % 2}' "$recipe" && ! grep -nE '^(do_[a-z]+)\(\) *$' "$recipe"
}
units() {
    local unit
    for unit in $(cd firmware-config/systemd && ls ./*.service); do grep -q "${unit#./}" "$recipe" || { echo "no ${unit#./}" && return 1; }; done
}
users() {
    awk '$1 == "u" || $1 == "g" {print $2}' firmware-config/systemd/sysusers.conf | while read -r name; do
        grep '^GROUPADD_PARAM' "$recipe" | grep -qE -- "-r $name(;|\")" || { echo "no group $name" && exit 1; }
    done && awk '$1 == "u" {print $2}' firmware-config/systemd/sysusers.conf | while read -r name; do
        grep -qE -- " $name(;|\")" <(grep -A2 '^USERADD_PARAM' "$recipe") || { echo "no user $name" && exit 1; }
    done
}
check "the layer says what bitbake asks of it" layer_conf
check "the recipe is of this version and says what it must" recipe_has
check "the licence's checksum is right" licence
check "variables are written in today's form" form
check "every unit is the recipe's" units
check "users and groups are those of sysusers.d" users

triplet=aarch64-linux-gnu
compiler=$triplet-gcc
path=$work/a-path-of-the-builder
place=$path/checkout
# As OpenEmbedded calls make: the recipe's variables, with flags from the environment.
built() {
    mkdir -p "$place" && git ls-files -co --exclude-standard -z | tar --null --ignore-failed-read -T - -cf - 2>/dev/null | tar -xf - -C "$place" || return 1
    local oemake pkgconfig=()
    oemake=$(python3 - "$recipe" <<'END'
import re, sys

text = open(sys.argv[1]).read().replace("\\\n", " ")
value = re.search(r'^EXTRA_OEMAKE = "([^"]*)"', text, re.M).group(1)
known = {"prefix": "/usr", "libdir": "/usr/lib", "includedir": "/usr/include", "bindir": "/usr/bin", "nonarch_libdir": "/usr/lib",
         "systemd_system_unitdir": "/usr/lib/systemd/system", "WORKDIR": "@WORK@", "SOTTO_DAEMONS": "sottod"}
print(re.sub(r"\$\{(\w+)\}", lambda m: known[m.group(1)], value))
END
    ) || return 1
    if command -v "$compiler" >/dev/null; then
        tools/dev/sysroot.sh arm64 "${SYSROOT:=$work/sysroot}" || return 1
        pkgconfig=(PKG_CONFIG_SYSROOT_DIR="$SYSROOT" PKG_CONFIG_LIBDIR="$SYSROOT/usr/lib/$triplet/pkgconfig" PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1)
    else
        compiler=gcc
    fi
    (cd "$place" && eval "oemake=(${oemake//@WORK@/$path})" &&
        export CC="$compiler" AR="${compiler%gcc}ar" CFLAGS="-O2 -g -pipe -ffile-prefix-map=$path=/usr/src/debug/sotto" \
            LDFLAGS="-Wl,-O1 -Wl,--hash-style=gnu -Wl,--as-needed -Wl,-z,relro,-z,now ${SYSROOT:+-Wl,-rpath-link=$SYSROOT/usr/lib/$triplet}" &&
        for target in device "DESTDIR=$work/image install-device" "DESTDIR=$work/image install-service"; do
            # shellcheck disable=SC2086 # a variable and a target
            env "${pkgconfig[@]}" make -s "${oemake[@]}" $target || exit 1
        done)
}
binaries() { find "$work/image" -type f \( -name '*.so*' -o -path '*/bin/*' \); }
ldflags() {
    local file
    while read -r file; do
        readelf -W -d "$file" >"$work/dynamic"
        if ! grep -q GNU_HASH "$work/dynamic" || grep -q '(HASH)' "$work/dynamic" || ! grep -q BIND_NOW "$work/dynamic" ||
            ! readelf -W -l "$file" | grep -q GNU_RELRO; then
            echo "$file" && return 1
        fi
    done < <(binaries)
}
buildpaths() { ! grep -rlaF "$work" "$work/image"; }
not_stripped() { binaries | while read -r file; do readelf -W -S "$file" | grep -q '\.debug_info' || { echo "$file" && exit 1; }; done; }
# Everything installed is in a package by the default patterns (lib*.so.*, headers, .a, pkgconfig) or by FILES.
shipped() { (cd "$work/image" && find . -type f -o -type l) | { ! grep -vE '^\./usr/(bin/|include/|lib/lib[a-z-]*\.(so|a)|lib/pkgconfig/|lib/systemd/system/|lib/tmpfiles\.d/|lib/sysusers\.d/|share/sotto/)'; }; }
links() { binaries | while read -r file; do readelf -d "$file" | grep -E 'RPATH|RUNPATH' && exit 1; done; [ -L "$work/image/usr/lib/libsotto.so" ]; }

if check "the recipe's own make lines build and install" built && [ -d "$work/image" ]; then
    check "ldflags: GNU_HASH, RELRO and immediate binding everywhere" ldflags
    check "buildpaths: no path of the builder in any file" buildpaths
    check "already-stripped: debug information is left to bitbake" not_stripped
    check "dev-so, rpaths: links are links, no search path is built in" links
    check "installed-vs-shipped: every file belongs to a package" shipped
    check "the checkout is left as it was" [ ! -e "$place/build" ]
fi
exit $((failures > 0))
