#!/usr/bin/env bash
# Checks the C blocks of the documentation. One marked ```c compile must compile alone and without a warning; without an
# #include it gets whimbrel.h and whimbrel_posix.h. Of one marked ```c from FILE every line must stand in that file.
# usage: docs/check-snippets.sh [file.md…]
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob
files=("$@")
[ ${#files[@]} -gt 0 ] || files=(*.md docs/*.md docs/decisions/*.md)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checked=0
failed=0

# Cuts the marked blocks out, each into a file of its own named by document and line; the first line is the mark.
awk -v work="$work" '
    /^```c (compile|from )/ { name = FILENAME; gsub(/[\/.]/, "_", name); out = work "/" name "_" FNR ".c"
                              print "// " FILENAME ":" FNR " " substr($0, 6) > out; next }
    /^```/ { if (out != "") close(out); out = "" }
    out != "" { print > out }' "${files[@]}"

for block in "$work"/*.c; do
    [ -e "$block" ] || break
    read -r _ place mark source <"$block"
    checked=$((checked + 1))
    if [ "$mark" = from ]; then
        # leading blanks do not matter: a document shows less indentation
        missing=$(sed 1d "$block" | sed 's/^[ \t]*//' | grep -v '^$' |
            grep -vxF -f <(sed 's/^[ \t]*//' "$source" | grep -v '^$') || true)
        [ -z "$missing" ] || { echo "snippets: $place: not in $source: $missing" >&2; failed=$((failed + 1)); }
        continue
    fi
    {
        grep -q '#include' "$block" || printf '#include "whimbrel.h"\n#include "whimbrel_posix.h"\n'
        sed 1d "$block"
    } >"$work/one.c.txt"
    if ! ${CC:-cc} -x c -std=c99 -Wall -Wextra -Wpedantic -Werror -Wno-unused-function -Wno-unused-variable \
        -Wno-unused-const-variable -fsyntax-only -Iinclude -Iports/posix "$work/one.c.txt"; then
        echo "snippets: $place: does not compile" >&2
        failed=$((failed + 1))
    fi
done
echo "snippets: $((checked - failed)) passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$checked" -gt 0 ]
