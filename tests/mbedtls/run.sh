#!/usr/bin/env bash
# Builds and runs the tests of ports/mbedtls. usage: tests/mbedtls/run.sh [plain|valgrind|sanitizers]
# They need a C compiler and openssl(1), and of ours nothing but the header and the backend; the one of the primitives
# also the library, whose own it compares them with.
set -euo pipefail
cd "$(dirname "$0")/../.."
mode=${1:-plain}
flags=(-std=c99 -g -O1 -Wall -Wextra -Wpedantic -Werror -Iinclude -Iports/mbedtls -Itests/mbedtls)
under=()
case $mode in
plain) ;;
valgrind) under=(valgrind --quiet --leak-check=full --error-exitcode=9) ;;
sanitizers)
    export MBEDTLS_VARIANT=sanitizers MBEDTLS_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=undefined"
    flags+=(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
    ;;
*) sed -n '2s/^# //p' "$0" >&2; exit 2 ;;
esac
# another compiler leaves the others' archive alone
[ -z "${CC:-}" ] || export MBEDTLS_VARIANT=${MBEDTLS_VARIANT:+$MBEDTLS_VARIANT-}${CC##*/}
scripts/mbedtls.sh host
built=target/mbedtls/host${MBEDTLS_VARIANT:+-$MBEDTLS_VARIANT}
out=target/mbedtls-tests/$mode
mkdir -p "$out"
tests/mbedtls/certificates.sh target/mbedtls-tests/certificates
read -r -a include <"$built/cflags"
for test in loopback saving hostile certificates; do
    ${CC:-cc} "${flags[@]}" "${include[@]}" tests/mbedtls/$test.c ports/mbedtls/*.c "$built/libmbedtls.a" -o "$out/$test"
    arguments=()
    [ $test != certificates ] || arguments=(target/mbedtls-tests/certificates)
    "${under[@]}" "$out/$test" "${arguments[@]}"
done
make --no-print-directory library
${CC:-cc} "${flags[@]}" "${include[@]}" tests/mbedtls/crypto.c ports/mbedtls/crypto.c "$built/libmbedtls.a" \
    target/release/libwhimbrel.a -lpthread -ldl -lm -o "$out/crypto"
"${under[@]}" "$out/crypto"
