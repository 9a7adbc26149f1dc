#!/usr/bin/env bash
# Shows DTLS: a client with a pre-shared key registers with the embedded server, loses power, and goes on without a
# handshake. Exit status 0 only if that happened. usage: scripts/demo-dtls.sh [client]
set -euo pipefail
cd "$(dirname "$0")/.."
storage=$(mktemp -d)
trap 'rm -rf "$storage"' EXIT
echo
target/release/lab-dtls "${1:-target/examples-c/psk}" "$storage"
