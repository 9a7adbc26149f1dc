#!/usr/bin/env bash
# Compiles and links an image for one of QEMU's boards: FreeRTOS, the start-up code and what is named.
# usage: tests/firmware/image.sh BOARD NAME [+lwip] [+engine] [+mbedtls] [SOURCE.c | -FLAG | ARCHIVE.a]…
# BOARD is an385 (Cortex-M3), an386 (M4) or an505 (M33). Writes target/firmware-tests/BOARD/NAME.elf and NAME.map.
#   +lwip      lwIP with sockets' lower layer (netconn) and a driver for the LAN9118 (tests/firmware/lwip)
#   +engine    the client's archive for this CPU, its header, and Whimbrel's ports on the include path
#   +mbedtls   the backend of ports/mbedtls, and Mbed TLS in config-psk.h; MBEDTLS_CONFIG names another
# Kernel, lwIP and Mbed TLS are compiled once a board and kept. Sources of ours are compiled with warnings as errors.
set -euo pipefail
cd "$(dirname "$0")/../.."
board=$1
name=$2
shift 2
case $board in
an385) cpu="-mcpu=cortex-m3" triple=thumbv7m-none-eabi port=ARM_CM3 ;;
# ARM_CM4F wants a unit for floating point; without, a Cortex-M4 is an M3 to FreeRTOS
an386) cpu="-mcpu=cortex-m4 -mfloat-abi=soft" triple=thumbv7em-none-eabi port=ARM_CM3 ;;
an505) cpu="-mcpu=cortex-m33 -mfloat-abi=soft" triple=thumbv8m.main-none-eabi port=ARM_CM33_NTZ/non_secure ;;
*) echo "image: no board $board" >&2; exit 2 ;;
esac
{ read -r freertos && read -r lwip; } < <(scripts/rtos.sh)
here=$PWD/tests/firmware
out=$PWD/target/firmware-tests/$board
mkdir -p "$out"

with=' '
sources=()
flags=()
archives=()
for word; do
    case $word in
    +*) with+="${word#+} " ;;
    *.c) sources+=("$word") ;;
    *.a) archives+=("$word") ;;
    *) flags+=("$word") ;;
    esac
done
wants() { [[ $with = *" $1 "* ]]; }

common="$cpu -mthumb -Os -g -ffunction-sections -fdata-sections --specs=nano.specs -DBOARD_${board^^} -I$here/boards -I$here/lwip"
theirs="-isystem$freertos/include -isystem$freertos/portable/GCC/$port -isystem$lwip/src/include -isystem$lwip/contrib/ports/freertos/include"
ours="-std=c99 -Wall -Wextra -Wpedantic -Werror"
cc=arm-none-eabi-gcc

# kept DIRECTORY SOURCE…: others' code as an archive, made anew if a source, a header of the configuration or the flags changed
kept() {
    local directory=$out/$1 state new
    shift
    state=$({ echo "$cc $common $theirs ${flags[*]:-} $*"; "$cc" --version | head -n 1; cat "$here"/boards/*.h "$here"/lwip/*.h "$here"/lwip/*/*.h
        find "$freertos" "$lwip/src" "$lwip/contrib/ports/freertos" -name '*.[ch]' -printf '%p %s %T@\n' | sort; } | sha256sum)
    if [ -e "$directory/objects.a" ] && [ "$state" = "$(cat "$directory/stamp" 2>/dev/null)" ]; then return; fi
    new=$directory.new
    rm -rf "$new"
    mkdir -p "$new"
    printf '%s\0' "$@" | FLAGS="-std=gnu99 $common $theirs ${flags[*]:-}" OBJECTS=$new xargs -0 -n 8 -P 2 bash -euc '
        for source; do arm-none-eabi-gcc $FLAGS -w -c "$source" -o "$OBJECTS/$(basename "$source" .c).o"; done' compile
    arm-none-eabi-ar crs "$new/objects.a" "$new"/*.o
    echo "$state" >"$new/stamp"
    rm -rf "$directory"
    mv "$new" "$directory"
}

# One at a time for each board; images of different boards and their runs go side by side.
exec 9>"$out/lock"
flock 9

# Options that change FreeRTOS's configuration make a kernel of their own.
variant=$(printf '%s' "${flags[*]:-}" | sha256sum | cut -c 1-8)
kernel=("$freertos"/{tasks,queue,list,timers,stream_buffer}.c "$freertos/portable/MemMang/heap_4.c" "$freertos/portable/GCC/$port"/port*.c)
kept "kernel-$variant" "${kernel[@]}"
archives+=("$out/kernel-$variant/objects.a")
sources+=(tests/firmware/boards/{start,hooks}.c)
if wants lwip; then
    stack=("$lwip"/src/core/{def,dns,inet_chksum,init,ip,mem,memp,netif,pbuf,stats,sys,timeouts,udp}.c
        "$lwip"/src/core/ipv4/{dhcp,etharp,icmp,ip4,ip4_addr,ip4_frag,acd}.c
        "$lwip"/src/api/{api_lib,api_msg,err,netbuf,tcpip}.c "$lwip/src/netif/ethernet.c" "$lwip/contrib/ports/freertos/sys_arch.c")
    kept "lwip-$variant" "${stack[@]}"
    archives+=("$out/lwip-$variant/objects.a")
    sources+=(tests/firmware/lwip/*.c)
fi
if wants mbedtls; then
    scripts/mbedtls.sh "$triple" "${MBEDTLS_CONFIG:-config-psk.h}"
    suffix=${MBEDTLS_CONFIG:-config-psk.h}
    suffix=${suffix#config-}
    tls=$PWD/target/mbedtls/$triple-${suffix%.h}
    sources+=(ports/mbedtls/*.c)
    theirs+=" -Iports/mbedtls $(cat "$tls/cflags")"
    archives+=("$tls/libmbedtls.a")
fi
if wants engine || wants mbedtls; then
    scripts/firmware.sh "$triple"
    theirs+=" -Iinclude -Iports/freertos"
    archives+=("target/firmware/$triple/release/libwhimbrel.a")
fi

objects=$out/$name
rm -rf "$objects"
mkdir -p "$objects"
printf '%s\0' "${sources[@]}" | FLAGS="$common $theirs $ours ${flags[*]:-}" OBJECTS=$objects xargs -0 -n 8 -P 2 bash -euc '
    for source; do name=${source//\//-}; arm-none-eabi-gcc $FLAGS -c "$source" -o "$OBJECTS/${name%.c}.o"; done' compile
# shellcheck disable=SC2086 # words to be split
$cc $common "$objects"/*.o -Wl,--start-group "${archives[@]}" -Wl,--end-group -nostartfiles -L"$here/boards" -T"$here/boards/$board.ld" \
    -Wl,--gc-sections -Wl,--fatal-warnings -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments -Wl,-Map="$out/$name.map" -o "$out/$name.elf"
