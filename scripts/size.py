#!/usr/bin/env python3
"""Bytes of flash and RAM that a product pays, per profile: benches/size/{minimal,product,bootstrap,uicc,uicc_scp03,sms,full}.c linked against the
one archive for Cortex-M4 with --gc-sections and newlib-nano, without startup code and drivers.

usage: scripts/size.py [--lower] [--crate DIRECTORY] [--budget FILE] [--out FILE]
  --lower   write measured values that are below the budget into it

A profile's main names what the product names, stubs the port, and holds the client in an array called client_memory,
whose size is the `client_ram` row. Its own code is left out. library = what lies in libwhimbrel.a, text with read-only
data; libc = libc, libm and libgcc. A profile that includes whimbrel_mbedtls.h, or product.h, is linked with ports/mbedtls (glue_text) and
Mbed TLS in config-psk.h (tls_text); image_text is all of these together. Rows are for opt-level z, and `<profile>_s` for s; the budget is on z.
"""

import argparse
import pathlib
import re

import measure

PROFILES = ["minimal", "product", "bootstrap", "uicc", "uicc_scp03", "sms", "full"]
READ_ONLY = (".text", ".rodata", ".ARM.ex", ".init", ".fini", ".vectors", ".eh_frame")


def parse_map(text):
    """Sums the bytes of each (output section, origin) of a linker map; padding goes to whom it follows."""
    sums = {}
    section, origin = "", "application"
    text = text.split("Linker script and memory map", 1)[1]
    text = re.sub(r"\n ([^ \n]\S*)\n +0x", r"\n \1 0x", text)  # long names stand on a line of their own
    text = re.sub(r"\n([.\w]\S*)\n +0x", r"\n\1 0x", text)
    for line in text.splitlines():
        heading = re.match(r"([.\w]\S*)\s+0x[0-9a-f]+\s+0x[0-9a-f]+", line)
        part = re.match(r" (\S+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+)(?:\s+(\S.*))?$", line)
        if heading:
            section = heading.group(1)
        elif part:
            name, size, file = part.group(1), int(part.group(2), 16), part.group(3)
            if file:
                origin = "application"
                if "libwhimbrel.a(" in file:
                    origin = "library"
                elif "libmbedtls.a(" in file:
                    origin = "tls"
                elif "/glue/" in file:
                    origin = "glue"
                elif re.search(r"lib(c|c_nano|g|g_nano|m|gcc|nosys)\.a\(", file):
                    origin = "libc"
            elif name != "*fill*":
                continue
            sums[section, origin] = sums.get((section, origin), 0) + size
    return sums


def total(sums, origins, test):
    return sum(size for (section, origin), size in sums.items() if origin in origins and test(section))


def profile(source, archive, opt, include):
    work = measure.ROOT / "target/size"
    work.mkdir(parents=True, exist_ok=True)
    elf, map_file = work / f"{source.stem}-{opt}.elf", work / f"{source.stem}-{opt}.map"
    compiler = ["arm-none-eabi-gcc", *measure.M4_FLAGS, *measure.C_FLAGS, "-Os", "-I", include]
    secured = re.search("whimbrel_mbedtls.h|product.h", source.read_text())
    if secured:
        backend, objects, tls = measure.backend(compiler, work / "glue")
        compiler, archive = [*compiler, *backend], [*objects, archive, tls]
    else:
        archive = [archive]
    measure.run([
        *compiler, source, *archive,
        "--specs=nano.specs", "-nostartfiles", "-Wl,-e,main", "-Wl,--gc-sections", f"-Wl,-Map={map_file}", "-o", elf,
    ])
    sums = parse_map(map_file.read_text())
    symbols = measure.run(["arm-none-eabi-nm", "-S", elf])
    memory = re.search(r"^[0-9a-f]+ ([0-9a-f]+) \w client_memory$", symbols, re.MULTILINE)
    linked = ("library", "libc", "glue", "tls")
    everything = total(sums, ("application", *linked), lambda s: s.startswith(READ_ONLY))
    text = int(measure.run(["arm-none-eabi-size", elf]).splitlines()[1].split()[0])
    # alignment inside and between sections is in neither; a map read wrongly is off by whole objects
    if abs(everything - text) > text // 200:
        raise SystemExit(f"size: the map of {elf} adds up to {everything} bytes of text, the image has {text}")
    texts = {f"{origin}_text": total(sums, [origin], lambda s: s.startswith(READ_ONLY)) for origin in linked}
    # initial values of variables lie in flash too
    image = sum(texts.values()) + total(sums, linked, lambda s: s.startswith(".data"))
    return {
        **(texts | {"image_text": image} if secured else {name: texts[name] for name in ("library_text", "libc_text")}),
        "data": total(sums, linked, lambda s: s.startswith(".data")),
        "bss": total(sums, linked, lambda s: s.startswith((".bss", "COMMON"))),
        "client_ram": int(memory.group(1), 16) if memory else None,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lower", action="store_true")
    parser.add_argument("--crate", default=".")
    parser.add_argument("--budget", type=pathlib.Path, default=measure.ROOT / "benches/budget.json")
    parser.add_argument("--out", type=pathlib.Path, default=measure.ROOT / "target/size.json")
    options = parser.parse_args()
    crate = measure.ROOT / options.crate
    rows = {}
    for opt in ["z", "s"]:
        sources = [source for name in PROFILES if (source := crate / f"benches/size/{name}.c").exists()]
        archive = measure.firmware_archive(options.crate, opt) if sources else None
        for source in sources:
            name = source.stem if opt == "z" else f"{source.stem}_{opt}"
            rows[name] = profile(source, archive, opt, crate / "include")
    print(f"{measure.M4} (soft-float ABI), newlib-nano, --gc-sections, bytes")
    measure.table(rows, ["library_text", "libc_text", "glue_text", "tls_text", "image_text", "data", "bss", "client_ram"])
    measure.finish("size", rows, options.out, options.budget, options.lower)


main()
