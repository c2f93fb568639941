#!/bin/bash
# sysroot: a directory with another architecture's libraries, as a firmware's SDK has it. Debian's own
# packages are downloaded and unpacked; the host's package state and lists stay untouched.
#
#     tools/dev/sysroot.sh arm64|armhf DIRECTORY [PACKAGE…]
#
# With PACKAGE… these are unpacked instead; linux-image-arm64 stands for the kernel it depends on.
# Ends 0 when DIRECTORY holds the libraries, 1 when they could not be had, 2 on a wrong command line.
set -u
export LC_ALL=C

case ${1:-} in
arm64) triplet=aarch64-linux-gnu ;;
armhf) triplet=arm-linux-gnueabihf ;;
*)
    echo "usage: tools/dev/sysroot.sh arm64|armhf DIRECTORY" >&2
    exit 2
    ;;
esac
architecture=$1
root=${2:?usage: tools/dev/sysroot.sh arm64|armhf DIRECTORY}

# What the library, the tools and the tests link, with what those need in turn.
packages='libsodium23 libsodium-dev libsqlite3-0 libsqlite3-dev libcmocka0 libcmocka-dev liblzma5 liblzma-dev
    libzstd1 libzstd-dev libinih1 libinih-dev libjansson4 libjansson-dev libopenblas0-pthread
    libopenblas-pthread-dev libgfortran5 libgcc-s1'

[ $# -le 2 ] || packages=${*:3}

mkdir -p "$root" && root=$(cd "$root" && pwd) || exit 1
[ ! -f "$root/.complete" ] || exit 0
apt=$root/.apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/sources.d" "$apt/debs" || exit 1
: >"$apt/status"

# The suites and mirrors the host uses for Debian itself, without third parties' sources.
# shellcheck disable=SC2016 # apt's own variables
suites=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
    'Origin: Debian' 'Component: main' 2>/dev/null | sort -u)
: "${suites:=http://deb.debian.org/debian bookworm main}"
sources() { sed 's|^|deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] |' >"$apt/sources.list"; }

options=(-q -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" -o "Dir::State=$apt"
    -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
    -o "Dir::Etc::sourcelist=$apt/sources.list" -o "Dir::Etc::sourceparts=$apt/sources.d"
    -o APT::Sandbox::User=root -o Acquire::Languages=none)

# A security index that is out of order is left out; the release itself will do.
sources <<<"$suites"
if ! apt-get "${options[@]}" update >"$apt/log" 2>&1; then
    echo "sysroot: trying again without the security suite for $architecture"
    rm -rf "$apt/lists" && mkdir -p "$apt/lists/partial"
    grep -v -- '-security ' <<<"$suites" | sources
    apt-get "${options[@]}" update >"$apt/log" 2>&1 || {
        tail -n 5 "$apt/log" >&2
        exit 1
    }
fi
if [[ $packages == *linux-image-arm64* ]]; then
    kernel=$(apt-cache "${options[@]}" depends linux-image-arm64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -1)
    packages=${packages/linux-image-arm64/${kernel:?sysroot: no kernel is known}}
fi
# shellcheck disable=SC2086 # a list of names
(cd "$apt/debs" && apt-get "${options[@]}" download $packages) >"$apt/log" 2>&1 || {
    tail -n 5 "$apt/log" >&2
    exit 1
}
for package in "$apt"/debs/*.deb; do
    dpkg-deb -x "$package" "$root" || exit 1
done
rm -rf "$apt" && echo "$triplet" >"$root/.complete"
