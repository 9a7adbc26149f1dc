#!/usr/bin/env bash
# Writes the site of the C API, target/doc-c/html: whimbrel.h, the ports' headers and the pages of docs/, by Doxygen. Any
# warning fails: an undocumented function, a parameter that does not exist, a link to nothing.
# usage: scripts/doc.sh [INPUT…]
set -euo pipefail
cd "$(dirname "$0")/.."
out=target/doc-c
[ $# -eq 0 ] || out=target/selftest/doc-c
rm -rf "$out"
mkdir -p "$out"
version=$(sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml)
{
    cat sdk/doxygen/Doxyfile
    echo "OUTPUT_DIRECTORY = $out"
    echo "PROJECT_NUMBER = $version"
    [ $# -eq 0 ] || echo "INPUT = $*"
} | doxygen -
echo "doc: $(find "$out/html" -name '*.html' | wc -l) pages in $out/html"
