#!/usr/bin/env python3
"""Proves from the symbol table that a firmware archive holds no allocator, no core::fmt and no way to panic.

usage: scripts/symbols.py [--without SYMBOL] ARCHIVE…
  --without SYMBOL   a program that does not name this one

Every exported whimbrel_ symbol of an archive is kept (-u), everything that none of them reaches is collected by the
linker (--gc-sections): what is left in the image is reachable from the C API. An offender is printed with the chain of
functions that leads to it, found through the relocations, so that tables of function pointers count as well.
"""

import bisect
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

TOOLS = "arm-none-eabi-"

# Demangled or plain names. A panic that LLVM turned into a trap is looked for in the instructions instead.
FORBIDDEN = {
    "panic": re.compile(
        r"core::panicking|rust_begin_unwind|rust_panic|begin_panic|panic_(fmt|bounds_check|nounwind|const)|"
        r"unwrap_failed|expect_failed|slice_\w*fail|slice_index\w*fail|str_index\w*fail|len_mismatch_fail|"
        r"panic_already|rust_eh_personality"
    ),
    "core::fmt": re.compile(r"core::fmt|core::num::(imp::)?(flt2dec|fmt)|::fmt$|::fmt::"),
    "allocator": re.compile(
        r"__rust_(alloc|dealloc|realloc|no_alloc)|__rg_|__rdl_|^alloc::|<alloc::|"
        r"^_?(malloc|calloc|realloc|free|sbrk)(_r)?$"
    ),
}

# All that an archive may leave to the firmware: the memory functions and compiler support of any C library, the lock.
PROVIDED = re.compile(r"^(mem(cpy|move|set|cmp)|bcmp|strlen|__aeabi_\w+|__\w+[sd]i\d?|_critical_section_1_0_(acquire|release))$")


def run(tool, *arguments):
    done = subprocess.run([TOOLS + tool, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"symbols: {TOOLS}{tool} failed:\n{done.stderr}")
    return done.stdout


def architecture(archive):
    """The compiler's flags for the archive's own architecture and float ABI."""
    attributes = run("readelf", "-A", archive)
    cpus = {"v6S-M": "cortex-m0", "v7E-M": "cortex-m4", "v7": "cortex-m3", "v8-M.mainline": "cortex-m33"}
    found = re.search(r"Tag_CPU_arch: (\S+)", attributes)
    cpu = cpus.get(found.group(1)) if found else None
    if cpu is None:
        sys.exit(f"symbols: {archive}: no architecture that is known here")
    if "Tag_ABI_VFP_args" in attributes:
        return [f"-mcpu={cpu}", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
    return [f"-mcpu={cpu}", "-mthumb", "-mfloat-abi=soft"]


def exported(archive):
    lines = run("nm", "--defined-only", "--extern-only", archive).splitlines()
    return sorted({line.split()[-1] for line in lines if re.search(r" [TRDBVW] whimbrel_\w+$", line)})


def unprovided(archive):
    """What the archive needs from outside beyond PROVIDED."""
    lines = run("nm", "--extern-only", archive).splitlines()
    symbols = [line.split()[-2:] for line in lines if re.search(r"(^| )[A-TV-Zv-w U] \S+$", line)]
    defined = {name for kind, name in symbols if kind not in "U"}
    wanted = {name for kind, name in symbols if kind == "U"}
    return sorted(name for name in wanted - defined if not PROVIDED.match(name))


class Image:
    """A linked image: its symbols, and who refers to whom."""

    def __init__(self, path):
        self.spans = []  # (start, end, name), sorted
        for line in run("nm", "-S", path).splitlines():
            found = re.match(r"([0-9a-f]+) (?:([0-9a-f]+) )?[TtRrDdBbVvWw] ([^$].*)$", line)
            if found:
                start, size = int(found.group(1), 16) & ~1, int(found.group(2) or "1", 16)
                self.spans.append((start, start + size, found.group(3)))
        self.spans.sort()
        self.names = {name for _, _, name in self.spans}
        self.referrers = collections.defaultdict(set)
        section = ""
        for line in run("readelf", "-rW", path).splitlines():
            heading = re.match(r"Relocation section '(.+)' at", line)
            section = heading.group(1) if heading else section
            if "exidx" in section:  # unwind tables refer to every function and lead nowhere
                continue
            found = re.match(r"([0-9a-f]+)\s+[0-9a-f]+\s+R_ARM_\S+\s+([0-9a-f]+)\s+(\S+)", line)
            if found:
                source, target = self.at(int(found.group(1), 16)), found.group(3)
                if target not in self.names:
                    target = self.at(int(found.group(2), 16))
                if source and target and source != target:
                    self.referrers[target].add(source)
        self.traps = set()
        function = None
        for line in run("objdump", "-d", "--no-show-raw-insn", path).splitlines():
            heading = re.match(r"[0-9a-f]+ <(.+)>:$", line)
            function = heading.group(1) if heading else function
            if re.search(r"\tudf", line):
                self.traps.add(function)

    def at(self, address):
        address &= ~1
        index = bisect.bisect_right(self.spans, (address, sys.maxsize, "")) - 1
        start, end, name = self.spans[index] if index >= 0 else (0, 0, None)
        return name if address < end else None

    def chain(self, name):
        """From a symbol up to the API function that reaches it, the shortest way."""
        ways, seen = collections.deque([[name]]), {name}
        while ways:
            way = ways.popleft()
            if way[-1].startswith("whimbrel_"):
                return way
            for referrer in sorted(self.referrers[way[-1]] - seen):
                seen.add(referrer)
                ways.append(way + [referrer])
        return [name]


def demangle(names):
    """Readable names, without the hashes that tell versions of a crate apart."""
    lines = run("c++filt", *names).splitlines() if names else []
    return {name: re.sub(r"\[[0-9a-f]+\]", "", line) for name, line in zip(names, lines)}


def link(archive, symbols, image):
    keep = [f"-Wl,-u,{symbol}" for symbol in symbols]
    run(
        "gcc", *architecture(archive), "-nostdlib", "-nostartfiles", f"-Wl,-e,{symbols[0]}", *keep,
        "-Wl,--gc-sections", "-Wl,--emit-relocs", "-Wl,--unresolved-symbols=ignore-all", "-Wl,--no-warnings",
        archive, "-lgcc", "-o", image,
    )


def offences(archive, without):
    symbols = [symbol for symbol in exported(archive) if symbol != without]
    if not symbols:
        return ["exports no whimbrel_ symbol: nothing was proved"], 0
    found = [f"needs {name} from outside" for name in unprovided(archive)]
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "image.elf")
        link(archive, symbols, path)
        image = Image(path)
    readable = demangle(sorted(image.names))
    for name in sorted(readable):
        for what, pattern in FORBIDDEN.items():
            if pattern.search(readable[name]) or pattern.search(name):
                chain = " <- ".join(readable.get(step, step) for step in image.chain(name))
                found.append(f"{what}: {chain}")
    found += [f"trap instruction in {readable.get(name, name)}" for name in sorted(image.traps)]
    return found, len(symbols)


def main():
    archives, without = sys.argv[1:], None
    if archives[:1] == ["--without"]:
        without, archives = archives[1], archives[2:]
    if not archives:
        sys.exit(__doc__)
    failed = False
    for archive in archives:
        found, count = offences(archive, without)
        failed = failed or bool(found)
        for offence in found:
            print(f"{archive}: {offence}")
        if not found:
            print(f"{archive}: {count} exported symbols reach no allocator, no core::fmt, no panic")
    sys.exit(1 if failed else 0)


main()
