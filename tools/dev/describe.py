#!/usr/bin/python3
"""describe: manual pages and completion know what --help says, because they are written from it.

    O=build tools/dev/describe.py write|check TOOL...

`write` renews, for each program, the section COMMANDS (or OPTIONS) of tools/man/TOOL.[1-9].scd and the
table in tools/completion/sotto.bash. `check` changes nothing and ends 1 when something is out of date.
The rest of a page is written by hand.
"""

import glob
import os
import re
import subprocess
import sys

HEAD = """# sotto.bash: completion for Sotto's programs. Written from their --help by `make describe`.
# shellcheck shell=bash

# What may follow the words so far.
_sotto_words() {
    case $1 in
"""
TAIL = """    esac
}

_sotto() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[0]##*/} i words
    for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
        [[ ${COMP_WORDS[i]} == [a-z]* ]] || break
        [ -n "$(_sotto_words "$before ${COMP_WORDS[i]}")" ] || break
        before="$before ${COMP_WORDS[i]}"
    done
    words=$(_sotto_words "$before")
    # An option's value, and anything that is no option once the command is known, is a file.
    if [[ $word != -* ]] && [[ ${COMP_WORDS[COMP_CWORD - 1]} == --* || $words == --* ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    fi
}
"""


def help_of(words):
    path = os.path.join(os.environ.get("O", "build"), words[0])
    run = subprocess.run([path] + words[1:] + ["--help"], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"describe: {' '.join(words)} --help ended with {run.returncode}: build first, make tools")
    return run.stdout.rstrip("\n")


def commands(tool, text):
    """The subcommands that a program's own --help lists, in its order."""
    found = []
    for line in text.splitlines():
        match = re.match(rf"  (?:{tool} )?([a-z][a-z-]*) ", line)
        if match and match.group(1) != tool and not re.match(rf"  {tool} [^a-z]", line):
            found.append(match.group(1))
    return list(dict.fromkeys(found))


def options(text):
    return sorted(set(re.findall(r"(?<![\w`-])--[a-z][a-z0-9-]*", text)) | {"--help"})


def verbs(tool, command, text):
    """Words that a usage line demands between the command and its options: audit *verify*."""
    pattern = rf"^(?:[Uu]sage:)?\s+{tool} {command} ([a-z][a-z|-]*)(?:\s|$)"
    return [v for found in re.findall(pattern, text.split("\n\n")[0], re.M) for v in found.split("|")]


def literal(text):
    return "```\n" + text.replace("```", "'''") + "\n```\n"


def survey(tool):
    """Returns the generated section of the page, and the completion's rows."""
    top = help_of([tool])
    names = commands(tool, top) if "COMMAND" in top.split("\n\n")[0] else []
    if not names:
        return "# OPTIONS\n\n" + literal(top), [(tool, options(top))]
    section, rows = "# COMMANDS\n\n", [(tool, names + ["--help", "--version"])]
    for name in names:
        text = help_of([tool, name])
        section += f"## {tool} {name}\n\n" + literal(text) + "\n"
        needed = verbs(tool, name, text)
        rows.append((f"{tool} {name}", needed or options(text)))
        rows += [(f"{tool} {name} {verb}", options(text)) for verb in needed]
    return section.rstrip("\n") + "\n", rows


def replaced(page, section):
    """The page with its COMMANDS or OPTIONS made anew, up to the next section of the first level."""
    lines, out, is_ours, is_literal = page.splitlines(), [], False, False
    for line in lines:
        if line.startswith("```"):
            is_literal = not is_literal
        if not is_literal and re.match(r"# [A-Z]", line):
            is_ours = line in ("# COMMANDS", "# OPTIONS")
            if is_ours:
                out += section.splitlines() + [""]
        if not is_ours:
            out.append(line)
    return "\n".join(out) + "\n"


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("write", "check"):
        sys.exit(__doc__)
    stale, rows = [], []

    def settle(path, text):
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
        stale.append(path)
        if sys.argv[1] == "write":
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)

    for tool in sorted(sys.argv[2:]):
        section, of_tool = survey(tool)
        rows += of_tool
        pages = glob.glob(f"tools/man/{tool}.[1-9].scd")
        if len(pages) != 1:
            sys.exit(f"describe: {tool} has no manual page: write tools/man/{tool}.1.scd")
        with open(pages[0], encoding="utf-8") as file:
            page = file.read()
        if "\n# COMMANDS\n" not in page and "\n# OPTIONS\n" not in page:
            sys.exit(f"describe: {pages[0]} has no section COMMANDS or OPTIONS to fill")
        settle(pages[0], replaced(page, section))
    table = "".join(f"    '{words}') echo '{' '.join(next_words)}' ;;\n" for words, next_words in rows)
    programs = " ".join(sorted(sys.argv[2:]))
    settle("tools/completion/sotto.bash", HEAD + table + TAIL + f"complete -F _sotto {programs}\n")
    for path in stale:
        print(f"{'renewed' if sys.argv[1] == 'write' else 'out of date, run make describe:'} {path}")
    sys.exit(1 if stale and sys.argv[1] == "check" else 0)


main()
