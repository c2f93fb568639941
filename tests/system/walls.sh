#!/bin/bash
# walls: the house as it stands has no breach, and tools/dev/walls.sh sees one of every kind when it
# is put there. All faults are seeded at once, each in a file of its own, into a copy.
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

check "no wall is breached" tools/dev/walls.sh

mkdir -p "$tmp/house/tests" "$tmp/o/obj"
cp -R src include platform tools "$tmp/house/"
cp -R "$O/obj/src" "$tmp/o/obj/"
cp "$O"/libsotto.so.* "$tmp/o/"
cd "$tmp/house" || exit 1

# seed FILE TEXT: a source with the fault, compiled as the Makefile would.
seed() {
    printf '%b' "$2" >"$1"
    mkdir -p "$tmp/o/obj/$(dirname "$1")"
    [[ $1 != *.c ]] || "$CC" -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -Iinclude -Isrc -I. -O1 -fPIC -MD -w \
        -c "$1" -o "$tmp/o/obj/${1%.c}.o"
}
seen() { grep -E "$1" "$tmp/found"; }
unseen() { ! seen "$1"; }

mkdir src/attic
seed src/base/up.c '#include "crypto/crypto.h"\n'
seed src/vault/sibling.c '#include "pack/pack.h"\n'
seed src/slate/roof.c '#include "engine.h"\n'
seed src/score/impure.c '#include "base/clock.h"\n'
seed src/score/store.c '#include "vault/vault.h"\n'
seed src/dp/terms.c '#include "pack/policy.h"\n'
seed src/dp/paid.c '#include "release/ledger.h"\n'
seed src/release/shown.c '#include "profile/consent.h"\n'
seed src/dp/sodium.c '#include <sodium.h>\n'
seed src/profile/sql.c '#include <sqlite3.h>\n'
seed src/pack/detour.c '#include "base/../../src/vault/vault.h"\n'
[ ! -e /usr/include/tss2/tss2_esys.h ] ||
    seed src/vault/chip.c '#include <tss2/tss2_esys.h>\nvoid chip(ESYS_CONTEXT **e) { Esys_Finalize(e); }\n'
[ ! -e /usr/include/tss2/tss2_esys.h ] || seed platform/tpm/inward.c '#include "base/base.h"\n'
seed src/attic/ghost.c '#include "base/base.h"\n'
rm -f "$tmp/o/obj/src/base/base.d"
seed src/dp/noise.c '#include <math.h>\ndouble noise(double x) { return exp(x) + logf((float)x); }\n'
seed src/base/say.c '#include <stdio.h>\nvoid say(int n) { printf("%d", n); }\n'
seed src/base/peek.c '#include <stdlib.h>\nchar *peek(void) { return getenv("HOME"); }\n'
seed src/dp/cpu.c '#include <sys/auxv.h>\nunsigned long cpu(void) { return getauxval(AT_HWCAP); }\n'
seed src/score/kernel.c '#include <sys/auxv.h>\nunsigned long kernel(void) { return getauxval(AT_HWCAP); }\n'
seed src/base/talk.c '#include <sys/socket.h>\nint talk(void) { return socket(1, 1, 0); }\n'
seed src/base/run.c '#include <pthread.h>\nint run(pthread_t *t, void *(*f)(void *)) { return pthread_create(t, 0, f, 0); }\n'
seed src/base/copy.c '#include <string.h>\nchar *copy(char *a, const char *b) { return strcpy(a, b); }\n'
seed src/crypto/rich.c '#include <sodium.h>\nsize_t rich(void) { return crypto_stream_xchacha20_keybytes(); }\n'
seed tools/common/quoted.h '/* sprintf( */ // strcat(\n/* two\n lines: gets( */ static const char q[] = "atoi(\\"rand(";\n'
seed tools/common/banned.h 'static inline int n(const char *s) { return /* really */ atoi (s); }\n'
seed tools/common/stamp.h 'static const char built[] = __DATE__;\n'
seed include/sotto_new.h '/* Explained. */\nint sotto_told(void);\n\nint sotto_untold(int a,\n                 int b);\nstruct s { int (*callback)(int); };\n'
printf 'int leaked(void) { return 1; }\nint sotto_fine(void) { return 1; }\n' >"$tmp/leak.c"
"$CC" -shared -fPIC -o "$tmp/o/libsotto.so.9" "$tmp/leak.c"
cp "$tmp/o/libsotto.so.9" "$tmp/o/libsotto-tpm.so.9"

WALLS_ROOT=$PWD O=$tmp/o tools/dev/walls.sh >"$tmp/found" 2>&1
status=$?
cp "$tmp/found" "$tmp/tap.out"

check "a breach makes the script fail" [ "$status" -eq 1 ]
check "a room including one above it is seen" seen '^src/base/up.c: base may not include crypto'
check "a room including its sibling is seen" seen '^src/vault/sibling.c: vault may not include pack'
check "a room including the façade is seen" seen '^src/slate/roof.c: slate may not include engine'
check "a pure room that sees the clock is seen" seen '^src/score/impure.c: is pure and may not see src/base/clock.h'
check "a pure room that sees the store is seen" seen '^src/score/store.c: is pure and may not see src/vault/vault.h'
check "noise that knows a policy is seen" seen '^src/dp/terms.c: dp may not include pack'
check "noise that knows the ledger is seen" seen '^src/dp/paid.c: dp may not include release'
check "a release that asks for consent itself is seen" seen '^src/release/shown.c: release may not include profile'
check "an include by a detour is seen" seen '^src/pack/detour.c: pack may not include vault'
check "sodium.h outside crypto is seen" seen '^src/dp/sodium.c: sees sodium.h'
check "sqlite3.h outside the vault is seen" seen '^src/profile/sql.c: sees sqlite3.h'
if [ -e /usr/include/tss2/tss2_esys.h ]; then
    check "libtss2 outside platform/tpm is seen" seen '^src/vault/chip.c: sees libtss2'
    check "a call of libtss2 from the library is seen" seen '^src/vault/chip.c: Esys_Finalize is libtss2'
    check "the TPM library including the library's inside is seen" seen '^platform/tpm/inward.c: is a library apart'
    check "an export of the TPM library that is not sotto_tpm_* is seen" seen '^libsotto-tpm.so.9: exports leaked'
else
    skip "the walls round libtss2: libtss2-dev is not installed"
fi
check "sodium.h inside crypto is allowed" unseen '^src/crypto/crypto.c'
check "a room that is not in the plan is seen" seen '^src/attic/ghost.c: is in a room the plan does not know'
check "a source without its dependency file is seen" seen '^src/base/base.c: is not built'
check "exp in an object is seen" seen '^src/dp/noise.c: exp is floating-point'
check "logf in an object is seen" seen '^src/dp/noise.c: logf is floating-point'
check "printing is seen" seen '^src/base/say.c: .*printf.* prints'
check "reading the environment is seen" seen '^src/base/peek.c: getenv reaches'
check "asking what the processor can is seen" seen '^src/dp/cpu.c: getauxval reaches'
check "asking it where kernels are chosen is allowed" unseen '^src/score/kernel.c'
check "a socket is seen" seen '^src/base/talk.c: socket is the network'
check "a thread is seen" seen '^src/base/run.c: pthread_create is the network or a thread'
check "strcpy is seen in the object" seen '^src/base/copy.c: strcpy is banned'
check "strcpy is seen in the source" seen '^src/base/copy.c:2: calls strcpy'
check "atoi with a space before its bracket is seen" seen '^tools/common/banned.h:1: calls atoi'
check "names in comments and strings are not taken for calls" unseen 'quoted.h'
check "a build date is seen" seen '^tools/common/stamp.h:1: __DATE__'
check "what a minimal libsodium lacks is seen" seen '^src/crypto/rich.c: does not compile with SODIUM_LIBRARY_MINIMAL'
check "an undocumented public function is seen" seen 'sotto_new.h:4: sotto_untold has no comment'
check "a documented one is not" unseen 'sotto_told|callback'
check "an export that is not sotto_* is seen" seen '^libsotto.so.9: exports leaked'
check "an export that is sotto_* is not" unseen '^libsotto.so.9.*sotto_fine'
finish
