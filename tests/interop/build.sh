#!/bin/sh
# Builds the client under test, target/interop/interop-client, on the library and the POSIX port of this tree.
set -eu
cd "$(dirname "$0")/../.."
port=${WHIMBREL_PORT:-ports/posix}
cargo rustc --quiet --release --lib --crate-type staticlib
mkdir -p target/interop
${CC:-cc} ${CFLAGS:--O1 -g} -std=c99 -Wall -Wextra -Wpedantic -Werror -Iinclude -I"$port" \
    tests/interop/*.c "$port"/*.c target/release/libwhimbrel.a -lpthread -ldl -lm -o target/interop/interop-client
