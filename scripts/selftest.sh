#!/usr/bin/env bash
# Shows that each check of this repository can fail: the tools run on tools/sample, once as it is and once with a flaw
# planted. A check that lets a flaw pass is counted as failed. usage: scripts/selftest.sh [header abi doc symbols size bench fuzz]
set -uo pipefail
cd "$(dirname "$0")/.."
groups=("$@")
[ ${#groups[@]} -gt 0 ] || groups=(header abi doc symbols size bench fuzz)
work=target/selftest
mkdir -p "$work"
passed=0
failed=0

# verdict NAME STATUS: counts, and shows the output of what went wrong.
verdict() {
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "selftest: FAILED: $1" >&2
        cat "$work/output" >&2
    fi
}
passes() {
    "${@:2}" >"$work/output" 2>&1
    verdict "$1" $?
}
# fails NAME PATTERN COMMAND…: the command must fail, and say why in words that match.
fails() {
    if "${@:3}" >"$work/output" 2>&1; then
        verdict "$1: was let through" 1
    else
        grep -qE "$2" "$work/output"
        verdict "$1: failed without saying: $2" $?
    fi
}

test_header() {
    local header="cargo run --quiet -p whimbrel-header -- --verify --capi" sample=tools/sample/src/capi
    passes "header of the sample" $header $sample --out tools/sample/include/whimbrel.h
    passes "header compiles" tests/header/compile.sh tools/sample/include/whimbrel.h
    sed 's/uint16_t servers/uint32_t servers/' tools/sample/include/whimbrel.h >"$work/drift.h"
    fails "header drift" '^-    uint32_t servers' $header $sample --out "$work/drift.h"
    sed 's/size_t size/sighs_t size/' tools/sample/include/whimbrel.h >"$work/broken.h"
    fails "header that does not compile" sighs_t tests/header/compile.sh "$work/broken.h"
    rm -rf "$work/src" && cp -R tools/sample/src "$work/src"
    echo 'pub const WHIMBREL_LOST: u32 = core::mem::size_of::<u64>() as u32;' >>"$work/src/capi/client.rs"
    fails "constant that cbindgen drops" 'left out WHIMBREL_LOST' $header "$work/src/capi" --out "$work/drift.h"
}

# The interface of the real header, with itself as the last release.
test_abi() {
    local changed=$work/abi/changed.h
    rm -rf "$work/abi" && mkdir -p "$work/abi/last"
    passes "interface taken down" scripts/abi.sh --accept include/whimbrel.h none "$work/abi/last"
    passes "interface unchanged" scripts/abi.sh include/whimbrel.h none "$work/abi/last"

    # planted NAME PATTERN SED…: a change that must be found
    planted() {
        sed "${@:3}" include/whimbrel.h >"$changed"
        fails "$1" "$2" scripts/abi.sh "$changed" none "$work/abi/last"
    }
    # harmless NAME SED…: one that must be let through, as an addition
    harmless() {
        sed "${@:2}" include/whimbrel.h >"$changed"
        passes "$1" scripts/abi.sh "$changed" none "$work/abi/last"
        grep -q ' 1 added' "$work/output"
        verdict "$1: is counted" $?
    }
    planted "member of another type" "whimbrel_session_t" '/^typedef struct whimbrel_session_t/,/^}/s/uint8_t mode;/uint16_t mode;/'
    planted "member gone" "whimbrel_session_t" '/^typedef struct whimbrel_session_t/,/^}/{/uint16_t mtu;/d}'
    planted "member renamed" "maximum" '/^typedef struct whimbrel_session_t/,/^}/s/uint16_t mtu;/uint16_t maximum;/'
    planted "struct grown at its end" "member insertion" 's/^} whimbrel_limits_t;/uint32_t more;\n&/'
    planted "struct that only a comment names" "whimbrel_list_t" 's/^} whimbrel_list_t;/uint32_t more;\n&/'
    planted "function gone" "whimbrel_version" '/^uint32_t whimbrel_version(void);/d'
    planted "parameter of another type" "whimbrel_modem_output" '/^int32_t whimbrel_modem_output/,/;/s/uint8_t \*buffer/char *buffer/'
    planted "function of a struct with another result" "link_close|whimbrel_port_t" 's/void (\*link_close)/int32_t (*link_close)/'
    planted "variable gone" "whimbrel_format_json" '/^extern .*whimbrel_format_json;/d'
    planted "constant renumbered" "WHIMBREL_ERR_FULL" 's/WHIMBREL_ERR_FULL (-4)/WHIMBREL_ERR_FULL (-104)/'
    planted "constant gone" "WHIMBREL_ERR_BUSY" '/define WHIMBREL_ERR_BUSY/d'
    planted "bit field" "bit field" 's/^} whimbrel_limits_t;/uint32_t more : 1;\n&/'
    harmless "function added" 's/^uint32_t whimbrel_version(void);/&\nuint32_t whimbrel_more(void);/'
    harmless "constant added" 's/^#define WHIMBREL_ERR_BUSY .*/&\n#define WHIMBREL_ERR_MORE (-99)/'
    sed -e 's/VERSION_STRING "0\.[0-9]*/VERSION_STRING "0.99/' -e '/^uint32_t whimbrel_version(void);/d' include/whimbrel.h >"$changed"
    passes "function gone, minor version raised" scripts/abi.sh "$changed" none "$work/abi/last"
    sed 's/VERSION_STRING "\(0\.[0-9]*\)\.[0-9]*/VERSION_STRING "\1.99/; /^uint32_t whimbrel_version(void);/d' include/whimbrel.h >"$changed"
    fails "function gone, only the patch raised" "not compatible" scripts/abi.sh "$changed" none "$work/abi/last"
    printf 'int whimbrel_version(void) { return 0; }\n' | cc -shared -fPIC -x c - -o "$work/abi/other.so"
    fails "library that lacks what the header declares" "declared, not exported: *whimbrel_client_poll" \
        scripts/abi.sh include/whimbrel.h "$work/abi/other.so" "$work/abi/last"
}

test_doc() {
    local page=$work/doc/page.md header=$work/doc/whimbrel.h
    mkdir -p "$work/doc"
    printf '# A page\n\n## A part\n\nSee [porting](../../../docs/porting.md) and [this](#a-part).\n' >"$page"
    local site="README.md CHANGELOG.md SECURITY.md docs ports include/whimbrel.h"
    passes "site" scripts/doc.sh $site "$page"
    printf '# A page\n\nSee [nothing](../../../docs/porting.md#nothing).\n' >"$page"
    fails "link to nothing" "page-docs-porting--nothing" scripts/doc.sh $site "$page"
    sed 's/@param next_ms/@param later_ms/' include/whimbrel.h >"$header"
    fails "parameter that does not exist" "later_ms" scripts/doc.sh "$header"
    sed 's/^uint32_t whimbrel_version(void);/&\nuint32_t whimbrel_more(void);/' include/whimbrel.h >"$header"
    fails "function without a word" "whimbrel_more" scripts/doc.sh "$header"
}

test_symbols() {
    local archive=target/sample/firmware/thumbv7em-none-eabi/release/libwhimbrel.a flaw
    passes "firmware archive" scripts/firmware.sh thumbv7em-none-eabi z tools/sample
    passes "clean archive" scripts/symbols.py $archive
    # The planted allocation needs alloc; it is built for all three, since a second set of crates would cost 15 s.
    for flaw in 'index panic_bounds_check <- whimbrel_object_add' 'format core::fmt.*<- whimbrel_object_add' \
        'alloc allocator:.*<- whimbrel_object_add'; do
        passes "archive with planted ${flaw%% *}" scripts/firmware.sh thumbv7em-none-eabi z tools/sample \
            -Z build-std=core,alloc --features "plant-${flaw%% *}"
        fails "planted ${flaw%% *}" "${flaw#* }" scripts/symbols.py $archive
    done
    printf 'int other(void) { return 0; }\n' | arm-none-eabi-gcc -mcpu=cortex-m4 -c -x c - -o "$work/other.o"
    arm-none-eabi-ar rcs "$work/other.a" "$work/other.o"
    fails "archive without the API" 'nothing was proved' scripts/symbols.py "$work/other.a"
}

# budget KIND ROW LIMITS: a budget file with one row.
budget() {
    printf '{ "%s": { "%s": { %s } } }\n' "$1" "$2" "$3" >"$work/budget.json"
}

test_size() {
    local size="scripts/size.py --crate tools/sample --budget $work/budget.json --out $work/size.json"
    budget size minimal '"library_text": 200, "client_ram": 64'
    passes "size within budget" $size
    budget size minimal '"library_text": 20'
    fails "size above budget" 'ABOVE BUDGET: minimal library_text' $size
    budget size minimal '"client_ram": 63'
    fails "RAM above budget" 'ABOVE BUDGET: minimal client_ram' $size
}

test_bench() {
    local bench="scripts/bench.py --crate tools/sample --budget $work/budget.json --out $work/bench.json"
    budget bench read_3_0_tlv '"x86_instr": 400, "m4_instr": 400, "heap_calls": 0, "stack_bytes": 100'
    passes "bench within budget" $bench --entry whimbrel_packet read_3_0_tlv
    fails "entry that does not exist" 'nothing ran inside' $bench --entry whimbrel_nothing read_3_0_tlv
    budget bench read_3_0_tlv '"x86_instr": 10, "m4_instr": 10'
    fails "x86 above budget" 'ABOVE BUDGET: read_3_0_tlv x86' $bench --entry whimbrel_packet read_3_0_tlv
    fails "M4 above budget" 'ABOVE BUDGET: read_3_0_tlv m4' $bench --entry whimbrel_packet read_3_0_tlv
    budget bench register '"heap_calls": 0, "stack_bytes": 400'
    fails "heap calls" 'ABOVE BUDGET: register heap_calls' $bench --entry whimbrel_packet register
    fails "stack" 'ABOVE BUDGET: register stack_bytes' $bench --entry whimbrel_packet register
    fails "row without an answer" 'no answer came' $bench --entry whimbrel_packet notify_3_0_9
}

test_fuzz() {
    export FUZZ_CARGO="--features plant" FUZZ_SECONDS=60
    rm -rf target/fuzz/work/planted
    fails "planted crash" 'planted: FAILED; reproduce' scripts/fuzz.sh planted
    unset FUZZ_CARGO FUZZ_SECONDS
}

for group in "${groups[@]}"; do "test_$group"; done
echo "selftest: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
