#!/bin/bash
# walls: holds the house to its plan. Who may include whom is read from the compiler's dependency files,
# banned calls and undocumented functions from the sources; symbols.sh looks into the objects.
#
#     O=build tools/dev/walls.sh        (after `make all` into O; `make check-walls` does both)
#
# Prints one line for each breach, FILE: what is wrong, and ends 1; silent and 0 when all walls stand.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
cd "${WALLS_ROOT:-$here/../..}" || exit 2
O=${O:-build}
breaches=$(mktemp) || exit 2
trap 'rm -f "$breaches"' EXIT

# ---- Include edges ------------------------------------------------------------------------
# A room sees itself, the public headers and the rooms listed: those below it in the plan, siblings
# not. `pure` rooms and files know no store and no clock.
edges() {
    find src platform tools -name '*.c' | while read -r source; do
        dependencies=$O/obj/${source%.c}.d
        if [ -f "$dependencies" ]; then
            # One header a line, without backslashes, "./" and "x/../".
            sed 's/ *\\$//' "$dependencies" | tr -s ' ' '\n' | sed -n -e ':a' -e 's|[^/.][^/]*/\.\./||' -e 'ta' \
                -e 's|^\./||' -e "s|.*\\.h\$|$source &|p"
        elif [[ $source == src/* ]]; then
            echo "$source not-built"
        fi
    done | awk '
    BEGIN {
        low = "base crypto"
        plan["base"] = ""
        plan["crypto"] = "base"
        plan["vault"] = low
        plan["pack"] = low
        plan["score"] = low " pack"
        plan["profile"] = low " vault pack"
        plan["dp"] = low
        plan["release"] = low " vault pack dp"
        plan["slate"] = low " vault pack score profile"
        plan["engine"] = low " vault pack score profile dp release slate"
        plan["platform"] = "base crypto"
        for (r in plan) {
            n = split(plan[r], below, " ")
            for (i = 1; i <= n; i++) may[r, below[i]] = 1
            may[r, r] = 1
        }
    }
    function room(path,   part) {
        split(path, part, "/")
        if (part[1] == "src") return part[3] == "" ? "engine" : part[2]
        if (part[1] == "platform" || part[1] == "tools" || part[1] == "tests") return part[1]
        return part[1] == "include" ? "" : "outside"
    }
    function breach(what) { if (!said[$1, what]++) print $1 ": " what }
    $2 == "not-built" { breach("is not built into O; run make all first"); next }
    {
        from = room($1); to = room($2)
        if ($2 ~ /(^|\/)sodium(\.h$|\/)/ && from != "crypto" && $1 != "tools/sotto-pack/keyfile.c")
            breach("sees sodium.h; only src/crypto may")
        if ($2 ~ /(^|\/)sqlite3[a-z]*\.h$/ && from != "vault" && $1 !~ /^(tools\/sotto-fleet|platform\/sim)\//)
            breach("sees sqlite3.h; only src/vault may")
        if ($2 ~ /(^|\/)tss2_[a-z]*\.h$/ && $1 !~ /^platform\/tpm\//)
            breach("sees libtss2; only platform/tpm may")
        if ($1 ~ /^platform\/tpm\// && $2 ~ /^(src\/|platform\/linux\/parts)/)
            breach("is a library apart and may see only installed headers, not " $2)
        if (to == "" || to == "outside" || from == "tools") next
        if (!(from in plan)) { breach("is in a room the plan does not know: " from); next }
        if (!((from, to) in may)) breach(from " may not include " to " (" $2 ")")
        if ($1 ~ /^src\/(score\/|slate\/rank|slate\/rerank|dp\/|release\/schedule)/ && $2 ~ /^src\/(vault\/|base\/clock)/)
            breach("is pure and may not see " $2)
    }'
}

# ---- Banned text --------------------------------------------------------------------------
# Comments, strings and character constants are taken out first.
# shellcheck disable=SC2016 # awk's own $0
banned() {
    find src include platform tools tests examples -name '*.[ch]' 2>/dev/null | sort | xargs awk '
    BEGIN {
        token = "\"([^\"\\\\]|\\\\.)*\"|\047([^\047\\\\]|\\\\.)*\047|/\\*|//"
        call = "(^|[^A-Za-z0-9_])(v?sprintf|strcpy|strcat|strtok|ato[ifl]|s?rand|gets|alloca)[ \t]*\\("
        stamp = "__(DATE|TIME|TIMESTAMP)__"
    }
    FNR == 1 { in_comment = 0 }
    {
        line = $0; code = ""
        while (line != "") {
            if (in_comment) {
                end = index(line, "*/")
                if (!end) break
                line = substr(line, end + 2); in_comment = 0
            } else if (match(line, token)) {
                found = substr(line, RSTART, 2)
                code = code substr(line, 1, RSTART - 1) " "
                if (found == "//") break
                if (found == "/*") in_comment = 1
                line = substr(line, RSTART + (in_comment ? 2 : RLENGTH))
            } else { code = code line; break }
        }
        if (match(code, call)) {
            what = substr(code, RSTART, RLENGTH); gsub(/[^a-z]/, "", what)
            print FILENAME ":" FNR ": calls " what ", which is banned"
        }
        if (match(code, stamp)) print FILENAME ":" FNR ": " substr(code, RSTART, RLENGTH) " makes builds differ"
    }'
}

# ---- Documentation ------------------------------------------------------------------------
# Every public function is preceded by its comment; nothing but blank lines may stand between.
# shellcheck disable=SC2016 # awk's own $0
undocumented() {
    find include platform/linux platform/tpm -name 'sotto*.h' | sort | xargs awk '
    FNR == 1 { last = ""; depth = 0; in_comment = 0 }
    {
        if (in_comment || $0 ~ /^[ \t]*\/\*/) {
            in_comment = $0 !~ /\*\//
            last = "comment"
            next
        }
        if ($0 ~ /^[ \t]*$/) next
        if (depth == 0 && $0 ~ /^[A-Za-z].*[ *][a-z][a-z0-9_]*\(/ && $0 !~ /^(typedef|extern "C"|#)/) {
            name = $0
            sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
            if (last != "comment") print FILENAME ":" FNR ": " name " has no comment before it"
        }
        if ($0 !~ /^extern "C"/) depth += gsub(/\{/, "{") - gsub(/\}/, "}")
        if (depth < 0) depth = 0
        last = "code"
    }'
}

# ---- libsodium as firmware ships it ---------------------------------------------------------
# Buildroot and others build libsodium minimal; what that build lacks, its header hides.
minimal_sodium() {
    for source in src/crypto/*.c; do
        "${CC:-cc}" -std=c11 -D_GNU_SOURCE -DSODIUM_LIBRARY_MINIMAL= -Iinclude -Isrc -Werror \
            -fsyntax-only "$source" >/dev/null 2>&1 ||
            echo "$source: does not compile with SODIUM_LIBRARY_MINIMAL; use what the minimal build has"
    done
}

{
    edges
    banned
    undocumented
    minimal_sodium
    O=$O CC=${CC:-cc} "$here/symbols.sh"
} | tee "$breaches"
[ ! -s "$breaches" ]
