#!/bin/bash
# install: what make install leaves is whole: a stranger's program finds it through pkg-config, links
# it both ways and runs; uninstall takes it away again.
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

root=$tmp/root
prefix=/opt/sotto
# With the flags of the build under test, so that nothing is built anew.
same_make() { MAKEFLAGS=${SOTTO_MAKE_VARS:-} make --no-print-directory O="$O" CC="$CC" SETUP=0 "$@"; }

cat >"$tmp/consumer.c" <<'END'
#include <sotto.h>
#include <sotto_linux.h>
#include <sotto_port.h>
#include <sotto_report.h>
#include <stdio.h>

int main(void) {
    struct sotto *engine = NULL;
    struct sotto_error err;
    int status = sotto_open(NULL, &engine, &err);
    printf("%s %s\n", sotto_version(), sotto_strerror(status));
    return status == SOTTO_E_ARGUMENT && engine == NULL ? 0 : 1;
}
END

pc() {
    PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$root$prefix/lib/pkgconfig \
        PKG_CONFIG_ALLOW_SYSTEM_CFLAGS='' pkg-config "$@"
}
shared() {
    # shellcheck disable=SC2046 # options
    "$CC" -std=c99 -Wall -Wextra -Werror $(sanitizers) "$tmp/consumer.c" $(pc --cflags --libs sotto) -o "$tmp/shared" &&
        LD_LIBRARY_PATH=$root$prefix/lib "$tmp/shared"
}
static() {
    # shellcheck disable=SC2046 # options
    "$CC" -std=c99 -Wall -Wextra -Werror $(sanitizers) $(pc --cflags sotto) "$tmp/consumer.c" \
        "$root$prefix/lib/libsotto.a" $(pkg-config --libs libsodium sqlite3) -o "$tmp/static" && "$tmp/static"
}
chip() {
    # shellcheck disable=SC2046 # options
    "$CC" -std=c99 -Wall -Wextra -Werror $(sanitizers) "$tmp/chip.c" $(pc --cflags --libs sotto-tpm) \
        -Wl,-rpath-link="$root$prefix/lib" -o "$tmp/chip" && LD_LIBRARY_PATH=$root$prefix/lib "$tmp/chip"
}
# A library built with sanitizers asks the same of its user.
sanitizers() { grep -oE -- '-fsanitize=[a-z]+|--coverage' "$O/flags" | sort -u; }
soname() { readelf -d "$root$prefix/lib/libsotto.so" | grep -q 'SONAME.*\[libsotto.so.0\]'; }
links() {
    [ "$(readlink "$root$prefix/lib/libsotto.so")" = libsotto.so.0 ] &&
        [ -f "$root$prefix/lib/$(readlink "$root$prefix/lib/libsotto.so.0")" ]
}
version() { [ "$(pc --modversion sotto)" = "$(LD_LIBRARY_PATH=$root$prefix/lib "$tmp/shared" | cut -d' ' -f1)" ]; }
needs_little() {
    readelf -d "$root$prefix/lib/libsotto.so" | grep NEEDED | grep -vE 'libsodium|libsqlite3|libc\.|ld-linux|lib[a-z]*san|libgcov' >"$tmp/needed"
    cat "$tmp/needed"
    [ ! -s "$tmp/needed" ]
}
# Debian's list of what programs may link with; one that lacks a name makes their dependencies wrong.
listed() {
    nm -D --defined-only "$root$prefix/lib/libsotto.so" | awk '$2 == "T" {sub(/@.*/, "", $3); print $3}' | sort >"$tmp/exported"
    sed -n 's/^ \(sotto_[a-z0-9_]*\)@SOTTO_0 .*/\1/p' firmware-config/debian/libsotto0.symbols | sort | diff - "$tmp/exported"
}
tools_run() {
    local tool
    for tool in "$root$prefix"/bin/*; do "$tool" --help >/dev/null || return 1; done
}
outside() { find "$root" -mindepth 1 -type f -o -type l | grep -v "^$root$prefix/" | { ! grep .; }; }
modes() { find "$root" -type f -perm /022 | { ! grep .; }; }
nothing() { find "$root" -type f -o -type l | { ! grep .; }; }

check "make install succeeds" same_make install DESTDIR="$root" PREFIX="$prefix"
check "nothing is installed outside the prefix" outside
check "nothing installed is writable by others" modes
check "the shared library has its soname" soname
check "the links lead to the library" links
check "a C99 program finds the shared library through pkg-config and runs" shared
check "it runs with the static library too" static
check "pkg-config and the library tell the same version" version
check "the library needs only libsodium, SQLite and libc" needs_little
check "Debian's list of symbols is what the library exports" listed
check "every installed tool runs" tools_run
if [ -f "$O/libsotto-tpm.a" ]; then
    cat >"$tmp/chip.c" <<'END'
#include <sotto_tpm.h>

int main(void) {
    struct sotto_tpm tpm = {.inside = 0};
    struct sotto_port port;
    struct sotto_error err;
    return sotto_tpm_keys(&tpm, 0, &port, &err) == SOTTO_E_ARGUMENT ? 0 : 1;
}
END
    check "the TPM library is not installed along" [ ! -e "$root$prefix/lib/libsotto-tpm.a" ]
    check "make install-tpm succeeds" same_make install-tpm DESTDIR="$root" PREFIX="$prefix"
    check "a C99 program finds the TPM library through pkg-config and runs" chip
    check "the library itself still needs no libtss2" needs_little
else
    skip "make install-tpm: libtss2-dev is not installed"
fi
served() {
    local page
    same_make install-web DESTDIR="$tmp/web" || return 1
    for page in platform/web/*.{html,js,css,svg}; do cmp "$page" "$tmp/web/usr/share/sotto/web/${page##*/}" || return 1; done
    "$O/sotto-web" --help | grep -F 'the folder of the page; "": none (/usr/share/sotto/web)'
}
if [ -x "$O/sotto-web" ]; then
    check "the pages are where sotto-web looks for them" served
else
    skip "the pages of sotto-web: it was not built"
fi
check "make uninstall takes everything away" same_make uninstall DESTDIR="$root" PREFIX="$prefix"
check "no file is left" nothing
finish
