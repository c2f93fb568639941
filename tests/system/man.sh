#!/bin/bash
# man: every program has a manual page that scdoc and man accept, and the pages and bash's completion
# say what the programs' own --help says.
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

tools=()
for main in tools/*/main.c; do
    name=$(basename "$(dirname "$main")")
    [ ! -x "$O/$name" ] || tools+=("$name")
done
each_has_a_page() {
    local tool
    for tool in "${tools[@]}"; do ls "tools/man/$tool".[0-9].scd || return 1; done
}
accepted() {
    local page name
    for page in tools/man/*.scd; do
        name=$(basename "$page" .scd)
        scdoc <"$page" >"$tmp/$name" || return 1
    done
}
formatted() {
    local page
    for page in "$tmp"/*.[0-9]; do
        LC_ALL=C.UTF-8 MANWIDTH=200 man --warnings -l "$page" 2>&1 >/dev/null | { ! grep .; } || return 1
        LC_ALL=C.UTF-8 MANWIDTH=100 man -l "$page" | grep -q '^NAME' || return 1
    done
}
# Pages refer only to pages of ours and to minisign's.
refers() { grep -ohE '\*[a-z.-]+\*\([0-9]\)' tools/man/*.scd | sort -u | tr -d '*' | tr '()' '. ' | while read -r page; do
    [ -f "tools/man/$page.scd" ] || [ "$page" = minisign.1 ] || { echo "no page $page" && return 1; }
done; }
stale() {
    mkdir -p "$tmp/copy/tools" && cp -R tools/dev tools/man tools/completion "$tmp/copy/tools/" &&
        sed -i 's/^  --seen HEX/  --saw HEX/' "$tmp/copy/tools/man/sotto.1.scd" && (cd "$tmp/copy" && tools/dev/describe.py check "${tools[@]}")
}

# complete WORD…: what bash would offer for the last word.
complete_words() {
    bash -c '. tools/completion/sotto.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sotto; printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}
# offers "words to complete" WANTED…: exactly these.
offers() {
    local line=$1
    shift
    read -ra line <<<"$line"
    [[ $OFFER_EMPTY != 1 ]] || line+=('')
    complete_words "${line[@]}" | sort >"$tmp/offered"
    printf '%s\n' "$@" | sort | diff - "$tmp/offered"
}
every_command() {
    local tool name
    for tool in sotto sotto-pack sotto-sim sotto-fleet; do
        "$O/$tool" --help | sed -nE "s/^  ($tool )?([a-z][a-z]*)  .*|^  ($tool )?([a-z][a-z]*) +--.*/\2\4/p" | grep -v "^sotto" >"$tmp/wanted"
        [ "$(wc -l <"$tmp/wanted")" -ge 4 ] || return 1
        complete_words "$tool" '' >"$tmp/offered"
        while read -r name; do grep -qx -- "$name" "$tmp/offered" || { echo "$tool $name is missing" && return 1; }; done <"$tmp/wanted"
    done
}
files() {
    cd "$tmp" && : >day.csv && complete_words_here=$OLDPWD && (
        cd "$complete_words_here" && bash -c '. tools/completion/sotto.bash; cd "$1"; COMP_WORDS=(sotto-pack check da); COMP_CWORD=2; _sotto; echo "${COMPREPLY[@]}"' bash "$tmp"
    ) | grep -qx day.csv
}

if grep -q -- '-fsanitize\|--coverage' "$O/flags" 2>/dev/null; then
    skip "manual pages and completion: they were looked at in the plain build"
    finish
fi
check "every program has a manual page" each_has_a_page
if command -v scdoc >/dev/null; then
    check "scdoc accepts every page" accepted
    if command -v man >/dev/null; then check "man shows each without a warning" formatted; else skip "man shows each: it is not installed"; fi
else
    skip "the manual pages are accepted: scdoc is not installed"
fi
check "pages refer to pages that are there" refers
check "pages and completion tell what --help tells" tools/dev/describe.py check "${tools[@]}"
refuse "a page that fell behind would be noticed" 1 'out of date.*sotto.1.scd' stale
check "completion offers every command that --help lists" every_command
OFFER_EMPTY=0 check "a command's beginning is completed" offers 'sotto-pack key' keygen
OFFER_EMPTY=0 check "options are completed" offers 'sotto audit verify --se' --seen
OFFER_EMPTY=1 check "the second word of a command is offered" offers 'sotto receipt' verify
check "files are completed where files are wanted" files
finish
