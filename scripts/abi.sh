#!/usr/bin/env bash
# Compares the binary interface with that of the last release: abi/whimbrel-VERSION.abi has its functions, structs and
# variables, abi/whimbrel-VERSION.constants its numbers. What was added is counted and fine; what was removed or changed
# fails, unless the version says so (another minor version until 1.0, then another major version).
#
# The interface is what C sees: a library of stubs is compiled from the header, for Rust's debug information has no C types
# in it, and the real library must export just what the header declares. A struct that grows at its end is a change: the
# library knows one size of each (docs/c-api.md).
#
# usage: scripts/abi.sh [--accept] [HEADER [LIBRARY [BASELINES]]]   LIBRARY may be none
#   --accept   makes the interface as it is now the baseline; refused for a version that CHANGELOG.md calls released
set -euo pipefail
cd "$(dirname "$0")/.."
accept=0
if [ "${1:-}" = --accept ]; then accept=1; shift; fi
header=${1:-include/whimbrel.h}
library=${2:-target/release/libwhimbrel.so}
baselines=${3:-abi}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() {
    echo "abi: $*" >&2
    failed=1
}
# interface VERSION: what programs must agree with
interface() {
    [[ $1 = 0.* ]] && echo "${1%.*}" || echo "${1%%.*}"
}
version=$(sed -n 's/^#define WHIMBREL_VERSION_STRING "\(.*\)"/\1/p' "$header")

# ---- what the header declares

# each declaration on one line, without those of the C library
flatten() {
    sed '/^#include/d' "$header" | "${CC:-cc}" -std=c99 -E -P - | tr '\n' ' ' | sed 's/ \+/ /g; s/ *static inline [^{]*{[^}]*}//g' |
        awk '{ depth = 0; line = ""
               for (i = 1; i <= length($0); i++) {
                   c = substr($0, i, 1); line = line c
                   if (c == "{") depth++
                   if (c == "}") depth--
                   if (c == ";" && depth == 0) { sub(/^ +/, "", line); print line; line = "" } } }'
}
flatten >"$work/declarations"
grep -v '^typedef\|^extern' "$work/declarations" | grep '(' >"$work/functions" || true
grep '^extern' "$work/declarations" >"$work/variables" || true
sed -n 's/^typedef struct \(\w\+\) {.*/\1/p' "$work/declarations" >"$work/structs"
{
    sed -n 's/.*[ *]\(whimbrel_\w\+\) *(.*/\1/p' "$work/functions"
    sed -n 's/.*[ *]\(whimbrel_\w\+\);/\1/p' "$work/variables"
} | sort >"$work/declared"

# docs/c-api.md: what differs between compilers has no place in a struct
if grep -nE '\b(_Bool|bool|enum)\b|: *[0-9]+ *;|packed' "$work/declarations"; then
    complain "bool, enum, bit field or packing in the header"
fi

# ---- what the library exports

if [ "$library" != none ] && ! nm -D --defined-only "$library" | awk '{ print $3 }' | sort | diff "$work/declared" - >"$work/exports"; then
    sed -n 's/^</  declared, not exported:/p; s/^>/  exported, not declared:/p' "$work/exports" >&2
    complain "$library and $header differ"
fi

# ---- stubs, which have every type of the header in their debug information; structs also where only a comment names them

{
    printf '#include "%s"\n' "$PWD/${header#"$PWD"/}"
    sed 's/;$/ { __builtin_unreachable(); }/' "$work/functions"
    sed 's/.*/& struct_&;/' "$work/structs"
    # an opaque type has no value: its address stands for it
    sed -n 's/^extern \(.*\);/\1/p' "$work/variables" | while read -r declaration; do
        name=${declaration##* }
        if grep -qx "$(awk '{ print $(NF - 1) }' <<<"$declaration")" "$work/structs"; then
            echo "$declaration = { 0 };"
        else
            printf 'extern %s;\nvoid *const address_of_%s = (void *)&%s;\n' "$declaration" "$name" "$name"
        fi
    done
} >"$work/stubs.c"
[[ $header != /* ]] || sed -i "1s|.*|#include \"$header\"|" "$work/stubs.c"
"${CC:-cc}" -std=c99 -g -O0 -fPIC -shared -w "$work/stubs.c" -o "$work/stubs.so"
abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-write-default-sizes "$work/stubs.so" |
    sed 's/ path=.[^ ]*stubs.c.//; s|/tmp/[^ ]*/||g' >"$work/now.abi"
"${CC:-cc}" -std=c99 -E -dM "$header" | sed -n 's/^#define \(WHIMBREL_\w\+\) \(.*\)/\1 \2/p' | grep -v '^WHIMBREL_VERSION_' | sort >"$work/now.constants"
functions=$(wc -l <"$work/functions") structs=$(wc -l <"$work/structs") constants=$(wc -l <"$work/now.constants")
if [ "$functions" -lt 3 ] || [ "$structs" -lt 1 ] || [ "$constants" -lt 1 ]; then complain "nothing was found in $header"; fi

# ---- the last release

mkdir -p "$baselines"
baseline=$(find "$baselines" -name 'whimbrel-*.abi' | sort -V | tail -n 1)
if [ $accept = 1 ]; then
    if [ -e "$baselines/whimbrel-$version.abi" ] && ! grep -q "^## $version, unreleased" CHANGELOG.md; then
        echo "abi: $version is released: its interface stays as it is" >&2
        exit 1
    fi
    [ $failed = 0 ] || exit 1
    mkdir -p "$baselines"
    rm -f "$baselines"/whimbrel-*.abi "$baselines"/whimbrel-*.constants
    cp "$work/now.abi" "$baselines/whimbrel-$version.abi"
    cp "$work/now.constants" "$baselines/whimbrel-$version.constants"
    echo "abi: $baselines/whimbrel-$version.abi is the interface now"
    exit 0
fi
[ -n "$baseline" ] || { echo "abi: no baseline in $baselines" >&2; exit 1; }
release=$(basename "$baseline" .abi)
release=${release#whimbrel-}

changes=0
# names of members count: programs use them. Bit 0 and 1 of the status are troubles of abidiff itself.
status=0
abidiff --harmless --no-added-syms "$baseline" "$work/now.abi" >"$work/changes" || status=$?
[ $((status & 3)) -eq 0 ] || { cat "$work/changes" >&2; complain "abidiff failed"; }
[ $status -eq 0 ] || changes=1
comm -23 "${baseline%.abi}.constants" "$work/now.constants" | sed 's/^/  constant removed or changed: /' >>"$work/changes"
[ -z "$(comm -23 "${baseline%.abi}.constants" "$work/now.constants")" ] || changes=1
abidiff "$baseline" "$work/now.abi" >"$work/all" || true
added=$(($(grep -cE "^ +\[A\] '(function|variable)" "$work/all" || true) + \
    $(comm -13 <(cut -d' ' -f1 "${baseline%.abi}.constants") <(cut -d' ' -f1 "$work/now.constants") | wc -l)))

echo "abi: $functions functions, $structs structs, $constants constants; $added added since $release"
if [ $changes = 1 ] && [ "$(interface "$version")" != "$(interface "$release")" ]; then
    echo "abi: $version is not compatible with $release, and says so"
elif [ $changes = 1 ]; then
    cat "$work/changes" >&2
    complain "$version is not compatible with $release: raise the version, or, as long as $release is unreleased, make it the baseline by --accept"
fi
exit $failed
