#!/bin/bash
# fixed_time: no branch and no address in the fixed-time samplers depends on what is drawn, in the machine
# code that each compiler makes at each level that is shipped. After Langley's ctgrind.
#
# seconds: 300
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

if ! command -v valgrind >/dev/null || [ ! -f /usr/include/valgrind/memcheck.h ]; then
    skip "the fixed-time samplers branch on nothing they draw: valgrind is not installed"
    finish
fi
if ! "$CC" -dumpmachine | grep -q "^$(uname -m)"; then
    skip "the fixed-time samplers branch on nothing they draw: built for another processor"
    finish
fi

# build COMPILER LEVEL [FLAGS]: the driver, around one of the sources.
build() {
    local compiler=$1 level=$2
    shift 2
    "$compiler" -std=c11 -D_GNU_SOURCE "$level" -gdwarf-4 -Iinclude -Isrc -I. '-DSAMPLER="dp/sample_fixed.c"' "$@" \
        -o "$tmp/driver" tests/system/fixed_time/driver.c src/dp/table.c
}
clean() { build "$@" && valgrind -q --error-exitcode=9 "$tmp/driver"; }
leaks() { build "$@" || return 1; valgrind -q --error-exitcode=9 "$tmp/driver"; [ $? -eq 9 ]; }

compilers="gcc clang"
for compiler in $compilers; do
    if ! command -v "$compiler" >/dev/null; then
        skip "$compiler is not installed"
        continue
    fi
    for level in -O1 -O2 -O3 -Os; do
        check "$compiler $level: no branch and no address depends on what is drawn" clean "$compiler" "$level"
    done
    check "$compiler: a sampler that takes longer for larger values is caught" leaks "$compiler" -O2 -DLEAK
done

# plant FROM TO: the sampler with a line changed; it must be caught.
plant() {
    sed "s/$1/$2/" src/dp/sample_fixed.c >"$tmp/planted.c"
    ! cmp -s src/dp/sample_fixed.c "$tmp/planted.c" || return 1
    "$CC" -std=c11 -D_GNU_SOURCE -O2 -gdwarf-4 -Iinclude -Isrc -I. "-DSAMPLER=\"$tmp/planted.c\"" -o "$tmp/driver" \
        tests/system/fixed_time/driver.c src/dp/table.c || return 1
    valgrind -q --error-exitcode=9 "$tmp/driver"
    [ $? -eq 9 ]
}
check "a scan that stops at the row it wanted is caught" plant \
    'at_most += (more - 1) >> 63;' 'if ((more - 1) >> 63) at_most++; else if (!is_wide) break;'
check "a scan in full that stops at the row it wanted is caught" plant \
    'at_most += (more - 1) >> 63;' 'at_most += (more - 1) >> 63; if (is_wide \&\& (more - 1) >> 63 == 0) break;'
check "a digit that is skipped where it is 0 is caught" plant \
    'sum += (uint32_t)with_sign((uint32_t)below, (uint32_t)(word >> 63)) << i;' \
    'if (below) { __asm__ volatile(""); sum += (uint32_t)with_sign(1, (uint32_t)(word >> 63)) << i; }'
check "a factor that is looked up by the exponent is caught" plant \
    'uint64_t keep = (exponent >> bit \& 1) - 1, product' \
    'if (exponent >> bit \& 1) factor = \&table_gaussian_exp[exponent \& 15]; uint64_t keep = (exponent >> bit \& 1) - 1, product'
check "a product that is left out in the full odds is caught" plant \
    'struct wide less = fraction_mul(z, \*factor);' 'if (keep) continue; struct wide less = fraction_mul(z, *factor);'
# Two decisions are declassified: a draw on a threshold, and a try that failed.
two() { [ "$(grep -c 'SAMPLE_PUBLIC(' src/dp/sample_fixed.c)" -eq 3 ]; } # with the definition
check "no more than two decisions are declassified" two
finish
