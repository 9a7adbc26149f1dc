#!/bin/sh
# Builds the client under test, target/interop/interop-client, on the library and the ports of this tree, and Mbed TLS.
set -eu
cd "$(dirname "$0")/../.."
port=${WHIMBREL_PORT:-ports/posix}
cargo rustc --quiet --release --lib --crate-type staticlib
scripts/mbedtls.sh
tls=target/mbedtls/host
mkdir -p target/interop
# shellcheck disable=SC2046
${CC:-cc} ${CFLAGS:--O1 -g} -std=c99 -Wall -Wextra -Wpedantic -Werror -Iinclude -I"$port" -Iports/mbedtls $(cat $tls/cflags) \
    tests/interop/*.c "$port"/*.c ports/mbedtls/*.c target/release/libwhimbrel.a $tls/libmbedtls.a -lpthread -ldl -lm \
    -o target/interop/interop-client
