#!/bin/bash
# duties: the table of duties in firmware-config/policies/README.md names what exists: fields that the
# compiler reads, functions of the public headers, tests. None is pending.
# shellcheck disable=SC2317,SC2016 # check calls the functions; backquotes are Markdown's
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

readme=firmware-config/policies/README.md

# The rows of a table: duty, fields, functions, tests, with tabs between.
rows() { sed -n '/^| duty | fields/,/^$/p' "$1" | tail -n +3 | grep '^|' | sed 's/^| *//; s/ *|$//; s/ *| */\t/g'; }
# column N README: the names in backquotes of one column, one a line.
column() { rows "$2" | cut -f "$1" | grep -o '`[^`]*`' | tr -d '`' | sort -u; }

is_field() {
    local section=${1%%]*} key=${1#*] }
    section=${section#[}
    case "$section $key" in
    'policy name' | 'policy accountable' | 'policy contact' | 'policy jurisdiction' | 'people otherwise' | 'texts files' | 'disclosure icon')
        grep -q "\"$section\", \"$key\"" tools/sotto-pack/policy_build.c
        ;;
    *) grep -q "\"$section\", \"$key\"" tools/sotto-pack/policy_table.c ;;
    esac
}
is_function() { grep -qE "(^|[ *])$1\(" include/*.h; }
is_test() { grep -qE "^static void $1\(void" tests/unit/*.c || grep -qF "\"$1\"" tests/system/*.sh; }

# every KIND README: all names of a column exist; those that do not are printed.
every() {
    local kind=$1 n name wrong=0
    case $kind in field) n=2 ;; function) n=3 ;; test) n=4 ;; esac
    while read -r name; do
        "is_$kind" "$name" || { echo "there is no $kind $name" && wrong=1; }
    done < <(column "$n" "$2")
    return "$wrong"
}
has_row() { rows "$readme" | grep -q "$1"; }

for law in 'GDPR 5' 'GDPR 6, 7' 'GDPR 8' 'GDPR 9' 'GDPR 12' 'GDPR 15' 'GDPR 16' 'GDPR 17' 'GDPR 18' 'GDPR 21' 'GDPR 22' 'GDPR 25' \
    'GDPR 30' 'GDPR 35' 'ePrivacy Directive 5(3)' 'AI Act 5' 'AI Act 50' 'DSA 25' 'DSA 26' 'DSA 27' 'DSA 28' 'DSA 38' CCPA COPPA VPPA \
    '47 USC 551' 'UK GDPR' PIPL 'EN 301 549'; do
    check "the table has $law" has_row "$law"
done
check "every field is one the compiler reads" every field "$readme"
check "every function is in a public header" every function "$readme"
check "every test is there" every test "$readme"

# The checker itself: a name that nobody has is seen in each column.
for kind in field function test; do
    case $kind in field) name='[consent] store' ;; function) name=sotto_consent_set ;; test) name=presets_keep_what_their_law_demands ;; esac
    awk -v from="\`$name\`" -v to='`[consent] no_such`' '{ while (i = index($0, from)) $0 = substr($0, 1, i - 1) to substr($0, i + length(from)) } 1' \
        "$readme" >"$tmp/README.md"
    misses() { ! every "$kind" "$tmp/README.md"; }
    check "a $kind that does not exist is seen" misses
done

none_pending() { ! rows "$readme" | grep pending; }
check "no duty is pending" none_pending
finish
