#!/bin/bash
# bugs: is the matrix worth anything? Seeds the mistakes of tests/fault/bugs into a copy of the tree, one by
# one, and runs a reduced matrix on each. A patch must apply without fuzz; a copy without any must pass.
#
#     tests/fault/bugs.sh               all; ends 0 when at least 28 of 30 are noticed
#     BUG="word …" tests/fault/bugs.sh  those whose name holds one of the words
#     tests/fault/bugs.sh --apply       only that each patch applies
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 2
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
seed=${SEED:-1} word=${BUG:-} least=28
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# What git would add, so that a bug is seeded into what lies here and not into the last commit.
copy=$scratch/tree
mkdir "$copy"
# shellcheck disable=SC2016 # the inner shell expands it
git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' sh |
    tar -c --null -T - | tar -x -C "$copy"

# is_meant NAME: whether it holds one of the words.
is_meant() {
    local one
    [ -n "$word" ] || return 0
    for one in $word; do [[ $1 != *"$one"* ]] || return 0; done
    return 1
}
apply() { patch -d "$copy" -p1 -F0 -s --no-backup-if-mismatch -r - "$@"; }

if [ "${1:-}" = --apply ]; then
    status=0
    for patch in tests/fault/bugs/*.patch; do
        apply --dry-run <"$patch" >/dev/null || {
            echo "$patch does not apply"
            status=1
        }
    done
    exit $status
fi

build() { make -C "$copy" -s -j"$(nproc)" O=build SETUP=0 WERROR=0 CC="${CC:-cc}" build/fault >"$scratch/build" 2>&1; }

# A row a line, the cheapest first, each with so much of it.
matrix='power 1
rollback 1
lost 0.004
damage 0.02
errors 0.08
memory 0.02
clocks 0.02
processes 0.02'

# Prints ROW: FIRST FAILURE, or nothing when all pass. A process that dies or hangs has noticed too.
run() {
    local row scale code
    while read -r row scale; do
        timeout 900 "$copy/build/fault" --row "$row" --seed "$seed" --scale "$scale" >"$scratch/out" 2>&1
        code=$?
        [ $code -ne 0 ] || continue
        if grep -q '^FAILED' "$scratch/out"; then
            echo "$row|$(grep -m1 '^FAILED' "$scratch/out" | cut -c 8-)"
        else
            echo "$row|ended with $code: $(tail -n 1 "$scratch/out" | cut -c 1-120)"
        fi
        return
    done <<<"$matrix"
}

build || {
    cat "$scratch/build"
    exit 2
}
sound=$(run)
if [ -n "$sound" ]; then
    echo "the matrix fails without any bug: $sound"
    exit 2
fi
printf '| bug | noticed by | first failing state |\n|---|---|---|\n'
seeded=0 noticed=0 broken=0
for patch in tests/fault/bugs/*.patch; do
    name=$(basename "$patch" .patch)
    is_meant "$name" || continue
    seeded=$((seeded + 1))
    if ! apply <"$patch" >/dev/null; then
        echo "| $name | THE PATCH DOES NOT APPLY | |"
        broken=$((broken + 1))
        continue
    fi
    if ! build; then
        echo "| $name | THE COPY DOES NOT BUILD: $(grep -m1 error "$scratch/build") | |"
        broken=$((broken + 1))
    else
        IFS='|' read -r row state < <(run)
        [ -z "$row" ] || noticed=$((noticed + 1))
        echo "| $name | ${row:-NOBODY} | ${state:-} |"
    fi
    # Not by patch -R, which may put a line without context elsewhere.
    sed -n "s|^+++ b/||p" "$patch" | while read -r file; do cp "$file" "$copy/$file"; done
done
echo "$noticed of $seeded noticed"
[ -z "$word" ] || least=$((seeded - broken))
[ "$broken" -eq 0 ] && [ "$noticed" -ge "$least" ] && [ "$seeded" -ge "$least" ]
