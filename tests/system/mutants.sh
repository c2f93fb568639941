#!/bin/bash
# mutants: bugs that other privacy libraries had, or might have had, planted one at a time. Each patch in
# tests/mutants is applied to a copy of the sources, what it touches is built anew, and the suite that it
# names must fail; without one it must pass.
#
# A patch begins with two lines of its own:   Planted: SENTENCE   and   Suite: NAME   (tests/unit/test_NAME.c)
#
#     O=build tests/system/mutants.sh [WORD]       those whose file name holds WORD
#
# seconds: 1800
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"
root=$PWD
word=${1:-}
if grep -qE 'fsanitize|coverage' "$O/flags"; then
    skip "planted bugs are noticed: the plain build does that"
    finish
fi

flags=()
eval "flags=($(cat "$O/flags"))" # written by make, quoted for a shell
read -ra include <<<"$(pkg-config --cflags cmocka libsodium sqlite3 openblas liblzma libzstd inih jansson)"
read -ra libraries <<<"$(pkg-config --libs cmocka libsodium sqlite3 openblas liblzma libzstd inih jansson) -lm -lpthread"

# The sources that have to be built anew: those touched, and all that see a header that was.
touched() {
    local file
    grep '^+++ ' "$1" | sed 's|^+++ b/||; s|[[:space:]].*||' | while read -r file; do
        case $file in
        *.c) echo "$file" ;;
        *) grep -lE "[ /]$file( |\$)" -r "$O/obj/src" --include='*.d' | sed "s|^$O/obj/||; s|d\$|c|" ;;
        esac
    done | sort -u
}

# caught PATCH SUITE: builds the mutant and runs the suite, which must end with a failed test. Not built,
# crashed or stuck is not caught.
caught() (
    rm -rf "$tmp/tree" "$tmp/obj" "$tmp/log" && mkdir -p "$tmp/tree" "$tmp/obj" || exit 1
    cp -R include src tests platform tools "$tmp/tree/" && cd "$tmp/tree" || exit 1
    patch -s -p1 --fuzz=0 <"$1" || exit 1
    for source in $(touched "$1") "tests/unit/test_$2.c"; do
        "${flags[@]}" "${include[@]}" -w -c "$source" -o "$tmp/obj/${source//\//-}.o" || exit 1
    done
    cd "$root" || exit 1
    # The suite first: what it includes as source goes before the same in an object.
    mv "$tmp/obj/tests-unit-test_$2.c.o" "$tmp/suite.o" || exit 1
    "${flags[@]}" -w -o "$tmp/mutant" -Wl,--allow-multiple-definition "$tmp/suite.o" "$tmp"/obj/*.o \
        "$O"/obj/tests/support/*.o "$O/libhost.a" "$O/libsotto.a" "${libraries[@]}" || exit 1
    TMPDIR=$tmp timeout 120 "$tmp/mutant" >"$tmp/log" 2>&1
    status=$?
    tail -n 15 "$tmp/log"
    [ "$status" -ne 0 ] && grep -q '^\[  FAILED  \]' "$tmp/log"
)

for patch in tests/mutants/*"$word"*.patch; do
    planted=$(sed -n 's/^Planted: //p;2q' "$patch")
    suite=$(sed -n 's/^Suite: //p;2q' "$patch")
    check "$(basename "$patch" .patch): $planted is noticed by test_$suite" caught "$root/$patch" "$suite"
done

# A copy with nothing but a comment added passes them all, or they would fail whatever is planted.
cp src/dp/sample.h "$tmp/sample.h" && echo '/* nothing */' >>"$tmp/sample.h"
diff -u --label a/src/dp/sample.h --label b/src/dp/sample.h src/dp/sample.h "$tmp/sample.h" >"$tmp/none.patch"
untouched() { ! caught "$tmp/none.patch" "$1" && grep -q '^\[  PASSED  \]' "$tmp/log"; }
mapfile -t suites < <(sed -n 's/^Suite: //p' tests/mutants/*"$word"*.patch | sort -u)
for suite in "${suites[@]}"; do
    check "without a bug test_$suite passes" untouched "$suite"
done
finish
