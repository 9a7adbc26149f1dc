#!/usr/bin/env bash
# Checks the layout of every C file that is ours by .clang-format, or with --fix corrects it. The header is generated.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(--dry-run -Werror)
if [ "${1:-}" = --fix ]; then mode=(-i); fi
mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.c' '*.h' ':!include/whimbrel.h' ':!tools/sample/include/whimbrel.h')
[ ${#files[@]} -eq 0 ] || clang-format "${mode[@]}" "${files[@]}"
echo "c-format: ${#files[@]} files"
