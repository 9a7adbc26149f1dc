#!/usr/bin/env bash
# What somebody else meets who unpacks an archive of `make dist`: examples are built by its Makefile where no cargo and no
# Python is to be found; those for Linux meet lab-server, the AArch64 ones under qemu-user; images run in QEMU. A program
# of one's own links. Needs `make dist lab-server`. usage: tests/sdk/archives.sh
. "$(dirname "$0")/lib.sh"
version=$(sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml)
warnings="-Wall -Wextra -Wpedantic -Werror"

# unpack CPU: into a directory whose name is in $at
unpack() {
    at=$work/whimbrel-$version-$1
    tar -xzf "$here/target/dist/whimbrel-$version-$1.tar.gz" -C "$work" && [ -d "$at" ]
}
# Also in object files: where this tree, its crates and its compilers lie.
names_no_directory() {
    ! grep -raFl -e "$here" -e "${CARGO_HOME:-$HOME/.cargo}" -e "${RUSTUP_HOME:-$HOME/.rustup}" -e /usr/lib/rustlib "$at"
}
builds() {
    bare make -s -C "$at" CFLAGS="-O2 -Werror" "$@"
}
for cpu in x86_64 aarch64 thumbv6m thumbv7em thumbv7emhf thumbv8m.main; do
    check "$cpu: unpacks" unpack $cpu
    unpack $cpu
    check "$cpu: names no directory of this machine" names_no_directory
    check "$cpu: is a module of Zephyr" test -s "$at/zephyr/module.yml" -a -s "$at/ports/zephyr/whimbrel_zephyr.h"
    check "$cpu: has licences of its parts" test -s "$at/LICENSE-MIT" -a -s "$at/licenses/aes/LICENSE-MIT"
done

# ---- Linux

unpack x86_64
check "x86_64: examples build" builds
for example in minimal demo sensor servers stream wake deferred; do
    check "x86_64: $example was built" test -x "$at/build/$example"
done
check "x86_64: the demo" "$here/scripts/demo.sh" "$at/build/demo"
# shellcheck disable=SC2086 # words to be split
outsider() {
    bare "$1" -std=c99 $warnings outsider/main.c "$at"/ports/posix/*.c -I"$at/include" -I"$at/ports/posix" -L"$at/lib" -lwhimbrel \
        -lpthread -ldl -lm -o "$2"
}
check "x86_64: an outsider builds" outsider cc outsider-x86_64
check "x86_64: an outsider registers" registers ./outsider-x86_64

unpack aarch64
export QEMU_LD_PREFIX=/usr/aarch64-linux-gnu
check "aarch64: examples build" builds CC=aarch64-linux-gnu-gcc
check "aarch64: is position independent" eval 'readelf -h "$at/build/demo" | grep DYN'
check "aarch64: the demo" env WRAPPER=qemu-aarch64 "$here/scripts/demo.sh" "$at/build/demo"
check "aarch64: an outsider builds" outsider aarch64-linux-gnu-gcc outsider-aarch64
check "aarch64: an outsider registers" registers qemu-aarch64 ./outsider-aarch64

# ---- firmware

runs() {
    PATH=$PATH timeout 60 make -s -C "$at" run >said 2>&1
    local status=$?
    cat said
    [ $status -eq 0 ] && grep -q '^registered$' said && grep -q 'seen all that it wants' said
}
# passes_floats_in registers|words: which functions the archive can be linked with
passes_floats_in() {
    local found=words
    ! readelf -A "$at/build/bare-metal.elf" | grep 'Tag_ABI_VFP_args: VFP registers' || found=registers
    same "$found" "$1"
}
for cpu in thumbv6m thumbv7em thumbv7emhf thumbv8m.main; do
    unpack $cpu
    check "$cpu: the image builds" builds
    check "$cpu: the image runs in QEMU, and its server reads it" runs
    case $cpu in
        thumbv7emhf) check "$cpu: hard-float" passes_floats_in registers ;;
        *) check "$cpu: soft-float" passes_floats_in words ;;
    esac
    check "$cpu: no way to panic but in the ciphers" "$here/scripts/symbols.py" --without whimbrel_crypto_software "$at/lib/libwhimbrel.a"
done

unpack thumbv7em
# shellcheck disable=SC2086
firmware() {
    bare arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -std=c99 -Os $warnings outsider/firmware.c -I"$at/include" -L"$at/lib" \
        -lwhimbrel --specs=nano.specs --specs=nosys.specs -Wl,--gc-sections -Wl,-z,noexecstack -o firmware.elf
}
check "thumbv7em: an outsider's firmware links" firmware
# the image's verdict is no formality: a server that wants another temperature is not content
another_temperature() {
    sed -i 's/"21.5"/"22.5"/' "$at/examples-c/bare-metal/server.c" && builds && ! runs && grep -q 'not content' said
}
check "thumbv7em: another temperature is noticed" another_temperature

# ---- the same input, the same bytes: another clock, another zone, another mask for new files

again() {
    (umask 077 && export TZ=Asia/Kathmandu SOURCE_DATE_EPOCH=1000000000 && cd "$here" && scripts/dist.sh thumbv7em "$work/first" &&
        umask 002 && sleep 1.1 && TZ=UTC scripts/dist.sh thumbv7em "$work/second") && cmp first/*.gz second/*.gz &&
        same "$(tar -tzvf first/*.gz | awk '{ print $2 }' | sort -u)" 0/0
}
check "the same bytes again" again

finish archives
