#!/usr/bin/env bash
# Lets a C client meet the embedded server and shows what they say to each other, step by step. Exit status 0 only if
# every step happened and the client ended well. usage: scripts/demo.sh [client]
set -euo pipefail
cd "$(dirname "$0")/.."
client=${1:-target/examples-c/demo}
WRAPPER=${WRAPPER:-}
said=$(mktemp)
trap 'kill "$client_id" 2>/dev/null || true; rm -f "$said"' EXIT

# `exec`, so that $! is the server itself; port 0 is any free one, and the first line tells which
exec 3< <(exec target/release/lab-server 0 --limit 50)
server_id=$!
client_id=$server_id
read -r line <&3
echo "$line"
# $WRAPPER may be valgrind
$WRAPPER "$client" "coap://127.0.0.1:${line##*:}" >"$said" 2>&1 &
client_id=$!
cat <&3
server=0
wait "$server_id" || server=$?

# a client that was told to leave does so at once; one that hangs is ended
for _ in {1..50}; do
    kill -0 "$client_id" 2>/dev/null || break
    sleep 0.1
done
kill "$client_id" 2>/dev/null || true
ended=0
wait "$client_id" || ended=$?
if [ "$server" -ne 0 ] || [ "$ended" -ne 0 ]; then
    printf '\ndemo: FAILED: the server ended with %s, the client with %s and said:\n' "$server" "$ended" >&2
    cat "$said" >&2
    exit 1
fi
