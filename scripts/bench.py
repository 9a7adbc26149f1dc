#!/usr/bin/env python3
"""Work per exchange: instructions on x86-64 (callgrind) and on Cortex-M4 (QEMU), heap calls, stack, bytes.

usage: scripts/bench.py [--lower] [--crate DIRECTORY] [--budget FILE] [--out FILE] [--entry FUNCTION] [row…]
  --lower   write measured values that are below the budget into it

The rows are those of benches/harness/exchange.c (design: bench-harness.md). Every count is the difference between two
numbers of steps, divided: what happens once cancels. On x86-64 only what runs inside the engine's packet entry counts,
without the port stub that hands in the datagram; on the M4 everything counts and a loop of the stub alone is subtracted.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading

import measure

# Callgrind counts between entering and leaving the first; the stub of "receive" inside it toggles counting off again.
PACKET_ENTRY = "whimbrel_client_poll"
STUBS = ["bench_receive"]

# One step of this row is one block of 1,024 bytes.
STEPS = {"firmware_1mib": 1024}
# How often the M4 takes a step in its two runs, each traced instruction by instruction.
M4_STEPS = (10, 30)
ROWS = [
    "read_3_0_tlv", "read_3_0_0_tlv", "read_3_0_0_text", "read_3_0_senml_cbor", "read_3_0_0_senml_cbor",
    "read_3_0_senml_json", "read_3_0_0_senml_json", "read_3_0_lwm2m_cbor", "read_3_0_0_lwm2m_cbor",
    "notify_3_0_9", "write_1_0_1", "register", "firmware_1mib", "bootstrap_write_0",
    "sms_read_3_0_0_tlv",
]
WORK = measure.ROOT / "target/bench"
HARNESS = measure.ROOT / "benches/harness"
FAILURES = {2: "no such row", 3: "the row could not start", 4: "no answer came"}


class NoRow(Exception):
    """The harness does not know this row (yet)."""


def build_host(crate, exchange):
    archive, program = measure.host_archive(crate), WORK / "host"
    sources = [HARNESS / "main.c", HARNESS / "host.c", exchange]
    include = ["-I", measure.ROOT / crate / "include", "-I", HARNESS]
    flags = [flag for flag in measure.C_FLAGS if flag != "-Wpedantic"]  # glibc's __libc_malloc is a reserved name
    # Without -fno-builtin gcc may remove a malloc that is freed at once, and the count would lie.
    measure.run(["gcc", *flags, "-O2", "-g", "-fno-builtin-malloc", *include, *sources, archive,
                 "-lpthread", "-ldl", "-lm", "-o", program])
    return program


def build_m4(crate, exchange):
    archive, image = measure.firmware_archive(crate, "z"), WORK / "m4.elf"
    sources = [HARNESS / "main.c", measure.ROOT / "benches/m4/startup.c", exchange]
    include = ["-I", measure.ROOT / crate / "include", "-I", HARNESS]
    measure.run(["arm-none-eabi-gcc", *measure.M4_FLAGS, *measure.C_FLAGS, "-Os", *include, *sources, archive,
                 "--specs=nano.specs", "-nostartfiles", "-T", measure.ROOT / "benches/m4/mps2.ld",
                 "-Wl,--gc-sections", "-o", image])
    return image


def judge(name, status, output):
    if status == 2:
        raise NoRow(name)
    if status != 0:
        raise SystemExit(f"bench: {name}: {FAILURES.get(status, f'status {status}')}\n{output}")
    found = re.search(r"\{.*\}", output)
    if not found:
        raise SystemExit(f"bench: {name}: printed no result:\n{output}")
    return json.loads(found.group(0))


def host_once(program, name, count):
    """Heap calls and bytes, without valgrind."""
    done = subprocess.run([program, name, str(count), "step"], capture_output=True, text=True)
    return judge(name, done.returncode, done.stdout + done.stderr)


def callgrind(program, name, count, entry):
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory, "out")
        toggles = [f"--toggle-collect={function}" for function in [entry, *STUBS]]
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no", *toggles, f"--callgrind-out-file={out}",
             program, name, str(count), "step"], capture_output=True, text=True,
        )
        judge(name, done.returncode, done.stdout + done.stderr)
        counted = int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE).group(1))
    if counted == 0:
        raise SystemExit(f"bench: {name}: nothing ran inside {entry}")
    return counted


def m4_trace(image, name, count, what):
    """Runs the image one instruction at a time and counts the trace, which goes through a pipe: it is long."""
    with tempfile.TemporaryDirectory() as directory:
        pipe = pathlib.Path(directory, "trace")
        os.mkfifo(pipe)
        lines = [0]

        def drain():
            with open(pipe, "rb", buffering=1 << 20) as trace:
                lines[0] = sum(line.startswith(b"Trace ") for line in trace)

        reader = threading.Thread(target=drain)
        reader.start()
        words = ",".join(f"arg={word}" for word in ["bench", name, str(count), what])
        done = subprocess.run(
            ["qemu-system-arm", "-machine", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "none",
             "-semihosting-config", f"enable=on,target=native,{words}", "-singlestep", "-d", "exec,nochain",
             "-D", pipe, "-kernel", image], capture_output=True, text=True, timeout=300,
        )
        reader.join()
    return lines[0], judge(name, done.returncode, done.stdout + done.stderr)


def m4_per_step(image, name, what):
    (few, _), (many, result) = (m4_trace(image, name, count, what) for count in M4_STEPS)
    return (many - few) / (M4_STEPS[1] - M4_STEPS[0]), result


def measure_row(name, program, image, entry):
    host = host_once(program, name, 1000)
    x86 = (callgrind(program, name, 2000, entry) - callgrind(program, name, 1000, entry)) / 1000
    step, result = m4_per_step(image, name, "step")
    stub, _ = m4_per_step(image, name, "stub")
    # after as many steps: the sequence number of a notification takes more bytes as it grows
    few = host_once(program, name, M4_STEPS[1])
    if result["response_bytes"] != few["response_bytes"]:
        print(f"bench: {name}: answers differ: {few['response_bytes']} bytes here, {result['response_bytes']} on M4")
    scale = STEPS.get(name, 1)
    return {
        "x86_instr": round(x86 * scale),
        "m4_instr": round((step - stub) * scale),
        "heap_calls": -(-host["heap_calls"] // 1000),  # per step, and one in all is not none
        "stack_bytes": result["stack_bytes"],
        "response_bytes": result["response_bytes"],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lower", action="store_true")
    parser.add_argument("--crate", default=".")
    parser.add_argument("--budget", type=pathlib.Path, default=measure.ROOT / "benches/budget.json")
    parser.add_argument("--out", type=pathlib.Path, default=measure.ROOT / "target/bench.json")
    parser.add_argument("--entry", default=PACKET_ENTRY)
    parser.add_argument("rows", nargs="*", default=ROWS)
    options = parser.parse_args()
    exchange = measure.ROOT / options.crate / "benches/harness/exchange.c"
    rows = {}
    if exchange.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        program, image = build_host(options.crate, exchange), build_m4(options.crate, exchange)
        for name in options.rows:
            try:
                rows[name] = measure_row(name, program, image, options.entry)
            except NoRow:
                print(f"bench: SKIPPED: the harness has no row {name}")
    print("x86-64 -O2 inside the packet entry; Cortex-M4 opt-level z, loop and stub subtracted; stack on the M4")
    measure.table(rows, ["x86_instr", "m4_instr", "heap_calls", "stack_bytes", "response_bytes"])
    measure.finish("bench", rows, options.out, options.budget, options.lower)


main()
