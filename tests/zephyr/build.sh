#!/usr/bin/env bash
# Builds what runs on the fakes: the test of the port, and examples of examples-c on the port instead of ports/posix; each once
# more with sanitizers. usage: tests/zephyr/build.sh PYTHON, one that has requirements.txt. Into target/tests-zephyr.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$1
out=target/tests-zephyr
mkdir -p "$out"
"$python" tests/zephyr/configure.py "$out" tests/zephyr/full.conf

flags=(-std=c99 -g -O1 -Wall -Wextra -Wpedantic -Werror -include "$out/autoconf.h" -Iinclude -Iports/zephyr
    -Itests/zephyr/include -Itests/zephyr/fake)
read -r -a tls <target/mbedtls/host/cflags
libraries=(target/mbedtls/host/libmbedtls.a target/release/libwhimbrel.a -lpthread -ldl -lm)

# compile VARIANT FLAG...: what all programs share, as objects in a directory
compile() {
    local variant=$1 source
    shift
    mkdir -p "$out/$variant"
    for source in ports/zephyr/*.c tests/zephyr/fake/{kernel,net,storage,modem}.c ports/posix/text.c; do
        ${CC:-cc} "${flags[@]}" "$@" -Itests/zephyr/as_posix -c "$source" -o "$out/$variant/${source//\//-}.o"
    done
    for source in ports/mbedtls/*.c; do
        ${CC:-cc} "${flags[@]}" "$@" "${tls[@]}" -c "$source" -o "$out/$variant/${source//\//-}.o"
    done
}

# link VARIANT FLAG...: the programs
link() {
    local variant=$1 test example
    shift
    for test in port line; do
        ${CC:-cc} "${flags[@]}" "$@" -Itests/c tests/zephyr/$test.c "$out/$variant"/*.o "${libraries[@]}" -o "$out/$variant/$test"
    done
    for example in minimal demo psk sms card; do
        ${CC:-cc} "${flags[@]}" "$@" -Itests/zephyr/as_posix -Iports/mbedtls examples-c/$example.c "$out/$variant"/*.o \
            "${libraries[@]}" -o "$out/$variant/$example"
    done
}

sanitize=(-fsanitize=address,undefined -fno-sanitize-recover=all)
(
    compile plain
    link plain
) &
compile sanitized "${sanitize[@]}"
link sanitized "${sanitize[@]}"
wait $!

# with the names of before 4.4, and without any option: compiled only
for source in ports/zephyr/*.c; do
    ${CC:-cc} "${flags[@]}" -DZEPHYR_OLD_NAMES -fsyntax-only "$source"
    ${CC:-cc} "${flags[@]}" -UCONFIG_WHIMBREL_STORAGE -fsyntax-only "$source"
done

# the backend with Mbed TLS as Zephyr's options have it; check_config.h of Mbed TLS tells what does not go together
for source in ports/mbedtls/*.c; do
    ${CC:-cc} "${flags[@]}" -Itests/zephyr/mbedtls -Iports/mbedtls -isystem"$(cat target/mbedtls/tree)/include" -fsyntax-only "$source"
done
