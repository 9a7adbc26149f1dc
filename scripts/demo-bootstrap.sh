#!/usr/bin/env bash
# Shows bootstrap: an empty device is told by a bootstrap server which server to use, loses power before it was told all,
# and once more when it is registered. Exit status 0 only if nothing was half done and nothing was done twice.
# usage: scripts/demo-bootstrap.sh [client]
set -euo pipefail
cd "$(dirname "$0")/.."
storage=$(mktemp -d)
trap 'rm -rf "$storage"' EXIT
target/release/lab-bootstrap "${1:-target/examples-c/bootstrap}" "$storage"
