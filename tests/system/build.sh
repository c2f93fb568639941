#!/bin/bash
# build: the promises of the Makefile to those who package Sotto: flags are appended, O= works with
# any path, a missing library is named, the device library needs two, and builds are reproducible.
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"
unset SAN COV O CFLAGS CPPFLAGS LDFLAGS CC CROSS_COMPILE PKG_CONFIG AR

plan() { make --no-print-directory -n V=1 SETUP=0 "$@"; }

# A pkg-config that knows only the libraries in KNOWN.
cat >"$tmp/pkg-config" <<'END'
#!/bin/sh
for word; do
    case $word in -*) continue ;; esac
    case " $KNOWN " in *" $word "*) echo "-l$word" ;; *) exit 1 ;; esac
done
END
chmod +x "$tmp/pkg-config"

# What would be run, a command a line, also left in $tmp/plan.
says() { plan "$@" 2>&1 | sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' | tee "$tmp/plan"; }
appended() {
    says lib O="$tmp/a" CFLAGS=-DMINE1 CPPFLAGS=-DMINE2 LDFLAGS=-Wl,-mine3 >/dev/null
    grep -e ' -c src/base/base.c' "$tmp/plan" | tee "$tmp/line"
    grep -qe '-std=c11.*-Wall.*-O2.*-DMINE2.*-DMINE1' "$tmp/line" && grep -e '-shared' "$tmp/plan" | grep -qe '-Wl,-mine3'
}
from_environment() {
    CFLAGS=-DMINE1 LDFLAGS=-Wl,-mine3 CC=mycc says lib O="$tmp/a" >/dev/null
    grep -qe '^.*mycc .*-std=c11.*-DMINE1.* -c src/base/base.c' "$tmp/plan" && grep -qe '-shared' "$tmp/plan"
}
crossed() {
    says lib O="$tmp/a" CROSS_COMPILE=arm-none- >/dev/null
    grep -q 'arm-none-gcc .* -c src/base/base.c' "$tmp/plan" &&
        grep -q 'arm-none-ar rcsD' "$tmp/plan"
}
fortified() { says lib O="$tmp/a" "$1" >/dev/null && grep -q -- '-D_FORTIFY_SOURCE=2' "$tmp/plan"; }
not_fortified() { says lib O="$tmp/a" "$1" >/dev/null && ! grep -q -- '-D_FORTIFY_SOURCE=2' "$tmp/plan"; }
two_libraries() { KNOWN='libsodium sqlite3' says lib O="$tmp/a" PKG_CONFIG="$tmp/pkg-config"; }
without_any() { KNOWN='' plan "$1" O="$tmp/a" PKG_CONFIG="$tmp/pkg-config"; }

# Two places, two kinds of path, two moments: the same bytes.
reproducible() {
    local place
    for place in one/longer/path two; do
        mkdir -p "$tmp/$place"
        cp -R Makefile src include platform tools "$tmp/$place/"
    done
    (cd "$tmp/one/longer/path" && TZ=UTC make -s V=0 O=out out/libsotto.a) &&
        (cd "$tmp/two" && TZ=Asia/Tokyo make -s O="$tmp/elsewhere" "$tmp/elsewhere/libsotto.a") &&
        cmp "$tmp/one/longer/path/out/libsotto.a" "$tmp/elsewhere/libsotto.a"
}
no_traces() { [ "$(cd "$tmp/two" && find . -newer "$tmp/pkg-config" -name '*.[od]' | wc -l)" -eq 0 ]; }
no_paths() { ! grep -aF "$tmp" "$tmp/elsewhere/libsotto.a"; }
rebuilds_on_new_flags() {
    local object=$tmp/elsewhere/obj/src/base/base.o
    (cd "$tmp/two" && make V=1 O="$tmp/elsewhere" "$object" | { ! grep ' -c '; } &&
        make V=1 O="$tmp/elsewhere" CFLAGS=-DNEW "$object" | grep -q -- -DNEW)
}
cleans() {
    echo mine >"$tmp/elsewhere/keep"
    (cd "$tmp/two" && make -s clean O="$tmp/elsewhere") && [ "$(ls "$tmp/elsewhere")" = keep ]
}

spaced() {
    mkdir "$tmp/a place" && cp -R Makefile src include platform tools "$tmp/a place/" &&
        (cd "$tmp/a place" && make -s O=out out/obj/src/base/base.o)
}
check "a checkout may have a space in its path" spaced
refuse "a build directory may not, and make says so" 2 'O=.*space' plan lib O="$tmp/a space"
check "the README names what a fresh Debian lacks before its first make" \
    awk '/apt install make/ {is_said = 1} /^make / {exit !is_said}' README.md
check "CFLAGS, CPPFLAGS and LDFLAGS are appended to ours" appended
check "CC and flags are taken from the environment too" from_environment
check "CROSS_COMPILE chooses compiler and archiver" crossed
check "sources are fortified by default" fortified V=1
check "-O0 is not fortified" not_fortified CFLAGS=-O0
check "a caller's own fortification is left alone" not_fortified CPPFLAGS=-D_FORTIFY_SOURCE=3
check "make lib asks for libsodium and SQLite only" two_libraries
export KNOWN='libsodium sqlite3'
refuse "a missing library is named with its Debian package" 2 'not find openblas.*libopenblas-dev' \
    make -n tools O="$tmp/a" PKG_CONFIG="$tmp/pkg-config"
export KNOWN=''
refuse "all that is missing is named at once" 2 'libsodium-dev libsqlite3-dev' make -n lib O="$tmp/a" PKG_CONFIG="$tmp/pkg-config"
check "make help works without any library" without_any help
check "make clean works without any library" without_any clean
check "two builds in different places are the same bytes" reproducible
check "nothing is written outside O" no_traces
check "no path of the builder is in the library" no_paths
check "other flags build everything anew, the same flags nothing" rebuilds_on_new_flags
check "make clean leaves what it did not build" cleans
finish
