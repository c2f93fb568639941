#!/bin/bash
# lint: form and static analysis. clang-format, clang-tidy and cppcheck over every C file, shellcheck over
# every script. The walls are checked by walls.sh.
#
#     tools/dev/lint.sh [format|tidy|cppcheck|shell]…        (all four when none is named)
#
# TIDY=src: clang-tidy over that folder alone. Ends 0 when nothing is found, 1 when something is, 2 when a checker is not installed.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 2

mapfile -t sources < <(find src include platform tools tests examples -name '*.c' 2>/dev/null | sort)
mapfile -t all_c < <(find src include platform tools tests examples -name '*.[ch]' 2>/dev/null | sort)
mapfile -t scripts < <(find .ci tools tests -type f \( -name '*.sh' -o -path '.ci/run' \) | sort)
read -ra libraries <<<"$(pkg-config --cflags libsodium sqlite3 openblas liblzma libzstd inih jansson cmocka tss2-esys 2>/dev/null)"
flags=(-std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -Iinclude -Isrc -I. -Iplatform/linux -Iplatform/tpm -DWITH_TPM "${libraries[@]}")
found=0

need() {
    command -v "$1" >/dev/null && return
    echo "lint: $1 is not installed: run tools/dev/setup.sh lint" >&2
    exit 2
}
# verdict NAME STATUS HINT
verdict() {
    if [ "$2" -eq 0 ]; then
        echo "  $1: clean"
    else
        echo "  $1: see above${3:+; $3}"
        found=1
    fi
}

format() {
    need clang-format
    clang-format --dry-run -Werror "${all_c[@]}" 2>&1 | grep -E 'error:' | cut -d: -f1 | sort | uniq -c |
        awk '{print "  " $2 ": " $1 " places"} END {exit NR > 0}'
    verdict clang-format $? "clang-format -i FILE puts it right"
}

tidy() {
    need clang-tidy
    printf '%s\n' "${sources[@]}" | grep "^${TIDY:-}" | xargs -P "$(nproc)" -I {} clang-tidy --quiet {} -- "${flags[@]}" \
        >"$scratch/tidy" 2>/dev/null
    grep -E '(warning|error): ' "$scratch/tidy" | sort -u | sed "s|$PWD/||"
    [ -s "$scratch/tidy" ] && grep -qE '(warning|error): ' "$scratch/tidy"
    verdict clang-tidy $(($? == 0))
}

cppcheck_all() {
    need cppcheck
    # Loops that come out of a library's macros, and assertions that do not return.
    cat >"$scratch/macros.cfg" <<'END'
<?xml version="1.0"?>
<def format="2">
  <define name="json_array_foreach(array, i, v)" value="for (i = 0; i &lt; json_array_size(array) &amp;&amp; (v = json_array_get(array, i)); i++)"/>
  <define name="json_object_foreach(object, k, v)" value="for (k = json_first(object); k &amp;&amp; (v = json_value(k)); k = json_next(object, k))"/>
  <define name="assert_non_null(p)" value="do { if (!(p)) abort(); } while (0)"/>
  <define name="assert_true(c)" value="do { if (!(c)) abort(); } while (0)"/>
  <define name="fail_msg(...)" value="abort()"/>
</def>
END
    cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 -j "$(nproc)" -Iinclude -Isrc -I. \
        --enable=warning,portability,performance --suppress=missingInclude --suppress=missingIncludeSystem \
        --library=posix --suppress=readdirCalled --suppress=getpwnamCalled --suppress=getgrnamCalled --library="$scratch/macros.cfg" \
        --template='{file}:{line}: {severity}: {message} [{id}]' "${sources[@]}" 2>&1
    verdict cppcheck $?
}

shell() {
    need shellcheck
    shellcheck -x -P SCRIPTDIR -P . "${scripts[@]}"
    verdict shellcheck $?
}

scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
for check in "${@:-every}"; do
    case $check in
    every) format; tidy; cppcheck_all; shell ;;
    format) format ;;
    tidy) tidy ;;
    cppcheck) cppcheck_all ;;
    shell) shell ;;
    *)
        echo "usage: tools/dev/lint.sh [format|tidy|cppcheck|shell]…" >&2
        exit 2
        ;;
    esac
done
exit $found
