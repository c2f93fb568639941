#!/bin/bash
# header: a stranger can include each public header alone, in C99 and in C++.
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

strict='-Wall -Wextra -Wpedantic -Werror -Wundef -fsyntax-only'
for compiler in 'gcc -std=c99' 'clang -std=c99' 'g++ -std=c++11' 'clang++ -std=c++11'; do
    program=${compiler%% *}
    alone=$tmp/alone.c
    [[ $program != *++ ]] || alone=$tmp/alone.cpp
    if ! command -v "$program" >/dev/null; then
        skip "the headers alone with $compiler: $program is not installed"
        continue
    fi
    for header in include/sotto.h include/sotto_port.h include/sotto_report.h platform/linux/sotto_linux.h platform/tpm/sotto_tpm.h; do
        name=$(basename "$header")
        # Included twice: the guard must hold.
        printf '#include "%s"\n#include "%s"\nint main(void) { return 0; }\n' "$name" "$name" >"$alone"
        # shellcheck disable=SC2086 # lists of options
        check "$name compiles alone with $compiler" $compiler $strict -Iinclude -Iplatform/linux -Iplatform/tpm "$alone"
    done
done
finish
