#!/bin/bash
# ci: what .ci/run says when something is missing: by itself a check that lacks its tools is skipped; where
# everything was to be installed (CI=true) it has failed, and so has the set-up that did not install it.
# shellcheck disable=SC2016 # the Makefile's own $@
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

# A checkout in which every check passes at once, and a machine that has nothing but what a shell needs.
checkout=$tmp/checkout
mkdir -p "$checkout/.ci" "$checkout/tools/dev" "$checkout/tests" "$tmp/bin"
cp .ci/run "$checkout/.ci/run"
printf '%%:\n\t@echo $@\ntest:\n\t@echo "3 passed, 0 failed, 1 skipped"\n' >"$checkout/Makefile"
for script in tools/dev/setup.sh tools/dev/sysroot.sh tools/dev/demo.sh tests/run.sh; do
    printf '#!/bin/sh\nexit 0\n' >"$checkout/$script" && chmod +x "$checkout/$script"
done
for program in bash sh make dirname mktemp rm sed tee tail nproc cat echo grep ls stat; do
    ln -s "$(type -P "$program")" "$tmp/bin/$program"
done
ci() { env PATH="$tmp/bin" CI="$1" bash "$checkout/.ci/run" 2>&1; }
summary() { ci "$1" | tee "$tmp/ci" | tail -n 1 | sed 's/^/# /' && grep -qE "$2" "$tmp/ci"; }

refuse "what is not installed is skipped" 0 '^4 passed, 0 failed, 14 skipped$' ci ''
refuse "where it was to be installed it has failed" 1 '^4 passed, 12 failed, 2 skipped$' ci true
check "and each is named" summary true '^not ok - clang builds everything: clang is not installed$'
printf '#!/bin/sh\nexit 1\n' >"$checkout/tools/dev/setup.sh"
refuse "a set-up that fails is one failure more" 1 '^4 passed, 13 failed, 2 skipped$' ci true
for program in clang clang-format clang-tidy cppcheck shellcheck valgrind aarch64-linux-gnu-gcc arm-linux-gnueabihf-gcc; do
    printf '#!/bin/sh\nexit 0\n' >"$tmp/bin/$program" && chmod +x "$tmp/bin/$program"
done
printf '#!/bin/sh\nexit 1\n' >"$checkout/tools/dev/sysroot.sh"
check "libraries that cannot be downloaded are a failure there" summary true '^not ok - arm64 builds: its libraries could not'
check "and elsewhere are not" summary '' '^skip - arm64 builds: its libraries could not'
finish
