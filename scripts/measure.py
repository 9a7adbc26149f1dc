"""What size.py and bench.py share: running tools, the budget, the table."""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Soft-float ABI: LwM2M's floats are doubles, which no Cortex-M4 has in hardware, so hard float would save nothing here
# and this archive also fits cores without FPU.
M4 = "thumbv7em-none-eabi"
M4_FLAGS = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft"]
# The same source built in another directory gets other symbol hashes, and with them another order of functions, other inlining
# and up to about 1 % more or fewer of these. RAM, heap calls and bytes on the wire are exact.
LAYOUT = {"library_text", "image_text", "x86_instr", "m4_instr", "stack_bytes"}
C_FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-ffunction-sections", "-fdata-sections"]


def run(command, **options):
    """Runs a command and returns its output; ends the program with the command's own words if it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=ROOT, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nfailed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def firmware_archive(crate, opt):
    """Builds the archive for Cortex-M4 and says where it is."""
    run(["scripts/firmware.sh", M4, opt, crate])
    directory = ROOT / "target" if crate == "." else ROOT / "target" / pathlib.Path(crate).name
    directory /= "firmware" if opt == "z" else f"firmware-{opt}"
    return directory / M4 / "release" / "libwhimbrel.a"


def backend(compiler, directory):
    """Compiles ports/mbedtls for Cortex-M4 and Mbed TLS for PSK: compiler flags, objects, archive."""
    run(["scripts/mbedtls.sh", M4, "config-psk.h"])
    tls = ROOT / f"target/mbedtls/{M4}-psk"
    flags = ["-I", ROOT / "ports/mbedtls", *(tls / "cflags").read_text().split()]
    directory.mkdir(parents=True, exist_ok=True)
    objects = []
    for source in sorted((ROOT / "ports/mbedtls").glob("*.c")):
        objects.append(directory / f"{source.stem}.o")
        run([*compiler, *flags, "-c", source, "-o", objects[-1]])
    return flags, objects, tls / "libmbedtls.a"


def host_archive(crate):
    """Builds the archive for this machine at -O2, as the peers were for their rows."""
    directory = ROOT / "target/bench" / pathlib.Path(crate).name
    environment = dict(os.environ, CARGO_PROFILE_RELEASE_OPT_LEVEL="2")
    manifest = pathlib.Path(crate, "Cargo.toml")
    words = ["cargo", "rustc", "--quiet", "--manifest-path", manifest, "--lib", "--release"]
    run([*words, "--crate-type", "staticlib", "--target-dir", directory], env=environment)
    return directory / "release/libwhimbrel.a"


def table(rows, columns):
    width = max(map(len, rows), default=0)
    print(" " * width, *(f"{column:>15}" for column in columns))
    for name, row in rows.items():
        print(f"{name:<{width}}", *(f"{row.get(column, '-'):>15}" for column in columns))


def finish(kind, rows, out, budget_path, lower):
    """Writes the rows, holds them against the budget, and ends the program. A budget only ever goes down."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(rows, indent=2) + "\n")
    budgets = json.loads(budget_path.read_text())
    above = checked = 0
    for name, budget in budgets.get(kind, {}).items():
        if name not in rows:
            print(f"{kind}: SKIPPED: {name} has a budget and was not measured")
            continue
        for key, limit in budget.items():
            value = rows[name].get(key)
            checked += 1
            allowed = limit + limit // 100 if key in LAYOUT else limit
            if value is None or value > allowed:
                above += 1
                print(f"{kind}: ABOVE BUDGET: {name} {key} is {value}, budget {limit}, allowed {allowed}")
            elif lower:
                budget[key] = min(value, limit)
    if lower:
        budget_path.write_text(json.dumps(budgets, indent=2) + "\n")
    print(f"{kind}: {checked - above} passed, {above} failed; {out}")
    sys.exit(1 if above else 0)
