#!/bin/bash
# symbols: what libsotto's objects call and what the shared library shows. Called by walls.sh, in the
# checkout's top directory, with O and CC set.
#
# Prints one line for each breach; ends 0.
set -u
export LC_ALL=C
NM=${NM:-$(${CC:-cc} -print-prog-name=nm 2>/dev/null)}

# Floating point ends where results must be bit-identical; the rest is the platform's business: the
# library does not print, read the environment or a clock, open files, talk, fork or start threads.
libm='(exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|sqrt|cbrt|hypot|sin|cos|tan|sincos|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|erf|erfc|tgamma|lgamma|fmod|remainder|ceil|floor|round|lround|llround|rint|lrint|llrint|nearbyint|trunc|frexp|ldexp|scalbn|modf|fma|fdim|fmax|fmin)[fl]?'
printing='(printf|fprintf|vprintf|vfprintf|dprintf|puts|fputs|putchar|fputc|putc|fwrite|perror|syslog|stdout|stderr|abort|exit|_exit|__assert_fail)'
outside='(getenv|secure_getenv|setenv|putenv|environ|open|open64|openat|fopen|fopen64|creat|time|clock_gettime|gettimeofday|sleep|usleep|nanosleep|getauxval|system|popen|fork|execve|execvp|posix_spawn|signal|sigaction)'
network='(socket|connect|bind|listen|accept|send|sendto|sendmsg|recv|recvfrom|getaddrinfo|gethostbyname|pthread_create|thrd_create)'
tpm='(Esys|Tss2)_[A-Za-z_]+'
banned='(v?sprintf|strcpy|stpcpy|strcat|strtok|strtok_r|ato[ifl]|atoll|s?rand|rand_r|random|gets)'

# Each undefined symbol, with the source it is called from; without its version.
undefined() {
    find src -name '*.c' | sort | while read -r source; do
        object=$O/obj/${source%.c}.o
        [ ! -f "$object" ] || "$NM" -u "$object" | awk -v source="$source" '{sub(/@.*/, "", $NF); print source, $NF}'
    done
}
# Bare or in its fortified, 64-bit or finite-math spelling. Which loops a processor can run is asked in one place.
undefined | awk -v libm="$libm" -v printing="$printing" -v outside="$outside" -v network="$network" -v tpm="$tpm" -v banned="$banned" '
    function spelled(names) { return "^(__isoc[0-9]+_)?(__)?" names "(64)?(_chk|_finite|_2|_time64)?$" }
    function rule(names, what) { if ($2 ~ spelled(names)) print $1 ": " $2 " " what }
    $0 == "src/score/kernel.c getauxval" { next }
    {
        rule(libm, "is floating-point mathematics, which is not the same everywhere")
        rule(printing, "prints or ends the process, which a library does not")
        rule(outside, "reaches the operating system, which only platform/ may")
        rule(network, "is the network or a thread, which the library never touches")
        rule(tpm, "is libtss2, which only platform/tpm may call")
        rule(banned, "is banned")
    }'

for library in "$O"/libsotto.so.*; do
    [ -f "$library" ] || {
        echo "libsotto.so: is not built into O; run make all first"
        continue
    }
    "$NM" -D --defined-only "$library" | awk -v file="$(basename "$library")" '
        $2 != "A" { sub(/@.*/, "", $3); if ($3 !~ /^sotto_/) print file ": exports " $3 "; only sotto_* may be" }'
done
for library in "$O"/libsotto-tpm.so.*; do
    [ -f "$library" ] || continue
    "$NM" -D --defined-only "$library" | awk -v file="$(basename "$library")" '
        $2 != "A" { sub(/@.*/, "", $3); if ($3 !~ /^sotto_tpm_/) print file ": exports " $3 "; only sotto_tpm_* may be" }'
done
exit 0
