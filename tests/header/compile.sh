#!/usr/bin/env bash
# The header must compile alone, as C99 and as C++17, for the host and for firmware, without a warning; and a program
# that includes it twice and uses what it can must too. usage: tests/header/compile.sh [header]
set -euo pipefail
cd "$(dirname "$0")/../.."
header=${1:-include/whimbrel.h}
directory=$(dirname "$header")
name=$(basename "$header")
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wstrict-aliasing -Werror -fsyntax-only)
passed=0
failed=0

try() {
    if printf '#include "%s"\n#include "%s"\nextern int not_empty;\n' "$name" "$name" | "$@" "${warnings[@]}" -I "$directory" -; then
        passed=$((passed + 1))
    else
        echo "header: failed: $*" >&2
        failed=$((failed + 1))
    fi
}

try gcc -std=c99 -x c
try gcc -std=c17 -x c
try g++ -std=c++17 -x c++
try arm-none-eabi-gcc -std=c99 -x c
try arm-none-eabi-g++ -std=c++17 -x c++
if command -v clang >/dev/null; then
    try clang -std=c99 -x c -Wdocumentation
fi
echo "header: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
