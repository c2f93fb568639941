#!/bin/bash
# reproducible: builds and installs everything twice, in two places, at two times, under another time zone,
# language, umask and user name, one of them with many jobs and one without, and compares the SHA-256 of every
# file that was installed, bills of materials included.
#
#     tools/dev/reproducible.sh [VARIABLE=value…]        (handed on to make: CC=…, CROSS_COMPILE=…)
#
# Ends 0 when they are the same, 1 when they differ or do not build.
set -u
cd "$(dirname "$0")/../.." || exit 1
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1700000000)}"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL O DESTDIR

# place DIRECTORY: the sources as they are now, ignored files left out.
place() {
    mkdir -p "$1" && git ls-files -co --exclude-standard -z | tar --null --ignore-failed-read -T - -cf - 2>/dev/null | tar -xf - -C "$1"
}
place "$work/a" && place "$work/somewhere else/with/a longer path" || exit 1
targets=(install install-man install-completion install-service install-sysv)

# build DIRECTORY O ROOT MAKE'S WORDS…
build() {
    local at=$1 out=$2 root=$3
    shift 3
    (cd "$at" && make -s SETUP=0 O="$out" PREFIX=/usr "$@" all man sbom &&
        make -s SETUP=0 O="$out" PREFIX=/usr DESTDIR="$root" "$@" "${targets[@]}" && cp -R "$out/sbom" "$root/sbom")
}
say() { printf 'reproducible: %s\n' "$*"; }
say "building in one place"
(umask 022 && TZ=UTC LC_ALL=C USER=one build "$work/a" out "$work/root-1" -j"$(nproc)" "$@") || exit 1
sleep 2
say "building in another"
(umask 077 && TZ=Pacific/Auckland LC_ALL=C.UTF-8 USER=two HOME=/nonexistent \
    build "$work/somewhere else/with/a longer path" "$work/elsewhere" "$work/root-2" "$@") || exit 1

sums() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }
sums "$work/root-1" >"$work/sums-1" && sums "$work/root-2" >"$work/sums-2"
count=$(wc -l <"$work/sums-1")
if ! diff "$work/sums-1" "$work/sums-2" || [ "$count" -lt 20 ]; then
    say "the files above differ (of $count)"
    exit 1
fi
if grep -rlF "$work" "$work/root-1" "$work/root-2"; then
    say "the files above hold a path of the builder"
    exit 1
fi
grep -E 'libsotto\.(a|so)|bin/' "$work/sums-1"
say "$count files, the same bytes in both; sha256 of their list: $(sha256sum <"$work/sums-1" | cut -d' ' -f1)"
