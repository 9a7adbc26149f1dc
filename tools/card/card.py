#!/usr/bin/env python3
"""Makes, prints and reads the files of a card from which a client bootstraps: EF_DIR, ODF, DODF and LwM2M_Bootstrap
(TS 1.0 Appendix G). docs/uicc-tool.md tells how; example.toml is a description.

As a module: cardset.make(description) -> file set, shown.to_text(set, secrets), walk.walk(walk.Card(transmit)) -> file set.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, List, Optional

import neighbour  # noqa: F401
import cardset
import description as descriptions
import provision
import readers
import shown
import walk
from build import build
from record import encode
from rules import check


def main(arguments: Optional[List[str]] = None) -> int:
    options = _options(arguments)
    try:
        return int(options.run(options))
    except provision.ProvisionError as error:
        _tell(options, error.flaws)
    except (shown.NoSet, walk.CardError) as error:
        print(f"{getattr(options, 'input', 'card')}: {error}", file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or 'card'}: {error.strerror}", file=sys.stderr)
    return 1


def _options(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    commands = parser.add_subparsers(required=True, metavar="make|print|dump")
    made = commands.add_parser("make", help="makes a file set from a description (TOML, or *.json)")
    made.add_argument("input", metavar="DESCRIPTION", type=Path)
    made.add_argument("out", metavar="OUT.json", type=Path)
    made.add_argument("--files", metavar="FOLDER", type=Path, help="and every file of it as FOLDER/<identifier>.bin")
    made.set_defaults(run=_make)
    printed = commands.add_parser("print", help="prints a file set")
    printed.add_argument("input", metavar="SET.json", type=Path)
    printed.add_argument("--secrets", action="store_true", help="with keys and PINs; else *** stands for them")
    printed.set_defaults(run=_print)
    dumped = commands.add_parser("dump", help="reads a card into a file set")
    dumped.add_argument("out", metavar="OUT.json", type=Path)
    dumped.add_argument("--reader", metavar="NAME", default="", help="the reader whose name contains NAME; else the first")
    dumped.add_argument("--vpcd", metavar="PORT", type=int, nargs="?", const=readers.VPCD_PORT,
                        help="wait for a virtual card that connects to this port, %(const)s without a number")
    dumped.add_argument("--pin", metavar="DIGITS", help="verify it, once, before the files are read")
    dumped.add_argument("--pin-reference", metavar="HEX", type=lambda text: int(text, 16), default=1)
    dumped.add_argument("--apdus", action="store_true", help="print commands and answers; they may hold keys")
    dumped.set_defaults(run=_dump)
    return parser.parse_args(arguments)


def _make(options: argparse.Namespace) -> int:
    found, options.lines = descriptions.load(options.input)
    accounts = {key: value for key, value in found.items() if key != "card"}
    file = build(accounts, options.input.parent)
    flaws = check(file)
    _tell(options, flaws)
    if any(flaw.fatal for flaw in flaws):
        return 1
    made = cardset.assemble(found, encode(file))
    _write(options.out, json.dumps(made, indent=1).encode() + b"\n")
    if options.files:
        options.files.mkdir(parents=True, exist_ok=True)
        for name, content in _files(made["root"]):
            _write(options.files / f"{name}.bin", content)
    named, data = shown.bootstrap(made)
    print(f"{options.out}: {named.form}, {len(data)} bytes in {named.where.path.hex().upper()}")
    return 0


def _files(directory: Any) -> Any:
    for file in directory["files"]:
        records = "".join(file.get("records", []))
        yield file["id"], bytes.fromhex(file.get("content", records))
    for below in directory.get("directories", []):
        yield from _files(below)


def _print(options: argparse.Namespace) -> int:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(shown.to_text(shown.load(options.input), options.secrets))
    return 0


def _dump(options: argparse.Namespace) -> int:
    way: Any
    if options.vpcd is None:
        way = readers.PcscReader(options.reader)
    else:
        way = readers.VirtualCard(options.vpcd)
        print(f"port {way.port}: waiting for a card", file=sys.stderr)
    try:
        if options.vpcd is not None:
            way.connect()
        said = (lambda line: print(line, file=sys.stderr)) if options.apdus else (lambda line: None)
        pin = (options.pin_reference, options.pin) if options.pin else None
        found = walk.walk(walk.Card(way.transmit, said), pin, print)
    finally:
        way.close()
    _write(options.out, json.dumps(found, indent=1).encode() + b"\n")
    return 0


def _tell(options: argparse.Namespace, flaws: Any) -> None:
    lines = getattr(options, "lines", None)
    for flaw in flaws:
        note = "" if flaw.fatal else "note: "
        if lines is not None and not isinstance(flaw.place, int):
            print(f"{options.input}:{lines.of(flaw.place)}: {note}{flaw.reason}", file=sys.stderr)
        else:
            print(f"{getattr(options, 'input', 'card')}: {note}{flaw}", file=sys.stderr)


def _write(out: Path, data: bytes) -> None:
    """The whole file or none, readable by its owner alone: it holds keys."""
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, out)
    except BaseException:
        os.unlink(name)
        raise


if __name__ == "__main__":
    sys.exit(main())
