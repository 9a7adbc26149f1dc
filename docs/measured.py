#!/usr/bin/env python3
"""Writes the tables of README.md between the `measured` marks from target/size.json, target/bench.json and
target/qemu.json.

usage: make size bench test-qemu; docs/measured.py [--size FILE] [--bench FILE] [--qemu FILE]
"""

import argparse
import datetime
import json
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOALS = json.loads((ROOT / "benches/goals.json").read_text())
SIZES = {
    "minimal": "minimal: objects 0, 1, 3, Discover, TLV, UDP",
    "product": "product: TLV, text, opaque, observe, create, block-wise, DTLS, sessions that outlive a power cut",
    "bootstrap": "the same with bootstrap, ordered registration and stored settings, two accounts",
    "uicc": "that with bootstrap from a smartcard, read in clear",
    "uicc_scp03": "the same through the secure channel; the ciphers are the platform's",
    "sms": "SMS alone, secured packets, AT dialogue; the ciphers are the platform's",
    "full": "everything",
}
IMAGES = {
    "managed": "(a) UDP and DTLS with PSK over lwIP, one server, queue mode",
    "texted": "(b) a UART: SMS in secured packets, bootstrap from a smartcard through its secure channel",
    "survives": "(c) as (a), with bootstrap, stored accounts and sessions in flash",
}
ROWS = {
    "read_3_0_tlv": "Read `/3/0`, TLV, 149 bytes",
    "read_3_0_0_tlv": "Read `/3/0/0`, TLV",
    "read_3_0_0_text": "Read `/3/0/0`, text",
    "notify_3_0_9": "Notify `/3/0/9`, from the change to the datagram",
    "write_1_0_1": "Write `/1/0/1`, text",
    "register": "Register",
    "firmware_1mib": "1 MiB in blocks of 1,024 bytes to a stream, a byte",
    "bootstrap_write_0": "Bootstrap-Write of a PSK account, `/0/1`",
    "sms_read_3_0_0_tlv": "Read `/3/0/0` by SMS, from TPDU to TPDU",
}


def number(value, goal=None, scale=None):
    """A measured number, and its goal where it is missed or met."""
    if value is None:
        return "–"
    shown = f"{value / scale:.1f}" if scale else f"{value:,}"
    if goal is None:
        return shown
    wanted = f"{goal / scale:.1f}" if scale else f"{goal:,}"
    return f"{shown} (goal {wanted}{'' if value <= goal else ', missed'})"


def load(path):
    return json.loads(path.read_text()) if path.exists() else {}


def image(size):
    """The whole image with DTLS, where it was measured."""
    row = size.get("product", {})
    if "image_text" not in row:
        return []
    goal = GOALS["size"]["product"].get("image_text")
    return [
        f"The product with DTLS as a whole (PSK, CCM, Connection ID, client): {number(row['image_text'], goal)} bytes of flash, of which the",
        f"library has {row['library_text']:,}, [ports/mbedtls](ports/mbedtls) {row['glue_text']:,}, Mbed TLS {row['tls_text']:,} and libc {row['libc_text']:,}.",
        "",
    ]


def firmware(qemu):
    """What whole images take, and how often they wake."""
    if not qemu:
        return []
    lines = [
        "",
        "Whole images with FreeRTOS, for a Cortex-M4 in QEMU (`make test-qemu`, [docs/freertos.md](docs/freertos.md)); static RAM has FreeRTOS's heap of 48 kB and",
        "lwIP's pools in it, as generous as a test may be:",
        "",
        "| image | flash | static RAM | of it the client | heap, peak | stack of its task |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for key, name in IMAGES.items():
        if key in qemu:
            columns = [number(qemu[key].get(c)) for c in ("flash", "bss", "client", "heap", "stack")]
            lines.append(f"| {name} | {' | '.join(columns)} |")
    asleep = qemu.get("managed", {})
    if asleep.get("asleep_ms"):
        hourly = asleep["asleep_switches"] * 3_600_000 // asleep["asleep_ms"]
        lines += [
            "",
            "A registered client in queue mode wakes **once an Update by a deadline** and never between (asserted for each sleep), then by the answer and by the end of",
            f"the awake window. Meanwhile the system switches {hourly:,} times an hour between tasks, for lwIP's timers above all ({asleep['asleep_ms'] // 1000} s of sleep measured).",
        ]
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=pathlib.Path, default=ROOT / "target/size.json")
    parser.add_argument("--bench", type=pathlib.Path, default=ROOT / "target/bench.json")
    parser.add_argument("--qemu", type=pathlib.Path, default=ROOT / "target/qemu.json")
    options = parser.parse_args()
    size, bench = load(options.size), load(options.bench)
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                            check=True).stdout.strip()
    lines = [
        f"Measured on {datetime.date.today()}, commit {commit}, by `make size` and `make bench`. Goals are in",
        "[benches/goals.json](benches/goals.json); `make test` holds the budget of benches/budget.json, which only goes down. Cortex-M4, opt-level z, `--gc-sections`:",
        "",
        "| profile | library, bytes of flash | libc | RAM of the client |",
        "| --- | ---: | ---: | ---: |",
    ]
    for key, name in SIZES.items():
        if key in size:
            goals = GOALS["size"].get(key, {})
            columns = [number(size[key].get(c), goals.get(c)) for c in ("library_text", "libc_text", "client_ram")]
            lines.append(f"| {name} | {' | '.join(columns)} |")
    lines += [
        "",
        *image(size),
        "Instructions an exchange, with the work described in the bench (counted, not timed), and the peak of the stack:",
        "",
        "| | x86-64, -O2 | Cortex-M4 | heap calls | stack, M4 |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for key, name in ROWS.items():
        if key in bench:
            row, goals = bench[key], GOALS["bench"].get(key, {})
            scale = 1 << 20 if key == "firmware_1mib" else None
            columns = [number(row.get(c), goals.get(c), scale) for c in ("x86_instr", "m4_instr")]
            columns += [number(row.get(c), goals.get(c)) for c in ("heap_calls", "stack_bytes")]
            lines.append(f"| {name} | {' | '.join(columns)} |")
    lines += firmware(load(options.qemu))
    readme = ROOT / "README.md"
    text = re.sub(r"(<!-- measured:.*?-->\n).*?(<!-- /measured -->)", lambda m: m[1] + "\n".join(lines) + "\n" + m[2],
                  readme.read_text(), flags=re.DOTALL)
    readme.write_text(text)


main()
