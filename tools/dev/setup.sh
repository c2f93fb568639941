#!/bin/sh
# setup: installs the Debian packages Sotto is built, tested, linted or released with. Says nothing
# when none is missing; changes nothing but packages.
#
#     tools/dev/setup.sh [build|test|bench|fuzz|lint|coverage|package|boot|ci]   (build when not given)
#
# Ends 0 when everything is there, 1 when it could not be installed, 2 on a wrong command line.
set -eu

purpose=${1:-build}

build='gcc make pkg-config libc6-dev libsodium-dev libsqlite3-dev libopenblas-dev liblzma-dev
    libzstd-dev libinih-dev libjansson-dev libmicrohttpd-dev libcurl4-openssl-dev'
test="$build g++ libcmocka-dev minisign xz-utils zstd e2fsprogs python3 python3-jsonschema valgrind libtss2-dev swtpm"
lint="$build libtss2-dev clang-format clang-tidy cppcheck shellcheck"
bench="$test libfaiss-dev libsqlcipher-dev libssl-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
coverage="$test gcovr"
fuzz="$build clang libclang-rt-14-dev"
test="$test scdoc man-db"
package="$build scdoc man-db bash-completion musl-tools debhelper dpkg-dev fakeroot lintian debootstrap python3-magic
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
boot="$build qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross cpio kmod e2fsprogs"
ci="$test $lint $package $boot clang libclang-rt-14-dev chromium fonts-dejavu-core
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user"
# Debian's npm does not go with a Node.js from elsewhere.
command -v npm >/dev/null || ci="$ci nodejs npm"

case $purpose in
build) wanted=$build ;;
test) wanted=$test ;;
bench) wanted=$bench ;;
lint) wanted=$lint ;;
coverage) wanted=$coverage ;;
fuzz) wanted=$fuzz ;;
package) wanted=$package ;;
boot) wanted=$boot ;;
ci) wanted=$ci ;;
*)
    echo "usage: tools/dev/setup.sh [build|test|bench|fuzz|lint|coverage|package|boot|ci]" >&2
    exit 2
    ;;
esac
# shellcheck disable=SC2086 # a list of names
wanted=$(printf '%s\n' $wanted | sort -u)

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}
list() { printf '%s' "$1" | tr '\n' ' '; }

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail "this is no Debian. Install these (Debian's names) and run again with SETUP=0: $(list "$wanted")"
fi

missing=
for package in $wanted; do
    case " $(dpkg-query -W -f '${db:Status-Status} ' "$package" 2>/dev/null)" in
    *" installed "*) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
        fail "missing, and neither root nor sudo to install them: apt-get install$missing"
    as_root=sudo
fi
say "installing$missing"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1
}
# A third-party source that is out of order must not stop us: the installation decides.
update() {
    say "reading the package lists"
    apt update || say "apt-get update reported a problem; trying to install all the same"
}
# shellcheck disable=SC2086 # a list of names
install() { apt install --yes --no-install-recommends $missing; }

# The lists are read anew only when they do not know a package, or know one that is gone.
# shellcheck disable=SC2086 # a list of names
if [ "$(LC_ALL=C apt-cache policy $missing | grep -c 'Candidate: [^(]')" -ne "$(printf '%s\n' $missing | wc -l)" ]; then
    update
    updated=yes
fi
if ! install; then
    if [ "${updated:-no}" = yes ] || ! { update && install; }; then
        tail -n 15 "$log" >&2
        fail "apt-get could not install$missing (the lines above are its own)"
    fi
fi
say "done"
