#!/usr/bin/env bash
# Copies what users of a package read and compile into a directory, laid out as here, so that links from page to page
# hold: sources of the ports, examples, pages, licences. What was built is left out.
# usage: scripts/sdk-tree.sh DIRECTORY
set -euo pipefail
cd "$(dirname "$0")/.."
to=$1
trees=(ports examples-c docs)
[ ! -d zephyr ] || trees+=(zephyr)
files=(README.md CHANGELOG.md SECURITY.md LICENSE-APACHE LICENSE-MIT)

mkdir -p "$to"
find "${trees[@]}" -type f ! -path '*/__pycache__/*' ! -path '*/build/*' ! -name '*.[ao]' ! -name '*.pyc' ! -name '*.elf' -print0 |
    while IFS= read -r -d '' file; do
        mode=644
        [ ! -x "$file" ] || mode=755
        install -D -m $mode "$file" "$to/$file"
    done
install -m 644 "${files[@]}" "$to"
