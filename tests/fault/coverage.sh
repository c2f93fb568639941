#!/bin/bash
# coverage: which branches of the vault its unit tests and a quick cut of the fault matrix take.
#
#     O=build/cov tests/fault/coverage.sh    a build with COV=1 (make coverage-vault); prints gcovr's table and the total
#
# Ends 0 when at least 95 of 100 branches are taken and no test fails.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 2
O=${O:-build/cov} least=95
status=0
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
export TMPDIR=$scratch
find "$O/obj/src/vault" -name '*.gcda' -delete
for name in vault vault_parse vault_refuses vault_steps erase receipt rotate audit sweep memory engine_storage; do
    "$O/tests/test_$name" >"$scratch/out" 2>&1 || {
        grep -v ' OK \| RUN ' "$scratch/out"
        status=1
    }
done
while read -r row scale; do
    "$O/fault" --row "$row" --scale "$scale" >"$scratch/out" 2>&1 || {
        cat "$scratch/out"
        status=1
    }
done <<END
power 0.1
errors 0.05
memory 0.1
damage 0.004
lost 0.001
rollback 1
END
gcovr --root . --filter src/vault/ --branches --sort-uncovered "$O" >"$scratch/table" || exit 2
cat "$scratch/table"
awk -v least="$least" '$1 == "TOTAL" {printf "%d of %d branches of src/vault, %.1f %%\n", $3, $2, 100 * $3 / $2; few = 100 * $3 < least * $2}
    END {exit few}' "$scratch/table" || status=1
exit $status
